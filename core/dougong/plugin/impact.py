"""What switching a plugin would change, before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dougong.access.openings import opened
from dougong.access.rights import need
from dougong.errors import NotFound
from dougong.i18n import Text
from dougong.plugin.board import board, enabled_in, read_states
from dougong.plugin.contributions import KINDS
from dougong.plugin.manifest import Plugin
from dougong.plugin.state import companions_of, dependants_of, needs_of
from dougong.records.types import RecordType

__all__ = ["Impact", "contributions_of", "impact", "rows_held"]


@dataclass(frozen=True)
class Impact:
    """What goes with a plugin when it is switched off, and comes when it is switched on.

    `records` counts all rows, whoever may see them: they stay in the database, out of sight. `parts` lists what each
    kind of contribution holds, by the kind's name.
    """

    name: str
    enabled: bool
    dependants: Sequence[str]
    needs: Sequence[str]
    companions: Sequence[str]
    records: Sequence[tuple[RecordType, int]]
    parts: Mapping[str, Sequence[Text | str]]


async def impact(name: str) -> Impact:
    """The impact of switching a plugin. Raises: NotFound, Forbidden."""
    need("plugins.manage")
    here = board()
    loaded = here.installed.plugins.get(name)
    if loaded is None or loaded.plugin is None:
        raise NotFound
    states = await read_states()
    installed = name in states and loaded.works
    return Impact(
        name=name,
        enabled=name in enabled_in(states),
        dependants=dependants_of(here, name, states),
        needs=needs_of(here, name, states),
        companions=companions_of(here, name, states),
        records=await rows_held(loaded.plugin) if installed else (),
        parts=contributions_of(loaded.plugin),
    )


def contributions_of(plugin: Plugin) -> Mapping[str, Sequence[Text | str]]:
    """The names of what a plugin contributes, by kind; kinds it doesn't use are left out."""
    named = {kind.name: [kind.shown(item) for item in plugin.items(kind.name)] for kind in KINDS}
    return {kind: names for kind, names in named.items() if names}


async def rows_held(plugin: Plugin) -> Sequence[tuple[RecordType, int]]:
    """How many rows of each type a plugin holds, whoever may see them. A declared opening."""
    with opened(rows_held):
        return [(record, int(await record.table.count())) for record in plugin.records]
