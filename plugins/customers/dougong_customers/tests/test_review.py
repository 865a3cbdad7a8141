"""A customer is looked at before it counts: complete, true, and by somebody else where the company wants it (CUS-M5)."""

from __future__ import annotations

import pytest
import pytest_asyncio

from dougong.errors import Invalid, Refused
from dougong.plugin.settings import change_settings
from dougong.records import desk
from dougong_customers import reports
from dougong_customers.completeness import is_filling
from dougong_customers.settings import CustomerSettings
from dougong_customers.tables import Customer

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def company_wants(world):
    async def want(**values):
        async with world.acting("admin"):
            await change_settings("customers", values)

    yield want
    await want(**CustomerSettings().model_dump())


async def draft(world, who, name, **values):
    async with world.acting(who):
        return await desk.create(Customer, {"name": name, **values})


async def test_what_the_company_needs_is_asked_for_at_submission_and_not_for_a_draft(world, company_wants):
    await company_wants(needed_to_submit=["city", "phone"])
    customer = await draft(world, "wangfang", "峨眉茶业有限公司", city="成都")
    async with world.acting("wangfang"):
        with pytest.raises(Invalid) as refused:
            await desk.move(customer, "submitted")
        assert [p.field for p in refused.value.problems] == ["phone"]
        customer = await desk.change(customer, {"phone": "028-55501111"})
        assert (await desk.move(customer, "submitted")).state == "submitted"


async def test_save_and_submit_marks_the_field_and_keeps_what_was_typed(world, company_wants):
    await company_wants(needed_to_submit=["phone"])
    async with world.client("wangfang") as http:
        sent = {"name": "峨眉竹业有限公司", "kind": "end", "city": "乐山", "then": "submitted"}
        answer = await http.post("/customers/new", data=sent)
        assert answer.status_code == 422
        assert "乐山" in answer.text
        assert "提交前必须填写“电话”" in answer.text
        listed = await http.get("/api/v1/customers", params={"q": "峨眉竹业"})
        assert listed.json()["items"] == []


async def test_filling_is_refused_by_name_at_submission(world, company_wants):
    customer = await draft(world, "wangfang", "峨眉石材有限公司", address="无", phone="11111111")
    async with world.acting("wangfang"):
        with pytest.raises(Invalid, match="11111111") as refused:
            await desk.move(customer, "submitted")
        assert [p.field for p in refused.value.problems] == ["address", "phone"]
    await company_wants(filling="allow")
    async with world.acting("wangfang"):
        assert (await desk.move(customer, "submitted")).state == "submitted"


@pytest.mark.parametrize(
    "text", ["无", " 暂无 ", "aaa", "ＡＡＡ", "123", "7654321", "——", "...", "测试", "N/A", "000-000"]
)
async def test_filling_is_known(text):
    assert is_filling(text)


@pytest.mark.parametrize(
    "text", ["3M", "无锡", "测试仪器有限公司", "ABB", "AA", "0571-55501234", "1号厂", "abc@x.example"]
)
async def test_what_says_something_is_no_filling(text):
    assert not is_filling(text)


async def test_where_the_company_says_so_owners_do_not_approve_their_own(world, company_wants):
    await company_wants(owners_approve=False)
    customer = await draft(world, "lilei", "峨眉机床有限公司")
    async with world.acting("lilei"):
        customer = await desk.move(customer, "submitted")
        with pytest.raises(Refused):
            await desk.move(customer, "approved")
    async with world.acting("admin"):
        assert (await desk.move(customer, "approved")).state == "approved"


async def test_why_it_was_sent_back_stands_on_its_page_until_it_is_sent_in_again(world):
    customer = await draft(world, "wangfang", "峨眉纸业有限公司")
    async with world.acting("wangfang"):
        customer = await desk.move(customer, "submitted")
    async with world.acting("lilei"):
        assert "峨眉纸业有限公司" in {row.label for row in await reports.customers_to_review()}
        await desk.move(customer, "draft", why="缺少营业执照号")
    async with world.client("wangfang") as http:
        page = (await http.get(f"/customers/{customer.id}?tab=contacts.customer")).text
        assert "退回：缺少营业执照号（李雷" in page
        async with world.acting("wangfang"):
            await desk.move(await desk.get(Customer, customer.id), "submitted")
        assert "缺少营业执照号" not in (await http.get(f"/customers/{customer.id}?tab=contacts.customer")).text


async def test_whoever_may_not_approve_has_nothing_to_review(world):
    customer = await draft(world, "wangfang", "峨眉陶瓷有限公司")
    async with world.acting("wangfang"):
        await desk.move(customer, "submitted")
        assert await reports.customers_to_review() == []
