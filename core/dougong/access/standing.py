"""Everybody's place among roles, groups and departments at one moment, and the rights that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.charter import ADMIN, Charter, RoleTerms, read_charter
from dougong.access.fields import held_back
from dougong.access.policies import guarded_types
from dougong.access.principal import Grant, Principal, SharedIds, acting_as, system
from dougong.access.rights import RIGHT
from dougong.access.tables import GroupMember, UserRole
from dougong.people.tables import User

__all__ = ["Place", "Standing", "granted", "principal_at", "read_places", "read_standing"]


@dataclass(frozen=True)
class Place:
    """Where an account stands: whose it is, in which department, with which roles and groups given to it.

    `open`: it can be signed in with. `person` is "" for an account of nobody who works here.
    """

    user: int
    account: str
    open: bool
    staff: int | None = None
    person: str = ""
    department: int | None = None
    roles: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        return self.person or self.account

    def departments(self, charter: Charter) -> tuple[int, ...]:
        """The person's own department and those they head."""
        headed = charter.heads.get(self.staff, ()) if self.staff is not None else ()
        return tuple(sorted({self.department, *headed} - {None}))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Standing:
    """What everybody's rights are made of."""

    charter: Charter
    places: Mapping[int, Place]

    def roles_of(self, user: int) -> list[RoleTerms]:
        """All the roles of an account, those of its groups and everybody's included."""
        place = self.places[user]
        return self.charter.roles_of(place.roles, place.groups)

    def terms_of(self, user: int) -> tuple[Any, ...]:
        """Everything the rights of an account are made of: equal terms, equal rights."""
        place = self.places[user]
        departments = place.departments(self.charter)
        terms = [(role.id, role.grants, role.fields, role.rights) for role in self.roles_of(user)]
        return place.staff, departments, self.charter.below(departments), terms

    def principal(self, user: int) -> Principal:
        """The rights of an account, but for records shared with it one by one."""
        return principal_at(self.places[user], self.charter)


async def read_standing() -> Standing:
    """Everybody's, as it is now: a handful of queries, however many accounts."""
    with acting_as(system("compare what everybody may do")):
        return Standing(await read_charter(), await read_places())


async def read_places(user_id: int | None = None) -> dict[int, Place]:
    """Account → its place; of one account, or of all. For the system."""
    of_staff: Any = User.staff
    columns = (User.id, User.name, User.active, User.staff, of_staff.name, of_staff.department, of_staff.active)
    accounts, given = User.select(*columns), UserRole.select(UserRole.user, UserRole.role)
    joined = GroupMember.select(GroupMember.user, GroupMember.group)
    if user_id is not None:
        accounts, given = accounts.where(User.id == user_id), given.where(UserRole.user == user_id)
        joined = joined.where(GroupMember.user == user_id)
    roles = _gathered(await given, "role")
    groups = _gathered(await joined, "group")
    return {row["id"]: _place(row, roles, groups) for row in await accounts}


def _gathered(rows: Sequence[Mapping[str, Any]], what: str) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for row in rows:
        found.setdefault(row["user"], set()).add(row[what])
    return {user: frozenset(ids) for user, ids in found.items()}


def _place(row: Mapping[str, Any], roles: Mapping[int, frozenset[int]], groups: Mapping[int, frozenset[int]]) -> Place:
    return Place(
        user=row["id"],
        account=row["name"],
        open=bool(row["active"]) and row["staff.active"] not in (False, 0),
        staff=row["staff"],
        person=row["staff.name"] or "",
        department=row["staff.department"],
        roles=roles.get(row["id"], frozenset()),
        groups=groups.get(row["id"], frozenset()),
    )


def principal_at(
    place: Place, charter: Charter, shared: Mapping[str, SharedIds] | None = None, version: tuple[Any, ...] = ()
) -> Principal:
    """The rights that follow from a place."""
    roles = charter.roles_of(place.roles, place.groups)
    admin = any(role.key == ADMIN for role in roles)
    departments, fields = place.departments(charter), held_back([] if admin else roles)
    return Principal(
        user=place.user,
        staff=place.staff,
        name=place.name,
        admin=admin,
        departments=departments,
        subtree=charter.below(departments),
        grants=granted(roles),
        shared=shared or {},
        hidden=fields.hidden,
        readonly=fields.readonly,
        hidden_but_in=fields.hidden_but_in,
        readonly_but_in=fields.readonly_but_in,
        version=version,
    )


def granted(roles: Sequence[RoleTerms]) -> dict[tuple[str, str], Grant]:
    """The union of what the roles grant.

    Where rows are reached through a parent and only some of the roles narrow that, the others keep it open.
    """
    union: dict[tuple[str, str], Grant] = {}
    for role in roles:
        for key, grant in role.grants.items():
            union[key] = _joined(union.get(key), grant)
        union.update({(RIGHT, right): Grant(frozenset({"all"})) for right in role.rights})
    inheriting = {t.key for t in guarded_types() if t.scope.inherits}
    for (record, action), grant in union.items():
        silent = [r for r in roles if record in r.spoken_of and (record, action) not in r.grants]
        if record in inheriting and silent:
            union[record, action] = _joined(grant, Grant(frozenset({"all"})))
    return union


def _joined(one: Grant | None, other: Grant) -> Grant:
    if one is None:
        return other
    return Grant(one.scopes | other.scopes, tuple(sorted({*one.departments, *other.departments})))
