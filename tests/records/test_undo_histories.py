"""Random histories of a few people: taking back any batch leaves each row as it was before, but for what is listed."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import pytest_asyncio

from dougong.access import openings
from dougong.access.principal import acting_as, system
from dougong.db import current_transaction, transaction
from dougong.db.connections import Engine
from dougong.errors import DougongError
from dougong.records import desk
from dougong.records.desk import type_of
from dougong.records.shapes import Layout
from dougong.records.undo import undo, what_undo_does
from dougong.shaping.fields import add_field, change_field
from dougong.shaping.templates import reset_template, save_template, template
from dougong.testing import World
from dougong_customers.api import Contact, Customer

pytestmark = pytest.mark.asyncio(loop_scope="module")

Key = tuple[str, int]
Image = dict[Key, dict[str, Any]]
TABLES = (Customer, Contact)
EVERY_WRITE = ("version", "updated", "title_key", "title_initials", "x_note__sort")
PEOPLE = ("admin", "lilei", "wangfang")
CITIES = ("杭州", "宁波", "温州", "绍兴", "")
BIG = 5_000


@dataclass
class Told:
    """One batch: each row it touched before and after, and what was written to it since, batch by batch."""

    batch: str
    before: Image
    after: Image
    by: str
    since: dict[Key, set[str]] = field(default_factory=dict)


@dataclass
class History:
    dice: random.Random
    customers: list[int]
    contacts: list[int] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    turns: int = 0

    async def turn(self, work: Callable[[], Any], who: str) -> Told | None:
        before = await self.image()
        try:
            async with transaction():
                await work()
                batch = current_transaction().batch  # type: ignore[union-attr]
        except DougongError:
            assert await self.image() == before, "refused, and yet something was written"
            return None
        after = await self.image()
        return self.note(batch, before, after, who) if after != before else None

    def note(self, batch: str, before: Image, after: Image, who: str) -> Told:
        touched = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        for earlier in self.told:
            for key in touched:
                changed = _differing(before.get(key), after.get(key))
                earlier.since.setdefault(key, set()).update(changed)
        told = Told(
            batch, {k: before[k] for k in touched & before.keys()}, {k: after[k] for k in touched & after.keys()}, who
        )
        self.told.append(told)
        return told

    async def image(self) -> Image:
        """Every row of this history, in full."""
        found: Image = {}
        with acting_as(system("look at what the tests wrote")):
            for table, ids in ((Customer, self.customers), (Contact, self.contacts)):
                if ids:
                    rows = await table.select(*table._meta.columns).where(table.id >= min(ids), table.id <= max(ids))
                    for row in rows:
                        if row["id"] in set(ids):
                            values = {k: v for k, v in row.items() if k not in EVERY_WRITE}
                            found[table._meta.tablename, row["id"]] = values
        return found


def _differing(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> set[str]:
    if one is None or other is None:
        return {"*"}
    return {k for k in one if one[k] != other[k]}


# ---------------------------------------------------------------------- what people do


def deed(history: History) -> Callable[[], Any]:  # noqa: C901 - a list of deeds
    dice = history.dice
    name = dice.choice(
        ["edit", "edit", "bulk", "bulk", "move", "remove", "create", "contact", "several", "empty", "added", "added"]
    )
    some = dice.sample(history.customers, dice.randint(1, len(history.customers)))

    async def edit() -> None:
        record = await desk.get(Customer, some[0])
        await desk.change(record, {"city": dice.choice(CITIES), "employees": dice.choice([None, 3, 40])})

    async def bulk() -> None:
        await desk.update(
            Customer, some, dice.choice([{"city": dice.choice(CITIES)}, {"industry": dice.choice("甲乙丙")}])
        )

    async def move() -> None:
        record = await desk.get(Customer, some[0])
        await desk.move(record, dice.choice(["submitted", "approved", "draft"]), why="又来")

    async def remove() -> None:
        await desk.remove_many(Customer, some[:3], lenient=True)
        if history.contacts:
            await desk.remove_many(Contact, history.contacts[:2], lenient=True)

    async def create() -> None:
        ids = await desk.create_many(
            Customer, [{"name": f"史{dice.randrange(10**9)}", "city": dice.choice(CITIES)} for _ in range(2)]
        )
        history.customers += ids

    async def contact() -> None:
        made = await desk.create(Contact, {"name": "某人", "customer": some[0]})
        history.contacts.append(made.id)

    async def several() -> None:
        await edit()
        await bulk()
        await create()

    async def empty() -> None:
        await desk.update(Customer, some, {"credit_limit": None, "remark": ""})

    async def added() -> None:
        """What the company added, as far as it is on."""
        on = [key for key in ADDED if key in type_of(Customer).fields]
        drawn = {
            "x_note": dice.choice(["酸", "甜", None]),
            "x_count": dice.choice([1, 2, None]),
            "x_met": dice.random() < 0.5,
        }
        await desk.update(Customer, some, {key: drawn[key] for key in on})

    return {f.__name__: f for f in (edit, bulk, move, remove, create, contact, several, empty, added)}[name]


async def reshape(world: World, dice: random.Random) -> None:
    """The company goes on shaping its records: a field off or on, another template."""
    async with world.acting("admin"):
        record_type = type_of(Customer)
        if dice.random() < 0.5:
            key = dice.choice(ADDED)
            await change_field(record_type, key, active=key not in record_type.fields)
            return
        now = await template(record_type)
        required = dice.random() < 0.5
        groups = tuple(
            replace(g, places=tuple(replace(p, required=required) if p.key == "city" else p for p in g.places))
            for g in now.layout.groups
        )
        await save_template(record_type, "", Layout(groups), version=now.version)


# ---------------------------------------------------------------------- the property


def expected(told: Told, now: Image, kept: Mapping[Key, set[str]]) -> Image:
    """Each row the batch touched as it was before, but for what is listed; everything else as it is."""
    wanted = dict(now)
    for key in {*told.before, *told.after}:
        was, became = told.before.get(key), told.after.get(key)
        if "" in kept.get(key, set()):
            continue
        if was is None:
            if not kept.get(key):
                wanted.pop(key, None)
        elif became is None:
            if not (kept.get(key) and lost_its_customer(told, key, now)):
                wanted.setdefault(key, was)
        elif key in now:
            restored = {k: was[k] for k in was if was[k] != became[k] and k not in kept.get(key, set())}
            wanted[key] = {**now[key], **{k: v for k, v in restored.items() if now[key][k] == became[k]}}
    return wanted


def differences(found: Image, wanted: Image) -> dict[Key, Any]:
    """By row, the fields that are not as they should be, as they are and as they should be."""
    said: dict[Key, Any] = {}
    for key in {*found, *wanted}:
        here, there = found.get(key), wanted.get(key)
        if here is None or there is None:
            said[key] = (here is not None, there is not None)
        elif differing := _differing(here, there):
            said[key] = {k: (here[k], there[k]) for k in differing}
    return said


def lost_its_customer(told: Told, key: Key, now: Image) -> bool:
    """Whether a contact that was removed can't come back, since its customer is gone by now, too."""
    was = told.before.get(key)
    gone = was is not None and key[0] == "contact" and ("customer", was["customer"]) not in now
    return gone and ("customer", was["customer"]) not in told.before  # type: ignore[index]


