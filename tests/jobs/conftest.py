"""The sample company with a workshop, whose jobs are done when a test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from dougong.access.principal import acting_as, system
from dougong.jobs.tables import JobRow
from dougong.plugin.failures import forgive
from dougong.testing.app import Company, enter_company, open_company
from dougong.testing.fixtures import Furnished
from dougong.testing.shelf import open_shelf

from .made_up import WORKSHOP


@dataclass(frozen=True)
class Workshop:
    """The open company, and the module of the plugin."""

    company: Company
    plugin: Any

    async def job(self, number: int) -> dict[str, Any]:
        with acting_as(system("test")):
            row = await JobRow.select().where(JobRow.id == number).first()
        assert row is not None
        return dict(row)

    async def jobs(self) -> list[dict[str, Any]]:
        with acting_as(system("test")):
            return [dict(row) for row in await JobRow.select().order_by(JobRow.id)]

    async def change(self, number: int, **values: Any) -> None:
        with acting_as(system("test")):
            await JobRow.update({getattr(JobRow, k): v for k, v in values.items()}).where(JobRow.id == number)


@pytest.fixture
async def workshop(database: str, furnished: Furnished, tmp_path: Path) -> AsyncIterator[Workshop]:
    with open_shelf(tmp_path) as shelf:
        shelf.put("workshop", WORKSHOP)
        async with furnished(database, found_workshop) as url, enter_company(url, tmp_path) as company:
            forgive("workshop")
            yield Workshop(company, __import__("made_up_workshop.plugin").plugin)


async def found_workshop(database_url: str) -> None:
    """What each test has a copy of."""
    with TemporaryDirectory() as directory:
        async with open_company(database_url, Path(directory), ["workshop"]):
            pass
