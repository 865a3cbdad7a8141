"""The comments on a record by the API, and what mentions the asker."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, patch, post, put

from dougong.db import transaction
from dougong.plugin.snapshot import current_snapshot
from dougong.records.comments import (
    Said,
    bring_back_comment,
    change_comment,
    comment_of,
    comment_on,
    comments_of,
    remove_comment,
    waiting_for_me,
)
from dougong.records.mentions import seen
from dougong.web.addresses import id_at, short_id_at
from dougong.web.api.bodies import Body
from dougong.web.api.records import json_object, type_at, whole_number

__all__ = ["BODIES", "routes"]

AnyRequest = Request[Any, Any, Any]
_ALL = "/api/v1/{collection:str}/{record_id:str}/comments"
_ONE = f"{_ALL}/{{comment:str}}"


class Words(Body):
    """What a comment says. Names behind an @ mention people."""

    text: str


BODIES: dict[str, type[Body]] = {"Words": Words}


def _sent(said: Said) -> dict[str, Any]:
    return {
        "id": said.id,
        "record": current_snapshot().records[said.record].path,
        "record_id": said.record_id,
        "text": said.text,
        "staff": said.staff,
        "signed": said.signed,
        "at": _moment(said.at),
        "edited": said.edited and _moment(said.edited),
        "mentioned": list(said.mentioned),
    }


def _moment(moment: Any) -> str:
    return str(moment.isoformat().replace("+00:00", "Z"))


@get(_ALL, include_in_schema=False)
async def list_comments(request: AnyRequest, collection: str, record_id: str) -> dict[str, Any]:
    record_type = type_at(collection, "read")
    limit = whole_number(request.query_params, "limit", 50, 200)
    before = whole_number(request.query_params, "before", 0, 999_999_999) or None
    found = await comments_of(record_type, id_at(record_id), limit=limit, before=before)
    return {"items": [_sent(said) for said in found]}


@post(_ALL, include_in_schema=False)
async def add_comment(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, number = type_at(collection, "read"), id_at(record_id)
    words = Words(**await json_object(request))
    async with transaction() as running:
        said = await comment_on(record_type, number, words.text)
        place = f"/api/v1/{record_type.path}/{number}/comments/{said.id}"
        return Response(_sent(said), status_code=201, headers={"Location": place, "Change-Batch": running.batch})


@get(_ONE, include_in_schema=False)
async def read_comment(collection: str, record_id: str, comment: str) -> dict[str, Any]:
    return _sent(await comment_of(type_at(collection, "read"), id_at(record_id), short_id_at(comment)))


@patch(_ONE, include_in_schema=False)
async def reword_comment(request: AnyRequest, collection: str, record_id: str, comment: str) -> Response[Any]:
    record_type, number = type_at(collection, "read"), id_at(record_id)
    words = Words(**await json_object(request))
    async with transaction() as running:
        said = await change_comment(record_type, number, short_id_at(comment), words.text)
        return Response(_sent(said), headers={"Change-Batch": running.batch})


@delete(_ONE, include_in_schema=False, status_code=204)
async def drop_comment(collection: str, record_id: str, comment: str) -> Response[None]:
    async with transaction() as running:
        await remove_comment(type_at(collection, "read"), id_at(record_id), short_id_at(comment))
        return Response(None, status_code=204, headers={"Change-Batch": running.batch})


@post(f"{_ONE}/restoration", include_in_schema=False, status_code=200)
async def restore_comment(collection: str, record_id: str, comment: str) -> Response[Any]:
    async with transaction() as running:
        said = await bring_back_comment(type_at(collection, "read"), id_at(record_id), short_id_at(comment))
        return Response(_sent(said), headers={"Change-Batch": running.batch})


# ------------------------------------------------------------------ who mentions me


@get("/api/v1/mentions", include_in_schema=False)
async def list_mentions() -> dict[str, Any]:
    """Those not seen yet, the newest first."""
    return {"items": [{"id": w.mention, "comment": _sent(w.said)} for w in await waiting_for_me()]}


@put("/api/v1/mentions/{mention:str}/seen", include_in_schema=False)
async def note_seen(mention: str) -> Response[None]:
    """Again, or where there is none, it changes nothing."""
    await seen([short_id_at(mention)])
    return Response(None, status_code=204)


routes = [
    list_comments,
    add_comment,
    read_comment,
    reword_comment,
    drop_comment,
    restore_comment,
    list_mentions,
    note_seen,
]
