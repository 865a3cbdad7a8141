"""Files of records as services and the gate know them: whose they are, when they are forgotten, and what a backup holds."""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import puremagic
import pytest

from dougong.access.principal import acting_as, system
from dougong.errors import Forbidden, NotFound
from dougong.files import store
from dougong.files.store import DAY, Directory, current_store
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import disable, enable
from dougong.records import attachments, desk
from dougong.records.attachments import Attached, Attachment, attach, content_of, files_of, limits, remove, sweep
from dougong.records.types import RecordType
from dougong.testing import World

pytestmark = pytest.mark.asyncio(loop_scope="module")
PDF = b"%PDF-1.7\n%%EOF\n"


def customers() -> RecordType:
    return current_snapshot().records["customer"]


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def customer_of(world: World, who: str, name: str) -> Any:
    async with world.acting("admin"):
        return await desk.create(customers().table, {"name": name, "owner": world.staff[who]})


async def attached_to(world: World, record: Any, name: str, content: bytes = PDF) -> Attached:
    async with world.acting("admin"):
        return await attach(customers(), record.id, name, pieces(content))


async def there(digest: str) -> bool:
    return await current_store().has(digest)


def lies_since(digest: str, days: float) -> None:
    place = current_store()
    assert isinstance(place, Directory)
    moment = time.time() - days * DAY
    os.utime(place.place_of(digest), (moment, moment))


async def long_ago(file: Attached, days: int) -> None:
    moment = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    with acting_as(system("test")):
        await Attachment.update({Attachment.removed: moment}).where(Attachment.id == file.id)


# ---------------------------------------------------------------------- whose they are


async def test_a_plain_read_finds_the_files_of_records_one_sees(world: World) -> None:
    """Through the gate, whoever asks: nobody has to think of rights."""
    hers, his = (
        await customer_of(world, "wangfang", "甬江塑机有限公司"),
        await customer_of(world, "zhaomin", "钱江塑机有限公司"),
    )
    mine, other = await attached_to(world, hers, "她的.pdf"), await attached_to(world, his, "他的.pdf")
    async with world.acting("wangfang"):
        found = await Attachment.select(Attachment.id).where(Attachment.id.is_in([mine.id, other.id]))
        assert [row["id"] for row in found] == [mine.id]
        assert await Attachment.count().where(Attachment.id == other.id) == 0
        with pytest.raises(Forbidden):
            await Attachment.delete().where(Attachment.id == mine.id)
        with pytest.raises(NotFound):
            await files_of(customers(), his.id)
    async with world.acting("admin"):
        assert await Attachment.count().where(Attachment.id.is_in([mine.id, other.id])) == 2


async def test_files_of_what_is_switched_off_or_gone_are_nobodys(world: World) -> None:
    record = await customer_of(world, "wangfang", "瓯江塑机有限公司")
    file = await attached_to(world, record, "开关.pdf")
    async with world.acting("admin"):
        await disable("customers", cascade=True)
        try:
            assert await Attachment.count().where(Attachment.id == file.id) == 0
        finally:
            await enable("customers", cascade=True)
            await enable("visits", cascade=True)
    async with world.acting("admin"):
        assert [each.id for each in await files_of(customers(), record.id)] == [file.id]
        await desk.remove(record)
        assert await Attachment.count().where(Attachment.id == file.id) == 0


# ---------------------------------------------------------------------- forgetting


async def test_a_removed_file_is_forgotten_after_its_days_and_its_content_with_it(world: World) -> None:
    record = await customer_of(world, "wangfang", "曹娥江塑机有限公司")
    young = await attached_to(world, record, "年轻.pdf", PDF + b"young")
    old = await attached_to(world, record, "老.pdf", PDF + b"old")
    async with world.acting("admin"):
        await remove(customers(), record.id, young.id)
        await remove(customers(), record.id, old.id)
    await long_ago(young, 29)
    await long_ago(old, 31)
    for file in (young, old):
        lies_since(file.digest, 40)
    async with world.acting("admin"):
        assert [file.id for file in await attachments.removed_of(customers(), record.id)] == [young.id]
        with pytest.raises(NotFound):
            await attachments.bring_back(customers(), record.id, old.id)
    assert await sweep() == 1
    assert (await there(young.digest), await there(old.digest)) == (True, False)
    async with world.acting("admin"):
        back = await attachments.bring_back(customers(), record.id, young.id)
        assert b"".join([piece async for piece in await content_of(back)]) == PDF + b"young"


