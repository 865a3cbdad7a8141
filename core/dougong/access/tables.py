"""Who may do what: roles and what they grant, who has them, and records shared one by one."""

from __future__ import annotations

from dougong.db.columns import JSON, BigInt, Boolean, Choice, Date, ForeignKey, Option, Serial, Timestamptz, Varchar
from dougong.i18n import _
from dougong.people.tables import Department, Staff, User
from dougong.records.tables import Private

__all__ = ["Group", "GroupMember", "GroupRole", "Role", "RoleField", "RoleGrant", "RoleRight", "Share", "UserRole"]


class Role(Private, tablename="access_role"):
    """A set of rights with a name. `key` is the standard role it started as; the company's own roles have none.

    A standard role's name is kept as a translatable text until somebody renames it.
    """

    id: Serial
    key = Varchar(40, null=True, default=None, unique=True)
    name = Varchar(300)
    description = Varchar(500, default="")
    preset = Boolean(default=False)


class RoleGrant(Private, tablename="access_grant"):
    """What a role may do with one record type, and which rows it reaches. No row: nothing said."""

    id: Serial
    role = ForeignKey(Role)
    record = Varchar(60)
    action = Varchar(40)
    scopes = JSON(default="[]")
    departments = JSON(default="[]")


class RoleField(Private, tablename="access_field"):
    """A field a role may not see, or only read: "customer.credit_limit". Without a row it may be written.

    `state` names the one state of a record this is about, where that differs from the other states.
    """

    id: Serial
    role = ForeignKey(Role)
    field = Varchar(130)
    state = Varchar(60, default="")
    level = Choice(
        [Option("hidden", _("Hidden")), Option("read", _("Read only")), Option("write", _("Read and change"))],
        null=False,
    )


class RoleRight(Private, tablename="access_right"):
    """A right that is not about one record type."""

    id: Serial
    role = ForeignKey(Role)
    right = Varchar(100)


class UserRole(Private, tablename="access_member"):
    """An account has a role."""

    id: Serial
    user = ForeignKey(User)
    role = ForeignKey(Role)


class Group(Private, tablename="access_group"):
    """People with the same rights: whoever is in it has its roles."""

    id: Serial
    name = Varchar(100, unique=True)
    description = Varchar(500, default="")


class GroupMember(Private, tablename="access_group_member"):
    """An account is in a group."""

    id: Serial
    group = ForeignKey(Group)
    user = ForeignKey(User)


class GroupRole(Private, tablename="access_group_role"):
    """A group has a role."""

    id: Serial
    group = ForeignKey(Group)
    role = ForeignKey(Role)


class Share(Private, tablename="access_share"):
    """One record shown to one person or one department, for reading or editing, up to and including a day.

    Level "own" makes a person its owner beside the first one.
    """

    id: Serial
    record = Varchar(60)
    record_id = BigInt(index=True)
    staff = ForeignKey(Staff, null=True)
    department = ForeignKey(Department, null=True)
    level = Choice([Option("read", _("Read")), Option("edit", _("Edit")), Option("own", _("Own"))], null=False)
    until = Date(null=True, default=None)
    by = ForeignKey(User, null=True)
    created = Timestamptz()
