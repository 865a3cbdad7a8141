"""Why somebody may or may not: pick person, record, action and field; the answer, its rules, and who else sees the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get

from dougong.access.explain import (
    EXPLAIN,
    OF_FIELDS,
    Reader,
    Reason,
    account_behind,
    explain,
    readers_of,
)
from dougong.access.principal import current
from dougong.access.rights import may, may_do
from dougong.errors import Invalid, NotFound
from dougong.i18n import _
from dougong.people.tables import Staff
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.filters import visible_field
from dougong.records.references import titles
from dougong.records.types import RecordType
from dougong.web.addresses import id_at, short_id_at
from dougong.web.components import hue, initial
from dougong.web.pages.dialogs import whole_number
from dougong.web.pages.lists import title_text
from dougong.web.pages.staff import staff_href
from dougong.web.render import page
from dougong.web.views import Action, Crumb, ExplainPage, FormField, Option, ReaderLine, ReasonLine

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
EXPLAINED = "/explain"
_FURTHEST = 1_000_000
_ICONS = {
    "admin": "crown",
    "everyone": "world",
    "owner": "user",
    "co-owner": "users",
    "own": "user",
    "not-own": "user-x",
    "nobody": "user-question",
    "shared": "share",
    "not-shared": "share-off",
    "share-ended": "hourglass-off",
    "share-reads": "share-off",
    "share-unused": "share-off",
    "department": "sitemap",
    "other-department": "sitemap-off",
    "all": "shield-check",
    "no-role": "shield-off",
    "no-use": "shield-off",
    "narrowed": "filter",
    "parent": "link",
    "no-parent": "link-off",
    "closed": "user-off",
    "left": "user-off",
    "no-account": "user-off",
    "state": "route-off",
    "step": "route",
    "field-hidden": "eye-off",
    "field-read": "eye",
    "field-open": "pencil",
    "field-kept": "lock",
    "field-locked": "lock",
}


@dataclass(frozen=True)
class _Asked:
    """What stands in the address. `user` is the account asked about, None where the person has none."""

    record_type: RecordType | None = None
    record_id: int | None = None
    staff: int | None = None
    user: int | None = None
    action: str = "read"
    field: str = ""

    @property
    def record(self) -> tuple[RecordType, int] | None:
        return (self.record_type, self.record_id) if self.record_type and self.record_id else None

    def href(self, **changes: Any) -> str:
        record = f"{self.record_type.path}/{self.record_id}" if self.record_type else ""
        user = self.user if self.staff is None else None
        given = {"record": record, "person": self.staff, "user": user, "action": self.action, "field": self.field}
        given |= changes
        return f"{EXPLAINED}?{urlencode({k: v for k, v in given.items() if v})}"


@get(EXPLAINED, include_in_schema=False)
async def show_explanation(request: AnyRequest) -> Response[Any]:
    asked = await _asked(request.query_params)
    title = await _title(*asked.record) if asked.record else ""
    view: dict[str, Any] = {"fields": await _fields(asked, title), "hidden": _hidden(asked)}
    status = 200
    if asked.record:
        try:
            view |= await _answer(asked, *asked.record, title)
        except Invalid as err:
            view["errors"] = tuple(str(problem.message) for problem in err.problems)
            status = 422
    if asked.record and may_do(current(), EXPLAIN):
        view |= await _who_else(asked, *asked.record, whole_number(request.query_params.get("page", "")) or 1)
    shown = ExplainPage(
        title=str(_("Who may do what, and why")), action=EXPLAINED, crumbs=_crumbs(asked, title), **view
    )
    return page(request, shown, status=status)


async def _asked(sent: Mapping[str, str]) -> _Asked:
    """Read the address: `record=customers/12`, or as the form sends it `kind=customers&id=12`."""
    path, _slash, number = sent.get("record", "").partition("/")
    if sent.get("kind"):
        path, number = sent["kind"], sent.get("id", "") if sent.get("kind") == sent.get("was") else ""
    record_type = _type_at(path) if path else None
    staff, user = await _person(sent)
    return _Asked(
        record_type=record_type,
        record_id=id_at(number) if number else None,
        staff=staff,
        user=user,
        action=sent.get("action", "") or "read",
        field=sent.get("field", ""),
    )


def _type_at(path: str) -> RecordType:
    record_type = current_snapshot().by_path.get(path)
    if record_type is None or not may(current(), record_type, "read"):
        raise NotFound
    return record_type


async def _person(sent: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Staff and account: by `person`, a member of staff, or `user`, an account; oneself where neither is named."""
    if sent.get("person"):
        staff = id_at(sent["person"])
        await desk.get(Staff, staff)
        return staff, await account_behind(staff)
    if sent.get("user"):
        return None, short_id_at(sent["user"])
    return current().staff, current().user


def _crumbs(asked: _Asked, title: str) -> tuple[Crumb, ...]:
    if asked.record is None or not asked.record[0].menu:
        return ()
    record_type, number = asked.record
    path = f"/{record_type.path}"
    return (Crumb(str(record_type.plural), path), Crumb(title, f"{path}/{number}"))


