"""Makes sample customers: the same ones for the same seed and day, at most a year of history behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from . import words

__all__ = ["SampleContact", "SampleCustomer", "SampleInteraction", "sample_customers", "with_check_digit"]

SEED = 20120
A_YEAR = 360
TEN_THOUSAND_YUAN = 1_000_000  # in 分
STATUS_OF_STATE = {
    "draft": ("prospect",),
    "submitted": ("prospect", "in_talks"),
    "approved": ("in_talks", "won", "won", "dormant", "lost"),
}
CREDIT_CODE_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True)
class SampleContact:
    values: dict[str, Any]


@dataclass(frozen=True)
class SampleInteraction:
    """`contact` counts the customer's contacts from 0; None stands for nobody in particular."""

    values: dict[str, Any]
    contact: int | None


@dataclass(frozen=True)
class SampleCustomer:
    """One customer with the people there and what was said, as values the desk takes; `state` is where it shall end up."""

    values: dict[str, Any]
    state: str
    contacts: list[SampleContact] = field(default_factory=list)
    interactions: list[SampleInteraction] = field(default_factory=list)


def sample_customers(count: int, today: dt.date, zone: ZoneInfo, seed: int = SEED) -> list[SampleCustomer]:
    """That many customers with different names, the oldest first, the first of them 杭州宏远机械有限公司."""
    dice = Random(seed)
    ages = sorted((int(A_YEAR * dice.random() ** 1.3) + 1 for _ in range(count)), reverse=True)
    return [_customer(dice, name, today, age, zone) for name, age in zip(_names(dice, count), ages, strict=True)]


def with_check_digit(code: str) -> str:
    """The seventeen characters of a credit code and the check character that GB 32100 puts behind them."""
    total = sum(CREDIT_CODE_CHARACTERS.index(c) * pow(3, place, 31) for place, c in enumerate(code))
    return code + CREDIT_CODE_CHARACTERS[-total % 31]


@dataclass(frozen=True)
class _Name:
    name: str
    short_name: str
    spelt: str
    industry: str
    province: str
    city: str
    area_code: str


def _names(dice: Random, count: int) -> Iterator[_Name]:
    places = list(words.CITIES)
    yield _Name("杭州宏远机械有限公司", "宏远机械", "hongyuan", "机械制造", "浙江", "杭州", "0571")
    for name, short in words.ENGLISH_NAMES[: max(0, count - 1)]:
        yield _Name(name, short, short.lower(), "商贸流通", "上海", "上海", "021")
    pairs = [(brand, trade) for brand in words.BRANDS for trade in words.TRADES]
    pairs.remove((words.BRANDS[0], words.TRADES[0]))
    dice.shuffle(pairs)
    for (brand, spelt), (industry, trade, legal_form) in pairs[: max(0, count - 1 - len(words.ENGLISH_NAMES))]:
        province, city, area_code = dice.choice(places)
        name = f"{brand}{trade}（{city}）有限公司" if dice.random() < 0.08 else f"{city}{brand}{legal_form}"
        yield _Name(name, f"{brand}{trade}", spelt, industry, province, city, area_code)


def _customer(dice: Random, name: _Name, today: dt.date, age: int, zone: ZoneInfo) -> SampleCustomer:
    state = dice.choices(("draft", "submitted", "approved"), (12, 8, 80))[0]
    if age > 120 and state != "approved":
        state = "approved"
    met = today - dt.timedelta(days=age)
    contacts = [SampleContact(_person(dice, name, today)) for _ in range(dice.choice((1, 1, 2, 2, 3)))]
    interactions = list(_interactions(dice, met, today, len(contacts), zone))
    values = _company(dice, name, today, met) | _standing(dice, state, today)
    values["created"] = dt.datetime.combine(met, dt.time(9, dice.randrange(60)), zone).astimezone(dt.UTC)
    if interactions:
        values["last_contacted"] = interactions[-1].values["happened_at"].astimezone(zone).date()
    return SampleCustomer(values, state, contacts, interactions)


