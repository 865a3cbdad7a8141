"""What can go wrong, named as business events. Every error carries a message that can be shown to a person.

An error knows the HTTP status it answers with, so no handler translates errors one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from dougong.i18n import Text, _

__all__ = [
    "Conflict",
    "Deactivated",
    "DougongError",
    "Forbidden",
    "Invalid",
    "NotFound",
    "Problem",
    "Refused",
    "Stale",
    "Unavailable",
    "model_problems",
]


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one field: which field, what was given, which rule it broke."""

    field: str
    message: Text | str
    value: Any = None
    rule: str = "invalid"


_MODEL_RULES: Sequence[tuple[str, Text]] = (
    ("missing", _("This must be filled in.")),
    ("extra_forbidden", _("There is no such field here.")),
    ("string_too_long", _("This text is too long.")),
    ("too_short", _("This must be filled in.")),
    ("_type", _("This value is of the wrong kind.")),
    ("_parsing", _("This value is of the wrong kind.")),
    ("literal_error", _("This is not one of the choices.")),
    ("than", _("This number is out of range.")),
)
"""What pydantic calls a broken rule, by a piece of its name, and what people read."""


def model_problems(err: ValidationError) -> list[Problem]:
    """What a pydantic model found wrong, in the reader's words."""
    return [
        Problem(".".join(map(str, e["loc"])), _model_words(e["type"], e["msg"]), e.get("input"), e["type"])
        for e in err.errors(include_url=False)
    ]


def _model_words(rule: str, message: str) -> Text | str:
    return next((words for piece, words in _MODEL_RULES if piece in rule), message)


class DougongError(Exception):
    """The root of the errors that are meant for people."""

    status = 500
    message: Text | str = _("Something went wrong.")
    headers: Mapping[str, str] = {}
    """What the answer says besides ("Retry-After")."""
    told: Mapping[str, Any] = {}
    """What a program is told besides the message, by name."""

    def __init__(self, message: Text | str | None = None, **values: Any) -> None:
        self.message = message if message is not None else type(self).message
        if values and isinstance(self.message, Text):
            self.message = self.message % values
        self.values = values
        super().__init__(self.message)

    def __str__(self) -> str:
        return str(self.message)


class Invalid(DougongError):
    """Input breaks one or more rules; nothing was written. `problems` names each field, value and rule."""

    status = 400
    message = _("Some values can't be accepted.")

    def __init__(self, *problems: Problem, message: Text | str | None = None) -> None:
        self.problems: Sequence[Problem] = problems
        super().__init__(message)

    def __str__(self) -> str:
        details = "; ".join(f"{p.field}: {p.message}" for p in self.problems)
        return f"{self.message} {details}".strip()


class Refused(DougongError):
    """The state of things forbids it (a move that is not allowed, something others depend on)."""

    status = 409
    message = _("This can't be done now.")


class Deactivated(Refused):
    """The record is no longer in use: it can be seen, and nothing else be done with it until it is brought back."""

    message = _("It is deactivated: it can be seen, and no longer be changed.")


class Conflict(DougongError):
    """Somebody else changed the same thing first."""

    status = 409
    message = _("Somebody else changed this meanwhile.")


class Stale(Conflict):
    """The record's version is no longer the one the change was based on."""

    status = 412
    message = _("This record was changed meanwhile (it is at version %(now)s, your change is based on %(yours)s).")


class Forbidden(DougongError):
    """The person may see it but not do this, or nobody is acting at all."""

    status = 403
    message = _("You don't have the right to do this.")


class NotFound(DougongError):
    """It doesn't exist, or the person may not know that it does: both look the same."""

    status = 404
    message = _("There is nothing here, or you may not see it.")


class Unavailable(DougongError):
    """A part the work needs (database, disk) can't answer now; nothing was acknowledged and lost."""

    status = 503
    message = _("The system can't do this right now. Nothing was lost; please try again shortly.")
