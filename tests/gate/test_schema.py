"""The schema grows with the declarations; steps run once, and whole."""

from __future__ import annotations

import asyncio
import datetime as dt
import json

import pytest
from piccolo.columns import Boolean, Date, Integer, Text, Timestamptz, Varchar
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.constraints import Check, Unique
from piccolo.querystring import QueryString

from dougong import db
from dougong.access.principal import acting_as, system
from dougong.db import registry
from dougong.db.columns import ForeignKey, Money
from dougong.db.migrations import applied, steps_in
from dougong.errors import Refused
from dougong.people.tables import Department, Position, Staff
from dougong.records.gate import cleared, physical
from dougong.records.tables import Private, Record

work = system("testing the schema")


@pytest.fixture
async def engine(database_url):
    known = {table._meta.tablename for table in db.tables()}
    opened = await db.open_database(database_url)
    with acting_as(work):
        yield opened
    await db.close_database(opened)
    for table in db.tables():
        if table._meta.tablename not in known:
            registry.forget(table._meta.tablename)


def declare(tablename, base=Private, /, **columns):
    """A table class, as a new version of a plugin would declare it."""
    registry.forget(tablename)
    return type("Grown", (base,), columns, tablename=tablename)


async def columns_of(engine, name):
    with cleared("ddl"):
        async with db.transaction():
            if engine.engine_type == "sqlite":
                rows = await db.fetch(QueryString("SELECT name FROM pragma_table_info({})", name))
            else:
                rows = await db.fetch(
                    QueryString(
                        "SELECT column_name AS name FROM information_schema.columns"
                        " WHERE table_schema = 'dg' AND table_name = {}",
                        name,
                    )
                )
    return {row["name"] for row in rows}


async def test_growing_twice_does_nothing_the_second_time(engine):
    table = declare("grown", name=Varchar(unique=True), when=Timestamptz(index=True))
    done = await db.grow_schema([table])
    assert any("CREATE TABLE" in statement for statement in done)
    assert await db.grow_schema([table]) == []


async def test_tables_that_refer_to_each_other(engine):
    done = await db.grow_schema([Staff, Department, Position])
    assert await db.grow_schema([Department, Staff, Position]) == []
    created = [s for s in done if "CREATE TABLE" in s]
    assert len(created) == 3


async def test_a_record_has_the_common_columns(engine):
    table = declare("grown", Record, name=Varchar())
    await db.grow_schema([Department, Staff, Position, table])
    common = {"id", "number", "owner", "department", "state", "version", "created", "updated"}
    assert await columns_of(engine, "grown") == common | {"title_key", "title_initials", "name"}


async def test_columns_are_added_to_filled_tables(engine):
    before = declare("grown", name=Varchar())
    parent = declare("grown_parent", name=Varchar())
    await db.grow_schema([before, parent])
    await before.insert(before(name="old"))
    after = declare(
        "grown",
        name=Varchar(),
        note=Text(null=True, default=None, index=True),
        count=Integer(default=7),
        on=Boolean(default=True),
        day=Date(null=True, default=None),
        price=Money(),
        quoted=Varchar(default="it's"),
        seen=Timestamptz(default=TimestamptzNow()),
        parent=ForeignKey(parent, null=True),
        code=Varchar(null=True, default=None, unique=True),
    )
    done = await db.grow_schema([after, parent])
    assert sum("ADD COLUMN" in statement for statement in done) == 9
    assert await db.grow_schema([after, parent]) == []
    row = await after.objects().first()
    assert (row.note, row.count, row.on, row.day, row.quoted) == (None, 7, True, None, "it's")
    assert abs((dt.datetime.now(dt.UTC) - row.seen).total_seconds()) < 60
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        await after.insert(after(name="new", parent=99))


async def test_a_required_column_needs_a_default(engine):
    await db.grow_schema([declare("grown", name=Varchar())])
    with pytest.raises(Refused, match=r"grown\.other"):
        await db.grow_schema([declare("grown", name=Varchar(), other=Varchar(default=None))])
    assert await columns_of(engine, "grown") == {"id", "name"}


