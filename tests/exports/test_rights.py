"""Nobody takes out more than the right to export reaches, nor a field they may not see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import httpx
import pytest

from dougong.access.levels import grant_of
from dougong.access.services import assign_roles, create_role, set_grants
from dougong.access.services.roles import grants_of, roles_of, set_fields
from dougong.testing.app import Company

from .conftest import CUSTOMERS, EXPORT, Programs, csv_lines, listed, workbook_lines

pytestmark = pytest.mark.asyncio(loop_scope="module")
_numbers = count()


@asynccontextmanager
async def somebody(
    company: Company, who: str, fields: dict[str, str], **levels: str
) -> AsyncIterator[httpx.AsyncClient]:
    """A person with a role of their own alone: how far each action reaches with customers."""
    async with company.world.acting("admin"):
        role = await create_role(f"Role {next(_numbers)}")
        await set_grants(role, {("customer", action): grant_of(level) for action, level in levels.items()})
        await set_fields(role, fields)
        before = [line.id for line in await roles_of(company.world.users[who])]
        await assign_roles(company.world.users[who], [role])
    try:
        async with company.program(who) as client:
            yield client
    finally:
        async with company.world.acting("admin"):
            await assign_roles(company.world.users[who], before)


async def names(client: httpx.AsyncClient, **asked: str) -> list[str]:
    answer = await client.get(EXPORT, params={"fields": "name", **asked})
    assert answer.status_code == 200, answer.text
    return [line["名称"] for line in csv_lines(answer.content)]


async def test_who_may_not_export_gets_no_file(programs: Programs) -> None:
    assert len(await listed(programs["zhaomin"], fields="id")) > 0
    answer = await programs["zhaomin"].get(EXPORT)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert (await programs["zhaomin"].get("/api/v1/nothings/export")).status_code == 404


async def test_records_that_are_only_seen_are_left_out(company: Company) -> None:
    async with somebody(company, "wangfang", {}, read="all", export="own") as client:
        seen = await listed(client, fields="name,owner")
        me = (await client.get("/api/v1/me")).json()["staff"]
        own = [record["name"] for record in seen if record["owner"] == me]
        assert sorted(await names(client)) == sorted(own) != []
        assert len(seen) > len(own)
        everybodys = await client.get("/api/v1/exports")
        assert everybodys.status_code == 403


async def test_records_that_are_not_seen_are_in_no_file(company: Company) -> None:
    async with somebody(company, "wangfang", {}, read="own", export="own") as client:
        seen = [record["name"] for record in await listed(client, fields="name")]
        assert sorted(await names(client)) == sorted(seen) != []
    async with somebody(company, "lilei", {}, read="below", export="below") as client:
        seen = [record["name"] for record in await listed(client, fields="name")]
        assert sorted(await names(client)) == sorted(seen) != []


async def test_children_are_exported_as_far_as_their_parents(company: Company, programs: Programs) -> None:
    async with somebody(company, "wangfang", {}, read="all", export="own") as client:
        own = {record["name"] for record in await listed(client, filter='[["owner","=","me"]]', fields="name")}
        lines = csv_lines((await client.get("/api/v1/contacts/export", params={"fields": "customer"})).content)
        assert {line["客户"] for line in lines} <= own
        seen = (await client.get("/api/v1/contacts", params={"count": "exact"})).json()["total"]
        assert 0 < len(lines) < seen


async def test_a_hidden_field_is_in_no_file_and_can_neither_be_asked_for_nor_sorted_by(company: Company) -> None:
    hidden = {"customer.credit_limit": "hidden", "customer.owner": "hidden"}
    async with somebody(company, "wangfang", hidden, read="all", export="all") as client:
        for format_, lines_of in (("csv", csv_lines), ("xlsx", workbook_lines)):
            [line, *_] = lines_of((await client.get(EXPORT, params={"format": format_})).content)
            assert not {"信用额度", "负责人"} & set(line)
            assert {"名称", "城市"} <= set(line)
        for asked in (
            {"fields": "name,credit_limit"},
            {"sort": "credit_limit"},
            {"filter": '[["owner","empty",true]]'},
        ):
            assert (await client.get(EXPORT, params=asked)).status_code == 400


async def test_a_hidden_owner_still_decides_what_may_be_exported(company: Company) -> None:
    hidden = {"customer.owner": "hidden", "customer.department": "hidden"}
    async with somebody(company, "wangfang", hidden, read="all", export="own") as client:
        exported = await names(client)
    async with company.program("wangfang") as client:
        me = (await client.get("/api/v1/me")).json()["staff"]
    async with company.program("admin") as client:
        own = [it["name"] for it in await listed(client, filter=f'[["owner","=",{me}]]', fields="name")]
    assert sorted(exported) == sorted(own) != []


async def test_a_field_hidden_in_a_state_is_empty_in_records_of_that_state(company: Company) -> None:
    hidden = {"customer.city@approved": "hidden"}
    async with somebody(company, "wangfang", hidden, read="all", export="all") as client:
        lines = csv_lines((await client.get(EXPORT, params={"fields": "city,state"})).content)
    assert {line["城市"] for line in lines if line["状态"] == "已审核"} == {""}
    assert "杭州" in {line["城市"] for line in lines if line["状态"] != "已审核"}


async def test_records_that_cannot_be_seen_are_not_named_where_others_refer_to_them(company: Company) -> None:
    async with company.program("admin") as client:
        link: dict[str, Any] = {"label": "上级客户", "kind": "link", "details": {"target": "customers"}}
        answer = await client.post("/api/v1/record-types/customers/fields", json=link)
        assert answer.status_code == 201, answer.text
        key = answer.json()["key"]
        me = (await client.get("/api/v1/staff", params={"q": "王芳"})).json()["items"][0]["id"]
        mine, theirs = [
            (await client.get(CUSTOMERS, params={"filter": f'[["owner","{sign}",{me}]]', "limit": "1"})).json()[
                "items"
            ][0]
            for sign in ("=", "!=")
        ]
        changed = await client.patch(
            f"{CUSTOMERS}/{mine['id']}", json={key: theirs["id"]}, headers={"If-Match": str(mine["version"])}
        )
        assert changed.status_code == 200, changed.text
        asked = {"fields": f"name,{key}", "filter": f'[["{key}","=",{theirs["id"]}]]'}
        [line] = csv_lines((await client.get(EXPORT, params=asked)).content)
        assert line["上级客户"] == theirs["name"]
    async with somebody(company, "wangfang", {}, read="own", export="own") as client:
        answer = await client.get(EXPORT, params={"fields": f"name,{key}", "q": mine["name"]})
        assert theirs["name"] not in answer.content.decode("utf-8-sig")
        assert [line["上级客户"] for line in csv_lines(answer.content)] == [""]


async def test_the_standard_roles_export_what_they_answer_for(company: Company) -> None:
    async with company.world.acting("admin"):
        known = {line.key: line.id for line in await roles_of(company.world.users["wangfang"])}
        known |= {line.key: line.id for line in await roles_of(company.world.users["lilei"])}
        known |= {line.key: line.id for line in await roles_of(company.world.users["zhaomin"])}
        reach = {key: (await grants_of(number)).get(("customer", "export")) for key, number in known.items()}
    assert reach["sales"] is not None
    assert reach["sales"].scopes == {"own"}
    assert reach["manager"] is not None
    assert reach["manager"].scopes == {"own", "shared", "below"}
    assert reach["service"] is None
