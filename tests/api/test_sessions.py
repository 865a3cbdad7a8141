"""Sessions and locks of accounts, asked for by programs."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.access.principal import acting_as, system
from dougong.people.tables import Attempts

pytestmark = pytest.mark.asyncio(loop_scope="module")
SESSIONS = "/api/v1/sessions"


async def test_one_lists_ones_own_sessions_and_ends_one_or_all_others(company):
    async with company.browser("lilei") as one, company.browser("lilei") as two, company.browser("lilei") as three:
        listed = (await one.get(SESSIONS)).json()["items"]
        assert [item["current"] for item in listed].count(True) == 1
        here = next(item["id"] for item in listed if item["current"])
        there = next(i["id"] for i in (await two.get(SESSIONS)).json()["items"] if i["current"])
        assert here != there
        for item in listed:
            assert item["agent"].startswith("python-httpx")
            assert item["address"] == "127.0.0.1"
            since, seen, expires = (dt.datetime.fromisoformat(item[key]) for key in ("since", "seen", "expires"))
            assert since <= seen < expires
        assert (await one.delete(f"{SESSIONS}/{there}")).status_code == 204
        assert [(await b.get(SESSIONS)).status_code for b in (one, two, three)] == [200, 401, 200]
        assert (await one.delete(f"{SESSIONS}/{there}")).status_code == 404
        assert (await one.delete(SESSIONS)).status_code == 204
        assert [(await b.get(SESSIONS)).status_code for b in (one, two, three)] == [200, 401, 401]
        assert [item["id"] for item in (await one.get(SESSIONS)).json()["items"]] == [here]


async def test_a_program_has_no_session_of_its_own_and_ends_all(company):
    async with company.browser("zhaomin") as browser, company.program("zhaomin") as program:
        assert {item["current"] for item in (await program.get(SESSIONS)).json()["items"]} == {False}
        assert (await program.delete(SESSIONS)).status_code == 204
        assert (await browser.get(SESSIONS)).status_code == 401
        assert (await program.get(SESSIONS)).json() == {"items": []}


async def test_a_keeper_lists_and_ends_the_sessions_of_an_account(company):
    base = f"/api/v1/accounts/{company.world.users['wangfang']}/sessions"
    async with (
        company.browser("wangfang") as one,
        company.browser("wangfang") as two,
        company.program("admin") as keeper,
    ):
        listed = (await keeper.get(base)).json()["items"]
        assert len(listed) == 2
        assert (await keeper.delete(f"{base}/{listed[0]['id']}")).status_code == 204
        assert sorted([(await b.get(SESSIONS)).status_code for b in (one, two)]) == [200, 401]
        assert (await keeper.delete(f"{base}/{listed[0]['id']}")).status_code == 404
        assert (await keeper.delete(base)).status_code == 204
        assert [(await b.get(SESSIONS)).status_code for b in (one, two)] == [401, 401]


async def test_what_is_no_account_has_no_sessions_and_no_lock(company):
    async with company.program("admin") as keeper:
        for user in (4711, 2**31, "x"):
            base = f"/api/v1/accounts/{user}"
            asked = [
                ("GET", "sessions"),
                ("DELETE", "sessions"),
                ("DELETE", "sessions/1"),
                ("GET", "lock"),
                ("DELETE", "lock"),
            ]
            for method, path in asked:
                answer = await keeper.request(method, f"{base}/{path}")
                assert answer.status_code == 404, (method, path)
                assert answer.headers["content-type"] == "application/problem+json"


async def test_without_the_right_other_accounts_are_closed(company):
    async with company.program("wangfang") as program:
        for user in (company.world.users["lilei"], 4711):
            base = f"/api/v1/accounts/{user}"
            for method, path in (("GET", "sessions"), ("DELETE", "sessions"), ("GET", "lock"), ("DELETE", "lock")):
                assert (await program.request(method, f"{base}/{path}")).status_code == 403, (user, method, path)


async def test_a_locked_account_is_seen_and_unlocked(company):
    user = company.world.users["wangfang"]
    lock = f"/api/v1/accounts/{user}/lock"
    async with company.anybody() as guesser, company.program("admin") as keeper:
        assert (await keeper.get(lock)).json() == {"until": None}
        for _try in range(6):
            answer = await guesser.post("/sign-in", data={"user": "wangfang", "password": "wrong password"})
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 6
        until = dt.datetime.fromisoformat((await keeper.get(lock)).json()["until"])
        assert dt.timedelta() < until - dt.datetime.now(dt.UTC) <= dt.timedelta(seconds=5)
        assert (await keeper.delete(lock)).status_code == 204
        assert (await keeper.get(lock)).json() == {"until": None}
    with acting_as(system("test")):
        await Attempts.delete(force=True)


async def test_tokens_are_not_limited(company):
    """They are far too long to be guessed."""
    async with company.anybody() as program:
        program.headers["Authorization"] = "Bearer dg_guessed"
        assert {(await program.get(SESSIONS)).status_code for _try in range(30)} == {401}


async def test_the_description_says_all_of_it(company):
    async with company.program("admin") as program:
        described = (await program.get("/api/v1/openapi.json")).json()["paths"]
    for path, methods in {
        "/api/v1/sessions": {"get": "200", "delete": "204"},
        "/api/v1/sessions/{session}": {"delete": "204"},
        "/api/v1/accounts/{user}/sessions": {"get": "200", "delete": "204"},
        "/api/v1/accounts/{user}/sessions/{session}": {"delete": "204"},
        "/api/v1/accounts/{user}/lock": {"get": "200", "delete": "204"},
    }.items():
        assert set(described[path]) == set(methods)
        for method, status in methods.items():
            assert {status, "401", "403"} <= set(described[path][method]["responses"])
            assert ("404" in described[path][method]["responses"]) is ("{" in path)
