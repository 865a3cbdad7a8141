"""Numbers given by rule: "KH-{yyyy}{mm}-{0000}" gives KH-202611-0001, and begins anew every month.

A number is taken in the transaction that makes the record: none is given twice, and one that was not used after all is
given to the next.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence

from piccolo.constraints import Unique

from dougong.access.principal import acting_as, system
from dougong.db.columns import BigInt, Serial, Varchar
from dougong.errors import Invalid, Problem
from dougong.i18n import _
from dougong.records.tables import Private

__all__ = ["Counter", "checked_rule", "take_numbers"]

LONGEST = 40
_PART = re.compile(r"\{([^{}]*)\}")
_DATES: Mapping[str, str] = {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d"}
_ONLY = frozenset({"core_counter"})


class Counter(Private, tablename="core_counter"):
    """The last number given for a field, in the period its rule counts by."""

    id: Serial
    field = Varchar(130)
    period = Varchar(60)
    last = BigInt()

    once = Unique([field, period])


def checked_rule(rule: object) -> str:
    """The rule, if it can be followed: plain characters, dates, and one counter. Raises Invalid."""
    if not isinstance(rule, str) or not rule.strip() or "\x00" in rule:
        raise Invalid(Problem("rule", _("Write the rule, for instance KH-{yyyy}{mm}-{0000}."), rule, "required"))
    rule = rule.strip()
    parts = _PART.findall(rule)
    counters = [p for p in parts if re.fullmatch(r"0{1,9}", p)]
    strange = [p for p in parts if p not in _DATES and p not in counters]
    if strange or re.search(r"[{}]", _PART.sub("", rule)):
        text = _("Known are {yyyy}, {yy}, {mm}, {dd} and the counter, {0000}.")
        raise Invalid(Problem("rule", text, rule, "format"))
    if len(counters) != 1:
        raise Invalid(Problem("rule", _("A rule has one counter, like {0000}."), rule, "format"))
    if len(_filled(rule, dt.date(2000, 1, 1), 1)) > LONGEST:
        raise Invalid(Problem("rule", _("At most %(most)s characters.", most=LONGEST), rule, "length"))
    return rule


async def take_numbers(field: str, rule: str, days: Sequence[dt.date]) -> list[str]:
    """The next numbers of a field ("customer.x_hao"), one for each of these days, in order; in the caller's transaction.

    Whoever takes numbers of the same period at the same time waits for this transaction.
    """
    periods = [_filled(rule, day, None) for day in days]
    last = {period: await _count_on(field, period, periods.count(period)) for period in sorted(set(periods))}
    given = []
    for day, period in reversed(list(zip(days, periods, strict=True))):
        given.append(_filled(rule, day, last[period]))
        last[period] -= 1
    return given[::-1]


async def _count_on(field: str, period: str, count: int) -> int:
    mine = (Counter.field == field) & (Counter.period == period)
    step = Counter.update({Counter.last: Counter.last + count}).where(mine).returning(Counter.last)
    with acting_as(system("give numbers by rule", _ONLY)):
        if not await Counter.exists().where(mine):
            # somebody else may begin the period at the same moment: theirs stands, and both count on from it
            await Counter.insert(Counter(field=field, period=period, last=0)).on_conflict(action="DO NOTHING")
        [row] = await step
    return int(row["last"])


def _filled(rule: str, day: dt.date, number: int | None) -> str:
    """The rule for a day; without a number its period, which is all but the counter."""

    def part(found: re.Match[str]) -> str:
        word = found[1]
        if word in _DATES:
            return day.strftime(_DATES[word])
        return "#" if number is None else str(number).zfill(len(word))

    return _PART.sub(part, rule)
