"""Lists of records: one query for the rows, one bounded count, one per table referred to. Never a query per row."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from piccolo.columns import BigInt, BigSerial, ForeignKey, Integer
from piccolo.columns.base import Column
from piccolo.columns.combination import WhereRaw
from piccolo.querystring import QueryString

from dougong.db import fetch
from dougong.errors import Invalid, Problem
from dougong.i18n import _
from dougong.records import references
from dougong.records.definitions import sort_column
from dougong.records.fields import Field
from dougong.records.filters import (
    Clause,
    begins_with,
    both,
    clause_sql,
    compile_filter,
    is_filed_under,
    looked_up,
    quick_find,
    rank,
    visible_field,
)
from dougong.records.types import RecordType

__all__ = [
    "BOUND",
    "UNSORTABLE",
    "Page",
    "Query",
    "bounded_count",
    "each_page",
    "fetch_best",
    "fetch_page",
    "fields_named",
    "neighbours",
    "sums",
    "titles_in",
]

BOUND = 10_000
"""Totals are exact up to here; beyond it a list says "10,000+" and turns its pages by keyset."""
UNSORTABLE = frozenset({"long_text", "choices", "file"})
"""The kinds of field no list is sorted by, unless it is the title."""
LARGEST_PAGE = 500
DEEPEST_PAGE_ROW = BOUND
_PART = 10**9
_STORABLE = re.compile(r"[^\x00\ud800-\udfff]*")


@dataclass(frozen=True)
class Query:
    """What is asked of a list. `sort` is a field key, with "-" before it for the other direction; empty: the list's
    own order. `cursor` continues where an earlier page ended; `page` counts from 1."""

    record_type: RecordType
    filter: Any = None
    q: str = ""
    sort: str = ""
    fields: tuple[str, ...] = ()
    limit: int = 50
    page: int = 1
    cursor: str = ""
    count: str = "bounded"
    also: Clause | None = None

    async def clause(self) -> Clause | None:
        """The condition all its parts come to. Raises Invalid for a filter that can't be read."""
        tree = compile_filter(self.record_type, self.filter)
        return both(both(tree, await quick_find(self.record_type, self.q)), self.also)


@dataclass(frozen=True)
class Page:
    """Rows with their record's fields by key. `total` is a lower bound unless `exact`. `titles` names the records
    the rows refer to: field key → id → title (left out where the person may not see the record)."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    exact: bool
    next: str | None
    titles: Mapping[str, Mapping[int, str]] = field(default_factory=dict)


async def fetch_page(query: Query, *, with_titles: bool = False) -> Page:
    """One page. Raises Invalid for a field, sort or cursor that can't be read."""
    record_type = query.record_type
    where = await query.clause()
    order = _order(record_type, query.sort)
    keys = fields_named(record_type, query.fields)
    limit = max(1, min(query.limit, LARGEST_PAGE))
    offset = 0 if query.cursor else (max(query.page, 1) - 1) * limit
    if offset > DEEPEST_PAGE_ROW:
        raise Invalid(
            Problem(
                "page",
                _("Pages by number end at row %(limit)s; go on with “next”.", limit=DEEPEST_PAGE_ROW),
                query.page,
                "range",
            )
        )
    after = _after(order, query.cursor) if query.cursor else None
    rows = await _rows(record_type, keys, order, both(where, after), limit + 1, offset)
    more = len(rows) > limit
    rows = rows[:limit]
    if not more and not query.cursor and (rows or offset == 0):
        total, exact = offset + len(rows), True
    else:
        total, exact = await bounded_count(record_type, where, exact=query.count == "exact")
    found = await titles_in(record_type, keys, rows) if with_titles else {}
    return Page(rows, total, exact, _cursor(order, rows[-1]) if more else None, found)


async def fetch_best(query: Query) -> Page:
    """The first records a text finds: those titled so, then those whose title begins with it, then all others, each in
    the list's order. Nothing is counted, and there is no next page."""
    record_type, text = query.record_type, query.q.strip()
    found = await looked_up(record_type, text)
    title = visible_field(record_type, record_type.title._meta.name)
    rest = both(both(compile_filter(record_type, query.filter), found.clause if found else None), query.also)
    asked = _Best(record_type, fields_named(record_type, query.fields), _order(record_type, query.sort), query.limit)
    if found is None or title is None or "contains" not in title.type.operators:
        rows = await asked.rows(rest)
    elif found.narrowed:
        rows = await asked.rows(rest, rank(record_type, text))
    else:
        rows = await asked.step_by_step(rest, [is_filed_under(record_type, text), await begins_with(record_type, text)])
    return Page(rows, len(rows), len(rows) < query.limit, None, await titles_in(record_type, asked.keys, rows))


