"""Bringing a plugin's data back from its archive: as they were, and then on to what the installed version declares."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from dougong import __version__
from dougong.access.principal import acting_as, system
from dougong.access.rights import need
from dougong.access.version import rights_changed
from dougong.db import engine, registry, transaction
from dougong.db.attaching import detach
from dougong.db.catalog import Present, add_bare_column, columns_present, deferred, insert, run, set_last_number
from dougong.db.schema import grow, retrying
from dougong.errors import DougongError, Refused
from dougong.files.store import current_store
from dougong.i18n import _
from dougong.plugin.archive import Damaged, Manifest, Part, check, encoded, files_in, rows_in
from dougong.plugin.board import Board, States, board, read_states
from dougong.plugin.discovery import LoadedPlugin
from dougong.plugin.epoch import raise_epoch
from dougong.plugin.holdings import count_of, own_tables
from dougong.plugin.migration import migrate_plugin
from dougong.plugin.processes import RunningProcess, wait_for_epoch
from dougong.plugin.uninstalling import noted, rows_of
from dougong.records.definitions import attach_definitions, read_definitions
from dougong.records.gate import physical

__all__ = ["Restored", "restore"]

_WHY = "bring back what was uninstalled"
_CANT = _("“%(plugin)s” can't be restored: %(why)s")


@dataclass(frozen=True)
class Restored:
    """What came back: how many rows, and of core's own those left out because an account or a role is gone meanwhile."""

    epoch: int
    plugin: str
    rows: int
    left_out: int
    waiting: Sequence[RunningProcess] = ()


async def restore(path: Path) -> Restored:
    """Bring a plugin back from its archive: off, as it was when it left, and brought up to its installed version.

    Raises: Forbidden, and Refused for an archive that is damaged, of a newer version, of a plugin that is not installed, has
    data here, or needs one that has none.
    """
    need("plugins.manage")
    try:
        manifest = await asyncio.to_thread(check, path)
    except Damaged as err:
        raise Refused(_("The archive is damaged, or none of ours: %(why)s", why=str(err))) from err
    await _bring_files(path, manifest)
    here = board()
    try:
        epoch, left_out = await _restore(here, path, manifest)
    except DougongError:
        await _forget(here, manifest.plugin)
        raise
    # A migration is a stranger's, and an archive may be of another house; the transaction took back what was done.
    except Exception as err:
        await _forget(here, manifest.plugin)
        raise Refused(_CANT, plugin=manifest.label, why=f"{type(err).__name__}: {err}") from err
    await here.refresh()
    rows = sum(part.rows for part in manifest.parts.values()) - left_out
    return Restored(epoch, manifest.plugin, rows, left_out, await wait_for_epoch(epoch))


async def _forget(here: Board, name: str) -> None:
    """The columns that were attached for what did not come back."""
    loaded = here.installed.plugins.get(name)
    if loaded and loaded.plugin and name not in await read_states():
        for record in loaded.plugin.records:
            detach(record.table)


@retrying
async def _restore(here: Board, path: Path, manifest: Manifest) -> tuple[int, int]:
    async with transaction(reason=_("Plugin restored")):
        epoch = await raise_epoch()
        await rights_changed()
        loaded = await _that_takes(here, manifest, await read_states())
        await _make_tables(path, loaded, manifest)
        left_out = 0
        async with deferred(own_tables(loaded.plugin)):  # type: ignore[arg-type]  # there is one, it was looked at
            for entry, part in manifest.parts.items():
                if entry.startswith("own/"):
                    await _fill(path, entry, part)
        for entry, part in manifest.parts.items():
            if entry.startswith("core/") and part.table != "core_field":
                left_out += await _fill_for_core(path, entry, part)
        for entry, part in manifest.parts.items():
            if entry.startswith("pointing/"):
                left_out += await _point_again(path, entry, part)
        [state] = await run(f"SELECT id FROM {physical(engine(), 'core_plugin')} WHERE name = {{}}", loaded.name)
        await noted(loaded.name, state["id"], "create", {"archive": path.name, "version": manifest.version})
        await migrate_plugin(loaded)
    return epoch, left_out


async def _that_takes(here: Board, manifest: Manifest, states: States) -> LoadedPlugin:
    """The installed plugin, if it can take these data."""
    loaded = here.installed.plugins.get(manifest.plugin)
    if loaded is None or loaded.plugin is None:
        raise _cant(manifest, _("the plugin is not installed."))
    if not loaded.works:
        raise _cant(manifest, loaded.error)
    if manifest.plugin in states:
        raise _cant(manifest, _("it has data here already; uninstall these first."))
    if _newer(manifest.version, loaded.version) or _newer(manifest.dougong, __version__):
        raise _cant(
            manifest,
            _(
                "the archive is of version %(theirs)s, with dougong %(core)s; installed is %(ours)s.",
                theirs=manifest.version,
                core=manifest.dougong,
                ours=loaded.version,
            ),
        )
    missing = [name for name in loaded.plugin.requirements if name not in states]
    if missing:
        raise _cant(manifest, _("it needs %(needed)s, which must be here first.", needed=", ".join(missing)))
    for name in own_tables(loaded.plugin):
        if await columns_present(name) and await count_of(name):
            raise _cant(manifest, _("it has data here already; uninstall these first."))
    return loaded


