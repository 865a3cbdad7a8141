"""Roles: what there is, and for one of them record type × action → scope, further rights, its people and groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.charter import ADMIN
from dougong.access.levels import LEVELS, grant_of, holds
from dougong.access.principal import Grant, current
from dougong.access.rights import may_do, need
from dougong.access.services import (
    copy_role,
    create_role,
    groups,
    matrix,
    remove_role,
    rename_role,
    roles,
    set_grants,
    set_rights,
)
from dougong.access.services.groups import GroupLine
from dougong.access.services.members import Member, members_of, people_by_role
from dougong.access.services.roles import Cell, Matrix, RoleLine, grants_of
from dougong.access.services.roles import MatrixRow as TypeRow
from dougong.access.whose import somebody_with
from dougong.db import transaction
from dougong.errors import NotFound
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import ACTION_LABELS, ACTIONS, RecordType
from dougong.web.addresses import short_id_at
from dougong.web.components import hue, initial
from dougong.web.pages.dialogs import answered, confirm_page, dialog_page, whole_number
from dougong.web.pages.effects import effect_of
from dougong.web.pages.forms import Typed
from dougong.web.pages.previews import (
    AS_PARENT,
    MOST,
    Proposal,
    conflict_banner,
    digest,
    errors_of,
    stamped,
    unnamed,
    unseen,
    wants_back,
)
from dougong.web.pages.staff import staff_href
from dougong.web.render import go, page
from dougong.web.tree import read_tree
from dougong.web.views import (
    Action,
    Banner,
    Crumb,
    FormField,
    FormPage,
    Line,
    MatrixRow,
    Option,
    RoleCard,
    RolePage,
    RolesPage,
    Tab,
)
from dougong.web.views import Grant as Square

__all__ = ["GROUPS", "ROLES", "SAVED", "role_stamp", "role_tabs", "routes", "words"]

AnyRequest = Request[Any, Any, Any]
ROLES = "/roles"
GROUPS = "/groups"
SAVED = _("Saved. It counts at everybody's next click.")
MANAGE = "roles.manage"
_BY_DEPARTMENT = frozenset({"department", "below", "chosen"})


# ------------------------------------------------------------------ the list


@get(ROLES, include_in_schema=False)
async def show_roles(request: AnyRequest) -> Response[Any]:
    create = Action(str(_("New role")), f"{ROLES}/new", "plus", look="primary", dialog=True)
    lines, people = await roles(), await people_by_role()
    cards = tuple(_card(line, people.get(line.id, 0)) for line in lines)
    return page(request, RolesPage(roles=cards, tabs=role_tabs(ROLES), create=create))


def role_tabs(here: str) -> tuple[Tab, ...]:
    """Roles, and the groups they are given to."""
    return tuple(Tab(str(label), href, href == here) for label, href in ((_("Roles"), ROLES), (_("Groups"), GROUPS)))


def _card(line: RoleLine, people: int) -> RoleCard:
    return RoleCard(
        str(line.name),
        f"{ROLES}/{line.id}",
        str(line.description),
        people,
        line.preset,
        everybody=line.everybody,
    )


def words(typed: Typed) -> list[FormField]:
    """What a role or a group is called, and what it is for."""
    return [
        FormField(
            "name",
            str(_("Name")),
            value=typed.values.get("name", ""),
            error=typed.error("name"),
            required=True,
            max_length=100,
        ),
        FormField(
            "description",
            str(_("What it is for")),
            value=typed.values.get("description", ""),
            error=typed.error("description"),
            max_length=400,
        ),
    ]


def _words_of_dialog(typed: Typed) -> list[FormField]:
    name, description = words(typed)
    return [replace(name, wide=True), replace(description, kind="long_text", wide=True)]


@get(f"{ROLES}/new", include_in_schema=False)
async def ask_new(request: AnyRequest) -> Response[Any]:
    need(MANAGE)
    return page(request, await _new_page(Typed({})))


async def _new_page(typed: Typed) -> FormPage:
    return dialog_page(_("New role"), f"{ROLES}/new", ROLES, _words_of_dialog(typed), typed)


@post(f"{ROLES}/new", include_in_schema=False, status_code=200)
async def make(request: AnyRequest) -> Response[Any]:
    need(MANAGE)

    async def do(typed: Typed) -> Response[Any]:
        made = await create_role(typed.values.get("name", ""), typed.values.get("description", ""))
        return go(request, f"{ROLES}/{made}", _("Saved. Now say what it reaches."))

    return await answered(request, do, _new_page)


# ------------------------------------------------------------------ one role


@get(f"{ROLES}/{{role_id:str}}", include_in_schema=False)
async def show_role(request: AnyRequest, role_id: str) -> Response[Any]:
    known = await matrix(short_id_at(role_id))
    return page(request, await _role_page(known, _standing(known)))


async def role_stamp(role_id: int) -> str:
    """Recognises a role as it is: its words and all it grants."""
    known = await matrix(role_id)
    grants = [[*key, grant.scopes, grant.departments] for key, grant in sorted((await grants_of(role_id)).items())]
    words = [str(known.role.name), str(known.role.description)]
    return digest([words, grants, dict(known.fields), known.rights])


def _standing(known: Matrix) -> Typed:
    """The role as it is, in the words of its form."""
    values = {"name": str(known.role.name), "description": str(known.role.description)}
    for row in known.rows:
        values |= {_square_name(row, action): _shown_level(action, cell) for action, cell in row.cells.items()}
    departments = tuple(map(str, _chosen_departments(known)))
    return Typed(values, several={"rights": tuple(known.rights), "departments": departments})


def _square_name(row: TypeRow, action: str) -> str:
    return f"grant:{row.record_type.key}:{action}"


def _shown_level(action: str, cell: Cell) -> str:
    """A right of the type's own is never inherited: unsaid, it is not given."""
    return "none" if cell.level == "inherit" and action not in ACTIONS else cell.level


