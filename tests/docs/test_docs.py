"""The documentation says what is: named tests and settings exist, shown files are the files, hooks have their headings."""

from __future__ import annotations

import ast
import re
from inspect import signature
from pathlib import Path

import click
import pytest

from dougong.builtin import core
from dougong.cli import cli
from dougong.config import Config
from dougong.plugin import hookspecs
from dougong.plugin.contributions import KINDS, Opening
from dougong.plugin.discovery import discover
from dougong.records import desk

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ID = re.compile(r"\b(?:A\d{1,2}-\d{2}|(?:[A-Z]{3})-[MBN]\d{1,2})\b")


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


# ---------------------------------------------------------------------- what is covered


def covered() -> list[tuple[str, str, str]]:
    """Id, words and test of each line."""
    lines = re.findall(r"^\| ([A-Z]\S+) \| (.+?) \| `(.+?)` \|$", text_of("coverage.md"), re.MULTILINE)
    assert len(lines) == text_of("coverage.md").count("::")
    return lines


@pytest.mark.parametrize("node", sorted({node for _id, _words, node in covered()}))
def test_every_test_named_in_the_coverage_exists(node):
    path, *names = node.split("::")
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    for name in names:
        found = [part for part in body if getattr(part, "name", None) == name]
        assert found, node
        body = found[0].body
    assert names[-1].startswith("test_")


def test_each_requirement_stands_once_in_the_coverage():
    ids = [number for number, _words, _node in covered()]
    assert len(ids) == len(set(ids))
    assert all(ID.fullmatch(number) for number in ids)


def test_requirements_cited_in_code_and_tests_stand_in_the_coverage():
    known = {number for number, _words, _node in covered()}
    cited: dict[str, str] = {}
    for place in ("core/dougong", "core/frontend/src", "plugins", "docs/examples", "tests"):
        for path in (ROOT / place).rglob("*"):
            if path.suffix in (".py", ".md", ".ts", ".html") and "node_modules" not in path.parts:
                cited |= dict.fromkeys(ID.findall(path.read_text(encoding="utf-8")), str(path))
    assert len(cited) > 5
    assert {number: path for number, path in cited.items() if number not in known} == {}


# ---------------------------------------------------------------------- for partners


def shown_files() -> list[tuple[str, str]]:
    """The files that the guide shows whole: path, text."""
    return re.findall(
        r"^\[`\S+`\]\((\S+)\)\n\n```\w+\n(.*?)\n```$", text_of("write-a-plugin.md"), re.MULTILINE | re.DOTALL
    )


def test_the_guide_shows_the_files_of_the_example_as_they_are():
    shown = dict(shown_files())
    assert {
        path: text for path, text in shown.items() if (DOCS / path).read_text(encoding="utf-8").rstrip() != text
    } == {}
    package = DOCS / "examples" / "visits" / "dougong_visits"
    assert {f"examples/visits/dougong_visits/{p.name}" for p in package.glob("*.py") if p.name != "__init__.py"} <= set(
        shown
    )


def test_the_guide_names_every_kind_of_contribution():
    assert set(re.findall(r"^\| `(\w+)` \|", text_of("write-a-plugin.md"), re.MULTILINE)) == {
        kind.name for kind in KINDS
    }


def test_the_guide_names_what_the_desk_does():
    named = set(re.findall(r"`desk\.(\w+)\(", text_of("write-a-plugin.md"))) | {"create_many"}
    assert named <= set(desk.__all__)
    verbs = {name for name in desk.__all__ if name.islower()} - {"type_of", "remove_many"}
    assert verbs <= named


HOOKS = [name for name in hookspecs.__all__ if name not in ("hook", "subjects_of")]


