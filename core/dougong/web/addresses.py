"""Ids as they stand in addresses: what is none leads nowhere."""

from __future__ import annotations

from dougong.errors import NotFound
from dougong.records.kinds import BIGGEST_INT

__all__ = ["id_at", "short_id_at"]


def id_at(text: str) -> int:
    """The id of a record."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 19 or not 0 < int(text) <= BIGGEST_INT:
        raise NotFound
    return int(text)


def short_id_at(text: str) -> int:
    """The id of what core keeps for itself (an account, a role, a group, a share, a session): counted in four bytes."""
    number = id_at(text)
    if number >= 2**31:
        raise NotFound
    return number
