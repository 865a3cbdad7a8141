"""Transactions: the outermost is a database transaction, every nested one a savepoint.

A transaction lives in a context variable, so tasks started inside take part in it as long as it is
open; one that runs on afterwards is outside, as if it had been started there.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dougong.db import registry

if TYPE_CHECKING:
    from dougong.db.connections import Engine, Lease
    from dougong.i18n import Text

__all__ = ["Check", "Transaction", "Work", "after_commit", "current_transaction", "reading", "transaction", "work_of"]

logger = logging.getLogger(__name__)

Callback = Callable[[], Awaitable[None] | None]
Check = Callable[[], Awaitable[None]]


class Work:
    """One open database transaction: its connection, and the tasks' turns on it."""

    def __init__(self, engine: Engine, lease: Lease, batch: str | None = None, *, reading: bool = False) -> None:
        self.engine = engine
        self.lease = lease
        self.reading = reading
        self.turn = asyncio.Lock()
        self.open = True
        self.batch = batch or uuid.uuid4().hex
        self.checks: list[Check] = []
        self.callbacks: list[Callback] = []
        self.levels: list[Transaction] = []
        self.savepoints = 0


class Transaction:
    """One level of a transaction, the outermost or a savepoint in it."""

    def __init__(self, work: Work, reason: Text | str | None, outer: Transaction | None) -> None:
        self.work = work
        self.outer = outer
        self._reason = reason

    @property
    def batch(self) -> str:
        """Marks everything written between one BEGIN and its COMMIT (hexadecimal)."""
        return self.work.batch

    @property
    def reason(self) -> Text | str | None:
        """Why: the innermost reason given, None where none was."""
        if self._reason is not None or self.outer is None:
            return self._reason
        return self.outer.reason

    def before_commit(self, check: Check) -> None:
        """Call when everything is written, inside the transaction; what it raises takes everything back.

        Not called if this level or one around it is rolled back.
        """
        self.work.checks.append(check)

    def after_commit(self, callback: Callback) -> None:
        """Call when all is durable; never if this level or one around it is rolled back.

        What a callback raises is logged: the work is done and can't be refused any more.
        """
        self.work.callbacks.append(callback)


_transaction: ContextVar[Transaction | None] = ContextVar("transaction", default=None)


def current_transaction() -> Transaction | None:
    """The innermost open transaction of the engine in use, or None."""
    return _open_level(registry.engine())


def after_commit(callback: Callback) -> None:
    """`Transaction.after_commit` of the innermost transaction. Raises `RuntimeError` without one."""
    level = current_transaction()
    if level is None:
        raise RuntimeError("no transaction is open")
    level.after_commit(callback)


def work_of(engine: Engine) -> Work | None:
    """The open database transaction on this engine, or None."""
    level = _open_level(engine)
    return level.work if level is not None else None


def _open_level(engine: Engine) -> Transaction | None:
    level = _transaction.get()
    while level is not None and (level.work.engine is not engine or not level.work.open):
        level = level.outer
    return level


@asynccontextmanager
async def transaction(
    reason: Text | str | None = None, *, engine: Engine | None = None, batch: str | None = None
) -> AsyncIterator[Transaction]:
    """All or nothing. Nested: a savepoint that fails alone.

    `reason` goes into the change log of everything written inside; `batch` joins it with what an earlier transaction
    wrote, where this is the outermost.
    """
    engine = engine or registry.engine()
    outer = _open_level(engine)
    if outer is None:
        async with _outermost(engine, reason, batch) as level:
            yield level
    else:
        async with _nested(outer, reason) as level:
            yield level


@asynccontextmanager
async def _outermost(engine: Engine, reason: Text | str | None, batch: str | None) -> AsyncIterator[Transaction]:
    lease = await engine.lease(writing=True)
    work = Work(engine, lease, batch)
    try:
        await lease.begin()
        level = Transaction(work, reason, _transaction.get())
        token = _transaction.set(level)
        try:
            yield level
            for check in work.checks:
                await check()
        except BaseException:
            await _settled(_close(work, lease.rollback))
            raise
        else:
            await _settled(_close(work, lease.commit))
        finally:
            _transaction.reset(token)
    finally:
        work.open = False
        await _settled(lease.release())
    await _call_back(work)


@asynccontextmanager
async def reading() -> AsyncIterator[None]:
    """Everything read inside is as it was at one moment, whatever others write meanwhile. Inside nothing is written.

    It keeps a connection, and waits for no writer.
    """
    engine = registry.engine()
    lease = await engine.lease()
    work = Work(engine, lease, reading=True)
    try:
        await lease.begin(reading=True)
        token = _transaction.set(Transaction(work, None, _transaction.get()))
        try:
            yield
        finally:
            _transaction.reset(token)
            await _settled(_close(work, lease.rollback))
    finally:
        work.open = False
        await _settled(lease.release())


async def _close(work: Work, how: Callable[[], Awaitable[None]]) -> None:
    async with work.turn:
        work.open = False
        await how()


@asynccontextmanager
async def _nested(outer: Transaction, reason: Text | str | None) -> AsyncIterator[Transaction]:
    work = outer.work
    work.savepoints += 1
    name = f"level_{work.savepoints}"
    checks, callbacks = len(work.checks), len(work.callbacks)
    async with work.turn:
        await work.lease.savepoint(name)
    level = Transaction(work, reason, outer)
    work.levels.append(level)
    token = _transaction.set(level)
    try:
        yield level
    except BaseException:
        del work.checks[checks:], work.callbacks[callbacks:]
        await _settled(_leave(work, level, name, work.lease.rollback_to))
        raise
    else:
        await _settled(_leave(work, level, name, work.lease.release_savepoint))
    finally:
        _transaction.reset(token)


async def _leave(work: Work, level: Transaction, name: str, how: Callable[[str], Awaitable[None]]) -> None:
    if not work.open:
        return
    if not work.levels or work.levels[-1] is not level:
        # Savepoints nest: ending one that isn't the last would silently end another task's.
        raise RuntimeError("two tasks opened nested transactions in one transaction at once")
    async with work.turn:
        await how(name)
        work.levels.pop()


async def _call_back(work: Work) -> None:
    for callback in work.callbacks:
        try:
            outcome = callback()
            if inspect.isawaitable(outcome):
                await outcome
        except Exception:  # the work is committed: a failing callback can't take it back
            logger.exception("a callback after commit failed")


async def _settled(work: Coroutine[Any, Any, None]) -> None:
    """Finish even when the task is cancelled meanwhile: a connection is never left half closed."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
