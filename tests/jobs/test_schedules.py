"""What is due by itself: once, in the company's time zone, as nobody; what was missed, once; nothing while paused."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from dougong.access.principal import acting_as, system
from dougong.errors import Forbidden
from dougong.i18n import speaking
from dougong.jobs import Schedule, job, schedules, work_off
from dougong.jobs.schedules import ask_for_due, next_after, pause_schedule, resume_schedule, schedules_seen
from dougong.jobs.tables import ScheduleRow
from dougong.plugin.state import disable, enable
from dougong.records import desk

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


class Clock(dt.datetime):
    """A clock that stands where a test puts it."""

    stands: dt.datetime

    @classmethod
    def now(cls, tz=None):
        return cls.stands.astimezone(tz)


@pytest.fixture
def clock(monkeypatch):
    """`clock(2026, 3, 2, 8, 0)`: the schedules' clock, in Shanghai."""

    class Module:
        datetime, UTC, timedelta, date = Clock, dt.UTC, dt.timedelta, dt.date

    monkeypatch.setattr(schedules, "dt", Module)

    def put(*moment):
        Clock.stands = dt.datetime(*moment, tzinfo=SHANGHAI)

    return put


async def test_a_job_is_due_once_however_many_look(workshop, clock):
    clock(2026, 3, 1, 12, 0)
    await ask_for_due()
    clock(2026, 3, 2, 7, 59, 59)
    await ask_for_due()
    assert await workshop.jobs() == []
    clock(2026, 3, 2, 8, 0)
    for _process in range(3):
        await ask_for_due()
    [row] = await workshop.jobs()
    assert (row["name"], row["by_user"]) == ("count", 0)
    assert row["arguments"] == '{"day": "2026-03-02", "at": "2026-03-02T08:00:00+08:00"}'


async def test_two_processes_that_look_at_the_same_moment_ask_once(workshop, clock, monkeypatch):
    clock(2026, 3, 1, 12, 0)
    await ask_for_due()
    clock(2026, 3, 2, 8, 0)
    before = await schedules._known()
    await ask_for_due()

    async def as_it_was():
        return before

    monkeypatch.setattr(schedules, "_known", as_it_was)
    await ask_for_due()
    assert len(await workshop.jobs()) == 1


async def test_what_was_missed_is_done_once_for_the_last_time_it_was_due(workshop, clock):
    clock(2026, 3, 1, 12, 0)
    await ask_for_due()
    clock(2026, 3, 8, 12, 0)  # a Sunday, after a week in which nothing served
    await ask_for_due()
    await ask_for_due()
    [row] = await workshop.jobs()
    assert '"day": "2026-03-07"' in row["arguments"]
    clock(2026, 3, 9, 8, 1)
    await ask_for_due()
    assert len(await workshop.jobs()) == 2


async def test_it_runs_as_nobody_and_sees_what_its_openings_show(workshop, clock):
    async with workshop.company.world.acting("wangfang"):
        await desk.create(workshop.plugin.Bench, {"name": "hers"})
    clock(2026, 3, 1, 12, 0)
    await ask_for_due()
    clock(2026, 3, 2, 8, 0)
    await ask_for_due()
    await work_off()
    [(day, at, seen, through_the_opening)] = workshop.plugin.done
    assert (day, at) == (dt.date(2026, 3, 2), dt.datetime(2026, 3, 2, 8, 0, tzinfo=SHANGHAI))
    assert (seen, through_the_opening) == (0, 1)


async def test_nobody_writes_nothing(workshop):
    from dougong.jobs.steps import NOBODY

    with acting_as(NOBODY), pytest.raises(Forbidden):
        await desk.create(workshop.plugin.Bench, {"name": "nobody's"})


async def test_a_paused_schedule_is_not_due_and_makes_nothing_up_when_it_is_resumed(workshop, clock):
    clock(2026, 3, 1, 12, 0)
    await ask_for_due()
    async with workshop.company.world.acting("wangfang"):
        with pytest.raises(Forbidden):
            await schedules_seen()
    async with workshop.company.world.acting("admin"):
        [seen] = await schedules_seen()
        assert (await pause_schedule(seen.id)).paused
    clock(2026, 3, 3, 12, 0)
    await ask_for_due()
    assert await workshop.jobs() == []
    async with workshop.company.world.acting("admin"):
        resumed = await resume_schedule(seen.id)
    assert not resumed.paused
    assert resumed.due == dt.datetime(2026, 3, 4, 8, 0, tzinfo=SHANGHAI)
    await ask_for_due()
    assert await workshop.jobs() == []
    clock(2026, 3, 4, 8, 0)
    await ask_for_due()
    assert len(await workshop.jobs()) == 1


async def test_nothing_of_a_plugin_that_is_off_is_due(workshop, clock):
    clock(2026, 3, 1, 12, 0)
    await ask_for_due()
    async with workshop.company.world.acting("admin"):
        await disable("workshop")
        clock(2026, 3, 2, 8, 0)
        await ask_for_due()
        assert await workshop.jobs() == []
        assert await schedules_seen() == []
        await enable("workshop")
    await ask_for_due()
    assert len(await workshop.jobs()) == 1


async def test_a_schedule_follows_the_companys_time_zone(workshop, clock):
    clock(2026, 3, 1, 12, 0)
    await ask_for_due()
    with speaking(None, BERLIN):
        await ask_for_due()
    with acting_as(system("test")):
        [row] = await ScheduleRow.select()
    assert row["due"] == dt.datetime(2026, 3, 2, 8, 0, tzinfo=BERLIN)


@job()
async def nothing() -> None:
    """Does nothing."""


@pytest.mark.parametrize(
    "cron, after, due",
    [
        ("0 8 * * *", "2026-03-28T12:00+01:00", "2026-03-29T08:00+02:00"),
        ("30 2 * * *", "2026-03-28T12:00+01:00", "2026-03-29T03:00+02:00"),  # there is no half past two
        ("30 2 * * *", "2026-10-24T12:00+02:00", "2026-10-25T02:30+02:00"),
        ("30 2 * * *", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"),  # half past two comes twice
        ("0 8 * * mon-sat", "2026-03-07T09:00+01:00", "2026-03-09T08:00+01:00"),
    ],
)
def test_a_day_with_another_hour_has_each_schedule_once(cron, after, due):
    moment = next_after(Schedule(nothing, cron), BERLIN, dt.datetime.fromisoformat(after))
    assert moment == dt.datetime.fromisoformat(due)
