"""What each kind of field needs to be said besides its name, and whether it was said rightly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from babel.numbers import list_currencies

from dougong.errors import Invalid, Problem
from dougong.i18n import Text, _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.definitions import KINDS_TO_ADD, TEXT_LENGTH
from dougong.records.expressions import compile_expression
from dougong.records.fields import DEFAULT_CURRENCY
from dougong.records.numbering import checked_rule
from dougong.records.types import RecordType

__all__ = ["DISTINCT", "KIND_LABELS", "checked_details"]

KIND_LABELS: Mapping[str, Text] = {
    "text": _("Text"),
    "long_text": _("Long text"),
    "number": _("Figure"),
    "money": _("Amount of money"),
    "date": _("Date"),
    "datetime": _("Date and time"),
    "time": _("Time of day"),
    "yes_no": _("Yes or no"),
    "choice": _("One choice of a list"),
    "choices": _("Several choices of a list"),
    "person": _("Person"),
    "department": _("Department"),
    "link": _("Link to a record"),
    "phone": _("Telephone number"),
    "email": _("E-mail address"),
    "url": _("Web address"),
    "address": _("Postal address"),
    "formula": _("Formula"),
    "serial": _("Number by rule"),
    "file": _("File"),
}
"""The kinds a company can add, in the order they are offered."""

DISTINCT = frozenset({"text", "number", "phone", "email", "url", "address", "date", "datetime"})
"""The kinds of which no two records may have to have the same value."""

MOST_OPTIONS = 500
_Checked = tuple[dict[str, Any], list[str]]


def checked_details(record_type: RecordType, kind: str, given: Mapping[str, Any], *, distinct: bool) -> _Checked:
    """What is kept with the definition, and the choices to begin a new list with. Raises Invalid."""
    if kind not in KIND_LABELS:
        raise Invalid(Problem("kind", _("“%(value)s” is no kind of field.", value=kind), kind, "choice"))
    if distinct and kind not in DISTINCT:
        raise Invalid(Problem("distinct", _("Values of this kind can't be made unique."), distinct, "kind"))
    known = _KNOWN.get(kind, ())
    problems = [
        Problem(k, _("There is no field “%(field)s” here.", field=k), v, "unknown")
        for k, v in given.items()
        if k not in known
    ]
    if problems:
        raise Invalid(*problems)
    return _CHECKS[kind](record_type, given) if kind in _CHECKS else ({}, [])


def _text(record_type: RecordType, given: Mapping[str, Any]) -> _Checked:
    return {"length": _number("length", given.get("length", TEXT_LENGTH), 1, 1000)}, []


def _places(record_type: RecordType, given: Mapping[str, Any]) -> _Checked:
    return {"places": _number("places", given.get("places", 0), 0, 6)}, []


def _currency(record_type: RecordType, given: Mapping[str, Any]) -> _Checked:
    code = given.get("currency") or DEFAULT_CURRENCY
    if code not in list_currencies():
        raise Invalid(
            Problem("currency", _("“%(value)s” is no currency (write CNY, USD, EUR).", value=code), code, "currency")
        )
    return {"currency": code}, []


def _list(record_type: RecordType, given: Mapping[str, Any]) -> _Checked:
    name, options = given.get("lookup"), given.get("options")
    if name:
        if name not in current_snapshot().lookups:
            raise Invalid(Problem("lookup", _("There is no list “%(name)s”.", name=name), name, "reference"))
        return {"lookup": name}, []
    words = options if isinstance(options, list) else []
    labels = list(dict.fromkeys(word.strip() for word in words if isinstance(word, str) and word.strip()))
    if not labels or len(labels) > MOST_OPTIONS or len(labels) != len(words):
        raise Invalid(
            Problem(
                "options", _("Write the choices, each once, at most %(most)s.", most=MOST_OPTIONS), options, "options"
            )
        )
    return {}, labels


def _target(record_type: RecordType, given: Mapping[str, Any]) -> _Checked:
    snapshot = current_snapshot()
    asked = given.get("target")
    known = snapshot.by_path.get(asked) if isinstance(asked, str) else None
    if known is None or not known.menu:
        raise Invalid(Problem("target", _("Choose what kind of record it links to."), asked, "reference"))
    return {"target": known.key}, []


def _formula(record_type: RecordType, given: Mapping[str, Any]) -> _Checked:
    """Kept with what it comes to. The clock and who looks can play no part: the result is stored with the record."""
    text = given.get("formula")
    if not isinstance(text, str) or not text.strip():
        raise Invalid(Problem("formula", _("Write the formula."), text, "required"))
    try:
        formula = compile_expression(text, record_type)
    except Invalid as err:
        raise Invalid(*(Problem("formula", p.message, p.value, p.rule) for p in err.problems)) from None
    if formula.uses_clock or formula.uses_me:
        words = _("A formula can't depend on who looks or when: its result is kept with the record.")
        raise Invalid(Problem("formula", words, text, "expression"))
    if formula.kind not in _RESULTS:
        raise Invalid(Problem("formula", _("A formula can't come to this kind of value."), text, "expression"))
    kept: dict[str, Any] = {"formula": formula.source, "result": formula.kind}
    if formula.kind == "number":
        kept["places"] = _number("places", given.get("places", 2), 0, 6)
    if formula.kind == "money":
        kept["currency"] = formula.currency
    return kept, []


_RESULTS = frozenset({"text", "number", "money", "date", "datetime", "time", "yes_no"})


def _number(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        text = _("This number must lie between %(low)s and %(high)s.", low=low, high=high)
        raise Invalid(Problem(name, text, value, "range"))
    return value


_KNOWN: Mapping[str, tuple[str, ...]] = {
    "text": ("length",),
    "number": ("places",),
    "money": ("currency",),
    "choice": ("lookup", "options"),
    "choices": ("lookup", "options"),
    "link": ("target",),
    "formula": ("formula", "places"),
    "serial": ("rule",),
}
_CHECKS: Mapping[str, Callable[[RecordType, Mapping[str, Any]], _Checked]] = {
    "text": _text,
    "number": _places,
    "money": _currency,
    "choice": _list,
    "choices": _list,
    "link": _target,
    "formula": _formula,
    "serial": lambda record_type, given: ({"rule": checked_rule(given.get("rule"))}, []),
}
assert set(KIND_LABELS) <= set(KINDS_TO_ADD)
