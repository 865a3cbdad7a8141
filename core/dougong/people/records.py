"""How people see the company's departments, positions and staff. Everybody signed in may read these: a directory."""

from __future__ import annotations

from dougong.i18n import _
from dougong.people.tables import Department, Position, Staff
from dougong.plugin.contributions import Preset
from dougong.records.types import DEACTIVATE, ListView, RecordType, SavedView, Scope, Template

__all__ = ["department", "position", "presets", "records", "staff"]

department = RecordType(
    table=Department,
    label=_("Department"),
    plural=_("Departments"),
    title=Department.name,
    icon="sitemap",
    path="departments",
    scope=Scope.everyone,
    template=Template(required=[Department.name]),
    views=[
        ListView(
            [Department.name, Department.code, Department.parent, Department.head, Department.active],
            phone=(Department.name, Department.head),
            order=Department.place,
        )
    ],
    search=[Department.name, Department.code],
    labels={
        Department.parent: _("Reports to"),
        Department.head: _("Head of department"),
        Department.place: _("Order in the list"),
    },
    always_seen=[Department.parent, Department.place],
    menu=False,
)

position = RecordType(
    table=Position,
    label=_("Position"),
    plural=_("Positions"),
    title=Position.name,
    icon="id-badge-2",
    path="positions",
    scope=Scope.everyone,
    template=Template(required=[Position.name]),
    views=[ListView([Position.name, Position.active], phone=(Position.name,), order=Position.name)],
    menu=False,
)

staff = RecordType(
    table=Staff,
    label=_("Staff member"),
    plural=_("Staff"),
    title=Staff.name,
    icon="users",
    path="staff",
    scope=Scope.everyone,
    template=Template(
        required=[Staff.name, Staff.department],
        groups={_("How to reach them"): [Staff.phone, Staff.mobile, Staff.email]},
        off=[Staff.id_number, Staff.education],
    ),
    views=[
        ListView(
            [Staff.name, Staff.department, Staff.position, Staff.phone, Staff.mobile, Staff.email],
            phone=(Staff.name, Staff.department, Staff.mobile),
            order=Staff.name,
        )
    ],
    saved_views=[
        SavedView(_("Working here"), where=[(Staff.active, "=", True)]),
    ],
    search=[Staff.name, Staff.code, Staff.phone, Staff.mobile],
    labels={
        Staff.code: _("Staff number"),
        Staff.email: _("E-mail"),
        Staff.id_number: _("ID-card number"),
        Staff.education: _("Education"),
    },
    always_seen=[Staff.department],
    menu=False,
)

records = [position, department, staff]

_KEEP = {action: ["all"] for action in ("create", "edit", "delete", DEACTIVATE, "export", "import")}
presets = [Preset("hr", kept, _KEEP) for kept in records]
