"""The epoch: the number that grows with every switch of a plugin, and which every process follows."""

from __future__ import annotations

from dougong.access.principal import acting_as, system
from dougong.access.version import versions
from dougong.plugin.tables import Epoch

__all__ = ["raise_epoch", "start_counting"]

_WHY = "count the switches of plugins"
_ONLY = frozenset({"core_epoch"})


async def raise_epoch() -> int:
    """Count one switch; answers the new epoch. In a transaction it makes every other switch wait for its end."""
    with acting_as(system(_WHY, _ONLY)):
        await Epoch.update({Epoch.epoch: Epoch.epoch + 1}).where(Epoch.id == 1)
    return (await versions()).epoch


async def start_counting() -> None:
    """Make the row in a new database."""
    with acting_as(system(_WHY, _ONLY)):
        if not await Epoch.exists().where(Epoch.id == 1):
            await Epoch.insert(Epoch(id=1))
