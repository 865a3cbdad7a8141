"""The names a customer had before, as the customer itself carries them: one to a line, each with the day it was used until.

They stand in a field and in no table of their own: so they are found like the name, come back when the customer is brought
back, go when a renaming is undone, and keep nobody from deleting the customer.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["FormerName", "read_former_names", "write_former_names"]

_DATED = re.compile(r"(.*\S)\s+(\d{4}-\d\d-\d\d)")


@dataclass(frozen=True)
class FormerName:
    """From `until` on the customer had its next name; None where nobody knows the day."""

    name: str
    until: dt.date | None

    def __str__(self) -> str:
        return f"{self.name} {self.until}" if self.until else self.name


def read_former_names(text: str | None) -> Sequence[FormerName]:
    """The names of a field, in its order. A line without a day, or with one that isn't, is a name as a whole."""
    return [_read(line.strip()) for line in (text or "").splitlines() if line.strip()]


def write_former_names(names: Iterable[FormerName]) -> str:
    """The text of the field, the oldest name first, those nobody knows the day of before all others."""
    return "\n".join(str(known) for known in sorted(names, key=lambda known: known.until or dt.date.min))


def _read(line: str) -> FormerName:
    dated = _DATED.fullmatch(line)
    try:
        return FormerName(dated[1], dt.date.fromisoformat(dated[2])) if dated else FormerName(line, None)
    except ValueError:
        return FormerName(line, None)
