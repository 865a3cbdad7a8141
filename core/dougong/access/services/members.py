"""Who has which role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dougong.access.charter import ADMIN
from dougong.access.conferring import outranks
from dougong.access.principal import Principal, acting_as, current
from dougong.access.reach import beyond, reach_of
from dougong.access.rights import may_do, need
from dougong.access.services.principals import on_behalf
from dougong.access.standing import Place, Standing, principal_at, read_places, read_standing
from dougong.access.tables import GroupRole, UserRole
from dougong.errors import Forbidden, Refused
from dougong.i18n import Text, _

__all__ = [
    "Member",
    "accounts",
    "members_of",
    "people_by_role",
    "refuse_to_outrank",
    "refuse_to_stand_in",
    "refuse_without_administrator",
    "roles_by_account",
]

MANAGE = "roles.manage"
_WHY = "show who has which role"


@dataclass(frozen=True)
class Member:
    """An account that has a role: `given` to it, or through the `groups` named. `person` is "" for an account of nobody
    who works here."""

    user: int
    account: str
    staff: int | None
    person: str
    active: bool
    given: bool = True
    groups: Sequence[str] = ()


async def members_of(role_id: int) -> list[Member]:
    """The accounts that have a role, given to them or through a group, by name. Five queries, however many."""
    need(MANAGE)
    of_group: Any = GroupRole.group
    with acting_as(on_behalf(_WHY)):
        rows = await GroupRole.select(GroupRole.group, of_group.name).where(GroupRole.role == role_id)
        places = await read_places()
    through = {row["group"]: row["group.name"] for row in rows}
    having = (p for p in places.values() if role_id in p.roles or p.groups & set(through))
    return _by_name(
        _member(p, given=role_id in p.roles, groups=sorted(through[g] for g in p.groups & set(through))) for p in having
    )


async def accounts() -> list[Member]:
    """Every account, by name."""
    need(MANAGE)
    with acting_as(on_behalf(_WHY)):
        return _by_name(map(_member, (await read_places()).values()))


async def people_by_role() -> dict[int, int]:
    """role → how many accounts have it, given to them or through groups."""
    need(MANAGE)
    with acting_as(on_behalf(_WHY)):
        rows = await GroupRole.select(GroupRole.group, GroupRole.role)
        places = await read_places()
    found: dict[int, int] = {}
    for place in places.values():
        for role in place.roles | {row["role"] for row in rows if row["group"] in place.groups}:
            found[role] = found.get(role, 0) + 1
    return found


def _member(place: Place, *, given: bool = False, groups: Sequence[str] = ()) -> Member:
    return Member(place.user, place.account, place.staff, place.person, place.open, given, groups)


def _by_name(members: Iterable[Member]) -> list[Member]:
    return sorted(members, key=lambda member: member.account)


async def roles_by_account(user_ids: Iterable[int]) -> dict[int, list[Text | str]]:
    """account → the names of the roles it was given. One query, however many accounts."""
    if not (may_do(current(), "organisation.manage") or may_do(current(), "roles.manage")):
        raise Forbidden
    wanted = sorted(set(user_ids))
    found: dict[int, list[Text | str]] = {}
    for row in await _given(wanted) if wanted else ():
        found.setdefault(row["user"], []).append(Text.load(row["role.name"]))
    return found


async def _given(user_ids: Sequence[int]) -> Sequence[dict[str, Any]]:
    with acting_as(on_behalf(_WHY)):
        of_role: Any = UserRole.role
        return (
            await UserRole.select(UserRole.user, of_role.name)
            .where(UserRole.user.is_in(list(user_ids)))
            .order_by(of_role.id)
        )


async def refuse_to_outrank(*user_ids: int) -> None:
    """Forbidden for accounts of people who outrank the acting person: an administrator, whoever has a right about the
    whole house they don't hold, and those they report to."""
    who = current()
    if who.admin or who.system is not None or not {*user_ids} - {who.user}:
        return
    _refuse(await read_standing(), user_ids, who)


def _refuse(standing: Standing, user_ids: Iterable[int], who: Principal) -> None:
    for user_id in sorted(user_ids):
        if outranks(standing, user_id, who):
            raise Forbidden(_("%(name)s outranks you.", name=standing.places[user_id].name))


async def refuse_to_stand_in(user_id: int) -> None:
    """Forbidden for an account that may do anything the acting person may not: whoever sets its password or makes a token
    for it could act as it. Who has the right to may, but for those who outrank them."""
    who = current()
    if who.admin or who.system is not None or who.user == user_id:
        return
    standing = await read_standing()
    _refuse(standing, [user_id], who)
    place = standing.places.get(user_id)
    if place is None or may_do(who, "accounts.reset"):
        return
    everybodys = principal_at(replace(place, roles=frozenset(), groups=frozenset()), standing.charter)
    more = beyond(reach_of(everybodys), reach_of(standing.principal(user_id)), reach_of(who))
    if more:
        text = _(
            "Whoever sets the password of %(name)s could do more than you may: %(what)s.", name=place.name, what=more[0]
        )
        raise Forbidden(text)


async def refuse_without_administrator() -> None:
    """Refused when the house would be left without anybody who may do everything. For the system, inside a transaction."""
    of_user: Any = UserRole.user
    admins = await UserRole.select(of_user.active, of_user.staff.active).where(UserRole.role.key == ADMIN)
    if not any(row["user.active"] and row["user.staff.active"] not in (False, 0) for row in admins):
        raise Refused(_("Somebody must stay administrator."))
