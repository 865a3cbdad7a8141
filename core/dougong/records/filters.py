"""Filters: one small tree, the same in the API, in a list's address and in a plugin's saved view.

A leaf is `[field, operator, value]`; a node is `{"and": [...]}`, `{"or": [...]}` or `{"not": …}`; a plain list of
leaves means "and". Operators: = != < <= > >= in contains starts empty during.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from piccolo.columns.base import Column
from piccolo.columns.combination import And, Or, WhereRaw
from piccolo.querystring import QueryString

from dougong.access.fields import HIDDEN, field_level
from dougong.access.principal import Principal, current
from dougong.db import engine
from dougong.errors import Invalid, Problem
from dougong.i18n import Text, _, company_zone, today
from dougong.records import search_index
from dougong.records.favourites import among_favourites
from dougong.records.fields import Field
from dougong.records.kinds import WrongValue
from dougong.records.pinyin import sort_key
from dougong.records.types import Me, RecordType

__all__ = [
    "FAVOURITE",
    "OPERATORS",
    "PERIODS",
    "LookedUp",
    "begins_with",
    "compile_filter",
    "conditions",
    "is_filed_under",
    "like_pattern",
    "looked_up",
    "period",
    "quick_find",
    "rank",
    "visible_field",
]

FAVOURITE = ("favourite", "=", Me)
"""The condition for what the acting person keeps among their favourites; no field of the record."""
MOST_CONDITIONS = 100
DEEPEST = 10
Clause = WhereRaw | And | Or

OPERATORS: Mapping[str, Text] = {
    "=": _("is"),
    "!=": _("is not"),
    "<": _("less than"),
    "<=": _("at most"),
    ">": _("more than"),
    ">=": _("at least"),
    "in": _("is one of"),
    "contains": _("contains"),
    "starts": _("starts with"),
    "empty": _("is empty"),
    "during": _("within"),
}
PERIODS: Mapping[str, Text] = {
    "today": _("Today"),
    "yesterday": _("Yesterday"),
    "tomorrow": _("Tomorrow"),
    "this_week": _("This week"),
    "last_week": _("Last week"),
    "next_week": _("Next week"),
    "this_month": _("This month"),
    "last_month": _("Last month"),
    "this_year": _("This year"),
}


def visible_field(
    record_type: RecordType, key: str, principal: Principal | None = None, *, state: str | None = None
) -> Field | None:
    """The field, unless it doesn't exist or is hidden from the person in a record of this state: both look the same.

    Without a state it must be hidden in every state.
    """
    hidden = field_level(principal or current(), f"{record_type.key}.{key}", state) == HIDDEN
    return None if hidden else record_type.fields.get(key)


def conditions(where: Sequence[tuple[Column | str, str, Any]]) -> list[list[Any]]:
    """A saved view's conditions with column objects, as the tree an address can hold."""
    return [[c if isinstance(c, str) else c._meta.name, op, value] for c, op, value in where]


def compile_filter(record_type: RecordType, tree: Any) -> Clause | None:
    """The tree as SQL on the record's own table; None when it asks for nothing.

    Raises Invalid naming the part that can't be read: an unknown field or operator, a value that breaks its kind.
    """
    budget = [MOST_CONDITIONS]
    if tree in (None, [], {}):
        return None
    return _node(record_type, tree, budget, DEEPEST)


def period(name: str) -> tuple[dt.date, dt.date]:
    """First and last day of a named period, in the company's time zone; weeks start on Monday."""
    day = today()
    monday = day - dt.timedelta(days=day.weekday())
    month = day.replace(day=1)
    next_month = (month + dt.timedelta(days=32)).replace(day=1)
    one, week = dt.timedelta(days=1), dt.timedelta(days=7)
    return {
        "today": (day, day),
        "yesterday": (day - one, day - one),
        "tomorrow": (day + one, day + one),
        "this_week": (monday, monday + week - one),
        "last_week": (monday - week, monday - one),
        "next_week": (monday + week, monday + 2 * week - one),
        "this_month": (month, next_month - one),
        "last_month": ((month - one).replace(day=1), month - one),
        "this_year": (day.replace(month=1, day=1), day.replace(month=12, day=31)),
    }[name]


def like_pattern(text: str) -> str:
    """The text with SQL's own wildcards made literal (the escape character is !)."""
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


