"""Whoever brings a file in is killed at any moment: it goes on where it was, no line is lost, none comes in twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter

import pytest

from dougong.access.principal import acting_as, system
from dougong.imports import jobs, services
from dougong.jobs.tables import DONE, JobRow
from dougong.testing.app import enter_company
from dougong_customers.tables import Customer

from .conftest import found_company, received
from .test_bringing_in import sums

LINES = 3_000
WORKER = """
import asyncio
from pathlib import Path

from dougong.config import read_config
from dougong.house import open_house
from dougong.jobs import work_off

async def work():
    house = await open_house(read_config(Path({place!r})), serving=False)
    while True:
        await work_off()
        await asyncio.sleep(0.2)

asyncio.run(work())
"""


async def job_of(number: int) -> dict:
    with acting_as(system("test")):
        row = await JobRow.select().where(JobRow.id == number).first()
    return dict(row)


async def until(number: int, reached) -> dict:
    end = time.monotonic() + 120
    while not reached(job := await job_of(number)):
        assert time.monotonic() < end, job
        await asyncio.sleep(0.05)
    return job


@pytest.mark.timeout(1800)
async def test_an_import_that_is_killed_goes_on_where_it_was(database_url, tmp_path, rounds):
    await found_company(database_url)
    dice = random.Random(LINES)
    file = "name,employees\n" + "".join(f"连续{n}有限公司,{n}\n" for n in range(LINES))
    async with enter_company(database_url, tmp_path) as company, company.world.acting("admin"):
        import_ = await received("customers", file)
        number = await jobs.start(import_)
        command = [sys.executable, "-c", WORKER.format(place=str(tmp_path))]
        settings = {**os.environ, "DOUGONG_DATABASE": database_url}
        for _round in range(rounds(2, deep=5)):
            before = await job_of(number)
            worker = await asyncio.create_subprocess_exec(*command, env=settings, start_new_session=True)
            try:
                await until(number, lambda job, was=before: job["state"] == DONE or job["done"] > was["done"])
                await asyncio.sleep(dice.uniform(0, 0.3))
            finally:
                os.killpg(worker.pid, signal.SIGKILL)
                await worker.wait()
        worker = await asyncio.create_subprocess_exec(*command, env=settings, start_new_session=True)
        try:
            await until(number, lambda job: job["state"] == DONE)
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            await worker.wait()
        import_ = await services.import_at(import_.id)
        assert services.totals(import_.counts) == sums(created=LINES)
        names = await Customer.select(Customer.name).where(Customer.name.like("连续%")).output(as_list=True)
        assert Counter(names) == Counter(f"连续{n}有限公司" for n in range(LINES))
