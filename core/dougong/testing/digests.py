"""Whether anything in the open database changed: a digest of each table, down to the last value."""

from __future__ import annotations

import hashlib

from dougong.db import engine
from dougong.db.catalog import columns_present, run
from dougong.records.gate import physical

__all__ = ["table_digests"]

ALIVE = frozenset({"core_process"})
"""Notes by itself that a process lives."""
_LISTED = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
    "postgres": "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'dg'::regnamespace",
}
_BEHIND_THE_INDEX = "search_text_"
"""What SQLite keeps behind its full-text table: as good in many forms."""


async def table_digests(*leaving_out: str, kept: str = "") -> dict[str, str]:
    """By the names of tables, registered or not; in whatever order their rows and columns are.

    `kept` is a condition on entries of the change log: only those are looked at.
    """
    found: dict[str, str] = {}
    for name in sorted(row["name"] for row in await run(_LISTED[engine().engine_type])):
        if name in ALIVE or name in leaving_out or name.startswith(_BEHIND_THE_INDEX):
            continue
        columns = ", ".join(f'"{column.name}"' for column in sorted(await columns_present(name), key=lambda c: c.name))
        where = f" WHERE {kept}" if kept and name == "change_log" else ""
        rows = await run(f"SELECT {columns} FROM {physical(engine(), name)}{where}")
        found[name] = hashlib.sha256("\n".join(sorted(repr(tuple(row.values())) for row in rows)).encode()).hexdigest()
    return found
