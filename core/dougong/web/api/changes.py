"""Many records at once, and taking back: what a batch did, and what becomes of it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post

from dougong.records.fields import Field
from dougong.records.undo import Kept, Undone, undo, what_undo_does

__all__ = ["routes"]


@get("/api/v1/changes/{batch:str}/undo", include_in_schema=False)
async def preview_undo(batch: str) -> dict[str, Any]:
    return _sent(await what_undo_does(batch))


@post("/api/v1/changes/{batch:str}/undo", include_in_schema=False, status_code=200)
async def take_back(batch: str) -> Response[dict[str, Any]]:
    done = await undo(batch)
    return Response(_sent(done), headers={"Change-Batch": done.batch} if done.batch else {})


def _sent(done: Undone) -> dict[str, Any]:
    return {
        "batch": done.batch or None,
        "restored": done.count,
        "records": {key: sorted(ids) for key, ids in sorted(done.restored.items())},
        "kept": [_kept(kept) for kept in done.kept],
    }


def _kept(kept: Kept) -> dict[str, Any]:
    return {
        "type": kept.record_type.key if kept.record_type else None,
        "id": kept.record_id,
        "title": kept.title,
        "field": kept.field.key if kept.field else None,
        "rule": kept.rule,
        "reason": str(kept.reason),
        "then": _value(kept.field, kept.then),
        "now": _value(kept.field, kept.now),
        "by": kept.by,
    }


def _value(field: Field | None, value: Any) -> Any:
    return None if field is None or value is None else field.type.send(value, field)


routes = [preview_undo, take_back]
