"""Explaining comes to the answer of the gate and the desk: in made-up houses, for whoever and whatever is asked."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field, replace

import pytest

from dougong.access import openings
from dougong.access.explain import OF_FIELDS, explain, readers_of
from dougong.access.fields import HIDDEN, field_level
from dougong.access.principal import acting_as, current, system
from dougong.access.rights import within_reach
from dougong.access.services import principal_of
from dougong.access.standing import principal_at, read_standing
from dougong.access.tables import (
    Group,
    GroupMember,
    GroupRole,
    Role,
    RoleField,
    RoleGrant,
    Share,
    UserRole,
)
from dougong.access.version import rights_changed
from dougong.db import transaction
from dougong.errors import Invalid, Refused
from dougong.i18n import today
from dougong.people.tables import Department, User
from dougong.records import desk
from dougong.records.values import read_values

SCOPES = ["own", "shared", "department", "below", "chosen", "all"]
DEPARTMENTS = [("a", None), ("b", "a"), ("c", "b"), ("d", "b"), ("e", "a"), ("f", "e")]
PEOPLE = {"ann": "a", "bob": "b", "cat": "c", "dan": "d", "eve": "e", "fay": "f", "gus": "c"}
TITLES = {"deal": "name", "note": "text", "reply": "text", "diary": "text", "room": "name", "offer": "name"}


@dataclass
class World:
    """A house whose rights are thrown anew by `dice`; the records stay."""

    house: object
    dice: random.Random
    records: dict[str, list[int]] = field(default_factory=dict)

    async def build(self):
        house, staff = self.house, None
        for name, parent in DEPARTMENTS:
            await house.department(name, parent)
        for name, department in PEOPLE.items():
            await house.person(name, department)
        with acting_as(system("test")):
            await User.update({User.active: False}).where(User.id == house.users["gus"])
        staff = [*house.staff.values()]
        made = self.records
        for kind in ("deal", "diary", "offer"):
            table = house.types[kind].table
            worth = (
                {"worth": 7}
                if kind == "deal"
                else {"price": 7, "remark": "x", "valid": today()}
                if kind == "offer"
                else {}
            )
            made[kind] = [
                await house.make(table, **{TITLES[kind]: f"{kind} {n}"}, owner=self.dice.choice(staff), **worth)
                for n in range(6)
            ]
        made["room"] = [await house.make(house.types["room"].table, name=f"room {n}", seats=n + 1) for n in range(2)]
        note, reply = house.types["note"].table, house.types["reply"].table
        made["note"] = [
            await house.make(note, text=f"note {n}", deal=deal, owner=self.dice.choice(staff))
            for n, deal in enumerate(made["deal"])
        ]
        made["reply"] = [
            await house.make(reply, text=f"reply {n}", note=above) for n, above in enumerate([*made["note"], None])
        ]
        await self._move_offers()

    async def _move_offers(self):
        table = self.house.types["offer"].table
        with acting_as(system("test")):
            for n, number in enumerate(self.records["offer"]):
                if n % 3:
                    await desk.move(await desk.get(table, number), "sent")
                if n % 3 == 2:
                    await desk.move(await desk.get(table, number), "won")

    async def throw(self):
        """Other roles, groups, heads and shares."""
        dice, house = self.dice, self.house
        async with transaction():
            await rights_changed()
            with acting_as(system("test")):
                for table in (Share, UserRole, GroupMember, GroupRole, RoleField, RoleGrant, Group):
                    await table.delete(force=True)
                await Role.delete().where(Role.key.is_null())
                roles = [await self._role(f"role {n}") for n in range(6)]
                for n in range(2):
                    await self._group(f"group {n}", dice.sample(roles, 2))
                for name in PEOPLE:
                    for role in dice.sample(roles, dice.choice([0, 0, 1, 1, 2])):
                        await UserRole.insert(UserRole(user=house.users[name], role=role))
                admin = await house.standard("admin")
                for name in ["root", *(name for name in PEOPLE if dice.random() < 0.05)]:
                    await UserRole.insert(UserRole(user=house.users[name], role=admin))
                if dice.random() < 0.3:
                    await self._grant(await house.standard("staff"), "acc_deal", "read")
                for _n in range(16):
                    await self._share()
        async with transaction():
            await rights_changed()
            for number in house.departments.values():
                head = dice.choice([None, None, *house.staff.values()])
                await self._head(number, head)

    async def _head(self, number, head):
        with acting_as(system("test")):
            await desk.update(Department, [number], {"head": head})

    async def _role(self, name):
        dice = self.dice
        [made] = await Role.insert(Role(name=name))
        for record_type in self.house.types.values():
            for action in record_type.actions_allowed:
                if dice.random() < (0.45 if record_type.scope.has("role") else 0.15):
                    await self._grant(made["id"], record_type.key, action)
            for key in sorted(record_type.can_be_held_back):
                if dice.random() < 0.2:
                    states = ["", *record_type.lifecycle.keys] if record_type.lifecycle else [""]
                    for state in dice.sample(states, dice.choice([1, min(2, len(states))])):
                        await RoleField.insert(
                            RoleField(
                                role=made["id"],
                                field=f"{record_type.key}.{key}",
                                state=state,
                                level=dice.choice(["hidden", "read", "write"]),
                            )
                        )
        return made["id"]

    async def _grant(self, role, record, action):
        scopes = self.dice.sample(SCOPES, self.dice.choice([0, 1, 1, 2]))
        departments = self.dice.sample([*self.house.departments.values()], 2) if "chosen" in scopes else []
        grant = RoleGrant(role=role, record=record, action=action, scopes=scopes, departments=departments)
        await RoleGrant.insert(grant)

    async def _group(self, name, roles):
        [made] = await Group.insert(Group(name=name))
        for role in roles:
            await GroupRole.insert(GroupRole(group=made["id"], role=role))
        for person in self.dice.sample(sorted(PEOPLE), 2):
            await GroupMember.insert(GroupMember(group=made["id"], user=self.house.users[person]))

    async def _share(self):
        dice, house = self.dice, self.house
        kind = dice.choice(["deal", "deal", "offer"])
        level = dice.choice(["read", "edit", "own"])
        person = level == "own" or dice.random() < 0.6
        await Share.insert(
            Share(
                record=house.types[kind].key,
                record_id=dice.choice(self.records[kind]),
                staff=dice.choice([*house.staff.values()]) if person else None,
                department=None if person else dice.choice([*house.departments.values()]),
                level=level,
                until=dice.choice([None, today(), today() - dt.timedelta(days=1), today() + dt.timedelta(days=9)]),
            )
        )

    def triple(self):
        dice = self.dice
        kind = dice.choice([*self.house.types])
        record_type = self.house.types[kind]
        action = dice.choice(["read", *record_type.actions_allowed])
        key = dice.choice([*record_type.fields]) if action in OF_FIELDS and dice.random() < 0.4 else ""
        return dice.choice(sorted(PEOPLE)), kind, dice.choice(self.records[kind]), action, key


@pytest.fixture
async def world(house):
    made = World(house, random.Random(20264))
    await made.build()
    return made


@pytest.fixture(autouse=True)
def as_often_as_wanted(monkeypatch):
    monkeypatch.setattr(openings, "_count", lambda key, per_minute: None)


async def test_explaining_agrees_with_the_gate_and_the_desk(world, rounds):
    wrong, answers = [], {True: 0, False: 0}
    for number in range(rounds(120, deep=1000)):
        if number % 12 == 0:
            await world.throw()
        triple = world.triple()
        found = await explained(world, *triple)
        truth = await really(world, *triple)
        answers[truth] += 1
        if found.allowed != truth:
            wrong.append((number, *triple, truth, [r.rule for r in found.reasons]))
        assert found.reasons, triple
        assert (not found.allowed) or all(reason.opens for reason in found.reasons), triple
        assert found.allowed or any(not reason.opens for reason in found.reasons), triple
    assert wrong == []
    assert min(answers.values()) > sum(answers.values()) / 5


async def explained(world, who, kind, number, action, key):
    with acting_as(await world.house.as_("root")):
        return await explain(world.house.types[kind], number, world.house.users[who], action, key)


# ---------------------------------------------------------------------- what really happens


async def really(world, who, kind, number, action, key):
    """Tried as that person, and taken back."""
    record_type = world.house.types[kind]
    if who == "gus":
        return False  # can't sign in
    with acting_as(await world.house.as_(who)):
        if (action, key) == ("edit", "state") and record_type.lifecycle:
            return any([await moved(record_type, number, step) for step in record_type.lifecycle.steps])
        if not await done(record_type, number, action):
            return False
        return not key or await of_field(record_type, number, action, key)


async def done(record_type, number, action):
    table = record_type.table
    if action == "read":
        return number in [row["id"] for row in await table.select(table.id)]
    if action == "edit":
        return bool(await tried(lambda: desk.update(table, [number], {record_type.title._meta.name: "new"})))
    if action == "delete":
        return bool(await tried(lambda: desk.remove_many(table, [number])))
    if record_type.key == "acc_offer" and action == "approve":
        return any([await moved(record_type, number, s) for s in record_type.lifecycle.steps if s.right == action])
    return number in await within_reach(record_type, action, [number])


async def tried(work):
    """What was changed, before it is taken back. What is referred to can't be deleted, by whoever may."""
    try:
        async with transaction():
            found = await work()
            raise TakenBack
    except TakenBack:
        return found.changed
    except Refused:
        return True


