"""What people do with visits."""

from __future__ import annotations

import datetime as dt

from dougong.api import _, company_zone, desk, opened, transaction
from dougong_customers.api import log_interaction

from .tables import Visit

FORGOTTEN = dt.timedelta(days=30)
"""So long after the day it was planned for a visit nobody made is given up."""


async def complete_visit(visit: Visit, outcome: str, next_step: str = "") -> None:
    """Mark a planned visit as done; its outcome becomes an interaction on the customer.

    Raises Refused when the visit is not planned any more.
    """
    async with transaction(_("Visit completed")):
        await desk.move(visit, to="done", values={"outcome": outcome})
        await log_interaction(visit.customer, "visit", outcome, contact=visit.contact, next_step=next_step)


async def cancel_forgotten_visits(day: dt.date) -> None:
    """Cancel what was planned long before this day and neither made nor cancelled. Everybody's: a declared opening."""
    with opened(cancel_forgotten_visits):
        until = dt.datetime.combine(day - FORGOTTEN, dt.time(), company_zone())
        forgotten = await Visit.select(Visit.id).where((Visit.state == "planned") & (Visit.planned_for < until))
        async with transaction(_("Nobody made the visit")):
            await desk.move_many(Visit, [row["id"] for row in forgotten], "cancelled")
