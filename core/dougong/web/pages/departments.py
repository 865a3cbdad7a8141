"""Keeping departments: new, renamed, with another head, moved, merged, out of use and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.rights import need
from dougong.errors import Invalid, Problem
from dougong.i18n import _
from dougong.people.records import department as department_type
from dougong.people.services import (
    add_department,
    deactivate_department,
    merge_department,
    move_department,
    reactivate_department,
)
from dougong.people.tables import Department
from dougong.records import desk
from dougong.web.addresses import id_at, version_in
from dougong.web.pages.dialogs import answered, based_on_now, confirm_page, dialog_page, whole_number
from dougong.web.pages.forms import Typed, form_page, read_typed, sent, starting_values, typed_again, written
from dougong.web.pages.organisation import ORGANISATION, department_href
from dougong.web.render import go, page
from dougong.web.tree import Tree, read_tree
from dougong.web.views import FormField, FormPage

__all__ = ["department_choice", "routes"]

AnyRequest = Request[Any, Any, Any]
MANAGE = "organisation.manage"
DEPARTMENTS = f"{ORGANISATION}/departments"
_PLACED = frozenset({"place"})
_MOVED = frozenset({"parent"})
_ADVICE = {
    "head": _("Sees what belongs to this department and to all below it, as far as their roles reach that."),
    "place": _("Among the departments that report to the same one."),
}


async def _department(text: str) -> Department:
    need(MANAGE)
    return await desk.get(Department, id_at(text))


async def department_choice(
    name: str, label: str, typed: Typed, *, without: tuple[int, ...] = (), required: bool = True, advice: str = ""
) -> FormField:
    """A department out of the tree; those out of use only where one is chosen already."""
    tree, value = await read_tree(), typed.values.get(name, "")
    hidden = [i for branch in without for i in tree.subtree(branch)]
    options = tree.options(without=hidden, chosen=[whole_number(value) or 0])
    return FormField(
        name,
        label,
        "choice",
        value,
        error=typed.error(name),
        required=required,
        options=options,
        help=advice,
        wide=True,
    )


# ------------------------------------------------------------------ new and edit


@get(f"{DEPARTMENTS}/new", include_in_schema=False)
async def ask_new(request: AnyRequest) -> Response[Any]:
    need(MANAGE)
    return page(request, await _new_page(Typed(starting_values(department_type, dict(request.query_params.items())))))


async def _new_page(typed: Typed) -> FormPage:
    """Everything but the place: a new department is the last beside its like."""
    tree = await read_tree()
    made = await form_page(department_type, typed, without=_PLACED if tree.branches else _PLACED | _MOVED)
    back = department_href(whole_number(typed.values.get("parent", "")))
    return replace(
        _advised(made, tree), title=str(_("New department")), action=f"{DEPARTMENTS}/new", cancel_href=back, crumbs=()
    )


def _advised(made: FormPage, tree: Tree) -> FormPage:
    """With what is to be known about some fields; the superior is chosen out of the tree."""

    def advised(field: FormField) -> FormField:
        if field.name == "parent" and not field.readonly:
            options = tree.options(chosen=[whole_number(field.value) or 0])
            return replace(field, kind="choice", options=options)
        return replace(field, help=field.help or str(_ADVICE.get(field.name, "")))

    sections = (replace(section, fields=tuple(map(advised, section.fields))) for section in made.sections)
    return replace(made, sections=tuple(sections))


@post(f"{DEPARTMENTS}/new", include_in_schema=False, status_code=200)
async def make(request: AnyRequest) -> Response[Any]:
    need(MANAGE)

    async def do(typed: Typed) -> Response[Any]:
        values = read_typed(department_type, sent(department_type, typed.several, without=_PLACED))
        made = await add_department(**{"name": "", **values})
        return go(request, department_href(made.id), _("Saved."))

    return await answered(request, do, lambda typed: _new_page(typed_again(department_type, typed, without=_PLACED)))


@get(f"{DEPARTMENTS}/{{department_id:str}}/edit", include_in_schema=False)
async def ask_edit(request: AnyRequest, department_id: str) -> Response[Any]:
    found = await _department(department_id)
    return page(request, await _edit_page(found, Typed(written(department_type, found)), found.version))


async def _edit_page(found: Department, typed: Typed, version: int) -> FormPage:
    """Everything but whom it reports to: who moves it is told what goes with it."""
    made = await form_page(department_type, typed, found, version=version, without=_MOVED)
    return replace(
        _advised(made, await read_tree()),
        title=str(_("Edit “%(name)s”", name=found.name)),
        action=f"{DEPARTMENTS}/{found.id}/edit",
        cancel_href=department_href(found.id),
        crumbs=(),
    )


@post(f"{DEPARTMENTS}/{{department_id:str}}/edit", include_in_schema=False, status_code=200)
async def edit(request: AnyRequest, department_id: str) -> Response[Any]:
    found = await _department(department_id)

    async def do(typed: Typed) -> Response[Any]:
        values = read_typed(department_type, sent(department_type, typed.several, without=_MOVED), found)
        version = version_in(typed.values.get("version", ""))
        await desk.change(found, values, version=version, reason=_("Department changed"))
        return go(request, department_href(found.id), _("Saved."))

    async def ask(typed: Typed) -> FormPage:
        now = await based_on_now(found, typed)
        version = version_in(now.values.get("version", ""))
        return await _edit_page(found, typed_again(department_type, now, without=_MOVED), version)

    return await answered(request, do, ask)


# ------------------------------------------------------------------ move and merge


@get(f"{DEPARTMENTS}/{{department_id:str}}/move", include_in_schema=False)
async def ask_move(request: AnyRequest, department_id: str) -> Response[Any]:
    found = await _department(department_id)
    return page(
        request, await _move_page(found, Typed({"parent": str(found.parent or ""), "version": str(found.version)}))
    )


async def _move_page(found: Department, typed: Typed) -> FormPage:
    advice = str(
        _(
            "It goes there with its people and all that reports to it. Whoever leads the new superior sees its records from then on."
        )
    )
    parent = await department_choice(
        "parent", str(_("Reports to")), typed, without=(found.id,), required=False, advice=advice
    )
    hidden = {"version": typed.values.get("version", "")}
    title = _("Move “%(name)s”", name=found.name)
    return dialog_page(
        title,
        f"{DEPARTMENTS}/{found.id}/move",
        department_href(found.id),
        [parent],
        typed,
        save=_("Move"),
        hidden=hidden,
    )


@post(f"{DEPARTMENTS}/{{department_id:str}}/move", include_in_schema=False, status_code=200)
async def move(request: AnyRequest, department_id: str) -> Response[Any]:
    found = await _department(department_id)

    async def do(typed: Typed) -> Response[Any]:
        version = whole_number(typed.values.get("version", "")) or 0
        await move_department(found, whole_number(typed.values.get("parent", "")), version=version)
        return go(request, department_href(found.id), _("Moved."))

    async def ask(typed: Typed) -> FormPage:
        return await _move_page(found, await based_on_now(found, typed))

    return await answered(request, do, ask)


@get(f"{DEPARTMENTS}/{{department_id:str}}/merge", include_in_schema=False)
async def ask_merge(request: AnyRequest, department_id: str) -> Response[Any]:
    return page(request, await _merge_page(await _department(department_id), Typed({})))


async def _merge_page(found: Department, typed: Typed) -> FormPage:
    tree = await read_tree()
    intro = _(
        "%(staff)s people and %(departments)s departments go over to the other one, with all records of “%(name)s”. “%(name)s” is deactivated and stays in the history.",
        staff=tree.at(found.id).staff,
        departments=len(tree.children(found.id)),
        name=found.name,
    )
    into = await department_choice("into", str(_("Merge into")), typed)
    into = _without(into, str(found.id))
    title = _("Merge “%(name)s” into another department", name=found.name)
    action = f"{DEPARTMENTS}/{found.id}/merge"
    return dialog_page(
        title, action, department_href(found.id), [into], typed, save=_("Merge"), look="danger", intro=intro
    )


def _without(choice: FormField, value: str) -> FormField:
    return replace(choice, options=tuple(o for o in choice.options if o.value != value))


@post(f"{DEPARTMENTS}/{{department_id:str}}/merge", include_in_schema=False, status_code=200)
async def merge(request: AnyRequest, department_id: str) -> Response[Any]:
    found = await _department(department_id)

    async def do(typed: Typed) -> Response[Any]:
        into = await _chosen(typed.values.get("into", ""))
        await merge_department(found, into)
        return go(
            request,
            department_href(into.id),
            _("“%(one)s” is merged into “%(other)s”.", one=found.name, other=into.name),
        )

    return await answered(request, do, lambda typed: _merge_page(found, typed))


async def _chosen(text: str) -> Department:
    chosen = whole_number(text)
    known = await Department.objects().where(Department.id == (chosen or 0)).first()
    if known is None or not known.active:
        raise Invalid(Problem("into", _("Choose a department."), text, "required"))
    return known


# ------------------------------------------------------------------ out of use and back


@get(f"{DEPARTMENTS}/{{department_id:str}}/deactivate", include_in_schema=False)
async def ask_deactivate(request: AnyRequest, department_id: str) -> Response[Any]:
    return page(request, await _deactivate_page(await _department(department_id), Typed({})))


async def _deactivate_page(found: Department, typed: Typed) -> FormPage:
    title = _("Deactivate “%(name)s”?", name=found.name)
    intro = _(
        "It can't be chosen any more and stays where it stands, on old records too. It can be used again at any time."
    )
    return confirm_page(
        title, f"{DEPARTMENTS}/{found.id}/deactivate", department_href(found.id), _("Deactivate"), intro, typed
    )


@post(f"{DEPARTMENTS}/{{department_id:str}}/deactivate", include_in_schema=False, status_code=200)
async def deactivate(request: AnyRequest, department_id: str) -> Response[Any]:
    found = await _department(department_id)

    async def do(typed: Typed) -> Response[Any]:
        await deactivate_department(found)
        return go(request, department_href(found.parent), _("“%(name)s” is deactivated.", name=found.name))

    return await answered(request, do, lambda typed: _deactivate_page(found, typed))


@post(f"{DEPARTMENTS}/{{department_id:str}}/reactivate", include_in_schema=False, status_code=200)
async def reactivate(request: AnyRequest, department_id: str) -> Response[Any]:
    found = await _department(department_id)
    await reactivate_department(found)
    return go(request, department_href(found.id), _("“%(name)s” is in use again.", name=found.name))


routes = [ask_new, make, ask_edit, edit, ask_move, move, ask_merge, merge, ask_deactivate, deactivate, reactivate]
