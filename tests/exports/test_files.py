"""Lists as files, through the API: what stands in them, for whom, and that it is remembered."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.testing.app import PEOPLE, Company

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOMERS = "/api/v1/customers"
Programs = Mapping[str, httpx.AsyncClient]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def programs(company: Company) -> AsyncIterator[Programs]:
    async with AsyncExitStack() as stack:
        yield {who: await stack.enter_async_context(company.program(who)) for who in PEOPLE}


def lines_of(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def listed(client: httpx.AsyncClient, **asked: str) -> list[dict[str, Any]]:
    """All records of a list, page after page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await client.get(CUSTOMERS, params={"limit": "100", "cursor": cursor, **asked})).json()
        found += page["items"]
        if not (cursor := page["next"] or ""):
            return found


async def test_a_file_holds_what_the_list_finds_in_its_order(programs: Programs) -> None:
    asked = {"filter": '[["city","in",["杭州","上海"]]]', "sort": "-name"}
    lines = lines_of(await programs["lilei"].get(f"{CUSTOMERS}/export", params={**asked, "fields": "id,name,city"}))
    records = await listed(programs["lilei"], **asked)
    assert [(int(line["ID"]), line["名称"], line["城市"]) for line in lines] == [
        (record["id"], record["name"], record["city"]) for record in records
    ]
    assert len(lines) > 10
