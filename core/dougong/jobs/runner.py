"""Runs jobs: takes one by its row, does it as the person who asked, and writes down what became of it.

The coroutine runs on the loop of whoever calls, so it shares the database's connections and everything kept in memory
with the requests. What blocks the loop for too long is cut; a job hands such work to a thread (`asyncio.to_thread`).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import logging
import uuid
from collections.abc import Mapping
from typing import Any

from dougong.access.openings import AskedTooOften
from dougong.access.principal import acting_as, system
from dougong.db import transaction
from dougong.errors import DougongError, Unavailable
from dougong.i18n import Text, _, company_zone, current_locale, speaking
from dougong.jobs.steps import LEASE, Cancelled, LeaseLost, Running, Step, SwitchedOff, running_as
from dougong.jobs.tables import CANCELLED, DONE, OFF, PARKED, QUEUED, RUNNING, JobRow
from dougong.plugin.budget import OutOfTime, within
from dougong.plugin.failures import record_failure
from dougong.plugin.snapshot import pinned, served_snapshot

__all__ = ["due_jobs", "run_now", "underway", "work_off"]

BEAT = 3.0
"""Seconds between two signs of life."""
BLOCKS = 5.0
"""Seconds a job may hold up everybody without waiting for anything."""
GRACE = 1.0
"""Seconds a job has to tidy up when its process ends."""
LONGEST_PAUSE = dt.timedelta(minutes=5)
_WHY = "run jobs"
_ONLY = frozenset({"dougong_job"})
_UNFORESEEN = _("It failed in a way its plugin didn't foresee.")
_FREE: dict[Any, Any] = {JobRow.lease: None, JobRow.lease_until: None}

log = logging.getLogger("dougong.jobs")
_underway: set[int] = set()


def underway() -> frozenset[int]:
    """The jobs this process is at."""
    return frozenset(_underway)


async def work_off(limit: int = 1000) -> int:
    """Do what is due, one after the other, here and now; answers how many were begun. For commands and tests."""
    begun = 0
    while begun < limit and (due := await due_jobs(1)):
        begun += await run_now(due[0])
    return begun


async def due_jobs(limit: int) -> list[int]:
    """The jobs somebody may take now, the longest waiting first; without those this process is at."""
    with acting_as(system(_WHY, _ONLY)):
        rows = await JobRow.select(JobRow.id).where(_may_be_taken()).order_by(JobRow.due).limit(limit + len(_underway))
    return [row["id"] for row in rows if row["id"] not in _underway][:limit]


def _may_be_taken() -> Any:
    now = dt.datetime.now(dt.UTC)
    waiting = (JobRow.state == QUEUED) & (JobRow.due <= now)
    stranded = (JobRow.state == RUNNING) & (JobRow.lease_until < now)
    return waiting | stranded


async def run_now(number: int) -> bool:
    """Do one job, if it may be taken; answers whether it was begun."""
    run = await _take(number)
    if run is None:
        return False
    _underway.add(number)
    try:
        with speaking(run.locale or current_locale(), company_zone()):
            await _attempt(run)
    finally:
        _underway.discard(number)
    return True


# ------------------------------------------------------------------ taking


async def _take(number: int) -> Running | None:
    """Hold the job; None when somebody else does, or when it is parked instead. The attempt counts from here."""
    async with transaction():
        with acting_as(system(_WHY, _ONLY)):
            row = await JobRow.select().where((JobRow.id == number) & _may_be_taken()).first()
            if row is None:
                return None
            values = _as_taken(row)
            same = (JobRow.id == number) & (JobRow.attempts == row["attempts"]) & _may_be_taken()
            mine = await JobRow.update(values).where(same).returning(JobRow.id)
    return _running_from(row, values) if mine and values[JobRow.state] == RUNNING else None


def _as_taken(row: Mapping[str, Any]) -> dict[Any, Any]:
    """What becomes of a row that is taken: it runs, or it is parked because it can't."""
    now = dt.datetime.now(dt.UTC)
    snapshot = served_snapshot()
    job = snapshot.jobs.get((row["plugin"], row["name"]))
    if row["cancel"] is not None:
        return {JobRow.state: CANCELLED, JobRow.unique_key: None, JobRow.ended: now, **_FREE}
    if job is None and row["plugin"] not in snapshot.plugins:
        return {JobRow.state: OFF, **_FREE}
    if job is None:
        return _parked(_("Its plugin has no such job any more."))
    if row["attempts"] >= job.attempts:
        return _parked(_("It was interrupted %(count)s times and came no further.", count=row["attempts"]))
    return {
        JobRow.state: RUNNING,
        JobRow.attempts: row["attempts"] + 1,
        JobRow.lease: uuid.uuid4().hex,
        JobRow.lease_until: now + LEASE,
        JobRow.heartbeat: now,
        JobRow.started: row["started"] or now,
    }


