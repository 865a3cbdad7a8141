"""Two hundred customers for the demo company, with the people there and a year of what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dougong.api import Department, Staff, company_zone, desk, share_record, today
from dougong_customers.tables import Contact, CoOwnerRequest, Customer, CustomerRelation, Interaction, Participant

from .company import SampleCustomer, sample_customers

__all__ = ["customers"]

HOW_MANY = 200
SALES = "SALES"
"""The code of the department whose groups look after customers."""
SHARED_EVERY = 9
RENAMED = (17, 42, 83, 120)
ASKED_FOR = (("展会上他们的采购找到我，想一起跟进", 2), ("该客户在上海的工厂由我对接", 11))
"""Why a colleague asks to be co-owner, and of which of the customers."""


async def customers() -> None:
    """Fill an empty company. Every record comes in by the desk, so all of it has its history."""
    made = sample_customers(HOW_MANY, today(), company_zone())
    sellers = await salespeople()
    # from the second on: the first of a group usually leads it
    owners = [sellers[place % len(sellers)] for place in range(1, len(made) + 1)]
    rows = [sample.values | {"owner": owner} for sample, owner in zip(made, owners, strict=True)]
    for place in RENAMED:
        rows[place]["former_names"] = f"{rows[place]['short_name']}厂 {rows[place]['created']:%Y-%m-%d}"
    ids = await desk.create_many(Customer, rows)
    known, owner_of = dict(zip(ids, made, strict=True)), dict(zip(ids, owners, strict=True))
    contacts = await add_contacts(known, owner_of)
    await add_interactions(known, owner_of, contacts)
    await relate(known)
    await review(known)
    await share(ids, owner_of, sellers)
    await ask_for(ids, owner_of, known, sellers)


async def salespeople() -> list[int]:
    """The staff of the groups below the sales department; where there is none, all staff."""
    tree = await Department.select(Department.id, Department.parent, Department.code).order_by(Department.id)
    below = {row["id"] for row in tree if row["code"] == SALES}
    for _level in tree:
        below |= {row["id"] for row in tree if row["parent"] in below}
    groups = below - {row["parent"] for row in tree}
    staff = await Staff.select(Staff.id, Staff.department).order_by(Staff.id)
    return [row["id"] for row in staff if row["department"] in groups] or [row["id"] for row in staff]


async def add_contacts(known: Mapping[int, SampleCustomer], owner_of: Mapping[int, int]) -> dict[int, list[int]]:
    rows = [
        contact.values | {"customer": customer, "owner": owner_of[customer], "created": sample.values["created"]}
        for customer, sample in known.items()
        for contact in sample.contacts
    ]
    ids = iter(await desk.create_many(Contact, rows))
    return {customer: [next(ids) for _ in sample.contacts] for customer, sample in known.items()}


async def add_interactions(
    known: Mapping[int, SampleCustomer], owner_of: Mapping[int, int], contacts: Mapping[int, Sequence[int]]
) -> None:
    rows: list[dict[str, Any]] = []
    for customer, sample in known.items():
        for said in sample.interactions:
            contact = None if said.contact is None else contacts[customer][said.contact]
            rows.append(said.values | {"customer": customer, "contact": contact, "owner": owner_of[customer]})
    rows.sort(key=lambda row: row["happened_at"])
    made = await desk.create_many(Interaction, rows)
    meetings = [(i, row) for i, row in zip(made, rows, strict=True) if row["kind"] == "meeting"]
    names = {row["id"]: row["name"] for row in await Staff.select(Staff.id, Staff.name)}
    together = [
        {"interaction": i, "colleague": row["owner"], "name": names[row["owner"]], "created": row["created"]}
        for i, row in meetings
    ]
    await desk.create_many(Participant, together)


async def relate(known: Mapping[int, SampleCustomer]) -> None:
    """Every channel customer deals for two end customers, so that it could be approved; a few make a group of companies."""
    channels = [i for i, sample in known.items() if sample.values["kind"] == "channel"]
    ends = [i for i, sample in known.items() if sample.values["kind"] == "end"]
    rows = [
        {"customer": channel, "relation": "dealer_of", "related": ends[(3 * place + step) % len(ends)]}
        for place, channel in enumerate(channels)
        for step in range(2)
    ]
    head, *group = ends[:5]
    said = ("parent_of", "parent_of", "partner_of", "competitor_of")
    rows += [{"customer": head, "relation": how, "related": end} for how, end in zip(said, group, strict=True)]
    await desk.create_many(CustomerRelation, rows)


async def review(known: Mapping[int, SampleCustomer]) -> None:
    sent_in = [i for i, sample in known.items() if sample.state != "draft"]
    await desk.update(Customer, sent_in, {"state": "submitted"})
    await desk.update(Customer, [i for i in sent_in if known[i].state == "approved"], {"state": "approved"})


async def share(ids: Sequence[int], owner_of: Mapping[int, int], sellers: Sequence[int]) -> None:
    """A few customers are worked on by two: each is shared with the colleague after its owner."""
    for customer in ids[::SHARED_EVERY]:
        colleague = sellers[(sellers.index(owner_of[customer]) + 1) % len(sellers)]
        await share_record("customer", customer, staff=colleague, level="edit")


async def ask_for(
    ids: Sequence[int], owner_of: Mapping[int, int], known: Mapping[int, SampleCustomer], sellers: Sequence[int]
) -> None:
    """A colleague who is nearest but one to the owner asks by the name of the customer, as who can't see it does."""
    rows = []
    for reason, place in ASKED_FOR:
        customer = ids[place]
        colleague = sellers[(sellers.index(owner_of[customer]) + 2) % len(sellers)]
        rows.append({"reason": reason, "customer_name": known[customer].values["name"], "owner": colleague})
    await desk.create_many(CoOwnerRequest, rows)
