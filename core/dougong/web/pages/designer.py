"""Fields and forms: which fields the records of a type have, and how their form is laid out per main category."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post

from dougong.access.rights import need
from dougong.errors import Invalid, NotFound, Stale
from dougong.i18n import Text, _
from dougong.people.records import department, staff
from dougong.plugin.snapshot import Snapshot, current_snapshot, pinned
from dougong.records.definitions import Definition
from dougong.records.fields import Field
from dougong.records.shapes import Group, Layout, Place
from dougong.records.types import RecordType
from dougong.shaping.conversion import CONVERTIBLE
from dougong.shaping.details import KIND_LABELS
from dougong.shaping.fields import MANAGE, defined_fields, record_type_at
from dougong.shaping.templates import Template, reset_template, save_template, template
from dougong.web.addresses import version_in
from dougong.web.pages.dialogs import answered, confirm_page
from dougong.web.pages.drafts import Draft, as_drawn, as_kept, moved, sent_draft, with_new_group
from dougong.web.pages.forms import Typed, form_page
from dougong.web.pages.lists import control_kind
from dougong.web.render import fragment, go, page
from dougong.web.views import (
    Action,
    Banner,
    ChoiceGroup,
    DesignerPage,
    DesignField,
    DesignGroup,
    FormField,
    FormPage,
    FormPreview,
    FormSection,
    Line,
    Option,
    Tab,
)

__all__ = ["FIELDS", "designer_href", "kind_icon", "kind_words", "routes", "type_to_shape"]

AnyRequest = Request[Any, Any, Any]
FIELDS = "/fields"
_REFERENCES = frozenset({"person", "department", "link"})
_FURTHER_KINDS: Mapping[str, Text] = {"year": _("Year"), "state": _("State")}
_ICONS: Mapping[str, str] = {
    "text": "letter-t",
    "long_text": "align-left",
    "number": "number-123",
    "money": "coin",
    "date": "calendar",
    "datetime": "calendar-clock",
    "time": "clock",
    "yes_no": "toggle-left",
    "choice": "list",
    "choices": "list-check",
    "person": "user",
    "department": "sitemap",
    "link": "link",
    "phone": "phone",
    "email": "mail",
    "url": "world",
    "address": "map-pin",
    "formula": "math-function",
    "year": "calendar-event",
    "serial": "hash",
    "file": "paperclip",
    "state": "progress",
}


def designer_href(record_type: RecordType, category: str = "") -> str:
    return f"{FIELDS}/{record_type.path}" + (f"?{urlencode({'category': category})}" if category else "")


def kind_words(kind: str) -> Text:
    return KIND_LABELS.get(kind) or _FURTHER_KINDS[kind]


def kind_icon(kind: str) -> str:
    return _ICONS[kind]


def type_to_shape(collection: str) -> RecordType:
    """The record type at this address, for whoever shapes records; NotFound where its forms aren't laid out here."""
    record_type = record_type_at(collection)
    if not _is_shaped(record_type):
        raise NotFound
    return record_type


def _is_shaped(record_type: RecordType) -> bool:
    """Whether it has a form: whatever has pages of its own, and what the organisation is made of."""
    return record_type.menu or record_type in (department, staff)


# ------------------------------------------------------------------ the page


@get(FIELDS, include_in_schema=False)
async def show_first(request: AnyRequest) -> Response[Any]:
    need(MANAGE)
    first = next(kind for plugin in _owners().values() for kind in plugin)
    return page(request, await _as_kept_page(first, ""))


@get(f"{FIELDS}/{{collection:str}}", include_in_schema=False)
async def show(request: AnyRequest, collection: str, category: str = "") -> Response[Any]:
    return page(request, await _as_kept_page(type_to_shape(collection), category))


async def _as_kept_page(record_type: RecordType, category: str) -> DesignerPage:
    known = await template(record_type, category)
    draft = Draft(as_drawn(record_type, _in_force(record_type, category)), known.version)
    return await Designer(record_type, category, known, draft).page()


def _in_force(record_type: RecordType, category: str) -> Layout:
    """The template records of this category follow: where it has none of its own, that of all others."""
    shape = record_type.shape
    return shape.layout(category if category in shape.categories else "")


def _owners() -> Mapping[str, Sequence[RecordType]]:
    """The types with forms to lay out, by their plugin; those of plugins first, core's own last."""
    plugins = list(current_snapshot().plugins.values())
    shaped = {str(p.label): [kind for kind in p.records if _is_shaped(kind)] for p in (*plugins[1:], plugins[0])}
    return {label: kinds for label, kinds in shaped.items() if kinds}


