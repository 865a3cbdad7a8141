"""The index of what records are found by: every two neighbouring characters of their search fields.

Chinese words are two characters long and stand without spaces, so pairs of characters are what both databases can look
up. The index narrows and decides nothing: it answers ids that may match, whoever asks, and the condition on the fields
the asking person sees is still put to each of them, through the gate. It may answer too many, never too few.
"""

from __future__ import annotations

import hashlib
import json
import time
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

from piccolo.columns import Array
from piccolo.columns.indexes import IndexMethod
from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, system
from dougong.db import engine, fetch
from dougong.db.columns import BigInt, Boolean, Text, Timestamptz, Varchar
from dougong.records.gate import cleared, ids, physical
from dougong.records.tables import Private
from dougong.records.types import RecordType

__all__ = [
    "MOST",
    "OF_OPTIONS",
    "START",
    "SearchIndex",
    "SearchText",
    "clear",
    "definition_of",
    "forget",
    "is_searched",
    "keep",
    "keep_written",
    "pairs",
    "search_columns",
    "which_may_match",
]

MOST = 20_000
"""More candidates than this narrow nothing: a list finds its first rows sooner by reading on."""
OF_OPTIONS = frozenset({"choice", "state"})
"""The kinds of field that are found by the words of their options: the index holds the whole key."""
START = "\ue080"
"""Stands before the first character of a value, so that its beginning can be looked up too."""
_VERSION = 1
_ROOM = 2**40
"""How many ids a record type has in the one table of all."""
_COMMON_FOR = 600.0
_REMEMBERED = 1000
_WHY = "look words up in the search index"
_ONLY = frozenset({"search_index", "search_text"})


class SearchIndex(Private):
    """How far a record type is in the index; what isn't in it in full is not looked up there."""

    record = Varchar(length=100, unique=True)
    definition = Varchar(length=64)
    filled_to = BigInt(default=0)
    complete = Boolean(default=False)
    claimed_until = Timestamptz(null=True, default=None)


class SearchText(Private):
    """The pairs of each record, under a number made of its type's and its own."""

    id = BigInt(primary_key=True)
    grams = Array(base_column=Text(), index=True, index_method=IndexMethod.gin)

    made_by: ClassVar[Mapping[str, str]] = {
        "sqlite": "CREATE VIRTUAL TABLE \"search_text\" USING fts5(grams, tokenize = 'ascii', detail = none, columnsize = 0)"
    }


# ------------------------------------------------------------------ pairs


# A pair is a token to SQLite, which ends at what is neither a letter nor a digit of ASCII; so these stand elsewhere.
_SIGNS = {code: 0xE000 + code for code in range(128) if not chr(code).isalnum()}


def fold(text: str) -> str:
    """As the databases compare without regard to case, or coarser; character by character, so that a part stays a part."""
    return text.replace("İ", "i").casefold().translate(_SIGNS)


def pairs(text: str) -> set[str]:
    """Every two neighbouring characters."""
    return {a + b for a, b in pairwise(fold(text))}


def _chosen(key: str, value: str) -> str:
    return fold(f"\ue081{key}={value}")


def search_columns(record_type: RecordType) -> dict[str, str]:
    """The columns the index is made of, by field key."""
    fields = record_type.declared
    known = {key: fields[key].column._meta.db_column_name for key in record_type.search_keys}
    return {**known, "title_initials": "title_initials"}


def definition_of(record_type: RecordType) -> str:
    """Changes with what the index holds of a record: then it is made anew."""
    fields = record_type.declared
    held = [(key, fields[key].kind in OF_OPTIONS) for key in record_type.search_keys]
    return hashlib.sha256(json.dumps([_VERSION, held]).encode()).hexdigest()


def _document(record_type: RecordType, row: Mapping[str, Any]) -> str:
    """The pairs of one record, a space between them."""
    found: set[str] = set()
    for key in search_columns(record_type):
        value = row.get(key)
        if value in (None, ""):
            continue
        if key in record_type.declared and record_type.declared[key].kind in OF_OPTIONS:
            found.add(_chosen(key, str(value)))
        else:
            found |= pairs(START + str(value))
    return " ".join(_marked(record_type, found))


def _marked(record_type: RecordType, found: Iterable[str]) -> list[str]:
    """PostgreSQL looks pairs up among those of all types, unless each tells whose it is; SQLite keeps types apart by id."""
    mark = chr(0xE100 + zlib.crc32(record_type.key.encode()) % 0x1700) if engine().engine_type == "postgres" else ""
    return sorted(mark + pair for pair in found)


# ------------------------------------------------------------------ what the desk writes


def is_searched(record_type: RecordType, keys: Collection[str]) -> bool:
    """Whether a record is found by one of these fields."""
    return not search_columns(record_type).keys().isdisjoint(keys)


async def keep(record_type: RecordType, record_ids: Collection[int]) -> None:
    """Bring the index to what these records hold now, in the transaction that changed them."""
    columns = ", ".join(f't."{name}" AS "{key}"' for key, name in {"id": "id", **search_columns(record_type)}.items())
    sql = f'SELECT {columns} FROM {physical(engine(), record_type.key)} t WHERE t."id" {{}}'
    with cleared("desk"):
        rows = await fetch(QueryString(sql, ids(engine(), record_ids)))
    await keep_written(record_type, rows)


