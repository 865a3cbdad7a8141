"""The sample company with customers, and files brought in as an office would."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from dougong.imports import jobs, services
from dougong.imports.services import Import
from dougong.jobs import work_off
from dougong.plugin.snapshot import current_snapshot
from dougong.testing.app import Company, enter_company, open_company
from dougong.testing.fixtures import Furnished


@pytest.fixture
async def company(database: str, furnished: Furnished, tmp_path: Path) -> AsyncIterator[Company]:
    async with furnished(database, found_company) as url, enter_company(url, tmp_path) as company:
        yield company


async def found_company(database_url: str) -> None:
    """What each test has a copy of."""
    with TemporaryDirectory() as directory:
        async with open_company(database_url, Path(directory), ["customers"]):
            pass


async def received(
    record: str, content: str | bytes, name: str = "file.csv", arranged: Callable[[dict[str, Any]], Any] | None = None
) -> Import:
    """A file, and what was suggested for it as it was changed."""
    raw = content.encode() if isinstance(content, str) else content

    async def pieces() -> AsyncIterator[bytes]:
        yield raw

    import_ = await services.receive(current_snapshot().by_path[record], name, pieces())
    if arranged is None:
        return import_
    assert import_.mapping is not None
    mapping = import_.mapping.model_dump()
    arranged(mapping)
    return await services.arrange(import_, import_.format, mapping)


async def tried(import_: Import) -> Mapping[str, int]:
    """What bringing it in would do, by outcome."""
    await jobs.try_out(import_)
    await work_off()
    again = await services.import_at(import_.id)
    assert again.trial is not None
    return services.totals(again.trial)


async def brought_in(import_: Import) -> Mapping[str, int]:
    await jobs.start(import_)
    await work_off()
    again = await services.import_at(import_.id)
    assert again.counts is not None
    return services.totals(again.counts)
