"""What is switched on, at one moment, as one value that never changes.

A request pins the snapshot it began with and finishes on it. A toggle makes a new one, and the process swaps one
reference: nobody ever meets half of a plugin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from dougong.plugin.contributions import Menu, Opening, Preset, Right, Tab, Tile, Timeline
from dougong.plugin.hooks import HookCaller
from dougong.records.definitions import Definition
from dougong.records.shapes import Layout, Shape, shapes_from

if TYPE_CHECKING:
    from pydantic import BaseModel

    from dougong.db.columns import Lookup
    from dougong.jobs.declarations import Job, Schedule
    from dougong.plugin.manifest import Plugin
    from dougong.records.types import RecordType

Extension = TypeVar("Extension", Tab, Timeline)

__all__ = ["Snapshot", "current_snapshot", "install", "maybe_snapshot", "pinned", "served_snapshot"]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The enabled plugins and everything they contribute, found by key.

    `plugins` are in dependency order; core itself, named "core", is the first and always there. `added` are the fields
    the company added, by record type; `layouts` its templates, by record type and main category.
    """

    epoch: int
    plugins: Mapping[str, Plugin]
    added: Mapping[str, Sequence[Definition]] = field(default_factory=dict)
    layouts: Mapping[str, Mapping[str, Layout]] = field(default_factory=dict)
    _shapes: dict[RecordType, Shape] = field(default_factory=dict)

    @staticmethod
    def of(
        epoch: int,
        plugins: Sequence[Plugin],
        added: Mapping[str, Sequence[Definition]] | None = None,
        layouts: Mapping[str, Mapping[str, Layout]] | None = None,
    ) -> Snapshot:
        return Snapshot(epoch, {plugin.name: plugin for plugin in plugins}, added or {}, layouts or {})

    def __repr__(self) -> str:
        return f"<Snapshot {self.epoch}: {', '.join(self.plugins)}>"

    @cached_property
    def records(self) -> Mapping[str, RecordType]:
        """Record types by key, which is the table's name."""
        return {record.key: record for plugin in self.plugins.values() for record in plugin.records}

    @cached_property
    def by_path(self) -> Mapping[str, RecordType]:
        """Record types by the word that stands in addresses."""
        return {record.path: record for record in self.records.values()}

    @cached_property
    def menus(self) -> Sequence[Menu]:
        return sorted(self._all("menus"), key=lambda menu: menu.order)

    @cached_property
    def tiles(self) -> Sequence[Tile]:
        return sorted(self._all("tiles"), key=lambda tile: tile.order)

    @cached_property
    def routes(self) -> Sequence[Any]:
        return self._all("routes")

    @cached_property
    def jobs(self) -> Mapping[tuple[str, str], Job[Any]]:
        """Every job by its plugin's name and its own, those that only a schedule names included."""
        return {(p.name, j.name): j for p in self.plugins.values() for j in p.all_jobs}

    @cached_property
    def schedules(self) -> Sequence[tuple[str, Schedule]]:
        """Each with the name of its plugin."""
        return [(plugin.name, schedule) for plugin in self.plugins.values() for schedule in plugin.schedules]

    @cached_property
    def rights(self) -> Mapping[str, Right]:
        """The rights that are not about one record type, by key."""
        return {right.key: right for right in self._all("rights")}

    @cached_property
    def presets(self) -> Sequence[Preset]:
        return self._all("presets")

    @cached_property
    def openings(self) -> Mapping[Callable[..., Any], Opening]:
        """What may see more than whoever asks, by the service that does."""
        return {opening.service: opening for opening in self._all("openings")}

    @cached_property
    def lookups(self) -> Mapping[str, Lookup]:
        """The lists of choices by name: those of plugins, and those of added fields that have one of their own."""
        return {lookup.name: lookup for lookup in (*self.lookups_of_fields, *self._all("lookups"))}

    @cached_property
    def lookups_of_fields(self) -> Sequence[Lookup]:
        """The lists made with an added field, of record types that are on."""
        return [d.lookup for key, added in self.added.items() if key in self.records for d in added if d.lookup]

    @cached_property
    def settings(self) -> Mapping[str, type[BaseModel]]:
        """The settings model of each plugin that has one, by the plugin's name."""
        return {p.name: p.settings for p in self.plugins.values() if p.settings}

    @cached_property
    def samples(self) -> Sequence[Callable[..., Awaitable[None]]]:
        return self._all("samples")

    def shape(self, record_type: RecordType) -> Shape:
        """The record type as the company has it in this snapshot, whether its plugin is on or off."""
        known = self._shapes.get(record_type)
        if known is None:
            key = record_type.key
            known = Shape(record_type, self.added.get(key, ()), self.layouts.get(key, {}))
            self._shapes[record_type] = known
        return known

    @cached_property
    def hooks(self) -> HookCaller:
        return HookCaller(list(self.plugins.values()))

    def tabs_of(self, key: str) -> Sequence[Tab]:
        """What stands as tabs on the page of a record of this type, in order."""
        return self._tabs.get(key, ())

    def timelines_of(self, key: str) -> Sequence[Timeline]:
        """What appears on the timeline of a record of this type."""
        return self._timelines.get(key, ())

    def owner_of(self, key: str) -> str:
        """The name of the plugin a record type belongs to. KeyError when none of the enabled has it."""
        return self._owners[key]

    @cached_property
    def _owners(self) -> Mapping[str, str]:
        return {r.key: plugin.name for plugin in self.plugins.values() for r in plugin.records}

    @cached_property
    def _tabs(self) -> Mapping[str, Sequence[Tab]]:
        tabs = sorted((e for e in self._all("extends") if isinstance(e, Tab)), key=lambda t: t.order)
        return _by_parent(tabs)

    @cached_property
    def _timelines(self) -> Mapping[str, Sequence[Timeline]]:
        return _by_parent([e for e in self._all("extends") if isinstance(e, Timeline)])

    def _all(self, kind: str) -> list[Any]:
        return [item for plugin in self.plugins.values() for item in getattr(plugin, kind)]


