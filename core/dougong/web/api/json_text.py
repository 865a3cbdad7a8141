"""JSON from outside: what the standard allows, and nothing that could be neither stored nor sent back."""

from __future__ import annotations

import json
from typing import Any, NoReturn

__all__ = ["read_json"]


def read_json(text: str | bytes) -> Any:
    """The value of a JSON text.

    ValueError for what is no JSON, NaN and infinities among it, for nesting too deep to follow, and for half a
    character pair ("\\ud800"), which Python takes and neither a database nor an answer can hold.
    """
    try:
        value = json.loads(text, parse_constant=_refuse)
    except RecursionError as err:
        raise ValueError("nested too deeply") from err
    escaped = "\\u" if isinstance(text, str) else b"\\u"
    if escaped in text:  # type: ignore[operator]
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
