"""A field as the rest of the system sees it: what stands behind lists, forms, filters and the API.

A field is derived from a column of a record table; nobody writes one by hand. Its kind comes from the column's class.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dougong.db.columns import (
    Address,
    BigInt,
    BigSerial,
    Boolean,
    Choice,
    Date,
    Email,
    File,
    Integer,
    Lookup,
    Money,
    MultiChoice,
    Number,
    Option,
    Phone,
    PiccoloForeignKey,
    SerialNumber,
    TimeOfDay,
    Timestamptz,
    Url,
    Varchar,
    Year,
)
from dougong.db.columns import Text as LongText
from dougong.i18n import Text
from dougong.records.kinds import KINDS, Kind

if TYPE_CHECKING:
    from piccolo.columns.base import Column
    from piccolo.table import Table

__all__ = ["DEFAULT_CURRENCY", "Field", "kind_of", "lookup_source"]

DEFAULT_CURRENCY = "CNY"

# Most special first: Money is a BigInt, Choice and Phone are Varchars.
_KIND_OF_COLUMN: Sequence[tuple[type[Column], str]] = (
    (Money, "money"),
    (Number, "number"),
    (Choice, "choice"),
    (MultiChoice, "choices"),
    (File, "file"),
    (TimeOfDay, "time"),
    (SerialNumber, "serial"),
    (Address, "address"),
    (Phone, "phone"),
    (Email, "email"),
    (Url, "url"),
    (Boolean, "yes_no"),
    (Timestamptz, "datetime"),
    (Date, "date"),
    (Year, "year"),
    (BigInt, "number"),
    (BigSerial, "number"),
    (Integer, "number"),
    (LongText, "long_text"),
    (Varchar, "text"),
)

_KIND_OF_TARGET: Mapping[str, str] = {"staff": "person", "department": "department"}


def kind_of(column: Column) -> str:
    """The name of the kind a column holds; TypeError for a column class no kind is known for."""
    if isinstance(column, PiccoloForeignKey):
        target = column._foreign_key_meta.resolved_references._meta.tablename
        return _KIND_OF_TARGET.get(target, "link")
    for cls, name in _KIND_OF_COLUMN:
        if isinstance(column, cls):
            return name
    raise TypeError(
        f"{column._meta.table.__name__}.{column._meta.name}: no field kind for a {type(column).__name__} column"
    )


# Set by the part that keeps the administrator's lists; until then a lookup shows its shipped options.
_options_of: Callable[[Lookup], Sequence[tuple[Option, bool]]] = lambda lookup: [(o, True) for o in lookup.options]  # noqa: E731


def lookup_source(source: Callable[[Lookup], Sequence[tuple[Option, bool]]]) -> None:
    """Say where a lookup's current options come from: pairs of option and whether it can still be chosen."""
    global _options_of
    _options_of = source


@dataclass(frozen=True)
class Field:
    """One field of a record type.

    `managed` fields are kept by the system (number, version, created …): shown, never typed. `required` says whether
    a form needs it. `fixed_options` is for choices that are not in a lookup, states among them.
    """

    key: str
    column: Column
    kind: str
    label: Text | str
    required: bool = False
    managed: bool = False
    help: Text | str | None = None
    fixed_options: tuple[Option, ...] = ()

    @cached_property
    def type(self) -> Kind:
        return KINDS[self.kind]

    @cached_property
    def length(self) -> int | None:
        return getattr(self.column, "length", None)

    @cached_property
    def small(self) -> bool:
        """Whether the column is a four-byte integer."""
        return isinstance(self.column, Integer) and not isinstance(self.column, BigInt)

    @cached_property
    def places(self) -> int:
        """The decimal places of a number."""
        return getattr(self.column, "places", 0)

    @cached_property
    def currency(self) -> str:
        return getattr(self.column, "currency", None) or DEFAULT_CURRENCY

    @cached_property
    def nullable(self) -> bool:
        return bool(self.column._meta.null)

    @cached_property
    def lookup(self) -> Lookup | None:
        source = getattr(self.column, "options", None)
        return source if isinstance(source, Lookup) else None

    @property
    def options(self) -> Sequence[Option]:
        """What can be chosen now."""
        if self.lookup:
            return [option for option, active in _options_of(self.lookup) if active]
        return self.every_option

    @property
    def every_option(self) -> Sequence[Option]:
        """Everything that can stand in a record, options switched off since included."""
        if self.lookup:
            return [option for option, _active in _options_of(self.lookup)]
        return self.fixed_options or tuple(getattr(self.column, "options", ()))

    @cached_property
    def target(self) -> builtins.type[Table] | None:
        """The table a reference points to."""
        if isinstance(self.column, PiccoloForeignKey):
            return self.column._foreign_key_meta.resolved_references
        return None

    @property
    def empty(self) -> Any:
        """What is stored when nothing is given."""
        return None if self.nullable else self.column.get_default_value()
