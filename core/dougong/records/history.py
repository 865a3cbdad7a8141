"""What happened to a record, for whoever may see it: the change log read back, hidden fields left out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current, system
from dougong.i18n import Text
from dougong.records import desk
from dougong.records.batches import Author, names_of
from dougong.records.change_log import ChangeLog, KindChanged, from_json
from dougong.records.fields import Field
from dougong.records.tables import Row
from dougong.records.types import RecordType

__all__ = ["HistoryEntry", "KindChanged", "as_stored", "history_of"]

MOST_ENTRIES = 200


@dataclass(frozen=True)
class HistoryEntry:
    """One write: `who` is a name ("" for the system), `reason` and `why` are words for people, `before` and `after` hold
    the changed fields as JSON values by key."""

    id: int
    at: dt.datetime
    staff: int | None
    who: str
    verb: str
    reason: Text | str
    why: str
    door: str
    batch: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


async def history_of(
    record_type: RecordType, record: Row | int, *, limit: int = 50, before_id: int | None = None
) -> Sequence[HistoryEntry]:
    """The newest entries first, at most 200. NotFound when the acting person may not see the record.

    A record already read is taken as seen. A change of nothing but fields hidden from the person is no entry of theirs.
    What is hidden in some states of a record is left out: an entry may have been written in one of them.
    """
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
    rows = rows[:limit]
    names = await names_of({(row["by_user"], row["staff"]) for row in rows})
    return [_entry(row, names, _shown(record_type, hidden)) for row in rows]


def _shown(record_type: RecordType, hidden: set[str]) -> set[str]:
    """What of an entry is told: the log of a removal holds fields that are switched off, too."""
    return {*record_type.fields, "why"} - hidden - {"version"}


async def _logged(record_type: RecordType, record_id: int, limit: int, before_id: int | None) -> list[dict[str, Any]]:
    query = ChangeLog.select(*ChangeLog.all_columns()).where(
        ChangeLog.record_id == record_id, ChangeLog.record == record_type.key
    )
    if before_id is not None:
        query = query.where(ChangeLog.id < before_id)
    with acting_as(
        system("read the history of a record its reader may see", narrow=frozenset({"change_log", "staff"}))
    ):
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


def _entry(row: Mapping[str, Any], names: Mapping[Author, str], shown: set[str]) -> HistoryEntry:
    before, after = _visible(row["before"], shown), _visible(row["after"], shown)
    return HistoryEntry(
        id=row["id"],
        at=row["at"],
        staff=row["staff"],
        who=names[row["by_user"], row["staff"]],
        verb=row["verb"],
        reason=Text.load(row["reason"]),
        why=str(after.pop("why", "") or ""),
        door=row["door"],
        batch=row["batch"],
        before=before,
        after=after,
    )


def _visible(stored: str | None, shown: set[str]) -> dict[str, Any]:
    return {k: v for k, v in json.loads(stored or "{}").items() if k in shown}
