"""What the declared pages and the general API can't do."""

from __future__ import annotations

from typing import Any

from litestar.params import FromQuery

from dougong.api import get

from . import records, services

__all__ = ["ROUTES"]


@get("/api/v1/customers/precheck", right=(records.customer, "create"))
async def precheck(name: FromQuery[str] = "") -> dict[str, Any]:
    """Customers whose name holds what is being typed: at most five, by name and owner, even those one may not open.

    `formerly` is there where only a former name holds it.
    """
    matches = await services.customers_named_like(name)
    return {"items": [_told(match) for match in matches]}


def _told(match: services.Match) -> dict[str, str]:
    known_as = {"formerly": match.formerly} if match.formerly else {}
    return {"name": match.name, "owner": match.owner, **known_as}


ROUTES = [precheck]
