"""The templates of record types, for programs: which fields are used per main category, and how the form is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, delete, get, put
from pydantic import BaseModel
from pydantic import Field as Rule

from dougong.records.shapes import Group, Layout, Place
from dougong.shaping.fields import record_type_at
from dougong.shaping.headings import with_known_headings
from dougong.shaping.templates import Template, reset_template, save_template, template
from dougong.web.api.bodies import Body
from dougong.web.api.records import based_on, json_object

__all__ = ["BODIES", "routes"]

AnyRequest = Request[Any, Any, Any]
TEMPLATE = "/api/v1/record-types/{collection:str}/template"


class TemplateField(Body):
    """One field; `default` as records take it, `when` a condition ("" for always), `label` "" for its own name, `rule` what
    gives new records their number in it ("" for none)."""

    key: str
    on: bool = True
    required: bool = False
    readonly: bool = False
    label: str = ""
    default: Any = None
    when: str = ""
    rule: str = ""


class TemplateGroup(Body):
    """Fields under a heading; "" is what stands first without one."""

    label: str
    fields: list[TemplateField]


class TemplateLayout(Body):
    """A whole template. Fields it leaves out go where they are shipped."""

    groups: list[TemplateGroup] = Rule(min_length=1)


@get(TEMPLATE, include_in_schema=False)
async def read(collection: str, category: str = "") -> Response[Any]:
    return _answer(await template(record_type_at(collection), category))


@put(TEMPLATE, include_in_schema=False)
async def write(request: AnyRequest, collection: str, category: str = "") -> Response[Any]:
    record_type, version = record_type_at(collection), based_on(request, required=True)
    given = TemplateLayout.model_validate(await json_object(request))
    layout = with_known_headings(record_type, _layout(given))
    return _answer(await save_template(record_type, category, layout, version=version or 0))


@delete(TEMPLATE, include_in_schema=False, status_code=200)
async def reset(request: AnyRequest, collection: str, category: str = "") -> Response[Any]:
    """Back to what is shipped; a category that brings none of its own goes by the template of all others."""
    record_type, version = record_type_at(collection), based_on(request, required=False)
    known = (await template(record_type, category)).version if version is None else version
    return _answer(await reset_template(record_type, category, version=known))


def _layout(given: TemplateLayout) -> Layout:
    return Layout(
        tuple(Group(group.label, tuple(Place(**f.model_dump()) for f in group.fields)) for group in given.groups)
    )


def _answer(now: Template) -> Response[Any]:
    groups = [{"label": str(g.label), "fields": [_sent(place, now) for place in g.places]} for g in now.layout.groups]
    body = {"version": now.version, "shipped": now.shipped, "locked": sorted(now.locked), "groups": groups}
    return Response(body, headers={"ETag": f'"{now.version}"'})


def _sent(place: Place, now: Template) -> dict[str, Any]:
    return {
        "key": place.key,
        "on": place.on or place.key in now.locked,
        "required": place.required or place.key in now.locked,
        "readonly": place.readonly,
        "label": place.label,
        "default": place.default,
        "when": place.when,
        "rule": place.rule,
    }


routes = [read, write, reset]
BODIES: Mapping[str, type[BaseModel]] = {
    model.__name__: model for model in (TemplateField, TemplateGroup, TemplateLayout)
}
