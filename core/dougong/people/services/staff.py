"""Keeping who works here and where."""

from __future__ import annotations

from typing import Any

from dougong.access.principal import acting_as
from dougong.access.services.members import refuse_to_outrank, refuse_without_administrator
from dougong.access.services.principals import on_behalf
from dougong.access.version import rights_changed
from dougong.db import transaction
from dougong.i18n import _
from dougong.people.services.departments import hand_over
from dougong.people.tables import Session, Staff, User
from dougong.records import desk

__all__ = ["add_staff", "deactivate_staff", "move_staff", "reactivate_staff"]


async def add_staff(name: str, department: int, **values: Any) -> Staff:
    """Somebody new, without an account; further fields by their key."""
    return await desk.create(Staff, {"name": name, "department": department, **values}, reason=_("Staff member added"))


async def move_staff(staff: Staff, to: int, *, take_records: bool = True, version: int | None = None) -> Staff:
    """Let somebody work in another department. Their records of their old department follow, unless told to stay."""
    source = staff.department
    async with transaction(_("Staff member moved")):
        moved = await desk.change(staff, {"department": to}, version=version)
        if take_records and source != to:
            await hand_over(source, to, owner=staff.id)
        return moved


async def deactivate_staff(staff: Staff, *, version: int | None = None) -> Staff:
    """Somebody no longer works here: they can't sign in and can't be chosen; what is theirs stays theirs.

    Forbidden for whoever outranks the acting person, Refused for the last administrator.
    """
    async with transaction(_("Staff member left")):
        await rights_changed()
        changed = await desk.change(staff, {"active": False}, version=version)
        with acting_as(on_behalf("sign out somebody who no longer works here")):
            accounts = await User.select(User.id).where(User.staff == staff.id).output(as_list=True)
        for user in accounts:
            await refuse_to_outrank(user)
            with acting_as(on_behalf("sign out somebody who no longer works here")):
                await Session.delete().where(Session.user == user)
                await refuse_without_administrator()
        return changed


async def reactivate_staff(staff: Staff) -> Staff:
    return await desk.change(staff, {"active": True}, reason=_("Staff member is back"))
