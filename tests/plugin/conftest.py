"""Plugins made up for one test: real distributions in a directory on the path, as pip would leave them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import distributions
from pathlib import Path
from textwrap import dedent

import pytest
from piccolo.table import TABLE_REGISTRY

from dougong import i18n
from dougong.access.principal import acting_as, system
from dougong.builtin import core
from dougong.config import Config, read_config
from dougong.db import registry
from dougong.house import House, open_house
from dougong.plugin import failures
from dougong.plugin.discovery import Installed, discover

CONTRACT = "dougong>=0.1,<0.2"


class Shelf:
    """A directory of distributions; `put` adds one, `load` discovers them all."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.packages: set[str] = set()

    def put(
        self, name: str, source: str = "", *, version="1.0", needs=(CONTRACT,), package="", distribution="", entry=""
    ) -> str:
        """A plugin of this name; `source` is its module, which must make `plugin`. Answers the package's name."""
        package = package or f"made_up_{name}"
        distribution = distribution or f"made-up-{name}"
        source = source or minimal(name)
        self.packages.add(package)
        (self.place / package).mkdir()
        (self.place / package / "__init__.py").touch()
        (self.place / package / "plugin.py").write_text(dedent(source))
        info = self.place / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        required = "".join(f"Requires-Dist: {need}\n" for need in needs)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n{required}")
        entry = entry or f"{package}.plugin:plugin"
        (info / "entry_points.txt").write_text(f"[dougong.plugins]\n{name} = {entry}\n")
        importlib.invalidate_caches()
        return package

    def load(self) -> Installed:
        found = [
            p for d in distributions(path=[str(self.place)]) for p in d.entry_points if p.group == "dougong.plugins"
        ]
        return discover(core, found)

    def clear(self) -> None:
        for package in self.packages:
            for module in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
                del sys.modules[module]
            for table in [t for t in TABLE_REGISTRY if t.__module__.startswith(f"{package}.")]:
                TABLE_REGISTRY.remove(table)
                registry.forget(table._meta.tablename)


def minimal(name: str, requires: str = "[]") -> str:
    return f"""
    from dougong.api import Plugin, _
    plugin = Plugin(name={name!r}, label=_({name.title()!r}), requires={requires})
    """


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    place = tmp_path / "distributions"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    shelf = Shelf(place)
    yield shelf
    shelf.clear()


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
        house = await open_house(config, installed=shelf.load)
        try:
            with acting_as(system("test")):
                yield house
        finally:
            await house.close()

    return opened