async def quick_find(record_type: RecordType, text: str) -> Clause | None:
    """The list's quick find: "contains" looks inside every search field and at pinyin initials, "starts" matches
    from the left with `*` as wildcard (0401 finds 0401…, *0401 finds 20150401)."""
    found = await looked_up(record_type, text)
    return found.clause if found else None


@dataclass(frozen=True)
class LookedUp:
    """The condition a text comes to; `narrowed` where the index left few enough records to put it to."""

    clause: Clause
    narrowed: bool


async def looked_up(record_type: RecordType, text: str) -> LookedUp | None:
    """What `quick_find` asks, and whether the index helped."""
    text = text.strip()
    if not text:
        return None
    by_start = record_type.find == "starts"
    parts = _from_the_left(text) if by_start else [text]
    clauses, chosen = _found_in(record_type, text, by_start)
    if not clauses:
        return LookedUp(_raw("1 = 0"), narrowed=True)
    asked = set().union(*(search_index.pairs(part) for part in parts))
    candidates = await search_index.which_may_match(record_type, asked, chosen)
    if candidates is None:
        return LookedUp(_any(clauses), narrowed=False)
    return LookedUp(_all([_among_ids(record_type, candidates), _any(clauses)]), narrowed=True)


def _from_the_left(text: str) -> list[str]:
    first, *others = text.split("*")
    return [search_index.START + first if first else "", *others]


def _found_in(record_type: RecordType, text: str, by_start: bool) -> tuple[list[Clause], list[tuple[str, str]]]:
    """A condition for each field the person sees, any of which may hold; and the choices the words stand for."""
    inside = f"%{like_pattern(text)}%"
    pattern = "%".join(like_pattern(part) for part in text.split("*")) + "%" if by_start else inside
    fields = [f for k in record_type.search_keys if (f := visible_field(record_type, k))]
    clauses = [_like(f, pattern) for f in fields if f.kind not in search_index.OF_OPTIONS]
    options = {f: _shown_as(f, text) for f in fields if f.kind in search_index.OF_OPTIONS}
    clauses += [_raw(f"{_sql(f)} IN ({', '.join('{}' for _ in keys)})", *keys) for f, keys in options.items() if keys]
    if text.isascii() and text.isalnum() and visible_field(record_type, record_type.title._meta.name):
        clauses.append(_raw(f"{_named(record_type, 'title_initials')} LIKE {{}}", f"{text.lower()}%"))
    return clauses, [(f.key, key) for f, keys in options.items() for key in keys]


def _shown_as(field: Field, text: str) -> list[str]:
    """Choices are found by the words people read, not by the key that is stored."""
    return [o.key for o in field.every_option if text.casefold() in str(o.label or o.key).casefold()]


def _among_ids(record_type: RecordType, candidates: Sequence[int]) -> Clause:
    """As one value, however many: the gate and the databases keep statements by their text."""
    own = _named(record_type, "id")
    if engine().engine_type == "postgres":
        return _raw(f"{own} = ANY({{}}::bigint[])", list(candidates))
    return _raw(f"{own} IN (SELECT value FROM json_each({{}}))", json.dumps(candidates))


async def begins_with(record_type: RecordType, text: str) -> Clause:
    """The title begins with this text."""
    title = record_type.fields[record_type.title._meta.name]
    begins = _like(title, f"{like_pattern(text)}%")
    if title.key not in record_type.search_keys:
        return begins
    candidates = await search_index.which_may_match(record_type, search_index.pairs(search_index.START + text))
    return begins if candidates is None else _all([_among_ids(record_type, candidates), begins])


def _is_titled(record_type: RecordType, text: str) -> Clause:
    """The title is this text, in capitals or not."""
    return _like(record_type.fields[record_type.title._meta.name], like_pattern(text))


def is_filed_under(record_type: RecordType, text: str) -> Clause:
    """The title is this text, letter for letter: what lists sort by can be looked up."""
    return _raw(f"{_named(record_type, 'title_key')} = {{}}", sort_key(text))


def rank(record_type: RecordType, text: str) -> QueryString:
    """What records sort by that are found by a text: 0 where the title is it, 1 where it begins with it, 2 elsewhere."""
    title = record_type.fields[record_type.title._meta.name]
    begins = _like(title, f"{like_pattern(text)}%")
    return QueryString(
        "CASE WHEN {} THEN 0 WHEN {} THEN 1 ELSE 2 END", _is_titled(record_type, text).querystring, begins.querystring
    )


