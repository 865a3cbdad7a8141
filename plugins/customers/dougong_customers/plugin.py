"""Customers: who we deal with, the people there, and what was said."""

from __future__ import annotations

from dougong.api import Menu, Opening, Plugin, Staff, Tile, _

from . import customers, hooks, presets, records, reports, routes, sample, services
from .lookups import LOOKUPS
from .settings import CustomerSettings
from .tables import CoOwnerRequest, Customer, Interaction

__all__ = ["plugin"]

plugin = Plugin(
    name="customers",
    label=_("Customers"),
    description=_("Customers and their contacts, what was said with them, and how they belong together."),
    icon="building-skyscraper",
    records=[
        records.customer,
        records.contact,
        records.interaction,
        records.participant,
        records.relation,
        records.co_owner_request,
    ],
    extends=customers.ON_THE_PAGE,
    menus=[
        Menu(records.customer, group="crm", order=10),
        Menu(records.contact, group="crm", order=20),
        Menu(records.interaction, group="crm", order=30),
        Menu(records.co_owner_request, group="crm", order=90),
    ],
    routes=routes.ROUTES,
    tiles=[
        Tile(
            reports.customers_to_follow_up,
            label=_("To follow up"),
            icon="clock",
            order=10,
            empty=_("Nobody is waiting for you."),
        ),
        Tile(
            reports.customers_to_review,
            label=_("Customers to review"),
            icon="clipboard-check",
            order=20,
            right=(records.customer, "approve"),
            empty=_("Nothing to review."),
        ),
        Tile(
            reports.co_owners_to_decide,
            label=_("Co-owner requests"),
            icon="user-plus",
            order=25,
            right=(records.co_owner_request, "decide"),
            empty=_("Nobody asks to be co-owner."),
        ),
        Tile(
            reports.my_recent_customers,
            label=_("My recent customers"),
            icon="building-skyscraper",
            order=30,
            empty=_("You have no customers yet."),
        ),
    ],
    presets=presets.PRESETS,
    openings=[
        Opening(
            services.customers_named_like,
            _("Customers that resemble the name being typed, by name, former name and owner"),
            sees=(Customer, Staff),
            right=(records.customer, "create"),
        ),
        Opening(
            services.note_contact,
            _("The day of the last contact, carried to the customer"),
            sees=(Customer, Interaction),
            per_minute=None,
        ),
        Opening(
            services.find_customers_asked_for,
            _("Which customer is meant by somebody who asks to be its co-owner"),
            sees=(Customer, CoOwnerRequest),
            right=(records.co_owner_request, "create"),
            per_minute=300,
        ),
    ],
    lookups=LOOKUPS,
    settings=CustomerSettings,
    hooks=[hooks],
    samples=[sample.customers],
)
