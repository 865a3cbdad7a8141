"""The files of a record by the API: listed, added, read, taken off, brought back."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, delete, get, post, put
from litestar.response import Stream

from dougong.db import transaction
from dougong.records import attachments
from dougong.records.attachments import Attached
from dougong.records.held_files import check_takes_file, file_in, put_file, take_file_out
from dougong.web.addresses import id_at, short_id_at
from dougong.web.api.records import answer, type_at
from dougong.web.downloads import AS_IT_IS, download
from dougong.web.uploads import TAKES_FILES, only_upload

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
_FILES = "/api/v1/{collection:str}/{record_id:str}/attachments"
_FILE = f"{_FILES}/{{attachment:str}}"
_HELD = "/api/v1/{collection:str}/{record_id:str}/files/{key:str}"


def _shown(file: Attached) -> dict[str, Any]:
    return {
        "id": file.id,
        "name": file.name,
        "size": file.size,
        "media_type": file.media_type,
        "sha256": file.digest,
        "at": file.at.isoformat().replace("+00:00", "Z"),
        "staff": file.staff,
    }


@get(_FILES, include_in_schema=False)
async def list_files(collection: str, record_id: str) -> dict[str, Any]:
    found = await attachments.files_of(type_at(collection, "read"), id_at(record_id))
    return {"items": [_shown(file) for file in found]}


@post(_FILES, include_in_schema=False, request_max_body_size=None, opt=TAKES_FILES)
async def add_file(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, number = type_at(collection, "read"), id_at(record_id)
    await attachments.room_for_one(record_type, number)
    upload = await only_upload(request, attachments.limits().size)
    async with (
        attachments.received(record_type, number, upload.name, upload.content) as received,
        transaction() as running,
    ):
        file = await attachments.keep(received)
        place = f"/api/v1/{record_type.path}/{number}/attachments/{file.id}"
        return Response(_shown(file), status_code=201, headers={"Location": place, "Change-Batch": running.batch})


@get(_FILE, include_in_schema=False)
async def read_file(collection: str, record_id: str, attachment: str) -> dict[str, Any]:
    return _shown(await _file_at(collection, record_id, attachment))


@get(f"{_FILE}/content", include_in_schema=False, opt=AS_IT_IS)
async def read_content(collection: str, record_id: str, attachment: str) -> Stream:
    file = await _file_at(collection, record_id, attachment)
    return download(file, await attachments.content_of(file))


@delete(_FILE, include_in_schema=False, status_code=204)
async def remove_file(collection: str, record_id: str, attachment: str) -> Response[None]:
    async with transaction() as running:
        await attachments.remove(type_at(collection, "read"), id_at(record_id), short_id_at(attachment))
        return Response(None, status_code=204, headers={"Change-Batch": running.batch})


@post(f"{_FILE}/restoration", include_in_schema=False, status_code=200)
async def bring_back_file(collection: str, record_id: str, attachment: str) -> Response[Any]:
    async with transaction() as running:
        file = await attachments.bring_back(type_at(collection, "read"), id_at(record_id), short_id_at(attachment))
        return Response(_shown(file), headers={"Change-Batch": running.batch})


# ------------------------------------------------------------------ in a field


@put(_HELD, include_in_schema=False, request_max_body_size=None, opt=TAKES_FILES)
async def put_into_field(request: AnyRequest, collection: str, record_id: str, key: str) -> Response[Any]:
    """Let a field hold the file that is sent; the record as it is now."""
    record_type, number = type_at(collection, "read"), id_at(record_id)
    await check_takes_file(record_type, number, key)
    upload = await only_upload(request, attachments.limits().size)
    record, batch = await put_file(record_type, number, key, upload.name, upload.content)
    return answer(record_type, record, 200, batch)


@delete(_HELD, include_in_schema=False, status_code=200)
async def take_out_of_field(collection: str, record_id: str, key: str) -> Response[Any]:
    record_type = type_at(collection, "read")
    record, batch = await take_file_out(record_type, id_at(record_id), key)
    return answer(record_type, record, 200, batch)


@get(f"{_HELD}/content", include_in_schema=False, opt=AS_IT_IS)
async def read_held(collection: str, record_id: str, key: str) -> Stream:
    file = await file_in(type_at(collection, "read"), id_at(record_id), key)
    return download(file, await attachments.content_of(file))


async def _file_at(collection: str, record_id: str, attachment: str) -> Attached:
    return await attachments.file_of(type_at(collection, "read"), id_at(record_id), short_id_at(attachment))


routes = [
    list_files,
    add_file,
    read_file,
    read_content,
    remove_file,
    bring_back_file,
    put_into_field,
    take_out_of_field,
    read_held,
]