def _chosen_departments(known: Matrix) -> list[int]:
    return sorted({d for row in known.rows for cell in row.cells.values() for d in cell.departments})


def _completed(known: Matrix, typed: Typed) -> Typed:
    """What was sent, and of what a form doesn't send because the person can't set it, what stands."""
    standing = _standing(known)
    kept = known.rights - _offered_rights()
    rights = tuple(dict.fromkeys([*typed.several.get("rights", ()), *sorted(kept)]))
    return replace(typed, values={**standing.values, **typed.values}, several={**typed.several, "rights": rights})


async def _role_page(known: Matrix, typed: Typed) -> RolePage:
    role = known.role
    typed = await stamped(typed, lambda: role_stamp(role.id))
    path, everything = f"{ROLES}/{role.id}", role.key == ADMIN
    name, description = words(typed)
    people = await members_of(role.id)
    shown = {"name", "description", "rights", "departments"} | {
        _problem_name(row, a) for row in known.rows for a in row.cells
    }
    banner = None
    if everything:
        banner = Banner(str(_("This role may do everything; there is nothing to set. Give it to few.")), "")
    elif role.everybody:
        banner = Banner(str(_("Everybody who signs in has this role.")), "")
    return RolePage(
        title=str(role.name),
        action=path,
        name=name,
        description=description,
        actions=tuple(str(label) for label in ACTION_LABELS.values()),
        rows=() if everything else tuple(_rows(known, typed, path)),
        scopes=tuple(Option(o.key, str(o.label)) for o in LEVELS),
        departments=None if everything else await _departments_field(typed),
        fields=() if everything else (_rights_field(known, typed),),
        crumbs=(Crumb(str(_("Roles")), ROLES),),
        hidden=(("stamp", typed.values["stamp"]),),
        errors=errors_of(typed, shown),
        conflict=conflict_banner(typed, path),
        effect=None if everything else effect_of(await somebody_with(role.id)),
        groups=tuple(_group(line) for line in await groups() if role.id in line.roles),
        people=tuple(map(_person, people[:MOST])),
        people_more=unnamed(len(people)),
        more=_role_actions(role, path),
        cancel_href=ROLES,
        banner=banner,
    )


def _problem_name(row: TypeRow, action: str) -> str:
    return f"{row.record_type.key}.{action}"


def _role_actions(role: RoleLine, path: str) -> tuple[Action, ...]:
    copy = Action(str(_("Copy")), f"{path}/copy", "copy", dialog=True)
    remove = Action(str(_("Delete")), f"{path}/remove", "trash", look="danger", dialog=True)
    return (*(() if role.key == ADMIN else (copy,)), *(() if role.preset else (remove,)))


def _group(line: GroupLine) -> Line:
    return Line(line.name, str(_("People: %(n)s", n=len(line.members))), f"{GROUPS}/{line.id}", "users-group")


def _person(member: Member) -> Line:
    name = member.person or member.account
    hint = member.account if member.active else str(_("%(account)s, can't sign in", account=member.account))
    if member.groups:
        through = str(_(", ")).join(member.groups)
        hint += " · " + str(
            _("given, and through %(groups)s", groups=through)
            if member.given
            else _("through %(groups)s", groups=through)
        )
    return Line(name, hint, staff_href(member.staff) if member.staff else "", initial=initial(name), hue=hue(name))


