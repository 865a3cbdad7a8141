"""The switchboard of this process: what is installed, what the database says is on, and the snapshot that follows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from dougong.access.principal import acting_as, system
from dougong.access.version import Versions, versions
from dougong.db import registry
from dougong.db.attaching import detach
from dougong.plugin.discovery import Installed
from dougong.plugin.lookups import load_options
from dougong.plugin.manifest import Plugin
from dougong.plugin.processes import Presence
from dougong.plugin.settings import load_settings
from dougong.plugin.snapshot import Snapshot, install, maybe_snapshot
from dougong.plugin.tables import PluginState
from dougong.records.definitions import attach_definitions, read_definitions
from dougong.records.templates import read_layouts

__all__ = ["Board", "States", "board", "put_up", "read_states"]

POLL = 0.25
"""Seconds between two looks at the epoch."""

States = Mapping[str, Mapping[str, Any]]
"""What the database says of each plugin that was ever on, by name."""

log = logging.getLogger("dougong.plugin")


class Board:
    """Follows the epoch. `presence` is None where nothing is served, in a command for instance."""

    def __init__(self, core: Plugin, installed: Installed, presence: Presence | None = None) -> None:
        self.core = core
        self.installed = installed
        self.presence = presence
        self._seen: Versions | None = None
        self._one_at_a_time = asyncio.Lock()

    async def snapshot(self, epoch: int, on: Sequence[str]) -> Snapshot:
        """What is served when these are on: without those that fail, or need one that is not on."""
        served: list[Plugin] = [self.core]
        names: set[str] = set()
        for loaded in self.installed.working:
            if loaded.plugin and loaded.name in on and names.issuperset(loaded.plugin.requirements):
                served.append(loaded.plugin)
                names.add(loaded.name)
        added = await read_definitions()
        for definitions in added.values():
            attach_definitions(definitions)
        return Snapshot.of(epoch, served, added, await read_layouts())

    async def refresh(self) -> None:
        """Look at the counters and catch up; requests under way keep the snapshot they pinned."""
        now = await versions()
        if now == self._seen:
            return
        async with self._one_at_a_time:
            while now != self._seen:
                await self._catch_up(now)
                self._seen = now
                now = await versions()

    async def _catch_up(self, now: Versions) -> None:
        await load_options()
        await load_settings()
        served = maybe_snapshot()
        if self._seen is not None and served is not None and now.epoch == self._seen.epoch:
            return
        states = await read_states()
        self._forget_columns(states)
        fresh = await self.snapshot(now.epoch, enabled_in(states))
        _ = fresh.hooks  # made here, not in the first request's time
        install(fresh)
        registry.touch()  # what was worked out meanwhile went by the one before
        if self.presence:
            await self.presence.serve(now.epoch)

    def _forget_columns(self, states: States) -> None:
        """A plugin that was uninstalled took the fields the company added to its records along."""
        for loaded in self.installed.plugins.values():
            if loaded.plugin and loaded.name not in states:
                for record in loaded.plugin.records:
                    detach(record.table)

    async def follow(self) -> None:
        """Keep up for as long as the process serves; a database that is away for a while is waited for."""
        away = False
        while True:
            await asyncio.sleep(POLL)
            try:
                await self.refresh()
                if self.presence and self._seen:
                    await self.presence.beat(self._seen.epoch)
                away = False
            # The task must outlive whatever the database does; requests report it themselves.
            except Exception:
                if not away:
                    log.exception("can't read which plugins are on; trying again")
                away = True


async def read_states() -> States:
    """The stored state of each plugin that was ever on."""
    with acting_as(system("read which plugins are on", frozenset({"core_plugin"}))):
        rows = await PluginState.select()
    return {row["name"]: row for row in rows}


def enabled_in(states: States) -> Sequence[str]:
    return [name for name, state in states.items() if state["enabled"]]


_board: Board | None = None


def put_up(new: Board | None) -> None:
    """Make it this process's board; None when the house closes."""
    global _board
    _board = new


def board() -> Board:
    """This process's board. RuntimeError before the house is open."""
    if _board is None:
        raise RuntimeError("no switchboard: the house is not open")
    return _board
