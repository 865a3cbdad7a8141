"""The build of the browser assets: when it builds, and that a failure leaves what is served alone."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

BUILDER = Path(__file__).parents[2] / "core" / "build_assets.py"


@pytest.fixture
def builder(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    found = importlib.util.spec_from_file_location("build_assets", BUILDER)
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, "build_assets", module)
    found.loader.exec_module(module)
    return module


@pytest.fixture
def assets(builder: ModuleType, tmp_path: Path):
    """A front end of one file."""
    made = builder.assets_of(tmp_path)
    (made.sources / "src").mkdir(parents=True)
    (made.sources / "node_modules").mkdir()
    made.built.parent.mkdir(parents=True)
    (made.sources / "package-lock.json").write_text("{}")
    (made.sources / "src" / "app.css").write_text("a{}")
    return made


COPY = """
import pathlib, sys
css = pathlib.Path("src/app.css").read_text()
out = pathlib.Path(sys.argv[2])
out.mkdir()
(out / "app.css").write_text(css)
sys.exit("broken" in css)
"""
INSTALL = """
import pathlib, sys
with pathlib.Path("node_modules/log").open("a") as log:
    log.write(" ".join(sys.argv[1:3]) + ", ")
"""


@pytest.fixture
def node(builder: ModuleType):
    """Python in the place of Node and npm, so that these tests need neither."""
    return builder.Node([sys.executable, "-c", COPY], [sys.executable, "-c", INSTALL])


def test_a_build_is_current_until_a_source_changes(builder, assets, node) -> None:
    assert not builder.is_built(assets)
    builder.build(assets, node)
    assert builder.is_built(assets)
    (assets.sources / "src" / "app.css").write_text("b{}")
    assert not builder.is_built(assets)
    builder.build(assets, node)
    assert (assets.built / "app.css").read_text() == "b{}"


def test_a_failed_build_leaves_the_old_assets(builder, assets, node) -> None:
    builder.build(assets, node)
    (assets.sources / "src" / "app.css").write_text("broken")
    with pytest.raises(subprocess.CalledProcessError):
        builder.build(assets, node)
    assert (assets.built / "app.css").read_text() == "a{}"
    assert [path.name for path in assets.built.parent.iterdir()] == ["static"]


def test_packages_are_installed_once_for_a_lock_file(builder, assets, node) -> None:
    for lock in ("{}", "{}", '{"changed": 1}'):
        (assets.sources / "package-lock.json").write_text(lock)
        builder.build(assets, node)
    assert (assets.sources / "node_modules" / "log").read_text() == "ci --ignore-scripts, ci --ignore-scripts, "


def test_the_wheel_of_node_can_be_asked_for(builder, monkeypatch) -> None:
    monkeypatch.setenv("DOUGONG_NODE", "wheel")
    assert builder.node_on_path() is None
