"""A file comes in page by page: chosen, looked at, mapped, tried, brought in."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import httpx
import openpyxl
import pytest

from dougong.jobs import work_off

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = "名称,电话,城市\n归云茶业,0571-88001122,杭州\n听涛电子,0755-26001133,深圳\n"


async def sent_in(
    browser: httpx.AsyncClient, content: str | bytes, name: str = "客户.csv", to: str = "customers"
) -> str:
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


async def counts_after_trial(browser: httpx.AsyncClient, address: str, form: dict[str, Any]) -> list[int]:
    """Created, changed, unchanged, left out, refused."""
    tried = await browser.post(f"{address}/mapping", data=form)
    assert tried.status_code == 303, tried.text
    await work_off()
    return [int(n) for n in re.findall(r"</dt><dd>(\d+)</dd>", (await browser.get(f"{address}/trial")).text)]


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


# ---------------------------------------------------------------------- the template


async def test_a_filled_template_comes_in_without_any_choosing(office):
    browser = office.browsers["wangfang"]
    answer = await browser.get("/customers/import-template", params={"format": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet, notes = book.worksheets
    headings = [cell.value for cell in sheet[1]]
    assert headings[0] == "名称 *"
    assert sheet["A2"].value == "示例，请删除此行"
    explained = {row[0].value: [cell.value for cell in row[1:] if cell.value] for row in notes.iter_rows(min_row=2)}
    assert explained["名称"][0] == "是"
    assert any("终端客户" in words for words in explained.values()), explained
    sheet.delete_rows(2)
    for heading, value in {"名称 *": "枕流纸业", "城市": "嘉兴"}.items():
        sheet.cell(2, headings.index(heading) + 1, value)
    filled = io.BytesIO()
    book.save(filled)
    address = await sent_in(browser, filled.getvalue(), "枕流.xlsx")
    form = await form_at(browser, f"{address}/mapping")
    assert not [name for name, value in form.items() if name.startswith("field.") and value == [""]]
    assert await counts_after_trial(browser, address, form) == [1, 0, 0, 0, 0]


async def test_the_csv_template_says_the_same(office):
    answer = await office.browsers["wangfang"].get("/customers/import-template", params={"format": "csv"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert lines[0].startswith("名称 *,")
    assert lines[1].startswith("示例，请删除此行,")


# ---------------------------------------------------------------------- afterwards


async def test_refused_lines_come_back_with_the_reason_and_the_import_is_taken_back(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称,城市,负责人\n漱石文具,苏州,王芳\n抚琴乐器,苏州,查无此人\n")
    form = await form_at(browser, f"{address}/mapping")
    assert await counts_after_trial(browser, address, form) == [1, 0, 0, 0, 1]
    await browser.post(f"{address}/run")
    await work_off()
    page = (await browser.get(f"{address}/run")).text
    assert "查无此人" in page
    assert "第 3 行" in page
    refused = (await browser.get(f"{address}/failed")).content.decode()
    assert refused.splitlines()[1].startswith("抚琴乐器,苏州,查无此人,负责人")
    assert "漱石文具" not in refused
    assert (await browser.post(f"{address}/undo")).headers["location"] == f"{address}/run"
    await work_off()
    assert "这次导入已撤销" in (await browser.get(f"{address}/run")).text
    assert (await browser.get("/api/v1/customers", params={"q": "漱石文具"})).json()["total"] == 0
