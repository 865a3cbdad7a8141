"""The company's people with customers and visits switched on, one house for each module and database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dougong.testing import World, open_world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with open_world(module_database_url, tmp_path_factory.mktemp("world"), ["customers", "visits"]) as opened:
        yield opened
