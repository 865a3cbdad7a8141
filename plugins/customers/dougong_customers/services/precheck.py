"""What is on record already, before somebody enters a customer a second time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from piccolo.query.functions import Lower

from dougong.api import _, opened, settings_of
from dougong_customers.former_names import read_former_names
from dougong_customers.names import search_core
from dougong_customers.settings import CustomerSettings
from dougong_customers.tables import Customer

__all__ = ["Match", "customers_named_like", "names_on_record"]

ENOUGH_TYPED = 2


@dataclass(frozen=True)
class Match:
    """A customer as the pre-check shows it: its name and who looks after it, and the former name it was found by."""

    name: str
    owner: str
    formerly: str = ""


async def customers_named_like(typed: str) -> Sequence[Match]:
    """At most five customers whose name holds what is typed, those that begin with it first (CUS-M3).

    A declared opening: it shows customers the person may not open, so that nobody enters one a second time. Raises
    Forbidden for whoever may create none, AskedTooOften for whoever tries out names.
    Nothing is shown before two characters are typed. Legal forms and brackets in what is typed don't count.
    """
    core = search_core(typed).lower()
    if len(core) < ENOUGH_TYPED:
        return []
    limit = settings_of(CustomerSettings).precheck_shows
    name, short_name, former = (Lower(c) for c in (Customer.name, Customer.short_name, Customer.former_names))
    columns = (Customer.id, Customer.name, Customer.short_name, Customer.former_names)
    found: dict[int, Match] = {}
    with opened(customers_named_like):
        inside = f"%{core}%"
        for close in (name.like(f"{core}%"), name.like(inside), short_name.like(inside), former.like(inside)):
            if len(found) < limit:
                shown = Customer.select(*columns, Customer.owner.name.as_alias("owner_name"))
                # by name: it sorts before the longer ones it begins
                rows = await shown.where(close).order_by(Customer.name).limit(limit)
                found |= {row["id"]: _match(row, core) for row in rows}
    return list(found.values())[:limit]


def _match(row: Mapping[str, Any], core: str) -> Match:
    by_today = core in row["name"].lower() or core in row["short_name"].lower()
    former = [] if by_today else [f.name for f in read_former_names(row["former_names"]) if core in f.name.lower()]
    return Match(row["name"], row["owner_name"] or "", former[-1] if former else "")


async def names_on_record(typed: str) -> Sequence[tuple[str, str]]:
    """The pre-check as a form shows it: name and owner, and what it was called before where that was typed."""
    return [(match.name, _beside(match)) for match in await customers_named_like(typed)]


def _beside(match: Match) -> str:
    if not match.formerly:
        return match.owner
    return str(_("%(owner)s; formerly %(name)s", owner=match.owner or "—", name=match.formerly))
