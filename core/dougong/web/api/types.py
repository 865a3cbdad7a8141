"""What kinds of records there are and which fields they have, for programs that adapt themselves."""

from __future__ import annotations

from typing import Any

from litestar import get

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.errors import Forbidden, NotFound
from dougong.plugin.snapshot import current_snapshot
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.types import RecordType
from dougong.records.values import writable

__all__ = ["routes"]


@get("/api/v1/record-types", include_in_schema=False)
async def list_types() -> dict[str, Any]:
    person = current()
    return {"items": [_summary(r) for r in current_snapshot().records.values() if may(person, r, "read")]}


@get("/api/v1/record-types/{collection:str}", include_in_schema=False)
async def read_type(collection: str) -> dict[str, Any]:
    record_type = current_snapshot().by_path.get(collection)
    if record_type is None:
        raise NotFound
    if not may(current(), record_type, "read"):
        raise Forbidden
    fields = [_field(record_type, f) for f in record_type.fields.values() if visible_field(record_type, f.key)]
    return {**_summary(record_type), "fields": fields}


def _summary(record_type: RecordType) -> dict[str, Any]:
    return {
        "path": record_type.path,
        "key": record_type.key,
        "label": str(record_type.label),
        "plural": str(record_type.plural),
        "title": record_type.title._meta.name,
    }


def _field(record_type: RecordType, field: Field) -> dict[str, Any]:
    target = current_snapshot().records.get(field.target._meta.tablename) if field.target else None
    return {
        "key": field.key,
        "label": str(field.label),
        "type": field.kind,
        "required": field.required,
        "writable": writable(record_type, field, current()),
        "operators": list(field.type.operators),
        "options": [{"key": o.key, "label": str(o.label or o.key)} for o in field.options] or None,
        "target": target.path if target else None,
    }


routes = [list_types, read_type]
