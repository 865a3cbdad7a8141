"""The database fixtures: every test gets an empty database of its own, on both."""

from __future__ import annotations

import sqlite3

import asyncpg
import pytest


async def run(url: str, statement: str) -> list[tuple]:
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            return connection.execute(statement).fetchall()
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_database_starts_empty(database_url: str, turn: int) -> None:
    await run(database_url, "CREATE TABLE bracket (name text)")  # fails where one is left over


async def test_the_name_says_which_database_it_is(database: str, database_url: str) -> None:
    assert database_url.startswith("sqlite:////" if database == "sqlite" else "postgresql://")


class TestModuleDatabase:
    async def test_first_of_the_module_writes(self, module_database_url: str) -> None:
        await run(module_database_url, "CREATE TABLE beam AS SELECT 1 AS length")

    async def test_second_of_the_module_reads_it(self, module_database_url: str) -> None:
        assert await run(module_database_url, "SELECT length FROM beam") == [(1,)]
