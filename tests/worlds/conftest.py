"""The company of two worlds: once for each module and database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from dougong.people import passwords
from dougong.testing.app import installed_plugins
from dougong.testing.shelf import open_shelf

from .made_up import CARGO
from .twin import Founded, founded


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory, rounds: Callable[..., int]
) -> AsyncIterator[Founded]:
    directory: Path = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patched, open_shelf(directory) as shelf:
        patched.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        shelf.put("cargo", CARGO)
        yield await founded(module_database_url, directory, installed_plugins(), rows=rounds(14, deep=20), seed="one")
