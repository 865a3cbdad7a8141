"""The small pieces every page is made of: icons, avatars, cells, little curves, and the template environment.

Pure functions of their arguments and of the built assets; what they return for the same input never changes while a process
lives, so most are cached. A list page calls `cell` some five hundred times: it is a table look-up and one format, no template.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from importlib.resources import files
from mmap import ACCESS_READ, mmap
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from jinja2 import BaseLoader, ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from dougong.web.views import Cell, FrameView, Page

__all__ = [
    "HUES",
    "STATIC",
    "asset",
    "avatar",
    "cell",
    "cells",
    "environment",
    "hue",
    "icon",
    "icon_names",
    "initial",
    "place_initial",
    "render",
    "spark",
]

logger = logging.getLogger(__name__)

STATIC: Final = Path(str(files("dougong.web"))) / "static"
HUES: Final = 7
STAND_IN: Final = "puzzle"

Gettext = Callable[[str], str]


# --- assets and icons ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _manifest() -> Mapping[str, str]:
    return MappingProxyType(json.loads((STATIC / "manifest.json").read_text("utf-8")))


@lru_cache(maxsize=64)
def asset(name: str) -> str:
    """Path of a built file by its source name (`app.ts`); the name in it changes whenever the content does."""
    return f"/static/{_manifest()[name]}"


@lru_cache(maxsize=1)
def _drawings() -> tuple[mmap, Mapping[str, tuple[int, int]]]:
    # Some five thousand drawings weigh megabytes; a process uses a few dozen. So the file stays on disk, mapped, and only
    # the index (name -> where) is read.
    index = json.loads((STATIC / "icons.json").read_text("utf-8"))
    with (STATIC / "icons.svg").open("rb") as drawings:
        return mmap(drawings.fileno(), 0, access=ACCESS_READ), index


def icon_names() -> frozenset[str]:
    """Every name `icon` knows; `check` compares the names in declarations and templates with these."""
    return frozenset(_drawings()[1])


@lru_cache(maxsize=1024)
def icon(name: str, css: str = "") -> Markup:
    """A drawing set into the page, hidden from screen readers.

    A name nobody drew is logged and another drawing stands in: a plugin's slip in its menu must not take every page along.
    """
    drawings, index = _drawings()
    if name not in index:
        logger.warning("no icon is called %r", name)
        name = STAND_IN
    start, length = index[name]
    paths = drawings[start : start + length].decode("ascii")
    solid = name.endswith("-filled")
    paint = (
        'fill="currentColor"'
        if solid
        else 'fill="none" stroke="currentColor" stroke-linecap="round" stroke-linejoin="round"'
    )
    return Markup(f'<svg class="dg-i {css}" viewBox="0 0 24 24" {paint} aria-hidden="true">{paths}</svg>')  # noqa: S704


# --- avatars -------------------------------------------------------------------------------------------------------------

_PLACE_LENGTHS: Final = (4, 3, 2)
_PLACE_ENDINGS: Final = ("省", "市")


@lru_cache(maxsize=1)
def _places() -> frozenset[str]:
    """Provinces and larger cities, the way company names begin."""
    return frozenset(files("dougong.web").joinpath("places.txt").read_text("utf-8").split())


@lru_cache(maxsize=4096)
def hue(name: str) -> int:
    """One of `HUES` colours, always the same for the same name."""
    return sum(map(ord, name)) % HUES


def initial(name: str) -> str:
    """The first letter of a person's name: 王芳 -> 王, anna -> A."""
    return name.strip()[:1].upper()


@lru_cache(maxsize=4096)
def place_initial(name: str) -> str:
    """The letter an organisation is told apart by: the one after the place name (杭州云栖 -> 云)."""
    rest = name.strip()
    for _ in range(2):  # province, then city
        rest = _without_place(rest)
    return rest[:1].upper()


def _without_place(name: str) -> str:
    for length in _PLACE_LENGTHS:
        if name[:length] in _places() and len(name) > length + 1:
            rest = name[length:]
            return rest[1:] if rest.startswith(_PLACE_ENDINGS) and len(rest) > 2 else rest
    return name


@lru_cache(maxsize=4096)
def avatar(letter: str, colour: int = 0, shape: str = "") -> Markup:
    """A person's round avatar, or with the shape `sq` an organisation's square one; `lg` is the size of a page head."""
    return Markup('<span class="dg-av {} dg-h{}" aria-hidden="true">{}</span>').format(shape, colour, letter)


# --- cells ---------------------------------------------------------------------------------------------------------------
# Inside, escaped text is a plain str: a list makes some five hundred of these, and only whole rows become Markup.

_EMPTY: Final = '<span class="dg-t3">—</span>'


def _plain(value: Cell) -> str:
    return str(escape(value.text))


def _linked(value: Cell) -> str:
    text = escape(value.text)
    return f'<a class="dg-link" href="{escape(value.href)}">{text}</a>' if value.href else str(text)


