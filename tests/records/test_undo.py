"""Taking back: what a batch did goes back by the set, what people changed since is kept and listed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, system
from dougong.db import current_transaction, engine, fetch, transaction
from dougong.errors import Forbidden, NotFound, Refused
from dougong.records import desk
from dougong.records.gate import cleared, physical
from dougong.records.undo import undo, what_undo_does
from dougong.testing import World
from dougong_customers.api import Contact, Customer, Interaction

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def batch_of(work: Any) -> tuple[str, Any]:
    """What it answers, and the batch in which it was done."""
    async with transaction():
        answer = await work
        running = current_transaction()
        assert running is not None
        return running.batch, answer


async def row_of(record: Any) -> Mapping[str, Any] | None:
    """Everything in the row but what every write changes."""
    with acting_as(system("look at what the tests wrote")):
        table = type(record)
        found = await table.select(*table._meta.columns).where(table.id == record.id).first()
    return found and {k: v for k, v in found.items() if k not in ("version", "updated")}


def listed(undone: Any) -> set[tuple[str, str]]:
    return {(kept.field.key if kept.field else "", kept.rule) for kept in undone.kept}


async def test_an_edit_goes_back_and_forth(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "甲公司", "city": "杭州"})
        before = await row_of(made)
        batch, _ = await batch_of(desk.change(made, {"name": "乙公司", "city": "宁波", "founded": 1999}))
        after = await row_of(made)
        undone = await undo(batch)
        assert (undone.count, undone.kept, await row_of(made)) == (1, [], before)
        again = await undo(undone.batch)
        assert (again.count, again.kept, await row_of(made)) == (1, [], after)


async def test_what_was_changed_since_is_kept_and_listed(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "三方公司", "city": "杭州", "employees": 3})
        batch, _ = await batch_of(desk.change(made, {"city": "宁波", "employees": 5}))
    async with world.acting("lilei"):
        await desk.change(await desk.get(Customer, made.id), {"city": "温州"})
    async with world.acting("wangfang"):
        undone = await undo(batch)
        [kept] = undone.kept
        now = await desk.get(Customer, made.id)
    assert (kept.field.key, kept.then, kept.now, kept.by, kept.title) == ("city", "宁波", "温州", "李雷", "三方公司")
    assert (undone.count, now.city, now.employees) == (1, "温州", 3)


async def test_what_was_removed_comes_back_as_it_was(world: World):
    async with world.acting("lilei"):
        made = await desk.create(Customer, {"name": "回来公司", "city": "杭州", "credit_limit": 12345, "founded": 2001})
        contact = await desk.create(Contact, {"name": "回来的人", "customer": made.id})
        before = [await row_of(made), await row_of(contact)]
        async with transaction():
            await desk.remove(contact)
            await desk.remove(made)
            batch = current_transaction().batch
        assert [await row_of(made), await row_of(contact)] == [None, None]
        undone = await undo(batch)
        assert (undone.count, undone.kept) == (2, [])
        assert [await row_of(made), await row_of(contact)] == before
        assert (await desk.get(Customer, made.id)).version > made.version
        gone = await undo(undone.batch)
        assert (gone.count, [await row_of(made), await row_of(contact)]) == (2, [None, None])


async def test_what_was_made_goes_unless_somebody_worked_on_it_or_refers_to_it(world: World):
    async with world.acting("lilei"):
        batch, ids = await batch_of(desk.create_many(Customer, [{"name": f"新建{n}"} for n in range(3)]))
        worked_on = await desk.get(Customer, ids[0])
        await desk.change(worked_on, {"city": "嘉兴"})
        await desk.create(Contact, {"name": "引用", "customer": ids[1]})
        undone = await undo(batch)
    assert undone.restored == {"customer": [ids[2]]}
    assert {(k.record_id, k.rule) for k in undone.kept} == {(ids[0], "changed"), (ids[1], "referred_to")}


async def test_looking_writes_nothing_and_says_the_same(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "预览公司", "city": "杭州"})
        batch, changed = await batch_of(desk.change(made, {"city": "宁波"}))
        preview = await what_undo_does(batch)
        assert (preview.count, preview.batch, preview.kept) == (1, "", [])
        assert (await desk.get(Customer, made.id)).version == changed.version


async def test_a_second_undo_finds_nothing_left(world: World):
    async with world.acting("lilei"):
        made = await desk.create(Customer, {"name": "两次公司", "city": "杭州"})
        batch, _ = await batch_of(desk.change(made, {"city": "宁波"}))
        assert (await undo(batch)).count == 1
        second = await undo(batch)
        assert (second.count, second.batch, second.kept) == (0, "", [])
        batch, _ = await batch_of(desk.remove(await desk.get(Customer, made.id)))
        assert (await undo(batch)).count == 1
        assert (await undo(batch)).count == 0


async def test_of_two_undos_at_once_one_wins(world: World):
    async with world.acting("lilei"):
        ids = await desk.create_many(Customer, [{"name": f"同时{n}", "city": "杭州"} for n in range(5)])
        edited, _ = await batch_of(desk.update(Customer, ids, {"city": "宁波"}))
        both = await asyncio.gather(*(undo(edited) for _ in range(4)))
        removed, _ = await batch_of(desk.remove_many(Customer, ids))
        both_again = await asyncio.gather(*(undo(removed) for _ in range(4)))
        cities = {(await desk.get(Customer, i)).city for i in ids}
    for answers in (both, both_again):
        assert sorted(done.count for done in answers) == [0, 0, 0, 5]
        assert all(not done.kept for done in answers)
    assert cities == {"杭州"}


async def test_a_hidden_field_is_neither_told_nor_put_back(world: World):
    async with world.acting("lilei"):
        made = await desk.create(Customer, {"name": "隐藏字段", "city": "杭州", "credit_limit": 1})
        batch, _ = await batch_of(desk.change(made, {"city": "宁波", "credit_limit": 2}))
    hiding = replace(await world.principal("lilei"), hidden=frozenset({"customer.credit_limit"}), version=())
    with acting_as(hiding):
        undone = await undo(batch)
    assert listed(undone) == {("", "hidden")}
    assert [(kept.then, kept.now, kept.by) for kept in undone.kept] == [(None, None, "")]
    now = await row_of(made)
    assert (now["city"], now["credit_limit"]) == ("杭州", 2)


async def test_a_value_somebody_else_took_and_a_reference_that_went_are_listed(world: World):
    async with world.acting("admin"):
        first = await desk.create(Customer, {"name": "占用甲", "number": "U-1"})
        batch, _ = await batch_of(desk.change(first, {"number": "U-2", "city": "宁波"}))
        await desk.create(Customer, {"name": "占用乙", "number": "U-1"})
        undone = await undo(batch)
        assert listed(undone) == {("number", "taken")}
        assert (await row_of(first))["city"] == ""
        old = await desk.create(Customer, {"name": "旧客户"})
        contact = await desk.create(Contact, {"name": "换客户", "customer": old.id})
        batch, _ = await batch_of(desk.change(contact, {"customer": first.id, "title": "经理"}))
        await desk.remove(old)
        undone = await undo(batch)
    assert listed(undone) == {("customer", "reference")}
    assert undone.restored == {"contact": [contact.id]}


async def test_who_may_not_be_without_a_reference_does_not_come_back_without_it(world: World):
    async with world.acting("admin"):
        old = await desk.create(Customer, {"name": "先走的客户"})
        contact = await desk.create(Contact, {"name": "跟着走的人", "customer": old.id})
        batch, _ = await batch_of(desk.remove(contact))
        await desk.remove(old)
        undone = await undo(batch)
        assert (undone.count, listed(undone), await row_of(contact)) == (0, {("customer", "reference")}, None)


async def test_what_the_log_has_no_reference_for_stays_as_it_is(world: World):
    """As it was written when the reference could still be empty."""
    async with world.acting("admin"):
        customer = await desk.create(Customer, {"name": "后来必填的客户"})
        other = await desk.create(Customer, {"name": "另一个客户"})
        contact = await desk.create(Contact, {"name": "原来无主的人", "customer": customer.id})
        changed, contact = await batch_of(desk.change(contact, {"customer": other.id, "title": "经理"}))
        await without_customer(changed)
        undone = await undo(changed)
        assert (undone.restored, listed(undone)) == ({"contact": [contact.id]}, {("customer", "reference")})
        now = await row_of(contact)
        assert (now["customer"], now["title"]) == (other.id, "")
        removed, _ = await batch_of(desk.remove(await desk.get(Contact, contact.id)))
        await without_customer(removed)
        undone = await undo(removed)
        assert (undone.count, listed(undone), await row_of(contact)) == (0, {("customer", "reference")}, None)


async def without_customer(batch: str) -> None:
    """The log of the batch, as if the record had belonged to nobody."""
    table = physical(engine(), "change_log")
    with cleared("desk"):
        found = await fetch(
            QueryString(f"SELECT id, before FROM {table} WHERE batch = {{}} AND record = 'contact'", batch)
        )
        [row] = found
        before = json.dumps({**json.loads(row["before"]), "customer": None})
        await fetch(QueryString(f"UPDATE {table} SET before = {{}} WHERE id = {{}}", before, row["id"]))


async def test_a_hook_may_keep_one_record_and_the_rest_goes_back(world: World, monkeypatch: pytest.MonkeyPatch):
    async with world.acting("lilei"):
        ids = await desk.create_many(Customer, [{"name": f"钩子{n}", "city": "杭州"} for n in range(3)])
        batch, _ = await batch_of(desk.update(Customer, ids, {"city": "宁波"}))
        complete = desk.complete

        async def refusing(record_type: Any, old: Any, new: Any) -> None:
            if new["id"] == ids[1]:
                raise Refused("not this one")
            await complete(record_type, old, new)

        monkeypatch.setattr(desk, "complete", refusing)
        undone = await undo(batch)
    assert undone.restored == {"customer": [ids[0], ids[2]]}
    assert [(kept.record_id, str(kept.reason)) for kept in undone.kept] == [(ids[1], "not this one")]


async def test_a_step_goes_back_for_who_could_take_it(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "送审公司"})
        batch, sent = await batch_of(desk.move(made, "submitted"))
        assert (await undo(batch)).count == 1
        sent = await desk.move(await desk.get(Customer, made.id), "submitted")
    async with world.acting("lilei"):
        approval, _ = await batch_of(desk.move(sent, "approved"))
    async with world.acting("wangfang"):
        with pytest.raises(Forbidden):
            await undo(approval)
    async with world.acting("lilei"):
        assert (await undo(approval)).count == 1
    assert (await row_of(made))["state"] == "submitted"


async def test_who_sees_nothing_of_it_knows_of_no_batch(world: World):
    async with world.acting("admin"):
        batch, far = await batch_of(desk.create(Customer, {"name": "远处", "owner": world.staff["huangjun"]}))
        gone, _ = await batch_of(
            desk.remove(await desk.create(Customer, {"name": "远去", "owner": world.staff["huangjun"]}))
        )
    async with world.acting("wangfang"):
        for unknown in (batch, gone, "0" * 32, "x", "é" * 32):
            with pytest.raises(NotFound):
                await undo(unknown)
    assert await row_of(far) is not None


async def test_a_creation_goes_back_with_what_it_did_to_others(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "连带公司"})
        before = await row_of(made)
        batch, said = await batch_of(
            desk.create(
                Interaction,
                {"customer": made.id, "kind": "call", "text": "聊过", "happened_at": made.created},
            )
        )
        assert (await row_of(made)) != before
        undone = await undo(batch)
    assert await row_of(made) == before
    assert {k: len(v) for k, v in undone.restored.items()} == {"customer": 1, "interaction": 1}
    assert await row_of(said) is None
