"""Two people changed one record: what stood there when one began, what is typed, and what the other made of it.

The past is read back from the change log, as far as whoever asks may see it; nothing of it is taken from the client.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current, system
from dougong.records.change_log import ChangeLog
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.history import HistoryEntry, as_stored, history_of
from dougong.records.kinds import WrongValue
from dougong.records.tables import Row
from dougong.records.types import RecordType
from dougong.records.values import is_empty

__all__ = ["Comparison", "Differing", "compare"]

FURTHEST_BACK = 200
"""So many changes are read back; of an older version it isn't known what stood in it."""
_KEPT_BY_THE_SYSTEM = frozenset({"id", "version", "created", "updated"})


@dataclass(frozen=True)
class Differing:
    """One field that is no longer what it was: `original` and `theirs` are stored values.

    `known` is False where the original can't be told: `original` is None then. `who` changed it last, "" where that is
    the system or unknown.
    """

    field: Field
    original: Any
    theirs: Any
    known: bool = True
    who: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Comparison:
    """`clashes`: both changed it, to different values. `theirs`: they alone did, so that theirs is to stand."""

    clashes: Sequence[Differing]
    theirs: Sequence[Differing]

    @property
    def everything(self) -> Sequence[Differing]:
        return (*self.clashes, *self.theirs)


async def compare(record_type: RecordType, record: Row, version: int, mine: Mapping[str, Any]) -> Comparison:
    """What was sent by somebody who began at `version`, held against the record as it is now, field by field.

    `mine` holds values by field key as `read_values` takes them. A field hidden from the acting person is in neither part.
    """
    past = await _past(record_type, record, version)
    clashes, theirs = [], []
    for key, field in record_type.fields.items():
        if key in _KEPT_BY_THE_SYSTEM or not visible_field(record_type, key, state=record_type.state_of(record)):
            continue
        now = getattr(record, key, None)
        found = past.differing(field, now)
        if found is None or (key in mine and same(field, mine[key], now)):
            continue
        if key in mine and not (found.known and same(field, mine[key], found.original)):
            clashes.append(found)
        elif found.known:
            theirs.append(found)
    return Comparison(clashes, theirs)


def same(field: Field, sent: Any, stored: Any) -> bool:
    """Whether what was sent is what stands there: read as its kind, or the very text a form shows of it."""
    if is_empty(sent):
        return stored is None or stored == field.empty
    if stored is None:
        return False
    if isinstance(sent, str) and _alike(sent, field.type.write(stored, field)):
        return True
    try:
        return _alike(field.type.read(sent, field), stored)
    except WrongValue:
        return False


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return _one_kind_of_line_end(one) == _one_kind_of_line_end(other)
    return bool(one == other)


def _one_kind_of_line_end(text: str) -> str:
    """A browser sends the ends of lines its own way."""
    return text.replace("\r\n", "\n").strip()


# ------------------------------------------------------------------ the past


@dataclass(frozen=True)
class _Past:
    """The changes since a version, newest first. None: not known. Those of `untold` fields are never known."""

    entries: Sequence[HistoryEntry] | None
    untold: frozenset[str]

    def differing(self, field: Field, now: Any) -> Differing | None:
        """How the field differs from what it was; None where it doesn't."""
        if self.entries is None or field.key in self.untold:
            return Differing(field, None, now, known=False)
        touching = [entry for entry in self.entries if field.key in entry.before]
        if not touching:
            return None
        original, last = as_stored(field, touching[-1].before[field.key]), touching[0]
        return None if _alike(original, now) else Differing(field, original, now, True, last.who, last.at)


async def _past(record_type: RecordType, record: Row, version: int) -> _Past:
    prefix = f"{record_type.key}."
    # what is hidden in some states only may have been so then: history leaves it out
    untold = frozenset(k.removeprefix(prefix) for k in current().hidden_but_in if k.startswith(prefix))
    steps = record.version - version
    if steps == 0:
        return _Past((), frozenset())
    oldest = await _first_change(record_type, record, steps) if 0 < steps <= FURTHEST_BACK else None
    if oldest is None:
        return _Past(None, untold)
    entries = await history_of(record_type, record, limit=FURTHEST_BACK)
    if len(entries) == FURTHEST_BACK and entries[-1].id > oldest:
        return _Past(None, untold)
    return _Past([entry for entry in entries if entry.id >= oldest and entry.verb == "update"], untold)


async def _first_change(record_type: RecordType, record: Row, steps: int) -> int | None:
    """The log's entry that made the first of the last so many versions; hidden ones count, so that nothing of an
    earlier one is taken for this. None where the log doesn't reach back so far.

    What hangs on a record (a file) is noted in its history too, and makes no version of it.
    """
    mine = (ChangeLog.record_id == record.id) & (ChangeLog.record == record_type.key) & (ChangeLog.verb == "update")
    columns = {column._meta.name for column in record_type.table._meta.columns}
    with acting_as(system("find where a version of a record began", narrow=frozenset({"change_log"}))):
        query = ChangeLog.select(ChangeLog.id, ChangeLog.before).where(mine).order_by(ChangeLog.id, ascending=False)
        rows = await query.limit(steps + FURTHEST_BACK)
    made = [int(row["id"]) for row in rows if columns & set(json.loads(row["before"] or "{}"))]
    return made[steps - 1] if len(made) >= steps else None
