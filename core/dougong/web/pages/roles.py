"""Roles: what there is, and for one of them record type × action → scope, held-back fields, further rights, its people."""

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
    matrix,
    remove_role,
    rename_role,
    roles,
    set_fields,
    set_grants,
    set_rights,
)
from dougong.access.services.members import Member, members_of
from dougong.access.services.roles import Cell, Matrix, RoleLine, grants_of
from dougong.access.services.roles import MatrixRow as TypeRow
from dougong.db import transaction
from dougong.errors import NotFound
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import ACTION_LABELS, ACTIONS, RecordType
from dougong.web.components import hue, initial
from dougong.web.pages.dialogs import answered, confirm_page, dialog_page, whole_number
from dougong.web.pages.forms import Typed
from dougong.web.pages.records import id_at
from dougong.web.pages.staff import staff_href
from dougong.web.render import go, page
from dougong.web.tree import read_tree
from dougong.web.views import (
    Action,
    Banner,
    Crumb,
    FormField,
    FormPage,
    FormSection,
    Line,
    MatrixRow,
    Option,
    RoleCard,
    RolePage,
    RolesPage,
    Submit,
)
from dougong.web.views import Grant as Square

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
ROLES = "/roles"
MANAGE = "roles.manage"
_AS_PARENT = _("Inherited")
_BY_DEPARTMENT = frozenset({"department", "below", "chosen"})


# ------------------------------------------------------------------ the list


@get(ROLES, include_in_schema=False)
async def show_roles(request: AnyRequest) -> Response[Any]:
    create = Action(str(_("New role")), f"{ROLES}/new", "plus", look="primary", dialog=True)
    return page(request, RolesPage(roles=tuple(_card(line) for line in await roles()), create=create))


def _card(line: RoleLine) -> RoleCard:
    return RoleCard(
        str(line.name),
        f"{ROLES}/{line.id}",
        str(line.description),
        line.accounts,
        line.preset,
        everybody=line.everybody,
    )


def _words(typed: Typed) -> list[FormField]:
    return [
        FormField(
            "name",
            str(_("Name")),
            value=typed.values.get("name", ""),
            error=typed.error("name"),
            required=True,
            max_length=100,
            wide=True,
        ),
        FormField(
            "description",
            str(_("What it is for")),
            "long_text",
            typed.values.get("description", ""),
            error=typed.error("description"),
            max_length=400,
            wide=True,
        ),
    ]


@get(f"{ROLES}/new", include_in_schema=False)
async def ask_new(request: AnyRequest) -> Response[Any]:
    need(MANAGE)
    return page(request, await _new_page(Typed({})))


async def _new_page(typed: Typed) -> FormPage:
    return dialog_page(_("New role"), f"{ROLES}/new", ROLES, _words(typed), typed)


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
    known = await matrix(id_at(role_id))
    return page(request, await _role_page(known, _standing(known)))


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


async def _role_page(known: Matrix, typed: Typed) -> RolePage:
    role = known.role
    path, everything = f"{ROLES}/{role.id}", role.key == ADMIN
    name, description = _words(typed)
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
        name=replace(name, wide=False),
        description=replace(description, kind="text", wide=False),
        actions=tuple(str(label) for label in ACTION_LABELS.values()),
        rows=() if everything else tuple(_rows(known, typed, path)),
        scopes=tuple(Option(o.key, str(o.label)) for o in LEVELS),
        departments=None if everything else await _departments_field(typed),
        fields=() if everything else (_rights_field(known, typed),),
        crumbs=(Crumb(str(_("Roles")), ROLES),),
        errors=typed.others(shown),
        people=tuple(_person(m) for m in await members_of(role.id)),
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


def _person(member: Member) -> Line:
    name = member.person or member.account
    hint = member.account if member.active else str(_("%(account)s, can't sign in", account=member.account))
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
    value = typed.values.get(name, "none")
    options = _levels(row, action, value)
    readonly = not any(o.value != value and not o.disabled for o in options)
    return Square(name, value, readonly, options=options, label=label, error=error)


def _levels(row: TypeRow, action: str, value: str) -> tuple[Option, ...]:
    """What can be chosen here: levels that mean something for these records, and that the acting person holds."""
    kind, who = row.record_type, current()
    options = [Option("inherit", str(_AS_PARENT))] if row.inherits and action in ACTIONS else []
    for level in LEVELS:
        if level.key == value or _makes_sense(kind, level.key):
            beyond = level.key != value and not holds(who, kind, action, grant_of(level.key))
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
    known = await matrix(id_at(role_id))
    role = known.role

    async def do(typed: Typed) -> Response[Any]:
        async with transaction(_("Role changed")):
            await rename_role(role.id, typed.values.get("name", ""), typed.values.get("description", ""))
            if role.key != ADMIN:
                grants, touched = _wanted(known, typed, await grants_of(role.id))
                if touched:
                    await set_grants(role.id, grants, touched)
                await set_rights(role.id, _wanted_rights(known, typed))
        return go(request, f"{ROLES}/{role.id}", _("Saved. It counts at everybody's next click."))

    async def ask(typed: Typed) -> RolePage:
        return await _role_page(known, typed)

    return await answered(request, do, ask)


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
    offered = {key for key in current_snapshot().rights if may_do(current(), key)}
    return (set(typed.several.get("rights", ())) & set(current_snapshot().rights)) | (known.rights - offered)


