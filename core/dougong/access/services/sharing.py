"""Showing one record to somebody who would not see it otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from piccolo.columns.combination import WhereRaw

from dougong.access.charter import read_charter
from dougong.access.policies import type_named
from dougong.access.principal import acting_as, current
from dougong.access.rights import may_with, need_with, to_hand_on
from dougong.access.services.principals import on_behalf
from dougong.access.tables import Share
from dougong.access.version import rights_changed
from dougong.db import engine, transaction
from dougong.errors import Forbidden, Invalid, NotFound, Problem, Refused
from dougong.i18n import _, date_text, today
from dougong.people.tables import Department, Staff
from dougong.records.change_log import Change, append
from dougong.records.gate import cleared, ids
from dougong.records.tables import Row
from dougong.records.types import RecordType

__all__ = [
    "Shared",
    "Terms",
    "Whom",
    "read_logged",
    "share_record",
    "share_records",
    "shared_on",
    "shares_of",
    "unshare",
    "unshare_records",
]

_WHY = "keep who a record is shared with"
_VERB = "share"
_ROWS_AT_ONCE = 500


@dataclass(frozen=True)
class Shared:
    """One record is shown to one person or one department, up to and including `until`."""

    id: int
    staff: int | None
    department: int | None
    level: str
    until: dt.date | None
    created: dt.datetime


async def share_record(
    record_type: RecordType | str,
    record_id: int,
    *,
    staff: int | None = None,
    department: int | None = None,
    level: str = "read",
    until: dt.date | None = None,
) -> int:
    """Show a record to a person, or to a department and all below it; the share's id.

    Sharing again with the same one changes the level and the day. Only who may edit a record can share it, and who may
    because it is shared with them, no longer than it is. What the other one's roles say about shared records decides what
    they can do with it. Level "own" makes a person its owner beside the first one: what they may do with their own, they
    may do with it; only who may edit it without a share can say so.
    """
    shared = type_named(record_type) if isinstance(record_type, str) else record_type
    with_whom, terms = Whom(staff, department), Terms(level, until)
    await _check(shared, with_whom, terms)
    await _may_share(shared, record_id)
    if problem := (await share_records(shared, [record_id], with_whom, terms)).get(record_id):
        raise Forbidden(problem.message) if problem.field == "level" else Invalid(problem)
    return (await _known(shared.key, [record_id], with_whom))[record_id].id


@dataclass(frozen=True)
class Whom:
    """With whom a record is shared: a person, or a department and all below it."""

    staff: int | None
    department: int | None


@dataclass(frozen=True)
class Terms:
    """What for, and up to and including which day."""

    level: str
    until: dt.date | None


async def share_records(
    record_type: RecordType, record_ids: Collection[int], whom: Whom, terms: Terms
) -> dict[int, Problem]:
    """Share records that the acting person may edit with the same one. Answers what can't be, each with the reason; what is
    so already stays as it is. A few queries, however many."""
    await _check(record_type, whom, terms)
    known = await _known(record_type.key, record_ids, whom)
    owning = {i for i in record_ids if "own" in (terms.level, known[i].terms.level if i in known else "")}
    problems = dict.fromkeys(await _not_to_hand_on(record_type, owning), _NOT_THEIRS)
    problems |= await _longer_than_held(record_type, set(record_ids) - problems.keys(), terms.until)
    wanted = {i: terms for i in record_ids if i not in problems}
    await _write(record_type, whom, known, wanted)
    return problems


async def unshare_records(record_type: RecordType, record_ids: Collection[int], whom: Whom) -> dict[int, Problem]:
    """The way back: share these records, which the acting person may edit, no more with this one."""
    known = await _known(record_type.key, record_ids, whom)
    owning = {i for i, share in known.items() if share.terms.level == "own"}
    problems = dict.fromkeys(await _not_to_hand_on(record_type, owning), _NOT_THEIRS)
    await _write(record_type, whom, known, {i: None for i in known if i not in problems})
    return problems


async def unshare(share_id: int) -> None:
    """End a share. NotFound where there is none or its record can't be seen."""
    columns = (Share.record, Share.record_id, Share.staff, Share.department)
    with acting_as(on_behalf(_WHY)):
        row = await Share.select(*columns).where(Share.id == share_id).first()
    if row is None:
        raise NotFound
    record_type, record_id = type_named(row["record"]), row["record_id"]
    await _may_share(record_type, record_id)
    whom = Whom(row["staff"], row["department"])
    if problem := (await unshare_records(record_type, [record_id], whom)).get(record_id):
        raise Forbidden(problem.message)


