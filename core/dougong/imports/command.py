"""A file brought in from the command line: the same as in the browser, waited for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from dougong.access.principal import acting_as, system
from dougong.errors import DougongError, Invalid, Problem
from dougong.i18n import _
from dougong.imports import jobs, services
from dougong.imports.mapping import FieldMapping, fields_to_fill, suggest
from dougong.imports.refused import file_name, reasons_of, write_refused
from dougong.imports.saved import applied, saved_mappings
from dougong.imports.services import Import
from dougong.imports.steps import FAILED, WARNED
from dougong.jobs.runner import run_now
from dougong.jobs.tables import CANCELLED, DONE, PARKED, JobRow
from dougong.records.types import RecordType

__all__ = ["first_reasons", "import_file", "last_line"]

_PAUSE = 0.5
Report = Callable[[int, int], None]


async def import_file(
    record_type: RecordType, file: Path, mapping: str, *, dry_run: bool, report: Report, existing: str = ""
) -> dict[str, Any]:
    """Bring a file in as the acting person and wait for the end; what came of it, for programs too.

    `mapping` is the name of a saved one, or a file that holds one as JSON; without it, columns go by their headings:
    keys or labels of fields. `report` hears how many of how many lines are done. Refused lines are written beside the
    file. Raises Invalid when no column is known, or the job's own error.
    """
    import_ = await services.receive(record_type, file.name, _content(file))
    import_ = await _arranged(import_, mapping, existing)
    job = await (jobs.try_out(import_) if dry_run else jobs.start(import_))
    await _wait(job, report)
    import_ = await services.import_at(import_.id)
    counts = import_.trial if dry_run else import_.counts
    found: dict[str, Any] = dict(services.totals(counts or services.Counts()))
    found["warned"] = await services.count_notes(import_, tried=dry_run, outcome=WARNED)
    found["failed_file"] = await _refused(import_, file) if found["failed"] and not dry_run else None
    return {**found, "import": import_.id, "dry_run": dry_run}


async def first_reasons(number: int, most: int, *, tried: bool) -> list[str]:
    """What is wrong with the first of the refused lines, in words."""
    import_ = await services.import_at(number)
    notes = await services.notes_of(import_, tried=tried, outcomes=(FAILED, WARNED), limit=most)
    words = _("Line %(line)s: %(why)s")
    return [str(words % {"line": n.line, "why": "; ".join(reasons_of(import_, n.step, n.problems))}) for n in notes]


async def _content(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as source:
        while piece := source.read(1 << 20):
            yield piece


async def _arranged(import_: Import, mapping: str, existing: str) -> Import:
    async with services.sheet_of(import_) as sheet:
        headings = sheet.headings
        chosen = suggest(sheet, import_.record_type, only_exact=True)
    if mapping:
        chosen = await _named(import_.record_type, mapping, headings)
    elif not chosen.steps[0].columns:
        known = ", ".join(f"{field.label} ({key})" for key, field in fields_to_fill(import_.record_type).items())
        message = _(
            "No column is headed by a field: %(headings)s. Known are: %(known)s.",
            headings=", ".join(headings),
            known=known,
        )
        raise Invalid(Problem("file", message, import_.name, "columns"))
    if existing:
        for step in chosen.steps:
            step.existing = existing  # type: ignore[assignment]
    return await services.arrange(import_, import_.format, chosen.model_dump())


async def _named(record_type: RecordType, name: str, headings: tuple[str, ...]) -> FieldMapping:
    path = Path(name)
    if path.suffix == ".json" and path.is_file():  # noqa: ASYNC240 - a command has nothing else to do
        return services.read_mapping(path.read_text(encoding="utf-8"))  # noqa: ASYNC240
    for saved in await saved_mappings(record_type):
        if saved.name == name:
            return applied(saved.mapping, headings)
    raise Invalid(Problem("mapping", _("There is no mapping called “%(name)s”.", name=name), name, "unknown"))


async def _wait(job: int, report: Report) -> None:
    """Do the job, unless a server that runs beside has taken it; then wait for its end."""
    work = asyncio.create_task(run_now(job))
    while True:
        await asyncio.wait({work}, timeout=_PAUSE)
        row = await _row(job)
        report(row["done"], row["total"] or 0)
        if row["state"] in (DONE, CANCELLED, PARKED):
            await work
            if row["state"] != DONE:
                raise DougongError(row["error"] or _("It was stopped."))
            return
        if work.done():
            work.result()
            await asyncio.sleep(_PAUSE)
            work = asyncio.create_task(run_now(job))


async def _row(job: int) -> dict[str, Any]:
    with acting_as(system("watch a job", frozenset({"dougong_job"}))):
        row = await JobRow.select().where(JobRow.id == job).first()
    assert row is not None
    return dict(row)


async def _refused(import_: Import, file: Path) -> str:
    into = file.with_name(file_name(import_))
    try:
        await write_refused(import_, into)
    except OSError:  # beside the file nothing may be written
        into = Path.cwd() / into.name
        await write_refused(import_, into)
    return str(into)


def last_line(found: dict[str, Any]) -> str:
    """For programs that read what a command says."""
    return json.dumps(found, ensure_ascii=False)
