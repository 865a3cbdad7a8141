"""The two databases, opened past the product: what is written by hand is measured against it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from dougong.testing.servers import postgres_cluster

__all__ = ["Database", "Plain", "database_of"]


class Plain(Protocol):
    """A connection of one's own."""

    async def run(self, sql: str) -> None: ...

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]: ...

    async def columns(self, table: str) -> list[str]: ...

    async def settle(self, table: str) -> None:
        """After rows were written with their ids: sequences, what planners know, the log of writes."""


@dataclass(frozen=True)
class Database:
    kind: str
    url: str

    def table(self, name: str) -> str:
        return f'dg."{name}"' if self.kind == "postgres" else f'"{name}"'

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Plain]:
        if self.kind == "sqlite":
            with closing(sqlite3.connect(self.url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
                yield _SQLite(connection)
        else:
            opened = await asyncpg.connect(self.url)
            try:
                yield _Postgres(opened)
            finally:
                await opened.close()


@dataclass(frozen=True)
class _SQLite:
    connection: sqlite3.Connection

    async def run(self, sql: str) -> None:
        self.connection.execute(sql)

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        return self.connection.execute(sql).fetchall()

    async def columns(self, table: str) -> list[str]:
        return [row[1] for row in self.connection.execute(f'PRAGMA table_info("{table}")')]

    async def settle(self, table: str) -> None:
        self.connection.execute("ANALYZE")
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@dataclass(frozen=True)
class _Postgres:
    connection: asyncpg.Connection

    async def run(self, sql: str) -> None:
        await self.connection.execute(sql)

    async def rows(self, sql: str) -> Sequence[Sequence[Any]]:
        return [tuple(row.values()) for row in await self.connection.fetch(sql)]

    async def columns(self, table: str) -> list[str]:
        named = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'dg' AND table_name = $1"
        return [row[0] for row in await self.connection.fetch(named, table)]

    async def settle(self, table: str) -> None:
        await self.connection.execute(
            f"SELECT setval(pg_get_serial_sequence('dg.{table}', 'id'), (SELECT max(id) FROM dg.{table}))"
        )
        await self.connection.execute("VACUUM ANALYZE")


@contextmanager
def database_of(kind: str, directory: Path) -> Iterator[Database]:
    """SQLite in the directory, or a PostgreSQL that lives as long as this is open."""
    if kind == "sqlite":
        yield Database(kind, f"sqlite:///{directory / 'dougong.sqlite'}")
        return
    with postgres_cluster() as url:
        yield Database(kind, url)
