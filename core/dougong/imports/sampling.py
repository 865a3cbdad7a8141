"""The beginning of a file, to be looked at before anything is decided: its columns, first lines, and what stands in each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from dougong.errors import Problem
from dougong.imports.known import Known, Ledger, name_key
from dougong.imports.mapping import Column, Step
from dougong.imports.reading import Reader, Said
from dougong.imports.sheets import Line, Sheet, text_of
from dougong.plugin.snapshot import current_snapshot
from dougong.records.fields import Field
from dougong.records.kinds import WrongValue
from dougong.records.types import RecordType
from dougong.records.values import is_empty

__all__ = ["WORDS", "Glimpse", "Reading", "Word", "look_into", "read_sample", "words_of"]

LOOKED_AT = 5_000
"""So many lines are looked at: the trial goes through all of them."""
WORDS = 200
"""So many different words of a column are told apart."""
_SAMPLES = 3
MOST_KNOWN = 20_000
"""Of more records than these it isn't told beforehand which are known by their names: the trial finds out."""
WORDY = frozenset({"choice", "state", "yes_no"})
"""Fields with few values, told apart one by one; so are references."""


@dataclass(frozen=True)
class Glimpse:
    """What is known of a file from its first lines."""

    headings: tuple[str, ...]
    lines: Sequence[Line]
    is_whole: bool
    guarded: bool = False
    """Whether an apostrophe may stand before what would be a formula."""

    def texts(self, heading: str) -> list[str]:
        """What stands in a column, cells that hold nothing left out."""
        return [text for text in self._columns[self.headings.index(heading)] if text]

    def samples(self, heading: str) -> list[str]:
        """The first few different ones."""
        return list(islice(dict.fromkeys(self.texts(heading)), _SAMPLES))

    def first(self, heading: str) -> Any:
        """The first cell that holds something, as it stands there; None without one."""
        place = self.headings.index(heading)
        cells = (line.cells[place] for line in self.lines if place < len(line.cells))
        return next((cell for cell in cells if text_of(cell).strip()), None)

    @cached_property
    def _columns(self) -> list[list[str]]:
        return [
            [text_of(line.cells[place]).strip() if place < len(line.cells) else "" for line in self.lines]
            for place in range(len(self.headings))
        ]


def look_into(sheet: Sheet) -> Glimpse:
    """Reads at most `LOOKED_AT` lines. Raises Invalid where the file isn't what its format says."""
    lines = list(islice(sheet.lines(), LOOKED_AT + 1))
    return Glimpse(sheet.headings, lines[:LOOKED_AT], len(lines) <= LOOKED_AT, sheet.format.kind == "csv")


# ------------------------------------------------------------------ how a column would be read


@dataclass(frozen=True)
class Reading:
    """What the first cell of a column says, and what it would become; `problem` where it would be refused."""

    said: str
    becomes: str = ""
    problem: Problem | None = None


def read_sample(glimpse: Glimpse, column: Column, record_type: RecordType) -> Reading | None:
    """How the first cell of a column is read; None for a column without anything in it."""
    cell = glimpse.first(column.heading)
    if cell is None:
        return None
    text, said = text_of(cell).strip(), _read(glimpse, cell, column, record_type)
    if said.problems:
        return Reading(text, problem=said.problems[0])
    if column.field in said.names:
        return Reading(text, said.names[column.field])
    return _shown(text, said.values.get(column.field), record_type.fields[column.field])


def _shown(text: str, value: Any, field: Field) -> Reading:
    if is_empty(value):
        return Reading(text)
    try:
        return Reading(text, field.type.show(field.type.read(value, field), field))
    except WrongValue as wrong:
        return Reading(text, problem=Problem(field.key, wrong.message, text, wrong.rule))


def _read(glimpse: Glimpse, cell: Any, column: Column, record_type: RecordType) -> Said:
    """One cell, as the import itself will read it."""
    step = Step(record=record_type.path, columns=[column])
    return Reader(step, record_type, [column.heading], guarded=glimpse.guarded).read(Line(1, (cell,)))


# ------------------------------------------------------------------ the words of a column


@dataclass(frozen=True)
class Word:
    """A value of a column, how often it stands there, and whether it is known; None: that only the trial finds out."""

    text: str
    times: int
    known: bool | None


async def words_of(
    glimpse: Glimpse, column: Column, record_type: RecordType, ledger: Ledger
) -> tuple[list[Word], bool]:
    """The different values of a column whose field has few, unknown ones first; and whether these are all of them."""
    field = record_type.fields[column.field]
    if field.target is None and field.kind not in WORDY:
        return [], True
    counted = Counter(glimpse.texts(column.heading))
    shown = counted.most_common(WORDS)
    known = await _known_names(column, field, ledger) if field.target is not None else None
    words = [Word(text, times, _is_known(glimpse, text, column, record_type, known)) for text, times in shown]
    words.sort(key=lambda word: word.known is not False)
    return words, glimpse.is_whole and len(shown) == len(counted)


async def _known_names(column: Column, field: Field, ledger: Ledger) -> Known | None:
    """The records a reference may name; None where there are too many to read them for a look."""
    assert field.target is not None
    other = current_snapshot().records[field.target._meta.tablename]
    if len(await other.table.select(other.table.id).limit(MOST_KNOWN + 1)) > MOST_KNOWN:
        return None
    return await ledger.of(other, [column.by or other.title._meta.name])


def _is_known(glimpse: Glimpse, text: str, column: Column, record_type: RecordType, known: Known | None) -> bool | None:
    field, said = record_type.fields[column.field], _read(glimpse, text, column, record_type)
    if field.target is not None:
        return known.find(name_key(said.names.get(field.key, ""))) is not None if known else None
    return not said.problems and _shown(text, said.values.get(field.key), field).problem is None
