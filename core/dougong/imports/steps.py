"""One step of an import on some lines: read, find what is there already, then create and change by the set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from piccolo.columns.combination import WhereRaw

from dougong.access.principal import current
from dougong.db import engine
from dougong.errors import DougongError, Invalid, Problem
from dougong.i18n import Text, _
from dougong.imports.known import SEVERAL, Known, Ledger, name_key
from dougong.imports.mapping import BY_ID, Step, exact, step_type
from dougong.imports.reading import Reader, Said
from dougong.imports.sheets import Line, Sheet
from dougong.plugin.snapshot import current_snapshot
from dougong.records import references
from dougong.records.desk import changed_values
from dougong.records.fields import Field
from dougong.records.gate import ids
from dougong.records.intake import change_each, create_each
from dougong.records.types import RecordType
from dougong.records.values import read_values

__all__ = [
    "CREATED",
    "FAILED",
    "OPEN",
    "OUTCOMES",
    "SKIPPED",
    "UNCHANGED",
    "UPDATED",
    "WARNED",
    "Later",
    "Outcome",
    "StepAtWork",
]

CREATED, UPDATED, UNCHANGED, SKIPPED, FAILED = OUTCOMES = ("created", "updated", "unchanged", "skipped", "failed")
OPEN, WARNED = "open", "warned"
"""Besides these, of a record that came in: without a reference, or with something to look at."""
SEVERAL_KNOWN = _("Several records are known by this; it is not clear which is meant.")
THERE_ALREADY = _("It is there already.")
NOT_THERE = _("There is no such record yet.")
NO_REFERENCE = _("There is no %(what)s “%(name)s”, or you may not see it.")
SEVERAL_REFERENCES = _("There are several %(what)s called “%(name)s”.")


@dataclass(frozen=True)
class Outcome:
    """What became of a line: one of OUTCOMES, the record, and what speaks against it."""

    outcome: str
    record_id: int | None = None
    problems: Sequence[Problem] = ()


@dataclass(frozen=True)
class Later:
    """A reference to a record that comes further down in the same file."""

    record_id: int
    field: str
    name: str


@dataclass
class Done:
    """What one step made of some lines, by their numbers."""

    outcomes: dict[int, Outcome] = field(default_factory=dict)
    later: list[tuple[int, Later]] = field(default_factory=list)

    def fail(self, said: Said, *problems: Problem) -> None:
        self.outcomes[said.line.number] = Outcome(FAILED, None, problems)


class StepAtWork:
    """A step with everything it goes by. `coming` are the names of the records that the file itself brings, by type."""

    def __init__(self, step: Step, sheet: Sheet, ledger: Ledger, coming: Mapping[str, Collection[int]]) -> None:
        self.step = step
        self.record_type = step_type(step)
        self.reader = Reader(step, self.record_type, sheet.headings, guarded=sheet.format.kind == "csv")
        self.ledger = ledger
        self.coming = coming

    async def prepare(self) -> None:
        """Find out what is there now."""
        if self.step.match:
            await self.ledger.of(self.record_type, self.step.match)
        for key, column in self.reader.references.items():
            other = self.other(key)
            await self.ledger.of(other, [column.by or other.title._meta.name])

    def key_of(self, said: Said) -> tuple[str, int] | None:
        """The record type and what the line's record is known by; None where the file doesn't say."""
        if not self.step.match:
            return None
        found = Known(self.record_type, self.step.match).key_of({**self._comparable(said), **said.names})
        return None if found is None else (self.record_type.key, found)

    async def take(self, lines: Sequence[Line]) -> Done:
        """In the order of the lines: what an earlier one creates is there for a later."""
        done = Done()
        waiting = [self.reader.read(line) for line in lines]
        await self._look_up(waiting, done)
        while waiting:
            waiting = await self._take_round([s for s in waiting if s.line.number not in done.outcomes], done)
        return done

    # ------------------------------------------------------------------ references

    async def _look_up(self, lines: Sequence[Said], done: Done) -> None:
        for key, column in self.reader.references.items():
            field_, other = self.record_type.fields[key], self.other(key)
            by = column.by or other.title._meta.name
            known = await self.ledger.of(other, [by])
            missing: dict[str, list[Said]] = {}
            for said in lines:
                if key in said.names:
                    name = said.names[key]
                    found = known.find(known.key_of({by: _comparable(other.fields[by], name)}))
                    if found == SEVERAL:
                        said.doubtful[key] = said.names.pop(key)
                    elif found is not None:
                        said.values[key] = found
                        del said.names[key]
                    else:
                        missing.setdefault(exact(name), []).append(said)
            if missing:
                await self._missing(field_, column.missing, other, by, missing)
        for said in lines:
            if said.problems:
                done.fail(said, *said.problems)

    def other(self, key: str) -> RecordType:
        target = self.record_type.fields[key].target
        assert target is not None
        return current_snapshot().records[target._meta.tablename]

    async def _missing(
        self, field_: Field, what: str, other: RecordType, by: str, missing: Mapping[str, Sequence[Said]]
    ) -> None:
        """References to what isn't there: made, left out, put off until the file brought it, or refused."""
        if what == "create":
            await self._make(field_, other, by, missing)
        coming = self.coming.get(other.key, ())
        for said in (said for lines in missing.values() for said in lines if field_.key in said.names):
            name = said.names[field_.key]
            if what == "empty":
                del said.names[field_.key]
            elif name_key(name) not in coming or self._needed(field_.key):
                said.problems.append(_wrong(field_, self.no_reference(field_.key, several=False), name))

    def no_reference(self, key: str, *, several: bool) -> Text:
        """Why a reference could not be put in; the name is still to be filled in."""
        other = self.other(key)
        return SEVERAL_REFERENCES % {"what": other.plural} if several else NO_REFERENCE % {"what": other.label}

    def _needed(self, key: str) -> bool:
        return key in self.record_type.references_needed or self.record_type.fields[key].required

    async def _make(self, field_: Field, other: RecordType, by: str, missing: Mapping[str, Sequence[Said]]) -> None:
        """Records that have nothing but their name."""
        firsts = {number: lines[0].names[field_.key] for number, lines in enumerate(missing.values())}
        made = await create_each(other.table, {number: {by: name} for number, name in firsts.items()})
        for number, lines in enumerate(missing.values()):
            for said in lines:
                if number in made.taken:
                    said.values[field_.key] = made.taken[number]
                    del said.names[field_.key]
                else:
                    said.problems += [
                        _wrong(field_, p.message, firsts[number]) for p in _problems_of(made.refused[number])
                    ]
        for number, record_id in made.taken.items():
            self.ledger.came_in(other, record_id, {by: firsts[number]})

    # ------------------------------------------------------------------ what is there already

    async def _take_round(self, lines: Sequence[Said], done: Done) -> list[Said]:
        """Lines that don't speak of the same record; answers those that have to wait for them."""
        known = await self.ledger.of(self.record_type, self.step.match) if self.step.match else None
        new: dict[int, Said] = {}
        there: dict[int, Said] = {}
        busy: set[int] = set()
        waiting: list[Said] = []
        for said in lines:
            key = known.key_of(self._comparable(said)) if known else None
            record_id = known.find(key) if known else None
            if key is not None and key in busy:
                waiting.append(said)
                continue
            if key is not None:
                busy.add(key)
            self._sort(said, record_id, new, there, done)
        await self._create(new, done)
        await self._change(there, done)
        return waiting

    def _comparable(self, said: Said) -> dict[str, Any]:
        return {key: _comparable(self.record_type.fields[key], said.values.get(key)) for key in self.step.match}

    def _sort(
        self, said: Said, record_id: int | None, new: dict[int, Said], there: dict[int, Said], done: Done
    ) -> None:
        number, existing = said.line.number, self.step.existing
        if record_id is None:
            if BY_ID in self.step.match and BY_ID in said.values:
                done.fail(said, Problem(BY_ID, NOT_THERE, said.values[BY_ID], "reference"))
            elif self.step.new == "create":
                new[number] = said
            else:
                done.outcomes[number] = Outcome(SKIPPED, None, [Problem("", NOT_THERE, None, "missing")])
        elif record_id == SEVERAL and existing != "create":
            done.fail(
                said, *(Problem(key, SEVERAL_KNOWN, said.values.get(key), "several") for key in self.step.match[:1])
            )
        elif existing == "create":
            new[number] = said
        elif existing == "update":
            there[record_id] = said
        elif existing == "skip":
            done.outcomes[number] = Outcome(SKIPPED, record_id, [Problem("", THERE_ALREADY, None, "there")])
        else:
            done.fail(said, Problem(self.step.match[0], THERE_ALREADY, said.values.get(self.step.match[0]), "there"))

    # ------------------------------------------------------------------ writing

    async def _create(self, new: Mapping[int, Said], done: Done) -> None:
        rows: dict[int, dict[str, Any]] = {}
        for number, said in new.items():
            if said.doubtful:
                done.fail(said, *(self._doubt(key, name) for key, name in said.doubtful.items()))
                continue
            try:
                given = {k: v for k, v in said.values.items() if k != BY_ID}
                rows[number] = read_values(self.record_type, given, current(), new=True)
            except Invalid as err:
                done.fail(said, *err.problems)
        made = await create_each(self.record_type.table, rows)
        for number, refusal in made.refused.items():
            done.fail(new[number], *_problems_of(refusal))
        for number, record_id in made.taken.items():
            done.outcomes[number] = Outcome(CREATED, record_id, made.remarks.get(number, ()))
            self.ledger.came_in(self.record_type, record_id, rows[number])
            self._put_off(new[number], record_id, done)

    async def _change(self, there: Mapping[int, Said], done: Done) -> None:
        if not there:
            return
        table = self.record_type.table
        wanted = WhereRaw(f'"{table._meta.tablename}"."id" {{}}', ids(engine(), set(there)))
        standing = {record.id: record for record in await table.objects().where(wanted)}
        changes: dict[int, dict[str, Any]] = {}
        await self._settle_doubts(there, standing, done)
        for record_id, said in there.items():
            if said.line.number in done.outcomes:
                continue
            values = self._new_values(said, standing.get(record_id), done)
            if values is None:
                continue
            self._put_off(said, record_id, done)
            if values:
                changes[record_id] = values
            else:
                done.outcomes[said.line.number] = Outcome(UNCHANGED, record_id)
        written = await change_each(table, changes)
        for record_id, values in changes.items():
            said = there[record_id]
            if record_id in written.refused:
                done.fail(said, *_problems_of(written.refused[record_id]))
                continue
            outcome = UPDATED if record_id in written.taken else UNCHANGED
            done.outcomes[said.line.number] = Outcome(outcome, record_id, written.remarks.get(record_id, ()))
            self.ledger.came_in(self.record_type, record_id, {**standing[record_id].to_dict(), **values})

    async def _settle_doubts(self, there: Mapping[int, Said], standing: Mapping[int, Any], done: Done) -> None:
        """A name that several have is that of the record referred to now, or it isn't clear which is meant."""
        for key in {key for said in there.values() for key in said.doubtful}:
            referred = {i: getattr(standing[i], key) for i, s in there.items() if key in s.doubtful and i in standing}
            known = await references.titles(self.other(key).table, referred.values())
            for record_id in [i for i, s in there.items() if key in s.doubtful]:
                said = there[record_id]
                if exact(known.get(referred.get(record_id) or 0, "")) != exact(said.doubtful[key]):
                    done.fail(said, self._doubt(key, said.doubtful[key]))

    def _doubt(self, key: str, name: str) -> Problem:
        return _wrong(self.record_type.fields[key], self.no_reference(key, several=True), name)

    def _new_values(self, said: Said, standing: Any, done: Done) -> dict[str, Any] | None:
        """What would be different; None where the line can't be taken."""
        if standing is None:
            done.fail(said, Problem(BY_ID, NOT_THERE, None, "reference"))
            return None
        row = standing.to_dict()
        try:
            given = {k: v for k, v in said.values.items() if k != BY_ID}
            values = read_values(self.record_type, self._that_differ(given, row), current(), record=standing)
        except Invalid as err:
            done.fail(said, *err.problems)
            return None
        return changed_values(self.record_type, row, {**row, **values})

    def _that_differ(self, given: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
        """What was sent, without what stands there already: that may be left as it is even where it couldn't be changed."""
        fields = self.record_type.fields
        return {
            key: value
            for key, value in given.items()
            if row.get(key) is None or str(value) != fields[key].type.write(row[key], fields[key])
        }

    def _put_off(self, said: Said, record_id: int, done: Done) -> None:
        done.later += [(said.line.number, Later(record_id, key, name)) for key, name in said.names.items()]


def _comparable(field_: Field, value: Any) -> Any:
    """What is compared with stored values: a text that can't be one is compared as it is."""
    if value in (None, "") or field_.kind in ("text", "long_text"):
        return value
    try:
        return field_.type.read(value, field_)
    except ValueError:
        return value


def _wrong(field_: Field, message: Text | str, value: str) -> Problem:
    return Problem(field_.key, message % {"name": value} if isinstance(message, Text) else message, value, "reference")


def _problems_of(err: DougongError) -> Iterable[Problem]:
    if isinstance(err, Invalid) and err.problems:
        return err.problems
    return (Problem("", err.message, None, "refused"),)
