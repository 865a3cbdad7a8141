"""Chinese names in the order people look for them: by sound, the same on every database."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain

__all__ = ["initials", "sort_key", "spelled"]

KEY_LENGTH = 300
INITIALS_LENGTH = 100


@lru_cache(maxsize=20_000)
def _sounds(text: str, style: str) -> tuple[str, ...]:
    from pypinyin import Style, lazy_pinyin  # 60 ms to import: only for who writes names

    chosen = {"tone": Style.TONE3, "first": Style.FIRST_LETTER, "plain": Style.NORMAL}[style]
    return tuple(lazy_pinyin(text, style=chosen, neutral_tone_with_five=True))


def sort_key(text: str) -> str:
    """Sorts names by pinyin and tone, Latin words among them; the name itself decides between equal sounds."""
    sounds = _sounds(text, "tone")
    return f"{' '.join(sounds).lower()} {text}"[:KEY_LENGTH]


def initials(text: str) -> str:
    """What people type to find a name: 杭州云栖 → hzyq; the first letters of Latin words among them."""
    words = chain.from_iterable(s.split() if s.isascii() and len(s) > 1 else [s] for s in _sounds(text, "first"))
    return "".join(w[0] for w in words if w[:1].isalnum()).lower()[:INITIALS_LENGTH]


def spelled(text: str) -> str:
    """In Latin letters, a word for each sound: 爱好 → "ai hao"."""
    return " ".join(_sounds(text, "plain")).lower()