@dataclass(frozen=True)
class _Best:
    record_type: RecordType
    keys: tuple[str, ...]
    order: _Order
    limit: int

    async def rows(self, where: Clause | None, ranked: QueryString | None = None) -> list[dict[str, Any]]:
        return await _rows(self.record_type, self.keys, self.order, where, self.limit, 0, ranked)

    async def step_by_step(self, rest: Clause | None, better: Sequence[Clause]) -> list[dict[str, Any]]:
        """Where very many are found, ranking them all would take too long: those at the front are asked for alone."""
        rows: list[dict[str, Any]] = []
        for first in (*better, None):
            known = {row["id"] for row in rows}
            if len(rows) < self.limit:
                more = await self.rows(both(rest, first))
                rows += [row for row in more if row["id"] not in known]
        return rows[: self.limit]


async def each_page(query: Query, size: int) -> AsyncGenerator[Sequence[Mapping[str, Any]]]:
    """All rows of a list in its order, so many at a time, none counted. Raises Invalid as `fetch_page` does.

    What is written in between can move a row past where the list has got to: read inside `db.reading`.
    """
    order, keys = _order(query.record_type, query.sort), fields_named(query.record_type, query.fields)
    where, after = await query.clause(), None
    while True:
        rows = await _rows(query.record_type, keys, order, both(where, after), size, 0)
        if rows:
            yield rows
        if len(rows) < size:
            return
        after = _after(order, _cursor(order, rows[-1]))


async def titles_in(
    record_type: RecordType, keys: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Mapping[int, str]]:
    """What the records are called that these rows refer to, as in `Page.titles`. One query in all."""
    referring = {key: target for key in keys if (target := record_type.fields[key].target) is not None}
    wanted: dict[Any, set[int]] = {target: set() for target in referring.values()}
    for key, target in referring.items():
        wanted[target] |= {row[key] for row in rows}
    known = await references.titles_by_table(wanted)
    return {key: known[target] for key, target in referring.items()}


async def bounded_count(
    record_type: RecordType, where: Clause | None, *, exact: bool = False, bound: int = BOUND
) -> tuple[int, bool]:
    """How many records match, and whether that is all of them: counting stops past the bound unless told otherwise."""
    name = record_type.key
    if exact:
        [row] = await fetch(QueryString(f'SELECT count(*) AS n FROM "{name}" WHERE {{}}', clause_sql(where)))
        return row["n"], True
    inner = f'SELECT 1 AS one FROM "{name}" WHERE {{}} LIMIT {bound + 1}'
    [row] = await fetch(QueryString(f"SELECT count(*) AS n FROM ({inner}) AS some_rows", clause_sql(where)))
    return min(row["n"], bound), row["n"] <= bound


async def neighbours(query: Query, record_id: int) -> tuple[int | None, int | None]:
    """The ids before and after a record in a list, looking through the list's first 500 rows."""
    rows = await fetch_page(
        Query(query.record_type, query.filter, query.q, query.sort, ("id",), LARGEST_PAGE, also=query.also)
    )
    found = [r["id"] for r in rows.rows]
    if record_id not in found:
        return None, None
    at = found.index(record_id)
    return (found[at - 1] if at else None), (found[at + 1] if at + 1 < len(found) else None)


async def sums(record_type: RecordType, group: str, sum_of: str, tree: Any, q: str = "") -> list[dict[str, Any]]:
    """Count, and the sum of a number or money field, per value of a field; at most 1,000 groups, largest first."""
    by = _groupable(record_type, group)
    where = both(compile_filter(record_type, tree), await quick_find(record_type, q))
    column, name = by.column._meta.db_column_name, record_type.key
    what = "count(*) AS count"
    if sum_of:
        added = visible_field(record_type, sum_of)
        if added is None or added.kind not in ("number", "money"):
            raise Invalid(Problem("sum", _("Only a number or an amount can be summed."), sum_of, "kind"))
        summed = f'"{name}"."{added.column._meta.db_column_name}"'
        # in two parts: SQLite gives up on a sum that eight bytes don't hold
        what += f", sum({summed} / {_PART}) AS high, sum({summed} % {_PART}) AS low"
    sql = f'SELECT "{name}"."{column}" AS value, {what} FROM "{name}" WHERE {{}} GROUP BY "{name}"."{column}" ORDER BY count(*) DESC, 1 LIMIT 1000'
    rows = await fetch(QueryString(sql, clause_sql(where)))
    return [_summed(by, record_type.fields.get(sum_of), row) for row in rows]


def _groupable(record_type: RecordType, key: str) -> Field:
    found = visible_field(record_type, key)
    if found is None or found.kind in ("long_text", "choices", "datetime", "file"):
        raise Invalid(Problem("group", _("Rows can't be grouped by “%(field)s”.", field=key), key, "kind"))
    return found


def _summed(by: Field, added: Field | None, row: Mapping[str, Any]) -> dict[str, Any]:
    value = None if row["value"] is None else by.type.send(row["value"], by)
    out = {"value": value, "count": row["count"]}
    if added:
        empty = row["high"] is None
        out["sum"] = None if empty else added.type.send(int(row["high"]) * _PART + int(row["low"]), added)
    return out


# ------------------------------------------------------------------ rows


