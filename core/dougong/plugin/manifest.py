"""The one object a plugin is: its table of contents."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement

from dougong.db.columns import Lookup
from dougong.i18n import Text
from dougong.jobs.declarations import Job, Schedule
from dougong.plugin.contributions import KINDS, Menu, Opening, Preset, Right, Tab, Tile, Timeline
from dougong.records.types import RecordType

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["BadPlugin", "Plugin"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class BadPlugin(Exception):
    """A plugin's declarations break a rule of the contract; the text names the plugin and the rule."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Plugin:
    """What a plugin contributes, all of it. Every list may be left out.

    `requires` names other plugins with PEP 440 ranges ("customers>=0.1,<1"). `records` come in the order a reader
    should meet them. `jobs` are those its services ask for; a job with a schedule needs no second mention. `hooks` are modules with functions marked `@hook`. `samples` fill an empty demo company; they
    run once, as the administrator. `settings` is a pydantic model whose defaults are the shipped settings.
    """

    name: str
    label: Text
    description: Text | None = None
    icon: str = "puzzle"
    requires: Sequence[str] = ()
    records: Sequence[RecordType] = ()
    extends: Sequence[Tab | Timeline] = ()
    menus: Sequence[Menu] = ()
    routes: Sequence[Any] = ()
    jobs: Sequence[Job[Any]] = ()
    schedules: Sequence[Schedule] = ()
    tiles: Sequence[Tile] = ()
    rights: Sequence[Right] = ()
    presets: Sequence[Preset] = ()
    openings: Sequence[Opening] = ()
    lookups: Sequence[Lookup] = ()
    settings: type[BaseModel] | None = None
    hooks: Sequence[ModuleType] = ()
    samples: Sequence[Callable[..., Awaitable[None]]] = field(default_factory=tuple)

    @cached_property
    def requirements(self) -> dict[str, Requirement]:
        """The plugins this one needs, by name; BadPlugin when a requirement can't be read."""
        try:
            parsed = [Requirement(r) for r in self.requires]
        except InvalidRequirement as err:
            raise BadPlugin(f"plugin {self.name}: requires {list(self.requires)}: {err}") from err
        return {r.name: r for r in parsed}

    @property
    def all_jobs(self) -> Sequence[Job[Any]]:
        """Those it lists, and those its schedules name."""
        return list(dict.fromkeys([*self.jobs, *(schedule.job for schedule in self.schedules)]))

    def counts(self) -> dict[str, int]:
        """How many of each kind it contributes, for the administrator's page; kinds it doesn't use are left out."""
        sizes = {kind.name: len(self.items(kind.name)) for kind in KINDS}
        return {name: size for name, size in sizes.items() if size}

    def items(self, kind: str) -> Sequence[Any]:
        """What it contributes of one kind; settings, of which there is one model, as a list of one."""
        found = getattr(self, kind)
        if kind == "settings":
            return [found] if found else []
        return list(found)

    def check(self) -> None:
        """BadPlugin when a declaration breaks the contract."""
        if not _NAME.fullmatch(self.name):
            raise BadPlugin(f"plugin name {self.name!r}: lower-case letters, digits and _ only")
        for kind in KINDS:
            for item in self.items(kind.name):
                if kind.takes and not isinstance(item, kind.takes):
                    raise BadPlugin(f"plugin {self.name}: {kind.name} holds {item!r}, which is not a {kind.takes}")
        _ = self.requirements
