"""The file a plugin's data leave in and come back from: rows as lines of JSON in a ZIP, with digests of every part.

The last 64 characters of the file are the SHA-256 of all before them (they stand where ZIP has its comment), so that not
one byte can change unseen. `manifest.json` says what is in it; a table's digest there is that of its rows.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import uuid
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

__all__ = ["Damaged", "Manifest", "Pack", "Part", "check", "encoded", "files_in", "manifest_of", "rows_in"]

FORMAT = 1
_MANIFEST = "manifest.json"
_BLOCK = 1 << 20
_AT_ONCE = 2000
_SEAL = 64


class Damaged(Exception):
    """It is no archive of ours, or not as it was written."""


@dataclass(frozen=True)
class Part:
    """The rows of one table, or of a column that points to one: names and types of the columns, how many, their digest.

    `last` is the last id the table gave out.
    """

    table: str
    columns: Sequence[tuple[str, str]]
    rows: int
    sha256: str
    last: int | None = None


@dataclass(frozen=True)
class Manifest:
    """What an archive holds, of which plugin, made when and by whom (the number of an account)."""

    plugin: str
    label: str
    version: str
    dougong: str
    database: str
    at: str
    by: int
    needs: Sequence[str] = ()
    parts: Mapping[str, Part] = field(default_factory=dict)
    """By the name of the entry: "own/visit", "core/record_comment", "pointing/staff.x_best"."""
    files: Sequence[str] = ()
    format: int = FORMAT

    @property
    def made(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.at)

    @property
    def records(self) -> int:
        return sum(part.rows for entry, part in self.parts.items() if entry.startswith("own/"))


# Values -----------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    for kind, (mark, write, _read) in _KINDS.items():
        if type(value) is kind:
            return {mark: write(value)}
    raise TypeError(f"{type(value).__name__} can't be kept in an archive")


_KINDS: Mapping[type, tuple[str, Callable[[Any], str], Callable[[str], Any]]] = {
    dt.datetime: ("moment", lambda v: (v.astimezone(dt.UTC) if v.tzinfo else v).isoformat(), dt.datetime.fromisoformat),
    dt.date: ("day", dt.date.isoformat, dt.date.fromisoformat),
    dt.time: ("time", dt.time.isoformat, dt.time.fromisoformat),
    dt.timedelta: (
        "microseconds",
        lambda v: str(v // dt.timedelta(microseconds=1)),
        lambda v: dt.timedelta(microseconds=int(v)),
    ),
    Decimal: ("number", str, Decimal),
    bytes: ("bytes", lambda v: base64.b64encode(v).decode(), base64.b64decode),
    uuid.UUID: ("uuid", str, uuid.UUID),
}
_READ = {mark: read for mark, _write, read in _KINDS.values()}


def _value(found: dict[str, Any]) -> Any:
    [(mark, text)] = found.items()
    return _READ[mark](text)


def encoded(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as lines; the same rows are the same bytes on every database."""
    return b"".join(json.dumps(list(row), default=_plain, separators=(",", ":")).encode() + b"\n" for row in rows)


# Writing ----------------------------------------------------------------------------------------


class Pack:
    """An archive being written; it is one once `seal` is done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._entry: IO[bytes] | None = None
        self._digest = hashlib.sha256()

    def begin(self, entry: str) -> None:
        self._digest = hashlib.sha256()
        self._entry = self._zip.open(entry, "w", force_zip64=True)

    def add(self, content: bytes) -> None:
        assert self._entry is not None
        self._digest.update(content)
        self._entry.write(content)

    def end(self) -> str:
        """The digest of what was added since `begin`."""
        assert self._entry is not None
        self._entry.close()
        self._entry = None
        return self._digest.hexdigest()

    def seal(self, manifest: Manifest) -> None:
        self._zip.writestr(_MANIFEST, json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
        self._zip.comment = b"0" * _SEAL
        self._zip.close()
        with self.path.open("r+b") as file:
            digest = _digest_of(file, self.path.stat().st_size - _SEAL)
            file.write(digest.encode())

    def abandon(self) -> None:
        if self._entry is not None:
            self._entry.close()
        self._zip.close()
        self.path.unlink(missing_ok=True)


# Reading ----------------------------------------------------------------------------------------


def manifest_of(path: Path) -> Manifest:
    """What an archive says of itself; Damaged when that can't be read. Nothing is checked against it."""
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read(_MANIFEST))
        if told.get("format") != FORMAT:
            raise Damaged(f"{path.name}: of format {told.get('format')}")
        parts = {
            entry: Part(**{**part, "columns": tuple((name, kind) for name, kind in part["columns"])})
            for entry, part in told.pop("parts").items()
        }
        return Manifest(**{**told, "needs": tuple(told["needs"]), "files": tuple(told["files"])}, parts=parts)
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as err:
        raise Damaged(f"{path.name}: {err}") from err


def check(path: Path) -> Manifest:
    """The manifest of an archive that is, byte for byte, as it was written, and whose parts are what it says; Damaged else."""
    try:
        with path.open("rb") as file:
            found = _digest_of(file, path.stat().st_size - _SEAL)
            if file.read() != found.encode():
                raise Damaged(f"{path.name}: its digest is another one")
    except (OSError, ValueError) as err:
        raise Damaged(f"{path.name}: {err}") from err
    manifest = manifest_of(path)
    with zipfile.ZipFile(path) as archive:
        expected = {entry: part.sha256 for entry, part in manifest.parts.items()}
        expected |= {f"files/{digest}": digest for digest in manifest.files}
        for entry, digest in expected.items():
            if _digest_in(archive, entry) != digest:
                raise Damaged(f"{path.name}: {entry}")
    return manifest


def _digest_of(file: IO[bytes], length: int) -> str:
    """Of so many bytes from the beginning; the file stands behind them afterwards."""
    if length < 0:
        raise ValueError("too short")
    digest, left = hashlib.sha256(), length
    while left:
        block = file.read(min(left, _BLOCK))
        digest.update(block)
        left -= len(block)
    file.seek(length)
    return digest.hexdigest()


def _digest_in(archive: zipfile.ZipFile, entry: str) -> str:
    try:
        with archive.open(entry) as file:
            digest = hashlib.sha256()
            while block := file.read(_BLOCK):
                digest.update(block)
    except (KeyError, zipfile.BadZipFile) as err:
        raise Damaged(f"{entry}: {err}") from err
    return digest.hexdigest()


def rows_in(path: Path, entry: str) -> Iterator[list[list[Any]]]:
    """The rows of a part, some thousand at a time."""
    with zipfile.ZipFile(path) as archive, archive.open(entry) as lines:
        portion: list[list[Any]] = []
        for line in lines:
            portion.append(json.loads(line, object_hook=_value))
            if len(portion) == _AT_ONCE:
                yield portion
                portion = []
        if portion:
            yield portion


def files_in(path: Path, digest: str) -> Iterator[bytes]:
    """The content of a file that was attached, piece by piece."""
    with zipfile.ZipFile(path) as archive, archive.open(f"files/{digest}") as file:
        while block := file.read(_BLOCK):
            yield block
