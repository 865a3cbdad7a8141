"""What people do with customers, beyond writing down fields."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from piccolo.query.functions import Lower

from dougong.api import company_zone, desk, opened, settings_of, today

from .names import search_core
from .settings import CustomerSettings
from .tables import Customer, CustomerRelation, Interaction

__all__ = [
    "Match",
    "customers_named_like",
    "log_interaction",
    "names_on_record",
    "note_contact",
    "related_customers_of",
]

ENOUGH_TYPED = 2


@dataclass(frozen=True)
class Match:
    """A customer as the pre-check shows it: its name and who looks after it, nothing else."""

    name: str
    owner: str


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
    name, short_name = Lower(Customer.name), Lower(Customer.short_name)
    found: dict[int, Match] = {}
    with opened(customers_named_like):
        for close in (name.like(f"{core}%"), name.like(f"%{core}%"), short_name.like(f"%{core}%")):
            if len(found) < limit:
                shown = Customer.select(Customer.id, Customer.name, Customer.owner.name.as_alias("owner_name"))
                # by name: it sorts before the longer ones it begins
                rows = await shown.where(close).order_by(Customer.name).limit(limit)
                found |= {row["id"]: Match(row["name"], row["owner_name"] or "") for row in rows}
    return list(found.values())[:limit]


async def related_customers_of(customer: Customer) -> Sequence[int]:
    """The ids of the customers on record as related, whichever of the two the relation was written on."""
    ours, theirs = CustomerRelation.customer == customer.id, CustomerRelation.related == customer.id
    relations = await CustomerRelation.select(CustomerRelation.customer, CustomerRelation.related).where(ours | theirs)
    ends = {end for row in relations for end in (row["customer"], row["related"])}
    return sorted(ends - {customer.id})


async def names_on_record(typed: str) -> Sequence[tuple[str, str]]:
    """The pre-check as a form shows it: name and owner."""
    return [(match.name, match.owner) for match in await customers_named_like(typed)]


async def log_interaction(
    customer: int,
    kind: str,
    text: str,
    *,
    contact: int | None = None,
    happened_at: dt.datetime | None = None,
    next_step: str = "",
) -> Interaction:
    """Put on record what was said or done with a customer, by the acting person; now, unless a moment is given.

    `kind` is a key of the list "interaction_type".
    """
    return await desk.create(
        Interaction,
        {
            "customer": customer,
            "contact": contact,
            "kind": kind,
            "text": text,
            "next_step": next_step,
            "happened_at": happened_at or dt.datetime.now(dt.UTC),
        },
    )


async def note_contact(interactions: Sequence[int]) -> None:
    """Carry the day of the latest of these interactions, and when to get in touch again, to their customers.

    A declared opening: whoever may log an interaction need not be allowed to change the customer. Plans ahead of today
    are no contact yet.
    """
    written = Interaction.select(
        Interaction.customer,
        Interaction.happened_at,
        Interaction.follow_up,
        Interaction.customer.last_contacted.as_alias("known"),
    )
    with opened(note_contact):
        news: dict[int, dict[str, dt.date]] = defaultdict(dict)
        for row in await written.where(Interaction.id.is_in(list(interactions))).order_by(Interaction.happened_at):
            day = row["happened_at"].astimezone(company_zone()).date()
            if (row["known"] or dt.date.min) < day <= today():
                news[row["customer"]]["last_contacted"] = day
            if row["follow_up"]:
                news[row["customer"]]["next_follow_up"] = row["follow_up"]
        for values, customers in _grouped(news):
            await desk.update(Customer, customers, values)


def _grouped(news: Mapping[int, dict[str, dt.date]]) -> Iterable[tuple[dict[str, dt.date], list[int]]]:
    """The customers that get the same values, so that each set is written in one statement."""
    groups: dict[tuple[tuple[str, dt.date], ...], list[int]] = defaultdict(list)
    for customer, values in sorted(news.items()):
        groups[tuple(sorted(values.items()))].append(customer)
    return [(dict(values), customers) for values, customers in groups.items()]
