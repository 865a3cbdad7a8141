"""Groups, previews of rights, levels by state and co-owners, for programs."""

from __future__ import annotations

import json
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from dougong.testing.app import PEOPLE

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def programs(company):
    async with AsyncExitStack() as stack:
        yield {who: await stack.enter_async_context(company.program(who)) for who in PEOPLE}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def boss(programs):
    return programs["admin"]


async def me(programs, name):
    return (await programs[name].get("/api/v1/me")).json()


async def roles(boss):
    return {line["key"]: line["id"] for line in (await boss.get("/api/v1/roles")).json()["items"]}


async def test_a_group_is_made_filled_and_deleted(programs, boss):
    made = await boss.post("/api/v1/groups", json={"name": "回访小组"})
    assert made.status_code == 201
    path, user = f"/api/v1/groups/{made.json()['id']}", (await me(programs, "wangfang"))["user"]
    hr = (await roles(boss))["hr"]
    before = (await me(programs, "wangfang"))["rights"]
    changed = await boss.patch(path, json={"roles": [hr], "members": [user]})
    assert (changed.status_code, changed.json()["members"]) == (200, [user])
    assert set((await me(programs, "wangfang"))["rights"]) - set(before) == {
        "organisation.manage",
        "organisation.appoint",
    }
    assert (await boss.get(f"/api/v1/operators/{user}/groups")).json() == {"groups": [made.json()["id"]]}
    assert (await boss.put(f"/api/v1/operators/{user}/groups", json={"groups": []})).status_code == 200
    assert (await me(programs, "wangfang"))["rights"] == before
    assert (await boss.delete(path)).status_code == 204
    assert (await boss.get(path)).status_code == 404


async def test_a_preview_tells_who_gains_and_loses_and_changes_nothing(programs, boss):
    sales = (await roles(boss))["sales"]
    wanted = {"grants": {"customers": {"read": {"scopes": ["all"]}, "edit": {"scopes": ["own"]}}}}
    before = (await boss.get(f"/api/v1/roles/{sales}")).json()
    answer = await boss.post(f"/api/v1/roles/{sales}/preview", json=wanted, headers={"Accept-Language": "en"})
    assert answer.status_code == 200
    [wang] = [line for line in answer.json()["items"] if line["name"] == "王芳"]
    assert wang["gains"] == ["Customers: See: Own and shared → All"]
    assert "Customers: Export: Own → None" in wang["losses"]
    assert (await boss.get(f"/api/v1/roles/{sales}")).json() == before


async def test_the_preview_of_a_group_is_that_of_its_members(programs, boss):
    made = (await boss.post("/api/v1/groups", json={"name": "人事助理"})).json()["id"]
    user = (await me(programs, "zhaomin"))["user"]
    wanted = {"roles": [(await roles(boss))["hr"]], "members": [user]}
    told = (await boss.post(f"/api/v1/groups/{made}/preview", json=wanted)).json()["items"]
    assert [line["user"] for line in told] == [user]
    assert (await boss.get(f"/api/v1/groups/{made}")).json()["members"] == []


async def test_a_level_by_state_is_kept_and_acts(programs, boss):
    sales = (await roles(boss))["sales"]
    fields = {"customer.credit_limit@draft": "hidden", "customer.phone@approved": "read"}
    sent = await boss.patch(f"/api/v1/roles/{sales}", json={"fields": fields})
    assert (sent.status_code, sent.json()["fields"]) == (200, fields)
    wang = programs["wangfang"]
    made = (await wang.post("/api/v1/customers", json={"name": "按状态可见"})).json()
    path, version = f"/api/v1/customers/{made['id']}", {"If-Match": str(made["version"])}
    assert (await wang.patch(path, json={"credit_limit": "5"}, headers=version)).status_code == 400
    assert (await wang.patch(path, json={"phone": "021-6666"}, headers=version)).status_code == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"fields": {"customer.credit_limit@nowhere": "hidden"}}, 400),
        ({"fields": {"customer.credit_limit": "write"}}, 400),
        ({"fields": {"customer.credit_limit@draft": "all"}}, 400),
    ],
)
async def test_a_level_that_means_nothing_is_refused(programs, boss, body, status):
    path = f"/api/v1/roles/{(await roles(boss))['sales']}"
    before = (await boss.get(path)).json()
    assert (await boss.patch(path, json=body)).status_code == status
    assert (await boss.get(path)).json() == before


async def test_a_co_owner_is_named_by_the_owner(programs):
    wang, zhao = programs["wangfang"], await me(programs, "zhaomin")
    mine_only = json.dumps(["owner", "=", (await me(programs, "wangfang"))["staff"]])
    [mine] = (await wang.get("/api/v1/customers", params={"limit": 1, "filter": mine_only})).json()["items"]
    path = f"/api/v1/customers/{mine['id']}/shares"
    made = await wang.post(path, json={"staff": zhao["staff"], "level": "own"})
    assert (made.status_code, made.json()["level"]) == (201, "own")
    assert (await wang.post(path, json={"department": zhao["departments"][0], "level": "own"})).status_code == 400
