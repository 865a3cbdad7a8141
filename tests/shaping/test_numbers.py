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
