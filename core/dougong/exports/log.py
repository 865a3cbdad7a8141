"""Who took what out of the house: an entry for every file that was made, for whoever may look."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current, system
from dougong.access.rights import need
from dougong.db import transaction
from dougong.db.columns import BigInt, BigSerial, Text, Timestamptz, Varchar
from dougong.people.tables import Staff, User
from dougong.plugin.snapshot import current_snapshot
from dougong.records import references
from dougong.records.entry import entry_point
from dougong.records.queries import Query
from dougong.records.tables import Private
from dougong.records.types import RecordType

__all__ = ["MOST", "SEE", "ExportLog", "Made", "exports_made", "remember"]

SEE = "exports.see"
MOST = 200
_WHY = "keep who exported what"
_NARROW = frozenset({"core_export", "people_user", "staff"})  # a column bears the name of the last


class ExportLog(Private, tablename="core_export"):
    """One file. `asked` is the filter as a tree, `columns` a JSON list of field keys; the rest as in a list's address."""

    id = BigSerial(primary_key=True)
    at = Timestamptz(default=None, null=False)
    user = BigInt(default=0, db_column_name="by_user")
    staff = BigInt(null=True, default=None)
    door = Varchar(20)
    record = Varchar(60, index=True)
    format = Varchar(10)
    asked = Text(default="[]")
    q = Varchar(200)
    sort = Varchar(80)
    columns = Text(default="[]")
    rows = BigInt()


@dataclass(frozen=True)
class Made:
    """A file that was made: `who` is a name, `filter` a tree as a list takes it, `columns` are field keys."""

    id: int
    at: dt.datetime
    staff: int | None
    who: str
    door: str
    record_type: RecordType
    format: str
    filter: Any
    q: str
    sort: str
    columns: tuple[str, ...]
    rows: int


async def remember(query: Query, columns: Sequence[str], format: str, rows: int) -> None:
    """Write down that the acting person has this file now."""
    who = current()
    entry = ExportLog(
        at=dt.datetime.now(dt.UTC),
        user=who.user,
        staff=who.staff,
        door=entry_point(),
        record=query.record_type.key,
        format=format,
        asked=json.dumps(query.filter or [], ensure_ascii=False, default=str),
        q=query.q,
        sort=query.sort,
        columns=json.dumps(list(columns)),
        rows=rows,
    )
    async with transaction():
        with acting_as(system(_WHY, _NARROW)):
            await ExportLog.insert(entry)


async def exports_made(*, limit: int = 50, before_id: int | None = None) -> Sequence[Made]:
    """The newest first, at most 200, of records whose module is on. Forbidden without the right to see them."""
    need(SEE)
    known = current_snapshot().records
    query = ExportLog.select().where(ExportLog.record.is_in(list(known)))
    if before_id is not None:
        query = query.where(ExportLog.id < before_id)
    with acting_as(system(_WHY, _NARROW)):
        rows = await query.order_by(ExportLog.id, ascending=False).limit(min(limit, MOST))
        accounts = await _accounts({row["by_user"] for row in rows})
    staff = await references.titles(Staff, {row["staff"] for row in rows})
    return [
        _made(row, known[row["record"]], staff.get(row["staff"]) or accounts.get(row["by_user"], "")) for row in rows
    ]


async def _accounts(users: set[int]) -> Mapping[int, str]:
    if not users:
        return {}
    return {row["id"]: row["name"] for row in await User.select(User.id, User.name).where(User.id.is_in(list(users)))}


def _made(row: Mapping[str, Any], record_type: RecordType, who: str) -> Made:
    return Made(
        id=row["id"],
        at=row["at"],
        staff=row["staff"],
        who=who,
        door=row["door"],
        record_type=record_type,
        format=row["format"],
        filter=json.loads(row["asked"]),
        q=row["q"],
        sort=row["sort"],
        columns=tuple(json.loads(row["columns"])),
        rows=row["rows"],
    )
