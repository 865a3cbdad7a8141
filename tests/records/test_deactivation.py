"""Records out of use: seen where they stand, neither chosen nor changed until they are brought back, by every way in."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from dougong.access.rights import held_on
from dougong.access.services import share_record
from dougong.errors import Deactivated, Forbidden, Invalid, NotFound, Stale
from dougong.people.tables import Position, Staff
from dougong.records import bulk, desk, undo
from dougong.records.actions import action_named, run_action
from dougong.records.attachments import attach
from dougong.records.batches import read_batch
from dougong.records.comments import change_comment, comment_on, comments_of, remove_comment
from dougong.records.history import history_of
from dougong.testing import World
from dougong_customers.api import Contact, Customer, Interaction
from dougong_customers.records import customer as customer_type

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = dt.datetime(2026, 9, 1, 8, tzinfo=dt.UTC)


async def out_of_use(name: str) -> Customer:
    return await desk.deactivate(await desk.create(Customer, {"name": name}))


async def _content() -> AsyncIterator[bytes]:
    yield b"one line"


def _edit(it: Customer) -> Coroutine[Any, Any, Any]:
    return desk.change(it, {"city": "杭州"})


def _step(it: Customer) -> Coroutine[Any, Any, Any]:
    return desk.move(it, "submitted")


def _verb(it: Customer) -> Coroutine[Any, Any, Any]:
    return run_action(customer_type, it, action_named(customer_type, "rename-customer"), {"name": "改名机电"})


def _comment(it: Customer) -> Coroutine[Any, Any, Any]:
    return comment_on(customer_type, it.id, "还在吗？")


def _share(it: Customer) -> Coroutine[Any, Any, Any]:
    return share_record(customer_type, it.id, staff=1)


def _file(it: Customer) -> Coroutine[Any, Any, Any]:
    return attach(customer_type, it.id, "a.txt", _content())


@pytest.mark.parametrize("write", [_edit, desk.remove, _step, _verb, _comment, _share, _file])
async def test_nothing_else_is_done_with_what_is_out_of_use(world: World, write: Callable[[Customer], Any]):
    for who in ("wangfang", "admin"):
        async with world.acting(who):
            it = await out_of_use("停用机电")
            with pytest.raises(Deactivated):
                await write(it)
            assert (await desk.get(Customer, it.id)).version == it.version
            assert len(await history_of(customer_type, it.id)) == 2
            assert not await comments_of(customer_type, it.id)


async def test_a_comment_on_it_stays_as_it_was_said(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "有话机电"})
        said = await comment_on(customer_type, it.id, "先说一句")
        await desk.deactivate(it)
        with pytest.raises(Deactivated):
            await change_comment(customer_type, it.id, said.id, "改口")
        with pytest.raises(Deactivated):
            await remove_comment(customer_type, it.id, said.id)
        assert [each.text for each in await comments_of(customer_type, it.id)] == ["先说一句"]


async def test_it_is_brought_back_both_are_logged_and_then_it_is_changed_as_before(world: World):
    async with world.acting("wangfang"):
        it = await out_of_use("回来机电")
        assert it.active is False
        back = await desk.reactivate(it)
        assert (back.active, (await desk.change(back, {"city": "绍兴"})).city) == (True, "绍兴")
        _changed, again, gone, _made = await history_of(customer_type, it.id)
    assert [(str(e.reason), e.before, e.after, e.staff) for e in (gone, again)] == [
        ("已停用", {"active": True}, {"active": False}, world.staff["wangfang"]),
        ("已恢复使用", {"active": False}, {"active": True}, world.staff["wangfang"]),
    ]


async def test_it_is_not_slipped_in_by_an_ordinary_change(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "旁门机电"})
        with pytest.raises(Forbidden):
            await desk.change(it, {"active": False})
        with pytest.raises(Deactivated):
            await desk.change(await desk.deactivate(await desk.get(Customer, it.id)), {"active": True})


async def test_it_goes_by_its_own_right_and_by_the_version_somebody_saw(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "权限机电"})
        await share_record(customer_type, it.id, staff=world.staff["lilei"], level="edit")
        seen = await desk.get(Customer, it.id)
        await desk.change(it, {"city": "宁波"})
        with pytest.raises(Stale):
            await desk.deactivate(seen)
    async with world.acting("zhaomin"):
        with pytest.raises(Forbidden):
            await desk.deactivate(await desk.get(Customer, it.id))
        assert await held_on(customer_type, {"deactivate", "read"}, it.id) == {"read"}


async def test_what_is_out_of_use_is_not_chosen_and_what_chose_it_before_keeps_it(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "老客户机电"})
        contact = await desk.create(Contact, {"name": "郑老师", "customer": it.id})
        await desk.deactivate(it)
        with pytest.raises(Invalid) as refused:
            await desk.create(Contact, {"name": "新老师", "customer": it.id})
        assert [(p.field, p.rule) for p in refused.value.problems] == [("customer", "reference")]
        kept = await desk.change(contact, {"title": "厂长"})
        assert (kept.customer, kept.title) == (it.id, "厂长")


async def test_what_the_house_carries_over_leaves_it_alone(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "记事机电"})
        said = {"customer": it.id, "kind": "call", "text": "旧事", "happened_at": NOW}
        noted = await desk.create(Interaction, said)
        before = await desk.deactivate(await desk.get(Customer, it.id))
        await desk.change(noted, {"happened_at": NOW + dt.timedelta(days=3)})
        assert (await desk.get(Customer, it.id)).last_contacted == before.last_contacted == dt.date(2026, 9, 1)


async def test_of_many_those_that_are_so_already_and_those_of_others_are_skipped_with_the_reason(world: World):
    async with world.acting("lilei"):
        theirs = await desk.create(Customer, {"name": "别人机电"})
    async with world.acting("wangfang"):
        gone, here = await out_of_use("已停机电"), await desk.create(Customer, {"name": "在用机电"})
        done = await desk.deactivate_many(Customer, [gone.id, here.id, theirs.id])
        assert done.changed == [here.id]
        assert {i: str(why) for i, why in done.skipped.items()} == {
            gone.id: str(desk.EQUAL),
            theirs.id: str(NotFound.message),
        }
        edited = await bulk.change_many(customer_type, [gone.id, here.id], {"city": "杭州"})
        assert (edited.changed, {str(why) for why in edited.skipped.values()}) == ([], {str(Deactivated.message)})
        assert await bulk.skipped_before(customer_type, [gone.id], "edit") == {gone.id: Deactivated.message}
        assert (await desk.reactivate_many(Customer, [gone.id, here.id])).changed == [gone.id, here.id]


async def test_deactivating_is_undone_and_done_again(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "撤回机电"})
        await desk.deactivate(it)
        [last, *_rest] = await history_of(customer_type, it.id)
        done = await undo.undo(last.batch)
        assert (done.count, (await desk.get(Customer, it.id)).active) == (1, True)
        assert (await undo.undo(done.batch)).count == 1
        assert (await desk.get(Customer, it.id)).active is False


async def test_an_older_change_is_not_undone_while_it_is_out_of_use(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "旧改机电", "city": "杭州"})
        changed = await desk.change(it, {"city": "宁波"})
        [edit, made] = await history_of(customer_type, it.id)
        await desk.deactivate(changed)
        for entry in (edit, made):
            assert await read_batch(entry.batch)
            kept = await undo.undo(entry.batch)
            assert [(k.rule, k.reason) for k in kept.kept] == [("deactivated", Deactivated.message)]
        assert (await desk.get(Customer, it.id)).city == "宁波"


async def test_a_position_out_of_use_is_not_given_to_anybody(world: World):
    async with world.acting("admin"):
        post = await desk.deactivate(await desk.create(Position, {"name": "打字员"}))
        with pytest.raises(Invalid):
            await desk.change(await desk.get(Staff, world.staff["wangfang"]), {"position": post.id})
