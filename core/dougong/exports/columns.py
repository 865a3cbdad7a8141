"""What stands in the columns of an exported list: values that a spreadsheet calculates with and an import reads back."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from dougong.i18n import _, company_zone
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.types import RecordType

__all__ = ["NEVER", "Cell", "Column", "columns_of", "every_key"]

Cell = str | int | Decimal | dt.date | dt.datetime | None
"""A moment is without a zone: the company's clock shows it so."""
Titles = Mapping[int, str]
Maker = Callable[[Any, Titles], Cell]
NEVER = frozenset({"version"})
"""Kept for programs that change records; in a file it would be out of date at once."""
_SEPARATORS = re.compile(r"[,，、;；\n]|^\[|^\s|\s$")
"""What would tear a word apart where a list of words is read."""


@dataclass(frozen=True)
class Column:
    """One column: its heading, what a value becomes, and how a workbook shows the numbers and days in it."""

    key: str
    heading: str
    cell: Maker
    look: str


def every_key(record_type: RecordType) -> tuple[str, ...]:
    """The fields the acting person may see, but the id: what "all fields" means."""
    known = record_type.fields
    return tuple(k for k in known if k not in NEVER and k != "id" and visible_field(record_type, k))


def columns_of(record_type: RecordType, keys: Sequence[str]) -> list[Column]:
    """A label that several fields bear would name none of them: those are headed by their keys."""
    used = Counter(str(field.label) for field in record_type.fields.values())
    fields = [record_type.fields[key] for key in keys]
    return [Column(f.key, str(f.label) if used[str(f.label)] == 1 else f.key, maker_of(f), look_of(f)) for f in fields]


def maker_of(field: Field) -> Maker:
    """A function from value and titles of referred records to a cell, prepared once for a whole column."""
    if field.target is not None:
        return lambda value, titles: titles.get(value) or None
    make = _MAKERS.get(field.kind, _written)(field)
    return lambda value, titles: None if value in (None, "") else make(value)


def look_of(field: Field) -> str:
    """The number format of a workbook's cell; what isn't calculated with is text, also when somebody edits it."""
    if field.kind == "money":
        return _decimals("#,##0", get_currency_precision(field.currency))
    if field.kind == "number" and field.key != "id":
        return _decimals("#,##0", field.places)
    return {"id": "0", "year": "0", "date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm"}.get(
        "id" if field.key == "id" else field.kind, "@"
    )


def _decimals(whole: str, places: int) -> str:
    return f"{whole}.{'0' * places}" if places else whole


# ------------------------------------------------------------------ by kind


Plain = Callable[[Any], Cell]


def _written(field: Field) -> Plain:
    write = field.type.write
    return lambda value: write(value, field) or None


def _shown(field: Field) -> Plain:
    show = field.type.show
    return lambda value: show(value, field)


def _as_it_is(field: Field) -> Plain:
    return lambda value: value


def _number(field: Field) -> Plain:
    places = field.places
    return (lambda value: Decimal(value).scaleb(-places)) if places else int


def _money(field: Field) -> Plain:
    places = get_currency_precision(field.currency)
    return lambda value: Decimal(value).scaleb(-places)


def _moment(field: Field) -> Plain:
    """As the company's clock shows it. What no hand can enter, an import doesn't read: there seconds are enough."""
    zone, rounded = company_zone(), field.managed

    def make(value: dt.datetime) -> Cell:
        local = value.astimezone(zone)
        plain = local.replace(tzinfo=None, microsecond=0) if rounded else local.replace(tzinfo=None)
        # in the hour that a clock put back shows twice, only the distance to UTC tells which is meant
        told = rounded or plain.replace(tzinfo=zone).astimezone(dt.UTC) == value
        return plain if told else local.isoformat(sep=" ")

    return make


def _choice(field: Field) -> Plain:
    words = _words_of(field)
    return lambda value: words.get(value, value)


def _choices(field: Field) -> Plain:
    """Words with commas between them; as a JSON list where one of them has a comma itself."""
    words, between = _words_of(field), str(_(", "))

    def make(value: str) -> Cell:
        chosen = field.type.send(value, field)
        found = [word for key, word in words.items() if key in chosen] + [k for k in chosen if k not in words]
        if any(map(_SEPARATORS.search, found)):
            return json.dumps(found, ensure_ascii=False)
        return between.join(found) or None

    return make


def _words_of(field: Field) -> Mapping[str, str]:
    """key → label; where the label doesn't say which choice is meant, the key itself."""
    every = {o.key: str(o.label or o.key) for o in field.every_option}
    used = Counter(every.values())
    return {
        key: label if used[label] == 1 and label not in every.keys() - {key} else key for key, label in every.items()
    }


_MAKERS: Mapping[str, Callable[[Field], Plain]] = {
    "number": _number,
    "year": _number,
    "money": _money,
    "yes_no": _shown,
    "date": _as_it_is,
    "datetime": _moment,
    "choice": _choice,
    "state": _choice,
    "choices": _choices,
}