def may_be_listed(told: Told, key: Key, field_key: str, now: Image) -> bool:
    """Only what somebody wrote since, or what is gone, or what can't be done, is left alone."""
    written = told.since.get(key, set())
    left_alone = field_key == "" or "*" in written or field_key in written
    return left_alone or (field_key == "customer" and lost_its_customer(told, key, now))


async def one_history(world: World, seed: int, size: int = 6, turns: int = 12) -> int:
    dice = random.Random(seed)
    async with world.acting("admin"):
        owners = [world.staff["wangfang"], world.staff["lilei"]]
        rows = [{"name": f"史料{seed}之{n}", "owner": dice.choice(owners), "city": "杭州"} for n in range(size)]
        history = History(dice, await desk.create_many(Customer, rows))
    for _turn in range(turns):
        who = dice.choice(PEOPLE)
        async with world.acting(who):
            await history.turn(deed(history), who)
        if dice.random() < 0.15:
            await reshape(world, dice)
        if history.told and dice.random() < 0.5:
            await take_one_back(world, history)
    return history.turns


async def take_one_back(world: World, history: History) -> None:
    told = history.dice.choice(history.told)
    async with world.acting("admin"):
        now = await history.image()
        looked = await what_undo_does(told.batch)
        assert await history.image() == now, "looking wrote something"
        done = await undo(told.batch)
        after = await history.image()
        off = set(ADDED) - type_of(Customer).fields.keys()
        kept: dict[Key, set[str]] = {}
        for one in done.kept:
            assert one.record_type is not None
            # of a field that is off nothing is told but that it is
            named = off if one.rule == "off" else {one.field.key if one.field else ""}
            kept.setdefault((one.record_type.key, one.record_id), set()).update(named)
        assert [(k.record_id, k.rule, k.field) for k in looked.kept] == [
            (k.record_id, k.rule, k.field) for k in done.kept
        ]
        assert looked.count == done.count
        assert differences(after, expected(told, now, kept)) == {}, (told, kept)
        for key, fields in kept.items():
            assert all(may_be_listed(told, key, f, now) for f in fields - off), (told, key, fields)
        history.turns += 1
        if not done.batch:
            assert after == now
            return
        again = await undo(done.batch)
        assert (await history.image(), again.kept) == (now, [])
        history.note(done.batch, now, after, "admin")
        history.note(again.batch, after, now, "admin")


