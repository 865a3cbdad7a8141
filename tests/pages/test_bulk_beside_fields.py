"""Tags and shares of many records: added and taken away with counts, skips and why, and taken back at once (CUS-M13)."""

from __future__ import annotations

import datetime as dt
import html
import re
from typing import Any

import httpx
import pytest

from dougong.i18n import today

pytestmark = pytest.mark.asyncio(loop_scope="module")
API = "/api/v1/customers"


async def made(program: httpx.AsyncClient, *names: str, **values: Any) -> list[int]:
    answers = [await program.post(API, json={"name": name, **values}) for name in names]
    assert all(answer.status_code == 201 for answer in answers), answers[0].text
    return [int(answer.json()["id"]) for answer in answers]


async def tags(program: httpx.AsyncClient, numbers: list[int]) -> list[list[str] | None]:
    return [(await program.get(f"{API}/{number}")).json()["tags"] for number in numbers]


async def shares(program: httpx.AsyncClient, numbers: list[int]) -> list[list[tuple[Any, ...]]]:
    found = []
    for number in numbers:
        items = (await program.get(f"{API}/{number}/shares")).json()["items"]
        found.append([(s["staff"], s["department"], s["level"], s["until"]) for s in items])
    return found


async def undone(program: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    back = await program.post(f"/api/v1/changes/{answer.headers['Change-Batch']}/undo")
    assert back.status_code == 200, back.text
    return dict(back.json())


async def test_tags_are_added_and_taken_away_and_the_others_stay(company: Any) -> None:
    async with company.program("wangfang") as program:
        first, second = await made(program, "标签甲", "标签乙", tags=["vip", "slow_payer"])
        [bare] = await made(program, "标签丙")
        asked = {"ids": [first, second, bare], "field": "tags", "add": ["partner"], "take": ["slow_payer"]}
        answer = await program.post(f"{API}/choices", json=asked)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"changed": [first, second, bare], "skipped": []}
        assert await tags(program, [first, second, bare]) == [["partner", "vip"], ["partner", "vip"], ["partner"]]
        again = await program.post(f"{API}/choices", json=asked)
        assert again.json()["changed"] == []
        assert {skip["reason"] for skip in again.json()["skipped"]} == {"已是如此。"}
        assert (await undone(program, answer))["restored"] == 3
        assert await tags(program, [first, second, bare]) == [["slow_payer", "vip"], ["slow_payer", "vip"], None]


async def test_records_of_others_and_those_out_of_use_are_skipped_with_the_reason(company: Any) -> None:
    async with company.program("lilei") as program:
        [theirs] = await made(program, "李雷标签")
    async with company.program("wangfang") as program:
        here, gone = await made(program, "王芳标签", "王芳停用标签")
        await program.post(f"{API}/{gone}/deactivate")
        body = {"ids": [theirs, here, gone], "field": "tags", "add": ["vip"]}
        done = (await program.post(f"{API}/choices", json=body)).json()
        assert done["changed"] == [here]
        reasons = {skip["id"]: skip["reason"] for skip in done["skipped"]}
        assert "无权查看" in reasons[theirs]
        assert "已停用" in reasons[gone]


async def test_what_is_no_tag_and_what_holds_none_is_named(company: Any) -> None:
    async with company.program("wangfang") as program:
        numbers = await made(program, "错标签")
        for body, status in (
            ({"field": "tags", "add": ["nonsense"]}, 400),
            ({"field": "tags"}, 400),
            ({"field": "level", "add": ["key"]}, 404),
            ({"field": 7, "add": ["key"]}, 400),
            ({"field": "tags", "add": "vip"}, 400),
        ):
            answer = await program.post(f"{API}/choices", json={"ids": numbers, **body})
            assert answer.status_code == status, (body, answer.text)
        assert await tags(program, numbers) == [None]


async def test_tags_in_the_browser_of_a_selection(company: Any) -> None:
    async with company.program("wangfang") as program:
        numbers = await made(program, "浏览标签甲", "浏览标签乙", tags=["vip"])
        async with company.browser("wangfang") as browser:
            asked = await browser.post("/customers/bulk/choices-tags", data={"ids": [str(n) for n in numbers]})
            assert "标签：添加、去除" in asked.text
            assert "已选 2 条记录，将处理 2 条" in asked.text
            sent = {"ids": ",".join(map(str, numbers)), "asked": "1", "add": ["partner", "reference"], "take": "vip"}
            answer = await browser.post("/customers/bulk/choices-tags", data=sent)
            assert answer.status_code == 303, answer.text
            refused = await browser.post("/customers/bulk/choices-tags", data={**sent, "add": "", "take": ""})
            assert refused.status_code == 422
        assert await tags(program, numbers) == [["partner", "reference"]] * 2


