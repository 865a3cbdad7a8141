"""Lists as files, for programs; and what was exported, by whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, get
from litestar.response import Stream

from dougong.exports.log import MOST, Made, exports_made
from dougong.exports.services import Export
from dougong.records.queries import Query
from dougong.web.api.records import moment_sent, query_from, type_at, whole_number
from dougong.web.downloads import AS_IT_IS
from dougong.web.exported import sent_away

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]


@get("/api/v1/{collection:str}/export", include_in_schema=False, opt=AS_IT_IS)
async def export_list(request: AnyRequest, collection: str) -> Stream:
    given = dict(request.query_params)
    format_ = given.pop("format", "csv")
    query: Query = query_from(type_at(collection, "read"), given, ("q", "filter", "sort", "fields"))
    return await sent_away(Export(replace(query, fields=()), format_, query.fields))


@get("/api/v1/exports", include_in_schema=False)
async def list_exports(request: AnyRequest) -> dict[str, Any]:
    given = request.query_params
    before = whole_number(given, "before", 0, 999_999_999) or None
    found = await exports_made(limit=whole_number(given, "limit", 50, MOST), before_id=before)
    return {"items": [_sent(made) for made in found]}


def _sent(made: Made) -> dict[str, Any]:
    return {
        "id": made.id, "at": moment_sent(made.at), "staff": made.staff, "who": made.who, "door": made.door,
        "collection": made.record_type.path, "format": made.format, "filter": made.filter, "q": made.q,
        "sort": made.sort, "fields": list(made.columns), "rows": made.rows,
    }  # fmt: skip


routes = [export_list, list_exports]
