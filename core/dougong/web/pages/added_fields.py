"""The fields a company adds: a new one with what its kind needs, edited, switched off and on again. Each in a dialog."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post

from dougong.errors import NotFound
from dougong.i18n import _, number_text
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.uses import records_holding
from dougong.records.definitions import TEXT_LENGTH, Definition
from dougong.records.fields import DEFAULT_CURRENCY
from dougong.records.types import RecordType
from dougong.shaping.details import DISTINCT, KIND_LABELS
from dougong.shaping.fields import add_field, change_field, defined_fields
from dougong.web.pages.designer import FIELDS, designer_href, kind_words, type_to_shape
from dougong.web.pages.dialogs import answered, confirm_page, dialog_page
from dougong.web.pages.forms import Typed
from dougong.web.render import go, page
from dougong.web.views import FormField, FormPage, Option

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
NEW = f"{FIELDS}/{{collection:str}}/new"
ONE = f"{FIELDS}/{{collection:str}}/{{key:str}}"


def _definition(record_type: RecordType, key: str) -> Definition:
    for one in defined_fields(record_type):
        if one.key == key:
            return one
    raise NotFound


# ------------------------------------------------------------------ new


@get(NEW, include_in_schema=False)
async def ask_new(request: AnyRequest, collection: str, kind: str = "text", category: str = "") -> Response[Any]:
    return page(request, _new_page(type_to_shape(collection), Typed({"kind": kind, "category": category})))


def _new_page(record_type: RecordType, typed: Typed) -> FormPage:
    kind = typed.values.get("kind", "")
    if kind not in KIND_LABELS:
        raise NotFound
    fields = [*_words(typed), *_details(record_type, kind, typed), *_flags(typed)]
    if kind in DISTINCT:
        fields.append(_box("distinct", str(_("No two records have the same value")), typed))
    return dialog_page(
        _("New field: %(kind)s", kind=KIND_LABELS[kind]),
        f"{FIELDS}/{record_type.path}/new",
        designer_href(record_type, typed.values.get("category", "")),
        fields,
        typed,
        save=_("Add field"),
        hidden={name: typed.values.get(name, "") for name in ("kind", "category")},
    )


def _words(typed: Typed) -> tuple[FormField, FormField]:
    label = _text("label", str(_("Name")), typed, required=True, max_length=60, wide=True)
    advice = str(_("Stands below the field in every form."))
    return label, _text("help", str(_("Help text")), typed, max_length=300, wide=True, help=advice)


def _flags(typed: Typed) -> tuple[FormField, ...]:
    advice = str(_("Lists of many records are filtered and sorted by it at once."))
    return (_box("indexed", str(_("Often filtered or sorted by")), typed, help=advice),)


def _text(name: str, label: str, typed: Typed, **more: Any) -> FormField:
    return FormField(name, label, value=typed.values.get(name, ""), error=typed.error(name), **more)


def _box(name: str, label: str, typed: Typed, help: str = "") -> FormField:
    return FormField(name, label, "yes_no", typed.values.get(name, ""), error=typed.error(name), help=help, wide=True)


# ------------------------------------------------------------------ what each kind needs


def _details(record_type: RecordType, kind: str, typed: Typed) -> Sequence[FormField]:
    return _ASKED[kind](record_type, typed) if kind in _ASKED else ()


def _length(record_type: RecordType, typed: Typed) -> Sequence[FormField]:
    return (_with_default("length", str(_("Characters at most")), typed, str(TEXT_LENGTH)),)


def _places(record_type: RecordType, typed: Typed) -> Sequence[FormField]:
    return (_with_default("places", str(_("Decimal places")), typed, "0"),)


def _currency(record_type: RecordType, typed: Typed) -> Sequence[FormField]:
    return (_with_default("currency", str(_("Currency")), typed, DEFAULT_CURRENCY),)


def _with_default(name: str, label: str, typed: Typed, default: str) -> FormField:
    return FormField(
        name, label, "text", typed.values.get(name, default), error=typed.error(name), required=True, max_length=4
    )


def _choices(record_type: RecordType, typed: Typed) -> Sequence[FormField]:
    """A list there is, or the choices of a new one."""
    known = tuple(Option(lookup.name, str(lookup.label)) for lookup in current_snapshot().lookups.values())
    lookup = FormField(
        "lookup",
        str(_("List of choices")),
        "choice",
        typed.values.get("lookup", ""),
        error=typed.error("lookup"),
        options=known,
        placeholder=str(_("A new list")),
        wide=True,
    )
    options = FormField(
        "options",
        str(_("Choices of the new list")),
        "long_text",
        typed.values.get("options", ""),
        error=typed.error("options"),
        help=str(_("One a line. They can be coloured, ordered and renamed later, among the lists of choices.")),
        wide=True,
    )
    return lookup, options


def _target(record_type: RecordType, typed: Typed) -> Sequence[FormField]:
    kinds = tuple(Option(kind.path, str(kind.plural)) for kind in current_snapshot().records.values() if kind.menu)
    value, error = typed.values.get("target", ""), typed.error("target")
    return (FormField("target", str(_("Links to")), "choice", value, error=error, options=kinds, required=True),)


def _formula(record_type: RecordType, typed: Typed) -> Sequence[FormField]:
    labels = " ".join(f"{{{field.label}}}" for field in record_type.fields.values() if field.key not in _NO_OPERANDS)
    formula = FormField(
        "formula",
        str(_("Formula")),
        "long_text",
        typed.values.get("formula", ""),
        error=typed.error("formula"),
        required=True,
        help=str(_("Fields to calculate with: %(fields)s", fields=labels)),
    )
    return formula, _with_default("places", str(_("Decimal places of a number")), typed, "2")


_NO_OPERANDS = frozenset({"id", "version"})
_ASKED: Mapping[str, Callable[[RecordType, Typed], Sequence[FormField]]] = {
    "text": _length,
    "number": _places,
    "money": _currency,
    "choice": _choices,
    "choices": _choices,
    "link": _target,
    "formula": _formula,
}


@post(NEW, include_in_schema=False, status_code=200)
async def add(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = type_to_shape(collection)

    async def do(typed: Typed) -> Response[Any]:
        kind = typed.values.get("kind", "")
        made = await add_field(
            record_type,
            typed.values.get("label", ""),
            kind,
            help=typed.values.get("help", ""),
            indexed=_ticked(typed, "indexed"),
            distinct=_ticked(typed, "distinct"),
            details=_given(record_type, kind, typed),
        )
        where = designer_href(record_type, typed.values.get("category", ""))
        return go(request, where, _("“%(name)s” is added.", name=made.words))

    async def ask(typed: Typed) -> FormPage:
        return _new_page(record_type, typed)

    return await answered(request, do, ask)


def _ticked(typed: Typed, name: str) -> bool:
    return typed.values.get(name) == "1"


def _given(record_type: RecordType, kind: str, typed: Typed) -> dict[str, Any]:
    """What was filled in of what the kind needs; the choices of a new list line by line."""
    asked = [f.name for f in _details(record_type, kind, typed)]
    given: dict[str, Any] = {name: text for name in asked if (text := typed.values.get(name, "").strip())}
    if "options" in given:
        given["options"] = [line.strip() for line in given["options"].splitlines() if line.strip()]
    return given


# ------------------------------------------------------------------ edit


@get(f"{ONE}/edit", include_in_schema=False)
async def ask_edit(request: AnyRequest, collection: str, key: str, category: str = "") -> Response[Any]:
    record_type = type_to_shape(collection)
    one = _definition(record_type, key)
    now = {"label": str(one.words), "help": one.help, "indexed": "1" if one.indexed else "", "category": category}
    return page(request, _edit_page(record_type, one, Typed(now)))


def _edit_page(record_type: RecordType, one: Definition, typed: Typed) -> FormPage:
    made = dialog_page(
        _("Edit “%(name)s”", name=one.words),
        f"{FIELDS}/{record_type.path}/{one.key}/edit",
        designer_href(record_type, typed.values.get("category", "")),
        [*_words(typed), *_flags(typed)],
        typed,
        intro=_("%(kind)s, called %(key)s by programs.", kind=kind_words(one.kind), key=one.key),
    )
    return replace(made, hidden=(("category", typed.values.get("category", "")),))


@post(f"{ONE}/edit", include_in_schema=False, status_code=200)
async def edit(request: AnyRequest, collection: str, key: str) -> Response[Any]:
    record_type = type_to_shape(collection)
    one = _definition(record_type, key)

    async def do(typed: Typed) -> Response[Any]:
        await change_field(
            record_type,
            key,
            label=typed.values.get("label", ""),
            help=typed.values.get("help", ""),
            indexed=_ticked(typed, "indexed"),
        )
        return go(request, designer_href(record_type, typed.values.get("category", "")), _("Saved."))

    async def ask(typed: Typed) -> FormPage:
        return _edit_page(record_type, one, typed)

    return await answered(request, do, ask)


# ------------------------------------------------------------------ off and on


@get(f"{ONE}/off", include_in_schema=False)
async def ask_off(request: AnyRequest, collection: str, key: str, category: str = "") -> Response[Any]:
    record_type = type_to_shape(collection)
    one = _definition(record_type, key)
    return page(request, await _off_page(record_type, one, Typed({"category": category})))


async def _off_page(record_type: RecordType, one: Definition, typed: Typed) -> FormPage:
    count = await records_holding(record_type, one.key)
    intro = _(
        "It goes from every form, list, search, export and from the API. %(count)s records hold a value; they keep it, and show it again once the field is switched on.",
        count=number_text(count),
    )
    category = typed.values.get("category", "")
    made = confirm_page(
        _("Switch off “%(name)s”?", name=one.words),
        f"{FIELDS}/{record_type.path}/{one.key}/off",
        designer_href(record_type, category),
        _("Switch off"),
        intro,
        typed,
    )
    return replace(made, hidden=(("category", category),))


@post(f"{ONE}/off", include_in_schema=False, status_code=200)
async def switch_off(request: AnyRequest, collection: str, key: str) -> Response[Any]:
    record_type = type_to_shape(collection)
    one = _definition(record_type, key)

    async def do(typed: Typed) -> Response[Any]:
        await change_field(record_type, key, active=False)
        where = designer_href(record_type, typed.values.get("category", ""))
        return go(request, where, _("“%(name)s” is switched off.", name=one.words))

    return await answered(request, do, lambda typed: _off_page(record_type, one, typed))


@post(f"{ONE}/on", include_in_schema=False, status_code=200)
async def switch_on(request: AnyRequest, collection: str, key: str) -> Response[Any]:
    record_type = type_to_shape(collection)
    one = _definition(record_type, key)
    category = str((await request.form()).get("category", ""))
    await change_field(record_type, key, active=True)
    return go(request, designer_href(record_type, category), _("“%(name)s” is switched on again.", name=one.words))


routes = [ask_new, add, ask_edit, edit, ask_off, switch_off, switch_on]
