"""Comments, mentions and favourites below the pages: read by plain queries, and by whoever they concern alone."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.errors import Invalid, NotFound
from dougong.people.tables import Staff
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import disable, enable
from dougong.records import desk
from dougong.records.comments import (
    Comment,
    bring_back_comment,
    comment_on,
    comments_of,
    remove_comment,
    waiting_for_me,
)
from dougong.records.favourites import Favourite, add_favourite, favourites
from dougong.records.mentions import Mention, seen_in
from dougong.records.types import RecordType
from dougong.testing import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def customer(world: World) -> RecordType:
    return current_snapshot().records["customer"]


@pytest_asyncio.fixture(loop_scope="module")
async def mine(world: World, customer: RecordType) -> Any:
    """A customer of 王芳's."""
    async with world.acting("wangfang"):
        return await desk.create(customer.table, {"name": f"杭州评说{secrets.token_hex(4)}有限公司"})


async def test_plain_queries_find_comments_with_their_record_and_none_taken_back(
    world: World, customer: RecordType, mine: Any
) -> None:
    async with world.acting("wangfang"):
        said = await comment_on(customer, mine.id, "说一句")
    of_it = Comment.id == said.id
    async with world.acting("lilei"):
        assert await Comment.count().where(of_it) == 1
    async with world.acting("admin"):
        yubo = await Staff.objects().where(Staff.name == "于波").first()
        await desk.change(await desk.get(customer.table, mine.id), {"owner": yubo.id, "department": yubo.department})
    async with world.acting("wangfang"):
        assert await Comment.count().where(of_it) == 0
    async with world.acting("admin"):
        now = await desk.get(customer.table, mine.id)
        await desk.change(now, {"owner": mine.owner, "department": mine.department})
    async with world.acting("wangfang"):
        await remove_comment(customer, mine.id, said.id)
        assert await Comment.count().where(of_it) == 0
    with acting_as(system("test")):
        assert await Comment.count().where(of_it) == 1


async def test_ones_mentions_and_favourites_are_read_by_nobody_else(
    world: World, customer: RecordType, mine: Any
) -> None:
    async with world.acting("wangfang"):
        said = await comment_on(customer, mine.id, "@李雷 看看")
        await add_favourite(customer, mine.id)
        assert await Mention.count().where(Mention.comment == said.id) == 0
        assert ("customer", mine.id) in await favourites(10)
    for who, sees in (("lilei", 1), ("zhaomin", 0), ("admin", 0)):
        async with world.acting(who):
            assert await Mention.count().where(Mention.comment == said.id) == sees
            assert await Favourite.count().where(Favourite.record_id == mine.id) == 0


async def test_reading_a_second_time_what_mentions_one_finds_nothing_new(
    world: World, customer: RecordType, mine: Any
) -> None:
    async with world.acting("wangfang"):
        said = await comment_on(customer, mine.id, "@李雷 再看看")
    async with world.acting("lilei"):
        for _time in ("first", "second"):
            await seen_in([said.id])
            assert said.id not in [waiting.said.id for waiting in await waiting_for_me()]


async def test_what_is_said_about_a_module_goes_and_comes_with_it(
    world: World, customer: RecordType, mine: Any
) -> None:
    async with world.acting("lilei"):
        await comment_on(customer, mine.id, "@王芳 关掉以前说的")
    async with world.acting("admin"):
        await disable("customers", cascade=True)
    try:
        async with world.acting("wangfang"):
            assert await Comment.count().where(Comment.record == "customer") == 0
            assert await waiting_for_me() == []
            with pytest.raises(NotFound):
                await comments_of(customer, mine.id)
    finally:
        async with world.acting("admin"):
            await enable("customers")
            await enable("visits")
    async with world.acting("wangfang"):
        assert [w.said.text for w in await waiting_for_me()] == ["@王芳 关掉以前说的"]


NAMES = [
    ("请@李雷看", {"李雷"}),
    ("@李雷@李雷", {"李雷"}),
    ("lilei@李雷.example", set()),
    ("@没有这个人", set()),
    ("@ 李雷", set()),
    ("@Ann and so on", {"Ann"}),
    ("@Anna, @Ann", {"Ann"}),
    ("@Ann Lee and so on", {"Ann Lee"}),
    ("@赵甲(E-1)", {"赵甲/E-1"}),
    ("@赵甲（E-2）", {"赵甲/E-2"}),
]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def named(world: World) -> dict[str, int]:
    """People with names that begin alike, each with an account."""
    from dougong.access.services import roles_of
    from dougong.people.services import add_account

    made = {"李雷": world.staff["lilei"]}
    people = [("Ann", ""), ("Ann Lee", ""), ("赵甲", "E-1"), ("赵甲", "E-2")]
    async with world.acting("admin"):
        lilei = await desk.get(Staff, world.staff["lilei"])
        admin = [role.id for role in await roles_of(world.users["admin"])]
        for number, (name, code) in enumerate(people):
            new = await desk.create(Staff, {"name": name, "code": code, "department": lilei.department})
            await add_account(f"named{number}", staff=new, roles=admin)
            made[f"{name}/{code}" if code else name] = new.id
    return made


@pytest.mark.parametrize(("text", "who"), NAMES)
async def test_a_name_is_found_as_it_stands_in_the_directory(
    world: World, customer: RecordType, mine: Any, named: dict[str, int], text: str, who: set[str]
) -> None:
    async with world.acting("wangfang"):
        said = await comment_on(customer, mine.id, text)
    assert set(said.mentioned) == {named[name] for name in who}


async def test_of_several_people_of_one_name_the_number_is_asked_for(
    world: World, customer: RecordType, mine: Any, named: dict[str, int]
) -> None:
    async with world.acting("wangfang"):
        with pytest.raises(Invalid) as wrong:
            await comment_on(customer, mine.id, "@赵甲 请看")
    assert "赵甲(E-" in str(wrong.value)


async def test_what_was_taken_back_too_long_ago_is_forgotten(world: World, customer: RecordType, mine: Any) -> None:
    async with world.acting("wangfang"):
        old, new = [await comment_on(customer, mine.id, f"@李雷 {text}") for text in ("旧话", "新话")]
        for said in (old, new):
            await remove_comment(customer, mine.id, said.id)
        long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=31)
        with acting_as(system("test")):
            await Comment.update({Comment.removed: long_ago}).where(Comment.id == old.id)
        with pytest.raises(NotFound):
            await bring_back_comment(customer, mine.id, old.id)
        third = await comment_on(customer, mine.id, "第三句")
        await remove_comment(customer, mine.id, third.id)
        with acting_as(system("test")):
            assert await Comment.count().where(Comment.id == old.id) == 0
            assert await Mention.count().where(Mention.comment == old.id) == 0
        assert (await bring_back_comment(customer, mine.id, new.id)).text == "@李雷 新话"
