"""What people do with visits."""

from __future__ import annotations

from dougong.api import _, desk, transaction
from dougong_customers.api import log_interaction

from .tables import Visit


async def complete_visit(visit: Visit, outcome: str, next_step: str = "") -> None:
    """Mark a planned visit as done; its outcome becomes an interaction on the customer.

    Raises Refused when the visit is not planned any more.
    """
    async with transaction(_("Visit completed")):
        await desk.move(visit, to="done", values={"outcome": outcome})
        await log_interaction(visit.customer, "visit", outcome, contact=visit.contact, next_step=next_step)
