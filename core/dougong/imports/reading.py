"""What a line says, as what is typed into a form: texts by field, in the ways that values are read everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from functools import cached_property
from typing import Any

from dougong.errors import Problem
from dougong.exports.csv_file import unguarded
from dougong.i18n import LOCALES, _, speaking
from dougong.imports.mapping import BY_ID, Column, Step, exact
from dougong.imports.sheets import Line, text_of
from dougong.imports.values import DATES, NUMBERS, plain_date, plain_number
from dougong.records.fields import Field
from dougong.records.kinds import BIGGEST_INT
from dougong.records.types import RecordType

__all__ = ["Reader", "Said"]


@dataclass
class Said:
    """A line, read for one step: `values` by field as a form would send them, `names` of references not looked up yet.

    `doubtful` are names that several records have: fine for a record that refers to one of them already.
    """

    line: Line
    values: dict[str, Any]
    names: dict[str, str]
    problems: list[Problem]
    doubtful: dict[str, str] = dataclass_field(default_factory=dict)


class Reader:
    """Reads the lines of a sheet for one step. `guarded`: an apostrophe may stand before what would be a formula."""

    def __init__(self, step: Step, record_type: RecordType, headings: Sequence[str], *, guarded: bool = False) -> None:
        self.step = step
        self.record_type = record_type
        self.cells = [
            _Cell(column, record_type.fields[column.field], headings.index(column.heading)) for column in step.columns
        ]
        self.guarded = guarded
        self.constants = {key: _plain(value) for key, value in step.constants.items()}

    @cached_property
    def references(self) -> Mapping[str, Column]:
        """The columns that name another record."""
        return {cell.field.key: cell.column for cell in self.cells if cell.field.target is not None}

    def read(self, line: Line) -> Said:
        said = Said(line, dict(self.constants), {}, [])
        for cell in self.cells:
            value = line.cells[cell.place] if cell.place < len(line.cells) else None
            if self.guarded and isinstance(value, str):
                value = unguarded(value)
            try:
                cell.read(value, said, clear=self.step.clear)
            except ValueError:
                text = text_of(value).strip()
                said.problems.append(Problem(cell.field.key, cell.complaint % {"value": text}, text, "type"))
        return said


def _plain(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


class _Cell:
    """One column, and how what stands in it becomes a value of its field."""

    def __init__(self, column: Column, field: Field, place: int) -> None:
        self.column = column
        self.field = field
        self.place = place
        self.replaced = {exact(said): meant for said, meant in column.values.items()}
        self._read = self._way()

    @property
    def complaint(self) -> Any:
        if self.field.kind in ("date", "datetime"):
            return _("“%(value)s” is not a date written like the others.")
        return _("“%(value)s” is not a number written like the others.")

    def read(self, value: Any, said: Said, *, clear: bool) -> None:
        """Into what was said. ValueError for a day or a number that is none."""
        text = text_of(value).strip()
        if self.replaced and exact(text) in self.replaced:
            value = text = self.replaced[exact(text)]
        if not text:
            if clear:
                said.values[self.field.key] = ""
        elif self.field.target is not None:
            said.names[self.field.key] = text
        else:
            said.values[self.field.key] = self._read(value, text)

    def _way(self) -> Callable[[Any, str], Any]:
        kind, style = self.field.kind, self.column.style
        if self.field.key == BY_ID:
            return lambda value, text: _record_number(text)
        if kind in ("date", "datetime"):
            length = 10 if kind == "date" else None  # a time behind a mere day says nothing
            return lambda value, text: _moment(value, text, style if style in DATES else "ymd")[:length]
        if kind in ("number", "money", "year"):
            return lambda value, text: _number(value, text, style if style in NUMBERS else "point")
        if kind in ("choice", "state"):
            return lambda value, text: self.options.get(exact(text), text)
        return lambda value, text: text

    @cached_property
    def options(self) -> Mapping[str, str]:
        """What a choice may be called, in every language → its key; those switched off since, too: they may stand there."""
        found: dict[str, str] = {}
        for locale in LOCALES:
            with speaking(locale):
                for option in [*self.field.options, *self.field.every_option]:
                    for word in (option.key, str(option.label or option.key)):
                        found.setdefault(exact(word), option.key)
        return found


def _moment(value: Any, text: str, style: str) -> str:
    return text if isinstance(value, dt.date | dt.datetime) else plain_date(text, style)


def _number(value: Any, text: str, style: str) -> str:
    return text if isinstance(value, int | float) else plain_number(text, style)


def _record_number(text: str) -> int:
    number = int(plain_number(text, "point"))
    if not 0 < number <= BIGGEST_INT:
        raise ValueError(text)
    return number
