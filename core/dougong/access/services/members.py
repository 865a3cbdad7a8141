"""Who has which role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current
from dougong.access.rights import may_do, need
from dougong.access.services.principals import ADMIN, on_behalf
from dougong.access.tables import RoleRight, UserRole
from dougong.errors import Forbidden
from dougong.i18n import Text

__all__ = ["Member", "members_of", "refuse_to_outrank", "roles_by_account"]

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
    """Forbidden for the account of somebody with a right about the whole house that the acting person doesn't hold, an
    administrator's first of all: whoever sets their password would hold it too."""
    who = current()
    if who.admin or who.system is not None or who.user == user_id:
        return
    with acting_as(on_behalf(_WHY)):
        given = await UserRole.select(UserRole.role, UserRole.role.key.as_alias("key")).where(UserRole.user == user_id)
        held = [row["role"] for row in given]
        rights = await RoleRight.select(RoleRight.right).where(RoleRight.role.is_in(held)) if held else []
    if any(row["key"] == ADMIN for row in given) or not all(may_do(who, row["right"]) for row in rights):
        raise Forbidden
