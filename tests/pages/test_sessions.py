"""Sessions as browsers and programs have them: begun anew, listed, ended, and over on the very next request."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.access.services import assign_roles, create_role, make_standard_roles, set_rights
from dougong.i18n import today
from dougong.people import passwords, sign_in
from dougong.people.services import (
    account_of,
    add_staff,
    deactivate_staff,
    make_operator,
    remove_operator,
    reset_password,
)
from dougong.people.tables import Attempts, Department, Session, Staff, Token, User
from dougong.testing.app import HOST, Company
from dougong.web.app import build_app

from .conftest import value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PASSWORD = "bamboo forest 8"
COOKIE = "dougong_session"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0"
WECHAT = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.50(0x18) NetType/WIFI Language/zh_CN"
_numbers = itertools.count(1)


@dataclass
class Person:
    """An operator made for one test, with a password that needs no change."""

    company: Company
    name: str
    staff: int
    user: int

    @asynccontextmanager
    async def browser(self, agent: str = EDGE) -> AsyncIterator[httpx.AsyncClient]:
        async with self.company.anybody() as client:
            client.headers["User-Agent"] = agent
            answer = await client.post("/sign-in", data={"user": self.name, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            client.headers["X-CSRF-Token"] = value_of("_csrf_token", (await client.get("/")).text)
            yield client

    @asynccontextmanager
    async def program(self) -> AsyncIterator[httpx.AsyncClient]:
        async with self.company.world.acting("admin"):
            token = await sign_in.create_token(self.user)
        async with self.company.anybody() as client:
            client.headers["Authorization"] = f"Bearer {token}"
            yield client


@pytest_asyncio.fixture(loop_scope="module")
async def make(company: Company):
    """Makes operators with a standard role."""

    async def made(role: str = "sales") -> Person:
        name = f"person{next(_numbers)}"
        async with company.world.acting("admin"):
            department = (await Department.select(Department.id).first())["id"]
            staff = await add_staff(name, department)
            await make_operator(staff, name)
            account = await account_of(staff.id)
            await assign_roles(account.user, [(await make_standard_roles())[role]])
        await set_password(account.user)
        return Person(company, name, staff.id, account.user)

    return made


async def set_password(user: int) -> None:
    hashed = await passwords.hash_of(PASSWORD)
    with acting_as(system("test")):
        values = {User.password: hashed, User.must_change_password: False}
        await User.update(values).where(User.id == user)


async def csrf_of(browser: httpx.AsyncClient) -> str:
    return value_of("_csrf_token", (await browser.get("/")).text)


async def is_in(client: httpx.AsyncClient) -> set[bool]:
    """Whether pages and the API let this client in."""
    page, api = await client.get("/"), await client.get("/api/v1/me")
    assert (page.status_code, api.status_code) in ((200, 200), (303, 401), (401, 401)), (
        page.status_code,
        api.status_code,
    )
    return {page.status_code == 200, api.status_code == 200}


# ------------------------------------------------------------------ beginning


async def test_what_a_browser_brought_along_is_never_what_it_has_afterwards(company, make):
    person = await make()
    async with company.anybody() as browser:
        browser.cookies.set(COOKIE, "chosen-by-somebody-else", domain=HOST)
        planted = {"user": person.name, "password": PASSWORD, "_csrf_token": "chosen-by-somebody-else"}
        assert (await browser.post("/sign-in", data=planted)).status_code == 303
        given = [cookie.value for cookie in browser.cookies.jar if cookie.name == COOKIE]
        browser.cookies.clear()
        browser.cookies.set(COOKIE, given[-1], domain=HOST)
        assert "chosen" not in given[-1]
        assert "chosen" not in await csrf_of(browser)
    async with company.anybody() as other:
        other.cookies.set(COOKIE, "chosen-by-somebody-else", domain=HOST)
        assert await is_in(other) == {False}


async def test_signing_in_again_takes_nothing_over_and_ends_what_the_browser_had(company, make):
    first, second = await make(), await make()
    async with first.browser() as browser, company.anybody() as thief:
        old, old_csrf = browser.cookies[COOKIE], browser.headers["X-CSRF-Token"]
        assert (await browser.post("/sign-in", data={"user": second.name, "password": PASSWORD})).status_code == 303
        assert browser.cookies[COOKIE] != old
        assert await csrf_of(browser) != old_csrf
        assert (await browser.get("/api/v1/me")).json()["user"] == second.user
        thief.cookies.set(COOKIE, old, domain=HOST)
        assert await is_in(thief) == {False}


async def test_a_refused_sign_in_leaves_the_browser_as_it_was(company, make):
    person = await make()
    async with person.browser() as browser:
        refused = await browser.post("/sign-in", data={"user": person.name, "password": "wrong password"})
        assert refused.status_code == 422
        assert "set-cookie" not in refused.headers
        assert await is_in(browser) == {True}


@pytest.mark.parametrize(
    ("scheme", "setting", "secure"), [("http", False, False), ("http", True, True), ("https", False, True)]
)
async def test_the_cookie_stays_with_the_browser_and_with_this_site(company, make, scheme, setting, secure):
    person = await make()
    config = company.world.house.config.model_copy(update={"secure_cookies": setting, "session_days": 3})
    async with outside(company, config, scheme=scheme) as browser:
        answer = await browser.post("/sign-in", data={"user": person.name, "password": PASSWORD})
    [cookie] = [c for c in answer.headers.get_list("set-cookie") if c.startswith(COOKIE)]
    flags = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/", f"max-age={3 * 86400}"} <= flags
    assert ("secure" in flags) is secure
    assert not any(flag.startswith("domain") for flag in flags)
    with acting_as(system("test")):
        row = await Session.select(Session.created, Session.expires).where(Session.user == person.user).first()
    assert row["expires"] - row["created"] == dt.timedelta(days=3)


@asynccontextmanager
async def outside(company, config, *, scheme="http", client=("127.0.0.1", 1)) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody before an application with other settings."""
    app = build_app(config, house=company.world.house)
    app.app.state.house = company.world.house
    transport = httpx.ASGITransport(app, client=client)
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://{HOST}") as made:
        yield made


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        ("", "203.0.113.5", "10.1.1.1"),
        ("10.1.1.0/24", "203.0.113.5", "203.0.113.5"),
        ("10.1.1.1", "198.51.100.9, 203.0.113.5", "203.0.113.5"),
        ("10.1.1.1, 10.2.2.2", "203.0.113.5, 10.2.2.2", "203.0.113.5"),
        ("10.9.9.9", "203.0.113.5", "10.1.1.1"),
        ("10.1.1.1", "", "10.1.1.1"),
    ],
)
async def test_only_our_own_web_servers_are_believed_where_somebody_comes_from(
    company, make, proxies, forwarded, address
):
    person = await make()
    config = company.world.house.config.model_copy(update={"proxies": proxies})
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    async with outside(company, config, client=("10.1.1.1", 1)) as browser:
        await browser.post("/sign-in", data={"user": person.name, "password": PASSWORD}, headers=headers)
    with acting_as(system("test")):
        row = await Session.select(Session.ip).where(Session.user == person.user).first()
    assert row["ip"] == address


