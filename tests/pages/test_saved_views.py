"""Views people keep of a list: a tab of their own, saved as the list stands, opened again, changed, shared."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest

from .conftest import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def saved(browser: httpx.AsyncClient, name: str, **asked: str) -> str:
    """The address of the tab."""
    answer = await browser.post("/customers/views/new", data={"name": name, **asked})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def number(address: str) -> str:
    return address.rpartition("=s")[2]


def tabs(text: str) -> list[str]:
    [row] = re.findall(r'<nav class="dg-views".*?</nav>', text, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", it)) for it in re.findall(r"<a .*?</a>", row, re.DOTALL)]


def listed(text: str) -> set[str]:
    return set(re.findall(r'<tr data-id="(\d+)"', text))


HANGZHOU = {"f": "city", "o": "=", "v": "杭州", "g": "0"}


async def test_what_a_list_shows_is_saved_and_opened_again(office: Office) -> None:
    browser = office.browsers["wangfang"]
    shown = (await browser.get("/customers", params={**HANGZHOU, "q": "有限", "sort": "-name"})).text
    at = await saved(browser, "杭州的", **HANGZHOU, q="有限", sort="-name")
    again = (await browser.get(at)).text
    assert re.findall(r'<tr data-id="(\d+)"', again) == re.findall(r'<tr data-id="(\d+)"', shown) != []
    assert "杭州的" in tabs(again)
    assert re.search(rf'href="{re.escape(at)}" aria-current="page"', again)
