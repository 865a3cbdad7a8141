"""Switching plugins on and off while the house is open, on both databases."""

from __future__ import annotations

import asyncio
import datetime as dt
from textwrap import dedent

import pytest

from dougong.access.principal import Principal, acting_as, system
from dougong.access.services import matrix, roles
from dougong.db import registry, transaction
from dougong.errors import Forbidden, NotFound, Refused
from dougong.plugin import board, failures, state
from dougong.plugin.board import read_states
from dougong.plugin.contributions import KINDS
from dougong.plugin.impact import impact
from dougong.plugin.lookups import options_of
from dougong.plugin.processes import live_processes
from dougong.plugin.settings import settings_of
from dougong.plugin.snapshot import current_snapshot, pinned
from dougong.plugin.tables import Process
from dougong.records import desk

FULL = """
from pydantic import BaseModel
from dougong.api import *
from dougong.api import _
from made_up_full import hooks

colour = Lookup("parcel_colour", _("Colour"), [Option("red", _("Red")), Option("blue")])

class Parcel(Record):
    title = Varchar(50)
    colour = Choice(colour)
    above = ForeignKey("self", null=True)

parcel = RecordType(table=Parcel, label=_("Parcel"), plural=_("Parcels"), title=Parcel.title)

class ParcelSettings(BaseModel):
    heaviest: int = 20

@get("/parcels-today", right="parcels.count")
async def today_page() -> str:
    return "3"

async def waiting():
    return []

@job()
async def pack() -> None:
    pass

@job()
async def unpack() -> None:
    pass

async def sample():
    pass

plugin = Plugin(
    name="full", label=_("Parcel post"), records=[parcel], extends=[Tab(parcel, via=Parcel.above)], menus=[Menu(parcel)],
    routes=[today_page], jobs=[pack], schedules=[Schedule(unpack, cron="0 8 * * *")], tiles=[Tile(waiting, _("Waiting"))], rights=[Right("parcels.count", _("Count"))],
    presets=[Preset("sales", parcel, {"read": ["own"], "create": ["own"]})], lookups=[colour], settings=ParcelSettings,
    openings=[Opening(waiting, _("Waiting"), sees=[Parcel])], hooks=[hooks], samples=[sample],
)
"""
HOOKS = """
from dougong.api import hook
calls = []

@hook
def before_save(new):
    calls.append(dict(new))
"""


@pytest.fixture
def full(shelf):
    package = shelf.put("full", FULL)
    (shelf.place / package / "hooks.py").write_text(HOOKS)
    return package


def needing(name: str, *requires: str) -> str:
    return f"""
    from dougong.api import Plugin, _
    plugin = Plugin(name={name!r}, label=_({name!r}), requires={list(requires)!r})
    """


@pytest.fixture
def tower(shelf):
    shelf.put("base")
    shelf.put("middle", needing("middle", "base"))
    shelf.put("top", needing("top", "middle"))


def on() -> list[str]:
    return list(current_snapshot().plugins)[1:]


async def tables_of(engine) -> list[str]:
    with acting_as(system("test")):
        if engine.engine_type == "sqlite":
            rows = await engine.run_ddl("SELECT name FROM sqlite_master WHERE type = 'table'")
        else:
            rows = await engine.run_ddl(
                "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'dg'"
            )
    return [row["name"] for row in rows]


async def test_a_new_plugin_is_off_until_it_is_switched_on(opened, full):
    async with opened() as house:
        assert on() == []
        assert "parcel" not in await tables_of(house.engine)
        before = current_snapshot().epoch
        switched = await state.enable("full")
        assert switched.epoch == before + 1
        assert switched.changed == ["full"]
        assert on() == ["full"]
        assert "parcel" in await tables_of(house.engine)


# What each kind of contribution shows in the snapshot. A kind without a line here fails the test below.
SHOWN = {
    "records": lambda s: "parcel" in s.records and "parcels" in s.by_path,
    "extends": lambda s: bool(s.tabs_of("parcel")),
    "menus": lambda s: any(getattr(menu.to, "key", "") == "parcel" for menu in s.menus),
    "routes": lambda s: bool(s.routes),
    "jobs": lambda s: {("full", "pack"), ("full", "unpack")} <= set(s.jobs),
    "schedules": lambda s: [plugin for plugin, _schedule in s.schedules] == ["full"],
    "tiles": lambda s: bool(s.tiles),
    "rights": lambda s: "parcels.count" in s.rights,
    "openings": lambda s: any(opening.service.__name__ == "waiting" for opening in s.openings.values()),
    "presets": lambda s: any(preset.record.key == "parcel" for preset in s.presets),
    "lookups": lambda s: "parcel_colour" in s.lookups,
    "settings": lambda s: "full" in s.settings,
    "hooks": lambda s: s.hooks.has("before_save"),
    "samples": lambda s: bool(s.samples),
}


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
async def test_off_means_gone_and_on_means_back_for_every_kind(opened, full, kind):
    shown = SHOWN[kind]
    async with opened():
        assert not shown(current_snapshot())
        await state.enable("full")
        assert shown(current_snapshot())
        assert (await impact("full")).parts[kind]
        await state.disable("full")
        assert not shown(current_snapshot())
        await state.enable("full")
        assert shown(current_snapshot())


