"""A field that becomes one of another kind: looked at before, its values brought over, those that can't be told."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.errors import Invalid, Refused
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType
from dougong.shaping.fields import add_field
from dougong.shaping.kinds import change_kind, kind_outlook

from .test_added_fields import CUSTOMERS, make

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def customer(admin: httpx.AsyncClient) -> AsyncIterator[RecordType]:
    with acting_as(system("shape records")):
        yield current_snapshot().records["customer"]


async def value_of(admin: httpx.AsyncClient, record: dict, key: str) -> object:
    return (await admin.get(f"{CUSTOMERS}/{record['id']}")).json()[key]


async def test_values_are_brought_over_as_far_as_they_can_be(admin: httpx.AsyncClient, customer: RecordType) -> None:
    key = (await add_field(customer, "预算", "text", indexed=True)).key
    rows = [await make(admin, name=f"换类型{n}", **{key: text}) for n, text in enumerate(["1,200.50", "暂无", "8"])]
    seen = await kind_outlook(customer, key, "money", {"currency": "CNY"})
    assert (seen.held, seen.losing, seen.lost) == (3, 1, [(rows[1]["id"], "暂无")])
    with pytest.raises(Refused):
        await change_kind(customer, key, "money", {"currency": "CNY"}, losing=0)
    await change_kind(customer, key, "money", {"currency": "CNY"}, losing=1)
    assert [await value_of(admin, row, key) for row in rows] == ["1200.50", None, "8.00"]
    answer = await admin.get(CUSTOMERS, params={"fields": key, "sort": f"-{key}", "filter": f'[["{key}",">","0"]]'})
    assert [row[key] for row in answer.json()["items"]] == ["1200.50", "8.00"]
    for row in rows:
        assert (await admin.get(f"{CUSTOMERS}/{row['id']}/history")).status_code == 200
        assert (await admin.get(f"/customers/{row['id']}")).status_code == 200


async def test_text_becomes_a_choice_and_several(admin: httpx.AsyncClient, customer: RecordType) -> None:
    key = (await add_field(customer, "渠道", "text")).key
    row = await make(admin, name="换成单选", **{key: "展会"})
    await change_kind(customer, key, "choice", {"options": ["展会", "电话"]}, losing=0)
    assert [o.label for o in customer.fields[key].options if o.key == await value_of(admin, row, key)] == ["展会"]
    await change_kind(customer, key, "choices", {}, losing=0)
    [chosen] = await value_of(admin, row, key)  # type: ignore[misc]
    assert [o.label for o in customer.fields[key].options if o.key == chosen] == ["展会"]
    await change_kind(customer, key, "text", {}, losing=0)
    assert await value_of(admin, row, key) == "展会"


async def test_what_cant_become_another_kind(customer: RecordType) -> None:
    link = (await add_field(customer, "上级客户", "link", details={"target": "customers"})).key
    for kind in ("text", "number"):
        with pytest.raises(Invalid):
            await kind_outlook(customer, link, kind, {})
    text = (await add_field(customer, "说明书", "text")).key
    for kind in ("link", "formula", "poem"):
        with pytest.raises(Invalid):
            await kind_outlook(customer, text, kind, {})


async def test_a_program_looks_and_then_changes(admin: httpx.AsyncClient, customer: RecordType) -> None:
    key = (await add_field(customer, "人数上限", "text")).key
    await make(admin, name="程序换类型", **{key: "很多"})
    path = f"/api/v1/record-types/customers/fields/{key}/kind"
    seen = await admin.post(f"{path}/preview", json={"kind": "number"})
    assert (seen.status_code, seen.json()["held"], seen.json()["losing"]) == (200, 1, 1)
    assert seen.json()["lost"][0]["value"] == "很多"
    assert (await admin.put(path, json={"kind": "number"})).status_code == 409
    changed = await admin.put(path, json={"kind": "number", "losing": 1})
    assert (changed.status_code, changed.json()["kind"], changed.json()["details"]) == (200, "number", {"places": 0})
    assert (await admin.put(path, json={"kind": "poem"})).status_code == 400
