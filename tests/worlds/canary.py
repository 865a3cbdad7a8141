"""Words, numbers and days that stand in one record alone: whoever meets one they may not see has found a leak."""

from __future__ import annotations

import base64
import datetime as dt
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from .company import Company, Fact, Paper, Person
from .doors import Ask

__all__ = ["Canary", "forms_in", "forms_of", "forms_seen_by"]

_ZONE = ZoneInfo("Asia/Shanghai")
_WORD = re.compile(r"zq[a-z2-9]{9}xz")
_NUMBER = re.compile(r"(?<![\d.])\d{9,13}(?:\.\d\d)?(?![\d.])")
_DAY = re.compile(r"(?<!\d)\d{4}-\d\d-\d\d(?!\d)")
_BETWEEN_DIGITS = re.compile(r"(?<=\d),(?=\d{3})")
_CURSOR = re.compile(r"[A-Za-z0-9_-]{24,}")


def forms_in(text: str) -> set[str]:
    """Everything in a text that could be a canary: words, long numbers, days; also inside of cursors."""
    cursors = "".join(_opened(found) for found in _CURSOR.findall(text))
    text = _BETWEEN_DIGITS.sub("", text + cursors)
    return {*_WORD.findall(text), *_NUMBER.findall(text), *_DAY.findall(text)}


def _opened(text: str) -> str:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        return ""


def forms_of(kind: str, value: Any) -> set[str]:
    """How a stored value can stand in an answer, as far as it is improbable."""
    if value is None or isinstance(value, bool):
        return set()
    if kind == "money":
        return {str(value), str(Decimal(value).scaleb(-2))}
    if kind in ("number", "phone"):
        return {str(value)} & forms_in(str(value))
    if isinstance(value, dt.datetime):
        return {value.date().isoformat(), value.astimezone(_ZONE).date().isoformat()}
    if isinstance(value, dt.date):
        return {value.isoformat()}
    return set(_WORD.findall(value)) if isinstance(value, str) else set()


def every_form(company: Company) -> set[str]:
    told = {form for fact in company.facts.values() for form in _forms(company, fact, set(), set())}
    told |= {form for remark in company.remarks for form in forms_in(remark.text)}
    told |= {view.word for view in company.views}
    return told | {form for paper in company.papers for form in _in_paper(paper)}


def forms_seen_by(company: Company, person: Person) -> set[str]:
    """What this person may meet, by the rules as they are documented."""
    seen = company.seen_by(person)
    found = {form for paper in company.papers if paper.of in seen for form in _in_paper(paper)}
    found |= {view.word for view in company.views if view.name == person.name}
    found |= {form for remark in company.remarks if company.reads(person, remark) for form in forms_in(remark.text)}
    for key in seen:
        fact = company.facts[key]
        past = company.ever_hides(person, company.types[key[0]])
        found |= _forms(company, fact, company.hides(person, fact), past)
    return found


def _in_paper(paper: Paper) -> set[str]:
    return forms_in(f"{paper.name} {paper.content.decode()}")


def _forms(company: Company, fact: Fact, hidden: set[str], hidden_in_the_past: set[str]) -> set[str]:
    fields = company.types[fact.key[0]].fields
    sides: list[Mapping[str, Any]] = [{k: v for k, v in fact.values.items() if k not in hidden}]
    for entry in fact.entries:
        both = (entry.before or {}, entry.after)
        sides += [{k: v for k, v in side.items() if k not in hidden_in_the_past} for side in both]
    kinds = {k: f.kind for k, f in fields.items()}  # of what the company added only words are listened for
    found = {form for side in sides for k, v in side.items() for form in forms_of(kinds.get(k, "text"), v)}
    told = [e for e in fact.entries if e.verb != "update" or {*(e.before or {}), *e.after} - hidden_in_the_past]
    return found | {word for entry in told for word in (entry.reason, entry.why)}


@dataclass
class Canary:
    """Listens to the answers of one person and to what is logged meanwhile."""

    company: Company
    person: Person
    answers: int = 0
    leaks: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.forbidden = every_form(self.company) - forms_seen_by(self.company, self.person)

    def heard(self, ask: Ask, answer: httpx.Response) -> None:
        """An answer; what was asked with may be repeated in it."""
        self.answers += 1
        said = forms_in(f"{ask} {answer.request.url}")
        headers = " ".join(f"{k}: {v}" for k, v in answer.headers.items())
        self._look(f"{ask}", f"{headers} {answer.text}", said)
        self._look(f"the log of {ask}", " ".join(self.lines), said)
        self.lines.clear()

    def _look(self, where: str, text: str, said: Iterable[str]) -> None:
        if found := (forms_in(text) & self.forbidden).difference(said):
            self.leaks.append(f"{where}: {sorted(found)[:5]}")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Every line that is logged inside, at every level."""
        lines = self.lines

        class Listener(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                lines.append(self.format(record))

        root, listener = logging.getLogger(), Listener(logging.DEBUG)
        level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(listener)
        try:
            yield
        finally:
            root.removeHandler(listener)
            root.setLevel(level)
