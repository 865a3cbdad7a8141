"""The words of an expression: names, fields in braces, texts in quotes, numbers and signs, each with its place.

Nothing else gets through: what isn't one of these is a mistake, so that the grammar behind never sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dougong.errors import Invalid
from dougong.i18n import Text, _
from dougong.records.expressions.mistakes import MOST_MISTAKES, Mistake, mistake

__all__ = ["CONNECTING", "LONGEST", "TOO_LONG", "Word", "words_of"]

LONGEST = 2000
TOO_LONG = _("An expression has at most %(limit)s characters; this has %(count)s.")
MOST_WORDS = 600
LONGEST_TEXT = 500
MOST_DIGITS = 18
CONNECTING = frozenset({"and", "or", "not", "in", "if", "else"})

# An input method for Chinese writes these where plain ones are meant. One character for one, so places stay.
_PLAIN = str.maketrans("（），＋－＊／％＜＞＝！｛｝", "(),+-*/%<>=!{}")
_SIGNS = {"≤": "<=", "≥": ">=", "≠": "!=", "×": "*", "÷": "/"}
_WORD = re.compile(
    r"""
      (?P<text>"[^"\n]*"|'[^'\n]*'|[“”＂][^“”＂\n]*[“”＂]|[‘’][^‘’\n]*[‘’])
    | (?P<field>\{[^{}\n]*\})
    | (?P<number>[0-9]+(?:\.[0-9]+)?)
    | (?P<name>[^\W\d]\w*)
    | (?P<strange>\*\*|<>|&&|\|\||:=)
    | (?P<sign>//|<=|>=|==|!=|[-+*/%<>(),≤≥≠×÷])
    | (?P<space>\s+)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_MEANT: Mapping[str, Text] = {
    "=": _("Write == to ask whether two values are equal."),
    ":=": _("Write == to ask whether two values are equal."),
    "<>": _("Write != to ask whether two values differ."),
    "&&": _("Write “and”."),
    "||": _("Write “or”."),
    "!": _("Write “not”."),
    "**": _("Powers are not calculated."),
    "^": _("Powers are not calculated."),
    **dict.fromkeys("\"'“”＂‘’", _("The closing quotation mark is missing.")),
    "{": _("The closing brace is missing."),
    ".": _("A number is written like 0.5; nothing else has a point."),
}
_MEANINGLESS = _("This character means nothing here.")


@dataclass(frozen=True)
class Word:
    """One word: `text` is what it says (without quotes or braces, signs as plain ones), `written` what stands there."""

    kind: str
    text: str
    written: str
    place: int

    @property
    def end(self) -> int:
        """The index behind the last character."""
        return self.place - 1 + len(self.written)

    def mistake(self, rule: Text) -> Mistake:
        return mistake(self.place, self.written, rule)


def words_of(text: str) -> list[Word]:
    """Raises Invalid for what is no word, and for what is too long."""
    if not text.strip():
        raise Invalid(mistake(1, "", _("Write an expression.")))
    if len(text) > LONGEST:
        raise Invalid(mistake(LONGEST + 1, text[LONGEST:], TOO_LONG % {"limit": LONGEST, "count": len(text)}))
    words = list(_scanned(text))
    problems = [word.mistake(rule) for word in words if (rule := _wrong(word))]
    if problems:
        raise Invalid(*problems[:MOST_MISTAKES])
    if len(words) > MOST_WORDS:
        raise Invalid(words[MOST_WORDS].mistake(_("An expression has at most %(limit)s words.", limit=MOST_WORDS)))
    return words


def _scanned(text: str) -> Iterator[Word]:
    for found in _WORD.finditer(text.translate(_PLAIN)):
        kind = str(found.lastgroup)
        if kind == "space":
            continue
        written = text[found.start() : found.end()]
        said = {"text": written[1:-1], "field": written[1:-1].strip()}.get(kind, found.group())
        if kind == "name" and said.lower() in CONNECTING:
            kind, said = "connecting", said.lower()
        yield Word(kind, _SIGNS.get(said, said) if kind == "sign" else said, written, found.start() + 1)


def _wrong(word: Word) -> Text | None:
    if word.kind in ("other", "strange"):
        return _MEANT.get(word.text, _MEANINGLESS)
    if word.kind == "text" and len(word.text) > LONGEST_TEXT:
        return _("A text in an expression has at most %(limit)s characters.", limit=LONGEST_TEXT)
    if word.kind == "number" and len(word.text.replace(".", "")) > MOST_DIGITS:
        return _("A number has at most %(limit)s digits.", limit=MOST_DIGITS)
    return None
