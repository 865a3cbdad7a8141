"""What a running job may rely on: steps that are kept, an end when somebody asks for it, another try when it fails."""

from __future__ import annotations

import asyncio
import datetime as dt
import time

import pytest

from dougong.access import openings
from dougong.errors import Forbidden, NotFound, Refused
from dougong.jobs import enqueue, progress, run_now, runner, step, work_off
from dougong.jobs.watching import cancel_job, jobs_seen, retry_job
from dougong.plugin.state import disable, enable
from dougong.records.undo import undo

DAY = dt.date(2026, 3, 2)
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


async def asked(workshop, job, who="wangfang", **arguments):
    async with workshop.company.world.acting(who):
        return await enqueue(job, **arguments)


async def benches(workshop):
    async with workshop.company.world.acting("admin"):
        return sorted(row["name"] for row in await workshop.plugin.Bench.select(workshop.plugin.Bench.name))


async def first_step(workshop):
    while await benches(workshop) == []:  # noqa: ASYNC110 - asks from outside, as a person does
        await asyncio.sleep(0.01)


# ------------------------------------------------------------------ steps


async def test_steps_are_kept_with_what_they_wrote_and_are_one_batch(workshop):
    number = await asked(workshop, workshop.plugin.build, count=5)
    await work_off()
    row = await workshop.job(number)
    assert (row["state"], row["cursor"], row["done"], row["total"]) == ("done", "5", 5, 5)
    assert await benches(workshop) == [f"bench {n}" for n in range(5)]
    async with workshop.company.world.acting("wangfang"):
        undone = await undo(row["batch"])
    assert undone.count == 5
    assert await benches(workshop) == []


async def test_a_job_goes_on_where_its_last_step_ended(workshop):
    number = await asked(workshop, workshop.plugin.build, count=5)
    await workshop.change(number, cursor="3", done=3)
    await work_off()
    assert await benches(workshop) == ["bench 3", "bench 4"]


async def test_a_step_by_who_lost_the_lease_is_taken_back(workshop):
    number = await asked(workshop, workshop.plugin.build, count=4, pause=0.3)
    running = asyncio.create_task(run_now(number))
    await first_step(workshop)
    await workshop.change(number, lease="somebody else")
    await running
    assert await benches(workshop) == ["bench 0", "bench 1"]
    assert (await workshop.job(number))["state"] == "running"


async def test_a_step_stands_in_a_job_and_in_no_other_transaction(workshop):
    from dougong.db import transaction
    from dougong.jobs.steps import Running, running_as

    with pytest.raises(RuntimeError, match="no job"):
        async with step():
            pass
    running_as(Running(1, "workshop", workshop.plugin.build, "{}", 0, "x"))
    async with workshop.company.world.acting("wangfang"):
        with pytest.raises(RuntimeError, match="transaction of its own"):
            async with transaction(), step():
                pass
        with pytest.raises(RuntimeError, match="by itself"):
            async with transaction():
                await progress(done=1)


async def test_a_job_has_the_rights_its_person_has_at_each_step(workshop):
    from dougong.access.principal import acting_as, system
    from dougong.access.version import rights_changed
    from dougong.people.tables import User

    number = await asked(workshop, workshop.plugin.build, count=4, pause=0.5)
    running = asyncio.create_task(run_now(number))
    await first_step(workshop)
    with acting_as(system("test")):
        await User.update({User.active: False}).where(User.id == workshop.company.world.users["wangfang"])
        await rights_changed()
    await running
    assert await benches(workshop) == ["bench 0", "bench 1"]
    assert (await workshop.job(number))["state"] == "parked"


# ------------------------------------------------------------------ failing


async def test_what_fails_is_tried_again_later_and_parked_in_the_end(workshop):
    number = await asked(workshop, workshop.plugin.stumble, how="over")
    for attempt in (1, 2):
        assert await work_off() == 1
        row = await workshop.job(number)
        assert (row["state"], row["attempts"]) == ("queued", attempt)
        assert row["due"] > dt.datetime.now(dt.UTC)
        assert await work_off() == 0
        await workshop.change(number, due=LONG_AGO)
    await work_off()
    row = await workshop.job(number)
    assert (row["state"], row["attempts"]) == ("parked", 3)
    assert row["line"].startswith("ValueError: over\n")
    assert "raise ValueError(how)" in row["line"]
    async with workshop.company.world.acting("wangfang"):
        with pytest.raises(Forbidden):
            await retry_job(number)
    async with workshop.company.world.acting("admin"):
        await retry_job(number)
        with pytest.raises(Refused):
            await retry_job(number)
    assert await work_off() == 1


async def test_what_another_try_cannot_better_is_parked_at_once(workshop):
    number = await asked(workshop, workshop.plugin.stumble, how="invalid")
    await work_off()
    row = await workshop.job(number)
    assert (row["state"], row["attempts"]) == ("parked", 1)
    assert "The bench is in use." in row["error"]


async def test_an_attempt_counts_from_when_the_job_is_taken(workshop):
    number = await asked(workshop, workshop.plugin.stumble, how="over")
    await workshop.change(number, state="running", attempts=3, lease="dead", lease_until=LONG_AGO)
    assert await work_off() == 0
    row = await workshop.job(number)
    assert (row["state"], row["attempts"], row["lease"]) == ("parked", 3, None)


async def test_a_job_that_came_further_has_its_attempts_again(workshop):
    number = await asked(workshop, workshop.plugin.build, count=2)
    await workshop.change(number, attempts=4)
    await work_off()
    assert (await workshop.job(number))["attempts"] == 1


