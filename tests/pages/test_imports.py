"""A file comes in page by page: chosen, looked at, mapped, tried, brought in."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx
import pytest

from dougong.jobs import work_off

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = "名称,电话,城市\n归云茶业,0571-88001122,杭州\n听涛电子,0755-26001133,深圳\n"


async def sent_in(browser: httpx.AsyncClient, content: str | bytes, name: str = "客户.csv", to: str = "customers") -> str:
    """The address of the import."""
    content = content.encode() if isinstance(content, str) else content
    answer = await browser.post(f"/{to}/import", files={"file": (name, content)})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[0]


def form_of(text: str) -> dict[str, Any]:
    """What the form of the page would send as it stands."""
    sent: dict[str, Any] = {}
    form = text[text.index('id="dg-form"') :]
    for tag in re.finditer(r"<(input|select)\b([^>]*)>(.*?)(?=<(?:input|select|button|/form)\b)", form, re.DOTALL):
        name = re.search(r' name="([^"]*)"', tag[2])
        if not name:
            continue
        value = _value(tag[1], tag[2], tag[3])
        if value is not None:
            sent.setdefault(html.unescape(name[1]), []).append(value)
    return sent


def _value(kind: str, attributes: str, inside: str) -> str | None:
    if kind == "select":
        chosen = re.search(r'<option value="([^"]*)" selected', inside) or re.search(r'<option value="([^"]*)"', inside)
        return html.unescape(chosen[1]) if chosen else None
    if 'type="checkbox"' in attributes and " checked" not in attributes:
        return None
    value = re.search(r' value="([^"]*)"', attributes)
    return html.unescape(value[1]) if value else ""


async def form_at(browser: httpx.AsyncClient, address: str) -> dict[str, Any]:
    answer = await browser.get(address)
    assert answer.status_code == 200, answer.text
    return form_of(answer.text)


async def test_a_file_comes_in_as_it_was_understood(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, CSV)
    page = (await browser.get(f"{address}/format")).text
    assert "归云茶业" in page
    assert (await browser.post(f"{address}/format", data=form_of(page))).status_code == 303
    form = await form_at(browser, f"{address}/mapping")
    assert [form[f"field.0.{at}"] for at in range(3)] == [["name"], ["phone"], ["city"]]
    tried = await browser.post(f"{address}/mapping", data=form)
    assert tried.headers["location"] == f"{address}/trial", tried.text
    await work_off()
    assert "<dt>新建</dt><dd>2</dd>" in (await browser.get(f"{address}/trial")).text
    assert (await browser.get("/api/v1/customers", params={"q": "归云茶业"})).json()["total"] == 0
    assert (await browser.post(f"{address}/run")).headers["location"] == f"{address}/run"
    await work_off()
    assert "<dt>新建</dt><dd>2</dd>" in (await browser.get(f"{address}/run")).text
    assert (await browser.get("/api/v1/customers", params={"q": "归云茶业"})).json()["items"][0]["city"] == "杭州"
