"""The documentation build: every link between pages leads somewhere, in the sources and as built."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    found = importlib.util.spec_from_file_location("documentation", TOOLS / "documentation.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("# Tea & more\n[how](docs/how.md#boil) [home](https://tea.example/a.md)\n")
    return module


def test_pages_are_built_with_links_to_each_other(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "docs" / "how.md").write_text("# How\n[back](../README.md)")
    assert tool.main() == 0
    readme = (tmp_path / "build/docs/README.html").read_text()
    assert "<title>Tea &amp; more</title>" in readme
    assert 'href="docs/how.html#boil"' in readme
    assert 'href="https://tea.example/a.md"' in readme
    assert 'href="../README.html"' in (tmp_path / "build/docs/docs/how.html").read_text()


def test_a_link_to_nowhere_is_refused(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main() == 1
    assert "README.md: docs/how.md#boil leads nowhere" in capsys.readouterr().err
