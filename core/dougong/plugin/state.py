"""Switching plugins on and off while people work: one transaction, then every process follows.

The database holds the truth (`PluginState`, `Epoch`). A switch raises the epoch first, which makes a second one wait;
what fails or dies before the commit leaves everything as it was.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current, system
from dougong.access.rights import need
from dougong.access.services import apply_presets
from dougong.db import transaction
from dougong.errors import DougongError, NotFound, Refused
from dougong.i18n import _
from dougong.plugin.board import Board, States, board, enabled_in, read_states
from dougong.plugin.discovery import LoadedPlugin
from dougong.plugin.epoch import raise_epoch
from dougong.plugin.failures import forgive, record_failure
from dougong.plugin.lookups import seed_options
from dougong.plugin.migration import migrate_plugin
from dougong.plugin.processes import RunningProcess, wait_for_epoch
from dougong.plugin.snapshot import Snapshot
from dougong.plugin.tables import PluginState

__all__ = ["Switched", "companions_of", "dependants_of", "disable", "enable", "needs_of"]

_WHY = "switch plugins on and off"
_ONLY = frozenset({"core_plugin"})
_CANT = _("“%(plugin)s” can't be switched on. %(why)s")


@dataclass(frozen=True)
class Switched:
    """What a switch did: which plugins changed, what is offered beside, and who doesn't serve the epoch yet."""

    epoch: int
    changed: Sequence[str] = ()
    also: Sequence[str] = ()
    """Switched off together with this plugin once, and still off."""
    waiting: Sequence[RunningProcess] = ()


async def enable(name: str, *, cascade: bool = False) -> Switched:
    """Switch a plugin on; with `cascade` also what it needs, and what was once switched off together with it.

    Raises: NotFound, Forbidden, and Refused when it can't work or needs plugins that are off (`values["names"]`).
    """
    need("plugins.manage")
    here = board()
    loaded = here.installed.plugins.get(name)
    if loaded is None:
        raise NotFound
    if not loaded.works:
        raise Refused(_CANT, plugin=loaded.label, why=loaded.error)
    async with transaction(reason=_("Plugin switched on")):
        epoch = await raise_epoch()
        states = await read_states()
        changed = _to_enable(here, name, states, cascade=cascade)
        on = [*enabled_in(states), *changed]
        for one in changed:
            await _bring_in(here, here.installed.plugins[one], states, await here.snapshot(epoch, on))
    for one in changed:
        forgive(one)
    also = companions_of(here, name, await read_states())
    return Switched(epoch, changed, also, await _follow(here, epoch))


async def disable(name: str, *, cascade: bool = False) -> Switched:
    """Switch a plugin off; with `cascade` also all that need it. Its tables and values stay.

    Raises: NotFound, Forbidden, and Refused when others need it and `cascade` is not given (`values["names"]`).
    """
    need("plugins.manage")
    here = board()
    async with transaction(reason=_("Plugin switched off")):
        epoch = await raise_epoch()
        states = await read_states()
        if name not in states and name not in here.installed.plugins:
            raise NotFound
        changed = _to_disable(here, name, states, cascade=cascade)
        for one in changed:
            await store_state(one, states, enabled=False, off_with=name if one != name else None)
    return Switched(epoch, changed, (), await _follow(here, epoch))


def needs_of(here: Board, name: str, states: States) -> Sequence[str]:
    """What must be switched on before this plugin, in order."""
    on = enabled_in(states)
    return [need for need in here.installed.all_needs_of(name) if need not in on]


def dependants_of(here: Board, name: str, states: States) -> Sequence[str]:
    """What is on and can't be without this plugin."""
    on = enabled_in(states)
    return [other for other in here.installed.needed_by(name) if other in on]


def companions_of(here: Board, name: str, states: States) -> Sequence[str]:
    """What was switched off together with this plugin, and still is."""
    together = {n for n, state in states.items() if state["off_with"] == name and not state["enabled"]}
    return [loaded.name for loaded in here.installed.working if loaded.name in together]


def _to_enable(here: Board, name: str, states: States, *, cascade: bool) -> Sequence[str]:
    needs = needs_of(here, name, states)
    if needs and not cascade:
        raise Refused(
            _("“%(plugin)s” needs plugins that are off: %(needed)s."),
            plugin=_label(here, name),
            needed=_labels(here, needs),
            names=needs,
        )
    companions = companions_of(here, name, states) if cascade else ()
    wanted = {*needs, name, *companions, *(n for c in companions for n in needs_of(here, c, states))}
    wanted -= set(enabled_in(states))
    return [loaded.name for loaded in here.installed.working if loaded.name in wanted]


def _to_disable(here: Board, name: str, states: States, *, cascade: bool) -> Sequence[str]:
    dependants = dependants_of(here, name, states)
    if dependants and not cascade:
        raise Refused(
            _("“%(plugin)s” is needed by plugins that are on: %(dependants)s."),
            plugin=_label(here, name),
            dependants=_labels(here, dependants),
            names=dependants,
        )
    return [one for one in (*reversed(dependants), name) if one in enabled_in(states)]


async def _bring_in(here: Board, loaded: LoadedPlugin, states: States, snapshot: Snapshot) -> None:
    """Make a plugin ready and mark it on; the first time with its tables, role presets and lists of choices."""
    try:
        await make_ready(loaded, snapshot, first=loaded.name not in states)
    except DougongError:
        raise
    # Its migrations and declarations are a stranger's; the transaction takes back what they did.
    except Exception as err:
        failure = record_failure(loaded.name, "switching on", err, loaded.package)
        raise Refused(_CANT, plugin=loaded.label, why=failure.error) from err
    await store_state(loaded.name, states, enabled=True, version=loaded.version)


async def make_ready(loaded: LoadedPlugin, snapshot: Snapshot, *, first: bool) -> None:
    """Tables as declared, new shipped choices, and the first time what the standard roles may do with it."""
    assert loaded.plugin is not None
    await migrate_plugin(loaded)
    await seed_options(loaded.plugin.lookups)
    if first:
        with acting_as(system(_WHY)):
            await apply_presets(snapshot, loaded.plugin)


async def store_state(
    name: str, states: States, *, enabled: bool, version: str | None = None, off_with: str | None = None
) -> None:
    """Write down whether a plugin is on, since when and by whom; inside the switch's transaction."""
    now = dt.datetime.now(dt.UTC)
    values: dict[Any, Any] = {
        PluginState.enabled: enabled,
        PluginState.changed_at: now,
        PluginState.changed_by: current().user,
        PluginState.off_with: off_with,
    }
    if version is not None:
        values[PluginState.version] = version
    with acting_as(system(_WHY, _ONLY)):
        if name not in states:
            await PluginState.insert(PluginState(name=name, installed_at=now, changed_at=now))
        await PluginState.update(values).where(PluginState.name == name)


async def _follow(here: Board, epoch: int) -> Sequence[RunningProcess]:
    """Serve it here, and wait up to 2 s for the other processes."""
    await here.refresh()
    return await wait_for_epoch(epoch)


def _label(here: Board, name: str) -> str:
    loaded = here.installed.plugins.get(name)
    return str(loaded.label) if loaded else name


def _labels(here: Board, names: Sequence[str]) -> str:
    return ", ".join(_label(here, name) for name in names)
