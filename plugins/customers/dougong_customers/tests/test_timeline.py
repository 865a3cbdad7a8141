"""What a customer's page tells: everything that happened, mixed by date, by kind, a page at a time (CUS-M10)."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from dougong.records import desk
from dougong_customers.services import log_interaction
from dougong_customers.tables import Customer, CustomerRelation, Interaction

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOON = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)


async def told_customer(world, name, *, calls):
    async with world.acting("wangfang"):
        customer = await desk.create(Customer, {"name": name})
        for number in range(calls):
            # three at a time happen in one moment
            moment = NOON + dt.timedelta(days=number // 3)
            await log_interaction(customer.id, "call", f"第{number:03}次通话", happened_at=moment)
    return customer


async def pages_told(http, address):
    """The texts of page after page, as somebody reads who follows “earlier”."""
    told = []
    while address:
        page = (await http.get(address)).text
        told.append(re.findall(r'<div class="dg-text">(.*?)</div>', page))
        more = re.search(r'<p class="dg-more"><a class="dg-bt" href="([^"]*)"', page)
        address = more[1].replace("&amp;", "&") if more else ""
    return told


async def test_each_entry_is_told_once_the_newest_first_however_many_share_a_moment(world):
    customer = await told_customer(world, "长亭往来机械有限公司", calls=71)
    async with world.client("wangfang") as http:
        for kind in ("", "?kind=interactions"):
            pages = await pages_told(http, f"/customers/{customer.id}{kind}")
            assert [text for page in pages for text in page] == [f"第{n:03}次通话" for n in reversed(range(71))]
            assert len(pages) >= 3


async def test_kinds_of_entries_are_chosen_in_the_address(world):
    customer = await told_customer(world, "长亭分类机械有限公司", calls=1)
    async with world.acting("wangfang"):
        other = await desk.create(Customer, {"name": "长亭经销商贸有限公司"})
        await desk.create(CustomerRelation, {"customer": other.id, "relation": "dealer_of", "related": customer.id})
    async with world.client("wangfang") as http:
        one = f"/customers/{customer.id}"
        everything = (await http.get(one)).text
        assert "第000次通话" in everything
        assert "有经销商：长亭经销商贸有限公司" in everything
        calls = (await http.get(f"{one}?kind=interactions")).text
        assert "第000次通话" in calls
        assert "长亭经销商贸" not in calls
        relations = (await http.get(f"{one}?kind=customer-relations")).text
        assert "第000次通话" not in relations
        assert "有经销商：长亭经销商贸有限公司" in relations
        changes = (await http.get(f"{one}?kind=changes")).text
        assert "第000次通话" not in changes
        assert "创建" in changes
        assert "经销：长亭分类机械有限公司" in (await http.get(f"/customers/{other.id}")).text


async def test_a_long_history_is_read_to_its_beginning(world):
    customer = await told_customer(world, "长亭修订机械有限公司", calls=0)
    async with world.acting("wangfang"):
        for number in range(65):
            customer = await desk.change(customer, {"remark": f"第{number:02}稿"})
    async with world.client("wangfang") as http:
        told, address = [], f"/customers/{customer.id}?tab=history"
        while address:
            page = (await http.get(address)).text
            told += re.findall(r"<ins>(第\d\d稿)</ins>", page)
            more = re.search(r'<p class="dg-more"><a class="dg-bt" href="([^"]*)"', page)
            address = more[1].replace("&amp;", "&") if more else ""
    assert told == [f"第{n:02}稿" for n in reversed(range(65))]


@pytest.mark.parametrize("made_up", ["x", "2026-13-01T00:00:00Z~0~1", "2026-01-01T00:00:00Z~1~" + "9" * 30, "'; --"])
async def test_a_made_up_place_in_the_address_shows_the_newest(world, made_up):
    customer = await told_customer(world, "长亭地址机械有限公司", calls=1)
    async with world.client("wangfang") as http:
        page = await http.get(f"/customers/{customer.id}", params={"after": made_up, "kind": "nothing"})
        assert page.status_code == 200
        assert "第000次通话" in page.text
    async with world.acting("wangfang"):
        await desk.remove_many(Interaction, await Interaction.select(Interaction.id).output(as_list=True))
        await desk.remove(customer)
