"""Uninstalling a plugin: its data leave the database for an archive, whole and checked, and its tables go.

One transaction that raises the epoch first, as a switch does. Its end comes after the archive was written, read back and
found equal: what fails or dies before leaves everything as it was, and at worst an archive that nobody needs.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dougong import __version__
from dougong.access.openings import opened
from dougong.access.principal import acting_as, current, system
from dougong.access.rights import need
from dougong.access.version import rights_changed
from dougong.db import engine, registry, transaction
from dougong.db.attaching import detach
from dougong.db.catalog import Pointer, columns_present, drop, last_number, lock, pointers_to, run
from dougong.db.schema import grow, retrying
from dougong.errors import NotFound, Refused, Unavailable
from dougong.files.store import current_store
from dougong.i18n import Text, _
from dougong.plugin.archive import Damaged, Manifest, Pack, Part, check, encoded
from dougong.plugin.board import Board, States, board, enabled_in, read_states
from dougong.plugin.discovery import LoadedPlugin
from dougong.plugin.epoch import raise_epoch
from dougong.plugin.failures import forgive
from dougong.plugin.holdings import Holding, count_of, counts_of, holdings_of, own_tables
from dougong.plugin.processes import RunningProcess, wait_for_epoch
from dougong.plugin.trash import archive_called, new_archive
from dougong.records.change_log import Change, append
from dougong.records.definitions import attach_definitions, read_definitions
from dougong.records.gate import cleared, physical
from dougong.records.search_index import clear

__all__ = ["Belongings", "Uninstalled", "belongings", "noted", "purge", "uninstall"]

log = logging.getLogger("dougong.plugin")
_AT_ONCE = 2000
_WHY = "uninstall plugins and bring them back"


@dataclass(frozen=True)
class Belongings:
    """What would leave with a plugin: how many rows of each of its record types, and of what core keeps for it.

    `dependants` are the plugins whose data go with it, nearest first; `pointing` the added fields of others' records that
    point to its records, with how many do: these values go into the archive as well.
    """

    name: str
    dependants: Sequence[str]
    records: Sequence[tuple[Text, int]]
    others: Mapping[Text, int]
    pointing: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Uninstalled:
    """Which archive each plugin's data went to, in the order to bring them back, and who doesn't serve the epoch yet."""

    epoch: int
    archives: Mapping[str, str]
    waiting: Sequence[RunningProcess] = ()


async def belongings(name: str) -> Belongings:
    """What uninstalling would take away, whoever may see it: a declared opening.

    Raises: NotFound, Forbidden, and Refused while it can't be done.
    """
    need("plugins.manage")
    states = await read_states()
    loaded = _to_uninstall(board(), name, states)
    assert loaded.plugin is not None
    with opened(belongings):
        pointers = await pointers_to(own_tables(loaded.plugin))
        return Belongings(
            name=name,
            dependants=_dependants(board(), name, states),
            records=[(record.plural, await count_of(record.key)) for record in loaded.plugin.records],
            others=await counts_of(loaded.plugin),
            pointing=[(f"{p.table}.{p.column}", await _pointing(p)) for p in pointers],
        )


async def uninstall(name: str, *, cascade: bool = False) -> Uninstalled:
    """Move everything of a plugin that is off into an archive, and take its tables away; with `cascade` also of all that
    need it.

    Raises: NotFound, Forbidden, Unavailable when the archive can't be written, and Refused while the plugin is on, or others
    that need it have data and `cascade` is not given (`values["names"]`).
    """
    need("plugins.manage")
    here = board()
    written: dict[str, Path] = {}
    try:
        epoch = await _uninstall(here, name, written, cascade=cascade)
    except BaseException:
        _throw_away(written)
        # the classes as the database, which nothing has left, has its tables
        for definitions in (await read_definitions()).values():
            attach_definitions(definitions)
        raise
    for one in written:
        forgive(one)
    await here.refresh()
    order = [one for one in here.installed.plugins if one in written]
    return Uninstalled(epoch, {one: written[one].name for one in order}, await wait_for_epoch(epoch))


@retrying
async def _uninstall(here: Board, name: str, written: dict[str, Path], *, cascade: bool) -> int:
    _throw_away(written)  # of a try before this one
    async with transaction(reason=_("Plugin uninstalled")):
        epoch = await raise_epoch()
        await rights_changed()
        states = await read_states()
        loaded = _to_uninstall(here, name, states)
        dependants = _dependants(here, name, states)
        if dependants and not cascade:
            raise Refused(
                _("“%(plugin)s” is needed by plugins that have data here: %(dependants)s."),
                plugin=loaded.label,
                dependants=", ".join(str(here.installed.plugins[one].label) for one in dependants),
                names=dependants,
            )
        for one in (*reversed(dependants), name):
            written[one] = new_archive(one)
            await _move_out(_to_uninstall(here, one, states), states, written[one])
    return epoch


def _throw_away(written: dict[str, Path]) -> None:
    while written:
        written.popitem()[1].unlink(missing_ok=True)


def _to_uninstall(here: Board, name: str, states: States) -> LoadedPlugin:
    """The plugin, if its data can be taken away now."""
    loaded = here.installed.plugins.get(name)
    if loaded is None or loaded.plugin is None or name not in states:
        raise NotFound
    if name in enabled_in(states):
        raise Refused(_("“%(plugin)s” is on; switch it off first."), plugin=loaded.label)
    return loaded


def _dependants(here: Board, name: str, states: States) -> Sequence[str]:
    """The plugins that need it and were ever on: their rows may point to its own."""
    return [one for one in here.installed.needed_by(name) if one in states]


# One plugin -------------------------------------------------------------------------------------


async def _move_out(loaded: LoadedPlugin, states: States, path: Path) -> None:
    """Write its archive, see that it is right, and take from the database what is in it."""
    assert loaded.plugin is not None
    tables = own_tables(loaded.plugin)
    await lock(tables)
    pointers = await pointers_to(tables)
    _refuse_strangers(loaded, pointers)
    await noted(loaded.name, states[loaded.name]["id"], "remove", {"archive": path.name, "version": loaded.version})
    holdings = holdings_of(loaded.plugin)
    manifest = await _write(path, loaded, holdings, pointers)
    for pointer in pointers:
        await _let_go(pointer)
    for holding in reversed(holdings):
        await _take_out(holding, manifest.parts[f"core/{holding.table}"].rows)
    await _take_tables(loaded, pointers, manifest)
    for name in tables:
        await clear(name)  # of what was made of its rows to search by nothing may stay


def _refuse_strangers(loaded: LoadedPlugin, pointers: Sequence[Pointer]) -> None:
    strange = [p for p in pointers if registry.table(p.table) is None or not p.null]
    if strange:
        raise Refused(
            _("“%(plugin)s” can't be uninstalled: other tables point to its records (%(tables)s)."),
            plugin=loaded.label,
            tables=", ".join(f"{p.table}.{p.column}" for p in strange),
        )


async def noted(name: str, number: int, verb: str, told: Mapping[str, Any]) -> None:
    """Write into the change log that a plugin's data left or came back."""
    kept = {"name": name, **told}
    before, after = (kept, None) if verb == "remove" else (None, kept)
    with cleared("desk"):
        await append("core_plugin", [Change(number, verb, before, after)])
    log.warning("plugin %s: %s %s", name, verb, dict(told))


