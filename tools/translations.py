"""Translation catalogues: bring them up to date, or check that nothing is missing.

    python tools/translations.py update    # ./dev i18n
    python tools/translations.py check     # a step of ./dev check

Every package has its own catalogue, `<package>/locale/<language>/LC_MESSAGES/<package>.po`. Its English
texts come from `_("…")` in the package's Python files and templates, and from the labels that core derives
from declarations, which `python -m dougong.plugin.labels` prints as JSON: {"package": ["Label", …]}.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po
from jinja2 import TemplateSyntaxError

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ["zh_CN"]
JINJA = {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.do,jinja2.ext.loopcontrols"}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")


@dataclass(frozen=True)
class Package:
    """An import package with translations of its own."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    def catalogue(self, language: str) -> Path:
        return self.path / "locale" / language / "LC_MESSAGES" / f"{self.name}.po"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["update"]:
            return update()
        case ["check"]:
            return check()
    print(__doc__, file=sys.stderr)
    return 2


def update() -> int:
    """Write the catalogues; what they miss is listed, and is no failure yet."""
    for package, language, texts in catalogues():
        write(package.catalogue(language), language, merged(package, language, texts))
        report(faults(package, language, texts))
    return 0


def check() -> int:
    """Say what is missing, wrong or out of date; 1 if anything is."""
    found = [fault for one in catalogues() for fault in faults(*one)]
    report(found)
    return 1 if found else 0


def report(found: list[str]) -> None:
    for fault in found:
        print(fault)


def catalogues() -> Iterator[tuple[Package, str, Catalog]]:
    derived = derived_labels()
    for package in packages():
        texts = texts_of(package, derived.get(package.name, []))
        for language in LANGUAGES if len(texts) else []:
            yield package, language, texts


# What there is to translate ------------------------------------------------------------------


def packages() -> list[Package]:
    """The package of each distribution of the workspace."""
    projects = [ROOT / "core", *sorted((ROOT / "plugins").glob("*")), *sorted((ROOT / "docs/examples").glob("*"))]
    return [Package(path.parent) for project in projects for path in sorted(project.glob("dougong*/__init__.py"))]


def texts_of(package: Package, derived: list[str]) -> Catalog:
    texts = Catalog()
    for file in sources_of(package):
        place = [(file.relative_to(package.path.parent).as_posix(), 0)]
        for _line, text, comments, context in texts_in(file):
            texts.add(text, locations=place, auto_comments=comments, context=context)
    for label in derived:
        texts.add(label)
    return texts


def sources_of(package: Package) -> list[Path]:
    """Python files and templates; tests speak to developers."""
    files = [*package.path.rglob("*.py"), *package.path.rglob("templates/**/*.*")]
    return sorted(file for file in files if "tests" not in file.relative_to(package.path).parts)


def texts_in(file: Path) -> list[Any]:
    try:
        if file.suffix == ".py":
            return extract_from_file("python", file, comment_tags=["Translators:"])
        return extract_from_file("jinja2.ext:babel_extract", file, options=JINJA)
    except TemplateSyntaxError as error:
        sys.exit(f"{file.relative_to(ROOT)}:{error.lineno}: {error.message}")


def derived_labels() -> dict[str, list[str]]:
    """Labels nobody wrote as `_("…")`: field `planned_for` is shown as "Planned for"."""
    command = [sys.executable, "-m", "dougong.plugin.labels"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    labels: dict[str, list[str]] = json.loads(printed) if printed.strip() else {}
    return labels


# Catalogues ----------------------------------------------------------------------------------


def merged(package: Package, language: str, texts: Catalog) -> Catalog:
    """The catalogue on disk with today's texts; translations no text needs are kept as comments."""
    catalogue = read(package, language)
    catalogue.update(texts, no_fuzzy_matching=True, update_header_comment=False)
    return catalogue


def read(package: Package, language: str) -> Catalog:
    path = package.catalogue(language)
    content = path.read_bytes() if path.is_file() else b""
    return read_po(BytesIO(content), locale=language)


def write(path: Path, language: str, catalogue: Catalog) -> None:
    """Sorted, and without dates and line numbers: a catalogue changes when its texts do."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = BytesIO()
    write_po(body, catalogue, width=110, sort_output=True, omit_header=True, include_lineno=False)
    header = f'msgid ""\nmsgstr ""\n"Language: {language}\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path.write_bytes(header.encode() + body.getvalue().rstrip() + b"\n")


def faults(package: Package, language: str, texts: Catalog) -> list[str]:
    """One line for each text without a good translation, naming catalogue, fault and text."""
    translations = read(package, language)
    place = package.catalogue(language).relative_to(ROOT)
    return [
        f"{place}: {fault}: {text.id}"
        for text in texts
        if text.id and (fault := fault_of(text, translations.get(text.id, text.context)))
    ]


def fault_of(text: Message, translation: Message | None) -> str:
    if translation is None or not translation.string:
        return "not translated"
    if translation.fuzzy:
        return "marked fuzzy"
    if placeholders(text.id) != placeholders(translation.string):
        return "other placeholders"
    return ""


def placeholders(texts: str | tuple[str, ...] | list[str]) -> set[str]:
    written = [texts] if isinstance(texts, str) else texts
    return {found for text in written for found in PLACEHOLDER.findall(text)}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
