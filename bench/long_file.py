"""A long file of names, brought in by a server while somebody else goes on asking it; killed, stopped and taken back.

The same lines are written by hand as well: read, compared with the names that are there, put in with their log entries,
as many in one transaction as the product does.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import xlsxwriter

from bench.database import Database
from bench.hand import hand_of
from bench.serving import Served, product_of
from dougong.people.sign_in import create_token
from dougong.records import pinyin
from dougong.testing.world import open_empty_world

__all__ = ["brought_in"]

AT_ONCE = 500
PAUSE = 0.25
ENDED = ("done", "cancelled", "parked")


def brought_in(database: Database, directory: Path, file: Path) -> list[str]:
    """The rows of a table: each form of the file in and back; the first of them also by hand, killed, and stopped."""
    names = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    token = asyncio.run(_found(database, directory))
    environment = {**os.environ, "DOUGONG_DATA": str(directory), "DOUGONG_DATABASE": database.url}
    rows = [_heading(database, names)]
    with product_of(environment) as server:
        office = Office(server, token, database)
        rows.append(f"| the server before | | | {server.peak()} | {server.own()} | |")
        for form in ("txt", "gb18030", "xlsx"):
            rows += _in_and_back(office, _written(names, form, directory), form, names)
        rows += _killed(office, directory / "names.txt", names)
        rows += _stopped(office, directory / "names.txt", names)
    seconds = asyncio.run(_by_hand(database, names))
    return [*rows, f"| by hand | {seconds:.1f} | {len(names) / seconds:,.0f} | | | |"]


def _heading(database: Database, names: Sequence[str]) -> str:
    return "\n".join(
        [
            f"\n## {database.kind}: {len(names):,} lines\n",
            "| | seconds | lines a second | MiB at most | its own | slowest other answer, ms |",
            "|---|---|---|---|---|---|",
        ]
    )


async def _found(database: Database, directory: Path) -> str:
    async with open_empty_world(database.url, directory, ["customers"]) as world, world.acting("admin"):
        return await create_token(world.users["admin"])


def _written(names: Sequence[str], form: str, into: Path) -> Path:
    file = into / f"names.{form}"
    if form == "xlsx":
        with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            for at, name in enumerate(names):
                sheet.write_string(at, 0, name)
    else:
        file.write_bytes("".join(f"{name}\n" for name in names).encode("gb18030" if form == "gb18030" else "utf-8"))
    return file


# ------------------------------------------------------------------ what is done


def _in_and_back(office: Office, file: Path, form: str, names: Sequence[str]) -> list[str]:
    begun = time.perf_counter()
    number = office.sent(file)
    looked = time.perf_counter() - begun
    went = office.watching(f"imports/{number}/run").until()
    office.there_are(names, number)
    back = office.taken_back(number)
    return [
        f"| {form}: sent and looked at | {looked:.1f} | {len(names) / looked:,.0f} | | | |",
        went.row(f"{form}: brought in", len(names)),
        back.row(f"{form}: taken back", len(names)),
    ]


def _killed(office: Office, file: Path, names: Sequence[str]) -> list[str]:
    """Killed at a third and at two thirds, each time started again at once."""
    number = office.sent(file)
    went = office.watching(f"imports/{number}/run")
    for least in (len(names) // 3, len(names) * 2 // 3):
        went.until(least)
        office.server.end(signal.SIGKILL)
        office.server.start()
    went.until()
    office.there_are(names, number)
    back = office.taken_back(number)
    return [went.row("txt: brought in, killed twice", len(names)), back.row("txt: taken back", len(names))]


def _stopped(office: Office, file: Path, names: Sequence[str]) -> list[str]:
    """Stopped by somebody half way."""
    number = office.sent(file)
    went = office.watching(f"imports/{number}/run").until(len(names) // 2)
    office.asked(f"jobs/{went.job}/cancel")
    went.until()
    created = office.created(number)
    office.there_are(names[:created], number)
    back = office.taken_back(number)
    return [went.row("txt: stopped half way", created), back.row("txt: what came in of it taken back", created)]


async def _by_hand(database: Database, names: Sequence[str]) -> float:
    hand = hand_of(database.url)
    customer, log = hand.table("customer"), hand.table("change_log")
    begun = time.perf_counter()
    for at in range(0, len(names), AT_ONCE):
        piece = names[at : at + AT_ONCE]
        async with hand.writing() as write:
            there = await write(f"SELECT name FROM {customer} WHERE name IN ({', '.join('?' * len(piece))})", *piece)
            fresh = set(piece) - {row["name"] for row in there}
            rows = [(name, pinyin.sort_key(name), pinyin.initials(name), "draft") for name in piece if name in fresh]
            made = await _put(
                write, f"{customer} (name, title_key, title_initials, state)", rows, " RETURNING id, name"
            )
            now = hand.moment(datetime.now(UTC))
            noted = [
                (now, "import", "by hand", "customer", row["id"], "create", json.dumps({"name": row["name"]}))
                for row in made
            ]
            await _put(write, f"{log} (at, door, batch, record, record_id, verb, after)", noted, "")
    return time.perf_counter() - begun


async def _put(write: Callable[..., Any], into: str, rows: Sequence[Sequence[Any]], returning: str) -> Any:
    if not rows:
        return []
    one = f"({', '.join('?' * len(rows[0]))})"
    values = [value for row in rows for value in row]
    return await write(f"INSERT INTO {into} VALUES {', '.join([one] * len(rows))}{returning}", *values)


# ------------------------------------------------------------------ who asks


class Office:
    """Somebody who brings files in through the API."""

    def __init__(self, server: Served, token: str, database: Database) -> None:
        self.server, self.database = server, database
        self.client = httpx.Client(
            base_url=f"http://127.0.0.1:{server.port}/api/v1/",
            headers={"Authorization": f"Bearer {token}"},
            timeout=300,
        )

    def sent(self, file: Path) -> int:
        """A file sent in, each of its lines the name of a customer; the number of its import."""
        with file.open("rb") as content:
            made = answered(self.client.post("customers/imports", files={"file": (file.name, content)}))
        [column] = made["mapping"]["steps"][0]["columns"]
        assert (column["field"], made["format"]["headed"]) == ("name", False), made
        return int(made["id"])

    def asked(self, path: str) -> int:
        """Something asked for; the number of its job."""
        told = answered(self.client.post(path))
        return int(told.get("job") or told["id"])

    def watching(self, path: str) -> Watch:
        """Something asked for, and watched from there on."""
        self.server.forget_peak()
        return Watch(self, self.asked(path))

    def taken_back(self, number: int) -> Watch:
        """All that an import put in, until nothing is there."""
        watch = self.watching(f"imports/{number}/undo").until()
        self.there_are([])
        return watch

    def created(self, number: int) -> int:
        [counts] = answered(self.client.get(f"imports/{number}"))["run"]["counts"]
        return int(counts["created"])

    def there_are(self, names: Sequence[str], number: int | None = None) -> None:
        """Each of these customers once, no other, each with one entry in the log; and the import says so."""
        asyncio.run(self._there_are(names))
        if number is not None:
            assert self.created(number) == len(names)

    async def _there_are(self, names: Sequence[str]) -> None:
        customer, log = self.database.table("customer"), self.database.table("change_log")
        async with self.database.connected() as plain:
            found = await plain.rows(f"SELECT name FROM {customer}")
            [(odd,)] = await plain.rows(
                f"SELECT count(*) FROM {customer} c WHERE (SELECT count(*) FROM {log} l "
                "WHERE l.record = 'customer' AND l.record_id = c.id AND l.verb = 'create') <> 1"
            )
        assert sorted(row[0] for row in found) == sorted(names), (len(found), len(names))
        assert odd == 0


class Watch:
    """Somebody who asks every quarter of a second how a job goes.

    `peak` is the most memory the server had, `own` of it what it didn't map from files, as far as it was asked (MiB),
    `slowest` the longest that somebody waited for an answer (ms).
    """

    def __init__(self, office: Office, job: int) -> None:
        self.office, self.job = office, job
        self.begun, self.seconds = time.perf_counter(), 0.0
        self.peak, self.own, self.slowest = 0, 0, 0.0

    def until(self, least: int | None = None) -> Watch:
        """Wait for the job's end, or until more than so many lines are done."""
        server = self.office.server
        while True:
            asked = time.perf_counter()
            seen = answered(self.office.client.get(f"jobs/{self.job}"))
            self.slowest = max(self.slowest, (time.perf_counter() - asked) * 1000)
            self.own = max(self.own, server.own())
            if seen["state"] in ENDED or (least is not None and seen["done"] > least):
                break
            time.sleep(PAUSE)
        assert seen["state"] != "parked", seen
        self.seconds = time.perf_counter() - self.begun
        self.peak = max(self.peak, server.peak())
        return self

    def row(self, what: str, lines: int) -> str:
        pace = lines / self.seconds
        row = f"| {what} | {self.seconds:.1f} | {pace:,.0f} | {self.peak} | {self.own} | {self.slowest:.0f} |"
        print(row, file=sys.stderr, flush=True)
        return row


def answered(response: httpx.Response) -> Any:
    assert response.is_success, (response.request.url, response.status_code, response.text)
    return response.json()
