"""What an installation stands on, and what it lacks: for whoever looks after it, and for a call for help."""

from __future__ import annotations

import platform
import shutil
import socket
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from dougong import __version__
from dougong.backup import client_program
from dougong.config import FILE
from dougong.i18n import Text, _

if TYPE_CHECKING:
    from dougong.config import Config
    from dougong.house import House

__all__ = ["Findings", "examine"]

LIBRARIES = ("litestar", "piccolo", "pydantic", "pluggy", "granian", "aiosqlite", "asyncpg", "babel")
LITTLE_SPACE = 2 * 1024**3


@dataclass(frozen=True)
class Findings:
    """The lines to show, and what must be put right."""

    lines: Sequence[str]
    missing: Sequence[str]


async def examine(config: Config) -> Findings:
    """Look at everything; a database that can't be opened is a finding, not an error."""
    missing: list[str] = []
    lines = [*_environment(), *_settings(config), *_ports(config), *_disk(config, missing), *_programs(config, missing)]
    lines += await _database(config, missing)
    lines += ["", str(_("Missing: %(count)s", count=len(missing))), *(f"  {what}" for what in missing)]
    return Findings(lines, missing)


def _environment() -> Iterator[str]:
    yield f"dougong {__version__}, Python {platform.python_version()} ({sys.executable}), {platform.platform()}"
    yield ", ".join(f"{name} {version(name)}" for name in LIBRARIES)


def _settings(config: Config) -> Iterator[str]:
    file = config.data / FILE
    yield ""
    yield f"{_('Data directory')}: {config.data}"
    yield f"{_('Configuration')}: {file if file.exists() else _('defaults, there is no file')}"


def _ports(config: Config) -> Iterator[str]:
    yield ""
    yield str(_("Ports"))
    yield f"  {config.host}:{config.port}  http  {_('in use') if _listens(config) else _('free')}"


def _listens(config: Config) -> bool:
    host = "127.0.0.1" if config.host in ("0.0.0.0", "::") else config.host  # noqa: S104 - a comparison
    try:
        with socket.create_connection((host, config.port), timeout=1):
            return True
    except OSError:
        return False


def _disk(config: Config, missing: list[str]) -> Iterator[str]:
    place = next(path for path in (config.data, *config.data.parents) if path.exists())
    usage = shutil.disk_usage(place)
    yield ""
    yield f"{_('Disk')}: {usage.free / 1024**3:.1f} GiB {_('free')} / {usage.total / 1024**3:.1f} GiB"
    if usage.free < LITTLE_SPACE:
        missing.append(str(_("There is little space on the disk.")))
    if not config.data.is_dir():
        missing.append(str(_("The data directory doesn't exist; “dougong init” makes it.")))


def _programs(config: Config, missing: list[str]) -> Iterator[str]:
    if config.database_url.startswith("sqlite:"):
        return
    for program in ("pg_dump", "pg_restore"):
        found = client_program(program)
        yield f"{program}: {found or '–'}"
        if not found:
            missing.append(str(_("%(program)s is not on PATH: there can be no backup.", program=program)))


async def _database(config: Config, missing: list[str]) -> Sequence[str]:
    from dougong.house import open_house

    if not config.data.is_dir():
        return []
    try:
        house = await open_house(config, serving=False)
    # Whatever is wrong with the database is what the command is run to learn.
    except Exception as err:  # noqa: BLE001
        missing.append(str(_("The database can't be opened: %(error)s", error=f"{type(err).__name__}: {err}")))
        return []
    try:
        return await _inside(house, missing)
    finally:
        await house.close()


async def _inside(house: House, missing: list[str]) -> Sequence[str]:
    from dougong.plugin.processes import live_processes
    from dougong.plugin.snapshot import current_snapshot

    snapshot = current_snapshot()
    lines = ["", f"{_('Database')}: {house.engine.engine_type} {await _server_version(house)}", str(_("Plugins"))]
    for loaded in house.installed.plugins.values():
        state: Text | str = _("on") if loaded.name in snapshot.plugins else _("off")
        lines.append(f"  {loaded.name} {loaded.version}: {loaded.error or state} {loaded.detail}".rstrip())
        if loaded.error:
            missing.append(f"{loaded.name}: {loaded.error}")
    lines += await _files(missing)
    lines.append(str(_("Processes on epoch %(epoch)s", epoch=snapshot.epoch)))
    lines += [f"  {p.host}, {p.pid}: {p.epoch}" for p in await live_processes()] or ["  –"]
    return lines


async def _files(missing: list[str]) -> Sequence[str]:
    from dougong.records.attachments import take_stock

    stock = await take_stock()
    size = f"{stock.size / 1024**3:.1f} GiB"
    if stock.missing:
        missing.append(str(_("The content of %(count)s files is missing.", count=stock.missing)))
    return [str(_("Files: %(count)s, %(size)s", count=stock.files, size=size))]


async def _server_version(house: House) -> str:
    return str(await house.engine.get_version())
