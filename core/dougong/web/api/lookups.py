"""The lists of choices, for programs: what they offer, and keeping them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get, patch, post, put

from dougong.access.principal import current
from dougong.access.rights import may_do, need
from dougong.db import current_transaction, transaction
from dougong.db.columns import Lookup
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.plugin.lookups import add_option, change_option, options_of, reorder_options
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.uses import Use, uses_of
from dougong.web.api.records import json_object

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
MANAGE = "lookups.manage"


def _list(name: str) -> Lookup:
    known = current_snapshot().lookups.get(name)
    if known is None:
        raise NotFound
    return known


@get("/api/v1/lookups", include_in_schema=False)
async def list_lists() -> dict[str, Any]:
    """Every list of what is switched on; everybody signed in may read them."""
    return {
        "items": [{"name": lookup.name, "label": str(lookup.label)} for lookup in current_snapshot().lookups.values()]
    }


@get("/api/v1/lookups/{name:str}", include_in_schema=False)
async def read_list(name: str) -> dict[str, Any]:
    """One list in order. Whoever keeps lists also sees what uses each choice."""
    lookup = _list(name)
    uses = await uses_of(name) if may_do(current(), MANAGE) else None
    items = [
        _sent(option.key, str(option.label or option.key), option.tone, active, uses)
        for option, active in options_of(lookup)
    ]
    return {"name": lookup.name, "label": str(lookup.label), "items": items}


def _sent(key: str, label: str, tone: str, active: bool, uses: Mapping[str, list[Use]] | None) -> dict[str, Any]:
    sent: dict[str, Any] = {"key": key, "label": label, "tone": tone, "active": active}
    if uses is not None:
        sent["used_by"] = [
            {"record_type": u.record_type.path, "field": u.field, "count": u.count} for u in uses.get(key, ())
        ]
    return sent


@post("/api/v1/lookups/{name:str}", include_in_schema=False)
async def add_to_list(request: AnyRequest, name: str) -> Response[Any]:
    need(MANAGE)
    _list(name)
    body = _checked(await json_object(request), {"label": str, "tone": str}, required=("label",))
    async with transaction():
        key = await add_option(name, body["label"], tone=body.get("tone", ""))
        headers = _batch()
    return Response(
        await read_list.fn(name), status_code=201, headers={**headers, "Location": f"/api/v1/lookups/{name}/{key}"}
    )


@patch("/api/v1/lookups/{name:str}/{key:str}", include_in_schema=False)
async def change_in_list(request: AnyRequest, name: str, key: str) -> Response[Any]:
    need(MANAGE)
    _list(name)
    body = _checked(await json_object(request), {"label": str, "tone": str, "active": bool})
    async with transaction():
        await change_option(name, key, **body)
        headers = _batch()
    return Response(await read_list.fn(name), headers=headers)


@put("/api/v1/lookups/{name:str}/order", include_in_schema=False)
async def order_list(request: AnyRequest, name: str) -> Response[Any]:
    need(MANAGE)
    _list(name)
    keys = _checked(await json_object(request), {"keys": list}, required=("keys",))["keys"]
    if not all(isinstance(key, str) for key in keys):
        raise Invalid(Problem("keys", _("The order must name every choice once."), keys, "order"))
    async with transaction():
        await reorder_options(name, keys)
        headers = _batch()
    return Response(await read_list.fn(name), headers=headers)


def _checked(body: Mapping[str, Any], kinds: Mapping[str, type], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """The body, if it holds only what is known, each of its kind."""
    problems = [
        Problem(k, _("There is no field “%(field)s” here.", field=k), v, "unknown")
        for k, v in body.items()
        if k not in kinds
    ]
    problems += [
        Problem(k, _("This value is of the wrong kind."), v, "type")
        for k, v in body.items()
        if k in kinds and not _is_kind(v, kinds[k])
    ]
    problems += [Problem(k, _("This must be filled in."), None, "required") for k in required if k not in body]
    if problems:
        raise Invalid(*problems)
    return dict(body)


def _is_kind(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not (isinstance(value, str) and "\x00" in value)


def _batch() -> dict[str, str]:
    running = current_transaction()
    return {"Change-Batch": running.batch} if running else {}


routes = [list_lists, read_list, add_to_list, change_in_list, order_list]
