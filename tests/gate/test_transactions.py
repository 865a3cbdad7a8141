"""Transactions, savepoints, and who acts inside them."""

from __future__ import annotations

import asyncio
import contextvars

import pytest
from piccolo.querystring import QueryString

from dougong import db
from dougong.access.principal import acting_as, system
from dougong.errors import Unavailable
from dougong.records.gate import cleared, physical

THIRTY = 30
MINE = 6
work = system("testing transactions")


@pytest.fixture
def acting():
    with acting_as(work):
        yield


async def put(world, secret):
    await world.Key.insert(world.Key(secret=secret))


async def secrets(world):
    rows = await world.Key.select(world.Key.secret).order_by(world.Key.id)
    return [row["secret"] for row in rows][1:]


async def test_an_error_takes_everything_back(fresh, acting):
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            await put(fresh, "a")
            raise ZeroDivisionError
    assert await secrets(fresh) == []
    assert db.current_transaction() is None


async def test_a_nested_transaction_fails_alone(fresh, acting):
    async with db.transaction():
        await put(fresh, "outer")
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                await put(fresh, "inner")
                raise ZeroDivisionError
        async with db.transaction():
            await put(fresh, "second")
    assert await secrets(fresh) == ["outer", "second"]


async def test_the_outermost_decides_in_the_end(fresh, acting):
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            async with db.transaction():
                await put(fresh, "inner")
            raise ZeroDivisionError
    assert await secrets(fresh) == []


async def test_a_failed_statement_in_a_savepoint_leaves_the_rest_usable(fresh, acting):
    async with db.transaction():
        await put(fresh, "a")
        with pytest.raises(Exception, match=r"(?i)unique"):
            async with db.transaction():
                await put(fresh, "a")
        await put(fresh, "b")
    assert await secrets(fresh) == ["a", "b"]


async def test_piccolos_own_transaction_is_ours(fresh, acting):
    with pytest.raises(ZeroDivisionError):
        async with fresh.engine.transaction():
            async with fresh.engine.transaction():
                await put(fresh, "inner")
            assert fresh.engine.transaction_exists()
            raise ZeroDivisionError
    assert await secrets(fresh) == []
    atomic = fresh.engine.atomic()
    atomic.add(fresh.Key.insert(fresh.Key(secret="x")), fresh.Key.insert(fresh.Key(secret="x")))
    with pytest.raises(Exception, match=r"(?i)unique"):
        await atomic.run()
    assert await secrets(fresh) == []


async def test_one_batch_and_the_innermost_reason(fresh):
    async with db.transaction(reason="outer") as outer:
        async with db.transaction() as middle:
            assert (middle.reason, middle.batch) == ("outer", outer.batch)
            async with db.transaction(reason="inner"):
                current = db.current_transaction()
                assert current is not None
                assert (current.reason, current.batch) == ("inner", outer.batch)
        assert db.current_transaction() is outer
    async with db.transaction() as another:
        assert another.batch != outer.batch
        assert len(bytes.fromhex(another.batch)) == 16


async def test_after_commit_waits_for_the_outermost(fresh):
    called = []

    async def later():
        assert db.current_transaction() is None
        called.append("async")

    async with db.transaction():
        async with db.transaction() as inner:
            inner.after_commit(lambda: called.append("plain"))
            db.after_commit(later)
        assert called == []
    assert called == ["plain", "async"]


async def test_after_commit_is_forgotten_by_a_rollback(fresh):
    called = []
    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            db.after_commit(lambda: called.append("outer"))
            raise ZeroDivisionError
    async with db.transaction():
        db.after_commit(lambda: called.append("kept"))
        with pytest.raises(ZeroDivisionError):
            async with db.transaction():
                db.after_commit(lambda: called.append("inner"))
                raise ZeroDivisionError
    assert called == ["kept"]
    with pytest.raises(RuntimeError):
        db.after_commit(lambda: None)


async def test_a_failing_callback_does_not_undo_or_stop_the_others(fresh, acting, caplog):
    called = []
    async with db.transaction():
        await put(fresh, "a")
        db.after_commit(lambda: 1 / 0)
        db.after_commit(lambda: called.append("second"))
    assert called == ["second"]
    assert await secrets(fresh) == ["a"]
    assert "callback after commit" in caplog.text


async def test_a_failed_commit_gives_a_clean_connection_back(fresh, acting):
    visit = physical(fresh.engine, "gate_visit")
    with cleared("ddl"):
        async with db.transaction():
            if fresh.kind == "postgres":
                await fresh.engine.run_ddl(
                    f'ALTER TABLE {visit} ALTER CONSTRAINT "gate_visit_client_fkey" DEFERRABLE INITIALLY DEFERRED'
                )
    for _connection in range(6):
        with pytest.raises(Exception, match=r"(?i)foreign key"):
            async with db.transaction():
                if fresh.kind == "sqlite":
                    with cleared("ddl"):
                        await fresh.engine.run_ddl("PRAGMA defer_foreign_keys = on")
                with cleared("desk"):
                    await db.fetch(QueryString(f"UPDATE {visit} SET client = 99999 WHERE id = 1"))
        assert db.current_transaction() is None
    for i in range(6):
        async with db.transaction():
            await put(fresh, f"after {i}")
    assert len(await secrets(fresh)) == 6


