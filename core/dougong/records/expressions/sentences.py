"""From words to a tree, by Python's own grammar, which never gets to see what somebody wrote.

Each name, text and number is handed to the parser as a numbered placeholder, so that the tree holds nothing but
placeholders and operators: no attribute, no escape, no literal of Python's. What of the grammar is left is checked by
a list of what may stand.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from dougong.errors import Invalid
from dougong.i18n import Text, _
from dougong.records.expressions.words import Word, words_of

__all__ = ["RESERVED", "Sentence", "read_sentence"]

MOST_NODES = 200
DEEPEST = 20
RESERVED = frozenset({"true", "false", "empty", "me"})
"""Names that are no field's, unless in braces."""
_MAY_STAND = (
    ast.Name,
    ast.BinOp,
    ast.UnaryOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Call,
    ast.Tuple,
)
_UNREADABLE = _("The expression can't be read from here on: something is missing or too much.")


@dataclass(frozen=True, eq=False)
class Sentence:
    """An expression as written, its words, and the tree over them."""

    text: str
    words: Sequence[Word]
    tree: ast.expr
    _starts: Sequence[int]

    def word_at(self, node: ast.AST) -> Word:
        """The first word of a part."""
        return self.words[self.index_of(node)]

    def index_of(self, node: ast.AST) -> int:
        return bisect_right(self._starts, node.col_offset) - 1  # type: ignore[attr-defined]

    def references(self) -> Iterator[Word]:
        """The words that name a field."""
        for index, word in enumerate(self.words):
            if word.kind == "field" or (word.kind == "name" and not self._is_taken(index)):
                yield word

    def _is_taken(self, index: int) -> bool:
        called = index + 1 < len(self.words) and self.words[index + 1].text == "("
        return called or self.words[index].text.lower() in RESERVED


@lru_cache(maxsize=1024)
def read_sentence(text: str) -> Sentence:
    """Raises Invalid when the text is no expression, or one beyond the limits."""
    words = words_of(text)
    starts, plain = _laid_out(words)
    try:
        tree = ast.parse(plain, mode="eval").body
    except SyntaxError as wrong:
        at = wrong.offset if wrong.offset and wrong.lineno == 1 else len(plain)  # at the end it names the next line
        raise Invalid(words[bisect_right(starts, at - 1) - 1].mistake(_UNREADABLE)) from None
    except (RecursionError, MemoryError):
        raise Invalid(words[0].mistake(_too_deep())) from None
    sentence = Sentence(text, words, tree, starts)
    _refuse_beyond_limits(sentence)
    return sentence


def _laid_out(words: Sequence[Word]) -> tuple[list[int], str]:
    """Where each word starts in the line that is parsed, and the line."""
    starts: list[int] = []
    line = ""
    for index, word in enumerate(words):
        starts.append(len(line))
        line += f"{word.text if word.kind in ('sign', 'connecting') else f'w{index}'} "
    return starts, line


def _refuse_beyond_limits(sentence: Sentence) -> None:
    nodes = [node for node in ast.walk(sentence.tree) if isinstance(node, ast.expr | ast.keyword)]
    strange = next((node for node in nodes if not isinstance(node, _MAY_STAND)), None)
    if strange is not None:
        raise Invalid(sentence.word_at(strange).mistake(_UNREADABLE))
    if len(nodes) > MOST_NODES:
        rule = _("An expression has at most %(limit)s parts; this has %(count)s.", limit=MOST_NODES, count=len(nodes))
        raise Invalid(sentence.word_at(nodes[MOST_NODES]).mistake(rule))
    too_deep = next(_deeper_than(sentence.tree, DEEPEST), None)
    if too_deep is not None:
        raise Invalid(sentence.word_at(too_deep).mistake(_too_deep()))


def _too_deep() -> Text:
    return _("Parts may stand in one another at most %(limit)s deep.", limit=DEEPEST)


def _deeper_than(tree: ast.expr, limit: int) -> Iterator[ast.expr]:
    """What stands too deep. A chain (a + b + c, x if … else y if … else z) is as deep as one link of it."""
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        if depth > limit:
            yield node
            continue
        children = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
        waiting += [(child, depth + (not _is_link(node, child))) for child in children]


def _is_link(node: ast.expr, child: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return child is node.left and isinstance(child, ast.BinOp)
    return isinstance(node, ast.IfExp) and child is node.orelse and isinstance(child, ast.IfExp)
