"""Why somebody may or may not, and who can see a record, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, get

from dougong.access.explain import Reason, explain, readers_of
from dougong.access.principal import current
from dougong.errors import Invalid, Problem
from dougong.i18n import _
from dougong.records.types import RecordType
from dougong.web.addresses import id_at, short_id_at
from dougong.web.api.records import type_at

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]


@get("/api/v1/explain", include_in_schema=False)
async def explain_right(request: AnyRequest) -> dict[str, Any]:
    """`?record=customers/12&user=3&action=read&field=credit_limit`; without `user` about oneself."""
    sent = request.query_params
    record_type, number = _record(sent.get("record", ""))
    user = short_id_at(sent["user"]) if "user" in sent else current().user
    found = await explain(record_type, number, user, sent.get("action", "read"), sent.get("field", ""))
    return {
        "record": f"{record_type.path}/{number}",
        "user": user,
        "person": found.place.name,
        "action": found.action,
        "field": found.field or None,
        "allowed": found.allowed,
        "reasons": _reasons(found.reasons),
    }


@get("/api/v1/explain/readers", include_in_schema=False)
async def list_readers(request: AnyRequest) -> dict[str, Any]:
    """`?record=customers/12&page=1`: who can see the record, fifty accounts at a time, by name."""
    record_type, number = _record(request.query_params.get("record", ""))
    page = _page(request.query_params.get("page", "1"))
    found = await readers_of(record_type, number, page)
    return {
        "items": [
            {"user": r.place.user, "staff": r.place.staff, "person": r.place.name, "reasons": _reasons(r.reasons)}
            for r in found.readers
        ],
        "next": page + 1 if found.more else None,
    }


def _record(text: str) -> tuple[RecordType, int]:
    path, slash, number = text.partition("/")
    if not slash:
        raise Invalid(Problem("record", _("Name a record like “customers/12”."), text, "required"))
    return type_at(path, "read"), id_at(number)


def _page(text: str) -> int:
    page = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 0
    if not page:
        raise Invalid(Problem("page", _("Pages are counted from 1."), text, "range"))
    return page


def _reasons(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    return [
        {
            "rule": reason.rule,
            "opens": reason.opens,
            "text": str(reason.text),
            "notes": [str(note) for note in reason.notes],
            "roles": list(reason.roles),
            "because": _reasons(reason.because),
        }
        for reason in reasons
    ]


routes = [explain_right, list_readers]
