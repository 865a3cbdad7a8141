"""The `dev` script: what it lists, what it hands on, and when it installs."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "dev"

PIP_CONFIGURATION = {
    "global.index-url": "file:///packages/weaker",
    "install.index-url": "file:///packages/chosen",
    "global.extra-index-url": "\nfile:///packages/a\nfile:///packages/b",
    "global.find-links": "/wheels /more",
    ":env:.cert": "/etc/ca.pem",
}


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    loader = SourceFileLoader("dev", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("dev", loader))
    monkeypatch.setitem(sys.modules, "dev", module)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the script has no suffix: no cache beside it
    loader.exec_module(module)
    return module


@pytest.fixture
def workspace(dev: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with an environment that is up to date."""
    for place in ("core", "plugins/tea", "docs/examples/cup"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "pyproject.toml").write_text(f'name = "{place}"')
    (tmp_path / "core/build_assets.py").touch()
    (tmp_path / "core/frontend/src").mkdir(parents=True)
    (tmp_path / "core/frontend/src/app.css").touch()
    (tmp_path / "core/dougong/web/static").mkdir(parents=True)
    (tmp_path / "constraints.txt").write_text("tea==1\n")
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "CONSTRAINTS", tmp_path / "constraints.txt")
    dev.PRODUCT.python.parent.mkdir(parents=True)
    dev.PRODUCT.python.touch()
    for part in dev.STAMPS:
        dev.record(dev.PRODUCT, part)
    return tmp_path


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)


def test_alone_it_lists_every_command_with_one_line_each(dev: ModuleType) -> None:
    listed = run()
    assert listed.returncode == 0
    for name, command in dev.COMMANDS.items():
        assert f"  {name:<8}{command.__doc__}" in listed.stdout.splitlines()


def test_an_unknown_command_is_named() -> None:
    refused = run("dmeo")
    assert refused.returncode == 2
    assert "no such command: dmeo" in refused.stderr


def test_a_demo_has_neither_the_example_plugin_nor_the_test_tools(dev: ModuleType, workspace: Path) -> None:
    assert dev.PRODUCT.in_place() == [str(workspace / "core"), str(workspace / "plugins/tea")]
    assert dev.TOOLS.in_place()[0] == str(workspace / "core[test]")
    assert dev.TOOLS.in_place()[-1] == str(workspace / "docs/examples/cup")
    assert dev.PRODUCT.home != dev.TOOLS.home


def test_nothing_is_installed_when_nothing_changed(dev: ModuleType, workspace: Path) -> None:
    assert dev.is_current(dev.PRODUCT)


@pytest.mark.parametrize("path", ["constraints.txt", "plugins/tea/pyproject.toml"])
def test_a_changed_requirement_is_installed(dev: ModuleType, workspace: Path, path: str) -> None:
    (workspace / path).write_text("changed")
    assert dev.changed(dev.PRODUCT, "requirements")
    assert not dev.changed(dev.PRODUCT, "frontend")


def test_a_new_plugin_is_installed(dev: ModuleType, workspace: Path) -> None:
    (workspace / "plugins/rice").mkdir()
    (workspace / "plugins/rice/pyproject.toml").touch()
    assert dev.changed(dev.PRODUCT, "requirements")


def test_a_changed_style_sheet_builds_the_front_end_alone(dev: ModuleType, workspace: Path) -> None:
    (workspace / "core/frontend/src/app.css").write_text("a{}")
    assert dev.changed(dev.PRODUCT, "frontend")
    assert not dev.changed(dev.PRODUCT, "requirements")


def test_missing_assets_are_built_again(dev: ModuleType, workspace: Path) -> None:
    (workspace / "core/dougong/web/static").rmdir()
    assert not dev.is_current(dev.PRODUCT)


def test_uv_gets_the_indexes_pip_is_configured_with(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_FIND_LINKS", "UV_INDEX_STRATEGY", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    told = "".join(f"{key}={value!r}\n" for key, value in PIP_CONFIGURATION.items())
    listed = subprocess.CompletedProcess([], 0, stdout=told)
    monkeypatch.setattr(dev.subprocess, "run", lambda *_args, **_kwargs: listed)
    settings = dev.indexes_for_uv()
    assert settings["UV_DEFAULT_INDEX"] == "file:///packages/chosen"
    assert settings["UV_INDEX"] == "file:///packages/a file:///packages/b"
    assert settings["UV_FIND_LINKS"] == "/wheels,/more"
    assert settings["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert settings["SSL_CERT_FILE"] == "/etc/ca.pem"


def test_what_is_already_said_to_uv_wins(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "file:///packages/mine")
    assert "UV_DEFAULT_INDEX" not in dev.indexes_for_uv()
