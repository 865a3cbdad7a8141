"""Many records that come in together, each for itself: what speaks against one of them leaves the others alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dougong.db import transaction
from dougong.errors import DougongError, Invalid, Problem
from dougong.records import desk
from dougong.records.remarks import Remarks, listening
from dougong.records.tables import Row

__all__ = ["TakenIn", "change_each", "create_each"]


@dataclass
class TakenIn:
    """What came of each: the ids by what they were given under, what speaks against the rest, what is remarked of those
    that came in."""

    taken: dict[int, int] = field(default_factory=dict)
    refused: dict[int, DougongError] = field(default_factory=dict)
    remarks: Remarks = field(default_factory=dict)


async def create_each(table: type[Row], rows: Mapping[int, Mapping[str, Any]]) -> TakenIn:
    """Create those of these records that nothing speaks against. Raises Forbidden where the person may create none."""

    async def create(part: Sequence[int]) -> TakenIn:
        with listening() as heard:
            made = await desk.create_many(table, [rows[number] for number in part])
        said = {part[place]: problems for place, problems in heard.items()}
        return TakenIn(dict(zip(part, made, strict=True)), remarks=said)

    return await _each(list(rows), create)


async def change_each(table: type[Row], changes: Mapping[int, Mapping[str, Any]]) -> TakenIn:
    """Change those of these records that nothing speaks against. Ids of what had these values already are in neither."""

    async def change(part: Sequence[int]) -> TakenIn:
        with listening() as heard:
            done = await desk.update_each(table, {number: changes[number] for number in part})
        refused = {i: _said(why) for i, why in done.skipped.items()}
        said = {i: problems for i, problems in heard.items() if i in done.changed}
        return TakenIn({i: i for i in done.changed}, refused, said)

    return await _each(list(changes), change)


async def _each(numbers: list[int], write: Callable[[Sequence[int]], Awaitable[TakenIn]]) -> TakenIn:
    """All of them at once; what speaks against that is taken out, and the rest tried again."""
    found = TakenIn()
    waiting = [numbers]
    while waiting:
        part = waiting.pop()
        if not part:
            continue
        try:
            async with transaction():
                done = await write(part)
        except DougongError as err:
            waiting += _without(part, err, found)
        else:
            found.taken |= done.taken
            found.refused |= done.refused
            found.remarks |= done.remarks
    return found


def _without(part: Sequence[int], err: DougongError, found: TakenIn) -> list[list[int]]:
    """What to try next: the rest where the error says which it is about, else one half after the other."""
    if len(part) == 1:
        found.refused[part[0]] = _of_one(err)
        return []
    about = _by_place(err)
    if about:
        for place, problems in about.items():
            found.refused[part[place]] = Invalid(*problems)
        return [[number for place, number in enumerate(part) if place not in about]]
    middle = len(part) // 2
    return [list(part[middle:]), list(part[:middle])]  # the first half is taken next: from the end


def _by_place(err: DougongError) -> dict[int, list[Problem]]:
    """The problems of each row, where every one of them names its row ("3.name")."""
    found: dict[int, list[Problem]] = {}
    for problem in err.problems if isinstance(err, Invalid) else ():
        place, dot, name = problem.field.partition(".")
        if not dot or not place.isdecimal():
            return {}
        found.setdefault(int(place), []).append(replace(problem, field=name))
    return found


def _of_one(err: DougongError) -> DougongError:
    """Told without the place of the row: it was the only one."""
    if isinstance(err, Invalid) and err.problems:
        return Invalid(*(replace(p, field=p.field.rpartition(".")[2]) for p in err.problems))
    return err


def _said(why: Any) -> DougongError:
    return Invalid(Problem("", why, None, "refused"))
