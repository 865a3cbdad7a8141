"""The scale-out database: PostgreSQL, with all tables in a schema that no statement finds by itself."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from piccolo.engine.postgres import PostgresEngine

from dougong.db.connections import Engine, Lease
from dougong.errors import Forbidden, Unavailable
from dougong.i18n import _
from dougong.records.gate import SCHEMA, Admission, Gate

__all__ = ["Postgres"]

POOL = 10
WAIT = 10.0  # seconds for a connection
_SETTINGS = {
    "application_name": "dougong",
    "search_path": "public",  # never the schema of our tables
    "timezone": "UTC",
    # Lists of ids travel as arrays; a generic plan for them is many times slower.
    "plan_cache_mode": "force_custom_plan",
    # The gate reads statements by the standard's rules for backslashes.
    "standard_conforming_strings": "on",
    "jit": "off",
}
_AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.DiskFullError,
    asyncpg.OutOfMemoryError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    ConnectionError,
    OSError,
)


class _Connection(asyncpg.Connection):
    """Nothing is set on a session beyond a transaction, so there is nothing to reset after one."""

    __slots__ = ()

    def get_reset_query(self) -> str:
        return ""


class Postgres(Engine, PostgresEngine):  # type: ignore[misc]  # its own transactions and batches
    """The PostgreSQL engine. `await open()` before use."""

    __slots__ = ("_size", "_wait", "gate", "url")
    version: ClassVar[float] = 14.0  # what Piccolo should take for granted

    def __init__(self, url: str, *, pool: int | None = None, wait: float = WAIT) -> None:
        super().__init__(config={"dsn": url, "database": urlsplit(url).path.lstrip("/")})
        self.url = url
        self.gate = Gate("postgres")
        self._size = pool or POOL
        self._wait = wait

    async def open(self) -> None:
        """Connect. Raises `Unavailable` when the server can't be reached."""
        try:
            self.pool = await asyncpg.create_pool(
                self.url,
                min_size=min(2, self._size),
                max_size=self._size,
                connection_class=_Connection,
                server_settings=_SETTINGS,
            )
        except _AWAY as err:
            raise _unavailable(err) from err

    async def close(self) -> None:
        pool, self.pool = self.pool, None
        if pool is not None:
            await pool.close()

    async def lease(self, *, writing: bool = False) -> PostgresLease:
        if self.pool is None:
            raise Unavailable(_("The database is closed."))
        try:
            return PostgresLease(self.pool, await self.pool.acquire(timeout=self._wait))
        except TimeoutError as err:
            raise Unavailable(
                _("All database connections are busy; none came free in %(wait)s seconds.")
                % {"wait": round(self._wait, 1)}
            ) from err
        except _AWAY as err:
            raise _unavailable(err) from err


class PostgresLease(Lease):
    """A connection of the pool; released clean, whatever happened on it."""

    def __init__(self, pool: asyncpg.Pool, connection: PoolConnectionProxy) -> None:
        self._pool = pool
        self._connection = connection
        self._sees_tables = False

    async def run(self, admission: Admission) -> Sequence[Any]:
        await self._look_where(admission)
        try:
            return await self._connection.fetch(admission.sql, *admission.args)
        except (asyncpg.PostgresError, OSError) as err:
            raise _translated(err, admission) from err

    async def open_cursor(self, admission: Admission) -> Any:
        try:
            return await self._connection.cursor(admission.sql, *admission.args)
        except (asyncpg.PostgresError, OSError) as err:
            raise _translated(err, admission) from err

    async def begin(self, *, reading: bool = False) -> None:
        await self._control("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY" if reading else "BEGIN")

    async def commit(self) -> None:
        await self._control("COMMIT")

    async def rollback(self) -> None:
        if not self._connection.is_closed() and self._connection.is_in_transaction():
            await self._control("ROLLBACK")

    async def savepoint(self, name: str) -> None:
        await self._control(f"SAVEPOINT {name}")

    async def release_savepoint(self, name: str) -> None:
        await self._control(f"RELEASE SAVEPOINT {name}")

    async def rollback_to(self, name: str) -> None:
        await self._control(f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")
        # Rolled back with it, perhaps: say it again before it matters.
        if self._sees_tables:
            await self._search("public")

    async def release(self) -> None:
        with contextlib.suppress(asyncpg.PostgresError, OSError, Unavailable):
            await self.rollback()
        await self._pool.release(self._connection)

    async def _look_where(self, admission: Admission) -> None:
        """Schema changes name tables plainly, so they see the schema in their transaction; nothing else ever does. Those
        outside of one write the schema before every table."""
        if admission.mode == "ddl":
            if self._connection.is_in_transaction() and not self._sees_tables:
                await self._search(f"{SCHEMA['postgres']}, public")
                self._sees_tables = True
        elif self._sees_tables:
            await self._search("public")
            self._sees_tables = False

    async def _search(self, path: str) -> None:
        await self._control(f"SET LOCAL search_path TO {path}")

    async def _control(self, sql: str) -> None:
        try:
            await self._connection.execute(sql)
        except (asyncpg.PostgresError, OSError) as err:
            raise _translated(err, None) from err


_MISSING = re.compile(r'relation "(?P<name>[^"]+)" does not exist')


def _translated(err: Exception, admission: Admission | None) -> Exception:
    """What a person should read, where it is more than a mistake in the statement."""
    if isinstance(err, asyncpg.UndefinedTableError) and admission is not None:
        missing = _MISSING.search(str(err))
        name = missing["name"].lower() if missing else ""
        if name in admission.closed or name in admission.shadowed:
            return Forbidden(_("The database refused to read or write here: %(why)s.") % {"why": name})
    if isinstance(err, _AWAY):
        return _unavailable(err)
    return err


def _unavailable(err: Exception) -> Unavailable:
    return Unavailable(_("The database can't do this right now: %(why)s.") % {"why": str(err)})
