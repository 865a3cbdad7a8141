"""Route decorators for plugins: Litestar's own, with the right that opens the route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import litestar

from dougong.records.types import RecordType

__all__ = ["get", "post"]

RouteRight = str | tuple[RecordType, str]
"""A right of its own ("lists.manage"), or a record type and an action ((customer, "create"))."""


def get(path: str, *, right: RouteRight, **options: Any) -> Callable[[Any], Any]:
    """A page or service that only reads. `right` is required: a route without one does not start."""
    return litestar.get(path, opt={"right": right, **options.pop("opt", {})}, **options)


def post(path: str, *, right: RouteRight, **options: Any) -> Callable[[Any], Any]:
    """A service that changes something; answers 200 unless told otherwise."""
    options.setdefault("status_code", 200)
    return litestar.post(path, opt={"right": right, **options.pop("opt", {})}, **options)
