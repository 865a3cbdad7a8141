"""What is done with rights: working out a person's, keeping roles, sharing records."""

from dougong.access.conferring import outcomes_of
from dougong.access.services.groups import (
    create_group,
    group,
    groups,
    groups_of,
    join_groups,
    remove_group,
    rename_group,
    set_group_members,
    set_group_roles,
)
from dougong.access.services.presets import apply_presets, make_standard_roles
from dougong.access.services.principals import on_behalf, principal_of
from dougong.access.services.roles import (
    assign_roles,
    copy_role,
    create_role,
    matrix,
    remove_role,
    rename_role,
    roles,
    roles_of,
    set_fields,
    set_grants,
    set_rights,
)
from dougong.access.services.sharing import share_record, shares_of, unshare

__all__ = [
    "apply_presets",
    "assign_roles",
    "copy_role",
    "create_group",
    "create_role",
    "group",
    "groups",
    "groups_of",
    "join_groups",
    "make_standard_roles",
    "matrix",
    "on_behalf",
    "outcomes_of",
    "principal_of",
    "remove_group",
    "remove_role",
    "rename_group",
    "rename_role",
    "roles",
    "roles_of",
    "set_fields",
    "set_grants",
    "set_group_members",
    "set_group_roles",
    "set_rights",
    "share_record",
    "shares_of",
    "unshare",
]
