"""What a plugin can contribute: one frozen declaration each. The list `KINDS` at the end is the whole contract.

Core collects these from the enabled plugins into a snapshot; nothing of a plugin that is off is reachable from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dougong.i18n import Text
from dougong.records.types import RecordType

if TYPE_CHECKING:
    from piccolo.columns.base import Column

__all__ = ["KINDS", "Menu", "Preset", "Right", "Tab", "Tile", "TileRow", "Timeline"]


@dataclass(frozen=True)
class Menu:
    """An entry of the sidebar: a record type's list, or a page of the plugin's own.

    Groups in use: "crm", "office", "admin"; a new group is shown under its own name.
    """

    to: RecordType | str
    group: str = "crm"
    order: int = 100
    label: Text | None = None
    icon: str = ""
    right: str = ""


@dataclass(frozen=True)
class Tab:
    """A list of this plugin's records on the page of the record they point to."""

    record: RecordType
    via: Column
    label: Text | None = None
    columns: Sequence[Column] = ()
    order: int = 100


@dataclass(frozen=True)
class Timeline:
    """This plugin's records as entries on the timeline of the record they point to.

    With `compose` the page offers a box to write one; the named columns stand beside the text in it.
    """

    record: RecordType
    via: Column
    at: Column
    text: Column
    kind: Column | None = None
    compose: Sequence[Column] = ()
    icon: str = "message"
    tone: str = ""


@dataclass(frozen=True)
class TileRow:
    """One line of a tile on the home page."""

    label: str
    href: str = ""
    meta: str = ""


@dataclass(frozen=True)
class Tile:
    """A card on the home page; `rows` is asked for at each visit, under the visitor's own rights."""

    rows: Callable[[], Awaitable[Sequence[TileRow]]]
    label: Text
    icon: str = "list"
    order: int = 100
    right: tuple[RecordType, str] | None = None
    empty: Text | None = None

    @property
    def key(self) -> str:
        return self.rows.__name__


@dataclass(frozen=True)
class Right:
    """A right that is not about one record type ("may keep the lists of choices")."""

    key: str
    label: Text


@dataclass(frozen=True)
class Preset:
    """What one of the standard roles may do with a record type, from the plugin's first switching on.

    Role keys: "sales", "service", "marketing", "hr", "manager", "staff" (everybody). Data scopes: "own", "shared",
    "department", "below", "all". After that the role is the company's own to change.
    """

    role: str
    record: RecordType
    rights: Mapping[str, Sequence[str]] = field(default_factory=dict)
    hidden: Sequence[Column] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of contribution: where it stands in `Plugin`, and what an administrator calls it."""

    name: str
    label: str
    takes: Any = None


KINDS: tuple[Kind, ...] = (
    Kind("records", "record types", RecordType),
    Kind("extends", "tabs and timelines on other pages", (Tab, Timeline)),
    Kind("menus", "menu entries", Menu),
    Kind("routes", "pages and services of its own"),
    Kind("tiles", "tiles", Tile),
    Kind("rights", "rights", Right),
    Kind("presets", "role presets", Preset),
    Kind("lookups", "lists of choices"),
    Kind("settings", "settings"),
    Kind("hooks", "hooks"),
    Kind("samples", "sample data"),
)
