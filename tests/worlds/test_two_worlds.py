"""Two databases that differ only in what a person may not see give that person the same answers, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import pytest

from .company import PEOPLE
from .doors import EXEMPT, OPEN, asks_of, routes_of, selection
from .tape import Tape, asked, differences, taken_down
from .twin import Founded, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

OPENED: dict[str, set[str]] = {}
"""By database, the doors at which somebody got more than a refusal."""


@pytest.mark.parametrize("name", PEOPLE)
async def test_two_worlds_give_a_person_the_same_answers(
    world: Founded, name: str, rounds: Callable[..., int], module_database: str
) -> None:
    most = rounds(36, deep=420)
    async with opened(world, name) as door:
        asks = selection(asks_of(door, routes_of(door.app)), most, name)
        one = await taken_down(door, asks)
    async with opened(world, name, other="another world") as door:
        other = await taken_down(door, asks)
    assert differences(one, other) == []
    assert len(one.answers) + one.compared >= most
    assert one.set_apart == other.set_apart
    assert {route for route in one.set_apart.values() if route.startswith("GET ")} <= set(OPEN)
    OPENED.setdefault(module_database, set()).update(let_in(one))


def let_in(tape: Tape) -> set[str]:
    return {route for route, statuses in tape.statuses.items() if any(status < 400 for status in statuses)}


async def test_every_door_has_a_case_or_a_reason(world: Founded) -> None:
    """A new door is asked by itself, unless its address has places that nobody knows how to fill."""
    async with opened(world, "sunhao") as door:
        routes = routes_of(door.app)
        asked = {ask.route for ask in asks_of(door, routes)}
    assert set(routes) - asked - set(EXEMPT) == set()
    assert set(EXEMPT) | set(OPEN) <= set(routes), "a reason for a door that isn't there"


@pytest.mark.parametrize("name", ["lilei", "denglihua"])
async def test_reading_doors_let_somebody_in(world: Founded, name: str, module_database: str) -> None:
    """Two refusals are easily the same: at every door that reads somebody is let in, the last ones by trying."""
    reached = OPENED.setdefault(module_database, set())
    async with opened(world, name) as door:
        for route, asks in groupby(asks_of(door, routes_of(door.app)), key=lambda ask: ask.route):
            if route.startswith("GET ") and route not in reached:
                for ask in list(asks)[:400]:
                    if (await asked(door, ask)).status_code < 400:
                        reached.add(route)
                        break
        left = {route for route in routes_of(door.app) if route.startswith("GET ")} - reached - set(EXEMPT)
    assert name == "lilei" or left == set()
