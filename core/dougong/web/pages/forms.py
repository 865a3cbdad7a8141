"""Forms of any record type: create, edit, a step that asks why, a business verb that asks for more.

What was typed comes back whenever something is refused, each mistake beside its field.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from pydantic import BaseModel, ValidationError

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.db import transaction
from dougong.errors import Conflict, DougongError, Forbidden, Invalid, NotFound, Problem, model_problems
from dougong.i18n import _
from dougong.plugin.labels import model_label
from dougong.records import desk, references
from dougong.records.actions import action_named, offered, run_action
from dougong.records.conflicts import Comparison, compare
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.kinds import WrongValue
from dougong.records.shapes import Form
from dougong.records.tables import Row
from dougong.records.types import Action as Verb
from dougong.records.types import Move, RecordType
from dougong.records.values import is_empty, read_values, writable
from dougong.web.addresses import id_at, version_in
from dougong.web.pages.conflicts import Conflict as Conflicting
from dougong.web.pages.conflicts import chosen, conflict_of, lost_page, taken_over, taken_words
from dougong.web.pages.lists import control_kind, lookup_url, title_text, type_at
from dougong.web.pages.records import moves_offered, record_at, record_page
from dougong.web.render import go, page
from dougong.web.views import Banner, Clash, Crumb, FormField, FormPage, FormSection, Option, Submit, Tab

__all__ = [
    "LOOK",
    "Typed",
    "chosen_titles",
    "form_field",
    "form_page",
    "model_field",
    "read_typed",
    "routes",
    "sent",
    "starting_values",
    "typed_again",
    "written",
]

AnyRequest = Request[Any, Any, Any]
MULTIPLE_LINES = frozenset({"long_text", "choices"})
LOOK = "look"
"""A form sent with it comes back as it would be with what was typed; nothing is saved."""


@dataclass(frozen=True)
class Typed:
    """What stands in a form: the text of each field, and what is wrong with it."""

    values: Mapping[str, str]
    problems: Sequence[Problem] = ()
    several: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """Every value of a field that takes more than one."""

    def error(self, key: str) -> str:
        return " ".join(str(p.message) for p in self.problems if p.field == key)

    def others(self, shown: set[str]) -> tuple[str, ...]:
        """What concerns no field of the form."""
        return tuple(
            f"{p.field}: {p.message}" if p.field else str(p.message) for p in self.problems if p.field not in shown
        )


# ------------------------------------------------------------------ new


@get("/{collection:str}/new", include_in_schema=False)
async def new_form(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = type_at(collection, "create")
    start = starting_values(record_type, dict(request.query_params.items()))
    return page(request, await form_page(record_type, Typed(start), back=request.query_params.get("back", "")))


@post("/{collection:str}/new", include_in_schema=False, status_code=200)
async def create_record(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = type_at(collection, "create")
    form = await request.form()
    typed = sent(record_type, form.dict())
    back = str(form.get("back", ""))
    then = str(form.get("then", ""))
    if form.get(LOOK):
        return page(request, await form_page(record_type, Typed(typed), back=back))
    try:
        async with transaction():
            made = await desk.create(record_type.table, read_typed(record_type, typed))
            if then:
                made = await desk.move(made, then)
    except DougongError as err:
        view = await form_page(record_type, Typed(typed, _problems(err)), back=back)
        return page(request, view, status=_form_status(err))
    return go(request, back or f"/{record_type.path}/{made.id}", _("Saved."))


def sent(
    record_type: RecordType, several: Mapping[str, Sequence[Any]], *, without: Collection[str] = ()
) -> dict[str, str]:
    """What was typed into each field, out of every value the form sent; of one that takes several choices, those ticked
    as a JSON list. `without`: the fields that are kept elsewhere."""
    typed = {}
    for key, field in record_type.entered.items():
        values = [] if key in without else [str(v) for v in several.get(key, ())]
        if field.kind == "choices" and values:
            typed[key] = json.dumps([v for v in values if v])
        elif values:
            typed[key] = values[-1]
    return typed


def typed_again(record_type: RecordType, typed: Typed, *, without: Collection[str] = ()) -> Typed:
    """What came back, as the form shows it once more."""
    return Typed(sent(record_type, typed.several, without=without), typed.problems)


def read_typed(record_type: RecordType, typed: Mapping[str, str], record: Row | None = None) -> dict[str, Any]:
    """The stored values of what was typed, for this record or a new one. Raises Invalid naming every field that is wrong."""
    given = _filled(record_type, typed, record)
    return read_values(record_type, given, current(), record=record, new=record is None)


def starting_values(record_type: RecordType, address: Mapping[str, str]) -> dict[str, str]:
    """What stands in the form of a new record: the defaults of the template and of the columns, the acting person as
    owner, and what the address of the form says."""
    given = {k: v for k, v in address.items() if k in record_type.entered}
    start = {}
    form = record_type.form_of(given)
    for key, field in form.fields.items():
        default = form.defaults.get(key, field.empty if field.nullable else field.column.get_default_value())
        if not field.managed and not is_empty(default) and not callable(default) and not hasattr(default, "python"):
            start[key] = field.type.write(default, field)
    if record_type.owned and current().staff:
        start["owner"] = str(current().staff)
    return {**start, **given}


def _present(record_type: RecordType, typed: Mapping[str, str], record: Row | None) -> dict[str, Field]:
    """The fields that are there for a record with what was typed: on in its template, and their condition holds."""
    form = record_type.form_of(typed)
    hidden = form.hidden_for(_as_stored(record_type, typed, record)) if form.conditions else frozenset()
    return {key: field for key, field in form.fields.items() if key not in hidden}


def _as_stored(record_type: RecordType, typed: Mapping[str, str], record: Row | None) -> dict[str, Any]:
    """The record as it would be; what can't be read counts as empty."""
    values = record.to_dict() if record is not None else {}
    for key, text in typed.items():
        field = record_type.fields[key]
        try:
            values[key] = field.empty if is_empty(text) else field.type.read(text, field)
        except WrongValue:
            values[key] = None
    return values