@dataclass(frozen=True)
class Designer:
    """The page of one template: what is kept, and what stands in the form."""

    record_type: RecordType
    category: str
    known: Template
    draft: Draft
    do: str | None = None
    """What was asked besides saving; None for a page that shows what is kept."""

    async def page(self, *, conflict: Banner | None = None) -> DesignerPage:
        path = f"{FIELDS}/{self.record_type.path}"
        query = f"?{urlencode({'category': self.category})}" if self.category else ""
        fields = self.record_type.fields
        preview = await preview_of(self.record_type, self.category, self.draft.layout)
        return DesignerPage(
            title=str(_("Fields and forms")),
            types=self._types(),
            label=str(self.record_type.plural),
            tabs=self._tabs(),
            note=self._note(),
            action=path,
            hidden=(("version", str(self.draft.version)), ("category", self.category)),
            groups=tuple(self._group(at, group) for at, group in enumerate(self.draft.layout.groups)),
            errors=self.draft.errors_besides(fields),
            conflict=conflict,
            reset=self._reset(f"{path}/reset{query}"),
            kinds=tuple(
                Action(
                    str(words),
                    f"{path}/new?{urlencode({'kind': kind, 'category': self.category})}",
                    kind_icon(kind),
                    look="quiet",
                    dialog=True,
                )
                for kind, words in KIND_LABELS.items()
            ),
            switched_off=tuple(self._off(one) for one in defined_fields(self.record_type) if not one.active),
            preview=preview,
            preview_url=f"{path}/preview",
            new_group=DesignGroup(str(_("New heading")), str(_("Basics")), "group:", ()),
            unsaved=self.do is not None,
            look=self.do == "preview",
            cancel_href=designer_href(self.record_type, self.category),
        )

    def _types(self) -> tuple[ChoiceGroup, ...]:
        def tab(kind: RecordType) -> Tab:
            return Tab(str(kind.plural), designer_href(kind), kind is self.record_type, icon=kind.icon)

        return tuple(ChoiceGroup(label, tuple(tab(kind) for kind in kinds)) for label, kinds in _owners().items())

    def _tabs(self) -> tuple[Tab, ...]:
        """The main categories; which of them have no template of their own is said."""
        column = self.record_type.category
        if column is None:
            return ()
        own = self.record_type.shape.categories
        rest = Tab(str(_("All others")), designer_href(self.record_type), not self.category)
        options = self.record_type.fields[column._meta.name].every_option
        return (
            rest,
            *(
                Tab(
                    str(o.label or o.key),
                    designer_href(self.record_type, o.key),
                    o.key == self.category,
                    count="" if o.key in own else str(_("as all others")),
                )
                for o in options
            ),
        )

    def _note(self) -> str:
        if self.category in self.record_type.shape.categories:
            return ""
        return str(
            _("This category has no template of its own and goes by that of all others. When you save, it gets one.")
        )

    def _reset(self, url: str) -> Action | None:
        if self.known.shipped:
            return None
        return Action(str(_("Reset all")), url, "restore", look="quiet", dialog=True)

    def _off(self, one: Definition) -> Line:
        on = Action(
            str(_("Switch on")),
            f"{FIELDS}/{self.record_type.path}/{one.key}/on",
            "eye",
            method="post",
            values=(("category", self.category),),
        )
        return Line(str(one.words), hint=str(kind_words(one.kind)), icon=kind_icon(one.kind), actions=(on,))

    # ---- groups and fields

    def _group(self, at: int, group: Group) -> DesignGroup:
        return DesignGroup(
            label=str(group.label),
            placeholder=str(_("Basics")),
            move=f"group:{at}",
            first=at == 0,
            last=at == len(self.draft.layout.groups) - 1,
            fields=tuple(self._field(at, n, place) for n, place in enumerate(group.places)),
        )

    def _field(self, at: int, n: int, place: Place) -> DesignField:
        known = self.record_type.fields[place.key]
        added = next((d for d in defined_fields(self.record_type) if d.key == place.key), None)
        kind = added.kind if added else known.kind
        is_locked = place.key in self.known.locked
        last = at == len(self.draft.layout.groups) - 1 and n == len(self.draft.layout.groups[at].places) - 1
        return DesignField(
            key=place.key,
            name=str(known.label),
            label=place.label,
            kind=str(kind_words(kind)),
            icon=kind_icon(kind),
            on=place.on or is_locked,
            required=(place.required or is_locked) and not known.managed,
            readonly=place.readonly or known.managed,
            locked=str(_LOCKED) if is_locked else "",
            managed=str(_MANAGED) if known.managed else "",
            errors=self.draft.errors(place.key),
            further=self._further(known, place, is_locked),
            first=at == 0 and n == 0,
            last=last,
            note=str(added.help) if added else "",
            actions=self._actions(added) if added else (),
        )

    def _further(self, known: Field, place: Place, is_locked: bool) -> tuple[FormField, ...]:
        found = []
        if not known.managed and known.kind not in _REFERENCES:
            found.append(_default_control(known, place))
        if not is_locked:
            found.append(
                FormField(
                    f"when.{place.key}",
                    str(_("Only when …")),
                    value=place.when,
                    help=str(_("A condition such as %(example)s; empty: always.", example=self._example())),
                    wide=True,
                    max_length=2000,
                )
            )
        if known.key in self.record_type.shape.numbered:
            example = _("New records get it by this rule, such as KH-{yyyy}{mm}-{0000}; empty: none.")
            name, label = f"rule.{place.key}", str(_("Numbers by rule"))
            found.append(FormField(name, label, value=place.rule, help=str(example), wide=True, max_length=60))
        return tuple(found)

    def _example(self) -> str:
        return f'{{{self.record_type.fields[self.record_type.title._meta.name].label}}} == "…"'

    def _actions(self, added: Definition) -> tuple[Action, ...]:
        path = f"{FIELDS}/{self.record_type.path}/{added.key}"
        query = f"?{urlencode({'category': self.category})}" if self.category else ""
        edit = Action(str(_("Edit the field")), f"{path}/edit{query}", "pencil", dialog=True)
        kind = Action(str(_("Change the kind")), f"{path}/kind{query}", "transform", dialog=True)
        off = Action(str(_("Switch off")), f"{path}/off{query}", "eye-off", dialog=True)
        return (edit, kind, off) if added.kind in CONVERTIBLE else (edit, off)


