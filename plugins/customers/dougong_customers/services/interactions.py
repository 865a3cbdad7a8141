"""What was said with customers, and when they were last met."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dougong.api import Invalid, Problem, Staff, _, company_zone, desk, opened, today, transaction
from dougong_customers.tables import Contact, Customer, Interaction, Participant

__all__ = ["log_interaction", "note_contact"]


async def log_interaction(
    customer: int,
    kind: str,
    text: str,
    *,
    contact: int | None = None,
    contacts: Sequence[int] = (),
    colleagues: Sequence[int] = (),
    happened_at: dt.datetime | None = None,
    next_step: str = "",
) -> Interaction:
    """Put on record what was said or done with a customer, by the acting person; now, unless a moment is given.

    `kind` is a key of the list "interaction_type"; `contacts` and `colleagues` took part besides `contact` and the
    acting person. Invalid where one of them isn't there for the person.
    """
    async with transaction(_("Interaction noted")):
        made = await desk.create(
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
        took_part = [
            *await _named("contact", Contact.select(Contact.id, Contact.name).where(Contact.id.is_in([*contacts, 0]))),
            *await _named("colleague", Staff.select(Staff.id, Staff.name).where(Staff.id.is_in([*colleagues, 0]))),
        ]
        if len(took_part) != len({*contacts}) + len({*colleagues}):
            raise Invalid(Problem("contacts", _("Somebody who took part isn't on record."), None, "reference"))
        if took_part:
            await desk.create_many(Participant, [{**one, "interaction": made.id} for one in took_part])
    return made


async def _named(key: str, people: Any) -> list[dict[str, Any]]:
    return [{key: row["id"], "name": row["name"]} for row in await people]


async def note_contact(interactions: Sequence[int]) -> None:
    """Carry the day of the latest of these interactions, and when to get in touch again, to their customers.

    A contact that was planned for that day or before is no longer waited for, unless it led to the next one.
    A declared opening: whoever may log an interaction need not be allowed to change the customer. Plans ahead of today
    are no contact yet. What is deactivated stays as it is.
    """
    written = Interaction.select(
        Interaction.customer,
        Interaction.happened_at,
        Interaction.follow_up,
        Interaction.customer.last_contacted.as_alias("known"),
        Interaction.customer.next_follow_up.as_alias("planned"),
    )
    in_use = Interaction.customer.active == True  # noqa: E712 - a column's comparison
    with opened(note_contact):
        news: dict[int, dict[str, dt.date | None]] = defaultdict(dict)
        of_those = Interaction.id.is_in(list(interactions)) & in_use
        for row in await written.where(of_those).order_by(Interaction.happened_at):
            day = row["happened_at"].astimezone(company_zone()).date()
            if (row["known"] or dt.date.min) < day <= today():
                news[row["customer"]]["last_contacted"] = day
            if row["follow_up"]:
                news[row["customer"]]["next_follow_up"] = row["follow_up"]
            elif row["planned"] and row["planned"] <= day <= today():
                news[row["customer"]]["next_follow_up"] = None  # what was planned has happened
        for values, customers in _grouped(news):
            await desk.update(Customer, customers, values, reason=_("Interaction noted"))


def _grouped(news: Mapping[int, dict[str, dt.date | None]]) -> Iterable[tuple[dict[str, dt.date | None], list[int]]]:
    """The customers that get the same values, so that each set is written in one statement."""
    groups: dict[tuple[tuple[str, dt.date | None], ...], list[int]] = defaultdict(list)
    for customer, values in sorted(news.items()):
        groups[tuple(sorted(values.items()))].append(customer)
    return [(dict(values), customers) for values, customers in groups.items()]
