"""Time budgets for strangers' code: what runs too long is cut, whether it waits for ever or blocks the whole process.

A coroutine that only waits is cancelled. Code that blocks (a long loop, `time.sleep`) is cut by a signal, which works
in the process's main thread, where the server's loop runs, and not on Windows; elsewhere it can't be cut.
"""

from __future__ import annotations

import asyncio
import contextvars
import signal
import threading
import time
from collections import deque
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["OutOfTime", "alarm", "within"]

# A coroutine that was told to stop may still tidy up (give a connection back) for so long.
GRACE = 1.0

_stuck: deque[Coroutine[Any, Any, Any]] = deque(maxlen=100)


class OutOfTime(BaseException):
    """The budget is spent. No Exception, so that a broad `except` in the code to be cut can't swallow it."""


def _can_be_cut() -> bool:
    on_main_thread = threading.current_thread() is threading.main_thread()
    return on_main_thread and hasattr(signal, "setitimer")


@contextmanager
def alarm(seconds: float) -> Iterator[None]:
    """OutOfTime inside when the block runs longer. Budgets nest; one that was running goes on afterwards."""
    if not _can_be_cut():
        yield
        return
    armed = True

    def ring(_signal: int, _frame: FrameType | None) -> None:
        if armed:
            raise OutOfTime(f"still running after {seconds:g} s")

    started = time.monotonic()
    handler = signal.signal(signal.SIGALRM, ring)
    # Rings again and again: what catches the first one is cut by the next.
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 0.1)
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if left:
            rest = left - (time.monotonic() - started)
            signal.setitimer(signal.ITIMER_REAL, max(rest, 0.01), interval)
            if rest <= 0:  # it was due meanwhile
                signal.raise_signal(signal.SIGALRM)


async def within(seconds: float, coroutine: Coroutine[Any, Any, Any], *, step: float = 2.0) -> Any:
    """Await the coroutine; OutOfTime when all of it takes longer than `seconds`, or one step blocks longer than `step`.

    It runs in a copy of the context: what it sets and forgets there (who is acting, for one) stays there.
    """
    return await _Leash(coroutine, seconds, step)


class _Leash:
    """Drives a coroutine step by step, the way a task does, with a hand on the clock."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], seconds: float, step: float) -> None:
        self.coroutine = coroutine
        self.seconds = seconds
        self.step = step
        self.context = contextvars.copy_context()
        self.ringing = False
        self.warned = False

    def __await__(self) -> Generator[Any, Any, Any]:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None

        def ring() -> None:
            self.ringing = True
            task.cancel()

        timer = loop.call_later(self.seconds, ring)
        try:
            error: BaseException | None = None
            while True:
                waiting_for = self._next(error)
                error = None
                try:
                    yield waiting_for
                except BaseException as err:  # noqa: BLE001 - handed on to the coroutine, as a task would
                    error = err
                if self.ringing and isinstance(error, asyncio.CancelledError):
                    task.uncancel()
                    self.ringing = False
                    if self.warned:
                        raise self._spent() from None
                    self.warned = True
                    timer = loop.call_later(GRACE, ring)
        except _Finished as done:
            return done.value
        except asyncio.CancelledError as err:
            if self.warned:
                # With the way to where the coroutine was waiting: that line is what its author must look at.
                raise self._spent().with_traceback(err.__traceback__) from None
            raise
        finally:
            timer.cancel()
            self._close()

    def _next(self, error: BaseException | None) -> Any:
        """Run the coroutine up to its next wait."""
        with alarm(self.step):
            try:
                if error is None:
                    return self.context.run(self.coroutine.send, None)
                return self.context.run(self.coroutine.throw, error)
            except StopIteration as done:
                raise _Finished(done.value) from None

    def _spent(self) -> OutOfTime:
        return OutOfTime(f"still waiting after {self.seconds:g} s")

    def _close(self) -> None:
        try:
            with alarm(self.step):
                self.context.run(self.coroutine.close)
        except (RuntimeError, OutOfTime):
            # It refuses to end. Nobody drives it any longer; kept, so that its disposal doesn't complain somewhere.
            _stuck.append(self.coroutine)


class _Finished(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value
