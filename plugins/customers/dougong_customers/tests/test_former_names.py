"""Renaming a customer keeps what it was called before (CUS-M11)."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.errors import Invalid
from dougong.i18n import today
from dougong.records import desk
from dougong.records.history import history_of
from dougong.records.undo import undo
from dougong_customers import records
from dougong_customers.former_names import FormerName, read_former_names
from dougong_customers.services import Match, customers_named_like, name_on, rename_customer
from dougong_customers.tables import Customer

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def renamed(world, *names, who="wangfang"):
    """A customer that had these names, one after the other."""
    async with world.acting(who):
        customer = await desk.create(Customer, {"name": names[0]})
        for name in names[1:]:
            customer = await desk.change(customer, {"name": name})
    return customer


async def kept(customer):
    return read_former_names((await desk.get(Customer, customer.id)).former_names)


async def test_each_name_a_customer_had_is_kept_with_its_day(world):
    customer = await renamed(world, "鹤鸣机械厂", "鹤鸣机械有限公司", "鹤鸣智能有限公司", "鹤鸣机械厂", "鹤鸣集团公司")
    async with world.acting("wangfang"):
        names = ["鹤鸣机械厂", "鹤鸣机械有限公司", "鹤鸣智能有限公司", "鹤鸣机械厂"]
        assert await kept(customer) == [FormerName(name, today()) for name in names]


async def test_a_name_that_is_only_written_otherwise_is_no_other_name(world):
    customer = await renamed(world, "Egret Ltd.", "EGRET LTD.", "Egret  Ltd.")
    async with world.acting("wangfang"):
        assert await kept(customer) == []
        await desk.change(customer, {"city": "杭州"})
        assert await kept(customer) == []


async def test_many_renamed_at_once_keep_a_name_each(world):
    first, second = await renamed(world, "苍鹭一号公司"), await renamed(world, "苍鹭二号公司")
    async with world.acting("wangfang"):
        await desk.update(Customer, [first.id, second.id], {"name": "苍鹭公司"})
        assert [await kept(c) for c in (first, second)] == [
            [FormerName("苍鹭一号公司", today())],
            [FormerName("苍鹭二号公司", today())],
        ]


async def test_a_former_name_finds_the_customer_in_list_search_boxes_and_the_precheck(world):
    customer = await renamed(world, "白鹳旧名机电厂", "朱鹮新名智造有限公司")
    async with world.client("wangfang") as http:
        listed = await http.get("/api/v1/customers", params={"q": "白鹳旧名"})
        assert [item["id"] for item in listed.json()["items"]] == [customer.id]
        palette = (await http.get("/search", params={"q": "白鹳旧名"})).text
        assert f'href="/customers/{customer.id}"' in palette
        assert "白鹳旧名机电厂" in palette.partition("朱鹮新名智造有限公司")[2]
        box = (await http.get("/lookup/customers", params={"q": "白鹳旧名"})).json()
        assert [line["value"] for line in box] == [str(customer.id)]
        page = (await http.get(f"/customers/{customer.id}")).text
        assert "白鹳旧名机电厂" in page
    async with world.acting("lilei"):
        assert await customers_named_like("白鹳旧名") == [Match("朱鹮新名智造有限公司", "王芳", "白鹳旧名机电厂")]
        assert await customers_named_like("朱鹮新名") == [Match("朱鹮新名智造有限公司", "王芳")]
    async with world.client("lilei") as http:
        beside = (await http.get("/lookup/customers/similar", params={"value": "白鹳旧名"})).text
        assert "曾用名：白鹳旧名机电厂" in beside
        told = (await http.get("/api/v1/customers/precheck", params={"name": "白鹳旧名"})).json()
        assert told == {"items": [{"name": "朱鹮新名智造有限公司", "owner": "王芳", "formerly": "白鹳旧名机电厂"}]}


async def test_the_name_of_a_day_is_told_for_documents_of_that_day(world):
    customer = await renamed(world, "海燕渔具厂")
    async with world.acting("wangfang"):
        await rename_customer(customer, "海燕户外有限公司", dt.date(2020, 5, 1))
        await rename_customer(await desk.get(Customer, customer.id), "海燕集团有限公司", dt.date(2024, 1, 10))
        days = [dt.date(2019, 1, 1), dt.date(2020, 4, 30), dt.date(2020, 5, 1), dt.date(2024, 1, 9), today()]
        assert [await name_on(customer.id, day) for day in days] == [
            "海燕渔具厂",
            "海燕渔具厂",
            "海燕户外有限公司",
            "海燕户外有限公司",
            "海燕集团有限公司",
        ]
        assert await name_on(10**9, today()) == ""


async def test_renaming_is_one_batch_and_is_offered_behind_the_dots(world):
    customer = await renamed(world, "云雀五金厂")
    async with world.client("wangfang") as http:
        page = (await http.get(f"/customers/{customer.id}")).text
        assert f"/customers/{customer.id}/rename-customer" in page
        answer = await http.post(f"/api/v1/customers/{customer.id}/rename-customer", json={"name": "云雀科技有限公司"})
        assert answer.status_code == 200, answer.text
    async with world.acting("wangfang"):
        last, *_earlier = await history_of(records.customer, customer.id)
        assert (last.before["name"], last.after["name"]) == ("云雀五金厂", "云雀科技有限公司")
        assert last.after["former_names"] == f"云雀五金厂 {today()}"


async def test_taking_a_renaming_back_takes_its_former_name_back(world):
    customer = await renamed(world, "翠鸟印刷厂", "翠鸟文化有限公司")
    async with world.acting("wangfang"):
        last, *_earlier = await history_of(records.customer, customer.id)
        await undo(last.batch)
        back = await desk.get(Customer, customer.id)
        assert (back.name, back.former_names) == ("翠鸟印刷厂", "")


async def test_former_names_known_from_elsewhere_are_written_down_and_corrected(world):
    customer = await renamed(world, "夜鹭智造有限公司")
    async with world.acting("wangfang"):
        customer = await desk.change(customer, {"former_names": "夜鹭五金社\n夜鹭五金厂 2001-01-01\n"})
        assert await name_on(customer.id, dt.date(2000, 12, 31)) == "夜鹭五金厂"
        await desk.change(customer, {"name": "夜鹭科技有限公司"})
        assert await kept(customer) == [
            FormerName("夜鹭五金社", None),
            FormerName("夜鹭五金厂", dt.date(2001, 1, 1)),
            FormerName("夜鹭智造有限公司", today()),
        ]


async def test_former_names_go_and_come_with_the_customer(world):
    customer = await renamed(world, "岩雀铸造厂", "岩雀铸造有限公司")
    async with world.acting("wangfang"):
        await desk.remove(customer)
        assert await Customer.count().where(Customer.former_names.like("%岩雀%")) == 0


async def test_a_name_that_breaks_the_rule_is_no_new_name(world):
    customer = await renamed(world, "戴胜铸造厂")
    async with world.acting("wangfang"):
        with pytest.raises(Invalid):
            await rename_customer(customer, "戴胜#铸造")
        assert (await desk.get(Customer, customer.id)).name == "戴胜铸造厂"
        assert await kept(customer) == []
