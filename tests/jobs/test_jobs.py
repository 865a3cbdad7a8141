"""Asking for a job and what becomes of it: one row, written with what it belongs to."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.db import transaction
from dougong.errors import Invalid, NotFound
from dougong.i18n import _
from dougong.jobs import enqueue, job, work_off
from dougong.records import desk

DAY = dt.date(2026, 3, 2)


async def test_a_job_is_done_as_who_asked_for_it(workshop):
    made_up = workshop.plugin
    async with workshop.company.world.acting("wangfang") as wangfang:
        await desk.create(made_up.Bench, {"name": "hers"})
        number = await enqueue(made_up.polish, day=DAY)
    async with workshop.company.world.acting("lilei"):
        await desk.create(made_up.Bench, {"name": "his"})
    assert await work_off() == 1
    assert made_up.done == [(DAY, wangfang.user, 1)]
    row = await workshop.job(number)
    assert (row["state"], row["attempts"], row["lease"]) == ("done", 1, None)
    assert row["ended"] >= row["started"] >= row["created"]


async def test_a_transaction_that_is_rolled_back_leaves_no_job(workshop):
    made_up = workshop.plugin
    async with workshop.company.world.acting("wangfang"):
        with pytest.raises(RuntimeError):
            async with transaction():
                await desk.create(made_up.Bench, {"name": "never"})
                await enqueue(made_up.polish, day=DAY)
                raise RuntimeError("the power went")
        assert await made_up.Bench.count() == 0
    assert await workshop.jobs() == []
    assert await work_off() == 0


async def test_a_job_that_is_asked_for_twice_is_done_once(workshop):
    made_up = workshop.plugin
    async with workshop.company.world.acting("wangfang"):
        first = await enqueue(made_up.polish, day=DAY)
        assert await enqueue(made_up.polish, day=DAY) == first
        other = await enqueue(made_up.polish, day=DAY + dt.timedelta(days=1))
    assert await work_off() == 2
    async with workshop.company.world.acting("wangfang"):
        assert await enqueue(made_up.polish, day=DAY) == first
    assert [row["id"] for row in await workshop.jobs()] == [first, other]
    assert await work_off() == 0


async def test_wrong_arguments_are_refused_when_the_job_is_asked_for(workshop):
    async with workshop.company.world.acting("wangfang"):
        with pytest.raises(Invalid) as refused:
            await enqueue(workshop.plugin.polish, day="no day")
    assert [problem.field for problem in refused.value.problems] == ["day"]
    assert await workshop.jobs() == []


async def test_a_job_of_a_plugin_that_is_off_is_not_taken(workshop):
    from dougong.plugin.state import disable

    async with workshop.company.world.acting("admin"):
        await disable("workshop")
        with pytest.raises(NotFound):
            await enqueue(workshop.plugin.polish, day=DAY)


@job(label=_("Report of %(day)s"), unique="{words}-{day}")
async def report(day: dt.date, words: str = "") -> None:
    """Reports nothing."""


@job(label=_("100% of it"))
async def all_of_it() -> None:
    """Does all of it."""


def test_a_job_is_called_by_its_label_with_the_arguments_this_names():
    assert str(report.title(report.stored(DAY))) == "Report of 2026-03-02"
    assert str(all_of_it.title(all_of_it.stored())) == "100% of it"


def test_keys_stay_short_and_tell_long_arguments_apart():
    one, other = (report.key(report.stored(DAY, words="long" * 100 + more)) for more in ("", "er"))
    assert len(one) == len(other) < 100
    assert one != other
    assert report.key(report.stored(DAY, "a")) == "a-2026-03-02"
