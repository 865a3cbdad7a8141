"""What core itself contributes, declared like a plugin's: always on, the first in every snapshot."""

from __future__ import annotations

from dougong.access.explain import explain, readers_of
from dougong.exports.log import SEE
from dougong.i18n import _
from dougong.imports.jobs import bring_in, try_import
from dougong.imports.undoing import take_import_back
from dougong.people import hooks, records
from dougong.people.tables import education
from dougong.plugin.contributions import Menu, Opening, Right
from dougong.plugin.impact import rows_held
from dougong.plugin.manifest import Plugin
from dougong.plugin.uninstalling import belongings
from dougong.plugin.uses import records_holding, uses_of
from dougong.records.mentions import readers_among
from dougong.records.references import referred_to, where_used
from dougong.shaping.conversion import outlook

__all__ = ["core"]

core = Plugin(
    name="core",
    label=_("Core"),
    description=_("People, departments, roles and the plugins themselves"),
    icon="building-community",
    records=records.records,
    menus=[
        Menu("/organisation", group="office", order=90, label=_("Organisation"), icon="sitemap"),
        Menu(
            "/roles",
            group="admin",
            order=20,
            label=_("Roles"),
            icon="shield-lock",
            right="roles.manage",
            also=("/groups",),
        ),
        Menu("/plugins", group="admin", order=30, label=_("Plugins"), icon="puzzle", right="plugins.manage"),
        Menu("/jobs", group="admin", order=35, label=_("Jobs"), icon="clock-play", right="jobs.manage"),
        Menu(
            "/lookups",
            group="admin",
            order=40,
            label=_("Lists of choices"),
            icon="list-details",
            right="lookups.manage",
        ),
        Menu("/fields", group="admin", order=45, label=_("Fields and forms"), icon="forms", right="fields.manage"),
        Menu("/exports", group="admin", order=47, label=_("Exports"), icon="file-export", right=SEE),
        Menu("/settings", group="admin", order=50, label=_("Settings"), icon="settings", right="settings.manage"),
    ],
    rights=[
        Right("plugins.manage", _("Switch plugins on and off")),
        Right("jobs.manage", _("See everybody's jobs, stop them and have them tried again")),
        Right("organisation.manage", _("Keep departments, staff and their accounts")),
        Right("organisation.appoint", _("Decide who works where and who leads whom: what they see goes with it")),
        Right("accounts.reset", _("Set the password of people who may do more than oneself")),
        Right("roles.manage", _("Keep roles, groups and what they may do")),
        Right("access.explain", _("See why somebody may or may not do something")),
        Right("lookups.manage", _("Keep the lists of choices")),
        Right("fields.manage", _("Add fields to records and lay out their templates")),
        Right("settings.manage", _("Change settings")),
        Right("views.share", _("Share views of lists with everybody")),
        Right(SEE, _("See who exported what")),
    ],
    presets=records.presets,
    jobs=[try_import, bring_in, take_import_back],
    lookups=[education],
    openings=[
        Opening(where_used, _("Who refers to a record that can't be deleted, as numbers"), sees=None),
        Opening(
            referred_to,
            _("Which of many records can't be deleted because something refers to them"),
            sees=None,
            per_minute=300,  # once for each type of record, and the undo of an import for every piece of it
        ),
        Opening(
            uses_of,
            _("How many records hold a choice"),
            sees=None,
            right="lookups.manage",
            per_minute=600,  # the page of a list and each answer of its API say it
        ),
        Opening(
            records_holding,
            _("How many records of each main category hold a value in a field the company added"),
            sees=None,
            right="fields.manage",
            per_minute=60,
        ),
        Opening(
            rows_held,
            _("How many records a plugin holds"),
            sees=None,
            right="plugins.manage",
            per_minute=60,
        ),
        Opening(
            belongings,
            _("What leaves with a plugin that is uninstalled, as numbers"),
            sees=None,
            right="plugins.manage",
            per_minute=60,
        ),
        Opening(
            outlook,
            _("How many records would lose the value of a field of another kind"),
            sees=None,
            right="fields.manage",
            per_minute=60,
        ),
        Opening(
            explain,
            _("Why somebody may or may not do something with a record"),
            sees=None,
            right="access.explain",
            per_minute=120,
        ),
        Opening(
            readers_among,
            _("Whether people may read a record, to mention them in a comment on it"),
            sees=None,
            per_minute=300,  # the names offered while one types ask for it
        ),
        Opening(readers_of, _("Who can see a record, and why"), sees=None, right="access.explain", per_minute=60),
    ],
    hooks=[hooks],
)
