"""Houses with plugins made up for one test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from dougong import i18n
from dougong.access.principal import acting_as, system
from dougong.config import Config, read_config
from dougong.house import House, open_house
from dougong.plugin import failures
from dougong.testing.shelf import Shelf, open_shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with open_shelf(tmp_path) as shelf:
        yield shelf


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts as they stand in the source, so that the tests can name them."""
    monkeypatch.setattr(i18n, "translate", lambda domain, msgid, locale=None: msgid)


@pytest.fixture(autouse=True)
def clean_record() -> Iterator[None]:
    """No test sees the failures of another."""
    failures._records.clear()
    yield
    failures._records.clear()


@pytest.fixture
def config(tmp_path: Path, database_url: str) -> Config:
    return read_config(tmp_path, database=database_url)


@pytest.fixture
def opened(config: Config, shelf: Shelf) -> Callable[..., object]:
    """Opens the house with the shelf's plugins, acting as the system: `async with opened() as house`."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[House]:
        house = await open_house(config, installed=lambda _config: shelf.load())
        try:
            with acting_as(system("test")):
                yield house
        finally:
            await house.close()

    return opened