# ------------------------------------------------------------------ what is written


@dataclass(frozen=True)
class _Known:
    id: int
    terms: Terms


async def _known(record: str, record_ids: Collection[int], whom: Whom) -> dict[int, _Known]:
    """The shares there are already with the same one, by record."""
    to_whom = Share.staff == whom.staff if whom.staff is not None else Share.department == whom.department
    mine = WhereRaw('"access_share"."record_id" {}', ids(engine(), set(record_ids)))
    columns = (Share.id, Share.record_id, Share.level, Share.until)
    with acting_as(on_behalf(_WHY)):
        rows = await Share.select(*columns).where((Share.record == record) & to_whom & mine).order_by(Share.id)
    return {row["record_id"]: _Known(row["id"], Terms(row["level"], row["until"])) for row in rows}


async def shared_on(record_type: RecordType, record_ids: Collection[int], whom: Whom) -> dict[int, Terms]:
    """On which terms records are shared with somebody; those that aren't are left out. For the house."""
    return {i: share.terms for i, share in (await _known(record_type.key, record_ids, whom)).items()}


async def _write(
    record_type: RecordType, whom: Whom, known: Mapping[int, _Known], wanted: Mapping[int, Terms | None]
) -> None:
    """Bring shares to the wanted terms (None: no share), and note in each record's history what became of it."""
    was = {i: known[i].terms if i in known else None for i in wanted}
    changes = {i: terms for i, terms in wanted.items() if terms != was[i]}
    if not changes:
        return
    ending = all(terms is None for terms in changes.values())
    async with transaction(_("Record no longer shared") if ending else _("Record shared")):
        await rights_changed()
        with acting_as(on_behalf(_WHY)):
            for terms in set(changes.values()):
                await _bring_to(record_type.key, whom, terms, [i for i in changes if changes[i] == terms], known)
        with cleared("desk"):
            entries = [Change(i, _VERB, _logged(whom, was[i]), _logged(whom, now)) for i, now in changes.items()]
            await append(record_type.key, entries)


async def _bring_to(
    record: str, whom: Whom, terms: Terms | None, record_ids: Sequence[int], known: Mapping[int, _Known]
) -> None:
    there = WhereRaw('"access_share"."id" {}', ids(engine(), {known[i].id for i in record_ids if i in known}))
    if terms is None:
        await Share.delete().where(there)
        return
    await Share.update({Share.level: terms.level, Share.until: terms.until}).where(there)
    by = current().user or None
    new = [
        Share(
            record=record,
            record_id=i,
            staff=whom.staff,
            department=whom.department,
            level=terms.level,
            until=terms.until,
            by=by,
        )
        for i in record_ids
        if i not in known
    ]
    for start in range(0, len(new), _ROWS_AT_ONCE):
        await Share.insert(*new[start : start + _ROWS_AT_ONCE])


def _logged(whom: Whom, terms: Terms | None) -> dict[str, Any]:
    """What a history keeps of it: with whom always, the terms while there are some."""
    return {"share": {**asdict(whom), **(asdict(terms) if terms is not None else {"level": None, "until": None})}}


def read_logged(side: Mapping[str, Any]) -> tuple[Whom, Terms | None]:
    """The same, read back."""
    said = side["share"]
    until = dt.date.fromisoformat(said["until"]) if said["until"] else None
    return Whom(said["staff"], said["department"]), Terms(said["level"], until) if said["level"] else None


