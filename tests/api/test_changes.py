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
