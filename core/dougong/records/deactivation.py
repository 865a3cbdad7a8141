"""Records that are no longer in use: seen where they stand, neither chosen nor changed until they are back (COR-M10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dougong.i18n import _
from dougong.records import desk
from dougong.records.desk import Changed
from dougong.records.types import DEACTIVATE, Action, SavedView

if TYPE_CHECKING:
    from piccolo.columns.base import Column

    from dougong.records.tables import Row

__all__ = ["verbs_of", "view_of"]


def verbs_of(table: type[Row], active: Column) -> tuple[Action, Action]:
    """What takes records of a table out of use and what brings them back, one or many."""

    async def deactivate(record: Row) -> None:
        await desk.deactivate(record)

    async def reactivate(record: Row) -> None:
        await desk.reactivate(record)

    async def deactivate_many(record_ids: Sequence[int]) -> Changed:
        return await desk.deactivate_many(table, record_ids)

    async def reactivate_many(record_ids: Sequence[int]) -> Changed:
        return await desk.reactivate_many(table, record_ids)

    in_use, out_of_use = active == True, active == False  # noqa: E712 - a column's comparison
    return (
        Action(deactivate, _("Deactivate"), None, in_use, DEACTIVATE, "archive", deactivate_many, aside=True),
        Action(reactivate, _("Reactivate"), None, out_of_use, DEACTIVATE, "archive-off", reactivate_many),
    )


def view_of(active: Column) -> SavedView:
    """The built-in list of what is deactivated."""
    return SavedView(_("Deactivated"), where=[(active, "=", False)])
