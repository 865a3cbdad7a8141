"""The sample company with customers, visits, and a made-up plugin that contributes something of every kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from dougong.jobs.queue import write_down
from dougong.jobs.schedules import ask_for_due
from dougong.plugin.manifest import Plugin
from dougong.plugin.processes import Presence
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.types import RecordType
from dougong.testing.app import Company, open_company
from dougong.testing.shelf import open_shelf

from .looks import CASES, Example, Look, Seen
from .made_up import HOOKS, PARCELS

NAMES = ("customers", "visits", "parcels")


@dataclass(frozen=True)
class Switchboard:
    """The open company and what was on at first; `switch` is the administrator at the API."""

    company: Company
    clients: dict[str, httpx.AsyncClient]
    plugins: dict[str, Plugin]
    examples: dict[str, Example]
    types: dict[str, RecordType]

    async def switch(self, name: str, enabled: bool, **more: bool) -> httpx.Response:
        body = {"enabled": enabled, **more}
        return await self.clients["admin"].put(f"/api/v1/plugins/{name}/state", json=body)

    async def seen(self, kind: str, names: tuple[str, ...], who: str = "admin") -> Seen:
        """What this person sees now of these plugins' contributions of one kind."""
        look = Look(self.company, who, self.clients[who], self.examples, self.types)
        async with self.company.world.acting("admin"):
            found = [await CASES[kind](look, self.plugins[name]) for name in names]
        return {what: shown for seen in found for what, shown in seen.items()}


@asynccontextmanager
async def opened(url: str, directory) -> AsyncIterator[Switchboard]:
    with open_shelf(directory) as shelf:
        package = shelf.put("parcels", PARCELS)
        (shelf.place / package / "hooks.py").write_text(HOOKS)
        async with open_company(url, directory, NAMES) as company, _people(company) as clients:
            board = company.world.house.board
            board.presence = Presence()
            await board.presence.announce(current_snapshot().epoch)
            async with company.world.acting("admin"):
                examples = await _examples(company)
                await _asked_for(current_snapshot().plugins.values())
            snapshot = current_snapshot()
            yield Switchboard(
                company, clients, {n: snapshot.plugins[n] for n in NAMES}, examples, dict(snapshot.records)
            )


async def _asked_for(plugins: Iterable[Plugin]) -> None:
    """Each job once, and when each schedule is due."""
    for plugin in plugins:
        for job in plugin.all_jobs:
            await write_down(plugin.name, job, {}, None)
    await ask_for_due()


@asynccontextmanager
async def _people(company: Company) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    async with company.program("admin") as admin, company.program("wangfang") as wangfang:
        for client in (admin, wangfang):
            client.headers["Accept-Language"] = "en"
        yield {"admin": admin, "wangfang": wangfang}


async def _examples(company: Company) -> dict[str, Example]:
    """One record of each type, all of one customer of 王芳's."""
    from dougong_customers.api import log_interaction

    types = current_snapshot().records
    wangfang, now = company.world.staff["wangfang"], dt.datetime.now(dt.UTC)

    async def make(key: str, words: str, **values) -> int:
        title = types[key].title._meta.name
        made = await desk.create(types[key].table, {title: words, "owner": wangfang, **values})
        found[key] = (made.id, words)
        return made.id

    found: dict[str, Example] = {}
    other = await make("customer", "苏州样例机电有限公司")
    customer = await make("customer", "宁波样例塑机有限公司")
    await make("contact", "样例联系人甲", customer=customer)
    said = await log_interaction(customer, "call", "样例往来记录")
    await desk.change(said, {"owner": wangfang})
    found["interaction"] = (said.id, "样例往来记录")
    await make("participant", "样例参与人", interaction=said.id)
    await make("co_owner_request", "样例共有理由", customer=customer)
    note = "样例关系备注"
    related = await make("customer_relation", "partner_of", customer=customer, related=other, remark=note)
    found["customer_relation"] = (related, note)
    await make("visit", "样例拜访事由", customer=customer, planned_for=now)
    await make("parcel", "样例包裹", customer=customer, sent_at=now)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def board(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Switchboard]:
    async with opened(module_database_url, tmp_path_factory.mktemp("switchboard")) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def all_on(board: Switchboard) -> AsyncIterator[Switchboard]:
    """Everything on before the test, and on again after it."""
    yield board
    for name in NAMES:
        await board.switch(name, True, cascade=True)
