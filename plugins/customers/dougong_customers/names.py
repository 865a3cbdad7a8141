"""What a company name may be written with. One rule for Chinese names, one for all others."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set

from dougong.api import Text, _

__all__ = ["charset_problem", "forbidden_characters", "is_chinese", "same_name", "search_core", "spoken"]

CHINESE_MARKS = frozenset("()（）")
ENGLISH_MARKS = frozenset(",.() ")
LEGAL_FORMS = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|集团公司|分公司|公司|集团"
    r"|co\.?,? *ltd\.?|company limited|corporation|limited|company|gmbh|corp\.?|inc\.?|ltd\.?|llc)$",
    re.IGNORECASE,
)
_HAN = re.compile("[\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def is_chinese(name: str) -> bool:
    """A single Chinese character makes it a Chinese name."""
    return bool(_HAN.search(name))


def forbidden_characters(name: str) -> list[str]:
    """The characters the rule of the name's script doesn't allow, each once, in the order they stand."""
    marks = CHINESE_MARKS if is_chinese(name) else ENGLISH_MARKS
    composed = unicodedata.normalize("NFC", name)
    return [c for c in dict.fromkeys(composed) if not _allowed(c, marks)]


def charset_problem(name: str) -> Text | None:
    """The words for a person whose name breaks the rule, naming the characters; None when it is well written."""
    found = forbidden_characters(name)
    if not found:
        return None
    characters = " ".join(spoken(c) for c in found)
    if is_chinese(name):
        return _(
            "A Chinese company name is written with letters, digits and brackets () only; not allowed: %(characters)s",
            characters=characters,
        )
    return _(
        "An English company name is written with letters, digits, spaces and , . ( ) only; not allowed: %(characters)s",
        characters=characters,
    )


def spoken(character: str) -> str:
    """A character as it can be shown in a sentence: itself, or its code point where there is nothing to see."""
    if character == " ":
        return str(_("space"))
    if unicodedata.category(character)[0] in "CZM":
        return f"U+{ord(character):04X}"
    return f"“{character}”"


def same_name(one: str, other: str) -> bool:
    """Whether two names differ only in how they are written: wide or narrow, in capitals, with spaces."""
    return _bare(one) == _bare(other)


def _bare(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def search_core(name: str) -> str:
    """What of a typed name is worth looking for: its longest part without brackets and legal form.

    Brackets are written in two widths and in many places, so the part between them finds more than the whole.
    """
    narrow = unicodedata.normalize("NFKC", name).strip()
    pieces = re.split(r"[()%_\\]", LEGAL_FORMS.sub("", narrow))
    return max((piece.strip(" ,.") for piece in pieces), key=len)


def _allowed(character: str, marks: Set[str]) -> bool:
    # 〇 is a number to Unicode and a word to a Chinese reader
    category = unicodedata.category(character)
    return character in marks or category[0] == "L" or category == "Nd" or bool(_HAN.match(character))
