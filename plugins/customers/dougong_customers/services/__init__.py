"""What people do with customers, beyond writing down fields."""

from __future__ import annotations

from .co_owners import find_customers_asked_for, grant_co_ownership, refuse_co_ownership
from .interactions import log_interaction, note_contact
from .precheck import Match, customers_named_like, names_on_record
from .relations import related_customers_of
from .renaming import name_on, rename_customer
from .review import check_approval, check_complete

__all__ = [
    "Match",
    "check_approval",
    "check_complete",
    "customers_named_like",
    "find_customers_asked_for",
    "grant_co_ownership",
    "log_interaction",
    "name_on",
    "names_on_record",
    "note_contact",
    "refuse_co_ownership",
    "related_customers_of",
    "rename_customer",
]
