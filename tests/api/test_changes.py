"""Taking back over the API: what a batch did, looked at first, with what is kept and why."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOMERS = "/api/v1/customers"


async def make(http: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await http.post(CUSTOMERS, json=values)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def patch(http: httpx.AsyncClient, record: dict[str, Any], **values: Any) -> httpx.Response:
    version = (await http.get(f"{CUSTOMERS}/{record['id']}")).json()["version"]
    answer = await http.patch(f"{CUSTOMERS}/{record['id']}", json=values, headers={"If-Match": str(version)})
    assert answer.status_code == 200, answer.text
    return answer


async def test_an_edit_is_taken_back_and_what_was_changed_since_is_told(company):
    async with company.program("wangfang") as wangfang, company.program("lilei") as lilei:
        made = await make(wangfang, name="接口撤销", city="杭州", credit_limit="10.50", founded=2000)
        batch = (await patch(wangfang, made, city="宁波", credit_limit="20.00", founded=2001)).headers["change-batch"]
        await patch(lilei, made, credit_limit="30.00")
        there = f"/api/v1/changes/{batch}/undo"
        preview = (await wangfang.get(there)).json()
        assert (preview["restored"], preview["batch"]) == (1, None)
        answer = await wangfang.post(there)
        done = answer.json()
        now = (await wangfang.get(f"{CUSTOMERS}/{made['id']}")).json()
    [kept] = done["kept"]
    assert answer.status_code == 200
    assert done["records"] == {"customer": [made["id"]]}
    assert preview["kept"] == done["kept"]
    assert (kept["field"], kept["rule"], kept["then"], kept["now"]) == ("credit_limit", "changed", "20.00", "30.00")
    assert (kept["by"], kept["title"], kept["id"]) == ("李雷", "接口撤销", made["id"])
    assert (now["city"], now["founded"], now["credit_limit"]) == ("杭州", 2000, "30.00")
    assert answer.headers["change-batch"] == done["batch"]


async def test_what_was_deleted_comes_back_with_its_id_and_its_history(company):
    async with company.program("lilei") as lilei:
        made = await make(lilei, name="接口恢复", city="杭州")
        gone = await lilei.delete(f"{CUSTOMERS}/{made['id']}")
        assert (await lilei.get(f"{CUSTOMERS}/{made['id']}")).status_code == 404
        assert (await lilei.post(f"/api/v1/changes/{gone.headers['change-batch']}/undo")).status_code == 200
        back = (await lilei.get(f"{CUSTOMERS}/{made['id']}")).json()
        history = (await lilei.get(f"{CUSTOMERS}/{made['id']}/history")).json()["items"]
    assert {k: v for k, v in back.items() if k not in ("version", "updated")} == {
        k: v for k, v in made.items() if k not in ("version", "updated")
    }
    assert [entry["verb"] for entry in history] == ["create", "remove", "create"]


async def test_a_batch_that_is_not_there_and_one_of_others_answer_the_same(company):
    async with company.program("admin") as admin, company.program("wangfang") as wangfang:
        far = await admin.post(CUSTOMERS, json={"name": "别处", "owner": company.world.staff["huangjun"]})
        answers = [
            await ask(f"/api/v1/changes/{batch}/undo")
            for batch in (far.headers["change-batch"], "0" * 32, "nothing")
            for ask in (wangfang.get, wangfang.post)
        ]
    assert {(a.status_code, a.json()["detail"]) for a in answers} == {(404, answers[0].json()["detail"])}


# ---------------------------------------------------------------------- many at once


async def test_many_are_changed_and_taken_back_in_one_go(company):
    async with company.program("wangfang") as wangfang, company.program("admin") as admin:
        mine = [(await make(wangfang, name=f"成批{n}", city="杭州"))["id"] for n in range(3)]
        already = (await make(wangfang, name="成批已是", city="丽水"))["id"]
        far = (await make(admin, name="成批远处", owner=company.world.staff["huangjun"]))["id"]
        answer = await wangfang.patch(CUSTOMERS, json={"ids": [*mine, already, far], "values": {"city": "丽水"}})
        done = answer.json()
        assert (answer.status_code, done["changed"]) == (200, mine)
        assert [skipped["id"] for skipped in done["skipped"]] == sorted([already, far])
        assert len({skipped["reason"] for skipped in done["skipped"]}) == 2
        back = (await wangfang.post(f"/api/v1/changes/{answer.headers['change-batch']}/undo")).json()
        assert back["restored"] == 3
        cities = {(await wangfang.get(f"{CUSTOMERS}/{i}")).json()["city"] for i in mine}
    assert cities == {"杭州"}


async def test_what_a_list_finds_is_changed_moved_and_deleted(company):
    async with company.program("lilei") as lilei:
        ids = [(await make(lilei, name=f"筛选批量{n}", city="衢州"))["id"] for n in range(3)]
        found = {"filter": [["city", "=", "衢州"]], "q": "筛选批量"}
        changed = await lilei.patch(CUSTOMERS, json={**found, "values": {"industry": "机械"}})
        assert changed.json()["changed"] == ids
        moved = await lilei.patch(CUSTOMERS, json={"ids": ids, "values": {"state": "submitted"}})
        assert moved.json()["changed"] == ids
        again = (await lilei.patch(CUSTOMERS, json={"ids": ids, "values": {"state": "submitted"}})).json()
        assert (again["changed"], len(again["skipped"])) == ([], 3)
        contact = await lilei.post("/api/v1/contacts", json={"name": "留住", "customer": ids[0]})
        assert contact.status_code == 201
        gone = await lilei.request("DELETE", CUSTOMERS, json={"ids": ids})
        assert gone.json()["changed"] == ids[1:]
        assert [skipped["id"] for skipped in gone.json()["skipped"]] == [ids[0]]
        assert (await lilei.post(f"/api/v1/changes/{gone.headers['change-batch']}/undo")).json()["restored"] == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"values": {"city": "x"}}, "ids"),
        ({"ids": [1], "filter": [], "values": {"city": "x"}}, "ids"),
        ({"ids": [], "values": {"city": "x"}}, "ids"),
        ({"ids": ["1"], "values": {"city": "x"}}, "ids"),
        ({"ids": list(range(1, 5002)), "values": {"city": "x"}}, "ids"),
        ({"ids": [1]}, "values"),
        ({"ids": [1], "values": {}}, "values"),
        ({"ids": [1], "values": {"city": "x", "state": "draft"}}, "state"),
        ({"ids": [1], "values": {"founded": "x"}}, "founded"),
        ({"ids": [1], "values": {"nothing": 1}}, "nothing"),
        ({"ids": [1], "values": {"city": "x"}, "more": 1}, "more"),
        ({"filter": [["nothing", "=", 1]], "values": {"city": "x"}}, "filter"),
    ],
)
async def test_what_can_not_be_read_changes_nothing_and_names_the_field(company, body, field):
    async with company.program("wangfang") as wangfang:
        answer = await wangfang.patch(CUSTOMERS, json=body)
    assert answer.status_code == 400, answer.text
    assert field in {error["field"] for error in answer.json()["errors"]}, answer.text


async def test_many_need_the_right_that_one_needs(company):
    async with company.program("zhaomin") as zhaomin:
        assert (await zhaomin.patch(CUSTOMERS, json={"ids": [1], "values": {"city": "x"}})).status_code == 403
        assert (await zhaomin.request("DELETE", CUSTOMERS, json={"ids": [1]})).status_code == 403
