"""The plugins, and the switch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, delete, get, post, put

from dougong.access.principal import current
from dougong.access.rights import may_do, need
from dougong.errors import Invalid, Problem, Refused
from dougong.i18n import _
from dougong.plugin.board import board, enabled_in, read_states
from dougong.plugin.failures import failures_of
from dougong.plugin.processes import RunningProcess
from dougong.plugin.restoring import restore
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import disable, enable
from dougong.plugin.trash import Kept, archive_called, archives
from dougong.plugin.uninstalling import belongings, purge, uninstall
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
    enabled, cascade = _yes_or_no(body, {"enabled": None, "cascade": False})
    try:
        done = await (enable if enabled else disable)(name, cascade=cascade)
    except Refused as err:
        return _refused(request, err)
    return Response(
        {
            "name": name,
            "enabled": enabled,
            "epoch": done.epoch,
            "changed": list(done.changed),
            "also": list(done.also),
            "waiting": _named(done.waiting),
        }
    )


def _yes_or_no(body: dict[str, Any], asked: dict[str, bool | None]) -> list[Any]:
    """The values of these fields, all yes or no; `asked` holds what stands for one that is left out."""
    values = {key: body.get(key, default) for key, default in asked.items()}
    problems = [
        Problem(k, _("This must be true or false."), v, "type") for k, v in values.items() if not isinstance(v, bool)
    ]
    problems += [
        Problem(k, _("There is no field “%(field)s” here.", field=k), v, "unknown")
        for k, v in body.items()
        if k not in asked
    ]
    if problems:
        raise Invalid(*problems)
    return list(values.values())


def _refused(request: Request[Any, Any, Any], err: Refused) -> Response[Any]:
    """With the names of the plugins that stand in the way."""
    answer = problem_response(request, err)
    answer.content["plugins"] = list(err.values.get("names", ()))
    return answer


def _named(waiting: Sequence[RunningProcess]) -> list[str]:
    return [f"{p.host}:{p.pid}" for p in waiting]


@get("/api/v1/plugins/{name:str}/belongings", include_in_schema=False)
async def list_belongings(name: str) -> dict[str, Any]:
    """What would leave with a plugin, as numbers."""
    found = await belongings(name)
    return {
        "name": name,
        "dependants": list(found.dependants),
        "records": {str(label): count for label, count in found.records},
        "others": {str(label): count for label, count in found.others.items()},
        "pointing": dict(found.pointing),
    }


@post("/api/v1/plugins/{name:str}/archives", include_in_schema=False, status_code=200)
async def uninstall_plugin(request: Request[Any, Any, Any], name: str) -> Response[Any]:
    need("plugins.manage")
    [cascade] = _yes_or_no(await json_object(request), {"cascade": False})
    try:
        done = await uninstall(name, cascade=cascade)
    except Refused as err:
        return _refused(request, err)
    return Response({"epoch": done.epoch, "archives": dict(done.archives), "waiting": _named(done.waiting)})


@get("/api/v1/archives", include_in_schema=False)
async def list_archives() -> dict[str, Any]:
    """What was uninstalled and can be brought back."""
    need("plugins.manage")
    return {"items": [_told(kept) for kept in await archives()]}


def _told(kept: Kept) -> dict[str, Any]:
    told = kept.manifest
    return {
        "archive": kept.name,
        "size": kept.size,
        "until": kept.until.isoformat(),
        "plugin": told.plugin if told else None,
        "version": told.version if told else None,
        "made": told.at if told else None,
        "records": told.records if told else None,
    }


@post("/api/v1/archives/{archive:str}/restoration", include_in_schema=False, status_code=200)
async def restore_plugin(archive: str) -> dict[str, Any]:
    need("plugins.manage")
    done = await restore(archive_called(archive))
    told = {"epoch": done.epoch, "plugin": done.plugin, "rows": done.rows, "left_out": done.left_out}
    return {**told, "waiting": _named(done.waiting)}


@delete("/api/v1/archives/{archive:str}", include_in_schema=False)
async def purge_archive(archive: str, plugin: str = "") -> None:
    """For good; `plugin` repeats whose it is."""
    await purge(archive, plugin)


routes = [
    list_plugins,
    switch_plugin,
    list_belongings,
    uninstall_plugin,
    list_archives,
    restore_plugin,
    purge_archive,
]
