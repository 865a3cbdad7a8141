"""From what people and programs send to what is stored: every field checked, every mistake named at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dougong.access.fields import HIDDEN, WRITE, field_level
from dougong.access.principal import Principal
from dougong.errors import Invalid, Problem
from dougong.i18n import _
from dougong.records.fields import Field
from dougong.records.kinds import WrongValue
from dougong.records.tables import Row
from dougong.records.types import RecordType

__all__ = ["REQUIRED", "is_empty", "read_values", "required_problem", "send_rows", "writable"]

REQUIRED = _("“%(label)s” must be filled in.")


def is_empty(value: Any) -> bool:
    """Nothing was given: no value, or only blanks."""
    return value is None or (isinstance(value, str) and not value.strip())


def writable(record_type: RecordType, field: Field, principal: Principal, state: str | None = None) -> bool:
    """Whether this person may change this field, of a record in this state; None: of any record at all."""
    return not field.managed and field_level(principal, f"{record_type.key}.{field.key}", state) == WRITE


def required_problem(field: Field) -> Problem:
    return Problem(field.key, REQUIRED % {"label": field.label}, None, "required")


def read_values(
    record_type: RecordType,
    raw: Mapping[str, Any],
    principal: Principal,
    *,
    record: Row | None = None,
    new: bool = False,
) -> dict[str, Any]:
    """What was sent, as stored values by field key, for a record as it stands or a new one (`new`: where nothing stands
    in it yet, so that what is required has to be sent).

    Raises Invalid naming every field that is unknown, may not be changed by this person, or breaks its kind's rule,
    and with these the required ones left empty. If nothing else is wrong those are the desk's to name: it knows the
    whole record, with what hooks fill in.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    state = record_type.state_of(record)
    fixed = record_type.form_of({**_category_of(record_type, record), **raw}).readonly
    for key, given in raw.items():
        field = record_type.fields.get(key)
        if field is None or field_level(principal, f"{record_type.key}.{key}", state) == HIDDEN:
            problems.append(Problem(key, _("There is no field “%(field)s” here.", field=key), given, "unknown"))
        elif key in fixed or (key != "state" and not writable(record_type, field, principal, state)):
            problems.append(Problem(key, _("“%(label)s” can't be changed here.", label=field.label), given, "readonly"))
        elif is_empty(given) or (field.kind == "choices" and given == []):
            values[key] = field.empty
        else:
            try:
                values[key] = field.type.read(given, field)
            except WrongValue as wrong:
                problems.append(Problem(key, wrong.message, given, wrong.rule))
    if problems:
        raise Invalid(*problems, *_left_empty(record_type, raw, new=new))
    return values


def _category_of(record_type: RecordType, record: Row | None) -> dict[str, Any]:
    """What a record's main category is told by, where there are some."""
    if record is None or record_type.category is None:
        return {}
    key = record_type.category._meta.name
    return {key: getattr(record, key, None)}


def _left_empty(record_type: RecordType, raw: Mapping[str, Any], *, new: bool) -> list[Problem]:
    asked = [record_type.fields[k] for k in record_type.required_in(raw) if k in raw or new]
    return [required_problem(f) for f in asked if is_empty(raw.get(f.key, f.column.get_default_value()))]


def send_rows(record_type: RecordType, rows: Iterable[Mapping[str, Any]], keys: Iterable[str]) -> list[dict[str, Any]]:
    """Rows as JSON values."""
    fields = record_type.fields
    sent = [(key, fields[key], fields[key].type.send) for key in keys]
    return [{k: None if row[k] is None else send(row[k], field) for k, field, send in sent} for row in rows]
