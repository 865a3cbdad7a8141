"""What the contract's tests stand on: the plugin, a world with it switched on, and records to try things with."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import Grant, Principal
from dougong.builtin import core
from dougong.plugin.discovery import LoadedPlugin, discover
from dougong.plugin.manifest import Plugin
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.fields import Field
from dougong.records.kinds import WrongValue
from dougong.records.types import RecordType
from dougong.testing.app import Company
from dougong.testing.world import World, open_world
from dougong.web import visitors
from dougong.web.app import build_app

__all__ = ["NOBODY", "OWNER", "Ground", "coming_in", "owner", "reader", "sent", "together", "value_for"]

together = pytest.mark.asyncio(loop_scope="class")
NOBODY, OWNER = "yuanye", "sunhao"
"""People of the sample company whose rights the tests make up. The first never owns a record."""


class Ground:
    plugin: ClassVar[str]
    given: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    @classmethod
    async def world(cls, module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
        directory: Path = tmp_path_factory.mktemp("world")
        async with open_world(module_database_url, directory, [cls.plugin]) as world:
            yield world

    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    @classmethod
    async def company(cls, world: World) -> Company:
        app: Any = build_app(world.house.config, house=world.house)
        app.app.state.house = world.house
        return Company(world, app)

    @cached_property
    def every(self) -> Mapping[str, LoadedPlugin]:
        """What is installed, by name."""
        return discover(core).plugins

    @property
    def installed(self) -> LoadedPlugin:
        """The plugin as it is found, on or off."""
        return self.every[self.plugin]

    @property
    def loaded(self) -> Plugin:
        """What it declares, on or off."""
        found = self.installed.plugin
        assert found is not None, self.installed.detail
        return found

    @property
    def declared(self) -> Plugin:
        """What it declares, as it is switched on."""
        return current_snapshot().plugins[self.plugin]

    async def made(self, record: RecordType, world: World, **values: Any) -> Any:
        """A new record with every field filled in that people fill in, and the records it needs to refer to."""
        return await desk.create(record.table, await self.values_for(record, world, **values))

    async def values_for(self, record: RecordType, world: World, **values: Any) -> dict[str, Any]:
        """Stored values for a new record. `owner` is the owner of the records it needs as well."""
        made: dict[str, Any] = {}
        passed_on = {key: values[key] for key in ("owner",) if key in values}
        for key, field in record.entered.items():
            if field.target is None:
                made[key] = value_for(field)
            elif field.required and field.kind == "link" and key not in values:
                made[key] = (await self.made(desk.type_of(field.target), world, **passed_on)).id  # type: ignore[arg-type]
        made |= self.given.get(record.key, {})
        return made | {key: value for key, value in values.items() if key in record.fields}


_counter = itertools.count(1)
_WORDS = ("2026", "2026-02-28", "2026-02-28 08:30", "true", "someone@company.example", "https://company.example")


def value_for(field: Field) -> Any:
    """A stored value of the field's kind, whichever that is: the first of a few texts it can read. Texts differ.

    A choice that starts as something stays so: that is the usual case.
    """
    if field.options:
        first = field.options[0].key
        return field.type.read([first], field) if field.kind == "choices" else field.empty or first
    for words in (f"样本{next(_counter)}"[: field.length], *_WORDS):
        with suppress(WrongValue):
            return field.type.read(words, field)
    return field.empty


def sent(record: RecordType, values: Mapping[str, Any]) -> dict[str, Any]:
    """Stored values as a program sends them."""
    fields = record.entered
    return {k: fields[k].type.send(v, fields[k]) for k, v in values.items() if k in fields and v is not None}


def reader(world: World, *, hidden: frozenset[str] = frozenset()) -> Principal:
    """Somebody who may read everything and do nothing else, whatever the presets say."""
    grants = {
        (record.key, action): Grant(frozenset({"all"} if action == "read" else ()))
        for record in current_snapshot().records.values()
        for action in record.actions_allowed
    }
    return Principal(user=world.users["zhaomin"], staff=world.staff[NOBODY], name="袁野", grants=grants, hidden=hidden)


def owner(world: World) -> Principal:
    """Somebody who may do everything with what is their own."""
    grants = {
        (record.key, action): Grant(frozenset({"own"}))
        for record in current_snapshot().records.values()
        for action in record.actions_allowed
    }
    return Principal(user=world.users["zhaomin"], staff=world.staff[OWNER], name="孙浩", grants=grants)


@asynccontextmanager
async def coming_in(company: Company, principal: Principal) -> AsyncIterator[httpx.AsyncClient]:
    """A program that comes in with these rights."""

    async def principal_of(_user: int) -> Principal:
        return principal

    async with company.program("zhaomin") as client:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(visitors, "principal_of", principal_of)
            yield client