ADDED = ("x_note", "x_count", "x_met")


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def added_fields(world: World) -> None:
    async with world.acting("admin"):
        for label, kind in (("note", "text"), ("count", "number"), ("met", "yes_no")):
            await add_field(type_of(Customer), label, kind)


@pytest.fixture(autouse=True)
def as_often_as_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "_count", lambda key, per_minute: None)


@pytest.mark.timeout(3600)
async def test_whatever_was_done_is_taken_back_or_listed(world: World, rounds: Callable[..., int]) -> None:
    taken = sum([await one_history(world, seed) for seed in range(rounds(25, deep=500))])
    async with world.acting("admin"):  # the other tests go by the shipped template
        now = await template(type_of(Customer))
        await reset_template(type_of(Customer), "", version=now.version)
    assert taken > rounds(25, deep=500) * 2


async def test_five_thousand_go_back_in_a_few_statements(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(5)
    async with world.acting("admin"):
        rows = [{"name": f"大批{n}", "city": dice.choice(CITIES), "employees": n} for n in range(BIG)]
        history = History(dice, await desk.create_many(Customer, rows))
        before = await history.image()
        for work in (
            lambda: desk.update(Customer, history.customers, {"city": "台州", "employees": None}),
            lambda: desk.move_many(Customer, history.customers, "submitted"),
            lambda: desk.remove_many(Customer, history.customers),
        ):
            told = await history.turn(work, "admin")
            assert told is not None
            sent = counted(monkeypatch)
            done = await undo(told.batch)
            monkeypatch.undo()
            assert (done.count, done.kept) == (BIG, [])
            assert await history.image() == before
            assert len(sent) < 60, len(sent)


def counted(patch: pytest.MonkeyPatch) -> list[str]:
    """Every statement from now on."""
    sent: list[str] = []
    run = Engine.run

    async def counting(self: Engine, admission: Any) -> Any:
        sent.append(admission.sql)
        return await run(self, admission)

    patch.setattr(Engine, "run", counting)
    return sent
