"""What core itself contributes, declared like a plugin's: always on, the first in every snapshot."""

from __future__ import annotations

from dougong.i18n import _
from dougong.people import hooks, records
from dougong.plugin.contributions import Menu, Right
from dougong.plugin.manifest import Plugin

__all__ = ["core"]

core = Plugin(
    name="core",
    label=_("Core"),
    description=_("People, departments, roles and the plugins themselves"),
    icon="building-community",
    records=records.records,
    menus=[
        Menu("/organisation", group="office", order=90, label=_("Organisation"), icon="sitemap"),
        Menu("/roles", group="admin", order=20, label=_("Roles"), icon="shield-lock", right="roles.manage"),
        Menu("/plugins", group="admin", order=30, label=_("Plugins"), icon="puzzle", right="plugins.manage"),
        Menu(
            "/lookups",
            group="admin",
            order=40,
            label=_("Lists of choices"),
            icon="list-details",
            right="lookups.manage",
        ),
        Menu("/settings", group="admin", order=50, label=_("Settings"), icon="settings", right="settings.manage"),
    ],
    rights=[
        Right("plugins.manage", _("Switch plugins on and off")),
        Right("organisation.manage", _("Keep departments, staff and their accounts")),
        Right("roles.manage", _("Keep roles and what they may do")),
        Right("lookups.manage", _("Keep the lists of choices")),
        Right("settings.manage", _("Change settings")),
    ],
    presets=records.presets,
    hooks=[hooks],
)
