"""A hook may complete a record or refuse it; one that fails or hangs is passed over and recorded."""

from __future__ import annotations

import asyncio
import time
from types import ModuleType

import pytest

from dougong.access.principal import _principal, acting_as, maybe_current, system
from dougong.db import close_database, open_database, transaction
from dougong.db.columns import Varchar
from dougong.errors import Invalid, Problem, Refused
from dougong.i18n import _
from dougong.plugin import budget, failures, hooks
from dougong.plugin.failures import LIMIT, failures_of, forgive, is_left_alone
from dougong.plugin.hooks import HookCaller
from dougong.plugin.hookspecs import hook
from dougong.plugin.manifest import Plugin
from dougong.records.tables import Private


class Noted(Private, tablename="test_noted"):
    text = Varchar(50, unique=True)


@pytest.fixture
async def house(database_url):
    from dougong.db.schema import grow_schema

    engine = await open_database(database_url)
    await grow_schema([Noted])
    with acting_as(system("test")):
        yield engine
    await close_database(engine)


@pytest.fixture(autouse=True)
def little_patience(monkeypatch):
    monkeypatch.setattr(hooks, "BUDGET", 0.3)
    monkeypatch.setattr(hooks, "STEP", 0.2)
    monkeypatch.setattr(budget, "GRACE", 0.2)


def plugin(name: str, **functions) -> Plugin:
    module = ModuleType(f"made_up_{name}.hooks")
    for hook_name, function in functions.items():
        setattr(module, hook_name, hook(function))
    return Plugin(name=name, label=_("Label"), hooks=[module])


async def save(caller: HookCaller, **new) -> dict:
    await caller.call("before_save", record_type=None, old=None, new=new, principal=None)
    return new


async def test_hooks_complete_a_record_in_the_order_of_need(house):
    def first(new):
        new["seen"] = "first"

    async def second(new):
        new["seen"] += ", second"

    caller = HookCaller([plugin("a", before_save=first), plugin("b", before_save=second)])
    assert await save(caller, name="x") == {"name": "x", "seen": "first, second"}


@pytest.mark.parametrize("veto", [Invalid(Problem("name", "no")), Refused("not now")])
async def test_a_veto_reaches_the_person(house, veto):
    def refuse(new):
        raise veto

    with pytest.raises(type(veto)):
        await save(HookCaller([plugin("a", before_save=refuse)]), name="x")
    assert not failures_of("a")


async def no_end(new):
    new["name"] = "spoilt"
    await asyncio.Event().wait()


async def no_end_and_deaf(new):
    while True:
        try:
            await asyncio.sleep(10)
        except BaseException:  # noqa: BLE001
            new["name"] = "spoilt"


async def sleeps(new):
    new["name"] = "spoilt"
    time.sleep(30)


def sleeps_plainly(new):
    sleeps_and_catches(new)


def sleeps_and_catches(new):
    new["name"] = "spoilt"
    while True:
        try:
            time.sleep(30)
        except Exception:  # noqa: BLE001
            continue


async def spins_after_a_wait(new):
    await asyncio.sleep(0)
    while True:
        pass


def raises(new):
    new["name"] = "spoilt"
    del new["other"]
    raise ZeroDivisionError("by hand")


def leaves(new):
    raise SystemExit(1)


async def pretends_to_be_cancelled(new):
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    "bad",
    [
        no_end,
        no_end_and_deaf,
        sleeps,
        sleeps_plainly,
        sleeps_and_catches,
        spins_after_a_wait,
        raises,
        leaves,
        pretends_to_be_cancelled,
    ],
)
async def test_a_hook_that_fails_or_hangs_is_passed_over_and_what_it_changed_is_undone(house, bad):
    def good(new):
        new["good"] = True

    caller = HookCaller([plugin("bad", before_save=bad), plugin("good", before_save=good)])
    started = time.monotonic()
    new = await save(caller, name="x", other=1)
    assert time.monotonic() - started < 2
    assert new == {"name": "x", "other": 1, "good": True}
    [failure] = failures_of("bad")
    assert failure.where == "before_save"
    assert not failures_of("good")


