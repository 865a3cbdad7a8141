"""The gate remembers how it scoped a statement, and forgets when anything it stood on changes."""

from __future__ import annotations

import random

import pytest

from dougong.access.principal import Principal, acting_as, system
from dougong.db import registry
from dougong.db.columns import Varchar
from dougong.db.statement import Unreadable, read
from dougong.errors import Forbidden
from dougong.plugin.snapshot import Snapshot, current_snapshot, pinned
from dougong.records.gate import Gate, guard, guarded, unguard

SQL = "SELECT name FROM gate_client WHERE name > {}"


def texts(world, principal):
    with acting_as(principal):
        return world.engine.gate.admit(SQL.format("$1"), ("c",))


async def test_the_same_person_gets_the_same_text_without_asking_the_guard_again(world):
    asked = []

    class Counting:
        table, via = world.Client, ()

        def read(self, principal, engine, alias):
            asked.append(principal)
            return keeper.read(principal, engine, alias)

        def held_back(self, principal):
            return keeper.held_back(principal)

    keeper = guarded("gate_client")
    guard(Counting())
    try:
        first = texts(world, Principal(1, departments=(10,), version=(1,)))
        again = texts(world, Principal(1, departments=(10,), version=(1,)))
        assert (first.sql, len(asked)) == (again.sql, 1)
        texts(world, Principal(1, departments=(10,), version=(2,)))
        texts(world, Principal(2, departments=(10,), version=(1,)))
        assert len(asked) == 3
    finally:
        guard(keeper)


async def test_a_scope_made_on_an_older_snapshot_is_not_taken_for_the_one_being_served(world):
    """A request that began before a switch finishes on what was on: its scope isn't that of those behind it."""
    keeper = guarded("gate_client")

    class AsSwitched:
        table, via = world.Client, ()

        def read(self, principal, engine, alias):
            return None if current_snapshot().epoch == 1 else keeper.read(principal, engine, alias)

        def held_back(self, principal):
            return keeper.held_back(principal)

    me = Principal(1, departments=(10,), version=(3,))
    guard(AsSwitched())
    try:
        with acting_as(me):
            counts = []
            for epoch in (1, 2, 1):
                with pinned(Snapshot.of(epoch, [])):
                    counts.append(await world.Client.count())
        assert counts == [30, 6, 30]
    finally:
        guard(keeper)


async def test_principals_without_a_version_never_share_a_scope(world):
    with acting_as(Principal(1, departments=(10,))):
        assert await world.Client.count() == 6
    with acting_as(Principal(1, departments=(10, 30))):
        assert await world.Client.count() == 29


async def test_a_removed_guard_closes_the_table_at_once(world):
    keeper = guarded("gate_client")
    with acting_as(world.me):
        assert await world.Client.count() == 6
        unguard("gate_client")
        try:
            with pytest.raises(Forbidden):
                await world.Client.count()
        finally:
            guard(keeper)
        assert await world.Client.count() == 6


async def test_a_new_column_is_there_at_once(fresh):
    from dougong import db
    from dougong.records.gate import cleared

    client = fresh.Client
    before = list(client._meta.columns)
    rows = "SELECT * FROM gate_client"
    with acting_as(fresh.me):
        assert "x_grade" not in (await fresh.raw(rows))[0]
    column = Varchar(length=20, null=True, default=None)
    column._meta._name, column._meta._table = "x_grade", client
    try:
        client._meta.columns = [*before, column]
        with acting_as(system("testing a new column")):
            await db.grow_schema([client])
            with cleared("desk"):
                await client.raw("UPDATE gate_client SET x_grade = 'A'")
        with acting_as(fresh.me):
            assert {row["x_grade"] for row in await fresh.raw(rows)} == {"A"}
    finally:
        client._meta.columns = before


async def test_a_table_declared_later_is_no_column_any_more(world):
    with acting_as(world.me):
        assert len(await world.raw("SELECT name AS n FROM gate_client")) == 6
        registry.forget("gate_diary")
        registry.register(world.Diary, private=False)
        assert len(await world.raw("SELECT name AS n FROM gate_client")) == 6


def test_the_cache_is_bounded():
    gate = Gate("sqlite", capacity=10)
    with acting_as(Principal(1)):
        for i in range(50):
            gate.admit(f"SELECT {i}", ())
    assert len(gate._plans) == 10


# Reading statements ---------------------------------------------------------------------------

PIECES = [
    "SELECT", "FROM", "gate_client", '"gate_client"', "dg", ".", "main", "'", '"', "/*", "*/", "--", "\n",
    "(", ")", "name", "AS", "$$", "$a$", "E'", "\\", "1", "1.", ",", ";", "`", "[", "]", "U&", " ", "*", "WHERE", "=",
]  # fmt: skip


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_any_text_is_read_or_refused(dialect, rounds):
    chance = random.Random(7)
    for _ in range(rounds(3000, deep=200_000)):
        sql = " ".join(chance.choices(PIECES, k=chance.randint(1, 14)))
        try:
            statement = read(sql, dialect)
        except Unreadable:
            continue
        assert statement.verb


BETWEEN = [
    "/**/", "--\n", " ", ", '/*' AS a", ", '--' AS b", ", '''' AS c", ', name AS "--"', "/* /* */", "*/", " ' ",
    ", $$'$$ AS d", ", E'\\'' AS e", ", '\\' AS f", ' "', "--", "/*", ", 1 AS g", ", 1.FROM", ", [1", "]", " `x`",
]  # fmt: skip
BEHIND = [
    " c", " AS c", " WHERE 1 = 1", " -- '", " /* ' */", " /* */ */", ", gate_client d", " WHERE name > 'a'", ' -- "',
    " UNION SELECT name FROM dg.gate_client", " UNION SELECT name FROM main.gate_client", " $$", " ORDER BY 1", "`",
]  # fmt: skip
SCHEMAS = ["", "", "", "dg.", "main.", '"dg".', '"main" . ', "[main].", 'U&"d\\0067".', "/* /* */ dg."]


async def test_random_text_never_shows_more_than_permitted(world, rounds):
    """Whatever the databases accept of glued-together text shows permitted names alone."""
    chance = random.Random(11)
    answered = 0
    for _ in range(rounds(2000, deep=100_000)):
        between = "".join(chance.choices(BETWEEN, k=chance.randint(0, 4)))
        behind = "".join(chance.choices(BEHIND, k=chance.randint(0, 3)))
        sql = f"SELECT gate_client.name{between} FROM {chance.choice(SCHEMAS)}gate_client{behind}"
        with acting_as(world.me):
            try:
                rows = await world.raw(sql)
            except Exception:  # noqa: BLE001 - refused by whom does not matter here
                continue
        answered += 1
        shown = {value for row in rows for value in row.values()}
        assert not {"c02", "c03", "c29"} & shown, sql
    assert answered > 100
