"""The star of a record, and the card of what somebody keeps at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, post
from piccolo.columns.combination import WhereRaw

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.db import engine
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.favourites import add_favourite, favourites, remove_favourite
from dougong.records.gate import ids
from dougong.records.queries import Query, fetch_page
from dougong.records.types import RecordType
from dougong.web.pages.lists import title_text
from dougong.web.pages.records import record_at
from dougong.web.render import go
from dougong.web.views import Line, LineTile

__all__ = ["at_hand", "favourites_tile", "routes"]

SHOWN = 10
LOOKED_THROUGH = 200
"""Some of those on the list may be gone or out of reach by now."""
AnyRequest = Request[Any, Any, Any]


@post("/{collection:str}/{record_id:str}/favourite", include_in_schema=False, status_code=200)
async def set_star(request: AnyRequest, collection: str, record_id: str) -> Response[None]:
    record_type, record = await record_at(collection, record_id)
    form = await request.form()
    on = str(form.get("on", "1")) == "1"
    await (add_favourite if on else remove_favourite)(record_type, int(record.id))
    back = str(form.get("back", "")) or f"/{record_type.path}/{record.id}"
    return go(request, back, _("Kept among your favourites.") if on else _("No longer among your favourites."))


async def favourites_tile() -> LineTile | None:
    """The last records somebody starred; None where nothing is on their list that they may still see."""
    found = await at_hand(SHOWN)
    lines = tuple(
        Line(title, icon=record_type.icon, href=f"/{record_type.path}/{number}", hint=str(record_type.label))
        for record_type, number, title in found
    )
    return LineTile(str(_("Favourites")), lines, icon="star") if lines else None


async def at_hand(limit: int) -> Sequence[tuple[RecordType, int, str]]:
    """The acting person's favourites with their titles, the last one first; one query for each record type among them."""
    listed = await favourites(LOOKED_THROUGH)
    titles: dict[tuple[str, int], str] = {}
    types = current_snapshot().records
    for key in {key for key, _number in listed}:
        if key in types and may(current(), types[key], "read"):
            numbers = [number for known, number in listed if known == key]
            titles |= {(key, number): title for number, title in (await titles_of(types[key], numbers)).items()}
    return [(types[key], number, titles[key, number]) for key, number in listed if (key, number) in titles][:limit]


async def titles_of(record_type: RecordType, numbers: Sequence[int]) -> dict[int, str]:
    """The titles of those records the acting person may see, in words."""
    key = record_type.title._meta.name
    among = WhereRaw(f'"{record_type.key}"."id" {{}}', ids(engine(), numbers))
    found = await fetch_page(Query(record_type, fields=(key,), limit=LOOKED_THROUGH, also=among), with_titles=True)
    field, known = record_type.fields[key], found.titles.get(key, {})
    return {row["id"]: title_text(field, row[key], known) for row in found.rows}


routes = [set_star]
