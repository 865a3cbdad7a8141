"""The description of the API, written from the declarations of what is switched on now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, get

from dougong import __version__
from dougong.access.principal import current
from dougong.exports.services import FORMATS
from dougong.i18n import current_locale
from dougong.imports.steps import OUTCOMES
from dougong.jobs.watching import STATES
from dougong.plugin.lookups import TONES
from dougong.plugin.snapshot import Snapshot, current_snapshot
from dougong.records.attachments import takes_files
from dougong.records.fields import Field
from dougong.records.types import Action, RecordType
from dougong.web.api import access, comments, fields, groups, imports, templates, views
from dougong.web.problems import TITLES

__all__ = ["describe", "routes"]

Json = dict[str, Any]
_ID = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_kept: dict[tuple[Any, ...], Json] = {}


@get("/api/v1/openapi.json", include_in_schema=False)
async def read_description(request: Request[Any, Any, Any]) -> Response[Json]:
    version = current().version
    key = (current_snapshot().epoch, version[1:3], current_locale())
    if key not in _kept:
        if len(_kept) > 20:
            _kept.clear()
        _kept[key] = describe(current_snapshot(), request.app.state.plugin_routes)
    return Response(_kept[key])


def describe(snapshot: Snapshot, plugin_routes: Sequence[Any] = ()) -> Json:
    """OpenAPI 3.1 of this snapshot: everything that is off is absent."""
    paths: Json = {}
    schemas: Json = {"Problem": _PROBLEM, "Stale": _STALE, "Reason": _REASON, **_body_schemas()}
    for record_type in snapshot.records.values():
        paths |= _record_paths(record_type)
        schemas |= _record_schemas(record_type)
    paths |= _any_record_paths(list(snapshot.records.values()))
    paths |= _house_paths()
    paths |= _plugin_paths([h for h in plugin_routes if h.opt.get("plugin") in snapshot.plugins])
    return {
        "openapi": "3.1.0",
        "info": {"title": "dougong", "version": __version__},
        "security": [{"token": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


# ------------------------------------------------------------------ records


def _record_paths(record_type: RecordType) -> Json:
    base = f"/api/v1/{record_type.path}"
    name = _name(record_type)
    own, tag = {"$ref": f"#/components/schemas/{name}"}, [str(record_type.plural)]
    described = {f"{base}": _collection(record_type, name, own, tag), f"{base}/{{id}}": _single(name, own, tag)}
    if record_type.lifecycle:
        body = {
            "type": "object",
            "required": ["to"],
            "additionalProperties": False,
            "properties": {
                "to": {"type": "string", "enum": list(record_type.lifecycle.keys)},
                "why": {"type": "string"},
            },
        }
        described[f"{base}/{{id}}/moves"] = {
            "post": _operation(
                "move", name, tag, [_id_parameter(), _if_match(required=False)], {"200": _record(own)}, _WRITES, body
            )
        }
    for action in record_type.actions:
        if action.many is not None:
            meant = {k: v for k, v in _many(name)["properties"].items() if k != "why"}
            body = {**_named_one_by_one(), "required": [], "properties": {**meant, "values": _action_body(action)}}
            described[f"{base}/{action.key}"] = {
                "post": _operation(f"{action.key}Many", name, tag, [], _MANY_DONE, _WRITES, body)
            }
        described[f"{base}/{{id}}/{action.key}"] = {
            "post": _operation(
                action.key,
                name,
                tag,
                [_id_parameter(), _if_match(required=False)],
                {"200": _record(own)},
                _WRITES,
                _action_body(action),
                summary=str(action.label),
            )
        }
    return described


def _collection(record_type: RecordType, name: str, own: Json, tag: list[str]) -> Json:
    parameters = [
        _query("q", _words(200)),
        _query("filter", {"type": "string"}),
        _query("sort", {"type": "string"}),
        _query("fields", {"type": "string"}),
        _query("limit", _whole(500)),
        _query("cursor", {"type": "string"}),
        _query("page", _whole(1_000_000)),
        _query("count", {"type": "string", "enum": ["bounded", "exact"]}),
    ]
    page = {
        "type": "object",
        "required": ["items", "next", "total", "total_exact"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}},
            "next": {"type": ["string", "null"]},
            "total": {"type": "integer"},
            "total_exact": {"type": "boolean"},
        },
    }
    new = {"$ref": f"#/components/schemas/New{name}"}
    return {
        "get": _operation("list", name, tag, parameters, {"200": _json(page)}, (400, 404)),
        "post": _operation("create", name, tag, [], {"201": _record(own)}, _WRITES, new),
        "patch": _operation("changeMany", name, tag, [], _MANY_DONE, _WRITES, _many(name)),
        "delete": _operation("removeMany", name, tag, [], _MANY_DONE, _WRITES, _named_one_by_one()),
    }


def _many(name: str) -> Json:
    """Records named one by one, or found as a list finds them, and what they get."""
    changes = {"$ref": f"#/components/schemas/{name}Changes"}
    found = {"filter": {}, "q": _words(200), "values": changes, "why": {"type": "string"}}
    named = _named_one_by_one()
    return {**named, "required": ["values"], "properties": {**named["properties"], **found}}


def _named_one_by_one() -> Json:
    ids = {"type": "array", "items": _ID, "minItems": 1, "maxItems": 5000}
    return {"type": "object", "additionalProperties": False, "required": ["ids"], "properties": {"ids": ids}}


def _single(name: str, own: Json, tag: list[str]) -> Json:
    changes = {"$ref": f"#/components/schemas/{name}Changes"}
    return {
        "get": _operation("read", name, tag, [_id_parameter()], {"200": _record(own)}, (404,)),
        "patch": _operation(
            "change",
            name,
            tag,
            [_id_parameter(), _if_match(required=True)],
            {"200": _record(own)},
            (*_WRITES, 428),
            changes,
            problems={412: "Stale"},
        ),
        "delete": _operation(
            "remove",
            name,
            tag,
            [_id_parameter(), _if_match(required=False)],
            {"204": {"description": "Deleted", "headers": _BATCH}},
            _WRITES,
        ),
    }


def _record_schemas(record_type: RecordType) -> Json:
    name = _name(record_type)
    entered = {
        k: _nullable(_field(f)) if not f.required else _field(f) for k, f in record_type.fields.items() if not f.managed
    }
    changed = dict(entered)
    if record_type.lifecycle:
        changed["state"] = _field(record_type.fields["state"])
    required = [
        k
        for k, f in record_type.entered.items()
        if f.required and f.empty in (None, "") and f.column.get_default_value() in (None, "")
    ]
    new: Json = {"type": "object", "additionalProperties": False, "properties": entered}
    if required:
        new["required"] = required
    return {
        name: {"type": "object", "properties": {k: _nullable(_answered(f)) for k, f in record_type.fields.items()}},
        f"New{name}": new,
        f"{name}Changes": {"type": "object", "additionalProperties": False, "properties": changed},
    }


def _field(field: Field) -> Json:
    return {**field.type.schema(field), "title": str(field.label)}


def _answered(field: Field) -> Json:
    """As it is sent: options switched off since may stand in a record, formats are not promised for what came in earlier."""
    schema = dict(field.type.schema(field))
    for limit in ("enum", "format", "pattern", "maxLength"):
        schema.pop(limit, None)
    return {**schema, "title": str(field.label)}


def _nullable(schema: Json) -> Json:
    made = {**schema, "type": [schema["type"], "null"]}
    if "enum" in made:
        made["enum"] = [*made["enum"], None]
    return made


def _action_body(action: Action) -> Json:
    if action.form is None:
        return {"type": "object", "additionalProperties": False, "properties": {}}
    return action.form.model_json_schema()


def _name(record_type: RecordType) -> str:
    return "".join(part.capitalize() for part in record_type.key.split("_"))


# ------------------------------------------------------------------ what records of every type have


def _any_record_paths(known: Sequence[RecordType]) -> Json:
    """What is the same for records of every type, or of those that have it, is described once for all of them."""
    talked_of = [record_type for record_type in known if record_type.menu]
    shared = [record_type for record_type in known if record_type.scope.has("role")]
    filed = [record_type for record_type in known if takes_files(record_type)]
    described = _of_any(
        known, {**_history_and_summary(), **_favourite(), **_views(), **_export(), **_imports(), **_choosing()}
    )
    described |= _of_any(talked_of, _comments())
    described |= _of_any(shared, _shares())
    return described | _of_any(filed, _attachments())


def _of_any(known: Sequence[RecordType], described: Json) -> Json:
    """The same operations, with the record types they are about."""
    if not known:
        return {}
    names = {"type": "string", "enum": [record_type.path for record_type in known]}
    collection = {"name": "collection", "in": "path", "required": True, "schema": names}
    for verbs in described.values():
        for operation in verbs.values():
            operation["parameters"] = [collection, *operation["parameters"]]
    return described


_ANY = "/api/v1/{collection}"
_RECORD = f"{_ANY}/{{id}}"
_EVERY_TYPE = ["Records of every type"]


def _history_and_summary() -> Json:
    listed = [_id_parameter(), _query("limit", _whole(200)), _query("before", _whole(999_999_999))]
    grouped = [
        _query("group", {"type": "string"}, required=True),
        _query("sum", {"type": "string"}),
        _query("filter", {"type": "string"}),
        _query("q", _words(200)),
    ]
    history, summary = {"200": _json(_items({"type": "object"}))}, {"200": _json(_items(_GROUP))}
    return {
        f"{_RECORD}/history": {"get": _operation("history", "Record", _EVERY_TYPE, listed, history, (400, 404))},
        f"{_ANY}/summary": {"get": _operation("summary", "Record", _EVERY_TYPE, grouped, summary, (400, 404))},
    }


def _comments() -> Json:
    number = {"name": "comment", "in": "path", "required": True, "schema": _ID}
    one, words = [_id_parameter(), number], {"$ref": "#/components/schemas/Words"}
    said = {"200": {**_json(_COMMENT), "headers": _BATCH}}
    made = {"201": {**_json(_COMMENT), "headers": _BATCH}}
    gone = {"204": {"description": "Removed", "headers": _BATCH}}
    writes = (400, 404, 413, 415, 429)
    listed = [_id_parameter(), _query("limit", _whole(200)), _query("before", _whole(999_999_999))]
    return {
        f"{_RECORD}/comments": {
            "get": _operation("comments", "Record", _EVERY_TYPE, listed, {"200": _json(_items(_COMMENT))}, (400, 404)),
            "post": _operation("comment", "Record", _EVERY_TYPE, [_id_parameter()], made, writes, words),
        },
        f"{_RECORD}/comments/{{comment}}": {
            "get": _operation("readComment", "Record", _EVERY_TYPE, one, {"200": _json(_COMMENT)}, (404,)),
            "patch": _operation("changeComment", "Record", _EVERY_TYPE, one, said, writes, words),
            "delete": _operation("removeComment", "Record", _EVERY_TYPE, one, gone, (404,)),
        },
        f"{_RECORD}/comments/{{comment}}/restoration": {
            "post": _operation("restoreComment", "Record", _EVERY_TYPE, one, said, (404,)),
        },
    }


def _favourite() -> Json:
    done = {"204": {"description": "Done"}}
    return {
        f"{_RECORD}/favourite": {
            "put": _operation("keepFavourite", "Record", _EVERY_TYPE, [_id_parameter()], done, (404,)),
            "delete": _operation("dropFavourite", "Record", _EVERY_TYPE, [_id_parameter()], done, (404,)),
        }
    }


def _views() -> Json:
    """The saved views of a list."""
    texts = {key: {"type": "string"} for key in ("name", "q", "sort")}
    columns = {"type": "array", "items": {"type": "string"}}
    flags = {key: {"type": "boolean"} for key in ("shared", "own")}
    view = {
        "type": "object",
        "required": ["id", "name", "filter", "q", "sort", "columns", "shared", "own"],
        "properties": {"id": _ID, "filter": {}, "columns": columns, **texts, **flags},
    }
    number = {"name": "saved", "in": "path", "required": True, "schema": _ID}
    new, changes = ({"$ref": f"#/components/schemas/{schema}"} for schema in ("NewView", "ViewChanges"))
    made = {"201": {**_json(view), "headers": {"Location": {"schema": {"type": "string"}}}}}
    writes, gone = (400, 404, 413, 415), {"204": {"description": "Deleted"}}
    return {
        f"{_ANY}/views": {
            "get": _operation("views", "Record", _EVERY_TYPE, [], {"200": _json(_items(view))}, (404,)),
            "post": _operation("saveView", "Record", _EVERY_TYPE, [], made, writes, new),
        },
        f"{_ANY}/views/{{saved}}": {
            "patch": _operation("changeView", "Record", _EVERY_TYPE, [number], {"200": _json(view)}, writes, changes),
            "delete": _operation("removeView", "Record", _EVERY_TYPE, [number], gone, (404,)),
        },
    }


def _export() -> Json:
    """A list as a file, made whole before its first byte is sent."""
    texts = [_query(name, {"type": "string"}) for name in ("filter", "sort", "fields")]
    kinds = {one.media_type: {"schema": {"type": "string", "format": "binary"}} for one in FORMATS.values()}
    asked = [_query("format", {"type": "string", "enum": list(FORMATS)}), _query("q", _words(200)), *texts]
    file = {"200": {"description": "OK", "content": kinds}}
    return {f"{_ANY}/export": {"get": _operation("export", "Record", _EVERY_TYPE, asked, file, (400, 404))}}


def _imports() -> Json:
    """Files coming in: to be filled in, sent, and how they are mapped the next time."""
    sent = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
    made = {"201": {**_json(_import(whole=True)), "headers": {"Location": {"schema": {"type": "string"}}}}}
    kinds = {one.media_type: {"schema": {"type": "string", "format": "binary"}} for one in FORMATS.values()}
    blank = {"200": {"description": "OK", "content": kinds}}
    asked, form = [_query("format", {"type": "string", "enum": list(FORMATS)})], "multipart/form-data"
    named = {"id": _ID, "name": {"type": "string"}, "shared": {"type": "boolean"}, "own": {"type": "boolean"}}
    kept, new = _whole_object({**named, "mapping": {"type": "object"}}), {"$ref": "#/components/schemas/NewMapping"}
    return {
        f"{_ANY}/imports": {
            "post": _operation("import", "Record", _EVERY_TYPE, [], made, (400, 404, 413, 415), sent, media=form)
        },
        f"{_ANY}/import-template": {
            "get": _operation("importTemplate", "Record", _EVERY_TYPE, asked, blank, (400, 404)),
        },
        f"{_ANY}/import-mappings": {
            "get": _operation("importMappings", "Record", _EVERY_TYPE, [], {"200": _json(_items(kept))}, (404,)),
            "post": _operation(
                "keepMapping", "Record", _EVERY_TYPE, [], {"201": _json(kept)}, (400, 404, 413, 415), new
            ),
        },
    }


def _import(*, whole: bool) -> Json:
    """An import; `whole` with what its file begins with."""
    number, text, anything = {"type": "integer"}, {"type": "string"}, {"type": "object"}
    counts = _whole_object({"collection": text, **dict.fromkeys(OUTCOMES, number)})
    at_work = _whole_object({"job": _nullable(number), "counts": _nullable({"type": "array", "items": counts})})
    undone = _whole_object({"job": _nullable(number), "counts": _nullable(anything)})
    line = _whole_object({"line": number, "cells": {"type": "array", "items": text}})
    known = {
        "id": _ID,
        **dict.fromkeys(("collection", "name"), text),
        **dict.fromkeys(("size", "lines"), number),
        "created": {"type": "string", "format": "date-time"},
        "format": anything,
        "mapping": _nullable(anything),
        **dict.fromkeys(("trial", "run"), at_work),
        "finished": _nullable({"type": "string", "format": "date-time"}),
        "undo": undone,
        "batch": _nullable(text),
    }
    seen = {
        "headings": {"type": "array", "items": text},
        "sample": {"type": "array", "items": line},
        "kept": {"type": "array", "items": anything},
    }
    return _whole_object({**known, **seen} if whole else known)


def _import_paths() -> Json:
    """One's own imports, everybody's for those who may do everything."""
    tag, base = ["Imports"], "/api/v1/imports"
    number = {"name": "number", "in": "path", "required": True, "schema": _ID}
    one, told = f"{base}/{{number}}", {"200": _json(_import(whole=True))}
    made = {"201": {**told["200"], "headers": {"Location": {"schema": {"type": "string"}}}}}
    paged = _items(_import(whole=False))
    paged["properties"]["next"] = _nullable({"type": "integer"})
    job = {"description": "Accepted", "content": {"application/json": {"schema": _whole_object({"job": _ID})}},
           "headers": {"Location": {"schema": {"type": "string"}}}}  # fmt: skip
    accepted = {"202": job}
    text = {"type": "string"}
    problem = _whole_object({"field": text, "message": text, "rule": text, "value": {}})
    place = {"type": "integer"}
    line = _whole_object(
        {"line": place, "step": place, "outcome": text, "problems": {"type": "array", "items": problem}}
    )
    lines = _items(line)
    lines["properties"]["next"] = _nullable({"type": "integer"})
    asked = [_query("outcome", {"type": "string", "enum": list(imports.TOLD)})]
    asked += [_query("tried", {"type": "string", "enum": ["true", "false"]}), _query("limit", _whole(500))]
    asked.append(_query("after", _whole(999_999_999)))
    body = {"$ref": "#/components/schemas/Arrangement"}
    file = {"200": {"description": "OK", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}}
    listed = [_query("limit", _whole(500)), _query("before", _whole(999_999_999))]
    return {
        base: {"get": _operation("listImports", "", tag, listed, {"200": _json(paged)}, (400,))},
        one: {"get": _operation("readImport", "", tag, [number], told, (400, 404))},
        f"{one}/mapping": {
            "put": _operation("arrangeImport", "", tag, [number], told, (400, 404, 409, 413, 415), body)
        },
        f"{one}/trial": {"post": _operation("tryImport", "", tag, [number], accepted, (404, 409))},
        f"{one}/run": {"post": _operation("runImport", "", tag, [number], accepted, (404, 409))},
        f"{one}/again": {"post": _operation("importAgain", "", tag, [number], made, (404,))},
        f"{one}/undo": {"post": _operation("undoImport", "", tag, [number], accepted, (404, 409))},
        f"{one}/lines": {
            "get": _operation("importLines", "", tag, [number, *asked], {"200": _json(lines)}, (400, 404))
        },
        f"{one}/failed": {"get": _operation("importFailed", "", tag, [number], file, (400, 404))},
        "/api/v1/import-mappings/{number}": {
            "delete": _operation("removeMapping", "", tag, [number], {"204": {"description": "Removed"}}, (404,))
        },
    }


def _choosing() -> Json:
    """Choices of a field that holds several, added to many records or taken away."""
    keys = {"type": "array", "items": {"type": "string"}}
    chosen = {"field": {"type": "string"}, "add": keys, "take": keys}
    meant = {**_named_one_by_one()["properties"], "filter": {}, "q": _words(200)}
    body = {**_named_one_by_one(), "required": ["field"], "properties": {**meant, **chosen}}
    many = _operation("chooseMany", "Record", _EVERY_TYPE, [], _MANY_DONE, _WRITES, body)
    return {f"{_ANY}/choices": {"post": many}}


def _shares() -> Json:
    new = {"$ref": "#/components/schemas/NewShare"}
    listed, made = _json(_items({"type": "object"})), {"201": _json({"type": "object"})}
    many = {"$ref": "#/components/schemas/ShareOfMany"}
    return {
        f"{_ANY}/shares": {"post": _operation("shareMany", "Record", _EVERY_TYPE, [], _MANY_DONE, _WRITES, many)},
        f"{_RECORD}/shares": {
            "get": _operation("shares", "Record", _EVERY_TYPE, [_id_parameter()], {"200": listed}, (404,)),
            "post": _operation("share", "Record", _EVERY_TYPE, [_id_parameter()], made, (400, 404, 409, 413, 415), new),
        },
    }


def _attachments() -> Json:
    """The files of a record; what one holds is answered as it is."""
    file = {
        "type": "object",
        "required": ["id", "name", "size", "media_type", "sha256", "at", "staff"],
        "properties": {
            "id": _ID,
            "name": {"type": "string"},
            "size": {"type": "integer"},
            "media_type": {"type": "string"},
            "sha256": {"type": "string"},
            "at": {"type": "string", "format": "date-time"},
            "staff": {"type": ["integer", "null"]},
        },
    }
    sent = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
    which = [_id_parameter(), {"name": "attachment", "in": "path", "required": True, "schema": _ID}]
    # whatever its own media type
    content = {"description": "OK", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
    added = {"201": {**_json(file), "headers": {"Location": {"schema": {"type": "string"}}, **_BATCH}}}
    changed, gone = {**_json(file), "headers": _BATCH}, {"description": "Done", "headers": _BATCH}
    form, base = "multipart/form-data", f"{_RECORD}/attachments"
    return {
        base: {
            "get": _operation("attachments", "Record", _EVERY_TYPE, which[:1], {"200": _json(_items(file))}, (404,)),
            "post": _operation(
                "attach", "Record", _EVERY_TYPE, which[:1], added, (400, 404, 409, 413, 415), sent, media=form
            ),
        },
        f"{base}/{{attachment}}": {
            "get": _operation("attachment", "Record", _EVERY_TYPE, which, {"200": _json(file)}, (404,)),
            "delete": _operation("detach", "Record", _EVERY_TYPE, which, {"204": gone}, (404, 409)),
        },
        f"{base}/{{attachment}}/content": {
            "get": _operation("readAttachment", "Record", _EVERY_TYPE, which, {"200": content}, (404,)),
        },
        f"{base}/{{attachment}}/restoration": {
            "post": _operation("restoreAttachment", "Record", _EVERY_TYPE, which, {"200": changed}, (404, 409)),
        },
        **_held_files(sent, content),
    }


def _held_files(sent: Json, content: Json) -> Json:
    """The one file in a field of a record."""
    which = [_id_parameter(), {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}]
    record, base = {"200": _record({"type": "object"})}, f"{_RECORD}/files/{{key}}"
    form, errors = "multipart/form-data", (400, 404, 409, 412, 413, 415)
    return {
        base: {
            "put": _operation("putFile", "Record", _EVERY_TYPE, which, record, errors, sent, media=form),
            "delete": _operation("takeFileOut", "Record", _EVERY_TYPE, which, record, (404, 409, 412)),
        },
        f"{base}/content": {"get": _operation("readFile", "Record", _EVERY_TYPE, which, {"200": content}, (404,))},
    }


# ------------------------------------------------------------------ the house itself and plugins' own routes


def _house_paths() -> Json:
    anything = {"200": _json({"type": "object"})}
    path_parameter = {
        "name": "collection",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1},
    }
    name_parameter = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    switch = {
        "type": "object",
        "required": ["enabled"],
        "additionalProperties": False,
        "properties": {"enabled": {"type": "boolean"}, "cascade": {"type": "boolean"}},
    }
    return {
        "/api/v1/favourites": {
            "get": _operation("favourites", "House", ["House"], [], {"200": _json(_items(_FAVOURITE))}, ())
        },
        "/api/v1/me": {"get": _operation("me", "House", ["House"], [], anything, ())},
        "/api/v1/plugins": {"get": _operation("plugins", "House", ["House"], [], anything, ())},
        "/api/v1/plugins/{name}/state": {
            "put": _operation(
                "switch", "House", ["House"], [name_parameter], anything, (400, 404, 409, 413, 415), switch
            )
        },
        **_archive_paths(name_parameter, anything),
        **_lookup_paths(name_parameter),
        **_access_paths(),
        **_explain_paths(),
        **_mention_paths(),
        **_session_paths(),
        **_job_paths(),
        **_field_paths(path_parameter),
        **_template_paths(path_parameter),
        **_change_paths(),
        **_exports_paths(),
        **_import_paths(),
        "/api/v1/record-types": {"get": _operation("types", "House", ["House"], [], anything, ())},
        "/api/v1/record-types/{collection}": {
            "get": _operation("type", "House", ["House"], [path_parameter], anything, (404,))
        },
        "/api/v1/openapi.json": {"get": _operation("description", "House", ["House"], [], anything, ())},
    }


def _archive_paths(name: Json, anything: Json) -> Json:
    """Plugins' data that leave and come back."""
    archive = {"name": "archive", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    whose = _query("plugin", {"type": "string"}, required=True)
    cascade = {"type": "object", "additionalProperties": False, "properties": {"cascade": {"type": "boolean"}}}
    gone = {"204": {"description": "Done"}}
    errors = (400, 404, 409, 413, 415)
    return {
        "/api/v1/plugins/{name}/belongings": {
            "get": _operation("belongings", "House", ["House"], [name], anything, (404, 409, 429))
        },
        "/api/v1/plugins/{name}/archives": {
            "post": _operation("uninstall", "House", ["House"], [name], anything, errors, cascade)
        },
        "/api/v1/archives": {"get": _operation("archives", "House", ["House"], [], anything, ())},
        "/api/v1/archives/{archive}": {
            "delete": _operation("purge", "House", ["House"], [archive, whose], gone, (400, 404, 409))
        },
        "/api/v1/archives/{archive}/restoration": {
            "post": _operation("restore", "House", ["House"], [archive], anything, (404, 409))
        },
    }


def _mention_paths() -> Json:
    number = {"name": "mention", "in": "path", "required": True, "schema": _ID}
    waiting = _items({"type": "object", "required": ["id", "comment"], "properties": {"id": _ID, "comment": _COMMENT}})
    done = {"204": {"description": "Done"}}
    return {
        "/api/v1/mentions": {"get": _operation("mentions", "House", ["House"], [], {"200": _json(waiting)}, ())},
        "/api/v1/mentions/{mention}/seen": {
            "put": _operation("seeMention", "House", ["House"], [number], done, (404,))
        },
    }


def _exports_paths() -> Json:
    """What was exported, by whom."""
    texts = {key: {"type": "string"} for key in ("who", "door", "collection", "format", "q", "sort")}
    made = {
        "type": "object",
        "required": ["id", "at", "staff", "filter", "fields", "rows", *texts],
        "properties": {
            "id": _ID,
            "at": {"type": "string", "format": "date-time"},
            "staff": {"type": ["integer", "null"]},
            "filter": {},
            "fields": {"type": "array", "items": {"type": "string"}},
            "rows": {"type": "integer"},
            **texts,
        },
    }
    listed = [_query("limit", _whole(200)), _query("before", _whole(999_999_999))]
    return {
        "/api/v1/exports": {
            "get": _operation("exports", "House", ["House"], listed, {"200": _json(_items(made))}, (400,))
        }
    }


def _change_paths() -> Json:
    """Taking back what a batch did."""
    batch = {"name": "batch", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    kept = {
        "type": "object",
        "required": ["type", "id", "title", "field", "rule", "reason", "then", "now", "by"],
        "properties": {
            "type": {"type": ["string", "null"]},
            "id": _ID,
            "title": {"type": "string"},
            "field": {"type": ["string", "null"]},
            "rule": {"type": "string"},
            "reason": {"type": "string"},
            "then": {},
            "now": {},
            "by": {"type": "string"},
        },
    }
    undone = {
        "type": "object",
        "required": ["batch", "restored", "records", "kept"],
        "properties": {
            "batch": {"type": ["string", "null"]},
            "restored": {"type": "integer"},
            "records": {"type": "object", "additionalProperties": {"type": "array", "items": _ID}},
            "kept": {"type": "array", "items": kept},
        },
    }
    done = {"200": {**_json(undone), "headers": _BATCH}}
    errors = (400, 404, 409, 413, 415, 429)
    return {
        "/api/v1/changes/{batch}/undo": {
            "get": _operation("previewUndo", "Changes", ["Changes"], [batch], {"200": _json(undone)}, (404, 409)),
            "post": _operation("undo", "Changes", ["Changes"], [batch], done, errors),
        }
    }


def _lookup_paths(name_parameter: Json) -> Json:
    """The lists of choices."""
    tag = ["Lists of choices"]
    choice = {
        "type": "object",
        "required": ["key", "label", "tone", "active"],
        "properties": {
            "key": {"type": "string"},
            "label": {"type": "string"},
            "tone": {"type": "string"},
            "active": {"type": "boolean"},
            "used_by": {"type": "array", "items": {"type": "object"}},
        },
    }
    whole = {
        "type": "object",
        "required": ["name", "label", "items"],
        "properties": {
            "name": {"type": "string"},
            "label": {"type": "string"},
            "items": {"type": "array", "items": choice},
        },
    }
    words = {
        "label": {"type": "string", "minLength": 1, "maxLength": 60},
        "tone": {"type": "string", "enum": list(TONES)},
    }
    new = {"type": "object", "required": ["label"], "additionalProperties": False, "properties": words}
    changes = {"type": "object", "additionalProperties": False, "properties": {**words, "active": {"type": "boolean"}}}
    order = {
        "type": "object",
        "required": ["keys"],
        "additionalProperties": False,
        "properties": {"keys": {"type": "array", "items": {"type": "string"}}},
    }
    key_parameter = {"name": "key", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    done = {"200": {**_json(whole), "headers": _BATCH}}
    errors = (400, 404, 413, 415, 429)
    base = "/api/v1/lookups"
    return {
        base: {"get": _operation("lists", "Lookup", tag, [], {"200": _json(_items({"type": "object"}))}, ())},
        f"{base}/{{name}}": {
            "get": _operation("read", "Lookup", tag, [name_parameter], {"200": _json(whole)}, (404, 429)),
            "post": _operation(
                "addTo", "Lookup", tag, [name_parameter], {"201": {**_json(whole), "headers": _BATCH}}, errors, new
            ),
        },
        f"{base}/{{name}}/{{key}}": {
            "patch": _operation("changeIn", "Lookup", tag, [name_parameter, key_parameter], done, errors, changes)
        },
        f"{base}/{{name}}/order": {"put": _operation("order", "Lookup", tag, [name_parameter], done, errors, order)},
    }


def _field_paths(collection: Json) -> Json:
    """The fields a company adds to its records."""
    base, tag = "/api/v1/record-types/{collection}/fields", ["Fields and templates"]
    words = {"type": "string"}
    flags: Json = {name: {"type": "boolean"} for name in ("indexed", "distinct", "active")}
    properties = {"key": words, "label": words, "kind": words, "help": words, "details": {"type": "object"}, **flags}
    one = _json({"type": "object", "required": list(properties), "properties": properties})
    key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    errors = (400, 404, 409, 413, 415)
    numbers = {"held": {"type": "integer"}, "losing": {"type": "integer"}}
    lost = {"lost": {"type": "array", "items": {"type": "object"}}}
    outlook = _json({"type": "object", "required": ["held", "losing", "lost"], "properties": {**numbers, **lost}})

    def body(name: str) -> Json:
        return {"$ref": f"#/components/schemas/{name}"}

    return {
        base: {
            "get": _operation("list", "Fields", tag, [collection], {"200": _json(_items({"type": "object"}))}, (404,)),
            "post": _operation("add", "Field", tag, [collection], {"201": one}, errors, body("NewField")),
        },
        f"{base}/{{key}}": {
            "patch": _operation("change", "Field", tag, [collection, key], {"200": one}, errors, body("FieldChanges")),
            "delete": _operation(
                "switchOff", "Field", tag, [collection, key], {"204": {"description": "Switched off"}}, (404, 409)
            ),
        },
        "/api/v1/record-types/{collection}/expressions/check": {
            "post": _operation(
                "check",
                "Expression",
                tag,
                [collection],
                {"200": _checked()},
                (400, 404, 413, 415),
                body("ExpressionText"),
            )
        },
        f"{base}/{{key}}/uses": {
            "get": _operation("readUses", "Field", tag, [collection, key], {"200": _field_uses()}, (404, 429))
        },
        f"{base}/{{key}}/kind": {
            "put": _operation(
                "setKind", "Field", tag, [collection, key], {"200": one}, (*errors, 429), body("KindChange")
            )
        },
        f"{base}/{{key}}/kind/preview": {
            "post": _operation(
                "previewKind", "Field", tag, [collection, key], {"200": outlook}, (*errors, 429), body("OtherKind")
            )
        },
    }


def _checked() -> Json:
    number, words, flag = {"type": "integer"}, {"type": "string"}, {"type": "boolean"}
    properties = {
        "valid": flag,
        "mistakes": _list_of({"place": number, "length": number, "message": words}),
        "kind": words,
        "source": words,
        "text": words,
        "fields": {"type": "array", "items": words},
        "uses_clock": flag,
        "uses_me": flag,
    }
    return _json({"type": "object", "required": ["valid", "mistakes"], "properties": properties})


def _field_uses() -> Json:
    number, words = {"type": "integer"}, {"type": "string"}
    properties = {
        "held": number,
        "templates": _list_of({"category": words, "held": number}),
        "formulas": _list_of({"key": words, "label": words}),
        "conditions": _list_of({"key": words, "label": words, "category": words}),
        "views": number,
        "shared_views": {"type": "array", "items": words},
        "numbers": {"type": "boolean"},
    }
    return _json({"type": "object", "required": list(properties), "properties": properties})


def _list_of(properties: Json) -> Json:
    one = {"type": "object", "required": list(properties), "properties": properties}
    return {"type": "array", "items": one}


def _template_paths(collection: Json) -> Json:
    """Which fields are used per main category, and how the form is laid out."""
    category = {"name": "category", "in": "query", "required": False, "schema": {"type": "string"}}
    where, tag = [collection, category], ["Fields and templates"]
    flag, words = {"type": "boolean"}, {"type": "string"}
    groups = {"type": "array", "items": {"$ref": "#/components/schemas/TemplateGroup"}}
    locked = {"type": "array", "items": words}
    properties = {"version": {"type": "integer"}, "shipped": flag, "locked": locked, "groups": groups}
    answer = _json({"type": "object", "required": list(properties), "properties": properties})
    answers = {"200": {**answer, "headers": {"ETag": {"schema": words}}}}
    body = {"$ref": "#/components/schemas/TemplateLayout"}
    errors = (400, 404, 409, 412)
    versioned, maybe_versioned = [*where, _if_match(required=True)], [*where, _if_match(required=False)]
    return {
        "/api/v1/record-types/{collection}/template": {
            "get": _operation("read", "Template", tag, where, answers, (404,)),
            "put": _operation("write", "Template", tag, versioned, answers, (*errors, 413, 415, 428), body),
            "delete": _operation("reset", "Template", tag, maybe_versioned, answers, errors),
        }
    }


def _access_paths() -> Json:
    """Accounts, roles and groups; the shares of a record stand with its record type."""
    tag, base = ["People and rights"], "/api/v1"
    anything, gone = {"200": _json({"type": "object"})}, {"204": {"description": "Done"}}
    made = {"201": _json({"type": "object"})}
    user, role, group, share = (
        {"name": name, "in": "path", "required": True, "schema": _ID} for name in ("user", "role", "group", "share")
    )
    one_group, told = _group(), {"200": _json(_affected())}
    staff = _query("staff", _ID)

    def operation(verb: str, parameters: list[Json], answers: Json, body: str = "") -> Json:
        errors = (400, 404, 409, 412, 413, 415) if body or answers is gone or verb == "resetPassword" else (400, 404)
        return _operation(
            verb, "", tag, parameters, answers, errors, {"$ref": f"#/components/schemas/{body}"} if body else None
        )

    return {
        f"{base}/operators": {
            "get": operation("listOperators", [staff], anything),
            "post": operation("makeOperator", [], made, "NewOperator"),
        },
        f"{base}/shares/{{share}}": {"delete": operation("endShare", [share], gone)},
        f"{base}/operators/{{user}}": {"delete": operation("removeOperator", [user], gone)},
        f"{base}/operators/{{user}}/password": {"post": operation("resetPassword", [user], anything)},
        f"{base}/operators/{{user}}/roles": {
            "get": operation("rolesOfOperator", [user], anything),
            "put": operation("giveRoles", [user], anything, "RolesOfOperator"),
        },
        f"{base}/roles": {
            "get": operation("listRoles", [], anything),
            "post": operation("createRole", [], made, "NewRole"),
        },
        f"{base}/roles/{{role}}": {
            "get": operation("readRole", [role], anything),
            "patch": operation("changeRole", [role], anything, "RoleChanges"),
            "delete": operation("removeRole", [role], gone),
        },
        f"{base}/roles/{{role}}/preview": {"post": operation("previewRole", [role], told, "RoleChanges")},
        f"{base}/groups": {
            "get": operation("listGroups", [], {"200": _json(_items(one_group))}),
            "post": operation("createGroup", [], {"201": _json(one_group)}, "NewGroup"),
        },
        f"{base}/groups/{{group}}": {
            "get": operation("readGroup", [group], {"200": _json(one_group)}),
            "patch": operation("changeGroup", [group], {"200": _json(one_group)}, "GroupChanges"),
            "delete": operation("removeGroup", [group], gone),
        },
        f"{base}/groups/{{group}}/preview": {"post": operation("previewGroup", [group], told, "GroupChanges")},
        f"{base}/operators/{{user}}/groups": {
            "get": operation("groupsOfOperator", [user], anything),
            "put": operation("joinGroups", [user], anything, "GroupsOfOperator"),
        },
    }


def _group() -> Json:
    numbers = {"type": "array", "items": _ID}
    words = {"type": "string"}
    properties = {"id": _ID, "name": words, "description": words, "roles": numbers, "members": numbers}
    return {"type": "object", "required": list(properties), "properties": properties}


def _affected() -> Json:
    """Who would gain and lose what by a change of rights."""
    texts = {"type": "array", "items": {"type": "string"}}
    number = {"type": ["integer", "null"]}
    properties = {"user": _ID, "staff": number, "name": {"type": "string"}, "gains": texts, "losses": texts}
    return _items({"type": "object", "required": list(properties), "properties": properties})


def _session_paths() -> Json:
    """Where accounts are signed in, one's own and those one keeps."""
    tag, base = ["People and rights"], "/api/v1"
    user, session = ({"name": name, "in": "path", "required": True, "schema": _ID} for name in ("user", "session"))
    moment = {"type": "string", "format": "date-time"}
    signed_in = {
        "type": "object",
        "required": ["id", "since", "seen", "expires", "address", "agent", "current"],
        "properties": {
            "id": _ID,
            **dict.fromkeys(("since", "seen", "expires"), moment),
            "address": {"type": "string"},
            "agent": {"type": "string"},
            "current": {"type": "boolean"},
        },
    }
    lock = {
        "type": "object",
        "required": ["until"],
        "properties": {"until": {"type": ["string", "null"], "format": "date-time"}},
    }
    listed, gone = {"200": _json(_items(signed_in))}, {"204": {"description": "Done"}}

    def operation(verb: str, parameters: list[Json], answers: Json) -> Json:
        return _operation(verb, "", tag, parameters, answers, (404,) if parameters else ())

    return {
        f"{base}/sessions": {
            "get": operation("listSessions", [], listed),
            "delete": operation("endOtherSessions", [], gone),
        },
        f"{base}/sessions/{{session}}": {"delete": operation("endSession", [session], gone)},
        f"{base}/accounts/{{user}}/sessions": {
            "get": operation("listSessionsOf", [user], listed),
            "delete": operation("endSessionsOf", [user], gone),
        },
        f"{base}/accounts/{{user}}/sessions/{{session}}": {"delete": operation("endSessionOf", [user, session], gone)},
        f"{base}/accounts/{{user}}/lock": {
            "get": operation("lockOf", [user], {"200": _json(lock)}),
            "delete": operation("endLockOf", [user], gone),
        },
    }


def _explain_paths() -> Json:
    """Why somebody may or may not, and who can see a record."""
    tag, base = ["People and rights"], "/api/v1/explain"
    record = _query("record", {"type": "string", "pattern": "^[a-z-]+/[1-9][0-9]{0,8}$"}, required=True)
    reasons = {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}}
    person = {"user": {"type": "integer"}, "person": {"type": "string"}, "reasons": reasons}
    answer = {
        "type": "object",
        "required": ["record", "user", "person", "action", "field", "allowed", "reasons"],
        "properties": {
            **person,
            "record": {"type": "string"},
            "action": {"type": "string"},
            "field": {"type": ["string", "null"]},
            "allowed": {"type": "boolean"},
        },
    }
    reader = {"type": "object", "properties": {**person, "staff": {"type": ["integer", "null"]}}}
    readers = {**_items(reader), "required": ["items", "next"]}
    readers["properties"] = {**readers["properties"], "next": {"type": ["integer", "null"]}}
    asked = [record, _query("user", _ID), _query("action", {"type": "string"}), _query("field", {"type": "string"})]
    paged = [record, _query("page", _whole(9_999_999))]
    errors = (400, 404, 429)
    return {
        base: {"get": _operation("explain", "", tag, asked, {"200": _json(answer)}, errors)},
        f"{base}/readers": {"get": _operation("readers", "", tag, paged, {"200": _json(readers)}, errors)},
    }


def _job_paths() -> Json:
    """Jobs, one's own or everybody's, and what is due by itself."""
    tag, base = ["Jobs"], "/api/v1"
    job, schedule = ({"name": name, "in": "path", "required": True, "schema": _ID} for name in ("job", "schedule"))
    number, moment, text = {"type": "integer"}, {"type": "string", "format": "date-time"}, {"type": "string"}
    numbers, words = ("attempts", "done"), ("plugin", "name", "state", "label", "by", "words", "error", "detail")
    one = _whole_object(
        {
            "id": _ID,
            **dict.fromkeys(words, text),
            **dict.fromkeys(numbers, number),
            "total": _nullable(number),
            "batch": {"type": ["string", "null"]},
            "cancelling": {"type": "boolean"},
            "created": moment,
            **dict.fromkeys(("started", "ended"), _nullable(moment)),
        }
    )
    due = _whole_object(
        {
            "id": _ID,
            **dict.fromkeys(("plugin", "name", "label", "cron"), text),
            "paused": {"type": "boolean"},
            "due": moment,
            "last": _nullable(moment),
        }
    )
    paged = _items(one)
    paged["properties"]["next"] = _nullable(number)
    asked = [_query("show", {"type": "string", "enum": list(STATES)}), _query("limit", _whole(500))]
    asked.append(_query("before", _whole(999_999_999)))
    told, turned = {"200": _json(one)}, {"200": _json(due)}
    return {
        f"{base}/jobs": {"get": _operation("listJobs", "", tag, asked, {"200": _json(paged)}, (400,))},
        f"{base}/jobs/{{job}}": {"get": _operation("readJob", "", tag, [job], told, (404,))},
        f"{base}/jobs/{{job}}/cancel": {"post": _operation("cancelJob", "", tag, [job], told, (404, 409))},
        f"{base}/jobs/{{job}}/retry": {"post": _operation("retryJob", "", tag, [job], told, (404, 409))},
        f"{base}/schedules": {"get": _operation("listSchedules", "", tag, [], {"200": _json(_items(due))}, ())},
        f"{base}/schedules/{{schedule}}/pause": {
            "post": _operation("pauseSchedule", "", tag, [schedule], turned, (404,))
        },
        f"{base}/schedules/{{schedule}}/resume": {
            "post": _operation("resumeSchedule", "", tag, [schedule], turned, (404,))
        },
    }


def _whole_object(properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _body_schemas() -> Json:
    """The bodies of the house's own services, each with what it is made of."""
    found: Json = {}
    for name, model in {
        **access.BODIES,
        **comments.BODIES,
        **fields.BODIES,
        **groups.BODIES,
        **imports.BODIES,
        **templates.BODIES,
        **views.BODIES,
    }.items():
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        found |= schema.pop("$defs", {})
        found[name] = schema
    return found


def _plugin_paths(handlers: Sequence[Any]) -> Json:
    """Plugins' own services, as far as their signature says: query parameters by name and type."""
    found: Json = {}
    for handler in handlers:
        for path in sorted(handler.paths):
            if not path.startswith("/api/"):
                continue
            parameters = [
                _query(name, _schema_of(p.annotation), required=not p.has_default)
                for name, p in handler.parsed_fn_signature.parameters.items()
                if name not in ("request", "data")
            ]
            answer = {str(handler.status_code): _json({})}
            name = handler.handler_name or handler.fn.__name__
            for method in sorted(handler.http_methods - {"HEAD", "OPTIONS"}):
                operation = _operation(
                    name,
                    handler.opt["plugin"].capitalize(),
                    [handler.opt["plugin"]],
                    parameters,
                    answer,
                    (400, 404, 429),
                )
                found.setdefault(path, {})[method.lower()] = operation
    return found


def _schema_of(annotation: Any) -> Json:
    return {int: {"type": "integer"}, bool: {"type": "boolean"}}.get(annotation, {"type": "string"})


# ------------------------------------------------------------------ pieces


_WRITES = (400, 404, 409, 412, 413, 415, 429)
_BATCH: Json = {"Change-Batch": {"description": "The change-log batch of this write", "schema": {"type": "string"}}}
_SKIPPED: Json = {
    "type": "object",
    "required": ["id", "reason"],
    "properties": {"id": _ID, "reason": {"type": "string"}},
}
_MANY_DONE: Json = {
    "200": {
        "description": "What was changed, and what was skipped for which reason",
        "headers": _BATCH,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["changed", "skipped"],
                    "properties": {
                        "changed": {"type": "array", "items": _ID},
                        "skipped": {"type": "array", "items": _SKIPPED},
                    },
                }
            }
        },
    }
}
_GROUP: Json = {"type": "object", "properties": {"value": {}, "count": {"type": "integer"}, "sum": {}}}
_REASON: Json = {
    "type": "object",
    "required": ["rule", "opens", "text", "notes", "roles", "because"],
    "properties": {
        "rule": {"type": "string"},
        "opens": {"type": "boolean"},
        "text": {"type": "string"},
        "notes": {"type": "array", "items": {"type": "string"}},
        "roles": {"type": "array", "items": {"type": "integer"}},
        "because": {"type": "array", "items": {"$ref": "#/components/schemas/Reason"}},
    },
}
_PROBLEM: Json = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "reference": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "field": {"type": "string"},
                    "rule": {"type": "string"},
                    "message": {"type": "string"},
                    "value": {},
                },
            },
        },
    },
}
_COMMENT: Json = {
    "type": "object",
    "required": ["id", "record", "record_id", "text", "staff", "signed", "at", "edited", "mentioned"],
    "properties": {
        "id": {"type": "integer"},
        "record": {"type": "string"},
        "record_id": {"type": "integer"},
        "text": {"type": "string"},
        "staff": {"type": ["integer", "null"], "description": "Who wrote it"},
        "signed": {"type": "string", "description": "The account's name where it is nobody's who works here"},
        "at": {"type": "string", "format": "date-time"},
        "edited": {"type": ["string", "null"], "format": "date-time"},
        "mentioned": {"type": "array", "items": {"type": "integer"}},
    },
}
_FAVOURITE: Json = {
    "type": "object",
    "required": ["record", "id", "title"],
    "properties": {"record": {"type": "string"}, "id": {"type": "integer"}, "title": {"type": "string"}},
}
_STALE: Json = {
    "allOf": [
        {"$ref": "#/components/schemas/Problem"},
        {
            "type": "object",
            "required": ["version", "changed"],
            "properties": {
                "version": {"type": "integer", "description": "The record's version now"},
                "changed": {
                    "type": "array",
                    "description": "The fields that differ, as far as the asker may see them",
                    "items": {
                        "type": "object",
                        "required": ["field", "theirs"],
                        "properties": {
                            "field": {"type": "string"},
                            "theirs": {"description": "What stands there now"},
                            "original": {
                                "description": "What stood there in the version named; absent where not known"
                            },
                            "yours": {"description": "What was sent"},
                            "by": {"type": "string"},
                            "at": {"type": ["string", "null"], "format": "date-time"},
                        },
                    },
                },
            },
        },
    ]
}


