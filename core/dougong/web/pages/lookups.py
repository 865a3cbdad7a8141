"""What a look-up box offers: records of one kind by a few letters, those that can still be chosen."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get
from piccolo.columns.combination import WhereRaw

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.errors import Forbidden, NotFound
from dougong.plugin.snapshot import current_snapshot
from dougong.records.queries import Query, fetch_page
from dougong.records.types import RecordType
from dougong.web.pages.lists import title_text
from dougong.web.pages.search import visible
from dougong.web.render import fragment
from dougong.web.views import Line, SimilarRecords

__all__ = ["routes"]

MOST = 20


@get("/lookup/{collection:str}", include_in_schema=False)
async def look_up(request: Request[Any, Any, Any], collection: str) -> list[dict[str, str]]:
    record_type = current_snapshot().by_path.get(collection)
    if record_type is None:
        raise NotFound
    if not may(current(), record_type, "read"):
        raise Forbidden
    text = request.query_params.get("q", "").strip()[:100].replace("\x00", "")
    title = record_type.title._meta.name
    extra = [k for k in record_type.search_keys if k != title and visible(record_type, k)][:1]
    query = Query(record_type, q=text, sort=title, fields=(title, *extra), limit=MOST, also=_in_use(record_type))
    found = await fetch_page(query, with_titles=True)
    return [
        {
            "value": str(row["id"]),
            "label": title_text(record_type.fields[title], row[title], found.titles.get(title, {})),
            "hint": str(row[extra[0]] or "")[:60] if extra and record_type.fields[extra[0]].target is None else "",
        }
        for row in found.rows
    ]


def _in_use(record_type: RecordType) -> WhereRaw | None:
    """What is deactivated is not chosen any more."""
    if record_type.active is None:
        return None
    return WhereRaw(f'"{record_type.key}"."{record_type.active._meta.db_column_name}" = {{}}', True)


@get("/lookup/{collection:str}/similar", include_in_schema=False)
async def show_similar(request: Request[Any, Any, Any], collection: str) -> Response[Any]:
    """What is on record already, while somebody types the title of a new one: a declared opening of its record type."""
    record_type = current_snapshot().by_path.get(collection)
    if record_type is None or record_type.similar is None:
        raise NotFound
    if not may(current(), record_type, "create"):
        raise Forbidden
    text = request.query_params.get("value", "").strip()[:100].replace("\x00", "")
    rows = await record_type.similar(text)
    return fragment(SimilarRecords(lines=tuple(Line(title, hint) for title, hint in rows[:5])))


routes = [look_up, show_similar]
