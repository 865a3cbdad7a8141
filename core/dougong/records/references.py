"""What records say about each other: whether a reference may stand, and who refers to a record that shall go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from piccolo.querystring import QueryString
from piccolo.table import Table

from dougong.access.principal import acting_as, system
from dougong.db import engine, fetch, tables
from dougong.db.columns import PiccoloForeignKey
from dougong.errors import Problem
from dougong.i18n import Text, _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.gate import cleared, ids, physical
from dougong.records.types import RecordType

__all__ = ["departments_of", "problems", "tables_made", "titles", "where_used"]


async def titles(table: type[Table], record_ids: Iterable[int | None]) -> dict[int, str]:
    """id → title of the records the acting person may see; those they may not are left out."""
    wanted = sorted({i for i in record_ids if i})
    record_type = current_snapshot().records.get(table._meta.tablename)
    if not wanted or record_type is None:
        return {}
    name, title = record_type.key, record_type.title._meta.db_column_name
    sql = f'SELECT "id", "{title}" AS title FROM "{name}" WHERE "id" {{}}'
    return {row["id"]: row["title"] for row in await fetch(QueryString(sql, ids(engine(), wanted)))}


async def problems(record_type: RecordType, rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """References to records that don't exist, may not be seen, or are deactivated: one problem each.

    One query per table referred to, however many rows.
    """
    found: list[Problem] = []
    for key, field in record_type.fields.items():
        wanted = {r[key] for r in rows if r.get(key)}
        if field.target is None or not wanted:
            continue
        active = 'AND "active" = true' if any(c._meta.name == "active" for c in field.target._meta.columns) else ""
        active = active.replace("true", "1") if engine().engine_type == "sqlite" else active
        sql = f'SELECT "id" FROM "{field.target._meta.tablename}" WHERE "id" {{}} {active}'
        known = {row["id"] for row in await fetch(QueryString(sql, ids(engine(), sorted(wanted))))}
        found += [
            Problem(
                key,
                _("There is no “%(label)s” with the id %(id)s that can be chosen.", label=field.label, id=i),
                i,
                "reference",
            )
            for i in sorted(wanted - known)
        ]
    return found


async def departments_of(staff_ids: Iterable[int]) -> dict[int, int | None]:
    """staff id → the department they belong to."""
    sql = 'SELECT "id", "department" FROM "staff" WHERE "id" {}'
    return {row["id"]: row["department"] for row in await fetch(QueryString(sql, ids(engine(), sorted(staff_ids))))}


def referring_columns(table: type[Table], among: Iterable[type[Table]] | None = None) -> list[PiccoloForeignKey[Any]]:
    """Every column of the house (or of these tables) that points to this table."""
    return [
        column
        for other in (tables() if among is None else among)
        for column in other._meta.foreign_key_columns
        if column._foreign_key_meta.resolved_references is table
    ]


async def tables_made() -> list[type[Table]]:
    """The tables that exist in the database: those of a plugin that was never on don't."""
    db = engine()
    listed = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table'",
        "postgres": "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'dg'::regnamespace",
    }[db.engine_type]
    with acting_as(system("list the tables that exist")), cleared("desk"):
        made = {row["name"] for row in await fetch(QueryString(listed))}
    return [table for table in tables() if table._meta.tablename in made]


async def where_used(record_type: RecordType, record_ids: Sequence[int]) -> str:
    """ "3 contacts, 2 visits": how many records of each type refer to these, the unseen ones counted too.

    A declared opening: deletion must say why it is refused even where the person may not see who refers.
    """
    counts: dict[Text | str, int] = {}
    with acting_as(system("count what refers to a record that shall be deleted")), cleared("desk"):
        for column in referring_columns(record_type.table, await tables_made()):
            name = column._meta.table._meta.tablename
            sql = f'SELECT count(*) AS n FROM {physical(engine(), name)} t WHERE t."{column._meta.db_column_name}" {{}}'
            [row] = await fetch(QueryString(sql, ids(engine(), record_ids)))
            if row["n"]:
                known = current_snapshot().records.get(name)
                label = known.plural if known else name
                counts[label] = counts.get(label, 0) + row["n"]
    return ", ".join(f"{n} {label}" for label, n in counts.items())
