"""A list of many records is written page by page: memory doesn't grow with it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from tempfile import TemporaryFile

import pytest

from dougong.exports import services
from dougong.exports.services import Export, export
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.queries import Query
from dougong.testing.app import Company
from dougong_customers.tables import Customer

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1800)]


async def add(start: int, count: int) -> None:
    for at in range(start, start + count, 1000):
        names = (f"很多{number}有限公司" for number in range(at, min(at + 1000, start + count)))
        await desk.create_many(Customer, [{"name": name, "remark": "备注" * 100, "city": "杭州"} for name in names])


async def peak(format_: str) -> tuple[int, int]:
    """How many records a file holds, and the most memory that making it took."""
    query = Query(current_snapshot().by_path["customers"], q="很多", sort="-name")
    with TemporaryFile() as file:
        tracemalloc.start()
        try:
            count = await export(Export(query, format_), file)
            return count, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()


async def test_memory_does_not_grow_with_the_list(
    company: Company, rounds: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = rounds(1_000, deep=25_000)
    monkeypatch.setattr(services, "AT_ONCE", few // 4)
    async with company.world.acting("admin"):
        await add(0, few)
        await peak("csv"), await peak("xlsx")  # what is kept for ever comes first
        small = {format_: await peak(format_) for format_ in ("csv", "xlsx")}
        await add(few, few * 3)
        large = {format_: await peak(format_) for format_ in ("csv", "xlsx")}
    for format_ in ("csv", "xlsx"):
        assert (small[format_][0], large[format_][0]) == (few, few * 4)
        assert large[format_][1] < small[format_][1] * 1.3, (small, large)
