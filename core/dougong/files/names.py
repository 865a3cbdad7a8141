"""What a file may be called: any name people give it, without what would mislead somebody or leave a directory."""

from __future__ import annotations

import re
import unicodedata

from dougong.errors import Invalid, Problem
from dougong.i18n import _

__all__ = ["LONGEST", "clean_name", "extension_of", "with_extension"]

LONGEST = 200
_IN_BYTES = 240
"""What file systems take, with a little room for the " (1)" a browser adds."""
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[a-z0-9_-]{1,16}$", re.IGNORECASE)


def clean_name(given: str) -> str:
    """The name a file is kept and offered under: of a path its last part, without invisible characters and those that turn
    the direction of writing, and such that every system can save it. Invalid where nothing is left of it.
    """
    name = unicodedata.normalize("NFC", _visible(given)).replace("\\", "/").rpartition("/")[2]
    name = _FORBIDDEN.sub("_", " ".join(name.split())).rstrip(". ")
    if not name.strip("._ "):
        raise Invalid(Problem("name", _("The file has no name that can be kept."), given[:LONGEST], "name"))
    if _RESERVED.match(name):
        name = f"_{name}"
    return _shortened(name)


def extension_of(name: str) -> str:
    """ ".pdf", in small letters, of “报价.PDF”; nothing of a name without one."""
    found = _EXTENSION.search(name)
    return found[0].lower() if found and found.start() > 0 else ""


def with_extension(name: str, extension: str) -> str:
    """The name with this extension instead of its own."""
    own = extension_of(name)
    return _shortened((name[: -len(own)] if own else name) + extension)


def _visible(text: str) -> str:
    """Without control, format (among them bidirectional), unassigned and private characters; separators are spaces."""
    kinds = [(c, unicodedata.category(c)) for c in text]
    return "".join(" " if kind.startswith("Z") else c for c, kind in kinds if not kind.startswith("C"))


def _shortened(name: str) -> str:
    """Cut before the extension: by that people and programs know what it is."""
    extension = extension_of(name)
    stem = name[: len(name) - len(extension)][: LONGEST - len(extension)]
    room = _IN_BYTES - len(extension)
    return stem.encode()[:room].decode(errors="ignore").rstrip(". ") + extension
