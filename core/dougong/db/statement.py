"""What a SQL text does, read from its tokens.

This is not a parser and needs none: every question is answered on the safe side (a name that might
be a table counts as one), and what can't be read with certainty is refused. The result depends on
the text alone and is cached by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

__all__ = ["Dialect", "Statement", "Target", "Unreadable", "read"]

Dialect = Literal["sqlite", "postgres"]


class Unreadable(ValueError):
    """The text has something in it whose meaning is not certain."""


class Target(NamedTuple):
    """The table an INSERT, UPDATE or DELETE writes, and where its name stands in the text."""

    name: str
    start: int
    end: int
    qualified: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement. All names are lower case.

    `tables` are the names that may be tables (not those behind a dot); `subjects` the same without
    the target and the names that are plainly columns; `qualifiers` stand before a dot; `defined` are the statement's
    own table expressions; `names` are all of them.
    """

    verb: str
    tables: frozenset[str]
    subjects: frozenset[str]
    qualifiers: frozenset[str]
    defined: frozenset[str]
    names: frozenset[str]
    calls: frozenset[str]
    words: frozenset[str]
    locks_rows: bool
    target: Target | None
    after_with: int
    recursive: bool


class _Token(NamedTuple):
    kind: str  # word, name (quoted), text, mark, other
    value: str  # lower case for words and names
    start: int
    end: int


_ASCII_SPACE = r"[ \t\n\r\f\v]+"
_WORD = r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_$\u0080-\U0010ffff]*"
_COMMON = (
    rf"(?P<space>{_ASCII_SPACE})",
    r"(?P<line>--[^\n]*)",
    r"(?P<comment>/\*.*?\*/)",
)
_SQLITE = (
    *_COMMON,
    r"(?P<text>'(?:[^']|'')*')",
    r'(?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])',
)
_POSTGRES = (
    *_COMMON,
    r"""(?P<unicode>[uU]&['"])""",
    r"(?P<escape>[eE]'(?:[^'\\]|\\.|'')*')",
    r"(?P<text>[bBxXnN]?'(?:[^']|'')*')",
    r"(?P<dollar>\$(?P<tag>(?:[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff]*)?)\$.*?\$(?P=tag)\$)",
    r'(?P<name>"(?:[^"]|"")*")',
)
_REST = (
    r"(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)",
    rf"(?P<word>{_WORD})",
    r"(?P<mark>[!#$%&()*+,\-./:;<=>?@\[\\\]^{|}~])",
)
_LEXERS: dict[Dialect, re.Pattern[str]] = {
    "sqlite": re.compile("|".join((*_SQLITE, *_REST)), re.DOTALL),
    "postgres": re.compile("|".join((*_POSTGRES, *_REST)), re.DOTALL),
}
_QUOTES = {'"': '""', "`": "``", "'": "''"}

# Words that may stand before a parenthesis without being a function, and types with a length.
_KEYWORDS = """
    all and any array as asc between by case check cross cube desc distinct else end escape
    except exists filter from full glob group having ilike in inner intersect into is isnull
    join lateral left like limit match materialized natural not notnull null offset on only or
    order outer over partition preceding range regexp returning right rollup row rows select
    set sets similar some then to union unique using values when where window with within
"""
_TYPES = """
    bit char character dec decimal float nchar numeric nvarchar time timestamp timestamptz
    varbit varchar varying
"""
_SYNTAX = frozenset(_KEYWORDS.split() + _TYPES.split())
_WRITES = frozenset({"insert", "update", "delete", "replace"})
_LOCKS = frozenset({"update", "share", "no", "key"})


@lru_cache(maxsize=4096)
def read(sql: str, dialect: Dialect) -> Statement:
    """Read one statement. Raises `Unreadable` for several statements or uncertain text."""
    tokens = list(_tokens(sql, dialect))
    while tokens and tokens[-1].value == ";" and tokens[-1].kind == "mark":
        tokens.pop()
    if any(t.kind == "mark" and t.value == ";" for t in tokens):
        raise Unreadable("one statement at a time")
    verb_at = next((i for i, t in enumerate(tokens) if t.value != "("), None)
    if verb_at is None or tokens[verb_at].kind != "word":
        raise Unreadable("a statement begins with a verb")
    return _statement(tokens, verb_at)


def _tokens(sql: str, dialect: Dialect) -> Iterator[_Token]:
    lexer, at = _LEXERS[dialect], 0
    while at < len(sql):
        found = lexer.match(sql, at)
        if found is None:
            raise Unreadable(f"unexpected character {sql[at]!r}")
        at = found.end()
        kind, text = found.lastgroup or "", found.group()
        if kind == "tag":  # the innermost closed group of a dollar quote
            kind = "dollar"
        token = _token(kind, text, found.start(), at, dialect)
        if token is not None:
            yield token


