"""The lists of choices of everything that is switched on: what they offer, in which order and colour, and what uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post

from dougong.access.principal import current
from dougong.access.rights import may, need
from dougong.db.columns import Lookup, Option
from dougong.errors import NotFound
from dougong.i18n import Text, _, number_text
from dougong.plugin.lookups import TONES, add_option, change_option, options_of, reorder_options
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.uses import Use, uses_of
from dougong.records.filters import visible_field
from dougong.web.cells import tone_of
from dougong.web.pages.dialogs import answered, dialog_page
from dougong.web.pages.forms import Typed
from dougong.web.render import go, page
from dougong.web.views import Action, Cell, ChoiceGroup, ChoiceLine, ChoicesPage, FormField, FormPage, Placeholder, Tab
from dougong.web.views import Option as Choice

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
LOOKUPS = "/lookups"
MANAGE = "lookups.manage"
_TONE_WORDS: dict[str, Text] = {
    "": _("Grey"),
    "pri": _("Blue"),
    "ok": _("Green"),
    "warn": _("Orange"),
    "bad": _("Red"),
    "vio": _("Violet"),
}


def _list(name: str) -> Lookup:
    need(MANAGE)
    known = current_snapshot().lookups.get(name)
    if known is None:
        raise NotFound
    return known


def _option(lookup: Lookup, key: str) -> tuple[Option, bool]:
    for option, active in options_of(lookup):
        if option.key == key:
            return option, active
    raise NotFound


def _label(option: Option) -> str:
    return str(option.label or option.key)


# ------------------------------------------------------------------ the page


@get(LOOKUPS, include_in_schema=False)
async def show_lists(request: AnyRequest) -> Response[Any]:
    need(MANAGE)
    first = next((lookup for _label, lookups in _owners() for lookup in lookups), None)
    return page(request, await _choices_page(first))


@get(f"{LOOKUPS}/{{name:str}}", include_in_schema=False)
async def show_list(request: AnyRequest, name: str) -> Response[Any]:
    return page(request, await _choices_page(_list(name)))


async def _choices_page(lookup: Lookup | None) -> ChoicesPage:
    title = str(_("Lists of choices"))
    if lookup is None:
        empty = Placeholder(str(_("No plugin that is on has lists of choices")), icon="list-details")
        return ChoicesPage(title=title, groups=(), empty=empty)
    uses = await uses_of(lookup.name)
    options = options_of(lookup)
    new = Action(str(_("New choice")), f"{LOOKUPS}/{lookup.name}/new", "plus", look="primary", dialog=True)
    return ChoicesPage(
        title=title,
        groups=_groups(lookup),
        label=str(lookup.label),
        note=str(
            _(
                "What is renamed is renamed on every record. A choice that is not offered any more stays on the records that hold it."
            )
        ),
        choices=tuple(
            _line(lookup, at, len(options), o, uses.get(o.key, ()), active=a) for at, (o, a) in enumerate(options)
        ),
        create=new,
        empty=Placeholder(str(_("This list is empty")), icon="list-details", action=new),
    )


def _groups(chosen: Lookup) -> tuple[ChoiceGroup, ...]:
    return tuple(
        ChoiceGroup(str(label), tuple(_list_tab(lookup, lookup.name == chosen.name) for lookup in lookups))
        for label, lookups in _owners()
    )


def _owners() -> Sequence[tuple[Text | str, Sequence[Lookup]]]:
    """The lists by what they belong to: each plugin, and the fields the company added, which bring lists of their own."""
    snapshot = current_snapshot()
    core, *plugins = snapshot.plugins.values()
    shipped = [(plugin.label, plugin.lookups) for plugin in (*plugins, core)]
    names = {lookup.name for _label, lookups in shipped for lookup in lookups}
    added = [lookup for lookup in snapshot.lookups_of_fields if lookup.name not in names]
    return [(label, lookups) for label, lookups in (*shipped, (_("Added fields"), added)) if lookups]


def _list_tab(lookup: Lookup, current: bool) -> Tab:
    offered = sum(active for _option, active in options_of(lookup))
    return Tab(str(lookup.label), f"{LOOKUPS}/{lookup.name}", current, number_text(offered))


def _line(lookup: Lookup, at: int, total: int, option: Option, uses: Sequence[Use], *, active: bool) -> ChoiceLine:
    path = f"{LOOKUPS}/{lookup.name}/{option.key}"
    edit = Action(str(_("Edit")), f"{path}/edit", "pencil", dialog=True)
    off = Action(str(_("Offer no more")), f"{path}/deactivate", "eye-off", method="post")
    on = Action(str(_("Offer again")), f"{path}/reactivate", "eye", method="post")
    moves = []
    if at > 0:
        moves.append(Action(str(_("Move up")), f"{path}/up", "chevron-up", method="post", look="quiet", icon_only=True))
    if at < total - 1:
        moves.append(
            Action(str(_("Move down")), f"{path}/down", "chevron-down", method="post", look="quiet", icon_only=True)
        )
    return ChoiceLine(
        key=option.key,
        cell=Cell("tag", _label(option), tone=tone_of(option.tone)),
        inactive=not active,
        uses=tuple(_use(use, option.key) for use in uses),
        actions=tuple(moves),
        more=(edit, off if active else on),
    )


def _use(use: Use, key: str) -> Tab:
    """How many records hold the choice, linked to their list where one may open it."""
    kind = use.record_type
    opens = (
        kind.key in current_snapshot().records
        and kind.menu
        and may(current(), kind, "read")
        and visible_field(kind, use.field)
    )
    href = f"/{kind.path}?{urlencode([('f', use.field), ('o', '='), ('v', key), ('g', 0)])}" if opens else ""
    return Tab(str(kind.plural), href, count=number_text(use.count))


# ------------------------------------------------------------------ new and edit


def _fields(typed: Typed) -> list[FormField]:
    tones = tuple(Choice(tone or "none", str(_TONE_WORDS[tone])) for tone in TONES)
    return [
        FormField(
            "label",
            str(_("Name")),
            value=typed.values.get("label", ""),
            error=typed.error("label"),
            required=True,
            max_length=60,
            wide=True,
        ),
        FormField(
            "tone",
            str(_("Colour")),
            "choice",
            typed.values.get("tone", "") or "none",
            error=typed.error("tone"),
            required=True,
            options=tones,
        ),
    ]


def _tone(typed: Typed) -> str:
    given = typed.values.get("tone", "")
    return "" if given == "none" else given


@get(f"{LOOKUPS}/{{name:str}}/new", include_in_schema=False)
async def ask_new(request: AnyRequest, name: str) -> Response[Any]:
    return page(request, _new_page(_list(name), Typed({})))


def _new_page(lookup: Lookup, typed: Typed) -> FormPage:
    path = f"{LOOKUPS}/{lookup.name}"
    return dialog_page(_("New choice in “%(list)s”", list=lookup.label), f"{path}/new", path, _fields(typed), typed)


@post(f"{LOOKUPS}/{{name:str}}/new", include_in_schema=False, status_code=200)
async def make(request: AnyRequest, name: str) -> Response[Any]:
    lookup = _list(name)

    async def do(typed: Typed) -> Response[Any]:
        await add_option(lookup.name, typed.values.get("label", ""), tone=_tone(typed))
        return go(request, f"{LOOKUPS}/{lookup.name}", _("Saved."))

    async def ask(typed: Typed) -> FormPage:
        return _new_page(lookup, typed)

    return await answered(request, do, ask)


@get(f"{LOOKUPS}/{{name:str}}/{{key:str}}/edit", include_in_schema=False)
async def ask_edit(request: AnyRequest, name: str, key: str) -> Response[Any]:
    lookup = _list(name)
    option, _active = _option(lookup, key)
    return page(request, _edit_page(lookup, option, Typed({"label": _label(option), "tone": option.tone})))


def _edit_page(lookup: Lookup, option: Option, typed: Typed) -> FormPage:
    path = f"{LOOKUPS}/{lookup.name}"
    return dialog_page(
        _("Edit “%(name)s”", name=_label(option)), f"{path}/{option.key}/edit", path, _fields(typed), typed
    )


@post(f"{LOOKUPS}/{{name:str}}/{{key:str}}/edit", include_in_schema=False, status_code=200)
async def edit(request: AnyRequest, name: str, key: str) -> Response[Any]:
    lookup = _list(name)
    option, _active = _option(lookup, key)

    async def do(typed: Typed) -> Response[Any]:
        label = typed.values.get("label", "")
        # a shipped choice keeps its words in every language until somebody really renames it
        await change_option(
            lookup.name, key, label=None if label.strip() == _label(option) else label, tone=_tone(typed)
        )
        return go(request, f"{LOOKUPS}/{lookup.name}", _("Saved."))

    async def ask(typed: Typed) -> FormPage:
        return _edit_page(lookup, option, typed)

    return await answered(request, do, ask)


# ------------------------------------------------------------------ order, off and on


@post(f"{LOOKUPS}/{{name:str}}/{{key:str}}/up", include_in_schema=False, status_code=200)
async def move_up(request: AnyRequest, name: str, key: str) -> Response[Any]:
    return await _moved(request, _list(name), key, -1)


@post(f"{LOOKUPS}/{{name:str}}/{{key:str}}/down", include_in_schema=False, status_code=200)
async def move_down(request: AnyRequest, name: str, key: str) -> Response[Any]:
    return await _moved(request, _list(name), key, 1)


async def _moved(request: AnyRequest, lookup: Lookup, key: str, step: int) -> Response[Any]:
    _option(lookup, key)
    keys = [option.key for option, _active in options_of(lookup)]
    at = keys.index(key)
    to = min(max(at + step, 0), len(keys) - 1)
    keys.insert(to, keys.pop(at))
    await reorder_options(lookup.name, keys)
    return go(request, f"{LOOKUPS}/{lookup.name}")


@post(f"{LOOKUPS}/{{name:str}}/{{key:str}}/deactivate", include_in_schema=False, status_code=200)
async def deactivate(request: AnyRequest, name: str, key: str) -> Response[Any]:
    lookup = _list(name)
    await change_option(lookup.name, key, active=False)
    return go(
        request,
        f"{LOOKUPS}/{lookup.name}",
        _("“%(name)s” is not offered any more.", name=_label(_option(lookup, key)[0])),
    )


@post(f"{LOOKUPS}/{{name:str}}/{{key:str}}/reactivate", include_in_schema=False, status_code=200)
async def reactivate(request: AnyRequest, name: str, key: str) -> Response[Any]:
    lookup = _list(name)
    await change_option(lookup.name, key, active=True)
    return go(
        request, f"{LOOKUPS}/{lookup.name}", _("“%(name)s” is offered again.", name=_label(_option(lookup, key)[0]))
    )


routes = [show_lists, show_list, ask_new, make, ask_edit, edit, move_up, move_down, deactivate, reactivate]
