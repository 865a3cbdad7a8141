"""What visits show on the home page."""

from __future__ import annotations

from collections.abc import Sequence

from dougong.api import TileRow, acting, moment_text

from . import records
from .tables import Visit


async def visits_due() -> Sequence[TileRow]:
    """The person's own planned visits, the earliest first."""
    due = Visit.select(Visit.id, Visit.planned_for, Visit.customer.name.as_alias("customer_name"))
    mine = due.where((Visit.owner == acting().staff) & (Visit.state == "planned"))
    return [
        TileRow(row["customer_name"] or "", f"/{records.visit.path}/{row['id']}", moment_text(row["planned_for"]))
        for row in await mine.order_by(Visit.planned_for).limit(6)
    ]
