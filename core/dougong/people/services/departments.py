"""Keeping the tree of departments. A change of it changes who sees what, from everybody's next request on."""

from __future__ import annotations

import json
from typing import Any

from dougong.access.charter import stored_grant
from dougong.access.conferring import confer, place_people
from dougong.access.policies import guarded_types
from dougong.access.principal import acting_as
from dougong.access.services.principals import on_behalf
from dougong.access.tables import RoleGrant, Share
from dougong.db import transaction
from dougong.i18n import _
from dougong.people.errors import OwnSuperior, StillInUse
from dougong.people.tables import Department, Staff
from dougong.records import desk
from dougong.records.references import tables_made
from dougong.records.tables import Row

__all__ = [
    "add_department",
    "check_reporting_line",
    "check_unused",
    "deactivate_department",
    "hand_over",
    "merge_department",
    "move_department",
    "reactivate_department",
    "rename_department",
]

_WHY = "let what belongs to a department follow when it is merged or its people move"


async def add_department(
    name: str, parent: int | None = None, *, head: int | None = None, code: str = "", **values: Any
) -> Department:
    """A new department, the last of those that report to the same one; further fields by their key."""
    async with transaction(_("Department added")):
        named = {"name": name, "parent": parent, "head": head, "code": code, "place": await _next_place(parent)}
        return await desk.create(Department, {**values, **named})


async def rename_department(department: Department, name: str, *, version: int | None = None) -> Department:
    return await desk.change(department, {"name": name}, version=version, reason=_("Department renamed"))


async def move_department(
    department: Department, parent: int | None, place: int | None = None, *, version: int | None = None
) -> Department:
    """Let a department report to another one, or to nobody; `place` is its order among those that do, by default the last.

    Raises OwnSuperior when it would report to itself.
    """
    async with transaction(_("Department moved")):
        where = await _next_place(parent) if place is None else place
        return await desk.change(department, {"parent": parent, "place": where}, version=version)


async def merge_department(department: Department, into: Department) -> Department:
    """Bring everything of one department into another: its staff, what reports to it, the records of both kinds, and what
    was shared with it or granted on it. The merged one stays, deactivated, as it stands in the history."""
    if department.id == into.id:
        raise OwnSuperior
    async with transaction(_("“%(one)s” merged into “%(other)s”", one=department.name, other=into.name)):
        await place_people(merged=(department.id, into.id))
        if into.parent == department.id:
            into = await desk.change(into, {"parent": department.parent})
        await _follow(department.id, into.id)
        with acting_as(on_behalf(_WHY)):  # those who left, and what is out of use, can't be changed by anybody else
            await _follow(department.id, into.id)
        await hand_over(department.id, into.id)
        await _replace_in_rights(department.id, into.id)
        return await desk.deactivate(department, {"head": None})


async def _follow(merged: int, into: int) -> None:
    """Let those who work in a department, and the departments below it, go over to another one."""
    await desk.update(Department, await _ids(Department, Department.parent == merged), {"parent": into})
    await desk.update(Staff, await _ids(Staff, Staff.department == merged), {"department": into})


async def deactivate_department(department: Department) -> Department:
    """Take a department out of use: it can't be chosen any more and stays where it stands. Refused while it is in use."""
    return await desk.deactivate(department, reason=_("Department deactivated"))


async def reactivate_department(department: Department) -> Department:
    return await desk.reactivate(department, reason=_("Department in use again"))


async def check_unused(department: int) -> None:
    """StillInUse while people work in a department, or departments in use report to it."""
    staff = await Staff.count().where((Staff.department == department) & (Staff.active == True))  # noqa: E712 - a column's comparison
    below = await Department.count().where((Department.parent == department) & (Department.active == True))  # noqa: E712
    if staff or below:
        raise StillInUse(staff=staff, departments=below)


async def hand_over(source: int, target: int, owner: int | None = None) -> None:
    """Let the records of a department, or only those of one owner there, belong to another one.

    As the system on behalf of whoever asked: who keeps the organisation need not see the records that follow it, and
    may not come to see them by it. Records of plugins that are switched off follow as well; a plugin that was never on has none.
    """
    made = await tables_made()
    for record_type in guarded_types():
        if not record_type.owned or record_type.table not in made:
            continue
        table: Any = record_type.table
        theirs = table.department == source
        with acting_as(on_behalf(_WHY)):
            found = await _ids(table, theirs if owner is None else theirs & (table.owner == owner))
        if found:
            await confer(everybody=False, followed=(source, target))
            with acting_as(on_behalf(_WHY)):
                await desk.update(table, found, {"department": target})


async def check_reporting_line(department: int, parent: int | None) -> None:
    """OwnSuperior when the department would report to itself, directly or through others."""
    superior = {row["id"]: row["parent"] for row in await Department.select(Department.id, Department.parent)}
    met: set[int] = set()
    above = parent
    while above is not None and above not in met:
        if above == department:
            raise OwnSuperior
        met.add(above)
        above = superior.get(above)


async def _ids(table: type[Row], which: Any) -> list[int]:
    return await table.select(table.id).where(which).order_by(table.id).output(as_list=True)


async def _next_place(parent: int | None) -> int:
    beside = Department.parent.is_null() if parent is None else Department.parent == parent
    last = await Department.select(Department.place).where(beside).order_by(Department.place, ascending=False).first()
    return last["place"] + 1 if last else 1


async def _replace_in_rights(source: int, target: int) -> None:
    with acting_as(on_behalf(_WHY)):
        await Share.update({Share.department: target}).where(Share.department == source)
        for row in await RoleGrant.select():
            grant = stored_grant(row)
            if source in grant.departments:
                chosen = sorted({target if d == source else d for d in grant.departments})
                await RoleGrant.update({RoleGrant.departments: json.dumps(chosen)}).where(RoleGrant.id == row["id"])
