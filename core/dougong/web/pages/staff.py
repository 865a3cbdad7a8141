"""Keeping staff: somebody's page for everybody; new, edited, moved, gone and back for those who keep the organisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.principal import current
from dougong.access.rights import may_do, need
from dougong.access.services import groups_of, roles_of
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.people.records import staff as staff_type
from dougong.people.services import Account, account_of, add_staff, deactivate_staff, move_staff, reactivate_staff
from dougong.people.tables import Staff
from dougong.records import desk, references
from dougong.records.filters import visible_field
from dougong.web.addresses import id_at, version_in
from dougong.web.cells import cell_for
from dougong.web.components import hue, initial
from dougong.web.pages.departments import department_choice
from dougong.web.pages.dialogs import answered, based_on_now, confirm_page, dialog_page, whole_number
from dougong.web.pages.forms import Typed, form_page, read_typed, sent, starting_values, typed_again, written
from dougong.web.pages.organisation import ORGANISATION, department_href, may_keep, staff_actions
from dougong.web.pages.records import changes_of, tools_of
from dougong.web.render import go, page
from dougong.web.views import Action, Cell, Crumb, FormField, FormPage, Placeholder, Property, PropertyGroup, RecordPage

__all__ = ["operator_at", "routes", "staff_at", "staff_href"]

AnyRequest = Request[Any, Any, Any]
MANAGE = "organisation.manage"
STAFF = f"{ORGANISATION}/staff"
_NOT_SHOWN = frozenset({"id", "version", "name"})
_MOVED = frozenset({"department"})


def staff_href(staff: int) -> str:
    return f"{STAFF}/{staff}"


async def staff_at(text: str) -> Staff:
    """Somebody to be changed, for those who may."""
    need(MANAGE)
    return await desk.get(Staff, id_at(text))


async def operator_at(text: str) -> tuple[Staff, Account]:
    """Somebody who has an account, and the account."""
    found = await staff_at(text)
    account = await account_of(found.id)
    if account is None:
        raise NotFound
    return found, account


# ------------------------------------------------------------------ the page


@get(f"{STAFF}/{{staff_id:str}}", include_in_schema=False)
async def show_staff(request: AnyRequest, staff_id: str) -> Response[Any]:
    return page(request, await staff_page(await desk.get(Staff, id_at(staff_id))))


async def staff_page(found: Staff) -> RecordPage:
    row = found.to_dict()
    known = {
        key: await references.titles(f.target, [row[key]])
        for key, f in staff_type.fields.items()
        if f.target is not None
    }
    department = known["department"].get(row["department"], "")
    account = await account_of(found.id) if may_keep() else None
    actions = staff_actions(found.id, account, here=found.active) if may_keep() else ()
    return RecordPage(
        title=found.name,
        crumbs=(Crumb(str(_("Organisation")), ORGANISATION), Crumb(department, department_href(found.department))),
        initial=initial(found.name),
        hue=hue(found.name),
        subtitle=tuple(
            cell_for(staff_type, staff_type.fields[k], row[k], known[k]) for k in ("position", "department") if row[k]
        ),
        primary=replace(actions[0], look="primary") if actions else None,
        more=(*actions[1:], *_group_action(found.id, account)),
        tools=tools_of(staff_type, found),
        timeline=await changes_of(staff_type, found),
        timeline_empty=Placeholder(str(_("Nothing happened yet")), icon="history"),
        properties=(*_properties(row, known), *await _rights(account)),
    )


def _group_action(staff: int, account: Account | None) -> tuple[Action, ...]:
    if account is None or not may_do(current(), "roles.manage"):
        return ()
    return (Action(str(_("Groups")), f"{staff_href(staff)}/groups", "users-group", dialog=True),)


async def _rights(account: Account | None) -> tuple[PropertyGroup, ...]:
    """The roles an account was given, and its groups with theirs."""
    if account is None:
        return ()
    given, joined = await roles_of(account.user), await groups_of(account.user)
    roles = _tags([str(role.name) for role in given])
    return (
        PropertyGroup(
            str(_("Rights")),
            (Property(str(_("Roles")), roles), Property(str(_("Groups")), _tags([line.name for line in joined]))),
        ),
    )


def _tags(words: Sequence[str]) -> Cell:
    return Cell("tags", str(_(", ")).join(words), parts=tuple(Cell("tag", word) for word in words))


def _properties(row: Mapping[str, Any], known: Mapping[str, Mapping[int, str]]) -> tuple[PropertyGroup, ...]:
    found = []
    for label, fields in staff_type.form_of(row).groups:
        shown = [f for f in fields if visible_field(staff_type, f.key) and f.key not in _NOT_SHOWN]
        items = tuple(Property(str(f.label), cell_for(staff_type, f, row[f.key], known.get(f.key))) for f in shown)
        if items:
            found.append(PropertyGroup(str(label), items))
    return tuple(found)


# ------------------------------------------------------------------ new and edit


@get(f"{STAFF}/new", include_in_schema=False)
async def ask_new(request: AnyRequest) -> Response[Any]:
    need(MANAGE)
    return page(request, await _new_page(Typed(starting_values(staff_type, dict(request.query_params.items())))))


async def _new_page(typed: Typed) -> FormPage:
    back = department_href(whole_number(typed.values.get("department", "")))
    made = await form_page(staff_type, typed)
    return replace(made, action=f"{STAFF}/new", cancel_href=back, crumbs=_crumbs())


def _crumbs() -> tuple[Crumb, ...]:
    return (Crumb(str(_("Organisation")), ORGANISATION),)


@post(f"{STAFF}/new", include_in_schema=False, status_code=200)
async def make(request: AnyRequest) -> Response[Any]:
    need(MANAGE)

    async def do(typed: Typed) -> Response[Any]:
        values = read_typed(staff_type, sent(staff_type, typed.several))
        # what is left empty is asked for with everything else that is missing
        made = await add_staff(**{"name": "", "department": None, **values})
        return go(request, department_href(made.department), _("“%(name)s” works here now.", name=made.name))

    return await answered(request, do, lambda typed: _new_page(typed_again(staff_type, typed)))


@get(f"{STAFF}/{{staff_id:str}}/edit", include_in_schema=False)
async def ask_edit(request: AnyRequest, staff_id: str) -> Response[Any]:
    found = await staff_at(staff_id)
    return page(request, await _edit_page(found, Typed(written(staff_type, found)), found.version))


async def _edit_page(found: Staff, typed: Typed, version: int) -> FormPage:
    """Everything but the department: who moves is asked what happens to their records."""
    made = await form_page(staff_type, typed, found, version=version, without=_MOVED)
    return replace(
        made, action=f"{staff_href(found.id)}/edit", cancel_href=department_href(found.department), crumbs=_crumbs()
    )


@post(f"{STAFF}/{{staff_id:str}}/edit", include_in_schema=False, status_code=200)
async def edit(request: AnyRequest, staff_id: str) -> Response[Any]:
    found = await staff_at(staff_id)

    async def do(typed: Typed) -> Response[Any]:
        values = read_typed(staff_type, sent(staff_type, typed.several, without=_MOVED), found)
        version = version_in(typed.values.get("version", ""))
        await desk.change(found, values, version=version, reason=_("Staff member changed"))
        return go(request, department_href(found.department), _("Saved."))

    async def ask(typed: Typed) -> FormPage:
        now = await based_on_now(found, typed)
        version = version_in(now.values.get("version", ""))
        return await _edit_page(found, typed_again(staff_type, now, without=_MOVED), version)

    return await answered(request, do, ask)


# ------------------------------------------------------------------ move


@get(f"{STAFF}/{{staff_id:str}}/move", include_in_schema=False)
async def ask_move(request: AnyRequest, staff_id: str) -> Response[Any]:
    found = await staff_at(staff_id)
    return page(
        request,
        await _move_page(
            found, Typed({"department": str(found.department), "take": "1", "version": str(found.version)})
        ),
    )


async def _move_page(found: Staff, typed: Typed) -> FormPage:
    fields = [
        await department_choice("department", str(_("Department to move to")), typed),
        FormField(
            "take",
            str(_("Take their records along")),
            "yes_no",
            typed.values.get("take", ""),
            help=str(
                _(
                    "Their records of the department they leave go over with them. Otherwise these stay visible where they are."
                )
            ),
            wide=True,
        ),
    ]
    hidden = {"version": typed.values.get("version", "")}
    title = _("Move “%(name)s”", name=found.name)
    return dialog_page(
        title,
        f"{staff_href(found.id)}/move",
        department_href(found.department),
        fields,
        typed,
        save=_("Move"),
        hidden=hidden,
    )


@post(f"{STAFF}/{{staff_id:str}}/move", include_in_schema=False, status_code=200)
async def move(request: AnyRequest, staff_id: str) -> Response[Any]:
    found = await staff_at(staff_id)

    async def do(typed: Typed) -> Response[Any]:
        to = whole_number(typed.values.get("department", ""))
        if to is None:
            raise Invalid(Problem("department", _("Choose a department."), None, "required"))
        version = whole_number(typed.values.get("version", "")) or 0
        await move_staff(found, to, take_records=typed.values.get("take") == "1", version=version)
        return go(request, department_href(to), _("Moved."))

    async def ask(typed: Typed) -> FormPage:
        return await _move_page(found, await based_on_now(found, typed))

    return await answered(request, do, ask)


# ------------------------------------------------------------------ gone and back


@get(f"{STAFF}/{{staff_id:str}}/deactivate", include_in_schema=False)
async def ask_deactivate(request: AnyRequest, staff_id: str) -> Response[Any]:
    return page(request, await _deactivate_page(await staff_at(staff_id), Typed({})))


async def _deactivate_page(found: Staff, typed: Typed) -> FormPage:
    title = _("“%(name)s” no longer works here?", name=found.name)
    intro = _(
        "They are signed out everywhere, can't sign in any more and can't be chosen any more. Their records stay theirs until somebody hands them over."
    )
    return confirm_page(
        title, f"{staff_href(found.id)}/deactivate", department_href(found.department), _("Deactivate"), intro, typed
    )


@post(f"{STAFF}/{{staff_id:str}}/deactivate", include_in_schema=False, status_code=200)
async def deactivate(request: AnyRequest, staff_id: str) -> Response[Any]:
    found = await staff_at(staff_id)

    async def do(typed: Typed) -> Response[Any]:
        await deactivate_staff(found)
        return go(request, department_href(found.department), _("“%(name)s” is deactivated.", name=found.name))

    return await answered(request, do, lambda typed: _deactivate_page(found, typed))


@post(f"{STAFF}/{{staff_id:str}}/reactivate", include_in_schema=False, status_code=200)
async def reactivate(request: AnyRequest, staff_id: str) -> Response[Any]:
    found = await staff_at(staff_id)
    await reactivate_staff(found)
    return go(request, department_href(found.department), _("“%(name)s” works here again.", name=found.name))


routes = [ask_new, make, show_staff, ask_edit, edit, ask_move, move, ask_deactivate, deactivate, reactivate]
