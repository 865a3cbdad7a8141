"""What other plugins may use of customers."""

from __future__ import annotations

from .records import contact, customer, interaction
from .services import log_interaction, name_on, related_customers_of
from .tables import Contact, Customer, Interaction

__all__ = [
    "Contact",
    "Customer",
    "Interaction",
    "contact",
    "customer",
    "interaction",
    "log_interaction",
    "name_on",
    "related_customers_of",
]
