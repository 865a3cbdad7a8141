"""How far somebody's rights reach, in parts that can be compared: who may do more than whom, and what a change gives or takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dougong.access.fields import HIDDEN, READ, WRITE, field_level
from dougong.access.levels import scope_words
from dougong.access.policies import departments_of_grant, guarded_types, narrowing_grant, type_or_none
from dougong.access.principal import Principal
from dougong.access.rights import RIGHT, may
from dougong.i18n import Text, _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType

__all__ = ["Difference", "Part", "Reach", "beyond", "differences", "reach_of"]

Scope = str | int
"""One data scope, or a department whose records are reached."""

_FIELD_WORDS = {HIDDEN: _("hidden"), READ: _("see only"), WRITE: _("see and change")}


@dataclass(frozen=True)
class Part:
    """What rights speak about: an action on a record type, one of its fields (in one state, "" for every), or a right
    about the whole house (then `record` is "")."""

    record: str
    action: str = ""
    field: str = ""
    state: str = ""


@dataclass(frozen=True)
class Reach:
    """Everything somebody may do. `scopes` leaves out what reaches nothing, `levels` fields that may be changed."""

    admin: bool = False
    scopes: Mapping[Part, frozenset[Scope]] = field(default_factory=dict)
    levels: Mapping[Part, int] = field(default_factory=dict)
    readable: frozenset[str] = frozenset()

    def level(self, part: Part) -> int:
        """What may be done with a field: nothing where its records can't be seen."""
        if self.admin:
            return WRITE
        return self.levels.get(part, WRITE) if part.record in self.readable else HIDDEN

    def covers(self, part: Part, wanted: frozenset[Scope]) -> bool:
        """Whether an action reaches at least this far. Whoever reaches departments reaches what is their own as well."""
        held = self.scopes.get(part, frozenset())
        if self.admin or "all" in held:
            return True
        near = any(isinstance(scope, int) for scope in held)
        return all(scope in held or (near and scope in ("own", "shared")) for scope in wanted)


def reach_of(who: Principal, merged: Mapping[int, int] | None = None) -> Reach:
    """How far a person's rights reach. `merged` says of departments which other one their records went to."""
    if who.admin or who.system is not None:
        return Reach(admin=True)
    types = {t.key: t for t in guarded_types()}
    scopes: dict[Part, frozenset[Scope]] = {
        Part("", right): frozenset({"all"}) for (record, right) in who.grants if record == RIGHT
    }
    for record_type in types.values():
        for action in record_type.actions_allowed:
            if reached := _scopes(who, record_type, action, merged or {}):
                scopes[Part(record_type.key, action)] = reached
    readable = frozenset(key for key, record_type in types.items() if may(who, record_type, "read"))
    levels = {part: level for name in _held_back(who) for part, level in _levels(who, name)}
    return Reach(scopes=scopes, levels=levels, readable=readable)


def _scopes(who: Principal, record_type: RecordType, action: str, merged: Mapping[int, int]) -> frozenset[Scope]:
    scope = record_type.scope
    if scope.has("everyone") and action == "read":
        return frozenset({"all"})
    inherits = scope.inherits
    grant = narrowing_grant(record_type, action, who) if inherits else who.grants.get((record_type.key, action))
    if grant is None:
        return frozenset({"all"} if inherits else ())  # all of what the parents let in
    if "all" in grant.scopes:
        return frozenset({"all"})
    departments = departments_of_grant(who, grant)
    departments |= {source for source, target in merged.items() if target in departments}
    return frozenset(grant.scopes & {"own", "shared"}) | departments


def _held_back(who: Principal) -> set[str]:
    return {*who.hidden, *who.readonly, *who.hidden_but_in, *who.readonly_but_in}


def _levels(who: Principal, name: str) -> Iterator[tuple[Part, int]]:
    record, _dot, key = name.partition(".")
    known = type_or_none(record)
    if known is None:
        return
    for state in known.lifecycle.keys if known.lifecycle else ("",):
        yield Part(record, field=key, state=state), field_level(who, name, state)


@dataclass(frozen=True)
class Difference:
    """One part of somebody's rights that reaches further or less far than before."""

    part: Part
    gained: frozenset[Scope] | int
    lost: frozenset[Scope] | int
    before: frozenset[Scope] | int
    after: frozenset[Scope] | int

    @property
    def what(self) -> Text | str:
        """The part in words: "Customers: Export", "Customers: Credit limit"."""
        return _words(self.part)

    @property
    def change(self) -> str:
        """From what to what, in words."""
        return f"{_amount(self.before)} → {_amount(self.after)}"


def differences(before: Reach, after: Reach) -> list[Difference]:
    """What somebody may do more or less than before, in the order of records and actions."""
    if before.admin or after.admin:
        if before.admin == after.admin:
            return []
        none, every = frozenset[Scope](), frozenset[Scope]({"all"})
        what = (every, none, none, every) if after.admin else (none, every, every, none)
        return [Difference(Part("", ""), *what)]
    return [*_of_scopes(before, after), *_of_fields(before, after)]


def beyond(before: Reach, after: Reach, held: Reach) -> list[Text | str]:
    """What somebody may do more than before, as far as it is more than whoever gave it may do themselves; in words."""
    if held.admin:
        return []
    if after.admin:
        return [] if before.admin else [_words(Part("", ""))]
    gained = [(part, now - _covered(before, part, now)) for part, now in after.scopes.items()]
    found = [part for part, scopes in gained if not held.covers(part, scopes)]
    fields = {**before.levels, **after.levels, **held.levels}
    found += [part for part in fields if after.level(part) > max(before.level(part), held.level(part))]
    return [_words(part) for part in found]


def _covered(reach: Reach, part: Part, wanted: frozenset[Scope]) -> frozenset[Scope]:
    return frozenset(scope for scope in wanted if reach.covers(part, frozenset({scope})))


def _of_scopes(before: Reach, after: Reach) -> Iterator[Difference]:
    nothing = frozenset[Scope]()
    for part in {**before.scopes, **after.scopes}:
        was, now = before.scopes.get(part, nothing), after.scopes.get(part, nothing)
        gained, lost = now - _covered(before, part, now), was - _covered(after, part, was)
        if gained or lost:
            yield Difference(part, gained, lost, was, now)


def _of_fields(before: Reach, after: Reach) -> Iterator[Difference]:
    for part in {**before.levels, **after.levels}:
        was, now = before.level(part), after.level(part)
        if was != now and part.record in before.readable | after.readable:
            yield Difference(part, now if now > was else 0, was if was > now else 0, was, now)


def _words(part: Part) -> Text | str:
    if not part.record:
        return _house_right(part.action)
    known = type_or_none(part.record)
    if known is None:
        return part.record
    if part.field:
        label = known.fields[part.field].label
        if part.state:
            label = _("%(what)s (%(state)s)", what=label, state=known.state_option(part.state).label)
        return _("%(records)s: %(what)s", records=known.plural, what=label)
    return _("%(records)s: %(what)s", records=known.plural, what=known.action_label(part.action))


def _house_right(key: str) -> Text | str:
    if not key:
        return _("everything")
    known = current_snapshot().rights.get(key)
    return known.label if known else key


def _amount(reached: frozenset[Scope] | int) -> str:
    return str(_FIELD_WORDS[reached] if isinstance(reached, int) else scope_words(reached))
