"""The fields a company adds: a new one with what its kind needs, edited, made another kind, switched off and on again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post

from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import Text, _, number_text
from dougong.plugin.snapshot import current_snapshot
from dougong.records.definitions import TEXT_LENGTH, Definition
from dougong.records.expressions import compile_expression, render
from dougong.records.fields import DEFAULT_CURRENCY
from dougong.records.types import RecordType
from dougong.shaping.conversion import CONVERTIBLE, Outlook
from dougong.shaping.details import DISTINCT, KIND_LABELS
from dougong.shaping.fields import add_field, change_field, defined_fields
from dougong.shaping.kinds import change_kind, kind_outlook
from dougong.shaping.templates import use_only_in
from dougong.shaping.uses import FieldUses, category_words, readers_words, uses_of_field
from dougong.web.pages.designer import FIELDS, designer_href, kind_words, type_to_shape
from dougong.web.pages.dialogs import answered, confirm_page, dialog_page, whole_number
from dougong.web.pages.forms import Typed
from dougong.web.render import go, page
from dougong.web.views import Banner, FormField, FormPage, Option

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
    fields = [*_words(typed), *_details(record_type, kind, typed), *_where(record_type, typed), *_flags(typed)]
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


def _where(record_type: RecordType, typed: Typed) -> tuple[FormField, ...]:
    """In which main categories it is used, where there are some."""
    if record_type.category is None:
        return ()
    known = record_type.fields[record_type.category._meta.name].every_option
    options = tuple(Option(o.key, str(_("Only: %(category)s", category=o.label or o.key))) for o in known)
    every = str(_("Every main category"))
    value, error = typed.values.get("only", ""), typed.error("only")
    return (FormField("only", str(_("Used in")), "choice", value, error=error, options=options, placeholder=every),)


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


def _rule(record_type: RecordType, typed: Typed) -> Sequence[FormField]:
    advice = str(_("For instance KH-{yyyy}{mm}-{0000}: year, month and a counter of four digits."))
    return (_text("rule", str(_("Rule of its numbers")), typed, required=True, max_length=80, wide=True, help=advice),)


_NO_OPERANDS = frozenset({"id", "version"})
_ASKED: Mapping[str, Callable[[RecordType, Typed], Sequence[FormField]]] = {
    "text": _length,
    "number": _places,
    "money": _currency,
    "choice": _choices,
    "choices": _choices,
    "link": _target,
    "formula": _formula,
    "serial": _rule,
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
        if only := typed.values.get("only", ""):
            await use_only_in(record_type, made.key, only)
        where = designer_href(record_type, only or typed.values.get("category", ""))
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
    kept = {name: _shown(record_type, one, name) for name in _CHANGEABLE if name in one.details}
    now = {
        "label": str(one.words),
        "help": one.help,
        "indexed": "1" if one.indexed else "",
        "category": category,
        **kept,
    }
    return page(request, _edit_page(record_type, one, Typed(now)))


_CHANGEABLE = ("formula", "rule")
"""Of what a kind needs, what can be another without bringing any value over."""


def _shown(record_type: RecordType, one: Definition, name: str) -> str:
    """As people write it; a formula of which a field is off as it is kept."""
    text = str(one.details.get(name, ""))
    if name == "formula":
        with suppress(Invalid):
            return render(compile_expression(text, record_type), record_type)
    return text


def _changeable(record_type: RecordType, one: Definition, typed: Typed) -> Sequence[FormField]:
    return [field for field in _details(record_type, one.kind, typed) if field.name in _CHANGEABLE]


def _edit_page(record_type: RecordType, one: Definition, typed: Typed) -> FormPage:
    made = dialog_page(
        _("Edit “%(name)s”", name=one.words),
        f"{FIELDS}/{record_type.path}/{one.key}/edit",
        designer_href(record_type, typed.values.get("category", "")),
        [*_words(typed), *_changeable(record_type, one, typed), *_flags(typed)],
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
            formula=_if_other(record_type, one, typed, "formula"),
            rule=_if_other(record_type, one, typed, "rule"),
        )
        return go(request, designer_href(record_type, typed.values.get("category", "")), _("Saved."))

    async def ask(typed: Typed) -> FormPage:
        return _edit_page(record_type, one, typed)

    return await answered(request, do, ask)


def _if_other(record_type: RecordType, one: Definition, typed: Typed, name: str) -> str | None:
    text = typed.values.get(name, "")
    return text if name in one.details and text != _shown(record_type, one, name) else None


# ------------------------------------------------------------------ another kind


@get(f"{ONE}/kind", include_in_schema=False)
async def ask_kind(request: AnyRequest, collection: str, key: str, category: str = "") -> Response[Any]:
    record_type = type_to_shape(collection)
    one = _definition(record_type, key)
    return page(request, _kind_page(record_type, one, Typed({"category": category})))


def _kind_page(record_type: RecordType, one: Definition, typed: Typed) -> FormPage:
    """Which kind it is to be. What would become of its values is shown next."""
    kinds = tuple(Option(k, str(words)) for k, words in KIND_LABELS.items() if k in CONVERTIBLE)
    value, error = typed.values.get("kind", one.kind), typed.error("kind")
    kind = FormField("kind", str(_("Kind of field")), "choice", value, error=error, options=kinds, required=True)
    made = dialog_page(
        _("Another kind for “%(name)s”", name=one.words),
        f"{FIELDS}/{record_type.path}/{one.key}/kind",
        designer_href(record_type, typed.values.get("category", "")),
        [kind],
        typed,
        save=_("Next"),
        intro=_("Nothing changes yet: what would become of its values is shown first."),
    )
    return replace(made, hidden=(("category", typed.values.get("category", "")),))


async def _outlook_page(record_type: RecordType, one: Definition, typed: Typed) -> FormPage:
    """What would become of its values, as far as it is said what the new kind needs."""
    kind = typed.values.get("kind", "")
    if kind not in CONVERTIBLE:
        wrong = Problem("kind", _("“%(value)s” is no kind of field.", value=kind), kind, "choice")
        return _kind_page(record_type, one, Typed({**typed.values, "kind": one.kind}, [wrong]))
    seen: Outlook | None = None
    try:
        seen = await kind_outlook(record_type, one.key, kind, _given(record_type, kind, typed))
    except Invalid as err:
        if any(p.field in typed.values for p in err.problems):
            typed = Typed(typed.values, [*typed.problems, *err.problems])
    fields = _details(record_type, kind, typed)
    made = dialog_page(
        _(
            "“%(name)s”: from %(before)s to %(kind)s",
            name=one.words,
            before=kind_words(one.kind),
            kind=kind_words(kind),
        ),
        f"{FIELDS}/{record_type.path}/{one.key}/kind",
        designer_href(record_type, typed.values.get("category", "")),
        fields,
        typed,
        save=_("Next") if seen is None else _("Change the kind"),
        look="danger" if seen is not None and seen.losing else "primary",
    )
    hidden = [("category", typed.values.get("category", "")), ("kind", kind)]
    if seen is not None:
        hidden.append(("losing", str(seen.losing)))
    return replace(made, hidden=tuple(hidden), conflict=_outcome(seen) if seen is not None else None)


def _outcome(seen: Outlook) -> Banner:
    if not seen.losing:
        words = _("%(held)s records hold a value, and each of them can be brought over.", held=number_text(seen.held))
        return Banner(str(words), "ok")
    words = _(
        "%(held)s records hold a value; %(losing)s of them can't be brought over and would be empty:",
        held=number_text(seen.held),
        losing=number_text(seen.losing),
    )
    return Banner(str(words), lines=tuple(value for _id, value in seen.lost))


@post(f"{ONE}/kind", include_in_schema=False, status_code=200)
async def convert(request: AnyRequest, collection: str, key: str) -> Response[Any]:
    """The second time around it is done, when no more values would be lost than were shown."""
    record_type = type_to_shape(collection)
    one = _definition(record_type, key)

    async def ask(typed: Typed) -> FormPage:
        return await _outlook_page(record_type, one, typed)

    async def do(typed: Typed) -> Response[Any]:
        kind, losing = typed.values.get("kind", ""), whole_number(typed.values.get("losing", ""))
        if losing is None:
            return page(request, await ask(typed))
        await change_kind(record_type, key, kind, _given(record_type, kind, typed), losing=losing)
        return go(request, designer_href(record_type, typed.values.get("category", "")), _("Its kind is changed."))

    return await answered(request, do, ask)


# ------------------------------------------------------------------ off and on


@get(f"{ONE}/off", include_in_schema=False)
async def ask_off(request: AnyRequest, collection: str, key: str, category: str = "") -> Response[Any]:
    record_type = type_to_shape(collection)
    one = _definition(record_type, key)
    return page(request, await _off_page(record_type, one, Typed({"category": category})))


async def _off_page(record_type: RecordType, one: Definition, typed: Typed) -> FormPage:
    uses = await uses_of_field(record_type, one)
    intro = _(
        "It goes from every form, list, search, export and from the API. %(count)s records hold a value; they keep it, and show it again once the field is switched on.",
        count=number_text(uses.held),
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
    reading = bool(uses.formulas or uses.conditions)
    told = Banner(str(_read_words(one, reading=reading)), "bad" if reading else "", lines=_lines(record_type, uses))
    submits = () if reading else made.submits
    return replace(made, submits=submits, hidden=(("category", category),), conflict=told if told.lines else None)


def _read_words(one: Definition, *, reading: bool) -> Text:
    if reading:
        return _("“%(name)s” is read by formulas or conditions, which have to be changed first.", name=one.words)
    return _("What goes by “%(name)s”:", name=one.words)


def _lines(record_type: RecordType, uses: FieldUses) -> tuple[str, ...]:
    """What goes by a field, a line for each; what keeps it first."""
    lines = [_("the rule by which new records get their number")] if uses.numbers else []
    for category, count in uses.templates.items():
        text = _("the template “%(template)s”, by which %(count)s records hold a value")
        lines.append(text % {"template": category_words(record_type, category), "count": number_text(count)})
    if uses.views:
        lines.append(_("%(count)s views that people saved", count=number_text(uses.views)))
    lines += [_("the view “%(name)s”, which everybody has", name=name) for name in uses.shared_views]
    return (*readers_words(record_type, uses.formulas, uses.conditions), *map(str, lines))


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


routes = [ask_new, add, ask_edit, edit, ask_kind, convert, ask_off, switch_off, switch_on]
