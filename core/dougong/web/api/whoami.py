"""Who I am to the system, and what I may do."""

from __future__ import annotations

from typing import Any

from litestar import Request, get

from dougong.access.principal import current
from dougong.access.rights import may, may_do
from dougong.plugin.snapshot import current_snapshot
from dougong.web.visitors import visitor_of

__all__ = ["routes"]


@get("/api/v1/me", include_in_schema=False)
async def read_me(request: Request[Any, Any, Any]) -> dict[str, Any]:
    person, snapshot = current(), current_snapshot()
    return {
        "user": person.user,
        "staff": person.staff,
        "name": person.name,
        "admin": person.admin,
        "locale": visitor_of(request).locale,
        "departments": list(person.departments),
        "rights": sorted(r for r in snapshot.rights if may_do(person, r)),
        "records": {r.path: [a for a in r.actions_allowed if may(person, r, a)] for r in snapshot.records.values()},
        "hidden_fields": sorted(person.hidden),
    }


routes = [read_me]
