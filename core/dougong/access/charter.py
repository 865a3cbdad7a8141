"""What all roles grant and how departments report to each other, at one version: worked out once, used for everybody."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from dougong.access.policies import guarded_types
from dougong.access.principal import Grant, acting_as, system
from dougong.access.tables import GroupRole, Role, RoleField, RoleGrant, RoleRight
from dougong.people.tables import Department
from dougong.records.types import RecordType

__all__ = ["ADMIN", "EVERYBODY", "Charter", "RoleTerms", "field_name", "read_charter", "stored_grant"]

ADMIN = "admin"
"""The key of the role that may do everything."""

EVERYBODY = "staff"
"""The key of the role that everybody signed in has without being given it."""


@dataclass
class RoleTerms:
    """What one role says. Fields are named "customer.credit_limit", or "customer.credit_limit@approved" where a state
    of the record has a level of its own."""

    id: int
    key: str | None
    grants: dict[tuple[str, str], Grant] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    rights: set[str] = field(default_factory=set)

    @cached_property
    def spoken_of(self) -> frozenset[str]:
        """The record types this role has a say on: those it grants something on, and those below them."""
        met = {record for (record, _), grant in self.grants.items() if grant.scopes}
        met |= {name.partition(".")[0] for name in self.fields}
        for record_type in _parents_first(guarded_types()):
            if met & {str(p._meta.tablename) for p in record_type.parents.values()}:
                met.add(record_type.key)
        return frozenset(met)


@dataclass(frozen=True)
class Charter:
    """Roles by id, the roles of each group, and the tree of departments: `parents` holds each department's superior,
    `heads` who leads which."""

    roles: Mapping[int, RoleTerms]
    groups: Mapping[int, frozenset[int]]
    parents: Mapping[int, int | None]
    heads: Mapping[int, tuple[int, ...]]

    @cached_property
    def children(self) -> Mapping[int | None, tuple[int, ...]]:
        found: dict[int | None, tuple[int, ...]] = {}
        for department, parent in self.parents.items():
            found[parent] = (*found.get(parent, ()), department)
        return found

    def below(self, departments: Iterable[int]) -> tuple[int, ...]:
        """These departments and all below them, at any depth."""
        met: set[int] = set()
        waiting = list(departments)
        while waiting:
            department = waiting.pop()
            if department not in met:
                met.add(department)
                waiting.extend(self.children.get(department, ()))
        return tuple(sorted(met))

    def above(self, departments: Iterable[int]) -> tuple[int, ...]:
        """These departments and all they report to."""
        met: set[int] = set()
        for start in departments:
            department: int | None = start
            while department is not None and department not in met:
                met.add(department)
                department = self.parents.get(department)
        return tuple(sorted(met))

    def roles_of(self, role_ids: Iterable[int], groups: Iterable[int] = ()) -> list[RoleTerms]:
        """The roles given, those of the groups, and the one everybody has."""
        given = set(role_ids).union(*(self.groups.get(group, ()) for group in groups))
        return [role for role in self.roles.values() if role.id in given or role.key == EVERYBODY]


async def read_charter() -> Charter:
    """Read it as it is now."""
    with acting_as(system("work out what roles grant and how departments report")):
        roles = {r["id"]: RoleTerms(r["id"], r["key"]) for r in await Role.select(Role.id, Role.key)}
        for row in await RoleGrant.select():
            roles[row["role"]].grants[row["record"], row["action"]] = stored_grant(row)
        for row in await RoleField.select():
            roles[row["role"]].fields[field_name(row["field"], row["state"])] = row["level"]
        for row in await RoleRight.select():
            roles[row["role"]].rights.add(row["right"])
        groups: dict[int, frozenset[int]] = {}
        for row in await GroupRole.select(GroupRole.group, GroupRole.role):
            groups[row["group"]] = groups.get(row["group"], frozenset()) | {row["role"]}
        tree = await Department.select(Department.id, Department.parent, Department.head).order_by(Department.id)
    heads: dict[int, tuple[int, ...]] = {}
    for row in tree:
        if row["head"] is not None:
            heads[row["head"]] = (*heads.get(row["head"], ()), row["id"])
    return Charter(roles, groups, {row["id"]: row["parent"] for row in tree}, heads)


def field_name(field: str, state: str) -> str:
    """A field, or what is said of it in one state of the record only."""
    return f"{field}@{state}" if state else field


def stored_grant(row: Mapping[str, Any]) -> Grant:
    return Grant(frozenset(_list(row["scopes"])), tuple(_list(row["departments"])))


def _list(stored: Any) -> list[Any]:
    loaded = json.loads(stored) if isinstance(stored, str) else stored
    return list(loaded or ())


def _parents_first(types: Iterable[RecordType]) -> Iterator[RecordType]:
    waiting = {t.key: t for t in types}
    while waiting:
        ready = [t for t in waiting.values() if not any(str(p._meta.tablename) in waiting for p in t.parents.values())]
        for record_type in ready or list(waiting.values()):
            yield waiting.pop(record_type.key)
