"""Bringing files in, for programs: sent, arranged, tried, brought in, taken back; and mappings that are kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal

from litestar import Request, Response, delete, get, post, put
from litestar.response import Stream
from pydantic import BaseModel, Field

from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.imports import jobs, services
from dougong.imports.guesses import ENCODINGS
from dougong.imports.mapping import FieldMapping
from dougong.imports.sampling import look_into
from dougong.imports.saved import LONGEST_NAME, Saved, keep_mapping, remove_mapping, saved_mappings
from dougong.imports.services import (
    MOST_BYTES,
    Counts,
    Import,
    Note,
    import_at,
    imports_of,
    kept_of,
    need_to_import,
    notes_page,
    sheet_of,
)
from dougong.imports.sheets import Format, text_of
from dougong.imports.steps import FAILED, OPEN, OUTCOMES, SKIPPED, WARNED
from dougong.imports.undoing import take_back
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType
from dougong.web.addresses import id_at
from dougong.web.api.bodies import Body
from dougong.web.api.records import json_object, moment_sent, whole_number
from dougong.web.downloads import AS_IT_IS
from dougong.web.imported import blank_sent, refused_sent
from dougong.web.uploads import TAKES_FILES, only_upload

__all__ = ["BODIES", "TOLD", "routes"]

AnyRequest = Request[Any, Any, Any]
IMPORTS = "/api/v1/imports"
_IMPORT = f"{IMPORTS}/{{number:str}}"
_LINES_SHOWN = 5
_LARGEST_PAGE = 500
TOLD = (FAILED, SKIPPED, OPEN, WARNED)
"""The outcomes of lines that something is to be said of."""


class ReadAs(Body):
    """How a file is read; what is left out stays as it was guessed."""

    encoding: Annotated[str, Field(max_length=40)] | None = None
    delimiter: Literal[",", "\t", ";", "|"] | None = None
    sheet: Annotated[str, Field(max_length=200)] | None = None
    headed: bool | None = None


class Arrangement(Body):
    """How the file is read, and what of it goes where; without a mapping one is suggested anew."""

    format: ReadAs = ReadAs()
    mapping: Any = None


class NewMapping(Body):
    """A mapping under a name, for the next file; one of one's own by the same name is replaced."""

    name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    mapping: Any
    shared: bool = False


BODIES: dict[str, type[BaseModel]] = {"Arrangement": Arrangement, "NewMapping": NewMapping}


def _type_at(collection: str) -> RecordType:
    record_type = current_snapshot().by_path.get(collection)
    if record_type is None:
        raise NotFound
    need_to_import(record_type)
    return record_type


async def _import_at(number: str) -> Import:
    import_ = await import_at(id_at(number))
    need_to_import(import_.record_type)
    return import_


# ------------------------------------------------------------------ coming in


