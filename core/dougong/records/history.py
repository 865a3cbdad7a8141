"""What happened to a record, for whoever may see it: the change log read back, hidden fields left out."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current, system
from dougong.i18n import Text
from dougong.people.tables import Staff, User
from dougong.records import desk, references
from dougong.records.change_log import ChangeLog
from dougong.records.types import RecordType

__all__ = ["HistoryEntry", "history_of"]

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
    record_type: RecordType, record_id: int, *, limit: int = 50, before_id: int | None = None
) -> Sequence[HistoryEntry]:
    """The newest entries first, at most 200. NotFound when the acting person may not see the record."""
    await desk.get(record_type.table, record_id)
    person = current()
    with acting_as(
        system("read the history of a record its reader may see", narrow=frozenset({"change_log", "staff"}))
    ):
        query = ChangeLog.select(*ChangeLog.all_columns()).where(
            ChangeLog.record_id == record_id, ChangeLog.record == record_type.key
        )
        if before_id is not None:
            query = query.where(ChangeLog.id < before_id)
        rows = await query.order_by(ChangeLog.id, ascending=False).limit(min(limit, MOST_ENTRIES))
    names = await references.titles(Staff, {row["staff"] for row in rows})
    accounts = await _account_names({row["by_user"] for row in rows if row["by_user"] and row["staff"] is None})
    hidden = {k.partition(".")[2] for k in person.hidden if k.startswith(f"{record_type.key}.")}
    return [_entry(row, names, accounts, hidden) for row in rows]


async def _account_names(users: set[int]) -> dict[int, str]:
    """Who wrote without being staff: an administrator's account, by its name."""
    if not users:
        return {}
    with acting_as(system("name the account a change was made with", narrow=frozenset({"people_user"}))):
        rows = await User.select(User.id, User.name).where(User.id.is_in(sorted(users)))
    return {row["id"]: row["name"] for row in rows}


def _entry(
    row: Mapping[str, Any], names: Mapping[int, str], accounts: Mapping[int, str], hidden: set[str]
) -> HistoryEntry:
    before, after = _visible(row["before"], hidden), _visible(row["after"], hidden)
    return HistoryEntry(
        id=row["id"],
        at=row["at"],
        staff=row["staff"],
        who=names.get(row["staff"] or 0, "") or accounts.get(row["by_user"], ""),
        verb=row["verb"],
        reason=Text.load(row["reason"]),
        why=str(after.pop("why", "") or ""),
        door=row["door"],
        batch=row["batch"],
        before=before,
        after=after,
    )


def _visible(stored: str | None, hidden: set[str]) -> dict[str, Any]:
    return {k: v for k, v in json.loads(stored or "{}").items() if k not in hidden}
