"""Files in a backup: the whole ones, and nothing of those about to come."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from dougong.backup import back_up, restore
from dougong.config import read_config
from dougong.files import store
from dougong.testing import World

from .test_attachments import PDF, attached_to, customer_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", params=["sqlite"])
def module_database(request: pytest.FixtureRequest) -> str:
    """Files are kept beside either database alike; how each database is backed up is tried with the commands."""
    return str(request.param)


async def test_a_backup_holds_whole_files_only(world: World, tmp_path: Path) -> None:
    record = await customer_of(world, "wangfang", "飞云江塑机有限公司")
    file = await attached_to(world, record, "备份.pdf", PDF + b"backup")
    config = world.house.config
    left = config.files / store.ABOUT_TO_COME / "half"
    left.write_bytes(b"half")
    archive = tmp_path / "house.tar"
    back_up(config, archive)
    left.unlink()
    inside = f"files/{file.digest[:2]}/{file.digest[2:]}"
    with tarfile.open(archive) as opened:
        assert inside in opened.getnames()
        assert not [name for name in opened.getnames() if store.ABOUT_TO_COME in name]
    elsewhere = read_config(tmp_path / "elsewhere")
    restore(elsewhere, archive)
    assert (elsewhere.data / inside).read_bytes() == PDF + b"backup"
