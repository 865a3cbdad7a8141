"""What a look-up box offers: records of one kind by a few letters, those that can still be chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, get
from piccolo.columns.combination import WhereRaw

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.errors import Forbidden, NotFound
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.queries import Query, fetch_best
from dougong.records.types import RecordType
from dougong.web.pages.lists import title_text
from dougong.web.render import fragment
from dougong.web.views import Line, SimilarRecords

__all__ = ["fields_beside", "routes", "words_beside"]

MOST = 20
LONGEST = 60


@get("/lookup/{collection:str}", include_in_schema=False)
async def look_up(request: Request[Any, Any, Any], collection: str) -> list[dict[str, str]]:
    record_type = current_snapshot().by_path.get(collection)
    if record_type is None:
        raise NotFound
    if not may(current(), record_type, "read"):
        raise Forbidden
    text = request.query_params.get("q", "").strip()[:100].replace("\x00", "")
    title, beside = record_type.title._meta.name, fields_beside(record_type)
    fields = (title, *(f.key for f in beside))
    query = Query(record_type, q=text, sort=title, fields=fields, limit=MOST, also=_in_use(record_type))
    found = await fetch_best(query)
    labels = [title_text(record_type.fields[title], row[title], found.titles.get(title, {})) for row in found.rows]
    return [
        {"value": str(row["id"]), "label": label, "hint": words_beside(beside, row, label, text)}
        for row, label in zip(found.rows, labels, strict=True)
    ]


def fields_beside(record_type: RecordType) -> Sequence[Field]:
    """The fields a record is found by besides its title, as far as the person may see them."""
    title = record_type.title._meta.name
    known = [visible_field(record_type, key) for key in record_type.search_keys if key != title]
    return [field for field in known if field is not None and field.target is None]


def words_beside(fields: Sequence[Field], row: Mapping[str, Any], label: str, text: str) -> str:
    """What stands beside the title of a record that was found: where the title doesn't hold what was typed, the field that
    does, with its name; else the first one that has but one line."""
    shown = {f: f.type.show(row[f.key], f) for f in fields if row[f.key] not in (None, "")}
    sought = text.casefold()
    if sought not in label.casefold():
        for field, words in shown.items():
            for line in words.splitlines():
                if sought in line.casefold():
                    return str(_("%(field)s: %(words)s", field=field.label, words=line[:LONGEST]))
    return next((words[:LONGEST] for field, words in shown.items() if field.kind != "long_text"), "")


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
