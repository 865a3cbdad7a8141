"""The principal of an account: everything its person may see and do, worked out once per version of rights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from dougong.access.charter import Charter, read_charter
from dougong.access.principal import Principal, SharedIds, acting_as, current, system
from dougong.access.standing import principal_at, read_places
from dougong.access.tables import Share
from dougong.access.version import Versions, versions
from dougong.db import current_transaction
from dougong.db.registry import generation
from dougong.errors import Forbidden
from dougong.i18n import today

__all__ = ["on_behalf", "principal_of"]

_KEPT = 10_000
_LEVELS = ("read", "edit", "own")

_charter: tuple[Any, Charter] | None = None
_principals: dict[int, Principal] = {}


async def principal_of(user_id: int, at: Versions | None = None) -> Principal:
    """Who acts when this account acts. Forbidden when the account is closed or its person no longer works here.

    Kept in this process until rights, plugins or the day change; `at` saves reading the versions again.
    """
    now = at or await versions()
    version = (user_id, now.access, now.epoch, today(), generation())
    known = _principals.get(user_id)
    if known is not None and known.version == version:
        return known
    made = await _work_out(user_id, version, await _charter_at(now))
    if current_transaction() is not None:
        return made  # of rights that may yet be rolled back, and whose number would then be given again
    if len(_principals) >= _KEPT:
        _principals.clear()
    _principals[user_id] = made
    return made


def on_behalf(reason: str, narrow: frozenset[str] | None = None) -> Principal:
    """The system, doing what the acting person asked for: the change log names the person."""
    asking = current()
    return replace(system(reason, narrow), user=asking.user, staff=asking.staff, name=asking.name)


async def _charter_at(now: Versions) -> Charter:
    global _charter
    stamp = (now, generation())
    if _charter is not None and _charter[0] == stamp:
        return _charter[1]
    made = await read_charter()
    if current_transaction() is None:
        _charter = (stamp, made)
    return made


async def _work_out(user_id: int, version: tuple[Any, ...], charter: Charter) -> Principal:
    with acting_as(system("work out what a person may do")):
        place = (await read_places(user_id)).get(user_id)
        if place is None or not place.open:
            raise Forbidden
        shared = await _shared(place.staff, charter.above(place.departments(charter)))
    return principal_at(place, charter, shared, version)


async def _shared(staff: int | None, departments: Sequence[int]) -> dict[str, SharedIds]:
    """Record type → ids shown to this person or to a department they are in."""
    if staff is None:
        return {}
    to_them: Any = Share.staff == staff
    if departments:
        to_them = to_them | Share.department.is_in(list(departments))
    counting = Share.until.is_null() | (Share.until >= today())
    found: dict[str, tuple[set[int], ...]] = {}
    for row in await Share.select(Share.record, Share.record_id, Share.level).where(to_them & counting):
        by_level = found.setdefault(row["record"], (set(), set(), set()))
        for reached in by_level[: _LEVELS.index(row["level"]) + 1]:
            reached.add(row["record_id"])
    return {record: SharedIds(*(tuple(sorted(ids)) for ids in by_level)) for record, by_level in found.items()}