async def test_a_job_that_blocks_everybody_is_cut(workshop, monkeypatch):
    monkeypatch.setattr(runner, "BLOCKS", 0.5)
    number = await asked(workshop, workshop.plugin.stumble, how="block")
    started = time.monotonic()
    await work_off()
    assert time.monotonic() - started < 5
    row = await workshop.job(number)
    assert "time.sleep(600)" in row["line"]
    assert row["state"] == "queued"


async def test_a_job_that_hangs_is_cut_when_its_time_is_over(workshop):
    object.__setattr__(workshop.plugin.wait, "minutes", 0.2 / 60)
    number = await asked(workshop, workshop.plugin.wait)
    await asyncio.wait_for(work_off(), 5)
    row = await workshop.job(number)
    assert (row["state"], row["attempts"]) == ("queued", 1)
    assert "await let_go.wait()" in row["line"]


async def test_the_failures_of_a_job_stand_on_the_page_of_plugins(workshop):
    await asked(workshop, workshop.plugin.stumble, how="over")
    await work_off()
    async with workshop.company.program("admin") as admin:
        [found] = [p for p in (await admin.get("/api/v1/plugins")).json()["items"] if p["name"] == "workshop"]
    assert [f["where"] for f in found["failures"]] == ["the job stumble"]


# ------------------------------------------------------------------ stopping


async def test_a_job_that_is_cancelled_stops_at_its_next_step_and_frees_its_key(workshop):
    number = await asked(workshop, workshop.plugin.build, count=100, pause=0.2)
    running = asyncio.create_task(run_now(number))
    await first_step(workshop)
    async with workshop.company.world.acting("wangfang"):
        await cancel_job(number)
    await asyncio.wait_for(running, 5)
    row = await workshop.job(number)
    assert (row["state"], row["lease"]) == ("cancelled", None)
    assert len(await benches(workshop)) == row["done"] < 10


async def test_a_job_that_waits_is_cancelled_at_once_and_may_be_asked_for_anew(workshop):
    number = await asked(workshop, workshop.plugin.polish, day=DAY)
    async with workshop.company.world.acting("lilei"):
        with pytest.raises(NotFound):
            await cancel_job(number)
    async with workshop.company.world.acting("wangfang"):
        await cancel_job(number)
        with pytest.raises(Refused):
            await cancel_job(number)
        assert await enqueue(workshop.plugin.polish, day=DAY) != number
    assert await work_off() == 1


async def test_a_job_that_takes_no_steps_is_stopped_by_its_next_sign_of_life(workshop, monkeypatch):
    monkeypatch.setattr(runner, "BEAT", 0.1)
    number = await asked(workshop, workshop.plugin.wait)
    running = asyncio.create_task(run_now(number))
    await asyncio.wait_for(workshop.plugin.arrived.wait(), 5)
    async with workshop.company.world.acting("wangfang"):
        await cancel_job(number)
    await asyncio.wait_for(running, 5)
    assert (await workshop.job(number))["state"] == "cancelled"
    assert workshop.plugin.done == []


async def test_a_job_that_is_stopped_with_its_process_is_free_at_once_and_loses_no_attempt(workshop):
    number = await asked(workshop, workshop.plugin.wait)
    running = asyncio.create_task(run_now(number))
    await asyncio.wait_for(workshop.plugin.arrived.wait(), 5)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    row = await workshop.job(number)
    assert (row["state"], row["attempts"], row["lease"]) == ("queued", 0, None)
    workshop.plugin.let_go.set()
    assert await work_off() == 1
    assert workshop.plugin.done == ["waited"]


# ------------------------------------------------------------------ plugins that are off


async def test_the_jobs_of_a_plugin_that_is_off_rest_until_it_is_on_again(workshop):
    from dougong.jobs.office import wake

    number = await asked(workshop, workshop.plugin.polish, day=DAY)
    async with workshop.company.world.acting("admin"):
        await disable("workshop")
        assert await work_off() == 0
        assert (await workshop.job(number))["state"] == "off"
        assert await jobs_seen() == ([], None)
        await wake()
        assert (await workshop.job(number))["state"] == "off"
        await enable("workshop")
    await wake()
    assert await work_off() == 1
    row = await workshop.job(number)
    assert (row["state"], row["attempts"]) == ("done", 1)


async def test_a_job_whose_plugin_is_switched_off_ends_at_its_next_step_and_goes_on_later(workshop):
    from dougong.jobs.office import wake

    number = await asked(workshop, workshop.plugin.build, count=8, pause=0.3)
    running = asyncio.create_task(run_now(number))
    await first_step(workshop)
    async with workshop.company.world.acting("admin"):
        await disable("workshop")
    await asyncio.wait_for(running, 5)
    row = await workshop.job(number)
    assert (row["state"], row["lease"]) == ("off", None)
    assert 0 < row["done"] < 8
    async with workshop.company.world.acting("admin"):
        await enable("workshop")
    await wake()
    await work_off()
    assert await benches(workshop) == [f"bench {n}" for n in range(8)]


async def test_a_job_that_asked_an_opening_too_often_goes_on_later_and_has_not_failed(workshop, monkeypatch):
    first = [openings.AskedTooOften(1)]
    holds = openings._holds

    def refused_once(*asking):
        if first:
            raise first.pop()
        return holds(*asking)

    monkeypatch.setattr(openings, "_holds", refused_once)
    number = await asked(workshop, workshop.plugin.count, day=DAY, at=LONG_AGO)
    assert await run_now(number)
    row = await workshop.job(number)
    assert (row["state"], row["attempts"], row["error"]) == ("queued", 0, "")
    assert row["due"] > dt.datetime.now(dt.UTC)
    await workshop.change(number, due=LONG_AGO)
    await work_off()
    assert (await workshop.job(number))["state"] == "done"