def fields_named(record_type: RecordType, keys: Sequence[str]) -> tuple[str, ...]:
    """The fields asked for and the id, all that can be seen where none is. Raises Invalid for one that can't."""
    if not keys:
        return tuple(k for k in record_type.fields if visible_field(record_type, k))
    for key in keys:
        if visible_field(record_type, key) is None:
            raise Invalid(Problem("fields", _("There is no field “%(field)s” here.", field=key), key, "unknown"))
    return tuple(dict.fromkeys(("id", *keys)))


@dataclass(frozen=True)
class _Order:
    column: Column
    name: str
    descending: bool
    nullable: bool
    id_column: Column


def _order(record_type: RecordType, sort: str) -> _Order:
    """By the asked field, or the list's own order; the id decides between equals, so that the order is total."""
    view = record_type.list_view
    if sort:
        key, descending = sort.removeprefix("-"), sort.startswith("-")
        asked = visible_field(record_type, key)
        is_title = key == record_type.title._meta.name  # sorted by its short key, whatever its own length
        if asked is None or (asked.kind in UNSORTABLE and not is_title):
            raise Invalid(Problem("sort", _("Rows can't be sorted by “%(field)s”.", field=key), sort, "unknown"))
        chosen = asked
    else:
        usual = visible_field(record_type, view.order._meta.name) if view.order is not None else None
        chosen = usual or record_type.fields["id"]
        descending = view.descending if usual else True
    table = record_type.table
    column = chosen.column
    if chosen.key == record_type.title._meta.name:
        column = table.title_key
    elif (spelled := sort_column(table, chosen.key)) is not None:
        column = spelled
    elif chosen.target is not None and hasattr(chosen.target, "title_key"):
        column = getattr(table, chosen.key).title_key
    return _Order(column, f"sort_{chosen.key}", descending, chosen.nullable or chosen.target is not None, table.id)


def _reference(column: Column) -> str:
    return str(column._meta.get_full_name(with_alias=False))


async def _rows(
    record_type: RecordType,
    keys: Sequence[str],
    order: _Order,
    where: Clause | None,
    limit: int,
    offset: int,
    ranked: QueryString | None = None,
) -> list[dict[str, Any]]:
    listed = ", ".join(f'{_reference(record_type.fields[k].column)} AS "{k}"' for k in keys)
    select = record_type.table.select(QueryString(listed), order.column.as_alias("sort_value"))
    if where is not None:
        select = select.where(where)
    if ranked is not None:
        select = select.order_by(ranked)
    if order.nullable:
        from piccolo.query import OrderByRaw

        select = select.order_by(OrderByRaw(f"{_reference(order.column)} IS NULL"))
    select = select.order_by(order.column, ascending=not order.descending).order_by(
        order.id_column, ascending=not order.descending
    )
    return list(await select.limit(limit).offset(offset))


def _cursor(order: _Order, row: Mapping[str, Any]) -> str:
    value = row["sort_value"]
    if isinstance(value, dt.datetime | dt.date):
        value = {"at" if isinstance(value, dt.datetime) else "on": value.isoformat()}
    return base64.urlsafe_b64encode(json.dumps([order.name, value, row["id"]]).encode()).decode().rstrip("=")


def _after(order: _Order, cursor: str) -> Clause:
    """The rows behind a cursor: one range condition the index can use, then the tie broken by id."""
    wrong = Invalid(Problem("cursor", _("This cursor does not belong to this list."), cursor, "cursor"))
    try:
        name, value, last_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if isinstance(value, dict):
            [(how, text)] = value.items()
            value = dt.datetime.fromisoformat(text) if how == "at" else dt.date.fromisoformat(text)
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise wrong from None
    if name != order.name or not _fits(order.id_column, last_id) or not (value is None or _fits(order.column, value)):
        raise wrong
    column, own_id = _reference(order.column), _reference(order.id_column)
    sign, loose = ("<", "<=") if order.descending else (">", ">=")
    if value is None:
        return WhereRaw(f"({column} IS NULL AND {own_id} {sign} {{}})", last_id)
    behind = f"({column} {loose} {{}} AND ({column} {sign} {{}} OR {own_id} {sign} {{}}))"
    if order.nullable:
        return WhereRaw(f"({behind} OR {column} IS NULL)", value, value, last_id)
    return WhereRaw(behind, value, value, last_id)


def _fits(column: Column, value: Any) -> bool:
    """Whether the database can compare the column with this value: a cursor may have been made up."""
    if type(value) is int and column.value_type is int:
        small = isinstance(column, Integer) and not isinstance(column, BigInt | BigSerial | ForeignKey)
        return abs(value) < (2**31 if small else 2**63)
    if isinstance(value, dt.datetime):
        return column.value_type is dt.datetime and value.tzinfo is not None and 1 < value.year < 9999
    if isinstance(value, str):
        return column.value_type is str and _STORABLE.fullmatch(value) is not None
    return type(value) is column.value_type and type(value) in (dt.date, bool)
