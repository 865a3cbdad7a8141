"""Bringing a file in, or trying to, beside people's requests."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from dougong.db import transaction
from dougong.errors import Refused
from dougong.i18n import _
from dougong.imports import services
from dougong.imports.mapping import check, step_type
from dougong.imports.pieces import PIECE, Piece, Whole, pieces_of
from dougong.imports.services import Counts, Import, dump_problems, import_at
from dougong.imports.steps import CREATED, UPDATED, WARNED, Later
from dougong.imports.tables import ImportRun
from dougong.jobs import at_work, enqueue, job, step
from dougong.records.entry import entering_by

__all__ = ["bring_in", "start", "try_import", "try_out"]

_DAY = 24 * 60


async def try_out(import_: Import) -> int:
    """Ask for a trial: what bringing the file in would do, line by line. Answers the job."""
    async with transaction():
        number = await enqueue(try_import, import_.id)
        await services.keep_job(import_.id, ImportRun.trying, number)
    return number


async def start(import_: Import) -> int:
    """Ask for the file to be brought in. Raises Refused when it was before. Answers the job."""
    if import_.mapping is None:
        raise Refused(_("There is nothing in this file."))
    if import_.running:
        raise Refused(_("This file has been brought in already."))
    async with transaction():
        number = await enqueue(bring_in, import_.id)
        await services.keep_job(import_.id, ImportRun.running, number)
    return number


async def _whole(import_: Import, sheet: Any) -> Whole:
    assert import_.mapping is not None
    check(import_.mapping, sheet.headings)
    for one in import_.mapping.steps:
        services.need_to_import(step_type(one))
    return Whole(sheet, import_.mapping)


@job(label=_("Try an import"), minutes=_DAY)
async def try_import(number: int) -> None:
    """Always from the beginning: nothing of an earlier attempt is left."""
    import_ = await import_at(number)
    await services.forget_notes(number, tried=True)
    counts: Counts = Counter()
    async with services.sheet_of(import_) as sheet:
        whole = await _whole(import_, sheet)
        await whole.prepare(trying=True)
        done = 0
        async for lines in pieces_of(sheet, size=PIECE):
            async with step() as work:
                with entering_by("import"):
                    piece = await whole.try_out(lines)
                await services.note_lines(number, _notes(piece), tried=True)
                done += len(lines)
                work.done, work.total = done, import_.lines
                counts += piece.counts
    async with step() as work:
        await services.keep_trial(number, counts)
        work.cursor = "end"


@job(label=_("Import"), unique="import-{number}", minutes=_DAY, one_batch=True)
async def bring_in(number: int) -> None:
    """Piece by piece, each with how far it came: whatever happens between two of them, no line is taken twice."""
    import_ = await import_at(number)
    if import_.undoing is not None:
        raise Refused(_("This import has been taken back already."))
    async with services.sheet_of(import_) as sheet:
        whole = await _whole(import_, sheet)
        await whole.prepare()
        place, counts = at_work().cursor or 0, import_.counts or Counter()
        async for lines in pieces_of(sheet, after=place, size=PIECE):
            async with step(_reason(import_)) as work:
                with entering_by("import"):
                    piece = await whole.take(lines)
                await services.note_lines(number, [*_notes(piece), *_put_off(piece)], tried=False)
                counts += piece.counts
                work.done, work.total = work.done + len(lines), import_.lines
                await services.keep_counts(number, counts)
                work.cursor = lines[-1].number
        await _settle(import_, whole, counts)


def _reason(import_: Import) -> Any:
    return _("Import of “%(file)s”", file=import_.name)


def _notes(piece: Piece) -> list[tuple[int, int, str, Any]]:
    """What is remarked of a record that came in is a warning."""
    return [
        (line, number, WARNED if told.outcome in (CREATED, UPDATED) else told.outcome, dump_problems(told.problems))
        for line, number, told in piece.told
    ]


def _put_off(piece: Piece) -> list[tuple[int, int, str, Any]]:
    return [(line, number, services.LATER, [one.record_id, one.field, one.name]) for line, number, one in piece.later]


async def _settle(import_: Import, whole: Whole, counts: Counts) -> None:
    """The references that were put off, then the end."""
    while True:
        async with step(_reason(import_)) as work:
            waiting = await services.put_off(import_.id)
            for number in sorted({step for _id, _line, step, _said in waiting}):
                later = [(line, Later(*said)) for _id, line, one, said in waiting if one == number]
                with entering_by("import"):
                    told = await whole.settle(number, later)
                notes = [(line, n, outcome.outcome, dump_problems(outcome.problems)) for line, n, outcome in told]
                await services.note_lines(import_.id, notes, tried=False)
            await services.settled([note for note, *_rest in waiting])
            if not waiting:
                await services.keep_counts(import_.id, counts, finished=dt.datetime.now(dt.UTC))
                return
            work.words = _("Putting in what refers to later lines")
