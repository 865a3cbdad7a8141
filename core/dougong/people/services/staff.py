"""Keeping who works here and where."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dougong.access.principal import acting_as
from dougong.access.services.members import refuse_to_outrank, refuse_without_administrator
from dougong.access.services.principals import on_behalf
from dougong.db import transaction
from dougong.i18n import _
from dougong.people.services.departments import hand_over
from dougong.people.tables import Session, Staff, User
from dougong.records import desk

__all__ = ["add_staff", "deactivate_staff", "move_staff", "reactivate_staff", "sign_out_who_left"]

_WHY = "sign out somebody who no longer works here"


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
    return await desk.deactivate(staff, version=version, reason=_("Staff member left"))


async def reactivate_staff(staff: Staff) -> Staff:
    return await desk.reactivate(staff, reason=_("Staff member is back"))


async def sign_out_who_left(staff: Sequence[int]) -> None:
    """End the sessions of those among these who no longer work here.

    Forbidden where one of them outranks the acting person, Refused where nobody would be left to administer the house.
    """
    account: Any = User.staff
    with acting_as(on_behalf(_WHY)):
        gone = User.staff.is_in(list(staff)) & (account.active == False)  # noqa: E712 - a column's comparison
        accounts = await User.select(User.id).where(gone).output(as_list=True)
    for user in accounts:
        await refuse_to_outrank(user)
        with acting_as(on_behalf(_WHY)):
            await Session.delete().where(Session.user == user)
            await refuse_without_administrator()
