"""The demo and the server as programs: READY when they answer, gone when told to go."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dougong.sample import COMPANY


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def started(*words: str | Path) -> Iterator[subprocess.Popen[str]]:
    """A program of ours; ended for good at the end of the block."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DOUGONG_")}
    command = [sys.executable, "-m", "dougong", *map(str, words)]
    program = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        yield program
    finally:
        if program.poll() is None:
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        program.stdout.close()


def until_ready(program: subprocess.Popen[str]) -> list[str]:
    """The lines up to READY, that one included."""
    lines = []
    for line in program.stdout:
        lines.append(line.strip())
        if line.startswith("READY"):
            return lines
    pytest.fail("\n".join(lines))


def end(program: subprocess.Popen[str]) -> float:
    """Tell it to go; how long that took."""
    told = time.monotonic()
    program.send_signal(signal.SIGTERM)
    program.wait(10)
    return time.monotonic() - told


def children(pid: int) -> list[int]:
    task = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in task.read_text().split()] if task.exists() else []


def answer(url: str) -> int:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.status


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, list[str]]:
    """A demo's data directory after its first start, and what that printed."""
    data, port = tmp_path_factory.mktemp("demo") / "data", free_port()
    with started("demo", "--port", str(port), "--data", data) as program:
        lines = until_ready(program)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=10) as page:
            assert COMPANY in page.read().decode()
        end(program)
    return data, lines


def test_the_first_start_of_a_demo_prints_the_sign_ins_and_then_ready(made):
    _data, lines = made
    assert lines[-1].startswith("READY http://127.0.0.1:")
    text = "\n".join(lines)
    for name in ("admin", "wangfang", "lilei", "zhaomin"):
        assert name in text


def test_a_later_start_prints_ready_alone_and_answers_when_it_says_so(made):
    data, _lines = made
    port = free_port()
    with started("demo", "--data", data, "--port", str(port)) as program:
        lines = until_ready(program)
        assert lines == [f"READY http://127.0.0.1:{port}"]
        assert answer(f"http://127.0.0.1:{port}/sign-in") == 200


def test_told_to_end_it_ends_in_time_and_leaves_nothing(made):
    data, _lines = made
    port = free_port()
    with started("demo", "--data", data, "--port", str(port)) as program:
        until_ready(program)
        family = children(program.pid)
        assert end(program) < 3
        assert program.returncode == 0
    assert not [child for child in family if Path(f"/proc/{child}").exists()]
    with pytest.raises(OSError):
        answer(f"http://127.0.0.1:{port}/sign-in")


def test_told_to_end_it_does_not_wait_for_a_request_that_never_ends(made):
    data, _lines = made
    port = free_port()
    with started("demo", "--data", data, "--port", str(port)) as program:
        until_ready(program)
        with socket.create_connection(("127.0.0.1", port)) as slow:
            slow.sendall(b"POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nuser")
            time.sleep(0.3)
            assert end(program) < 3


def test_a_demo_that_was_killed_while_it_was_made_is_made_anew(tmp_path):
    data = tmp_path / "data"
    with started("demo", "--data", data, "--port", str(free_port())) as program:
        while not list(data.glob("unfinished.sqlite")):
            assert program.poll() is None
            time.sleep(0.01)
        time.sleep(0.3)
        os.killpg(program.pid, signal.SIGKILL)
    assert not (data / "dougong.sqlite").exists()
    with started("demo", "--data", data, "--port", str(free_port())) as program:
        assert any("wangfang" in line for line in until_ready(program))
    assert not list(data.glob("unfinished*"))


def test_a_taken_port_is_said_in_one_line(made):
    data, _lines = made
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with started("serve", "--data", data, "--port", str(other.getsockname()[1])) as program:
            said = program.stdout.read()
            assert program.wait() == 1
    assert "Address already in use" in said
    assert "Traceback" not in said


def asked(data: Path, statement: str) -> int:
    with sqlite3.connect(data / "dougong.sqlite") as database:
        return int(database.execute(statement).fetchone()[0])


def test_a_plugin_switched_by_another_process_goes(made):
    data, _lines = made
    port = free_port()
    with started("serve", "--data", data, "--port", str(port)) as server:
        until_ready(server)
        with started("plugin", "disable", "customers", "--cascade", "--data", data) as command:
            said = command.stdout.read()
            assert command.wait() == 0, said
        # The server follows by itself; a busy machine may take longer than the two seconds the command waits.
        epoch, served = "SELECT epoch FROM core_epoch", f"SELECT epoch FROM core_process WHERE pid = {server.pid}"
        deadline = time.monotonic() + 20
        while asked(data, served) < asked(data, epoch) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert asked(data, served) == asked(data, epoch)
        with started("plugin", "enable", "customers", "--cascade", "--data", data) as command:
            assert command.wait() == 0, command.stdout.read()


def test_several_workers_serve_and_end_together(made):
    data, _lines = made
    port = free_port()
    with started("serve", "--data", data, "--port", str(port), "--workers", "2") as server:
        until_ready(server)
        family = children(server.pid)
        assert len(family) >= 2
        assert answer(f"http://127.0.0.1:{port}/sign-in") == 200
        assert end(server) < 3
    assert not [child for child in family if Path(f"/proc/{child}").exists()]
