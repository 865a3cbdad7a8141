"""An import taken back: piece by piece, what people changed since kept and listed."""

from __future__ import annotations

from typing import Any

from dougong.db import transaction
from dougong.errors import NotFound, Refused
from dougong.i18n import Text, _
from dougong.imports import services
from dougong.imports.services import KEPT, Import, import_at
from dougong.imports.tables import ImportRun
from dougong.jobs import enqueue, job, step
from dougong.jobs.watching import job_if_known
from dougong.records.undo import Kept, Undone, undo_piece

__all__ = ["take_back", "take_import_back"]

PIECE = 1000
_DAY = 24 * 60


async def take_back(import_: Import) -> int:
    """Ask for an import to be taken back, as far as it came; answers the job.

    Raises Refused for one that runs, wrote nothing, or is being taken back.
    """
    if import_.undoing is not None:
        raise Refused(_("This import has been taken back already."))
    job = await job_if_known(import_.running)
    if job is not None and job.is_active:
        raise Refused(_("This import hasn't come to its end yet."))
    if not services.written(import_):
        raise Refused(_("This import wrote nothing."))
    async with transaction():
        number = await enqueue(take_import_back, import_.id)
        await services.keep_job(import_.id, ImportRun.undoing, number)
    return number


@job(label=_("Undo of an import"), unique="undo-import-{number}", minutes=_DAY, one_batch=True)
async def take_import_back(number: int) -> None:
    """The records touched last go first; once more over what others referred to, as long as that helps."""
    import_ = await import_at(number)
    if not import_.batch:
        raise NotFound
    while True:
        async with step(_("Undo of the import of “%(file)s”", file=import_.name)) as work:
            below, restored, kept, before = work.cursor or [None, 0, 0, 0]
            found, rest = await undo_piece(import_.batch, below=below, size=PIECE)
            if found is not None:
                restored += found.count
                kept += await _note(number, found)
            again = rest is None and before < restored and kept > 0
            if again:  # what was kept for the sake of records that are gone by now
                await services.forget_notes(number, tried=False, outcomes=(KEPT,))
                kept, before = 0, restored
            work.cursor = [rest, restored, kept, before]
            work.done, work.total = restored, max(restored, services.written(import_))
            if rest is None and not again:
                await services.keep_undone(number, {"restored": restored, "kept": kept})
                return


async def _note(number: int, found: Undone) -> int:
    """What stays as it is, and why."""
    notes = [(0, 0, KEPT, _said(kept)) for kept in found.kept]
    await services.note_lines(number, notes, tried=False)
    return len(found.kept)


def _said(kept: Kept) -> Any:
    """As JSON can hold it; values in the words of whoever asked."""
    field = kept.field
    return {
        "record": kept.record_type.path if kept.record_type else None,
        "id": kept.record_id,
        "title": kept.title,
        "field": field.key if field else None,
        "rule": kept.rule,
        "reason": kept.reason.dump() if isinstance(kept.reason, Text) else str(kept.reason),
        "by": kept.by,
        "then": field.type.show(kept.then, field) if field and kept.then is not None else None,
        "now": field.type.show(kept.now, field) if field and kept.now is not None else None,
    }
