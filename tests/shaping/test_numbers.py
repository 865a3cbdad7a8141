"""Numbers given by rule: in order, begun anew with the period, never twice, also to the records there were before."""

from __future__ import annotations

import asyncio
import datetime as dt

import httpx
import pytest

from dougong.access.principal import acting_as, system
from dougong.db import transaction
from dougong.errors import Invalid
from dougong.i18n import today
from dougong.plugin.snapshot import current_snapshot
from dougong.records.numbering import checked_rule, take_numbers
from dougong.testing.app import Company

from .test_added_fields import CUSTOMERS, FIELDS, add, make

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_records_are_numbered_as_they_are_made(admin: httpx.AsyncClient) -> None:
    before = await make(admin, name="编号以前")
    key = await add(admin, "客户编号", "serial", details={"rule": "KH{yyyy}-{0000}"})
    year = today().year
    old = (await admin.get(f"{CUSTOMERS}/{before['id']}")).json()[key]
    assert old.startswith(f"KH{year}-")
    first, second = [(await make(admin, name=f"编号之后{n}"))[key] for n in (1, 2)]
    assert int(second[-4:]) == int(first[-4:]) + 1 > int(old[-4:]) + 1
    refused = await admin.post(CUSTOMERS, json={"name": "自己编号", key: "KH-1"})
    assert [e["field"] for e in refused.json()["errors"]] == [key]
    failed = await admin.post(CUSTOMERS, json={"name": "", key: None})
    assert failed.status_code == 400
    assert int((await make(admin, name="编号之后3"))[key][-4:]) == int(second[-4:]) + 1
    found = await admin.get(CUSTOMERS, params={"filter": f'[["{key}","=","{first}"]]', "fields": key})
    assert [row[key] for row in found.json()["items"]] == [first]


async def test_many_at_once_get_one_each(admin: httpx.AsyncClient) -> None:
    key = await add(admin, "流水号", "serial", details={"rule": "{00000}"})
    made = await asyncio.gather(*(make(admin, name=f"同时编号{n}") for n in range(20)))
    numbers = sorted(int(one[key]) for one in made)
    assert numbers == list(range(numbers[0], numbers[0] + 20))


async def test_another_rule_numbers_what_comes(admin: httpx.AsyncClient) -> None:
    key = await add(admin, "档案号", "serial", details={"rule": "A{000}"})
    first = (await make(admin, name="档案一"))[key]
    assert (await admin.patch(f"{FIELDS}/{key}", json={"rule": "B{000}"})).status_code == 200
    assert (await make(admin, name="档案二"))[key] == "B001"
    [kept] = (await admin.get(CUSTOMERS, params={"fields": key, "filter": '[["name","=","档案一"]]'})).json()["items"]
    assert kept[key] == first


async def test_each_period_is_counted_for_itself(admin: httpx.AsyncClient) -> None:
    days = [dt.date(2026, 1, 31), dt.date(2026, 2, 1), dt.date(2026, 1, 5), dt.date(2026, 2, 2)]
    with acting_as(system("count")):
        async with transaction():
            given = await take_numbers("customer.x_count", "{yy}{mm}/{00}", days)
        async with transaction():
            again = await take_numbers("customer.x_count", "{yy}{mm}/{00}", days[:1])
    assert given == ["2601/01", "2602/01", "2601/02", "2602/02"]
    assert again == ["2601/03"]
    assert current_snapshot()


WRONG = ["", "   ", "KH", "{0000}{0000}", "{year}{00}", "KH{", "{}", "{0000000000}", "长" * 40 + "{0}", 5, "\x00{0}"]


@pytest.mark.parametrize("rule", WRONG)
async def test_a_rule_that_cant_be_followed_is_refused(rule: object) -> None:
    with pytest.raises(Invalid):
        checked_rule(rule)


TEMPLATE = "/api/v1/record-types/customers/template"


async def with_rule(admin: httpx.AsyncClient, rule: str, category: str = "", key: str = "number") -> httpx.Response:
    known = (await admin.get(TEMPLATE, params={"category": category})).json()
    for place in (place for group in known["groups"] for place in group["fields"]):
        if place["key"] == key:
            place["rule"] = rule
    version = {"If-Match": str(known["version"])}
    return await admin.put(TEMPLATE, params={"category": category}, json={"groups": known["groups"]}, headers=version)


async def test_the_number_every_record_has_follows_the_rule_of_its_template(admin: httpx.AsyncClient) -> None:
    before = await make(admin, name="自有编号以前")
    assert (await with_rule(admin, "KH-{yyyy}-{000}")).status_code == 200
    assert (await with_rule(admin, "QD-{0000}", "channel")).status_code == 200
    made = [await make(admin, name=f"自有编号{kind}{n}", kind=kind) for n in (1, 2) for kind in ("end", "channel")]
    year = today().year
    assert [one["number"] for one in made] == [f"KH-{year}-001", "QD-0001", f"KH-{year}-002", "QD-0002"]
    assert (await admin.get(f"{CUSTOMERS}/{before['id']}")).json()["number"] is None
    refused = await admin.post(CUSTOMERS, json={"name": "自己写编号", "number": "X-1"})
    assert [error["field"] for error in refused.json()["errors"]] == ["number"]
    assert (await with_rule(admin, "")).status_code == 200
    assert (await make(admin, name="不再编号"))["number"] is None
    assert (await admin.delete(TEMPLATE, params={"category": "channel"})).status_code == 200


async def test_a_rule_that_can_not_be_followed_and_a_field_that_takes_none_are_named(admin: httpx.AsyncClient) -> None:
    for rule, key in (("KH-{yyyy}", "number"), ("{what}-{00}", "number"), ("KH-{000}", "city")):
        answer = await with_rule(admin, rule, key=key)
        assert answer.status_code == 400, answer.text
        assert [error["field"] for error in answer.json()["errors"]] == [key]


async def test_the_rule_is_written_in_the_designer(company: Company, admin: httpx.AsyncClient) -> None:
    async with company.browser("admin") as browser:
        page = (await browser.get("/fields/customers")).text
        assert 'name="rule.number"' in page
        assert 'name="rule.city"' not in page
    assert (await with_rule(admin, "B{00}")).status_code == 200
    async with company.browser("admin") as browser:
        assert 'value="B{00}"' in (await browser.get("/fields/customers")).text
    assert (await with_rule(admin, "")).status_code == 200
