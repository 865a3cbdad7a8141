"""The life cycle of a customer record: written, sent in, looked at by somebody else, good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dougong.api import Lifecycle, Move, Refused, State, _

if TYPE_CHECKING:
    from .tables import Customer

__all__ = ["customer"]


async def has_related_customer(customer: Customer) -> None:
    """A channel customer lives on those it sells to: approved only once one of them is on record (CUS-M1)."""
    from .services import related_customers_of

    if customer.kind == "channel" and not await related_customers_of(customer):
        raise Refused(_("A channel customer can be approved once a related customer is on record."))


customer = Lifecycle(
    start="draft",
    states=[
        State("draft", _("Draft")),
        State("submitted", _("To review"), "warn"),
        State("approved", _("Approved"), "ok"),
    ],
    moves=[
        Move("draft", "submitted", label=_("Submit"), icon="send"),
        Move("submitted", "approved", label=_("Approve"), right="approve", check=has_related_customer, icon="check"),
        Move("submitted", "draft", label=_("Send back"), right="approve", reason=True, icon="arrow-back-up"),
        Move("approved", "draft", label=_("Reopen"), right="approve", reason=True, icon="pencil"),
    ],
)
