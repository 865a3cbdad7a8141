"""Uninstalling plugins to an archive and bringing them back, on both databases."""

from __future__ import annotations

import random
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dougong.access.principal import acting_as, system
from dougong.db.catalog import columns_present, run
from dougong.errors import Refused, Unavailable
from dougong.house import House, open_house
from dougong.plugin import uninstalling
from dougong.plugin.archive import Damaged, check, manifest_of
from dougong.plugin.board import board, enabled_in, read_states
from dougong.plugin.restoring import restore
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import disable, enable
from dougong.plugin.trash import archives, empty_trash
from dougong.plugin.uninstalling import purge, uninstall
from dougong.records import attachments, comments, desk
from dougong.records.favourites import add_favourite
from dougong.records.tables import Row
from dougong.shaping.fields import add_field
from dougong.testing.digests import table_digests
from dougong.testing.world import World, open_world

BOTH = ["customers", "visits"]


@asynccontextmanager
async def opened(url: str, place: Path) -> AsyncIterator[World]:
    async with open_world(url, place, BOTH) as world, world.acting("admin"):
        yield world


async def make(world: World, key: str, **values: object) -> Row:
    return await desk.create(current_snapshot().records[key].table, {"owner": world.staff["wangfang"], **values})


async def a_visit(world: World, number: int) -> Row:
    customer = await make(world, "customer", name=f"宁波样例{number}公司")
    at = datetime(2026, 11, 1 + number % 28, 8, 30, 1, 5, UTC)
    return await make(world, "visit", customer=customer.id, planned_for=at, purpose="谈“价”\\ 😀 {} $1\n\u2028'")


async def letter():
    yield b"a letter"


async def furnish(world: World) -> None:
    """Three visits, the last one gone, with an added field, a comment, a file and a favourite."""
    visit = current_snapshot().records["visit"]
    await add_field(visit, "预算", "number", details={"places": 2}, indexed=True)
    await add_field(visit, "备注", "text", distinct=True)
    first, second, last = [await a_visit(world, number) for number in range(3)]
    added = {d.label: d.key for d in current_snapshot().added["visit"]}
    await desk.change(first, {added["预算"]: 2**53 + 1, added["备注"]: "多带样品"})
    await comments.comment_on(visit, second.id, "记得带样品")
    await attachments.attach(visit, second.id, "说明.txt", letter())
    await add_favourite(visit, first.id)
    await desk.remove(last)


async def digests(*leaving_out: str) -> dict[str, str]:
    """Without what every switch changes, what is noted of uninstalling, and the index that is made anew."""
    index = ("search_index", "search_text")
    return await table_digests("core_epoch", *index, *leaving_out, kept="record <> 'core_plugin'")


async def out_and_off(world: World, name: str = "visits") -> Path:
    """Switch it off, uninstall it, and say where its archive is."""
    await disable(name)
    return world.house.config.archives / (await uninstall(name)).archives[name]


