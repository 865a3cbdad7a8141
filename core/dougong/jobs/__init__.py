"""Jobs: work that is done beside people's requests. Each is a row, written in the transaction that asks for it.

A plugin declares a job with `@job`, names it in `Plugin.jobs` or in a `Schedule`, and asks for it with `enqueue`. What
runs writes in steps: `async with step() as work` is one transaction that keeps how far the job got with what it wrote.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dougong.jobs.declarations import Job, Schedule, job

if TYPE_CHECKING:
    from dougong.jobs.queue import enqueue
    from dougong.jobs.runner import run_now, work_off
    from dougong.jobs.steps import Step, at_work, progress, step

__all__ = ["Job", "Schedule", "Step", "at_work", "enqueue", "job", "progress", "run_now", "step", "work_off"]

# These stand on the snapshot, and the snapshot on the declarations: they load when asked for.
_LATER = {
    "enqueue": "dougong.jobs.queue",
    "run_now": "dougong.jobs.runner",
    "work_off": "dougong.jobs.runner",
    "Step": "dougong.jobs.steps",
    "at_work": "dougong.jobs.steps",
    "progress": "dougong.jobs.steps",
    "step": "dougong.jobs.steps",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)
