"""Why somebody may or may not, for programs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dougong.access import openings

pytestmark = pytest.mark.asyncio(loop_scope="module")
EXPLAIN = "/api/v1/explain"


async def first_customer(program):
    return (await program.get("/api/v1/customers?limit=1&fields=id")).json()["items"][0]["id"]


async def test_about_oneself(company):
    async with company.program("wangfang") as program:
        number = await first_customer(program)
        answer = await program.get(f"{EXPLAIN}?record=customers/{number}")
    assert answer.status_code == 200
    told = answer.json()
    assert (told["record"], told["user"]) == (f"customers/{number}", company.world.users["wangfang"])
    assert (told["person"], told["action"], told["field"], told["allowed"]) == ("王芳", "read", None, True)
    [reason] = told["reasons"]
    assert (reason["rule"], reason["opens"], reason["because"]) == ("own", True, [])
    assert reason["text"] == "负责人就是 王芳，且有角色的范围包括本人的记录。"
    assert reason["notes"] == ["角色“销售”"]
    assert len(reason["roles"]) == 1


async def test_about_others_and_fields_with_the_right(company):
    zhao = company.world.users["zhaomin"]
    async with company.program("zhaomin") as program:
        number = await first_customer(program)
    path = f"{EXPLAIN}?record=customers/{number}&user={zhao}&action=read&field=credit_limit"
    async with company.program("admin") as program:
        told = (await program.get(path)).json()
        english = (await program.get(path, headers={"Accept-Language": "en"})).json()
    assert (told["field"], told["allowed"]) == ("credit_limit", False)
    assert [reason["rule"] for reason in told["reasons"]] == ["department", "field-hidden"]
    assert english["reasons"][1]["text"] == "“Credit limit” is hidden from 赵敏."


async def test_who_can_see_a_record(company):
    async with company.program("wangfang") as program:
        number = await first_customer(program)
        assert (await program.get(f"{EXPLAIN}/readers?record=customers/{number}")).status_code == 403
    async with company.program("admin") as program:
        told = (await program.get(f"{EXPLAIN}/readers?record=customers/{number}")).json()
    rules = {line["person"]: [reason["rule"] for reason in line["reasons"]] for line in told["items"]}
    assert rules["王芳"] == ["own"]
    assert rules["admin"] == ["admin"]
    assert told["next"] is None


async def test_everything_that_can_be_wrong(company):
    async with company.program("admin") as admin:
        number = await first_customer(admin)
        record = f"record=customers/{number}"
        for query, status in [
            ("", 400),
            ("record=customers", 400),
            ("record=customers/x", 404),
            ("record=customers/999999", 404),
            ("record=nothing/1", 404),
            (f"{record}&user=999999", 404),
            (f"{record}&user=x", 404),
            (f"{record}&action=fly", 400),
            (f"{record}&field=wings", 400),
            (f"{record}&action=delete&field=name", 400),
        ]:
            assert (await admin.get(f"{EXPLAIN}?{query}")).status_code == status, query
        for query, status in [
            ("", 400),
            (f"{record}&page=0", 400),
            (f"{record}&page=x", 400),
            (f"{record}&page=9", 200),
        ]:
            assert (await admin.get(f"{EXPLAIN}/readers?{query}")).status_code == status, query
    async with company.program("wangfang") as program:
        others = f"user={company.world.users['lilei']}"
        seen = await first_customer(program)
        assert (await program.get(f"{EXPLAIN}?record=customers/{seen}&{others}")).status_code == 403
        for unseen in (await unseen_by(program, company), 999_999):
            assert (await program.get(f"{EXPLAIN}?record=customers/{unseen}")).status_code == 404
            assert (await program.get(f"{EXPLAIN}?record=customers/{unseen}&{others}")).status_code == 404
    async with company.anybody() as street:
        assert (await street.get(f"{EXPLAIN}?{record}")).status_code == 401


async def unseen_by(program, company):
    path = "/api/v1/customers?limit=500&fields=id"
    seen = {row["id"] for row in (await program.get(path)).json()["items"]}
    async with company.program("admin") as admin:
        return min(row["id"] for row in (await admin.get(path)).json()["items"] if row["id"] not in seen)


async def test_asking_without_end_is_stopped(company, monkeypatch):
    monkeypatch.setattr(openings, "time", SimpleNamespace(monotonic=lambda: 0.0))  # a clock that stands still
    monkeypatch.setattr(openings, "_left", {})
    async with company.program("admin") as admin:
        path = f"{EXPLAIN}/readers?record=customers/{await first_customer(admin)}"
        statuses = [(await admin.get(path)).status_code for _n in range(62)]
    assert statuses == [200] * 60 + [429] * 2
