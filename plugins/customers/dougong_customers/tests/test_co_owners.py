"""Owning a customer together: asked for, granted or refused by whoever may hand it on (CUS-M6, A14-13)."""

from __future__ import annotations

import pytest

from dougong.errors import Forbidden, Invalid, NotFound, Refused
from dougong.records import desk
from dougong_customers import reports
from dougong_customers.services import grant_co_ownership, refuse_co_ownership
from dougong_customers.tables import CoOwnerRequest, Customer

pytestmark = pytest.mark.asyncio(loop_scope="module")
REQUESTS = "/api/v1/co-owner-requests"


async def asked(world, name, *, owner="lilei", asker="wangfang"):
    """The asker asks by its name for a customer they can't see."""
    async with world.acting(owner):
        customer = await desk.create(Customer, {"name": name})
    async with world.acting(asker):
        with pytest.raises(NotFound):
            await desk.get(Customer, customer.id)
        request = await desk.create(CoOwnerRequest, {"reason": "他们的新联系人找到我", "customer_name": name})
    return customer, request


async def test_who_met_a_customer_in_the_precheck_asks_and_owns_it_once_it_is_granted(world):
    customer, request = await asked(world, "望江轴承有限公司")
    assert request.customer == customer.id
    async with world.acting("lilei"):
        assert "望江轴承有限公司" in {row.label for row in await reports.co_owners_to_decide()}
        await grant_co_ownership(await desk.get(CoOwnerRequest, request.id))
        assert "望江轴承有限公司" not in {row.label for row in await reports.co_owners_to_decide()}
    async with world.acting("wangfang"):
        theirs = await desk.change(await desk.get(Customer, customer.id), {"city": "杭州"})
        assert theirs.owner == world.staff["lilei"]
        decided = await desk.get(CoOwnerRequest, request.id)
        assert (decided.decision, decided.decided_by) == ("granted", world.staff["lilei"])


async def test_a_refusal_gives_its_reason_and_nothing_else(world):
    customer, request = await asked(world, "望江齿轮有限公司")
    async with world.client("lilei") as http:
        assert (await http.post(f"{REQUESTS}/{request.id}/refuse-co-ownership", json={})).status_code == 400
        said_no = await http.post(f"{REQUESTS}/{request.id}/refuse-co-ownership", json={"answer": "由李雷跟进"})
        assert said_no.status_code == 200, said_no.text
        assert (await http.post(f"{REQUESTS}/{request.id}/grant-co-ownership", json={})).status_code == 409
    async with world.client("wangfang") as http:
        assert "由李雷跟进" in (await http.get(f"/co-owner-requests/{request.id}")).text
        assert (await http.get(f"/api/v1/customers/{customer.id}")).status_code == 404


async def test_nobody_grants_themselves_what_they_ask_for(world):
    customer, request = await asked(world, "望江链条有限公司")
    async with world.client("wangfang") as http:
        assert (await http.post(f"{REQUESTS}/{request.id}/grant-co-ownership", json={})).status_code == 403
        changed = await http.patch(
            f"{REQUESTS}/{request.id}", json={"decision": "granted"}, headers={"If-Match": str(request.version)}
        )
        assert changed.status_code in (400, 403)
        page = (await http.get(f"/co-owner-requests/{request.id}")).text
        assert "grant-co-ownership" not in page
        assert (await http.get(f"/api/v1/customers/{customer.id}")).status_code == 404
    async with world.client("lilei") as http:
        assert "grant-co-ownership" in (await http.get(f"/co-owner-requests/{request.id}")).text


async def test_whoever_has_a_customer_only_by_sharing_does_not_hand_it_on(world):
    from dougong.access.services import share_record

    customer, request = await asked(world, "望江阀门有限公司")
    async with world.acting("lilei"):
        await share_record("customer", customer.id, staff=world.staff["wangfang"], level="edit")
    async with world.acting("wangfang"):
        with pytest.raises(Forbidden):
            await grant_co_ownership(await desk.get(CoOwnerRequest, request.id))
        assert (await desk.get(CoOwnerRequest, request.id)).decision == "open"


async def test_a_name_nobody_has_is_left_to_whoever_keeps_all_customers(world):
    async with world.acting("wangfang"):
        request = await desk.create(CoOwnerRequest, {"reason": "展会上见过", "customer_name": "望江无名公司"})
        assert request.customer is None
        with pytest.raises(Invalid) as refused:
            await desk.create(CoOwnerRequest, {"reason": "展会上见过"})
        assert [p.field for p in refused.value.problems] == ["customer"]
    async with world.acting("admin"):
        with pytest.raises(Refused):
            await grant_co_ownership(await desk.get(CoOwnerRequest, request.id))
    async with world.acting("lilei"):
        with pytest.raises(NotFound):
            await refuse_co_ownership(await desk.get(CoOwnerRequest, request.id), "不认识")


async def test_from_the_customers_page_the_customer_is_given_and_its_name_written_down(world):
    async with world.acting("lilei"):
        customer = await desk.create(Customer, {"name": "望江弹簧有限公司"})
    async with world.client("lilei") as http:
        tab = (await http.get(f"/customers/{customer.id}?tab=co-owner-requests.customer")).text
        assert f"/co-owner-requests/new?customer={customer.id}" in tab
        made = await http.post(REQUESTS, json={"reason": "一起跟进", "customer": customer.id})
        assert made.json()["customer_name"] == "望江弹簧有限公司", made.text
