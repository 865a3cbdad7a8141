"""Every value of every record is a canary: nobody meets one they may not see, in no answer, no log line and no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from .canary import Canary, every_form, forms_in, forms_seen_by
from .company import PEOPLE
from .doors import asks_of, routes_of, selection
from .planted import BUGS, Bug, planted, reading_is_written_down
from .tape import taken_down
from .twin import Founded, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("name", PEOPLE)
async def test_nobody_meets_what_they_may_not_see(world: Founded, name: str, rounds: Callable[..., int]) -> None:
    most = rounds(32, deep=640)
    canary = Canary(world.company, PEOPLE[name])
    async with opened(world, name) as door:
        asks = selection(asks_of(door, routes_of(door.app), per_type=4), most, f"canary of {name}")
        with canary.listening():
            tape = await taken_down(door, asks, canary.heard)
    openings = set(tape.set_apart)
    assert [leak for leak in canary.leaks if leak.partition(": ")[0] not in openings] == []
    assert canary.answers >= most
    assert written_beside(world.directory) == set()


def written_beside(directory: Path) -> set[str]:
    """Files that hold a canary, apart from the database itself, what people attached, and the plugin that was made up."""
    return {
        str(file)
        for file in directory.rglob("*")
        if file.is_file()
        and ".sqlite" not in file.name
        and not {"distributions", "files"} & {*file.relative_to(directory).parts}
        and any(word.startswith("zq") for word in forms_in(file.read_text(errors="replace")))
    }


async def test_canaries_are_met_by_who_may_see_them(world: Founded) -> None:
    """Otherwise nobody would notice that answers hold none."""
    person = PEOPLE["lilei"]
    met: set[str] = set()
    async with opened(world, person.name) as door:
        for record_type in world.company.kinds:
            answer = await door.client.get(
                f"/api/v1/{quote(record_type.path)}?limit=500", headers={"Authorization": world.tokens[person.name]}
            )
            met |= forms_in(answer.text)
    may = forms_seen_by(world.company, person)
    assert len(met & may) > 300
    assert met & every_form(world.company) <= may


LEAKS = {
    **{
        mistake: BUGS[mistake]
        for mistake in (
            "titles of records that aren't seen",
            "history with fields held back",
            "the palette without the scope",
            "a tile that runs as the system",
            "shares that never end",
        )
    },
    "a log line with more than the reader sees": Bug(reading_is_written_down, "sunhao", r"limit=500"),
}


@pytest.mark.parametrize("mistake", LEAKS)
async def test_a_planted_leak_is_met(world: Founded, mistake: str) -> None:
    bug = LEAKS[mistake]
    canary = Canary(world.company, PEOPLE[bug.person])
    async with opened(world, bug.person) as door:
        asks = [ask for ask in asks_of(door, routes_of(door.app)) if bug.meets(ask)]
        with planted(bug), canary.listening():
            await taken_down(door, selection(asks, 40), canary.heard)
    assert canary.leaks != []
