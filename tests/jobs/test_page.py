"""The page of jobs: how they stand, to whom they are shown, stopping and trying again."""

from __future__ import annotations

import datetime as dt

from dougong.jobs import enqueue, work_off

DAY = dt.date(2026, 3, 2)


async def asked(workshop, who, job, **arguments):
    async with workshop.company.world.acting(who):
        return await enqueue(job, **arguments)


async def test_a_job_stands_on_the_page_of_who_asked_for_it_and_of_the_administrator(workshop):
    number = await asked(workshop, "wangfang", workshop.plugin.build, count=5)
    for who, sees in (("wangfang", True), ("lilei", False), ("admin", True)):
        async with workshop.company.browser(who) as browser:
            assert (f'href="/jobs/{number}"' in (await browser.get("/jobs")).text) == sees, who
            assert (await browser.get(f"/jobs/{number}")).status_code == (200 if sees else 404), who
    async with workshop.company.browser("admin") as browser:
        assert "王芳" in (await browser.get("/jobs")).text


async def test_the_page_says_how_far_a_job_is_and_watches_it_until_its_end(workshop):
    number = await asked(workshop, "wangfang", workshop.plugin.build, count=5)
    async with workshop.company.browser("wangfang") as browser:
        assert f'hx-get="/jobs/{number}"' in (await browser.get(f"/jobs/{number}")).text
        await work_off()
        page = (await browser.get(f"/jobs/{number}")).text
    assert "5 built" in page
    assert "5 / 5" in page
    assert "完成" in page
    assert 'hx-get="/jobs' not in page
