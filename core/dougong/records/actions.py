"""Business verbs on a record: found by name, offered where their condition holds, run in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from dougong.access.principal import current
from dougong.access.rights import may, need_with
from dougong.db import transaction
from dougong.errors import Invalid, NotFound, Problem, Refused
from dougong.i18n import _
from dougong.records.conditions import holds
from dougong.records.kinds import UNSTORABLE
from dougong.records.tables import Row
from dougong.records.types import Action, RecordType
from dougong.records.values import is_empty

__all__ = ["action_named", "form_values", "is_for", "offered", "run_action"]


def offered(record_type: RecordType, record: Row) -> list[Action]:
    """The actions this person can take on this record now, as far as can be said without asking the database."""
    who = current()
    return [a for a in record_type.actions if may(who, record_type, a.right) and is_for(a, record)]


def action_named(record_type: RecordType, key: str) -> Action:
    """The action of this name; NotFound when the type has none."""
    found = next((a for a in record_type.actions if a.key == key), None)
    if found is None:
        raise NotFound
    return found


async def run_action(record_type: RecordType, record: Row, action: Action, given: Mapping[str, Any]) -> None:
    """Check that the person holds the action's right on this record, read its form, run it.

    Refused when its condition doesn't hold.
    """
    await need_with(record_type, action.right, int(record.id))
    if not is_for(action, record):
        raise Refused(_("“%(action)s” can't be done with this record now.", action=action.label))
    values = form_values(action, given)
    async with transaction(action.label):
        await action.run(record, **values)


def is_for(action: Action, record: Row) -> bool:
    """Whether the action's condition holds for a record."""
    return action.when is None or holds(action.when, record)


def form_values(action: Action, given: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, as the action's form reads it; Invalid for what is wrong or unknown."""
    values: dict[str, Any] = {}
    if action.form is not None:
        filled = {k: v for k, v in given.items() if not is_empty(v)}
        problems = [Problem(k, UNSTORABLE, v, "type") for k, v in filled.items() if isinstance(v, str) and "\x00" in v]
        problems += unknown_problems((k, v) for k, v in given.items() if k not in action.form.model_fields)
        if problems:
            raise Invalid(*problems)
        form: BaseModel = action.form.model_validate(filled)
        values = {name: getattr(form, name) for name in type(form).model_fields}
    elif given:
        raise Invalid(*unknown_problems(given.items()))
    return values


def unknown_problems(given: Iterable[tuple[str, Any]]) -> list[Problem]:
    return [Problem(k, _("There is no field “%(field)s” here.", field=k), v, "unknown") for k, v in given]
