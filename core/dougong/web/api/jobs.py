"""Jobs and schedules for programs: the same that their page shows and does."""

from __future__ import annotations

import datetime as dt
from typing import Any

from litestar import Request, get, post

from dougong.errors import Invalid, Problem
from dougong.i18n import _
from dougong.jobs.schedules import SeenSchedule, pause_schedule, resume_schedule, schedules_seen
from dougong.jobs.watching import STATES, Seen, cancel_job, job_seen, jobs_seen, retry_job
from dougong.web.addresses import id_at
from dougong.web.api.records import whole_number

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
JOBS = "/api/v1/jobs"
SCHEDULES = "/api/v1/schedules"


@get(JOBS, include_in_schema=False)
async def list_jobs(request: AnyRequest) -> dict[str, Any]:
    """The newest first; `next` is the `before` to go on with."""
    limit = whole_number(request.query_params, "limit", 50, 500)
    before = whole_number(request.query_params, "before", 0, 999_999_999)
    found, more = await jobs_seen(_which(request), before=before or None, limit=limit)
    return {"items": [_sent(seen) for seen in found], "next": more}


def _which(request: AnyRequest) -> str:
    which: str = request.query_params.get("show", "")
    if which not in ("", *STATES):
        known = ", ".join(STATES)
        raise Invalid(Problem("show", _("This must be one of %(known)s.", known=known), which, "choice"))
    return which


@get(f"{JOBS}/{{job:str}}", include_in_schema=False)
async def read_job(job: str) -> dict[str, Any]:
    return _sent(await job_seen(id_at(job)))


@post(f"{JOBS}/{{job:str}}/cancel", include_in_schema=False, status_code=200)
async def cancel(job: str) -> dict[str, Any]:
    await cancel_job(id_at(job))
    return _sent(await job_seen(id_at(job)))


@post(f"{JOBS}/{{job:str}}/retry", include_in_schema=False, status_code=200)
async def retry(job: str) -> dict[str, Any]:
    await retry_job(id_at(job))
    return _sent(await job_seen(id_at(job)))


def _sent(seen: Seen) -> dict[str, Any]:
    same = ("id", "plugin", "name", "state", "attempts", "done", "total", "batch", "cancelling")
    return {
        **{key: getattr(seen, key) for key in same},
        **{key: str(getattr(seen, key)) for key in ("label", "by", "words", "error", "detail")},
        **{key: _moment(getattr(seen, key)) for key in ("created", "started", "ended")},
    }


def _moment(moment: dt.datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


# ------------------------------------------------------------------ what is due by itself


@get(SCHEDULES, include_in_schema=False)
async def list_schedules() -> dict[str, Any]:
    return {"items": [_sent_schedule(seen) for seen in await schedules_seen()]}


@post(f"{SCHEDULES}/{{schedule:str}}/pause", include_in_schema=False, status_code=200)
async def pause(schedule: str) -> dict[str, Any]:
    return _sent_schedule(await pause_schedule(id_at(schedule)))


@post(f"{SCHEDULES}/{{schedule:str}}/resume", include_in_schema=False, status_code=200)
async def resume(schedule: str) -> dict[str, Any]:
    return _sent_schedule(await resume_schedule(id_at(schedule)))


def _sent_schedule(seen: SeenSchedule) -> dict[str, Any]:
    same = ("id", "plugin", "name", "cron", "paused")
    return {
        **{key: getattr(seen, key) for key in same},
        "label": str(seen.label),
        "due": _moment(seen.due),
        "last": _moment(seen.last),
    }


routes = [list_jobs, read_job, cancel, retry, list_schedules, pause, resume]