def _token(kind: str, text: str, start: int, end: int, dialect: Dialect) -> _Token | None:
    if kind in ("space", "line"):
        return None
    if kind == "comment":
        # PostgreSQL nests comments, SQLite does not: what a nested one hides depends on the reader.
        if "/*" in text[2:] and dialect == "postgres":
            raise Unreadable("a comment inside a comment")
        return None
    if kind == "unicode":
        raise Unreadable("a name or text written in Unicode escapes")
    if kind == "name" or (kind == "text" and dialect == "sqlite"):
        # SQLite takes a string where it expects a name, so a string may be a table.
        quote = text[0]
        bare = text[1:-1].replace(_QUOTES.get(quote, ""), quote) if quote != "[" else text[1:-1]
        return _Token(kind, bare.lower(), start, end)
    if kind in ("text", "escape", "dollar"):
        return _Token("other", "", start, end)
    return _Token(kind, text.lower(), start, end)


def _statement(tokens: list[_Token], verb_at: int) -> Statement:
    verb = tokens[verb_at].value
    target_at = _target_at(tokens, verb_at) if verb in _WRITES else None
    found = _Names(_written(tokens, verb, target_at))
    for i, token in enumerate(tokens):
        if token.kind in ("word", "name", "text"):
            found.take(tokens, i)
    recursive = _value(tokens, verb_at + 1) == "recursive"
    return Statement(
        verb=verb,
        tables=frozenset(found.tables),
        subjects=frozenset(found.subjects),
        qualifiers=frozenset(found.qualifiers),
        defined=frozenset(found.defined),
        names=frozenset(found.names),
        calls=frozenset(found.calls),
        words=frozenset(t.value for t in tokens if t.kind == "word"),
        locks_rows=any(
            t.kind == "word" and t.value == "for" and _value(tokens, i + 1) in _LOCKS for i, t in enumerate(tokens)
        ),
        target=_target(tokens, target_at),
        after_with=tokens[verb_at + recursive].end if verb == "with" else 0,
        recursive=verb == "with" and recursive,
    )


class _Names:
    """The names of a statement, sorted by the part they play."""

    def __init__(self, written: range) -> None:
        self.written = written
        self.tables: set[str] = set()
        self.subjects: set[str] = set()
        self.qualifiers: set[str] = set()
        self.defined: set[str] = set()
        self.names: set[str] = set()
        self.calls: set[str] = set()

    def take(self, tokens: list[_Token], at: int) -> None:
        token = tokens[at]
        before, after = _value(tokens, at - 1), _value(tokens, at + 1)
        self.names.add(token.value)
        if after == ".":
            self.qualifiers.add(token.value)
        elif before != "." and after != "=" and at not in self.written:
            self.subjects.add(token.value)
        if before != ".":
            self.tables.add(token.value)
        if _defines(tokens, at + 1):
            self.defined.add(token.value)
        elif after == "(" and self._is_call(token, before):
            self.calls.add(token.value)

    @staticmethod
    def _is_call(token: _Token, before: str) -> bool:
        if token.kind == "text" or (token.kind == "word" and token.value in _SYNTAX):
            return False
        return before != "as"  # `AS t(a, b)` names columns


def _defines(tokens: list[_Token], at: int) -> bool:
    """Is the name before this place defined as a table expression: `n AS (SELECT`, `n(i) AS (…`?

    A function in FROM looks alike, `f(x) AS (a int)`, so the body has to be a query.
    """
    if _value(tokens, at) != "(":
        return _opens_query(tokens, at)
    depth = 0
    for i in range(at, len(tokens)):
        if tokens[i].kind == "mark":
            depth += {"(": 1, ")": -1}.get(tokens[i].value, 0)
        if depth == 0:
            return _opens_query(tokens, i + 1)
    return False


def _opens_query(tokens: list[_Token], at: int) -> bool:
    if _value(tokens, at) != "as":
        return False
    at += 1
    while _value(tokens, at) in ("not", "materialized"):
        at += 1
    if _value(tokens, at) != "(":
        return False
    body = _value(tokens, at + 1)
    return body in ("select", "with") or (body == "values" and _value(tokens, at + 2) == "(")


def _target_at(tokens: list[_Token], verb_at: int) -> int | None:
    at = verb_at + 1
    while _value(tokens, at) in ("into", "from", "only", "or", "ignore", "replace"):
        at += 1
    while _value(tokens, at + 1) == ".":
        at += 2
    if at >= len(tokens) or tokens[at].kind not in ("word", "name", "text"):
        return None
    return at


def _target(tokens: list[_Token], at: int | None) -> Target | None:
    if at is None:
        return None
    token = tokens[at]
    return Target(token.value, token.start, token.end, _value(tokens, at - 1) == ".")


def _written(tokens: list[_Token], verb: str, target_at: int | None) -> range:
    """The places of the target and, in an INSERT, of the column list behind it."""
    if target_at is None:
        return range(0)
    end = target_at + 1
    if verb == "insert" and _value(tokens, end) == "(":
        while end < len(tokens) and _value(tokens, end) != ")":
            end += 1
    return range(target_at, end)


def _value(tokens: list[_Token], at: int) -> str:
    """The word or mark at a place; quoted names and texts never count as either."""
    if not 0 <= at < len(tokens) or tokens[at].kind not in ("word", "mark"):
        return ""
    return tokens[at].value
