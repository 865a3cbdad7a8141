"""What people see of jobs, and what they may do about one: their own, or everybody's with the right to keep them."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current, system
from dougong.access.rights import may_do, need
from dougong.db import after_commit, transaction
from dougong.errors import NotFound, Refused
from dougong.i18n import Text, _
from dougong.jobs.queue import tell
from dougong.jobs.tables import CANCELLED, OFF, PARKED, QUEUED, RUNNING, JobRow
from dougong.plugin.snapshot import current_snapshot
from dougong.records.batches import names_of

__all__ = ["MANAGE", "STATES", "Seen", "cancel_job", "job_if_known", "job_seen", "jobs_seen", "retry_job"]

MANAGE = "jobs.manage"
STATES: Mapping[str, Collection[str]] = {
    "active": (QUEUED, RUNNING),
    "parked": (PARKED,),
}
"""What one looks for, besides everything."""
_WHY = "show people their jobs and stop them"
_ONLY = frozenset({"dougong_job"})
_OPEN = (QUEUED, RUNNING, PARKED, OFF)


@dataclass(frozen=True)
class Seen:
    """A job as people see it. `detail` is for whoever keeps jobs; `by` is "" for nobody."""

    id: int
    plugin: str
    name: str
    label: Text
    state: str
    by: str
    attempts: int
    done: int
    total: int | None
    words: Text | str
    error: Text | str
    detail: str
    created: dt.datetime
    started: dt.datetime | None
    ended: dt.datetime | None
    batch: str | None
    cancelling: bool
    may_cancel: bool
    may_retry: bool

    @property
    def is_active(self) -> bool:
        return self.state in (QUEUED, RUNNING)


async def jobs_seen(
    which: str = "", *, before: int | None = None, limit: int = 50
) -> tuple[Sequence[Seen], int | None]:
    """The newest first, and where to go on. `which` is one of `STATES`, "" for all."""
    where: Any = _visible()
    if which in STATES:
        where = where & JobRow.state.is_in(list(STATES[which]))
    if before is not None:
        where = where & (JobRow.id < before)
    with acting_as(system(_WHY, _ONLY)):
        rows = await JobRow.select().where(where).order_by(JobRow.id, ascending=False).limit(limit + 1)
    return await _seen(rows[:limit]), rows[limit - 1]["id"] if len(rows) > limit else None


async def job_seen(number: int) -> Seen:
    """One job; NotFound when there is none, it is somebody else's, or its plugin is off."""
    where = (JobRow.id == number) & _visible()
    with acting_as(system(_WHY, _ONLY)):
        rows = await JobRow.select().where(where)
    if not rows:
        raise NotFound
    return (await _seen(rows))[0]


async def job_if_known(number: int | None) -> Seen | None:
    """The same; None without a number, and for one that ended so long ago that it is known no more."""
    try:
        return await job_seen(number) if number is not None else None
    except NotFound:
        return None


async def cancel_job(number: int) -> None:
    """Have a job stopped: at once when it isn't running, else at its next step. Raises NotFound, Refused."""
    seen = await job_seen(number)
    now = dt.datetime.now(dt.UTC)
    gone: dict[Any, Any] = {JobRow.state: CANCELLED, JobRow.ended: now, JobRow.unique_key: None, JobRow.cancel: now}
    with acting_as(system(_WHY, _ONLY)):
        async with transaction():
            resting = JobRow.state.is_in([QUEUED, PARKED, OFF])
            done = await JobRow.update(gone).where((JobRow.id == seen.id) & resting).returning(JobRow.id)
            if not done:
                asked: dict[Any, Any] = {JobRow.cancel: now}
                is_running = (JobRow.id == seen.id) & (JobRow.state == RUNNING)
                done = await JobRow.update(asked).where(is_running).returning(JobRow.id)
    if not done:
        raise Refused(_("This job has ended already."))


async def retry_job(number: int) -> None:
    """Have a parked job tried again, from where it got to. Raises Forbidden, NotFound, Refused."""
    need(MANAGE)
    seen = await job_seen(number)
    again: dict[Any, Any] = {
        JobRow.state: QUEUED,
        JobRow.attempts: 0,
        JobRow.due: dt.datetime.now(dt.UTC),
        JobRow.ended: None,
        JobRow.cancel: None,
    }
    async with transaction():
        with acting_as(system(_WHY, _ONLY)):
            parked = (JobRow.id == seen.id) & (JobRow.state == PARKED)
            done = await JobRow.update(again).where(parked).returning(JobRow.id)
        if not done:
            raise Refused(_("Only a parked job can be tried again."))
        after_commit(lambda: tell(seen.id))


def _visible() -> Any:
    """Those of plugins that are on: one's own, or everybody's."""
    on = JobRow.plugin.is_in(list(current_snapshot().plugins))
    return on if may_do(current(), MANAGE) else on & (JobRow.by_user == current().user)


async def _seen(rows: Sequence[Mapping[str, Any]]) -> list[Seen]:
    names = await names_of({(row["by_user"], row["by_staff"]) for row in rows})
    keeps = may_do(current(), MANAGE)
    return [_one(row, names[row["by_user"], row["by_staff"]], keeps=keeps) for row in rows]


def _one(row: Mapping[str, Any], by: str, *, keeps: bool) -> Seen:
    job = current_snapshot().jobs.get((row["plugin"], row["name"]))
    label = job.title(json.loads(row["arguments"])) if job else Text(row["name"], "dougong")
    return Seen(
        **{key: row[key] for key in ("id", "plugin", "name", "state", "attempts", "done", "total", "batch")},
        **{key: row[key] for key in ("created", "started", "ended")},
        label=label,
        by=by,
        words=Text.load(row["words"]),
        error=Text.load(row["error"]),
        detail=row["line"] if keeps else "",
        cancelling=row["cancel"] is not None and row["state"] == RUNNING,
        may_cancel=row["state"] in _OPEN and row["cancel"] is None,
        may_retry=keeps and row["state"] == PARKED,
    )
