"""Where the data of uninstalled plugins wait: archives in one directory, each until its days are over or somebody throws
it away by hand."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dougong.errors import NotFound, Unavailable
from dougong.i18n import _
from dougong.plugin.archive import Damaged, Manifest, manifest_of

__all__ = ["Kept", "archive_called", "archives", "empty_trash", "keep_archives_in", "new_archive"]

log = logging.getLogger("dougong.plugin")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}-\d{8}-\d{6}-[0-9a-f]{6}\.zip")
_place: Path | None = None
_days = dt.timedelta(days=90)


@dataclass(frozen=True)
class Kept:
    """An archive in the trash, and when it goes by itself; `manifest` is None where it can't be read."""

    name: str
    size: int
    manifest: Manifest | None
    until: dt.datetime


def keep_archives_in(place: Path | None, days: dt.timedelta | None = None) -> None:
    """Where they lie from now on, and how long."""
    global _place, _days
    _place, _days = place, days or _days


def _directory() -> Path:
    if _place is None:
        raise Unavailable(_("There is no place for archives."))
    return _place


def new_archive(plugin: str) -> Path:
    """A path for an archive made now; its directory is there."""
    place = _directory()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise Unavailable(_("The archive can't be written: %(why)s", why=str(err))) from err
    return place / f"{plugin}-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}.zip"


def archive_called(name: str) -> Path:
    """The archive of this name. NotFound where there is none."""
    path = _directory() / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound
    return path


async def archives() -> Sequence[Kept]:
    """All there are, the newest first."""
    return await asyncio.to_thread(_found)


def _found() -> list[Kept]:
    if _place is None:
        return []
    kept = [_told(path) for path in _place.glob("*.zip") if _NAME.fullmatch(path.name)]
    return sorted(kept, key=lambda one: one.until, reverse=True)


def _told(path: Path) -> Kept:
    changed = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    try:
        manifest = manifest_of(path)
    except Damaged:
        return Kept(path.name, path.stat().st_size, None, changed + _days)
    return Kept(path.name, path.stat().st_size, manifest, manifest.made + _days)


async def empty_trash() -> int:
    """Throw away what has been there long enough; how many."""
    over = [kept for kept in await archives() if kept.until < dt.datetime.now(dt.UTC)]
    for kept in over:
        log.warning("the archive %s was kept long enough and is thrown away", kept.name)
        await asyncio.to_thread((_directory() / kept.name).unlink, missing_ok=True)
    return len(over)
