"""An expression is looked at before anything is saved: what it comes to and reads, or every place that is wrong."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHECK = "/api/v1/record-types/customers/expressions/check"


async def checked(http: httpx.AsyncClient, text: str, wants: str | None = None) -> dict[str, Any]:
    answer = await http.post(CHECK, json={"text": text, "wants": wants})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_right_one_says_what_it_comes_to_and_reads(admin: httpx.AsyncClient) -> None:
    told = await checked(admin, "{员工人数} * 2 > 10", "yes_no")
    assert (told["valid"], told["mistakes"], told["kind"], told["fields"]) == (True, [], "yes_no", ["employees"])
    assert "employees" in told["source"]
    assert "员工人数" in told["text"]
    assert (told["uses_clock"], told["uses_me"]) == (False, False)
    assert (await checked(admin, "today()"))["uses_clock"] is True
    assert (await checked(admin, "credit_limit * 2"))["kind"] == "money"


async def test_a_wrong_one_names_each_place(admin: httpx.AsyncClient) -> None:
    told = await checked(admin, "employes > 1 and cty == 3", "yes_no")
    assert told["valid"] is False
    assert [(m["place"], m["length"]) for m in told["mistakes"]] == [(1, 8), (18, 3)]
    assert "employees" in told["mistakes"][0]["message"]
    assert (await checked(admin, "employees", "yes_no"))["valid"] is False
    assert (await checked(admin, "employees"))["valid"] is True


async def test_it_is_for_who_shapes_records_and_takes_what_it_knows(
    admin: httpx.AsyncClient, wangfang: httpx.AsyncClient
) -> None:
    assert (await wangfang.post(CHECK, json={"text": "1"})).status_code == 403
    for body in ({}, {"text": 3}, {"text": "1", "wants": "poem"}, {"text": "1" * 2001}, {"text": "1", "more": 1}):
        assert (await admin.post(CHECK, json=body)).status_code == 400
    nowhere = await admin.post(CHECK.replace("customers", "dragons"), json={"text": "1"})
    assert nowhere.status_code == 404
