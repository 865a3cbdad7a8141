"""Opens the house: database, plugins, guards, tables, snapshot, in this order; and closes it again."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dougong.access.policies import guard_of
from dougong.access.principal import acting_as, system
from dougong.access.services import apply_presets
from dougong.builtin import core
from dougong.db import close_database, open_database, transaction
from dougong.db.attaching import detach_all
from dougong.files.store import Directory
from dougong.i18n import _, speaking
from dougong.jobs.office import Office
from dougong.plugin.board import Board, put_up, read_states
from dougong.plugin.discovery import Installed, LoadedPlugin, discover
from dougong.plugin.epoch import start_counting
from dougong.plugin.failures import record_failure
from dougong.plugin.lookups import seed_options
from dougong.plugin.migration import migrate_core, migrate_plugin
from dougong.plugin.processes import Presence
from dougong.plugin.snapshot import Snapshot, install
from dougong.plugin.state import store_state
from dougong.plugin.trash import empty_trash, keep_archives_in
from dougong.records.attachments import MEGABYTE, Limits, keep_files_in, sweep
from dougong.records.gate import guard
from dougong.records.search_filling import enter
from dougong.records.search_filling import keep_up as fill_search_index
from dougong.records.types import RecordType
from dougong.shaping.pending import keep_up, leave

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dougong.config import Config
    from dougong.db.connections import Engine

__all__ = ["House", "open_house"]

log = logging.getLogger("dougong")
_WHY = "open the house"
_SWEEP_EVERY = 6 * 3600
"""Seconds."""


@dataclass
class House:
    """An open house: what is installed, and what keeps this process up to date."""

    config: Config
    engine: Engine
    board: Board
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    office: Office | None = None

    @property
    def installed(self) -> Installed:
        return self.board.installed

    async def close(self) -> None:
        """Leave the list of processes, stop following, close the database."""
        if self.office:
            await self.office.close()
        await leave()
        for task in self.tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        try:
            if self.board.presence:
                await self.board.presence.leave()
        except Exception:  # the database may be the reason for closing; others notice the silence
            log.exception("can't leave the list of processes")
        put_up(None)
        install(None)
        detach_all()
        keep_files_in(None)
        keep_archives_in(None)
        await close_database(self.engine)


async def open_house(
    config: Config, *, serving: bool = True, installed: Callable[[Config], Installed] | None = None
) -> House:
    """Open the database and load every installed plugin; what fails of a plugin isolates that plugin.

    `serving` enters this process in the list of those that follow switches; a command leaves it False. `installed`
    is what to find the plugins with, by default the entry points of the environment.
    """
    engine = await open_database(config.database_url, pool=config.database_pool)
    try:
        found = installed(config) if installed else discover(core, safe=config.safe)
        board = await _furnish(found, Presence() if serving else None)
    except BaseException:
        put_up(None)
        install(None)
        detach_all()
        await close_database(engine)
        raise
    allowed = Limits(
        config.attachment_megabytes * MEGABYTE, config.attachments_per_record, dt.timedelta(days=config.attachment_days)
    )
    keep_files_in(Directory(config.files), allowed)
    keep_archives_in(config.archives, dt.timedelta(days=config.archive_days))
    house = House(config, engine, board)
    if serving:
        house.tasks.append(asyncio.create_task(board.follow(), name="follow the epoch"))
        house.tasks.append(asyncio.create_task(_sweep_files(), name="sweep the files"))
        house.tasks.append(asyncio.create_task(_fill_fields(config), name="fill added fields"))
        house.tasks.append(asyncio.create_task(fill_search_index(), name="fill the search index"))
        house.office = Office(config)
        house.office.open()
    return house


async def _fill_fields(config: Config) -> None:
    with speaking(config.language, config.zone):
        await keep_up()


async def _sweep_files() -> None:
    while True:
        await asyncio.sleep(_SWEEP_EVERY)
        try:
            log.info("%s files were swept away", await sweep())
            await empty_trash()
        except Exception:  # neither the database nor the disk has to be there at that moment
            log.exception("the files can't be swept now")


async def _furnish(found: Installed, presence: Presence | None) -> Board:
    _guard(core.records)
    for loaded in found.working:
        if loaded.plugin:
            _guard(loaded.plugin.records)
    await migrate_core()
    await enter(core.records)
    await start_counting()
    with acting_as(system(_WHY)):
        found = await _migrate_plugins(found)
        await seed_options(core.lookups)
        await _set_up_core()
    board = Board(core, found, presence)
    put_up(board)
    if presence:
        await presence.announce(0)
    await board.refresh()
    return board


def _guard(records: Iterable[RecordType]) -> None:
    for record in records:
        guard(guard_of(record))  # type: ignore[arg-type]  # frozen; the gate only reads it


async def _migrate_plugins(found: Installed) -> Installed:
    """Bring every plugin that was ever on up to date, off or not, so that switching it on again is instant."""
    states = await read_states()
    for name in [loaded.name for loaded in found.working if loaded.name in states]:
        loaded = found.plugins[name]
        if loaded.works:
            found = await _migrated(found, loaded)
    return found


async def _migrated(found: Installed, loaded: LoadedPlugin) -> Installed:
    try:
        await migrate_plugin(loaded)
        if loaded.plugin:
            await seed_options(loaded.plugin.lookups)
    # Migrations are the plugin's own code and may fail in any way; the rest of the house opens.
    except Exception as err:  # noqa: BLE001
        failure = record_failure(loaded.name, "migration", err, loaded.package)
        why = _("Its tables could not be brought up to date: %(error)s", error=failure.error)
        return found.isolate(loaded.name, why, failure.line)
    return found


async def _set_up_core() -> None:
    """Once in a database's life: the standard roles and what core grants them."""
    states = await read_states()
    if core.name in states:
        return
    async with transaction(reason=_("Set up")):
        await apply_presets(Snapshot.of(0, [core]), core)
        await store_state(core.name, states, enabled=True)