async def _let_go(pointer: Pointer) -> None:
    place = physical(engine(), pointer.table)
    await run(f'UPDATE {place} SET "{pointer.column}" = NULL WHERE "{pointer.column}" IS NOT NULL')


async def _pointing(pointer: Pointer) -> int:
    return await count_of(pointer.table, f'"{pointer.column}" IS NOT NULL')


async def _take_out(holding: Holding, expected: int) -> None:
    """Delete what was archived."""
    await _refuse_others(holding.table, expected, holding.where)
    await run(f"DELETE FROM {physical(engine(), holding.table)} WHERE {holding.where}")


async def _refuse_others(table: str, archived: int, where: str = "1 = 1") -> None:
    """Unavailable where somebody wrote since it was archived, which nobody who waits a little does."""
    if await count_of(table, where) != archived:
        raise Unavailable(_("Somebody is writing what is to be archived. Please try again shortly."))


async def _take_tables(loaded: LoadedPlugin, pointers: Sequence[Pointer], manifest: Manifest) -> None:
    assert loaded.plugin is not None
    tables = [record.table for record in loaded.plugin.records]
    names = own_tables(loaded.plugin)
    for name in names:
        await _refuse_others(name, manifest.parts[f"own/{name}"].rows)
    if names:
        await drop(names, cut_off=bool(pointers))
    for table in tables:
        detach(table)
    if pointers:  # others' columns must have something to point to, if only an empty table
        referring = [registry.table(p.table) for p in pointers]
        with acting_as(system(_WHY)):
            await grow([*tables, *{table for table in referring if table is not None}])


# The archive ------------------------------------------------------------------------------------


