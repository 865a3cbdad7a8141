"""Declared openings: the only services that see more than whoever asks them.

Each is declared in its plugin's table of contents, with the tables it sees, its right and how often an account may use it.
It goes with its plugin. Each use stands in the log, by whom and of what, never with what was asked or answered.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import Any

from dougong.access.principal import Principal, acting_as, current
from dougong.access.rights import may, may_do
from dougong.access.services.principals import on_behalf
from dougong.db import engine
from dougong.errors import DougongError, Forbidden, NotFound
from dougong.i18n import _
from dougong.plugin.contributions import Opening
from dougong.plugin.snapshot import current_snapshot

__all__ = ["AskedTooOften", "opened"]

logger = logging.getLogger(__name__)

_KEPT = 10_000
_MINUTE = 60.0
# Account and opening → uses left, and when they were counted. In memory: each process of a server counts for itself.
_left: dict[tuple[int, str], tuple[float, float]] = {}
_database: Any = None


class AskedTooOften(DougongError):
    """An account used an opening as often as it may."""

    status = 429
    message = _("This was asked too often. Please ask again in %(seconds)s seconds.")

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds=seconds)
        self.seconds = seconds
        self.headers = {"Retry-After": str(seconds)}


@contextmanager
def opened(service: Callable[..., Any]) -> Iterator[None]:
    """Inside, the service sees the tables that its opening names, every row and field; what it writes is the asker's.

    Raises Forbidden without the opening's right, AskedTooOften above its limit, and NotFound where no plugin that is on
    declares it.
    """
    opening = current_snapshot().openings.get(service)
    if opening is None:
        logger.warning("%s.%s is no opening of a plugin that is on", service.__module__, service.__qualname__)
        raise NotFound
    asking = current()
    if not _holds(asking, opening):
        raise Forbidden
    if asking.system is None and opening.per_minute is not None:
        _count((asking.user, opening.key), opening.per_minute)
    logger.info("the opening %s is used by account %s", opening.key, asking.user)
    narrow = None if opening.sees is None else frozenset(str(table._meta.tablename) for table in opening.sees)
    with acting_as(on_behalf(f"the opening {opening.key}", narrow)):
        yield


def _holds(asking: Principal, opening: Opening) -> bool:
    if opening.right is None:
        return True
    return may_do(asking, opening.right) if isinstance(opening.right, str) else may(asking, *opening.right)


def _count(key: tuple[int, str], per_minute: int) -> None:
    """One use less of a bucket that holds a minute's uses and fills by itself."""
    _begin_anew_in_another_database()
    now = time.monotonic()
    uses, since = _left.get(key, (float(per_minute), now))
    uses = min(per_minute, uses + (now - since) * per_minute / _MINUTE)
    if uses < 1:
        raise AskedTooOften(ceil((1 - uses) * _MINUTE / per_minute))
    if len(_left) >= _KEPT:
        _forget_full(now)
    _left[key] = (uses - 1, now)


def _begin_anew_in_another_database() -> None:
    """Each numbers its accounts for itself."""
    global _database
    if _database is not engine():
        _database = engine()
        _left.clear()


def _forget_full(now: float) -> None:
    """After a minute without a use a bucket is as full as a new one."""
    for key in [key for key, (_uses, since) in _left.items() if now - since > _MINUTE]:
        del _left[key]
