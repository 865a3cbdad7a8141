"""What stands on a customer's page beside its own fields."""

from __future__ import annotations

from collections.abc import Sequence

from dougong.api import Graph, Tab, Timeline, _

from . import records
from .tables import Contact, CoOwnerRequest, CustomerRelation, Interaction, Participant

__all__ = ["ON_THE_PAGE"]

contacts = Tab(
    records.contact,
    via=Contact.customer,
    columns=[Contact.name, Contact.title, Contact.role, Contact.mobile, Contact.email, Contact.owner],
    order=10,
)

interactions = Tab(
    records.interaction,
    via=Interaction.customer,
    columns=[Interaction.text, Interaction.kind, Interaction.contact, Interaction.happened_at, Interaction.owner],
    order=20,
)

related = Tab(
    records.relation,
    via=CustomerRelation.customer,
    label=_("Related customers"),
    columns=[CustomerRelation.relation, CustomerRelation.related, CustomerRelation.remark],
    graph=Graph(to=CustomerRelation.related, kind=CustomerRelation.relation, reverse=CustomerRelation.reverse),
    order=30,
)

related_to = Tab(
    records.relation,
    via=CustomerRelation.related,
    label=_("Related to"),
    columns=[CustomerRelation.reverse, CustomerRelation.customer, CustomerRelation.remark],
    order=40,
)

asked = Tab(
    records.co_owner_request,
    via=CoOwnerRequest.customer,
    columns=[CoOwnerRequest.owner, CoOwnerRequest.decision, CoOwnerRequest.created, CoOwnerRequest.answer],
    order=60,
)

took_part = Tab(
    records.participant,
    via=Participant.interaction,
    columns=[Participant.name, Participant.contact, Participant.colleague],
)

said = Timeline(
    records.interaction,
    via=Interaction.customer,
    at=Interaction.happened_at,
    text=Interaction.text,
    kind=Interaction.kind,
    compose=[Interaction.kind, Interaction.follow_up],
    icon="message-circle",
    tone="pri",
)

belongs_to = Timeline(
    records.relation,
    via=CustomerRelation.customer,
    at=CustomerRelation.created,
    text=CustomerRelation.remark,
    kind=CustomerRelation.relation,
    about=CustomerRelation.related,
    icon="affiliate",
)

seen_from_there = Timeline(
    records.relation,
    via=CustomerRelation.related,
    at=CustomerRelation.created,
    text=CustomerRelation.remark,
    kind=CustomerRelation.reverse,
    about=CustomerRelation.customer,
    icon="affiliate",
)

ON_THE_PAGE: Sequence[Tab | Timeline] = [
    contacts,
    interactions,
    related,
    related_to,
    asked,
    took_part,
    said,
    belongs_to,
    seen_from_there,
]
