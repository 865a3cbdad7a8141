"""How a file is to be read: encoding, what separates the columns, whether the first line names them.

Guessed from all of the file where that decides whether it can be read at all, shown to the person, who may know better.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Sequence
from itertools import islice
from pathlib import Path

from dougong.errors import Invalid
from dougong.imports.mapping import same_words
from dougong.imports.sheets import Format, rows_of, sheet_names, text_of
from dougong.imports.values import could_be

__all__ = ["ENCODINGS", "guess_format", "is_headed"]

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16", "big5", "shift_jis", "euc-kr", "cp1252")
"""Those offered to choose from."""
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_DELIMITERS = (",", "\t", ";", "|")
_BLOCK = 1 << 20
_LINES = 200
_FEW = 6
_ZIP = b"PK\x03\x04"


def guess_format(path: Path, known: Collection[str] = ()) -> Format:
    """How this file is read. `known` are the `same_words` that name a column when they stand in the first line."""
    with path.open("rb") as file:
        beginning = file.read(_BLOCK)
    if beginning.startswith(_ZIP):
        format_ = Format(kind="xlsx", sheet=sheet_names(path)[0])
    else:
        encoding = _encoding(path, beginning)
        format_ = Format(encoding=encoding, delimiter=_delimiter(path, encoding))
    return format_.model_copy(update={"headed": is_headed(path, format_, known)})


def _encoding(path: Path, beginning: bytes) -> str:
    """A mark at the beginning says it; else UTF-8 or GB18030 where all of the file is; else what it looks like most."""
    for mark, encoding in _MARKS:
        if beginning.startswith(mark):
            return encoding
    for encoding in ("utf-8", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    from charset_normalizer import from_bytes  # only for what is in neither

    found = from_bytes(beginning).best()
    return found.encoding if found is not None else "cp1252"


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(path: Path, encoding: str) -> str:
    """The one by which most lines have the same number of columns, more than one."""
    with path.open(encoding=encoding, errors="replace", newline="") as file:  # that it isn't so is told when it is read
        text = "".join(islice(file, _LINES))
    agreeing = {sign: _columns(text, sign) for sign in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda sign: agreeing[sign])
    return best if agreeing[best] > (0, 0) else ","


def _columns(text: str, delimiter: str) -> tuple[float, int]:
    """How large a part of the lines has the same number of columns, and that number; nothing for a single column."""
    try:
        widths = [len(cells) for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if cells]
    except csv.Error:
        return (0, 0)
    if not widths:
        return (0, 0)
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    return (widths.count(usual) / len(widths), usual) if usual > 1 else (0, 0)


def is_headed(path: Path, format_: Format, known: Collection[str]) -> bool:
    """Whether the first line names the columns. Of several columns it usually does, unless a number or a day stands in
    it; of a single one if the word is known, or stands over numbers, days or a few values that recur."""
    try:
        rows = [[text_of(c).strip() for c in line.cells] for line in islice(rows_of(path, format_), _LINES)]
    except Invalid:
        return True
    first, rest = (rows[0], rows[1:]) if rows else ([], [])
    if not rows or any(same_words(word) in known for word in first):
        return True
    if len(set(first)) < len(first) or not all(first) or any(_is_value(word) for word in first):
        return False
    return len(first) > 1 or _stands_over(first[0], _column(rest, 0))


def _is_value(word: str) -> bool:
    return could_be("number", [word]) or could_be("date", [word])


def _stands_over(word: str, below: Sequence[str]) -> bool:
    recurring = len(below) >= _FEW and word not in below and len(set(below)) <= len(below) / 2
    return recurring or (bool(below) and (could_be("number", below) or could_be("date", below)))


def _column(rows: Sequence[Sequence[str]], place: int) -> list[str]:
    return [row[place] for row in rows if place < len(row) and row[place]]
