"""What is on record already, by what it is known by: read once, so that a large file asks the database no question per line.

A record is kept as two numbers: a million of them take about a hundred megabytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dougong.imports.mapping import BY_ID, exact
from dougong.records.types import RecordType

__all__ = ["SEVERAL", "Known", "Ledger", "name_key"]

SEVERAL = -1
"""Instead of an id: more than one record is known by it."""
_ROWS_AT_ONCE = 5000


def name_key(name: str) -> int:
    """What a record is known by that is known by one text alone."""
    return hash((exact(name),))


class Known:
    """The records of one type that the acting person sees, by some of their fields."""

    def __init__(self, record_type: RecordType, keys: Sequence[str]) -> None:
        self.record_type = record_type
        self.keys = tuple(keys)
        self._ids: dict[int, int] = {}

    async def read(self) -> None:
        """As the database has them now."""
        table, columns = self.record_type.table, [self.record_type.fields[k].column for k in self.keys if k != BY_ID]
        last = 0
        while True:
            query = table.select(table.id, *columns).where(table.id > last).order_by(table.id).limit(_ROWS_AT_ONCE)
            rows = await query
            for row in rows:
                self.add(self.key_of(row), row["id"])
            if len(rows) < _ROWS_AT_ONCE:
                return
            last = rows[-1]["id"]

    def key_of(self, values: Mapping[str, Any]) -> int | None:
        """What a record with these stored values is known by; None where nothing stands in any of the fields."""
        parts = [values.get(key) for key in self.keys]
        if all(part in (None, "") for part in parts):
            return None
        return hash(tuple(exact(part) if isinstance(part, str) else part for part in parts))

    def add(self, key: int | None, record_id: int) -> None:
        if key is not None:
            self._ids[key] = record_id if self._ids.get(key, record_id) == record_id else SEVERAL

    def restore(self, key: int, record_id: int | None) -> None:
        """As it was before something came in that went back."""
        if record_id is None:
            self._ids.pop(key, None)
        else:
            self._ids[key] = record_id

    def find(self, key: int | None) -> int | None:
        """The id, SEVERAL, or None."""
        return self._ids.get(key) if key is not None else None


class Ledger:
    """What is known of every type that is asked for, each read when it is needed first."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[str, ...]], Known] = {}
        self._tried: list[tuple[Known, int, int | None]] | None = None

    async def of(self, record_type: RecordType, keys: Sequence[str]) -> Known:
        place = (record_type.key, tuple(keys))
        if place not in self._known:
            known = Known(record_type, keys)
            await known.read()
            self._known[place] = known
        return self._known[place]

    def came_in(self, record_type: RecordType, record_id: int, values: Mapping[str, Any]) -> None:
        """A record was created, or has other values now."""
        for (key, _keys), known in self._known.items():
            if key == record_type.key:
                found = known.key_of({BY_ID: record_id, **values})
                if self._tried is not None and found is not None:
                    self._tried.append((known, found, known.find(found)))
                known.add(found, record_id)

    def trying(self) -> None:
        """From here on, what comes in will go back."""
        self._tried = []

    def went_back(self) -> None:
        for known, key, before in reversed(self._tried or ()):
            known.restore(key, before)
        self._tried = None
