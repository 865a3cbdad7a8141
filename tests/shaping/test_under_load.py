"""A table in use doesn't make a new field wait for ever, nor does the new field make others wait."""

from __future__ import annotations

import asyncio
import time

import asyncpg
import httpx
import pytest

from dougong.testing.app import Company

from .test_added_fields import CUSTOMERS, FIELDS

pytestmark = pytest.mark.asyncio(loop_scope="module")
HELD = 5.0
"""Seconds somebody reads in one long transaction."""


@pytest.fixture(scope="module", params=["postgres"])
def module_database(request: pytest.FixtureRequest) -> str:
    """SQLite has one writer and no locks on tables: there is nothing to wait for."""
    return str(request.param)


async def test_a_field_is_added_beside_a_long_reader(admin: httpx.AsyncClient, company: Company) -> None:
    reader = await asyncpg.connect(company.world.house.config.database_url)
    slowest = 0.0
    try:
        reading = reader.transaction()
        await reading.start()
        await reader.fetch("SELECT 1 FROM dg.customer LIMIT 1")
        began = time.monotonic()
        adding = asyncio.create_task(admin.post(FIELDS, json={"label": "挤进来的", "kind": "text"}))
        while time.monotonic() - began < HELD:
            start = time.monotonic()
            assert (await admin.get(CUSTOMERS, params={"limit": "1"})).status_code == 200
            slowest = max(slowest, time.monotonic() - start)
            await asyncio.sleep(0.05)
        assert not adding.done()
        await reading.rollback()
        answer = await asyncio.wait_for(adding, 30)
        assert answer.status_code == 201, answer.text
    finally:
        await reader.close()
    # others wait for one try at most, which gives up after two seconds
    assert slowest < HELD - 0.5, slowest
    assert "x_ji_jin_lai_de" in (await admin.get(f"{CUSTOMERS}", params={"limit": "1"})).text


async def test_a_reader_without_end_is_told_and_nothing_is_half_done(
    admin: httpx.AsyncClient, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dougong.db.schema.TRIES", 2)
    before = (await admin.get(FIELDS)).json()
    reader = await asyncpg.connect(company.world.house.config.database_url)
    try:
        async with reader.transaction():
            await reader.fetch("SELECT 1 FROM dg.customer LIMIT 1")
            answer = await admin.post(FIELDS, json={"label": "进不来的", "kind": "text"})
            assert answer.status_code == 503, answer.text
    finally:
        await reader.close()
    assert (await admin.get(FIELDS)).json() == before
    assert (await admin.post(FIELDS, json={"label": "进不来的", "kind": "text"})).status_code == 201
