"""Numbers and days as people write them, in one way per column: what a column is written in is guessed, and can be said."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from dougong.i18n import today

__all__ = ["DATES", "NUMBERS", "could_be", "guess_dates", "guess_numbers", "plain_date", "plain_number"]

DATES: Mapping[str, str] = {
    "ymd": r"(?P<y>\d{4})[-/.年 ]\s?(?P<m>\d{1,2})[-/.月 ]\s?(?P<d>\d{1,2})日?",
    "compact": r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
    "dmy": r"(?P<d>\d{1,2})[-/. ](?P<m>\d{1,2})[-/. ](?P<y>\d{4}|\d{2})",
    "mdy": r"(?P<m>\d{1,2})[-/. ](?P<d>\d{1,2})[-/. ](?P<y>\d{4}|\d{2})",
}
"""The orders in which a day is written, by name, most certain first."""
NUMBERS: Mapping[str, tuple[str, str]] = {"point": (".", ",' "), "comma": (",", ".' ")}
"""What stands before the decimals, and what may stand between thousands."""
_TIME = r"(?:[T ]+(?P<h>\d{1,2})[:：时](?P<min>\d{2})(?:[:：分](?P<s>\d{2})(?:\.\d+)?秒?)?分?)?"
_PATTERNS = {name: re.compile(rf"\s*{pattern}{_TIME}\s*") for name, pattern in DATES.items()}
_WITH_ZONE = re.compile(r":\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)\s*$")
_AROUND_NUMBERS = re.compile(r"^[\s¥￥$€£元]+|[\s元]+$")
_TENS = {"万": 4, "亿": 8}
_CENTURY = 50
"""A year of two digits up to so many years from now is in this century."""


def plain_date(text: str, order: str) -> str:
    """A day, or a moment where a time stands with it, as 2026-09-30 or 2026-09-30 14:00:00. ValueError if it is none."""
    found = _PATTERNS[order].fullmatch(text)
    if found is None and order == "ymd" and _WITH_ZONE.search(text):
        return dt.datetime.fromisoformat(text.strip()).isoformat()
    if found is None:
        raise ValueError(text)
    day = dt.date(_year(found["y"]), int(found["m"]), int(found["d"]))
    if found["h"] is None:
        return day.isoformat()
    time = dt.time(int(found["h"]), int(found["min"]), int(found["s"] or 0))
    return f"{day.isoformat()} {time.isoformat()}"


def _year(digits: str) -> int:
    if len(digits) == 4:
        return int(digits)
    this = today().year
    year = this - this % 100 + int(digits)
    return year - 100 if year > this + _CENTURY else year


def plain_number(text: str, style: str) -> str:
    """A number as programs write it: -1234.5. ValueError if it is none. 12.5万 is 125000, 5% is 0.05."""
    decimal, between = NUMBERS[style]
    words = _AROUND_NUMBERS.sub("", text.strip().replace("，", ",").replace("－", "-"))
    negative = words.startswith("(") and words.endswith(")")  # as accountants write it
    words = words.strip("()") if negative else words
    tens = _TENS.get(words[-1:], -2 if words.endswith("%") else 0)
    words = words[:-1].rstrip() if tens else words
    thousands = "".join(re.escape(sign) for sign in between)
    shape = rf"[+-]?(?:\d{{1,3}}(?:[{thousands}\u00a0\u202f]\d{{3,4}})+|\d+)?(?:{re.escape(decimal)}\d*)?"
    if not words or not re.fullmatch(shape, words) or not re.search(r"\d", words):
        raise ValueError(text)
    plain = re.sub(rf"[{thousands}\u00a0\u202f]", "", words).replace(decimal, ".")
    return ("-" if negative else "") + (_moved(plain, tens) if tens else plain)


def _moved(plain: str, tens: int) -> str:
    return format(Decimal(plain).scaleb(tens).normalize(), "f")


def guess_dates(texts: Sequence[str]) -> str:
    """The order that reads all of these, the most certain first; "ymd" where none does."""
    return next((order for order in DATES if _all(texts, lambda text, o=order: plain_date(text, o))), "ymd")  # type: ignore[misc]


def guess_numbers(texts: Sequence[str]) -> str:
    """The style that reads all of these; a point before the decimals where both do or none does."""
    return next((style for style in NUMBERS if _all(texts, lambda text, s=style: plain_number(text, s))), "point")  # type: ignore[misc]


def could_be(kind: str, texts: Sequence[str]) -> bool:
    """Whether all of these are numbers ("number") or days ("date")."""
    if kind == "date":
        return any(_all(texts, lambda text, o=order: plain_date(text, o)) for order in DATES)  # type: ignore[misc]
    return any(_all(texts, lambda text, s=style: plain_number(text, s)) for style in NUMBERS)  # type: ignore[misc]


def _all(texts: Sequence[str], read: Callable[[str], str]) -> bool:
    try:
        for text in texts:
            read(text)
    except ValueError:
        return False
    return True
