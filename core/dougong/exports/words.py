"""A list's question in words, for who reads what was exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dougong.i18n import Text, _
from dougong.records.fields import Field
from dougong.records.filters import FAVOURITE, OPERATORS, PERIODS
from dougong.records.types import Me, RecordType

__all__ = ["label_of", "question_words"]


def question_words(record_type: RecordType, tree: Any, q: str) -> str:
    """Filter and quick find in one line; nothing where everything was asked for."""
    found = [f"“{q}”" if q else "", _words(record_type, tree) if tree else ""]
    return str(_("; ")).join(filter(None, found))


def label_of(record_type: RecordType, key: str) -> str:
    """What a field is called, its key where it is gone since."""
    field = record_type.fields.get(key)
    return str(field.label) if field else key


def _words(record_type: RecordType, node: Any) -> str:
    if isinstance(node, dict):
        [(word, parts)] = node.items()
        if word == "not":
            return str(_("not (%(what)s)", what=_words(record_type, parts)))
        return _joined(record_type, parts, _(" or ") if word == "or" else _(" and "))
    if node and isinstance(node[0], str):
        return _leaf(record_type, *node)
    return _joined(record_type, node, _(" and "))


def _joined(record_type: RecordType, parts: Sequence[Any], between: Text) -> str:
    words = [_words(record_type, part) for part in parts]
    told = [f"({w})" if isinstance(part, dict) and len(words) > 1 else w for w, part in zip(words, parts, strict=True)]
    return str(between).join(dict.fromkeys(filter(None, told)))


def _leaf(record_type: RecordType, key: str, operator: str, value: Any = None) -> str:
    if (key, operator, value) == FAVOURITE:
        return str(_("Favourites"))
    if key == "id":
        return str(_("Selected records"))
    field = record_type.fields.get(key)
    values = value if isinstance(value, list) else [value]
    said = _yes(value) if operator == "empty" else str(_(", ")).join(_value(field, one) for one in values)
    return f"{label_of(record_type, key)} {OPERATORS.get(operator, operator)} {said}".strip()


def _yes(value: Any) -> str:
    return str(_("no") if value in (False, "false") else _("yes"))


def _value(field: Field | None, value: Any) -> str:
    if value is None:
        return ""
    if value == Me:
        return str(_("me"))
    if field is not None and field.kind in ("choice", "state"):
        return field.type.show(str(value), field)
    return str(PERIODS.get(str(value), str(value)))
