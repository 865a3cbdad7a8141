"""What is wrong with an expression, said with the place, the word and the rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from dougong.errors import Problem
from dougong.i18n import Text, _

__all__ = ["MOST_MISTAKES", "Mistake", "did_you_mean", "mistake", "resembling"]

MOST_MISTAKES = 20
LONGEST_COMPARED = 60
"""Nobody means another word by more characters than this, and comparing long words takes long."""
LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Mistake(Problem):
    """`place` counts characters from 1; `length` says how many of them the mistake takes up."""

    place: int = 1
    length: int = 0


def mistake(place: int, word: str, rule: Text) -> Mistake:
    shown = word if len(word) <= LONGEST_SHOWN else f"{word[:LONGEST_SHOWN]}…"
    message = _("Character %(place)s, “%(word)s”: %(rule)s", place=place, word=shown, rule=rule)
    return Mistake("expression", message, word, "expression", place, len(word))


def resembling(word: str, known: Iterable[str]) -> list[str]:
    """The known words that look like this one, best first."""
    if len(word) > LONGEST_COMPARED:
        return []
    by_folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), by_folded, n=3, cutoff=0.6)
    return [by_folded[name] for name in close]


def did_you_mean(rule: Text, words: str) -> Text:
    return _("%(rule)s Did you mean %(words)s?", rule=rule, words=words) if words else rule
