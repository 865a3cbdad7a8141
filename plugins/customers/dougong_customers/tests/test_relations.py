"""How customers belong together: read from both ends, and drawn (CUS-M12)."""

from __future__ import annotations

import re

import pytest

from dougong.records import desk
from dougong.web.pages.graphs import MOST
from dougong_customers.tables import Customer, CustomerRelation

pytestmark = pytest.mark.asyncio(loop_scope="module")
TAB = "tab=customer-relations.customer"


async def customers_of(world, *names, who="wangfang"):
    async with world.acting(who):
        return [(await desk.create(Customer, {"name": name})).id for name in names]


async def related(world, source, target, relation="dealer_of", who="wangfang", **values):
    async with world.acting(who):
        return await desk.create(
            CustomerRelation, {"customer": source, "relation": relation, "related": target, **values}
        )


async def drawing(world, who, customer):
    async with world.client(who) as http:
        page = (await http.get(f"/customers/{customer}?{TAB}")).text
    found = re.search(r'<svg viewBox="0 0 [^>]*role="group".*?</svg>', page, re.DOTALL)
    return (found[0] if found else ""), page


async def test_a_relation_is_read_from_the_other_side_in_its_own_words(world):
    dealer, end = await customers_of(world, "鹿鸣经销有限公司", "鹿鸣终端有限公司")
    made = await related(world, dealer, end)
    assert made.reverse == "dealer_of"
    async with world.acting("wangfang"):
        changed = await desk.change(made, {"relation": "parent_of"})
        assert changed.reverse == "parent_of"
        own = await desk.change(changed, {"reverse": "competitor_of"})
        assert (own.relation, own.reverse) == ("parent_of", "competitor_of")
    async with world.client("wangfang") as http:
        assert "母公司" in (await http.get(f"/customers/{dealer}?{TAB}")).text
        assert "竞争" in (await http.get(f"/customers/{end}?tab=customer-relations.related")).text


async def test_customers_two_steps_away_are_drawn_as_links_with_how_they_belong(world):
    maker, dealer, end, far, off = await customers_of(
        world, "松岭制造有限公司", "松岭经销有限公司", "松岭终端有限公司", "松岭三级有限公司", "松岭四级有限公司"
    )
    await related(world, maker, dealer, "supplier_of")
    await related(world, dealer, end)
    await related(world, end, far, "partner_of")
    await related(world, far, off, "partner_of")
    picture, page = await drawing(world, "wangfang", dealer)
    assert {int(i) for i in re.findall(r'<a href="/customers/(\d+)"', picture)} == {maker, end, far}
    assert "由其供货" in picture
    assert "松岭制造有限公司：供应商 → 松岭经销有限公司" in page
    picture, _page = await drawing(world, "wangfang", maker)
    assert {int(i) for i in re.findall(r'<a href="/customers/(\d+)"', picture)} == {dealer, end}


async def test_a_circle_is_drawn_once(world):
    one, two, three = await customers_of(world, "回环一有限公司", "回环二有限公司", "回环三有限公司")
    for source, target in ((one, two), (two, three), (three, one)):
        await related(world, source, target, "partner_of")
    picture, _page = await drawing(world, "wangfang", one)
    assert sorted(int(i) for i in re.findall(r'<a href="/customers/(\d+)"', picture)) == [two, three]
    assert len(re.findall(r"<path ", picture)) == 3


async def test_only_customers_one_may_see_are_drawn(world):
    [mine] = await customers_of(world, "竹溪可见有限公司")
    [theirs] = await customers_of(world, "竹溪不可见有限公司", who="lilei")
    await related(world, mine, theirs, who="lilei")
    assert f"/customers/{theirs}" in (await drawing(world, "lilei", mine))[0]
    picture, page = await drawing(world, "wangfang", mine)
    assert picture == ""
    assert "竹溪不可见" not in page


async def test_so_many_that_nobody_could_read_them_are_cut_and_said_so(world):
    [hub] = await customers_of(world, "星罗总部有限公司")
    async with world.acting("wangfang"):
        rows = [{"name": f"星罗分店{n:03}有限公司"} for n in range(MOST + 20)]
        shops = await desk.create_many(Customer, rows)
        await desk.create_many(
            CustomerRelation, [{"customer": hub, "relation": "parent_of", "related": shop} for shop in shops]
        )
    picture, page = await drawing(world, "wangfang", hub)
    assert len(re.findall(r"<a href=", picture)) == MOST - 1
    assert f"最多绘制 {MOST} 个" in page


async def test_without_relations_nothing_is_drawn(world):
    [alone] = await customers_of(world, "独木有限公司")
    picture, page = await drawing(world, "wangfang", alone)
    assert picture == ""
    assert "dg-graph" not in page
