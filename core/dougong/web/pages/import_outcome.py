"""What a trial says would happen and what an import did: how far it is, then counts, and what is to be said of lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from dougong.errors import Problem
from dougong.i18n import Text, _, number_text
from dougong.imports.services import Counts, Import, Note, kept_of, notes_of, notes_page, written
from dougong.imports.steps import CREATED, FAILED, OPEN, OUTCOMES, SKIPPED, UNCHANGED, UPDATED, WARNED
from dougong.jobs.watching import Seen, job_if_known
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType
from dougong.web.pages.dialogs import whole_number
from dougong.web.pages.jobs import job_line
from dougong.web.views import (
    Action,
    Banner,
    Cell,
    Column,
    ImportCount,
    ImportOutcomePage,
    JobLine,
    Placeholder,
    Row,
    Tab,
    TableView,
    Tone,
)

__all__ = ["run_page", "state_cell", "trial_page"]

_LINES_AT_ONCE = 50
_COUNTED: Mapping[str, tuple[Text, Tone]] = {
    CREATED: (_("created"), "ok"),
    UPDATED: (_("changed"), "pri"),
    UNCHANGED: (_("unchanged"), ""),
    SKIPPED: (_("left out"), ""),
    FAILED: (_("refused"), "bad"),
}
_TOLD: Mapping[str, Text] = {
    FAILED: _("Refused lines"),
    SKIPPED: _("Lines left out"),
    OPEN: _("Without a reference"),
    WARNED: _("With a remark"),
}
Asked = Mapping[str, str]


# ------------------------------------------------------------------ the two pages


async def trial_page(import_: Import, asked: Asked) -> ImportOutcomePage:
    """What bringing the file in would do."""
    here = f"/imports/{import_.id}/trial"
    job = await job_if_known(import_.trying)
    view = ImportOutcomePage(
        title=import_.name,
        lead=str(_("Nothing has been written yet. This is what would become of the lines.")),
    )
    if import_.trial is None:
        return _under_way(view, import_, job, here, _once_more(import_))
    view = await _with_lines(view, import_, import_.trial, asked, here, tried=True)
    if import_.running:
        return view
    start = Action(str(_("Import")), f"/imports/{import_.id}/run", "file-import", "post", look="primary")
    return replace(view, actions=(start,))


async def run_page(import_: Import, asked: Asked) -> ImportOutcomePage:
    """How far the import is, or what it did."""
    here = f"/imports/{import_.id}/run"
    job = await job_if_known(import_.running)
    view = ImportOutcomePage(title=import_.name, lead="")
    if import_.counts is None or (job is not None and job.is_active):
        return _under_way(view, import_, job, here, (_again(import_),))
    view = await _with_lines(view, import_, import_.counts, asked, here, tried=False)
    view = replace(view, actions=tuple(_afterwards(import_, import_.counts)))
    if import_.finished is None:
        view = replace(view, lead="", banner=_stopped(import_), job=_line(job, import_) if job else None)
    return await _with_undoing(view, import_, here)


def _under_way(
    view: ImportOutcomePage, import_: Import, job: Seen | None, here: str, actions: Sequence[Action]
) -> ImportOutcomePage:
    """The job, watched until its end; then what can be done about one that didn't come to it."""
    if job is not None and job.is_active:
        return replace(view, job=_line(job, import_), watch=here)
    return replace(view, job=_line(job, import_) if job else None, actions=tuple(actions))


def _line(job: Seen, import_: Import) -> JobLine:
    stop = Action(str(_("Cancel")), f"/imports/{import_.id}/stop", "player-stop", "post", look="quiet")
    return replace(job_line(job, named=False), actions=(stop,) if job.may_cancel and job.is_active else ())


def _once_more(import_: Import) -> Sequence[Action]:
    return (Action(str(_("Try once more")), f"/imports/{import_.id}/trial", "refresh", "post"),)


def _stopped(import_: Import) -> Banner:
    looked_at = sum(n for (step, _outcome), n in (import_.counts or Counts()).items() if step == 0)
    said = _(
        "It was stopped: %(done)s of %(lines)s lines were looked at. What came in until then stays, or is taken back.",
        done=number_text(looked_at),
        lines=number_text(import_.lines),
    )
    return Banner(str(said))


def _again(import_: Import) -> Action:
    return Action(str(_("Use the file again")), f"/imports/{import_.id}/again", "repeat", "post")


# ------------------------------------------------------------------ counts


async def _with_lines(
    view: ImportOutcomePage, import_: Import, counts: Counts, asked: Asked, here: str, *, tried: bool
) -> ImportOutcomePage:
    found = [(outcome, _total(counts, outcome)) for outcome in (FAILED, SKIPPED)]
    told = [outcome for outcome, count in found if count]
    told += [
        outcome for outcome in (OPEN, WARNED) if await notes_of(import_, tried=tried, outcomes=(outcome,), limit=1)
    ]
    shown = asked.get("show", "")
    shown = shown if shown in told else next(iter(told), "")
    view = replace(view, counts=tuple(_counts(import_, counts)), lead=view.lead or _done_words(counts))
    if not shown:
        return view
    tabs = tuple(Tab(str(_TOLD[one]), f"{here}?show={one}", one == shown) for one in told)
    return await _with_table(replace(view, tabs=tabs), import_, shown, asked, here, tried=tried)


def _total(counts: Counts, outcome: str) -> int:
    return sum(n for (_step, one), n in counts.items() if one == outcome)


def _done_words(counts: Counts) -> str:
    failed = _total(counts, FAILED)
    if failed:
        return str(_("The file has been brought in, but for %(count)s lines.", count=number_text(failed)))
    return str(_("The file has been brought in."))