def _by_parent(extensions: Sequence[Extension]) -> Mapping[str, Sequence[Extension]]:
    found: dict[str, list[Extension]] = {}
    for extension in extensions:
        found.setdefault(extension.parent, []).append(extension)
    return found


_served: Snapshot | None = None
_pinned: ContextVar[Snapshot | None] = ContextVar("snapshot", default=None)


def install(snapshot: Snapshot | None) -> None:
    """Serve it from now on; whoever pinned an older one keeps that. None when the house closes."""
    global _served
    _served = snapshot


def maybe_snapshot() -> Snapshot | None:
    """The pinned snapshot, else the one being served, else None."""
    return _pinned.get() or _served


def current_snapshot() -> Snapshot:
    """The snapshot to work on: the pinned one, else the one being served. RuntimeError before the house is open."""
    snapshot = maybe_snapshot()
    if snapshot is None:
        raise RuntimeError("no snapshot: the house is not open")
    return snapshot


def _shape(record_type: RecordType) -> Shape:
    snapshot = maybe_snapshot()
    return snapshot.shape(record_type) if snapshot is not None else Shape(record_type)


shapes_from(_shape)


def served_snapshot() -> Snapshot:
    """The snapshot being served, whatever is pinned: for work that begins in a request and outlives it."""
    if _served is None:
        raise RuntimeError("no snapshot: the house is not open")
    return _served


@contextmanager
def pinned(snapshot: Snapshot | None = None) -> Iterator[Snapshot]:
    """Work on one snapshot to the end, whatever is switched meanwhile; by default the one current now."""
    chosen = snapshot or current_snapshot()
    token = _pinned.set(chosen)
    try:
        yield chosen
    finally:
        _pinned.reset(token)
