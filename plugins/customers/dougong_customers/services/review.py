"""Looking at customers before they are approved (CUS-M5)."""

from __future__ import annotations

from dougong.api import Invalid, Problem, Refused, _, acting, desk, settings_of
from dougong_customers.completeness import is_filling
from dougong_customers.settings import CustomerSettings
from dougong_customers.tables import Customer

from .relations import related_customers_of

__all__ = ["check_approval", "check_complete"]

EXAMINED = ("name", "industry", "province", "city", "address", "phone", "email")
"""Where filling is looked for; what people choose from a list is none."""


async def check_complete(customer: Customer) -> None:
    """Invalid naming each field the company wants filled in before a customer is sent in, and each that is only filled up."""
    wanted, fields = settings_of(CustomerSettings), desk.type_of(Customer).fields
    problems = [
        Problem(
            key, _("“%(label)s” is needed before a customer is submitted.", label=fields[key].label), None, "required"
        )
        for key in wanted.needed_to_submit
        if key in fields and getattr(customer, key) in (None, "")
    ]
    if wanted.filling == "refuse":
        problems += [
            Problem(
                key,
                _("“%(value)s” says nothing; write what is true, or leave it empty.", value=value),
                value,
                "filling",
            )
            for key in EXAMINED
            if (value := getattr(customer, key)) and is_filling(value)
        ]
    if problems:
        raise Invalid(*problems)


async def check_approval(customer: Customer) -> None:
    """Complete; a channel customer has a related one (CUS-M1); and looked at by somebody else, where the company says so."""
    await check_complete(customer)
    if customer.kind == "channel" and not await related_customers_of(customer):
        raise Refused(_("A channel customer can be approved once a related customer is on record."))
    if not settings_of(CustomerSettings).owners_approve and customer.owner == acting().staff:
        raise Refused(_("Somebody else than its owner approves a customer."))
