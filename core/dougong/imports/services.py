"""Files that people bring in: received, arranged, tried, brought in by a job, and handed back where lines were refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dougong.access.principal import acting_as, current, system
from dougong.access.rights import may
from dougong.access.services.principals import on_behalf
from dougong.db import current_transaction
from dougong.errors import Forbidden, Invalid, NotFound, Problem, Refused, model_problems
from dougong.files.names import clean_name
from dougong.files.store import current_store, kept_by
from dougong.i18n import Text, _
from dougong.imports.guesses import guess_format
from dougong.imports.mapping import FieldMapping, check, known_words, step_type, suggest
from dougong.imports.sheets import Format, Sheet
from dougong.imports.steps import CREATED, FAILED, OUTCOMES, UPDATED
from dougong.imports.tables import IMPORTS, ImportNote, ImportRun
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType

__all__ = [
    "IMPORT",
    "Counts",
    "Import",
    "Note",
    "again",
    "arrange",
    "at_hand",
    "import_at",
    "imports_of",
    "keep_counts",
    "keep_trial",
    "may_import",
    "need_to_import",
    "note_lines",
    "notes_of",
    "notes_page",
    "receive",
    "sheet_of",
]

IMPORT = "import"
"""The right to bring records of a type in from a file."""
LATER = "later"
"""The outcome of a note that waits: a reference to what comes further down."""
KEPT = "kept"
"""The outcome of a note about a record that stayed as it is when the import was taken back."""
MOST_BYTES = 200 << 20
_WHY = "keep imports and what became of their lines"
_AT_ONCE = 500
Counts = Counter[tuple[int, str]]
"""How many lines had which outcome, by step."""


@dataclass(frozen=True)
class Import:
    """A file that somebody brings in. `trying`, `running`, `undoing` are numbers of jobs.

    `trial` is None before the trial's end. `counts` tells of the lines so far; of every line when `finished` is set.
    """

    id: int
    record: str
    name: str
    digest: str
    size: int
    lines: int
    format: Format
    mapping: FieldMapping | None
    user: int
    staff: int | None
    created: dt.datetime
    trying: int | None
    trial: Counts | None
    running: int | None
    counts: Counts | None
    batch: str
    finished: dt.datetime | None
    undoing: int | None
    undone: Mapping[str, int] | None

    @property
    def record_type(self) -> RecordType:
        """NotFound when its plugin is off."""
        known = current_snapshot().by_path.get(self.record)
        if known is None:
            raise NotFound
        return known


@dataclass(frozen=True)
class Note:
    """What is to be said of a line: its outcome in a step, and why."""

    line: int
    step: int
    outcome: str
    problems: Sequence[Problem]


def may_import(record_type: RecordType) -> bool:
    """Whether the acting person may bring such records in."""
    who = current()
    return may(who, record_type, IMPORT) and (may(who, record_type, "create") or may(who, record_type, "edit"))


def need_to_import(record_type: RecordType) -> None:
    """Forbidden for whoever may not bring such records in."""
    if not may_import(record_type):
        raise Forbidden


# ------------------------------------------------------------------ coming in


async def receive(record_type: RecordType, name: str, content: AsyncIterator[bytes]) -> Import:
    """Take a file in and look how it is to be read. Raises Invalid for one that can't be, TooLarge, Forbidden."""
    need_to_import(record_type)
    cleaned = clean_name(name)
    async with current_store().receive(content, MOST_BYTES) as draft:
        if draft.size == 0:
            raise Invalid(Problem("file", _("The file is empty."), cleaned, "empty"))
        await draft.keep()
        digest, size = draft.digest, draft.size
    async with at_hand(digest) as path:
        known = known_words(record_type)
        format_ = await asyncio.to_thread(guess_format, path, known)
        sheet = Sheet(path, format_)
        lines = await asyncio.to_thread(_count, sheet)
        mapping = await asyncio.to_thread(suggest, sheet, record_type) if lines else None
    return await _put_down(record_type.path, cleaned, (digest, size, lines), format_, mapping)