# ------------------------------------------------------------------ the tree


def _wrong(message: Text, value: Any) -> Invalid:
    return Invalid(Problem("filter", message, value, "filter"))


def _node(record_type: RecordType, node: Any, budget: list[int], depth: int) -> Clause:
    if depth == 0:
        raise _wrong(_("This filter is nested too deeply."), None)
    if isinstance(node, dict) and len(node) == 1:
        [(word, parts)] = node.items()
        if word == "not":
            inner = _node(record_type, parts, budget, depth - 1)
            return _raw("NOT COALESCE(({}), {})", inner.querystring, False)
        if word in ("and", "or") and isinstance(parts, list) and parts:
            clauses = [_node(record_type, part, budget, depth - 1) for part in parts]
            return _all(clauses) if word == "and" else _any(clauses)
    if isinstance(node, list) and node and all(isinstance(part, list | dict) for part in node):
        return _node(record_type, {"and": node}, budget, depth)
    if isinstance(node, list) and len(node) in (2, 3) and isinstance(node[0], str) and isinstance(node[1], str):
        budget[0] -= 1
        if budget[0] < 0:
            raise _wrong(_("A filter holds at most %(limit)s conditions.", limit=MOST_CONDITIONS), None)
        return _leaf(record_type, node[0], node[1], node[2] if len(node) == 3 else None)
    raise _wrong(_("This part of the filter can't be read: %(part)s", part=str(node)[:100]), node)


def _leaf(record_type: RecordType, key: str, operator: str, value: Any) -> Clause:
    if (key, operator, value) == FAVOURITE:
        return among_favourites(record_type)
    field = visible_field(record_type, key)
    if field is None:
        raise _wrong(_("There is no field “%(field)s” here.", field=key), key)
    if operator not in field.type.operators:
        raise _wrong(
            _("“%(label)s” can't be compared by “%(operator)s”.", label=field.label, operator=operator), operator
        )
    return _OPERATORS[operator](field, value)


def _read(field: Field, value: Any) -> Any:
    if value == Me and field.kind == "person":
        return current().staff or -1
    if value is None:
        raise _wrong(_("“%(label)s” is compared with nothing; use “empty”.", label=field.label), value)
    try:
        return field.type.read(value, field)
    except WrongValue as wrong:
        if wrong.rule == "choice" and isinstance(value, str):
            return value
        raise _wrong(_("“%(label)s”: %(rule)s", label=field.label, rule=wrong.message), value) from None


def _compare(sign: str) -> Callable[[Field, Any], Clause]:
    def clause(field: Field, value: Any) -> Clause:
        if field.kind == "datetime" and _is_day(value):
            return _day_against_moment(field, sign, _day(field, value))
        return _raw(f"{_sql(field)} {sign} {{}}", _read(field, value))

    return clause


def _differs(field: Field, value: Any) -> Clause:
    if field.kind == "datetime" and _is_day(value):
        return _raw("NOT COALESCE(({}), {})", _compare("=")(field, value).querystring, False)
    return _raw(f"({_sql(field)} != {{}} OR {_sql(field)} IS NULL)", _read(field, value))


def _is_day(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 10 and value[4:5] == "-"


def _day(field: Field, text: str) -> dt.date:
    try:
        day = dt.date.fromisoformat(text)
        # the day's moments are asked for in UTC, so the calendar's own ends are out of reach
        return day if 1 < day.year < 9999 else _out_of_range(field, text)
    except ValueError:
        _out_of_range(field, text)


def _out_of_range(field: Field, text: str) -> NoReturn:
    raise _wrong(_("“%(label)s”: “%(value)s” is not a date (write 2026-09-30).", label=field.label, value=text), text)


def _day_against_moment(field: Field, sign: str, day: dt.date) -> Clause:
    """A moment compared with a day means that day in the company's time zone, from its first to its last moment."""
    start, end = _bounds(day, day)
    moment = end if sign in ("<=", ">") else start
    if sign == "=":
        return _raw(f"({_sql(field)} >= {{}} AND {_sql(field)} < {{}})", start, end)
    return _raw(f"{_sql(field)} {'<' if sign in ('<=', '<') else '>='} {{}}", moment)


def _bounds(first: dt.date, last: dt.date) -> tuple[dt.datetime, dt.datetime]:
    zone = company_zone()
    start = dt.datetime.combine(first, dt.time(), zone)
    end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), zone)
    return start.astimezone(dt.UTC), end.astimezone(dt.UTC)


