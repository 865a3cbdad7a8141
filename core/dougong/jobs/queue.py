"""Asking for a job: a row in the transaction of whoever asks, and a word to the workers once that is committed."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec

from dougong.access.principal import acting_as, current
from dougong.access.services.principals import on_behalf
from dougong.db import after_commit, transaction
from dougong.errors import NotFound
from dougong.i18n import current_locale
from dougong.jobs.declarations import Job
from dougong.jobs.tables import JobRow
from dougong.plugin.snapshot import current_snapshot

__all__ = ["enqueue", "tell", "workers_are", "write_down"]

P = ParamSpec("P")
_WHY = "write down what is to be done"
_ONLY = frozenset({"dougong_job"})

_tell: Callable[[int], None] | None = None


async def enqueue(job: Job[P], *args: P.args, **kwargs: P.kwargs) -> int:
    """Ask for a job as the acting person, in the transaction there is; answers its number.

    Nothing is done before that transaction is committed, and never if it is rolled back. Of jobs with the same unique key
    there is one: asking again answers the number of the first, until somebody cancels it. Raises Invalid for wrong
    arguments, NotFound when the job's plugin is off.
    """
    plugin = _plugin_of(job)
    arguments = job.stored(*args, **kwargs)
    key = job.key(arguments)
    return await write_down(plugin, job, arguments, f"{plugin}.{job.name}:{key}" if key else None)


def _plugin_of(job: Job[Any]) -> str:
    for (plugin, _name), known in current_snapshot().jobs.items():
        if known is job:
            return plugin
    raise NotFound


async def write_down(plugin: str, job: Job[Any], arguments: Mapping[str, Any], key: str | None) -> int:
    """The row, and the word to the workers. With a key that is taken, the number of the job that has it."""
    who, now = current(), dt.datetime.now(dt.UTC)
    row = JobRow(
        plugin=plugin,
        name=job.name,
        arguments=json.dumps(arguments, ensure_ascii=False),
        by_user=who.user,
        by_staff=who.staff,
        locale=current_locale(),
        unique_key=key,
        batch=uuid.uuid4().hex if job.one_batch else None,
        due=now,
        created=now,
    )
    async with transaction():
        with acting_as(on_behalf(_WHY, _ONLY)):
            made = await JobRow.insert(row).on_conflict(JobRow.unique_key, "DO NOTHING").returning(JobRow.id)
            if not made:
                made = await JobRow.select(JobRow.id).where(JobRow.unique_key == key)
        number = int(made[0]["id"])
        after_commit(lambda: tell(number))
    return number


def workers_are(listener: Callable[[int], None] | None) -> None:
    """Who is told of jobs in this process; None where it has no workers: those of another find the row."""
    global _tell
    _tell = listener


def tell(number: int) -> None:
    """Say that a job may be begun."""
    if _tell is not None:
        _tell(number)
