"""Uninstalling plugins to an archive and bringing them back, on both databases."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dougong.db.catalog import columns_present, run
from dougong.plugin.board import read_states
from dougong.plugin.restoring import restore
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import disable, enable
from dougong.plugin.uninstalling import uninstall
from dougong.records import desk
from dougong.testing.world import World, open_world

BOTH = ["customers", "visits"]


@pytest.fixture
def config_place(tmp_path: Path) -> Path:
    return tmp_path


@asynccontextmanager
async def opened(url: str, place: Path) -> AsyncIterator[World]:
    async with open_world(url, place, BOTH) as world, world.acting("admin"):
        yield world


async def some_records(world: World) -> None:
    types, owner = current_snapshot().records, world.staff["wangfang"]
    for n in range(3):
        customer = await desk.create(types["customer"].table, {"name": f"宁波样例{n}公司", "owner": owner})
        await desk.create(
            types["visit"].table,
            {
                "customer": customer.id,
                "planned_for": datetime(2026, 11, n + 1, 8, 30, 1, 5, UTC),
                "purpose": "谈“价”\\ 😀 {} $1",
                "owner": owner,
            },
        )


async def digests(world: World) -> dict[str, str]:
    """A digest of the rows of each table; without those that switching must change."""
    engine = world.house.engine
    if engine.engine_type == "sqlite":
        rows = await run("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    else:
        rows = await run(
            "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'dg'::regnamespace"
        )
    found = {}
    for name in sorted(row["name"] for row in rows):
        if name in ("core_epoch", "core_process"):
            continue
        place = f'"{name}"' if engine.engine_type == "sqlite" else f'dg."{name}"'
        columns = ", ".join(f'"{c.name}"' for c in sorted(await columns_present(name), key=lambda c: c.name))
        kept = " WHERE record <> 'core_plugin'" if name == "change_log" else ""
        told = [tuple(row.values()) for row in await run(f"SELECT {columns} FROM {place}{kept} ORDER BY id")]
        found[name] = hashlib.sha256(repr(told).encode()).hexdigest()
    return found


async def test_what_was_uninstalled_comes_back_as_it_was(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        await some_records(world)
        await disable("visits")
        before = await digests(world)
        done = await uninstall("visits")
        assert "visit" not in await digests(world)
        assert "visits" not in await read_states()
        await restore(world.house.config.archives / done.archives["visits"])
        assert await digests(world) == before
        await enable("visits")
        assert await current_snapshot().records["visit"].table.count() == 3


async def test_what_needs_it_goes_along(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        await some_records(world)
        await disable("customers", cascade=True)
        before = await digests(world)
        done = await uninstall("customers", cascade=True)
        assert list(done.archives) == BOTH
        for name in BOTH:
            await restore(world.house.config.archives / done.archives[name])
        assert await digests(world) == before