async def test_the_values_stay_while_a_plugin_is_off(opened, full):
    async with opened() as house:
        await state.enable("full")
        parcel = current_snapshot().records["parcel"].table
        made = await desk.create(parcel, {"title": "Nuts"})
        await state.disable("full")
        assert "parcel" in await tables_of(house.engine)
        await state.enable("full")
        assert (await parcel.objects().get(parcel.id == made.id)).title == "Nuts"


async def test_a_request_under_way_finishes_on_the_snapshot_it_pinned(opened, full):
    async with opened():
        await state.enable("full")
        with pinned() as mine:
            await asyncio.create_task(state.disable("full"))
            assert current_snapshot() is mine
            assert "parcel" in current_snapshot().records
        assert "parcel" not in current_snapshot().records


async def test_what_others_need_is_not_switched_off_alone(opened, tower):
    async with opened():
        await state.enable("top", cascade=True)
        assert on() == ["base", "middle", "top"]
        with pytest.raises(Refused, match="middle") as refused:
            await state.disable("base")
        assert refused.value.status == 409
        assert list(refused.value.values["names"]) == ["middle", "top"]
        assert on() == ["base", "middle", "top"]


async def test_a_plugin_needs_what_it_needs(opened, tower):
    async with opened():
        with pytest.raises(Refused) as refused:
            await state.enable("top")
        assert list(refused.value.values["names"]) == ["base", "middle"]
        assert on() == []


async def test_what_was_switched_off_together_is_offered_together(opened, tower):
    async with opened():
        await state.enable("top", cascade=True)
        off = await state.disable("base", cascade=True)
        assert list(off.changed) == ["top", "middle", "base"]
        assert on() == []
        alone = await state.enable("base")
        assert on() == ["base"]
        assert list(alone.also) == ["middle", "top"]
        assert list((await impact("base")).companions) == ["middle", "top"]
        await state.disable("base")
        together = await state.enable("base", cascade=True)
        assert on() == ["base", "middle", "top"]
        assert not together.also


async def test_switching_twice_changes_nothing(opened, full):
    async with opened():
        await state.enable("full")
        again = await state.enable("full")
        assert not again.changed
        assert on() == ["full"]


async def test_what_switches_is_named_and_by_right_only(opened, full):
    async with opened():
        with pytest.raises(NotFound):
            await state.enable("nobody")
        with pytest.raises(NotFound):
            await state.disable("nobody")
        with acting_as(Principal(user=7, name="nobody special")), pytest.raises(Forbidden):
            await state.enable("full")
        with acting_as(Principal(user=8, admin=True)):
            await state.enable("full")
        assert (await read_states())["full"]["changed_by"] == 8


async def test_a_plugin_that_does_not_work_can_not_be_switched_on(opened, shelf):
    shelf.put("bad", "raise ValueError('no licence')")
    async with opened():
        with pytest.raises(Refused, match="no licence"):
            await state.enable("bad")


async def test_a_crash_between_migration_and_switch_leaves_everything_as_it_was(opened, full, monkeypatch):
    async def crash(*_args, **_more):
        raise KeyboardInterrupt

    async with opened() as house:
        before = current_snapshot()
        monkeypatch.setattr(state, "store_state", crash)
        with pytest.raises(KeyboardInterrupt):
            await state.enable("full")
        monkeypatch.undo()
        await house.board.refresh()
        assert current_snapshot() is before
        assert "parcel" not in await tables_of(house.engine)
        assert "full" not in await read_states()
        await state.enable("full")
        assert on() == ["full"]


async def test_presets_of_a_role_nobody_knows_leave_everything_as_it_was(opened, shelf):
    shelf.put(
        "full", FULL.replace('"sales"', '"pirate"').replace("from made_up_full import hooks", "import json as hooks")
    )
    async with opened() as house:
        with pytest.raises(Refused, match="pirate"):
            await state.enable("full")
        assert "parcel" not in await tables_of(house.engine)
        assert on() == []


async def test_presets_come_once_and_what_the_company_changed_stays(opened, full):
    async with opened():
        await state.enable("full")
        sales = next(role for role in await roles() if role.key == "sales")
        granted = repr(await matrix(sales.id))
        assert "parcel" in granted


