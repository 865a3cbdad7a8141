"""What a plugin does beside people's requests: written down, done as whoever asked, gone while the plugin is off."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from pydantic.errors import PydanticInvalidForJsonSchema

from dougong.access.principal import acting_as, system
from dougong.errors import NotFound
from dougong.i18n import company_zone
from dougong.jobs import enqueue, run_now
from dougong.jobs.queue import write_down
from dougong.jobs.steps import NOBODY
from dougong.jobs.tables import CANCELLED, OFF, JobRow
from dougong.plugin.state import disable, enable
from dougong.testing.contract.ground import Ground, together
from dougong.testing.world import World

__all__ = ["Jobs"]


class Jobs(Ground):
    def test_what_its_jobs_take_can_be_kept_as_json(self) -> None:
        for job in self.loaded.all_jobs:
            try:
                job.arguments.model_json_schema()
            except PydanticInvalidForJsonSchema as err:
                pytest.fail(f"{job}: {err}")

    def test_its_jobs_say_what_happens_when_they_run_twice(self) -> None:
        assert [job for job in self.loaded.all_jobs if not (job.run.__doc__ or "").strip()] == []

    def test_its_schedules_give_their_jobs_what_these_take(self) -> None:
        for schedule in self.loaded.schedules:
            stored = schedule.stored(dt.datetime.now(dt.UTC), company_zone())
            kept = json.loads(json.dumps(stored))
            assert schedule.job.stored(**schedule.job.read(kept)) == stored, schedule.name

    @together
    async def test_its_schedules_run_as_nobody_with_what_its_openings_show(self, world: World) -> None:
        async with world.acting("admin"):
            for record in self.declared.records:
                await self.made(record, world)
        for schedule in self.declared.schedules:
            stored = schedule.stored(dt.datetime.now(dt.UTC), company_zone())
            with acting_as(NOBODY):
                await schedule.job(**schedule.job.read(stored))

    @together
    async def test_switched_off_none_of_its_jobs_is_asked_for_or_done(self, world: World) -> None:
        jobs = self.declared.all_jobs
        async with world.acting("admin"):
            asked = [await write_down(self.plugin, job, {}, None) for job in jobs]
            needing = (await disable(self.plugin, cascade=True)).changed
            for job, number in zip(jobs, asked, strict=True):
                with pytest.raises(NotFound):
                    await enqueue(job)
                assert not await run_now(number)
            with acting_as(system("test the jobs of a plugin that is off")):
                rows = await JobRow.select(JobRow.state).where(JobRow.id.is_in([0, *asked]))
                await JobRow.update({JobRow.state: CANCELLED}).where(JobRow.id.is_in([0, *asked]))
            for name in [self.plugin, *needing]:
                await enable(name, cascade=True)
        assert {row["state"] for row in rows} <= {OFF}
