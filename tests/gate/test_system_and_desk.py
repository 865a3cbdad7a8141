"""Core's own doors: private tables for the system, guarded tables for the desk."""

from __future__ import annotations

import logging

import pytest
from piccolo.query.functions.aggregate import Count
from piccolo.querystring import QueryString

from dougong import db
from dougong.access.principal import (
    Grant,
    Principal,
    acting_as,
    current,
    maybe_current,
    system,
    system_reasons,
)
from dougong.errors import Forbidden
from dougong.records.gate import cleared, guard, guarded, ids, physical, shadows, unguard

work = system("testing private tables")


async def test_private_tables_take_ordinary_piccolo_from_the_system(fresh):
    key = fresh.Key
    with acting_as(work):
        made = key(secret="new")
        await made.save()
        made.secret = "changed"
        await made.save()
        await made.refresh()
        assert made.secret == "changed"
        await key.update({key.secret: "updated"}).where(key.id == made.id)
        assert (await key.objects().get(key.id == made.id)).secret == "updated"
        found = await key.objects().get_or_create(key.secret == "another")
        assert found._was_created
        conflict = key.insert(key(secret="another")).on_conflict(key.secret, "DO NOTHING")
        await conflict
        assert await key.count() == 3
        assert await key.exists().where(key.secret == "updated")
        rows = await key.select(key.secret, Count()).group_by(key.secret)
        assert len(rows) == 3
        await key.delete().where(key.secret.is_in(["another", "updated"]))
        assert await key.count() == 1
        await made.remove()


async def test_the_system_reads_every_row_and_hidden_column(world):
    with acting_as(work):
        rows = await world.Visit.select(world.Visit.client.margin).order_by(world.Visit.id)
    assert [row["client.margin"] for row in rows] == [i * 10 for i in range(30)]


async def test_raw_sql_of_the_system_needs_no_schema(fresh):
    with acting_as(work):
        assert (await fresh.raw("SELECT count(*) AS n FROM gate_key k"))[0]["n"] == 1
        await fresh.raw("DELETE FROM gate_key WHERE id IN (SELECT id FROM gate_key WHERE id > {})", 0)
        assert await fresh.raw("WITH k AS (SELECT * FROM gate_key) SELECT * FROM k") == []


async def test_a_narrow_reason_reaches_only_its_tables(world):
    with acting_as(system("reading keys", narrow=frozenset({"gate_key"}))):
        assert await world.Key.count() == 1
        with pytest.raises(Forbidden, match="reading keys"):
            await world.Client.count()
        with pytest.raises(Forbidden):
            await world.raw("SELECT count(*) FROM gate_key, gate_client")
    with (
        acting_as(system("reading clients", narrow=frozenset({"gate_client"}))),
        pytest.raises(Forbidden),
    ):
        await world.Key.delete(force=True)


def test_reasons_are_listed_and_logged(caplog):
    caplog.set_level(logging.INFO)
    with acting_as(system("a reason of this test")):
        pass
    with acting_as(system("a reason of this test")):
        pass
    assert system_reasons()["a reason of this test"].times == 2
    assert caplog.text.count("a reason of this test") == 1
    with pytest.raises(ValueError, match="reason"):
        system(" ")


def test_nobody_acts_outside_a_block():
    assert maybe_current() is None
    with pytest.raises(Forbidden):
        current()
    outer, inner = Principal(1), Principal(2)
    with acting_as(outer):
        with acting_as(inner):
            assert current() is inner
        assert current() is outer
    assert maybe_current() is None


def test_principals_are_equal_by_version_or_by_all_their_rights():
    grants = {("customer", "read"): Grant(frozenset({"own"}))}
    assert Principal(1, departments=(1,), version=(4, 2)) == Principal(1, departments=(2,), version=(4, 2))
    assert Principal(1, version=(4, 2)) != Principal(1, version=(4, 3))
    assert Principal(1, departments=(1,)) != Principal(1, departments=(2,))
    assert Principal(1, grants=grants) == Principal(1, grants=dict(grants))
    assert hash(Principal(1, departments=(1,))) == hash(Principal(1, departments=(2,)))
    with pytest.raises(ValueError, match="unknown data scopes"):
        Grant(frozenset({"everything"}))


async def test_the_desk_writes_under_a_policy(fresh):
    client = physical(fresh.engine, "gate_client")
    visit = physical(fresh.engine, "gate_visit")
    with acting_as(fresh.me):
        policy = guarded("gate_visit").read(fresh.me, fresh.engine, '"gate_visit"')
        change = QueryString(
            f'{{}}UPDATE {visit} SET "purpose" = {{}} WHERE "purpose" IN ({{}}, {{}}) AND {{}} RETURNING "id"',
            shadows(fresh.engine, fresh.me, ["gate_client"]),
            "changed",
            "v00",
            "v02",
            policy,
        )
        with cleared("desk"):
            changed = await db.fetch(change)
        assert len(changed) == 1
        assert await fresh.Visit.count().where(fresh.Visit.purpose == "changed") == 1
        with cleared("desk"):
            rows = await db.fetch(QueryString(f"SELECT count(*) AS n FROM {client}"))
            assert rows == [{"n": 30}]
            # Plain Piccolo is the desk's as well, on private tables and guarded ones.
            assert await fresh.Key.count() == 1
            await fresh.Client.update({fresh.Client.name: "x"}).where(fresh.Client.name == "c02")
            assert await fresh.Client.exists().where(fresh.Client.name == "x")


async def test_the_desk_changes_no_schema(fresh):
    with acting_as(work), cleared("desk"):
        with pytest.raises(Forbidden):
            await fresh.Client.alter().drop_table()
        with pytest.raises(Forbidden):
            await fresh.raw(f"DROP TABLE {fresh.schema}.gate_client")
    with acting_as(work):
        assert await fresh.Client.count() == 30


async def test_shadows_name_what_the_policies_mention_first(world):
    text = str(shadows(world.engine, world.me, ["gate_visit"]))
    assert text.index('"gate_client"') < text.index('"gate_visit"')
    assert str(shadows(world.engine, world.me, [])) == ""


async def test_a_guard_whose_parent_has_none_closes_the_table(world):
    keeper = guarded("gate_client")
    unguard("gate_client")
    try:
        with acting_as(world.me), pytest.raises(Forbidden):
            await world.Visit.count()
        with acting_as(world.me), pytest.raises(Forbidden):
            await world.Client.count()
    finally:
        guard(keeper)
    with acting_as(world.me):
        assert await world.Visit.count() == 6


async def test_lists_of_ids(world):
    for values in ([], [3], range(1, 500), range(1, 2000)):
        text = f"SELECT count(*) AS n FROM {physical(world.engine, 'gate_client')} t WHERE t.id {{}}"
        with acting_as(work), cleared("desk"):
            rows = await db.fetch(QueryString(text, ids(world.engine, values)))
        assert rows[0]["n"] == len([v for v in values if v <= 30])


async def test_the_same_process_goes_from_one_database_to_another(world, fresh_database):
    with fresh_database("sqlite") as url:
        other = await db.open_database(url)
        try:
            await db.grow_schema([world.Key])
            with acting_as(work):
                assert await world.Key.count() == 0
        finally:
            await db.close_database(other)
            db.use(world.engine)
    with acting_as(work):
        assert await world.Key.count() == 1
