"""Showing one record to somebody who would not see it otherwise."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any

from dougong.access.charter import read_charter
from dougong.access.policies import type_named
from dougong.access.principal import acting_as, current
from dougong.access.rights import may_hand_on, may_with, need_with
from dougong.access.services.principals import on_behalf
from dougong.access.tables import Share
from dougong.access.version import rights_changed
from dougong.db import transaction
from dougong.errors import Forbidden, Invalid, NotFound, Problem, Refused
from dougong.i18n import _, date_text, today
from dougong.people.tables import Department, Staff
from dougong.records.tables import Row
from dougong.records.types import RecordType

__all__ = ["Shared", "share_record", "shares_of", "unshare"]

_WHY = "keep who a record is shared with"


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
    if not shared.scope.has("role"):
        raise Refused(_("%(records)s can't be shared one by one.", records=shared.plural))
    await _check(staff, department, level, until)
    await _may_share(shared, record_id)
    known = await _known(shared.key, record_id, staff, department)
    if "own" in (level, known.get("level")):
        await _may_own(shared, record_id)
    await _no_longer_than_held(shared, record_id, until)
    async with transaction(_("Record shared")):
        await rights_changed()
        with acting_as(on_behalf(_WHY)):
            if known:
                await Share.update({Share.level: level, Share.until: until}).where(Share.id == known["id"])
                return int(known["id"])
            to = Share(record=shared.key, record_id=record_id, staff=staff, department=department)
            to.level, to.until, to.by = level, until, current().user or None
            [made] = await Share.insert(to)
            return int(made["id"])


async def _known(record: str, record_id: int, staff: int | None, department: int | None) -> dict[str, Any]:
    """The share there is already with the same one, if any: its id and level."""
    same = (Share.record == record) & (Share.record_id == record_id)
    to_whom = Share.staff == staff if staff is not None else Share.department == department
    with acting_as(on_behalf(_WHY)):
        return await Share.select(Share.id, Share.level).where(same & to_whom).first() or {}


async def unshare(share_id: int) -> None:
    """End a share. NotFound where there is none or its record can't be seen."""
    with acting_as(on_behalf(_WHY)):
        row = await Share.select(Share.record, Share.record_id, Share.level).where(Share.id == share_id).first()
    if row is None:
        raise NotFound
    record_type = type_named(row["record"])
    await _may_share(record_type, row["record_id"])
    if row["level"] == "own":
        await _may_own(record_type, row["record_id"])
    async with transaction(_("Record no longer shared")):
        await rights_changed()
        with acting_as(on_behalf(_WHY)):
            await Share.delete().where(Share.id == share_id)


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


async def _check(staff: int | None, department: int | None, level: str, until: dt.date | None) -> None:
    if (staff is None) == (department is None):
        raise Invalid(Problem("staff", _("Share with a person or with a department."), staff, "required"))
    if level not in ("read", "edit", "own"):
        raise Invalid(Problem("level", _("Choose “read”, “edit” or “own”."), level, "choice"))
    if level == "own" and staff is None:
        raise Invalid(Problem("level", _("A department can't be a co-owner; choose a person."), level, "choice"))
    if until is not None and until < today():
        raise Invalid(Problem("until", _("This day has passed."), until, "range"))
    table, wanted, field = (Staff, staff, "staff") if staff is not None else (Department, department, "department")
    if not await table.exists().where((table.id == wanted) & (table.active == True)):  # noqa: E712 - a column's comparison
        raise Invalid(Problem(field, _("There is nobody like that to share with."), wanted, "reference"))


async def _may_share(record_type: RecordType, record_id: int) -> None:
    if not await may_with(record_type, "read", record_id):
        raise NotFound
    await need_with(record_type, "edit", record_id)


async def _may_own(record_type: RecordType, record_id: int) -> None:
    if not await may_hand_on(record_type, [record_id]):
        raise Forbidden(_("It is only shared with you: who owns it is not yours to decide."))


async def _no_longer_than_held(record_type: RecordType, record_id: int, until: dt.date | None) -> None:
    """Invalid where somebody would hand on, or to themselves, for longer what is only shared with them until a day."""
    who = current()
    with acting_as(replace(who, shared={}, version=())):
        if await may_with(record_type, "edit", record_id):
            return
    level = Share.level.is_in(["edit", "own"])
    of_record = (Share.record == record_type.key) & (Share.record_id == record_id) & level
    with acting_as(on_behalf(_WHY)):
        to_them: Any = Share.staff == who.staff
        if above := (await read_charter()).above(who.departments):
            to_them = to_them | Share.department.is_in(list(above))
        days = await Share.select(Share.until).where(of_record & to_them).output(as_list=True)
    last = max(days) if days and None not in days else None
    if last is not None and (until is None or until > last):
        message = _("It is shared with you until %(day)s, and can't be shared for longer.", day=date_text(last))
        raise Invalid(Problem("until", message, until, "range"))
