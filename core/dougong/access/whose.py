"""Whose records somebody's rights reach, apart from any single record: read off the policies, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

from dougong.access.charter import read_charter
from dougong.access.policies import Way, asked_of_parent, type_named, ways
from dougong.access.principal import Grant, Principal
from dougong.access.rights import need
from dougong.access.standing import Place, principal_at
from dougong.db import engine
from dougong.i18n import Text, _
from dougong.records.types import RecordType

__all__ = ["KINDS", "WORDS", "kinds_reached", "somebody_with"]

KINDS = ("own", "shared", "department", "below", "chosen", "other")
"""Records by how they stand to a person: theirs, shared with them, of their department, of one below it, of departments
a role names, and all the rest. What is reached through a parent goes by the parent."""

WORDS: dict[tuple[str, ...], Text] = {
    (): _("None"),
    ("own",): _("Own"),
    ("own", "shared"): _("Own and shared"),
    ("own", "shared", "department"): _("Department"),
    ("own", "shared", "department", "below"): _("Department and below"),
    ("own", "shared", "chosen"): _("Chosen departments"),
    KINDS: _("All"),
}
"""What the usual levels come to; anything else is named kind by kind."""


async def somebody_with(role_id: int) -> Principal:
    """A made-up person with one role, and the one everybody has; they work in a department and own records."""
    need("roles.manage")
    place = Place(user=0, account="", open=True, staff=0, department=0, roles=frozenset({role_id}))
    return principal_at(place, await read_charter())


def kinds_reached(who: Principal, record_type: RecordType, action: str) -> tuple[str, ...]:
    """The kinds of records somebody may do this with."""
    found = ways(record_type, action, who, engine(), "t")
    return tuple(
        kind
        for kind in KINDS
        if _any(found.openers, who, record_type, action, kind)
        and (found.narrowed is None or _any(found.narrowed, who, record_type, action, kind))
    )


def _any(found: Sequence[Way], who: Principal, record_type: RecordType, action: str, kind: str) -> bool:
    return any(_lets_in(way, who, record_type, action, kind) for way in found)


def _lets_in(way: Way, who: Principal, record_type: RecordType, action: str, kind: str) -> bool:
    match way.rule:
        case "parent":
            parent = type_named(str(record_type.parents[way.field]._meta.tablename))
            return kind in kinds_reached(who, parent, asked_of_parent(action))
        case "owner" | "co-owner" | "own":
            return kind == "own"
        case "shared":
            return kind == "shared"
        case "department":
            scopes = who.grants.get((record_type.key, action), Grant(frozenset())).scopes
            return kind in scopes or (kind == "department" and "below" in scopes)
        case _:  # an administrator, everybody, all
            return True
