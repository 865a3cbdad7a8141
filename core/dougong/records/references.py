"""What records say about each other: whether a reference may stand, and who refers to a record that shall go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from piccolo.querystring import QueryString
from piccolo.table import Table

from dougong.access.openings import opened
from dougong.access.principal import acting_as, system
from dougong.db import engine, fetch, tables
from dougong.db.columns import PiccoloForeignKey
from dougong.db.registry import is_private
from dougong.errors import Problem
from dougong.i18n import Text, _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.gate import cleared, ids, physical
from dougong.records.types import RecordType, active_column

__all__ = [
    "Titles",
    "departments_of",
    "problems",
    "referred_to",
    "tables_made",
    "titles",
    "titles_by_table",
    "where_used",
]

Titles = Mapping[type[Table], Mapping[int, str]]
"""Table → id → title of what could be seen."""

MOST = 1000
"""Who refers to a record is counted up to here; more is "1000+"."""


async def titles(table: type[Table], record_ids: Iterable[int | None]) -> dict[int, str]:
    """id → title of the records the acting person may see; those they may not are left out."""
    return (await titles_by_table({table: record_ids}))[table]


async def titles_by_table(wanted: Mapping[type[Table], Iterable[int | None]]) -> dict[type[Table], dict[int, str]]:
    """The same for records of several types: one query in all."""
    found: dict[type[Table], dict[int, str]] = {table: {} for table in wanted}
    asked: dict[type[Table], QueryString] = {}
    for table, record_ids in wanted.items():
        numbers = {i for i in record_ids if i}
        record_type = current_snapshot().records.get(table._meta.tablename)
        if numbers and record_type is not None:
            asked[table] = _titles_of(record_type, numbers, len(asked))
    if asked:
        tables = list(asked)
        for row in await fetch(QueryString(" UNION ALL ".join("{}" for _table in tables), *asked.values())):
            found[tables[row["part"]]][row["id"]] = row["title"]
    return found


def _titles_of(record_type: RecordType, numbers: Collection[int], part: int) -> QueryString:
    # as text: a title may be of any kind, and the parts of one statement must agree
    title = f'CAST("{record_type.title._meta.db_column_name}" AS TEXT)'
    sql = f'SELECT {part} AS part, "id", {title} AS title FROM "{record_type.key}" WHERE "id" {{}}'
    return QueryString(sql, ids(engine(), numbers))


async def problems(record_type: RecordType, rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """References to records that don't exist, may not be seen, or are deactivated: one problem each.

    One query per table referred to, however many rows.
    """
    found: list[Problem] = []
    for key, field in record_type.fields.items():
        if field.target is None or not (wanted := {r[key] for r in rows if r.get(key)}):
            continue
        known = await _that_can_be_chosen(field.target, wanted)
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


async def _that_can_be_chosen(table: type[Table], record_ids: Collection[int]) -> set[int]:
    active = active_column(table)
    in_use = QueryString("1 = 1") if active is None else QueryString(f'"{active._meta.db_column_name}" = {{}}', True)
    sql = f'SELECT "id" FROM "{table._meta.tablename}" WHERE "id" {{}} AND {{}}'
    return {row["id"] for row in await fetch(QueryString(sql, ids(engine(), sorted(record_ids)), in_use))}


async def departments_of(staff_ids: Iterable[int]) -> dict[int, int | None]:
    """staff id → the department they belong to."""
    sql = 'SELECT "id", "department" FROM "staff" WHERE "id" {}'
    rows = await fetch(QueryString(sql, ids(engine(), sorted(staff_ids))))
    return {row["id"]: row["department"] for row in rows}


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

    A declared opening: deletion must say why it is refused even where the person may not see who refers. One query per
    table, which counts to a thousand.
    """
    referring: dict[str, list[PiccoloForeignKey[Any]]] = {}
    for column in referring_columns(record_type.table, await tables_made()):
        referring.setdefault(column._meta.table._meta.tablename, []).append(column)
    counts: Counter[Text] = Counter()
    with opened(where_used), cleared("desk"):
        for name, columns in referring.items():
            counts[_kind_of(name)] += await _referring(name, columns, record_ids)
    return ", ".join(str(label % {"count": _bounded(n)}) for label, n in counts.items() if n)


async def _referring(name: str, columns: Sequence[PiccoloForeignKey[Any]], record_ids: Sequence[int]) -> int:
    """How many rows of a table point to one of these records, whichever way; counted to one above the most."""
    db = engine()
    ways = " OR ".join(f't."{column._meta.db_column_name}" {{}}' for column in columns)
    sql = f"SELECT count(*) AS n FROM (SELECT 1 AS one FROM {physical(db, name)} t WHERE {ways} LIMIT {MOST + 1}) found"
    [row] = await fetch(QueryString(sql, *[ids(db, record_ids) for _column in columns]))
    return int(row["n"])


async def referred_to(record_type: RecordType, record_ids: Collection[int]) -> set[int]:
    """Which of these records can't go, because something that stays refers to them; what goes with them doesn't count.

    A declared opening: of many records, those that others refer to are left out, the unseen counted too. One query per
    column that points to them.
    """
    held: set[int] = set()
    columns = referring_columns(record_type.table, await tables_made()) if record_ids else []
    if not columns:
        return held
    with opened(referred_to), cleared("desk"):
        while found := await _held_by_one_of(columns, record_type, set(record_ids) - held):
            held |= found
            columns = [c for c in columns if c._meta.table is record_type.table]
    return held


async def _held_by_one_of(
    columns: Sequence[PiccoloForeignKey[Any]], record_type: RecordType, going: Collection[int]
) -> set[int]:
    return {i for column in columns for i in await _held(column, record_type, going)}


async def _held(column: PiccoloForeignKey[Any], record_type: RecordType, going: Collection[int]) -> set[int]:
    db, name = engine(), column._meta.db_column_name
    source = physical(db, column._meta.table._meta.tablename)
    among_them = column._meta.table is record_type.table
    staying = QueryString('NOT t."id" {}', ids(db, going)) if among_them else QueryString("1 = 1")
    sql = f'SELECT DISTINCT t."{name}" AS id FROM {source} t WHERE t."{name}" {{}} AND {{}}'
    return {row["id"] for row in await fetch(QueryString(sql, ids(db, going), staying))}


def _kind_of(name: str) -> Text:
    """What the rows of a table are called here. What is switched off keeps its names to itself."""
    known = current_snapshot().records.get(name)
    if known is not None:
        return _("%(count)s %(what)s", what=known.plural)
    if is_private(name):
        return _("%(count)s entries about accounts and rights")
    return _("%(count)s records of a module that is switched off")


def _bounded(count: int) -> str:
    return str(count) if count <= MOST else f"{MOST}+"