_LOCKED = _("It belongs to every record and can't be switched off or left empty.")
_MANAGED = _("It is kept by the system.")


def _default_control(known: Field, place: Place) -> FormField:
    """The control of the field's kind, where yes or no may also be left open."""
    kind, options = control_kind(known), tuple(Option(o.key, str(o.label or o.key)) for o in known.options)
    several = tuple(place.default) if isinstance(place.default, list) else ()
    if known.kind == "choices":
        kind = "multi_choice"
    if known.kind == "yes_no":
        kind, options = "choice", (Option("true", str(_("Yes"))), Option("false", str(_("No"))))
    return FormField(
        f"default.{known.key}",
        str(_("Default value")),
        kind,  # type: ignore[arg-type]
        place.default if isinstance(place.default, str) else "",
        values=several,
        options=options,
        currency=known.currency if known.kind == "money" else "",
        max_length=known.length or 0,
        wide=kind in ("long_text", "multi_choice"),
    )


# ------------------------------------------------------------------ what is sent


async def _sent(request: AnyRequest, collection: str) -> tuple[RecordType, str, Draft, str]:
    """The type and main category it is about, what stands in the form, and what is asked besides saving."""
    record_type = type_to_shape(collection)
    form = [(name, str(value).replace("\x00", "")) for name, value in (await request.form()).multi_items()]
    values = dict(form)
    category = values.get("category", "")
    draft = sent_draft(record_type, record_type.shape.shipped(category), form)
    return record_type, category, draft, values.get("do", "")


@post(f"{FIELDS}/{{collection:str}}", include_in_schema=False, status_code=200)
async def change(request: AnyRequest, collection: str) -> Response[Any]:
    """Save; or draw the form anew, where a button asks for a step that scripts would do at once."""
    record_type, category, draft, do = await _sent(request, collection)
    if do:
        drawn = replace(draft, layout=_done(draft.layout, do))
        return page(request, await (await _designer(record_type, category, drawn, do)).page())
    try:
        await save_template(record_type, category, as_kept(record_type, draft.layout), version=draft.version)
    except Invalid as err:
        refused = replace(draft, problems=tuple(err.problems))
        return page(request, await (await _designer(record_type, category, refused)).page(), status=422)
    except Stale as err:
        return await _stale(request, await _designer(record_type, category, draft), err)
    return go(request, designer_href(record_type, category), _("Saved. Every form follows from now on."))


