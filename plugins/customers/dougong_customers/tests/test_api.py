"""Customers over HTTP: the life of one, the pre-check, and what differs from person to person."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOMERS = "/api/v1/customers"


async def test_a_customer_lives_through_the_api(world):
    async with world.client("wangfang") as http:
        made = await http.post(CUSTOMERS, json={"name": "梅岭轴承有限公司"})
        assert made.status_code == 201, made.text
        assert made.json()["state"] == "draft"
        assert made.json()["kind"] == "end"
        assert made.json()["owner"] == world.staff["wangfang"]
        assert made.headers["change-batch"]
        one = f"{CUSTOMERS}/{made.json()['id']}"
        based_on = {"If-Match": str(made.json()["version"])}
        changed = await http.patch(one, json={"city": "宁波", "credit_limit": "12000.50"}, headers=based_on)
        assert changed.json()["credit_limit"] == "12000.50"
        assert (await http.patch(one, json={"city": "杭州"}, headers=based_on)).status_code == 412
        listed = await http.get(CUSTOMERS, params={"filter": '{"and":[["city","=","宁波"]]}', "fields": "name,city"})
        assert [item["name"] for item in listed.json()["items"]] == ["梅岭轴承有限公司"]
        assert (await http.delete(one)).status_code == 204
        assert (await http.get(one)).status_code == 404


async def test_a_badly_written_name_is_a_problem_with_the_field_and_the_character(world):
    async with world.client("wangfang") as http:
        refused = await http.post(CUSTOMERS, json={"name": "Gecko & Sons"})
    assert refused.status_code in (400, 422)
    assert "name" in refused.text
    assert "“&”" in refused.text


async def test_the_precheck_answers_names_and_owners_to_whoever_may_create_customers(world):
    async with world.client("lilei") as http:
        await http.post(CUSTOMERS, json={"name": "白鹭洲仪表有限公司", "phone": "0571-55504321"})
    async with world.client("wangfang") as http:
        found = await http.get(f"{CUSTOMERS}/precheck", params={"name": "白鹭洲"})
        assert found.json() == {"items": [{"name": "白鹭洲仪表有限公司", "owner": "李雷"}]}
        beside = await http.get("/lookup/customers/similar", params={"value": "白鹭洲"})
        assert "白鹭洲仪表有限公司" in beside.text
        assert "李雷" in beside.text
        assert (await http.get("/lookup/customers/similar", params={"value": "白"})).text.strip() == ""
    async with world.client("zhaomin") as http:
        assert (await http.get(f"{CUSTOMERS}/precheck", params={"name": "白鹭洲"})).status_code == 403


async def test_what_is_shown_beside_the_name_is_text_and_never_markup(world):
    async with world.acting("lilei", door="import"):
        from dougong.records import desk
        from dougong_customers.tables import Customer

        await desk.create(Customer, {"name": "<b>芦苇荡</b>"})
    async with world.client("wangfang") as http:
        beside = await http.get("/lookup/customers/similar", params={"value": "芦苇荡"})
    assert "<b>芦" not in beside.text
    assert "&lt;b&gt;芦苇荡" in beside.text


async def test_hidden_money_is_no_field_for_customer_service(world):
    async with world.client("wangfang") as http:
        made = (await http.post(CUSTOMERS, json={"name": "竹海授信有限公司", "credit_limit": "9"})).json()
    async with world.client("zhaomin") as http:
        seen = await http.get(f"{CUSTOMERS}/{made['id']}")
        assert seen.status_code == 200
        assert "credit_limit" not in seen.json()
        assert (await http.post(CUSTOMERS, json={"name": "竹海越权有限公司"})).status_code == 403


async def test_the_pages_of_customers_open(world):
    async with world.client("wangfang") as http:
        made = (await http.post(CUSTOMERS, json={"name": "枫桥页面有限公司"})).json()
        for path in (
            "/customers",
            "/customers/new",
            f"/customers/{made['id']}",
            f"/customers/{made['id']}/edit",
            "/contacts",
            "/interactions",
        ):
            page = await http.get(path)
            assert page.status_code == 200, (path, page.text[:500])
        assert "枫桥页面有限公司" in (await http.get("/customers")).text


async def test_many_customers_get_a_level_and_an_owner_at_once_and_it_is_taken_back_at_once(world):
    async with world.client("lilei") as http:
        names = ("芦花一号有限公司", "芦花二号有限公司", "芦花三号有限公司")
        ids = [(await http.post(CUSTOMERS, json={"name": name})).json()["id"] for name in names]
        values = {"level": "key", "owner": world.staff["wangfang"]}
        done = await http.patch(CUSTOMERS, json={"ids": [*ids, 10**9], "values": values})
        assert done.status_code == 200, done.text
        seen = [(await http.get(f"{CUSTOMERS}/{i}")).json() for i in ids]
        assert {(one["level"], one["owner"]) for one in seen} == {("key", world.staff["wangfang"])}
        assert str(10**9) in done.text
        back = await http.post(f"/api/v1/changes/{done.headers['change-batch']}/undo")
        assert back.status_code == 200, back.text
        seen = [(await http.get(f"{CUSTOMERS}/{i}")).json() for i in ids]
        assert {(one["level"], one["owner"]) for one in seen} == {(None, world.staff["lilei"])}
