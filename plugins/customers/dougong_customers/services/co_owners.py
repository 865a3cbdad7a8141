"""Asking to own a customer together with its owner, and what becomes of it (CUS-M6, A14-13)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from piccolo.query.functions import Lower

from dougong.api import Refused, _, acting, desk, opened, share_record, today
from dougong_customers.tables import CoOwnerRequest, Customer

__all__ = ["find_customers_asked_for", "grant_co_ownership", "refuse_co_ownership"]


async def find_customers_asked_for(requests: Sequence[int]) -> None:
    """Find the customers of requests that give only a name, and the names of those that give only a customer.

    A declared opening: people ask for customers they met in the pre-check and can't see. A name that is unknown, or that
    several customers have, is left to whoever keeps all customers.
    """
    columns = (CoOwnerRequest.id, CoOwnerRequest.customer, CoOwnerRequest.customer_name)
    with opened(find_customers_asked_for):
        for row in await CoOwnerRequest.select(*columns).where(CoOwnerRequest.id.is_in(list(requests))):
            if found := await _completed(row["customer"], row["customer_name"].strip()):
                await desk.update(CoOwnerRequest, [row["id"]], found, reason=_("Customer found"))


async def _completed(customer: int | None, name: str) -> dict[str, Any]:
    """What a request doesn't say and can be known."""
    if customer is None:
        called = await Customer.select(Customer.id).where(Lower(Customer.name) == name.lower()).limit(2)
        return {"customer": called[0]["id"]} if len(called) == 1 else {}
    chosen = await Customer.select(Customer.name).where(Customer.id == customer).first()
    return {"customer_name": chosen["name"]} if chosen and not name else {}


async def grant_co_ownership(request: CoOwnerRequest) -> None:
    """Make who asked an owner of the customer beside the one it has.

    Raises Refused while it isn't known who or what is meant, Forbidden for whoever has the customer only by sharing.
    """
    if request.customer is None or request.owner is None:
        raise Refused(_("It isn't known yet which customer is meant, or for whom; fill it in first."))
    await share_record("customer", request.customer, staff=request.owner, level="own")
    await _decide(request, "granted", "")


async def refuse_co_ownership(request: CoOwnerRequest, answer: str) -> None:
    """Say no, and why; whoever asked reads it."""
    await _decide(request, "refused", answer)


async def _decide(request: CoOwnerRequest, decision: str, answer: str) -> None:
    values = {"decision": decision, "answer": answer, "decided_by": acting().staff, "decided_on": today()}
    await desk.change(request, values)
