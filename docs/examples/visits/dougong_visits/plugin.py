"""Visits to customers: planned, done or cancelled."""

from dougong.api import Department, Menu, Opening, Plugin, Preset, Schedule, Tile, _
from dougong_customers.api import Contact, Customer

from . import customers, jobs, records, reports, services
from .tables import Visit

plugin = Plugin(
    name="visits",
    label=_("Customer visits"),
    description=_("Plan visits to customers; what came of them becomes an interaction."),
    icon="map-pin",
    requires=["customers>=0.1,<0.2"],
    records=[records.visit],
    extends=[customers.visits],
    menus=[Menu(records.visit, group="crm", order=50)],
    schedules=[Schedule(jobs.cancel_forgotten_visits, cron="0 8 * * mon-sat")],
    tiles=[Tile(reports.visits_due, label=_("Visits due"), icon="map-pin", order=40, empty=_("No visit is due."))],
    openings=[
        Opening(
            services.cancel_forgotten_visits,
            _("The visits nobody made, to cancel them"),
            sees=[Visit, Customer, Contact, Department],  # and what a visit names
            per_minute=None,  # nobody asks for it, and it answers nobody
        )
    ],
    presets=[Preset(role, records.visit, {"delete": ()}) for role in ("sales", "service")],  # managers delete visits
)
