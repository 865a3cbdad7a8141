"""Sheets as people hand them in: CSV in whatever encoding, and Excel workbooks, read line by line in constant memory."""

from __future__ import annotations

import csv
import datetime as dt
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from pydantic import BaseModel, ConfigDict

from dougong.errors import Invalid, Problem
from dougong.i18n import _

__all__ = ["Format", "Line", "Sheet", "rows_of", "sheet_names", "text_of"]

MOST_COLUMNS = 500
MOST_UNPACKED = 2 << 30
"""Bytes of a workbook once unpacked; what is larger is made to break things."""
LONGEST_CELL = 1 << 20
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
csv.field_size_limit(LONGEST_CELL)
NO_WORKBOOK = _("This is not an Excel workbook (.xlsx) that can be read.")
_BROKEN = (zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, OSError, AttributeError, TypeError)


class Format(BaseModel):
    """How a file is read. `kind` is "csv" or "xlsx"; the first two further are a CSV's, `sheet` a workbook's.

    `headed`: the first line that isn't empty names the columns.
    """

    model_config = ConfigDict(frozen=True)

    kind: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""
    headed: bool = True


@dataclass(frozen=True)
class Line:
    """One line that isn't empty. `number` counts as the program does that shows the file, from 1."""

    number: int
    cells: Sequence[Any]


@dataclass(frozen=True)
class Sheet:
    """A file read in one way: the names of its columns, and its lines as often as somebody goes through them."""

    path: Path
    format: Format

    @cached_property
    def headings(self) -> tuple[str, ...]:
        """As the first line has them, those without a name by their place ("#3"); equal ones are told apart by "(2)"."""
        first = next(rows_of(self.path, self.format), None)
        if first is None:
            return ()
        named = self.format.headed
        return _told_apart([text_of(c).strip() if named else "" for c in first.cells[:MOST_COLUMNS]])

    def lines(self) -> Iterator[Line]:
        """Those that hold something, the headings not among them."""
        found = rows_of(self.path, self.format)
        if self.format.headed:
            next(found, None)
        yield from found


def _told_apart(names: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for place, name in enumerate(names, 1):
        made = wanted = name or f"#{place}"
        times = 1
        while made in found:
            times += 1
            made = f"{wanted} ({times})"
        found.append(made)
    return tuple(found)


def rows_of(path: Path, format_: Format) -> Iterator[Line]:
    """Every line that isn't empty. Raises Invalid where the file isn't what the format says."""
    return _csv_rows(path, format_) if format_.kind == "csv" else _workbook_rows(path, format_)


def _csv_rows(path: Path, format_: Format) -> Iterator[Line]:
    with path.open(encoding=format_.encoding, newline="") as file:
        reader = csv.reader(file, delimiter=format_.delimiter)
        number = 1
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield Line(number, cells)
                number = reader.line_num + 1
        except UnicodeError as err:  # of UTF-16 also that the mark is missing
            raise _unreadable(_("It is not written in %(encoding)s.", encoding=format_.encoding)) from err
        except csv.Error as err:
            raise _unreadable(_("Line %(line)s can't be read: %(why)s", line=number, why=str(err))) from err


def _workbook_rows(path: Path, format_: Format) -> Iterator[Line]:
    with _workbook(path) as book:
        if format_.sheet and format_.sheet not in book.sheetnames:
            raise _unreadable(_("There is no sheet “%(sheet)s”.", sheet=format_.sheet))
        sheet = book[format_.sheet or book.sheetnames[0]]
        sheet.reset_dimensions()  # what a file says of its own size is often wrong
        for number, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            if any(c is not None and text_of(c).strip() for c in cells):
                yield Line(number, [_unescaped(c) for c in cells])


def _unescaped(cell: Any) -> Any:
    """Characters that XML has no place for are written as _x000D_, and the library leaves them so."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), cell) if isinstance(cell, str) else cell


def sheet_names(path: Path) -> Sequence[str]:
    """The sheets of a workbook, in its order."""
    with _workbook(path) as book:
        return list(book.sheetnames)


@contextmanager
def _workbook(path: Path) -> Iterator[Any]:
    from openpyxl import load_workbook  # 200 ms to import: only for who brings in a workbook

    with path.open("rb") as file:  # given a name, the library judges by its ending
        try:
            with zipfile.ZipFile(file) as parts:
                if sum(part.file_size for part in parts.infolist()) > MOST_UNPACKED:
                    raise _unreadable(_("Unpacked, this workbook is too large."))
            book = load_workbook(file, read_only=True, data_only=True)
        # What people hand in may be broken in any way, and the library has no one error for it.
        except _BROKEN as err:
            raise _unreadable(NO_WORKBOOK) from err
        try:
            yield book
        except (zipfile.BadZipFile, ParseError) as err:
            raise _unreadable(NO_WORKBOOK) from err
        finally:
            book.close()


def _unreadable(message: Any) -> Invalid:
    return Invalid(Problem("file", message, None, "format"))


def text_of(cell: Any) -> str:
    """A cell as text that reads the same in every program: days as 2026-09-30, numbers with a point."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time() else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, dt.date):
        return cell.isoformat()
    if isinstance(cell, dt.time):
        return cell.strftime("%H:%M")
    return str(cell)
