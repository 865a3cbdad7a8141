"""What a part of an expression can come to, how stored values become that, and how a result is stored.

Numbers and amounts are exact fractions while they are calculated with, and rounded once, at the end. None is empty.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from dougong.i18n import Text, _
from dougong.records.fields import Field
from dougong.records.kinds import EXACT

__all__ = [
    "DATE",
    "DATETIME",
    "EMPTY",
    "KIND_NAMES",
    "KIND_OF_FIELD",
    "NUMBER",
    "TEXT",
    "WRONG",
    "YES_NO",
    "Calculation",
    "Run",
    "Type",
    "decimal",
    "given",
    "local",
    "rounded",
    "stored",
    "type_of_field",
]

BIGGEST = 2**63 - 1
BIGGEST_SMALL = 2**31 - 1
PLACES = 10
"""Decimal places of a number that comes out uneven."""

KIND_OF_FIELD: Mapping[str, str] = {
    **dict.fromkeys(("text", "long_text", "phone", "email", "url", "address", "serial"), "text"),
    **dict.fromkeys(("number", "year"), "number"),
    **dict.fromkeys(("choice", "state"), "choice"),
    **{kind: kind for kind in ("money", "yes_no", "date", "datetime", "time", "choices")},
    **{kind: kind for kind in ("person", "department", "link")},
}
"""The kinds of field an expression can read or come to, and what each counts as in it."""

KIND_NAMES: Mapping[str, Text] = {
    "text": _("a text"),
    "number": _("a number"),
    "money": _("an amount of money"),
    "yes_no": _("yes or no"),
    "date": _("a date"),
    "datetime": _("a date and time"),
    "time": _("a time of the day"),
    "choice": _("a choice"),
    "choices": _("several choices"),
    "person": _("a person"),
    "department": _("a department"),
    "link": _("a linked record"),
    "empty": _("empty"),
}


@dataclass(frozen=True)
class Type:
    """`options` are key and label of what can stand in a choice; `target` is the table a reference points to.

    How a field stores its value: `places` are those of a number kept in units of the last one (None: as it is), `length`
    how long a text may be, `small` whether only four bytes hold a number.
    """

    kind: str
    currency: str = ""
    options: tuple[tuple[str, str], ...] = ()
    target: str = ""
    places: int | None = None
    length: int | None = None
    small: bool = False

    def __str__(self) -> str:
        name = str(KIND_NAMES[self.kind])
        return f"{name} ({self.currency})" if self.currency else name

    def agrees_with(self, other: Type) -> bool:
        """Whether values of both can be compared and take each other's place."""
        mine, theirs = ((t.kind, t.currency, t.target, t._keys) for t in (self, other))
        return mine == theirs

    @property
    def _keys(self) -> frozenset[str]:
        return frozenset(key for key, _label in self.options)


TEXT, NUMBER, YES_NO, DATE, DATETIME = (Type(k) for k in ("text", "number", "yes_no", "date", "datetime"))
EMPTY = Type("empty")
WRONG = Type("wrong")
"""Of a part that was found wrong already: nothing more is said about what it stands in."""


@dataclass(frozen=True)
class Run:
    """What one calculation goes by: the record's values, the moment, the company's zone, and who asks."""

    values: Mapping[str, Any]
    now: dt.datetime
    zone: ZoneInfo
    me: int | None


Calculation = Callable[[Run], Any]


def type_of_field(field: Field) -> Type | None:
    """None for a field of a kind that expressions don't know."""
    kind = KIND_OF_FIELD.get(field.kind)
    if kind is None:
        return None
    return Type(
        kind,
        currency=field.currency if kind == "money" else "",
        options=_options(field) if kind in ("choice", "choices") else (),
        target=field.target._meta.tablename if field.target else "",
        places=field.places if kind == "number" else None,
        length=field.length if kind == "text" else None,
        small=field.small,
    )


def _options(field: Field) -> tuple[tuple[str, str], ...]:
    return tuple((option.key, str(option.label or option.key)) for option in field.every_option)


# ------------------------------------------------------------------ stored → calculated with


def given(value: Any, type: Type) -> Any:
    """A stored value as it is calculated with; what is none of its kind counts as empty."""
    if type.kind in ("money", "number"):
        number = _exact(value)
        return None if number is None else number / 10 ** _places(type)
    return _GIVEN[type.kind](value)


def _places(type: Type) -> int:
    return get_currency_precision(type.currency) if type.kind == "money" else type.places or 0


def _words(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _exact(value: Any) -> Fraction | None:
    if isinstance(value, Decimal):
        small = value.is_finite() and abs(value.adjusted()) < 30 and len(value.as_tuple().digits) < 60
        return Fraction(value) if small else None
    whole = isinstance(value, int) and not isinstance(value, bool)
    return Fraction(value) if whole and abs(value) <= BIGGEST else None


def _yes(value: Any) -> bool | None:
    return bool(value) if isinstance(value, bool) or (isinstance(value, int) and value in (0, 1)) else None


def _day(value: Any) -> dt.date | None:
    return value if isinstance(value, dt.date) and not isinstance(value, dt.datetime) else None


def _moment(value: Any) -> dt.datetime | None:
    fits = isinstance(value, dt.datetime) and value.tzinfo is not None and 1 < value.year < 9999
    return value if fits else None


def _reference(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _chosen(value: Any) -> tuple[str, ...] | None:
    try:
        keys = json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
        return None
    return tuple(keys)


_GIVEN: Mapping[str, Callable[[Any], Any]] = {
    "text": _words,
    "yes_no": _yes,
    "date": _day,
    "datetime": _moment,
    "time": _words,
    "choice": _words,
    "choices": _chosen,
    **dict.fromkeys(("person", "department", "link"), _reference),
}


def local(moment: dt.date, run: Run) -> dt.date:
    """The day of a moment in the company's zone; a day stays."""
    return moment.astimezone(run.zone).date() if isinstance(moment, dt.datetime) else moment


# ------------------------------------------------------------------ calculated with → stored


def stored(value: Any, type: Type) -> Any:
    """A result as a field of this type stores it: numbers and amounts rounded to the places there are, texts cut to the
    length there is. What the column can't hold is empty."""
    if value is None:
        return None
    if type.kind == "text":
        return value[: type.length]
    if type.kind == "choices":
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if type.kind == "number" and type.places is None:
        return decimal(value)
    return _in_units(value, type) if type.kind in ("number", "money") else value


def _in_units(number: Fraction, type: Type) -> int | None:
    """Counted in the last decimal place there is."""
    units = rounded(number * 10 ** _places(type), 0)
    return int(units) if abs(units) <= (BIGGEST_SMALL if type.small else BIGGEST) else None


def decimal(number: Fraction) -> int | Decimal | None:
    """Whole, or with at most ten decimal places."""
    if abs(number) > BIGGEST:
        return None
    near = rounded(number, PLACES)
    if near.denominator == 1:
        return int(near)
    return EXACT.normalize(EXACT.scaleb(Decimal(int(near * 10**PLACES)), -PLACES))


def rounded(number: Fraction, places: int) -> Fraction:
    """Half goes away from zero, as on an invoice."""
    shifted = abs(number) * 10**places + Fraction(1, 2)
    whole = Fraction(shifted.numerator // shifted.denominator, 10**places)
    return -whole if number < 0 else whole