def _company(dice: Random, name: _Name, today: dt.date, met: dt.date) -> dict[str, Any]:
    founded = min(met.year, today.year) - dice.randrange(1, 31)
    return {
        "name": name.name,
        "short_name": name.short_name,
        "kind": dice.choices(("end", "channel"), (4, 1))[0],
        "industry": name.industry,
        "organisation_type": dice.choices(("private", "state_owned", "foreign"), (7, 2, 1))[0],
        "credit_code": with_check_digit(
            "91" + "".join(dice.choices("0123456789", k=6)) + "MA" + "".join(dice.choices(CREDIT_CODE_CHARACTERS, k=7))
        ),
        "employees": int(10 ** dice.uniform(1.2, 3.7)),
        "founded": founded,
        "credit_limit": dice.choice(
            (None, *(ten_thousands * TEN_THOUSAND_YUAN for ten_thousands in (5, 10, 20, 50, 100, 300)))
        ),
        "province": name.province,
        "city": name.city,
        "address": f"{name.city}市{dice.choice(words.ROADS)}{dice.randrange(1, 999)}号",
        "phone": f"{name.area_code}-5550{dice.randrange(1000, 9999)}",
        "email": f"info@{name.spelt}.example",
        "website": f"https://www.{name.spelt}.example",
    }


def _standing(dice: Random, state: str, today: dt.date) -> dict[str, Any]:
    """What sales thinks of the customer."""
    open_end = dice.random() < 0.55
    return {
        "level": dice.choices(("key", "important", "regular", "small", None), (1, 3, 6, 3, 2))[0],
        "status": dice.choice(STATUS_OF_STATE[state]),
        "intent": dice.choice(("high", "medium", "medium", "low", "none", None)),
        "source": dice.choice(("referral", "exhibition", "website", "search", "cold_call", "channel", "tender")),
        "hot_topic": dice.choice(("price", "quality", "delivery", "after_sales", "technology", "payment", None)),
        "next_follow_up": today + dt.timedelta(days=dice.randrange(-4, 28)) if open_end else None,
    }


def _person(dice: Random, name: _Name, today: dt.date) -> dict[str, Any]:
    (surname, spelt), (given, given_spelt) = dice.choice(words.SURNAMES), dice.choice(words.GIVEN_NAMES)
    title, role = dice.choice(words.TITLES)
    return {
        "name": surname + given,
        "title": title,
        "role": role,
        "mobile": f"1{dice.choice('3589')}{dice.randrange(10)}0000{dice.randrange(1000, 9999)}",
        "phone": f"{name.area_code}-5550{dice.randrange(1000, 9999)}" if dice.random() < 0.3 else "",
        "email": f"{spelt}.{given_spelt}@{name.spelt}.example",
        "wechat": f"{spelt}{given_spelt}{dice.randrange(10, 99)}" if dice.random() < 0.6 else "",
        "birthday": today.replace(
            year=today.year - dice.randrange(25, 60), month=dice.randrange(1, 13), day=dice.randrange(1, 29)
        ),
        "hobbies": dice.choice(words.HOBBIES),
    }


def _interactions(
    dice: Random, met: dt.date, today: dt.date, contacts: int, zone: ZoneInfo
) -> Iterator[SampleInteraction]:
    """What was said since the customer was met, the oldest first; never after yesterday."""
    days = sorted(
        {met + dt.timedelta(days=dice.randrange((today - met).days)) for _ in range(dice.choice((1, 2, 3, 4, 6, 8)))}
    )
    for day in days:
        kind = dice.choices(tuple(words.SAID), (6, 4, 2, 4, 2, 1))[0]
        text, next_step = dice.choice(words.SAID[kind])
        moment = dt.datetime.combine(day, dt.time(dice.randrange(9, 18), dice.randrange(0, 60, 5)), zone).astimezone(
            dt.UTC
        )
        values = {"kind": kind, "text": text, "next_step": next_step, "happened_at": moment, "created": moment}
        yield SampleInteraction(values, dice.randrange(contacts) if dice.random() < 0.8 else None)
