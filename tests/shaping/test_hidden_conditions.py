"""What is there only by what a hidden field says tells of it: who may not see the one doesn't see the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import create_role, principal_of, set_fields, set_grants
from dougong.errors import Invalid
from dougong.people.services import account_named, add_account
from dougong.people.sign_in import create_token
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.filters import visible_field
from dougong.records.history import history_of
from dougong.records.queries import Query, fetch_page
from dougong_customers.api import Customer

from .test_added_fields import CUSTOMERS, add, make
from .test_uses import TEMPLATE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def condition(admin: httpx.AsyncClient, key: str, when: str, *, required: bool = False) -> None:
    known = (await admin.get(TEMPLATE)).json()
    for place in (place for group in known["groups"] for place in group["fields"]):
        if place["key"] == key:
            place.update(when=when, required=required)
    version = {"If-Match": str(known["version"])}
    saved = await admin.put(TEMPLATE, json={"groups": known["groups"]}, headers=version)
    assert saved.status_code == 200, saved.text


async def somebody(name: str, fields: Mapping[str, str]) -> int:
    """An account that reaches every customer and from whom these fields are held back."""
    with acting_as(system("hide a field")):
        role = await create_role(name)
        grants = {("customer", a): Grant(frozenset({"all"}), ()) for a in ("read", "create", "edit")}
        await set_grants(role, grants)
        await set_fields(role, fields)
        await add_account(name, roles=[role])
        account = await account_named(name)
    assert account is not None
    return account.user


async def test_a_field_on_a_hidden_condition_is_hidden_with_it(admin: httpx.AsyncClient) -> None:
    shown = await add(admin, "额度说明")
    beyond = await add(admin, "说明的说明")
    await condition(admin, shown, "credit_limit > 1000")
    await condition(admin, beyond, f"not empty({shown})")
    user = await somebody("blind", {"customer.credit_limit": "hidden"})
    made = await make(admin, name="条件隐藏", credit_limit="5000.00", **{shown: "老客户", beyond: "可信"})
    customer = current_snapshot().records["customer"]
    with acting_as(await principal_of(user)):
        row = await Customer.objects().where(Customer.id == made["id"]).first()
        assert [getattr(row, key) for key in ("name", shown, beyond)] == ["条件隐藏", None, None]
        assert [visible_field(customer, key) for key in (shown, beyond)] == [None, None]
        assert not {shown, beyond} & (await history_of(customer, made["id"]))[-1].after.keys()
        with pytest.raises(Invalid):
            await fetch_page(Query(customer, filter=[[shown, "empty", False]]))
    with acting_as(await principal_of(await somebody("seeing", {}))):
        assert visible_field(customer, shown) is not None


async def test_what_is_asked_for_by_a_hidden_field_is_not_asked_of_who_can_not_see_it(admin: httpx.AsyncClient) -> None:
    asked = await add(admin, "担保人")
    await condition(admin, asked, 'credit_limit > 1000 and city == "杭州"', required=True)
    user = await somebody("blindfolded", {"customer.credit_limit": "hidden"})
    rich = await make(admin, name="额度高", credit_limit="5000.00")
    poor = await make(admin, name="额度低", credit_limit="1.00")
    with acting_as(await principal_of(user)):
        for made in (rich, poor):
            changed = await desk.change(await desk.get(Customer, made["id"]), {"city": "杭州"})
            assert changed.city == "杭州"
    refused = await admin.post(CUSTOMERS, json={"name": "要担保", "credit_limit": "5000.00", "city": "杭州"})
    assert [error["field"] for error in refused.json()["errors"]] == [asked]


async def test_in_a_state_where_the_read_field_is_shown_the_other_is_too(admin: httpx.AsyncClient) -> None:
    shown = await add(admin, "复核意见")
    await condition(admin, shown, "credit_limit > 0")
    fields = {"customer.credit_limit": "hidden", "customer.credit_limit@draft": "write"}
    user = await somebody("by_state", fields)
    customer = current_snapshot().records["customer"]
    with acting_as(await principal_of(user)):
        assert visible_field(customer, shown, state="draft") is not None
        assert visible_field(customer, shown, state="approved") is None


async def test_explaining_names_the_hidden_field_it_goes_by(company: Any, admin: httpx.AsyncClient) -> None:
    shown = await add(admin, "额度备忘")
    await condition(admin, shown, "credit_limit > 0")
    user = await somebody("asking", {"customer.credit_limit": "hidden"})
    made = await make(admin, name="问条件", credit_limit="3.00")
    asked = {"record": f"customers/{made['id']}", "field": shown, "user": user}
    told = (await admin.get("/api/v1/explain", params=asked)).json()
    assert told["allowed"] is False
    assert "信用额度" in str(told["reasons"])
    async with company.world.acting("admin"):
        token = await create_token(user)
    async with company.anybody() as http:
        http.headers["Authorization"] = f"Bearer {token}"
        assert shown not in (await http.get(f"{CUSTOMERS}/{made['id']}")).json()
