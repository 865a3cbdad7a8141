"""Sharing one record with a person or a department."""

from __future__ import annotations

import datetime as dt
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.rights import need_with
from dougong.access.services import share_record, shares_of, unshare
from dougong.access.services.sharing import Terms, Whom
from dougong.db import transaction
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.people.tables import Staff
from dougong.records.references import titles
from dougong.records.tables import Row
from dougong.records.types import RecordType
from dougong.web.addresses import short_id_at
from dougong.web.pages.departments import department_choice
from dougong.web.pages.dialogs import answered, dialog_page, whole_number
from dougong.web.pages.forms import Typed
from dougong.web.pages.records import record_at
from dougong.web.render import go, page
from dougong.web.views import FormField, FormPage, Option

__all__ = ["asked_share", "routes", "share_fields"]

AnyRequest = Request[Any, Any, Any]


async def _shareable(collection: str, record_id: str) -> tuple[RecordType, Row]:
    record_type, record = await record_at(collection, record_id)
    if not record_type.scope.has("role"):
        raise NotFound
    await need_with(record_type, "edit", int(record.id))
    return record_type, record


@get("/{collection:str}/{record_id:str}/share", include_in_schema=False)
async def ask_share(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await _shareable(collection, record_id)
    return page(request, await _share_page(record_type, record, Typed({"level": "read"})))


async def share_fields(typed: Typed) -> list[FormField]:
    """With whom, what for, until when."""
    person = typed.values.get("staff", "")
    known = await titles(Staff, [whole_number(person)])
    levels = (
        Option("read", str(_("read"))),
        Option("edit", str(_("read and edit"))),
        Option("own", str(_("own it together with its owner"))),
    )
    return [
        FormField(
            "staff",
            str(_("Person")),
            "lookup",
            person,
            error=typed.error("staff"),
            options=tuple(Option(str(i), name) for i, name in known.items()),
            lookup_url="/lookup/staff",
            wide=True,
        ),
        await department_choice("department", str(_("or department, with all below it")), typed, required=False),
        FormField(
            "level",
            str(_("They may")),
            "choice",
            typed.values.get("level", "") or "read",
            error=typed.error("level"),
            required=True,
            options=levels,
        ),
        FormField(
            "until",
            str(_("Until")),
            "date",
            typed.values.get("until", ""),
            error=typed.error("until"),
            help=str(_("Up to and including this day; empty for good.")),
        ),
    ]


async def _share_page(record_type: RecordType, record: Row, typed: Typed) -> FormPage:
    path, fields = f"/{record_type.path}/{record.id}", await share_fields(typed)
    intro = _("They see this record although it isn't theirs; what they may do with it, their roles decide.")
    return dialog_page(_("Share"), f"{path}/share", path, fields, typed, save=_("Share"), intro=intro)


@post("/{collection:str}/{record_id:str}/share", include_in_schema=False, status_code=200)
async def share(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await _shareable(collection, record_id)

    async def do(typed: Typed) -> Response[Any]:
        whom, terms = asked_share(typed)
        async with transaction() as level:
            await share_record(record_type, int(record.id), **vars(whom), **vars(terms))
        return go(request, f"/{record_type.path}/{record.id}", _("Shared."), batch=level.batch)

    return await answered(request, do, lambda typed: _share_page(record_type, record, typed))


def asked_share(typed: Typed) -> tuple[Whom, Terms]:
    """What was sent. Invalid for a day that is none."""
    staff, department = (whole_number(typed.values.get(k, "")) for k in ("staff", "department"))
    return Whom(staff, department), Terms(typed.values.get("level", ""), _day(typed.values.get("until", "")))


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(Problem("until", _("Write a date as 2026-09-30."), text, "date")) from None


@post("/{collection:str}/{record_id:str}/shares/{share_id:str}/remove", include_in_schema=False, status_code=200)
async def end_share(request: AnyRequest, collection: str, record_id: str, share_id: str) -> Response[Any]:
    record_type, record = await _shareable(collection, record_id)
    number = short_id_at(share_id)
    if number not in {s.id for s in await shares_of(record_type, int(record.id))}:
        raise NotFound
    async with transaction() as level:
        await unshare(number)
    return go(request, f"/{record_type.path}/{record.id}", _("No longer shared."), batch=level.batch)


routes = [ask_share, share, end_share]
