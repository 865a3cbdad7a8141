"""User names: what may be one, and when two are the same."""

from __future__ import annotations

import re
import unicodedata

from dougong.errors import Invalid, Problem
from dougong.i18n import _

__all__ = ["check_name", "name_key"]

_NAME = re.compile(r"[\w.@-]{2,40}")


def name_key(name: str) -> str:
    """The name as it is compared: case, width and blanks around it don't count. Storable whatever was typed."""
    storable = name[:200].strip().encode("utf-8", "replace").decode().replace("\x00", "?")
    return unicodedata.normalize("NFKC", storable).casefold()


def check_name(name: str) -> str:
    """The name without blanks around it; Invalid when it can't be a user name."""
    wanted = unicodedata.normalize("NFKC", name.strip())
    if not _NAME.fullmatch(wanted):
        raise Invalid(
            Problem("name", _("A user name has 2 to 40 letters, digits or . - _ @ and no blanks."), name, "format")
        )
    return wanted
