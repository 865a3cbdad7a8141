"""The log that history, undo and "as of" are built on: one entry per record and write, in the write's own transaction."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from piccolo.columns import BigInt, BigSerial, Text, Timestamptz, Varchar
from piccolo.columns.base import Column
from piccolo.querystring import QueryString

from dougong.access.principal import current
from dougong.db import current_transaction, engine, fetch
from dougong.i18n import Text as Words
from dougong.records.entry import entry_point
from dougong.records.gate import physical
from dougong.records.tables import Private

__all__ = ["Change", "ChangeLog", "KindChanged", "append", "as_json", "from_json"]

_ROWS_AT_ONCE = 1000


class ChangeLog(Private, tablename="change_log"):
    """Who changed what, when, why and through which door; `before` and `after` are JSON of the changed fields only."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=None, null=False)
    user = BigInt(default=0, db_column_name="by_user", index=True)
    staff = BigInt(null=True, default=None)
    reason = Text(default="")
    door = Varchar(20, default="")
    batch = Varchar(32, index=True)
    record = Varchar(60)
    record_id = BigInt(index=True)
    verb = Varchar(10)
    before = Text(null=True, default=None)
    after = Text(null=True, default=None)


@dataclass(frozen=True)
class Change:
    """What happened to one record: verb "create", "update" or "remove", and its changed fields before and after.

    `at` is when, None for now.
    """

    record_id: int
    verb: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    at: dt.datetime | None = None


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} can't stand in the change log")


def as_json(values: Mapping[str, Any] | None) -> str | None:
    return (
        None if values is None else json.dumps(dict(values), default=_plain, ensure_ascii=False, separators=(",", ":"))
    )


class KindChanged(ValueError):
    """The column no longer holds such values."""


def from_json(column: Column, value: Any) -> Any:
    """A logged value as the column itself holds it: JSON knows neither days nor moments. KindChanged if it can't."""
    if value is None:
        return None
    wanted = column.value_type
    try:
        read = _FROM_JSON[wanted](value) if wanted in _FROM_JSON else value
    except (TypeError, ValueError, ArithmeticError):
        raise KindChanged(column._meta.name) from None
    if wanted is bool and type(read) is int:  # SQLite has no other yes and no
        return bool(read)
    if type(read) is not wanted or len(str(read)) > (getattr(column, "length", None) or len(str(read))):
        raise KindChanged(column._meta.name)
    return read


_FROM_JSON: Mapping[type[Any], Callable[[Any], Any]] = {
    dt.datetime: dt.datetime.fromisoformat,
    dt.date: dt.date.fromisoformat,
    dt.time: dt.time.fromisoformat,
    Decimal: Decimal,
}


async def append(record: str, changes: Sequence[Change]) -> None:
    """Write the entries of one verb on one record type into the running transaction."""
    running = current_transaction()
    if running is None:
        raise RuntimeError("the change log is written in the transaction of the change")
    who = current()
    reason = running.reason
    words = reason.dump() if isinstance(reason, Words) else (reason or who.system or "")
    now = dt.datetime.now(dt.UTC)
    shared = (who.user, who.staff, words, entry_point(), running.batch, record)
    columns = "at, by_user, staff, reason, door, batch, record, record_id, verb, before, after"
    row = "(" + ", ".join("{}" for _ in range(11)) + ")"
    for start in range(0, len(changes), _ROWS_AT_ONCE):
        part = changes[start : start + _ROWS_AT_ONCE]
        values = [
            v for c in part for v in (c.at or now, *shared, c.record_id, c.verb, as_json(c.before), as_json(c.after))
        ]
        rows = ", ".join([row] * len(part))
        await fetch(QueryString(f"INSERT INTO {physical(engine(), 'change_log')} ({columns}) VALUES {rows}", *values))