async def test_many_are_shared_until_a_day_and_taken_back_at_once(company: Any) -> None:
    day = (today() + dt.timedelta(days=9)).isoformat()
    staff = company.world.staff["zhaomin"]
    async with company.program("wangfang") as program:
        first, second, third = await made(program, "共享甲", "共享乙", "共享丙")
        await program.post(f"{API}/{second}/shares", json={"staff": staff, "level": "edit"})
        await program.post(f"{API}/{third}/shares", json={"staff": staff, "level": "read", "until": day})
        body = {"ids": [first, second, third], "staff": staff, "level": "read", "until": day}
        answer = await program.post(f"{API}/shares", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {
            "changed": [first, second],
            "skipped": [{"id": third, "reason": "已是如此。"}],
        }
        read = [(staff, None, "read", day)]
        assert await shares(program, [first, second, third]) == [read, read, read]
        assert (await undone(program, answer))["restored"] == 2
        assert await shares(program, [first, second, third]) == [[], [(staff, None, "edit", None)], read]


async def test_what_was_shared_otherwise_since_stays_when_it_is_taken_back(company: Any) -> None:
    staff = company.world.staff["zhaomin"]
    async with company.program("wangfang") as program:
        first, second = await made(program, "共享后改甲", "共享后改乙")
        answer = await program.post(f"{API}/shares", json={"ids": [first, second], "staff": staff})
        await program.post(f"{API}/{first}/shares", json={"staff": staff, "level": "edit"})
        done = await undone(program, answer)
        assert done["restored"] == 1
        assert [(kept["id"], kept["rule"]) for kept in done["kept"]] == [(first, "beside")]
        assert await shares(program, [first, second]) == [[(staff, None, "edit", None)], []]
        again = await program.post(f"/api/v1/changes/{done['batch']}/undo")
        assert again.json()["restored"] == 1
        assert (await shares(program, [second]))[0] == [(staff, None, "read", None)]


async def test_nobody_shares_what_is_not_theirs_to_share_nor_for_longer_than_they_have_it(company: Any) -> None:
    day = today() + dt.timedelta(days=5)
    world = company.world
    async with company.program("lilei") as program:
        lent, theirs = await made(program, "借来共享", "李雷不共享")
        given = {"staff": world.staff["wangfang"], "level": "edit", "until": day.isoformat()}
        assert (await program.post(f"{API}/{lent}/shares", json=given)).status_code == 201
    async with company.program("wangfang") as program:
        [own] = await made(program, "自有共享")
        body = {"ids": [lent, theirs, own], "staff": world.staff["zhaomin"], "level": "read"}
        done = (await program.post(f"{API}/shares", json=body)).json()
        assert done["changed"] == [own]
        reasons = {skip["id"]: skip["reason"] for skip in done["skipped"]}
        assert "不能共享更长时间" in reasons[lent] or "共享" in reasons[lent]
        assert "无权查看" in reasons[theirs]
        owning = (await program.post(f"{API}/shares", json={**body, "level": "own"})).json()
        assert (owning["changed"], lent in {skip["id"] for skip in owning["skipped"]}) == ([own], True)
        past = await program.post(f"{API}/shares", json={**body, "until": "2020-01-01"})
        assert past.status_code == 400


async def test_sharing_of_a_selection_in_the_browser_is_offered_asked_and_undone(company: Any) -> None:
    async with company.program("wangfang") as program:
        numbers = await made(program, "浏览共享甲", "浏览共享乙")
        async with company.browser("wangfang") as browser:
            assert "/customers/bulk/share" in (await browser.get("/customers")).text
            asked = html.unescape((await browser.post("/customers/bulk/share", data={"ids": numbers})).text)
            assert {"staff", "department", "level", "until"} <= set(re.findall(r'name="(\w+)"', asked))
            staff = str(company.world.staff["zhaomin"])
            sent = {"ids": ",".join(map(str, numbers)), "asked": "1", "staff": staff, "level": "read", "until": ""}
            assert (await browser.post("/customers/bulk/share", data={**sent, "staff": ""})).status_code == 422
            assert (await browser.post("/customers/bulk/share", data=sent)).status_code == 303
            assert [len(each) for each in await shares(program, numbers)] == [1, 1]
            history = html.unescape((await browser.get(f"/customers/{numbers[0]}?tab=history")).text)
            [batch] = set(re.findall(r"/changes/(\w{32})", history)) & set(
                re.findall(r"/changes/(\w{32})", (await browser.get("/changes")).text)[:1]
            )
            assert (await browser.post(f"/changes/{batch}/undo")).status_code == 303
        assert await shares(program, numbers) == [[], []]
