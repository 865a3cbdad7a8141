"""Schedules: what is due by itself is asked for, once among all processes; what was missed meanwhile, once in all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim

from dougong.access.principal import acting_as, system
from dougong.access.rights import need
from dougong.db import transaction
from dougong.errors import NotFound
from dougong.i18n import Text, company_zone
from dougong.jobs.declarations import Schedule
from dougong.jobs.queue import write_down
from dougong.jobs.steps import NOBODY
from dougong.jobs.tables import ScheduleRow
from dougong.jobs.watching import MANAGE
from dougong.plugin.snapshot import current_snapshot, served_snapshot

__all__ = ["SeenSchedule", "ask_for_due", "pause_schedule", "resume_schedule", "schedules_seen"]

_WHY = "ask for jobs that are due by themselves"
_ONLY = frozenset({"dougong_schedule"})
Rows = Mapping[str, Mapping[str, Any]]


async def ask_for_due() -> None:
    """Ask for the jobs that are due; schedules that are new or changed get their next moment."""
    zone, now = company_zone(), dt.datetime.now(dt.UTC)
    known = await _known()
    for plugin, schedule in served_snapshot().schedules:
        row = known.get(_key(plugin, schedule))
        if row is None or row["rule"] != _rule(schedule, zone):
            await _set_up(plugin, schedule, zone, now)
        elif row["due"] <= now and not row["paused"]:
            await _ask(plugin, schedule, zone, row, now)


async def _known() -> Rows:
    with acting_as(system(_WHY, _ONLY)):
        return {row["unique_key"]: row for row in await ScheduleRow.select()}


def _key(plugin: str, schedule: Schedule) -> str:
    return f"{plugin}.{schedule.name}"


def _rule(schedule: Schedule, zone: ZoneInfo) -> str:
    return f"{schedule.cron} {zone.key}"


def next_after(schedule: Schedule, zone: ZoneInfo, moment: dt.datetime) -> dt.datetime:
    """When it is due after a moment. An hour the clock leaves out is made up for, one it repeats counts once."""
    return next(CronSim(schedule.cron, moment.astimezone(zone))).astimezone(dt.UTC)


def _last_until(schedule: Schedule, zone: ZoneInfo, moment: dt.datetime) -> dt.datetime:
    """When it was due last, up to and including a moment."""
    after = moment.astimezone(zone) + dt.timedelta(seconds=1)
    return next(CronSim(schedule.cron, after, reverse=True)).astimezone(dt.UTC)


async def _set_up(plugin: str, schedule: Schedule, zone: ZoneInfo, now: dt.datetime) -> None:
    key, rule, due = _key(plugin, schedule), _rule(schedule, zone), next_after(schedule, zone, now)
    row = ScheduleRow(unique_key=key, plugin=plugin, name=schedule.name, rule=rule, due=due)
    changed: dict[Any, Any] = {ScheduleRow.rule: rule, ScheduleRow.due: due}
    with acting_as(system(_WHY, _ONLY)):
        await ScheduleRow.insert(row).on_conflict(ScheduleRow.unique_key, "DO NOTHING")
        await ScheduleRow.update(changed).where((ScheduleRow.unique_key == key) & (ScheduleRow.rule != rule))


async def _ask(plugin: str, schedule: Schedule, zone: ZoneInfo, row: Mapping[str, Any], now: dt.datetime) -> None:
    """Ask for what was due last, in the transaction that moves the schedule on: another process finds it moved."""
    due = max(row["due"], _last_until(schedule, zone, now))
    moved: dict[Any, Any] = {ScheduleRow.due: next_after(schedule, zone, now), ScheduleRow.last: due}
    as_seen = (ScheduleRow.id == row["id"]) & (ScheduleRow.due == row["due"]) & ScheduleRow.paused.eq(False)
    async with transaction():
        with acting_as(system(_WHY, _ONLY)):
            mine = await ScheduleRow.update(moved).where(as_seen).returning(ScheduleRow.id)
        if mine:
            arguments = schedule.stored(due, zone)
            own = schedule.job.key(arguments)
            key = f"{plugin}.{schedule.job.name}:{own}" if own else f"{_key(plugin, schedule)}@{due.isoformat()}"
            with acting_as(NOBODY):
                await write_down(plugin, schedule.job, arguments, key)


# ------------------------------------------------------------------ for who keeps jobs


@dataclass(frozen=True)
class SeenSchedule:
    """A schedule as whoever keeps jobs sees it: when it is due next, and was last."""

    id: int
    plugin: str
    name: str
    label: Text
    cron: str
    due: dt.datetime
    last: dt.datetime | None
    paused: bool


async def schedules_seen() -> Sequence[SeenSchedule]:
    """Those of plugins that are on. Raises Forbidden."""
    need(MANAGE)
    known = await _known()
    found = []
    for plugin, schedule in current_snapshot().schedules:
        row = known.get(_key(plugin, schedule))
        if row is not None:
            seen = {key: row[key] for key in ("id", "plugin", "name", "due", "last", "paused")}
            found.append(SeenSchedule(label=schedule.job.label, cron=schedule.cron, **seen))
    return found


async def pause_schedule(number: int) -> SeenSchedule:
    """Nothing is due by it until it is resumed. Raises Forbidden, NotFound."""
    return await _turn(number, {ScheduleRow.paused: True})


async def resume_schedule(number: int) -> SeenSchedule:
    """Due from now on again; what was left out meanwhile was meant to be. Raises Forbidden, NotFound."""
    seen, schedule = await _found(number)
    due = next_after(schedule, company_zone(), dt.datetime.now(dt.UTC))
    return await _turn(seen.id, {ScheduleRow.paused: False, ScheduleRow.due: due})


async def _turn(number: int, values: dict[Any, Any]) -> SeenSchedule:
    seen, _schedule = await _found(number)
    with acting_as(system(_WHY, _ONLY)):
        await ScheduleRow.update(values).where(ScheduleRow.id == seen.id)
    return (await _found(number))[0]


async def _found(number: int) -> tuple[SeenSchedule, Schedule]:
    declared = {_key(plugin, schedule): schedule for plugin, schedule in current_snapshot().schedules}
    for seen in await schedules_seen():
        if seen.id == number:
            return seen, declared[f"{seen.plugin}.{seen.name}"]
    raise NotFound
