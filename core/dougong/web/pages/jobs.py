"""Jobs: one's own or everybody's, how far they are, and the word to stop or to try again; and what is due by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.principal import current
from dougong.access.rights import may_do
from dougong.i18n import Text, _, moment_text, number_text
from dougong.jobs.schedules import SeenSchedule, pause_schedule, resume_schedule, schedules_seen
from dougong.jobs.tables import CANCELLED, DONE, PARKED, QUEUED, RUNNING
from dougong.jobs.watching import MANAGE, Seen, cancel_job, job_seen, jobs_seen, retry_job
from dougong.plugin.snapshot import current_snapshot
from dougong.web.addresses import id_at
from dougong.web.render import go, page
from dougong.web.views import Action, Cell, Crumb, JobLine, JobsPage, Placeholder, Tab, Tone

__all__ = ["job_line", "routes"]

AnyRequest = Request[Any, Any, Any]
JOBS = "/jobs"

_STATES: Mapping[str, tuple[Text, Tone]] = {
    QUEUED: (_("Waiting"), ""),
    RUNNING: (_("Running"), "pri"),
    DONE: (_("Done"), "ok"),
    CANCELLED: (_("Cancelled"), ""),
    PARKED: (_("Parked"), "bad"),
}
_TABS: Mapping[str, Text] = {"": _("All"), "active": _("Under way"), "parked": _("Parked")}
SCHEDULES = f"{JOBS}/schedules"


@get(JOBS, include_in_schema=False)
async def show_jobs(request: AnyRequest) -> Response[Any]:
    which, text = request.query_params.get("show", ""), request.query_params.get("before", "")
    before = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    found, more = await jobs_seen(which, before=before)
    return page(request, _page(found, which, more))


def _tabs(which: str) -> tuple[Tab, ...]:
    tabs = [Tab(str(label), f"{JOBS}?show={k}" if k else JOBS, k == which) for k, label in _TABS.items()]
    if may_do(current(), MANAGE):
        tabs.append(Tab(str(_("Schedules")), SCHEDULES, which == "schedules"))
    return tuple(tabs)


def _page(found: Sequence[Seen], which: str, more: int | None) -> JobsPage:
    everybodys = may_do(current(), MANAGE)
    here = f"{JOBS}?show={which}" if which else JOBS
    lead = _("What is done beside your work. A job goes on where it stopped, whatever happens meanwhile.")
    return JobsPage(
        title=str(_("Jobs") if everybodys else _("My jobs")),
        lead=str(lead),
        tabs=_tabs(which),
        lines=tuple(job_line(seen, named=everybodys) for seen in found),
        more_href=f"{here}{'&' if which else '?'}before={more}" if more else "",
        watch=here if any(seen.is_active for seen in found) else "",
        empty=Placeholder(str(_("There are no jobs here")), icon="clock-check"),
    )


def job_line(seen: Seen, *, named: bool) -> JobLine:
    """A job as a line of a page; `named`: with who asked for it."""
    state, tone = _STATES[seen.state]
    plugin = current_snapshot().plugins[seen.plugin].label
    said = str(seen.words) or (str(seen.error) if seen.state in (QUEUED, PARKED) else "")
    who = [seen.by or str(_("By itself"))] if named else []
    return JobLine(
        title=str(seen.label),
        href=f"{JOBS}/{seen.id}",
        hint=" · ".join([str(plugin), *who, moment_text(seen.created)]),
        state=Cell("status", str(_("Is being stopped") if seen.cancelling else state), tone=tone),
        said=said,
        percent=_percent(seen),
        count=_count(seen),
        actions=_actions(seen),
    )


def _percent(seen: Seen) -> int | None:
    """None where it isn't known, or no longer of interest."""
    if not seen.total or seen.state in (DONE, CANCELLED):
        return None
    return min(100, seen.done * 100 // seen.total)


def _count(seen: Seen) -> str:
    if seen.total is not None:
        return str(_("%(done)s of %(total)s", done=number_text(seen.done), total=number_text(seen.total)))
    return number_text(seen.done) if seen.done else ""


def _actions(seen: Seen) -> tuple[Action, ...]:
    own = f"{JOBS}/{seen.id}"
    found = []
    if seen.may_retry:
        found.append(Action(str(_("Try again")), f"{own}/retry", "refresh", "post"))
    if seen.may_cancel:
        found.append(Action(str(_("Cancel")), f"{own}/cancel", "player-stop", "post", look="quiet"))
    if seen.batch and seen.state in (DONE, CANCELLED, PARKED) and seen.done:
        found.append(Action(str(_("Undo…")), f"/changes/{seen.batch}", "arrow-back-up", look="quiet"))
    return tuple(found)


# ------------------------------------------------------------------ one of them


@get(f"{JOBS}/{{job:str}}", include_in_schema=False)
async def show_job(request: AnyRequest, job: str) -> Response[Any]:
    seen = await job_seen(id_at(job))
    view = JobsPage(
        title=str(seen.label),
        crumbs=(Crumb(str(_("Jobs")), JOBS),),
        lines=(replace(job_line(seen, named=True), said=str(seen.words)),),
        facts=tuple((str(label), value) for label, value in _facts(seen)),
        error=str(seen.error),
        detail=seen.detail,
        watch=f"{JOBS}/{seen.id}" if seen.is_active else "",
    )
    return page(request, view)


def _facts(seen: Seen) -> list[tuple[Text, str]]:
    moments = [(_("Asked for"), seen.created), (_("Begun"), seen.started), (_("Ended"), seen.ended)]
    told = [(label, moment_text(at, relative=False)) for label, at in moments if at is not None]
    return [*told, (_("Attempts"), number_text(seen.attempts))]


@post(f"{JOBS}/{{job:str}}/cancel", include_in_schema=False, status_code=200)
async def cancel(request: AnyRequest, job: str) -> Response[Any]:
    await cancel_job(id_at(job))
    return go(request, f"{JOBS}/{id_at(job)}", _("The job is being stopped. What it has done stays."))


@post(f"{JOBS}/{{job:str}}/retry", include_in_schema=False, status_code=200)
async def retry(request: AnyRequest, job: str) -> Response[Any]:
    await retry_job(id_at(job))
    return go(request, f"{JOBS}/{id_at(job)}", _("The job is tried again."))


# ------------------------------------------------------------------ what is due by itself


@get(SCHEDULES, include_in_schema=False)
async def show_schedules(request: AnyRequest) -> Response[Any]:
    view = JobsPage(
        title=str(_("Jobs")),
        lead=str(_("What is done by itself, at these times. What was missed while the house was closed is done once.")),
        tabs=_tabs("schedules"),
        lines=tuple(_schedule_line(seen) for seen in await schedules_seen()),
        empty=Placeholder(str(_("No plugin does anything by itself")), icon="calendar-time"),
    )
    return page(request, view)


def _schedule_line(seen: SeenSchedule) -> JobLine:
    plugin = current_snapshot().plugins[seen.plugin].label
    last = [str(_("last %(moment)s", moment=moment_text(seen.last)))] if seen.last else []
    own = f"{SCHEDULES}/{seen.id}"
    turn = (
        Action(str(_("Resume")), f"{own}/resume", "player-play", "post")
        if seen.paused
        else Action(str(_("Pause")), f"{own}/pause", "player-pause", "post", look="quiet")
    )
    return JobLine(
        title=str(seen.label),
        href="",
        hint=" · ".join([str(plugin), seen.cron, *last]),
        state=Cell("status", str(_("Paused")), tone="warn") if seen.paused else Cell("datetime", moment_text(seen.due)),
        actions=(turn,),
    )


@post(f"{SCHEDULES}/{{schedule:str}}/pause", include_in_schema=False, status_code=200)
async def pause(request: AnyRequest, schedule: str) -> Response[Any]:
    seen = await pause_schedule(id_at(schedule))
    return go(request, SCHEDULES, _("“%(what)s” is not done by itself until you resume it.", what=seen.label))


@post(f"{SCHEDULES}/{{schedule:str}}/resume", include_in_schema=False, status_code=200)
async def resume(request: AnyRequest, schedule: str) -> Response[Any]:
    seen = await resume_schedule(id_at(schedule))
    when = moment_text(seen.due)
    return go(request, SCHEDULES, _("“%(what)s” is due again: %(when)s.", what=seen.label, when=when))


routes = [show_jobs, show_job, cancel, retry, show_schedules, pause, resume]