def _done(layout: Layout, do: str) -> Layout:
    return with_new_group(layout) if do == "group" else moved(layout, do)


async def _designer(record_type: RecordType, category: str, draft: Draft, do: str = "") -> Designer:
    return Designer(record_type, category, await template(record_type, category), draft, do)


async def _stale(request: AnyRequest, sent: Designer, err: Stale) -> Response[Any]:
    """Somebody else saved meanwhile: what was laid out here is still there, and would be saved over theirs."""
    theirs = Action(str(_("Look at theirs")), designer_href(sent.record_type, sent.category), "eye")
    words = _(
        "Somebody else changed this template meanwhile. Nothing of yours is lost: save again to keep yours, or look at theirs first."
    )
    now = replace(sent, draft=replace(sent.draft, version=sent.known.version))
    return page(request, await now.page(conflict=Banner(str(words), action=theirs)), status=err.status)


# ------------------------------------------------------------------ preview


@post(f"{FIELDS}/{{collection:str}}/preview", include_in_schema=False, status_code=200)
async def preview(request: AnyRequest, collection: str) -> Response[Any]:
    record_type, category, draft, _do = await _sent(request, collection)
    return fragment(await preview_of(record_type, category, draft.layout))


async def preview_of(record_type: RecordType, category: str, layout: Layout) -> FormPreview:
    """The form of a new record as it would be: the real one, made from what is laid out instead of what is kept."""
    laid_out = as_kept(record_type, layout)
    with pinned(_with_layout(record_type, category, laid_out)):
        form = record_type.shape.form(category)
        start = {key: form.fields[key].type.write(value, form.fields[key]) for key, value in form.defaults.items()}
        if record_type.category is not None and category:
            start[record_type.category._meta.name] = category
        view = await form_page(record_type, Typed(start))
    return FormPreview(title=view.title, sections=tuple(_still(section) for section in view.sections))


def _with_layout(record_type: RecordType, category: str, layout: Layout) -> Snapshot:
    now = current_snapshot()
    mine = {**now.layouts.get(record_type.key, {}), category: layout}
    return Snapshot(now.epoch, now.plugins, now.added, {**now.layouts, record_type.key: mine})


def _still(section: FormSection) -> FormSection:
    """To be looked at: nothing is looked up or compared while somebody lays out a form."""
    kinds = {"lookup": "choice", "multi_lookup": "choice"}
    fields = tuple(replace(f, kind=kinds.get(f.kind, f.kind), check_url="", wide=True) for f in section.fields)  # type: ignore[arg-type]
    return replace(section, fields=fields)


# ------------------------------------------------------------------ reset all


@get(f"{FIELDS}/{{collection:str}}/reset", include_in_schema=False)
async def ask_reset(request: AnyRequest, collection: str, category: str = "") -> Response[Any]:
    record_type = type_to_shape(collection)
    known = await template(record_type, category)
    return page(request, _reset_page(record_type, category, Typed({"version": str(known.version)})))


def _reset_page(record_type: RecordType, category: str, typed: Typed) -> FormPage:
    intro = _(
        "Which fields are used, their order, names, groups and everything else goes back to what the plugin brought along. Fields you added stay, and so do all values."
    )
    if category and category not in record_type.templates:
        intro = _("The category goes by the template of all others again. All values stay.")
    made = confirm_page(
        _("Reset the whole template?"),
        f"{FIELDS}/{record_type.path}/reset",
        designer_href(record_type, category),
        _("Reset all"),
        intro,
        typed,
    )
    return replace(made, hidden=(("version", typed.values.get("version", "")), ("category", category)))


@post(f"{FIELDS}/{{collection:str}}/reset", include_in_schema=False, status_code=200)
async def reset(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = type_to_shape(collection)

    async def do(typed: Typed) -> Response[Any]:
        category, version = typed.values.get("category", ""), typed.values.get("version", "")
        await reset_template(record_type, category, version=version_in(version))
        return go(request, designer_href(record_type, category), _("The template is as it was brought along."))

    async def ask(typed: Typed) -> FormPage:
        category = typed.values.get("category", "")
        known = await template(record_type, category)
        return _reset_page(
            record_type, category, replace(typed, values={**typed.values, "version": str(known.version)})
        )

    return await answered(request, do, ask)


routes = [show_first, show, change, preview, ask_reset, reset]