class TakenBack(Exception):
    pass


async def moved(record_type, number, step):
    """Whether the step can be taken: from where the record stands, by its right."""
    with acting_as(system("test")):
        state = (await desk.get(record_type.table, number)).state
    return step.source == state and number in await within_reach(record_type, step.right, [number])


async def of_field(record_type, number, action, key):
    table, name = record_type.table, f"{record_type.key}.{key}"
    with acting_as(system("test")):
        record = await desk.get(table, number)
    stored, who = getattr(record, key), current()
    if action == "edit":
        try:
            read_values(record_type, {key: stored}, who, record=record)
        except Invalid as err:
            return not any(problem.rule in ("unknown", "readonly") for problem in err.problems)
        return key != "state"  # of what has no states it is left alone, whatever is sent
    seen = await table.select().where(table.id == number)
    if stored is None or not seen:
        return field_level(who, name, record_type.state_of(record)) > HIDDEN
    return seen[0][key] is not None


# ---------------------------------------------------------------------- what is named, and who else


async def test_each_role_that_is_named_is_enough_by_itself(world, rounds):
    named = 0
    for number in range(rounds(60, deep=600)):
        if number % 12 == 0:
            await world.throw()
            standing = await read_standing()
        who, kind = world.dice.choice([*PEOPLE]), world.dice.choice(["deal", "offer"])
        record, action = world.dice.choice(world.records[kind]), world.dice.choice(["read", "edit"])
        found = await explained(world, who, kind, record, action, "")
        if not found.allowed:
            continue
        user = world.house.users[who]
        for reason in found.reasons:
            for role in reason.roles:
                place = replace(standing.places[user], roles=frozenset({role}), groups=frozenset())
                alone = principal_at(place, standing.charter, (await principal_of(user)).shared)
                with acting_as(alone):
                    reached = await within_reach(world.house.types[kind], action, [record])
                assert reached == {record}, (who, kind, record, action, reason.rule)
                named += 1
    assert named > 10


async def test_those_said_to_see_a_record_are_those_who_do(world, rounds):
    for _number in range(rounds(3, deep=60)):
        await world.throw()
        for kind, numbers in world.records.items():
            table = world.house.types[kind].table
            seeing = {number: set() for number in numbers}
            for who in ["root", *PEOPLE]:
                if who != "gus":
                    with acting_as(await world.house.as_(who)):
                        for row in await table.select(table.id):
                            seeing[row["id"]].add(world.house.users[who])
            for number in world.dice.sample(numbers, 1):
                with acting_as(await world.house.as_("root")):
                    found = await readers_of(world.house.types[kind], number)
                assert {reader.place.user for reader in found.readers} == seeing[number], (kind, number)
                for reader in found.readers:
                    with acting_as(await world.house.as_("root")):
                        alone = await explain(world.house.types[kind], number, reader.place.user)
                    assert [said(r) for r in reader.reasons] == [said(r) for r in alone.reasons]


def said(reason):
    return reason.rule, str(reason.text), [*map(str, reason.notes)], [said(r) for r in reason.because]
