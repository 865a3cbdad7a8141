"""Who is acting: the person (or the system, with a reason) under whose rights everything happens.

The principal travels in a context variable: tasks inherit it, threads do not, and where nobody is
acting nothing can be read or written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dougong.errors import Forbidden
from dougong.i18n import _

__all__ = [
    "SCOPES",
    "Grant",
    "Principal",
    "SharedIds",
    "SystemReason",
    "acting_as",
    "current",
    "maybe_current",
    "system",
    "system_reasons",
]

logger = logging.getLogger(__name__)

SCOPES = frozenset({"own", "shared", "department", "below", "chosen", "all"})


@dataclass(frozen=True)
class Grant:
    """How far one right reaches: its data scopes, and the departments behind the scope *chosen*."""

    scopes: frozenset[str]
    departments: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if unknown := self.scopes - SCOPES:
            raise ValueError(f"unknown data scopes: {', '.join(sorted(unknown))}")


class SharedIds(NamedTuple):
    """The records of one type that are shown to somebody: for reading, for editing too, and those they own with others."""

    read: tuple[int, ...] = ()
    edit: tuple[int, ...] = ()
    own: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Principal:
    """One acting person with every right resolved, or the system with its reason.

    Department lists are resolved ids (a subquery would be far slower on large tables). Fields are named
    "customer.credit_limit": those `hidden` are never seen and those `readonly` never changed; `hidden_but_in` and
    `readonly_but_in` name the states of a record in which they are, all the same. `version` identifies the state of rights this principal was built from: principals of the same user and
    version are interchangeable, and caches rely on it. Without a version all fields are compared.
    """

    user: int
    staff: int | None = None
    name: str = ""
    admin: bool = False
    departments: tuple[int, ...] = ()
    subtree: tuple[int, ...] = ()
    grants: Mapping[tuple[str, str], Grant] = field(default_factory=dict)
    shared: Mapping[str, SharedIds] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    readonly: frozenset[str] = frozenset()
    hidden_but_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    readonly_but_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    version: tuple[Any, ...] = ()
    system: str | None = None
    narrow: frozenset[str] | None = None
    _hash: int = field(init=False, repr=False, default=0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.user, self.system, self.version)))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Principal) or self._hash != other._hash:
            return False
        if (self.user, self.system, self.version) != (other.user, other.system, other.version):
            return False
        return bool(self.version) or self._rights() == other._rights()

    def _rights(self) -> tuple[Any, ...]:
        return (
            self.staff,
            self.admin,
            self.departments,
            self.subtree,
            self.grants,
            self.shared,
            self.hidden,
            self.readonly,
            self.hidden_but_in,
            self.readonly_but_in,
            self.narrow,
        )


@dataclass
class SystemReason:
    """One reason for which core acts as the system: the tables it is narrowed to, how often."""

    reason: str
    narrow: frozenset[str] | None
    times: int = 0


_principal: ContextVar[Principal | None] = ContextVar("principal", default=None)
_reasons: dict[str, SystemReason] = {}


def maybe_current() -> Principal | None:
    """The acting principal, or None where nobody is acting."""
    return _principal.get()


def current() -> Principal:
    """The acting principal. Raises `Forbidden` where nobody is acting."""
    principal = _principal.get()
    if principal is None:
        raise Forbidden(_("Nobody is acting: reading and writing need a person or a stated reason."))
    return principal


@contextmanager
def acting_as(principal: Principal) -> Iterator[Principal]:
    """Act as `principal` inside the block; nested blocks return to the outer one."""
    if principal.system is not None:
        _note(principal)
    token = _principal.set(principal)
    try:
        yield principal
    finally:
        _principal.reset(token)


def system(reason: str, narrow: frozenset[str] | None = None) -> Principal:
    """The principal of core's own work. It reads every row and writes core's private tables.

    `reason` is a constant phrase, never built from values: it is listed and logged. `narrow` names
    the only tables the work may touch; None leaves it at every table.
    """
    if not reason.strip():
        raise ValueError("the system acts for a reason: name it")
    return Principal(user=0, name="system", system=reason, narrow=narrow)


def system_reasons() -> Mapping[str, SystemReason]:
    """Every reason the system has acted for in this process."""
    return dict(_reasons)


def _note(principal: Principal) -> None:
    assert principal.system is not None
    entry = _reasons.get(principal.system)
    if entry is None:
        entry = _reasons[principal.system] = SystemReason(principal.system, principal.narrow)
        logger.info("the system acts: %s", principal.system)
    entry.times += 1