def _counts(import_: Import, counts: Counts) -> Iterable[tuple[str, tuple[ImportCount, ...]]]:
    steps = import_.mapping.steps if import_.mapping else []
    for number, step in enumerate(steps):
        numbers = tuple(
            ImportCount(str(_COUNTED[one][0]), number_text(n), _COUNTED[one][1] if n else "")
            for one in OUTCOMES
            for n in [counts[number, one]]
        )
        yield _label(step.record), numbers


def _label(path: str) -> str:
    known = _type_at(path)
    return str(known.plural) if known else path


def _type_at(path: str) -> RecordType | None:
    return current_snapshot().by_path.get(path)


# ------------------------------------------------------------------ lines


async def _with_table(
    view: ImportOutcomePage, import_: Import, outcome: str, asked: Asked, here: str, *, tried: bool
) -> ImportOutcomePage:
    after = whole_number(asked.get("after", "")) or 0
    notes, more = await notes_page(import_, tried=tried, outcome=outcome, after=after, limit=_LINES_AT_ONCE)
    return replace(
        view,
        table=_table(import_, notes, _TOLD[outcome]),
        earlier_href=f"{here}?{urlencode({'show': outcome})}" if after else "",
        more_href=f"{here}?{urlencode({'show': outcome, 'after': more})}" if more else "",
    )


def _table(import_: Import, notes: Sequence[Note], label: Text) -> TableView:
    several = import_.mapping is not None and len(import_.mapping.steps) > 1
    columns = [Column("line", str(_("Line")), "start", "side1")]
    columns += [Column("step", str(_("Record")), "start", "")] if several else []
    columns += [
        Column("field", str(_("Field")), "start", "meta"),
        Column("value", str(_("Value")), "start", "side2"),
        Column("reason", str(_("Reason")), "start", "title"),
    ]
    rows = [
        _row(import_, note, problem, several=several)
        for note in notes
        for problem in (note.problems or [Problem("", _TOLD[note.outcome])])
    ]
    return TableView(str(label), tuple(columns), tuple(rows), Placeholder(str(_("Nothing here"))))


def _row(import_: Import, note: Note, problem: Problem, *, several: bool) -> Row:
    path = import_.mapping.steps[note.step].record if import_.mapping else ""
    record_type = _type_at(path)
    field = record_type.fields.get(problem.field) if record_type else None
    line = number_text(note.line)
    cells = [Cell("text", str(_("Line %(line)s", line=line)))]
    cells += [Cell("text", str(record_type.label) if record_type else path)] if several else []
    value = "" if problem.value is None else str(problem.value)[:200]
    cells += [
        Cell("text", str(field.label) if field else problem.field),
        Cell("text", value, hint=value),
        Cell("text", str(problem.message), hint=str(problem.message)),
    ]
    return Row(f"{note.line}", tuple(cells), label=line)


# ------------------------------------------------------------------ afterwards


def _afterwards(import_: Import, counts: Counts) -> Iterable[Action]:
    if _total(counts, FAILED):
        yield Action(str(_("Refused lines as a file")), f"/imports/{import_.id}/failed", "file-download")
    if import_.undoing is None and written(import_):
        yield Action(str(_("Undo this import")), f"/imports/{import_.id}/undo", "arrow-back-up", "post")
    yield _again(import_)
    for path in dict.fromkeys(step.record for step in (import_.mapping.steps if import_.mapping else ())):
        record_type = _type_at(path)
        if record_type is not None and record_type.menu:
            label = _("To the %(what)s", what=str(record_type.plural).lower())
            yield Action(
                str(label), f"/{path}", record_type.icon, look="primary" if path == import_.record else "secondary"
            )


async def _with_undoing(view: ImportOutcomePage, import_: Import, here: str) -> ImportOutcomePage:
    """What became of taking it back."""
    if import_.undoing is None:
        return view
    if import_.undone is None:
        job = await job_if_known(import_.undoing)
        active = job is not None and job.is_active
        return replace(
            view, job=replace(job_line(job, named=False), actions=()) if job else None, watch=here if active else ""
        )
    restored, kept = import_.undone.get("restored", 0), import_.undone.get("kept", 0)
    said = _("The import has been taken back: %(count)s records.", count=number_text(restored))
    if not kept:
        return replace(view, lead=str(said), banner=Banner(str(said), "ok"))
    lines = tuple(_kept_words(one) for one in await kept_of(import_))
    stays = _("What people changed since stays as it is: %(count)s.", count=number_text(kept))
    return replace(view, lead=str(said), banner=Banner(str(stays), "warn", lines=lines))


def _kept_words(kept: Mapping[str, Any]) -> str:
    return str(_("%(title)s: %(reason)s", title=kept.get("title") or "#", reason=kept["reason"]))


# ------------------------------------------------------------------ in the list of imports


async def state_cell(import_: Import) -> Cell:
    """Where an import stands, in a word."""
    words, tone = await _state(import_)
    return Cell("status", str(words), tone=tone)


async def _state(import_: Import) -> tuple[Text, Tone]:
    if import_.undone is not None:
        return _("Taken back"), ""
    if import_.finished is not None:
        failed = _total(import_.counts or Counts(), FAILED)
        return (
            (_("Imported, %(count)s refused", count=number_text(failed)), "warn") if failed else (_("Imported"), "ok")
        )
    if import_.running:
        job = await job_if_known(import_.running)
        return (_("Stopped"), "bad") if job is None or not job.is_active else (_("Running"), "pri")
    return (_("Tried"), "vio") if import_.trial is not None else (_("Being prepared"), "")
