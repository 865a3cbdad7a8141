"""The functions an expression may use. All of them are here; docs/expressions.md explains each."""

from __future__ import annotations

import calendar
import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from dougong.records.expressions.values import (
    DATE,
    DATETIME,
    KIND_NAMES,
    NUMBER,
    TEXT,
    YES_NO,
    Run,
    Type,
    decimal,
    local,
    rounded,
)

__all__ = ["FUNCTIONS", "Function"]

_DAYS = ("date", "datetime")
_AMOUNTS = ("number", "money")
_ANY = tuple(kind for kind in KIND_NAMES if kind != "empty")
_JOINED = ("text", *_AMOUNTS, "date", "time")
LARGEST_STEP = 10_000_000
LONGEST_TEXT = 100_000


@dataclass(frozen=True)
class Function:
    """`parameters` are the kinds each argument may be of; with `repeated` the last stands for any number of arguments.

    `result` None: what the first argument is. `alike`: all arguments must be of one kind. `fixed` is the argument that
    must be written out as a text or number; `chosen` the one that names an option where the first holds several choices. An empty argument makes the result empty unless the function
    `knows_empty`.
    """

    name: str
    parameters: tuple[tuple[str, ...], ...]
    result: Type | None
    run: Callable[..., Any]
    repeated: bool = False
    optional: int = 0
    alike: bool = False
    fixed: int | None = None
    chosen: int | None = None
    knows_empty: bool = False
    uses_clock: bool = False

    @property
    def least(self) -> int:
        return len(self.parameters) - self.optional

    @property
    def most(self) -> int | None:
        return None if self.repeated else len(self.parameters)

    def parameter(self, index: int) -> tuple[str, ...]:
        return self.parameters[min(index, len(self.parameters) - 1)]

    def __call__(self, run: Run, *values: Any) -> Any:
        if not self.knows_empty and any(value is None for value in values):
            return None
        return self.run(run, *values)


# ------------------------------------------------------------------ dates


def _today(run: Run) -> dt.date:
    return run.now.astimezone(run.zone).date()


def _part(name: str) -> Callable[[Run, dt.date], Fraction]:
    return lambda run, value: Fraction(getattr(local(value, run), name))


def _days_between(run: Run, first: dt.date, last: dt.date) -> Fraction:
    return Fraction((local(last, run) - local(first, run)).days)


def _add_days(run: Run, start: dt.date, days: Fraction) -> dt.date | None:
    if abs(days) > LARGEST_STEP:
        return None
    try:
        return _within(_on_the_wall(start, run) + dt.timedelta(days=int(days)))
    except OverflowError:
        return None


def _add_months(run: Run, start: dt.date, months: Fraction) -> dt.date | None:
    """The same day of another month, or that month's last."""
    if abs(months) > LARGEST_STEP:
        return None
    wall = _on_the_wall(start, run)
    year, month = divmod(wall.year * 12 + wall.month - 1 + int(months), 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        return None
    day = min(wall.day, calendar.monthrange(year, month + 1)[1])
    return _within(wall.replace(year=year, month=month + 1, day=day))


def _on_the_wall(moment: dt.date, run: Run) -> dt.date:
    """A moment as the company's clock shows it: a day later is the same time of day there."""
    return moment.astimezone(run.zone) if isinstance(moment, dt.datetime) else moment


def _within(moment: dt.date) -> dt.date | None:
    if not isinstance(moment, dt.datetime):
        return moment
    return moment.astimezone(dt.UTC) if 1 < moment.year < 9999 else None


# ------------------------------------------------------------------ numbers


def _round(run: Run, number: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    return rounded(number, int(places))


def _floor(run: Run, number: Fraction) -> Fraction:
    return Fraction(math.floor(number))


def _most(choose: Callable[..., Any]) -> Callable[..., Any]:
    return lambda run, *values: choose((v for v in values if v is not None), default=None)


# ------------------------------------------------------------------ texts


def _contains(run: Run, text: str | tuple[str, ...] | None, part: str | None) -> bool:
    if text is None or part is None:
        return False
    return part in text if isinstance(text, tuple) else part.lower() in text.lower()


def _starts(run: Run, text: str | None, start: str | None) -> bool:
    return text is not None and start is not None and text.lower().startswith(start.lower())


def _join(run: Run, separator: str, *parts: Any) -> str | None:
    """Stops where the text is longer than any field, so that no expression fills the memory."""
    text = ""
    for part in (_as_text(part) for part in parts if part is not None):
        text += separator + part if text else part
        if len(text) > LONGEST_TEXT:
            return text[:LONGEST_TEXT]
    return text or None


def _as_text(value: Any) -> str:
    """The same in every language: what is put together is stored."""
    if isinstance(value, Fraction):
        number = decimal(value)
        return "" if number is None else format(number, "f" if isinstance(number, Decimal) else "d")
    return value.isoformat() if isinstance(value, dt.date) else str(value)


# ------------------------------------------------------------------ empty


def _if_empty(run: Run, value: Any, instead: Any) -> Any:
    return instead if value is None else value


FUNCTIONS: Mapping[str, Function] = {
    f.name: f
    for f in (
        Function("today", (), DATE, _today, uses_clock=True),
        Function("now", (), DATETIME, lambda run: run.now, uses_clock=True),
        Function("year", (_DAYS,), NUMBER, _part("year")),
        Function("month", (_DAYS,), NUMBER, _part("month")),
        Function("day", (_DAYS,), NUMBER, _part("day")),
        Function("days_between", (_DAYS, _DAYS), NUMBER, _days_between),
        Function("add_days", (_DAYS, ("number",)), None, _add_days),
        Function("add_months", (_DAYS, ("number",)), None, _add_months),
        Function("round", (_AMOUNTS, ("number",)), None, _round, optional=1, fixed=1),
        Function("floor", (_AMOUNTS,), None, _floor),
        Function("abs", (_AMOUNTS,), None, lambda run, number: abs(number)),
        Function("min", ((*_AMOUNTS, *_DAYS),), None, _most(min), repeated=True, alike=True, knows_empty=True),
        Function("max", ((*_AMOUNTS, *_DAYS),), None, _most(max), repeated=True, alike=True, knows_empty=True),
        Function("length", (("text",),), NUMBER, lambda run, text: Fraction(len(text or "")), knows_empty=True),
        Function("lower", (("text",),), TEXT, lambda run, text: text.lower()),
        Function("contains", (("text", "choices"), ("text",)), YES_NO, _contains, chosen=1, knows_empty=True),
        Function("starts", (("text",), ("text",)), YES_NO, _starts, knows_empty=True),
        Function("join", (("text",), _JOINED), TEXT, _join, repeated=True, fixed=0, knows_empty=True),
        Function("empty", (_ANY,), YES_NO, lambda run, value: value is None, knows_empty=True),
        Function("if_empty", (_ANY, _ANY), None, _if_empty, alike=True, knows_empty=True),
    )
}
