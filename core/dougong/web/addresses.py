"""Ids as they stand in addresses, where what is none leads nowhere, and versions as forms send them."""

from __future__ import annotations

from dougong.errors import NotFound
from dougong.records.kinds import BIGGEST_INT

__all__ = ["id_at", "short_id_at", "version_in"]


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


def version_in(text: str) -> int:
    """The version a form was filled in on; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
