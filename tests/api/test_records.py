"""One record over the API: created, read, changed, moved, deleted; and what of it other people find."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.testing.app import HOST, Company

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOMERS = "/api/v1/customers"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wangfang(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("wangfang") as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lilei(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("lilei") as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def zhaomin(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("zhaomin") as client:
        yield client


async def make(http: httpx.AsyncClient, path: str = CUSTOMERS, **values: Any) -> dict[str, Any]:
    answer = await http.post(path, json=values)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def patch(http: httpx.AsyncClient, record: dict[str, Any], **values: Any) -> httpx.Response:
    return await http.patch(f"{CUSTOMERS}/{record['id']}", json=values, headers={"If-Match": str(record["version"])})


async def history(http: httpx.AsyncClient, record: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await http.get(f"{CUSTOMERS}/{record['id']}/history")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def fields_named(answer: httpx.Response) -> set[str]:
    return {error["field"] for error in answer.json()["errors"]}


# ---------------------------------------------------------------------- its life


async def test_a_name_alone_makes_a_draft_of_the_default_kind_owned_by_the_caller(wangfang, company):
    answer = await wangfang.post(CUSTOMERS, json={"name": "一个名字有限公司"})
    made = answer.json()
    assert answer.status_code == 201
    assert (made["state"], made["kind"], made["version"]) == ("draft", "end", 1)
    assert made["owner"] == company.world.staff["wangfang"]
    assert made["department"] is not None
    assert answer.headers["location"] == f"{CUSTOMERS}/{made['id']}"
    assert answer.headers["etag"] == '"1"'
    assert (await wangfang.get(answer.headers["location"])).json() == made


async def test_a_change_names_the_version_it_is_based_on(wangfang):
    made = await make(wangfang, name="版本有限公司")
    one = f"{CUSTOMERS}/{made['id']}"
    assert (await wangfang.patch(one, json={"city": "宁波"})).status_code == 428
    assert (await wangfang.patch(one, json={"city": "宁波"}, headers={"If-Match": "x"})).status_code == 400
    for version, given in enumerate(('"1"', "2", 'W/"3"'), 1):
        changed = await wangfang.patch(one, json={"city": f"宁波{version}"}, headers={"If-Match": given})
        assert changed.status_code == 200, changed.text
        assert changed.headers["etag"] == f'"{version + 1}"'
        assert changed.json()["version"] == version + 1
    stale = await wangfang.patch(one, json={"city": "绍兴"}, headers={"If-Match": "3"})
    assert stale.status_code == 412
    assert (await wangfang.get(one)).json()["city"] == "宁波3"


async def test_deleting_may_name_a_version_and_needs_none(wangfang):
    made = await make(wangfang, name="来去有限公司")
    one = f"{CUSTOMERS}/{made['id']}"
    assert (await wangfang.delete(one, headers={"If-Match": "7"})).status_code == 412
    gone = await wangfang.delete(one)
    assert (gone.status_code, gone.content) == (204, b"")
    assert gone.headers["change-batch"]
    assert (await wangfang.get(one)).status_code == 404


async def test_every_write_answers_with_its_batch_and_the_history_has_it(wangfang):
    created = await wangfang.post(CUSTOMERS, json={"name": "批次有限公司"})
    record = created.json()
    changed = await patch(wangfang, record, city="嘉兴", credit_limit="1200.50")
    moved = await wangfang.post(f"{CUSTOMERS}/{record['id']}/moves", json={"to": "submitted"})
    batches = [answer.headers["change-batch"] for answer in (moved, changed, created)]
    entries = await history(wangfang, record)
    assert [entry["batch"] for entry in entries] == batches
    assert len(set(batches)) == 3
    assert [entry["verb"] for entry in entries] == ["update", "update", "create"]
    assert {entry["who"] for entry in entries} == {"王芳"}
    assert {entry["door"] for entry in entries} == {"api"}
    assert entries[1]["before"] == {"city": "", "credit_limit": None}
    assert entries[1]["after"] == {"city": "嘉兴", "credit_limit": "1200.50"}
    assert (entries[0]["before"]["state"], entries[0]["after"]["state"]) == ("draft", "submitted")


async def test_history_comes_in_portions(wangfang):
    record = await make(wangfang, name="历史有限公司")
    for number in range(5):
        record = (await patch(wangfang, record, city=f"城{number}")).json()
    path = f"{CUSTOMERS}/{record['id']}/history"
    first = (await wangfang.get(path, params={"limit": 4})).json()["items"]
    rest = (await wangfang.get(path, params={"limit": 4, "before": first[-1]["id"]})).json()["items"]
    assert [e["after"].get("city") for e in (*first, *rest)][:5] == ["城4", "城3", "城2", "城1", "城0"]
    assert len(first) + len(rest) == 6


async def test_states_are_reached_by_moves_only(wangfang, lilei):
    record = await make(wangfang, name="流转有限公司")
    moves = f"{CUSTOMERS}/{record['id']}/moves"
    skipped = await lilei.post(moves, json={"to": "approved"})
    assert skipped.status_code == 409
    assert (await wangfang.post(moves, json={"to": "submitted"})).json()["state"] == "submitted"
    assert (await wangfang.post(moves, json={"to": "approved"})).status_code == 403
    unsaid = await lilei.post(moves, json={"to": "draft"})
    assert (unsaid.status_code, fields_named(unsaid)) == (400, {"why"})
    back = await lilei.post(moves, json={"to": "draft", "why": "缺电话"})
    assert back.json()["state"] == "draft"
    assert (await history(wangfang, record))[0]["why"] == "缺电话"
    assert (await wangfang.post(moves, json={})).status_code == 400
    stale = await wangfang.post(moves, json={"to": "submitted"}, headers={"If-Match": "1"})
    assert stale.status_code == 412


async def test_an_action_is_done_once_and_does_all_of_its_work(wangfang):
    record = await make(wangfang, name="拜访有限公司")
    visit = await make(
        wangfang, "/api/v1/visits", customer=record["id"], purpose="看设备", planned_for="2026-03-04T09:00:00"
    )
    path = f"/api/v1/visits/{visit['id']}/complete-visit"
    assert fields_named(await wangfang.post(path, json={})) == {"outcome"}
    assert fields_named(await wangfang.post(path, json={"outcome": "谈妥", "more": 1})) == {"more"}
    done = await wangfang.post(path, json={"outcome": "谈妥"})
    assert (done.status_code, done.json()["state"], done.json()["outcome"]) == (200, "done", "谈妥")
    assert (await wangfang.post(path, json={"outcome": "再谈"})).status_code == 409
    said = await wangfang.get("/api/v1/interactions", params={"filter": json.dumps(["customer", "=", record["id"]])})
    assert [row["text"] for row in said.json()["items"]] == ["谈妥"]
    assert (await wangfang.post(f"/api/v1/visits/{visit['id']}/no-such-verb", json={})).status_code == 404


async def test_every_mistake_is_named_at_once(wangfang):
    wrong = {
        "name": "x" * 201,
        "kind": "no",
        "founded": "y",
        "credit_limit": "0.001",
        "email": "@",
        "owner": 99999,
        "nope": 1,
        "version": 3,
    }
    answer = await wangfang.post(CUSTOMERS, json={**wrong, "last_contacted": "2026-03-04"})
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert fields_named(answer) >= {
        "name",
        "kind",
        "founded",
        "credit_limit",
        "email",
        "nope",
        "version",
        "last_contacted",
    }
    assert fields_named(await wangfang.post(CUSTOMERS, json={"city": "杭州"})) == {"name"}
    assert fields_named(await wangfang.post("/api/v1/contacts", json={"name": "甲", "customer": 10**9})) == {"customer"}


async def test_what_others_refer_to_stays(lilei):
    record = await make(lilei, name="有人有限公司")
    contact = await make(lilei, "/api/v1/contacts", customer=record["id"], name="甲")
    refused = await lilei.delete(f"{CUSTOMERS}/{record['id']}")
    assert refused.status_code == 409
    assert "1" in refused.json()["detail"]
    assert (await lilei.delete(f"/api/v1/contacts/{contact['id']}")).status_code == 204
    assert (await lilei.delete(f"{CUSTOMERS}/{record['id']}")).status_code == 204


# ---------------------------------------------------------------------- for whom


async def test_unknown_and_forbidden_are_one_and_the_same(wangfang, company):
    async with company.program("admin") as admin:
        hers = {row["id"] for row in (await wangfang.get(CUSTOMERS, params={"limit": 500})).json()["items"]}
        all_of_them = (await admin.get(CUSTOMERS, params={"limit": 500})).json()["items"]
    hidden = next(row for row in all_of_them if row["id"] not in hers)
    assert hers
    versions = {"If-Match": str(hidden["version"])}
    for method, path, options in (
        ("GET", "", {}),
        ("GET", "/history", {}),
        ("PATCH", "", {"json": {"city": "x"}, "headers": versions}),
        ("DELETE", "", {}),
        ("POST", "/moves", {"json": {"to": "submitted"}}),
    ):
        forbidden, unknown = [
            await wangfang.request(method, f"{CUSTOMERS}/{i}{path}", **options) for i in (hidden["id"], 987654321)
        ]
        assert forbidden.status_code == unknown.status_code == 404, (method, path)
        assert forbidden.content == unknown.content
        assert dict(forbidden.headers) == dict(unknown.headers)
    referring = [
        await wangfang.post("/api/v1/contacts", json={"name": "甲", "customer": i}) for i in (hidden["id"], 987654321)
    ]
    assert referring[0].status_code == referring[1].status_code == 400
    assert referring[0].text.replace(str(hidden["id"]), "N") == referring[1].text.replace("987654321", "N")


async def test_a_record_can_be_put_neither_in_nor_out_of_reach(wangfang, company):
    others = company.world.staff["heziwei"] if "heziwei" in company.world.staff else company.world.staff["hezhiwei"]
    refused = await wangfang.post(CUSTOMERS, json={"name": "替人有限公司", "owner": others})
    assert refused.status_code == 403
    record = await make(wangfang, name="自己有限公司")
    assert (await patch(wangfang, record, owner=others)).status_code == 403
    assert (await wangfang.get(f"{CUSTOMERS}/{record['id']}")).json() == record


TWO_NAMES = ("credit_limit", "no_such_name")
HIDDEN = [
    lambda name: {"filter": json.dumps([name, ">", "1"])},
    lambda name: {"sort": name},
    lambda name: {"fields": f"name,{name}"},
]


async def test_a_hidden_field_does_not_exist(wangfang, zhaomin):
    record = await make(wangfang, name="密数有限公司", credit_limit="777")
    record = (await patch(wangfang, record, credit_limit="888")).json()
    record = (await patch(wangfang, record, credit_limit="999", city="丽水")).json()
    one = f"{CUSTOMERS}/{record['id']}"
    assert "credit_limit" not in (await zhaomin.get(one)).json()
    listed = await zhaomin.get(CUSTOMERS, params={"filter": json.dumps(["name", "=", "密数有限公司"])})
    assert [set(row) & {"credit_limit", "name"} for row in listed.json()["items"]] == [{"name"}]
    asked = [(CUSTOMERS, given) for given in HIDDEN]
    asked += [
        (f"{CUSTOMERS}/summary", lambda name, p=p: {"group": "city", "sum": "employees", p: name})
        for p in ("group", "sum")
    ]
    for path, given in asked:
        hidden, unknown = [await zhaomin.get(path, params=given(name)) for name in TWO_NAMES]
        assert hidden.status_code == unknown.status_code == 400, given("…")
        assert hidden.text.replace("credit_limit", "no_such_name") == unknown.text
    entries = await history(zhaomin, record)
    assert "credit_limit" not in json.dumps(entries)
    assert [entry["after"] for entry in entries][:1] == [{"city": "丽水"}]
    assert len(entries) == 2, "a change of nothing but hidden fields is no entry"
    assert "credit_limit" in json.dumps(await history(wangfang, record))
    described = (await zhaomin.get("/api/v1/record-types/customers")).json()["fields"]
    assert "credit_limit" not in {field["key"] for field in described}
    assert "999" not in (await zhaomin.get(one.replace("/api/v1", ""))).text


async def test_hidden_fields_can_be_written_as_little_as_unknown_ones(company, wangfang):
    """赵敏 edits nothing; marketing, whose people may edit, has the same field hidden."""
    from dougong.access.principal import acting_as
    from dougong.errors import Invalid
    from dougong.plugin.snapshot import current_snapshot
    from dougong.records.values import read_values

    principal = await company.world.principal("zhaomin")
    with acting_as(principal), pytest.raises(Invalid) as wrong:
        read_values(current_snapshot().records["customer"], {"credit_limit": "1", "no_such_name": "1"}, principal)
    assert {problem.rule for problem in wrong.value.problems} == {"unknown"}


async def test_whoever_may_only_read_changes_nothing(wangfang, zhaomin):
    record = await make(wangfang, name="只读有限公司")
    assert (await zhaomin.get(f"{CUSTOMERS}/{record['id']}")).status_code == 200
    assert (await patch(zhaomin, record, city="x")).status_code == 403
    assert (await zhaomin.delete(f"{CUSTOMERS}/{record['id']}")).status_code == 403
    assert (await zhaomin.post(CUSTOMERS, json={"name": "不能有限公司"})).status_code == 403


# ---------------------------------------------------------------------- how one comes in


async def test_nobody_comes_in_without_a_valid_token(company):
    async with company.anybody() as http:
        for headers in (
            {},
            {"Authorization": "Bearer nonsense"},
            {"Authorization": "Basic YTpi"},
            {"Cookie": "dougong_session=x"},
        ):
            answer = await http.get("/api/v1/me", headers=headers)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), headers
            assert answer.json()["status"] == 401


async def test_a_cookie_writes_only_from_our_own_pages_and_with_its_token(company):
    async with company.browser("wangfang") as browser:
        assert (await browser.get("/api/v1/me")).json()["name"] == "王芳"
        token = browser.headers.pop("X-CSRF-Token")
        for headers, expected in (
            ({}, 403),
            ({"X-CSRF-Token": "wrong"}, 403),
            ({"X-CSRF-Token": token, "Sec-Fetch-Site": "cross-site"}, 403),
            ({"X-CSRF-Token": token, "Sec-Fetch-Site": "same-site"}, 403),
            ({"X-CSRF-Token": token, "Origin": "https://elsewhere.example"}, 403),
            ({"X-CSRF-Token": token, "Origin": "null"}, 403),
            ({"X-CSRF-Token": token, "Origin": f"http://{HOST}"}, 201),
            ({"X-CSRF-Token": token, "Sec-Fetch-Site": "same-origin"}, 201),
        ):
            answer = await browser.post(CUSTOMERS, json={"name": "同源有限公司"}, headers=headers)
            assert answer.status_code == expected, (headers, answer.text)


async def test_a_foreign_sessions_token_does_not_fit(company):
    async with company.browser("wangfang") as one, company.browser("lilei") as other:
        one.headers["X-CSRF-Token"] = other.headers["X-CSRF-Token"]
        assert (await one.post(CUSTOMERS, json={"name": "换证有限公司"})).status_code == 403


async def test_pages_and_records_take_few_queries(company, wangfang, statements):
    [first, *_] = (await wangfang.get(CUSTOMERS, params={"limit": 1})).json()["items"]
    async with company.browser("wangfang") as browser:
        for path, most in (
            ("/customers", 6),
            (f"/customers/{first['id']}", 12),
            (f"/api/v1/customers/{first['id']}", 6),
            (f"/api/v1/customers/{first['id']}/history", 6),
        ):
            assert (await browser.get(path)).status_code == 200
            with statements() as counted:
                await browser.get(path)
            assert 1 <= len(counted) <= most, (path, len(counted), counted)


async def test_a_step_looks_at_the_record_it_leads_to(wangfang, lilei):
    """A channel customer needs one it sells to; becoming one and being approved in the same change needs it too."""
    made = await make(wangfang, name="一步登天有限公司", kind="end")
    assert (await wangfang.post(f"{CUSTOMERS}/{made['id']}/moves", json={"to": "submitted"})).status_code == 200
    submitted = (await lilei.get(f"{CUSTOMERS}/{made['id']}")).json()
    assert (await patch(lilei, submitted, kind="channel", state="approved")).status_code == 409
    assert (await lilei.get(f"{CUSTOMERS}/{made['id']}")).json() == submitted
    assert (await patch(lilei, submitted, state="approved", city="杭州")).status_code == 200
