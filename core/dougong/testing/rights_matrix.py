"""Who may do what with which records, as a page: the standard roles as presets leave them.

    python -m dougong.testing.rights_matrix [PLUGIN ...] [--into FILE]

Nothing is read off the declarations. A person is given one role after the other, and for one record of each kind the
policies and the gate are asked what they reach. So a changed preset, scope or policy shows as a line that differs.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from dougong.access.charter import EVERYBODY
from dougong.access.fields import HIDDEN, READ, field_level
from dougong.access.policies import type_named
from dougong.access.principal import Principal, acting_as, system
from dougong.access.rights import may_do, within_reach
from dougong.access.services import assign_roles, make_standard_roles, principal_of, share_record
from dougong.access.services.presets import STANDARD_ROLES
from dougong.builtin import core
from dougong.people.services import account_named, add_account, add_department, add_staff
from dougong.people.tables import Department
from dougong.plugin.discovery import discover
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType
from dougong.testing.contract.ground import Ground
from dougong.testing.world import World, open_empty_world

__all__ = ["STANDINGS", "rights_matrix"]

STANDINGS = {
    "o": "their own",
    "c": "one they own together with its owner",
    "e": "a stranger's, shared with them for editing",
    "r": "a stranger's, shared with them for reading",
    "d": "a colleague's, of their department",
    "b": "one of a department below theirs",
    "x": "a stranger's, of a department elsewhere",
}
"""How a record may stand to a person, by its letter."""

_SHARES = {"c": "own", "e": "edit", "r": "read"}
_HELD_BACK = {HIDDEN: "hidden", READ: "read only"}
_ROLE, _ITSELF, _ACTION = 11, 8, 12
_WHY = "make the matrix of rights"

Rows = Mapping[str, Mapping[str, int]]
"""How a record itself stands → how its parent stands ("" where it has none) → its id."""

_HEAD = f"""\
# Rights of the standard roles

Worked out by asking the policies for one record of each kind; written by `./dev rights`, and compared by the tests. A company
changes its roles as it likes: this is what they start with.

A letter says which records a role reaches, seen from a person who has it:

{chr(10).join(f"- `{letter}`: {words}" for letter, words in STANDINGS.items())}

`.` is not reached; `-` does not exist for this type. Records that follow a parent have a line for each way they can stand
themselves, and the letters say how the parent stands. A new record is judged as it would stand; besides, what it refers to
must be seen. “everybody” is a person without any other role. Chosen departments are the company's to name, so no standard
role begins with them.
"""


async def rights_matrix(database_url: str, directory: Path, plugins: Sequence[str]) -> str:
    """The page for these plugins, made in an empty database. With "core" among them also for core's own records."""
    async with open_empty_world(database_url, directory, [name for name in plugins if name != core.name]) as world:
        scene = await _set(world)
        types = [t for name in plugins for t in current_snapshot().plugins[name].records]
        for record_type in _parents_first(types):
            await scene.put(record_type)
        return await _page(scene, types)


# ---------------------------------------------------------------------- the small world


@dataclass
class _Scene:
    """One person, the departments around them, and what of each record type stands where."""

    world: World
    user: int
    owners: Mapping[str, int]
    departments: Mapping[str, int]
    rows: dict[str, Rows] = field(default_factory=dict)

    async def put(self, record_type: RecordType) -> None:
        """One record for each way it, and what it follows, can stand."""
        if record_type.table is Department:
            self.rows[record_type.key] = {letter: {"": found} for letter, found in self.departments.items()}
            return
        above = {parent: self._as_parents(parent) for parent in _parents_of(record_type)}
        ways = next(iter(above.values()), {"": 0})
        self.rows[record_type.key] = {
            letter: {
                way: await self._make(record_type, letter, {parent: ids[way] for parent, ids in above.items()})
                for way in ways
            }
            for letter in _standings(record_type)
        }

    def _as_parents(self, key: str) -> Mapping[str, int]:
        """How a parent stands → its id. Of what follows a parent itself, the strangers' records."""
        rows = self.rows[key]
        return rows["x"] if type_named(key).parents else _without_parents(rows)

    async def _make(self, record_type: RecordType, letter: str, parents: Mapping[str, int]) -> int:
        values = {key: parents[str(table._meta.tablename)] for key, table in record_type.parents.items()}
        if "owner" in record_type.fields:
            values["owner"] = self.owners[letter]
        elif "department" in record_type.fields:
            values["department"] = self.departments[letter]
        with acting_as(system(_WHY)):
            made = await Ground().made(record_type, self.world, **values)
        if letter in _SHARES:
            async with self.world.acting("admin"):
                await share_record(record_type, made.id, staff=self.owners["o"], level=_SHARES[letter])
        return int(made.id)


def _without_parents(rows: Rows) -> Mapping[str, int]:
    return {letter: ways[""] for letter, ways in rows.items()}


def _parents_of(record_type: RecordType) -> Sequence[str]:
    return [str(table._meta.tablename) for table in record_type.parents.values()]


def _standings(record_type: RecordType) -> Sequence[str]:
    """How records of this type can stand to a person themselves."""
    names = record_type.fields
    if "owner" not in names:
        return "dbx" if "department" in names else "x"
    return "".join(STANDINGS) if record_type.scope.has("role") else "odbx"


