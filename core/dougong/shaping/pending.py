"""What an added field leaves to be done for the records there already are: formulas worked out, numbers given,
values brought over to another kind, indexes built.

It is written down with the field and done in small pieces while people work. Whoever began it does it; after a crash any
process goes on where it ended, since every piece can be done twice.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from dougong.access.policies import type_or_none
from dougong.access.principal import acting_as, system
from dougong.db import transaction
from dougong.db.schema import build_index
from dougong.i18n import company_zone
from dougong.plugin.board import board
from dougong.plugin.snapshot import pinned, served_snapshot
from dougong.records import statements
from dougong.records.definitions import Definition, FieldDefinition, definition_of, sort_column
from dougong.records.numbering import take_numbers
from dougong.records.types import RecordType
from dougong.shaping.conversion import Conversion

__all__ = ["CALCULATE", "CONVERT", "INDEX", "NUMBER", "keep_up", "leave", "settle"]

CALCULATE, CONVERT, INDEX, NUMBER = "calculate", "convert", "index", "number"
AT_ONCE = 1000
"""Rows of one piece: few enough that nobody waits for them."""
CLAIMED = dt.timedelta(seconds=60)
LOOK = 60.0
"""Seconds between two looks for work a process left behind."""
_WHY = "fill the fields the company added"
_ONLY = frozenset({"core_field"})

log = logging.getLogger("dougong.shaping")
_running: set[asyncio.Task[None]] = set()


async def settle(seconds: float = 2.0) -> None:
    """Begin what is to be done, and wait so long for its end; more goes on by itself."""
    task = asyncio.create_task(_try_to_work_off(), name="fill added fields")
    _running.add(task)
    task.add_done_callback(_running.discard)
    await asyncio.wait({task}, timeout=seconds)


async def keep_up() -> None:
    """Go on with what others left behind, for as long as this process serves."""
    while True:
        await _try_to_work_off()
        await asyncio.sleep(LOOK)


async def _try_to_work_off() -> None:
    try:
        await _work_off()
    # Whatever one field's values or the database do: what is left is tried again later.
    except Exception:
        log.exception("can't fill an added field; it will be tried again")


async def leave() -> None:
    """Stop what this process began: it leaves the database."""
    for task in list(_running):
        task.cancel()
    await asyncio.gather(*_running, return_exceptions=True)


async def _work_off() -> None:
    with acting_as(system(_WHY)):
        while (claimed := await _claim()) is not None:
            field_id, one = claimed
            await board().refresh()
            record_type = type_or_none(one.record)
            for what in one.pending.split():
                if record_type is not None:
                    with pinned(served_snapshot()):
                        await _DO[what](record_type, one, field_id)
                await _done(field_id, what)


async def _claim() -> tuple[int, Definition] | None:
    """A field with something to do that nobody else is at."""
    now = dt.datetime.now(dt.UTC)
    free = (FieldDefinition.pending != "") & (
        FieldDefinition.claimed_until.is_null() | (FieldDefinition.claimed_until < now)
    )
    async with transaction():
        row = await FieldDefinition.select().where(free).order_by(FieldDefinition.id).first()
        if row is None:
            return None
        mine = await (
            FieldDefinition.update({FieldDefinition.claimed_until: now + CLAIMED})
            .where(free & (FieldDefinition.id == row["id"]))
            .returning(FieldDefinition.id)
        )
    return (row["id"], definition_of(row)) if mine else None


async def _done(field_id: int, what: str) -> None:
    async with transaction():
        [row] = await FieldDefinition.select(FieldDefinition.pending).where(FieldDefinition.id == field_id)
        left = " ".join(word for word in row["pending"].split() if word != what)
        changes: dict[Any, Any] = {FieldDefinition.pending: left, FieldDefinition.claimed_until: None}
        await FieldDefinition.update(changes).where(FieldDefinition.id == field_id)


# ------------------------------------------------------------------ the three kinds of work


async def _calculate(record_type: RecordType, one: Definition, field_id: int) -> None:
    shape = record_type.shape
    keys = tuple(dict.fromkeys(k for f, formula in shape.formulas.items() for k in (f, *formula.fields)))

    async def worked_out(rows: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
        changes = {}
        for row in rows:
            values = dict(row)
            shape.calculate(values)
            if differing := {k: values[k] for k in shape.formulas if values[k] != row[k]}:
                changes[row["id"]] = differing
        return changes

    if one.key in shape.formulas:
        await _over_all(
            record_type, {k: shape.fields[k].column._meta.db_column_name for k in keys}, worked_out, field_id
        )


async def _convert(record_type: RecordType, one: Definition, field_id: int) -> None:
    field = record_type.fields.get(one.key)
    if field is None or field.column._meta.db_column_name != one.db_column:
        return
    conversion = Conversion(one, field)

    async def converted(rows: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
        return {
            row["id"]: {one.key: value}
            for row in rows
            if row["now"] == field.empty and (value := conversion.of(row["before"])) is not None
        }

    columns = {"before": one.details["before"]["db_column"], "now": one.db_column}
    await _over_all(record_type, columns, converted, field_id)


async def _index(record_type: RecordType, one: Definition, field_id: int) -> None:
    table = record_type.table
    for column in (sort_column(table, one.key), *(c for c in table._meta.columns if c._meta.name == one.key)):
        if column is not None and not column._meta.unique:
            await build_index(table, column)


async def _number(record_type: RecordType, one: Definition, field_id: int) -> None:
    """In the order the records were made, each by the day it was made on."""
    zone = company_zone()

    async def numbered(rows: Sequence[Mapping[str, Any]]) -> dict[int, dict[str, Any]]:
        without = [row for row in rows if row["now"] is None]
        days = [row["created"].astimezone(zone).date() for row in without]
        given = await take_numbers(f"{one.record}.{one.key}", str(one.details["rule"]), days)
        return {row["id"]: {one.key: number} for row, number in zip(without, given, strict=True)}

    await _over_all(record_type, {"created": "created", "now": one.db_column}, numbered, field_id)


_DO = {CALCULATE: _calculate, CONVERT: _convert, INDEX: _index, NUMBER: _number}


async def _over_all(
    record_type: RecordType,
    columns: Mapping[str, str],
    work: Callable[[Sequence[Mapping[str, Any]]], Awaitable[dict[int, dict[str, Any]]]],
    field_id: int,
) -> None:
    """Every row of the table, piece by piece, each piece locked and written in a transaction of its own."""
    last = 0
    while True:
        async with transaction():
            rows = await statements.piece(record_type, columns, last, AT_ONCE)
            if changes := await work(rows):
                await statements.rewrite(record_type, changes)
            still_mine: dict[Any, Any] = {FieldDefinition.claimed_until: dt.datetime.now(dt.UTC) + CLAIMED}
            await FieldDefinition.update(still_mine).where(FieldDefinition.id == field_id)
        if len(rows) < AT_ONCE:
            return
        last = rows[-1]["id"]
        await asyncio.sleep(0)  # let others have their turn
