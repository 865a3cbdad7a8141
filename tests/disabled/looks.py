"""What one person meets of a plugin, kind by kind: each of its items, and whether it answers or shows.

A look asks every address at most once. The cases walk over what the plugin declares, so what a plugin adds later is
looked for without another line; a new kind of contribution needs a case.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import httpx

from dougong.access.openings import opened
from dougong.access.principal import current
from dougong.access.services import roles
from dougong.errors import Forbidden, NotFound
from dougong.i18n import speaking
from dougong.plugin import hookspecs
from dougong.plugin.contributions import Tab, Timeline
from dougong.plugin.hookspecs import subjects_of
from dougong.plugin.manifest import Plugin
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType
from dougong.testing.app import Company

Seen = dict[str, bool]
Example = tuple[int, str]
"""A record to ask for: its id, and words that stand in no other."""


@dataclass
class Look:
    """One person's look at the house as it is now."""

    company: Company
    who: str
    client: httpx.AsyncClient
    examples: Mapping[str, Example]
    types: Mapping[str, RecordType]
    """Every record type that was on at first: what is off can't be asked of the snapshot."""
    _asked: dict[tuple[str, str], httpx.Response] = field(default_factory=dict)

    async def ask(self, path: str, method: str = "GET", **options: Any) -> httpx.Response:
        if (method, path) not in self._asked:
            answer = await self.client.request(method, path, **options)
            assert answer.status_code < 500, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
            self._asked[method, path] = answer
        return self._asked[method, path]

    async def answers(self, path: str, method: str = "GET", **options: Any) -> bool:
        """Whether something is there, be it only a refusal."""
        return (await self.ask(path, method, **options)).status_code != 404

    async def opens(self, path: str) -> bool:
        """Whether it is there for this person: an administrator's pages refuse others whatever is on."""
        return (await self.ask(path)).status_code == 200

    async def links(self, page: str, href: str) -> bool:
        answer = await self.ask(page)
        return (
            answer.status_code == 200 and re.search(rf'(href|action)="{re.escape(href)}["?&#]', answer.text) is not None
        )

    async def reads(self, page: str, words: str) -> bool:
        answer = await self.ask(page)
        return answer.status_code == 200 and words in answer.text

    async def role(self, key: str) -> str:
        """The page of a standard role."""
        async with self.company.world.acting("admin"):
            [number] = [line.id for line in await roles() if line.key == key]
        return f"/roles/{number}"

    async def json(self, path: str) -> Any:
        answer = await self.ask(path)
        return answer.json() if answer.status_code == 200 else {}


# ---------------------------------------------------------------------- one case for each kind


async def records(look: Look, plugin: Plugin) -> Seen:
    seen: Seen = {}
    for record in plugin.records:
        seen |= {f"{record.key} in the API: {k}": v for k, v in (await _in_api(look, record)).items()}
        seen |= {f"{record.key} in descriptions: {k}": v for k, v in (await _in_descriptions(look, record)).items()}
        seen[f"{record.key} in look-up boxes"] = await look.answers(f"/lookup/{record.path}")
        if record.menu:
            seen |= {f"{record.key} in pages: {k}": v for k, v in (await _in_pages(look, record)).items()}
    return seen


async def _in_api(look: Look, record: RecordType) -> Seen:
    number, _words = look.examples[record.key]
    many, one = f"/api/v1/{record.path}", f"/api/v1/{record.path}/{number}"
    seen = {
        "list": await look.answers(many),
        "create": await look.answers(many, "POST", json={"no such field": 1}),
        "read": await look.answers(one),
        "history": await look.answers(f"{one}/history"),
        "summary": await look.answers(f"{many}/summary?group={record.title._meta.name}"),
        "change": await look.answers(one, "PATCH", json={"no such field": 1}),
        "remove": await look.answers(one, "DELETE", headers={"If-Match": "999999"}),
    }
    if record.lifecycle:
        seen["move"] = await look.answers(f"{one}/moves", "POST", json={})
    for action in record.actions:
        seen[action.key] = await look.answers(f"{one}/{action.key}", "POST", json={"no such field": 1})
    return seen


async def _in_descriptions(look: Look, record: RecordType) -> Seen:
    described = await look.json("/api/v1/openapi.json")
    name = "".join(part.capitalize() for part in record.key.split("_"))
    types = (await look.json("/api/v1/record-types"))["items"]
    fields = (await look.json(f"/api/v1/record-types/{record.path}")).get("fields", [])
    return {
        "paths of the description": any(p.startswith(f"/api/v1/{record.path}") for p in described["paths"]),
        "schemas of the description": any(name in schema for schema in described["components"]["schemas"]),
        "list of record types": record.key in {t["key"] for t in types},
        "fields": bool(fields),
        "what I may": record.path in (await look.json("/api/v1/me"))["records"],
        "matrix of rights": await look.reads(await look.role("sales"), f'"grant:{record.key}:read"'),
        "fields of a role": await look.opens(f"{await look.role('sales')}/fields/{record.path}"),
    }


