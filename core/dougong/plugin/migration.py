"""Brings a plugin's tables to what its installed version declares."""

from __future__ import annotations

import sys
from pathlib import Path

from dougong.access.principal import acting_as, system
from dougong.db import registry
from dougong.db.migrations import Step, migrate, steps_in
from dougong.plugin.discovery import LoadedPlugin
from dougong.records.search_filling import enter

__all__ = ["migrate_core", "migrate_plugin"]

_WHY = "migrate the tables"


async def migrate_plugin(loaded: LoadedPlugin) -> list[str]:
    """Grow the plugin's tables and run those steps of its `migrations` that have not run; answers what was done."""
    assert loaded.plugin is not None
    tables = [record.table for record in loaded.plugin.records]
    with acting_as(system(_WHY)):
        done = await migrate(loaded.name, tables, _steps_of(loaded.package))
    await enter(loaded.plugin.records)
    return done


async def migrate_core() -> list[str]:
    """The same for core's own tables."""
    tables = [table for table in registry.tables() if table.__module__.partition(".")[0] == "dougong"]
    with acting_as(system(_WHY)):
        return await migrate("core", tables, _steps_of("dougong"))


def _steps_of(package: str) -> list[Step]:
    places = getattr(sys.modules[package], "__path__", ())
    return [step for place in places for step in steps_in(Path(place) / "migrations")]
