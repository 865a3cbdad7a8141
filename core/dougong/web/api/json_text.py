"""JSON from outside: what the standard allows, and nothing that could be neither stored nor sent back."""

from __future__ import annotations

import json
from typing import Any, NoReturn

__all__ = ["holds_nul", "read_json"]

DEEPEST = 100
"""Nobody means anything deeper, and walking it would end in Python's own limit."""


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    ValueError for what is no JSON, NaN and infinities among it, for nesting too deep to follow, and for half a
    character pair ("\\ud800"), which Python takes and neither a database nor an answer can hold. Bytes are UTF-8.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig")
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError as err:
        raise ValueError("nested too deeply") from err
    _check_depth(value)
    if "\\u" in text:
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST):
        nested = [part for part in level if isinstance(part, dict | list)]
        if not nested:
            return
        level = [inner for part in nested for inner in (part.values() if isinstance(part, dict) else part)]
    raise ValueError("nested too deeply")


def holds_nul(value: Any) -> bool:
    """Whether a text anywhere in it holds the character NUL, which PostgreSQL stores nowhere."""
    if isinstance(value, dict):
        return any(holds_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(map(holds_nul, value))
    return isinstance(value, str) and "\x00" in value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
