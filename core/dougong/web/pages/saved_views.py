"""Views of one's own: saved under a name as the list stands, saved again, renamed, moved, shared, deleted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post

from dougong.errors import NotFound
from dougong.i18n import Text, _
from dougong.records.types import RecordType
from dougong.records.views import (
    LONGEST_NAME,
    Question,
    View,
    change_view,
    keep_view,
    move_view,
    remove_view,
    views_at,
)
from dougong.web.addresses import short_id_at
from dougong.web.pages.dialogs import answered, confirm_page, dialog_page
from dougong.web.pages.forms import Typed
from dougong.web.pages.lists import ListState, columns_of, list_state, type_at, view_href
from dougong.web.render import go, page
from dougong.web.views import FormField, FormPage

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
_VIEW = "/{collection:str}/views/{saved:str}"


# ------------------------------------------------------------------ new


@get("/{collection:str}/views/new", include_in_schema=False)
async def ask_name(request: AnyRequest, collection: str) -> Response[Any]:
    return page(request, new_page(list_state(type_at(collection), request.query_params), Typed({})))


@post("/{collection:str}/views/new", include_in_schema=False, status_code=200)
async def save_new(request: AnyRequest, collection: str) -> Response[Any]:
    state = list_state(type_at(collection), await request.form())

    async def do(typed: Typed) -> Response[Any]:
        made = await keep_view(state.record_type, typed.values.get("name", ""), await _question(state))
        return go(request, view_href(state.record_type, made.id), _("Saved as “%(name)s”.", name=made.name))

    async def ask(typed: Typed) -> FormPage:
        return new_page(state, typed)

    return await answered(request, do, ask)


async def _question(state: ListState) -> Question:
    return replace(state.question, columns=columns_of(state, await views_at(state.record_type)))


def new_page(state: ListState, typed: Typed) -> FormPage:
    form = dialog_page(
        _("Save as a view"),
        f"/{state.record_type.path}/views/new",
        state.href(),
        [_name(typed)],
        typed,
        intro=_("Filter, quick find, sort and columns are kept under this name, as a tab only you see."),
    )
    return replace(form, hidden=tuple(state.pairs(page=1, cursor="", exact=False)))


def _name(typed: Typed) -> FormField:
    value, error = typed.values.get("name", ""), typed.error("name")
    return FormField("name", str(_("Name")), value=value, error=error, required=True, max_length=LONGEST_NAME)


# ------------------------------------------------------------------ one that is there


async def _view_at(collection: str, saved: str) -> tuple[RecordType, View]:
    """The view, if the acting person may change it."""
    record_type = type_at(collection)
    view = (await views_at(record_type)).named(short_id_at(saved))
    if view is None or not view.changeable:
        raise NotFound
    return record_type, view


@get(f"{_VIEW}/rename", include_in_schema=False)
async def ask_new_name(request: AnyRequest, collection: str, saved: str) -> Response[Any]:
    record_type, view = await _view_at(collection, saved)
    return page(request, rename_page(record_type, view, Typed({"name": view.name})))


@post(f"{_VIEW}/rename", include_in_schema=False, status_code=200)
async def rename(request: AnyRequest, collection: str, saved: str) -> Response[Any]:
    record_type, view = await _view_at(collection, saved)

    async def do(typed: Typed) -> Response[Any]:
        await change_view(record_type, view.id, name=typed.values.get("name", ""))
        return go(request, view_href(record_type, view.id), _("Saved."))

    async def ask(typed: Typed) -> FormPage:
        return rename_page(record_type, view, typed)

    return await answered(request, do, ask)


def rename_page(record_type: RecordType, view: View, typed: Typed) -> FormPage:
    action = f"/{record_type.path}/views/{view.id}/rename"
    return dialog_page(_("Rename the view"), action, view_href(record_type, view.id), [_name(typed)], typed)


@get(f"{_VIEW}/delete", include_in_schema=False)
async def ask_deletion(request: AnyRequest, collection: str, saved: str) -> Response[Any]:
    record_type, view = await _view_at(collection, saved)
    title = _("Delete the view “%(name)s”?", name=view.name)
    intro = _("Everybody loses it.") if view.shared else _("The records it shows stay as they are.")
    action = f"/{record_type.path}/views/{view.id}/delete"
    back = view_href(record_type, view.id)
    return page(request, confirm_page(title, action, back, _("Delete"), intro, Typed({})))


@post(f"{_VIEW}/delete", include_in_schema=False, status_code=200)
async def delete(request: AnyRequest, collection: str, saved: str) -> Response[Any]:
    record_type, view = await _view_at(collection, saved)
    await remove_view(record_type, view.id)
    return go(request, f"/{record_type.path}", _("“%(name)s” is deleted.", name=view.name))


@post(f"{_VIEW}/save", include_in_schema=False, status_code=200)
async def save_again(request: AnyRequest, collection: str, saved: str) -> Response[Any]:
    record_type, view = await _view_at(collection, saved)
    state = list_state(record_type, await request.form())
    await change_view(record_type, view.id, question=replace(state.question, columns=view.question.columns))
    return go(request, view_href(record_type, view.id), _("Saved."))


# ------------------------------------------------------------------ done at one press


async def _to_left(record_type: RecordType, view: View) -> Text:
    await move_view(record_type, view.id, -1)
    return _("Moved.")


async def _to_right(record_type: RecordType, view: View) -> Text:
    await move_view(record_type, view.id, 1)
    return _("Moved.")


async def _share(record_type: RecordType, view: View) -> Text:
    await change_view(record_type, view.id, shared=True)
    return _("Everybody who sees this list sees the view now.")


async def _keep_to_oneself(record_type: RecordType, view: View) -> Text:
    await change_view(record_type, view.id, shared=False)
    return _("The view is no longer shared.")


_AT_ONE_PRESS: dict[str, Callable[[RecordType, View], Awaitable[Text]]] = {
    "left": _to_left,
    "right": _to_right,
    "share": _share,
    "unshare": _keep_to_oneself,
}


@post(f"{_VIEW}/{{what:str}}", include_in_schema=False, status_code=200)
async def press(request: AnyRequest, collection: str, saved: str, what: str) -> Response[Any]:
    record_type, view = await _view_at(collection, saved)
    if what not in _AT_ONE_PRESS:
        raise NotFound
    said = await _AT_ONE_PRESS[what](record_type, view)
    return go(request, view_href(record_type, view.id) if view.own else f"/{record_type.path}", said)


routes = [ask_name, save_new, ask_new_name, rename, ask_deletion, delete, save_again, press]
