"""Files on their way out: saved, not opened; and if shown at all, then as nothing that could act as the reader."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import quote

from litestar.response import Stream

from dougong.files.kinds import served_as
from dougong.records.attachments import Attached

__all__ = ["AS_IT_IS", "download", "made", "preview"]

AS_IT_IS: Mapping[str, Any] = {"as_it_is": True}
"""Of a handler whose answer is not compressed on its way."""
_BLOCK = 1 << 16
_CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"


def download(file: Attached, content: AsyncIterator[bytes]) -> Stream:
    """To be saved under its name."""
    return _stream(file.name, served_as(file.media_type), file.size, content, "attachment", _CLOSED)


def preview(file: Attached, content: AsyncIterator[bytes]) -> Stream:
    """To be looked at in the browser: only for what `PREVIEWED` names."""
    # Browsers show no PDF in a sandbox; what it may do there, their own viewer decides.
    closed = _CLOSED.removesuffix("; sandbox") if file.media_type == "application/pdf" else _CLOSED
    return _stream(file.name, served_as(file.media_type), file.size, content, "inline", closed)


def made(name: str, media_type: str, file: BinaryIO) -> Stream:
    """To be saved under its name: a file of our own making, all that stands in it. Closed when it is sent."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return _stream(name, media_type, size, _blocks(file), "attachment", _CLOSED)


async def _blocks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while block := await asyncio.to_thread(file.read, _BLOCK):
            yield block


def _stream(name: str, media_type: str, size: int, content: AsyncIterator[bytes], how: str, policy: str) -> Stream:
    headers = {
        "Content-Disposition": f"{how}; {_named(name)}",
        "Content-Length": str(size),
        "Content-Security-Policy": policy,
    }
    return Stream(content, media_type=media_type, headers=headers)


def _named(name: str) -> str:
    """As RFC 6266 has it: in letters every program reads, and in full."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
