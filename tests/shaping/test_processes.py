"""Two servers over one database: a field added at one is there at the other within a second, and nobody meets an error."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from dougong.people.sign_in import create_token
from dougong.testing.app import open_company

CUSTOMERS = "/api/v1/customers"
FIELDS = "/api/v1/record-types/customers/fields"
WITHIN = 1.0
"""Seconds after which the other process has followed."""
SLOW = 3.0
"""What a machine that does much else at once is given on top; the usual time stands in bench."""


@pytest.fixture
async def servers(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """A program of the administrator at each of two servers."""
    async with open_company(database_url, tmp_path, ["customers", "visits"]) as company, company.world.acting("admin"):
        token = await create_token(company.world.users["admin"])
    with serving(database_url, tmp_path / "one") as first, serving(database_url, tmp_path / "two") as second:
        async with program(first, token) as one, program(second, token) as two:
            yield one, two


@contextmanager
def serving(database_url: str, directory: Path) -> Iterator[str]:
    directory.mkdir()
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port = trial.getsockname()[1]
    command = [sys.executable, "-m", "dougong", "serve", "--data", str(directory), "--port", str(port)]
    settings = {**os.environ, "DOUGONG_DATABASE": database_url}
    with subprocess.Popen(command, env=settings, stdout=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()  # type: ignore[union-attr]
            assert line.startswith("READY http://127.0.0.1:"), line
            yield line.split()[1]
        finally:
            server.terminate()
            assert server.wait(10) == 0


def program(address: str, token: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address, headers={"Authorization": f"Bearer {token}"}, timeout=30)


class Colleague:
    """Somebody who goes on working: writes a customer, changes it, lists, opens the form."""

    def __init__(self, client: httpx.AsyncClient, name: str) -> None:
        self.client = client
        self.name = name
        self.done = 0
        self.wrong: list[str] = []

    async def work(self) -> None:
        while True:
            made = await self.ask("POST", CUSTOMERS, {201}, json={"name": f"{self.name}的客户{self.done}"})
            if made:
                path = f"{CUSTOMERS}/{made['id']}"
                changes = {"city": f"城{self.done}"}
                await self.ask("PATCH", path, {200}, json=changes, headers={"If-Match": str(made["version"])})
            await self.ask("GET", CUSTOMERS, {200}, params={"q": self.name, "sort": "-created"})
            await self.ask("GET", "/customers/new", {200})
            self.done += 1

    async def ask(self, method: str, path: str, fine: set[int], **more: Any) -> Any:
        answer = await self.client.request(method, path, **more)
        if answer.status_code not in fine:
            self.wrong.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            return None
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text


async def until(client: httpx.AsyncClient, seen: Any) -> float:
    """Seconds until the record type looks like this at a server."""
    start = time.monotonic()
    while True:
        fields = {f["key"]: f for f in (await client.get("/api/v1/record-types/customers")).json()["fields"]}
        if seen(fields):
            return time.monotonic() - start
        assert time.monotonic() - start < WITHIN + SLOW, "the other process didn't follow"
        await asyncio.sleep(0.02)


async def test_fields_are_shaped_while_people_work(servers: tuple[httpx.AsyncClient, httpx.AsyncClient]) -> None:
    one, two = servers
    colleagues = [Colleague(one, "甲"), Colleague(two, "乙"), Colleague(two, "丙")]
    tasks = [asyncio.create_task(colleague.work()) for colleague in colleagues]
    times: list[float] = []
    try:
        for number, kind in enumerate(["text", "number", "choice", "person", "yes_no", "formula"]):
            details = {
                "choice": {"options": ["甲类", "乙类"]},
                "formula": {"formula": "employees * 2", "places": 0},
            }.get(kind, {})
            body = {"label": f"新字段{number}", "kind": kind, "details": details, "indexed": kind == "number"}
            added = await one.post(FIELDS, json=body)
            assert added.status_code == 201, added.text
            key = added.json()["key"]
            times.append(await until(two, lambda fields, key=key: key in fields))
            if kind == "number":
                made = await two.post(CUSTOMERS, json={"name": f"用上新字段{number}", key: number})
                assert made.json()[key] == number
                found = await one.get(CUSTOMERS, params={"filter": f'[["{key}","=",{number}]]', "sort": key})
                assert [row["id"] for row in found.json()["items"]] == [made.json()["id"]]
            assert (await two.delete(f"{FIELDS}/{key}")).status_code == 204
            times.append(await until(one, lambda fields, key=key: key not in fields))
            assert (await one.patch(f"{FIELDS}/{key}", json={"active": True})).status_code == 200
            times.append(await until(two, lambda fields, key=key: key in fields))
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
    assert [colleague.wrong for colleague in colleagues] == [[], [], []]
    assert all(colleague.done >= 3 for colleague in colleagues)
    assert sorted(times)[len(times) // 2] <= WITHIN
