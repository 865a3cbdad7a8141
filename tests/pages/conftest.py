"""What tests of pages share: browsers of the sample company's people, and a witness that nothing was written."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.people.tables import Department, Staff
from dougong.testing.app import PEOPLE, Company
from dougong.testing.digests import table_digests

# what changes by merely looking
_RESTLESS = ("people_session", "people_token", "people_user")


@dataclass
class Office:
    """The company with everybody at their desk: `browsers["wangfang"]` is signed in."""

    company: Company
    browsers: dict[str, httpx.AsyncClient]

    async def department(self, name: str) -> Department:
        with acting_as(system("test")):
            return await Department.objects().where(Department.name == name).order_by(Department.id).first()

    async def staff(self, name: str) -> Staff:
        with acting_as(system("test")):
            return await Staff.objects().where(Staff.name == name).first()

    @asynccontextmanager
    async def nothing_written(self) -> AsyncIterator[None]:
        before = await table_digests(*_RESTLESS)
        assert "change_log" in before
        yield
        after = await table_digests(*_RESTLESS)
        assert {name for name in before if before[name] != after[name]} == set()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(company: Company) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        browsers = {who: await stack.enter_async_context(company.browser(who)) for who in PEOPLE}
        yield Office(company, browsers)


def value_of(name: str, text: str) -> str:
    """What stands in a field of the page."""
    found = re.search(rf'<(?:input|select|textarea)[^>]* name="{re.escape(name)}"[^>]*>', text)
    assert found, f"no field {name}"
    value = re.search(r' value="([^"]*)"', found[0])
    return html.unescape(value[1]) if value else ""