async def test_the_failure_names_what_happened(house):
    await save(HookCaller([plugin("bad", before_save=raises)]), name="x", other=1)
    [failure] = failures_of("bad")
    assert failure.error == "ZeroDivisionError: by hand"


async def test_a_request_that_is_cancelled_stops_though_a_hook_runs(house):
    caller = HookCaller([plugin("slow", before_save=no_end)])
    task = asyncio.create_task(save(caller, name="x"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not failures_of("slow")


async def test_a_hook_that_took_its_time_does_not_disturb_what_follows(house):
    caller = HookCaller([plugin("slow", before_save=no_end)])
    await save(caller, name="x")
    assert asyncio.current_task().cancelling() == 0
    await asyncio.sleep(0.5)


async def test_a_failed_statement_in_a_hook_spares_the_transaction(house):
    async def twice(new):
        await Noted.insert(Noted(text="same"))
        await Noted.insert(Noted(text="same"))

    caller = HookCaller([plugin("bad", before_save=twice)])
    async with transaction():
        await Noted.insert(Noted(text="before"))
        await save(caller, name="x")
        await Noted.insert(Noted(text="after"))
    rows = await Noted.select(Noted.text).order_by(Noted.text)
    assert [row["text"] for row in rows] == ["after", "before"]
    assert failures_of("bad")


async def test_a_hang_inside_a_transaction_spares_it(house):
    async def writes_and_hangs(new):
        await Noted.insert(Noted(text="hanging"))
        await asyncio.Event().wait()

    async with transaction():
        await save(HookCaller([plugin("bad", before_save=writes_and_hangs)]), name="x")
        await Noted.insert(Noted(text="after"))
    assert [row["text"] for row in await Noted.select(Noted.text)] == ["after"]


async def test_who_acts_does_not_leak_out_of_a_hook(house):
    async def takes_over(new):
        _principal.set(system("taken over"))

    before = maybe_current()
    await save(HookCaller([plugin("bad", before_save=takes_over)]), name="x")
    assert maybe_current() is before


async def test_a_plugin_that_keeps_failing_is_left_alone_until_it_is_forgiven(house):
    calls = []

    def fails(new):
        calls.append(new)
        raise ValueError

    caller = HookCaller([plugin("bad", before_save=fails)])
    for _round in range(LIMIT + 3):
        await save(caller, name="x")
    assert len(calls) == LIMIT
    assert is_left_alone("bad")
    forgive("bad")
    await save(caller, name="x")
    assert len(calls) == LIMIT + 1


async def test_failures_long_ago_do_not_count(house, monkeypatch):
    def fails(new):
        raise ValueError

    caller = HookCaller([plugin("bad", before_save=fails)])
    clock = iter(range(0, 10_000, 601))
    monkeypatch.setattr(failures, "time", type("clock", (), {"monotonic": staticmethod(lambda: next(clock))}))
    for _round in range(LIMIT + 3):
        await save(caller, name="x")
    assert not is_left_alone("bad")


async def test_a_hook_takes_only_the_arguments_it_names(house):
    seen = []

    async def changed(ids, verb):
        seen.append((verb, list(ids)))

    caller = HookCaller([plugin("a", record_changed=changed)])
    await caller.call("record_changed", record_type=None, verb="create", ids=[1, 2], batch="b")
    assert seen == [("create", [1, 2])]
    assert caller.has("record_changed")
    assert not caller.has("before_save")


def test_a_budget_gives_the_outer_one_back():
    """A test's own time limit uses the same clock, for one."""
    with pytest.raises(budget.OutOfTime, match=r"0\.4"), budget.alarm(0.4):
        for _round in range(10):
            with budget.alarm(5):
                time.sleep(0.1)
