"""Giving a customer another name, and what it was called on a day (CUS-M11)."""

from __future__ import annotations

import datetime as dt

from dougong.api import desk, today
from dougong_customers.former_names import FormerName, read_former_names, write_former_names
from dougong_customers.tables import Customer

__all__ = ["name_on", "rename_customer"]


async def rename_customer(customer: Customer, name: str, since: dt.date | None = None) -> None:
    """Give a customer another name, since a day or from today on; the one it had stays on record (A13-05)."""
    former = [*read_former_names(customer.former_names), FormerName(customer.name, since or today())]
    await desk.change(customer, {"name": name, "former_names": write_former_names(former)})


async def name_on(customer: int, day: dt.date) -> str:
    """The name a customer had on a day, for documents of that time; "" where the person may not see the customer.

    On the day of a renaming it is the new name already.
    """
    known = await Customer.select(Customer.name, Customer.former_names).where(Customer.id == customer).first()
    if known is None:
        return ""
    dated = [(former.until, former.name) for former in read_former_names(known["former_names"]) if former.until]
    return next((name for until, name in sorted(dated, key=lambda one: one[0]) if until > day), known["name"])
