"""The fields a company adds to its records, for programs: added, changed, switched off and on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from litestar import Request, Response, delete, get, patch, post, put
from pydantic import BaseModel
from pydantic import Field as Rule

from dougong.errors import Invalid, Problem
from dougong.plugin.lookups import options_of
from dougong.records.definitions import Definition
from dougong.records.expressions import Mistake, compile_expression, render
from dougong.shaping.fields import add_field, change_field, defined_fields, definition, record_type_at
from dougong.shaping.kinds import change_kind, kind_outlook
from dougong.shaping.uses import uses_of_field
from dougong.web.api.bodies import Body
from dougong.web.api.records import json_object

__all__ = ["BODIES", "routes"]

AnyRequest = Request[Any, Any, Any]
FIELDS = "/api/v1/record-types/{collection:str}/fields"
EXPRESSION = "/api/v1/record-types/{collection:str}/expressions/check"


class NewField(Body):
    """A field to add; `details` is what its kind needs besides (length, places, currency, lookup or options, target)."""

    label: str
    kind: str
    help: str = ""
    indexed: bool = False
    distinct: bool = False
    details: dict[str, Any] = Rule(default_factory=dict)


class FieldChanges(Body):
    """What to change of an added field; what is left out stays."""

    label: str | None = None
    help: str | None = None
    indexed: bool | None = None
    active: bool | None = None
    formula: str | None = None
    rule: str | None = None


class OtherKind(Body):
    """The kind a field is to become, with what that needs besides."""

    kind: str
    details: dict[str, Any] = Rule(default_factory=dict)


class KindChange(OtherKind):
    """The same, and how many records may lose their value by it."""

    losing: int = Rule(0, ge=0, le=2**31 - 1)


class ExpressionText(Body):
    """An expression to be looked at, and what it is to come to (None: whatever it comes to)."""

    text: str = Rule(max_length=2000)
    wants: Literal["yes_no"] | None = None


@get(FIELDS, include_in_schema=False)
async def list_fields(collection: str) -> dict[str, Any]:
    """The added fields, those switched off included."""
    return {"items": [_sent(one) for one in defined_fields(record_type_at(collection))]}


@post(FIELDS, include_in_schema=False)
async def add(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = record_type_at(collection)
    given = NewField.model_validate(await json_object(request))
    made = await add_field(
        record_type,
        given.label,
        given.kind,
        help=given.help,
        indexed=given.indexed,
        distinct=given.distinct,
        details=given.details,
    )
    location = f"/api/v1/record-types/{collection}/fields/{made.key}"
    return Response(_sent(made), status_code=201, headers={"Location": location})


@patch(f"{FIELDS}/{{key:str}}", include_in_schema=False)
async def change(request: AnyRequest, collection: str, key: str) -> dict[str, Any]:
    record_type = record_type_at(collection)
    given = FieldChanges.model_validate(await json_object(request))
    return _sent(await change_field(record_type, key, **given.model_dump(exclude_none=True)))


@delete(f"{FIELDS}/{{key:str}}", include_in_schema=False)
async def switch_off(collection: str, key: str) -> None:
    """The field is off: nobody sees it, its values stay. PATCH `active` brings it back. 409 while something reads it."""
    await change_field(record_type_at(collection), key, active=False)


@get(f"{FIELDS}/{{key:str}}/uses", include_in_schema=False)
async def read_uses(collection: str, key: str) -> dict[str, Any]:
    """What goes by a field, to be looked at before it is switched off."""
    record_type = record_type_at(collection)
    uses = await uses_of_field(record_type, await definition(record_type, key))
    return {
        "held": uses.held,
        "templates": [{"category": category, "held": count} for category, count in uses.templates.items()],
        "formulas": [{"key": field.key, "label": str(field.label)} for field in uses.formulas],
        "conditions": [
            {"key": each.field.key, "label": str(each.field.label), "category": each.category}
            for each in uses.conditions
        ],
        "views": uses.views,
        "shared_views": list(uses.shared_views),
        "numbers": uses.numbers,
    }


@post(EXPRESSION, include_in_schema=False, status_code=200)
async def check_expression(request: AnyRequest, collection: str) -> dict[str, Any]:
    """Whether a condition (`wants` "yes_no") or a formula can be used on these records, and every place that is wrong."""
    record_type = record_type_at(collection)
    given = ExpressionText.model_validate(await json_object(request))
    try:
        read = compile_expression(given.text, record_type, wants=given.wants)
    except Invalid as err:
        return {"valid": False, "mistakes": [_mistake(each) for each in err.problems]}
    return {
        "valid": True,
        "mistakes": [],
        "kind": read.kind,
        "source": read.source,
        "text": render(read, record_type),
        "fields": list(read.fields),
        "uses_clock": read.uses_clock,
        "uses_me": read.uses_me,
    }


def _mistake(each: Problem) -> dict[str, Any]:
    place = {"place": each.place, "length": each.length} if isinstance(each, Mistake) else {"place": 1, "length": 0}
    return {**place, "message": str(each.message)}


@post(f"{FIELDS}/{{key:str}}/kind/preview", include_in_schema=False, status_code=200)
async def preview_kind(request: AnyRequest, collection: str, key: str) -> dict[str, Any]:
    """How many records hold a value, how many would lose it, and some of those one may see."""
    record_type = record_type_at(collection)
    given = OtherKind.model_validate(await json_object(request))
    seen = await kind_outlook(record_type, key, given.kind, given.details)
    return {
        "held": seen.held,
        "losing": seen.losing,
        "lost": [{"id": record_id, "value": words} for record_id, words in seen.lost],
    }


@put(f"{FIELDS}/{{key:str}}/kind", include_in_schema=False)
async def set_kind(request: AnyRequest, collection: str, key: str) -> dict[str, Any]:
    record_type = record_type_at(collection)
    given = KindChange.model_validate(await json_object(request))
    return _sent(await change_kind(record_type, key, given.kind, given.details, losing=given.losing))


def _sent(one: Definition) -> dict[str, Any]:
    sent: dict[str, Any] = {
        "key": one.key,
        "label": str(one.words),
        "kind": one.kind,
        "help": one.help,
        "details": {k: v for k, v in one.details.items() if k != "before"},
        "indexed": one.indexed,
        "distinct": one.distinct,
        "active": one.active,
    }
    if one.lookup is not None:
        sent["lookup"] = one.lookup.name
        sent["options"] = [{"key": o.key, "label": str(o.label or o.key)} for o, on in options_of(one.lookup) if on]
    return sent


routes = [list_fields, add, change, switch_off, read_uses, check_expression, preview_kind, set_kind]
BODIES: Mapping[str, type[BaseModel]] = {
    model.__name__: model for model in (NewField, FieldChanges, OtherKind, KindChange, ExpressionText)
}
