"""The embedded database: SQLite with a pool of connections, write-ahead log and an authorizer.

Each connection lives in a thread of its own. Writers queue in this process (SQLite's own waiting
is unfair) and take the write lock at once: a transaction that reads first and writes later would
fail under load.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import queue
import re
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from piccolo.engine.sqlite import SQLiteEngine

from dougong.db import registry
from dougong.db.connections import Engine, Lease, Rows
from dougong.errors import DougongError, Forbidden, Unavailable
from dougong.i18n import _
from dougong.records.gate import SECRET, Admission, Gate

__all__ = ["SQLite"]

T = TypeVar("T")

POOL = 5
WAIT = 10.0  # seconds for a connection or for the writer's turn
_PRAGMAS = (
    "journal_mode = wal",
    "synchronous = full",
    "foreign_keys = on",
    "busy_timeout = 10000",
    "cache_size = -8192",
    "mmap_size = 134217728",
    "temp_store = memory",
)


class SQLite(Engine, SQLiteEngine):  # type: ignore[misc]  # its own transactions and batches
    """The SQLite engine. `await open()` before use."""

    __slots__ = ("_all", "_free", "_idle", "_size", "_wait", "_writer", "gate")
    version: ClassVar[float] = 3.35  # what Piccolo should take for granted

    def __init__(self, path: str, *, pool: int | None = None, wait: float = WAIT) -> None:
        super().__init__(path=path)
        self.gate = Gate("sqlite")
        self._size = pool or POOL
        self._wait = wait
        self._idle: list[_Connection] = []
        self._all: list[_Connection] = []
        self._free = asyncio.Semaphore(self._size)
        self._writer = asyncio.Lock()

    async def open(self) -> None:
        """Open the first connection. Raises `Unavailable` when the file can't be used."""
        if self.path != ":memory:":
            try:
                Path(self.path).parent.mkdir(parents=True, exist_ok=True)
            except OSError as err:
                raise _unavailable(err) from err
        lease = await self.lease()
        await lease.release()

    async def close(self) -> None:
        for connection in self._all:
            await connection.close()
        self._all.clear()
        self._idle.clear()

    async def lease(self, *, writing: bool = False) -> SQLiteLease:
        if writing:
            await self._acquire(self._writer)
        try:
            await self._acquire(self._free)
            try:
                connection = self._idle.pop() if self._idle else await self._connect()
            except BaseException:
                self._free.release()
                raise
        except BaseException:
            if writing:
                self._writer.release()
            raise
        return SQLiteLease(self, connection, writing=writing)

    def give_back(self, connection: _Connection, *, writing: bool, broken: bool) -> None:
        """Take a connection back into the pool, or drop it when it could not be cleaned."""
        if broken:
            self._all.remove(connection)
            connection.drop()
        else:
            self._idle.append(connection)
        self._free.release()
        if writing:
            self._writer.release()

    async def _acquire(self, what: asyncio.Lock | asyncio.Semaphore) -> None:
        try:
            async with asyncio.timeout(self._wait):
                await what.acquire()
        except TimeoutError as err:
            raise Unavailable(
                _("All database connections are busy; none came free in %(wait)s seconds.")
                % {"wait": round(self._wait, 1)}
            ) from err

    async def _connect(self) -> _Connection:
        connection = _Connection(self.path)
        try:
            await connection.do(connection.open)
        except BaseException as err:
            connection.drop()
            if isinstance(err, sqlite3.Error):
                raise _translated(err, None) from err
            raise
        self._all.append(connection)
        return connection


