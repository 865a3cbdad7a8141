"""Visits to customers: planned, done or cancelled."""

from dougong.api import Menu, Plugin, Preset, Tile, _

from . import customers, records, reports

plugin = Plugin(
    name="visits",
    label=_("Customer visits"),
    description=_("Plan visits to customers; what came of them becomes an interaction."),
    icon="map-pin",
    requires=["customers>=0.1,<0.2"],
    records=[records.visit],
    extends=[customers.visits],
    menus=[Menu(records.visit, group="crm", order=50)],
    tiles=[Tile(reports.visits_due, label=_("Visits due"), icon="map-pin", order=40, empty=_("No visit is due."))],
    presets=[Preset(role, records.visit, {"delete": ()}) for role in ("sales", "service")],  # managers delete visits
)
