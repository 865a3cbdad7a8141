"""What the database itself says of its tables: columns, who points to whom, the numbers given out; and taking tables away.

For whole tables that leave and come back. Everything here runs in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, system
from dougong.db import registry
from dougong.records.gate import SCHEMA, cleared, physical

__all__ = [
    "Pointer",
    "Present",
    "add_bare_column",
    "columns_present",
    "deferred",
    "drop",
    "insert",
    "last_number",
    "lock",
    "pointers_to",
    "run",
    "set_last_number",
]

_WHY = "take whole tables away and bring them back"
_MOST_VALUES = 30_000
"""Values in one statement: both databases take a little more than 32,000."""


@dataclass(frozen=True)
class Present:
    """A column as the database has it; `type` in the database's own words."""

    name: str
    type: str


@dataclass(frozen=True)
class Pointer:
    """A column of another table that points to one of these."""

    table: str
    column: str
    target: str
    null: bool


async def run(sql: str, *values: Any) -> Sequence[Any]:
    """Run a statement over whole tables; its places are written `{}`."""
    engine = registry.engine()
    for number in range(1, len(values) + 1):
        sql = sql.replace("{}", "?" if engine.engine_type == "sqlite" else f"${number}", 1)
    with acting_as(system(_WHY)), cleared("ddl"):
        return await engine.run(engine.gate.admit(sql, values))


def _is_sqlite() -> bool:
    return registry.engine().engine_type == "sqlite"


async def columns_present(table: str) -> Sequence[Present]:
    """The columns of a table in their order; empty where there is no such table."""
    if _is_sqlite():
        rows = await run("SELECT name, type FROM pragma_table_info({}) ORDER BY cid", table)
    else:
        rows = await run(
            "SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a"
            " JOIN pg_class c ON c.oid = a.attrelid WHERE c.relname = {} AND c.relkind = 'r'"
            " AND c.relnamespace = to_regnamespace({}) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            table,
            SCHEMA["postgres"],
        )
    return [Present(row["name"], row["type"]) for row in rows]


async def pointers_to(names: Collection[str]) -> Sequence[Pointer]:
    """Every column outside of these tables that points into one of them, known to this installation or not."""
    if _is_sqlite():
        rows = await run(
            'SELECT m.name AS name, f."from" AS col, f."table" AS target, i."notnull" = 0 AS nullable'
            " FROM sqlite_master m, pragma_foreign_key_list(m.name) f, pragma_table_info(m.name) i"
            " WHERE m.type = 'table' AND i.name = f.\"from\""
        )
    else:
        rows = await run(
            "SELECT c.relname AS name, a.attname AS col, t.relname AS target, NOT a.attnotnull AS nullable"
            " FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class t ON t.oid = k.confrelid"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(k.conkey)"
            " WHERE k.contype = 'f' AND k.connamespace = to_regnamespace({})",
            SCHEMA["postgres"],
        )
    found = [Pointer(row["name"], row["col"], row["target"], bool(row["nullable"])) for row in rows]
    return sorted((p for p in found if p.target in names and p.table not in names), key=lambda p: (p.table, p.column))


async def last_number(table: str) -> int | None:
    """The last id that was given out, also to a row that is gone; None where none was yet."""
    if _is_sqlite():
        rows = await run("SELECT seq FROM sqlite_sequence WHERE name = {}", table)
        return int(rows[0]["seq"]) if rows else None
    sequence = await _sequence(table)
    rows = await run(f"SELECT last_value AS seq, is_called FROM {sequence}") if sequence else []
    return int(rows[0]["seq"]) if rows and rows[0]["is_called"] else None


async def set_last_number(table: str, number: int | None) -> None:
    """From now on ids above this one are given out."""
    if number is None:
        return
    if _is_sqlite():
        await run("DELETE FROM sqlite_sequence WHERE name = {}", table)
        await run("INSERT INTO sqlite_sequence (name, seq) VALUES ({}, {})", table, number)
    elif sequence := await _sequence(table):
        await run("SELECT setval({}::regclass, {})", sequence, number)


async def _sequence(table: str) -> str:
    rows = await run("SELECT pg_get_serial_sequence({}, 'id') AS name", physical(registry.engine(), table))
    return str(rows[0]["name"] or "")


async def lock(names: Collection[str]) -> None:
    """Nobody else reads or writes these tables until the transaction ends. Unavailable where they stay in use."""
    if not _is_sqlite() and names:  # SQLite's transaction is the only one that writes
        await run("SET LOCAL lock_timeout = '2s'")
        places = ", ".join(physical(registry.engine(), name) for name in names)
        await run(f"LOCK TABLE {places} IN ACCESS EXCLUSIVE MODE")
        await run("SET LOCAL lock_timeout = 0")


async def drop(names: Sequence[str], *, cut_off: bool) -> None:
    """Take tables away, with all rows; `cut_off` also where others point to them, whose columns are empty."""
    engine = registry.engine()
    if not _is_sqlite():
        places = ", ".join(physical(engine, name) for name in names)
        await run(f"DROP TABLE {places}{' CASCADE' if cut_off else ''}")
        return
    await run("PRAGMA defer_foreign_keys = ON")  # rows of one table may point to each other
    for name in names:
        await run(f"DROP TABLE {physical(engine, name)}")


async def add_bare_column(table: str, column: Present) -> None:
    """A column that the installed version doesn't declare any more; its migration steps may still read it."""
    await run(f'ALTER TABLE {physical(registry.engine(), table)} ADD COLUMN "{column.name}" {column.type}')


async def insert(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Put rows in as they are."""
    at_once = max(1, _MOST_VALUES // len(columns))
    for start in range(0, len(rows), at_once):
        part = rows[start : start + at_once]
        await _insert(table, columns, part)


async def _insert(table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    engine, width = registry.engine(), len(columns)
    named = ", ".join(f'"{name}"' for name in columns)
    if _is_sqlite():
        places = ", ".join(["(" + ", ".join("?" * width) + ")"] * len(rows))
    else:
        numbers = range(0, len(rows) * width, width)
        places = ", ".join("(" + ", ".join(f"${n + i + 1}" for i in range(width)) + ")" for n in numbers)
    sql = f"INSERT INTO {physical(engine, table)} ({named}) VALUES {places}"
    values = [value for row in rows for value in row]
    with acting_as(system(_WHY)), cleared("ddl"):
        await engine.run(engine.gate.admit(sql, values))


@asynccontextmanager
async def deferred(names: Collection[str]) -> AsyncIterator[None]:
    """Inside, rows may point to rows that come later; at the end all must be there."""
    if _is_sqlite():
        await run("PRAGMA defer_foreign_keys = ON")
        yield
        return  # looked at when the transaction ends
    engine = registry.engine()
    constraints = [
        (physical(engine, row["name"]), row["conname"])
        for row in await run(
            "SELECT c.relname AS name, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " WHERE k.contype = 'f' AND k.connamespace = to_regnamespace({}) AND c.relname = ANY({}::text[])",
            SCHEMA["postgres"],
            list(names),
        )
    ]
    for place, name in constraints:
        await run(f'ALTER TABLE {place} ALTER CONSTRAINT "{name}" DEFERRABLE INITIALLY DEFERRED')
    yield
    await run("SET CONSTRAINTS ALL IMMEDIATE")
    for place, name in constraints:
        await run(f'ALTER TABLE {place} ALTER CONSTRAINT "{name}" NOT DEFERRABLE')
