"""What is kept beside a record goes back with what was done to it: files added and taken off, shares given and ended."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from dougong.access.services import share_record, shares_of, unshare
from dougong.db import transaction
from dougong.errors import Forbidden
from dougong.records import attachments, desk
from dougong.records.history import history_of
from dougong.records.undo import undo
from dougong.testing import World
from dougong_customers.api import Customer
from dougong_customers.records import customer as customer_type

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _words(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


async def names(number: int) -> list[str]:
    return [file.name for file in await attachments.files_of(customer_type, number)]


async def last_batch(number: int) -> str:
    [last, *_rest] = await history_of(customer_type, number)
    return last.batch


async def test_a_file_that_was_added_goes_and_comes_again(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "附件撤回机电"})
        await attachments.attach(customer_type, it.id, "合同.txt", _words("甲方"))
        done = await undo(await last_batch(it.id))
        assert (done.restored, await names(it.id)) == ({"customer": [it.id]}, [])
        assert (await undo(done.batch)).count == 1
        assert await names(it.id) == ["合同.txt"]


async def test_a_file_that_was_taken_off_comes_back(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "附件移除机电"})
        file = await attachments.attach(customer_type, it.id, "图纸.txt", _words("一"))
        await attachments.remove(customer_type, it.id, file.id)
        await undo(await last_batch(it.id))
        assert await names(it.id) == ["图纸.txt"]


async def test_a_file_that_went_since_is_named_as_kept(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "附件已去机电"})
        file = await attachments.attach(customer_type, it.id, "表.txt", _words("二"))
        added = await last_batch(it.id)
        await attachments.remove(customer_type, it.id, file.id)
        done = await undo(added)
        assert (done.batch, [(k.rule, str(k.reason)) for k in done.kept]) == ("", [("beside", "文件已不存在。")])


async def test_all_of_one_transaction_goes_back_the_last_first(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "一并撤回机电", "city": "杭州"})
        async with transaction("at once"):
            changed = await desk.change(it, {"city": "宁波"})
            await share_record(customer_type, it.id, staff=world.staff["zhaomin"], level="read")
            await share_record(customer_type, it.id, staff=world.staff["zhaomin"], level="edit")
            await attachments.attach(customer_type, it.id, "并.txt", _words("三"))
        done = await undo(await last_batch(it.id))
        assert (done.restored, list(done.kept)) == ({"customer": [it.id]}, [])
        assert (await desk.get(Customer, it.id)).city == "杭州" != changed.city
        assert (await names(it.id), await shares_of(customer_type, it.id)) == ([], [])


async def test_a_share_that_was_ended_is_given_again(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "共享撤回机电"})
        await unshare(await share_record(customer_type, it.id, staff=world.staff["zhaomin"], level="edit"))
        await undo(await last_batch(it.id))
        assert [(s.staff, s.level) for s in await shares_of(customer_type, it.id)] == [(world.staff["zhaomin"], "edit")]


async def test_who_only_reads_a_record_takes_nothing_beside_it_back(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "旁人撤回机电"})
        await share_record(customer_type, it.id, staff=world.staff["zhaomin"], level="read")
        shared = await last_batch(it.id)
        await attachments.attach(customer_type, it.id, "密.txt", _words("四"))
        added = await last_batch(it.id)
    async with world.acting("lilei"):
        await desk.get(Customer, it.id)
        await undo(added)
    async with world.acting("zhaomin"):
        for batch in (shared, added):
            with pytest.raises(Forbidden):
                await undo(batch)


async def test_who_it_was_shared_with_is_not_written_among_its_fields(world: World):
    async with world.acting("wangfang"):
        it = await desk.create(Customer, {"name": "共享记录机电"})
        await share_record(customer_type, it.id, department=it.department, level="read")
        [entry, _made] = await history_of(customer_type, it.id)
        assert (entry.verb, dict(entry.before), dict(entry.after)) == ("share", {}, {})
        assert entry.staff == world.staff["wangfang"]
