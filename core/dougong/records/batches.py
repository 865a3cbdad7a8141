"""What one batch did, read back from the change log: to each record in all, by whom, and what became of it since."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, system
from dougong.db import engine, fetch
from dougong.i18n import Text
from dougong.people.tables import Staff, User
from dougong.records import references
from dougong.records.gate import cleared, ids, physical

__all__ = [
    "Author",
    "Batch",
    "Beside",
    "Done",
    "Since",
    "Summary",
    "entries_of",
    "names_of",
    "read_batch",
    "read_piece",
    "read_small",
    "recent_of",
    "since",
]

_COLUMNS = "id, batch, by_user, staff, reason, record, record_id, verb, before, after"
_VERBS = frozenset({"create", "update", "remove"})
_BESIDE = frozenset({"attach", "detach", "share"})
Author = tuple[int, int | None]
"""An account and the member of staff behind it; account 0 is the system."""


@dataclass(frozen=True)
class Beside:
    """What was done to something kept beside a record: verb "attach", "detach" or "share", as the log has it."""

    verb: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass
class Done:
    """What a batch did to one record in all. `before` None: it made it; `after` None: it removed it.

    `steps` are the changes of state on the way, `beside` what was done to things kept beside it (files, shares), each in
    its order, `last` the number of its last entry.
    """

    record: str
    record_id: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    steps: list[tuple[str, str]] = field(default_factory=list)
    beside: list[Beside] = field(default_factory=list)
    last: int = 0


@dataclass(frozen=True)
class Batch:
    """`changes` in the order they began; `authors` are whose doing it was."""

    batch: str
    reason: Text | str
    authors: frozenset[Author]
    changes: Sequence[Done]

    def is_by(self, user: int) -> bool:
        """Whether the account did this alone; what the system did on the way is part of it."""
        return user != 0 and {user} == {account for account, _staff in self.authors} - {0}


async def read_batch(batch: str) -> Batch | None:
    """None where there is no such batch. Inside a transaction: nobody else reads it before that ends."""
    lock = " FOR UPDATE" if engine().engine_type == "postgres" else ""
    sql = f"SELECT {_COLUMNS} FROM {physical(engine(), 'change_log')} WHERE batch = {{}} ORDER BY id{lock}"
    with cleared("desk"):
        rows = await fetch(QueryString(sql, batch))
    return _batch(rows) if rows else None


async def read_piece(batch: str, *, below: int | None, size: int) -> tuple[Batch | None, int | None]:
    """All that a batch did to the records it touched last, and below which entry the next are found; None at its end.

    A record comes once: with those its last entry lies among.
    """
    log = physical(engine(), "change_log")
    older = QueryString("AND id < {}", below) if below is not None else QueryString("")
    with cleared("desk"):
        found = await fetch(
            QueryString(
                f"SELECT id, record, record_id FROM {log} WHERE batch = {{}} {{}} ORDER BY id DESC LIMIT {int(size)}",
                batch,
                older,
            )
        )
        if not found:
            return None, None
        rows = [row for record, numbers in _by_record(found).items() for row in await _entries(batch, record, numbers)]
    last = {(row["record"], row["record_id"]): row["id"] for row in rows}
    here = [row for row in rows if below is None or last[row["record"], row["record_id"]] < below]
    return (_batch(here) if here else None), (found[-1]["id"] if len(found) == size else None)


def _by_record(rows: Iterable[Mapping[str, Any]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for row in rows:
        found.setdefault(row["record"], set()).add(row["record_id"])
    return found


async def _entries(batch: str, record: str, numbers: Collection[int]) -> list[dict[str, Any]]:
    sql = (
        f"SELECT {_COLUMNS} FROM {physical(engine(), 'change_log')}"
        " WHERE batch = {} AND record = {} AND record_id {} ORDER BY id"
    )
    return await fetch(QueryString(sql, batch, record, ids(engine(), numbers)))


async def entries_of(batch: str, most: int) -> int:
    """How many entries a batch has, counted to `most`."""
    sql = f"SELECT count(*) AS n FROM (SELECT 1 FROM {physical(engine(), 'change_log')} WHERE batch = {{}} LIMIT {int(most)}) f"
    with cleared("desk"):
        [row] = await fetch(QueryString(sql, batch))
    return int(row["n"])


async def read_small(batches: Collection[str], *, most: int) -> list[Batch]:
    """Those of these batches that have no more entries than this. One query."""
    if not batches:
        return []
    log, listed = physical(engine(), "change_log"), ", ".join("{}" for _batch in batches)
    small = f"SELECT batch FROM {log} WHERE batch IN ({listed}) GROUP BY batch HAVING count(*) <= {{}}"
    sql = f"SELECT {_COLUMNS} FROM {log} WHERE batch IN ({small}) ORDER BY id"
    found: dict[str, list[dict[str, Any]]] = {}
    with cleared("desk"):
        for row in await fetch(QueryString(sql, *batches, most)):
            found.setdefault(row["batch"], []).append(row)
    return [_batch(rows) for rows in found.values()]


def _batch(rows: Sequence[Mapping[str, Any]]) -> Batch:
    authors = frozenset((row["by_user"], row["staff"]) for row in rows)
    return Batch(rows[0]["batch"], Text.load(rows[0]["reason"]), authors, _in_all(rows))


def _in_all(rows: Iterable[Mapping[str, Any]]) -> list[Done]:
    found: dict[tuple[str, int], Done] = {}
    for row in rows:
        key = (row["record"], row["record_id"])
        before, after = (None if row[side] is None else json.loads(row[side]) for side in ("before", "after"))
        if row["verb"] in _BESIDE:
            done = found.setdefault(key, Done(*key, before={}, after={}))
            done.beside.append(Beside(row["verb"], before or {}, after or {}))
            done.last = row["id"]
            continue
        if row["verb"] not in _VERBS:
            continue
        if key not in found:
            found[key] = Done(*key, before=None if before is None else {}, after={})
        _take(found[key], before, after)
        found[key].last = row["id"]
    return [done for done in found.values() if not (done.before is None and done.after is None)]


def _take(done: Done, before: dict[str, Any] | None, after: dict[str, Any] | None) -> None:
    """Add what one entry says. What a record was before is told by the first that speaks of it, what it became by the last."""
    if before is not None and done.before is not None and done.after is not None:
        done.before = {**before, **done.before}
    if after is None:
        done.after = None
        return
    after.pop("why", None)
    if before is not None and "state" in before and "state" in after:
        done.steps.append((before["state"], after["state"]))
    done.after = {**(done.after or {}), **after}


@dataclass(frozen=True)
class Summary:
    """A batch in one line. `verbs` counts the entries by record type and verb; `single` is the one record it was about."""

    batch: str
    at: dt.datetime
    reason: Text | str
    verbs: Mapping[tuple[str, str], int]
    single: tuple[str, int] | None
    title: Mapping[str, Any]
    last: int


_ENTRIES_AT_ONCE = 1000
_MOST_STEPS = 10


async def recent_of(user: int, *, before: int | None = None, limit: int = 20) -> tuple[list[Summary], int | None]:
    """What an account did last, newest first, and where to go on. However many rows a batch has, it is one line."""
    found: dict[str, list[dict[str, Any]]] = {}
    for _step in range(_MOST_STEPS):
        rows = await _entries_of(user, before)
        for row in rows:
            found.setdefault(row["batch"], []).append(row)
        if len(rows) < _ENTRIES_AT_ONCE:
            before = None
            break
        before = await _first_of(rows[-1]["batch"])
        if len(found) > limit:
            break
    shown = list(found)[:limit]
    if len(found) > limit:
        before = found[shown[-1]][-1]["id"]
    whole = await _counts(shown)
    return [_summary(batch, found[batch], whole[batch]) for batch in shown], before


async def _entries_of(user: int, before: int | None) -> list[dict[str, Any]]:
    older = QueryString("AND id < {}", before) if before is not None else QueryString("")
    sql = (
        f"SELECT id, at, reason, batch, record, record_id, verb, before FROM {physical(engine(), 'change_log')}"
        f" WHERE by_user = {{}} {{}} ORDER BY id DESC LIMIT {_ENTRIES_AT_ONCE}"
    )
    with cleared("desk"):
        return await fetch(QueryString(sql, user, older))


async def _first_of(batch: str) -> int:
    sql = f"SELECT min(id) AS first FROM {physical(engine(), 'change_log')} WHERE batch = {{}}"
    with cleared("desk"):
        [row] = await fetch(QueryString(sql, batch))
    return int(row["first"])


async def _counts(batches: Sequence[str]) -> dict[str, dict[tuple[str, str], int]]:
    found: dict[str, dict[tuple[str, str], int]] = {batch: {} for batch in batches}
    if batches:
        listed = ", ".join("{}" for _batch in batches)
        sql = (
            f"SELECT batch, record, verb, count(DISTINCT record_id) AS n FROM {physical(engine(), 'change_log')}"
            f" WHERE batch IN ({listed}) GROUP BY batch, record, verb"
        )
        with cleared("desk"):
            for row in await fetch(QueryString(sql, *batches)):
                found[row["batch"]][row["record"], row["verb"]] = row["n"]
    return found


def _summary(batch: str, rows: Sequence[Mapping[str, Any]], verbs: Mapping[tuple[str, str], int]) -> Summary:
    first = rows[-1]
    only = {(row["record"], row["record_id"]) for row in rows}
    single = only.pop() if len(only) == 1 and sum(verbs.values()) == len(rows) else None
    removed = next((row["before"] for row in rows if row["verb"] == "remove"), None)
    known = json.loads(removed) if removed and single else {}
    return Summary(batch, rows[0]["at"], Text.load(first["reason"]), verbs, single, known, first["id"])


@dataclass(frozen=True)
class Since:
    """What happened to a record after a batch: who wrote each field last, and who removed it."""

    fields: dict[str, Author] = field(default_factory=dict)
    removed: Author | None = None


async def since(record: str, changes: Collection[Done]) -> dict[int, Since]:
    """By record, as far as something did. One query."""
    if not changes:
        return {}
    last = {done.record_id: done.last for done in changes}
    sql = (
        f"SELECT id, record_id, by_user, staff, verb, before, after FROM {physical(engine(), 'change_log')}"
        " WHERE record = {} AND record_id {} AND id > {} ORDER BY id"
    )
    with cleared("desk"):
        rows = await fetch(QueryString(sql, record, ids(engine(), last), min(last.values())))
    found: dict[int, Since] = {}
    for row in rows:
        if row["id"] > last[row["record_id"]]:
            author = (row["by_user"], row["staff"])
            known = found.get(row["record_id"], Since())
            keys = json.loads(row["after"] or row["before"] or "{}").keys() - {"why"}
            found[row["record_id"]] = Since(
                {**known.fields, **dict.fromkeys(keys, author)}, author if row["verb"] == "remove" else None
            )
    return found


async def names_of(authors: Collection[Author]) -> dict[Author, str]:
    """Who they are: members of staff the reader may see, accounts without one by their own name, "" for the system."""
    staff = await references.titles(Staff, {member for _user, member in authors})
    nameless = {user for user, member in authors if user and member is None}
    accounts: dict[int, str] = {}
    if nameless:
        with acting_as(system("name the account a change was made with", narrow=frozenset({"people_user"}))):
            rows = await User.select(User.id, User.name).where(User.id.is_in(sorted(nameless)))
        accounts = {row["id"]: row["name"] for row in rows}
    return {(user, member): staff.get(member or 0, "") or accounts.get(user, "") for user, member in authors}
