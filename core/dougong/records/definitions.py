"""The fields a company adds to its records: how each is written down, and the column that holds it.

A field is a real column `x_<key>` of the record's table, added while people work. Its definition is a row here, written
in the transaction that adds the column. Every process attaches the columns to its table classes before it serves the
epoch in which they were added.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from dougong.access.principal import acting_as, system
from dougong.db import registry
from dougong.db.attaching import attach, prepare
from dougong.db.columns import (
    Address,
    Boolean,
    Choice,
    Date,
    Email,
    File,
    ForeignKey,
    Lookup,
    Money,
    MultiChoice,
    Number,
    Phone,
    Serial,
    SerialNumber,
    Text,
    TimeOfDay,
    Timestamptz,
    Url,
    Varchar,
)
from dougong.i18n import Text as Words
from dougong.records.tables import Private

if TYPE_CHECKING:
    from piccolo.columns.base import Column
    from piccolo.table import Table

__all__ = [
    "ADDED",
    "KINDS_TO_ADD",
    "TEXT_LENGTH",
    "Definition",
    "FieldDefinition",
    "attach_definitions",
    "columns_of",
    "is_added",
    "read_definitions",
    "sort_column",
    "sort_columns",
    "sorted_text",
]

ADDED = "x_"
"""How the name of every added column begins; no table declares such a column itself."""

TEXT_LENGTH = 200
_SORTED_BY = "__sort"
_ONLY = frozenset({"core_field"})


class FieldDefinition(Private, tablename="core_field"):
    """One added field. `db_column` is where its values lie: another one from the day its kind is changed.

    `details` is JSON of what its kind needs besides: length, places, currency, target, lookup, formula; and under
    "before" where its values lay until its kind was changed. `pending` is what is still to be done for the records
    there are, words with spaces between; somebody is at it until `claimed_until`.
    """

    id: Serial
    record = Varchar(60, index=True)
    key = Varchar(60)
    db_column = Varchar(63)
    label = Varchar(300)
    help = Varchar(500, default="")
    kind = Varchar(20)
    details = Text(default="{}")
    indexed = Boolean(default=False)
    distinct = Boolean(default=False)
    active = Boolean(default=True)
    pending = Varchar(60, default="")
    claimed_until = Timestamptz(null=True, default=None)
    created = Timestamptz()


@dataclass(frozen=True)
class Definition:
    """A field as it is written down. `distinct`: no two records have the same value."""

    record: str
    key: str
    db_column: str
    label: str
    kind: str
    help: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    indexed: bool = False
    distinct: bool = False
    active: bool = True
    pending: str = ""

    @property
    def shown_as(self) -> str:
        """The kind of its values: of a formula, what it comes to."""
        return str(self.details["result"]) if self.kind == "formula" else self.kind

    @property
    def words(self) -> Words | str:
        return Words.load(self.label)

    @property
    def lookup(self) -> Lookup | None:
        """The list a choice is taken from: one of the company's, or the field's own."""
        if self.kind not in ("choice", "choices"):
            return None
        return Lookup(self.details.get("lookup") or f"{self.record}.{self.key}", self.words)  # type: ignore[arg-type]


def is_added(name: str) -> bool:
    """Whether a column was added by the company."""
    return name.startswith(ADDED)


def sort_columns(table: type[Table]) -> Mapping[str, Column]:
    """The columns that added texts sort by (pinyin, the same on every database), by the text's key."""
    columns = {c._meta.name: c for c in table._meta.columns}
    pairs = {key: columns.get(f"{key}{_SORTED_BY}") for key in columns if is_added(key)}
    # a field that is a text no more leaves the column of its former days behind
    return {
        key: sort
        for key, sort in pairs.items()
        if sort is not None and sort._meta.db_column_name == f"{columns[key]._meta.db_column_name}{_SORTED_BY}"
    }


def sort_column(table: type[Table], key: str) -> Column | None:
    """The column an added text sorts by; None for everything else."""
    return sort_columns(table).get(key) if is_added(key) else None


def sorted_text(name: str) -> str:
    """The field a column belongs to: of the column a text sorts by, that text."""
    return name.removesuffix(_SORTED_BY) if is_added(name) else name


