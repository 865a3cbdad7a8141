"""Templates a company lays out: per main category, which fields are used, asked for, only shown, and when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.errors import Invalid, NotFound, Stale
from dougong.plugin.snapshot import current_snapshot
from dougong.records.shapes import Group, Layout, Place
from dougong.records.types import RecordType
from dougong.shaping.fields import add_field
from dougong.shaping.templates import Template, reset_template, save_template, template

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOMERS = "/api/v1/customers"


@pytest_asyncio.fixture(loop_scope="module")
async def customer(admin: httpx.AsyncClient) -> AsyncIterator[RecordType]:
    """The record type; whatever a test did to its templates is taken back."""
    with acting_as(system("lay templates out")):
        known = current_snapshot().records["customer"]
        yield known
        for category in ("", "end", "channel"):
            now = await template(known, category)
            if not now.shipped:
                await reset_template(known, category, version=now.version)


def changed(known: Template, **places: Place) -> Layout:
    """The template with some fields said anew."""
    groups = tuple(replace(g, places=tuple(places.get(p.key, p) for p in g.places)) for g in known.layout.groups)
    return Layout(groups)


async def save(customer: RecordType, category: str = "", **places: Place) -> Template:
    now = await template(customer, category)
    return await save_template(customer, category, changed(now, **places), version=now.version)


async def make(http: httpx.AsyncClient, **values: Any) -> httpx.Response:
    return await http.post(CUSTOMERS, json=values)


def named(answer: httpx.Response) -> set[str]:
    return {error["field"] for error in answer.json()["errors"]}


async def test_a_field_is_asked_for_in_one_category_and_not_in_the_other(
    admin: httpx.AsyncClient, customer: RecordType
) -> None:
    await save(customer, "channel", city=Place("city", required=True))
    refused = await make(admin, name="渠道必填一", kind="channel")
    assert (refused.status_code, named(refused)) == (400, {"city"})
    assert (await make(admin, name="渠道必填二", kind="channel", city="杭州")).status_code == 201
    assert (await make(admin, name="终端不必填", kind="end")).status_code == 201


async def test_a_field_that_is_off_in_a_category_is_not_on_its_form(
    admin: httpx.AsyncClient, customer: RecordType, company: Any
) -> None:
    await save(customer, "end", industry=Place("industry", on=False), city=Place("city", label="所在城市"))
    async with company.browser("admin") as browser:
        end = (await browser.get("/customers/new?kind=end")).text
        channel = (await browser.get("/customers/new?kind=channel")).text
    assert 'name="industry"' not in end
    assert 'name="industry"' in channel
    assert "所在城市" in end
    assert "所在城市" not in channel


async def test_locked_fields_stay_on_and_required(customer: RecordType) -> None:
    saved = await save(customer, "", name=Place("name", on=False, required=False))
    assert {"name", "kind"} <= saved.locked
    assert saved.layout.places["name"] == Place("name", required=True)


async def test_defaults_are_taken_where_nothing_is_given(admin: httpx.AsyncClient, customer: RecordType) -> None:
    await save(customer, "", province=Place("province", default="浙江"), employees=Place("employees", default="20"))
    made = (await make(admin, name="默认值测试一")).json()
    assert (made["province"], made["employees"]) == ("浙江", 20)
    assert (await make(admin, name="默认值测试二", province="江苏")).json()["province"] == "江苏"


async def test_what_is_only_shown_cant_be_typed(admin: httpx.AsyncClient, customer: RecordType) -> None:
    await save(customer, "", city=Place("city", readonly=True))
    refused = await make(admin, name="只读测试", city="杭州")
    assert (refused.status_code, named(refused)) == (400, {"city"})


async def test_a_field_is_asked_for_only_when_its_condition_holds(
    admin: httpx.AsyncClient, customer: RecordType
) -> None:
    await save(customer, "", credit_code=Place("credit_code", required=True, when='{city} == "上海"'))
    assert (await make(admin, name="条件测试一", city="杭州")).status_code == 201
    refused = await make(admin, name="条件测试二", city="上海")
    assert (refused.status_code, named(refused)) == (400, {"credit_code"})


async def test_reset_brings_the_shipped_template_back(customer: RecordType) -> None:
    before = (await template(customer, "channel")).layout
    turned = Layout(tuple(reversed(before.groups)))
    now = await template(customer, "channel")
    saved = await save_template(customer, "channel", turned, version=now.version)
    assert [str(g.label) for g in saved.layout.groups] == [str(g.label) for g in turned.groups]
    reset = await reset_template(customer, "channel", version=saved.version)
    assert reset.layout == before
    assert reset.version == saved.version + 1


async def test_a_second_editor_is_told(customer: RecordType) -> None:
    first = await template(customer)
    await save(customer, "", city=Place("city", label="城市甲"))
    with pytest.raises(Stale):
        await save_template(customer, "", first.layout, version=first.version)


async def test_fields_added_later_have_a_place(customer: RecordType) -> None:
    await save(customer, "", city=Place("city", label="城市乙"))
    added = await add_field(customer, "后来加的", "text")
    now = await template(customer)
    assert now.layout.places[added.key].on
    assert now.layout.places["city"].label == "城市乙"


WRONG = [
    (Place("city", label="名" * 61), "length"),
    (Place("city", default="市" * 41), "length"),
    (Place("city", required=True, readonly=True), "required"),
    (Place("city", when="{没有} == 1"), "expression"),
    (Place("city", when='{city} == "杭州"'), "expression"),
    (Place("city", when="1 + 1"), "expression"),
    (Place("city", when="{owner} == me"), "expression"),
]


@pytest.mark.parametrize(("place", "rule"), WRONG)
async def test_what_cant_be_is_named(customer: RecordType, place: Place, rule: str) -> None:
    before = await template(customer)
    with pytest.raises(Invalid) as wrong:
        await save(customer, "", city=place)
    assert [(p.field, p.rule) for p in wrong.value.problems] == [("city", rule)]
    assert await template(customer) == before


async def test_fields_stand_once_and_are_known(customer: RecordType) -> None:
    now = await template(customer)
    twice = Layout((*now.layout.groups, Group("再来", (Place("city"), Place("dragon")))))
    with pytest.raises(Invalid) as wrong:
        await save_template(customer, "", twice, version=now.version)
    assert {(p.field, p.rule) for p in wrong.value.problems} == {("city", "unique"), ("dragon", "unknown")}


async def test_a_category_there_isnt(customer: RecordType) -> None:
    with pytest.raises(NotFound):
        await template(customer, "dragon")