def _operation(
    verb: str,
    name: str,
    tags: list[str],
    parameters: list[Json],
    answers: Json,
    errors: Sequence[int],
    body: Json | None = None,
    *,
    summary: str = "",
    problems: Mapping[int, str] | None = None,
    media: str = "application/json",
) -> Json:
    """`problems` names the schema of an error that tells more than others; `media` is what the body is sent as."""
    named = problems or {}

    def problem(status: int) -> Json:
        schema = {"$ref": f"#/components/schemas/{named.get(status, 'Problem')}"}
        return {"description": TITLES[status].msgid, "content": {"application/problem+json": {"schema": schema}}}

    statuses = sorted({401, 403, 503, *errors})
    made: Json = {
        "operationId": f"{verb}{name}",
        "tags": tags,
        "parameters": parameters,
        "responses": {**answers, **{str(s): problem(s) for s in statuses}},
    }
    if summary:
        made["summary"] = summary
    if body is not None:
        made["requestBody"] = {"required": True, "content": {media: {"schema": body}}}
    return made


def _json(schema: Json) -> Json:
    return {"description": "OK", "content": {"application/json": {"schema": schema}}}


def _record(schema: Json) -> Json:
    return {**_json(schema), "headers": {"ETag": {"schema": {"type": "string"}}, **_BATCH}}


def _items(schema: Mapping[str, Any]) -> Json:
    return {"type": "object", "required": ["items"], "properties": {"items": {"type": "array", "items": schema}}}


def _query(name: str, schema: Json, *, required: bool = False) -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema}


def _whole(most: int) -> Json:
    return {"type": "integer", "minimum": 1, "maximum": most}


def _words(most: int) -> Json:
    return {"type": "string", "maxLength": most}


def _id_parameter() -> Json:
    return {"name": "id", "in": "path", "required": True, "schema": _ID}


def _if_match(*, required: bool) -> Json:
    return {
        "name": "If-Match",
        "in": "header",
        "required": required,
        "schema": {"type": "string", "pattern": '^(W/)?"?[0-9]{1,9}"?$'},
        "description": "The record's version",
    }


routes = [read_description]