def _rows(known: Matrix, typed: Typed, path: str) -> list[MatrixRow]:
    snapshot, found, area = current_snapshot(), [], ""
    for row in known.rows:
        kind = row.record_type
        label = str(snapshot.plugins[snapshot.owner_of(kind.key)].label)
        squares = tuple(_square(row, a, typed) if a in row.cells else Square("", absent=True) for a in ACTIONS)
        own = tuple(_square(row, a, typed, str(kind.action_label(a))) for a in row.cells if a not in ACTIONS)
        found.append(
            MatrixRow(
                str(kind.plural),
                squares,
                kind.icon,
                label if label != area else "",
                own,
                _fields_link(known, kind, path),
            )
        )
        area = label
    return found


def _fields_link(known: Matrix, kind: RecordType, path: str) -> Action:
    held = sum(name.startswith(f"{kind.key}.") for name in known.fields)
    label = _("%(count)s fields held back", count=held) if held else _("Fields")
    return Action(str(label), f"{path}/fields/{kind.path}")


def _square(row: TypeRow, action: str, typed: Typed, label: str = "") -> Square:
    kind, name = row.record_type, _square_name(row, action)
    error = typed.error(_problem_name(row, action))
    if kind.scope.has("everyone") and action == "read":
        return Square(name, "all", readonly=True, label=label)
    stands = _shown_level(action, row.cells[action])
    value = typed.values.get(name, stands)
    options = _levels(row, action, value, stands)
    readonly = not any(o.value != value and not o.disabled for o in options)
    before = next((o.label for o in options if o.value == stands), "") if value != stands else ""
    return Square(name, value, readonly, options=options, label=label, error=error, stands=before)


def _levels(row: TypeRow, action: str, *present: str) -> tuple[Option, ...]:
    """What can be chosen here: levels that mean something for these records, and that the acting person holds."""
    kind, who = row.record_type, current()
    options = [Option("inherit", str(AS_PARENT))] if row.inherits and action in ACTIONS else []
    for level in LEVELS:
        if level.key in present or _makes_sense(kind, level.key):
            beyond = level.key not in present and not holds(who, kind, action, grant_of(level.key))
            options.append(Option(level.key, str(level.label), disabled=beyond))
    return tuple(options)


def _makes_sense(kind: RecordType, level: str) -> bool:
    columns = {c._meta.name for c in kind.table._meta.columns}
    if level in _BY_DEPARTMENT:
        return "department" in columns or kind.key == "department"
    if level == "shared":
        return kind.scope.has("role")
    return level != "own" or "owner" in columns


async def _departments_field(typed: Typed) -> FormField:
    tree, chosen = await read_tree(), typed.several.get("departments", ())
    options = tree.options(chosen=[whole_number(c) or 0 for c in chosen])
    advice = str(_("What “chosen departments” above means: these, whoever the person belongs to."))
    return FormField(
        "departments",
        str(_("Chosen departments")),
        "multi_lookup",
        values=chosen,
        options=options,
        lookup_url="/lookup/departments",
        help=advice,
        wide=True,
    )


def _rights_field(known: Matrix, typed: Typed) -> FormField:
    who = current()
    options = tuple(
        Option(key, str(right.label), disabled=not may_do(who, key)) for key, right in current_snapshot().rights.items()
    )
    return FormField(
        "rights",
        str(_("Rights about the whole house")),
        "multi_choice",
        values=typed.several.get("rights", ()),
        error=typed.error("rights"),
        options=options,
        wide=True,
    )


# ------------------------------------------------------------------ saving


@post(f"{ROLES}/{{role_id:str}}", include_in_schema=False, status_code=200)
async def save(request: AnyRequest, role_id: str) -> Response[Any]:
    known = await matrix(short_id_at(role_id))
    role, path = known.role, f"{ROLES}/{known.role.id}"

    async def do(typed: Typed) -> Response[Any]:
        if wants_back(typed):
            return page(request, await ask(typed))
        stored = await grants_of(role.id)
        proposal = Proposal(
            _("Who gains, who loses"),
            path,
            lambda: _write(known, typed, stored),
            lambda: role_stamp(role.id),
            (Crumb(str(_("Roles")), ROLES), Crumb(str(role.name), path)),
            somebody=lambda: somebody_with(role.id),
        )
        return await unseen(request, proposal, typed) or go(request, path, SAVED)

    async def ask(typed: Typed) -> RolePage:
        return await _role_page(known, _completed(known, typed))

    return await answered(request, do, ask)


