"""The number that grows with every change of who may see what: what was worked out from an older one is worked out anew."""

from __future__ import annotations

from dataclasses import dataclass

from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, system
from dougong.db import fetch, transaction
from dougong.plugin.tables import Epoch

__all__ = ["Versions", "rights_changed", "versions"]

_WHY = "know and advance the version of everybody's rights"
_ONLY = frozenset({"core_epoch"})


@dataclass(frozen=True)
class Versions:
    """`epoch`: which plugins are on; `access`: who may see what."""

    epoch: int
    access: int


_NOW = QueryString(f'SELECT "epoch", "access" FROM "{Epoch._meta.tablename}" WHERE "id" = 1')
"""Asked at every request, so it is put together once."""


async def versions() -> Versions:
    with acting_as(system(_WHY, _ONLY)):
        found = await fetch(_NOW)
    return Versions(found[0]["epoch"], found[0]["access"]) if found else Versions(0, 0)


async def rights_changed() -> None:
    """Everybody's rights are worked out anew from their next request on.

    Call it inside the transaction of the change, first: it also makes concurrent changes of rights wait for each other.
    """
    async with transaction():
        with acting_as(system(_WHY, _ONLY)):
            advanced = await Epoch.update({Epoch.access: Epoch.access + 1}).where(Epoch.id == 1).returning(Epoch.id)
            if not advanced:
                await Epoch.insert(Epoch(id=1))
