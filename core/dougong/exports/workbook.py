"""Lists as an Excel workbook: text is text and never a formula, numbers and days are what a sheet calculates with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import suppress
from decimal import Decimal
from tempfile import TemporaryDirectory
from typing import BinaryIO

from dougong.errors import Invalid, Problem
from dougong.exports.columns import Cell, Column
from dougong.i18n import _, number_text

__all__ = ["Workbook", "sheet_name"]

MOST_ROWS = 1_048_575
"""Below the headings; more fit on no sheet."""
LONGEST = 32_767
"""As many UTF-16 units fit into a cell."""
_DIGITS = 15
"""More of a number than these no spreadsheet keeps."""
_FIRST_DAY = dt.date(1900, 3, 1)
"""Before it spreadsheets don't agree what day it is."""
_WIDTHS = {"@": 20, "yyyy-mm-dd": 12, "yyyy-mm-dd hh:mm": 17}


class Workbook:
    """Written row by row, one of which at a time stays in memory, into a file that is open for bytes."""

    media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def __init__(self, file: BinaryIO, name: str, columns: Sequence[Column]) -> None:
        import xlsxwriter  # 130 ms to import: only for who makes a workbook

        self._parts = TemporaryDirectory(prefix="dougong-export-")
        self._book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": self._parts.name})
        self._sheet = self._book.add_worksheet(sheet_name(name))
        self._text = self._book.add_format({"num_format": "@"})
        looks = {column.look for column in columns}
        known = {look: self._book.add_format({"num_format": look}) for look in looks}
        self._formats = [known[column.look] for column in columns]
        self._row = 0
        self._write_head(columns)

    def _write_head(self, columns: Sequence[Column]) -> None:
        bold = self._book.add_format({"bold": True, "num_format": "@"})
        self._sheet.freeze_panes(1, 0)
        for at, column in enumerate(columns):
            self._sheet.set_column(at, at, _WIDTHS.get(column.look, 14))
            self._sheet.write_string(0, at, column.heading, bold)

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Raises Invalid for what no sheet holds: too many rows, too long a text."""
        for row in rows:
            self._row += 1
            if self._row > MOST_ROWS:
                raise _too_much(
                    _("A workbook holds at most %(most)s records; export them as CSV.", most=number_text(MOST_ROWS))
                )
            for at, cell in enumerate(row):
                if cell is not None:
                    self._put(at, cell)

    def _put(self, at: int, cell: Cell) -> None:
        sheet, row = self._sheet, self._row
        if isinstance(cell, dt.date) and _is_kept(cell):
            sheet.write_datetime(row, at, cell, self._formats[at])
        elif isinstance(cell, int | Decimal) and len(Decimal(cell).normalize().as_tuple().digits) <= _DIGITS:
            sheet.write_number(row, at, cell, self._formats[at])
        else:
            text = format(cell, "f") if isinstance(cell, Decimal) else str(cell)
            if len(text.encode("utf-16-le")) > LONGEST * 2:
                raise _too_much(
                    _("One of the texts has more than %(most)s characters, which no cell of a workbook holds; export as CSV.",
                      most=number_text(LONGEST))
                )  # fmt: skip
            sheet.write_string(row, at, text, self._text)

    def close(self) -> None:
        """Puts the parts together; the file stays open, for whoever opened it. OSError where there is no room."""
        from xlsxwriter.exceptions import FileCreateError

        try:
            self._book.close()
        except FileCreateError as err:
            raise OSError(str(err)) from err
        finally:
            self._parts.cleanup()

    def discard(self) -> None:
        """Leaves nothing behind of a workbook that isn't finished but what stands in its file."""
        with suppress(OSError):
            self.close()


def _is_kept(day: dt.date) -> bool:
    """Whether a spreadsheet's number for it says the same day and moment again."""
    if isinstance(day, dt.datetime):
        return day.date() >= _FIRST_DAY and day.microsecond == 0
    return day >= _FIRST_DAY


def _too_much(message: object) -> Invalid:
    return Invalid(Problem("format", message, None, "range"))  # type: ignore[arg-type]


def sheet_name(name: str) -> str:
    """As Excel lets a sheet be called."""
    allowed = "".join(" " if c in "[]:*?/\\" else c for c in name).strip("' ")
    return allowed[:31] or "1"
