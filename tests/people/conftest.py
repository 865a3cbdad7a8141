"""A small company for tests of people: a head office with two branches, and one kind of record its people own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from argon2 import PasswordHasher

from dougong.access.policies import guard_of
from dougong.access.principal import Principal, acting_as, system
from dougong.access.services import apply_presets, assign_roles, principal_of
from dougong.access.tables import Role
from dougong.builtin import core
from dougong.db import close_database, open_database, tables
from dougong.db.columns import Varchar
from dougong.db.schema import grow_schema
from dougong.i18n import Text
from dougong.people import passwords
from dougong.people.services import account_named, add_account, add_department, add_staff
from dougong.people.tables import Department, Staff
from dougong.plugin.manifest import Plugin
from dougong.plugin.snapshot import Snapshot, install
from dougong.records import desk
from dougong.records.gate import guard, unguard
from dougong.records.tables import Record
from dougong.records.types import RecordType, Scope
from dougong.testing.fixtures import Furnished


class PplVisit(Record):
    name = Varchar(100)


def words(msgid: str) -> Text:
    return Text(msgid, "dougong")


visit = RecordType(table=PplVisit, label=words("Visit"), plural=words("Visits"), title=PplVisit.name, scope=Scope.role)
calls = Plugin(name="calls", label=words("Visits"), records=[visit])


@dataclass
class Company:
    """Departments, staff and accounts by name, in the database at `url`."""

    url: str
    departments: dict[str, int] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    visits: type[PplVisit] = PplVisit

    async def department(self, name: str) -> Department:
        return await desk.get(Department, self.departments[name])

    async def person(self, name: str) -> Staff:
        return await desk.get(Staff, self.staff[name])

    async def account(self, name: str, *roles: str, staff: Staff | None = None) -> int:
        """An account with standard roles."""
        with acting_as(system("test")):
            self.passwords[name] = await add_account(name, staff=staff)
            self.users[name] = (await account_named(name)).user
            ids = await Role.select(Role.id).where(Role.key.is_in(list(roles))).output(as_list=True) if roles else []
            await assign_roles(self.users[name], ids)
        return self.users[name]

    async def as_(self, name: str) -> Principal:
        return await principal_of(self.users[name])

    async def visit_of(self, owner: str, **values: Any) -> int:
        with acting_as(system("test")):
            return (await desk.create(PplVisit, {"name": f"visit of {owner}", "owner": self.staff[owner], **values})).id


@pytest.fixture(autouse=True)
def cheap_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords at their real cost only where a test is about it."""
    if "dear" not in request.fixturenames:
        monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    passwords._decoy.cache_clear()


@pytest.fixture
def dear() -> None:
    """Asks for passwords at their real cost."""


async def grown(url: str) -> None:
    """A database with every table and nothing in them."""
    engine = await open_database(url)
    with acting_as(system("test")):
        await grow_schema(tables())
    await close_database(engine)


@pytest.fixture
async def company(database: str, furnished: Furnished) -> AsyncIterator[Company]:
    async with furnished(database, grown) as url, founded(url) as made:
        yield made


@asynccontextmanager
async def founded(url: str) -> AsyncIterator[Company]:
    engine = await open_database(url)
    for record_type in [*core.records, visit]:
        guard(guard_of(record_type))
    snapshot = Snapshot.of(1, [core, calls])
    install(snapshot)
    made = Company(url)
    with acting_as(system("test")):
        await apply_presets(snapshot, core)
        for name, parent in [("head office", None), ("north", "head office"), ("south", "head office")]:
            made.departments[name] = (await add_department(name, made.departments.get(parent))).id
        for name, department in [("王芳", "north"), ("李雷", "south"), ("赵敏", "north")]:
            made.staff[name] = (await add_staff(name, made.departments[department])).id
    await made.account("root", "admin")
    yield made
    install(None)
    unguard(visit.key)
    await close_database(engine)