async def test_growth_is_all_or_nothing(engine):
    good = declare("grown_a", name=Varchar())
    bad = declare("grown_b", name=Varchar(), rule=Check("no such thing ("))
    with pytest.raises(Exception, match=r"(?i)syntax"):
        await db.grow_schema([good, bad])
    assert await columns_of(engine, "grown_a") == set()


async def test_unique_and_check_constraints_hold(engine):
    a, b, c = Varchar(), Varchar(null=True, default=None), Integer(default=0)
    table = declare("grown", a=a, b=b, c=c, pair=Unique([a, b]), positive=Check("c >= 0"))
    await db.grow_schema([table])
    await table.insert(table(a="x", b="y"), table(a="x", b=None), table(a="x", b=None))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await table.insert(table(a="x", b="y"))
    with pytest.raises(Exception, match=r"(?i)check"):
        await table.insert(table(a="z", c=-1))


async def test_long_names_stay_apart(engine):
    long = "a_very_long_column_name_that_leaves_no_room_for_its_index"
    columns = {f"{long}_{i}": Varchar(default="", index=True) for i in range(3)}
    table = declare("grown_table_with_a_long_name_too", **columns)
    await db.grow_schema([table])
    assert await db.grow_schema([table]) == []


async def test_the_id_of_a_deleted_row_is_never_given_again(engine):
    table = declare("grown", name=Varchar())
    await db.grow_schema([table])
    first = (await table.insert(table(name="a")))[0]["id"]
    await table.delete(force=True)
    assert (await table.insert(table(name="b")))[0]["id"] > first


async def test_a_full_table_is_refused_in_words(engine):
    limit = 2000 if engine.engine_type == "sqlite" else 1600
    await db.grow_schema([declare("grown", name=Varchar())])
    columns = {f"c{i}": Integer(null=True, default=None) for i in range(limit)}
    with pytest.raises(Refused, match=str(limit)):
        await db.grow_schema([declare("grown", name=Varchar(), **columns)])


async def test_several_processes_may_grow_at_once(engine):
    table = declare("grown", name=Varchar(), other=Integer(index=True))
    done = await asyncio.gather(*(db.grow_schema([table]) for _ in range(4)))
    assert sum(bool(statements) for statements in done) == 1


async def test_a_table_in_use_is_waited_for(engine):
    table = declare("grown", name=Varchar())
    await db.grow_schema([table])
    grown = declare("grown", name=Varchar(), other=Integer(null=True, default=None))
    read, go = asyncio.Event(), asyncio.Event()

    async def reader():
        with acting_as(work):
            async with db.transaction():
                await grown.select(grown.name)
                read.set()
                await go.wait()

    reading = asyncio.create_task(reader())
    await read.wait()
    growing = asyncio.create_task(db.grow_schema([grown]))
    await asyncio.sleep(2.4)
    assert not growing.done()
    go.set()
    await reading
    assert len(await growing) == 1


async def test_moments_are_utc_and_sort_as_text(engine):
    table = declare("grown", at=Timestamptz(index=True), day=Date(null=True, default=None))
    await db.grow_schema([table])
    china = dt.timezone(dt.timedelta(hours=8))
    moments = [
        dt.datetime(2026, 1, 1, 8, 0, 0, tzinfo=china),
        dt.datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 1, 1, 0, 0, 1, tzinfo=dt.UTC),
    ]
    for moment in reversed(moments):
        await table.insert(table(at=moment, day=dt.date(2026, 1, 1)))
    rows = await table.select(table.at, table.day).order_by(table.at)
    assert [row["at"] for row in rows] == moments
    assert {row["at"].utcoffset() for row in rows} == {dt.timedelta(0)}
    assert {row["day"] for row in rows} == {dt.date(2026, 1, 1)}
    assert await table.count().where(table.at <= moments[0]) == 1


# Steps ----------------------------------------------------------------------------------------


def write(directory, name, body):
    (directory / name).write_text(f"from piccolo.querystring import QueryString\nfrom dougong import db\n{body}")


