"""A few connections to either database, by their plain drivers."""

from __future__ import annotations

import asyncio
import sqlite3
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Protocol

import asyncpg

__all__ = ["Hand", "hand_of"]

CONNECTIONS = 4
ROOM = 2**40
"""How many ids each record type has in the index."""
Run = Callable[..., Awaitable[Sequence[Mapping[str, Any]]]]


class Hand(Protocol):
    """Statements with `?` for their values."""

    async def rows(self, sql: str, *values: Any) -> Sequence[Mapping[str, Any]]: ...

    def writing(self) -> Any:
        """A transaction: `async with hand.writing() as write: await write(sql, *values)`."""

    def table(self, name: str) -> str: ...

    def moment(self, moment: datetime) -> Any:
        """As the column holds it."""

    def two_characters(self, word: str, number: int) -> tuple[str, Any]:
        """The condition that finds them by the product's index, and its value; `number` is the index's for the type."""


class _SQLite:
    def __init__(self, path: str) -> None:
        self.path = path
        self.free: asyncio.Queue[sqlite3.Connection] = asyncio.Queue()
        self.turn = asyncio.Lock()
        for _number in range(CONNECTIONS):
            self.free.put_nowait(self._opened())

    def _opened(self) -> sqlite3.Connection:
        made = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        made.row_factory = sqlite3.Row
        for setting in ("synchronous = full", "cache_size = -8192", "mmap_size = 134217728", "temp_store = memory"):
            made.execute(f"PRAGMA {setting}")
        return made

    async def rows(self, sql: str, *values: Any) -> Sequence[Mapping[str, Any]]:
        connection = await self.free.get()
        try:
            return await asyncio.to_thread(lambda: connection.execute(sql, values).fetchall())
        finally:
            self.free.put_nowait(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Run]:
        async with self.turn:
            connection = await self.free.get()

            async def write(sql: str, *values: Any) -> Sequence[Mapping[str, Any]]:
                return await asyncio.to_thread(lambda: connection.execute(sql, values).fetchall())

            try:
                await write("BEGIN IMMEDIATE")
                yield write
                await write("COMMIT")
            finally:
                if connection.in_transaction:
                    await write("ROLLBACK")
                self.free.put_nowait(connection)

    def table(self, name: str) -> str:
        return f'"{name}"'

    def moment(self, moment: datetime) -> str:
        return str(moment)

    def two_characters(self, word: str, number: int) -> tuple[str, Any]:
        first = number * ROOM
        within = f"search_text MATCH ? AND rowid BETWEEN {first} AND {first + ROOM - 1}"
        return f"id IN (SELECT rowid - {first} FROM search_text WHERE {within})", f'"{word}"'


class _Postgres:
    def __init__(self, url: str) -> None:
        self.url = url
        self.pool: asyncpg.Pool | None = None
        self.opening = asyncio.Lock()

    async def _open(self) -> asyncpg.Pool:
        async with self.opening:
            if self.pool is None:
                self.pool = await asyncpg.create_pool(self.url, min_size=CONNECTIONS, max_size=CONNECTIONS)
        return self.pool

    async def rows(self, sql: str, *values: Any) -> Sequence[Mapping[str, Any]]:
        pool = await self._open()
        return await pool.fetch(_numbered(sql), *values)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Run]:
        pool = await self._open()
        async with pool.acquire() as connection, connection.transaction():
            yield lambda sql, *values: connection.fetch(_numbered(sql), *values)

    def table(self, name: str) -> str:
        return f'dg."{name}"'

    def moment(self, moment: datetime) -> datetime:
        return moment

    def two_characters(self, word: str, number: int) -> tuple[str, Any]:
        within = f"grams @> ARRAY[?::text] AND id / {ROOM} = {number}"
        mark = chr(0xE100 + zlib.crc32(b"customer") % 0x1700)
        return f"id IN (SELECT id - {number * ROOM} FROM dg.search_text WHERE {within})", f"{mark}{word}"


def _numbered(sql: str) -> str:
    """`?` as PostgreSQL counts them."""
    first, *others = sql.split("?")
    return first + "".join(f"${at}{part}" for at, part in enumerate(others, 1))


def hand_of(url: str) -> Hand:
    path = url.removeprefix("sqlite:///")
    return _Postgres(url) if path == url else _SQLite(path)
