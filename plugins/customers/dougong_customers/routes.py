"""What the declared pages and the general API can't do."""

from __future__ import annotations

from typing import Any

from litestar.params import FromQuery

from dougong.api import get

from . import records, services

__all__ = ["ROUTES"]


@get("/api/v1/customers/precheck", right=(records.customer, "create"))
async def precheck(name: FromQuery[str] = "") -> dict[str, Any]:
    """Customers whose name holds what is being typed: at most five, by name and owner, even those one may not open."""
    matches = await services.customers_named_like(name)
    return {"items": [{"name": match.name, "owner": match.owner} for match in matches]}


ROUTES = [precheck]