async def again(import_: Import) -> Import:
    """The same file, arranged in the same way, as a new import: of one that was stopped or taken back, or for others."""
    need_to_import(import_.record_type)
    content = (import_.digest, import_.size, import_.lines)
    return await _put_down(import_.record, import_.name, content, import_.format, import_.mapping)


async def _put_down(
    record: str, name: str, content: tuple[str, int, int], format_: Format, mapping: FieldMapping | None
) -> Import:
    who = current()
    digest, size, lines = content
    row = ImportRun(
        record=record,
        name=name,
        digest=digest,
        size=size,
        lines=lines,
        format=format_.model_dump_json(),
        mapping=mapping.model_dump_json() if mapping else "",
        by_user=who.user,
        by_staff=who.staff,
        created=dt.datetime.now(dt.UTC),
    )
    with acting_as(on_behalf(_WHY, IMPORTS)):
        [made] = await ImportRun.insert(row).returning(ImportRun.id)
    return await import_at(made["id"])


def _count(sheet: Sheet) -> int:
    return sum(1 for _line in sheet.lines())


@asynccontextmanager
async def at_hand(digest: str) -> AsyncIterator[Path]:
    """The content of a file, as one that can be read from any place; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dougong-import-") as directory:
        path = Path(directory, "file")
        with path.open("wb") as file:  # noqa: ASYNC230 - written beside the loop
            async for piece in await current_store().read(digest):
                await asyncio.to_thread(file.write, piece)
        yield path


@asynccontextmanager
async def sheet_of(import_: Import) -> AsyncIterator[Sheet]:
    """Its file, read as was arranged."""
    async with at_hand(import_.digest) as path:
        yield Sheet(path, import_.format)


@kept_by
async def _named(digests: Set[str]) -> Set[str]:
    wanted, found = sorted(digests), set[str]()
    with acting_as(system(_WHY, IMPORTS)):
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            query = ImportRun.select(ImportRun.digest).where(ImportRun.digest.is_in(part))
            found |= set(await query.output(as_list=True))
    return found


# ------------------------------------------------------------------ arranging


async def arrange(import_: Import, format_: Format, given: Any = None) -> Import:
    """Say how the file is read and what of it goes where; without a mapping, one is suggested anew.

    Raises Invalid naming what is wrong, Refused once it is being brought in.
    """
    if import_.running:
        raise Refused(_("This file has been brought in already."))
    async with at_hand(import_.digest) as path:
        sheet = Sheet(path, format_)
        lines, headings = await asyncio.to_thread(lambda: (_count(sheet), sheet.headings))
        if given is None:
            mapping = await asyncio.to_thread(suggest, sheet, import_.record_type)
        else:
            mapping = read_mapping(given)
    check(mapping, headings)
    for step in mapping.steps:
        need_to_import(step_type(step))
    values: dict[Any, Any] = {
        ImportRun.format: format_.model_dump_json(),
        ImportRun.mapping: mapping.model_dump_json(),
        ImportRun.lines: lines,
        ImportRun.trying: None,
        ImportRun.trial: "",
    }
    await _write(import_.id, values)
    return await import_at(import_.id)


def read_mapping(given: Any) -> FieldMapping:
    """From JSON or what it holds. Raises Invalid."""
    try:
        if isinstance(given, str):
            return FieldMapping.model_validate_json(given)
        return FieldMapping.model_validate(given)
    except ValidationError as err:
        raise Invalid(*model_problems(err)) from err


# ------------------------------------------------------------------ what there is


async def import_at(number: int) -> Import:
    """One's own import; those who may do everything see every one. NotFound."""
    with acting_as(on_behalf(_WHY, IMPORTS)):
        row = await ImportRun.select().where(ImportRun.id == number).first()
    who = current()
    if row is None or not (who.admin or row["by_user"] == who.user):
        raise NotFound
    return _import(row)