def _parked(why: Text) -> dict[Any, Any]:
    now = dt.datetime.now(dt.UTC)
    return {JobRow.state: PARKED, JobRow.error: why.dump(), JobRow.line: "", JobRow.ended: now, **_FREE}


def _running_from(row: Mapping[str, Any], values: Mapping[Any, Any]) -> Running:
    reached = Step(json.loads(row["cursor"] or "null"), row["done"], row["total"], Text.load(row["words"]))
    return Running(
        id=row["id"],
        plugin=row["plugin"],
        job=served_snapshot().jobs[row["plugin"], row["name"]],
        arguments=row["arguments"],
        user=row["by_user"],
        lease=values[JobRow.lease],
        locale=row["locale"],
        batch=row["batch"],
        attempts=values[JobRow.attempts],
        reached=reached,
    )


# ------------------------------------------------------------------ running


async def _attempt(run: Running) -> None:
    """Run the job in a task of its own, and show that it lives."""
    work = asyncio.create_task(_work(run), name=f"job {run.id}")
    stop: BaseException | None = None
    try:
        while not (await asyncio.wait({work}, timeout=BEAT))[0]:
            if stop is None and (stop := await _beat(run)) is not None:
                work.cancel()
    except asyncio.CancelledError:
        work.cancel()
        await asyncio.wait({work}, timeout=GRACE)
        if work.cancelled():
            await _write(run, {JobRow.state: QUEUED, JobRow.attempts: run.attempts - 1, **_FREE})
        raise
    if work.cancelled():
        await _note(run, stop or OutOfTime("it cancelled itself"))
    else:
        await _note(run, work.exception())


async def _work(run: Running) -> None:
    running_as(run)
    with pinned(served_snapshot()), acting_as(await run.principal()):
        arguments = run.job.read(json.loads(run.arguments))
        await within(run.job.minutes * 60, run.job.run(**arguments), step=BLOCKS)


async def _beat(run: Running) -> BaseException | None:
    """A sign of life; answers what ends the job, if something does."""
    try:
        await run.keep({})
        run.check()
    except (LeaseLost, Cancelled, SwitchedOff) as end:
        return end
    except Unavailable as err:  # the job itself may be writing, or the database away: nobody else can take it then
        log.warning("job %s can't show that it lives: %s", run.id, err)
    return None


# ------------------------------------------------------------------ what became of it


async def _note(run: Running, error: BaseException | None) -> None:
    now = dt.datetime.now(dt.UTC)
    if error is None:
        await _write(run, {JobRow.state: DONE, JobRow.ended: now, JobRow.error: "", JobRow.line: "", **_FREE})
    elif isinstance(error, Cancelled):
        await _write(run, {JobRow.state: CANCELLED, JobRow.ended: now, JobRow.unique_key: None, **_FREE})
    elif isinstance(error, SwitchedOff):
        await _write(run, {JobRow.state: OFF, JobRow.attempts: run.attempts - 1, **_FREE})
    elif isinstance(error, AskedTooOften):  # no failure: it goes on when it may ask again
        again = now + dt.timedelta(seconds=error.seconds)
        await _write(run, {JobRow.state: QUEUED, JobRow.attempts: run.attempts - 1, JobRow.due: again, **_FREE})
    elif isinstance(error, LeaseLost):
        log.warning("job %s is somebody else's by now", run.id)
    elif isinstance(error, (KeyboardInterrupt, SystemExit)):
        raise error
    else:
        await _write(run, _failed(run, error))


def _failed(run: Running, error: BaseException) -> dict[Any, Any]:
    """Tried again a little later; parked when that was the last attempt, or when another can't better it."""
    failure = record_failure(run.plugin, f"the job {run.job.name}", error, run.job.run.__module__.partition(".")[0])
    words = str(error) if isinstance(error, DougongError) else _UNFORESEEN.dump()  # here in the language of who asked
    line = "\n".join(filter(None, [failure.error, failure.line]))
    told: dict[Any, Any] = {JobRow.error: words, JobRow.line: line}
    now = dt.datetime.now(dt.UTC)
    if run.attempts >= run.job.attempts or _is_final(error):
        return {JobRow.state: PARKED, JobRow.ended: now, **told, **_FREE}
    pause = min(dt.timedelta(seconds=2**run.attempts), LONGEST_PAUSE)
    return {JobRow.state: QUEUED, JobRow.due: now + pause, **told, **_FREE}


def _is_final(error: BaseException) -> bool:
    """Whether it is about what was asked for, and not about this moment."""
    return isinstance(error, DougongError) and error.status in (400, 403, 404)


async def _write(run: Running, values: Mapping[Any, Any]) -> None:
    """As far as the job is still ours. If the database is away, the lease ends and the job runs again."""
    mine = (JobRow.id == run.id) & (JobRow.lease == run.lease)
    try:
        with acting_as(system(_WHY, _ONLY)):
            await JobRow.update(dict(values)).where(mine)
    except Exception:
        log.exception("what became of job %s can't be written down; it will run again", run.id)
