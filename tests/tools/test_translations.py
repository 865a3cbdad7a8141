"""The catalogue tool: keeps translations, and lets no text go untranslated."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool, over a workspace with one package: a text in Python, one in a template, one derived."""
    found = importlib.util.spec_from_file_location("translations", TOOLS / "translations.py")
    module = importlib.util.module_from_spec(found)
    monkeypatch.setitem(sys.modules, "translations", module)
    found.loader.exec_module(module)
    package = tmp_path / "plugins" / "tea" / "dougong_tea"
    (package / "templates").mkdir(parents=True)
    (package / "__init__.py").write_text('from x import _\nlabel = _("Leaves of %(year)s")\n')
    (package / "templates" / "cup.html").write_text('{% do 1 %}<p>{{ _("A cup of tea") }}</p>\n')
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "derived_labels", lambda: {"dougong_tea": ["Planned for"]})
    return module


def catalogue(tool: ModuleType) -> Path:
    return tool.packages()[0].catalogue("zh_CN")


def translate(tool: ModuleType, text: str, translation: str) -> None:
    path = catalogue(tool)
    before = path.read_text()
    after = before.replace(f'msgid "{text}"\nmsgstr ""', f'msgid "{text}"\nmsgstr "{translation}"')
    assert after != before
    path.write_text(after)


def translate_all(tool: ModuleType) -> None:
    tool.main(["update"])
    translate(tool, "Leaves of %(year)s", "%(year)s年的茶叶")
    translate(tool, "A cup of tea", "一杯茶")
    translate(tool, "Planned for", "计划时间")


def test_texts_of_code_templates_and_declarations_are_asked_for(tool, capsys) -> None:
    assert tool.main(["check"]) == 1
    printed = capsys.readouterr().out
    for text in ("Leaves of %(year)s", "A cup of tea", "Planned for"):
        assert f"dougong_tea.po: not translated: {text}" in printed


def test_a_complete_catalogue_passes(tool, capsys) -> None:
    translate_all(tool)
    capsys.readouterr()
    assert tool.main(["check"]) == 0
    assert capsys.readouterr().out == ""


def test_an_update_keeps_translations_and_changes_nothing_twice(tool) -> None:
    translate_all(tool)
    tool.main(["update"])
    once = catalogue(tool).read_bytes()
    assert "一杯茶" in once.decode()
    tool.main(["update"])
    assert catalogue(tool).read_bytes() == once


def test_a_translation_whose_text_is_gone_stays_as_a_comment(tool) -> None:
    translate_all(tool)
    (tool.packages()[0].path / "templates" / "cup.html").unlink()
    tool.main(["update"])
    assert '#~ msgstr "一杯茶"' in catalogue(tool).read_text()
    assert tool.main(["check"]) == 0


def test_a_lost_placeholder_is_a_fault(tool, capsys) -> None:
    tool.main(["update"])
    translate(tool, "Leaves of %(year)s", "今年的茶叶")
    tool.main(["check"])
    assert "other placeholders: Leaves of %(year)s" in capsys.readouterr().out


def test_a_broken_template_is_named(tool) -> None:
    (tool.packages()[0].path / "templates" / "cup.html").write_text("{% if %}")
    with pytest.raises(SystemExit, match=r"cup\.html:1: "):
        tool.main(["check"])