ADD = """
async def up():
    await db.fetch(QueryString("INSERT INTO grown (name) VALUES ({})", __name__))
"""
FAIL = """
async def up():
    await db.fetch(QueryString("INSERT INTO grown (name) VALUES ('half')"))
    raise ValueError("the step fails")
"""


async def test_steps_run_once_in_order_under_names_of_their_own(engine, tmp_path):
    table = declare("grown", name=Varchar(default=""))
    write(tmp_path, "0002_second.py", ADD)
    write(tmp_path, "0001_first.py", ADD)
    (tmp_path / "helpers.py").write_text("")
    steps = steps_in(tmp_path)
    assert [step.id for step in steps] == ["0001_first", "0002_second"]
    done = await db.migrate("plants", [table], steps)
    assert done[-2:] == ["0001_first", "0002_second"]
    assert await db.migrate("plants", [table], steps) == []
    assert await db.migrate("animals", [table], steps) == ["0001_first", "0002_second"]
    names = [row["name"] for row in await table.select(table.name).order_by(table.id)]
    assert len(names) == len(set(names)) == 4
    ledger = await applied("plants")
    growth = next(line for step, line in ledger.items() if step.startswith("growth-"))
    assert "CREATE TABLE" in json.loads(growth.detail)[0] + json.loads(growth.detail)[-1]
    assert {line.ok for line in ledger.values()} == {True}


async def test_a_changed_step_is_refused_by_name(engine, tmp_path):
    table = declare("grown", name=Varchar(default=""))
    write(tmp_path, "0001_first.py", ADD)
    await db.migrate("plants", [table], steps_in(tmp_path))
    write(tmp_path, "0001_first.py", ADD + "\n# changed\n")
    write(tmp_path, "0002_second.py", ADD)
    with pytest.raises(Refused, match=r"plants.*0001_first"):
        await db.migrate("plants", [table], steps_in(tmp_path))
    assert await table.count() == 1


async def test_a_failed_step_leaves_nothing_but_its_line(engine, tmp_path):
    table = declare("grown", name=Varchar(default=""))
    write(tmp_path, "0001_first.py", FAIL)
    with pytest.raises(ValueError, match="the step fails"):
        await db.migrate("plants", [table], steps_in(tmp_path))
    assert await table.count() == 0
    line = (await applied("plants"))["0001_first"]
    assert (line.ok, line.detail) == (False, "ValueError: the step fails")
    write(tmp_path, "0001_first.py", ADD)
    assert await db.migrate("plants", [table], steps_in(tmp_path)) == ["0001_first"]
    assert (await applied("plants"))["0001_first"].ok is True


async def test_a_step_changes_the_schema_by_plain_names_and_the_fence_is_up_again(engine, tmp_path):
    table = declare("grown", name=Varchar(default=""))
    body = """
async def up():
    await db.engine().run_ddl("ALTER TABLE grown ADD COLUMN later INTEGER")
    await db.fetch(QueryString("UPDATE grown SET later = 1"))
"""
    write(tmp_path, "0001_first.py", body)
    await db.migrate("plants", [table], steps_in(tmp_path))
    assert "later" in await columns_of(engine, "grown")
    async with db.transaction():
        with cleared("ddl"):
            await db.fetch(QueryString("SELECT count(*) FROM grown"))
        with cleared("desk"), pytest.raises(Exception, match=r"(?i)no such table|does not exist"):
            # Named in neither list nor schema: only a search path left open would find it.
            registry.forget("grown")
            name = "grown" if engine.engine_type == "postgres" else "nowhere"
            await db.fetch(QueryString(f"SELECT count(*) FROM {name}"))
    assert physical(engine, "grown").endswith('."grown"')


def test_two_steps_of_one_number_are_an_error(tmp_path):
    write(tmp_path, "0001_a.py", ADD)
    write(tmp_path, "0001_b.py", ADD)
    with pytest.raises(ValueError, match="same number"):
        steps_in(tmp_path)
    assert steps_in(tmp_path / "none") == []
