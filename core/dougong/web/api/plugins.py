"""The plugins, and the switch."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, put

from dougong.access.principal import current
from dougong.access.rights import may_do, need
from dougong.errors import Invalid, Problem, Refused
from dougong.i18n import _
from dougong.plugin.board import board, enabled_in, read_states
from dougong.plugin.failures import failures_of
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import disable, enable
from dougong.web.api.records import json_object
from dougong.web.problems import problem_response

__all__ = ["routes"]


@get("/api/v1/plugins", include_in_schema=False)
async def list_plugins() -> dict[str, Any]:
    """What is on, for everybody; whoever may switch plugins also sees what is off or fails, and why."""
    if not may_do(current(), "plugins.manage"):
        on = [{"name": p.name, "label": str(p.label), "enabled": True} for p in current_snapshot().plugins.values()]
        return {"epoch": current_snapshot().epoch, "items": on}
    here, states = board(), await read_states()
    on_now = enabled_in(states)
    return {
        "epoch": current_snapshot().epoch,
        "items": [
            {
                "name": p.name,
                "label": str(p.label),
                "version": p.version,
                "enabled": p.name in on_now and p.works,
                "works": p.works,
                "error": str(p.error) if p.error else None,
                "requires": list(here.installed.needs_of(p.name)),
                "needed_by": list(here.installed.needed_by(p.name)),
                "failures": [
                    {"where": f.where, "error": f.error, "line": f.line, "at": f.at.isoformat()}
                    for f in failures_of(p.name)
                ],
            }
            for p in here.installed.plugins.values()
        ],
    }


@put("/api/v1/plugins/{name:str}/state", include_in_schema=False)
async def switch_plugin(request: Request[Any, Any, Any], name: str) -> Response[Any]:
    need("plugins.manage")
    body = await json_object(request)
    enabled, cascade = body.get("enabled"), body.get("cascade", False)
    problems = [
        Problem(k, _("This must be true or false."), v, "type")
        for k, v in (("enabled", enabled), ("cascade", cascade))
        if not isinstance(v, bool)
    ]
    problems += [
        Problem(k, _("There is no field “%(field)s” here.", field=k), v, "unknown")
        for k, v in body.items()
        if k not in ("enabled", "cascade")
    ]
    if problems:
        raise Invalid(*problems)
    try:
        done = await (enable if enabled else disable)(name, cascade=cascade)
    except Refused as err:
        answer = problem_response(request, err)
        answer.content["plugins"] = list(err.values.get("names", ()))
        return answer
    return Response(
        {
            "name": name,
            "enabled": enabled,
            "epoch": done.epoch,
            "changed": list(done.changed),
            "also": list(done.also),
            "waiting": [f"{p.host}:{p.pid}" for p in done.waiting],
        }
    )


routes = [list_plugins, switch_plugin]
