"""Checks what plugins declare, before anything of it is served: closed by default, nothing claimed twice."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from cronsim import CronSim, CronSimError
from piccolo.table import TABLE_REGISTRY, Table

from dougong.access.policies import check_scope
from dougong.db import registry
from dougong.errors import Invalid
from dougong.i18n import company_zone
from dougong.plugin.hooks import check_hooks
from dougong.plugin.manifest import BadPlugin, Plugin
from dougong.records.tables import Row

if TYPE_CHECKING:
    from dougong.records.types import RecordType

__all__ = ["RESERVED", "Claims", "check_declarations"]

RESERVED = frozenset(
    [
        "accounts",
        "api",
        "archives",
        "changes",
        "counts",
        "explain",
        "exports",
        "favourites",
        "fields",
        "groups",
        "health",
        "import-mappings",
        "imports",
        "jobs",
        "language",
        "lookup",
        "lookups",
        "me",
        "mentions",
        "openapi.json",
        "operators",
        "organisation",
        "password",
        "plugins",
        "record-types",
        "roles",
        "schedules",
        "search",
        "sessions",
        "settings",
        "shares",
        "sign-in",
        "sign-out",
        "static",
        "views",
    ]
)
"""First words of addresses that are the house's own: no record path, and no plugin's route, begins with one."""


def check_declarations(plugin: Plugin, package: str) -> None:
    """BadPlugin (or what pluggy and the declarations themselves raise) when the plugin can't be let in."""
    plugin.check()
    check_hooks(plugin)
    for record in plugin.records:
        _check_record(record)
    _check_tables(plugin, package)
    _check_routes(plugin)
    _check_openings(plugin)
    _check_jobs(plugin)
    for extension in plugin.extends:
        _ = extension.parent


def _check_record(record: RecordType) -> None:
    if not issubclass(record.table, Row):
        raise BadPlugin(f"{record.key}: {record.table.__name__} is no Row or Record")
    check_scope(record)
    _refuse_reserved("the record path", record.path, record.path)
    # Derived from the columns; whatever no field can be made of shows here.
    _ = record.fields, record.actions_allowed


def _check_tables(plugin: Plugin, package: str) -> None:
    """Every table a plugin brings is reached by a record type, and so has a scope."""
    declared = {record.table for record in plugin.records}
    for table in _tables_in(package):
        if not issubclass(table, Row):
            raise BadPlugin(f"{table.__name__} is no Row or Record: no right would guard it")
        if table not in declared:
            raise BadPlugin(f"{table.__name__} has no record type, so nobody could be let see it")


def _tables_in(package: str) -> Iterator[type[Table]]:
    for table in TABLE_REGISTRY:
        inside = table.__module__ == package or table.__module__.startswith(f"{package}.")
        # Bases without rows, and classes of an earlier import, are not on core's list.
        abstract = issubclass(table, Row) and registry.table(table._meta.tablename) is not table
        if inside and not abstract:
            yield table


def _check_routes(plugin: Plugin) -> None:
    for route in plugin.routes:
        if not _right_of(route):
            raise BadPlugin(f"the route {_name(route)} has no right: who may call it?")
        for path in _paths_of(route):
            word = _first_word(path)
            if not word or word.startswith("{"):
                raise BadPlugin(f"the route {path} begins with no word of its own")
            _refuse_reserved("the route", path, word)


def _check_openings(plugin: Plugin) -> None:
    for opening in plugin.openings:
        if not opening.sees:
            raise BadPlugin(f"the opening {opening.key} names no table: what may it see?")
        if opening.per_minute is not None and opening.per_minute < 1:
            raise BadPlugin(f"the opening {opening.key} could never be used: {opening.per_minute} times a minute")


def _check_jobs(plugin: Plugin) -> None:
    for job in plugin.all_jobs:
        if not inspect.iscoroutinefunction(job.run):
            raise BadPlugin(f"the job {job.name} is no coroutine function")
        if unknown := job.named - job.arguments.model_fields.keys():
            raise BadPlugin(f"the job {job.name} is unique by {', '.join(sorted(unknown))}, which it doesn't take")
    for schedule in plugin.schedules:
        now = dt.datetime.now(dt.UTC)
        try:
            next(CronSim(schedule.cron, now))
        except (CronSimError, StopIteration) as err:
            raise BadPlugin(f"the schedule {schedule.name}: {schedule.cron!r} is never due: {err}") from err
        try:
            schedule.stored(now, company_zone())
        except Invalid as err:
            raise BadPlugin(f"the schedule {schedule.name} doesn't give its job what that takes: {err}") from err


def _first_word(path: str) -> str:
    """Of "GET /api/v1/visits/{id:int}": visits."""
    words = path.partition(" ")[2].strip("/").split("/")
    return words[2] if words[:2] == ["api", "v1"] and len(words) > 2 else words[0]


def _refuse_reserved(what: str, path: str, word: str) -> None:
    if word in RESERVED:
        raise BadPlugin(f"{what} {path}: {word!r} is a word of the house's own addresses")


def _right_of(route: Any) -> Any:
    return getattr(route, "right", None) or (getattr(route, "opt", None) or {}).get("right")


def _name(route: Any) -> str:
    return str(next(iter(sorted(_paths_of(route))), route))


def _paths_of(route: Any) -> Iterator[str]:
    """ "GET /visits/today" for each path and method."""
    methods = sorted(str(method) for method in getattr(route, "http_methods", None) or ("GET",))
    for path in getattr(route, "paths", None) or (getattr(route, "path", None),):
        if path is not None:
            yield from (f"{method} /{str(path).strip('/')}" for method in methods)


class Claims:
    """Who has which name already: the first keeps it."""

    def __init__(self, core: Plugin) -> None:
        self._owners: dict[tuple[str, str], str] = {("plugin", "dougong"): "core"}
        for table in registry.tables():
            if table.__module__.partition(".")[0] == "dougong":
                self._owners["table", table._meta.tablename.lower()] = "core"
        self._take("core", [claim for claim in _claims(core) if claim[0] != "table"])

    def take(self, plugin: Plugin) -> None:
        """Take all the names of a plugin, or none: BadPlugin names the one that is taken."""
        self._take(plugin.name, list(_claims(plugin)))

    def _take(self, owner: str, claims: list[tuple[str, str]]) -> None:
        owners = dict(self._owners)
        for kind, name in claims:
            if (kind, name) in owners:
                raise BadPlugin(f"{_SAYS[kind]} {name!r} belongs to {owners[kind, name]!r} already")
            owners[kind, name] = owner
        self._owners = owners


_SAYS = {
    "plugin": "the plugin name",
    "table": "the table",
    "path": "the record path",
    "route": "the route",
    "right": "the right",
    "lookup": "the list of choices",
    "job": "the job",
    "schedule": "the schedule",
}


def _claims(plugin: Plugin) -> Iterator[tuple[str, str]]:
    yield "plugin", plugin.name
    for kind, names in _NAMES.items():
        yield from ((kind, name) for name in names(plugin))


_NAMES: dict[str, Callable[[Plugin], list[str]]] = {
    "table": lambda p: [r.key.lower() for r in p.records],
    "path": lambda p: [r.path for r in p.records],
    "route": lambda p: [path for route in p.routes for path in _paths_of(route)],
    "right": lambda p: [right.key for right in p.rights],
    "lookup": lambda p: [lookup.name for lookup in p.lookups],
    "job": lambda p: [f"{p.name}.{job.name}" for job in p.all_jobs],
    "schedule": lambda p: [f"{p.name}.{schedule.name}" for schedule in p.schedules],
}
