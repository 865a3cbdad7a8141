"""The lines that were refused, in a file like the one they came in, with the reason behind each."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dougong.errors import NotFound, Problem
from dougong.i18n import _
from dougong.imports.services import Import, notes_of, sheet_of
from dougong.imports.sheets import Format, Sheet, rows_of
from dougong.imports.steps import FAILED
from dougong.plugin.snapshot import current_snapshot

__all__ = ["REASON", "file_name", "reasons_of", "write_refused"]

REASON = _("Why it was not imported")
_AT_ONCE = 500


def file_name(import_: Import) -> str:
    """As the file was called, with a word that tells it apart."""
    stem, dot, ending = import_.name.rpartition(".")
    word = _("not imported")
    return f"{stem} ({word}){dot}{ending}" if stem else f"{ending} ({word})"


async def write_refused(import_: Import, into: Path) -> int:
    """Write the refused lines as they stood in the file, and why; answers how many. NotFound where there are none.

    What is corrected in it can be brought in the same way: the further column is no field's.
    """
    reasons = await _reasons(import_)
    if not reasons:
        raise NotFound
    async with sheet_of(import_) as sheet:
        write = _write_csv if import_.format.kind == "csv" else _write_workbook
        await asyncio.to_thread(write, into, import_.format, _rows(sheet, reasons))
    return len(reasons)


async def _reasons(import_: Import) -> dict[int, str]:
    found: dict[int, list[str]] = {}
    after = 0
    while notes := await notes_of(import_, tried=False, outcomes=(FAILED,), after=after, limit=_AT_ONCE):
        for note in notes:
            found.setdefault(note.line, []).extend(reasons_of(import_, note.step, note.problems))
        after = notes[-1].line
    return {line: "; ".join(dict.fromkeys(said)) for line, said in found.items()}


def reasons_of(import_: Import, step: int, problems: Sequence[Problem]) -> list[str]:
    """In words, each with the field it is about."""
    path = import_.mapping.steps[step].record if import_.mapping else ""
    record_type = current_snapshot().by_path.get(path)
    fields: Mapping[str, Any] = record_type.fields if record_type else {}
    return [f"{fields[p.field].label}: {p.message}" if p.field in fields else str(p.message) for p in problems]


def _rows(sheet: Sheet, reasons: Mapping[int, str]) -> Iterator[list[Any]]:
    headed = sheet.format.headed
    for line in rows_of(sheet.path, sheet.format):
        if headed:
            headed = False
            width = len(line.cells)
            yield [*line.cells, str(REASON)]
        elif line.number in reasons:
            width = len(line.cells) if not sheet.format.headed else max(width, len(line.cells))
            yield [*line.cells, *[""] * (width - len(line.cells)), reasons[line.number]]


def _write_csv(into: Path, format_: Format, rows: Iterator[list[Any]]) -> None:
    # a reason may hold what the file's own encoding doesn't
    with into.open("w", encoding=format_.encoding, errors="replace", newline="") as file:
        csv.writer(file, delimiter=format_.delimiter).writerows(rows)


def _write_workbook(into: Path, format_: Format, rows: Iterator[list[Any]]) -> None:
    """Values as they were, text as text: nothing that begins with “=” becomes a formula."""
    from xlsxwriter import Workbook  # only for who asks for one

    with Workbook(into, {"constant_memory": True, "remove_timezone": True}) as book:
        sheet = book.add_worksheet(format_.sheet[:31] or None)
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for number, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                _write_cell(sheet, number, place, cell, day, moment)


def _write_cell(sheet: Any, row: int, place: int, cell: Any, day: Any, moment: Any) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, str):
        sheet.write_string(row, place, cell)
    elif isinstance(cell, dt.datetime):
        sheet.write_datetime(row, place, cell, day if cell.time() == dt.time() else moment)
    elif isinstance(cell, dt.date):
        sheet.write_datetime(row, place, cell, day)
    else:
        sheet.write(row, place, cell)
