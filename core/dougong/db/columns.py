"""Column types of record tables: Piccolo's own, and the kinds of value a business form knows beyond them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from piccolo.columns import (
    JSON,
    BigInt,
    BigSerial,
    Boolean,
    Date,
    Integer,
    Serial,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns import ForeignKey as PiccoloForeignKey
from piccolo.columns.base import OnDelete, OnUpdate
from piccolo.columns.reference import LazyTableReference

from dougong.i18n import Text as Words

if TYPE_CHECKING:
    from piccolo.table import Table

__all__ = [
    "JSON",
    "Active",
    "Address",
    "BigInt",
    "BigSerial",
    "Boolean",
    "Choice",
    "Date",
    "Email",
    "File",
    "ForeignKey",
    "Integer",
    "LazyTableReference",
    "Lookup",
    "Money",
    "MultiChoice",
    "Number",
    "Option",
    "Phone",
    "PiccoloForeignKey",
    "Serial",
    "SerialNumber",
    "Text",
    "TimeOfDay",
    "Timestamptz",
    "Url",
    "Varchar",
    "Year",
]


def ForeignKey(  # noqa: N802 - stands where Piccolo's class stood
    references: type[Table] | LazyTableReference | str, *, null: bool = False, **options: Any
) -> PiccoloForeignKey:
    """A reference that can't dangle: RESTRICT, indexed and required (Piccolo's own: CASCADE, no index, nullable)."""
    return PiccoloForeignKey(
        references,
        null=null,
        default=None,
        **{"on_delete": OnDelete.restrict, "on_update": OnUpdate.restrict, "index": True, **options},
    )


@dataclass(frozen=True)
class Option:
    """One choice of a list: the key that is stored, the words that are shown, the tone they are shown in."""

    key: str
    label: Words | str = ""
    tone: str = ""


@dataclass(frozen=True)
class Lookup:
    """A list of choices the administrator keeps: the shipped options are a start, not a limit.

    Stored values are keys; an option is switched off rather than removed while records use it.
    """

    name: str
    label: Words
    options: Sequence[Option] = field(default_factory=tuple)


class Choice(Varchar):
    """One key out of a fixed list of options, or of a `Lookup` the administrator keeps."""

    def __init__(self, options: Lookup | Sequence[Option] = (), *, null: bool = True, **kwargs: Any) -> None:
        self.options = options
        kwargs.setdefault("default", None if null else "")
        super().__init__(length=60, null=null, **kwargs)
        self._meta.params["options"] = options


class Money(BigInt):
    """An exact amount in the currency's minor unit (分); None where no amount is known."""

    def __init__(self, currency: str | None = None, *, null: bool = True, **kwargs: Any) -> None:
        self.currency = currency
        kwargs.setdefault("default", None)
        super().__init__(null=null, **kwargs)
        self._meta.params["currency"] = currency


class Year(Integer):
    """A calendar year, shown without separators."""

    def __init__(self, *, null: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("default", None)
        super().__init__(null=null, **kwargs)

    @property
    def column_type(self) -> str:
        return "INTEGER"


class Phone(Varchar):
    """A telephone number as people write it."""

    def __init__(self, length: int = 40, default: str | None = "", **kwargs: Any) -> None:
        super().__init__(length=length, default=default, **kwargs)


class Email(Varchar):
    """An e-mail address."""

    def __init__(self, length: int = 254, default: str | None = "", **kwargs: Any) -> None:
        super().__init__(length=length, default=default, **kwargs)


class Url(Varchar):
    """A web address; shown as a link only when it is http or https."""

    def __init__(self, length: int = 300, default: str | None = "", **kwargs: Any) -> None:
        super().__init__(length=length, default=default, **kwargs)


class Number(BigInt):
    """An exact number with a fixed count of decimal places, kept in units of the last of them (places=2: 1.50 is 150)."""

    def __init__(self, places: int = 0, *, null: bool = True, **kwargs: Any) -> None:
        self.places = places
        kwargs.setdefault("default", None)
        super().__init__(null=null, **kwargs)
        self._meta.params["places"] = places


class MultiChoice(Text):
    """Any number of keys out of a `Lookup`, kept as a JSON list in the order of the alphabet; None for none."""

    def __init__(self, options: Lookup, *, null: bool = True, **kwargs: Any) -> None:
        self.options = options
        kwargs.setdefault("default", None)
        super().__init__(null=null, **kwargs)
        self._meta.params["options"] = options

    @property
    def column_type(self) -> str:
        return "TEXT"


class Active(Boolean):
    """Whether a record is in use. Records of a table with such a column can be deactivated, and brought back."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"default": True, "null": False, **kwargs})

    @property
    def column_type(self) -> str:
        return "BOOLEAN"


class File(Text):
    """One file: what is told of it (its number among the attachments, name, size), as JSON; None for none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"default": None, "null": True, **kwargs})

    @property
    def column_type(self) -> str:
        return "TEXT"


class TimeOfDay(Varchar):
    """A time of the day as "09:30": no date, no time zone."""

    def __init__(self, *, null: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("default", None)
        super().__init__(length=5, null=null, **kwargs)


class Address(Varchar):
    """Where something is, as one writes it on an envelope."""

    def __init__(self, length: int = 300, default: str | None = "", **kwargs: Any) -> None:
        super().__init__(length=length, default=default, **kwargs)


class SerialNumber(Varchar):
    """A number given by rule when the record is made: never typed, never given twice."""

    def __init__(self, *, null: bool = True, **kwargs: Any) -> None:
        kwargs.setdefault("default", None)
        super().__init__(length=60, null=null, unique=True, **kwargs)
