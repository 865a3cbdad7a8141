"""Asks a server over a few connections that stay open, with as little work of its own as can be."""

from __future__ import annotations

import json
import socket
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Asked", "Pace", "ask", "pace_of"]


@dataclass(frozen=True)
class Asked:
    """A request to be made."""

    path: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    def as_bytes(self) -> bytes:
        body = b"" if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()
        headers = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **self.headers}
        if body:
            headers["Content-Type"] = "application/json"
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True)
class Pace:
    """How many were answered in a second, by all connections together, and how long one took in the middle (ms)."""

    per_second: float
    middle: float


def pace_of(port: int, questions: Callable[[], Iterator[Asked]], seconds: float, connections: int = 2) -> Pace:
    """Ask for so long. AssertionError for an answer that is no success."""
    made = questions()
    turn = threading.Lock()
    times: list[float] = []
    faults: list[tuple[bytes, int, bytes]] = []

    def asking() -> None:
        with socket.create_connection(("127.0.0.1", port)) as wire:
            while time.perf_counter() < end and not faults:
                with turn:
                    sent = next(made).as_bytes()
                begun = time.perf_counter()
                status, body = _answer(wire, sent)
                times.append(time.perf_counter() - begun)
                if status not in (200, 201):
                    faults.append((sent, status, body))

    begun = time.perf_counter()
    end = begun + seconds
    threads = [threading.Thread(target=asking) for _number in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[0]
    return Pace(len(times) / (time.perf_counter() - begun), statistics.median(times) * 1000)


def ask(port: int, asked: Asked) -> Any:
    """One answer's JSON."""
    with socket.create_connection(("127.0.0.1", port)) as wire:
        status, body = _answer(wire, asked.as_bytes())
    assert status in (200, 201), (asked.path, status, body)
    return json.loads(body)


def _answer(wire: socket.socket, sent: bytes) -> tuple[int, bytes]:
    wire.sendall(sent)
    came = b""
    while b"\r\n\r\n" not in came:
        came += _part(wire)
    head, _, body = came.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    parts = [body]
    missing = length - len(body)
    while missing > 0:
        parts.append(_part(wire))
        missing -= len(parts[-1])
    return int(head[9:12]), b"".join(parts)


def _part(wire: socket.socket) -> bytes:
    part = wire.recv(1 << 16)
    assert part, "the server hung up"
    return part
