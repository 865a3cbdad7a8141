"""Files on their way in: read from the request piece by piece, so that however large they are little of them is in memory.

Forms are read whole elsewhere; a handler that takes files says so by `opt=TAKES_FILES` and reads them here, where the
token of the session is asked for before the first of them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.exceptions import HTTPException
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
)

from dougong.errors import Invalid, Problem
from dougong.files.store import TooLarge
from dougong.i18n import _
from dougong.web.problems import BadRequest, UnsupportedContent
from dougong.web.visitors import CSRF_FIELD, check_token, has_token, visitor_of

__all__ = ["TAKES_FILES", "Upload", "only_upload", "takes_files", "uploads"]

TAKES_FILES: Mapping[str, Any] = {"takes_files": True}
MOST_PARTS = 200
_KIND = "multipart/form-data"
_LONGEST_VALUE = 1000
_AROUND = 1 << 16
"""What a form puts around one file."""
_UNREADABLE = _("Send the files as multipart/form-data.")


@dataclass(frozen=True)
class Upload:
    """One file of a request. Its content is there until the next is asked for."""

    name: str
    content: AsyncIterator[bytes]


async def uploads(request: Request[Any, Any, Any]) -> AsyncGenerator[Upload]:
    """The files of a request, one after the other. Forbidden where one comes before the session's token."""
    visitor = visitor_of(request)
    known = visitor.by_token or has_token(request)
    events = _events(request)
    async for part in events:
        assert isinstance(part, MultipartSegment)
        if part.filename is None:
            value = await _value(events)
            if part.name == CSRF_FIELD and not known:
                check_token(visitor, value)
                known = True
            continue
        if not known:
            check_token(visitor, "")
        content = _content(events)
        if part.filename:  # empty: a form in which no file was chosen
            yield Upload(part.filename, content)
        async for _rest in content:
            pass


async def only_upload(request: Request[Any, Any, Any], most: int) -> Upload:
    """The one file of a request. Its content ends by a refusal where the request holds another one.

    TooLarge at once where the request says that it is larger than a file of `most` bytes makes it.
    """
    if (request.content_length or 0) > most + _AROUND:
        raise TooLarge(most=f"{most / 2**20:g}")
    sent = uploads(request)
    async for upload in sent:
        return Upload(upload.name, _to_the_end(upload, sent))
    raise Invalid(Problem("file", _("There is no file in what was sent."), None, "required"))


async def _to_the_end(upload: Upload, others: AsyncIterator[Upload]) -> AsyncIterator[bytes]:
    async for piece in upload.content:
        yield piece
    async for other in others:
        raise Invalid(Problem("file", _("Send one file at a time."), other.name, "many"))


async def _events(request: Request[Any, Any, Any]) -> AsyncIterator[Any]:
    """Each part's head, then pieces of its content, then None."""
    kind, options = request.content_type
    if kind != _KIND or not options.get("boundary"):
        raise UnsupportedContent(_UNREADABLE)
    try:
        with PushMultipartParser(options["boundary"], max_segment_count=MOST_PARTS) as parser:
            async for piece in request.stream():
                for event in parser.parse(piece):
                    yield event
                if parser.closed:
                    return
    except ParserLimitReached:
        raise BadRequest(_("At most %(most)s files can be sent at once.", most=MOST_PARTS)) from None
    except (MultipartError, UnicodeDecodeError):
        raise BadRequest(_UNREADABLE) from None
    except HTTPException as err:
        if err.status_code < 500:
            raise
        raise BadRequest(_("The sending was broken off.")) from None


async def _content(events: AsyncIterator[Any]) -> AsyncIterator[bytes]:
    async for piece in events:
        if piece is None:
            return
        yield bytes(piece)


async def _value(events: AsyncIterator[Any]) -> str:
    """What stands in an ordinary field; nothing here is long."""
    value = b""
    async for piece in _content(events):
        value += piece
        if len(value) > _LONGEST_VALUE:
            raise BadRequest
    return value.decode(errors="replace")


def takes_files(request: Request[Any, Any, Any]) -> bool:
    """Whether the request brings files to a handler that reads them, and the token before them, itself."""
    return request.content_type[0] == _KIND and bool(request.route_handler.opt.get("takes_files"))