async def imports_of(*, before: int | None = None, limit: int = 50) -> list[Import]:
    """One's own imports, the newest first; everybody's for those who may do everything."""
    who = current()
    with acting_as(on_behalf(_WHY, IMPORTS)):
        query = ImportRun.select().order_by(ImportRun.id, ascending=False).limit(limit)
        if not who.admin:
            query = query.where(ImportRun.by_user == who.user)
        if before is not None:
            query = query.where(ImportRun.id < before)
        return [_import(row) for row in await query]


def _import(row: Mapping[str, Any]) -> Import:
    return Import(
        id=row["id"],
        record=row["record"],
        name=row["name"],
        digest=row["digest"],
        size=row["size"],
        lines=row["lines"],
        format=Format.model_validate_json(row["format"]),
        mapping=FieldMapping.model_validate_json(row["mapping"]) if row["mapping"] else None,
        user=row["by_user"],
        staff=row["by_staff"],
        created=row["created"],
        trying=row["trying"],
        trial=_counts(row["trial"]),
        running=row["running"],
        counts=_counts(row["counts"]),
        batch=row["batch"],
        finished=row["finished"],
        undoing=row["undoing"],
        undone=json.loads(row["undone"]) if row["undone"] else None,
    )


def _counts(text: str) -> Counts | None:
    return Counter({(step, outcome): n for step, outcome, n in json.loads(text)}) if text else None


def _dumped(counts: Counts) -> str:
    return json.dumps([[step, outcome, n] for (step, outcome), n in sorted(counts.items())])


async def keep_trial(number: int, counts: Counts) -> None:
    """At the end of a trial."""
    await _write(number, {ImportRun.trial: _dumped(counts)})


async def keep_counts(number: int, counts: Counts, *, finished: dt.datetime | None = None) -> None:
    """With each piece of an import, in its transaction: whatever ends it, what came in is known and can go back."""
    running = current_transaction()
    batch = running.batch if running else ""
    await _write(number, {ImportRun.counts: _dumped(counts), ImportRun.batch: batch, ImportRun.finished: finished})


async def keep_job(number: int, column: Any, job: int) -> None:
    await _write(number, {column: job})


async def _write(number: int, values: Mapping[Any, Any]) -> None:
    with acting_as(on_behalf(_WHY, IMPORTS)):
        await ImportRun.update(dict(values)).where(ImportRun.id == number)


# ------------------------------------------------------------------ what is said of lines


async def note_lines(number: int, notes: Sequence[tuple[int, int, str, Any]], *, tried: bool) -> None:
    """Keep what is to be said: line, step, outcome, and what JSON can hold."""
    rows = [
        ImportNote(
            run=number, tried=tried, line=line, step=step, outcome=outcome, said=json.dumps(said, ensure_ascii=False)
        )
        for line, step, outcome, said in notes
    ]
    with acting_as(on_behalf(_WHY, IMPORTS)):
        for start in range(0, len(rows), _AT_ONCE):
            await ImportNote.insert(*rows[start : start + _AT_ONCE])


async def forget_notes(number: int, *, tried: bool, outcomes: Sequence[str] = ()) -> None:
    """Of an earlier attempt; all of them, or those with certain outcomes."""
    wanted: Any = (ImportNote.run == number) & (ImportNote.tried == tried)
    if outcomes:
        wanted &= ImportNote.outcome.is_in(list(outcomes))
    with acting_as(on_behalf(_WHY, IMPORTS)):
        await ImportNote.delete().where(wanted)


async def keep_undone(number: int, counts: Mapping[str, int]) -> None:
    """At the end of taking back: how many records went back, and how much was kept."""
    await _write(number, {ImportRun.undone: json.dumps(dict(counts))})


