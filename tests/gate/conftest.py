"""A small company behind the gate: clients, their visits, and tables nobody may read."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from piccolo.querystring import QueryString
from piccolo.table import Table

from dougong import db
from dougong.access.principal import Principal, acting_as, system
from dougong.db import registry
from dougong.db.columns import ForeignKey, Integer, Text, Varchar
from dougong.people.tables import Department, Position, Staff
from dougong.records.gate import cleared, guard, ids, physical, unguard
from dougong.records.tables import Private, Record, Row


class Client(Record, tablename="gate_client"):
    name = Varchar(length=100)
    margin = Integer(null=True, default=None)


class Visit(Record, tablename="gate_visit"):
    client = ForeignKey(Client)
    purpose = Varchar(length=100)


class Diary(Row, tablename="gate_diary"):
    """A row table whose guard was forgotten."""

    line = Text(default="")


class Key(Private, tablename="gate_key"):
    """Core's own. Its name stands in raw SQL as a column as well."""

    secret = Varchar(length=100, unique=True)


OWN = (Client, Visit, Diary, Key)
for _table in OWN:
    # Other tests of the same run list all tables; these belong to this directory alone.
    registry.forget(_table._meta.tablename)


@dataclass
class ClientGuard:
    table: type[Table] = Client
    via: tuple[str, ...] = ()

    def read(self, principal: Principal, engine: Any, alias: str) -> QueryString | None:
        if principal.admin:
            return None
        return QueryString(
            f'({alias}."state" = {{}} OR {alias}."version" {{}})',
            f"of {principal.user}",
            ids(engine, principal.departments),
        )

    def held_back(self, principal: Principal) -> Mapping[str, frozenset[str]]:
        return {} if principal.admin else {"margin": frozenset()}


@dataclass
class VisitGuard:
    """Whoever sees the client sees its visits."""

    table: type[Table] = Visit
    via: tuple[str, ...] = ("gate_client",)

    def read(self, principal: Principal, engine: Any, alias: str) -> QueryString | None:
        return QueryString(f'{alias}."client" IN (SELECT "id" FROM "gate_client")')

    def held_back(self, principal: Principal) -> Mapping[str, frozenset[str]]:
        return {}


ME = Principal(1, name="王芳", departments=(10, 11))
OTHER = Principal(2, name="李雷", departments=(20,))
BOSS = Principal(3, name="赵敏", admin=True)


@dataclass
class World:
    """What the tests look at. `me` sees six of the thirty clients and none of their margins."""

    engine: Any
    kind: str
    me: Principal = ME
    other: Principal = OTHER
    boss: Principal = BOSS
    Client: type[Client] = Client
    Visit: type[Visit] = Visit
    Diary: type[Diary] = Diary
    Key: type[Key] = Key

    @property
    def schema(self) -> str:
        return "main" if self.kind == "sqlite" else "dg"

    async def raw(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        return await Client.raw(sql, *args)


MINE = [f"c{i:02}" for i in (0, 1, 6, 12, 18, 24)]
THIRTY = 30


@pytest.fixture(scope="module")
def company(module_database_url: str) -> Iterator[str]:
    """The database with everything in it, once for a module that only reads."""
    with belonging():
        asyncio.run(fill(module_database_url))
        yield module_database_url


@pytest.fixture
async def world(company: str, module_database: str) -> AsyncIterator[World]:
    engine = await db.open_database(company, pool=4)
    try:
        yield World(engine, module_database)
    finally:
        await db.close_database(engine)


@pytest.fixture
async def fresh(database_url: str, database: str) -> AsyncIterator[World]:
    """The same world in a database of the test's own, to write in."""
    with belonging():
        await fill(database_url)
        engine = await db.open_database(database_url, pool=4)
        try:
            yield World(engine, database)
        finally:
            await db.close_database(engine)


class belonging:  # noqa: N801 - reads as a block
    """The tables and guards are known inside the block."""

    def __enter__(self) -> None:
        for table in OWN:
            registry.register(table, private=issubclass(table, Private))
        guard(ClientGuard())
        guard(VisitGuard())

    def __exit__(self, *_: object) -> None:
        for table in OWN:
            unguard(table._meta.tablename)
            registry.forget(table._meta.tablename)


async def fill(url: str) -> None:
    engine = await db.open_database(url)
    await db.grow_schema([Department, Position, Staff, *OWN])
    day = dt.datetime(2026, 11, 1, 8, tzinfo=dt.UTC)
    client, visit = physical(engine, "gate_client"), physical(engine, "gate_visit")
    diary = physical(engine, "gate_diary")
    with acting_as(system("filling the test's company")), cleared("desk"):
        async with db.transaction():
            for i in range(THIRTY):
                state = "of 1" if i % 6 == 0 else "of 2"
                department = 10 if i == 1 else 20 if i == 2 else 30
                row = await db.fetch(
                    QueryString(
                        f'INSERT INTO {client} ("name", "state", "margin", "created", "version")'
                        ' VALUES ({}, {}, {}, {}, {}) RETURNING "id"',
                        f"c{i:02}",
                        state,
                        i * 10,
                        day + dt.timedelta(days=i),
                        department,
                    )
                )
                await db.fetch(
                    QueryString(
                        f'INSERT INTO {visit} ("client", "purpose") VALUES ({{}}, {{}})',
                        row[0]["id"],
                        f"v{i:02}",
                    )
                )
            await db.fetch(QueryString(f"INSERT INTO {diary} (\"line\") VALUES ('dear diary')"))
            await Key.insert(Key(secret="open sesame"))
    await db.close_database(engine)
