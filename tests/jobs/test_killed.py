"""The server's processes are killed while people work and jobs run: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from dougong.access.principal import acting_as, system
from dougong.jobs.tables import JobRow
from dougong.people.sign_in import create_token
from dougong.records.change_log import ChangeLog
from dougong.testing.app import enter_company
from dougong.testing.shelf import open_shelf

from .conftest import found_workshop
from .made_up import WORKSHOP

WITHIN = 30.0
"""Seconds after a kill in which a stranded job runs again, the start of the next server included."""
BENCHES = 120
FIRST = dt.date(2000, 1, 1)


@dataclass
class Server:
    """A server that can be killed, and what it acknowledged."""

    command: list[str]
    settings: dict[str, str]
    token: str
    acknowledged: list[dict[str, int]] = field(default_factory=list)
    process: Any = None
    address: str = ""
    killed: float = 0.0

    async def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, env=self.settings, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        line = await asyncio.to_thread(self.process.stdout.readline)
        assert line.startswith("READY http://127.0.0.1:"), line
        self.address = line.split()[1]

    def kill(self) -> None:
        """The whole group at once, as when the power goes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.end()
        self.killed = time.monotonic()

    def end(self) -> None:
        self.process.wait(10)
        self.process.stdout.close()

    def person(self) -> httpx.AsyncClient:
        signed = {"Authorization": f"Bearer {self.token}"}
        return httpx.AsyncClient(base_url=self.address, headers=signed, timeout=20)

    async def ask_for(self, name: str, **arguments: Any) -> int:
        async with self.person() as person:
            answer = await person.post(f"/api/v1/workshop/{name}", json=arguments)
        assert answer.status_code == 200, answer.text
        self.acknowledged.append(answer.json())
        return int(answer.json()["job"])

    async def go_on_asking(self, days: Any) -> None:
        """Somebody who works until the server is gone."""
        async with self.person() as person:
            while True:
                answer = await person.post("/api/v1/workshop/polish", json={"day": next(days)})
                assert answer.status_code == 200, answer.text
                self.acknowledged.append(answer.json())

    async def job(self, number: int) -> dict[str, Any]:
        async with self.person() as person:
            return dict((await person.get(f"/api/v1/jobs/{number}")).json())

    async def until(self, number: int, seen: Any, seconds: float = WITHIN) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while not seen(job := await self.job(number)):
            assert time.monotonic() < end, job
            await asyncio.sleep(0.1)
        return job


@pytest.fixture
async def server(database_url: str, tmp_path: Path) -> AsyncIterator[Server]:
    with open_shelf(tmp_path) as shelf:
        shelf.put("workshop", WORKSHOP)
        await found_workshop(database_url)
        async with enter_company(database_url, tmp_path) as company, company.world.acting("admin"):
            token = await create_token(company.world.users["admin"])
        with socket.socket() as trial:
            trial.bind(("127.0.0.1", 0))
            port = trial.getsockname()[1]
        command = [sys.executable, "-m", "dougong", "serve", "--data", str(tmp_path), "--port", str(port)]
        path = os.pathsep.join(filter(None, [str(shelf.place), os.environ.get("PYTHONPATH")]))
        settings = {**os.environ, "DOUGONG_DATABASE": database_url, "PYTHONPATH": path}
        started = Server(command, settings, token)
        await started.start()
        try:
            yield started
        finally:
            if started.process.poll() is None:
                os.killpg(started.process.pid, signal.SIGKILL)
                started.end()


@pytest.mark.timeout(3000)
async def test_a_server_that_is_killed_loses_nothing_and_does_nothing_twice(server, rounds, database_url, tmp_path):
    chance, days = random.Random(database_url), (str(FIRST + dt.timedelta(n)) for n in itertools.count())
    number = await server.ask_for("build", count=BENCHES, at_once=1, pause=0.1)
    for _round in range(rounds(2, deep=50)):
        before = await server.until(number, lambda job: job["state"] in ("running", "done"))
        if before["state"] == "done":
            number = await server.ask_for("build", count=BENCHES, at_once=1, pause=0.1)
            before = await server.until(number, lambda job: job["state"] == "running")
        people = [asyncio.create_task(server.go_on_asking(days)) for _person in range(3)]
        await asyncio.sleep(chance.uniform(0.3, 1.5))
        before = await server.job(number)
        server.kill()
        for gone in await asyncio.gather(*people, return_exceptions=True):
            assert isinstance(gone, httpx.HTTPError), gone
        await server.start()
        if before["state"] == "running":
            await server.until(number, lambda job, done=before["done"]: job["done"] > min(done + 2, BENCHES - 1))
            assert time.monotonic() - server.killed < WITHIN
    await server.until(number, lambda job: job["state"] == "done", 120)
    server.process.terminate()
    server.end()
    async with enter_company(database_url, tmp_path) as company:
        await look_at_what_is_there(company, server.acknowledged)


async def look_at_what_is_there(company: Any, acknowledged: list[dict[str, int]]) -> None:
    from made_up_workshop.plugin import Bench

    with acting_as(system("test")):
        names = {row["id"]: row["name"] for row in await Bench.select(Bench.id, Bench.name)}
        entries = await ChangeLog.select(ChangeLog.record_id).where(ChangeLog.record == "bench")
        jobs = {row["id"]: row for row in await JobRow.select()}
    assert [told for told in acknowledged if told["bench"] not in names] == []
    assert [told for told in acknowledged if told["job"] not in jobs] == []
    assert Counter(row["record_id"] for row in entries) == dict.fromkeys(names, 1)
    asked = Counter(name for name in names.values() if name.startswith("asked for"))
    assert asked == Counter(f"asked for {row['name']}" for row in jobs.values())
    built = Counter(name for name in names.values() if name.startswith("bench"))
    finished = sum(row["name"] == "build" and row["state"] == "done" for row in jobs.values())
    assert built == {f"bench {n}": finished for n in range(BENCHES)}
    assert {row["state"] for row in jobs.values() if row["name"] == "build"} == {"done"}


@pytest.mark.timeout(600)
async def test_a_job_that_kills_its_server_each_time_is_parked(server):
    with suppress(httpx.HTTPError):  # it may be faster than the answer
        await server.ask_for("stumble", how="kill")
    kills, job = 0, {"state": "waiting"}
    end = time.monotonic() + 3 * WITHIN
    while job["state"] != "parked" and time.monotonic() < end:
        if server.process.poll() is not None:
            kills += 1
            server.end()
            await server.start()
        with suppress(httpx.HTTPError):  # it falls while it is asked
            async with server.person() as person:
                [job] = (await person.get("/api/v1/jobs")).json()["items"]
        await asyncio.sleep(0.1)
    assert (kills, job["state"], job["attempts"]) == (3, "parked", 3)
