"""The standard roles, and what plugins grant them when they are first switched on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dougong.access.principal import acting_as, system
from dougong.access.tables import Role, RoleField, RoleGrant, RoleRight
from dougong.access.version import rights_changed
from dougong.db import transaction
from dougong.i18n import Text, _
from dougong.plugin.contributions import Preset
from dougong.plugin.manifest import BadPlugin, Plugin
from dougong.plugin.snapshot import Snapshot

__all__ = ["STANDARD_ROLES", "StandardRole", "apply_presets", "make_standard_roles"]

_WHY = "set up the standard roles"


@dataclass(frozen=True)
class StandardRole:
    """A role every company starts with."""

    key: str
    name: Text
    description: Text
    rights: Sequence[str] = ()


STANDARD_ROLES = (
    StandardRole("admin", _("Administrator"), _("May do everything, and sets the house up.")),
    StandardRole("manager", _("Manager"), _("Sees and works on what the department and those below it do.")),
    StandardRole("sales", _("Sales"), _("Works on their own customers and those shared with them.")),
    StandardRole("marketing", _("Marketing"), _("Works on campaigns and on the leads they bring.")),
    StandardRole("service", _("Customer service"), _("Looks after customers in the departments chosen.")),
    StandardRole(
        "hr",
        _("Human resources"),
        _("Keeps departments, staff and their accounts."),
        ("organisation.manage", "organisation.appoint"),
    ),
    StandardRole("staff", _("Everybody"), _("What everybody signed in may do; nobody needs to be given it.")),
)


async def make_standard_roles() -> dict[str, int]:
    """The standard roles' ids by key; those missing are made. A role somebody deleted comes back empty."""
    async with transaction(_("Standard roles")):
        with acting_as(system(_WHY)):
            known = {r["key"]: r["id"] for r in await Role.select(Role.key, Role.id) if r["key"]}
            missing = [role for role in STANDARD_ROLES if role.key not in known]
            if missing:
                await rights_changed()
            for role in missing:
                known[role.key] = await _make(role)
    return known


async def _make(role: StandardRole) -> int:
    row = Role(key=role.key, name=role.name.dump(), description=role.description.dump(), preset=True)
    [made] = await Role.insert(row)
    for right in role.rights:
        await RoleRight.insert(RoleRight(role=made["id"], right=right))
    return int(made["id"])


async def apply_presets(snapshot: Snapshot, plugin: Plugin | str) -> None:
    """Grant the standard roles what a plugin proposes, where the company hasn't said anything yet. Idempotent."""
    presets = (snapshot.plugins[plugin] if isinstance(plugin, str) else plugin).presets
    async with transaction(_("Standard roles")):
        roles = await make_standard_roles()
        with acting_as(system(_WHY)):
            for preset in presets:
                if preset.role not in roles:
                    raise BadPlugin(f"preset for the role {preset.role!r}: there are only {', '.join(sorted(roles))}")
                await _apply(roles[preset.role], preset)
        await rights_changed()


async def _apply(role: int, preset: Preset) -> None:
    record = preset.record.key
    said = RoleGrant.select(RoleGrant.action).where((RoleGrant.role == role) & (RoleGrant.record == record))
    already = {row["action"] for row in await said}
    for action, scopes in _checked(preset).items():
        if action not in already:
            await RoleGrant.insert(
                RoleGrant(role=role, record=record, action=action, scopes=json.dumps(sorted(scopes)))
            )
    names = [f"{record}.{column._meta.name}" for column in preset.hidden]
    await _hide(role, names)


def _checked(preset: Preset) -> Mapping[str, Sequence[str]]:
    unknown = set(preset.rights) - set(preset.record.actions_allowed)
    if unknown:
        raise BadPlugin(f"preset {preset.role}: {preset.record.key} has no right {', '.join(sorted(unknown))}")
    return preset.rights


async def _hide(role: int, names: Iterable[str]) -> None:
    said = {row["field"] for row in await RoleField.select(RoleField.field).where(RoleField.role == role)}
    for name in names:
        if name not in said:
            await RoleField.insert(RoleField(role=role, field=name, level="hidden"))
