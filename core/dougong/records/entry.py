"""Through which door a change comes in. Rules may be stricter at one door than at another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["ENTRY_POINTS", "entering_by", "entry_point"]

ENTRY_POINTS = ("form", "api", "import", "service")
_entry: ContextVar[str] = ContextVar("entry_point", default="service")


def entry_point() -> str:
    """ "form", "api", "import", or "service" for code that acts on its own."""
    return _entry.get()


@contextmanager
def entering_by(door: str) -> Iterator[None]:
    token = _entry.set(door)
    try:
        yield
    finally:
        _entry.reset(token)
