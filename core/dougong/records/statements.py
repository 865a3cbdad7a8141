"""The desk's statements: rows locked, inserted, changed and deleted by the set, and checked again behind the write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, TypeVar

from piccolo.columns.base import Column
from piccolo.querystring import QueryString

from dougong.access.policies import rows as rows_allowed
from dougong.access.principal import current
from dougong.access.rights import may
from dougong.db import engine, fetch, transaction
from dougong.db.constraints import constraint_broken
from dougong.errors import Forbidden, Invalid, Problem, Refused
from dougong.i18n import Text, _
from dougong.records import references, search_index
from dougong.records.definitions import TEXT_LENGTH, sort_columns
from dougong.records.gate import cleared, ids, physical
from dougong.records.pinyin import initials, sort_key
from dougong.records.types import RecordType

__all__ = [
    "OUTSIDE",
    "confirm",
    "delete",
    "insert",
    "insert_within_reach",
    "lock_all",
    "locked",
    "piece",
    "plain_default",
    "rewrite",
    "update",
    "update_within_reach",
]

OUTSIDE = _("This would put the record outside of what you may write.")
_ROWS_AT_ONCE = 500
_VALUES_AT_ONCE = 30_000  # either database takes some 32,000 in one statement
T = TypeVar("T")


async def locked(record_type: RecordType, record_ids: Sequence[int], action: str) -> list[dict[str, Any]]:
    """The records this action reaches, locked until the transaction ends; whoever lacks the right reaches none."""
    if not may(current(), record_type, action):
        return []
    return await _lock(record_type, record_ids, _policy(record_type, action))


async def lock_all(record_type: RecordType, record_ids: Sequence[int]) -> list[dict[str, Any]]:
    """These records, locked, whoever may reach them: for who asks afterwards."""
    return await _lock(record_type, record_ids, QueryString("1 = 1"))


async def _lock(record_type: RecordType, record_ids: Sequence[int], policy: QueryString) -> list[dict[str, Any]]:
    if not record_ids:
        return []
    db = engine()
    columns = ", ".join(f't."{name}" AS "{key}"' for key, name in _column_names(record_type).items())
    lock = " FOR UPDATE OF t" if db.engine_type == "postgres" else ""
    sql = f'SELECT {columns} FROM {physical(db, record_type.key)} t WHERE t."id" {{}} AND ({{}}) ORDER BY t."id"{lock}'
    with cleared("desk"):
        return await fetch(QueryString(sql, ids(db, record_ids), policy))


async def piece(record_type: RecordType, columns: Mapping[str, str], after: int, size: int) -> list[dict[str, Any]]:
    """The next rows behind an id, locked: `columns` names what is read, each by the name it is wanted under."""
    db = engine()
    listed = ", ".join(f't."{name}" AS "{key}"' for key, name in {"id": "id", **columns}.items())
    lock = " FOR UPDATE OF t" if db.engine_type == "postgres" else ""
    sql = (
        f'SELECT {listed} FROM {physical(db, record_type.key)} t WHERE t."id" > {{}} ORDER BY t."id" LIMIT {size}{lock}'
    )
    with cleared("desk"):
        return await fetch(QueryString(sql, after))


def _policy(record_type: RecordType, action: str) -> QueryString:
    policy = rows_allowed(record_type, action, current(), engine(), "t")
    return policy if policy is not None else QueryString("1 = 1")


async def insert(record_type: RecordType, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """Write new rows, in their order; those that bring their id keep it. Answers the ids, in the same order."""
    columns = [c for c in record_type.table._meta.columns if c._meta.name != "id" or (rows and "id" in rows[0])]
    names = ", ".join(f'"{c._meta.db_column_name}"' for c in columns)
    row = "(" + ", ".join("{}" for _ in columns) + ")"
    defaults = {c._meta.name: plain_default(c) for c in columns}
    new_ids: list[int] = []
    for part in _parts(rows, len(columns)):
        complete = [{**defaults, **values} for values in _with_sort_keys(record_type, part)]
        values = [r[c._meta.name] for r in complete for c in columns]
        listed = ", ".join([row] * len(part))
        sql = f'INSERT INTO {physical(engine(), record_type.key)} ({names}) VALUES {listed} RETURNING "id"'
        made = await _written(record_type, QueryString(sql, *values))
        made_ids = sorted(r["id"] for r in made) if "id" not in part[0] else [r["id"] for r in part]
        found_by = [{**values, "id": i} for i, values in zip(made_ids, complete, strict=True)]
        await search_index.keep_written(record_type, found_by)
        new_ids += made_ids
    return new_ids


async def update(record_type: RecordType, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Give each row its values, however many and different: in one statement where they all get the same."""
    now = dt.datetime.now(dt.UTC)
    await _give(record_type, {i: {**values, "updated": now} for i, values in changes.items()}, _COUNTED)


