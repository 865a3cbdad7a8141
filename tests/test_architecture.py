"""Who may import whom. Core knows no plugin; a plugin knows core and its neighbours by their doors only; inside a plugin
imports lead down: plugin → routes, jobs, hooks → api → services → tables.

The rules hold for whatever stands in the tree: no plugin is named here.
"""

from __future__ import annotations

import ast
import itertools
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grimp
import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
CORE = "dougong"
LAYERS = ["plugin", grimp.Layer("routes", "jobs", "hooks", independent=False), "api", "services", "tables"]
HANDLERS = ("routes", "jobs")
FRONT = frozenset(f"{CORE}.{name}" for name in ("web", "server", "api", "testing"))
"""Who may know that there are pages: themselves, what serves them, and the door that lends route decorators."""
KEEPERS = frozenset(f"{CORE}.{name}" for name in ("records", "plugin", "access", "db", "people"))
"""Who may open the gate for statements of core's own."""


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
    if "tests" in imported.split("."):
        return "what ships does without its tests"
    if package == CORE:
        return broken_rule_of_core(importer, imported)
    if package == other:
        return broken_rule_inside(importer, imported)
    if other not in owners[package].neighbours:
        return f"{package} does not depend on {other}"
    return "" if imported == f"{other}.api" else f"the door of {other} is {other}.api"


def broken_rule_of_core(importer: str, imported: str) -> str:
    if not is_inside(imported, CORE):
        return "core knows no plugin"
    testing = f"{CORE}.testing"
    if is_inside(imported, testing) and not is_inside(importer, testing):
        return "test tools are not installed with the product"
    if is_inside(imported, f"{CORE}.web") and not is_inside_any(importer, FRONT):
        return "below the pages nobody knows them"
    return ""


def broken_rule_inside(importer: str, imported: str) -> str:
    """Of one plugin's own modules, what no layer says: a handler reads its input and calls a service."""
    package = importer.partition(".")[0]
    is_handler = any(is_inside(importer, f"{package}.{name}") for name in HANDLERS)
    return "a handler asks a service" if is_handler and is_inside(imported, f"{package}.tables") else ""