# ------------------------------------------------------------------ from other sites


@pytest.mark.parametrize("path", ["/sessions/end-others", "/me/preferences", "/sign-out", "/password"])
async def test_nothing_is_changed_without_the_sessions_own_token(company, make, path):
    one, other = await make(), await make()
    async with one.browser() as browser, other.browser() as stranger, one.browser() as elsewhere:
        own = browser.headers.pop("X-CSRF-Token")
        for token in ("", "x", stranger.headers["X-CSRF-Token"], elsewhere.headers["X-CSRF-Token"]):
            assert (await browser.post(path, data={"_csrf_token": token})).status_code == 403
        assert (await browser.post(path)).status_code == 403
        for said in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.test"},
        ):
            assert (await browser.post(path, data={"_csrf_token": own}, headers=said)).status_code == 403
        assert await is_in(browser) == {True}
        assert await is_in(elsewhere) == {True}


async def test_another_site_signs_nobody_in(company, make):
    person = await make()
    async with company.anybody() as browser:
        data = {"user": person.name, "password": PASSWORD}
        for said in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.test"}):
            assert (await browser.post("/sign-in", data=data, headers=said)).status_code == 403
        assert COOKIE not in browser.cookies


async def test_the_api_with_a_cookie_wants_the_token_too(company, make):
    person = await make()
    async with person.browser() as browser, person.browser() as elsewhere:
        token = browser.headers.pop("X-CSRF-Token")
        assert (await browser.delete("/api/v1/sessions")).status_code == 403
        assert await is_in(elsewhere) == {True}
        assert (await browser.delete("/api/v1/sessions", headers={"X-CSRF-Token": token})).status_code == 204
        assert await is_in(elsewhere) == {False}