async def _write(known: Matrix, typed: Typed, stored: Mapping[tuple[str, str], Grant]) -> None:
    role = known.role
    async with transaction(_("Role changed")):
        await rename_role(role.id, typed.values.get("name", ""), typed.values.get("description", ""))
        if role.key != ADMIN:
            grants, touched = _wanted(known, typed, stored)
            if touched:
                await set_grants(role.id, grants, touched)
            await set_rights(role.id, _wanted_rights(known, typed))


def _wanted(
    known: Matrix, typed: Typed, stored: Mapping[tuple[str, str], Grant]
) -> tuple[dict[tuple[str, str], Grant], set[str]]:
    """The grants of the record types somebody changed, and which types these are.

    A square that isn't sent, or says what it said, stays exactly as it is stored.
    """
    departments = [d for d in map(whole_number, typed.several.get("departments", ())) if d]
    same_departments = sorted(departments) == _chosen_departments(known)
    grants: dict[tuple[str, str], Grant] = {}
    touched: set[str] = set()
    for row in known.rows:
        wanted: dict[tuple[str, str], Grant] = {}
        for action, cell in row.cells.items():
            key = (row.record_type.key, action)
            before = _shown_level(action, cell)
            level = typed.values.get(_square_name(row, action), before)
            if level == before and (level != "chosen" or same_departments):
                if key in stored:
                    wanted[key] = stored[key]
            else:
                touched.add(row.record_type.key)
                if level != "inherit":
                    wanted[key] = _grant(level, departments)
        grants |= wanted
    return {key: grant for key, grant in grants.items() if key[0] in touched}, touched


def _grant(level: str, departments: Sequence[int]) -> Grant:
    if level not in {o.key for o in LEVELS}:
        raise NotFound
    return grant_of(level, departments)


def _wanted_rights(known: Matrix, typed: Typed) -> set[str]:
    """Those ticked; what the form couldn't offer (rights of plugins that are off, or not held) stays as it was."""
    return (set(typed.several.get("rights", ())) & set(current_snapshot().rights)) | (known.rights - _offered_rights())


def _offered_rights() -> set[str]:
    return {key for key in current_snapshot().rights if may_do(current(), key)}


# ------------------------------------------------------------------ copy and delete


@get(f"{ROLES}/{{role_id:str}}/copy", include_in_schema=False)
async def ask_copy(request: AnyRequest, role_id: str) -> Response[Any]:
    known = await matrix(short_id_at(role_id))
    return page(request, _copy_page(known, Typed({"name": str(_("%(role)s, copy", role=known.role.name))})))


def _copy_page(known: Matrix, typed: Typed) -> FormPage:
    title = _("Copy “%(role)s”", role=known.role.name)
    path = f"{ROLES}/{known.role.id}"
    return dialog_page(title, f"{path}/copy", path, _words_of_dialog(typed)[:1], typed, save=_("Copy"))


@post(f"{ROLES}/{{role_id:str}}/copy", include_in_schema=False, status_code=200)
async def copy(request: AnyRequest, role_id: str) -> Response[Any]:
    known = await matrix(short_id_at(role_id))

    async def do(typed: Typed) -> Response[Any]:
        made = await copy_role(known.role.id, typed.values.get("name", ""))
        return go(request, f"{ROLES}/{made}", _("Copied."))

    async def ask(typed: Typed) -> FormPage:
        return _copy_page(known, typed)

    return await answered(request, do, ask)


@get(f"{ROLES}/{{role_id:str}}/remove", include_in_schema=False)
async def ask_removal(request: AnyRequest, role_id: str) -> Response[Any]:
    return page(request, _removal_page(await matrix(short_id_at(role_id)), Typed({})))


def _removal_page(known: Matrix, typed: Typed) -> FormPage:
    title = _("Delete the role “%(role)s”?", role=known.role.name)
    path = f"{ROLES}/{known.role.id}"
    return confirm_page(
        title,
        f"{path}/remove",
        path,
        _("Delete"),
        _("What it granted goes with it. While somebody has it, it can't be deleted."),
        typed,
    )


@post(f"{ROLES}/{{role_id:str}}/remove", include_in_schema=False, status_code=200)
async def remove(request: AnyRequest, role_id: str) -> Response[Any]:
    known = await matrix(short_id_at(role_id))

    async def do(typed: Typed) -> Response[Any]:
        await remove_role(known.role.id)
        return go(request, ROLES, _("The role “%(role)s” is deleted.", role=known.role.name))

    async def ask(typed: Typed) -> FormPage:
        return _removal_page(known, typed)

    return await answered(request, do, ask)


routes = [show_roles, ask_new, make, show_role, save, ask_copy, copy, ask_removal, remove]
