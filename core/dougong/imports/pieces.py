"""Lines worked off piece by piece: in earnest, or tried and taken back, with the same outcome."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from dougong.db import transaction
from dougong.errors import Problem
from dougong.imports.known import Ledger, name_key
from dougong.imports.mapping import FieldMapping
from dougong.imports.reading import Said
from dougong.imports.sheets import Line, Sheet
from dougong.imports.steps import FAILED, OPEN, Later, Outcome, StepAtWork
from dougong.records.intake import change_each

__all__ = ["PIECE", "Piece", "Whole", "pieces_of"]

PIECE = 500
"""Lines in one transaction."""

Told = tuple[int, int, Outcome]
"""Line, step, and what became of it."""


@dataclass
class Piece:
    """What became of some lines: counted by step and outcome, what is to be said of single ones, and what is put off."""

    counts: Counter[tuple[int, str]] = field(default_factory=Counter)
    told: list[Told] = field(default_factory=list)
    later: list[tuple[int, int, Later]] = field(default_factory=list)


class _Tried(Exception):
    """No error: what was tried goes back."""


class Whole:
    """A whole import: its steps, and what they know."""

    def __init__(self, sheet: Sheet, mapping: FieldMapping) -> None:
        self.sheet = sheet
        self.ledger = Ledger()
        self.coming: dict[str, set[int]] = {}
        self.steps = [StepAtWork(step, sheet, self.ledger, self.coming) for step in mapping.steps]
        self._wanted_again: set[tuple[str, int]] = set()
        self._earlier: dict[tuple[str, int], list[Line]] = {}

    async def prepare(self, *, trying: bool = False) -> None:
        """Find out what is there, and what the file itself brings."""
        for step in self.steps:
            await step.prepare()
        if trying or self._refers_to_itself():
            await asyncio.to_thread(self._look_through, trying)

    def _refers_to_itself(self) -> bool:
        made = {step.record_type.table for step in self.steps}
        return any(step.record_type.fields[key].target in made for step in self.steps for key in step.reader.references)

    def _look_through(self, trying: bool) -> None:
        """Which names the file brings, and which records its lines speak of more than once."""
        seen: set[tuple[str, int]] = set()
        for line in self.sheet.lines():
            read = self._read(line)
            for key, name in self._names(read):
                self.coming.setdefault(key, set()).add(name)
            for spoken in self._spoken_of(read) if trying else ():
                (self._wanted_again if spoken in seen else seen).add(spoken)

    def _read(self, line: Line) -> list[Said]:
        """What the line says for each step."""
        return [step.reader.read(line) for step in self.steps]

    def _names(self, read: Sequence[Said]) -> Iterator[tuple[str, int]]:
        for step, said in zip(self.steps, read, strict=True):
            name = said.values.get(step.record_type.title._meta.name)
            if name:
                yield step.record_type.key, name_key(str(name))

    def _spoken_of(self, read: Sequence[Said]) -> set[tuple[str, int]]:
        """The records a line is about or refers to, and the values that no other record may have."""
        found = set(self._names(read))
        for step, said in zip(self.steps, read, strict=True):
            key = step.key_of(said)
            found |= {key} if key else set()
            found |= {(step.other(k).key, name_key(name)) for k, name in said.names.items()}
            for k, field_ in step.record_type.fields.items():
                if field_.column._meta.unique and said.values.get(k) not in (None, ""):
                    found.add((f"{step.record_type.key}.{k}", name_key(str(said.values[k]))))
        return found

    def _again(self, line: Line) -> set[tuple[str, int]]:
        """What it speaks of that another line speaks of, too."""
        return self._spoken_of(self._read(line)) & self._wanted_again

    async def take(self, lines: Sequence[Line]) -> Piece:
        """Work these lines off, step by step. A line that fails in one step isn't taken in the next."""
        piece = Piece()
        rest = list(lines)
        for number, step in enumerate(self.steps):
            done = await step.take(rest)
            for line, outcome in done.outcomes.items():
                piece.counts[number, outcome.outcome] += 1
                if outcome.problems:
                    piece.told.append((line, number, outcome))
            piece.later += [(line, number, later) for line, later in done.later]
            rest = [line for line in rest if done.outcomes[line.number].outcome != FAILED]
        return piece

    async def try_out(self, lines: Sequence[Line]) -> Piece:
        """What `take` would make of these lines, after those tried before; nothing stays written.

        Everything is written and goes back, and with it what earlier lines made. So those of them that speak of the same
        records are written again before.
        """
        self.ledger.trying()
        found = Piece()
        again = {line.number: self._again(line) for line in lines}
        try:
            async with transaction():
                before = self._to_repeat(set().union(*again.values()))
                if before:
                    await self.take(before)
                found = await self.take(lines)
                raise _Tried
        except _Tried:
            self.ledger.went_back()
        for line in lines:
            for spoken in again[line.number]:
                self._earlier.setdefault(spoken, []).append(line)
        return found

    def _to_repeat(self, new: set[tuple[str, int]]) -> list[Line]:
        """The earlier lines that speak of this, and those that speak of what they do, in their order."""
        found: dict[int, Line] = {}
        known: set[tuple[str, int]] = set()
        while new:
            known |= new
            more = {line.number: line for spoken in new for line in self._earlier.get(spoken, ())}
            fresh = [line for number, line in more.items() if number not in found]
            found |= more
            new = {spoken for line in fresh for spoken in self._again(line)} - known
        return [found[number] for number in sorted(found)]

    # ------------------------------------------------------------------ what was put off

    async def settle(self, number: int, later: Sequence[tuple[int, Later]]) -> list[Told]:
        """Put in the references to what came further down; answers what could not be put in. `number` is the step's."""
        step = self.steps[number]
        told: list[Told] = []
        changes: dict[int, dict[str, Any]] = {}
        lines: dict[int, int] = {}
        for line, one in later:
            field_, other = step.record_type.fields[one.field], step.other(one.field)
            by = step.reader.references[one.field].by or other.title._meta.name
            known = await self.ledger.of(other, [by])
            found = known.find(name_key(one.name))
            lines[one.record_id] = line
            if found is None or found < 0:
                message = step.no_reference(one.field, several=found is not None)
                problem = Problem(field_.key, message % {"name": one.name}, one.name, "reference")
                told.append((line, number, Outcome(OPEN, one.record_id, [problem])))
            else:
                changes.setdefault(one.record_id, {})[one.field] = found
        written = await change_each(step.record_type.table, changes)
        for record_id, err in written.refused.items():
            problems = getattr(err, "problems", ()) or (Problem("", err.message),)
            told.append((lines[record_id], number, Outcome(OPEN, record_id, problems)))
        return told


async def pieces_of(sheet: Sheet, *, size: int, after: int = 0) -> AsyncIterator[Sequence[Line]]:
    """The lines behind line number `after`, some at a time; read beside the loop."""
    lines = (line for line in sheet.lines() if line.number > after)

    def next_ones() -> list[Line]:
        return list(islice(lines, size))

    while found := await asyncio.to_thread(next_ones):
        yield found