# ------------------------------------------------------------------ over on the very next request


async def log_out(person, browser):
    await browser.post("/sign-out")


async def disable(person, browser):
    with acting_as(system("test")):
        await User.update({User.active: False}).where(User.id == person.user)


async def remove(person, browser):
    async with person.company.world.acting("admin"):
        await remove_operator(person.user)


async def leave(person, browser):
    async with person.company.world.acting("admin"):
        await deactivate_staff(await Staff.objects().where(Staff.id == person.staff).first())


async def change(person, browser):
    data = {"current": PASSWORD, "new": "plum blossom 7", "again": "plum blossom 7"}
    assert (await browser.post("/password", data=data)).status_code == 303


async def reset(person, browser):
    async with person.company.world.acting("admin"):
        await reset_password(person.user)


async def end_elsewhere(person, browser):
    async with person.browser() as elsewhere:
        assert (await elsewhere.post("/sessions/end-others")).status_code == 303


async def end_by_keeper(person, browser):
    async with person.company.browser("admin") as keeper:
        assert (await keeper.post(f"/organisation/staff/{person.staff}/account/sessions/end")).status_code == 303


async def grow_idle(person, browser):
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(hours=person.company.world.house.config.session_idle_hours, minutes=1)
    with acting_as(system("test")):
        await Session.update({Session.seen: ago}).where(Session.user == person.user)


async def grow_old(person, browser):
    with acting_as(system("test")):
        now = dt.datetime.now(dt.UTC)
        await Session.update({Session.expires: now}).where(Session.user == person.user)


async def end_token(person, browser):
    async with person.company.world.acting("admin"):
        for token in await sign_in.tokens_of(person.user):
            await sign_in.remove_token(person.user, token["id"])


async def outlive_token(person, browser):
    with acting_as(system("test")):
        await Token.update({Token.expires: dt.datetime.now(dt.UTC)}).where(Token.user == person.user)


@pytest.mark.parametrize(
    ("happens", "cookie", "token"),
    [
        (log_out, False, True),
        (disable, False, False),
        (remove, False, False),
        (leave, False, False),
        (change, False, True),
        (reset, False, True),
        (end_elsewhere, False, True),
        (end_by_keeper, False, True),
        (grow_idle, False, True),
        (grow_old, False, True),
        (end_token, True, False),
        (outlive_token, True, False),
    ],
)
async def test_from_the_next_request_on_it_is_over(company, make, happens, cookie, token):
    """For pages and the API; what was the browser's cookie before is tried, not one it may have been given since."""
    person = await make()
    async with person.browser() as browser, person.program() as program, company.anybody() as before:
        before.cookies.set(COOKIE, browser.cookies[COOKIE], domain=HOST)
        assert (await is_in(before), await is_in(program)) == ({True}, {True})
        await happens(person, browser)
        assert await is_in(before) == {cookie}
        assert await is_in(program) == {token}


async def test_a_role_that_is_taken_away_is_gone_on_the_next_request_of_every_door(company, make):
    person = await make("admin")
    async with person.browser() as browser, person.program() as program:
        doors = [(c, path) for c in (browser, program) for path in ("/roles", "/api/v1/roles")]
        assert [(await client.get(path)).status_code for client, path in doors] == [200] * 4
        async with company.world.acting("admin"):
            await assign_roles(person.user, [])
        assert [(await client.get(path)).status_code for client, path in doors] == [403] * 4


async def test_who_changes_the_password_stays_in_with_a_session_begun_anew(company, make):
    person = await make()
    async with person.browser() as browser:
        before = browser.cookies[COOKIE]
        await change(person, browser)
        assert browser.cookies[COOKIE] != before
        assert await is_in(browser) == {True}


# ------------------------------------------------------------------ "signed in on"


