"""Build docs/ into build/docs: one HTML page for each Markdown file, refusing broken links.

python tools/documentation.py    # ./dev docs
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent.parent
MARKDOWN = MarkdownIt("commonmark").enable("table")
PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ max-width: 46rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.6 system-ui, sans-serif }}
pre {{ overflow: auto; padding: 1rem; background: #f5f5f2 }}
table {{ border-collapse: collapse }} td, th {{ padding: .3rem .6rem; border: 1px solid #d8d8d2; text-align: left }}
</style>
{body}
</html>
"""


def main() -> int:
    """Build every page; 1 if a link leads nowhere."""
    sources = pages()
    broken = [fault for page in sources for fault in broken_links(page)]
    for fault in broken:
        print(fault, file=sys.stderr)
    if broken:
        return 1
    out = ROOT / "build" / "docs"
    shutil.rmtree(out, ignore_errors=True)
    for page in sources:
        write(page, out / page.relative_to(ROOT).with_suffix(".html"))
    print(f"{len(sources)} pages in {out.relative_to(ROOT)}")
    return 0


def pages() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def write(page: Path, target: Path) -> None:
    tokens = MARKDOWN.parse(page.read_text(encoding="utf-8"))
    for token in links(tokens):
        token.attrSet("href", as_html(str(token.attrs["href"])))
    body = MARKDOWN.renderer.render(tokens, MARKDOWN.options, {})
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(PAGE.format(title=escape(title_of(page, tokens)), body=body), encoding="utf-8")


def title_of(page: Path, tokens: list[Token]) -> str:
    following = (after for token, after in pairwise(tokens) if token.type == "heading_open")
    heading = next(following, None)
    return heading.content if heading else page.stem


def links(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from (child for child in token.children or [] if child.type == "link_open")


def as_html(link: str) -> str:
    """Links between pages lead to the built pages; others stay."""
    return link.replace(".md", ".html", 1) if is_local(link) and urlsplit(link).path.endswith(".md") else link


def is_local(link: str) -> bool:
    return not urlsplit(link).scheme and not link.startswith(("#", "//"))


def broken_links(page: Path) -> list[str]:
    """`page: link` for each link whose file is not there."""
    targets = [str(token.attrs["href"]) for token in links(MARKDOWN.parse(page.read_text(encoding="utf-8")))]
    return [
        f"{page.relative_to(ROOT)}: {link} leads nowhere"
        for link in targets
        if is_local(link) and not (page.parent / unquote(urlsplit(link).path)).exists()
    ]


if __name__ == "__main__":
    sys.exit(main())
