"""Plugins made up for one test: real distributions in a directory on the path, as pip would leave them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import distributions
from pathlib import Path
from textwrap import dedent

from piccolo.table import TABLE_REGISTRY, Table

from dougong.access.policies import unknow
from dougong.builtin import core
from dougong.db import registry
from dougong.plugin.discovery import GROUP, Installed, discover
from dougong.records.gate import unguard

__all__ = ["CONTRACT", "Shelf", "minimal", "open_shelf"]

CONTRACT = "dougong>=0.1,<0.2"


class Shelf:
    """A directory of distributions; `put` adds one, `load` discovers them all."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.packages: set[str] = set()

    def put(
        self,
        name: str,
        source: str = "",
        *,
        version: str = "1.0",
        needs: Sequence[str] = (CONTRACT,),
        package: str = "",
        distribution: str = "",
        entry: str = "",
        author: str = "Somebody",
    ) -> str:
        """A plugin of this name; `source` is its module, which must make `plugin`. Answers the package's name."""
        package = package or f"made_up_{name}"
        distribution = distribution or f"made-up-{name}"
        source = source or minimal(name)
        self.packages.add(package)
        (self.place / package).mkdir()
        (self.place / package / "__init__.py").touch()
        (self.place / package / "plugin.py").write_text(dedent(source), encoding="utf-8")
        info = self.place / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        required = "".join(f"Requires-Dist: {need}\n" for need in needs)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\nAuthor: {author}\n{required}"
        )
        entry = entry or f"{package}.plugin:plugin"
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {entry}\n")
        importlib.invalidate_caches()
        return package

    def load(self, *, safe: bool = False) -> Installed:
        """What a house would find if nothing but the shelf were installed."""
        found = [p for d in distributions(path=[str(self.place)]) for p in d.entry_points if p.group == GROUP]
        return discover(core, found, safe=safe)

    def clear(self) -> None:
        """Forget the packages, their tables and who may see them."""
        for package in self.packages:
            for module in [m for m in sys.modules if m == package or m.startswith(f"{package}.")]:
                del sys.modules[module]
            for table in [t for t in TABLE_REGISTRY if t.__module__.startswith(f"{package}.")]:
                TABLE_REGISTRY.remove(table)
                _forget(table)


def _forget(table: type[Table]) -> None:
    name = table._meta.tablename
    if registry.table(name) is table:  # it may have tried for a name that is somebody else's
        registry.forget(name)
        unguard(name)
        unknow(name)


def minimal(name: str, requires: str = "[]") -> str:
    """A plugin that contributes nothing."""
    return f"""
    from dougong.api import Plugin, _
    plugin = Plugin(name={name!r}, label=_({name.title()!r}), requires={requires})
    """


@contextmanager
def open_shelf(directory: Path) -> Iterator[Shelf]:
    """An empty shelf on the path, cleared and taken away at the end."""
    place = directory / "distributions"
    place.mkdir()
    sys.path.insert(0, str(place))
    importlib.invalidate_caches()
    shelf = Shelf(place)
    try:
        yield shelf
    finally:
        shelf.clear()
        sys.path.remove(str(place))
        importlib.invalidate_caches()