async def read_definitions() -> Mapping[str, tuple[Definition, ...]]:
    """Every added field by record type, in the order they were added, those switched off included."""
    with acting_as(system("know the fields the company added", _ONLY)):
        rows = await FieldDefinition.select().order_by(FieldDefinition.id)
    found: dict[str, tuple[Definition, ...]] = {}
    for row in rows:
        found[row["record"]] = (*found.get(row["record"], ()), definition_of(row))
    return found


def definition_of(row: Mapping[str, Any]) -> Definition:
    names = ("record", "key", "db_column", "label", "kind", "help", "indexed", "distinct", "active", "pending")
    return Definition(**{name: row[name] for name in names}, details=json.loads(row["details"]))


def attach_definitions(definitions: Iterable[Definition]) -> None:
    """Let the table classes of this process have the columns; those they have already stay as they are."""
    for one in definitions:
        table = registry.table(one.record)
        if table is not None and not _has(table, one):
            for column in columns_of(table, one):
                attach(table, column)


def _has(table: type[Table], one: Definition) -> bool:
    return any(c._meta.name == one.key and getattr(c, "made_for", None) == _makes(one) for c in table._meta.columns)


def _makes(one: Definition) -> Definition:
    """What of a definition the column depends on."""
    return replace(one, help="", indexed=False, active=True, pending="")


def columns_of(table: type[Table], one: Definition) -> Sequence[Column]:
    """The columns a definition stands for, prepared and not attached; none where it points to a table that is gone."""
    make = _COLUMNS[one.kind]
    column = make(one)
    if column is None:
        return ()
    column.made_for = _makes(one)  # type: ignore[attr-defined]  # by which a changed definition is told
    made = [prepare(table, one.key, column)]
    if one.shown_as == "text":
        key = Varchar(TEXT_LENGTH, null=True, default=None, db_column_name=f"{one.db_column}{_SORTED_BY}")
        made.append(prepare(table, f"{one.key}{_SORTED_BY}", key))
    return made


def _referring(target: str) -> Callable[[Definition], Column | None]:
    def make(one: Definition) -> Column | None:
        table = registry.table(target or str(one.details["target"]))
        return None if table is None else ForeignKey(table, null=True, db_column_name=one.db_column)

    return make


def _plain(cls: Callable[..., Column], **fixed: Any) -> Callable[[Definition], Column]:
    return lambda one: cls(null=True, default=None, unique=one.distinct, db_column_name=one.db_column, **fixed)


def _result(one: Definition) -> Column:
    """What a formula comes to is kept in a column of that kind."""
    return _COLUMNS[one.shown_as](one)  # type: ignore[return-value]  # a result refers to nothing


_COLUMNS: Mapping[str, Callable[[Definition], Column | None]] = {
    "text": lambda one: Varchar(
        int(one.details.get("length", TEXT_LENGTH)),
        null=True,
        default=None,
        unique=one.distinct,
        db_column_name=one.db_column,
    ),
    "long_text": lambda one: Text(null=True, default=None, db_column_name=one.db_column),
    "number": lambda one: Number(int(one.details.get("places", 0)), unique=one.distinct, db_column_name=one.db_column),
    "money": lambda one: Money(one.details.get("currency"), db_column_name=one.db_column),
    "date": _plain(Date),
    "datetime": _plain(Timestamptz),
    "time": lambda one: TimeOfDay(db_column_name=one.db_column),
    "yes_no": lambda one: Boolean(default=False, null=False, db_column_name=one.db_column),
    "choice": lambda one: Choice(one.lookup, db_column_name=one.db_column),  # type: ignore[arg-type]
    "choices": lambda one: MultiChoice(one.lookup, db_column_name=one.db_column),  # type: ignore[arg-type]
    "person": _referring("staff"),
    "department": _referring("department"),
    "link": _referring(""),
    "phone": _plain(Phone),
    "email": _plain(Email),
    "url": _plain(Url),
    "address": _plain(Address),
    "serial": lambda one: SerialNumber(db_column_name=one.db_column),
    "file": lambda one: File(db_column_name=one.db_column),
    "formula": _result,
}
KINDS_TO_ADD = tuple(_COLUMNS)