def is_inside(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def is_inside_any(module: str, packages: Iterable[str]) -> bool:
    return any(is_inside(module, package) for package in packages)


@pytest.mark.parametrize(
    "importer, imported",
    [
        ("dougong.web.app", "dougong_tea.plugin"),
        ("dougong.web.app", "dougong.testing.servers"),
        ("dougong_tea.services", "dougong.records.gate"),
        ("dougong_tea.services", "dougong"),
        ("dougong_tea.services", "dougong_rice.tables"),
        ("dougong_rice.services", "dougong_tea.api"),
        ("dougong.records.desk", "dougong.web.render"),
        ("dougong.webs", "dougong.web.render"),
        ("dougong_tea.routes", "dougong_tea.tables"),
        ("dougong_tea.jobs.nightly", "dougong_tea.tables"),
        ("dougong_tea.services", "dougong_tea.tests.conftest"),
        ("dougong_tea.services", "dougong_rice.tests.conftest"),
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
        ("dougong.api", "dougong.web.handlers"),
        ("dougong_tea.routes", "dougong_tea.services"),
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


# ---------------------------------------------------------------------- down, and never in a circle


def test_inside_a_plugin_imports_lead_down() -> None:
    assert [way for plugin in plugins() for way in ways_up(graph(), plugin.package)] == []


def ways_up(imports: grimp.ImportGraph, package: str) -> Iterator[str]:
    """Imports from a lower layer to a higher one, through whichever modules between them."""
    for broken in imports.find_illegal_dependencies_for_layers(layers=LAYERS, containers={package}):
        yield f"{broken.importer} leads up to {broken.imported}"


@pytest.mark.parametrize(
    "chain",
    [
        ("tables", "services"),
        ("tables", "lookups", "services"),
        ("services", "api"),
        ("services.brewing", "routes"),
        ("api", "hooks"),
        ("jobs", "plugin"),
    ],
)
def test_a_way_up_is_found(chain: tuple[str, ...]) -> None:
    assert len(list(ways_up(chained(chain), "tea"))) == 1


@pytest.mark.parametrize(
    "chain",
    [
        ("plugin", "routes", "api", "services", "tables"),
        ("plugin", "records", "states", "services"),
        ("routes", "jobs"),
    ],
)
def test_the_way_down_is_free(chain: tuple[str, ...]) -> None:
    assert list(ways_up(chained(chain), "tea")) == []


def chained(modules: tuple[str, ...]) -> grimp.ImportGraph:
    """A plugin called tea whose modules import each other in this order."""
    imports = grimp.ImportGraph()
    for name in ("tea", "tea.services"):
        imports.add_module(name)
    for importer, imported in itertools.pairwise(modules):
        imports.add_import(importer=f"tea.{importer}", imported=f"tea.{imported}")
    return imports


def test_no_plugin_needs_itself_in_a_circle() -> None:
    assert in_circles(plugins()) == set()


def in_circles(installed: list[Plugin]) -> set[str]:
    """The packages that need each other, and those that need one of them."""
    waiting = {plugin.package: set(plugin.neighbours) for plugin in installed}
    while free := {package for package, needs in waiting.items() if not needs & waiting.keys()}:
        waiting = {package: needs for package, needs in waiting.items() if package not in free}
    return set(waiting)


def test_a_circle_of_plugins_is_found() -> None:
    tea = Plugin("tea", frozenset({CORE, "rice"}))
    rice, salt = Plugin("rice", frozenset({"salt"})), Plugin("salt", frozenset({"rice"}))
    assert in_circles([tea, rice, salt]) == {"tea", "rice", "salt"}
    assert in_circles([tea, Plugin("rice", frozenset({CORE}))]) == set()


# ---------------------------------------------------------------------- who opens the gate


def test_the_gate_is_opened_by_its_keepers_only() -> None:
    outside = {name: text for name, text in sources().items() if not is_inside_any(name, KEEPERS)}
    assert [name for name, text in outside.items() if opens_the_gate(text)] == []


def test_the_keepers_do_open_the_gate() -> None:
    """Otherwise the rule above looks for a word that is no longer in use."""
    keepers = [name for name, text in sources().items() if is_inside_any(name, KEEPERS) and opens_the_gate(text)]
    assert f"{CORE}.records.desk" in keepers


@cache
def sources() -> Mapping[str, str]:
    """The text of every module of core and of the plugins; tests look behind every door."""
    trees = [ROOT / "core" / CORE, *(path.parent for path in ROOT.glob("*/*/dougong_*/__init__.py"))]
    trees += [path.parent for path in ROOT.glob("docs/examples/*/dougong_*/__init__.py")]
    return {
        ".".join(file.relative_to(tree.parent).with_suffix("").parts): file.read_text(encoding="utf-8")
        for tree in trees
        for file in tree.rglob("*.py")
        if "tests" not in file.relative_to(tree).parts
    }


def opens_the_gate(text: str) -> bool:
    """Whether the name `cleared` is imported, or asked of the gate."""
    if "cleared" not in text:
        return False
    return any(
        (isinstance(node, ast.alias) and node.name == "cleared")
        or (isinstance(node, ast.Attribute) and node.attr == "cleared")
        for node in ast.walk(ast.parse(text))
    )


@pytest.mark.parametrize(
    "text",
    [
        "from dougong.records.gate import ids, cleared",
        "from dougong.records.gate import cleared as open_up",
        "def f():\n    from dougong.records import gate\n    with gate.cleared('desk'): pass",
    ],
)
def test_an_opened_gate_is_found(text: str) -> None:
    assert opens_the_gate(text)


def test_a_word_in_passing_opens_nothing() -> None:
    assert not opens_the_gate('"""The list is cleared."""\nfrom dougong.records.gate import ids')
