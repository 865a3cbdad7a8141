"""Where the content of files lies: each once, under the digest of what it holds.

Content is written beside first and comes to its place by a rename, whole or not at all. What nothing names any more is
swept away after a day; until then it may be on its way in.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import logging
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Set
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from dougong.errors import DougongError, Unavailable
from dougong.i18n import _

__all__ = [
    "ABOUT_TO_COME",
    "Directory",
    "Draft",
    "Named",
    "Store",
    "TooLarge",
    "current_store",
    "kept_by",
    "named_by_anybody",
    "use_store",
]

log = logging.getLogger(__name__)

ABOUT_TO_COME = ".incoming"
"""The directory, in that of the files, of what isn't whole yet."""
HEAD, FOOT = 1 << 18, 1 << 10
DAY = 24 * 3600.0
_BLOCK = 1 << 20
_SPARE = 64 << 20
"""Left free on the disk: the database needs some room even to delete."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

Named = Callable[[Set[str]], Awaitable[Set[str]]]
"""Which of these digests something still names."""


_namers: list[Named] = []


def kept_by(named: Named) -> Named:
    """Whoever keeps files says which contents it still needs: what nobody names is swept away."""
    _namers.append(named)
    return named


async def named_by_anybody(digests: Set[str]) -> Set[str]:
    """Which of these contents somebody still needs."""
    found: set[str] = set()
    for named in _namers:
        found |= await named(digests - found)
    return found


class TooLarge(DougongError):
    """A file holds more than files may."""

    status = 413
    message = _("A file may hold at most %(most)s MB; this one holds more.")


class Draft(Protocol):
    """Content that was received and isn't kept yet; left alone, it is thrown away.

    `ends` are its beginning and its end, as much as tells what it is.
    """

    size: int
    ends: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of the content."""

    async def keep(self) -> None:
        """Put it in its place, for good. Raises Unavailable."""


class Store(Protocol):
    """A place for content. Whatever it can't do now raises Unavailable, and nothing is half there."""

    def receive(self, content: AsyncIterator[bytes], most: int) -> AbstractAsyncContextManager[Draft]:
        """Take content in, up to `most` bytes; TooLarge above."""

    async def read(self, digest: str) -> AsyncIterator[bytes]:
        """The content, piece by piece."""

    async def has(self, digest: str) -> bool:
        """Whether it is there."""

    async def sweep(self, named: Named, older_than: float = DAY) -> int:
        """Throw away what nothing names and what never became whole, if it came so many seconds ago; how many."""


_store: Store | None = None


def use_store(store: Store | None) -> None:
    """Content goes there from now on."""
    global _store
    _store = store


def current_store() -> Store:
    if _store is None:
        raise Unavailable(_("There is no place for files."))
    return _store


class Directory:
    """The store that comes with the house: `ab/cdef…` in one directory, which all its processes share."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @asynccontextmanager
    async def receive(self, content: AsyncIterator[bytes], most: int) -> AsyncIterator[Draft]:
        draft = await asyncio.to_thread(self._begin)
        try:
            await draft.take(content, most)
            yield draft
        finally:
            await asyncio.to_thread(draft.discard)

    def _begin(self) -> _FileDraft:
        with _told():
            place = self.root / ABOUT_TO_COME
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(dir=place)
            return _FileDraft(self, Path(name), os.fdopen(number, "wb"))

    async def read(self, digest: str) -> AsyncIterator[bytes]:
        with _told():
            file = await asyncio.to_thread(self.place_of(digest).open, "rb")
        return _pieces(file)

    async def has(self, digest: str) -> bool:
        return await asyncio.to_thread(self.place_of(digest).is_file)

    def place_of(self, digest: str) -> Path:
        return self.root / digest[:2] / digest[2:]

    async def sweep(self, named: Named, older_than: float = DAY) -> int:
        before = time.time() - older_than
        old = await asyncio.to_thread(lambda: {path.parent.name + path.name: path for path in self._old(before)})
        waste = await asyncio.to_thread(self._unfinished, before)
        lost = old.keys() - await named(old.keys())
        return len(waste) + sum([await asyncio.to_thread(self._drop, old[digest], before) for digest in lost])

    def _old(self, before: float) -> Iterator[Path]:
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    yield path

    def _unfinished(self, before: float) -> list[Path]:
        """What an upload left that was cut off hard, thrown away."""
        left = []
        for path in (self.root / ABOUT_TO_COME).glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    left.append(path)
        return left

    def _drop(self, path: Path, before: float) -> bool:
        """Aside first: if the same content came in meanwhile, it is what was moved, and goes back."""
        aside = self.root / ABOUT_TO_COME / f"{path.parent.name}{path.name}"
        try:
            path.replace(aside)
        except FileNotFoundError:  # another process swept first
            return False
        if aside.stat().st_mtime >= before:
            aside.replace(path)
            return False
        aside.unlink()
        return True


class _FileDraft:
    """A file beside the others, under no name that anybody reads."""

    def __init__(self, directory: Directory, path: Path, file: BinaryIO) -> None:
        self.size = 0
        self.ends = b""
        self._directory, self._path, self._file = directory, path, file
        self._digest = hashlib.sha256()
        self._head, self._foot = b"", b""

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()

    async def take(self, content: AsyncIterator[bytes], most: int) -> None:
        waiting, length = [], 0
        async for piece in content:
            waiting.append(piece)
            length += len(piece)
            if self.size + length > most:
                raise TooLarge(most=f"{most / 2**20:g}")
            if length >= _BLOCK:
                await asyncio.to_thread(self._write, b"".join(waiting))
                waiting, length = [], 0
        await asyncio.to_thread(self._write, b"".join(waiting))
        self.ends = self._head + (self._foot if self.size > HEAD else b"")

    def _write(self, block: bytes) -> None:
        with _told():
            if shutil.disk_usage(self._path.parent).free < len(block) + _SPARE:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._file.write(block)
        self._digest.update(block)
        self._head += block[: HEAD - len(self._head)]
        self._foot = (self._foot + block)[-FOOT:]
        self.size += len(block)

    async def keep(self) -> None:
        await asyncio.to_thread(self._keep)

    def _keep(self) -> None:
        place = self._directory.place_of(self.digest)
        with _told():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            place.parent.mkdir(mode=0o700, exist_ok=True)
            # Over what may be there already, which is the same: now it is young, and no sweep takes it.
            try:
                self._path.replace(place)
            except PermissionError:  # Windows, while somebody reads it
                os.utime(place)
            _make_lasting(place.parent)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What a disk can't do, in the words of the house."""
    try:
        yield
    except OSError as err:
        log.warning("the directory of files: %s", err)
        if err.errno in _FULL:
            raise Unavailable(
                _("The disk for files is full. Nothing was kept; please tell whoever looks after it.")
            ) from err
        raise Unavailable(_("The place for files can't be reached. Please try again shortly.")) from err


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, _BLOCK // 4):
            yield piece


def _make_lasting(directory: Path) -> None:
    """The new name too outlives a loss of power, where directories can be written out."""
    if hasattr(os, "O_DIRECTORY"):
        number = os.open(directory, os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