def test_every_hook_has_a_heading_with_its_arguments():
    headings = re.findall(r"^## (.+)$", text_of("hooks.md"), re.MULTILINE)
    assert headings == [f"{name}({', '.join(signature(getattr(hookspecs, name)).parameters)})" for name in HOOKS]


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_is_used_by_a_plugin_and_tried_by_a_test(name):
    part = text_of("hooks.md").partition(f"## {name}(")[2].partition("\n## ")[0]
    [path] = re.findall(r"^Used by: `(\S+?)`", part, re.MULTILINE)
    assert re.search(rf"^@hook.*\n(?:async )?def {name}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE)
    tests = "".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests" / "plugin").glob("test_*.py"))
    assert name in tests


def declared_openings() -> list[list[str]]:
    """Of core and every plugin that is installed, as lines of the table."""
    plugins = [core, *(loaded.plugin for loaded in discover(core).working if loaded.name != core.name)]
    return [
        [f"`{opening.key}`", opening.label.msgid, seen_by(opening), *asked_by(opening)]
        for plugin in plugins
        for opening in plugin.openings
    ]


def seen_by(opening: Opening) -> str:
    tables = [f"`{table._meta.tablename}`" for table in opening.sees or ()]
    return ", ".join(tables) or "every table"


OF_THE_DEED = {
    "dougong.where_used": "that of the deletion",
    "dougong.referred_to": "that of the deletion",
    "dougong.readers_among": "that of reading the record",
}
"""The right that whoever calls the opening asks for before."""


def asked_by(opening: Opening) -> tuple[str, str]:
    if opening.per_minute is None:
        return "none: it answers nobody", "any"
    right = opening.right or OF_THE_DEED.get(opening.key, "")
    if opening.right:
        right = f"`{right}`" if isinstance(right, str) else f"`{right[0].key}`: {right[1]}"
    return right, str(opening.per_minute)


def test_every_opening_stands_in_the_list_and_nothing_else():
    part = text_of("openings.md").partition("|---|")[2].partition("\n\n")[0]
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines()[1:]]
    assert lines == declared_openings()


# ---------------------------------------------------------------------- for whoever operates it


def test_every_setting_is_explained():
    part = text_of("operate.md").partition("| setting |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", "".join(line.split("|")[1] for line in part.splitlines()[2:])))
    assert named == set(Config.model_fields) - {"data"}


def test_every_setting_is_explained_with_its_default():
    part = text_of("operate.md").partition("| setting |")[2].partition("\n\n")[0]
    for line in part.splitlines()[2:]:
        names, default = (cell.strip() for cell in line.split("|")[1:3])
        keys = re.findall(r"`(\w+)`", names)
        for key, given in zip(keys, default.split(", "), strict=False):
            shipped = Config.model_fields[key].default
            if shipped not in (None, ""):
                assert given == (str(shipped).lower() if isinstance(shipped, bool) else str(shipped)), key


def test_commands_that_are_shown_exist():
    shown = re.findall(r"^    dougong (?:--data DIR )?(.+?)(?:  |$)", text_of("operate.md"), re.MULTILINE)
    assert len(shown) > 8
    for line in shown:
        words, command = line.split(), cli
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        options = {name for p in command.params for name in p.opts}
        assert {w.strip("[]") for w in words if w.strip("[]").startswith("--")} <= options, line


def test_no_command_is_left_out():
    page = text_of("operate.md")
    for name, command in cli.commands.items():
        for full in [f"{name} {sub}" for sub in getattr(command, "commands", {})] or [name]:
            assert full in page.replace("\n", " "), full


# ---------------------------------------------------------------------- all of it


def test_every_page_can_be_reached_from_the_first():
    linked = set(re.findall(r"\]\((\S+?\.md)\)", text_of("README.md")))
    assert linked == {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md") if p.name != "README.md"}


def test_every_decision_has_its_four_parts():
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(p.name[:4]) for p in decisions] == list(range(1, len(decisions) + 1))
    for page in decisions:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. ")
        assert re.search(r"^Status: (proposed|accepted|superseded by \[.+\])$", text, re.MULTILINE), page
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