async def test_cancelling_rolls_back_and_frees_the_connection(fresh, acting):
    async def slow():
        async with db.transaction():
            await put(fresh, "cancelled")
            await asyncio.sleep(30)

    for _connection in range(6):
        task = asyncio.create_task(slow())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert await secrets(fresh) == []
    async with db.transaction():
        await put(fresh, "next")
    assert await secrets(fresh) == ["next"]


async def test_a_long_statement_can_be_cancelled(fresh, acting):
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
        " SELECT count(*) AS n FROM n"
    )
    task = asyncio.create_task(fresh.raw(endless))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 5)
    assert await fresh.Key.count() == 1


async def test_tasks_inside_a_transaction_share_it(fresh, acting):
    async with db.transaction():
        await put(fresh, "a")
        counts = await asyncio.gather(*(fresh.Key.count() for _ in range(8)))
    assert counts == [2] * 8


async def test_a_task_that_outlives_its_transaction_is_outside(fresh, acting):
    ended = asyncio.Event()

    async def later():
        await ended.wait()
        assert db.current_transaction() is None
        assert not fresh.engine.transaction_exists()
        await put(fresh, "later")
        async with db.transaction():
            await put(fresh, "own transaction")

    with pytest.raises(ZeroDivisionError):
        async with db.transaction():
            task = asyncio.create_task(later())
            await asyncio.sleep(0)
            raise ZeroDivisionError
    async with db.transaction():
        # Somebody else's transaction, perhaps on the very connection.
        assert await fresh.Key.count() == 1
    ended.set()
    await task
    assert await secrets(fresh) == ["later", "own transaction"]


async def test_two_tasks_do_not_mix_their_savepoints(fresh, acting):
    first, second = asyncio.Event(), asyncio.Event()

    async def one():
        async with db.transaction():
            first.set()
            await second.wait()

    async def two():
        await first.wait()
        async with db.transaction():
            second.set()
            await asyncio.sleep(0.05)

    with pytest.raises(RuntimeError, match="two tasks"):
        async with db.transaction():
            await asyncio.gather(one(), two())
    assert db.current_transaction() is None
    await put(fresh, "usable")


async def test_nested_principals_in_a_transaction_with_savepoints(world):
    with acting_as(world.me):
        async with db.transaction():
            before = await world.Client.count()
            with acting_as(world.other):
                others = await world.Client.count()
            with acting_as(work):
                all_rows = await world.Client.count()
            async with db.transaction():
                with acting_as(world.other):
                    nested = await world.Client.count()
            after = await world.Client.count()
    assert before == after == MINE
    assert others == nested == THIRTY - 5
    assert all_rows == THIRTY


async def test_twenty_principals_at_once_never_see_each_others_rows(world):
    async def read(principal):
        seen = set()
        with acting_as(principal):
            for _ in range(20):
                seen.add(await world.Client.count())
                await asyncio.sleep(0)
        return seen

    people = [world.me, world.other, world.boss, work]
    results = await asyncio.gather(*(read(people[i % 4]) for i in range(20)))
    expected = [{MINE}, {THIRTY - 5}, {THIRTY}, {THIRTY}]
    assert results == [expected[i % 4] for i in range(20)]


async def test_thirty_writers_that_read_first_all_succeed(fresh, acting):
    async def write(i):
        async with db.transaction():
            before = await fresh.Key.count()
            await put(fresh, f"{i} after {before}")

    await asyncio.gather(*(write(i) for i in range(30)))
    assert len(await secrets(fresh)) == 30


async def test_readers_go_on_while_somebody_writes(fresh, acting):
    async def read():
        with acting_as(work):
            return await asyncio.wait_for(fresh.Key.count(), 2)

    async with db.transaction():
        await put(fresh, "uncommitted")
        # A task of somebody else's, which has not inherited the transaction.
        reader = asyncio.get_running_loop().create_task(read(), context=contextvars.Context())
        assert await reader == 1


async def test_an_exhausted_pool_says_so_in_time(database_url):
    from dougong.db.postgres import Postgres
    from dougong.db.sqlite import SQLite

    kind = SQLite if database_url.startswith("sqlite") else Postgres
    address = database_url.removeprefix("sqlite:///")
    engine = kind(address, pool=2, wait=0.2)
    await engine.open()
    leases = [await engine.lease(), await engine.lease()]
    with pytest.raises(Unavailable):
        await engine.lease()
    for lease in leases:
        await lease.release()
    await (await engine.lease()).release()
    await engine.close()


async def test_a_batch_reads_its_own_transaction_and_errors_surface(fresh, acting):
    async with db.transaction():
        await put(fresh, "uncommitted")
        async with await fresh.Key.select(fresh.Key.secret).batch(batch_size=10) as batch:
            rows = await batch.next()
    assert len(rows) == 2
    for _connection in range(6):
        with pytest.raises(ZeroDivisionError):
            async with await fresh.Key.select().batch(batch_size=1) as batch:
                async for _portion in batch:
                    raise ZeroDivisionError
    assert await fresh.Key.count() == 2


async def test_a_database_that_is_away_is_unavailable():
    with pytest.raises(Unavailable):
        await db.open_database("postgresql://nobody:x@127.0.0.1:9/none")
    with pytest.raises(Unavailable):
        await db.open_database("sqlite:////proc/none/x.sqlite")
    with pytest.raises(ValueError, match="not a database address"):
        await db.open_database("mysql://x")