def written(import_: Import) -> int:
    """How many records it created or changed."""
    return sum(n for (_step, outcome), n in (import_.counts or Counts()).items() if outcome in (CREATED, UPDATED))


async def put_off(number: int, limit: int = 500) -> list[tuple[int, int, int, Any]]:
    """References that wait for what came further down: the note, its line and step, and what was said."""
    with acting_as(on_behalf(_WHY, IMPORTS)):
        rows = await (
            ImportNote.select()
            .where((ImportNote.run == number) & (ImportNote.outcome == LATER))
            .order_by(ImportNote.id)
            .limit(limit)
        )
    return [(row["id"], row["line"], row["step"], json.loads(row["said"])) for row in rows]


async def settled(notes: Sequence[int]) -> None:
    """They wait no more."""
    if notes:
        with acting_as(on_behalf(_WHY, IMPORTS)):
            await ImportNote.delete().where(ImportNote.id.is_in(list(notes)))


async def notes_of(
    import_: Import, *, tried: bool, outcomes: Sequence[str] = (FAILED,), after: int = 0, limit: int = 100
) -> list[Note]:
    """What is said of the lines, in their order; `after` is a line number."""
    with acting_as(on_behalf(_WHY, IMPORTS)):
        rows = await (
            ImportNote.select()
            .where(
                (ImportNote.run == import_.id)
                & (ImportNote.tried == tried)
                & (ImportNote.outcome.is_in(list(outcomes)))
                & (ImportNote.line > after)
            )
            .order_by(ImportNote.line, ImportNote.id)
            .limit(limit)
        )
    return [Note(row["line"], row["step"], row["outcome"], _problems(row["said"])) for row in rows]


async def count_notes(import_: Import, *, tried: bool, outcome: str) -> int:
    """How many lines have something said of this kind."""
    with acting_as(on_behalf(_WHY, IMPORTS)):
        return int(
            await ImportNote.count().where(
                (ImportNote.run == import_.id) & (ImportNote.tried == tried) & (ImportNote.outcome == outcome)
            )
        )


async def notes_page(
    import_: Import, *, tried: bool, outcome: str, after: int = 0, limit: int = 100
) -> tuple[Sequence[Note], int | None]:
    """About so many of them, no line torn apart, and the line to go on after; None at the end."""
    found = await notes_of(import_, tried=tried, outcomes=(outcome,), after=after, limit=limit + 1)
    if len(found) <= limit:
        return found, None
    whole = [note for note in found if note.line != found[-1].line] or found
    return whole, whole[-1].line


async def kept_of(import_: Import, *, limit: int = 200) -> list[dict[str, Any]]:
    """What stayed when the import was taken back: record, title, field, and why, in words."""
    with acting_as(on_behalf(_WHY, IMPORTS)):
        rows = await (
            ImportNote.select(ImportNote.said)
            .where((ImportNote.run == import_.id) & (ImportNote.outcome == KEPT))
            .order_by(ImportNote.id)
            .limit(limit)
        )
    said = [json.loads(row["said"]) for row in rows]
    return [{**one, "reason": str(Text.load(one["reason"]))} for one in said]


def dump_problems(problems: Sequence[Problem]) -> Any:
    return [
        {"field": p.field, "message": p.message.dump() if isinstance(p.message, Text) else str(p.message), "rule": p.rule,
         "value": p.value if isinstance(p.value, str | int | float | bool) or p.value is None else str(p.value)}
        for p in problems
    ]  # fmt: skip


def _problems(text: str) -> list[Problem]:
    said = json.loads(text)
    return [Problem(p["field"], Text.load(p["message"]), p["value"], p["rule"]) for p in said]


def totals(counts: Counts) -> dict[str, int]:
    """Over all steps, by outcome; each one named."""
    found = dict.fromkeys(OUTCOMES, 0)
    for (_step, outcome), n in counts.items():
        found[outcome] += n
    return found