def _with_avatar(value: Cell, shape: str) -> str:
    text = escape(value.text)
    if value.href:
        label = f'<a class="dg-ell" href="{escape(value.href)}">{text}</a>'
    else:
        label = f'<span class="dg-ell">{text}</span>'
    letter = avatar(value.initial, value.hue, shape) if value.initial else ""
    return f'<span class="dg-who">{letter}{label}</span>'


def _organisation(value: Cell) -> str:
    return _with_avatar(value, "sq")


def _person(value: Cell) -> str:
    return _with_avatar(value, "")


def _tag(value: Cell) -> str:
    return f'<span class="dg-tag {value.tone}">{escape(value.text)}</span>'


def _tags(value: Cell) -> str:
    return f'<span class="dg-tags">{"".join(map(_tag, value.parts))}</span>'


def _status(value: Cell) -> str:
    return f'<span class="dg-st {value.tone}">{escape(value.text)}</span>'


def _moment(value: Cell) -> str:
    tone = f' class="dg-{value.tone}"' if value.tone else ""
    hint = f' title="{escape(value.hint)}"' if value.hint else ""
    return f'<time datetime="{escape(value.iso)}"{tone}{hint}>{escape(value.text)}</time>'


def _number(value: Cell) -> str:
    return f'<span class="dg-num">{escape(value.text)}</span>'


def _yes_no(value: Cell) -> str:
    if value.tone == "ok":
        return f"{icon('check', 'dg-ok')} <span>{escape(value.text)}</span>"
    return f'{icon("minus", "dg-t3")} <span class="dg-t3">{escape(value.text)}</span>'


def _outside(value: Cell) -> str:
    return f'<a class="dg-link" href="{escape(value.href)}" rel="noopener noreferrer">{escape(value.text)}</a>'


def _long(value: Cell) -> str:
    return f'<span class="dg-long">{escape(value.text)}</span>'


_CELLS: Final[Mapping[str, Callable[[Cell], str]]] = {
    "title": _organisation,
    "text": _plain,
    "tag": _tag,
    "tags": _tags,
    "status": _status,
    "person": _person,
    "organisation": _organisation,
    "date": _moment,
    "datetime": _moment,
    "number": _number,
    "money": _number,
    "link": _linked,
    "yes_no": _yes_no,
    "phone": _linked,
    "email": _linked,
    "url": _outside,
    "long_text": _long,
}


def _drawn(value: Cell) -> str:
    return _CELLS[value.kind](value) if value.text or value.parts else _EMPTY


def cell(value: Cell) -> Markup:
    """A value as the page shows it; a dash where there is none."""
    return Markup(_drawn(value))  # noqa: S704


def cells(values: Sequence[Cell], css: Sequence[str]) -> Markup:
    """The squares of one row of a table, each in the class of its column."""
    return Markup("".join([f'<td class="{c}">{_drawn(value)}</td>' for value, c in zip(values, css, strict=True)]))  # noqa: S704


# --- little curves -------------------------------------------------------------------------------------------------------

_WIDTH: Final = 96
_HEIGHT: Final = 34


@lru_cache(maxsize=256)
def spark(points: Sequence[float]) -> Markup:
    """A curve without axes that goes beside a number; nothing below two points."""
    if len(points) < 2:
        return Markup("")
    low, high = min(points), max(points)
    span = (high - low) or 1
    step = _WIDTH / (len(points) - 1)
    line = " ".join(
        f"{'L' if at else 'M'}{at * step:.1f} {_HEIGHT - 3 - (point - low) / span * (_HEIGHT - 7):.1f}"
        for at, point in enumerate(points)
    )
    area = f"{line} L{_WIDTH} {_HEIGHT} L0 {_HEIGHT}Z"
    return Markup(  # noqa: S704
        f'<svg class="dg-spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" aria-hidden="true"><path class="dg-area" d="{area}"/><path d="{line}"/></svg>'
    )


# --- templates -----------------------------------------------------------------------------------------------------------


def _grouped(number: int) -> str:
    return f"{number:,}"


def _json_text(value: Any) -> Markup:
    """JSON that may stand in a `<script type="application/json">`: no `<` that could end it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=asdict)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704


def environment(loaders: Iterable[BaseLoader] = ()) -> Environment:
    """Templates of core and, after them, of the given loaders (each plugin's `templates/`); everything is escaped."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader("dougong.web"), *loaders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.do"],
    )
    made.globals.update(icon=icon, avatar=avatar, cell=cell, cells=cells, asset=asset, spark=spark)
    made.filters.update(grouped=_grouped, json_text=_json_text)
    return made


def render(templates: Environment, page: Page, shell: FrameView | None, gettext: Gettext) -> str:
    """The page as HTML. `shell` is None for fragments; `gettext` translates the words of the templates themselves."""
    return templates.get_template(page.template).render(page=page, shell=shell, _=gettext)
