"""The saved views of a list, for programs: one's own and those that are shared."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from pydantic import BaseModel, Field

from dougong.records.types import RecordType
from dougong.records.views import (
    LONGEST_NAME,
    Question,
    View,
    change_view,
    keep_view,
    remove_view,
    terms_of,
    tree_of,
    views_at,
)
from dougong.web.addresses import short_id_at
from dougong.web.api.bodies import Body
from dougong.web.api.records import json_object, type_at

__all__ = ["BODIES", "routes"]

AnyRequest = Request[Any, Any, Any]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Key = Annotated[str, Field(max_length=80)]


class NewView(Body):
    """A list's question under a name. `filter` is the tree of the list itself: conditions, or groups joined by “or”."""

    name: Name
    filter: Any = None
    q: Annotated[str, Field(max_length=200)] = ""
    sort: Key = ""
    columns: Annotated[list[Key], Field(max_length=500)] = []
    shared: bool = False


class ViewChanges(Body):
    """What shall be different; the rest stays."""

    name: Name | None = None
    filter: Any = None
    q: Annotated[str, Field(max_length=200)] | None = None
    sort: Key | None = None
    columns: Annotated[list[Key], Field(max_length=500)] | None = None
    shared: bool | None = None


BODIES: dict[str, type[BaseModel]] = {"NewView": NewView, "ViewChanges": ViewChanges}


def _sent(view: View) -> dict[str, Any]:
    asked = view.question
    return {
        "id": view.id,
        "name": view.name,
        "filter": tree_of(asked.terms),
        "q": asked.q,
        "sort": asked.sort,
        "columns": list(asked.columns),
        "shared": view.shared,
        "own": view.own,
    }


@get("/api/v1/{collection:str}/views", include_in_schema=False)
async def list_views(collection: str) -> dict[str, Any]:
    record_type = type_at(collection, "read")
    return {"items": [_sent(view) for view in (await views_at(record_type)).shown_in(record_type)]}


@post("/api/v1/{collection:str}/views", include_in_schema=False)
async def add_view(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = type_at(collection, "read")
    body = NewView.model_validate(await json_object(request))
    question = Question(terms_of(body.filter), body.q, body.sort, tuple(body.columns))
    made = await keep_view(record_type, body.name, question, shared=body.shared)
    where = f"/api/v1/{record_type.path}/views/{made.id}"
    return Response(_sent(made), status_code=201, headers={"Location": where})


@patch("/api/v1/{collection:str}/views/{saved:str}", include_in_schema=False)
async def alter_view(request: AnyRequest, collection: str, saved: str) -> dict[str, Any]:
    record_type = type_at(collection, "read")
    body = ViewChanges.model_validate(await json_object(request))
    question = await _asked_now(record_type, short_id_at(saved), body)
    changed = await change_view(record_type, short_id_at(saved), name=body.name, question=question, shared=body.shared)
    return _sent(changed)


async def _asked_now(record_type: RecordType, view_id: int, body: ViewChanges) -> Question | None:
    """The view's question with what the body names; None where it names nothing of it."""
    given = body.model_fields_set & {"filter", "q", "sort", "columns"}
    view = (await views_at(record_type)).named(view_id)
    if view is None or not given:
        return None
    asked = view.question
    return Question(
        terms_of(body.filter) if "filter" in given else asked.terms,
        (body.q or "") if "q" in given else asked.q,
        (body.sort or "") if "sort" in given else asked.sort,
        tuple(body.columns or ()) if "columns" in given else asked.columns,
    )


@delete("/api/v1/{collection:str}/views/{saved:str}", include_in_schema=False, status_code=204)
async def drop_view(collection: str, saved: str) -> None:
    await remove_view(type_at(collection, "read"), short_id_at(saved))


routes = [list_views, add_view, alter_view, drop_view]