class SQLiteLease(Lease):
    """A connection of the pool; released clean, whatever happened on it."""

    def __init__(self, engine: SQLite, connection: _Connection, *, writing: bool) -> None:
        self._engine = engine
        self._connection = connection
        self._writing = writing

    async def run(self, admission: Admission) -> Rows:
        try:
            return await self._connection.do(self._connection.run, admission)
        except sqlite3.Error as err:
            raise _translated(err, admission) from err

    async def open_cursor(self, admission: Admission) -> _Cursor:
        try:
            cursor = await self._connection.do(self._connection.start, admission)
        except sqlite3.Error as err:
            raise _translated(err, admission) from err
        return _Cursor(self._connection, cursor)

    async def begin(self, *, reading: bool = False) -> None:
        await self._control("BEGIN" if reading else "BEGIN IMMEDIATE")

    async def commit(self) -> None:
        await self._control("COMMIT")

    async def rollback(self) -> None:
        if self._connection.in_transaction:
            await self._control("ROLLBACK")

    async def savepoint(self, name: str) -> None:
        await self._control(f"SAVEPOINT {name}")

    async def release_savepoint(self, name: str) -> None:
        await self._control(f"RELEASE {name}")

    async def rollback_to(self, name: str) -> None:
        await self._control(f"ROLLBACK TO {name}")
        await self._control(f"RELEASE {name}")

    async def release(self) -> None:
        broken = False
        try:
            await self.rollback()
        except (DougongError, sqlite3.Error):
            broken = True
        self._engine.give_back(self._connection, writing=self._writing, broken=broken)

    async def _control(self, sql: str) -> None:
        try:
            await self._connection.do(self._connection.control, sql)
        except sqlite3.Error as err:
            raise _translated(err, None) from err


class _Cursor:
    """A running statement, fetched in portions."""

    def __init__(self, connection: _Connection, cursor: sqlite3.Cursor) -> None:
        self._connection = connection
        self._cursor = cursor

    async def fetch(self, size: int) -> Rows:
        return await self._connection.do(self._cursor.fetchmany, size)

    async def close(self) -> None:
        await self._connection.do(self._cursor.close)


class _Connection:
    """A SQLite connection and its thread. Everything but `do` and `drop` runs in that thread."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._work: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._running: Admission | None = None
        self._raw: sqlite3.Connection
        self._thread = threading.Thread(target=self._serve, name="sqlite", daemon=True)
        self._thread.start()

    @property
    def in_transaction(self) -> bool:
        return self._raw.in_transaction

    async def do(self, work: Callable[..., T], *args: Any) -> T:
        """Run something in the connection's thread. When cancelled, stop it and wait for its end."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._work.put((loop, future, work, args))
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            if not future.done():
                with contextlib.suppress(AttributeError):  # it is only being opened: there is nothing to stop yet
                    self._raw.interrupt()
                await asyncio.wait({future})
            if not future.cancelled():
                future.exception()  # taken note of: the cancellation is what counts
            raise

    async def close(self) -> None:
        await self.do(self._raw.close)
        self.drop()

    def drop(self) -> None:
        """Let the thread end after what it is doing."""
        self._work.put(None)

    def _serve(self) -> None:
        while (task := self._work.get()) is not None:
            loop, future, work, args = task
            try:
                outcome, error = work(*args), None
            except BaseException as err:  # noqa: BLE001 - handed over to the task that waits
                outcome, error = None, err
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(_settle, future, outcome, error)
            del task, loop, future, work, args, outcome, error

    def open(self) -> None:
        self._raw = sqlite3.connect(
            self._path,
            isolation_level=None,
            detect_types=sqlite3.PARSE_DECLTYPES,
            cached_statements=512,
            check_same_thread=False,
        )
        for pragma in _PRAGMAS:
            self._raw.execute(f"PRAGMA {pragma}").close()
        # First use of these reads the schema, which a scoped statement may not.
        self._raw.execute("SELECT count(*) FROM json_each('[]'), json_tree('[]')").close()
        self._raw.row_factory = _row
        self._raw.set_authorizer(self._authorize)

    def run(self, admission: Admission) -> Rows:
        self._running = admission
        try:
            return self._raw.execute(admission.sql, admission.args).fetchall()
        finally:
            self._running = None

    def start(self, admission: Admission) -> sqlite3.Cursor:
        self._running = admission
        try:
            return self._raw.execute(admission.sql, admission.args)
        finally:
            self._running = None

    def control(self, sql: str) -> None:
        self._raw.execute(sql).close()

    def _authorize(
        self,
        action: int,
        first: str | None,
        second: str | None,
        base: str | None,
        source: str | None,
    ) -> int:
        """Asked by SQLite for each table, column and function while it prepares a statement."""
        running = self._running
        if _meeting_full_text(action, first or "", second or ""):
            return sqlite3.SQLITE_OK
        if running is None:
            # Only begin, commit, rollback and savepoints run outside an admission.
            return _answer(action in _TRANSACTION or _full_text(action, first or ""))
        if running.mode == "scoped":
            return _answer(_scoped(running, action, first or "", second or "", source or ""))
        if running.mode == "ddl":
            return sqlite3.SQLITE_OK
        if action in _CHANGES:
            return _answer(running.mode == "desk" or registry.is_private((first or "").lower()))
        return _answer(action in _READS or _full_text(action, first or ""))