# ------------------------------------------------------------------ what can be asked


async def _fields(asked: _Asked, title: str) -> tuple[FormField, ...]:
    found = [await _person_field(asked)] if may_do(current(), EXPLAIN) else []
    found.append(_kind_field(asked))
    if asked.record_type is not None:
        found += [_record_field(asked.record_type, asked, title), *_what_fields(asked.record_type, asked)]
    return tuple(found)


async def _person_field(asked: _Asked) -> FormField:
    known = await titles(Staff, [asked.staff])
    options = tuple(Option(str(number), name) for number, name in known.items())
    value, advice = str(asked.staff or ""), str(_("Empty: yourself."))
    label = str(_("Person"))
    return FormField("person", label, "lookup", value, help=advice, options=options, lookup_url="/lookup/staff")


def _kind_field(asked: _Asked) -> FormField:
    kinds = [t for t in current_snapshot().records.values() if may(current(), t, "read")]
    options = tuple(Option(t.path, str(t.plural)) for t in kinds)
    value = asked.record_type.path if asked.record_type else ""
    return FormField("kind", str(_("Kind of record")), "choice", value, options=options, required=True)


def _record_field(record_type: RecordType, asked: _Asked, title: str) -> FormField:
    number = str(asked.record_id or "")
    options = (Option(number, title),) if number else ()
    path = f"/lookup/{record_type.path}"
    return FormField("id", str(record_type.label), "lookup", number, options=options, lookup_url=path, required=True)


async def _title(record_type: RecordType, record_id: int) -> str:
    """What a record is called; one that is called after another by the name of that."""
    field = record_type.fields[record_type.title._meta.name]
    stored = getattr(await desk.get(record_type.table, record_id), field.key)
    return title_text(field, stored, await titles(field.target, [stored]) if field.target else {})


def _what_fields(record_type: RecordType, asked: _Asked) -> list[FormField]:
    actions = tuple(Option(a, str(record_type.action_label(a))) for a in record_type.actions_allowed if a != "create")
    whole = str(_("The whole record"))
    found = [FormField("action", str(_("Action")), "choice", asked.action, options=actions, required=True)]
    if asked.action in OF_FIELDS:
        everything = may_do(current(), EXPLAIN)
        known = [f for f in record_type.fields.values() if everything or visible_field(record_type, f.key)]
        fields = tuple(Option(f.key, str(f.label)) for f in known)
        found.append(FormField("field", str(_("Field")), "choice", asked.field, options=fields, placeholder=whole))
    return found


def _hidden(asked: _Asked) -> tuple[tuple[str, str], ...]:
    """With another kind chosen, the record of the kind before is not asked about."""
    found = (("was", asked.record_type.path),) if asked.record_type else ()
    return (*found, ("user", str(asked.user))) if asked.staff is None and asked.user != current().user else found


# ------------------------------------------------------------------ the answer


async def _answer(asked: _Asked, record_type: RecordType, record_id: int, title: str) -> dict[str, Any]:
    if asked.user is None:
        person = (await titles(Staff, [asked.staff])).get(asked.staff or 0, "—")
        text = _("%(person)s has no account to sign in with.", person=person)
        allowed, reasons = False, [Reason("no-account", False, text)]
    else:
        found = await explain(record_type, record_id, asked.user, asked.action, asked.field)
        person, allowed, reasons = found.place.name, found.allowed, [*found.reasons]
    field = [str(record_type.fields[asked.field].label)] if asked.field in record_type.fields else []
    words = [person, str(record_type.action_label(asked.action)), f"{record_type.label} {title}", *field]
    return {"asked": " · ".join(words), "allowed": allowed, "reasons": tuple(map(_line, reasons))}


def _line(reason: Reason) -> ReasonLine:
    return ReasonLine(
        str(reason.text),
        _ICONS.get(reason.rule, "info-circle"),
        "ok" if reason.opens else "bad",
        tuple(map(str, reason.notes)),
        tuple(map(_line, reason.because)),
    )


async def _who_else(asked: _Asked, record_type: RecordType, record_id: int, number: int) -> dict[str, Any]:
    number = min(number, _FURTHEST)
    found = await readers_of(record_type, record_id, number)
    return {
        "readers": tuple(_reader(asked, reader) for reader in found.readers),
        "previous_href": asked.href(page=number - 1) if number > 1 else "",
        "next_href": asked.href(page=number + 1) if found.more else "",
    }


def _reader(asked: _Asked, reader: Reader) -> ReaderLine:
    place = reader.place
    why = Action(str(_("Why?")), asked.href(person=place.staff, user=None if place.staff else place.user), look="quiet")
    return ReaderLine(
        place.name,
        tuple(" · ".join(map(str, (reason.text, *reason.notes))) for reason in reader.reasons),
        staff_href(place.staff) if place.staff else "",
        initial(place.name),
        hue(place.name),
        why,
    )


routes = [show_explanation]
