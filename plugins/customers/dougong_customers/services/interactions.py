"""What was said with customers, and when they were last met."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from dougong.api import company_zone, desk, opened, today
from dougong_customers.tables import Customer, Interaction

__all__ = ["log_interaction", "note_contact"]


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