async def keep_written(record_type: RecordType, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same where it is known what they hold. Of a type that isn't entered nothing is kept."""
    known = {row["id"]: _document(record_type, row) for row in rows}
    index, text = (physical(engine(), name) for name in ("search_index", "search_text"))
    if engine().engine_type == "sqlite":
        sql = (
            f"INSERT OR REPLACE INTO {text} (rowid, grams)"
            f" SELECT i.id * {_ROOM} + json_extract(g.value, '$[0]'), json_extract(g.value, '$[1]')"
            f" FROM {index} i, json_each({{}}) g WHERE i.record = {{}}"
        )
        statement = QueryString(sql, json.dumps(list(known.items()), ensure_ascii=False), record_type.key)
    else:
        sql = (
            f"INSERT INTO {text} (id, grams) SELECT i.id * {_ROOM} + g.id, string_to_array(g.doc, ' ')"
            f" FROM {index} i, unnest({{}}::bigint[], {{}}::text[]) AS g (id, doc) WHERE i.record = {{}}"
            " ON CONFLICT (id) DO UPDATE SET grams = excluded.grams"
        )
        statement = QueryString(sql, list(known), list(known.values()), record_type.key)
    if known:
        with cleared("desk"):
            await fetch(statement)


async def forget(record_type: RecordType, record_ids: Collection[int]) -> None:
    """Take records out of the index that are no more."""
    index, text = (physical(engine(), name) for name in ("search_index", "search_text"))
    number, given = (
        ("rowid", QueryString("json_each({})", json.dumps(sorted(record_ids))))
        if engine().engine_type == "sqlite"
        else ("id", QueryString("unnest({}::bigint[]) AS g (value)", sorted(record_ids)))
    )
    inner = f"SELECT i.id * {_ROOM} + value FROM {index} i, {{}} WHERE i.record = {{}}"
    with cleared("desk"):
        await fetch(QueryString(f"DELETE FROM {text} WHERE {number} IN ({inner})", given, record_type.key))


async def clear(record: str) -> None:
    """Take a whole record type out of the index, by the name of its table: its records are read through from now on."""
    index, text = (physical(engine(), name) for name in ("search_index", "search_text"))
    number = "rowid" if engine().engine_type == "sqlite" else "id"
    of_type = f"SELECT id * {_ROOM} FROM {index} WHERE record = {{}}"
    with cleared("desk"):
        await fetch(
            QueryString(
                f"DELETE FROM {text} WHERE {number} >= ({of_type}) AND {number} < ({of_type}) + {_ROOM}", record, record
            )
        )
        await fetch(QueryString(f"DELETE FROM {index} WHERE record = {{}}", record))


# ------------------------------------------------------------------ what is looked up


_too_common: dict[tuple[str, str], float] = {}
"""What had more candidates than the index is asked for, and until when that is taken for granted."""


async def which_may_match(
    record_type: RecordType, found: Collection[str], choices: Iterable[tuple[str, str]] = ()
) -> list[int] | None:
    """The ids of records that have all these pairs, or one of these choices (field, key); whoever may see them.

    None where the index doesn't help: nothing to look up, not filled yet, or more than `MOST`.
    """
    if not found:
        return None
    ways = [_marked(record_type, found), *(_marked(record_type, [_chosen(*choice)]) for choice in choices)]
    asked = (record_type.key, json.dumps(ways))
    if _too_common.get(asked, 0) > time.monotonic():
        return None
    with acting_as(system(_WHY, _ONLY)), cleared("desk"):
        [answer] = await fetch(_looked_up(record_type, ways))
    candidates: list[int] = json.loads(answer["ids"])
    if not answer["complete"]:
        return None
    if len(candidates) > MOST:
        if len(_too_common) >= _REMEMBERED:
            _too_common.clear()
        _too_common[asked] = time.monotonic() + _COMMON_FOR
        return None
    return candidates


def _looked_up(record_type: RecordType, ways: Sequence[Sequence[str]]) -> QueryString:
    """In one statement: whether the type is in the index in full, and the candidates, as one value however many."""
    index, text = (physical(engine(), name) for name in ("search_index", "search_text"))
    full = f"SELECT 1 FROM {index} WHERE record = {{}} AND definition = {{}} AND complete = {{}}"
    if engine().engine_type == "sqlite":
        having = QueryString(
            "t.search_text MATCH {}", " OR ".join(f"({' AND '.join(map(_quoted, way))})" for way in ways)
        )
        number, within = "t.rowid", f"t.rowid BETWEEN i.id * {_ROOM} AND i.id * {_ROOM} + {_ROOM - 1}"
    else:
        having = QueryString(" OR ".join(["t.grams @> {}::text[]"] * len(ways)), *map(list, ways))
        number, within = "t.id", f"t.id / {_ROOM} = i.id"  # no range: it would be looked up instead of the pairs
    candidates = (
        f"SELECT {number} - i.id * {_ROOM} AS id FROM {index} i CROSS JOIN {text} t"
        f" WHERE i.record = {{}} AND ({{}}) AND {within} LIMIT {MOST + 1}"
    )
    listed = (
        "json_group_array(id)" if engine().engine_type == "sqlite" else "CAST(coalesce(json_agg(id), '[]') AS TEXT)"
    )
    key = record_type.key
    return QueryString(
        f"SELECT EXISTS ({full}) AS complete, {listed} AS ids FROM ({candidates}) c",
        key,
        definition_of(record_type),
        True,
        key,
        having,
    )


def _quoted(token: str) -> str:
    return f'"{token}"'
