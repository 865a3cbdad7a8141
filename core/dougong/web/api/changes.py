"""Many records at once, and taking back: what a batch did, and what becomes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from litestar import Request, Response, delete, get, patch, post

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.db import transaction
from dougong.errors import Forbidden, Invalid, Problem
from dougong.i18n import _
from dougong.records import bulk
from dougong.records.actions import action_named
from dougong.records.desk import Changed
from dougong.records.fields import Field
from dougong.records.kinds import BIGGEST_INT
from dougong.records.queries import Query
from dougong.records.types import RecordType
from dougong.records.undo import Kept, Undone, undo, what_undo_does
from dougong.web.api.records import json_object, type_at

__all__ = ["done_with", "routes"]


AnyRequest = Request[Any, Any, Any]


@patch("/api/v1/{collection:str}", include_in_schema=False)
async def change_many(request: AnyRequest, collection: str) -> Response[dict[str, Any]]:
    record_type = type_at(collection, "read")
    body = await _body(request, {"ids", "filter", "q", "values", "why"})
    values = body.get("values")
    if not isinstance(values, dict):
        raise Invalid(Problem("values", _("Send the new values as an object."), values, "type"))
    if values.keys() == {"state"} and isinstance(values["state"], str):
        why = body.get("why")
        if why is not None and not isinstance(why, str):
            raise Invalid(Problem("why", _("Write text here."), why, "type"))
        _need(record_type, *{step.right for step in record_type.lifecycle.steps} if record_type.lifecycle else ())
        return await done_with(
            body, record_type, lambda found: bulk.move_many(record_type, found, values["state"], why)
        )
    _need(record_type, "edit")
    return await done_with(body, record_type, lambda found: bulk.change_many(record_type, found, values))


@delete("/api/v1/{collection:str}", include_in_schema=False, status_code=200)
async def delete_many(request: AnyRequest, collection: str) -> Response[dict[str, Any]]:
    record_type = type_at(collection, "read")
    body = await _body(request, {"ids"})
    _need(record_type, "delete")
    return await done_with(body, record_type, lambda found: bulk.delete_many(record_type, found))


@post("/api/v1/{collection:str}/{record_id:str}", include_in_schema=False, status_code=200)
async def act_on_many(request: AnyRequest, collection: str, record_id: str) -> Response[dict[str, Any]]:
    """A verb of the record type, where a single record's id stands otherwise."""
    record_type = type_at(collection, "read")
    action = action_named(record_type, record_id)
    body = await _body(request, {"ids", "filter", "q", "values"})
    values = body.get("values", {})
    if not isinstance(values, dict):
        raise Invalid(Problem("values", _("Send the new values as an object."), values, "type"))
    _need(record_type, action.right)
    return await done_with(body, record_type, lambda found: bulk.run_many(record_type, found, action, values))


@post("/api/v1/{collection:str}/choices", include_in_schema=False, status_code=200)
async def choose_many(request: AnyRequest, collection: str) -> Response[dict[str, Any]]:
    """Add choices (tags) to a field of many records and take others away; what else stands there stays."""
    record_type = type_at(collection, "read")
    body = await _body(request, {"ids", "filter", "q", "field", "add", "take"})
    key, add, take = body.get("field"), body.get("add", []), body.get("take", [])
    if not isinstance(key, str):
        raise Invalid(Problem("field", _("Write text here."), key, "type"))
    if wrong := [name for name, chosen in (("add", add), ("take", take)) if not isinstance(chosen, list)]:
        raise Invalid(Problem(wrong[0], _("Send a list of choices."), body[wrong[0]], "type"))
    _need(record_type, "edit")
    return await done_with(body, record_type, lambda ids: bulk.choose_many(record_type, ids, key, add=add, take=take))


async def _body(request: AnyRequest, known: set[str]) -> dict[str, Any]:
    body = await json_object(request)
    if unknown := body.keys() - known:
        raise Invalid(
            *(Problem(k, _("There is no field “%(field)s” here.", field=k), None, "unknown") for k in unknown)
        )
    return body


def _need(record_type: RecordType, *rights: str) -> None:
    """One of these rights, with any record at all; which ones, is said record by record."""
    if not any(may(current(), record_type, right) for right in rights):
        raise Forbidden


async def done_with(
    body: Mapping[str, Any], record_type: RecordType, work: Callable[[Sequence[int]], Awaitable[Changed]]
) -> Response[dict[str, Any]]:
    """The work done with the records a body names, and what became of them."""
    found = await _meant(body, record_type)
    async with transaction() as level:
        done = await work(found)
    answer = {
        "changed": sorted(done.changed),
        "skipped": [{"id": i, "reason": str(why)} for i, why in sorted(done.skipped.items())],
    }
    return Response(answer, headers={"Change-Batch": level.batch} if done.changed else {})


async def _meant(body: Mapping[str, Any], record_type: RecordType) -> list[int]:
    """The records named one by one, or all those that a list would show."""
    if ("ids" in body) == ("filter" in body or "q" in body):
        raise Invalid(Problem("ids", _("Send the records as “ids”, or a “filter” that finds them."), None, "required"))
    if "ids" in body:
        named = body["ids"]
        if not isinstance(named, list) or not all(type(i) is int and 0 < i <= BIGGEST_INT for i in named):
            raise Invalid(Problem("ids", _("Send a list of ids."), None, "type"))
        return bulk.within_limit(named)
    q = body.get("q", "")
    if not isinstance(q, str) or len(q) > 200:
        raise Invalid(Problem("q", _("Search for at most 200 ordinary characters."), q, "length"))
    return await bulk.matching(Query(record_type, filter=body.get("filter"), q=q))


# ------------------------------------------------------------------ taking back


@get("/api/v1/changes/{batch:str}/undo", include_in_schema=False)
async def preview_undo(batch: str) -> dict[str, Any]:
    return _sent(await what_undo_does(batch))


@post("/api/v1/changes/{batch:str}/undo", include_in_schema=False, status_code=200)
async def take_back(batch: str) -> Response[dict[str, Any]]:
    done = await undo(batch)
    return Response(_sent(done), headers={"Change-Batch": done.batch} if done.batch else {})


def _sent(done: Undone) -> dict[str, Any]:
    return {
        "batch": done.batch or None,
        "restored": done.count,
        "records": {key: sorted(ids) for key, ids in sorted(done.restored.items())},
        "kept": [_kept(kept) for kept in done.kept],
    }


def _kept(kept: Kept) -> dict[str, Any]:
    return {
        "type": kept.record_type.key if kept.record_type else None,
        "id": kept.record_id,
        "title": kept.title,
        "field": kept.field.key if kept.field else None,
        "rule": kept.rule,
        "reason": str(kept.reason),
        "then": _value(kept.field, kept.then),
        "now": _value(kept.field, kept.now),
        "by": kept.by,
    }


def _value(field: Field | None, value: Any) -> Any:
    return None if field is None or value is None else field.type.send(value, field)


routes = [change_many, delete_many, choose_many, act_on_many, preview_undo, take_back]