async def test_one_sees_where_one_is_signed_in_in_words_and_nobody_elses(company, make):
    person, stranger = await make(), await make()
    async with person.browser(EDGE) as browser, person.browser(WECHAT), stranger.browser("Mozilla/5.0 Firefox/133.0"):
        text = (await browser.get("/sessions")).text
        assert "Edge, Windows" in text
        assert "微信, iPhone" in text
        assert "Firefox" not in text
        here, there = re.findall(r'<li class="dg-li">.*?</li>', text, re.DOTALL)
        assert "Edge" in here and "本机" in here and "/end" not in here  # noqa: PT018
        assert "微信" in there and "本机" not in there and "/end" in there  # noqa: PT018
        assert 'href="/sessions"' in (await browser.get("/")).text


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (EDGE, "Edge, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox, Linux"),
        (
            "Mozilla/5.0 (Linux; Android 14; Pixel) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit Version/18 Safari/605", "Safari, Mac"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "未知设备"),
        ("<script>alert(1)</script>", "&lt;script&gt;"),
    ],
)
async def test_a_browser_is_called_by_its_name(company, make, agent, words):
    person = await make()
    async with person.browser(agent) as browser:
        text = (await browser.get("/sessions")).text
    assert words in text
    assert "<script>alert" not in text


async def test_forms_work_without_scripts_and_end_one_or_all_others(company, make):
    person = await make()
    async with person.browser() as browser, person.browser() as two, person.browser() as three:
        del browser.headers["X-CSRF-Token"]
        text = (await browser.get("/sessions")).text
        actions = re.findall(
            r'<form[^>]*action="(/sessions/[^"]+)"><input type="hidden" name="_csrf_token" value="([^"]+)"', text
        )
        ends = [(path, csrf) for path, csrf in actions if path != "/sessions/end-others"]
        assert len(ends) == 2
        path, csrf = ends[0]
        assert (await browser.post(path, data={"_csrf_token": csrf})).headers["location"] == "/sessions"
        assert sorted([await is_in(two), await is_in(three)], key=str) == [{False}, {True}]
        assert (await browser.post(path, data={"_csrf_token": csrf})).status_code == 404
        assert (await browser.post("/sessions/end-others", data={"_csrf_token": csrf})).status_code == 303
        assert [await is_in(b) for b in (browser, two, three)] == [{True}, {False}, {False}]


async def test_nobody_ends_a_strangers_session(company, make):
    person, stranger = await make(), await make()
    async with person.browser() as browser, stranger.browser() as theirs:
        with acting_as(system("test")):
            [session] = await Session.select(Session.id).where(Session.user == stranger.user).output(as_list=True)
        for number in (session, 2**31 - 1, 2**31, 2**63, "x", -1):
            assert (await browser.post(f"/sessions/{number}/end")).status_code == 404
            assert (await browser.delete(f"/api/v1/sessions/{number}")).status_code == 404
        assert await is_in(theirs) == {True}


# ------------------------------------------------------------------ tokens


async def test_a_token_is_made_shown_once_and_ended(company, make):
    person = await make()
    async with person.browser() as browser, company.anybody() as program:
        answer = await browser.post("/sessions/tokens/new", data={"label": "夜间导入", "until": str(today())})
        token = value_of("shown_token", answer.text)
        program.headers["Authorization"] = f"Bearer {token}"
        assert (await program.get("/api/v1/me")).json()["user"] == person.user
        text = (await browser.get("/sessions")).text
        assert "夜间导入" in text
        assert token not in text
        assert str(today()) in text
        [path] = re.findall(r'href="(/sessions/tokens/\d+/end)"', text)
        assert "夜间导入" in (await browser.get(path)).text
        assert await is_in(program) == {True}
        assert (await browser.post(path)).status_code == 303
        assert await is_in(program) == {False}
        assert (await browser.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"label": " "}, "请写明用途"),
        ({"label": "x", "until": "2020-01-01"}, "已经过去"),
        ({"label": "x", "until": "31.12.2030"}, "2026-09-30"),
        ({"label": "x", "until": "9999-12-31"}, "2026-09-30"),
    ],
)
async def test_a_token_needs_a_name_and_a_day_to_come(company, make, typed, said):
    person = await make()
    async with person.browser() as browser:
        answer = await browser.post("/sessions/tokens/new", data=typed)
        assert answer.status_code == 422
        assert said in answer.text
    with acting_as(system("test")):
        assert not await Token.exists().where(Token.user == person.user)


async def test_a_token_makes_no_tokens(company, make):
    person = await make()
    async with person.program() as program:
        assert (await program.post("/sessions/tokens/new", data={"label": "another"})).status_code == 403
    with acting_as(system("test")):
        assert await Token.count().where(Token.user == person.user) == 1


