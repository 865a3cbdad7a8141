"""Jobs and schedules for programs."""

from __future__ import annotations

import datetime as dt

from dougong.jobs import enqueue, work_off
from dougong.jobs.schedules import ask_for_due

DAY = dt.date(2026, 3, 2)
LONG_AGO = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


async def asked(workshop, who, job, **arguments):
    async with workshop.company.world.acting(who):
        return await enqueue(job, **arguments)


async def test_a_program_lists_its_persons_jobs_page_after_page(workshop):
    numbers = [await asked(workshop, "wangfang", workshop.plugin.build, count=n) for n in range(3)]
    await asked(workshop, "lilei", workshop.plugin.build, count=9)
    async with workshop.company.program("wangfang") as program:
        first = (await program.get("/api/v1/jobs?limit=2")).json()
        second = (await program.get(f"/api/v1/jobs?limit=2&before={first['next']}")).json()
        refused = [await program.get(f"/api/v1/jobs?{q}") for q in ("show=nothing", "limit=0", "before=x")]
    assert [job["id"] for page in (first, second) for job in page["items"]] == numbers[::-1]
    assert second["next"] is None
    assert [answer.status_code for answer in refused] == [400] * 3
    async with workshop.company.program("admin") as program:
        assert len((await program.get("/api/v1/jobs")).json()["items"]) == 4
        assert (await program.get("/api/v1/jobs?show=parked")).json()["items"] == []


async def test_a_job_is_read_and_cancelled_by_who_asked_for_it_and_by_nobody_else(workshop):
    number = await asked(workshop, "wangfang", workshop.plugin.build, count=3)
    async with workshop.company.program("lilei") as program:
        assert (await program.get(f"/api/v1/jobs/{number}")).status_code == 404
        assert (await program.post(f"/api/v1/jobs/{number}/cancel")).status_code == 404
    async with workshop.company.program("wangfang") as program:
        read = (await program.get(f"/api/v1/jobs/{number}")).json()
        assert (read["state"], read["by"], read["plugin"], read["name"]) == ("queued", "王芳", "workshop", "build")
        cancelled = await program.post(f"/api/v1/jobs/{number}/cancel")
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
        assert (await program.post(f"/api/v1/jobs/{number}/cancel")).status_code == 409
        assert (await program.get("/api/v1/jobs/700001")).status_code == 404
    assert await work_off() == 0


async def test_a_parked_job_is_tried_again_by_who_keeps_jobs_and_only_they_read_the_line(workshop):
    number = await asked(workshop, "wangfang", workshop.plugin.stumble, how="invalid")
    await work_off()
    async with workshop.company.program("wangfang") as program:
        read = (await program.get(f"/api/v1/jobs/{number}")).json()
        assert (read["state"], read["detail"]) == ("parked", "")
        assert "The bench is in use." in read["error"]
        assert (await program.post(f"/api/v1/jobs/{number}/retry")).status_code == 403
    async with workshop.company.program("admin") as program:
        assert "raise Invalid(" in (await program.get(f"/api/v1/jobs/{number}")).json()["detail"]
        assert (await program.post(f"/api/v1/jobs/{number}/retry")).json()["state"] == "queued"
        assert (await program.post(f"/api/v1/jobs/{number}/retry")).status_code == 409
    assert await work_off() == 1


async def test_a_schedule_is_paused_and_resumed_by_who_keeps_jobs(workshop):
    await ask_for_due()
    async with workshop.company.program("wangfang") as program:
        assert (await program.get("/api/v1/schedules")).status_code == 403
    async with workshop.company.program("admin") as program:
        [schedule] = (await program.get("/api/v1/schedules")).json()["items"]
        assert (schedule["plugin"], schedule["name"], schedule["cron"]) == ("workshop", "count", "0 8 * * mon-sat")
        own = f"/api/v1/schedules/{schedule['id']}"
        assert (await program.post(f"{own}/pause")).json()["paused"]
        assert not (await program.post(f"{own}/resume")).json()["paused"]
        assert (await program.post("/api/v1/schedules/700001/pause")).status_code == 404


async def test_the_description_has_jobs_and_schedules_with_what_they_answer(workshop):
    number = await asked(workshop, "admin", workshop.plugin.build, count=3)
    await ask_for_due()
    async with workshop.company.program("admin") as program:
        described = (await program.get("/api/v1/openapi.json")).json()["paths"]
        answers = {
            "/api/v1/jobs/{job}": (await program.get(f"/api/v1/jobs/{number}")).json(),
            "/api/v1/schedules": (await program.get("/api/v1/schedules")).json()["items"][0],
        }
    for path, answer in answers.items():
        schema = described[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        schema = schema["properties"]["items"]["items"] if "items" in schema["properties"] else schema
        assert set(answer) == set(schema["properties"]) == set(schema["required"])