@post("/api/v1/{collection:str}/imports", include_in_schema=False, request_max_body_size=None, opt=TAKES_FILES)
async def send_file(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = _type_at(collection)
    upload = await only_upload(request, MOST_BYTES)
    async with aclosing(upload.content) as content:  # type: ignore[type-var]
        import_ = await services.receive(record_type, upload.name, content)
    return Response(await _looked_at(import_), status_code=201, headers={"Location": f"{IMPORTS}/{import_.id}"})


@get("/api/v1/{collection:str}/import-template", include_in_schema=False, opt=AS_IT_IS)
async def send_blank(request: AnyRequest, collection: str) -> Stream:
    return await blank_sent(_type_at(collection), request.query_params.get("format", "xlsx"))


@get(IMPORTS, include_in_schema=False)
async def list_imports(request: AnyRequest) -> dict[str, Any]:
    """The newest first, but for those whose plugin is off; `next` is the `before` to go on with."""
    limit = whole_number(request.query_params, "limit", 50, _LARGEST_PAGE)
    before = whole_number(request.query_params, "before", 0, 999_999_999)
    found = await imports_of(before=before or None, limit=limit + 1)
    shown = [one for one in found[:limit] if one.record in current_snapshot().by_path]
    return {"items": [_sent(one) for one in shown], "next": found[limit - 1].id if len(found) > limit else None}


@get(_IMPORT, include_in_schema=False)
async def read_import(number: str) -> dict[str, Any]:
    return await _looked_at(await _import_at(number))


@put(f"{_IMPORT}/mapping", include_in_schema=False)
async def arrange(request: AnyRequest, number: str) -> dict[str, Any]:
    import_ = await _import_at(number)
    body = Arrangement.model_validate(await json_object(request))
    return await _looked_at(await services.arrange(import_, _format(import_.format, body.format), body.mapping))


def _format(was: Format, given: ReadAs) -> Format:
    changes = given.model_dump(exclude_none=True)
    encoding = changes.get("encoding", was.encoding)
    if encoding not in (*ENCODINGS, was.encoding):
        message = _("This must be one of %(known)s.", known=", ".join(ENCODINGS))
        raise Invalid(Problem("format.encoding", message, encoding, "choice"))
    return was.model_copy(update=changes)


# ------------------------------------------------------------------ tried, brought in, taken back


@post(f"{_IMPORT}/trial", include_in_schema=False)
async def try_out(number: str) -> Response[Any]:
    return _accepted(await jobs.try_out(await _import_at(number)))


@post(f"{_IMPORT}/run", include_in_schema=False)
async def run(number: str) -> Response[Any]:
    return _accepted(await jobs.start(await _import_at(number)))


@post(f"{_IMPORT}/undo", include_in_schema=False)
async def undo(number: str) -> Response[Any]:
    return _accepted(await take_back(await _import_at(number)))


@post(f"{_IMPORT}/again", include_in_schema=False)
async def use_again(number: str) -> Response[Any]:
    """The same file, arranged as before, as a new import."""
    made = await services.again(await _import_at(number))
    return Response(await _looked_at(made), status_code=201, headers={"Location": f"{IMPORTS}/{made.id}"})


def _accepted(job: int) -> Response[Any]:
    return Response({"job": job}, status_code=202, headers={"Location": f"/api/v1/jobs/{job}"})


@get(f"{_IMPORT}/lines", include_in_schema=False)
async def list_lines(request: AnyRequest, number: str) -> dict[str, Any]:
    """What is to be said of lines, in their order; `next` is the `after` to go on with."""
    import_, given = await _import_at(number), request.query_params
    limit = whole_number(given, "limit", 100, _LARGEST_PAGE)
    after = whole_number(given, "after", 0, 999_999_999)
    outcome = _one_of(given, "outcome", TOLD, FAILED)
    tried = _one_of(given, "tried", ("true", "false"), "false") == "true"
    found, more = await notes_page(import_, tried=tried, outcome=outcome, after=after, limit=limit)
    return {"items": [_line(note) for note in found], "next": more}


def _one_of(given: Mapping[str, str], name: str, known: Sequence[str], usual: str) -> str:
    value = given.get(name, usual)
    if value not in known:
        message = _("This must be one of %(known)s.", known=", ".join(known))
        raise Invalid(Problem(name, message, value, "choice"))
    return value


@get(f"{_IMPORT}/failed", include_in_schema=False, opt=AS_IT_IS)
async def send_refused(number: str) -> Stream:
    return await refused_sent(await _import_at(number))


# ------------------------------------------------------------------ mappings that are kept


@get("/api/v1/{collection:str}/import-mappings", include_in_schema=False)
async def list_mappings(collection: str) -> dict[str, Any]:
    return {"items": [_sent_mapping(saved) for saved in await saved_mappings(_type_at(collection))]}


@post("/api/v1/{collection:str}/import-mappings", include_in_schema=False)
async def add_mapping(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = _type_at(collection)
    body = NewMapping.model_validate(await json_object(request))
    mapping = services.read_mapping(body.mapping)
    made = await keep_mapping(record_type, body.name, mapping, shared=body.shared)
    return Response(_sent_mapping(made), status_code=201)


@delete("/api/v1/import-mappings/{number:str}", include_in_schema=False, status_code=204)
async def drop_mapping(number: str) -> None:
    await remove_mapping(id_at(number))


def _sent_mapping(saved: Saved) -> dict[str, Any]:
    same = ("id", "name", "shared", "own")
    return {**{key: getattr(saved, key) for key in same}, "mapping": saved.mapping.model_dump()}


# ------------------------------------------------------------------ as it is sent


async def _looked_at(import_: Import) -> dict[str, Any]:
    """An import with the names of its columns and the first lines of its file."""
    async with sheet_of(import_) as sheet:
        glimpse = await asyncio.to_thread(look_into, sheet)
    lines = glimpse.lines[:_LINES_SHOWN]
    sample = [{"line": one.number, "cells": [text_of(cell) for cell in one.cells]} for one in lines]
    return {**_sent(import_), "headings": list(glimpse.headings), "sample": sample, "kept": await kept_of(import_)}


def _sent(import_: Import) -> dict[str, Any]:
    return {
        "id": import_.id,
        "collection": import_.record,
        "name": import_.name,
        "size": import_.size,
        "lines": import_.lines,
        "created": moment_sent(import_.created),
        "format": import_.format.model_dump(),
        "mapping": import_.mapping.model_dump() if import_.mapping else None,
        "trial": {"job": import_.trying, "counts": _counts(import_.mapping, import_.trial)},
        "run": {"job": import_.running, "counts": _counts(import_.mapping, import_.counts)},
        "finished": moment_sent(import_.finished) if import_.finished else None,
        "undo": {"job": import_.undoing, "counts": import_.undone},
        "batch": import_.batch or None,
    }


def _counts(mapping: FieldMapping | None, counts: Counts | None) -> list[dict[str, Any]] | None:
    """Of each step, in its order; None before the first lines, of a trial before the end."""
    if mapping is None or counts is None:
        return None
    return [
        {"collection": step.record, **{outcome: counts[number, outcome] for outcome in OUTCOMES}}
        for number, step in enumerate(mapping.steps)
    ]


def _line(note: Note) -> dict[str, Any]:
    return {
        "line": note.line,
        "step": note.step,
        "outcome": note.outcome,
        "problems": [
            {"field": p.field, "message": str(p.message), "rule": p.rule, "value": p.value} for p in note.problems
        ],
    }


routes = [
    send_file,
    send_blank,
    list_imports,
    read_import,
    arrange,
    try_out,
    run,
    undo,
    use_again,
    list_lines,
    send_refused,
    list_mappings,
    add_mapping,
    drop_mapping,
]
