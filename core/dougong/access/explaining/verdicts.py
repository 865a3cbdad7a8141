"""Whether somebody may do something with one record, and by which ways.

Of one person the database is asked for every condition of the gate and the desk, so that the two can't come to
different answers. Of everybody it is said from what is known of the record, without asking again for each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from piccolo.querystring import QueryString

from dougong.access.explaining.circumstances import Facts, Person
from dougong.access.policies import Way, asked_of_parent, ways
from dougong.access.principal import Grant, Principal
from dougong.access.rights import may
from dougong.db import engine, fetch
from dougong.errors import NotFound
from dougong.records.gate import cleared, physical, shadows

__all__ = ["Matched", "Verdict", "ask_database", "judge_reading", "reaches_department"]


@dataclass(frozen=True)
class Matched:
    """A way that opens the record: as in `policies.Way`."""

    rule: str
    field: str = ""


@dataclass(frozen=True)
class Verdict:
    """`openers` are the ways that open the record, `within` those left by what roles narrow (None: they don't)."""

    allowed: bool
    openers: Sequence[Matched]
    within: Sequence[Matched] | None = None
    above: Mapping[str, Verdict] = field(default_factory=dict)
    """What is said of the records it belongs to, for the action asked of them."""


async def ask_database(facts: Facts, action: str, principal: Principal) -> Verdict:
    """The conditions of the gate and the desk, each for itself; one query for the record and one for each above it."""
    known = ways(facts.record_type, action, principal, engine(), "t")
    every = [*known.openers, *(known.narrowed or ())]
    whole, *each = await _hold(facts, action, principal, [known.condition, *(way.condition for way in every)])
    number = len(known.openers)
    above = {
        key: await ask_database(parent, asked_of_parent(action), principal)
        for key, parent in facts.parents.items()
        if parent is not None
    }
    return Verdict(
        whole and may(principal, facts.record_type, action),
        _matched(known.openers, each[:number]),
        None if known.narrowed is None else _matched(known.narrowed, each[number:]),
        above,
    )


def _matched(asked: Sequence[Way], held: Sequence[bool]) -> list[Matched]:
    return [Matched(way.rule, way.field) for way, holds in zip(asked, held, strict=True) if holds]


async def _hold(
    facts: Facts, action: str, principal: Principal, conditions: Sequence[QueryString | None]
) -> Sequence[bool]:
    """Which of the conditions hold for the record."""
    db, everything = engine(), QueryString("1 = 1")
    # reading names a parent by its guarded name; every other action asks the table itself
    named = [str(p._meta.tablename) for p in facts.record_type.parents.values()] if action == "read" else []
    asked = ", ".join(f"({{}}) AS c{number}" for number in range(len(conditions)))
    sql = f'{{}}SELECT {asked} FROM {physical(db, facts.record_type.key)} t WHERE t."id" = {{}}'
    values = [condition or everything for condition in conditions]
    with cleared("desk"):
        rows = await fetch(QueryString(sql, shadows(db, principal, named), *values, facts.id))
    if not rows:  # deleted meanwhile
        raise NotFound
    return [bool(rows[0][f"c{number}"]) for number in range(len(conditions))]


# ------------------------------------------------------------------ everybody at once


def judge_reading(facts: Facts, person: Person) -> Verdict:
    """Whether somebody may see the record, without asking the database."""
    scope = facts.record_type.scope
    above = {key: judge_reading(parent, person) for key, parent in facts.parents.items() if parent is not None}
    if person.admin:
        return Verdict(True, [Matched("admin")])
    if scope.has("everyone"):
        return Verdict(True, [Matched("everyone")], above=above)
    said = person.grants.get((facts.record_type.key, "read"))
    openers = [Matched(way) for way in _owning(facts, person)] if scope.has("owner") else []
    openers += [Matched("parent", key) for key, verdict in above.items() if verdict.allowed]
    if scope.has("role"):
        openers += _reached(facts, person, said) if said else []
        return Verdict(bool(openers), openers, above=above)
    within = None if said is None else list(_reached(facts, person, said))
    return Verdict(bool(openers) and within != [], openers, within, above)


def _owning(facts: Facts, person: Person) -> Iterator[str]:
    if person.place.staff is not None and facts.owner == person.place.staff:
        yield "owner"
    if any(share.counts and share.level == "own" for share in person.shares(facts)):
        yield "co-owner"


def _reached(facts: Facts, person: Person, grant: Grant) -> Iterator[Matched]:
    if "all" in grant.scopes:
        yield Matched("all")
        return
    if "own" in grant.scopes:
        yield from (Matched("own", way) for way in _owning(facts, person))
    if "shared" in grant.scopes and any(share.counts for share in person.shares(facts)):
        yield Matched("shared")
    if reaches_department(person, grant, facts.department):
        yield Matched("department")


def reaches_department(person: Person, grant: Grant, department: int | None) -> bool:
    """Whether a grant reaches this department's records."""
    if department is None:
        return False
    chosen = "chosen" in grant.scopes and department in grant.departments
    own = "department" in grant.scopes and department in person.departments
    return chosen or own or ("below" in grant.scopes and person.nearest(department) is not None)
