"""What the company set for each plugin: a form made from the plugin's settings model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from litestar import Request, Response, get, post
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from dougong.access.rights import need
from dougong.errors import NotFound
from dougong.i18n import Text, _, humanise
from dougong.plugin.labels import bare_type, model_choices
from dougong.plugin.settings import change_settings, settings_of
from dougong.plugin.snapshot import current_snapshot
from dougong.web.pages.dialogs import answered
from dougong.web.pages.forms import Typed
from dougong.web.render import go, page
from dougong.web.views import FormField, FormPage, FormSection, Option, Submit, Tab

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
SETTINGS = "/settings"
MANAGE = "settings.manage"


def _model(plugin: str) -> type[BaseModel]:
    need(MANAGE)
    known = current_snapshot().settings.get(plugin)
    if known is None:
        raise NotFound
    return known


@get(SETTINGS, include_in_schema=False)
async def show_first(request: AnyRequest) -> Response[Any]:
    need(MANAGE)
    first = next(iter(current_snapshot().settings), None)
    if first is None:
        return page(
            request,
            FormPage(
                title=str(_("Settings")),
                action=SETTINGS,
                sections=(),
                submits=(),
                intro=str(_("No plugin that is on has settings.")),
            ),
        )
    return page(request, _settings_page(first, _as_set(_model(first))))


@get(f"{SETTINGS}/{{plugin:str}}", include_in_schema=False)
async def show(request: AnyRequest, plugin: str) -> Response[Any]:
    return page(request, _settings_page(plugin, _as_set(_model(plugin))))


def _as_set(model: type[BaseModel]) -> Typed:
    """The settings as they are now, as texts of a form."""
    now = settings_of(model).model_dump(mode="json")
    return Typed(
        {key: _text(value) for key, value in now.items()},
        several={key: tuple(map(str, v)) for key, v in now.items() if isinstance(v, list)},
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def _settings_page(plugin: str, typed: Typed) -> FormPage:
    snapshot = current_snapshot()
    model = snapshot.settings[plugin]
    fields = tuple(_field(plugin, key, info, typed) for key, info in model.model_fields.items())
    tabs = tuple(
        Tab(str(snapshot.plugins[name].label), f"{SETTINGS}/{name}", name == plugin) for name in snapshot.settings
    )
    return FormPage(
        title=str(_("Settings")),
        action=f"{SETTINGS}/{plugin}",
        sections=(FormSection("", fields),),
        submits=(Submit(str(_("Save")), look="primary"),),
        errors=typed.others(set(model.model_fields)),
        kinds=tabs,
    )


def _domain(plugin: str) -> str:
    """The package whose catalogue holds the plugin's words."""
    label = current_snapshot().plugins[plugin].label
    return label.domain if isinstance(label, Text) else "dougong"


def _field(plugin: str, key: str, info: FieldInfo, typed: Typed) -> FormField:
    """Title and description are msgids of the plugin; without a title the name speaks for itself."""
    domain, kind = _domain(plugin), _kind(info)
    advice = str(Text(info.description, domain)) if info.description else ""
    return FormField(
        key,
        str(Text(info.title or humanise(key), domain)),
        kind,  # type: ignore[arg-type]
        typed.values.get(key, ""),
        values=typed.several.get(key, ()),
        error=typed.error(key),
        help=advice or _bounds(info),
        required=kind != "yes_no" and not _optional(info),
        options=tuple(Option(str(value), str(label)) for value, label in model_choices(info, domain).items()),
        wide=kind == "long_text",
    )


def _optional(info: FieldInfo) -> bool:
    return get_origin(info.annotation) in (Union, UnionType) and NoneType in get_args(info.annotation)


def _kind(info: FieldInfo) -> str:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    if "kind" in extra:
        return str(extra["kind"])
    bare = bare_type(info)
    if model_choices(info, ""):
        return "multi_choice" if get_origin(bare) is list else "choice"
    return {bool: "yes_no", int: "number", float: "number"}.get(bare, "text")


def _bounds(info: FieldInfo) -> str:
    """ "From 0 to 5", where the model says so."""
    limits: dict[str, Any] = {}
    for rule in info.metadata:
        limits |= {name: getattr(rule, name) for name in ("ge", "le") if getattr(rule, name, None) is not None}
    if {"ge", "le"} <= set(limits):
        return str(_("From %(least)s to %(most)s.", least=limits["ge"], most=limits["le"]))
    return ""


@post(f"{SETTINGS}/{{plugin:str}}", include_in_schema=False, status_code=200)
async def save(request: AnyRequest, plugin: str) -> Response[Any]:
    model = _model(plugin)

    async def do(typed: Typed) -> Response[Any]:
        await change_settings(plugin, _values(model, typed))
        return go(request, f"{SETTINGS}/{plugin}", _("Saved. It counts at once."))

    async def ask(typed: Typed) -> FormPage:
        return _settings_page(plugin, typed)

    return await answered(request, do, ask)


def _values(model: type[BaseModel], typed: Typed) -> Mapping[str, Any]:
    """What was sent, for the model to read; it says itself what is wrong."""
    found: dict[str, Any] = {}
    for key, info in model.model_fields.items():
        kind = _kind(info)
        if kind == "multi_choice":
            found[key] = list(typed.several.get(key, ()))
        elif key in typed.values:
            text = typed.values[key].strip()
            found[key] = text == "1" if kind == "yes_no" else None if not text and _optional(info) else text
    return found


routes = [show_first, show, save]
