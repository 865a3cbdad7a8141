"""The record API: the same handlers for every record type, at `/api/v1/<plural>`.

Handlers read input, call one service and answer; rights are the gate's and the desk's. Every write answers with the
header Change-Batch.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, delete, get, patch, post

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.db import current_transaction, transaction
from dougong.errors import Forbidden, Invalid, NotFound, Problem, Stale
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.actions import action_named, run_action
from dougong.records.conflicts import Differing, compare
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.history import KindChanged, as_stored, history_of
from dougong.records.kinds import UNSTORABLE
from dougong.records.queries import LARGEST_PAGE, Query, fetch_page, sums
from dougong.records.tables import Row
from dougong.records.types import RecordType
from dougong.records.values import read_values, send_rows
from dougong.web.addresses import id_at
from dougong.web.api.json_text import holds_nul, read_json
from dougong.web.problems import BadRequest, PreconditionRequired, UnsupportedContent

__all__ = ["answer", "based_on", "json_object", "moment_sent", "query_from", "routes", "type_at", "whole_number"]

LIST_PARAMETERS = ("q", "filter", "sort", "fields", "limit", "cursor", "page", "count")


def type_at(path: str, action: str) -> RecordType:
    """The enabled record type at this address, if the person may do this with any of its records."""
    record_type = current_snapshot().by_path.get(path)
    if record_type is None:
        raise NotFound
    if not may(current(), record_type, action):
        raise Forbidden
    return record_type


async def json_object(request: Request[Any, Any, Any]) -> dict[str, Any]:
    if request.content_type[0] not in ("application/json", ""):
        raise UnsupportedContent
    try:
        body = read_json(await request.body() or b"{}")
    except ValueError:
        raise BadRequest(_("The body is not valid JSON.")) from None
    if not isinstance(body, dict):
        raise BadRequest(_("The body must be a JSON object."))
    if unstorable := [k for k, v in body.items() if holds_nul(v) or "\x00" in k]:
        raise Invalid(*(Problem(k, UNSTORABLE, body[k], "type") for k in unstorable))
    return body


def based_on(request: Request[Any, Any, Any], *, required: bool) -> int | None:
    """The version named by If-Match, as `3`, `"3"` or `W/"3"`."""
    given = request.headers.get("if-match")
    if given is None:
        if required:
            raise PreconditionRequired
        return None
    text = given.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise BadRequest(
            _("If-Match must hold the record's version, a whole number; it is “%(given)s”.", given=given[:40])
        )
    return int(text)


def visible_keys(record_type: RecordType) -> tuple[str, ...]:
    """The fields this person may see, in order."""
    return tuple(k for k in record_type.fields if visible_field(record_type, k))


def _object_values(record_type: RecordType, record: Row) -> dict[str, Any]:
    [sent] = send_rows(record_type, [record.to_dict()], visible_keys(record_type))
    return sent


def answer(record_type: RecordType, record: Row, status: int, batch: str = "") -> Response[dict[str, Any]]:
    headers = {"ETag": f'"{record.version}"'}
    if batch:
        headers["Change-Batch"] = batch
    if status == 201:
        headers["Location"] = f"/api/v1/{record_type.path}/{record.id}"
    return Response(_object_values(record_type, record), status_code=status, headers=headers)


def _batch() -> str:
    running = current_transaction()
    return running.batch if running else ""


# ------------------------------------------------------------------ reading


def query_from(record_type: RecordType, given: Mapping[str, str], known: Sequence[str] = LIST_PARAMETERS) -> Query:
    """A list query from address parameters; Invalid names the one that can't be read, or isn't among those `known`."""
    unknown = [k for k in given if k not in known]
    if unknown:
        raise Invalid(
            *(Problem(k, _("There is no parameter “%(name)s”.", name=k), given[k], "unknown") for k in unknown)
        )
    return Query(
        record_type,
        filter=_tree(given.get("filter", "")),
        q=_clean(given.get("q", ""), "q"),
        sort=given.get("sort", ""),
        fields=tuple(f for f in given.get("fields", "").split(",") if f),
        limit=whole_number(given, "limit", 50, LARGEST_PAGE),
        page=whole_number(given, "page", 1, 1_000_000),
        cursor=given.get("cursor", ""),
        count=_one_of(given.get("count", "bounded"), "count", ("bounded", "exact")),
    )


def _tree(text: str) -> Any:
    if not text:
        return None
    try:
        return read_json(text)
    except ValueError:
        raise Invalid(Problem("filter", _("The filter is not valid JSON."), text, "json")) from None


def _clean(text: str, name: str) -> str:
    if "\x00" in text or len(text) > 200:
        raise Invalid(Problem(name, _("Search for at most 200 ordinary characters."), text, "length"))
    return text


def whole_number(given: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = given.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:9]) <= most or len(text) > 9:
        raise Invalid(Problem(name, _("This must be a whole number from 1 to %(most)s.", most=most), text, "range"))
    return int(text)


def _one_of(text: str, name: str, known: tuple[str, ...]) -> str:
    if text not in known:
        raise Invalid(Problem(name, _("This must be one of %(known)s.", known=", ".join(known)), text, "choice"))
    return text


@get("/api/v1/{collection:str}", include_in_schema=False)
async def list_records(request: Request[Any, Any, Any], collection: str) -> dict[str, Any]:
    record_type = type_at(collection, "read")
    query = query_from(record_type, request.query_params)
    page = await fetch_page(query)
    keys = tuple(dict.fromkeys(("id", *query.fields))) if query.fields else visible_keys(record_type)
    return {
        "items": send_rows(record_type, page.rows, keys),
        "next": page.next,
        "total": page.total,
        "total_exact": page.exact,
    }


@get("/api/v1/{collection:str}/{record_id:str}", include_in_schema=False)
async def read_record(collection: str, record_id: str, request: Request[Any, Any, Any]) -> Response[Any]:
    record_type = type_at(collection, "read")
    if record_id == "summary":
        return Response(await _summary(record_type, request.query_params))
    return answer(record_type, await desk.get(record_type.table, id_at(record_id)), 200)


async def _summary(record_type: RecordType, given: Mapping[str, str]) -> dict[str, Any]:
    unknown = [k for k in given if k not in ("group", "sum", "filter", "q")]
    if unknown:
        raise Invalid(
            *(Problem(k, _("There is no parameter “%(name)s”.", name=k), given[k], "unknown") for k in unknown)
        )
    groups = await sums(
        record_type,
        given.get("group", ""),
        given.get("sum", ""),
        _tree(given.get("filter", "")),
        _clean(given.get("q", ""), "q"),
    )
    return {"items": groups}


@get("/api/v1/{collection:str}/{record_id:str}/history", include_in_schema=False)
async def read_history(collection: str, record_id: str, request: Request[Any, Any, Any]) -> dict[str, Any]:
    record_type = type_at(collection, "read")
    limit = whole_number(request.query_params, "limit", 50, 200)
    before = whole_number(request.query_params, "before", 0, 999_999_999) or None
    entries = await history_of(record_type, id_at(record_id), limit=limit, before_id=before)
    return {
        "items": [
            {
                "id": e.id, "at": moment_sent(e.at), "staff": e.staff, "who": e.who, "verb": e.verb,
                "reason": str(e.reason), "why": e.why, "door": e.door, "batch": e.batch,
                "before": _as_sent(record_type, e.before), "after": _as_sent(record_type, e.after),
            }
            for e in entries
        ]
    }  # fmt: skip


def _as_sent(record_type: RecordType, logged: Mapping[str, Any]) -> dict[str, Any]:
    """The log keeps what was stored; a program gets what the record itself would answer."""
    return {k: _sent(record_type.fields.get(k), v) for k, v in logged.items()}


def _sent(field: Field | None, value: Any) -> Any:
    if field is None or value is None:
        return value
    try:
        return field.type.send(as_stored(field, value), field)
    except KindChanged:
        return value


# ------------------------------------------------------------------ writing


@post("/api/v1/{collection:str}", include_in_schema=False)
async def create_record(request: Request[Any, Any, Any], collection: str) -> Response[Any]:
    record_type = type_at(collection, "create")
    values = read_values(record_type, await json_object(request), current(), new=True)
    async with transaction():
        created = await desk.create(record_type.table, values)
        return answer(record_type, created, 201, _batch())


@patch("/api/v1/{collection:str}/{record_id:str}", include_in_schema=False)
async def change_record(request: Request[Any, Any, Any], collection: str, record_id: str) -> Response[Any]:
    record_type = type_at(collection, "read")
    found = await desk.get(record_type.table, id_at(record_id))
    version = based_on(request, required=True)
    sent = await json_object(request)
    values = read_values(record_type, sent, current(), record=found)
    try:
        async with transaction():
            changed = await desk.change(found, values, version=version)
            return answer(record_type, changed, 200, _batch())
    except Stale as err:
        fresh = await desk.get(record_type.table, found.id)
        compared = await compare(record_type, fresh, version or 0, sent)
        err.told = {"version": fresh.version, "changed": [_differing(d, sent) for d in compared.everything]}
        raise


def _differing(differing: Differing, sent: Mapping[str, Any]) -> dict[str, Any]:
    """A field somebody else changed: what stands there now, what stood there before where that is known, what was sent."""
    field = differing.field
    told = {"field": field.key, "theirs": _sent(field, differing.theirs)}
    if differing.known:
        told["original"] = _sent(field, differing.original)
        told["by"], told["at"] = differing.who, differing.at and moment_sent(differing.at)
    if field.key in sent:
        told["yours"] = sent[field.key]
    return told


def moment_sent(moment: dt.datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@delete("/api/v1/{collection:str}/{record_id:str}", include_in_schema=False, status_code=204)
async def remove_record(request: Request[Any, Any, Any], collection: str, record_id: str) -> Response[None]:
    record_type = type_at(collection, "read")
    found = await desk.get(record_type.table, id_at(record_id))
    async with transaction():
        await desk.remove(found, version=based_on(request, required=False))
        return Response(None, status_code=204, headers={"Change-Batch": _batch()})


@post("/api/v1/{collection:str}/{record_id:str}/{verb:str}", include_in_schema=False, status_code=200)
async def act_on_record(request: Request[Any, Any, Any], collection: str, record_id: str, verb: str) -> Response[Any]:
    record_type = type_at(collection, "read")
    found = await desk.get(record_type.table, id_at(record_id))
    body = await json_object(request)
    version = based_on(request, required=False)
    if version is not None:
        found.version = version
    async with transaction():
        if verb == "moves" and record_type.lifecycle:
            found = await _move(record_type, found, body)
        else:
            await run_action(record_type, found, action_named(record_type, verb), body)
            found = await desk.get(record_type.table, found.id)
        return answer(record_type, found, 200, _batch())


async def _move(record_type: RecordType, record: Row, body: Mapping[str, Any]) -> Row:
    unknown = set(body) - {"to", "why"}
    if unknown or not isinstance(body.get("to"), str) or not isinstance(body.get("why", ""), str):
        raise Invalid(
            Problem(
                "to",
                _("Send the state to go to as “to”, and where it is asked for a reason as “why”."),
                body.get("to"),
                "required",
            )
        )
    return await desk.move(record, body["to"], why=body.get("why"))


routes = [list_records, read_record, read_history, create_record, change_record, remove_record, act_on_record]
