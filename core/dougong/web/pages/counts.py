"""Numbers on tabs and menus: asked for once after the page stands, each bounded, kept for a moment per person."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from litestar import Request, get

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.errors import Invalid
from dougong.i18n import number_text
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.attachments import files_of, takes_files
from dougong.records.filters import compile_filter, conditions
from dougong.records.queries import bounded_count
from dougong.records.types import RecordType
from dougong.records.views import views_at
from dougong.web.addresses import id_at
from dougong.web.files import TAB as FILES
from dougong.web.pages.lists import SAVED, can_be_asked, state_of_view, total_words, type_at, views_of
from dougong.web.pages.records import pointing_to, tab_key
from dougong.web.shell import menus_for

__all__ = ["routes"]

KEPT_SECONDS = 20.0
MOST_KEPT = 5_000
BOUND = 10_000
_kept: dict[tuple[Any, ...], tuple[float, str]] = {}


async def _count(key: str, record_type: RecordType, clause: Any) -> str:
    """A bounded count as words. Kept by what decides it: the person's rights, and the question."""
    place = (current().version, key)
    now = time.monotonic()
    known = _kept.get(place)
    if known and now - known[0] < KEPT_SECONDS:
        return known[1]
    words = total_words(*await bounded_count(record_type, clause, bound=BOUND))
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[place] = (now, words)
    return words


@get("/counts", include_in_schema=False)
async def menu_counts() -> dict[str, str]:
    found = {}
    for menu in menus_for(current()):
        if isinstance(menu.to, RecordType) and menu.group != "admin":
            key = f"list:{menu.to.path}"
            found[key] = await _count(key, menu.to, None)
    return found


@get("/{collection:str}/counts", include_in_schema=False)
async def view_counts(collection: str) -> dict[str, str]:
    record_type = type_at(collection)
    found = {}
    for number, view in enumerate(views_of(record_type)):
        if not can_be_asked(record_type, view):
            continue
        tree = conditions(view.where)
        found[f"view:{number}"] = await _count(
            f"{record_type.key}:{number}", record_type, compile_filter(record_type, tree)
        )
    for kept in (await views_at(record_type)).views:
        query = state_of_view(record_type, kept).query()
        with suppress(Invalid):  # a field it asks about is off, or hidden by now
            clause = await query.clause()
            found[f"view:{SAVED}{kept.id}"] = await _count(
                f"{record_type.key}:{query.filter}:{query.q}", record_type, clause
            )
    return found


@get("/{collection:str}/{record_id:str}/counts", include_in_schema=False)
async def tab_counts(request: Request[Any, Any, Any], collection: str, record_id: str) -> dict[str, str]:
    record_type = type_at(collection)
    number = id_at(record_id)
    await desk.get(record_type.table, number)
    found = {}
    for tab in current_snapshot().tabs_of(record_type.key):
        if may(current(), tab.record, "read"):
            total, exact = await bounded_count(
                tab.record, pointing_to(tab.record, tab.via._meta.name, number), bound=999
            )
            found[tab_key(tab)] = total_words(total, exact) if total else ""
    if takes_files(record_type):
        files = len(await files_of(record_type, number))
        found[FILES] = number_text(files) if files else ""
    return found


routes = [menu_counts, view_counts, tab_counts]
