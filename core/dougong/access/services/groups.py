"""Groups: people with the same rights are put together once, instead of being given each role one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.charter import ADMIN
from dougong.access.conferring import confer
from dougong.access.principal import acting_as, current
from dougong.access.rights import may_do, need
from dougong.access.services.members import refuse_to_outrank
from dougong.access.services.principals import on_behalf
from dougong.access.services.roles import short_description
from dougong.access.tables import Group, GroupMember, GroupRole, Role
from dougong.db import transaction
from dougong.errors import Forbidden, Invalid, NotFound, Problem, Refused
from dougong.i18n import _
from dougong.people.tables import User

__all__ = [
    "GroupLine",
    "create_group",
    "group",
    "groups",
    "groups_of",
    "join_groups",
    "remove_group",
    "rename_group",
    "set_group_members",
    "set_group_roles",
]

MANAGE = "roles.manage"
_WHY = "keep groups and who is in them"


@dataclass(frozen=True)
class GroupLine:
    """A group: the roles it has and the accounts in it, by their ids."""

    id: int
    name: str
    description: str
    roles: Sequence[int] = ()
    members: Sequence[int] = ()


async def groups() -> list[GroupLine]:
    """Every group, by name. Three queries."""
    return await _lines(None)


async def group(group_id: int) -> GroupLine:
    """One group; NotFound when there is none of this id."""
    for line in await _lines(group_id):
        return line
    raise NotFound


async def _lines(group_id: int | None) -> list[GroupLine]:
    """One group, or all of them."""
    need(MANAGE)
    found = Group.select().order_by(Group.name)
    with acting_as(on_behalf(_WHY)):
        roles = await _gathered(GroupRole, GroupRole.role, group_id)
        members = await _gathered(GroupMember, GroupMember.user, group_id)
        rows = await (found if group_id is None else found.where(Group.id == group_id))
    return [
        GroupLine(r["id"], r["name"], r["description"], roles.get(r["id"], ()), members.get(r["id"], ())) for r in rows
    ]


async def groups_of(user_id: int) -> list[GroupLine]:
    """The groups an account is in, with their roles; for its own person and whoever keeps accounts or roles."""
    if not (may_do(current(), MANAGE) or may_do(current(), "organisation.manage") or current().user == user_id):
        raise Forbidden
    mine = GroupMember.select(GroupMember.group).where(GroupMember.user == user_id).output(as_list=True)
    with acting_as(on_behalf(_WHY)):
        joined = await mine
        roles = await _gathered(GroupRole, GroupRole.role)
        rows = await Group.select().where(Group.id.is_in(joined)).order_by(Group.name) if joined else []
    return [GroupLine(r["id"], r["name"], r["description"], roles.get(r["id"], ())) for r in rows]


async def create_group(name: str, description: str = "") -> int:
    """A new group with nobody in it; its id."""
    need(MANAGE)
    async with transaction(_("Group added")):
        with acting_as(on_behalf(_WHY)):
            [made] = await Group.insert(Group(name=await _free_name(name), description=short_description(description)))
    return int(made["id"])


async def rename_group(group_id: int, name: str, description: str | None = None) -> None:
    """Give a group other words; None leaves the description as it is."""
    known = await group(group_id)
    values: dict[Any, Any] = {} if name.strip() == known.name else {Group.name: await _free_name(name)}
    if description is not None:
        values[Group.description] = short_description(description)
    if values:
        async with transaction(_("Group renamed")):
            with acting_as(on_behalf(_WHY)):
                await Group.update(values).where(Group.id == group_id)


async def remove_group(group_id: int) -> None:
    """Delete a group: those in it lose its roles from their next request on."""
    await group(group_id)
    async with transaction(_("Group deleted")):
        await confer()
        with acting_as(on_behalf(_WHY)):
            for table in (GroupMember, GroupRole):
                await table.delete().where(table.group == group_id)
            await Group.delete().where(Group.id == group_id)


async def set_group_roles(group_id: int, role_ids: Iterable[int]) -> None:
    """Let a group have exactly these roles. Forbidden where somebody in it would gain more than the acting person holds,
    Refused for the administrator's role, which is given to accounts one by one."""
    need(MANAGE)
    wanted = set(role_ids)
    async with transaction(_("Roles of a group changed")):
        await confer()  # first: it makes whoever else changes the group wait
        await confer(roles=wanted - set((await group(group_id)).roles))
        with acting_as(on_behalf(_WHY)):
            keys = {row["id"]: row["key"] for row in await Role.select(Role.id, Role.key)}
            if not wanted <= set(keys):
                raise NotFound
            if any(keys[role] == ADMIN for role in wanted):
                raise Refused(_("The administrator's role is given to accounts one by one, not to a group."))
            await GroupRole.delete().where(GroupRole.group == group_id)
            if wanted:
                await GroupRole.insert(*(GroupRole(group=group_id, role=role) for role in sorted(wanted)))


async def set_group_members(group_id: int, user_ids: Iterable[int]) -> None:
    """Let exactly these accounts be in a group. Forbidden where one of them would gain more than the acting person holds,
    or one who leaves or joins outranks them."""
    need(MANAGE)
    wanted = set(user_ids)
    async with transaction(_("Members of a group changed")):
        await confer()
        before = set((await group(group_id)).members)
        await refuse_to_outrank(*(before ^ wanted))
        with acting_as(on_behalf(_WHY)):
            if wanted and await User.count().where(User.id.is_in(sorted(wanted))) != len(wanted):
                raise NotFound
            if before - wanted:
                of_group = GroupMember.group == group_id
                await GroupMember.delete().where(of_group & GroupMember.user.is_in(sorted(before - wanted)))
            if wanted - before:
                await GroupMember.insert(*(GroupMember(group=group_id, user=user) for user in sorted(wanted - before)))


async def join_groups(user_id: int, group_ids: Iterable[int]) -> None:
    """Let an account be in exactly these groups; see `set_group_members`."""
    need(MANAGE)
    wanted = set(group_ids)
    async with transaction(_("Groups of an account changed")):
        await confer()
        for line in await groups():
            if (line.id in wanted) != (user_id in line.members):
                await set_group_members(line.id, set(line.members) ^ {user_id})
            wanted.discard(line.id)
        if wanted:
            raise NotFound


async def _gathered(table: Any, what: Any, group_id: int | None = None) -> dict[int, list[int]]:
    """group → what stands beside it; of one group, or of all."""
    found: dict[int, list[int]] = {}
    rows = table.select(table.group, what).order_by(table.id)
    for row in await (rows if group_id is None else rows.where(table.group == group_id)):
        found.setdefault(row["group"], []).append(row[what._meta.name])
    return found


async def _free_name(name: str) -> str:
    wanted = name.strip()
    if not 0 < len(wanted) <= 100:
        raise Invalid(Problem("name", _("A group needs a name of at most 100 characters."), name, "length"))
    with acting_as(on_behalf(_WHY)):
        if await Group.exists().where(Group.name == wanted):
            raise Invalid(Problem("name", _("Another group has this name."), name, "unique"))
    return wanted