async def test_a_failing_migration_isolates_the_plugin_and_what_needs_it(opened, shelf):
    package = shelf.put("base")
    shelf.put("top", needing("top", "base"))
    shelf.put("other")
    async with opened():
        await state.enable("top", cascade=True)
        await state.enable("other")
    (shelf.place / package / "migrations").mkdir()
    step = "async def up():\n    raise RuntimeError('half way')\n"
    (shelf.place / package / "migrations" / "0001_split.py").write_text(step)
    async with opened() as house:
        assert on() == ["other"]
        assert "half way" in str(house.installed.plugins["base"].error)
        assert "“base”" in str(house.installed.plugins["top"].error)


async def test_a_new_version_that_needs_more_is_not_served_until_that_is_on(opened, shelf):
    shelf.put("base")
    package = shelf.put("grown")
    async with opened():
        await state.enable("grown")
        assert on() == ["grown"]
    shelf.clear()
    (shelf.place / package / "plugin.py").write_text(dedent(needing("grown", "base")))
    async with opened():
        assert on() == []
        await state.enable("base")
        assert on() == ["base", "grown"]


async def test_another_process_follows_within_a_second(opened, full, config, monkeypatch):
    async with opened() as house:
        other = board.Board(house.board.core, house.installed)
        served = []
        monkeypatch.setattr(board, "install", served.append)
        following = asyncio.create_task(other.follow())
        async with transaction():
            await state.raise_epoch()
            await state.store_state("full", {}, enabled=True)
        await asyncio.sleep(1)
        following.cancel()
        assert "full" in served[-1].plugins


async def test_who_does_not_serve_the_new_epoch_yet_is_told(opened, full):
    async with opened():
        [mine] = await live_processes()
        now = dt.datetime.now(dt.UTC)
        slow = Process(key="slow", host="elsewhere", pid=1, started=now, epoch=mine.epoch, seen=now)
        dead = Process(key="dead", host="grave", pid=2, started=now, epoch=0, seen=now - dt.timedelta(seconds=20))
        await Process.insert(slow, dead)
        switched = await state.enable("full")
        assert [process.host for process in switched.waiting] == ["elsewhere"]
        epochs = {process.host: process.epoch for process in await live_processes()}
        assert epochs[mine.host] == switched.epoch


async def test_two_switches_at_once_wait_for_each_other(opened, tower):
    async with opened():
        await asyncio.gather(state.enable("base"), state.enable("middle", cascade=True))
        assert on() == ["base", "middle"]
        results = await asyncio.gather(state.disable("base"), state.disable("middle"), return_exceptions=True)
        assert on() in (["base"], [])
        assert all(isinstance(result, state.Switched | Refused) for result in results)


async def test_switching_on_again_forgives_failures(opened, full):
    async with opened():
        await state.enable("full")
        for _round in range(failures.LIMIT):
            failures.record_failure("full", "test", ValueError())
        assert failures.is_left_alone("full")
        await state.disable("full")
        await state.enable("full")
        assert not failures.is_left_alone("full")


async def test_the_impact_names_what_goes(opened, full, shelf):
    shelf.put("fan", needing("fan", "full"))
    async with opened():
        await state.enable("fan", cascade=True)
        parcel = current_snapshot().records["parcel"].table
        for title in ("a", "b"):
            await desk.create(parcel, {"title": title})
        found = await impact("full")
        assert [(record.key, rows) for record, rows in found.records] == [("parcel", 2)]
        assert list(found.dependants) == ["fan"]
        assert {kind: [str(name) for name in names] for kind, names in found.parts.items()} == {
            "records": ["Parcels"],
            "extends": ["Parcels, on “parcel”"],
            "menus": ["Parcels"],
            "routes": ["/parcels-today"],
            "tiles": ["Waiting"],
            "rights": ["Count"],
            "presets": ["Parcels, for “sales”"],
            "lookups": ["Colour"],
            "settings": ["Heaviest"],
            "openings": ["Waiting"],
            "hooks": ["made_up_full.hooks"],
            "samples": ["sample"],
            "jobs": ["Pack"],
            "schedules": ["Unpack, 0 8 * * *"],
        }


async def test_lists_and_settings_come_with_the_plugin(opened, full):
    async with opened():
        await state.enable("full")
        lookup = current_snapshot().lookups["parcel_colour"]
        assert [(option.key, active) for option, active in options_of(lookup)] == [("red", True), ("blue", True)]
        model = current_snapshot().settings["full"]
        assert settings_of(model).heaviest == 20


async def test_a_house_that_closes_leaves_the_list_of_processes(opened, full):
    async with opened():
        assert len(await live_processes()) == 1
    async with opened():
        assert len(await live_processes()) == 1
    with pytest.raises(RuntimeError):
        registry.engine()