def _among(field: Field, value: Any) -> Clause:
    if not isinstance(value, list) or len(value) > 500:
        raise _wrong(_("“in” takes a list of at most 500 values."), value)
    if field.kind == "datetime" and any(_is_day(v) for v in value):
        return _any([_compare("=")(field, v) for v in value])
    read = [_read(field, v) for v in value]
    if not read:
        return _raw("1 = 0")
    return _raw(f"{_sql(field)} IN ({', '.join('{}' for _ in read)})", *read)


def _contains(field: Field, value: Any) -> Clause:
    if field.kind == "choices":
        return _raw(f"{_sql(field)} LIKE {{}} ESCAPE '!'", f'%"{like_pattern(_key(field, value))}"%')
    return _like(field, f"%{like_pattern(_text(field, value))}%")


def _key(field: Field, value: Any) -> str:
    """One choice of a field that takes several."""
    chosen = _read(field, [value])
    return str(json.loads(chosen)[0]) if chosen is not value else str(value)


def _starts(field: Field, value: Any) -> Clause:
    return _like(field, f"{like_pattern(_text(field, value))}%")


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise _wrong(_("“%(label)s” is searched with a text.", label=field.label), value)
    return value


def _empty(field: Field, value: Any) -> Clause:
    blank = (
        " = ''" if isinstance(field.column.get_default_value(), str) or field.type.name in ("text", "long_text") else ""
    )
    clause = f"({_sql(field)} IS NULL OR {_sql(field)}{blank})" if blank else f"{_sql(field)} IS NULL"
    wanted = (
        {None: True, True: True, False: False, "true": True, "false": False}.get(value) if _is_plain(value) else None
    )
    if wanted is None:
        raise _wrong(_("“empty” takes true or false."), value)
    return _raw(clause if wanted else f"NOT {clause}")


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | str)


def _during(field: Field, value: Any) -> Clause:
    if not isinstance(value, str) or value not in PERIODS:
        raise _wrong(_("“%(value)s” is no period; known are: %(known)s.", value=value, known=", ".join(PERIODS)), value)
    first, last = period(value)
    if field.kind == "date":
        return _raw(f"({_sql(field)} >= {{}} AND {_sql(field)} <= {{}})", first, last)
    start, end = _bounds(first, last)
    return _raw(f"({_sql(field)} >= {{}} AND {_sql(field)} < {{}})", start, end)


_OPERATORS: Mapping[str, Callable[[Field, Any], Clause]] = {
    **{sign: _compare(sign) for sign in ("=", "<", "<=", ">", ">=")},
    "!=": _differs,
    "in": _among,
    "contains": _contains,
    "starts": _starts,
    "empty": _empty,
    "during": _during,
}


# ------------------------------------------------------------------ SQL


def _named(record_type: RecordType, column: str) -> str:
    return f'"{record_type.key}"."{column}"'


def _sql(field: Field) -> str:
    return f'"{field.column._meta.table._meta.tablename}"."{field.column._meta.db_column_name}"'


def _raw(sql: str, *args: Any) -> WhereRaw:
    return WhereRaw(sql, *args)


def _like(field: Field, pattern: str) -> Clause:
    """Case-insensitive on both: SQLite's LIKE is so by itself, for ASCII."""
    word = "ILIKE" if engine().engine_type == "postgres" else "LIKE"
    return _raw(f"{_sql(field)} {word} {{}} ESCAPE '!'", pattern)


def _all(clauses: Sequence[Clause]) -> Clause:
    return _joined("AND", clauses)


def _any(clauses: Sequence[Clause]) -> Clause:
    return _joined("OR", clauses)


def _joined(word: str, clauses: Sequence[Clause]) -> Clause:
    if len(clauses) == 1:
        return clauses[0]
    template = "(" + f" {word} ".join("{}" for _ in clauses) + ")"
    return _raw(template, *(c.querystring for c in clauses))


def both(first: Clause | None, second: Clause | None) -> Clause | None:
    given = [c for c in (first, second) if c is not None]
    return _all(given) if given else None


def clause_sql(clause: Clause | None) -> QueryString:
    """For a statement written by hand: the condition, or one that always holds."""
    return clause.querystring if clause is not None else QueryString("1 = 1")