async def _set(world: World) -> _Scene:
    """A department with one below it and one elsewhere, and somebody in each besides the person."""
    async with world.acting("admin"):
        home = await add_department("Home")
        departments = {"d": home.id, "b": (await add_department("Below", home.id)).id}
        departments["x"] = (await add_department("Elsewhere")).id
        person = await add_staff("Person", home.id)
        others = {letter: (await add_staff(letter, place)).id for letter, place in departments.items()}
        await add_account("person", staff=person)
        account = await account_named("person")
    assert account is not None
    owners = {"o": person.id, **others, **dict.fromkeys(_SHARES, others["x"])}
    return _Scene(world, account.user, owners, departments)


def _parents_first(types: Sequence[RecordType]) -> Sequence[RecordType]:
    """These, and what they follow, each behind what it follows."""
    found: list[RecordType] = []

    def add(record_type: RecordType) -> None:
        for parent in _parents_of(record_type):
            add(type_named(parent))
        if record_type not in found:
            found.append(record_type)

    for record_type in types:
        add(record_type)
    return found


# ---------------------------------------------------------------------- the page


async def _page(scene: _Scene, types: Sequence[RecordType]) -> str:
    parts: dict[str, list[str]] = {t.key: [_heading(t), "", "```", _columns(t)] for t in types}
    rights = ["## Rights about no record type", "", "```"]
    async for name, who in _roles(scene):
        rights.append(f"{name:<{_ROLE}}{' '.join(_held(who)) or '-'}")
        with acting_as(who):
            for record_type in types:
                parts[record_type.key] += await _lines(name, who, record_type, scene.rows[record_type.key])
    return "\n".join([_HEAD, *("\n".join([*lines, "```", ""]) for lines in (*parts.values(), rights))])


async def _roles(scene: _Scene) -> AsyncIterator[tuple[str, Principal]]:
    """The person with each standard role in turn, and at last with none but everybody's."""
    with acting_as(system(_WHY)):
        ids = await make_standard_roles()
    for key in [role.key for role in STANDARD_ROLES if role.key != EVERYBODY] + [EVERYBODY]:
        async with scene.world.acting("admin"):
            await assign_roles(scene.user, [ids[key]] if key != EVERYBODY else [])
        yield key if key != EVERYBODY else "everybody", await principal_of(scene.user)


def _held(who: Principal) -> Sequence[str]:
    return sorted(right for right in current_snapshot().rights if may_do(who, right))


def _heading(record_type: RecordType) -> str:
    follows = "".join(f", as its {parent}" for parent in _parents_of(record_type))
    return f"## {record_type.plural.msgid} (`{record_type.key}`{follows})"


def _columns(record_type: RecordType) -> str:
    itself = f"{'itself':<{_ITSELF}}" if record_type.parents else ""
    actions = "".join(f"{action:<{_ACTION}}" for action in record_type.actions_allowed)
    return f"{'':<{_ROLE}}{itself}{actions}held back"


async def _lines(name: str, who: Principal, record_type: RecordType, rows: Rows) -> list[str]:
    """What a role reaches of a type: one line, or one for each way a record that follows another stands itself.

    Ways that come to the same share a line.
    """
    held_back = _held_back(who, record_type)
    if not record_type.parents:
        return [f"{name:<{_ROLE}}{await _cells(record_type, _without_parents(rows))}{held_back}".rstrip()]
    cells = [(letter, await _cells(record_type, ways)) for letter, ways in rows.items()]
    grouped = [("".join(letter for letter, _ in alike), reached) for reached, alike in groupby(cells, itemgetter(1))]
    return [f"{name:<{_ROLE}}{letters:<{_ITSELF}}{reached}{held_back}".rstrip() for letters, reached in grouped]


async def _cells(record_type: RecordType, ways: Mapping[str, int]) -> str:
    cells = ""
    for action in record_type.actions_allowed:
        reached = await within_reach(record_type, action, ways.values())
        marks = [(letter if ways[letter] in reached else ".") if letter in ways else "-" for letter in STANDINGS]
        cells += f"{''.join(marks):<{_ACTION}}"
    return cells


def _held_back(who: Principal, record_type: RecordType) -> str:
    levels = {key: field_level(who, f"{record_type.key}.{key}") for key in sorted(record_type.fields)}
    return ", ".join(f"{key} {_HELD_BACK[level]}" for key, level in levels.items() if level in _HELD_BACK)


# ---------------------------------------------------------------------- the command


def main() -> None:
    """`python -m dougong.testing.rights_matrix`: by default of everything that is installed."""
    options = argparse.ArgumentParser(description="Who may do what with which records, by standard role.")
    options.add_argument("plugins", nargs="*", metavar="PLUGIN")
    options.add_argument("--into", type=Path, help="write it into this file")
    given = options.parse_args()
    plugins = given.plugins or [core.name, *(p.name for p in discover(core).working if p.name != core.name)]
    with TemporaryDirectory() as place:
        page = asyncio.run(rights_matrix(f"sqlite:///{place}/matrix.sqlite", Path(place), plugins))
    if given.into:
        given.into.write_text(page, encoding="utf-8", newline="\n")
    else:
        sys.stdout.write(page)


if __name__ == "__main__":
    main()