def _filled(record_type: RecordType, typed: Mapping[str, str], record: Row | None = None) -> dict[str, Any]:
    """The values to read: a box that isn't ticked sends nothing, and means no. What was left empty in a new record is
    left to its default, unless the default stood there and was cleared."""
    who, state = current(), record_type.state_of(record)
    form = record_type.form_of(typed)
    here = _present(record_type, typed, record)
    fields = {k: f for k, f in here.items() if k not in form.readonly and writable(record_type, f, who, state)}
    values: dict[str, Any] = {key: value for key, value in typed.items() if key in fields}
    for key, field in fields.items():
        if field.kind == "yes_no":
            values[key] = typed.get(key, "false") or "false"
        elif field.kind == "choices":
            values[key] = typed.get(key, "")
    return {k: v for k, v in values.items() if not (record is None and is_empty(v) and k not in form.defaults)}


def _problems(err: DougongError) -> Sequence[Problem]:
    return err.problems if isinstance(err, Invalid) and err.problems else (Problem("", str(err)),)


def _form_status(err: DougongError) -> int:
    return 422 if isinstance(err, Invalid) else err.status


# ------------------------------------------------------------------ edit


@get("/{collection:str}/{record_id:str}/edit", include_in_schema=False)
async def edit_form(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    if not may(current(), record_type, "edit"):
        raise Forbidden
    return page(request, await form_page(record_type, Typed(written(record_type, record)), record))


@post("/{collection:str}/{record_id:str}/edit", include_in_schema=False, status_code=200)
async def change_record(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type = type_at(collection)
    form = await request.form()
    typed = chosen(form, sent(record_type, form.dict()))
    if form.get(LOOK):
        record = await desk.get(record_type.table, id_at(record_id))
        return page(
            request,
            await form_page(record_type, Typed(typed), record, version=version_in(str(form.get("version", "")))),
        )
    edit = Edit(record_type, Typed(typed), version_in(str(form.get("version", ""))), str(form.get("then", "")))
    try:
        return await edit.answer(request, await desk.get(record_type.table, id_at(record_id)))
    except NotFound:
        if not typed:
            raise
        return page(request, await lost_page(record_type, typed), status=404)


MOST_TRIES = 3
"""So often somebody may be faster before whoever saves is asked."""


@dataclass(frozen=True)
class Edit:
    """A form that was sent: what was typed, the version it was filled in on, the step to take with it."""

    record_type: RecordType
    typed: Typed
    version: int
    then: str

    async def answer(self, request: AnyRequest, record: Row, tried: int = 0) -> Response[Any]:
        """Save what was typed. What others changed meanwhile in other fields stands; where both changed one, ask."""
        compared = await self._compared(record)
        edit = dataclasses.replace(self, typed=Typed(taken_over(compared, self.typed.values)))
        if compared.clashes or tried == MOST_TRIES:
            return await edit.ask(request, record, compared, edit.problems(record))
        try:
            batch = await edit.save(record)
        except Conflict:  # somebody was faster just now
            fresh = await desk.get(self.record_type.table, int(record.id))
            return await dataclasses.replace(edit, version=record.version).answer(request, fresh, tried + 1)
        except NotFound:
            raise
        except DougongError as err:
            return await edit.ask(request, record, compared, _problems(err), _form_status(err))
        done = f"{_('Saved.')} {taken_words(compared)}" if compared.theirs else _("Saved.")
        return go(request, f"/{self.record_type.path}/{record.id}", done, batch=batch)

    async def _compared(self, record: Row) -> Comparison:
        mine = _filled(self.record_type, self.typed.values, record)
        return await compare(self.record_type, record, self.version, mine)

    def problems(self, record: Row) -> Sequence[Problem]:
        """What is wrong with what was typed, whatever somebody else did."""
        try:
            read_typed(self.record_type, self.typed.values, record)
        except Invalid as err:
            return err.problems
        return ()

    async def save(self, record: Row) -> str:
        """The batch it was done in; "" where nothing was new."""
        async with transaction() as level:
            changed = await desk.change(record, read_typed(self.record_type, self.typed.values, record))
            if self.then:
                changed = await desk.move(changed, self.then)
        return level.batch if changed.version != record.version else ""

    async def ask(
        self, request: AnyRequest, record: Row, compared: Comparison, problems: Sequence[Problem], status: int = 409
    ) -> Response[Any]:
        """The form again, with what was typed, what is wrong with it, and what to choose between."""
        conflict = await conflict_of(compared) if record.version != self.version else None
        view = await form_page(self.record_type, Typed(self.typed.values, problems), record, conflict=conflict)
        return page(request, view, status=status)


def written(record_type: RecordType, record: Row) -> dict[str, str]:
    """A record as it stands in its form."""
    values = record.to_dict()
    return {k: f.type.write(values[k], f) for k, f in record_type.entered.items() if values.get(k) is not None}


# ------------------------------------------------------------------ the form


async def form_page(
    record_type: RecordType,
    typed: Typed,
    record: Row | None = None,
    *,
    back: str = "",
    version: int | None = None,
    conflict: Conflicting | None = None,
    without: Collection[str] = (),
) -> FormPage:
    """The form of a record, of a new one without `record`. `without`: the fields that are kept elsewhere."""
    who, state = current(), record_type.state_of(record)
    form, here = record_type.form_of(typed.values), _present(record_type, typed.values, record)
    here = {key: field for key, field in here.items() if not field.managed and key not in without}
    shown = [f for f in here.values() if visible_field(record_type, f.key, state=state)]
    by_key = {f.key: f for f in shown}
    titles = await chosen_titles(shown, typed.values)
    path = f"/{record_type.path}" + (f"/{record.id}" if record else "")
    sections = tuple(
        FormSection(
            str(label),
            tuple(
                form_field(
                    record_type,
                    f,
                    typed,
                    titles,
                    required=f.key in form.required,
                    readonly=f.key in form.readonly or not writable(record_type, f, who, state),
                    clash=conflict.clashes.get(f.key) if conflict else None,
                )
                for f in fields
                if f.key in by_key
            ),
        )
        for label, fields in form.groups
        if any(f.key in by_key for f in fields)
    )
    hidden = [("version", str(version or record.version))] if record else [("back", back)] if back else []
    title = (
        str(_("Edit %(what)s", what=record_type.label)) if record else str(_("New %(what)s", what=record_type.label))
    )
    crumbs = [Crumb(str(record_type.plural), f"/{record_type.path}")]
    if record:
        key = record_type.title._meta.name
        crumbs.append(Crumb(title_text(record_type.fields[key], record.to_dict()[key], {}), path))
    return FormPage(
        title=title,
        action=f"{path}/edit" if record else f"{path}/new",
        sections=sections,
        submits=_submits(record_type, record),
        crumbs=tuple(crumbs),
        cancel_href=back or path,
        hidden=tuple(hidden),
        errors=typed.others({f.key for f in shown}),
        conflict=conflict.banner if conflict else None,
        kinds=() if record else _categories(record_type, typed),
        redrawn_by=_redrawn_by(record_type, form),
    )


def _redrawn_by(record_type: RecordType, form: Form) -> tuple[str, ...]:
    """The fields by which others come and go: what conditions read, and the main category."""
    found = {key for condition in form.conditions.values() for key in condition.fields}
    if record_type.category is not None and len(record_type.shape.categories) > 1:
        found.add(record_type.category._meta.name)
    return tuple(sorted(found & form.fields.keys()))


def _categories(record_type: RecordType, typed: Typed) -> tuple[Tab, ...]:
    """The main categories to choose between, where some have a form of their own."""
    if record_type.category is None or len(record_type.shape.categories) == 1:
        return ()
    key = record_type.category._meta.name
    chosen = typed.values.get(key, "")
    rest = {k: v for k, v in typed.values.items() if k != key and k in record_type.entered and v}
    return tuple(
        Tab(str(o.label or o.key), f"/{record_type.path}/new?{urlencode({**rest, key: o.key})}", o.key == chosen)
        for o in record_type.fields[key].options
    )


async def chosen_titles(fields: Sequence[Field], values: Mapping[str, str]) -> dict[str, Mapping[int, str]]:
    """What the records chosen in a form are called: field key → id → title."""
    found: dict[str, Mapping[int, str]] = {}
    for field in fields:
        text = values.get(field.key, "")
        if field.target is not None and text.isascii() and text.isdecimal() and len(text) < 19:
            found[field.key] = await references.titles(field.target, [int(text)])
    return found


def form_field(
    record_type: RecordType,
    field: Field,
    typed: Typed,
    titles: Mapping[str, Mapping[int, str]],
    *,
    required: bool,
    readonly: bool,
    clash: Clash | None = None,
) -> FormField:
    value = typed.values.get(field.key, "")
    title = field.key == record_type.title._meta.name
    return FormField(
        name=field.key,
        label=str(field.label),
        kind=control_kind(field),  # type: ignore[arg-type]
        value=value,
        values=_ticked(value) if field.kind == "choices" else (),
        error=typed.error(field.key),
        help=str(field.help or ""),
        required=required,
        readonly=readonly,
        options=_options(field, value, titles.get(field.key, {})),
        lookup_url=lookup_url(field),
        currency=field.currency if field.kind == "money" else "",
        wide=field.kind in MULTIPLE_LINES or title,
        max_length=field.length or 0,
        check_url=f"/lookup/{record_type.path}/similar" if title and record_type.similar else "",
        clash=clash,
    )


def _ticked(value: str) -> tuple[str, ...]:
    """The choices of a JSON list; none where an address says something else."""
    try:
        found = json.loads(value) if value else []
    except (ValueError, RecursionError):
        return ()
    return tuple(map(str, found)) if isinstance(found, list) else ()


def _options(field: Field, value: str, titles: Mapping[int, str]) -> tuple[Option, ...]:
    if field.target is not None:
        return tuple(Option(str(i), t) for i, t in titles.items())
    options = list(field.options) if field.kind in ("choice", "choices") else []
    held = _ticked(value) if field.kind == "choices" else (value,)
    known = {o.key for o in options}
    options += [o for o in field.every_option if options and o.key in held and o.key not in known]
    return tuple(Option(o.key, str(o.label or o.key)) for o in options)


def _submits(record_type: RecordType, record: Row | None) -> tuple[Submit, ...]:
    """Save; and where the next step has a name of its own and asks nothing more, save and take it."""
    save = Submit(str(_("Save")), look="primary")
    cycle = record_type.lifecycle
    state = cycle.start if cycle and record is None else getattr(record, "state", "")
    possible = cycle.moves_from(state) if cycle else ()
    steps = [m for m in possible if m.label and not m.reason and may(current(), record_type, m.right)]
    if not steps or state != (cycle.start if cycle else ""):
        return (save,)
    label = _("Save and %(step)s", step=str(record_type.move_label(steps[0])).lower())
    return (save, Submit(str(label), "then", steps[0].target))


# ------------------------------------------------------------------ steps


@get("/{collection:str}/{record_id:str}/moves/{target:str}", include_in_schema=False)
async def ask_why(request: AnyRequest, collection: str, record_id: str, target: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    return page(request, _why_page(record_type, record, await _step(record_type, record, target)))


@post("/{collection:str}/{record_id:str}/moves/{target:str}", include_in_schema=False, status_code=200)
async def take_step(request: AnyRequest, collection: str, record_id: str, target: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    form = await request.form()
    record.version = version_in(str(form.get("version", "")))
    why = str(form.get("why", ""))
    try:
        async with transaction() as level:
            await desk.move(record, target, why=why or None)
    except Invalid as err:
        step = await _step(record_type, record, target)
        if not step.reason:
            return await _refused(request, record_type, record, err)
        return page(request, _why_page(record_type, record, step, Typed({"why": why}, err.problems)), status=422)
    except DougongError as err:
        return await _refused(request, record_type, record, err)
    return go(request, f"/{record_type.path}/{record.id}", _("Done."), batch=level.batch)


async def _refused(request: AnyRequest, record_type: RecordType, record: Row, err: DougongError) -> Response[Any]:
    fresh = await desk.get(record_type.table, int(record.id))
    return page(
        request, await record_page(request, record_type, fresh, banner=Banner(str(err), "bad")), status=err.status
    )


async def _step(record_type: RecordType, record: Row, target: str) -> Move:
    for step in await moves_offered(record_type, record):
        if step.target == target:
            return step
    raise NotFound


def _why_page(record_type: RecordType, record: Row, step: Move, typed: Typed = Typed({})) -> FormPage:
    path = f"/{record_type.path}/{record.id}"
    why = FormField(
        "why",
        str(_("Reason")),
        "long_text",
        typed.values.get("why", ""),
        error=typed.error("why"),
        required=True,
        wide=True,
    )
    return FormPage(
        title=str(record_type.move_label(step)),
        action=f"{path}/moves/{step.target}",
        sections=(FormSection("", (why,)),),
        submits=(Submit(str(record_type.move_label(step)), look="primary"),),
        cancel_href=path,
        hidden=(("version", str(record.version)),),
    )


# ------------------------------------------------------------------ removal


@get("/{collection:str}/{record_id:str}/remove", include_in_schema=False)
async def ask_removal(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    key = record_type.title._meta.name
    path = f"/{record_type.path}/{record.id}"
    title = title_text(record_type.fields[key], record.to_dict()[key], {})
    view = FormPage(
        title=str(_("Delete “%(title)s”?", title=title)),
        action=f"{path}/remove",
        sections=(),
        submits=(Submit(str(_("Delete")), look="danger"),),
        cancel_href=path,
        intro=str(_("It can be brought back with “Undo”. Records that refer to it keep it from being deleted.")),
    )
    return page(request, view)


# ------------------------------------------------------------------ verbs


@get("/{collection:str}/{record_id:str}/{verb:str}", include_in_schema=False)
async def ask_verb(request: AnyRequest, collection: str, record_id: str, verb: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    action = action_named(record_type, verb)
    if action.form is None or action not in offered(record_type, record):
        raise NotFound
    return page(request, verb_page(record_type, record, action))


@post("/{collection:str}/{record_id:str}/{verb:str}", include_in_schema=False, status_code=200)
async def do_verb(request: AnyRequest, collection: str, record_id: str, verb: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    action = action_named(record_type, verb)
    form = await request.form()
    given = {k: str(v) for k, v in form.items() if action.form is not None and k in action.form.model_fields}
    version = record.version
    try:
        async with transaction() as level:
            await run_action(record_type, record, action, given)
    except (ValidationError, Invalid) as err:
        if action.form is None:
            raise
        typed = Typed(given, _problems(err) if isinstance(err, Invalid) else model_problems(err))
        return page(request, verb_page(record_type, record, action, typed), status=422)
    except DougongError as err:
        return await _refused(request, record_type, record, err)
    now = (await desk.read_many(record_type.table, [record.id])).get(record.id)
    batch = level.batch if now is not None and now.version != version else ""
    return go(request, f"/{record_type.path}/{record.id}", _("Done."), batch=batch)


def verb_page(record_type: RecordType, record: Row, action: Verb, typed: Typed = Typed({})) -> FormPage:
    path = f"/{record_type.path}/{record.id}"
    form: type[BaseModel] = action.form or BaseModel
    fields = tuple(model_field(form, name, record_type.domain, typed) for name in form.model_fields)
    return FormPage(
        title=str(action.label),
        action=f"{path}/{action.key}",
        sections=(FormSection("", fields),),
        submits=(Submit(str(action.label), look="primary"),),
        cancel_href=path,
        errors=typed.others(set(form.model_fields)),
    )


def model_field(form: type[BaseModel], name: str, domain: str, typed: Typed) -> FormField:
    """A form field from a pydantic one: its title is the label (a msgid of the plugin), its type the control."""
    info = form.model_fields[name]
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    kind = str(extra.get("kind", _CONTROLS.get(info.annotation, "text")))
    label = str(model_label(form, name, domain))
    value, error = typed.values.get(name, ""), typed.error(name)
    return FormField(name, label, kind, value, error=error, required=info.is_required(), wide=kind == "long_text")  # type: ignore[arg-type]


_CONTROLS: Mapping[Any, str] = {int: "number", bool: "yes_no"}

routes = [new_form, create_record, edit_form, change_record, ask_why, take_step, ask_removal, ask_verb, do_verb]
