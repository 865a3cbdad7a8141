"""Making the file of a list: read as it is at one moment, page by page, written beside people's requests, remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from dougong.access.policies import rows as rows_reached
from dougong.access.principal import current
from dougong.access.rights import may, within_reach
from dougong.db import engine, reading
from dougong.errors import Forbidden, Invalid, Problem, Unavailable
from dougong.exports.columns import Column, columns_of, every_key
from dougong.exports.csv_file import CsvFile
from dougong.exports.log import remember
from dougong.exports.workbook import Workbook
from dougong.i18n import _
from dougong.records.queries import Query, each_page, fields_named, titles_in
from dougong.records.types import RecordType

__all__ = ["EXPORT", "FORMATS", "Export", "export", "of_records"]

EXPORT = "export"
"""The right it takes, which reaches the records that may go into a file."""
FORMATS: Mapping[str, type[CsvFile | Workbook]] = {"xlsx": Workbook, "csv": CsvFile}
AT_ONCE = 1_000
_MANY = 500
_turns = asyncio.Semaphore(2)
"""So many files are made at a time: each keeps a connection, and the others work on."""
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Export:
    """What is asked for: the question of a list, whatever page of it is shown, and its columns by field key. Without
    columns: the id, and every field that can be seen."""

    query: Query
    format: str = "csv"
    keys: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.keys)) or ("id", *every_key(self.query.record_type))


async def export(asked: Export, file: BinaryIO) -> int:
    """Write what a list finds into a file that is open for bytes, and remember it; how many records it holds.

    Records beyond what the acting person may export are left out. Forbidden for who may export none; Invalid for a
    question the list itself would refuse, an unknown format, and for more than a workbook holds;
    Unavailable where there is no room for the file.
    """
    record_type = asked.query.record_type
    if not may(current(), record_type, EXPORT):
        raise Forbidden
    if asked.format not in FORMATS:
        message = _("This must be one of %(known)s.", known=", ".join(FORMATS))
        raise Invalid(Problem("format", message, asked.format, "choice"))
    async with _turns:
        try:
            count = await _write(asked, file)
        except OSError as err:
            raise Unavailable(_("The file can't be written right now: %(why)s.", why=str(err))) from err
    await remember(asked.query, asked.columns, asked.format, count)
    return count


def of_records(record_type: RecordType, record_ids: Sequence[int]) -> Any:
    """The filter that finds these records, however many: a list of values has its length."""
    parts = [["id", "in", list(record_ids[at : at + _MANY])] for at in range(0, len(record_ids), _MANY)]
    return {"or": parts}


async def _write(asked: Export, file: BinaryIO) -> int:
    record_type = asked.query.record_type
    keys = fields_named(record_type, asked.columns)
    columns = columns_of(record_type, asked.columns)
    sheet = FORMATS[asked.format](file, str(record_type.plural), columns)
    count = 0
    try:
        async with reading(), aclosing(each_page(replace(asked.query, fields=keys), AT_ONCE)) as pages:
            async for page in pages:
                rows = await _reached(record_type, page)
                titles = await titles_in(record_type, asked.columns, rows)
                await asyncio.to_thread(_put, sheet, columns, rows, titles)
                count += len(rows)
        await asyncio.to_thread(sheet.close)
    except BaseException:
        sheet.discard()
        raise
    return count


async def _reached(record_type: RecordType, page: Sequence[Row]) -> Sequence[Row]:
    """Those that the right to export reaches: it may reach less than what is seen."""
    if rows_reached(record_type, EXPORT, current(), engine(), "t") is None:
        return page
    reached = await within_reach(record_type, EXPORT, [row["id"] for row in page])
    return [row for row in page if row["id"] in reached]


def _put(
    sheet: CsvFile | Workbook, columns: Sequence[Column], rows: Sequence[Row], titles: Mapping[str, Mapping[int, str]]
) -> None:
    named = [(column.key, column.cell, titles.get(column.key, {})) for column in columns]
    sheet.write([cell(row[key], known) for key, cell, known in named] for row in rows)