async def _in_pages(look: Look, record: RecordType) -> Seen:
    number, words = look.examples[record.key]
    many, one = f"/{record.path}", f"/{record.path}/{number}"
    with speaking("en"):
        label = str(record.label)
    seen = {
        page: await look.answers(page)
        for page in (
            many,
            f"{many}/new",
            f"{many}/counts",
            one,
            f"{one}/edit",
            f"{one}/remove",
            f"{one}/counts",
            f"{one}/share",
        )
        if not (page.endswith("/share") and not record.scope.has("role"))
    }
    seen["POST new"] = await look.answers(f"{many}/new", "POST", data={"no such field": "1"})
    seen["POST edit"] = await look.answers(f"{one}/edit", "POST", data={"version": "999999"})
    seen["button on the home page"] = await look.links("/", f"{many}/new")
    seen["hit of the search"] = await look.links(f"/search?q={words}", one)
    seen["offer to create one in the palette"] = await look.links(f"/search?q={label}", f"{many}/new")
    return seen


async def extends(look: Look, plugin: Plugin) -> Seen:
    return {
        f"{type(item).__name__} {item.record.key} at {item.via._meta.name}, {where}": shown
        for item in plugin.extends
        for where, shown in (await (_tab if isinstance(item, Tab) else _timeline)(look, item)).items()
    }


async def _tab(look: Look, tab: Tab) -> Seen:
    page, key = _parent_page(look, tab), f"{tab.record.path}.{tab.via._meta.name}"
    return {
        "the tab": await look.reads(page, f"tab={key}"),
        "the list": await look.links(f"{page}?tab={key}", f"/{tab.record.path}/new"),
        "its count": key in await look.json(f"{page}/counts"),
    }


async def _timeline(look: Look, timeline: Timeline) -> Seen:
    page = _parent_page(look, timeline)
    return {"the entry": await look.reads(page, look.examples[timeline.record.key][1])}


def _parent_page(look: Look, item: Tab | Timeline) -> str:
    return f"/{look.types[item.parent].path}/{look.examples[item.parent][0]}"


async def menus(look: Look, plugin: Plugin) -> Seen:
    seen: Seen = {}
    for menu in plugin.menus:
        to = menu.to if isinstance(menu.to, str) else f"/{menu.to.path}"
        with speaking("en"):
            label = str(menu.label or getattr(menu.to, "plural", ""))
        seen[f"{to} in the sidebar"] = await look.links("/", to)
        seen[f"{to} in the palette"] = await look.links(f"/search?q={label}", to)
        if isinstance(menu.to, RecordType):
            seen[f"{to}: its count"] = f"list:{menu.to.path}" in await look.json("/counts")
    return seen


async def routes(look: Look, plugin: Plugin) -> Seen:
    described = (await look.json("/api/v1/openapi.json"))["paths"]
    seen: Seen = {}
    for route in plugin.routes:
        for path in sorted(route.paths):
            if not path.endswith("-slow"):  # answers when told to, see the test of requests under way
                seen[path] = await look.answers(path)
            if path.startswith("/api/"):
                seen[f"{path} in the description"] = path in described
    return seen


async def tiles(look: Look, plugin: Plugin) -> Seen:
    seen: Seen = {}
    for tile in plugin.tiles:
        with speaking("en"), called(tile.rows.__code__) as calls:
            seen[f"{tile.key} on the home page"] = f'aria-label="{tile.label}"' in (await look.client.get("/")).text
        seen[f"{tile.key} is asked"] = bool(calls)
    return seen


async def rights(look: Look, plugin: Plugin) -> Seen:
    mine, page = (await look.json("/api/v1/me"))["rights"], await look.role("sales")
    held = {right.key: right.key in mine for right in plugin.rights}
    return held | {f"{r.key} among those to grant": await look.reads(page, f'value="{r.key}"') for r in plugin.rights}


async def presets(look: Look, plugin: Plugin) -> Seen:
    """What a standard role was granted shows as a line of the role's matrix."""
    return {
        f"{preset.role}: {preset.record.key} {action}": await look.reads(
            await look.role(preset.role), f'"grant:{preset.record.key}:{action}"'
        )
        for preset in plugin.presets
        for action in preset.rights
    }


