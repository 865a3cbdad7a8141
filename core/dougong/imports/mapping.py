"""What of a sheet goes where: columns to fields, values to values, and what is done with records that are there already."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from dougong.access.fields import HIDDEN, field_level
from dougong.access.principal import current
from dougong.errors import Invalid, Problem
from dougong.i18n import LOCALES, Text, _, speaking
from dougong.imports.sheets import Sheet, text_of
from dougong.imports.values import DATES, NUMBERS, guess_dates, guess_numbers
from dougong.plugin.snapshot import current_snapshot
from dougong.records.fields import Field as RecordField
from dougong.records.types import RecordType
from dougong.records.values import writable

__all__ = [
    "BY_ID",
    "Column",
    "FieldMapping",
    "Step",
    "check",
    "exact",
    "fields_to_fill",
    "keys_of",
    "known_words",
    "needed_to_create",
    "same_words",
    "step_type",
    "suggest",
]

BY_ID = "id"
"""Besides the fields, a column may say which record is meant."""
Short = Annotated[str, Field(max_length=200)]
Existing = Literal["skip", "update", "create", "ask"]
_SAMPLE = 500
_CLOSE = 0.82
_KEYS = ("code", "number")


class Column(BaseModel):
    """A column and the field it fills.

    `values` says what stands for what, compared without regard to case and width. `style` is how days or numbers are
    written (see `values.DATES`, `NUMBERS`). Of a reference, `by` is the field of the other record that stands in the
    cell ("" for its title), `missing` what happens when there is no such record.
    """

    model_config = ConfigDict(extra="forbid")

    heading: Short
    field: Short
    values: dict[Short, Short] = {}
    style: Short = ""
    by: Short = ""
    missing: Literal["refuse", "create", "empty"] = "refuse"


class Step(BaseModel):
    """One record type of a sheet: what each line makes of it.

    `match` are the fields by which a record that is there already is known; none: every line is new. `existing` is what
    happens with one that is there ("ask": the line comes back for somebody to decide), `new` with one that isn't.
    An empty cell leaves what stands in a record, unless `clear`.
    """

    model_config = ConfigDict(extra="forbid")

    record: Short
    columns: Annotated[list[Column], Field(max_length=500)]
    constants: dict[Short, Any] = {}
    match: list[Short] = []
    existing: Existing = "skip"
    new: Literal["create", "skip"] = "create"
    clear: bool = False


class FieldMapping(BaseModel):
    """What is made of each line, one step after the other: customers first, then the people who work there."""

    model_config = ConfigDict(extra="forbid")

    steps: Annotated[list[Step], Field(min_length=1, max_length=20)]


def step_type(step: Step) -> RecordType:
    """The record type of a step. Raises Invalid when there is none of that name, or the person may not bring any in."""
    known = current_snapshot().by_path.get(step.record)
    if known is None:
        raise Invalid(Problem("record", _("There are no records of this type."), step.record, "unknown"))
    return known


def fields_to_fill(record_type: RecordType) -> Mapping[str, RecordField]:
    """What the acting person may bring in."""
    who = current()
    return {
        key: field
        for key, field in record_type.entered.items()
        if writable(record_type, field, who) and field.kind not in _NOT_IN_SHEETS
    }


_NOT_IN_SHEETS = frozenset({"file"})


def needed_to_create(record_type: RecordType) -> set[str]:
    """The fields a new record can't do without, and which hold nothing by themselves."""
    asked = (record_type.required_in({}) | record_type.references_needed) & record_type.entered.keys()
    return {key for key in asked if record_type.fields[key].column.get_default_value() in (None, "")}


def keys_of(record_type: RecordType) -> Mapping[str, RecordField]:
    """What a record may be known by, as far as the person sees it."""
    who = current()
    comparable = {"text", "phone", "email", "url", "serial", "choice", "person", "department", "link", "date", "number"}
    return {
        key: field
        for key, field in record_type.fields.items()
        if (field.kind in comparable and field_level(who, f"{record_type.key}.{key}") != HIDDEN) or key == BY_ID
    }


# ------------------------------------------------------------------ names of columns


def same_words(text: str) -> str:
    """Names of columns are the same whatever their case, width, spaces and signs."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def exact(text: str) -> str:
    """Names of records are the same whatever their case and width, and however many blanks stand between words."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def known_words(record_type: RecordType) -> dict[str, str]:
    """Words a column may be headed by → the field: keys, and labels in every language, also after the record type's
    own as in 客户名称. As `same_words` makes them."""
    fields = {BY_ID: record_type.fields[BY_ID], **fields_to_fill(record_type)}
    keys = [(word, key) for key in fields for word in (key, key.removeprefix("x_"))]
    alone: list[tuple[str, str]] = []
    after_its_own: list[tuple[str, str]] = []
    for locale in LOCALES:
        with speaking(locale):
            alone += [(str(field.label), key) for key, field in fields.items()]
            after_its_own += [(f"{record_type.label} {field.label}", key) for key, field in fields.items()]
    found: dict[str, str] = {}
    for word, key in [*keys, *alone, *after_its_own]:
        found.setdefault(same_words(word), key)
    return {word: key for word, key in found.items() if word}


