"""What customers show on the home page."""

from __future__ import annotations

from collections.abc import Sequence

from dougong.api import TileRow, acting, date_text, today, within_reach

from . import records
from .tables import CoOwnerRequest, Customer

__all__ = ["co_owners_to_decide", "customers_to_follow_up", "customers_to_review", "my_recent_customers"]

LINES = 6


async def my_recent_customers() -> Sequence[TileRow]:
    """The person's own customers, the last changed first."""
    mine = Customer.select(Customer.id, Customer.name, Customer.city).where(Customer.owner == acting().staff)
    return [
        TileRow(row["name"], _page(row["id"]), row["city"])
        for row in await mine.order_by(Customer.updated, ascending=False).limit(LINES)
    ]


async def customers_to_follow_up() -> Sequence[TileRow]:
    """The person's own customers whose next contact is due today or overdue, the longest overdue first."""
    due = Customer.select(Customer.id, Customer.name, Customer.next_follow_up).where(
        (Customer.owner == acting().staff) & (Customer.next_follow_up <= today())
    )
    return [
        TileRow(row["name"], _page(row["id"]), date_text(row["next_follow_up"]))
        for row in await due.order_by(Customer.next_follow_up).limit(LINES)
    ]


async def customers_to_review() -> Sequence[TileRow]:
    """Customers somebody sent in and this person may approve, the longest waiting first."""
    waiting = Customer.select(Customer.id, Customer.name, Customer.owner.name.as_alias("owner_name")).where(
        Customer.state == "submitted"
    )
    rows = await waiting.order_by(Customer.updated).limit(10 * LINES)
    mine = await within_reach(records.customer, "approve", [row["id"] for row in rows])
    return [TileRow(row["name"], _page(row["id"]), row["owner_name"] or "") for row in rows if row["id"] in mine][
        :LINES
    ]


async def co_owners_to_decide() -> Sequence[TileRow]:
    """Who asks to be co-owner of a customer the person answers for, the longest waiting first."""
    columns = (CoOwnerRequest.id, CoOwnerRequest.customer_name, CoOwnerRequest.owner.name.as_alias("asker"))
    others = (CoOwnerRequest.decision == "open") & (CoOwnerRequest.owner != acting().staff)
    waiting = await CoOwnerRequest.select(*columns).where(others).order_by(CoOwnerRequest.id).limit(10 * LINES)
    mine = await within_reach(records.co_owner_request, "decide", [row["id"] for row in waiting])
    return [
        TileRow(row["customer_name"], f"/{records.co_owner_request.path}/{row['id']}", row["asker"] or "")
        for row in waiting
        if row["id"] in mine
    ][:LINES]


def _page(customer: int) -> str:
    return f"/{records.customer.path}/{customer}"