async def shares_of(record_type: RecordType, record: Row | int) -> list[Shared]:
    """Who a record is shared with, those whose day has passed left out. For whoever sees the record, as one does who has it."""
    record_id = record if isinstance(record, int) else int(record.id)
    if isinstance(record, int) and not await may_with(record_type, "read", record_id):
        raise NotFound
    of_record = (Share.record == record_type.key) & (Share.record_id == record_id)
    counting = Share.until.is_null() | (Share.until >= today())
    columns = (Share.id, Share.staff, Share.department, Share.level, Share.until, Share.created)
    with acting_as(on_behalf(_WHY)):
        rows = await Share.select(*columns).where(of_record & counting).order_by(Share.id)
    return [Shared(**row) for row in rows]


async def _check(record_type: RecordType, whom: Whom, terms: Terms) -> None:
    if not record_type.scope.has("role"):
        raise Refused(_("%(records)s can't be shared one by one.", records=record_type.plural))
    staff, level, until = whom.staff, terms.level, terms.until
    if (staff is None) == (whom.department is None):
        raise Invalid(Problem("staff", _("Share with a person or with a department."), staff, "required"))
    if level not in ("read", "edit", "own"):
        raise Invalid(Problem("level", _("Choose “read”, “edit” or “own”."), level, "choice"))
    if level == "own" and staff is None:
        raise Invalid(Problem("level", _("A department can't be a co-owner; choose a person."), level, "choice"))
    if until is not None and until < today():
        raise Invalid(Problem("until", _("This day has passed."), until, "range"))
    table, wanted, field = (Staff, staff, "staff") if staff is not None else (Department, whom.department, "department")
    if not await table.exists().where((table.id == wanted) & (table.active == True)):  # noqa: E712 - a column's comparison
        raise Invalid(Problem(field, _("There is nobody like that to share with."), wanted, "reference"))


async def _may_share(record_type: RecordType, record_id: int) -> None:
    if not await may_with(record_type, "read", record_id):
        raise NotFound
    await need_with(record_type, "edit", record_id)


_NOT_THEIRS = Problem("level", _("It is only shared with you: who owns it is not yours to decide."), None, "not_yours")


async def _not_to_hand_on(record_type: RecordType, record_ids: Collection[int]) -> Collection[int]:
    """Of which of these records the acting person doesn't say who owns them."""
    return set(record_ids) - await to_hand_on(record_type, record_ids)


async def _longer_than_held(
    record_type: RecordType, record_ids: Collection[int], until: dt.date | None
) -> dict[int, Problem]:
    """What somebody would hand on, or to themselves, for longer than it is shared with them."""
    only_shared = await _not_to_hand_on(record_type, record_ids)
    if not only_shared:
        return {}
    found = {}
    for record_id, last in (await _last_days(record_type.key, only_shared)).items():
        if last is not None and (until is None or until > last):
            message = _("It is shared with you until %(day)s, and can't be shared for longer.", day=date_text(last))
            found[record_id] = Problem("until", message, until, "range")
    return found


async def _last_days(record: str, record_ids: Collection[int]) -> dict[int, dt.date | None]:
    """Until when records are shared with the acting person for editing; None for good."""
    who = current()
    mine = WhereRaw('"access_share"."record_id" {}', ids(engine(), record_ids))
    of_records = (Share.record == record) & mine & Share.level.is_in(["edit", "own"])
    with acting_as(on_behalf(_WHY)):
        to_them: Any = Share.staff == who.staff
        if above := (await read_charter()).above(who.departments):
            to_them = to_them | Share.department.is_in(list(above))
        rows = await Share.select(Share.record_id, Share.until).where(of_records & to_them)
    days: dict[int, list[dt.date | None]] = {}
    for row in rows:
        days.setdefault(row["record_id"], []).append(row["until"])
    return {i: None if None in ends else max(end for end in ends if end) for i, ends in days.items()}
