"""A file to be filled in: the headings that an import understands, one example line, and how each column is written."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from dougong.exports.columns import look_of
from dougong.exports.workbook import sheet_name
from dougong.i18n import Text, _, today
from dougong.imports.mapping import fields_to_fill, needed_to_create
from dougong.records.fields import Field
from dougong.records.types import RecordType

__all__ = ["BLANKS", "write_blank_csv", "write_blank_workbook"]

_ROWS_CHECKED = 10_000
"""So many rows below the headings offer the choices of their column."""
_ALWAYS = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""When a template was made is of no interest: it is the same every time."""
_HOW: Mapping[str, Text] = {
    "date": _("A day, such as 2026-09-30"),
    "datetime": _("A day and a time, such as 2026-09-30 14:00"),
    "number": _("A number"),
    "year": _("A year, such as 2026"),
    "money": _("An amount"),
    "yes_no": _("Yes or no"),
    "choice": _("One of the choices"),
    "state": _("One of the choices"),
    "choices": _("Several of the choices, with commas between them"),
    "phone": _("A phone number"),
    "email": _("An e-mail address"),
    "url": _("A web address"),
}
_EXAMPLES: Mapping[str, Callable[[Field], str]] = {
    "date": lambda field: today().isoformat(),
    "datetime": lambda field: f"{today().isoformat()} 09:00",
    "number": lambda field: "100",
    "year": lambda field: str(today().year),
    "money": lambda field: "1000.00",
    "yes_no": lambda field: str(_("Yes")),
    "choice": lambda field: next(iter(_choices(field)), ""),
    "choices": lambda field: str(_(", ")).join(_choices(field)[:2]),
    "phone": lambda field: "13800138000",
    "email": lambda field: "name@example.com",
    "url": lambda field: "https://www.example.com",
}


def _columns(record_type: RecordType) -> list[tuple[Field, str]]:
    """Each field with its heading; the star behind what every record needs is no part of the name when it is read."""
    needed = needed_to_create(record_type)
    fields = fields_to_fill(record_type)
    used = Counter(str(field.label) for field in fields.values())
    ordered = sorted(fields, key=lambda key: key not in needed)
    names = {key: str(field.label) if used[str(field.label)] == 1 else key for key, field in fields.items()}
    return [(fields[key], f"{names[key]} *" if key in needed else names[key]) for key in ordered]


def _example(record_type: RecordType, field: Field) -> str:
    if field.key == record_type.title._meta.name and field.kind == "text":
        return str(_("Example, delete this line"))
    return _EXAMPLES.get(field.kind, lambda _field: "")(field)


def _choices(field: Field) -> Sequence[str]:
    return [str(option.label or option.key) for option in field.options]


def _how(field: Field) -> str:
    if field.target is not None:
        return str(_("The name of a record that is there already"))
    return str(_HOW.get(field.kind, _("Text")))


# ------------------------------------------------------------------ the two formats


def write_blank_csv(record_type: RecordType, into: BinaryIO) -> None:
    """With the mark by which Excel and WPS know its encoding."""
    text = io.TextIOWrapper(into, encoding="utf-8-sig", newline="", write_through=True)
    columns = _columns(record_type)
    writer = csv.writer(text)
    writer.writerow([heading for _field, heading in columns])
    writer.writerow([_example(record_type, field) for field, _heading in columns])
    text.detach()


def write_blank_workbook(record_type: RecordType, into: BinaryIO) -> None:
    """The sheet to fill in, where cells offer their choices; and a second one that explains it."""
    from xlsxwriter import Workbook  # only for who asks for one

    columns = _columns(record_type)
    with Workbook(into, {"in_memory": True}) as book:
        book.set_properties({"created": _ALWAYS})
        bold, text = book.add_format({"bold": True, "num_format": "@"}), book.add_format({"num_format": "@"})
        sheet, notes = (
            book.add_worksheet(sheet_name(str(record_type.plural))),
            book.add_worksheet(str(_("How to fill it in"))),
        )
        sheet.freeze_panes(1, 0)
        _explain(notes, columns, bold)
        for place, (field, heading) in enumerate(columns):
            sheet.set_column(place, place, max(12, 2 * len(heading)), book.add_format({"num_format": look_of(field)}))
            sheet.write_string(0, place, heading, bold)
            if example := _example(record_type, field):
                sheet.write_string(1, place, example, text)
            if field.kind in ("choice", "yes_no"):
                _offer(sheet, notes.get_name(), place, len(_offered(field)))


_FIRST_CHOICE = 3
_HEADS = (_("Column"), _("Required"), _("What to write"), _("Choices"))


def _explain(notes: Any, columns: Sequence[tuple[Field, str]], bold: Any) -> None:
    """A row for each column, its choices side by side."""
    notes.set_column(0, 0, 20)
    notes.set_column(2, 2, 40)
    for place, head in enumerate(_HEADS):
        notes.write_string(0, place, str(head), bold)
    for row, (field, heading) in enumerate(columns, 1):
        required = str(_("Yes")) if heading.endswith(" *") else ""
        for place, words in enumerate((str(field.label), required, _how(field), *_offered(field))):
            notes.write_string(row, place, words)


def _offered(field: Field) -> Sequence[str]:
    if field.kind == "yes_no":
        return [str(_("Yes")), str(_("No"))]
    return _choices(field) if field.kind in ("choice", "choices", "state") else []


def _offer(sheet: Any, notes: str, place: int, count: int) -> None:
    """The choices of a column, out of its row of the second sheet; another value is warned of, not refused."""
    from xlsxwriter.utility import xl_rowcol_to_cell

    if not count:
        return
    first = xl_rowcol_to_cell(place + 1, _FIRST_CHOICE, row_abs=True, col_abs=True)
    last = xl_rowcol_to_cell(place + 1, _FIRST_CHOICE + count - 1, row_abs=True, col_abs=True)
    quoted = notes.replace("'", "''")
    rule = {"validate": "list", "source": f"='{quoted}'!{first}:{last}", "error_type": "warning"}
    sheet.data_validation(1, place, _ROWS_CHECKED, place, rule)


BLANKS: Mapping[str, Callable[[RecordType, BinaryIO], None]] = {"xlsx": write_blank_workbook, "csv": write_blank_csv}
