"""Exports in the browser: offered to who may, asked in a dialog or of a selection, saved as a file, and seen by who may look."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import httpx
import pytest
import pytest_asyncio

from dougong.testing.app import PEOPLE, Company

pytestmark = pytest.mark.asyncio(loop_scope="module")

Browsers = Mapping[str, httpx.AsyncClient]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browsers(company: Company) -> AsyncIterator[Browsers]:
    async with AsyncExitStack() as stack:
        yield {who: await stack.enter_async_context(company.browser(who)) for who in PEOPLE}


def kept(text: str) -> dict[str, str]:
    """What the question carries along."""
    [form] = re.findall(r'<form id="dg-form".*?</form>', text, re.DOTALL)
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return {html.unescape(k): html.unescape(v) for k, v in found if k != "_csrf_token"}


def lines(answer: httpx.Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def export_link(browser: httpx.AsyncClient, **asked: str) -> str:
    """Where the list's menu leads to, as the list stands."""
    shown = (await browser.get("/customers", params=asked)).text
    [href] = re.findall(r'href="(/customers/export\?[^"]*)"', shown)
    return html.unescape(href)


async def test_the_list_is_exported_as_it_stands(browsers: Browsers) -> None:
    asked = {"f": "city", "o": "=", "v": "杭州", "g": "0", "q": "有限", "sort": "-name"}
    question = await browsers["lilei"].get(await export_link(browsers["lilei"], **asked))
    assert "data-download" in question.text
    answer = await browsers["lilei"].post("/customers/export", data={**kept(question.text), "format": "csv"})
    head, *rows = lines(answer)
    shown = (await browsers["lilei"].get("/customers", params={**asked, "size": "100"})).text
    labels = re.findall(r'<input type="checkbox" name="ids"[^>]* aria-label="选择 ?([^"]*)"', shown)
    assert [row[0] for row in rows] == labels != []
    assert head == re.findall(r'<th scope="col"[^>]*>(?:<a[^>]*>)?([^<]+)', shown)


async def test_who_may_not_export_is_offered_nothing_and_gets_nothing(browsers: Browsers) -> None:
    shown = (await browsers["zhaomin"].get("/customers")).text
    assert "/customers/export" not in shown
    for answer in (
        await browsers["zhaomin"].get("/customers/export"),
        await browsers["zhaomin"].post("/customers/export", data={"asked": "1", "format": "csv"}),
    ):
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")


async def test_a_selection_is_asked_about_and_exported_alone(browsers: Browsers) -> None:
    shown = (await browsers["admin"].get("/customers")).text
    ids = re.findall(r'<input type="checkbox" name="ids" value="(\d+)"', shown)[1:4]
    assert 'formaction="/customers/export"' in shown
    question = await browsers["admin"].post("/customers/export", data={"ids": ids, "view": "0", "sort": "-id"})
    assert "选中的 3 条记录" in question.text
    sent = {**kept(question.text), "format": "csv", "columns": "keyed"}
    head, *rows = lines(await browsers["admin"].post("/customers/export", data=sent))
    assert head[0] == "ID"
    assert [row[0] for row in rows] == sorted(ids, key=int, reverse=True)


async def test_all_that_the_list_finds_can_be_meant_by_the_bar_of_a_selection(browsers: Browsers) -> None:
    asked = {"f": "city", "o": "=", "v": "杭州", "g": "0", "all": "1"}
    question = await browsers["admin"].post("/customers/export", data=asked)
    _head, *rows = lines(
        await browsers["admin"].post("/customers/export", data={**kept(question.text), "format": "csv"})
    )
    found = await browsers["admin"].get("/api/v1/customers", params={"filter": '[["city","=","杭州"]]'})
    assert len(rows) == found.json()["total"] > 3


async def test_nothing_selected_goes_back_to_the_list(browsers: Browsers) -> None:
    answer = await browsers["admin"].post("/customers/export", data={"view": "0"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/customers")


async def test_an_unknown_kind_of_file_is_asked_about_again(browsers: Browsers) -> None:
    answer = await browsers["admin"].post("/customers/export", data={"asked": "1", "format": "pdf", "q": "有限"})
    assert answer.status_code == 422
    assert "必须是其中之一：xlsx, csv。" in html.unescape(answer.text)
    assert kept(answer.text) == {"q": "有限", "asked": "1"}


async def test_who_may_look_sees_who_exported_what(browsers: Browsers) -> None:
    sent = {"asked": "1", "format": "csv", "columns": "all", "f": "city", "o": "=", "v": "杭州", "g": "0"}
    _head, *rows = lines(await browsers["wangfang"].post("/customers/export", data=sent))
    shown = (await browsers["admin"].get("/exports")).text
    first = re.search(r"<tbody>\s*<tr.*?</tr>", shown, re.DOTALL)
    assert first
    cells = [
        html.unescape(re.sub(r"<[^>]+>", "", it)).strip() for it in re.findall(r"<td.*?</td>", first[0], re.DOTALL)
    ]
    assert cells[1:5] == ["王芳", "客户", str(len(rows)), "城市 等于 杭州"]
    assert "名称、简称" in cells[5]
    assert cells[6:] == ["CSV", "通过浏览器"]
    assert (await browsers["lilei"].get("/exports")).status_code == 403
    assert 'href="/exports"' not in (await browsers["lilei"].get("/")).text


async def test_older_exports_stand_on_further_pages(browsers: Browsers) -> None:
    for _time in range(52):
        sent = {"asked": "1", "format": "csv", "q": "zzzz"}
        assert (await browsers["wangfang"].post("/customers/export", data=sent)).status_code == 200
    first = (await browsers["admin"].get("/exports")).text
    [further] = set(re.findall(r'href="(/exports\?before=\d+)"', first))
    second = (await browsers["admin"].get(further)).text
    seen = [set(re.findall(r'<tr data-id="(\d+)"', text)) for text in (first, second)]
    assert [len(seen[0]), seen[0] & seen[1]] == [50, set()]
    assert len(seen[1]) >= 2
