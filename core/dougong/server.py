"""Serves the web application: one process by itself, or a parent with several workers."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dougong.config import Config

__all__ = ["PortTaken", "address_of", "check_port", "serve"]

LAST_WORD = 2
"""Seconds requests under way have when the process is told to end."""

log = logging.getLogger("dougong.server")


class PortTaken(Exception):
    """Another program listens there already."""


def address_of(config: Config) -> str:
    """Where a browser on this machine finds it."""
    host = "127.0.0.1" if config.host in ("0.0.0.0", "::") else config.host  # noqa: S104 - a comparison
    return f"http://{f'[{host}]' if ':' in host else host}:{config.port}"


def check_port(config: Config) -> None:
    """PortTaken when nobody can listen there; said before anything is opened."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((config.host, config.port))
        except OSError as err:
            raise PortTaken(f"{config.host}:{config.port}: {err.strerror}") from err


def serve(config: Config, ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called with the address when it really answers.

    Raises: PortTaken, and what opening the house raises.
    """
    check_port(config)
    if config.workers == 1:
        asyncio.run(_serve_here(config, ready))
    else:
        _serve_by_workers(config, ready)


# One process -------------------------------------------------------------------------------------


async def _serve_here(config: Config, ready: Callable[[str], None]) -> None:
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server.embed import Server

    from dougong.house import open_house
    from dougong.web.app import build_app, servable_plugins

    _quiet()
    house = await open_house(config, installed=servable_plugins)
    try:
        server = Server(
            build_app(config, house=house),
            address=config.host,
            port=config.port,
            interface=Interfaces.ASGI,
            websockets=False,
            log_level=LogLevels.warning,
        )
        _on_signals(server.stop)
        serving = asyncio.create_task(server.serve())
        await _until_answering(config, serving)
        ready(address_of(config))
        await serving
    finally:
        await house.close()


def _on_signals(stop: Callable[[], None]) -> None:
    """Stop when told to, whatever a request under way is doing."""

    def ending() -> None:
        deadline = threading.Timer(LAST_WORD, os._exit, (0,))
        deadline.daemon = True
        deadline.start()
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            asyncio.get_running_loop().add_signal_handler(number, ending)
        except NotImplementedError:  # Windows: Ctrl-C arrives as KeyboardInterrupt
            signal.signal(number, lambda *_: ending())


async def _until_answering(config: Config, serving: asyncio.Task[None]) -> None:
    while not serving.done() and not await _answers(config):  # noqa: ASYNC110 - asks from outside, as a browser does
        await asyncio.sleep(0.02)


async def _answers(config: Config) -> bool:
    """Whether a request comes back with success."""
    host = address_of(config).removeprefix("http://").rpartition(":")[0].strip("[]")
    try:
        reader, writer = await asyncio.open_connection(host, config.port)
    except OSError:
        return False
    try:
        writer.write(f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        line = await asyncio.wait_for(reader.readline(), 5)
        return line.split()[1:2] in ([b"200"], [b"204"])
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()


def _quiet() -> None:
    """Granian warns of the kind of serving we chose, at every start."""
    logging.getLogger("_granian").addFilter(lambda record: "experimental" not in record.getMessage())


# Several -----------------------------------------------------------------------------------------


def _serve_by_workers(config: Config, ready: Callable[[str], None]) -> None:
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    asyncio.run(_prepare(config))
    os.environ["DOUGONG_DATA"] = str(config.data)
    os.environ["DOUGONG_SAFE"] = str(config.safe)
    server = Granian(
        "dougong.web.app:create_app",
        address=config.host,
        port=config.port,
        interface=Interfaces.ASGI,
        workers=config.workers,
        factory=True,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=LAST_WORD,
        log_level=LogLevels.warning,
    )
    server.on_startup(lambda: _in_thread(_announce(config, ready)))
    server.serve()


async def _prepare(config: Config) -> None:
    """Migrate once, before several processes would each try to."""
    from dougong.house import open_house

    house = await open_house(config, serving=False)
    await house.close()


async def _announce(config: Config, ready: Callable[[str], None]) -> None:
    while not await _answers(config):  # noqa: ASYNC110 - the workers are other processes
        await asyncio.sleep(0.1)
    ready(address_of(config))


def _in_thread(work: Awaitable[None]) -> None:
    async def run() -> None:
        await work

    threading.Thread(target=lambda: asyncio.run(run()), daemon=True).start()
