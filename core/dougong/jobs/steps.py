"""What a running job does with its row: steps that keep how far it got with what they wrote, and the word to stop.

Whoever lost the lease (it was silent for too long, and another runs the job by now) can't end a step: what it wrote goes
back with it. So no step is ever done twice.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from dougong.access.principal import Principal, acting_as, system
from dougong.access.services.principals import principal_of
from dougong.db import current_transaction, transaction
from dougong.i18n import Text
from dougong.jobs.declarations import Job
from dougong.jobs.tables import RUNNING, JobRow
from dougong.plugin.snapshot import pinned, served_snapshot

__all__ = ["LEASE", "Cancelled", "Ended", "LeaseLost", "Running", "Step", "SwitchedOff", "at_work", "progress", "step"]

LEASE = dt.timedelta(seconds=10)
"""So long after the last sign of life another process may take a job."""
_WHY = "keep how far a job got"
_ONLY = frozenset({"dougong_job"})


class Ended(BaseException):
    """The job is to stop here. No Exception, so that a broad `except` in its code can't swallow it."""


class Cancelled(Ended):
    """Somebody asked for its end."""


class SwitchedOff(Ended):
    """Its plugin is off."""


class LeaseLost(Ended):
    """Somebody else runs it by now."""


@dataclass
class Step:
    """How far a job got: `cursor` is where it goes on, in its own terms (anything JSON can hold; None at the start).

    `done` of `total` and `words` are for people who watch. What is set inside a step is kept when the step ends well.
    """

    cursor: Any = None
    done: int = 0
    total: int | None = None
    words: Text | str = ""


@dataclass
class Running:
    """A job in the hands of this process."""

    id: int
    plugin: str
    job: Job[Any]
    arguments: str
    user: int
    lease: str
    locale: str = ""
    batch: str | None = None
    attempts: int = 1
    cancel: bool = False
    reached: Step = field(default_factory=Step)

    def check(self) -> None:
        """Raises what ends the job, if something does."""
        if self.cancel:
            raise Cancelled
        if (self.plugin, self.job.name) not in served_snapshot().jobs:
            raise SwitchedOff

    async def principal(self) -> Principal:
        """Who it runs as, with the rights of now. Forbidden when the account is closed."""
        return await principal_of(self.user) if self.user else NOBODY

    async def keep(self, values: dict[Any, Any]) -> None:
        """Write to the row and hold on to it, in the transaction there is. Raises LeaseLost."""
        now = dt.datetime.now(dt.UTC)
        mine = (JobRow.id == self.id) & (JobRow.lease == self.lease) & (JobRow.state == RUNNING)
        alive: dict[Any, Any] = {JobRow.heartbeat: now, JobRow.lease_until: now + LEASE}
        with acting_as(system(_WHY, _ONLY)):
            kept = await JobRow.update({**alive, **values}).where(mine).returning(JobRow.cancel)
        if not kept:
            raise LeaseLost
        self.cancel = kept[0]["cancel"] is not None


NOBODY = Principal(user=0, version=("nobody",))
"""Whom a job runs as that nobody asked for: it sees what the openings it enters show, and writes nothing by itself."""

_running: ContextVar[Running | None] = ContextVar("running", default=None)


def running_as(run: Running) -> None:
    """From here on, in this task, steps are those of this job."""
    _running.set(run)


def at_work() -> Step:
    """How far the running job got by its last step: where a first look for what is left to do begins."""
    return replace(_current().reached)


@asynccontextmanager
async def step(reason: Text | str | None = None) -> AsyncIterator[Step]:
    """One step of the running job: a transaction with the rights and plugins of now, kept together with how far it got.

        async with step() as work:
            rows = lines[work.cursor or 0:][:500]
            await desk.create_many(Customer, rows)
            work.cursor = (work.cursor or 0) + len(rows)

    A step that fails leaves everything as it was before it. When the job is to stop (cancelled, its plugin switched off)
    the next step doesn't begin. `reason` goes into the change log, by default the job's label.
    """
    run = _current()
    if current_transaction() is not None:
        raise RuntimeError("a step is a transaction of its own")
    run.check()
    taken = replace(run.reached)
    with pinned(served_snapshot()), acting_as(await run.principal()):
        async with transaction(reason or run.job.label, batch=run.batch):
            yield taken
            await run.keep(_changes(run.reached, taken))
    if taken.cursor != run.reached.cursor:
        run.attempts = 1
    run.reached = taken
    await asyncio.sleep(0)  # requests have their turn


async def progress(*, done: int | None = None, total: int | None = None, words: Text | str | None = None) -> None:
    """Tell people how far it is, between steps. The job ends here when it is to stop."""
    run = _current()
    if current_transaction() is not None:
        raise RuntimeError("a step tells how far it is by itself")
    run.check()
    said: dict[str, Any] = {"done": done, "total": total, "words": words}
    told = replace(run.reached, **{name: value for name, value in said.items() if value is not None})
    await run.keep(_changes(run.reached, told))
    run.reached = told
    run.check()


def _current() -> Running:
    run = _running.get()
    if run is None:
        raise RuntimeError("no job is running here")
    return run


def _changes(before: Step, after: Step) -> dict[Any, Any]:
    """What to write of it. A job that came further has all its attempts again: what fails now is something else."""
    words = after.words.dump() if isinstance(after.words, Text) else after.words
    values: dict[Any, Any] = {JobRow.done: after.done, JobRow.total: after.total, JobRow.words: words}
    if after.cursor != before.cursor:
        values |= {JobRow.cursor: json.dumps(after.cursor, ensure_ascii=False), JobRow.attempts: 1}
    return values
