"""What a plugin says of its jobs: the function that does one, and when it is due by itself."""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from string import Formatter
from typing import Any, Generic, ParamSpec, get_type_hints
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from dougong.errors import Invalid, model_problems
from dougong.i18n import Text, humanise

__all__ = ["ATTEMPTS", "Job", "Schedule", "job"]

P = ParamSpec("P")

ATTEMPTS = 5
MINUTES = 60
LONGEST_KEY = 100


@dataclass(frozen=True, eq=False)
class Job(Generic[P]):
    """A piece of work that is done beside people's requests, as the person who asked for it.

    Its arguments are what pydantic can bring to JSON and back. It may run more than once: after a crash it begins again,
    where its last step ended. `unique` tells jobs apart that are asked for once ("visits-{day}"). After `attempts` that
    came no further it is parked, and an attempt longer than `minutes` has failed. With `one_batch` all its steps are one
    batch of the change log, to be taken back together.
    """

    run: Callable[P, Coroutine[Any, Any, None]]
    label: Text
    unique: str = ""
    attempts: int = ATTEMPTS
    minutes: int = MINUTES
    one_batch: bool = False

    def __repr__(self) -> str:
        return f"<Job {self.name}>"

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> None:
        """Do it here and now, as whoever is acting: for tests and for services that can wait."""
        await self.run(*args, **kwargs)

    @property
    def name(self) -> str:
        """Tells it from the other jobs of its plugin."""
        return self.run.__name__

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """The model its arguments are checked with. TypeError for one without a type."""
        hints = get_type_hints(self.run, include_extras=True)
        fields: dict[str, Any] = {}
        for name, parameter in inspect.signature(self.run).parameters.items():
            if name not in hints or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise TypeError(f"the job {self.name} takes {name!r}, which has no type of its own")
            fields[name] = (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    def stored(self, *args: P.args, **kwargs: P.kwargs) -> dict[str, Any]:
        """Its arguments as they are kept. Raises Invalid, naming each that is wrong."""
        given = inspect.signature(self.run).bind_partial(*args, **kwargs).arguments
        return self._checked(given).model_dump(mode="json")

    def read(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Its arguments back from where they were kept. Raises Invalid when the job takes others by now."""
        checked = self._checked(stored)
        return {name: getattr(checked, name) for name in type(checked).model_fields}

    def key(self, stored: Mapping[str, Any]) -> str:
        """What tells it from others of the same job with other arguments; "" for jobs that may be asked for twice."""
        key = self.unique.format(**stored)
        return key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()

    def title(self, stored: Mapping[str, Any]) -> Text:
        """Its label, with the arguments that this names ("Report of %(day)s")."""
        return self.label % stored if "%(" in self.label.msgid else self.label

    @property
    def named(self) -> set[str]:
        """The arguments that `unique` names."""
        return {name for _text, name, _spec, _conversion in Formatter().parse(self.unique) if name}

    def _checked(self, given: Mapping[str, Any]) -> BaseModel:
        try:
            return self.arguments.model_validate(dict(given))
        except ValidationError as err:
            raise Invalid(*model_problems(err)) from err


def job(
    *,
    label: Text | None = None,
    unique: str = "",
    attempts: int = ATTEMPTS,
    minutes: int = MINUTES,
    one_batch: bool = False,
) -> Callable[[Callable[P, Coroutine[Any, Any, None]]], Job[P]]:
    """Declare a coroutine function as a job; see `Job`. Without a label it is called by the function's name."""

    def declared(run: Callable[P, Coroutine[Any, Any, None]]) -> Job[P]:
        domain = run.__module__.partition(".")[0]
        words = label or Text(humanise(run.__name__), domain)
        return Job(run, words, unique=unique, attempts=attempts, minutes=minutes, one_batch=one_batch)

    return declared


@dataclass(frozen=True, eq=False)
class Schedule:
    """A job that is due by itself: `cron` in the company's time zone ("0 8 * * mon-sat").

    It runs as nobody, who sees what the openings it enters show and no more. A job that takes a `day` is given the day it
    was due on, one that takes `at` the moment. What was missed while nothing served is done once. `key` tells schedules
    of the same job apart.
    """

    job: Job[Any]
    cron: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""

    @property
    def name(self) -> str:
        return self.key or self.job.name

    def stored(self, due: dt.datetime, zone: ZoneInfo) -> dict[str, Any]:
        """The arguments of the job that is due at a moment, as they are kept. Raises Invalid."""
        local = due.astimezone(zone)
        known: dict[str, Any] = {"day": local.date(), "at": local}
        taken = {name: known[name] for name in self.job.arguments.model_fields if name in known}
        return self.job.stored(**{**taken, **self.arguments})