async def test_what_was_uninstalled_comes_back_as_it_was(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        await furnish(world)
        await disable("visits")
        before = await digests()
        archive = world.house.config.archives / (await uninstall("visits")).archives["visits"]
        after = await digests()
        assert "visit" not in after
        assert {name for name in after if after[name] != before[name]} >= {"record_comment", "attachment", "change_log"}
        assert "visits" not in await read_states()
        await restore(archive)
        assert await digests() == before
        await enable("visits")
        assert await current_snapshot().records["visit"].table.count() == 2


async def test_the_number_of_a_record_that_is_gone_is_not_given_again(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        await furnish(world)
        await restore(await out_and_off(world))
        await enable("visits")
        assert (await a_visit(world, 7)).id == 4


async def test_a_plugin_that_is_switched_on_anew_begins_empty(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        await furnish(world)
        archive = await out_and_off(world)
        await enable("visits")
        assert not current_snapshot().added.get("visit")
        assert "x_" not in " ".join(c.name for c in await columns_present("visit"))
        assert (await a_visit(world, 7)).id == 1
        await disable("visits")
        with pytest.raises(Refused, match="has data here already"):
            await restore(archive)


async def test_what_needs_it_goes_along_and_comes_back_after_it(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        await furnish(world)
        await disable("customers", cascade=True)
        before = await digests()
        with pytest.raises(Refused) as refused:
            await uninstall("customers")
        assert refused.value.values["names"] == ["visits"]
        done = await uninstall("customers", cascade=True)
        assert list(done.archives) == BOTH
        place = world.house.config.archives
        with pytest.raises(Refused, match="customers"):
            await restore(place / done.archives["visits"])
        for name in BOTH:
            await restore(place / done.archives[name])
        assert await digests() == before


async def test_what_others_added_fields_point_to_is_pointed_to_again(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        customer = current_snapshot().records["customer"]
        made = await add_field(customer, "下次拜访", "link", details={"target": "visits"})
        visit = await a_visit(world, 1)
        row = await desk.get(customer.table, visit.customer)
        await desk.change(row, {made.key: visit.id})
        await disable("visits")
        before = await digests()
        archive = world.house.config.archives / (await uninstall("visits")).archives["visits"]
        assert getattr(await desk.get(customer.table, visit.customer), made.key) is None
        await make(world, "customer", name="宁波其间有限公司")
        await restore(archive)
        assert {n for n, d in (await digests()).items() if d != before[n]} == {"customer", "change_log"}
        assert getattr(await desk.get(customer.table, visit.customer), made.key) == visit.id


async def test_an_archive_with_a_changed_byte_is_refused(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        await furnish(world)
        archive = await out_and_off(world)
        before, whole = await digests(), archive.read_bytes()
        for at in random.Random(1).sample(range(len(whole)), 40):
            archive.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(Refused, match="damaged"):
                await restore(archive)
        assert await digests() == before
        archive.write_bytes(whole)
        await restore(archive)


async def test_an_archive_that_cannot_be_written_or_is_not_whole_keeps_everything(database_url, tmp_path, monkeypatch):
    async with opened(database_url, tmp_path) as world:
        await furnish(world)
        await disable("visits")
        before = await digests()

        def spoilt(path: Path):
            raise Damaged(path.name)

        monkeypatch.setattr(uninstalling, "check", spoilt)
        with pytest.raises(Unavailable):
            await uninstall("visits")
        monkeypatch.undo()
        world.house.config.archives.rename(tmp_path / "aside")
        world.house.config.archives.write_text("no directory")
        with pytest.raises(Unavailable):
            await uninstall("visits")
        assert await digests() == before
        assert await archives() == []


@pytest.mark.parametrize("step", ["_write", "_let_go", "_take_out", "_take_tables"])
async def test_what_breaks_in_the_middle_leaves_all_as_it_was(database_url, tmp_path, monkeypatch, step):
    async with opened(database_url, tmp_path) as world:
        await furnish(world)
        made = await add_field(current_snapshot().records["customer"], "下次", "link", details={"target": "visits"})
        await disable("visits")
        before, real = await digests(), getattr(uninstalling, step)

        async def breaking(*args):
            await real(*args)
            raise RuntimeError("cut off")

        monkeypatch.setattr(uninstalling, step, breaking)
        with pytest.raises(RuntimeError, match="cut off"):
            await uninstall("visits")
        assert await digests() == before
        assert await archives() == []
        await enable("visits")
        visit = await a_visit(world, 9)
        assert getattr(await desk.get(current_snapshot().records["customer"].table, visit.customer), made.key) is None


async def test_only_what_is_off_and_has_data_is_uninstalled(database_url, tmp_path):
    async with opened(database_url, tmp_path):
        with pytest.raises(Refused):
            await uninstall("visits")
        assert "visits" in enabled_in(await read_states())


async def test_what_hangs_on_a_role_that_is_gone_is_left_out(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        archive = await out_and_off(world)
        [grant] = [part for name, part in manifest_of(archive).parts.items() if name == "core/access_grant"]
        assert grant.rows
        for table in ("access_grant", "access_field", "access_right", "access_member", "access_group_role"):
            place = f'"{table}"' if world.house.engine.engine_type == "sqlite" else f'dg."{table}"'
            await run(f"DELETE FROM {place}")
        await run("DELETE FROM " + ("access_role" if world.house.engine.engine_type == "sqlite" else "dg.access_role"))
        with acting_as(system("test")):
            assert (await restore(archive)).left_out == grant.rows


async def test_archives_go_when_their_days_are_over_and_sooner_only_by_name(database_url, tmp_path, monkeypatch):
    async with opened(database_url, tmp_path) as world:
        archive = await out_and_off(world)
        with pytest.raises(Refused):
            await purge(archive.name, "customers")
        assert await empty_trash() == 0
        assert check(archive).plugin == "visits"
        await purge(archive.name, "visits")
        assert await archives() == []
        await enable("visits")
        await out_and_off(world)
        monkeypatch.setattr("dougong.plugin.trash._days", -(await archives())[0].until.resolution)
        assert await empty_trash() == 1


async def test_uninstalling_restoring_and_throwing_away_are_noted(database_url, tmp_path):
    async with opened(database_url, tmp_path) as world:
        archive = await out_and_off(world)
        await restore(archive)
        await purge(archive.name, "visits")
        place = "change_log" if world.house.engine.engine_type == "sqlite" else "dg.change_log"
        rows = await run(f"SELECT by_user, verb FROM {place} WHERE record = 'core_plugin' ORDER BY id")
        assert [tuple(row.values()) for row in rows] == [
            (world.users["admin"], verb) for verb in ("remove", "create", "remove")
        ]


@asynccontextmanager
async def stood(config, shelf) -> AsyncIterator[House]:
    house = await open_house(config, installed=lambda _config: shelf.load())
    try:
        with acting_as(system("test")):
            yield house
    finally:
        await house.close()


MIGRATED = """
from dougong.api import *
from dougong.api import _

class Parcel(Record):
    title = Varchar(50)
    {column}

parcel = RecordType(table=Parcel, label=_("Parcel"), plural=_("Parcels"), title=Parcel.title)
plugin = Plugin(name="post", label=_("Post"), records=[parcel])
"""


def cleared_away(shelf) -> None:
    shelf.clear()
    shutil.rmtree(shelf.place)
    shelf.place.mkdir()


STEP = """
from dougong.db import fetch
from dougong.records.gate import physical
from dougong.db import engine
from piccolo.querystring import QueryString

async def up():
    await fetch(QueryString(f"UPDATE {physical(engine(), 'parcel')} SET grams = weight * 1000"))
"""


async def test_an_archive_comes_back_under_a_newer_version_and_not_under_an_older_one(config, shelf):
    def put(version: str, column: str) -> None:
        package = shelf.put("post", MIGRATED.format(column=column), version=version)
        if version == "2.0":
            (shelf.place / package / "migrations").mkdir()
            (shelf.place / package / "migrations" / "0001_grams.py").write_text(STEP)

    put("1.0", "weight = Integer(default=0)")
    async with stood(config, shelf) as house:
        await enable("post")
        await desk.create(current_snapshot().records["parcel"].table, {"title": "箱", "weight": 3})
        await disable("post")
        old = house.config.archives / (await uninstall("post")).archives["post"]
    cleared_away(shelf)
    put("2.0", "grams = Integer(default=0)")
    async with stood(config, shelf) as house:
        await restore(old)
        await enable("post")
        [row] = await current_snapshot().records["parcel"].table.select()
        assert (row["title"], row["grams"]) == ("箱", 3000)
        await disable("post")
        new = house.config.archives / (await uninstall("post")).archives["post"]
    cleared_away(shelf)
    put("1.0", "weight = Integer(default=0)")
    async with stood(config, shelf):
        with pytest.raises(Refused, match="of version 2"):
            await restore(new)


async def test_in_whatever_order_nothing_is_lost(database_url, tmp_path, rounds):
    """Random orders of switching, uninstalling and restoring with writes between: what was written is there at the end."""
    dice = random.Random("orders")
    async with opened(database_url, tmp_path) as world:
        written: dict[int, str] = {}
        kept: dict[str, Path] = {}
        for number in range(rounds(40, deep=400)):
            await one_turn(
                dice.choice(["write", "write", "enable", "disable", "out", "back"]), dice, world, written, kept, number
            )
        for name in [name for name in BOTH if name in kept]:
            await restore(kept.pop(name))
        await enable("visits", cascade=True)
        rows = await current_snapshot().records["visit"].table.select()
        assert {row["id"]: row["purpose"] for row in rows} == written
        assert len(written) > 5


async def one_turn(turn, dice, world, written, kept, number) -> None:
    name, states = dice.choice(BOTH), await read_states()
    if turn == "write" and "visits" in current_snapshot().plugins:
        visit = await a_visit(world, number)
        written[visit.id] = visit.purpose
    elif turn == "enable" and not kept:
        await enable(name, cascade=True)
    elif turn == "disable" and name in states:
        await disable(name, cascade=True)
    elif turn == "out" and name in states and name not in enabled_in(states):
        done = await uninstall(name, cascade=True)
        kept |= {one: world.house.config.archives / file for one, file in done.archives.items()}
    elif turn == "back" and kept:
        first = next(one for one in BOTH if one in kept)
        await restore(kept.pop(first))
    assert board() is world.house.board
