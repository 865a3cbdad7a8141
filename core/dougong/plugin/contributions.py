"""What a plugin can contribute: one frozen declaration each. The list `KINDS` at the end is the whole contract.

Core collects these from the enabled plugins into a snapshot; nothing of a plugin that is off is reachable from it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dougong.db.columns import Lookup, PiccoloForeignKey
from dougong.i18n import Text, _, humanise
from dougong.jobs.declarations import Job, Schedule
from dougong.records.types import RecordType

if TYPE_CHECKING:
    from piccolo.columns.base import Column
    from piccolo.table import Table
    from pydantic import BaseModel

__all__ = ["KINDS", "Graph", "Menu", "Opening", "Preset", "Right", "Tab", "Tile", "TileRow", "Timeline"]


@dataclass(frozen=True)
class Menu:
    """An entry of the sidebar: a record type's list, or a page of the plugin's own, with further pages under it in `also`.

    Groups in use: "crm", "office", "admin"; a new group is shown under its own name.
    """

    to: RecordType | str
    group: str = "crm"
    order: int = 100
    label: Text | None = None
    icon: str = ""
    right: str = ""
    also: Sequence[str] = ()


@dataclass(frozen=True)
class Graph:
    """The rows of a tab connect the record they point to with another of its type, in `to`: they are drawn as well.

    `kind` is a choice that says how, read from the tab's record to the other; `reverse` the same, read the other way.
    """

    to: Column
    kind: Column | None = None
    reverse: Column | None = None


@dataclass(frozen=True)
class Tab:
    """A list of this plugin's records on the page of the record they point to; with `graph`, drawn above the list."""

    record: RecordType
    via: Column
    label: Text | None = None
    columns: Sequence[Column] = ()
    order: int = 100
    graph: Graph | None = None

    @property
    def parent(self) -> str:
        """The key of the record type on whose page it stands."""
        return _target(self.via)


@dataclass(frozen=True)
class Timeline:
    """This plugin's records as entries on the timeline of the record they point to.

    `at` is a day or a moment, `kind` a choice that names each entry, `about` another record that is named beside it.
    With `compose` the page offers a box to write one; the named columns stand beside the text in it.
    """

    record: RecordType
    via: Column
    at: Column
    text: Column
    kind: Column | None = None
    about: Column | None = None
    compose: Sequence[Column] = ()
    icon: str = "message"
    tone: str = ""

    @property
    def parent(self) -> str:
        """The key of the record type on whose timeline it stands."""
        return _target(self.via)


def _target(via: Column) -> str:
    if not isinstance(via, PiccoloForeignKey):
        raise TypeError(f"{via._meta.name} points to no other record")
    return str(via._foreign_key_meta.resolved_references._meta.tablename)


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
class Opening:
    """A service that knows more than the person who calls it may see, to tell it in another form (a count, a name).

    Inside `with opened(service):` it reads every row and field of the tables in `sees`; None, for core alone, is every
    table. `right` is asked for at its door: a right of its own, or a record type and an action; None where the service
    asks for itself. `per_minute` is how often an account may use it; None only for what answers nothing to anybody.
    """

    service: Callable[..., Any]
    label: Text
    sees: Sequence[type[Table]] | None
    right: str | tuple[RecordType, str] | None = None
    per_minute: int | None = 30

    @property
    def key(self) -> str:
        """As it stands in the log and in the documentation: "dougong_customers.customers_named_like"."""
        return f"{self.service.__module__.partition('.')[0]}.{self.service.__name__}"


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
    """One kind of contribution: where it stands in `Plugin`, what an administrator calls it, and each of its items."""

    name: str
    label: Text
    shown: Callable[[Any], Text | str]
    takes: Any = None


def _menu_label(menu: Menu) -> Text | str:
    if isinstance(menu.to, RecordType):
        return menu.label or menu.to.plural
    return menu.label or menu.to


def _extension_label(extension: Tab | Timeline) -> Text:
    own = getattr(extension, "label", None) or extension.record.plural
    return _("%(what)s, on “%(where)s”", what=own, where=extension.parent)


def _route_label(route: Any) -> str:
    return ", ".join(f"/{str(path).strip('/')}" for path in sorted(getattr(route, "paths", ())))


def _schedule_label(schedule: Schedule) -> Text:
    return _("%(what)s, %(cron)s", what=schedule.job.label, cron=schedule.cron)


def _settings_label(model: type[BaseModel]) -> str:
    """What can be set, in the reader's words."""
    domain = model.__module__.partition(".")[0]
    labels = (Text(info.title or humanise(name), domain) for name, info in model.model_fields.items())
    return str(_(", ")).join(map(str, labels))


def _preset_label(preset: Preset) -> Text:
    return _("%(what)s, for “%(role)s”", what=preset.record.plural, role=preset.role)


KINDS: tuple[Kind, ...] = (
    Kind("records", _("Records"), lambda record: record.plural, RecordType),
    Kind("extends", _("Tabs"), _extension_label, (Tab, Timeline)),
    Kind("menus", _("Menus"), _menu_label, Menu),
    Kind("routes", _("Services"), _route_label),
    Kind("jobs", _("Jobs"), lambda job: job.label, Job),
    Kind("schedules", _("Schedules"), _schedule_label, Schedule),
    Kind("tiles", _("Tiles"), lambda tile: tile.label, Tile),
    Kind("rights", _("Rights"), lambda right: right.label, Right),
    Kind("presets", _("Presets"), _preset_label, Preset),
    Kind("openings", _("Openings"), lambda opening: opening.label, Opening),
    Kind("lookups", _("Choices"), lambda lookup: lookup.label, Lookup),
    Kind("settings", _("Settings"), _settings_label),
    Kind("hooks", _("Hooks"), lambda module: module.__name__),
    Kind("samples", _("Samples"), lambda sample: sample.__name__),
)