def _cant(manifest: Manifest, why: Any) -> Refused:
    return Refused(_CANT, plugin=manifest.label, why=why)


def _newer(one: str, other: str) -> bool:
    try:
        return Version(one) > Version(other)
    except InvalidVersion:
        return one != other


async def _make_tables(path: Path, loaded: LoadedPlugin, manifest: Manifest) -> None:
    """Its tables as they are declared now, with the fields the company added and with what is declared no more."""
    assert loaded.plugin is not None
    await _fill(path, "core/core_field", manifest.parts["core/core_field"])
    added, keys = await read_definitions(), own_tables(loaded.plugin)
    for key in keys:
        attach_definitions(added.get(key, ()))
    with acting_as(system(_WHY)):
        await grow([record.table for record in loaded.plugin.records])
    for entry, part in manifest.parts.items():
        if entry.startswith("own/"):
            if part.table not in keys:
                raise _cant(manifest, _("“%(table)s” is not among its records any more.", table=part.table))
            there = {column.name for column in await columns_present(part.table)}
            for name, kind in part.columns:
                if name not in there:
                    await add_bare_column(part.table, Present(name, kind))


async def _fill(path: Path, entry: str, part: Part) -> None:
    """Put the rows of a part in, and see that they are what left."""
    names = [name for name, _kind in part.columns]
    async for portion in _portions(path, entry):
        await insert(part.table, names, portion)
    if entry.startswith("own/"):
        await set_last_number(part.table, part.last)
        digest = hashlib.sha256()
        async for rows in rows_of(part.table, names):
            digest.update(encoded(rows))
        if digest.hexdigest() != part.sha256:
            raise Refused(_("The rows of “%(table)s” did not come back as they left.", table=part.table))


async def _fill_for_core(path: Path, entry: str, part: Part) -> int:
    """What core keeps for a plugin, without what hangs on an account, a role or a department that is gone; how many."""
    names = [name for name, _kind in part.columns]
    left_out = 0
    async for portion in _portions(path, entry):
        rows = await _standing(part.table, names, portion)
        left_out += len(portion) - len(rows)
        await insert(part.table, names, rows)
    return left_out


async def _standing(table: str, names: Sequence[str], rows: list[list[Any]]) -> list[list[Any]]:
    known = registry.table(table)
    for column in known._meta.foreign_key_columns if known else ():
        at = names.index(column._meta.db_column_name)
        target = column._foreign_key_meta.resolved_references._meta.tablename
        there = await _there(target, {row[at] for row in rows})
        rows = [row for row in rows if row[at] is None or row[at] in there]
    return rows


async def _there(table: str, wanted: set[Any]) -> set[int]:
    numbers = ", ".join(str(int(number)) for number in sorted(wanted - {None}))
    if not numbers:
        return set()
    rows = await run(f"SELECT id FROM {physical(engine(), table)} WHERE id IN ({numbers})")
    return {row["id"] for row in rows}


async def _point_again(path: Path, entry: str, part: Part) -> int:
    """Let others' records point to these again, where they are still there and point to nothing else; how many don't."""
    [column] = [name for name, _kind in part.columns if name != "id"]
    at, number = [name for name, _kind in part.columns].index(column), [n for n, _k in part.columns].index("id")
    place, lost = physical(engine(), part.table), 0
    async for portion in _portions(path, entry):
        for row in portion:
            done = await run(
                f'UPDATE {place} SET "{column}" = {{}} WHERE id = {{}} AND "{column}" IS NULL RETURNING id',
                row[at],
                row[number],
            )
            lost += not done
    return lost


async def _portions(path: Path, entry: str) -> AsyncIterator[list[list[Any]]]:
    found = rows_in(path, entry)
    try:
        while (portion := await asyncio.to_thread(next, found, None)) is not None:
            yield portion
    finally:
        found.close()  # type: ignore[attr-defined]  # a generator


async def _bring_files(path: Path, manifest: Manifest) -> None:
    """The contents first: a row without content would be a promise broken; content without a row is swept away."""
    for digest in manifest.files:
        async with current_store().receive(_content(path, digest), 1 << 62) as draft:
            await draft.keep()


async def _content(path: Path, digest: str) -> AsyncIterator[bytes]:
    for piece in files_in(path, digest):
        yield piece
