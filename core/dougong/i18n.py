"""Words in the reader's language, dates and amounts in the reader's habits.

Declarations are made once, at import; readers differ per request. So `_("…")` returns a `Text` that looks itself up
when it is shown. It remembers the package it was written in: each distribution has its own catalogue, and no plugin
can override another's words.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, get_currency_precision

__all__ = [
    "LOCALES",
    "Text",
    "_",
    "amount_text",
    "catalogue",
    "company_zone",
    "current_locale",
    "date_text",
    "humanise",
    "moment_text",
    "number_text",
    "speaking",
    "today",
    "translate",
]

LOCALES: Mapping[str, Locale] = {"zh_CN": Locale.parse("zh_CN"), "en": Locale.parse("en")}
DEFAULT_LOCALE = "zh_CN"
_locale: ContextVar[str] = ContextVar("locale", default=DEFAULT_LOCALE)
DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")
_zone: ContextVar[ZoneInfo | None] = ContextVar("zone", default=None)


class Text:
    """A translatable text: an English msgid, the package whose catalogue holds it, and values to fill in."""

    __slots__ = ("domain", "msgid", "values")

    def __init__(self, msgid: str, domain: str, values: Mapping[str, Any] | None = None) -> None:
        self.msgid = msgid
        self.domain = domain
        self.values = dict(values or {})

    def __str__(self) -> str:
        words = translate(self.domain, self.msgid)
        return words % {k: str(v) for k, v in self.values.items()} if self.values else words

    def __repr__(self) -> str:
        return f"Text({self.msgid!r}, {self.domain!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __mod__(self, values: Mapping[str, Any]) -> Text:
        return Text(self.msgid, self.domain, {**self.values, **values})

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Text):
            return (self.msgid, self.domain, self.values) == (other.msgid, other.domain, other.values)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.msgid, self.domain))

    def dump(self) -> str:
        """As one string for the database, so that each reader gets it in their own language later."""
        return json.dumps([self.domain, self.msgid, {k: str(v) for k, v in self.values.items()}], ensure_ascii=False)

    @staticmethod
    def load(stored: str) -> Text | str:
        """Back from `dump`; a string that was never a Text comes back as it is."""
        if not stored.startswith('["'):
            return stored
        try:
            domain, msgid, values = json.loads(stored)
        except ValueError:
            return stored
        return Text(msgid, domain, values)


def _(msgid: str, **values: Any) -> Text:
    """A text in the catalogue of the package that calls this, translated when it is shown."""
    package = sys._getframe(1).f_globals.get("__name__", "dougong").partition(".")[0]
    return Text(msgid, package, values)


@lru_cache(maxsize=512)
def catalogue(domain: str, locale: str) -> Mapping[str, str]:
    """msgid → translation of one package in one language; empty where the package has no such catalogue."""
    if locale == "en":
        return {}
    try:
        source = files(domain).joinpath("locale", locale, "LC_MESSAGES", f"{domain}.po")
        text = source.read_bytes()
    except (ModuleNotFoundError, FileNotFoundError, NotADirectoryError, TypeError):  # TypeError: a namespace package
        return {}
    messages = read_po(text.splitlines(keepends=True), locale=locale)
    return {str(m.id): str(m.string) for m in messages if m.id and m.string and not m.fuzzy}


def translate(domain: str, msgid: str, locale: str | None = None) -> str:
    """The text in the given language (the current one by default); the msgid itself when there is no translation."""
    return catalogue(domain, locale or _locale.get()).get(msgid) or msgid


def current_locale() -> str:
    return _locale.get()


def company_zone() -> ZoneInfo:
    """The company's time zone: it decides what "today" is, whoever asks from wherever."""
    return _zone.get() or DEFAULT_ZONE


@contextmanager
def speaking(locale: str | None = None, zone: ZoneInfo | None = None) -> Iterator[None]:
    """Everything shown inside is in this language and time zone; unknown languages fall back to the default."""
    language = _locale.set(locale if locale and locale in LOCALES else DEFAULT_LOCALE)
    where = _zone.set(zone or _zone.get())
    try:
        yield
    finally:
        _zone.reset(where)
        _locale.reset(language)


def today() -> dt.date:
    """The date in the company's time zone."""
    return dt.datetime.now(company_zone()).date()


def humanise(name: str) -> str:
    """`planned_for` → `Planned for`: the English word for a field nobody named otherwise."""
    words = name.removesuffix("_id").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def number_text(value: int | float | Decimal, places: int = 3) -> str:
    """A number with at most so many decimal places."""
    return format_decimal(value, "#,##0." + "#" * places, locale=LOCALES[_locale.get()])


def amount_text(value: Decimal, currency: str) -> str:
    """An amount with its sign, without decimals when they are all zero (¥1,286,000)."""
    locale = LOCALES[_locale.get()]
    whole = value == value.to_integral_value()
    pattern = "¤#,##0" if whole else "¤#,##0." + "0" * (get_currency_precision(currency) or 2)
    return format_currency(value, currency, format=pattern, locale=locale, currency_digits=False)


def date_text(value: dt.date) -> str:
    """A date as people here write it; ISO order in Chinese (2026-09-30)."""
    if _locale.get() == "zh_CN":
        return value.isoformat()
    return str(format_date(value, "medium", locale=LOCALES[_locale.get()]))


def moment_text(value: dt.datetime, *, relative: bool = True) -> str:
    """A moment in the company's time zone: today and yesterday by name, this year without the year."""
    local = value.astimezone(company_zone())
    locale = LOCALES[_locale.get()]
    clock = str(format_time(local, "HH:mm", locale=locale))
    days = (today() - local.date()).days
    if relative and days in (0, 1, -1):
        day = {0: _("Today"), 1: _("Yesterday"), -1: _("Tomorrow")}[days]
        return f"{day} {clock}"
    if local.year == today().year:
        return (
            f"{local:%m-%d} {clock}"
            if _locale.get() == "zh_CN"
            else str(format_datetime(local, "MMM d, HH:mm", locale=locale))
        )
    return (
        f"{local:%Y-%m-%d} {clock}"
        if _locale.get() == "zh_CN"
        else str(format_datetime(local, "MMM d, y, HH:mm", locale=locale))
    )
