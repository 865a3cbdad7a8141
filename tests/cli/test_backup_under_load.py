"""Backups taken while people write are whole: what was saved together is there together, with its log and its files."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import os
import random
import sys
import tarfile
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dougong.access.principal import acting_as, system
from dougong.db import transaction
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.attachments import Attachment, attach
from dougong.records.change_log import ChangeLog
from dougong.testing.app import enter_company, open_company
from dougong.testing.digests import table_digests
from dougong.testing.fixtures import FreshDatabase
from dougong.testing.world import World

pytestmark = pytest.mark.timeout(3000)

TOGETHER = 3
"""Contacts that are saved with their customer."""
GROUP = "成组"


async def write_on(world: World, written: list[str], told_to_stop: asyncio.Event) -> None:
    """Somebody who saves a customer with contacts and a letter, changes it, and takes up the next, until told to stop."""
    types = current_snapshot().records
    customer, contact = types["customer"].table, types["contact"].table
    for number in itertools.count():
        if told_to_stop.is_set():
            return
        name = f"{GROUP}{number}号公司"
        async with world.acting("wangfang"):
            async with transaction():
                made = await desk.create(customer, {"name": name})
                await desk.create_many(contact, [{"name": f"{GROUP}{n}", "customer": made.id} for n in range(TOGETHER)])
            written.append(name)
            await attach(types["customer"], made.id, "信.txt", letter(number))
            await desk.change(made, {"city": "杭州"})
        await asyncio.sleep(0)


async def letter(number: int) -> AsyncIterator[bytes]:
    yield f"letter {number}".encode()


async def command(*words: str | Path, database: str) -> None:
    """Another process, as an operator would."""
    returned, said = await tried(*words, database=database)
    assert returned == 0, said


async def tried(*words: str | Path, database: str) -> tuple[int | None, str]:
    environment = {**os.environ, "DOUGONG_DATABASE": database}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dougong", *map(str, words), stdout=PIPE, stderr=STDOUT, env=environment
    )
    said, _nothing = await process.communicate()
    return process.returncode, said.decode()


@asynccontextmanager
async def somebody_writing(world: World) -> AsyncIterator[list[str]]:
    written: list[str] = []
    told_to_stop = asyncio.Event()
    work = asyncio.create_task(write_on(world, written, told_to_stop))
    try:
        yield written
    finally:
        told_to_stop.set()
        await work


async def test_what_was_saved_together_is_in_a_backup_together(
    copied: str, fresh_database: FreshDatabase, tmp_path: Path, rounds: Callable[..., int]
) -> None:
    kept: list[tuple[Path, list[str]]] = []
    with fresh_database(copied) as url:
        async with (
            open_company(url, tmp_path / "house", ["customers"]) as company,
            somebody_writing(company.world) as written,
        ):
            for number in range(rounds(3, deep=50)):
                before, archive = list(written), tmp_path / f"{number}.backup"
                await command("backup", archive, "--data", tmp_path / "house", database=url)
                kept.append((archive, before))
            assert written, "nobody wrote meanwhile"
    for archive, before in kept:
        with fresh_database(copied) as url:
            await command("restore", archive, "--data", tmp_path / archive.stem, database=url)
            async with enter_company(url, tmp_path / archive.stem) as company:
                await look_whether_it_is_whole(company.world, before)


async def look_whether_it_is_whole(world: World, before: list[str]) -> None:
    types = current_snapshot().records
    customer, contact = types["customer"].table, types["contact"].table
    with acting_as(system("test")):
        customers = {r["id"]: r for r in await customer.select().where(customer.name.like(f"{GROUP}%"))}
        contacts = await contact.select(contact.customer).where(contact.name.like(f"{GROUP}%"))
        entries = await ChangeLog.select(ChangeLog.record_id).where(
            ChangeLog.record == "customer", ChangeLog.verb.is_in(["create", "update"])
        )
    assert {row["name"] for row in customers.values()} >= set(before)
    assert [row["customer"] for row in contacts if row["customer"] not in customers] == []
    assert len(contacts) == len(customers) * TOGETHER
    logged = [row["record_id"] for row in entries]
    assert {i: logged.count(i) for i in customers} == {i: row["version"] for i, row in customers.items()}
    await look_at_the_files(world)


async def look_at_the_files(world: World) -> None:
    with acting_as(system("test")):
        files = await Attachment.select(Attachment.digest).where(Attachment.record == "customer")
    for row in files:
        digest = row["digest"]
        content = (world.house.config.files / digest[:2] / digest[2:]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest


async def test_a_restored_house_serves_and_is_equal(copied: str, fresh_database: FreshDatabase, tmp_path: Path) -> None:
    with fresh_database(copied) as url, fresh_database(copied) as other:
        async with open_company(url, tmp_path / "house", ["customers"]) as company:
            async with somebody_writing(company.world) as written:
                await asyncio.sleep(2)
            assert written
            before = await table_digests()
            await command("backup", tmp_path / "it.backup", "--data", tmp_path / "house", database=url)
        await command("restore", tmp_path / "it.backup", "--data", tmp_path / "other", database=other)
        async with enter_company(other, tmp_path / "other") as company:
            assert await table_digests() == before
            async with company.program("admin") as admin:
                found = (await admin.get("/api/v1/customers", params={"q": GROUP})).json()
                assert found["total"] == len(written)


async def test_a_flipped_byte_is_refused_or_is_no_part_of_what_is_kept(
    fresh_database: FreshDatabase, tmp_path: Path, rounds: Callable[..., int]
) -> None:
    """Between the parts of an archive are bytes that mean nothing: whatever is flipped there, all comes back."""
    with fresh_database("sqlite") as url:
        async with open_company(url, tmp_path / "house", ["customers"]):
            before = await table_digests()
            await command("backup", tmp_path / "it.backup", "--data", tmp_path / "house", database=url)
    whole, chance = (tmp_path / "it.backup").read_bytes(), random.Random("flip")
    refused = 0
    for number in range(rounds(12, deep=100)):
        flipped = bytearray(whole)
        flipped[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        (tmp_path / "flipped").write_bytes(flipped)
        with fresh_database("sqlite") as url:
            place = tmp_path / f"back{number}"
            returned, said = await tried("restore", tmp_path / "flipped", "--data", place, database=url)
            if returned == 0:
                async with enter_company(url, place):
                    assert await table_digests() == before
            else:
                assert "damaged" in said or "no backup of ours" in said
                refused += 1
    assert refused >= rounds(12, deep=100) * 0.8


def test_the_manifest_names_every_part(tmp_path: Path, fresh_database: FreshDatabase) -> None:
    """Otherwise a part could be exchanged unseen."""

    async def made(url: str) -> None:
        async with open_company(url, tmp_path / "house", ["customers"]) as company, company.world.acting("admin"):
            [first] = await current_snapshot().records["customer"].table.objects().limit(1)
            await attach(current_snapshot().records["customer"], first.id, "信.txt", letter(1))
        await command("backup", tmp_path / "it.backup", "--data", tmp_path / "house", database=url)

    with fresh_database("sqlite") as url:
        asyncio.run(made(url))
    with tarfile.open(tmp_path / "it.backup") as archive:
        manifest = json.loads(archive.extractfile("manifest.json").read())
        assert set(archive.getnames()) == {"manifest.json", *manifest["sha256"]}
    assert any(name.startswith("files/") for name in manifest["sha256"])
