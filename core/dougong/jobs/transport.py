"""How a job's number reaches a worker: dramatiq, with a broker in this process's memory.

A worker's thread hands the job to the loop that serves requests and waits for its end, so there are never more jobs at
once than threads. What is in memory only may be lost at any time: the row is the truth, and the sweeper sends it again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError

import dramatiq
from dramatiq.brokers.stub import StubBroker

__all__ = ["InProcess"]

THREADS = 2
"""Jobs at once: enough that a long one doesn't hold up the short ones."""
IDLE = 300
"""Milliseconds after which an idle thread looks whether it is to end."""

log = logging.getLogger("dougong.jobs")


class InProcess:
    """A broker and its workers, on the running loop. `run` does the job of a number."""

    def __init__(self, run: Callable[[int], Awaitable[object]]) -> None:
        self._run = run
        self._loop = asyncio.get_running_loop()
        self._sent: set[int] = set()
        logging.getLogger("dramatiq").setLevel(logging.WARNING)
        broker = StubBroker(middleware=[])
        declared = dramatiq.actor(broker=broker, actor_name="dougong", queue_name="dougong")
        self._actor = declared(self._work)
        self._worker = dramatiq.Worker(broker, worker_threads=THREADS, worker_timeout=IDLE)
        self._worker.start()

    def send(self, number: int) -> None:
        """Have a job done; a number that is on its way already isn't sent twice."""
        if number not in self._sent:
            self._sent.add(number)
            self._actor.send(number)

    def _work(self, number: int) -> None:
        """In a worker's thread."""
        try:
            asyncio.run_coroutine_threadsafe(self._perform(number), self._loop).result()
        except CancelledError:
            log.info("job %s was stopped with the process", number)

    async def _perform(self, number: int) -> None:
        self._sent.discard(number)
        try:
            await self._run(number)
        except Exception:  # of the database: the row is as it was, and sent again
            log.exception("job %s can't be run now", number)

    async def stop(self) -> None:
        """End the threads; what they wait for must have ended before."""
        await asyncio.to_thread(self._worker.stop, 1000)
