"""The files of a record in the browser: added, saved, looked at, taken off and brought back."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Stream

from dougong.errors import DougongError, Invalid, NotFound, Unavailable
from dougong.files.store import TooLarge
from dougong.i18n import Text, _
from dougong.records import attachments
from dougong.records.attachments import Attached
from dougong.records.types import RecordType
from dougong.web.addresses import short_id_at
from dougong.web.downloads import AS_IT_IS, download, preview
from dougong.web.files import TAB
from dougong.web.pages.records import record_at, record_page
from dougong.web.render import go, page
from dougong.web.uploads import TAKES_FILES, uploads

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
_FILES = f"/{{collection:str}}/{{record_id:str}}/{TAB}"
_FILE = f"{_FILES}/{{attachment:str}}"


@post(_FILES, include_in_schema=False, request_max_body_size=None, opt=TAKES_FILES, status_code=200)
async def add_files(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    number, added, wrong, status = int(record.id), 0, list[str](), 200
    await attachments.room_for_one(record_type, number)
    async with aclosing(uploads(request)) as sent:
        async for upload in sent:
            try:
                await attachments.attach(record_type, number, upload.name, upload.content)
                added += 1
            except DougongError as err:
                wrong.append(f"{upload.name[:200]}: {_first_words(err)}")
                status = err.status
                if isinstance(err, TooLarge | Unavailable):  # the rest would be read for nothing
                    break
    if not wrong:
        return go(request, _tab(record_type, number), _added(added))
    return page(request, await record_page(request, record_type, record, tab=TAB, refused=wrong), status=status)


def _first_words(err: DougongError) -> str:
    return str(err.problems[0].message) if isinstance(err, Invalid) and err.problems else str(err)


def _added(count: int) -> Text:
    return _("%(count)s files added.", count=count) if count else _("No file was chosen.")


def _tab(record_type: RecordType, number: int) -> str:
    return f"/{record_type.path}/{number}?tab={TAB}"


async def _file_at(collection: str, record_id: str, attachment: str) -> Attached:
    record_type, record = await record_at(collection, record_id)
    return await attachments.file_of(record_type, int(record.id), short_id_at(attachment))


@get(_FILE, include_in_schema=False, opt=AS_IT_IS)
async def save_file(collection: str, record_id: str, attachment: str) -> Stream:
    file = await _file_at(collection, record_id, attachment)
    return download(file, await attachments.content_of(file))


@get(f"{_FILE}/preview", include_in_schema=False, opt=AS_IT_IS)
async def look_at_file(collection: str, record_id: str, attachment: str) -> Stream:
    file = await _file_at(collection, record_id, attachment)
    if not attachments.previewable(file):
        raise NotFound
    return preview(file, await attachments.content_of(file))


@post(f"{_FILE}/remove", include_in_schema=False, status_code=200)
async def remove_file(request: AnyRequest, collection: str, record_id: str, attachment: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    number = int(record.id)
    file = await attachments.remove(record_type, number, short_id_at(attachment))
    undo = f"/{record_type.path}/{number}/{TAB}/{file.id}/restore"
    return go(request, _tab(record_type, number), _("Removed “%(name)s”", name=file.name), undo_url=undo)


@post(f"{_FILE}/restore", include_in_schema=False, status_code=200)
async def bring_back_file(request: AnyRequest, collection: str, record_id: str, attachment: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    number = int(record.id)
    file = await attachments.bring_back(record_type, number, short_id_at(attachment))
    return go(request, _tab(record_type, number), _("Brought back “%(name)s”", name=file.name))


routes = [add_files, save_file, look_at_file, remove_file, bring_back_file]
