"""Lists as CSV: UTF-8 with a mark by which Excel knows it, commas, every value in quotes that needs them (RFC 4180).

A spreadsheet takes a text that begins with = + - @ for a formula and works it out. So such a text gets an apostrophe
before it, which an import takes off again (`unguarded`).
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import BinaryIO

from dougong.exports.columns import Cell, Column

__all__ = ["CsvFile", "guarded", "unguarded"]

_BEGINS_A_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_MARK = b"\xef\xbb\xbf"


class CsvFile:
    """Written line by line into a file that is open for bytes."""

    media_type = "text/csv"

    def __init__(self, file: BinaryIO, name: str, columns: Sequence[Column]) -> None:
        file.write(_MARK)
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._writer = csv.writer(self._text)
        self._writer.writerow([guarded(column.heading) for column in columns])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._writer.writerows([text_of(cell) for cell in row] for row in rows)

    def close(self) -> None:
        """Leaves the file open, for whoever opened it."""
        self._text.detach()

    discard = close


def text_of(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return guarded(cell)
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return cell.isoformat(sep=" ") if isinstance(cell, dt.datetime) else str(cell)


def guarded(text: str) -> str:
    """The text so that no spreadsheet works it out."""
    return f"'{text}" if _BEGINS_A_FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text that was guarded; any other as it is."""
    return text[1:] if text.startswith("'") and _BEGINS_A_FORMULA.match(text) else text
