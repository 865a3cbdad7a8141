"""The servers that are asked: the product as it is started, and the floor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from dougong.testing.servers import free_port

__all__ = ["Served", "floor", "product_of"]


class Served:
    """A server on a free port of this machine, with the processes it starts; it may be killed and started again.

    `seconds`: from its start to its first answer.
    """

    def __init__(self, command: Sequence[str], path: str, environment: Mapping[str, str]) -> None:
        self.port = free_port()
        self.seconds = 0.0
        self._command = [str(self.port) if word == "PORT" else word for word in command]
        self._path, self._environment = path, environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            self._command, env=dict(self._environment), stdout=subprocess.DEVNULL, start_new_session=True
        )
        while True:
            assert self._process.poll() is None, f"{self._command} ended"
            try:
                httpx.get(f"http://127.0.0.1:{self.port}{self._path}")
                break
            except httpx.TransportError:
                time.sleep(0.02)
        self.seconds = time.perf_counter() - begun

    def end(self, sign: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, sign)
            self._process.wait()

    def resident(self) -> int:
        """MiB of memory of all its processes now; what they share is counted for each."""
        return self._memory("VmRSS")

    def own(self) -> int:
        """MiB as `resident`, without what is mapped from files, such as pages of a database."""
        return self._memory("RssAnon")

    def peak(self) -> int:
        """MiB as `resident`, the most there ever were since the last `forget_peak`."""
        return self._memory("VmHWM")

    def forget_peak(self) -> None:
        for process in self._processes():
            (process / "clear_refs").write_text("5")

    def _memory(self, name: str) -> int:
        return sum(_kilobytes(process / "status", name) for process in self._processes()) // 1024

    def _processes(self) -> Iterator[Path]:
        assert self._process is not None
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(ProcessLookupError):
                if os.getpgid(int(place.name)) == self._process.pid:
                    yield place


def _kilobytes(status: Path, name: str) -> int:
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith(name))


@contextmanager
def product_of(environment: Mapping[str, str]) -> Iterator[Served]:
    command = [sys.executable, "-m", "dougong", "serve", "--port", "PORT"]
    with _serving(Served(command, "/health", environment)) as served:
        yield served


@contextmanager
def floor(environment: Mapping[str, str]) -> Iterator[Served]:
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--no-ws", "--log-level", "error"]
    address = ["--host", "127.0.0.1", "--port", "PORT", "bench.floor:build"]
    with _serving(Served([*command, *address], "/", environment)) as served:
        yield served


@contextmanager
def _serving(served: Served) -> Iterator[Served]:
    served.start()
    try:
        yield served
    finally:
        served.end()
