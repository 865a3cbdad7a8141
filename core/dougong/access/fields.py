"""Which fields of a record somebody may see and change, where need be state by state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dougong.access.charter import RoleTerms, field_name
from dougong.access.policies import guarded_types, type_or_none
from dougong.access.principal import Principal

__all__ = ["HIDDEN", "LEVELS", "READ", "WRITE", "HeldBack", "field_level", "held_back", "said"]

HIDDEN, READ, WRITE = 0, 1, 2
LEVELS: Mapping[str, int] = {"hidden": HIDDEN, "read": READ, "write": WRITE}


@dataclass(frozen=True)
class HeldBack:
    """The fields never seen and never changed, and those seen or changed in some states only; as in a principal."""

    hidden: frozenset[str] = frozenset()
    readonly: frozenset[str] = frozenset()
    hidden_but_in: Mapping[str, frozenset[str]] = field(default_factory=dict)
    readonly_but_in: Mapping[str, frozenset[str]] = field(default_factory=dict)


def held_back(roles: Sequence[RoleTerms]) -> HeldBack:
    """What roles hold back together. In each state the most generous of those with a say on the type decides."""
    hidden, readonly = set[str](), set[str]()
    hidden_but_in: dict[str, frozenset[str]] = {}
    readonly_but_in: dict[str, frozenset[str]] = {}
    for name in sorted({said_of.partition("@")[0] for role in roles for said_of in role.fields}):
        levels = _by_state(name, roles)
        seen = frozenset(state for state, level in levels.items() if level > HIDDEN)
        changed = frozenset(state for state, level in levels.items() if level == WRITE)
        _hold(name, levels, seen, hidden, hidden_but_in)
        if seen:
            _hold(name, levels, changed, readonly, readonly_but_in)
    if hidden or hidden_but_in:
        _hide_telling(hidden, hidden_but_in)
    return HeldBack(frozenset(hidden), frozenset(readonly), hidden_but_in, readonly_but_in)


def _hide_telling(hidden: set[str], hidden_but_in: dict[str, frozenset[str]]) -> None:
    """What is worked out from a hidden field, or there only by what it says, tells of it: it is hidden with it, in the
    same states. Nobody's sight ends where a record makes no sense any more."""
    said_hidden, said_but_in = frozenset(hidden), dict(hidden_but_in)
    for record_type in guarded_types():
        states = record_type.lifecycle.keys if record_type.lifecycle else ("",)
        for key, others in record_type.shape.telling.items():
            if key not in record_type.can_be_held_back:
                continue
            read = [f"{record_type.key}.{k}" for k in (key, *others)]
            seen = frozenset(
                s for s in states if not any(n in said_hidden or s not in said_but_in.get(n, states) for n in read)
            )
            _hold(read[0], dict.fromkeys(states, WRITE), seen, hidden, hidden_but_in)


def _by_state(name: str, roles: Sequence[RoleTerms]) -> dict[str, int]:
    """state → level; "" alone where records of the type have no states."""
    record = name.partition(".")[0]
    known = type_or_none(record)
    states = known.lifecycle.keys if known and known.lifecycle else ("",)
    speaking = [role for role in roles if record in role.spoken_of]
    return {state: max(said(role, name, state) for role in speaking) for state in states}


def _hold(
    name: str,
    levels: Mapping[str, int],
    open_in: frozenset[str],
    always: set[str],
    but_in: dict[str, frozenset[str]],
) -> None:
    if not open_in:
        always.add(name)
    elif len(open_in) < len(levels):
        but_in[name] = open_in


def said(role: RoleTerms, name: str, state: str = "") -> int:
    """The level a role leaves a field at, in a state of the record: what it doesn't mention may be changed."""
    level = role.fields.get(field_name(name, state)) or role.fields.get(name) or "write"
    return LEVELS[level]


def field_level(who: Principal, name: str, state: str | None = None) -> int:
    """What somebody may do with a field of a record in this state; None: of a record in whichever state suits best."""
    if name in who.hidden or _shut(who.hidden_but_in, name, state):
        return HIDDEN
    if name in who.readonly or _shut(who.readonly_but_in, name, state):
        return READ
    return WRITE


def _shut(but_in: Mapping[str, Iterable[str]], name: str, state: str | None) -> bool:
    return state is not None and name in but_in and state not in but_in[name]
