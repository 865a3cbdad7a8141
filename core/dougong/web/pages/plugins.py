"""The switchboard: what is installed, what it adds, what a switch would change, and the switch."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post

from dougong.access.rights import need
from dougong.errors import Refused
from dougong.i18n import Text, _, moment_text, number_text
from dougong.plugin.board import Board, States, board, enabled_in, read_states
from dougong.plugin.contributions import KINDS
from dougong.plugin.discovery import LoadedPlugin
from dougong.plugin.failures import failures_of, is_left_alone
from dougong.plugin.impact import Impact, impact
from dougong.plugin.processes import live_processes
from dougong.plugin.restoring import restore
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import Switched, disable, enable
from dougong.plugin.trash import Kept, archive_called, archives
from dougong.plugin.uninstalling import belongings, purge, uninstall
from dougong.web.components import hue
from dougong.web.files import size_text
from dougong.web.render import go, page
from dougong.web.views import (
    ArchiveCard,
    Banner,
    Contribution,
    ImpactPage,
    LeavingPage,
    PluginCard,
    PluginsPage,
    ProcessState,
    Tab,
)
from dougong.web.views import Impact as ImpactLine

__all__ = ["process_state", "routes"]

AnyRequest = Request[Any, Any, Any]


@get("/plugins", include_in_schema=False)
async def show_plugins(request: AnyRequest) -> Response[Any]:
    need("plugins.manage")
    here, states = board(), await read_states()
    state = await process_state()
    cards = [_card(here, loaded, states, state) for loaded in here.installed.plugins.values()]
    chosen = request.query_params.get("show", "")
    shown = [c for c in cards if not chosen or c.on == (chosen == "on")]
    kept = () if chosen == "on" else tuple(_archive_card(one) for one in await archives())
    safe = _(
        "Safe mode: plugins of other makers are left out until the next start without it. Switch off here what failed."
    )
    return page(
        request,
        PluginsPage(
            cards=tuple(shown),
            tabs=_tabs(cards, chosen),
            state=state,
            banner=Banner(str(safe)) if any(card.left_out for card in cards) else None,
            archives=kept,
        ),
    )


def _archive_card(kept: Kept) -> ArchiveCard:
    told = kept.manifest
    until = _("kept until %(day)s", day=moment_text(kept.until, relative=False))
    facts = [size_text(kept.size), str(until)]
    if told is None:
        facts = [str(_("It can't be read.")), *facts]
    else:
        records = _("%(count)s records", count=number_text(told.records))
        facts = [told.version, str(_("uninstalled %(when)s", when=moment_text(told.made))), str(records), *facts]
    return ArchiveCard(
        label=told.label if told else kept.name,
        name=kept.name,
        facts=tuple(facts),
        restore_url=f"/plugins/archives/{kept.name}/restore",
        purge_url=f"/plugins/archives/{kept.name}",
        hue=hue(told.plugin if told else kept.name),
    )


async def process_state() -> ProcessState:
    """How far the living processes are."""
    epoch = current_snapshot().epoch
    processes = await live_processes()
    behind = tuple(f"{p.host}:{p.pid}" for p in processes if p.epoch < epoch)
    return ProcessState(len(processes) - len(behind), len(processes), epoch, behind)


def _tabs(cards: list[PluginCard], chosen: str) -> tuple[Tab, ...]:
    counts = {"": len(cards), "on": sum(c.on for c in cards), "off": sum(not c.on for c in cards)}
    labels = {"": _("All"), "on": _("On"), "off": _("Off")}
    return tuple(
        Tab(str(labels[k]), f"/plugins?show={k}" if k else "/plugins", k == chosen, number_text(n))
        for k, n in counts.items()
    )


def _card(here: Board, loaded: LoadedPlugin, states: States, state: ProcessState) -> PluginCard:
    on = enabled_in(states)
    needs, needed_by = here.installed.needs_of(loaded.name), here.installed.needed_by(loaded.name)
    failures = failures_of(loaded.name)
    trouble = str(loaded.error) if loaded.error else ""
    detail = loaded.detail
    if not trouble and failures:
        last = failures[0]
        trouble = str(_("It failed in %(where)s: %(error)s", where=last.where, error=last.error))
        if is_left_alone(loaded.name):
            trouble = f"{trouble} {_('Its hooks and tiles are left out until it is switched off and on again.')}"
        detail = last.line
    counts = loaded.plugin.counts() if loaded.plugin else {}
    return PluginCard(
        name=loaded.name,
        label=str(loaded.label),
        version=loaded.version,
        icon=loaded.plugin.icon if loaded.plugin else "puzzle-off",
        description=str(loaded.plugin.description or "") if loaded.plugin else "",
        on=loaded.name in on,
        works=loaded.works,
        left_out=loaded.left_out,
        url=f"/plugins/{loaded.name}",
        hue=hue(loaded.name),
        contributions=tuple(Contribution(str(k.label), counts[k.name]) for k in KINDS if k.name in counts),
        needs=tuple(_plugin_tab(here, n, on) for n in needs),
        needed_by=tuple(_plugin_tab(here, n, on) for n in needed_by),
        state=state if loaded.name in on else None,
        error=trouble,
        error_detail=detail,
        uninstall_url=f"/plugins/{loaded.name}/uninstall" if loaded.name in states and loaded.name not in on else "",
    )


def _plugin_tab(here: Board, name: str, on: Any) -> Tab:
    known = here.installed.plugins.get(name)
    return Tab(str(known.label) if known else name, f"/plugins/{name}" if known else "/plugins", name in on)


@get("/plugins/{name:str}", include_in_schema=False)
async def ask_switch(request: AnyRequest, name: str) -> Response[Any]:
    return page(request, _impact_page(name, await impact(name)))


def _impact_page(name: str, found: Impact, error: str = "") -> ImpactPage:
    here = board()
    loaded = here.installed.plugins[name]
    labels = {k.name: str(k.label) for k in KINDS}
    records = tuple(f"{r.plural}: {number_text(n)}" for r, n in found.records)
    lines = (
        [ImpactLine(str(_("Records (kept)")), records, number_text(sum(n for _r, n in found.records)))]
        if records
        else []
    )
    lines += [
        ImpactLine(labels[kind], tuple(str(item) for item in items), number_text(len(items)))
        for kind, items in found.parts.items()
        if kind != "records" or not records
    ]
    others = found.dependants if found.enabled else found.needs
    return ImpactPage(
        label=str(loaded.label),
        version=loaded.version,
        enable=not found.enabled,
        url=f"/plugins/{name}",
        cancel_href="/plugins",
        dependants=tuple(_label(here, n) for n in others),
        companions=tuple(_label(here, n) for n in found.companions) if not found.enabled else (),
        impacts=tuple(lines),
        error=error,
    )


def _label(here: Board, name: str) -> str:
    known = here.installed.plugins.get(name)
    return str(known.label) if known else name


@post("/plugins/{name:str}", include_in_schema=False, status_code=200)
async def switch(request: AnyRequest, name: str) -> Response[Any]:
    form = await request.form()
    on, cascade = form.get("enabled") == "1", form.get("cascade") == "1"
    try:
        done = await (enable if on else disable)(name, cascade=cascade)
    except Refused as err:
        return page(request, _impact_page(name, await impact(name), str(err)), status=err.status)
    return go(request, "/plugins", _told(name, on, done))


def _told(name: str, on: bool, done: Switched) -> Text:
    label = _label(board(), name)
    if done.waiting:
        waiting = ", ".join(f"{p.host}:{p.pid}" for p in done.waiting)
        return _("“%(plugin)s” is switched; still waiting for %(processes)s.", plugin=label, processes=waiting)
    return _("“%(plugin)s” is on.", plugin=label) if on else _("“%(plugin)s” is off. Its data are kept.", plugin=label)


@get("/plugins/{name:str}/uninstall", include_in_schema=False)
async def ask_uninstall(request: AnyRequest, name: str) -> Response[Any]:
    return page(request, await _leaving(name))


async def _leaving(name: str, error: str = "") -> LeavingPage:
    found, here = await belongings(name), board()
    lines = [ImpactLine(str(label), (), number_text(n)) for label, n in (*found.records, *found.others.items()) if n]
    pointing = [f"{column}: {number_text(n)}" for column, n in found.pointing if n]
    if pointing:
        lines.append(ImpactLine(str(_("Fields of others that point to its records")), tuple(pointing)))
    return LeavingPage(
        title=str(_("Uninstall %(plugin)s", plugin=_label(here, name))),
        lead=str(_("All of this leaves the database for an archive, from which it can be restored.")),
        url=f"/plugins/{name}/uninstall",
        button=str(_("Uninstall")),
        typed=name,
        dependants=tuple(_label(here, n) for n in found.dependants),
        impacts=tuple(lines),
        error=error,
    )


@post("/plugins/{name:str}/uninstall", include_in_schema=False, status_code=200)
async def uninstall_it(request: AnyRequest, name: str) -> Response[Any]:
    need("plugins.manage")
    form = await request.form()
    label = _label(board(), name)
    try:
        if form.get("name", "").strip() != name:
            raise Refused(_("Type “%(name)s”, to be sure", name=name))
        await uninstall(name, cascade=form.get("cascade") == "1")
    except Refused as err:
        return page(request, await _leaving(name, str(err)), status=err.status)
    return go(request, "/plugins", _("“%(plugin)s” is uninstalled. Its data lie in the archive.", plugin=label))


@post("/plugins/archives/{archive:str}/restore", include_in_schema=False, status_code=200)
async def restore_it(request: AnyRequest, archive: str) -> Response[Any]:
    need("plugins.manage")
    done = await restore(archive_called(archive))
    return go(request, "/plugins", _("“%(plugin)s” is restored, and off.", plugin=_label(board(), done.plugin)))


@get("/plugins/archives/{archive:str}", include_in_schema=False)
async def ask_purge(request: AnyRequest, archive: str) -> Response[Any]:
    need("plugins.manage")
    return page(request, _purging(archive_called(archive).name))


def _purging(archive: str, error: str = "") -> LeavingPage:
    return LeavingPage(
        title=str(_("Throw %(archive)s away", archive=archive)),
        lead=str(_("These data are gone for good then. Nothing brings them back.")),
        url=f"/plugins/archives/{archive}",
        button=str(_("Throw away for good")),
        typed=archive.split("-")[0],
        error=error,
    )


@post("/plugins/archives/{archive:str}", include_in_schema=False, status_code=200)
async def purge_it(request: AnyRequest, archive: str) -> Response[Any]:
    form = await request.form()
    try:
        await purge(archive, form.get("name", ""))
    except Refused as err:
        return page(request, _purging(archive, str(err)), status=err.status)
    return go(request, "/plugins", _("The archive is gone for good."))


routes = [show_plugins, ask_switch, switch, ask_uninstall, uninstall_it, restore_it, ask_purge, purge_it]