# ------------------------------------------------------------------ suggestions


def suggest(sheet: Sheet, record_type: RecordType, *, only_exact: bool = False) -> FieldMapping:
    """What seems to be meant: columns by their names, how days and numbers are written by what stands in them.

    `only_exact`: only columns that are headed by a field's key or label.
    """
    headings = sheet.headings
    chosen = _chosen(headings, record_type, only_exact=only_exact)
    sample = list(islice(sheet.lines(), _SAMPLE))
    columns = []
    for place, heading in enumerate(headings):
        if heading in chosen:
            texts = [text_of(line.cells[place]).strip() for line in sample if place < len(line.cells)]
            field = record_type.fields[chosen[heading]]
            columns.append(Column(heading=heading, field=field.key, style=style_of(field, [t for t in texts if t])))
    match = _match(record_type, set(chosen.values()))
    existing: Existing = "update" if set(match) & {BY_ID, *_KEYS} else "skip"
    return FieldMapping(steps=[Step(record=record_type.path, columns=columns, match=match, existing=existing)])


def style_of(field: RecordField, texts: Sequence[str]) -> str:
    """How the days or numbers of a column are written, for fields of such kinds."""
    if field.kind in ("date", "datetime"):
        return guess_dates(texts)
    return guess_numbers(texts) if field.kind in ("number", "money", "year") else ""


def _chosen(headings: Sequence[str], record_type: RecordType, *, only_exact: bool) -> dict[str, str]:
    """heading → field, each field once."""
    known = known_words(record_type)
    found: dict[str, str] = {}
    for heading in headings:
        key = known.get(same_words(heading))
        if key and key not in found.values():
            found[heading] = key
    if only_exact:
        return found
    for heading in headings:
        rest = {word: key for word, key in known.items() if key not in found.values()}
        close = get_close_matches(same_words(heading), rest, 1, _CLOSE) if heading not in found else []
        if close:
            found[heading] = rest[close[0]]
    title = record_type.title._meta.name
    if headings and title not in found.values() and title in fields_to_fill(record_type):
        first = next((h for h in headings if h not in found), None)
        if first is not None:
            found[first] = title
    return found


def _match(record_type: RecordType, mapped: set[str]) -> list[str]:
    """By what a record is known that is there already: its id, a number of its own, else its title."""
    for key in (BY_ID, *_KEYS, record_type.title._meta.name):
        if key in mapped:
            return [key]
    return []


# ------------------------------------------------------------------ checks


def check(mapping: FieldMapping, headings: Sequence[str]) -> None:
    """Raises Invalid naming every column, field and choice that doesn't exist or may not be filled by this person."""
    problems = [
        Problem(f"steps.{number}.{p.field}", p.message, p.value, p.rule)
        for number, step in enumerate(mapping.steps)
        for p in _problems(step, headings)
    ]
    if problems:
        raise Invalid(*problems)


def _problems(step: Step, headings: Sequence[str]) -> Iterable[Problem]:
    record_type = step_type(step)
    mapped = [column.field for column in step.columns] + list(step.constants)
    yield from _wrong_columns(step, record_type, headings)
    for key in sorted({key for key in mapped if mapped.count(key) > 1}):
        label = record_type.fields[key].label if key in record_type.fields else key
        yield Problem("columns", _("“%(label)s” is filled twice.", label=label), key, "twice")
    for key in step.match:
        if key not in keys_of(record_type) or key not in mapped:
            yield Problem("match", _("Records are known by a field that is filled from the file."), key, "match")


def _wrong_columns(step: Step, record_type: RecordType, headings: Sequence[str]) -> Iterable[Problem]:
    fillable = fields_to_fill(record_type)
    for column in step.columns:
        if column.heading not in headings:
            yield Problem(
                "columns", _("There is no column “%(name)s” in the file.", name=column.heading), None, "unknown"
            )
        if column.field not in fillable and column.field not in step.match:
            yield Problem("columns", _no_field(column.field), column.field, "unknown")
        elif column.style not in ("", *DATES, *NUMBERS):
            yield Problem("columns", _("This is not one of the choices."), column.style, "choice")
        elif column.by and not _is_known_by(fillable.get(column.field), column.by):
            yield Problem("columns", _no_field(column.by), column.by, "unknown")
    for key in step.constants:
        if key not in fillable:
            yield Problem("constants", _no_field(key), key, "unknown")
    if not step.columns:
        yield Problem("columns", _("No column of the file goes into a field."), None, "required")


def _is_known_by(field: RecordField | None, key: str) -> bool:
    """Whether what a field refers to may be named by this field of its own."""
    if field is None or field.target is None:
        return False
    return key in keys_of(current_snapshot().records[field.target._meta.tablename])


def _no_field(key: str) -> Text:
    return _("There is no field “%(field)s” here.", field=key)