# ------------------------------------------------------------------ the accounts one keeps


async def test_a_keeper_of_accounts_sees_and_ends_what_others_have_open(company, make):
    person = await make()
    async with person.browser(WECHAT) as theirs, person.program() as program, company.browser("admin") as keeper:
        path = f"/organisation/staff/{person.staff}/account"
        assert f'href="{path}"' in (await keeper.get(f"/organisation/staff/{person.staff}")).text
        text = (await keeper.get(path)).text
        assert "微信, iPhone" in text
        assert "本机" not in text
        [end] = re.findall(rf'action="({path}/sessions/\d+/end)"', text)
        [token] = re.findall(rf'href="({path}/tokens/\d+/end)"', text)
        assert (await keeper.post(end)).headers["location"] == path
        assert await is_in(theirs) == {False}
        assert (await keeper.get(token)).status_code == 200
        assert (await keeper.post(token)).headers["location"] == path
        assert await is_in(program) == {False}
        assert await is_in(keeper) == {True}


async def test_a_keeper_sees_the_lock_and_lets_them_in_again(company, make):
    person = await make()
    path = f"/organisation/staff/{person.staff}/account"
    async with company.anybody() as browser, company.browser("admin") as keeper:
        assert "unlock" not in (await keeper.get(path)).text
        said = [await try_in(browser, person.name, "wrong password") for _try in range(6)]
        assert said == [422] * 5 + [429]
        assert await try_in(browser, person.name, PASSWORD) == 429
        text = (await keeper.get(path)).text
        assert "锁定至" in text
        assert f'action="{path}/unlock"' in text
        assert (await keeper.post(f"{path}/unlock")).headers["location"] == path
        assert "锁定至" not in (await keeper.get(path)).text
        assert await try_in(browser, person.name, PASSWORD) == 303
    with acting_as(system("test")):
        await Attempts.delete(force=True)


async def try_in(browser, name, password):
    return (await browser.post("/sign-in", data={"user": name, "password": password})).status_code


OF_AN_ACCOUNT = (
    ("GET", "/organisation/staff/{staff}/account"),
    ("POST", "/organisation/staff/{staff}/account/unlock"),
    ("POST", "/organisation/staff/{staff}/account/sessions/end"),
    ("POST", "/organisation/staff/{staff}/account/sessions/{session}/end"),
    ("GET", "/organisation/staff/{staff}/account/tokens/{token}/end"),
    ("POST", "/organisation/staff/{staff}/account/tokens/{token}/end"),
    ("GET", "/api/v1/accounts/{user}/sessions"),
    ("DELETE", "/api/v1/accounts/{user}/sessions"),
    ("DELETE", "/api/v1/accounts/{user}/sessions/{session}"),
    ("GET", "/api/v1/accounts/{user}/lock"),
    ("DELETE", "/api/v1/accounts/{user}/lock"),
)


@pytest.mark.parametrize(("keeper", "kept"), [("sales", "sales"), ("hr", "admin")])
async def test_who_keeps_no_accounts_or_lower_ones_sees_and_ends_nothing(company, make, keeper, kept):
    person, target = await make(keeper), await make(kept)
    if keeper == "hr":
        async with company.world.acting("admin"):
            await let_keep(person.user)
        low = await make()
    async with person.browser() as browser, target.browser() as theirs, target.program() as program:
        with acting_as(system("test")):
            [session] = await Session.select(Session.id).where(Session.user == target.user).output(as_list=True)
            [token] = await Token.select(Token.id).where(Token.user == target.user).output(as_list=True)
        for method, path in OF_AN_ACCOUNT:
            where = path.format(staff=target.staff, user=target.user, session=session, token=token)
            assert (await browser.request(method, where)).status_code == 403, where
            if keeper == "hr" and method == "GET" and "token" not in path:
                own = path.format(staff=low.staff, user=low.user)
                assert (await browser.get(own)).status_code == 200, own
        assert (await is_in(theirs), await is_in(program)) == ({True}, {True})


async def let_keep(user):
    """Give an account a role that keeps accounts and nothing else about the house."""
    role = await create_role(f"keepers {user}")
    await set_rights(role, ["organisation.manage"])
    await assign_roles(user, [role])
