"""What went wrong in plugins' code since the process started: for the log and the administrator's plugin page.

A plugin that keeps failing is left alone: its hooks are skipped until it is switched on again.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
import traceback
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Failure", "failures_of", "forgive", "is_left_alone", "last_own_line", "record_failure"]

LIMIT = 5
"""So many failures within `PERIOD` seconds, and the plugin's hooks are skipped."""
PERIOD = 600.0
KEPT = 20

log = logging.getLogger("dougong.plugin")


@dataclass(frozen=True)
class Failure:
    """One time a plugin's code failed: where it was called, what it said, the last line of its own."""

    plugin: str
    where: str
    error: str
    line: str
    at: dt.datetime


@dataclass
class _Record:
    failures: deque[Failure] = field(default_factory=lambda: deque(maxlen=KEPT))
    times: deque[float] = field(default_factory=lambda: deque(maxlen=LIMIT))


_records: dict[str, _Record] = {}


def record_failure(plugin: str, where: str, error: BaseException, package: str = "") -> Failure:
    """Remember and log it. `package` is the plugin's, to find the last line of its own in the traceback."""
    failure = Failure(
        plugin=plugin,
        where=where,
        error=f"{type(error).__name__}: {error}",
        line=last_own_line(error, package),
        at=dt.datetime.now(dt.UTC),
    )
    kept = _records.setdefault(plugin, _Record())
    kept.failures.append(failure)
    kept.times.append(time.monotonic())
    log.error("plugin %s failed in %s: %s", plugin, where, failure.error, exc_info=error)
    if is_left_alone(plugin):
        log.error("plugin %s: too many failures, its hooks are skipped until it is switched on again", plugin)
    return failure


def failures_of(plugin: str) -> Sequence[Failure]:
    """The latest failures, newest first."""
    return tuple(reversed(_records[plugin].failures)) if plugin in _records else ()


def is_left_alone(plugin: str) -> bool:
    """Whether the plugin failed so often that its hooks are skipped."""
    kept = _records.get(plugin)
    return bool(kept and len(kept.times) == LIMIT and kept.times[-1] - kept.times[0] < PERIOD)


def forgive(plugin: str) -> None:
    """Start counting anew: the plugin was switched on again."""
    _records.pop(plugin, None)


def last_own_line(error: BaseException, package: str) -> str:
    """`records.py:12 in visits: raise ValueError("…")`: the innermost line of the plugin's own code, else ""."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}: {(error.text or '').strip()}"
    own = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__", ""))
        if package and (module == package or module.startswith(f"{package}.")):
            summary = traceback.FrameSummary(frame.f_code.co_filename, number, frame.f_code.co_name)
            own = f"{summary.filename}:{number} in {summary.name}: {summary.line or ''}".rstrip(": ")
    return own
