"""What can go wrong with customers, named."""

from __future__ import annotations

from dougong.api import Invalid, Problem, Text, _

__all__ = ["CustomerNotNamed", "NameNotAllowed", "RelatedToItself"]


class CustomerNotNamed(Invalid):
    """Somebody asks for a customer and says neither which nor what it is called."""

    def __init__(self) -> None:
        super().__init__(Problem("customer", _("Choose the customer, or write its name."), None, "required"))


class NameNotAllowed(Invalid):
    """The name holds characters the company's rule doesn't allow (CUS-M2)."""

    def __init__(self, name: str, words: Text) -> None:
        super().__init__(Problem("name", words, name, "characters"))


class RelatedToItself(Invalid):
    """A customer was named as its own related customer."""

    def __init__(self, customer: int) -> None:
        super().__init__(Problem("related", _("A customer can't be related to itself."), customer, "different"))
