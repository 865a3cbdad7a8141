"""What both engines share: every statement through the gate, on a leased connection."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from dougong.db.transactions import Transaction, transaction, work_of

if TYPE_CHECKING:
    from types import TracebackType

    from piccolo.query.base import Query
    from piccolo.querystring import QueryString

    from dougong.records.gate import Admission, Gate

__all__ = ["Batch", "Engine", "Lease", "Rows"]

Rows = list[dict[str, Any]]


class Lease:
    """A pooled connection in one task's hands."""

    @abstractmethod
    async def run(self, admission: Admission) -> Sequence[Any]:
        """Run an admitted statement and fetch all it returns."""

    @abstractmethod
    async def open_cursor(self, admission: Admission) -> Any:
        """Run an admitted statement to be fetched in portions."""

    @abstractmethod
    async def begin(self, *, reading: bool = False) -> None:
        """Begin a transaction; `reading` promises not to write, and sees all as it is at its first statement."""

    @abstractmethod
    async def commit(self) -> None:
        """Commit. What a failed commit leaves open, `release` rolls back."""

    @abstractmethod
    async def rollback(self) -> None: ...

    @abstractmethod
    async def savepoint(self, name: str) -> None: ...

    @abstractmethod
    async def release_savepoint(self, name: str) -> None: ...

    @abstractmethod
    async def rollback_to(self, name: str) -> None: ...

    @abstractmethod
    async def release(self) -> None:
        """Give the connection back, clean."""


class Engine:
    """Mixed in before Piccolo's engine of the same kind, whose ways to a connection it replaces."""

    __slots__ = ()
    engine_type: str
    gate: Gate
    version: ClassVar[float]

    @abstractmethod
    async def lease(self, *, writing: bool = False) -> Lease:
        """Take a connection. Raises `Unavailable` when none comes free in time."""

    @abstractmethod
    async def close(self) -> None:
        """Close every connection."""

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Sequence[Any]:
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        return await self.run(self.gate.admit(sql, args))

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Sequence[Any]:
        return await self.run(self.gate.admit(ddl, ()))

    async def run(self, admission: Admission) -> Sequence[Any]:
        """Run in the open transaction, or on a connection of its own."""
        work = work_of(self)
        if work is not None:
            async with work.turn:
                if work.open:
                    if work.reading and admission.writes:
                        raise RuntimeError("nothing is written while everything is read as it was at one moment")
                    return await work.lease.run(admission)
        async with self._leased(writing=admission.writes) as lease:
            return await lease.run(admission)

    @asynccontextmanager
    async def _leased(self, *, writing: bool) -> AsyncIterator[Lease]:
        lease = await self.lease(writing=writing)
        try:
            yield lease
        finally:
            await lease.release()

    async def batch(self, query: Query, batch_size: int = 100, node: str | None = None) -> Batch:
        sql, args = query.querystrings[0].compile_string(engine_type=self.engine_type)
        return Batch(self, query, self.gate.admit(sql, args), batch_size)

    # Piccolo asks for these; its own version check would open a connection at import.

    def transaction(self, *_: Any, **__: Any) -> AbstractAsyncContextManager[Transaction]:
        return transaction(engine=self)

    def transaction_exists(self) -> bool:
        return work_of(self) is not None

    async def get_version(self) -> float:
        return self.version

    def get_version_sync(self) -> float:
        return self.version

    async def prep_database(self) -> None:
        """Nothing to prepare: migrations do it."""


class Batch:
    """Rows in portions, on one connection: `async with await Customer.select().batch() as batch`."""

    def __init__(self, engine: Engine, query: Query, admission: Admission, size: int) -> None:
        self._engine = engine
        self._query = query
        self._admission = admission
        self._size = size
        self._lease: Lease | None = None
        self._own: Lease | None = None
        self._cursor: Any = None

    async def __aenter__(self) -> Batch:
        work = work_of(self._engine)
        if work is None:
            self._lease = self._own = await self._engine.lease()
        else:
            self._lease = work.lease
        try:
            if self._own is not None:
                await self._own.begin(reading=True)
            self._cursor = await self._lease.open_cursor(self._admission)
        except BaseException:
            await self._give_back()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._give_back()

    async def _give_back(self) -> None:
        lease, self._own = self._own, None
        if self._cursor is not None and hasattr(self._cursor, "close"):
            await self._cursor.close()
        if lease is not None:
            await lease.release()

    async def next(self) -> Any:
        """The next portion; an empty list at the end."""
        rows = await self._cursor.fetch(self._size)
        return await self._query._process_results(rows)

    def __aiter__(self) -> Batch:
        return self

    async def __anext__(self) -> Any:
        rows = await self.next()
        if not rows:
            raise StopAsyncIteration
        return rows