async def openings(look: Look, plugin: Plugin) -> Seen:
    """Each shows more than may be seen only while the plugin is on that declares it."""
    seen: Seen = {}
    async with look.company.world.acting(look.who):
        for opening in plugin.openings:
            try:
                with opened(opening.service):
                    seen[opening.key] = current().system is not None
            except (NotFound, Forbidden):
                seen[opening.key] = False
    return seen


async def lookups(look: Look, plugin: Plugin) -> Seen:
    seen: Seen = {}
    for lookup in plugin.lookups:
        pages = (f"/lookups/{lookup.name}", f"/lookups/{lookup.name}/new", f"/api/v1/lookups/{lookup.name}")
        seen |= {page: await look.opens(page) for page in pages}
        listed = (await look.json("/api/v1/lookups")).get("items", [])
        seen[f"{lookup.name} in the list"] = lookup.name in {item["name"] for item in listed}
        seen[f"{lookup.name} on the page of lists"] = await look.links("/lookups", f"/lookups/{lookup.name}")
    return seen


async def jobs(look: Look, plugin: Plugin) -> Seen:
    """Each can be asked for, and is shown where it was."""
    listed = (await look.json("/api/v1/jobs?limit=500")).get("items", [])
    shown = {(item["plugin"], item["name"]): item["id"] for item in listed}
    seen: Seen = {}
    for job in plugin.all_jobs:
        number = shown.get((plugin.name, job.name), 0)
        seen[f"{job.name} to be asked for"] = job in current_snapshot().jobs.values()
        seen[f"{job.name} on the page"] = await look.links("/jobs", f"/jobs/{number}")
        seen[f"{job.name} by itself"] = await look.answers(f"/api/v1/jobs/{number}")
    return seen


async def schedules(look: Look, plugin: Plugin) -> Seen:
    listed = (await look.json("/api/v1/schedules")).get("items", [])
    shown = {(item["plugin"], item["name"]) for item in listed}
    with speaking("en"):
        labels = {schedule.name: str(schedule.job.label) for schedule in plugin.schedules}
    page = [(f"{name} on the page", await look.reads("/jobs/schedules", label)) for name, label in labels.items()]
    return {**{f"{name} in the API": (plugin.name, name) in shown for name in labels}, **dict(page)}


async def settings(look: Look, plugin: Plugin) -> Seen:
    if plugin.settings is None:
        return {}
    page = f"/settings/{plugin.name}"
    return {"the form": await look.opens(page), "the link to it": await look.links("/settings", page)}


async def hooks(look: Look, plugin: Plugin) -> Seen:
    """Each function is called for a record of a type it is about, or of core's when it is about all."""
    seen: Seen = {}
    for module in plugin.hooks:
        for name in HOOKS:
            function = getattr(module, name, None)
            if function is not None:
                key = min(subjects_of(function) or {"position"})
                with called(function.__code__) as calls:
                    await _announce(name, look.types[key])
                seen[f"{module.__name__}.{name}"] = bool(calls)
    return seen


HOOKS = [name for name in hookspecs.__all__ if name not in ("hook", "subjects_of")]


async def _announce(name: str, record: RecordType) -> None:
    """What the desk says when such a record is made, with a word in each of its texts."""
    new = {key: "样例" if field.kind == "text" else None for key, field in record.fields.items()}
    given = {"record_type": record, "old": None, "new": new, "principal": current()}
    arguments = {**given, "verb": "create", "ids": [], "batch": "none"}
    await current_snapshot().hooks.call(
        name, **{k: arguments[k] for k in signature(getattr(hookspecs, name)).parameters}
    )


async def samples(look: Look, plugin: Plugin) -> Seen:
    return {sample.__name__: sample in current_snapshot().samples for sample in plugin.samples}


@contextmanager
def called(code: Any) -> Iterator[list[str]]:
    """Whether this piece of code runs inside, by whatever way it is reached."""
    calls: list[str] = []

    def profile(frame: Any, event: str, _argument: Any) -> None:
        if event == "call" and frame.f_code is code:
            calls.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield calls
    finally:
        sys.setprofile(before)


CASES: Mapping[str, Callable[[Look, Plugin], Awaitable[Seen]]] = {
    "records": records,
    "extends": extends,
    "menus": menus,
    "routes": routes,
    "jobs": jobs,
    "schedules": schedules,
    "tiles": tiles,
    "rights": rights,
    "presets": presets,
    "openings": openings,
    "lookups": lookups,
    "settings": settings,
    "hooks": hooks,
    "samples": samples,
}
