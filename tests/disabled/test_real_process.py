"""The same over a real server: plugins are switched while people work, and a plugin that blocks doesn't stop them."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from dougong.people.sign_in import create_token
from dougong.testing.app import open_company
from dougong.testing.shelf import open_shelf

from .failing import ASLEEP, HOOKED

SWITCHES = 6


@pytest.fixture
async def address(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[str, str]]:
    """A server of its own process over the sample company: its address, and the administrator's token."""
    with open_shelf(tmp_path) as shelf:
        package = shelf.put("asleep", HOOKED.format(name="asleep"))
        (shelf.place / package / "hooks.py").write_text(ASLEEP)
        plugins = ["customers", "visits"]
        async with open_company(database_url, tmp_path, plugins) as company, company.world.acting("admin"):
            token = await create_token(company.world.users["admin"])
        settings = {**os.environ, "DOUGONG_DATABASE": database_url, "PYTHONPATH": str(shelf.place)}
        command = [sys.executable, "-m", "dougong", "serve", "--data", str(tmp_path), "--port", str(free_port())]
        with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True) as server:
            try:
                line = await asyncio.to_thread(server.stdout.readline)
                assert line.startswith("READY http://127.0.0.1:"), line
                yield line.split()[1], token
            finally:
                server.terminate()
                assert server.wait(10) == 0


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def person(address: str, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30)


class Load:
    """People who go on asking while plugins are switched, and what they were told."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.phase = 0  # even: on, and nothing is being switched; odd: off or being switched
        self.steady: bool | None = True
        self.told: Counter[str] = Counter()
        self.wrong: list[str] = []

    async def ask(self, path: str, whole: str, *, part_of_customers: bool) -> None:
        """Ask for ever. `whole` stands only in a complete answer."""
        while True:
            phase, steady = self.phase, self.steady
            answer = await self.client.get(path)
            unchanged = phase == self.phase and steady is not None
            wanted = {200} if not part_of_customers or (unchanged and steady) else {404} if unchanged else {200, 404}
            self.told[f"{path} {answer.status_code}"] += 1
            if answer.status_code not in wanted or (answer.status_code == 200 and whole not in answer.text):
                self.wrong.append(f"{path}: {answer.status_code} while on={steady}: {answer.text[:200]}")
            await asyncio.sleep(0.01)

    async def switch(self, on: bool) -> None:
        self.phase, self.steady = self.phase + 1, None
        answer = await self.client.put("/api/v1/plugins/customers/state", json={"enabled": on, "cascade": True})
        assert answer.status_code == 200, answer.text
        assert answer.json()["waiting"] == []
        assert sorted(answer.json()["changed"]) == ["customers", "visits"]
        self.phase, self.steady = self.phase + 1, on


ASKED = [
    ("/api/v1/customers?limit=5", '"total":200', True),
    ("/api/v1/visits", '"total_exact":true', True),
    ("/customers/1", "</html>", True),
    ("/api/v1/departments", '"total":15', False),
    ("/", "</html>", False),
]


async def test_switching_under_load_gives_no_wrong_answer(address):
    async with person(*address) as client:
        load = Load(client)
        people = [asyncio.create_task(load.ask(path, whole, part_of_customers=part)) for path, whole, part in ASKED]
        try:
            for number in range(SWITCHES):
                await asyncio.sleep(0.3)
                await load.switch(number % 2 == 1)
            await asyncio.sleep(0.3)
        finally:
            for task in people:
                task.cancel()
            ended = await asyncio.gather(*people, return_exceptions=True)
        assert [error for error in ended if not isinstance(error, asyncio.CancelledError)] == []
        assert load.wrong == []
        for path, _whole, part in ASKED:
            assert load.told[f"{path} 200"], path
            assert bool(load.told[f"{path} 404"]) == part, path


async def test_a_hook_that_blocks_the_server_is_cut_and_the_page_says_so(address):
    async with person(*address) as client:
        assert (await client.put("/api/v1/plugins/asleep/state", json={"enabled": True})).status_code == 200
        started = time.monotonic()
        made = await client.post("/api/v1/customers", json={"name": "宁波睡眠样例有限公司"})
        assert made.status_code == 201
        assert time.monotonic() - started < 10
        [asleep] = [p for p in (await client.get("/api/v1/plugins")).json()["items"] if p["name"] == "asleep"]
        assert [(f["where"], f["error"].split(":")[0]) for f in asleep["failures"]] == [("before_save", "OutOfTime")]
        assert "time.sleep(600)" in asleep["failures"][0]["line"]
