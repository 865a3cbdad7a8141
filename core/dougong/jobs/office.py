"""Where jobs are done in a serving process: workers, and the round that finds what nobody was told of."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from typing import TYPE_CHECKING, Any

from dougong.access.principal import acting_as, system
from dougong.i18n import speaking
from dougong.jobs.queue import workers_are
from dougong.jobs.runner import due_jobs, run_now
from dougong.jobs.schedules import ask_for_due
from dougong.jobs.tables import CANCELLED, DONE, OFF, QUEUED, JobRow
from dougong.plugin.snapshot import served_snapshot

if TYPE_CHECKING:
    from dougong.config import Config
    from dougong.jobs.transport import InProcess

__all__ = ["Office", "wake"]

ROUND = 2.0
"""Seconds between two rounds."""
TIDY = 3600.0
"""Seconds between two times old records are removed."""
AT_ONCE = 100
KEPT = dt.timedelta(days=30)
"""So long the record of a job that ended well, or was cancelled, is kept."""
_WHY = "look after jobs"
_ONLY = frozenset({"dougong_job"})

log = logging.getLogger("dougong.jobs")


class Office:
    """The workers of this process. `open` it once the house serves; `close` before the database goes."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._workers: InProcess | None = None
        self._rounds: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._tidy = 0.0

    def open(self) -> None:
        self._rounds = asyncio.create_task(self._keep_on(), name="look after jobs")

    async def close(self) -> None:
        """Stop what is running; it goes back into the queue, to be gone on with by whoever serves next."""
        self._closing = True
        workers_are(None)
        tasks = [*self._running, *([self._rounds] if self._rounds else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._workers is not None:
            await self._workers.stop()

    async def _keep_on(self) -> None:
        # Loading dramatiq takes a while; the first page doesn't wait for it.
        transport = await asyncio.to_thread(__import__, "dougong.jobs.transport", fromlist=["InProcess"])
        self._workers = transport.InProcess(self._run)
        workers_are(self._workers.send)
        away = False
        while True:
            try:
                with speaking(self._config.language, self._config.zone):
                    await self._go_round(self._workers)
                away = False
            # The rounds must outlive whatever the database does.
            except Exception:
                if not away:
                    log.exception("can't look after jobs; trying again")
                away = True
            await asyncio.sleep(ROUND)

    async def _go_round(self, workers: InProcess) -> None:
        await wake()
        await ask_for_due()
        if time.monotonic() >= self._tidy:
            self._tidy = time.monotonic() + TIDY
            await _forget_old()
        for number in await due_jobs(AT_ONCE):
            workers.send(number)

    async def _run(self, number: int) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._closing:
            return
        self._running.add(task)
        try:
            with speaking(self._config.language, self._config.zone):
                await run_now(number)
        finally:
            self._running.discard(task)


async def wake() -> None:
    """Jobs whose plugin is on again go on."""
    on = list(served_snapshot().plugins)
    with acting_as(system(_WHY, _ONLY)):
        sleeping: dict[Any, Any] = {JobRow.state: QUEUED, JobRow.due: dt.datetime.now(dt.UTC)}
        if await JobRow.exists().where((JobRow.state == OFF) & JobRow.plugin.is_in(on)):
            await JobRow.update(sleeping).where((JobRow.state == OFF) & JobRow.plugin.is_in(on))


async def _forget_old() -> None:
    """Remove the records of jobs that ended long ago."""
    with acting_as(system(_WHY, _ONLY)):
        over = JobRow.state.is_in([DONE, CANCELLED]) & (JobRow.ended < dt.datetime.now(dt.UTC) - KEPT)
        await JobRow.delete().where(over)
