"""Fills the search index with what is there already: records older than the index, or written beside the desk.

Until a record type is in it in full, its records are found as they were before: by reading them.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Iterable
from typing import Any

from piccolo.querystring import QueryString

from dougong.access.policies import type_or_none
from dougong.access.principal import acting_as, system
from dougong.db import engine, fetch, transaction
from dougong.db.schema import retrying
from dougong.records import statements
from dougong.records.gate import cleared, physical
from dougong.records.search_index import SearchIndex, clear, definition_of, keep_written, search_columns
from dougong.records.types import RecordType

__all__ = ["enter", "keep_up", "rebuild"]

AT_ONCE = 1000
"""Rows of one piece: few enough that nobody waits for them."""
CLAIMED = dt.timedelta(seconds=60)
LOOK = 60.0
"""Seconds between two looks for a type to be filled in."""
_WHY = "fill the search index"

log = logging.getLogger("dougong.search")


async def enter(record_types: Iterable[RecordType]) -> None:
    """From now on these types are kept in the index; those that hold records already are filled in later.

    Their tables must be there. A type that is found by other fields than before is filled in anew.
    """
    with acting_as(system(_WHY)):
        lines = await SearchIndex.select(SearchIndex.record, SearchIndex.definition)
        known = {line["record"]: line["definition"] for line in lines}
        for record_type in record_types:
            if known.get(record_type.key) != definition_of(record_type):
                await _enter(record_type)


@retrying
async def _enter(record_type: RecordType) -> None:
    async with transaction():
        await _wait_for_writers(record_type)
        with cleared("desk"):
            held = await fetch(QueryString(f"SELECT 1 AS one FROM {physical(engine(), record_type.key)} LIMIT 1"))
        line = SearchIndex(record=record_type.key, definition=definition_of(record_type), complete=not held)
        if await SearchIndex.exists().where(SearchIndex.record == record_type.key):
            begun: dict[Any, Any] = {
                SearchIndex.definition: line.definition,
                SearchIndex.filled_to: 0,
                SearchIndex.complete: not held,
            }
            await SearchIndex.update(begun).where(SearchIndex.record == record_type.key)
        else:
            await SearchIndex.insert(line)


async def _wait_for_writers(record_type: RecordType) -> None:
    """Who writes without knowing of the entry yet ends first: else the filler would pass by what it can't see."""
    if engine().engine_type == "postgres":
        with cleared("ddl"):
            await fetch(QueryString("SET LOCAL lock_timeout = '2s'"))
            await fetch(QueryString(f"LOCK TABLE {physical(engine(), record_type.key)} IN SHARE MODE"))
            await fetch(QueryString("SET LOCAL lock_timeout = 0"))


async def rebuild(record_type: RecordType) -> None:
    """Make the index of a type anew, whatever is in it, and wait for its end: after rows were put in beside the desk."""
    with acting_as(system(_WHY)):
        async with transaction():
            await clear(record_type.key)
        await _enter(record_type)
        await _fill(record_type, 0)


async def keep_up() -> None:
    """Fill in what isn't yet, for as long as this process serves."""
    while True:
        try:
            await _work_off()
        # Whatever the database does: what is left is tried again later.
        except Exception:
            log.exception("can't fill the search index; it will be tried again")
        await asyncio.sleep(LOOK)


async def _work_off() -> None:
    with acting_as(system(_WHY)):
        while (claimed := await _claim()) is not None:
            record, filled_to = claimed
            record_type = type_or_none(record)
            if record_type is not None:
                await _fill(record_type, filled_to)


async def _claim() -> tuple[str, int] | None:
    """A type to be filled in that nobody else is at."""
    now = dt.datetime.now(dt.UTC)
    free = (SearchIndex.complete.eq(False)) & (SearchIndex.claimed_until.is_null() | (SearchIndex.claimed_until < now))
    async with transaction():
        for line in await SearchIndex.select().where(free).order_by(SearchIndex.record):
            mine = (
                await SearchIndex.update({SearchIndex.claimed_until: now + CLAIMED})
                .where(free & (SearchIndex.record == line["record"]))
                .returning(SearchIndex.record)
            )
            if mine:
                return line["record"], line["filled_to"]
    return None


async def _fill(record_type: RecordType, filled_to: int) -> None:
    """Every row of the table, piece by piece, each piece locked and written in a transaction of its own."""
    this = SearchIndex.record == record_type.key
    while True:
        async with transaction():
            rows = await statements.piece(record_type, search_columns(record_type), filled_to, AT_ONCE)
            await keep_written(record_type, rows)
            filled_to = rows[-1]["id"] if rows else filled_to
            done = len(rows) < AT_ONCE
            alive = None if done else dt.datetime.now(dt.UTC) + CLAIMED
            reached: dict[Any, Any] = {
                SearchIndex.filled_to: filled_to,
                SearchIndex.complete: done,
                SearchIndex.claimed_until: alive,
            }
            await SearchIndex.update(reached).where(this)
        if done:
            return
        await asyncio.sleep(0)  # let others have their turn
