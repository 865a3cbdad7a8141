"""Guessing passwords: a few tries are free, then pauses grow; the same for names that exist and names that don't."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import sys

import pytest

from dougong.access.principal import acting_as, system
from dougong.errors import Forbidden, Invalid, NotFound, Unavailable
from dougong.people import attempts, passwords
from dougong.people.attempts import Limits, locked_until, unlock
from dougong.people.errors import TooManyTries, WrongSignIn
from dougong.people.services import remove_operator, reset_password
from dougong.people.sign_in import Place, change_password, sign_in
from dougong.people.tables import Attempts

SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)
OFFICE, HOME = Place("10.0.0.7"), Place("192.0.2.9")
FEW = Limits(tries=3, tries_of_name=6, tries_of_address=12, longest=MINUTE)


class Clock:
    def __init__(self) -> None:
        self.now = dt.datetime(2026, 3, 2, 8, 0, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now

    def pass_by(self, time: dt.timedelta) -> None:
        self.now += time


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(attempts, "_now", made)
    return made


@pytest.fixture
async def fang(company):
    """王芳 with an account and the password for the first sign-in."""
    with acting_as(system("test")):
        staff = await company.person("王芳")
    await company.account("wangfang", staff=staff)
    return company


async def outcome(name, password="wrong password", place=OFFICE, limits=FEW):
    """What came of a try: "in", "wrong", or how many seconds to wait."""
    try:
        await sign_in(name, password, place, limits)
    except WrongSignIn:
        return "wrong"
    except TooManyTries as refused:
        return int(refused.headers["Retry-After"])
    return "in"


async def kept():
    with acting_as(system("test")):
        return await Attempts.select(Attempts.spare, Attempts.until, Attempts.forgotten).order_by(Attempts.id)


async def test_a_few_tries_are_free_then_each_pause_is_twice_the_one_before_up_to_the_longest(fang, clock):
    assert [await outcome("wangfang") for _try in range(3)] == ["wrong"] * 3
    limits = Limits(tries=3, tries_of_name=99, longest=MINUTE)
    for pause in (5, 10, 20, 40, 60, 60, 60):
        clock.pass_by(dt.timedelta(seconds=pause) - SECOND)
        assert await outcome("wangfang", limits=limits) in (1, 2)
        clock.pass_by(SECOND)
        assert await outcome("wangfang", limits=limits) == "wrong"


async def test_nothing_is_longer_than_a_quarter_of_an_hour_however_often_one_is_wrong(fang, clock):
    for _try in range(40):
        await outcome("wangfang", limits=Limits())
        clock.pass_by(15 * MINUTE)
    assert await outcome("wangfang", limits=Limits()) == "wrong"
    assert await outcome("wangfang", limits=Limits()) <= 15 * 60 + 1


async def test_during_a_pause_nobody_looks_at_the_password(fang, clock, monkeypatch):
    for _try in range(3):
        await outcome("wangfang")
    looked = []
    monkeypatch.setattr(passwords, "matches", lambda *given: looked.append(given))
    assert await outcome("wangfang", fang.passwords["wangfang"]) in (5, 6)
    assert await outcome("WangFang ", fang.passwords["wangfang"]) in (5, 6)
    assert looked == []


async def test_refused_tries_make_no_pause_longer(fang, clock):
    for _try in range(20):
        await outcome("wangfang")
    clock.pass_by(6 * SECOND)
    assert await outcome("wangfang", fang.passwords["wangfang"]) == "in"


async def test_names_nobody_has_are_counted_exactly_like_names_somebody_has(fang, clock):
    steps = [OFFICE, OFFICE, OFFICE, OFFICE, HOME, HOME, OFFICE, HOME, HOME, OFFICE]
    found = {}
    for name in ("wangfang", "nobody"):
        with acting_as(system("test")):
            await Attempts.delete(force=True)
        said = []
        for place in steps:
            said.append(await outcome(name, place=place))
            clock.pass_by(3 * SECOND)
        clock.pass_by(-3 * len(steps) * SECOND)
        found[name] = (said, await kept())
    assert found["wangfang"] == found["nobody"]
    assert any(isinstance(said, int) for said in found["nobody"][0])


async def test_the_text_is_one_whoever_is_asked_for_and_whatever_pauses(fang, clock):
    texts = set()
    for name, place in (("wangfang", OFFICE), ("nobody", HOME)):
        for _try in range(4):
            with pytest.raises((WrongSignIn, TooManyTries)) as refused:
                await sign_in(name, "wrong password", place, FEW)
        assert refused.value.status == 429
        texts.add(str(refused.value))
    assert len(texts) == 1


async def test_elsewhere_one_signs_in_until_the_name_itself_was_tried_too_often(fang, clock):
    for _try in range(3):
        await outcome("wangfang", place=OFFICE)
    assert isinstance(await outcome("wangfang", fang.passwords["wangfang"], OFFICE), int)
    assert [await outcome("wangfang", place=HOME) for _try in range(3)] == ["wrong"] * 3
    elsewhere = Place("198.51.100.1")
    assert await outcome("wangfang", fang.passwords["wangfang"], elsewhere) in (5, 6)
    clock.pass_by(6 * SECOND)
    assert await outcome("wangfang", fang.passwords["wangfang"], elsewhere) == "in"


async def test_an_address_may_be_wrong_with_many_more_names(fang, clock):
    assert [await outcome(f"name{i}") for i in range(12)] == ["wrong"] * 12
    assert await outcome("wangfang", fang.passwords["wangfang"], OFFICE) in (5, 6)
    assert await outcome("wangfang", fang.passwords["wangfang"], HOME) == "in"


async def test_what_an_address_did_is_forgotten_after_an_hour_what_was_tried_of_a_name_after_a_day(fang, clock):
    many = Limits(tries=3, tries_of_name=6, tries_of_address=4)
    for name in ("wangfang", "wangfang", "a1", "a2"):
        await outcome(name, limits=many)
    assert isinstance(await outcome("a3", limits=many), int)
    clock.pass_by(61 * MINUTE)
    assert await outcome("wangfang", limits=many) == "wrong"
    assert isinstance(await outcome("wangfang", limits=many), int)
    assert await outcome("a3", limits=many) == "wrong"
    clock.pass_by(24 * 60 * MINUTE)
    assert [await outcome("wangfang", limits=many) for _try in range(3)] == ["wrong"] * 3


async def test_of_ipv6_half_an_address_counts(fang, clock):
    for i in range(12):
        await outcome(f"name{i}", place=Place(f"2001:db8:1:2::{i:x}"))
    assert isinstance(await outcome("other", place=Place("2001:db8:1:2:ffff::1")), int)
    assert await outcome("other", place=Place("2001:db8:1:3::1")) == "wrong"
    assert await outcome("other", place=Place("::ffff:10.9.8.7")) == "wrong"
    assert await outcome("other", place=Place("::ffff:10.9.8.6")) == "wrong"


async def test_the_right_password_clears_what_was_tried_of_the_name_but_not_of_the_address(fang, clock):
    for _round in range(6):
        assert [await outcome("wangfang") for _try in range(2)] == ["wrong"] * 2
        said = await outcome("wangfang", fang.passwords["wangfang"])
        assert said == "in" or _round == 5
    assert isinstance(said, int), "after twelve wrong ones the address pauses, right ones in between or not"


async def test_right_passwords_count_for_nothing(fang, clock):
    once = Limits(tries=1, tries_of_name=1, tries_of_address=1)
    for _try in range(5):
        assert await outcome("wangfang", fang.passwords["wangfang"], limits=once) == "in"
    assert [row["spare"] for row in await kept()] == [1]


async def test_what_is_forgotten_is_swept_when_somebody_signs_in(fang, clock):
    for i in range(5):
        await outcome(f"name{i}")
    clock.pass_by(25 * 60 * MINUTE)
    assert await outcome("wangfang", fang.passwords["wangfang"], HOME) == "in"
    assert len(await kept()) == 1


async def test_only_digests_of_names_and_addresses_are_kept(fang, clock):
    await outcome("wangfang")
    await outcome("a password typed as a name")
    with acting_as(system("test")):
        said = str(await Attempts.select())
    for plain in ("wangfang", "typed as", OFFICE.ip):
        assert plain not in said


async def test_when_nobody_could_look_at_the_password_nothing_is_counted(fang, clock, monkeypatch):
    monkeypatch.setattr(passwords, "_waiting", passwords._WAITING_AT_MOST)
    for _try in range(5):
        with pytest.raises(Unavailable):
            await sign_in("wangfang", fang.passwords["wangfang"], OFFICE, FEW)
    monkeypatch.setattr(passwords, "_waiting", 0)
    assert [await outcome("wangfang") for _try in range(3)] == ["wrong"] * 3


# ------------------------------------------------------------------ at once


async def test_tries_at_once_get_no_more_guesses_than_one_after_the_other(fang):
    slow = Limits(tries=5, pause=15 * MINUTE)
    said = await asyncio.gather(*(outcome("wangfang", limits=slow) for _try in range(40)))
    assert said.count("wrong") == 5


GUESSER = """
import asyncio, json, sys
from dougong.db import close_database, open_database
from dougong.people.attempts import Limits
from dougong.people.errors import TooManyTries, WrongSignIn
from dougong.people import passwords
from dougong.people.sign_in import Place, sign_in
from argon2 import PasswordHasher
import datetime as dt

passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

async def guess(url, tries):
    engine = await open_database(url)
    limits = Limits(tries=tries, tries_of_name=10_000, tries_of_address=10_000, pause=dt.timedelta(minutes=15))
    said = {"wrong": 0, "paused": 0}
    print("ready", flush=True)
    sys.stdin.readline()
    async def one():
        try:
            await sign_in("wangfang", "wrong password", Place("10.0.0.7"), limits)
        except WrongSignIn:
            said["wrong"] += 1
        except TooManyTries:
            said["paused"] += 1
    for _round in range(6):
        await asyncio.gather(*(one() for _guess in range(5)))
    print(json.dumps(said), flush=True)
    await close_database(engine)

asyncio.run(guess(sys.argv[1], int(sys.argv[2])))
"""


async def two_processes_guess(url, tries):
    """Thirty wrong passwords in each of two processes, at the same time."""
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            GUESSER,
            url,
            str(tries),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        for _process in range(2)
    ]
    for process in running:
        assert await process.stdout.readline() == b"ready\n"
    for process in running:
        process.stdin.write(b"go\n")
        await process.stdin.drain()
    said = [json.loads((await process.communicate())[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0]
    return {key: sum(one[key] for one in said) for key in said[0]}


async def test_two_processes_lose_no_count(fang, company):
    assert await two_processes_guess(company.url, 10_000) == {"wrong": 60, "paused": 0}
    assert {row["spare"] for row in await kept()} == {10_000 - 60}


async def test_two_processes_get_no_more_guesses_than_one(fang, company):
    assert await two_processes_guess(company.url, 7) == {"wrong": 7, "paused": 53}


# ------------------------------------------------------------------ let in again


async def test_whoever_keeps_accounts_sees_until_when_and_unlocks(fang, clock):
    for _try in range(3):
        await outcome("wangfang")
    with acting_as(await fang.as_("root")):
        assert await locked_until(fang.users["wangfang"]) == clock.now + 5 * SECOND
        await unlock(fang.users["wangfang"])
        assert await locked_until(fang.users["wangfang"]) is None
    assert await outcome("wangfang", fang.passwords["wangfang"]) == "in"


async def test_nobody_else_sees_or_unlocks(fang, clock):
    await fang.account("lilei", "hr")
    for _try in range(3):
        await outcome("root")
    for who in ("wangfang", "lilei"):  # no keeper of accounts; one, but root may do more
        with acting_as(await fang.as_(who)):
            for refused in (locked_until(fang.users["root"]), unlock(fang.users["root"])):
                with pytest.raises(Forbidden):
                    await refused
    assert isinstance(await outcome("root", fang.passwords["root"]), int)
    with acting_as(await fang.as_("root")):
        for nobody in (locked_until(4711), unlock(4711)):
            with pytest.raises(NotFound):
                await nobody


async def test_a_reset_password_unlocks(fang, clock):
    for _try in range(3):
        await outcome("wangfang")
    with acting_as(await fang.as_("root")):
        once = await reset_password(fang.users["wangfang"])
        assert await locked_until(fang.users["wangfang"]) is None
    assert await outcome("wangfang", once) == "in"


# ------------------------------------------------------------------ the old password


async def test_the_old_password_is_guessed_as_slowly_and_locks_nobody_out(fang, clock):
    user = fang.users["wangfang"]
    with acting_as(await fang.as_("wangfang")):
        for _try in range(3):
            with pytest.raises(Invalid):
                await change_password(user, "wrong password", "bamboo forest 8", FEW)
        with pytest.raises(TooManyTries):
            await change_password(user, fang.passwords["wangfang"], "bamboo forest 8", FEW)
        assert await outcome("wangfang", fang.passwords["wangfang"]) == "in"
        clock.pass_by(6 * SECOND)
        await change_password(user, fang.passwords["wangfang"], "bamboo forest 8", FEW)
    assert await outcome("wangfang", "bamboo forest 8") == "in"


async def test_whoever_is_signed_in_changes_their_password_while_others_guess_it(fang, clock):
    for _try in range(4):
        await outcome("wangfang")
    with acting_as(await fang.as_("wangfang")):
        await change_password(fang.users["wangfang"], fang.passwords["wangfang"], "bamboo forest 8", FEW)


# ------------------------------------------------------------------ meanwhile


@pytest.mark.parametrize("meanwhile", [reset_password, remove_operator])
async def test_a_password_that_is_taken_away_while_it_is_looked_at_opens_nothing(fang, monkeypatch, meanwhile):
    look = passwords.matches

    async def look_slowly(hashed, password):
        with acting_as(await fang.as_("root")):
            await meanwhile(fang.users["wangfang"])
        return await look(hashed, password)

    monkeypatch.setattr(passwords, "matches", look_slowly)
    assert await outcome("wangfang", fang.passwords["wangfang"]) == "wrong"
