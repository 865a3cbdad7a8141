"""The named world of the tests: an open house with the sample company in it, and its people to act as.

王芳 (`wangfang`) sells, 李雷 (`lilei`) leads her department's superior, 赵敏 (`zhaomin`) serves the customers of chosen
departments, `admin` may do everything.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from dougong import sample
from dougong.access.principal import Principal, acting_as, system
from dougong.access.services import make_standard_roles, principal_of
from dougong.config import read_config
from dougong.house import House, open_house
from dougong.people.services import account_named, add_account
from dougong.people.sign_in import create_token
from dougong.people.tables import Staff, User
from dougong.plugin.state import enable
from dougong.records.entry import entering_by
from dougong.web.app import build_app, servable_plugins

__all__ = ["World", "enter_world", "open_empty_world", "open_world"]

_WHY = "set up the world of the tests"


@dataclass(frozen=True)
class World:
    """An open house. `staff` holds the ids of the sample company's people by the spelling of their names ("wangfang")."""

    house: House
    staff: Mapping[str, int]
    users: Mapping[str, int]

    async def principal(self, who: str) -> Principal:
        """The rights of an account as they are now."""
        return await principal_of(self.users[who])

    @asynccontextmanager
    async def acting(self, who: str, *, door: str = "service") -> AsyncIterator[Principal]:
        """Do what stands inside as this person, coming in by a form, the API, an import or on the code's own."""
        with acting_as(await self.principal(who)) as principal, entering_by(door):
            yield principal

    @asynccontextmanager
    async def client(self, who: str) -> AsyncIterator[httpx.AsyncClient]:
        """The HTTP interface, asked with a token of this person."""
        async with self.acting("admin"):
            token = await create_token(self.users[who])
        app = httpx.ASGITransport(build_app(self.house.config, house=self.house))  # type: ignore[arg-type]
        signed = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=app, base_url="http://dougong.test", headers=signed) as client:
            yield client


@asynccontextmanager
async def open_world(database_url: str, directory: Path, plugins: Sequence[str] = ()) -> AsyncIterator[World]:
    """A house on an empty database with these plugins (and what they need) switched on; closed at the end."""
    async with open_empty_world(database_url, directory, plugins) as empty:
        async with empty.acting("admin"):
            staff = await sample.found_company()
            doors = await sample.open_doors(staff)
            users = {**empty.users, **{door.user: await _user(door.user) for door in doors}}
        yield World(empty.house, {member.spelt: staff[member.code] for member in sample.PEOPLE}, users)


@asynccontextmanager
async def enter_world(database_url: str, directory: Path) -> AsyncIterator[World]:
    """The house on a database where `open_world` made it: founded once, a copy of it is entered in a fraction of the time."""
    house = await open_house(read_config(directory, database=database_url), serving=False, installed=servable_plugins)
    try:
        with acting_as(system(_WHY)):
            numbers = {row["code"]: row["id"] for row in await Staff.select(Staff.code, Staff.id)}
            users = {row["name"]: row["id"] for row in await User.select(User.name, User.id)}
        yield World(house, {member.spelt: numbers[member.code] for member in sample.PEOPLE}, users)
    finally:
        await house.close()


@asynccontextmanager
async def open_empty_world(database_url: str, directory: Path, plugins: Sequence[str] = ()) -> AsyncIterator[World]:
    """A house as a company finds it that begins: plugins and standard roles, the administrator and nobody else."""
    config = read_config(directory, database=database_url)
    house = await open_house(config, serving=False, installed=servable_plugins)
    try:
        with acting_as(system(_WHY)):
            for name in plugins:
                await enable(name, cascade=True)
            roles = await make_standard_roles()
            await add_account("admin", roles=[roles["admin"]])
            admin = await _user("admin")
        yield World(house, {}, {"admin": admin})
    finally:
        await house.close()


async def _user(name: str) -> int:
    account = await account_named(name)
    assert account is not None
    return account.user
