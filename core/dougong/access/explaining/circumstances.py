"""What explaining looks at: one record with whose it is and whom it is shared with, and one person with their roles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from piccolo.querystring import QueryString

from dougong.access.charter import ADMIN, Charter, RoleTerms
from dougong.access.fields import HIDDEN, field_level
from dougong.access.policies import type_named
from dougong.access.principal import Grant, Principal, acting_as
from dougong.access.rights import may_do
from dougong.access.standing import Place, granted
from dougong.access.tables import Group, Role, Share
from dougong.db import engine, fetch
from dougong.i18n import Text, today
from dougong.people.tables import Department, Staff, User
from dougong.records.gate import cleared, physical
from dougong.records.references import titles
from dougong.records.types import RecordType

__all__ = ["EXPLAIN", "Facts", "Names", "Person", "ShareFact", "read_facts", "read_names"]

EXPLAIN = "access.explain"
"""The right to ask about others than oneself."""


@dataclass(frozen=True)
class ShareFact:
    """A record is or was shared with a person or a department."""

    staff: int | None
    department: int | None
    level: str
    until: dt.date | None
    by: int | None

    @property
    def counts(self) -> bool:
        return self.until is None or self.until >= today()


@dataclass(frozen=True)
class Facts:
    """Where one record stands. `seen`: the person who asks may see it, but for the fields in `hidden`."""

    record_type: RecordType
    id: int
    owner: int | None = None
    department: int | None = None
    state: str | None = None
    shares: Sequence[ShareFact] = ()
    parents: Mapping[str, Facts | None] = field(default_factory=dict)
    seen: bool = False
    hidden: frozenset[str] = frozenset()
    title: str = ""
    deactivated: bool = False

    def chain(self) -> Iterator[Facts]:
        """This record and all it belongs to, at any distance."""
        yield self
        for above in self.parents.values():
            if above is not None:
                yield from above.chain()


@dataclass(frozen=True)
class Person:
    """An account with everything its rights are made of."""

    place: Place
    charter: Charter
    grants: Mapping[tuple[str, str], Grant]

    @staticmethod
    def of(place: Place, charter: Charter) -> Person:
        return Person(place, charter, granted(charter.roles_of(place.roles, place.groups)))

    @cached_property
    def roles(self) -> Sequence[RoleTerms]:
        return self.charter.roles_of(self.place.roles, self.place.groups)

    @property
    def admin(self) -> bool:
        return any(role.key == ADMIN for role in self.roles)

    @cached_property
    def departments(self) -> tuple[int, ...]:
        """Their own and those they head."""
        return self.place.departments(self.charter)

    @cached_property
    def above(self) -> frozenset[int]:
        """These, and all they report to."""
        return frozenset(self.charter.above(self.departments))

    def shares(self, facts: Facts) -> Iterator[ShareFact]:
        """What of a record is or was shared with them, or with a department they are in."""
        if self.place.staff is not None:
            for share in facts.shares:
                if share.staff == self.place.staff or share.department in self.above:
                    yield share

    def nearest(self, department: int) -> int | None:
        """Which of their departments this one is, or reports to."""
        return next((d for d in self.charter.above([department]) if d in self.departments), None)


@dataclass(frozen=True)
class Names:
    """What things are called. People and departments as far as the person who asks may see them."""

    staff: Mapping[int, str]
    departments: Mapping[int, str]
    roles: Mapping[int, Text | str]
    groups: Mapping[int, str]
    accounts: Mapping[int, str]


async def read_facts(record_type: RecordType, record_id: int, asking: Principal) -> Facts | None:
    """A record and, up the chain, those it belongs to; None where there is none. For the system."""
    row = await _row(record_type, record_id)
    if row is None:
        return None
    parents: dict[str, Facts | None] = {}
    for key, parent in record_type.parents.items():
        above = row[key]
        parents[key] = await read_facts(type_named(str(parent._meta.tablename)), above, asking) if above else None
    with acting_as(asking):
        known = await titles(record_type.table, [record_id])
    return Facts(
        record_type,
        record_id,
        owner=row.get("owner"),
        department=row.get("department", record_id if record_type.key == "department" else None),
        state=row["state"] if record_type.lifecycle else None,
        shares=await _shares(record_type, record_id),
        parents=parents,
        seen=record_id in known,
        hidden=frozenset(k for k in row if field_level(asking, f"{record_type.key}.{k}", row.get("state")) == HIDDEN),
        title=_title(record_type, known.get(record_id)),
        deactivated=record_type.is_deactivated(row),
    )


async def _row(record_type: RecordType, record_id: int) -> dict[str, Any] | None:
    active = [record_type.active._meta.name] if record_type.active is not None else []
    wanted = {"owner", "department", "state", *active, *record_type.parents}
    columns = [c._meta for c in record_type.table._meta.columns if c._meta.name in wanted]
    listed = "".join(f', t."{meta.db_column_name}" AS "{meta.name}"' for meta in columns)
    sql = f'SELECT t."id"{listed} FROM {physical(engine(), record_type.key)} t WHERE t."id" = {{}}'
    with cleared("desk"):
        found = await fetch(QueryString(sql, record_id))
    return {meta.name: found[0][meta.name] for meta in columns} if found else None


async def _shares(record_type: RecordType, record_id: int) -> list[ShareFact]:
    of_record = (Share.record == record_type.key) & (Share.record_id == record_id)
    columns = (Share.staff, Share.department, Share.level, Share.until, Share.by)
    return [ShareFact(**row) for row in await Share.select(*columns).where(of_record).order_by(Share.id)]


def _title(record_type: RecordType, title: Any) -> str:
    """What a record is called; one that is called after another has a number."""
    return str(title) if title and record_type.fields[record_type.title._meta.name].target is None else ""


async def read_names(asking: Principal, facts: Facts) -> Names:
    """What is called what around a record. For the system."""
    with acting_as(asking):
        staff = await titles(Staff, [f.owner for f in facts.chain()])
        rows = await Department.select(Department.id, Department.name)
    roles = {row["id"]: Text.load(row["name"]) for row in await Role.select(Role.id, Role.name)}
    groups = {row["id"]: row["name"] for row in await Group.select(Group.id, Group.name)}
    departments = {row["id"]: row["name"] for row in rows}
    return Names(staff, departments, roles, groups, await _sharers(facts) if may_do(asking, EXPLAIN) else {})


async def _sharers(facts: Facts) -> dict[int, str]:
    """Account → who shared, as their person is called."""
    users = sorted({share.by for f in facts.chain() for share in f.shares if share.by})
    of_staff: Any = User.staff
    asked = User.select(User.id, User.name, of_staff.name).where(User.id.is_in(users)) if users else None
    return {row["id"]: row["staff.name"] or row["name"] for row in (await asked if asked is not None else ())}
