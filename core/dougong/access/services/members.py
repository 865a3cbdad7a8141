"""Who has which role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dougong.access.charter import ADMIN
from dougong.access.conferring import outranks
from dougong.access.principal import acting_as, current
from dougong.access.reach import beyond, reach_of
from dougong.access.rights import may_do, need
from dougong.access.services.principals import on_behalf
from dougong.access.standing import principal_at, read_standing
from dougong.access.tables import UserRole
from dougong.errors import Forbidden, Refused
from dougong.i18n import Text, _

__all__ = [
    "Member",
    "members_of",
    "refuse_to_outrank",
    "refuse_to_stand_in",
    "refuse_without_administrator",
    "roles_by_account",
]

_WHY = "show who has which role"


@dataclass(frozen=True)
class Member:
    """An account that was given a role; `person` is "" for an account of nobody who works here."""

    user: int
    account: str
    staff: int | None
    person: str
    active: bool


async def members_of(role_id: int) -> list[Member]:
    """The accounts a role was given to, by name."""
    need("roles.manage")
    of_user: Any = UserRole.user
    columns = (of_user.id, of_user.name, of_user.active, of_user.staff, of_user.staff.name, of_user.staff.active)
    with acting_as(on_behalf(_WHY)):
        rows = await UserRole.select(*columns).where(UserRole.role == role_id).order_by(of_user.name)
    return [
        Member(
            row["user.id"],
            row["user.name"],
            row["user.staff"],
            row["user.staff.name"] or "",
            bool(row["user.active"]) and row["user.staff.active"] not in (False, 0),
        )
        for row in rows
    ]


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


async def refuse_to_outrank(user_id: int) -> None:
    """Forbidden for the account of somebody who outranks the acting person: an administrator, whoever has a right about
    the whole house they don't hold, and those they report to."""
    who = current()
    if who.admin or who.system is not None or who.user == user_id:
        return
    standing = await read_standing()
    if outranks(standing, user_id, who):
        raise Forbidden(_("%(name)s outranks you.", name=standing.places[user_id].name))


async def refuse_to_stand_in(user_id: int) -> None:
    """Forbidden for an account that may do anything the acting person may not: whoever sets its password or makes a token
    for it could act as it. Who has the right to may, but for those who outrank them."""
    who = current()
    await refuse_to_outrank(user_id)
    if who.user == user_id or may_do(who, "accounts.reset"):
        return
    standing = await read_standing()
    place = standing.places.get(user_id)
    if place is None:
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
