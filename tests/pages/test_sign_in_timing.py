"""A name nobody has is refused like one somebody has: the same answer after the same time.

Wrong sign-ins of both kinds are measured in turn, so that whatever else the machine does falls on both alike; medians
are compared. With `--deep` it is the time that somebody outside waits, over 500 pairs; else the work of this process,
which other programs disturb less, over fewer. A busy machine can still spoil a measure: it is taken up to three times,
and one good one is enough. A real difference, of a password that is not looked at for instance, shows in each.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.people.tables import Attempts
from dougong.testing.app import HOST, Company
from dougong.web.app import build_app

pytestmark = pytest.mark.asyncio(loop_scope="module")

KNOWN, UNKNOWN = "wangfang", "wangfeng"
"""Equally long: the page repeats the name."""
MOST, MEASURES = 0.05, 3


@pytest_asyncio.fixture(loop_scope="module")
async def door(company: Company):
    """The application with a limit on wrong tries of its own."""
    clients: list[httpx.AsyncClient] = []

    def opened(tries: int) -> httpx.AsyncClient:
        limits = {f"sign_in_tries{of}": tries for of in ("", "_name", "_address")} | {"sign_in_pause_seconds": 900}
        app = build_app(company.world.house.config.model_copy(update=limits), house=company.world.house)
        app.app.state.house = company.world.house
        made = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{HOST}")
        made.headers["Accept-Encoding"] = "identity"
        clients.append(made)
        return made

    yield opened
    for client in clients:
        await client.aclose()
    with acting_as(system("test")):
        await Attempts.delete(force=True)


async def refused(client: httpx.AsyncClient, name: str) -> httpx.Response:
    return await client.post("/sign-in", data={"user": name, "password": "wrong password"})


def told(answer: httpx.Response, name: str) -> tuple[int, str, list[tuple[str, str]]]:
    """All that an answer says, but for the name that was typed, the date, and the seconds that passed meanwhile."""
    headers = [(key, value) for key, value in answer.headers.multi_items() if key not in ("date", "retry-after")]
    return answer.status_code, answer.text.replace(name, "NAME"), headers


async def difference(client: httpx.AsyncClient, pairs: int, clock: Callable[[], float], status: int) -> float:
    """How far the medians of both kinds lie apart, as a part of the time it takes."""
    taken: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for number in range(pairs):
        said = []
        for name in (KNOWN, UNKNOWN) if number % 2 else (UNKNOWN, KNOWN):
            start = clock()
            answer = await refused(client, name)
            taken[name].append(clock() - start)
            said.append(told(answer, name))
            assert answer.status_code == status
            assert ("retry-after" in answer.headers) is (status == 429)
        assert said[0] == said[1]
    known, unknown = statistics.median(taken[KNOWN]), statistics.median(taken[UNKNOWN])
    return abs(known - unknown) / max(known, unknown)


async def least_difference(client: httpx.AsyncClient, pairs: int, clock: Callable[[], float], status: int) -> float:
    for name in (KNOWN, UNKNOWN):
        await refused(client, name)
    measured: list[float] = []
    while len(measured) < MEASURES and (not measured or min(measured) > MOST):
        measured.append(await difference(client, pairs, clock, status))
    return min(measured)


@pytest.fixture
def clock(rounds):
    return rounds(time.process_time, deep=time.perf_counter)


async def test_a_wrong_password_takes_as_long_for_a_name_nobody_has(door, rounds, clock):
    assert await least_difference(door(10_000), rounds(40, deep=500), clock, 422) <= MOST


async def test_so_it_does_while_both_are_locked(door, rounds, clock):
    assert await least_difference(door(1), rounds(100, deep=500), clock, 429) <= MOST
