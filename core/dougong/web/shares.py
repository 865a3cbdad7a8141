"""Who one record is shown to besides those who see it anyway: the button, and the list beside the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from piccolo.table import Table

from dougong.access.services import shares_of
from dougong.access.services.sharing import Shared
from dougong.i18n import _, date_text
from dougong.people.tables import Department, Staff
from dougong.records.references import Titles
from dougong.records.tables import Row
from dougong.records.types import RecordType
from dougong.web.components import hue, initial
from dougong.web.views import Action, Line, PropertyGroup

__all__ = ["named_in", "share_buttons", "shared_with", "shares_on"]


_LEVELS = {"read": _("may read"), "edit": _("may edit"), "own": _("co-owner")}


def share_buttons(record_type: RecordType, path: str, *, editable: bool) -> tuple[Action, ...]:
    """Whoever may edit a record can share it, where records of its type are shared one by one."""
    if not editable or not record_type.scope.has("role"):
        return ()
    return (Action(str(_("Share")), f"{path}/share", "share", dialog=True),)


async def shares_on(record_type: RecordType, record: Row) -> Sequence[Shared]:
    """Who it is shared with, where records of its type are shared one by one."""
    return await shares_of(record_type, record) if record_type.scope.has("role") else ()


def named_in(shares: Sequence[Shared]) -> Mapping[type[Table], set[int]]:
    """Whose names `shared_with` needs."""
    return {Staff: {s.staff for s in shares if s.staff}, Department: {s.department for s in shares if s.department}}


def shared_with(shares: Sequence[Shared], names: Titles, path: str, *, editable: bool) -> tuple[PropertyGroup, ...]:
    """Who it is shared with, each with a way to end it; nothing where it is shared with nobody."""
    if not shares:
        return ()
    people, departments = names[Staff], names[Department]
    lines = tuple(
        _line(s, people.get(s.staff or 0) or departments.get(s.department or 0, "—"), path, editable=editable)
        for s in shares
    )
    return (PropertyGroup(str(_("Shared with")), (), lines=lines),)


def _line(share: Shared, name: str, path: str, *, editable: bool) -> Line:
    level = _LEVELS[share.level]
    hint = str(_("%(level)s, until %(day)s", level=level, day=date_text(share.until))) if share.until else str(level)
    end = Action(
        str(_("Share no more")), f"{path}/shares/{share.id}/remove", "x", method="post", look="quiet", icon_only=True
    )
    person = share.staff is not None
    return Line(
        name,
        hint,
        initial=initial(name) if person else "",
        hue=hue(name),
        icon="" if person else "sitemap",
        actions=(end,) if editable else (),
    )
