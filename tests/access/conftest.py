"""A small house for tests of rights: departments five deep, and one record type of each kind of scope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from argon2 import PasswordHasher

from dougong.access.policies import guard_of
from dougong.access.principal import Grant, Principal, acting_as, system
from dougong.access.services import apply_presets, assign_roles, create_role, principal_of, set_grants
from dougong.access.tables import Role
from dougong.builtin import core
from dougong.db import close_database, open_database, tables
from dougong.db.columns import Date, ForeignKey, Integer, Money, Varchar
from dougong.db.schema import grow_schema
from dougong.i18n import Text
from dougong.people import passwords
from dougong.people.services import account_named, add_account, add_department, add_staff
from dougong.plugin.contributions import Preset, Right
from dougong.plugin.manifest import Plugin
from dougong.plugin.snapshot import Snapshot, install
from dougong.records import desk
from dougong.records.gate import guard, unguard
from dougong.records.tables import Record, Row
from dougong.records.types import Lifecycle, Move, RecordType, Scope
from dougong.testing.fixtures import Furnished


def _(msgid: str) -> Text:
    return Text(msgid, "dougong")


class AccDeal(Record):
    name = Varchar(100)
    worth = Money()


class AccNote(Record):
    """Follows its deal, or its owner."""

    deal = ForeignKey(AccDeal)
    text = Varchar(100)


class AccReply(Row):
    """Follows a note, which follows a deal; may hang in the air."""

    note = ForeignKey(AccNote, null=True)
    text = Varchar(100)


class AccDiary(Record):
    text = Varchar(100)


class AccOffer(Record):
    """Goes through states, and has fields that are held back in some of them."""

    name = Varchar(100)
    price = Money()
    remark = Varchar(100)
    valid = Date(null=True, default=None)


class AccRoom(Row):
    name = Varchar(100)
    seats = Integer(default=0)


deal = RecordType(
    table=AccDeal,
    label=_("Deal"),
    plural=_("Deals"),
    title=AccDeal.name,
    scope=Scope.role,
    rights={"approve": _("Approve")},
)
note = RecordType(
    table=AccNote, label=_("Note"), plural=_("Notes"), title=AccNote.text, scope=Scope.via(AccNote.deal) | Scope.owner
)
reply = RecordType(
    table=AccReply, label=_("Reply"), plural=_("Replies"), title=AccReply.text, scope=Scope.via(AccReply.note)
)
diary = RecordType(table=AccDiary, label=_("Diary"), plural=_("Diaries"), title=AccDiary.text, scope=Scope.owner)
room = RecordType(table=AccRoom, label=_("Room"), plural=_("Rooms"), title=AccRoom.name, scope=Scope.everyone)
offer = RecordType(
    table=AccOffer,
    label=_("Offer"),
    plural=_("Offers"),
    title=AccOffer.name,
    lifecycle=Lifecycle(
        start="draft",
        moves=[Move("draft", "sent"), Move("sent", "won", right="approve"), Move("sent", "draft", reason=True)],
    ),
)
TYPES = [deal, note, reply, diary, room, offer]

sample = Plugin(
    name="deals",
    label=_("Deals"),
    records=TYPES,
    rights=[Right("deals.count", _("Count deals"))],
    presets=[
        Preset(
            "sales",
            deal,
            {"read": ["own", "shared"], "create": ["own"], "edit": ["own", "shared"]},
            hidden=[AccDeal.worth],
        )
    ],
)


@dataclass
class House:
    """Departments, staff and accounts by name; `as_(name)` is the principal of an account."""

    departments: dict[str, int] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    types: dict[str, RecordType] = field(default_factory=lambda: {t.key.removeprefix("acc_"): t for t in TYPES})

    async def department(self, name: str, parent: str | None = None) -> int:
        with acting_as(system("test")):
            made = await add_department(name, self.departments[parent] if parent else None)
        self.departments[name] = made.id
        return made.id

    async def person(self, name: str, department: str, *roles: int, account: bool = True) -> int:
        with acting_as(system("test")):
            made = await add_staff(name, self.departments[department])
            self.staff[name] = made.id
            if account:
                await add_account(name, staff=made, roles=roles)
                self.users[name] = (await account_named(name)).user
        return made.id

    async def role(self, name: str, grants: Mapping[tuple[str, str], Sequence[str]], chosen: Iterable[str] = ()) -> int:
        """A role; grants by (short type name, action), scopes as a list."""
        departments = tuple(self.departments[c] for c in chosen)
        with acting_as(system("test")):
            made = await create_role(name)
            await set_grants(
                made,
                {
                    (f"acc_{t}", a): Grant(frozenset(s), departments if "chosen" in s else ())
                    for (t, a), s in grants.items()
                },
            )
        return made

    async def give(self, name: str, *roles: int) -> None:
        with acting_as(system("test")):
            await assign_roles(self.users[name], roles)

    async def standard(self, key: str) -> int:
        with acting_as(system("test")):
            return (await Role.select(Role.id).where(Role.key == key).first())["id"]

    async def as_(self, name: str) -> Principal:
        return await principal_of(self.users[name])

    async def make(self, table: type[Row], **values: Any) -> int:
        with acting_as(system("test")):
            [made] = await desk.create_many(table, [values])
            return made

    async def deal_of(self, name: str, title: str = "") -> int:
        return await self.make(AccDeal, name=title or f"deal of {name}", owner=self.staff[name])

    async def names(self, name: str, table: type[Row] = AccDeal, column: str = "name") -> set[str]:
        """What an account sees of a table."""
        with acting_as(await self.as_(name)):
            return {row[column] for row in await table.select()}


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests make many accounts and are not about how dear a password is."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
async def house(database: str, furnished: Furnished) -> AsyncIterator[House]:
    for record_type in [*core.records, *TYPES]:
        guard(guard_of(record_type))
    async with furnished(database, furnish) as url:
        engine = await open_database(url)
        install(SNAPSHOT)
        made = House()
        with acting_as(system("test")):
            made.users["root"] = (await account_named("root")).user
        yield made
        install(None)
        for record_type in TYPES:
            unguard(record_type.key)
        await close_database(engine)


SNAPSHOT = Snapshot.of(1, [core, sample])


async def furnish(url: str) -> None:
    """The tables, the standard roles with what is proposed for them, and an administrator."""
    engine = await open_database(url)
    with acting_as(system("test")):
        await grow_schema(tables())
        for plugin in (core, sample):
            await apply_presets(SNAPSHOT, plugin)
        roles = {row["key"]: row["id"] for row in await Role.select(Role.key, Role.id)}
        install(SNAPSHOT)
        await add_account("root", roles=[roles["admin"]])
    await close_database(engine)


FIVE_DEEP = [
    ("company", None),
    ("north", "company"),
    ("south", "company"),
    ("brand a", "north"),
    ("brand b", "north"),
    ("brand c", "south"),
    ("brand d", "south"),
    ("a east", "brand a"),
    ("d west", "brand d"),
    ("a east shop", "a east"),
]


@pytest.fixture
async def tree(house: House) -> House:
    """Five levels; one member of staff with one deal in each department, named after it."""
    for name, parent in FIVE_DEEP:
        await house.department(name, parent)
        await house.person(f"clerk-{name.replace(' ', '-')}", name, account=False)
        await house.deal_of(f"clerk-{name.replace(' ', '-')}", name)
    return house