async def test_content_another_record_has_too_stays(world: World) -> None:
    one, two = (
        await customer_of(world, "wangfang", "浦阳江有限公司"),
        await customer_of(world, "lilei", "富春江有限公司"),
    )
    gone, kept = (
        await attached_to(world, one, "甲.pdf", PDF + b"both"),
        await attached_to(world, two, "乙.pdf", PDF + b"both"),
    )
    assert gone.digest == kept.digest
    async with world.acting("admin"):
        await remove(customers(), one.id, gone.id)
    await long_ago(gone, 31)
    lies_since(kept.digest, 40)
    assert await sweep() == 0
    assert await there(kept.digest)


async def test_content_no_file_names_is_swept_after_a_day(world: World) -> None:
    """Until then it may be on its way: kept already, its row not yet written."""
    async with current_store().receive(pieces(b"nobody names this"), 100) as draft:
        await draft.keep()
    lies_since(draft.digest, 0.9)
    assert await sweep() == 0
    lies_since(draft.digest, 1.1)
    assert await sweep() == 1
    assert not await there(draft.digest)


async def test_content_that_comes_in_again_while_it_is_swept_stays(world: World) -> None:
    async def sent() -> None:
        async with current_store().receive(pieces(b"twice"), 100) as draft:
            await draft.keep()

    async def all_but_this(digests: Any) -> set[str]:
        await sent()  # after the sweep looked, before it drops
        return set(digests) - {digest}

    await sent()
    async with current_store().receive(pieces(b"twice"), 100) as draft:
        digest = draft.digest
    lies_since(digest, 2)
    assert await current_store().sweep(all_but_this) == 0
    assert await there(digest)


async def test_what_a_broken_off_upload_left_is_swept(world: World) -> None:
    place = current_store()
    assert isinstance(place, Directory)
    left = place.root / store.ABOUT_TO_COME / "left"
    left.write_bytes(b"half")
    assert await sweep() == 0
    os.utime(left, (time.time() - 2 * DAY,) * 2)
    assert await sweep() == 1
    assert not left.exists()


async def test_files_of_a_deleted_record_wait_for_an_undo(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    record = await customer_of(world, "wangfang", "楠溪江塑机有限公司")
    file = await attached_to(world, record, "跟着走.pdf", PDF + b"goes along")
    async with world.acting("admin"):
        await desk.remove(record)
    lies_since(file.digest, 40)
    assert await sweep() == 0
    assert await there(file.digest)
    monkeypatch.setattr(attachments, "_limits", replace(limits(), kept=dt.timedelta(0)))
    assert await sweep() == 1
    with acting_as(system("test")):
        assert not await Attachment.exists().where(Attachment.id == file.id)


# ---------------------------------------------------------------------- the rest


async def test_enough_of_the_beginning_is_looked_at() -> None:
    assert puremagic.main.max_head <= store.HEAD
    assert puremagic.main.max_foot <= store.FOOT


async def test_stock_is_taken_of_each_content_once(world: World) -> None:
    one, two = (
        await customer_of(world, "wangfang", "灵江有限公司"),
        await customer_of(world, "wangfang", "鳌江有限公司"),
    )
    before = await attachments.take_stock()
    file = await attached_to(world, one, "存货.pdf", PDF + b"stock")
    await attached_to(world, two, "存货.pdf", PDF + b"stock")
    after = await attachments.take_stock()
    assert (after.files, after.size) == (before.files + 1, before.size + file.size)
    place = current_store()
    assert isinstance(place, Directory)
    place.place_of(file.digest).unlink()
    assert (await attachments.take_stock()).missing == after.missing + 1
