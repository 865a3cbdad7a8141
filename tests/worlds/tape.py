"""What the doors answered one person: taken down in one world, held against the other."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

import httpx

from dougong.access import openings
from dougong.web.visitors import COOKIE

from .doors import UNKNOWN, Ask
from .twin import Door

__all__ = ["Answer", "Tape", "differences", "taken_down"]

_MASKED_HEADERS = frozenset({"change-batch", "set-cookie"})
"""Made up anew with each write or sign-in."""
Heard = Callable[[Ask, httpx.Response], None]


@dataclass(frozen=True)
class Answer:
    """An answer without what belongs to the moment: today's clock, and the numbers of a write."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


@dataclass
class Tape:
    """By question, what was answered; and what was answered otherwise for a record unseen than for one that isn't there."""

    answers: dict[str, Answer] = field(default_factory=dict)
    told_apart: list[str] = field(default_factory=list)
    set_apart: dict[str, str] = field(default_factory=dict)
    """Questions that a declared opening helped to answer, and the door."""
    compared: int = 0
    statuses: dict[str, set[int]] = field(default_factory=dict)


async def taken_down(door: Door, asks: Sequence[Ask], heard: Heard | None = None) -> Tape:
    """Ask all of it and take the answers down."""
    tape = Tape()
    with openings_used() as used:
        for ask in asks:
            await _take(door, ask, tape, used, heard)
    return tape


@contextmanager
def openings_used() -> Iterator[list[str]]:
    """The openings that are used inside, as the log tells them."""
    used: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            used.append(record.getMessage())

    logger, listener = logging.getLogger(openings.__name__), Listener(logging.INFO)
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(listener)
    try:
        yield used
    finally:
        logger.removeHandler(listener)
        logger.setLevel(level)


async def _take(door: Door, ask: Ask, tape: Tape, used: list[str], heard: Heard | None) -> None:
    used.clear()
    openings._left.clear()  # how often somebody may ask is no matter here
    answer = await asked(door, ask, heard)
    tape.statuses.setdefault(ask.route, set()).add(answer.status_code)
    if used and answer.status_code < 400:
        tape.set_apart[str(ask)] = ask.route
        return
    tape.answers[str(ask)] = masked(answer)
    if ask.unknown:
        other = await asked(door, replace(ask, path=ask.unknown, body=_about_unknown(ask)), heard)
        tape.compared += 1
        if without(masked(answer), ask.number) != without(masked(other), UNKNOWN):
            tape.told_apart.append(
                f"{ask}: {told(without(masked(answer), ask.number), without(masked(other), UNKNOWN))}"
            )
    if ask.follow and answer.status_code == 200 and (cursor := answer.json()["next"]):
        path = re.sub(r"&cursor=[^&]*", "", ask.path)
        await _take(
            door, replace(ask, path=f"{path}&{urlencode({'cursor': cursor})}", follow=ask.follow - 1), tape, used, heard
        )


def _about_unknown(ask: Ask) -> Any:
    """The same body, about the id that isn't there."""
    if not ask.body:
        return ask.body
    return {k: type(v)(UNKNOWN) if str(v) == str(ask.number) else v for k, v in ask.body.items()}


async def asked(door: Door, ask: Ask, heard: Heard | None = None) -> httpx.Response:
    """The answer to one question, asked as a program or as a browser does it."""
    name = door.person.name
    options: dict[str, Any] = {}
    if ask.form == "json":
        headers = {"Authorization": door.founded.tokens[name]}
        if ask.method != "GET":
            headers["If-Match"] = '"2"'
            options["json"] = ask.body
    else:
        cookie, csrf = door.founded.cookies[name]
        headers = {"Cookie": f"{COOKIE}={cookie}"}
        if ask.form == "fragment":
            headers["HX-Request"] = "true"
        if ask.method != "GET":
            options["data"] = {"_csrf_token": csrf, **(ask.body or {})}
    answer = await door.client.request(ask.method, ask.path, headers=headers, **options)
    assert answer.status_code < 500, f"{ask}: {answer.status_code} {answer.text[:2000]}"
    if heard is not None:
        heard(ask, answer)
    return answer


# ---------------------------------------------------------------------- comparing


def masked(answer: httpx.Response) -> Answer:
    headers = tuple((k, v) for k, v in answer.headers.items() if k not in _MASKED_HEADERS)
    return Answer(answer.status_code, headers, clockless(answer.text))


def clockless(text: str) -> str:
    """Without the moments of today: those are the clock's, the company's lie decades away. Without new passwords and batches."""
    now = dt.datetime.now(dt.UTC)
    for day in (now - dt.timedelta(hours=9), now, now + dt.timedelta(hours=9)):
        text = re.sub(rf"{day.date().isoformat()}[T ][0-9:.]+(Z|\+00:00)?", "NOW", text)
        text = re.sub(rf"{day:%m-%d} \d\d:\d\d", "NOW", text)
    return _OF_THE_MOMENT.sub("NOW", text)


_OF_THE_MOMENT = re.compile(
    r'今天 \d\d:\d\d|(?<="password":")[^"]+|(?<=name="shown_password" readonly value=")[^"]+|夜深了|早上好|中午好|下午好|晚上好'
    r'|(?<="batch":")(?!0{20})[0-9a-f]{32}|(?<="/changes/)(?!0{20})[0-9a-f]{32}(?=/undo")'  # not those of the company's past
)


def without(answer: Answer, number: int) -> Answer:
    headers = tuple((k, v) for k, v in answer.headers if k != "content-length")
    return Answer(answer.status, headers, re.sub(rf"\b{number}\b", "ID", answer.body))


def differences(one: Tape, other: Tape) -> list[str]:
    """Each question that the two worlds answered differently, with the first difference."""
    found = [
        f"{question}: {told(one.answers.get(question), other.answers.get(question))}"
        for question in dict.fromkeys([*one.answers, *other.answers])
        if one.answers.get(question) != other.answers.get(question)
    ]
    return [*found, *one.told_apart, *other.told_apart]


def told(one: Answer | None, other: Answer | None) -> str:
    """Where two answers part."""
    if one is None or other is None:
        return "was asked in one world only"
    if one.status != other.status:
        return f"{one.status} and {other.status}"
    lines = difflib.unified_diff(_lines(one.body), _lines(other.body), lineterm="", n=0)
    shown = [line[:200] for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return "\n    ".join(["", *shown[:8]]) if shown else str(set(one.headers) ^ set(other.headers))


def _lines(body: str) -> list[str]:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=0).splitlines()
    except ValueError:
        return body.splitlines()
