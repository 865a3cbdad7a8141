"""A file in a field of a record: chosen, saved, taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Stream

from dougong.access.rights import need_with
from dougong.errors import DougongError, NotFound
from dougong.i18n import _
from dougong.records import attachments
from dougong.records.fields import Field
from dougong.records.held_files import file_in, file_takers, put_file, take_file_out
from dougong.records.tables import Row
from dougong.records.types import RecordType
from dougong.web.addresses import id_at
from dougong.web.downloads import AS_IT_IS, download
from dougong.web.pages.dialogs import dialog_page, problems_of, status_of
from dougong.web.pages.forms import Typed
from dougong.web.pages.lists import type_at
from dougong.web.pages.records import record_at
from dougong.web.render import go, page
from dougong.web.uploads import TAKES_FILES, only_upload
from dougong.web.views import FormField, FormPage

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
_FILE = "/{collection:str}/{record_id:str}/file/{key:str}"


@get(_FILE, include_in_schema=False, opt=AS_IT_IS)
async def save_file(collection: str, record_id: str, key: str) -> Stream:
    file = await file_in(type_at(collection), id_at(record_id), key)
    return download(file, await attachments.content_of(file))


@get(f"{_FILE}/edit", include_in_schema=False)
async def ask_file(request: AnyRequest, collection: str, record_id: str, key: str) -> Response[Any]:
    return page(request, _file_page(*await _taker(collection, record_id, key), Typed({})))


async def _taker(collection: str, record_id: str, key: str) -> tuple[RecordType, Row, Field]:
    """The field to hold another file, for whoever may change it."""
    record_type, record = await record_at(collection, record_id)
    field = next((field for field in file_takers(record_type, record) if field.key == key), None)
    if field is None:
        raise NotFound
    await need_with(record_type, "edit", int(record.id))
    return record_type, record, field


def _file_page(record_type: RecordType, record: Row, field: Field, typed: Typed) -> FormPage:
    path = f"/{record_type.path}/{record.id}"
    held = getattr(record, field.key, None)
    instead = _("Instead of “%(name)s”.", name=field.type.show(held, field)) if held else ""
    control = FormField(
        "file", str(field.label), "file", error=typed.error("file"), help=str(instead), required=True, wide=True
    )
    made = dialog_page(_("Choose a file"), f"{path}/file/{field.key}", path, [control], typed)
    return replace(made, multipart=True)


@post(_FILE, include_in_schema=False, request_max_body_size=None, opt=TAKES_FILES, status_code=200)
async def choose_file(request: AnyRequest, collection: str, record_id: str, key: str) -> Response[Any]:
    record_type, record, field = await _taker(collection, record_id, key)
    path = f"/{record_type.path}/{record.id}"
    try:
        upload = await only_upload(request, attachments.limits().size)
        _record, batch = await put_file(record_type, int(record.id), key, upload.name, upload.content)
    except NotFound:
        raise
    except DougongError as err:
        if err.status >= 500:
            raise
        view = _file_page(record_type, record, field, Typed({}, problems_of(err)))
        return page(request, view, status=status_of(err))
    return go(request, path, _("Saved."), batch=batch)


@post(f"{_FILE}/remove", include_in_schema=False, status_code=200)
async def take_out(request: AnyRequest, collection: str, record_id: str, key: str) -> Response[Any]:
    record_type = type_at(collection)
    record, batch = await take_file_out(record_type, id_at(record_id), key)
    return go(request, f"/{record_type.path}/{record.id}", _("Saved."), batch=batch)


routes = [save_file, ask_file, choose_file, take_out]
