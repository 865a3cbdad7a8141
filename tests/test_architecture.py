"""Import direction: core knows no plugin; a plugin knows core and its neighbours by their doors only."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
CORE = "dougong"


@dataclass(frozen=True)
class Plugin:
    package: str
    neighbours: frozenset[str]
    """Packages of the distributions it depends on."""


def plugins() -> list[Plugin]:
    projects = [path for place in ("plugins/*", "docs/examples/*") for path in sorted(ROOT.glob(place))]
    return [
        Plugin(found.parent.name, declared(project / "pyproject.toml"))
        for project in projects
        for found in project.glob("dougong_*/__init__.py")
    ]


def declared(pyproject: Path) -> frozenset[str]:
    requirements = tomllib.loads(pyproject.read_text())["project"]["dependencies"]
    return frozenset(Requirement(line).name.replace("-", "_") for line in requirements)


@cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(CORE, *(plugin.package for plugin in plugins()), cache_dir=None)


def test_core_and_plugins_import_each_other_by_their_doors_only() -> None:
    assert list(trespasses(graph(), plugins())) == []


def trespasses(imports: grimp.ImportGraph, installed: list[Plugin]) -> Iterator[str]:
    owners = {plugin.package: plugin for plugin in installed}
    for importer in sorted(imports.modules):
        for imported in sorted(imports.find_modules_directly_imported_by(importer)):
            rule = broken_rule(importer, imported, owners)
            if rule:
                yield f"{importer} imports {imported}: {rule}"


def broken_rule(importer: str, imported: str, owners: dict[str, Plugin]) -> str:
    package, other = importer.partition(".")[0], imported.partition(".")[0]
    if "tests" in importer.split("."):
        return ""  # tests look behind every door
    if package == CORE:
        return broken_rule_of_core(importer, imported)
    if package == other:
        return ""
    if other not in owners[package].neighbours:
        return f"{package} does not depend on {other}"
    return "" if imported == f"{other}.api" else f"the door of {other} is {other}.api"


def broken_rule_of_core(importer: str, imported: str) -> str:
    if not is_inside(imported, CORE):
        return "core knows no plugin"
    testing = f"{CORE}.testing"
    if is_inside(imported, testing) and not is_inside(importer, testing):
        return "test tools are not installed with the product"
    return ""


def is_inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize(
    "importer, imported",
    [
        ("dougong.web.app", "dougong_tea.plugin"),
        ("dougong.web.app", "dougong.testing.servers"),
        ("dougong_tea.services", "dougong.records.gate"),
        ("dougong_tea.services", "dougong"),
        ("dougong_tea.services", "dougong_rice.tables"),
        ("dougong_rice.services", "dougong_tea.api"),
    ],
)
def test_a_trespass_is_found(importer: str, imported: str) -> None:
    assert len(found(importer, imported)) == 1


@pytest.mark.parametrize(
    "importer, imported",
    [
        ("dougong_tea.services", "dougong.api"),
        ("dougong_tea.services", "dougong_tea.tables"),
        ("dougong_tea.services", "dougong_rice.api"),
        ("dougong_tea.tests.test_services", "dougong.i18n"),
        ("dougong.testing.app", "dougong.web.app"),
    ],
)
def test_a_door_stands_open(importer: str, imported: str) -> None:
    assert found(importer, imported) == []


def found(importer: str, imported: str) -> list[str]:
    """Trespasses among two plugins of which tea depends on rice."""
    imports = grimp.ImportGraph()
    imports.add_import(importer=importer, imported=imported)
    rice = Plugin("dougong_rice", frozenset({CORE}))
    tea = Plugin("dougong_tea", frozenset({CORE, "dougong_rice"}))
    return list(trespasses(imports, [rice, tea]))
