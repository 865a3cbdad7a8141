"""What happened to a record, for whoever may see it: the change log read back, hidden fields left out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, current, system
from dougong.i18n import Text
from dougong.people.tables import Staff
from dougong.records import desk, references
from dougong.records.change_log import ChangeLog, KindChanged, from_json
from dougong.records.fields import Field
from dougong.records.tables import Row
from dougong.records.types import RecordType

__all__ = ["HistoryEntry", "KindChanged", "as_stored", "history_of", "named", "unnamed_history_of"]

MOST_ENTRIES = 200
_NARROW = frozenset({"change_log", "people_user", "staff"})  # a column bears the name of the last


@dataclass(frozen=True)
class HistoryEntry:
    """One write: `who` is a name ("" for the system), `reason` and `why` are words for people, `before` and `after` hold
    the changed fields as JSON values by key. `alone`: its batch touched no other record."""

    id: int
    at: dt.datetime
    account: int
    staff: int | None
    who: str
    verb: str
    reason: Text | str
    why: str
    door: str
    batch: str
    alone: bool
    before: Mapping[str, Any]
    after: Mapping[str, Any]


async def history_of(
    record_type: RecordType, record: Row | int, *, limit: int = 50, before_id: int | None = None
) -> Sequence[HistoryEntry]:
    """The newest entries first, at most 200. NotFound when the acting person may not see the record.

    A record already read is taken as seen. A change of nothing but fields hidden from the person is no entry of theirs.
    What is hidden in some states of a record is left out: an entry may have been written in one of them.
    """
    entries = await unnamed_history_of(record_type, record, limit=limit, before_id=before_id)
    staff = await references.titles(Staff, {entry.staff for entry in entries})
    return [named(entry, staff) for entry in entries]


def named(entry: HistoryEntry, staff: Mapping[int, str]) -> HistoryEntry:
    """The entry with the name of who works here, where the reader may see them."""
    return replace(entry, who=staff.get(entry.staff, "")) if entry.staff is not None else entry


async def unnamed_history_of(
    record_type: RecordType, record: Row | int, *, limit: int = 50, before_id: int | None = None
) -> Sequence[HistoryEntry]:
    """The same with the names of accounts alone, for whoever asks for those of staff together with others."""
    record_id = record if isinstance(record, int) else int(record.id)
    if isinstance(record, int):
        await desk.get(record_type.table, record_id)
    who = current()
    held_back = {*who.hidden, *who.hidden_but_in}
    hidden = {k.partition(".")[2] for k in held_back if k.startswith(f"{record_type.key}.")}
    limit = min(limit, MOST_ENTRIES)
    rows: list[dict[str, Any]] = []
    while len(rows) < limit:
        found = await _logged(record_type, record_id, limit, before_id)
        rows += [row for row in found if _concerns(row, record_type, hidden)]
        if len(found) < limit:
            break
        before_id = found[-1]["id"]
    return [_entry(row, _shown(record_type, hidden)) for row in rows[:limit]]


def _shown(record_type: RecordType, hidden: set[str]) -> set[str]:
    """What of an entry is told: the log of a removal holds fields that are switched off, too."""
    return {*record_type.fields, "why"} - hidden - {"version"}


_ACCOUNT = QueryString(
    '(SELECT "name" FROM "people_user" WHERE "people_user"."id" = "change_log"."by_user")', alias="account"
)

_OTHERS = QueryString(
    '(SELECT "beside"."id" FROM "change_log" "beside" WHERE "beside"."batch" = "change_log"."batch" AND'
    ' ("beside"."record_id" <> "change_log"."record_id" OR "beside"."record" <> "change_log"."record") LIMIT 1)',
    alias="others",
)


async def _logged(record_type: RecordType, record_id: int, limit: int, before_id: int | None) -> list[dict[str, Any]]:
    query = ChangeLog.select(*ChangeLog.all_columns(), _ACCOUNT, _OTHERS).where(
        ChangeLog.record_id == record_id, ChangeLog.record == record_type.key
    )
    if before_id is not None:
        query = query.where(ChangeLog.id < before_id)
    with acting_as(system("read the history of a record its reader may see", narrow=_NARROW)):
        return list(await query.order_by(ChangeLog.id, ascending=False).limit(limit))


def _concerns(row: Mapping[str, Any], record_type: RecordType, hidden: set[str]) -> bool:
    """Whether an entry tells of anything its reader may see. Why it was done belongs to what was done."""
    if row["verb"] != "update":
        return True
    shown = _shown(record_type, hidden) - {"why"}
    return bool({*_visible(row["after"], shown), *_visible(row["before"], shown)})


def as_stored(field: Field, value: Any) -> Any:
    """A value of an entry as the record itself held it. KindChanged where the field is of another kind since."""
    return from_json(field.column, value)


def _entry(row: Mapping[str, Any], shown: set[str]) -> HistoryEntry:
    before, after = _visible(row["before"], shown), _visible(row["after"], shown)
    return HistoryEntry(
        id=row["id"],
        at=row["at"],
        account=row["by_user"],
        staff=row["staff"],
        who=(row["account"] or "") if row["staff"] is None else "",
        verb=row["verb"],
        reason=Text.load(row["reason"]),
        why=str(after.pop("why", "") or ""),
        door=row["door"],
        batch=row["batch"],
        alone=row["others"] is None,
        before=before,
        after=after,
    )


def _visible(stored: str | None, shown: set[str]) -> dict[str, Any]:
    return {k: v for k, v in json.loads(stored or "{}").items() if k in shown}
