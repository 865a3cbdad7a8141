"""The home page: a greeting, and a card of every enabled plugin's tiles."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from babel.dates import format_date
from litestar import Request, Response, get

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.i18n import LOCALES, Text, _, company_zone, current_locale, today
from dougong.plugin.budget import OutOfTime, within
from dougong.plugin.contributions import Tile, TileRow
from dougong.plugin.failures import is_left_alone, record_failure
from dougong.plugin.snapshot import current_snapshot
from dougong.web.pages.comments import mentions_tile
from dougong.web.pages.favourites import favourites_tile
from dougong.web.render import page
from dougong.web.views import Action, HomePage, Line, LineTile

__all__ = ["routes"]

TILE_SECONDS = 3.0
AnyRequest = Request[Any, Any, Any]


@get("/", include_in_schema=False)
async def show_home(request: AnyRequest) -> Response[Any]:
    person = current()
    shown = [
        (tile.order, plugin.name, tile)
        for plugin in current_snapshot().plugins.values()
        for tile in plugin.tiles
        if tile.right is None or may(person, *tile.right)
    ]
    shown.sort(key=lambda each: each[0])
    view = HomePage(
        greeting=str(_greeting() % {"name": person.name}),
        today=_date_words(),
        tiles=(*await _own_tiles(), *[await _tile(plugin, tile) for _order, plugin, tile in shown]),
        create=tuple(
            Action(str(_("New %(what)s", what=r.label)), f"/{r.path}/new", r.icon)
            for r in current_snapshot().records.values()
            if r.menu and r.owned and may(person, r, "create")
        ),
    )
    return page(request, view)


async def _own_tiles() -> tuple[LineTile, ...]:
    """What core itself shows: what waits for this person, and what they keep at hand."""
    return tuple(tile for tile in (await mentions_tile(), await favourites_tile()) if tile is not None)


async def _tile(plugin: str, tile: Tile) -> LineTile:
    """A plugin's card; one that fails or hangs leaves a note in its place, and the page stands."""
    try:
        rows = [] if is_left_alone(plugin) else await within(TILE_SECONDS, _rows_of(tile), step=TILE_SECONDS)
    # a stranger's code: the rest of the page goes on
    except (Exception, OutOfTime) as err:  # noqa: BLE001
        record_failure(plugin, f"tile {tile.key}", err, tile.rows.__module__.partition(".")[0])
        return LineTile(str(tile.label), (), empty=str(_("This can't be shown right now.")), icon=tile.icon)
    return LineTile(
        str(tile.label), tuple(_line(r) for r in rows[:12]), empty=str(tile.empty or _("Nothing here.")), icon=tile.icon
    )


async def _rows_of(tile: Tile) -> Sequence[TileRow]:
    return await tile.rows()


def _line(row: TileRow) -> Line:
    return Line(str(row.label), hint=str(row.meta), href=row.href)


def _greeting() -> Text:
    hour = dt.datetime.now(company_zone()).hour
    for end, words in (
        (6, _("Good night, %(name)s")),
        (12, _("Good morning, %(name)s")),
        (14, _("Good day, %(name)s")),
        (18, _("Good afternoon, %(name)s")),
    ):
        if hour < end:
            return words
    return _("Good evening, %(name)s")


def _date_words() -> str:
    return str(format_date(today(), "full", locale=LOCALES[current_locale()]))


routes = [show_home]
