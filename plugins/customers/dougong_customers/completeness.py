"""What a customer is looked at for before it is sent in: is everything there, and is it more than filling (A14-14, A14-16)."""

from __future__ import annotations

import unicodedata

__all__ = ["is_filling"]

FILLING = frozenset(
    [
        "无",
        "没有",
        "不详",
        "不知道",
        "未知",
        "暂无",
        "待定",
        "待补",
        "测试",
        "略",
        "test",
        "testtest",
        "none",
        "null",
        "na",
        "nil",
        "unknown",
        "tbd",
        "abc",
        "abcd",
        "asdf",
        "qwer",
        "qwerty",
    ]
)
FEW = 3
"""From so many signs on, one sign over and over, or digits in a row, say nothing."""
_ROWS = ("01234567890", "09876543210")


def is_filling(text: str) -> bool:
    """Whether a value was only written to get past a field: “无”, “aaa”, “123”, “---”."""
    bare = "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())
    if not bare or bare in FILLING:
        return True
    return len(bare) >= FEW and (len(set(bare)) == 1 or any(bare in row for row in _ROWS))
