"""The words of a page, and which of them are in the wrong language.

What the company entered is in whatever language it was entered in: every text of the database counts as data.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dougong.i18n import catalogue

DOMAINS = ("dougong", "dougong_customers", "dougong_visits")
CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
LATIN = re.compile(r"[A-Za-z][A-Za-z’']+")

# Every text a reader sees or hears; not what is written in a language of its own (the language picker).
TEXTS = r"""
() => {
  const home = document.documentElement.lang;
  const foreign = (element) => (element.closest("[lang]")?.lang ?? home) !== home;
  const found = new Set([document.title]);
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const parent = walk.currentNode.parentElement;
    if (!parent.closest("script, style, kbd, pre") && !foreign(parent)) found.add(walk.currentNode.data);
  }
  for (const element of document.body.querySelectorAll("*")) {
    if (foreign(element)) continue;
    for (const name of ["title", "aria-label", "placeholder", "alt", "data-none", "data-remove", "data-guard", "data-offline"])
      if (element.hasAttribute(name)) found.add(element.getAttribute(name));
    if (element.matches("button, input[type=submit]") && element.value) found.add(element.textContent);
  }
  return [...found].map((text) => text.trim().replace(/\s+/g, " ")).filter(Boolean);
}
"""


def texts_of(page: Any) -> list[str]:
    return page.evaluate(TEXTS)


def data_texts(database: Path) -> set[str]:
    """Every text that stands in the database."""
    texts: set[str] = set()
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                texts.update(value for value in row if isinstance(value, str))
    connection.close()
    return texts


class Data:
    """What the company entered, to tell its words from the product's."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.texts = set(texts)
        self.chinese = {run for text in self.texts for run in CHINESE.findall(text)}
        self.latin = {word.lower() for text in self.texts for word in LATIN.findall(text)}

    def shortened(self, text: str) -> bool:
        """Whether this is the beginning of something entered, cut with an ellipsis where its box ends."""
        beginning = text.removesuffix("…")
        return beginning != text and any(whole.startswith(beginning) for whole in self.texts)


def chinese_left_over(texts: Iterable[str], data: Data) -> Iterator[str]:
    """Chinese on an English page that nobody entered. One character alone is somebody's avatar."""
    for text in texts:
        if any(len(run) > 1 and run not in data.chinese for run in CHINESE.findall(text)):
            yield text


NAMES = {"dougong", "english", "ctrl", "cny", "chrome", "linux", "mb", "excel", "wps", "csv", "xlsx"}
NAMES |= {"kh", "yyyy", "mm"}  # the signs of a rule for numbers
"""Words and units that are the same in both languages."""
CODE = re.compile(r"/[\w/{}:-]+|\w+(\.\w+)+")
"""Addresses and modules, as the page of a plugin names them."""


def english_left_over(texts: Iterable[str], data: Data) -> Iterator[str]:
    """English on a Chinese page: what has a Chinese translation, and what is neither data nor a name."""
    translated = {
        english for domain in DOMAINS for english, chinese in catalogue(domain, "zh_CN").items() if english != chinese
    }
    for text in texts:
        strange = [word for word in LATIN.findall(CODE.sub("", text)) if word.lower() not in data.latin | NAMES]
        if text in translated or (strange and not data.shortened(text)):
            yield text
