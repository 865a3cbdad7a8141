"""What the tests of exports share: programs of the sample company's people, and files read back."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest_asyncio
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from dougong.testing.app import PEOPLE, Company

Programs = Mapping[str, httpx.AsyncClient]
CUSTOMERS = "/api/v1/customers"
EXPORT = f"{CUSTOMERS}/export"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def programs(company: Company) -> AsyncIterator[Programs]:
    async with AsyncExitStack() as stack:
        yield {who: await stack.enter_async_context(company.program(who)) for who in PEOPLE}


def csv_lines(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def workbook_lines(content: bytes) -> list[dict[str, Any]]:
    head, *rows = load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, head), map(_unescaped, row), strict=True)) for row in rows]


def _unescaped(cell: Any) -> Any:
    """What the format writes for characters XML has no place for, the library leaves as it is written."""
    return unescape(cell) if isinstance(cell, str) else cell


async def listed(client: httpx.AsyncClient, **asked: str) -> list[dict[str, Any]]:
    """All records of a list, page after page."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (await client.get(CUSTOMERS, params={"limit": "100", "cursor": cursor, **asked})).json()
        found += page["items"]
        if not (cursor := page["next"] or ""):
            return found
