"""Each planted mistake is found: a comparison that finds nothing says something only when it finds what is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest
import pytest_asyncio

from .doors import Ask, asks_of, routes_of, selection
from .planted import BUGS, Bug, full_names_asked, planted, rights_kept_for_ever, writing_unchecked
from .tape import Tape, asked, differences, taken_down
from .twin import Door, Founded, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")

OTHER = "another world"
Found = dict[str, tuple[list[str], list[str]]]


@pytest.fixture(scope="module")
def enough(rounds: Callable[..., int]) -> int:
    """Questions asked about each mistake."""
    return rounds(8, deep=16)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(world: Founded, enough: int) -> AsyncIterator[Found]:
    """By mistake, what differs at its doors between the two worlds: with it, and without."""
    differing: Found = {}
    for name in dict.fromkeys(bug.person for bug in BUGS.values()):
        bugs = {words: bug for words, bug in BUGS.items() if bug.person == name}
        async with opened(world, name) as door:
            asks = asks_of(door, routes_of(door.app))
            at = {words: selection([ask for ask in asks if bug.meets(ask)], enough) for words, bug in bugs.items()}
            one = {words: await with_and_without(door, bug, at[words]) for words, bug in bugs.items()}
        async with opened(world, name, other=OTHER) as door:
            other = {words: await with_and_without(door, bug, at[words]) for words, bug in bugs.items()}
        for words in bugs:
            wrong, right = (differences(*pair) for pair in zip(one[words], other[words], strict=True))
            differing[words] = (wrong, right)
    yield differing


async def with_and_without(door: Door, bug: Bug, asks: Sequence[Ask]) -> tuple[Tape, Tape]:
    with planted(None):
        right = await taken_down(door, asks)
    with planted(bug):
        wrong = await taken_down(door, asks)
    return wrong, right


@pytest.mark.parametrize("mistake", BUGS)
async def test_a_planted_mistake_is_found(found: Found, mistake: str) -> None:
    wrong, right = found[mistake]
    assert right == []
    assert wrong != []


async def test_a_plugin_can_not_name_a_table_past_the_gate(world: Founded) -> None:
    async with opened(world, "sunhao") as door:
        total = Ask("GET /api/v1/cargo-total", "/api/v1/cargo-total", "json")
        seen = [key for key in world.company.seen_by(door.person) if key[0] == "cargo"]
        assert (await asked(door, total)).json() == {"count": len(seen)}
        with planted(Bug(full_names_asked, "sunhao", "")):
            assert (await asked(door, total)).status_code == 403


# ---------------------------------------------------------------------- rights that changed


async def unshared(world: Founded, enough: int) -> list[str]:
    """What tells records that are shared no more from records that never were."""
    name = "wangfang"
    async with opened(world, name, unshared=True) as door:
        asks = [ask for ask in asks_of(door, routes_of(door.app)) if "limit=500" in ask.path or "fields=id" in ask.path]
        one = await taken_down(door, selection(asks, 3 * enough))
    async with opened(world, name, unshared=True, other=OTHER) as door:
        other = await taken_down(door, selection(asks, 3 * enough))
    return differences(one, other)


async def test_what_is_shared_no_more_is_as_if_it_never_was(world: Founded, enough: int) -> None:
    assert await unshared(world, enough) == []


async def test_rights_that_are_kept_for_ever_are_found(world: Founded, enough: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        rights_kept_for_ever(patch)
        assert await unshared(world, enough) != []


# ---------------------------------------------------------------------- writing


OWNERS = ("sunhao", "denglihua", "zhaomin", "xuhui", "xunuo")
"""People who may write what is theirs alone; some of them read more."""


async def handed_away(world: Founded, bug: Bug | None) -> list[int]:
    """What is answered to people who put a record of theirs into hands where they may not write."""
    statuses = []
    for name in OWNERS:
        async with opened(world, name) as door:
            with planted(bug):
                for ask in giving_away(door):
                    answer = await asked(door, ask)
                    assert answer.status_code in (200, 400, 403, 404), answer.text
                    statuses.append(answer.status_code)
    return statuses


def giving_away(door: Door) -> Iterator[Ask]:
    """Each record of the person's own goes to others, one after the other."""
    company, me = door.company, door.company.staff[door.person.name]
    shared = {share.of for share in company.shares}
    for key, fact in company.facts.items():
        record_type = company.types[key[0]]
        if record_type.scope.has("role") and fact.values["owner"] == me and key not in shared:
            for stranger in sorted(set(company.home) - {me})[::4]:
                body = {"owner": stranger, "department": company.home[stranger]}
                path = f"/api/v1/{record_type.path}/{key[1]}"
                yield Ask("PATCH /api/v1/{collection:str}/{record_id:str}", path, "json", body)


async def test_nobody_hands_a_record_to_where_they_may_not_write(world: Founded) -> None:
    statuses = await handed_away(world, None)
    assert len(statuses) >= len(OWNERS)
    assert 200 not in statuses


async def test_a_desk_that_does_not_look_again_is_found(world: Founded) -> None:
    assert 200 in await handed_away(world, Bug(writing_unchecked, "", ""))
