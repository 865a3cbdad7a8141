"""The fields of a record type that a role holds back: hidden or only shown, and where a record's state makes a difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.charter import ADMIN, field_name
from dougong.access.services import matrix, set_fields
from dougong.access.services.roles import Matrix
from dougong.access.whose import somebody_with
from dougong.errors import NotFound
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.fields import Field
from dougong.records.types import RecordType
from dougong.web.addresses import short_id_at
from dougong.web.pages.dialogs import answered
from dougong.web.pages.forms import Typed
from dougong.web.pages.previews import Proposal, conflict_banner, errors_of, stamped, unseen, wants_back
from dougong.web.pages.roles import ROLES, SAVED, role_stamp
from dougong.web.render import go, page
from dougong.web.views import Crumb, FormField, HeldField, HeldFieldsPage, Option

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]


@get(f"{ROLES}/{{role_id:str}}/fields/{{collection:str}}", include_in_schema=False)
async def ask_fields(request: AnyRequest, role_id: str, collection: str) -> Response[Any]:
    known, kind = await _role_and_type(role_id, collection)
    return page(request, await _fields_page(known, kind, Typed({})))


async def _role_and_type(role_id: str, collection: str) -> tuple[Matrix, RecordType]:
    known, kind = await matrix(short_id_at(role_id)), current_snapshot().by_path.get(collection)
    if kind is None or known.role.key == ADMIN:
        raise NotFound
    return known, kind


def _path(known: Matrix, kind: RecordType) -> str:
    return f"{ROLES}/{known.role.id}/fields/{kind.path}"


def _names(kind: RecordType) -> Iterator[tuple[str, str]]:
    """Every field that can be held back, and every state where it can be otherwise ("" for all of them)."""
    for key in kind.fields:
        if key in kind.can_be_held_back:
            yield from ((key, state) for state in ("", *_states(kind, key)))


def _states(kind: RecordType, key: str) -> tuple[str, ...]:
    return kind.lifecycle.keys if kind.lifecycle and key != "state" else ()


def _said(known: Matrix, kind: RecordType, typed: Typed, key: str, state: str = "") -> str:
    """What stands in a box: what was typed, else what is saved."""
    stored = known.fields.get(field_name(f"{kind.key}.{key}", state), "")
    return typed.values.get(_box(key, state), stored)


def _box(key: str, state: str = "") -> str:
    return field_name(f"field:{key}", state)


async def _fields_page(known: Matrix, kind: RecordType, typed: Typed) -> HeldFieldsPage:
    path = _path(known, kind)
    typed = await stamped(typed, lambda: role_stamp(known.role.id))
    return HeldFieldsPage(
        title=str(_("Fields: %(what)s", what=kind.plural)),
        action=path,
        fields=tuple(
            _held_field(known, kind, field, typed) for key, field in kind.fields.items() if key in kind.can_be_held_back
        ),
        intro=str(
            _(
                "What “%(role)s” holds back. Where one of a person's other roles has a say on these records and doesn't hold a field back, they see it.",
                role=known.role.name,
            )
        ),
        crumbs=_crumbs(known),
        hidden=(("stamp", typed.values["stamp"]),),
        errors=errors_of(typed, {field_name(f"{kind.key}.{key}", state) for key, state in _names(kind)}),
        conflict=conflict_banner(typed, path),
        cancel_href=f"{ROLES}/{known.role.id}",
    )


def _crumbs(known: Matrix) -> tuple[Crumb, ...]:
    return Crumb(str(_("Roles")), ROLES), Crumb(str(known.role.name), f"{ROLES}/{known.role.id}")


def _held_field(known: Matrix, kind: RecordType, field: Field, typed: Typed) -> HeldField:
    states = tuple(
        FormField(
            _box(field.key, state),
            str(kind.state_option(state).label),
            "choice",
            _said(known, kind, typed, field.key, state),
            error=typed.error(field_name(f"{kind.key}.{field.key}", state)),
            options=(*_levels(field), Option("write", str(_free(field)))),
            placeholder=str(_("as otherwise")),
        )
        for state in _states(kind, field.key)
    )
    box = FormField(
        _box(field.key),
        str(field.label),
        "choice",
        _said(known, kind, typed, field.key),
        error=typed.error(f"{kind.key}.{field.key}"),
        options=_levels(field),
        placeholder=str(_free(field)),
    )
    return HeldField(box, states, sum(bool(it.value) for it in states))


def _free(field: Field) -> object:
    """What a role leaves a field at that it doesn't hold back."""
    return _("see") if field.managed else _("see and change")


def _levels(field: Field) -> tuple[Option, ...]:
    read = () if field.managed else (Option("read", str(_("see only"))),)
    return (*read, Option("hidden", str(_("hidden"))))


@post(f"{ROLES}/{{role_id:str}}/fields/{{collection:str}}", include_in_schema=False, status_code=200)
async def save_fields(request: AnyRequest, role_id: str, collection: str) -> Response[Any]:
    known, kind = await _role_and_type(role_id, collection)
    role, path = known.role, _path(known, kind)

    async def do(typed: Typed) -> Response[Any]:
        if wants_back(typed):
            return page(request, await ask(typed))
        proposal = Proposal(
            _("Who gains, who loses"),
            path,
            lambda: set_fields(role.id, _wanted(known, kind, typed)),
            lambda: role_stamp(role.id),
            (*_crumbs(known), Crumb(str(kind.plural), path)),
            somebody=lambda: somebody_with(role.id),
        )
        return await unseen(request, proposal, typed) or go(request, f"{ROLES}/{role.id}", SAVED)

    async def ask(typed: Typed) -> HeldFieldsPage:
        return await _fields_page(known, kind, typed)

    return await answered(request, do, ask)


def _wanted(known: Matrix, kind: RecordType, typed: Typed) -> dict[str, str]:
    """The levels of all fields of the role. What a state says that the field says anyway is left out."""
    of_type = {field_name(f"{kind.key}.{key}", state) for key, state in _names(kind)}
    levels = {name: level for name, level in known.fields.items() if name not in of_type}
    for key, state in _names(kind):
        level = _said(known, kind, typed, key, state)
        if level and level != (state and (_said(known, kind, typed, key) or "write")):
            levels[field_name(f"{kind.key}.{key}", state)] = level
    return levels


routes = [ask_fields, save_fields]
