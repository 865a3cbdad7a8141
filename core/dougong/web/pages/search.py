"""The palette: records of every enabled kind, pages and what can be made, found by a few letters."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.queries import Query, fetch_best
from dougong.records.types import RecordType
from dougong.web.cells import avatar_letter
from dougong.web.components import hue
from dougong.web.pages.lists import title_text
from dougong.web.pages.lookups import fields_beside, words_beside
from dougong.web.render import fragment, page
from dougong.web.shell import menus_for
from dougong.web.views import Hit, HitGroup, PaletteResults, SearchPage

__all__ = ["routes"]

HITS = 6
AnyRequest = Request[Any, Any, Any]


@get("/search", include_in_schema=False)
async def search(request: AnyRequest) -> Response[Any]:
    text = request.query_params.get("q", "").strip()[:100].replace("\x00", "")
    results = PaletteResults(groups=await _groups(text), query=text)
    if request.headers.get("hx-request"):
        return fragment(results)
    return page(request, SearchPage(url="/search", results=results))


async def _groups(text: str) -> tuple[HitGroup, ...]:
    groups = []
    if text:
        for record_type in current_snapshot().records.values():
            if record_type.menu and may(current(), record_type, "read"):
                hits = await _records(record_type, text)
                if hits:
                    groups.append(HitGroup(str(record_type.plural), hits))
    pages = _pages(text)
    if pages:
        groups.append(HitGroup(str(_("Go to")), pages))
    makes = _makes(text)
    if makes:
        groups.append(HitGroup(str(_("Create")), makes))
    return tuple(groups)


async def _records(record_type: RecordType, text: str) -> tuple[Hit, ...]:
    title, beside = record_type.title._meta.name, fields_beside(record_type)
    fields = (title, *(field.key for field in beside))
    found = await fetch_best(Query(record_type, q=text, fields=fields, limit=HITS))
    hits = []
    for row in found.rows:
        label = title_text(record_type.fields[title], row[title], found.titles.get(title, {}))
        words = label[:80]
        letter = avatar_letter(record_type, words)
        hits.append(
            Hit(
                words,
                f"/{record_type.path}/{row['id']}",
                words_beside(beside, row, label, text),
                icon="" if letter else record_type.icon,
                initial=letter,
                hue=hue(words),
                square=record_type.avatar == "organisation",
            )
        )
    return tuple(hits)


def _pages(text: str) -> tuple[Hit, ...]:
    entries = [(str(_("Home")), "/", "home")]
    for menu in menus_for(current()):
        if isinstance(menu.to, RecordType):
            entries.append((str(menu.label or menu.to.plural), f"/{menu.to.path}", menu.icon or menu.to.icon))
        else:
            entries.append((str(menu.label or menu.to), menu.to, menu.icon or "file"))
    return tuple(Hit(label, href, icon=icon) for label, href, icon in entries if text.lower() in label.lower())


def _makes(text: str) -> tuple[Hit, ...]:
    found = []
    for record_type in current_snapshot().records.values():
        label = str(_("New %(what)s", what=record_type.label))
        if record_type.menu and may(current(), record_type, "create") and text.lower() in label.lower():
            found.append(Hit(label, f"/{record_type.path}/new", icon="plus"))
    return tuple(found[:HITS])


routes = [search]
