"""What the declared pages and the general API can't do."""

from __future__ import annotations

from html import escape
from typing import Any

from litestar.params import FromQuery

from dougong.api import _, get

from . import records, services

__all__ = ["ROUTES"]


@get("/api/v1/customers/precheck", right=(records.customer, "create"))
async def precheck(name: FromQuery[str] = "") -> dict[str, Any]:
    """Customers whose name holds what is being typed: at most five, by name and owner, even those one may not open."""
    matches = await services.customers_named_like(name)
    return {"items": [{"name": match.name, "owner": match.owner} for match in matches]}


@get(records.PRECHECK, right=(records.customer, "create"), media_type="text/html", include_in_schema=False)
async def precheck_beside_the_name(name: FromQuery[str] = "") -> str:
    """The same for the form of a new customer, shown below the name."""
    matches = await services.customers_named_like(name)
    lines = "".join(f"<li>{escape(match.name)} · {escape(match.owner)}</li>" for match in matches)
    return f"<p>{escape(str(_('Already on record:')))}</p><ul>{lines}</ul>" if lines else ""


ROUTES = [precheck, precheck_beside_the_name]
