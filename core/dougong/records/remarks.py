"""What is to be said of a record though it is written: a rule that only warns. Heard by whoever listens at the door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from dougong.errors import Problem

__all__ = ["Remarks", "about", "listening", "remark"]

Remarks = dict[int, list[Problem]]
"""By what the record is called while it is written: its place in the set, or its id."""

_heard: ContextVar[Remarks | None] = ContextVar("remarks", default=None)
_about: ContextVar[int] = ContextVar("remarked_about", default=0)


def remark(problem: Problem) -> None:
    """Say something of the record that is being saved, from a `before_save` hook. It is saved all the same."""
    heard = _heard.get()
    if heard is not None:
        heard.setdefault(_about.get(), []).append(problem)


@contextmanager
def listening() -> Iterator[Remarks]:
    """Hear what is remarked inside."""
    heard: Remarks = {}
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


@contextmanager
def about(place: int) -> Iterator[None]:
    """What is remarked inside concerns this record."""
    token = _about.set(place)
    try:
        yield
    finally:
        _about.reset(token)