_Task = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]
_TRANSACTION = frozenset({sqlite3.SQLITE_TRANSACTION, sqlite3.SQLITE_SAVEPOINT})
_CHANGES = frozenset({sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE})
_READS = frozenset(
    {
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_FUNCTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)
_FULL_TEXT = ("search_text_data", "search_text_idx", "search_text_content", "search_text_config")
"""The tables SQLite itself keeps behind the full-text table: read and written by its own statements, at the end of a
transaction too."""
_MEETING = frozenset({(sqlite3.SQLITE_READ, "search_text_config"), (sqlite3.SQLITE_PRAGMA, "data_version")})
_VALUE_TABLES = frozenset({"json_each", "json_tree"})


def _scoped(running: Admission, action: int, table: str, column: str, source: str) -> bool:
    if action != sqlite3.SQLITE_READ:
        return action in _READS
    if source.startswith(SECRET) or table.lower() in _VALUE_TABLES:
        return True
    # A table no column of which is used (count) is reported by its name alone, a table expression
    # as well. The statement's text can't name the schema, so the name means the expression.
    name = table.lower()
    return column == "" and (name in running.shadowed or name in running.defined)


def _full_text(action: int, table: str) -> bool:
    return action == sqlite3.SQLITE_SELECT or (action in _CHANGES | _READS and table in _FULL_TEXT)


def _meeting_full_text(action: int, table: str, column: str) -> bool:
    """What SQLite asks for itself when a connection meets the full-text table for the first time, and again after each
    change of the schema. A statement that says so is refused by SQLite: the schema's own table can't be written."""
    if table == "sqlite_master":
        return action == sqlite3.SQLITE_UPDATE or (action == sqlite3.SQLITE_READ and column == "ROWID")
    return (action, table) in _MEETING


def _answer(allowed: bool) -> int:
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY


def _row(cursor: sqlite3.Cursor, values: Sequence[Any]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _settle(future: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(outcome)
    else:
        future.set_exception(error)


_REFUSED = re.compile(r"not authorized|prohibited")
_UNAVAILABLE = re.compile(r"locked|busy|full|disk I/O|readonly|unable to open|malformed")


def _translated(err: sqlite3.Error, admission: Admission | None) -> Exception:
    """What a person should read, where it is more than a mistake in the statement."""
    text = str(err)
    if _REFUSED.search(text):
        closed = ", ".join(sorted(admission.closed)) if admission is not None else ""
        return Forbidden(_("The database refused to read or write here: %(why)s.") % {"why": closed or text})
    if isinstance(err, sqlite3.OperationalError) and _UNAVAILABLE.search(text):
        return _unavailable(err)
    return err


def _unavailable(err: Exception) -> Unavailable:
    return Unavailable(_("The database can't do this right now: %(why)s.") % {"why": str(err)})


# One fixed form of moments, in UTC, so that text order is time order.


def _stored(moment: dt.datetime) -> str:
    if moment.tzinfo is None:
        return moment.isoformat(" ", "microseconds")
    return moment.astimezone(dt.UTC).isoformat(" ", "microseconds")


def _moment(value: bytes) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value.decode())
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment


# These replace Piccolo's own, which decode every value through Decimal and wrappers.
sqlite3.register_adapter(dt.datetime, _stored)
sqlite3.register_converter("TIMESTAMPTZ", _moment)
sqlite3.register_converter("INTEGER", int)
sqlite3.register_converter("BIGINT", int)
sqlite3.register_converter("BOOLEAN", lambda value: value == b"1")
