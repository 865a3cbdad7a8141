"""Signing in and out, sessions, tokens, passwords."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from dougong.access.principal import acting_as, system
from dougong.errors import Forbidden, Invalid, NotFound, Unavailable
from dougong.people import passwords
from dougong.people.errors import WrongSignIn
from dougong.people.services import account_named, deactivate_staff, remove_operator, reset_password, set_preferences
from dougong.people.sign_in import (
    ABSOLUTE,
    IDLE,
    Place,
    change_password,
    create_token,
    end_session,
    end_sessions,
    remove_token,
    session_of,
    sessions_of,
    sign_in,
    sign_out,
    token_of,
    tokens_of,
)
from dougong.people.tables import Session, Token, User

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
async def fang(company):
    """王芳 with an account whose password is known and needs no change."""
    with acting_as(system("test")):
        staff = await company.person("王芳")
    await company.account("wangfang", staff=staff)
    with acting_as(await company.as_("wangfang")):
        await change_password(company.users["wangfang"], company.passwords["wangfang"], "plum blossom 7")
    company.passwords["wangfang"] = "plum blossom 7"
    return company


async def enter(company, name="wangfang", **place):
    return await sign_in(name, company.passwords["wangfang"], Place(**place))


async def test_a_session_leads_back_to_its_account(fang):
    made = await enter(fang, ip="10.0.0.7", agent="Firefox")
    found = await session_of(made.token)
    assert (found.user, found.name, found.csrf, found.session) == (
        fang.users["wangfang"],
        "wangfang",
        made.csrf,
        made.session,
    )
    assert not found.must_change_password
    assert found.expires == made.expires
    with acting_as(await fang.as_("wangfang")):
        [session] = await sessions_of(found.user)
    assert (session.ip, session.agent) == ("10.0.0.7", "Firefox")


async def test_names_are_signed_in_with_in_any_case_and_width(fang):
    for name in ("WangFang", " wangfang ", "ｗａｎｇｆａｎｇ"):
        assert (await enter(fang, name)).user == fang.users["wangfang"]


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("wangfang", "wrong password"),
        ("nobody", "plum blossom 7"),
        ("", ""),
        ("wang\x00fang", "x"),
        ("\udcff", "\udcff"),
    ],
)
async def test_whatever_is_wrong_the_answer_is_the_same(fang, name, password):
    with pytest.raises(WrongSignIn) as refused:
        await sign_in(name, password)
    assert str(refused.value) == str(WrongSignIn())
    assert refused.value.status == 401


async def test_every_sign_in_is_a_new_session(fang):
    one, other = await enter(fang), await enter(fang)
    assert one.token != other.token
    assert one.csrf != other.csrf
    assert await session_of(one.token)


async def test_only_digests_are_kept(fang):
    made = await enter(fang)
    with acting_as(await fang.as_("wangfang")):
        token = await create_token(made.user)
    with acting_as(system("test")):
        kept = str([await Session.select(), await Token.select(), await User.select()])
    for secret in (made.token, token, fang.passwords["wangfang"]):
        assert secret not in kept


async def test_signing_out_ends_the_session_alone(fang):
    one, other = await enter(fang), await enter(fang)
    await sign_out(one.token)
    assert await session_of(one.token) is None
    assert await session_of(other.token)


@pytest.mark.parametrize(
    ("column", "ago", "valid"),
    [
        ("seen", IDLE - MINUTE, True),
        ("seen", IDLE + MINUTE, False),
        ("created", ABSOLUTE - MINUTE, True),
        ("created", ABSOLUTE + MINUTE, False),
    ],
)
async def test_a_session_ends_when_idle_and_in_any_case_after_two_weeks(fang, column, ago, valid):
    made = await enter(fang)
    then = dt.datetime.now(dt.UTC) - ago
    values = {Session.seen: then} if column == "seen" else {Session.created: then, Session.expires: then + ABSOLUTE}
    with acting_as(system("test")):
        await Session.update(values).where(Session.id == made.session)
    assert (await session_of(made.token) is not None) is valid


async def test_using_a_session_keeps_it_alive_and_writes_once_a_minute(fang):
    made = await enter(fang)

    async def seen():
        with acting_as(system("test")):
            return (await Session.select(Session.seen).where(Session.id == made.session).first())["seen"]

    fresh = await seen()
    await session_of(made.token)
    assert await seen() == fresh
    with acting_as(system("test")):
        await Session.update({Session.seen: fresh - 2 * MINUTE}).where(Session.id == made.session)
    await session_of(made.token)
    assert await seen() >= fresh


async def test_one_can_sign_out_elsewhere_but_not_others(fang):
    one, other = await enter(fang), await enter(fang)
    await fang.account("lilei")
    with acting_as(await fang.as_("lilei")):
        for refused in (
            sessions_of(one.user),
            end_session(one.user, one.session),
            end_sessions(one.user),
            create_token(one.user),
            tokens_of(one.user),
        ):
            with pytest.raises(Forbidden):
                await refused
        with pytest.raises(NotFound):
            await end_session(fang.users["lilei"], one.session)
    with acting_as(await fang.as_("wangfang")):
        await end_session(one.user, one.session)
        assert [s.id for s in await sessions_of(one.user)] == [other.session]


async def test_changing_the_password_ends_every_session(fang):
    sessions = [await enter(fang), await enter(fang)]
    with acting_as(await fang.as_("wangfang")):
        await change_password(fang.users["wangfang"], "plum blossom 7", "bamboo forest 8")
    assert [await session_of(s.token) for s in sessions] == [None, None]
    with pytest.raises(WrongSignIn):
        await sign_in("wangfang", "plum blossom 7")
    assert await sign_in("wangfang", "bamboo forest 8")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("wrong", "bamboo forest 8", "old"),
        ("plum blossom 7", "short 7", "password"),
        ("plum blossom 7", "x" * 201, "password"),
        ("plum blossom 7", "my WANGFANG 7", "password"),
        ("plum blossom 7", "aaaabbbb", "password"),
        ("plum blossom 7", "plum blossom 7", "password"),
    ],
)
async def test_a_bad_password_is_refused_by_name_and_changes_nothing(fang, old, new, field):
    with acting_as(await fang.as_("wangfang")), pytest.raises(Invalid) as refused:
        await change_password(fang.users["wangfang"], old, new)
    assert [p.field for p in refused.value.problems] == [field]
    assert await enter(fang)


async def test_nobody_changes_anothers_password(fang):
    with acting_as(await fang.as_("root")), pytest.raises(Forbidden):
        await change_password(fang.users["wangfang"], "plum blossom 7", "bamboo forest 8")


async def test_a_reset_gives_a_password_that_must_be_changed(fang):
    made = await enter(fang)
    with acting_as(await fang.as_("root")):
        once = await reset_password(made.user)
    assert await session_of(made.token) is None
    with pytest.raises(WrongSignIn):
        await sign_in("wangfang", "plum blossom 7")
    assert (await sign_in("wangfang", once)).must_change_password


async def test_closed_accounts_and_people_who_left_are_out_at_once(fang):
    made = await enter(fang)
    with acting_as(await fang.as_("wangfang")):
        token = await create_token(made.user)
    with acting_as(system("test")):
        await deactivate_staff(await fang.person("王芳"))
    assert await session_of(made.token) is None
    assert await token_of(token) is None
    with pytest.raises(WrongSignIn):
        await enter(fang)
    with pytest.raises(Forbidden):
        await fang.as_("wangfang")


async def test_a_token_works_before_the_first_password_change_and_until_it_ends(company):
    user = await company.account("robot")
    with acting_as(await company.as_("robot")):
        lasting = await create_token(user, "import")
        over = await create_token(user, "old", expires=dt.datetime.now(dt.UTC) - MINUTE)
        assert (await token_of(lasting)).user == user
        assert await token_of(over) is None
        assert await token_of("dg_nothing") is None
        listed = await tokens_of(user)
        assert [(t["label"], t["used"] is not None) for t in listed] == [("import", True), ("old", False)]
        await remove_token(user, listed[0]["id"])
        assert await token_of(lasting) is None
        with pytest.raises(NotFound):
            await remove_token(user, listed[0]["id"])


async def test_removing_the_operator_ends_sessions_and_tokens(fang):
    made = await enter(fang)
    with acting_as(await fang.as_("root")):
        token = await create_token(made.user)
        await remove_operator(made.user)
        assert await account_named("wangfang") is None
    assert await session_of(made.token) is None
    assert await token_of(token) is None


async def test_language_and_look_come_with_the_session(fang):
    made = await enter(fang)
    with acting_as(await fang.as_("wangfang")):
        await set_preferences(made.user, locale="en", theme="dark")
        with pytest.raises(Invalid):
            await set_preferences(made.user, locale="fr", theme="dark")
        with pytest.raises(Forbidden):
            await set_preferences(fang.users["root"], locale="en", theme="dark")
    found = await session_of(made.token)
    assert (found.locale, found.theme) == ("en", "dark")


# ------------------------------------------------------------------ what a password costs


async def test_a_password_is_dear_to_guess(dear):
    """At least what OWASP asks of argon2id: 19 MiB, two passes."""
    hashed = await passwords.hash_of("plum blossom 7")
    parts = hashed.split("$")
    assert parts[1] == "argon2id"
    cost = dict(part.split("=") for part in parts[3].split(","))
    assert int(cost["m"]) >= 19 * 1024
    assert int(cost["t"]) >= 2


async def test_an_unknown_name_costs_as_much_as_a_wrong_password(dear):
    hashed = await passwords.hash_of("plum blossom 7")
    await passwords.matches(None, "warm up")
    costs = {}
    for which in (hashed, None):
        # the least of several: a busy machine only ever adds
        taken = []
        for _round in range(6):
            start = time.perf_counter()
            assert not await passwords.matches(which, "wrong password")
            taken.append(time.perf_counter() - start)
        costs[which] = min(taken)
    assert 0.5 < costs[None] / costs[hashed] < 2


async def test_a_flood_of_sign_ins_is_refused_rather_than_queued_for_ever(monkeypatch):
    monkeypatch.setattr(passwords, "_waiting", passwords._WAITING_AT_MOST)
    with pytest.raises(Unavailable):
        await passwords.matches(None, "x")


async def test_an_old_cheap_hash_is_renewed_at_the_next_sign_in(fang, monkeypatch):
    cheap = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", type(cheap)(time_cost=2, memory_cost=16, parallelism=1))
    await enter(fang)
    with acting_as(system("test")):
        hashed = (await User.select(User.password).where(User.id == fang.users["wangfang"]).first())["password"]
    assert not passwords.is_outdated(hashed)
    assert await enter(fang)


def test_one_time_passwords_pass_the_rules_and_differ():
    made = {passwords.one_time_password() for _round in range(50)}
    assert len(made) == 50
    for password in made:
        passwords.check_rules(password, "wangfang")