async def _write(
    path: Path, loaded: LoadedPlugin, holdings: Sequence[Holding], pointers: Sequence[Pointer]
) -> Manifest:
    """Write it beside its name, read it back, and let it have the name. Unavailable when that fails."""
    assert loaded.plugin is not None
    coming = path.with_suffix(".part")
    try:
        async with _packing(coming) as pack:
            parts = {f"own/{name}": await _table(pack, f"own/{name}", name) for name in own_tables(loaded.plugin)}
            for holding in holdings:
                entry = f"core/{holding.table}"
                parts[entry] = await _table(pack, entry, holding.table, holding.where)
            for pointer in pointers:
                entry = f"pointing/{pointer.table}.{pointer.column}"
                parts[entry] = await _table(
                    pack, entry, pointer.table, f'"{pointer.column}" IS NOT NULL', ("id", pointer.column)
                )
            manifest = Manifest(
                plugin=loaded.name,
                label=str(loaded.label),
                version=loaded.version,
                dougong=__version__,
                database=engine().engine_type,
                at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
                by=current().user,
                needs=tuple(loaded.plugin.requirements),
                parts=parts,
                files=await _files(pack, holdings),
            )
            await asyncio.to_thread(pack.seal, manifest)
        coming.chmod(0o600)
        if await asyncio.to_thread(check, coming) != manifest:
            raise Damaged(f"{path.name}: read back, it says something else")
        await asyncio.to_thread(_settle, coming, path)
    except (OSError, Damaged) as err:
        raise Unavailable(_("The archive can't be written: %(why)s", why=str(err))) from err
    return manifest


def _settle(coming: Path, path: Path) -> None:
    """On the disk before it has its name: the tables go once it has."""
    with coming.open("rb+") as file:
        os.fsync(file.fileno())
    coming.replace(path)


@asynccontextmanager
async def _packing(path: Path) -> AsyncIterator[Pack]:
    pack = Pack(path)
    try:
        yield pack
    except BaseException:
        pack.abandon()
        raise


async def _table(pack: Pack, entry: str, table: str, where: str = "1 = 1", names: Sequence[str] = ()) -> Part:
    columns = [c for c in await columns_present(table) if not names or c.name in names]
    rows = 0
    await asyncio.to_thread(pack.begin, entry)
    async for portion in rows_of(table, [c.name for c in columns], where):
        rows += len(portion)
        await asyncio.to_thread(lambda portion: pack.add(encoded(portion)), portion)
    digest = await asyncio.to_thread(pack.end)
    last = await last_number(table) if entry.startswith("own/") else None
    return Part(table, tuple((c.name, c.type) for c in columns), rows, digest, last)


async def rows_of(table: str, columns: Sequence[str], where: str = "1 = 1") -> AsyncIterator[list[Any]]:
    """The rows of a table by their ids, some thousand at a time."""
    named = ", ".join(f'"{column}"' for column in columns)
    place = physical(engine(), table)
    last = -(2**62)
    at = list(columns).index("id")
    while True:
        rows = await run(
            f'SELECT {named} FROM {place} WHERE ({where}) AND "id" > {last} ORDER BY "id" LIMIT {_AT_ONCE}'
        )
        if not rows:
            return
        portion = [tuple(row.values()) for row in rows]
        last = portion[-1][at]
        yield portion


async def _files(pack: Pack, holdings: Sequence[Holding]) -> tuple[str, ...]:
    """The contents that its files and imports name, as far as they are there; `doctor` tells of those that are not."""
    named = set()
    for holding in holdings:
        if holding.table in ("attachment", "import_run"):
            place = physical(engine(), holding.table)
            named |= {row["digest"] for row in await run(f"SELECT digest FROM {place} WHERE {holding.where}")}
    packed = []
    for digest in sorted(named):
        if not await current_store().has(digest):
            continue
        await asyncio.to_thread(pack.begin, f"files/{digest}")
        async for piece in await current_store().read(digest):
            await asyncio.to_thread(pack.add, piece)
        await asyncio.to_thread(pack.end)
        packed.append(digest)
    return tuple(packed)


# For good ---------------------------------------------------------------------------------------


async def purge(archive: str, typed: str) -> None:
    """Throw an archive away for good; `typed` is the name of its plugin, to be sure.

    Raises: NotFound, Forbidden, and Refused when the name is another one.
    """
    need("plugins.manage")
    path = archive_called(archive)
    plugin = path.name.split("-")[0]
    if typed.strip() != plugin:
        raise Refused(_("Type “%(name)s” to throw it away for good.", name=plugin))
    async with transaction(reason=_("Archive of a plugin thrown away")):
        await noted(plugin, 0, "remove", {"archive": path.name, "for_good": True})
    await asyncio.to_thread(path.unlink)
