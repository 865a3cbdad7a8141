"""Fields that are worked out from others: at every write, exactly, and for the records there were before."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import create_role, principal_of, set_fields, set_grants
from dougong.errors import Invalid
from dougong.people.services import account_named, add_account
from dougong.plugin.snapshot import current_snapshot
from dougong.records.filters import visible_field
from dougong.records.history import history_of
from dougong.records.queries import Query, fetch_page
from dougong_customers.api import Customer

from .test_added_fields import CUSTOMERS, FIELDS, add, make

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_formula_follows_what_it_reads(admin: httpx.AsyncClient) -> None:
    price = await add(admin, "单价", "money", details={"currency": "CNY"})
    count = await add(admin, "数量", "number", details={"places": 2})
    before = await make(admin, name="公式测试旧", **{price: "2.50", count: "4"})
    total = await add(admin, "合计", "formula", details={"formula": "{单价} * {数量}"})
    assert (await admin.get(f"{CUSTOMERS}/{before['id']}")).json()[total] == "10.00"
    made = await make(admin, name="公式测试新", **{price: "19.99", count: "3"})
    assert made[total] == "59.97"
    answer = await admin.patch(
        f"{CUSTOMERS}/{made['id']}", json={count: "0.5"}, headers={"If-Match": str(made["version"])}
    )
    assert answer.json()[total] == "10.00"
    found = await admin.get(CUSTOMERS, params={"fields": total, "filter": f'[["{total}",">","9"]]', "sort": total})
    assert [row[total] for row in found.json()["items"]] == ["10.00", "10.00"]
    history = (await admin.get(f"{CUSTOMERS}/{made['id']}/history")).json()["items"][0]
    assert (history["before"][total], history["after"][total]) == ("59.97", "10.00")
    again = (await admin.get(f"{CUSTOMERS}/{before['id']}")).json()
    assert again["version"] == before["version"]


async def test_a_formula_is_not_typed(admin: httpx.AsyncClient) -> None:
    key = await add(admin, "人均", "formula", details={"formula": "employees * 2"})
    refused = await admin.post(CUSTOMERS, json={"name": "公式不可填", key: "4"})
    assert refused.status_code == 400
    assert [e["field"] for e in refused.json()["errors"]] == [key]


async def test_a_formula_may_read_another(admin: httpx.AsyncClient) -> None:
    first = await add(admin, "翻倍", "formula", details={"formula": "employees * 2", "places": 0})
    second = await add(admin, "再翻倍", "formula", details={"formula": f"{first} * 2", "places": 0})
    made = await make(admin, name="公式套公式", employees=3)
    assert (made[first], made[second]) == (6, 12)


async def test_what_is_worked_out_from_a_hidden_field_is_hidden_with_it(
    admin: httpx.AsyncClient,
) -> None:
    limit = await add(admin, "额度两倍", "formula", details={"formula": "credit_limit * 2"})
    again = await add(admin, "额度四倍", "formula", details={"formula": f"{limit} * 2"})
    with acting_as(system("hide a field")):
        role = await create_role("看不到额度")
        await set_grants(role, {("customer", "read"): Grant(frozenset({"all"}), ())})
        await set_fields(role, {"customer.credit_limit": "hidden"})
        await add_account("formula_reader", roles=[role])
        made = await make(admin, name="额度公式", credit_limit="1234.00")
        seen_by_them = await principal_of((await account_named("formula_reader")).user)
    assert (made[limit], made[again]) == ("2468.00", "4936.00")
    customer = current_snapshot().records["customer"]
    with acting_as(seen_by_them):
        row = await Customer.objects().where(Customer.id == made["id"]).first()
        assert (row.name, getattr(row, limit), getattr(row, again)) == ("额度公式", None, None)
        for key in (limit, again):
            assert visible_field(customer, key) is None
        entries = await history_of(customer, made["id"])
        assert not {limit, again, "credit_limit"} & entries[-1].after.keys()
        with pytest.raises(Invalid):
            await fetch_page(Query(customer, sort=again))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "formula"),
    ({"formula": "没有 * 2"}, "formula"),
    ({"formula": "employees * "}, "formula"),
    ({"formula": "today()"}, "formula"),
    ({"formula": "me"}, "formula"),
    ({"formula": "owner"}, "formula"),
    ({"formula": "employees", "places": 9}, "places"),
]


@pytest.mark.parametrize(("details", "field"), WRONG)
async def test_a_wrong_formula_is_refused_with_its_place(
    admin: httpx.AsyncClient, details: dict[str, Any], field: str
) -> None:
    answer = await admin.post(FIELDS, json={"label": "错的公式", "kind": "formula", "details": details})
    assert answer.status_code == 400, answer.text
    assert [e["field"] for e in answer.json()["errors"]] == [field]