# ------------------------------------------------------------------ fields


@get(f"{ROLES}/{{role_id:str}}/fields/{{collection:str}}", include_in_schema=False)
async def ask_fields(request: AnyRequest, role_id: str, collection: str) -> Response[Any]:
    known, kind = await _role_and_type(role_id, collection)
    prefix = f"{kind.key}."
    typed = Typed(
        {f"field:{name.removeprefix(prefix)}": level for name, level in known.fields.items() if name.startswith(prefix)}
    )
    return page(request, _fields_page(known, kind, typed))


async def _role_and_type(role_id: str, collection: str) -> tuple[Matrix, RecordType]:
    known, kind = await matrix(id_at(role_id)), current_snapshot().by_path.get(collection)
    if kind is None or known.role.key == ADMIN:
        raise NotFound
    return known, kind


def _fields_page(known: Matrix, kind: RecordType, typed: Typed) -> FormPage:
    path = f"{ROLES}/{known.role.id}"
    fields = tuple(
        FormField(
            f"field:{key}",
            str(field.label),
            "choice",
            typed.values.get(f"field:{key}", ""),
            error=typed.error(f"{kind.key}.{key}"),
            options=_field_levels(managed=field.managed),
            placeholder=str(_("see") if field.managed else _("see and change")),
        )
        for key, field in kind.fields.items()
        if key in kind.can_be_held_back
    )
    return FormPage(
        title=str(_("Fields: %(what)s", what=kind.plural)),
        action=f"{path}/fields/{kind.path}",
        sections=(FormSection("", fields),),
        submits=(Submit(str(_("Save")), look="primary"),),
        crumbs=(Crumb(str(_("Roles")), ROLES), Crumb(str(known.role.name), path)),
        cancel_href=path,
        intro=str(
            _(
                "What “%(role)s” holds back. Where one of a person's other roles has a say on these records and doesn't hold a field back, they see it.",
                role=known.role.name,
            )
        ),
        errors=typed.others({f"{kind.key}.{key}" for key in kind.fields}),
    )


def _field_levels(*, managed: bool) -> tuple[Option, ...]:
    read = () if managed else (Option("read", str(_("see only"))),)
    return (*read, Option("hidden", str(_("hidden"))))


@post(f"{ROLES}/{{role_id:str}}/fields/{{collection:str}}", include_in_schema=False, status_code=200)
async def save_fields(request: AnyRequest, role_id: str, collection: str) -> Response[Any]:
    known, kind = await _role_and_type(role_id, collection)

    async def do(typed: Typed) -> Response[Any]:
        levels = dict(known.fields)
        for key in kind.fields:
            level = typed.values.get(f"field:{key}")
            if level is None or key not in kind.can_be_held_back:
                continue
            levels.pop(f"{kind.key}.{key}", None)
            if level:
                levels[f"{kind.key}.{key}"] = level
        await set_fields(known.role.id, levels)
        return go(request, f"{ROLES}/{known.role.id}", _("Saved. It counts at everybody's next click."))

    async def ask(typed: Typed) -> FormPage:
        return _fields_page(known, kind, typed)

    return await answered(request, do, ask)


# ------------------------------------------------------------------ copy and delete


@get(f"{ROLES}/{{role_id:str}}/copy", include_in_schema=False)
async def ask_copy(request: AnyRequest, role_id: str) -> Response[Any]:
    known = await matrix(id_at(role_id))
    return page(request, _copy_page(known, Typed({"name": str(_("%(role)s, copy", role=known.role.name))})))


def _copy_page(known: Matrix, typed: Typed) -> FormPage:
    title = _("Copy “%(role)s”", role=known.role.name)
    path = f"{ROLES}/{known.role.id}"
    return dialog_page(title, f"{path}/copy", path, _words(typed)[:1], typed, save=_("Copy"))


@post(f"{ROLES}/{{role_id:str}}/copy", include_in_schema=False, status_code=200)
async def copy(request: AnyRequest, role_id: str) -> Response[Any]:
    known = await matrix(id_at(role_id))

    async def do(typed: Typed) -> Response[Any]:
        made = await copy_role(known.role.id, typed.values.get("name", ""))
        return go(request, f"{ROLES}/{made}", _("Copied."))

    async def ask(typed: Typed) -> FormPage:
        return _copy_page(known, typed)

    return await answered(request, do, ask)


@get(f"{ROLES}/{{role_id:str}}/remove", include_in_schema=False)
async def ask_removal(request: AnyRequest, role_id: str) -> Response[Any]:
    return page(request, _removal_page(await matrix(id_at(role_id)), Typed({})))


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
    known = await matrix(id_at(role_id))

    async def do(typed: Typed) -> Response[Any]:
        await remove_role(known.role.id)
        return go(request, ROLES, _("The role “%(role)s” is deleted.", role=known.role.name))

    async def ask(typed: Typed) -> FormPage:
        return _removal_page(known, typed)

    return await answered(request, do, ask)


routes = [show_roles, ask_new, make, show_role, save, ask_fields, save_fields, ask_copy, copy, ask_removal, remove]