async def rewrite(record_type: RecordType, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Give rows what only follows from what they hold: nobody changed the record, so its version stays."""
    await _give(record_type, changes, "")


_COUNTED = '"version" = "version" + 1, '


async def _give(record_type: RecordType, changes: Mapping[int, Mapping[str, Any]], counted: str) -> None:
    complete = dict(zip(changes, _with_sort_keys(record_type, changes.values()), strict=True))
    for keys, alike in _by_keys(complete).items():
        by_id = {i: tuple(complete[i][k] for k in keys) for i in alike}
        try:
            same = len(set(by_id.values())) == 1
        except TypeError:  # a value that can't be compared by its hash
            same = len(by_id) == 1
        await (_update_alike if same else _update_each)(record_type, keys, by_id, counted)
        if search_index.is_searched(record_type, keys):
            await search_index.keep(record_type, alike)


def _by_keys(changes: Mapping[int, Mapping[str, Any]]) -> dict[tuple[str, ...], list[int]]:
    found: dict[tuple[str, ...], list[int]] = {}
    for record_id, values in changes.items():
        found.setdefault(tuple(sorted(values)), []).append(record_id)
    return found


async def _update_alike(
    record_type: RecordType, keys: Sequence[str], by_id: Mapping[int, tuple[Any, ...]], counted: str
) -> None:
    names = _column_names(record_type)
    sets = ", ".join(f'"{names[k]}" = {{}}' for k in keys)
    sql = f'UPDATE {physical(engine(), record_type.key)} SET {counted}{sets} WHERE "id" {{}}'
    values = next(iter(by_id.values()))
    await _written(record_type, QueryString(sql, *values, ids(engine(), by_id)))


async def _update_each(
    record_type: RecordType, keys: Sequence[str], by_id: Mapping[int, tuple[Any, ...]], counted: str
) -> None:
    """A table of ids and values, joined to the rows: as many statements as it takes to hand the values over."""
    names, table = _column_names(record_type), physical(engine(), record_type.key)
    sets = ", ".join(f'"{names[k]}" = given.column{n}' for n, k in enumerate(keys, 2))
    row = "({}" + ", {}" * len(keys) + ")"
    for part in _parts(list(by_id.items()), len(keys) + 1):
        listed = ", ".join([_typed(record_type, keys), *[row] * (len(part) - 1)])
        sql = f'UPDATE {table} AS t SET {counted}{sets} FROM (VALUES {listed}) AS given WHERE t."id" = given.column1'
        await _written(record_type, QueryString(sql, *[v for i, values in part for v in (i, *values)]))


def _typed(record_type: RecordType, keys: Sequence[str]) -> str:
    """The first row of a table of values says what PostgreSQL is to take them for."""
    columns = {c._meta.name: c for c in record_type.table._meta.columns}
    kinds = ["BIGINT", *(columns[k].column_type for k in keys)]
    if engine().engine_type == "sqlite":
        return "(" + ", ".join("{}" for _ in kinds) + ")"
    return "(" + ", ".join(f"CAST({{}} AS {kind})" for kind in kinds) + ")"


class _Beyond(Exception):
    """Rows that would end up where the person may not write."""

    def __init__(self, record_ids: Collection[int]) -> None:
        self.record_ids = record_ids


async def update_within_reach(
    record_type: RecordType,
    changes: dict[int, Mapping[str, Any]],
    action: str | None,
    skipped: dict[int, Text | str] | None,
) -> None:
    """Change rows, and look whether the person may still write them (None: a step may hand a record on).

    Rows that would leave the person's reach stay as they are and go from `changes` to `skipped`; without it: Forbidden.
    """
    while changes:
        try:
            async with transaction() if skipped is not None else nullcontext():
                await update(record_type, changes)
                if action is not None:
                    await _confirm(record_type, list(changes), action)
            return
        except _Beyond as beyond:
            _set_aside(changes, beyond, skipped)


async def insert_within_reach(
    record_type: RecordType, rows: dict[int, Mapping[str, Any]], skipped: dict[int, Text | str]
) -> None:
    """Write rows that bring their ids; those the person may not create where they stand go from `rows` to `skipped`."""
    while rows:
        try:
            async with transaction():
                await insert(record_type, list(rows.values()))
                await _confirm(record_type, list(rows), "create")
            return
        except _Beyond as beyond:
            _set_aside(rows, beyond, skipped)


def _set_aside(rows: dict[int, Any], beyond: _Beyond, skipped: dict[int, Text | str] | None) -> None:
    if skipped is None:
        raise Forbidden(OUTSIDE) from beyond
    for record_id in beyond.record_ids:
        del rows[record_id]
        skipped[record_id] = OUTSIDE


async def confirm(record_type: RecordType, record_ids: Sequence[int], action: str) -> None:
    """The check after the write: every row lies where the person may write; else Forbidden."""
    try:
        await _confirm(record_type, record_ids, action)
    except _Beyond as beyond:
        raise Forbidden(OUTSIDE) from beyond


async def _confirm(record_type: RecordType, record_ids: Sequence[int], action: str) -> None:
    db = engine()
    policy = rows_allowed(record_type, action, current(), db, "t")
    if policy is None or not record_ids:
        return
    sql = f'SELECT t."id" FROM {physical(db, record_type.key)} t WHERE t."id" {{}} AND ({{}})'
    with cleared("desk"):
        within = {row["id"] for row in await fetch(QueryString(sql, ids(db, record_ids), policy))}
    if beyond := set(record_ids) - within:
        raise _Beyond(beyond)


async def delete(record_type: RecordType, record_ids: Sequence[int]) -> None:
    """Refused, naming what refers to them, where something does."""
    db = engine()
    sql = f'DELETE FROM {physical(db, record_type.key)} WHERE "id" {{}}'
    try:
        async with transaction():
            with cleared("desk"):
                await fetch(QueryString(sql, ids(db, record_ids)))
            await search_index.forget(record_type, record_ids)
    except Exception as err:
        if constraint_broken(err) != "reference":
            raise
        raise Refused(
            _("It can't be deleted: %(what)s refer to it.", what=await references.where_used(record_type, record_ids))
        ) from err


# ------------------------------------------------------------------ pieces


def plain_default(column: Column) -> Any:
    """What stands in a column when nothing is given."""
    default = column.get_default_value()
    if hasattr(default, "python"):  # "now", worked out at the moment of writing
        return default.python()
    return default.value if hasattr(default, "value") else default


def _with_sort_keys(record_type: RecordType, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """With what the title and added texts among these values sort by, and what the title is found by."""
    title, columns = record_type.title._meta.name, sort_columns(record_type.table)
    found = []
    for given in rows:
        values = dict(given)
        if title in values:
            words = str(values[title] or "")
            values["title_key"], values["title_initials"] = sort_key(words), initials(words)
        for key in columns.keys() & values.keys():
            values[columns[key]._meta.name] = sort_key(values[key])[:TEXT_LENGTH] if values[key] else None
        found.append(values)
    return found


def _column_names(record_type: RecordType) -> dict[str, str]:
    return {c._meta.name: c._meta.db_column_name for c in record_type.table._meta.columns}


def _parts(rows: Sequence[T], width: int) -> Iterator[Sequence[T]]:
    size = max(min(_ROWS_AT_ONCE, _VALUES_AT_ONCE // width), 1)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def _written(record_type: RecordType, statement: QueryString) -> list[dict[str, Any]]:
    with cleared("desk"):
        try:
            return await fetch(statement)
        except Exception as err:
            raise _as_problem(record_type, err) from err


def _as_problem(record_type: RecordType, err: Exception) -> Exception:
    """A broken unique rule, as the field it concerns; anything else as it is."""
    if constraint_broken(err) != "unique":
        return err
    text = f"{err} {getattr(err, 'detail', '')} {getattr(err, 'constraint_name', '')}"
    key = next(
        (c._meta.name for c in record_type.table._meta.columns if c._meta.unique and c._meta.db_column_name in text),
        record_type.title._meta.name,
    )
    return Invalid(Problem(key, _("Another record already has this value."), None, "unique"))
