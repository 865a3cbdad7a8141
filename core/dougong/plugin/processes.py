"""Which server processes run, and which epoch each serves."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import platform
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from dougong.access.principal import acting_as, system
from dougong.plugin.tables import Process

__all__ = ["Presence", "RunningProcess", "live_processes", "wait_for_epoch"]

HEARTBEAT = 5.0
FRESH = dt.timedelta(seconds=15)
FORGOTTEN = dt.timedelta(days=1)
_TABLES = frozenset({"core_process"})


@dataclass(frozen=True)
class RunningProcess:
    """A live process, on the host and with the number the operating system knows it by."""

    host: str
    pid: int
    started: dt.datetime
    epoch: int
    seen: dt.datetime


class Presence:
    """This process's own entry in the list, from its start to its end."""

    def __init__(self) -> None:
        self.key = str(uuid.uuid4())
        self._told = -float("inf")

    async def announce(self, epoch: int) -> None:
        """Enter the list, and clear it of what ended without leaving long ago."""
        now = dt.datetime.now(dt.UTC)
        row = Process(key=self.key, host=platform.node()[:200], pid=os.getpid(), started=now, epoch=epoch, seen=now)
        with acting_as(system("listing this process", _TABLES)):
            await Process.delete().where(Process.seen < now - FORGOTTEN)
            await Process.insert(row)
        self._told = time.monotonic()

    async def serve(self, epoch: int) -> None:
        """Say which epoch is served from now on."""
        with acting_as(system("listing this process", _TABLES)):
            await Process.update({Process.epoch: epoch, Process.seen: dt.datetime.now(dt.UTC)}).where(
                Process.key == self.key
            )
        self._told = time.monotonic()

    async def beat(self, epoch: int) -> None:
        """Show that the process lives, if it is time to."""
        if time.monotonic() - self._told >= HEARTBEAT:
            await self.serve(epoch)

    async def leave(self) -> None:
        with acting_as(system("listing this process", _TABLES)):
            await Process.delete().where(Process.key == self.key)


async def live_processes() -> Sequence[RunningProcess]:
    """The processes seen within the last 15 seconds, the oldest first."""
    shown = (Process.host, Process.pid, Process.started, Process.epoch, Process.seen)
    with acting_as(system("listing the processes", _TABLES)):
        rows = (
            await Process.select(*shown).where(Process.seen > dt.datetime.now(dt.UTC) - FRESH).order_by(Process.started)
        )
    return [RunningProcess(**row) for row in rows]


async def wait_for_epoch(epoch: int, seconds: float = 2.0) -> Sequence[RunningProcess]:
    """Wait until every live process serves the epoch, or the time is over; answers those that don't yet."""
    end = time.monotonic() + seconds
    while True:
        behind = [process for process in await live_processes() if process.epoch < epoch]
        if not behind or time.monotonic() >= end:
            return behind
        await asyncio.sleep(0.05)
