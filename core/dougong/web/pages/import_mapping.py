"""The form that says what of a file goes where: read from what was sent, and drawn from what it says.

Names end in places: `field.0.3` is the field that the fourth column fills in the first step. What is said of a column and
its field (`style.0.3.amount`) has the field in its name, so that it is forgotten when another field is chosen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.errors import Problem
from dougong.i18n import Text, _, number_text
from dougong.imports.known import Ledger
from dougong.imports.mapping import (
    BY_ID,
    Column,
    FieldMapping,
    Step,
    fields_to_fill,
    keys_of,
    needed_to_create,
    step_type,
    style_of,
)
from dougong.imports.sampling import Glimpse, Word, read_sample, words_of
from dougong.imports.saved import LONGEST_NAME, Saved
from dougong.imports.services import Import, may_import
from dougong.plugin.snapshot import current_snapshot
from dougong.records import references
from dougong.records.fields import Field
from dougong.records.types import RecordType
from dougong.records.values import writable
from dougong.web.pages.forms import Typed, chosen_titles, form_field, sent
from dougong.web.pages.lists import lookup_url
from dougong.web.views import (
    FormField,
    ImportColumn,
    ImportConstant,
    ImportMappingPage,
    ImportPart,
    ImportWord,
    Option,
)

__all__ = ["Draft", "another_step", "draft_of", "mapping_page", "read_form", "types_to_import"]

_MOST_WORDS_ASKED = 50
_TITLE = "="
"""Before the title of a record that stands in a look-up box already: it has no id there."""
_NAMED_BY = frozenset({"text", "serial", "phone", "email"})

_EXISTING: Mapping[str, Text] = {
    "skip": _("Leave it as it is"),
    "update": _("Change what the file says otherwise"),
    "create": _("Create another one"),
    "ask": _("Hand the line back, to be decided"),
}
_NEW: Mapping[str, Text] = {"create": _("Create it"), "skip": _("Leave the line out")}
_MISSING: Mapping[str, Text] = {
    "refuse": _("Refuse the line"),
    "create": _("Create it with this name"),
    "empty": _("Leave the field empty"),
}
_STYLES: Mapping[str, Text] = {
    "ymd": _("Year, month, day"),
    "compact": _("Eight digits, such as 20260930"),
    "dmy": _("Day, month, year"),
    "mdy": _("Month, day, year"),
    "point": _("1,234.56"),
    "comma": _("1.234,56"),
}
_DAYS = ("ymd", "compact", "dmy", "mdy")
_DECIMALS = ("point", "comma")


@dataclass(frozen=True)
class Draft:
    """What stands in the form, whether or not it would be taken."""

    mapping: FieldMapping
    name: str = ""
    shared: bool = False
    problems: Sequence[Problem] = ()

    def error(self, key: str) -> str:
        return " ".join(str(p.message) for p in self.problems if p.field == key)


def draft_of(import_: Import) -> Draft:
    """As it was arranged last, but for records whose plugin is off."""
    assert import_.mapping is not None
    steps = [step for step in import_.mapping.steps if step.record in current_snapshot().by_path]
    return Draft(FieldMapping.model_construct(steps=steps))


def types_to_import() -> list[RecordType]:
    """What the acting person may bring in."""
    return [t for t in current_snapshot().by_path.values() if may_import(t)]


# ------------------------------------------------------------------ read


async def read_form(typed: Typed, glimpse: Glimpse) -> Draft:
    """What was chosen; what can't be told is left as it is suggested."""
    steps = []
    for at in range(_steps_in(typed)):
        record_type = current_snapshot().by_path.get(typed.values.get(f"record.{at}", ""))
        if record_type is not None:
            steps.append(await _step(typed, at, record_type, glimpse))
    mapping = FieldMapping(steps=steps) if steps else FieldMapping.model_construct(steps=[])
    return Draft(mapping, typed.values.get("name", ""), typed.values.get("share", "") == "1")


def _steps_in(typed: Typed) -> int:
    return next(at for at in range(len(typed.values) + 1) if f"record.{at}" not in typed.values)


async def _step(typed: Typed, at: int, record_type: RecordType, glimpse: Glimpse) -> Step:
    columns = [
        await _column(typed, f"{at}.{place}", heading, record_type, glimpse)
        for place, heading in enumerate(glimpse.headings)
        if typed.values.get(f"field.{at}.{place}", "") in record_type.fields
    ]
    mapped = [column.field for column in columns]
    ticked = [key for key in typed.several.get(f"match.{at}", ()) if key in mapped]
    return Step(
        record=record_type.path,
        columns=columns,
        constants=_constants(typed, at, record_type),
        match=[BY_ID] if BY_ID in mapped else ticked,
        existing=_one_of(typed.values.get(f"existing.{at}"), _EXISTING, "skip"),
        new=_one_of(typed.values.get(f"new.{at}"), _NEW, "create"),
        clear=typed.values.get(f"clear.{at}") == "1",
    )


def _one_of(value: str | None, known: Iterable[str], usual: str) -> Any:
    return value if value is not None and value in known else usual


async def _column(typed: Typed, place: str, heading: str, record_type: RecordType, glimpse: Glimpse) -> Column:
    field = record_type.fields[typed.values[f"field.{place}"]]
    own = f"{place}.{field.key}"
    style = typed.values.get(f"style.{own}", "")
    by = typed.values.get(f"by.{own}", "")
    return Column(
        heading=heading,
        field=field.key,
        style=style if style in _STYLES else style_of(field, glimpse.texts(heading)),
        by=by if by in _names_of(field) else "",
        missing=_one_of(typed.values.get(f"missing.{own}"), _MISSING, "refuse"),
        values=await _meanings(typed, own, field),
    )


async def _meanings(typed: Typed, own: str, field: Field) -> dict[str, str]:
    """What was said to stand for what; a record that was looked up by its title."""
    pairs = [
        (said, typed.values.get(f"meant.{own}.{number}", "").strip())
        for number, said in enumerate(typed.several.get(f"said.{own}", ()))
    ]
    chosen = [int(meant) for _said, meant in pairs if field.target is not None and _is_number(meant)]
    titles = await references.titles(field.target, chosen) if chosen and field.target is not None else {}
    found = {}
    for said, meant in pairs:
        if field.target is not None and lookup_url(field):
            meant = titles.get(int(meant), "") if _is_number(meant) else meant.removeprefix(_TITLE)
        if meant:
            found[said[:200]] = meant[:200]
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _constants(typed: Typed, at: int, record_type: RecordType) -> dict[str, Any]:
    """The fixed values, and the field that one was asked for just now."""
    keys = [*typed.several.get(f"constants.{at}", ()), typed.values.get(f"more.{at}", "")]
    prefix = f"constant.{at}."
    given = {name.removeprefix(prefix): v for name, v in typed.several.items() if name.startswith(prefix)}
    said = sent(record_type, given)
    return {key: said.get(key, "") for key in keys if key in fields_to_fill(record_type)}


# ------------------------------------------------------------------ drawn


async def mapping_page(
    import_: Import, glimpse: Glimpse, draft: Draft, saved: Sequence[Saved], *, unsaved: bool = False
) -> ImportMappingPage:
    """The title, crumbs and way are for who puts it into the wizard."""
    ledger = Ledger()
    steps = draft.mapping.steps
    parts = [await _part(draft, at, glimpse, ledger) for at in range(len(steps))]
    return ImportMappingPage(
        title=import_.name,
        action=f"/imports/{import_.id}/mapping",
        parts=tuple(parts),
        redrawn_by=tuple(_redrawing(parts)),
        more_parts=_more_parts(steps),
        saved=_saved_field(saved),
        name=FormField(
            "name", str(_("Save under the name")), value=draft.name, error=draft.error("name"), max_length=LONGEST_NAME
        ),
        share=FormField("share", str(_("For everybody who may import these")), "yes_no", "1" if draft.shared else ""),
        errors=tuple(str(p.message) for p in draft.problems if p.field != "name" and not p.field.startswith("steps.")),
        unsaved=unsaved,
    )


def _redrawing(parts: Sequence[ImportPart]) -> Iterable[str]:
    for part in parts:
        yield from (column.field.name for column in part.columns)
        yield from (one.name for column in part.columns for one in column.further)
        if part.more_constants is not None:
            yield part.more_constants.name


def _more_parts(steps: Sequence[Step]) -> FormField:
    known = {step.record for step in steps}
    options = tuple(Option(t.path, str(t.plural)) for t in types_to_import() if t.path not in known)
    return FormField("another", str(_("Also make from these lines")), "choice", options=options)


def _saved_field(saved: Sequence[Saved]) -> FormField | None:
    options = tuple(
        Option(str(one.id), str(_("%(name)s (shared)", name=one.name)) if one.shared else one.name) for one in saved
    )
    return FormField("saved", str(_("Saved mapping")), "choice", options=options) if options else None


async def _part(draft: Draft, at: int, glimpse: Glimpse, ledger: Ledger) -> ImportPart:
    step = draft.mapping.steps[at]
    record_type = step_type(step)
    columns = {column.heading: column for column in step.columns}
    drawn = [
        await _drawn(f"{at}.{place}", heading, columns.get(heading), record_type, glimpse, ledger)
        for place, heading in enumerate(glimpse.headings)
    ]
    constants = await _drawn_constants(at, step, record_type)
    last = len(draft.mapping.steps) - 1
    prefix = f"steps.{at}."
    return ImportPart(
        label=str(record_type.plural),
        icon=record_type.icon,
        hidden=((f"record.{at}", step.record),),
        columns=tuple(drawn),
        constants=tuple(constants),
        constants_name=f"constants.{at}",
        more_constants=_more_constants(at, step, record_type),
        rules=tuple(_rules(at, step, record_type)),
        errors=tuple(str(p.message) for p in draft.problems if p.field.startswith(prefix)),
        warnings=tuple(_unfilled(step, record_type)),
        move=str(at),
        first=at == 0,
        last=at == last,
    )


def _unfilled(step: Step, record_type: RecordType) -> Iterable[str]:
    """What a new record can't do without, and nothing fills."""
    if step.new != "create" and step.existing != "create":
        return
    filled = {column.field for column in step.columns} | {key for key, value in step.constants.items() if value}
    for key in sorted(needed_to_create(record_type) - filled):
        label = record_type.fields[key].label
        yield str(_("Nothing fills “%(label)s”, without which no record is created.", label=label))


async def _drawn(
    place: str, heading: str, column: Column | None, record_type: RecordType, glimpse: Glimpse, ledger: Ledger
) -> ImportColumn:
    """A column, with the field it fills and everything that is to be said of the two."""
    samples = tuple(text[:60] for text in glimpse.samples(heading))
    chosen = FormField(
        f"field.{place}", str(_("Field")), "choice", column.field if column else "",
        options=_fields(record_type), placeholder=str(_("Not imported")),
    )  # fmt: skip
    if column is None or column.field not in record_type.fields:
        return ImportColumn(heading, samples, replace(chosen, value=""))
    field, own = record_type.fields[column.field], f"{place}.{column.field}"
    reading = read_sample(glimpse, column, record_type)
    words, whole = await words_of(glimpse, column, record_type, ledger)
    asked = [word for word in words if word.known is False or _meaning(column, word)]
    return ImportColumn(
        heading,
        samples,
        chosen,
        further=tuple(_further(own, column, field)),
        becomes=str(_("“%(said)s” is read as “%(value)s”", said=reading.said[:60], value=reading.becomes[:60]))
        if reading and reading.becomes and reading.becomes != reading.said
        else "",
        wrong=str(reading.problem.message) if reading and reading.problem and not words else "",
        words=tuple(_word(own, number, word, column, field) for number, word in enumerate(asked[:_MOST_WORDS_ASKED])),
        words_label=_words_label(column, words, whole=whole),
        words_open=any(word.known is False for word in words) and column.missing == "refuse",
        known=_known_words(words),
    )


def _fields(record_type: RecordType) -> tuple[Option, ...]:
    """The fields a column may fill; those a new record needs are marked."""
    needed = needed_to_create(record_type)
    options = [
        Option(key, f"{field.label} *" if key in needed else str(field.label))
        for key, field in fields_to_fill(record_type).items()
    ]
    return (Option(BY_ID, str(record_type.fields[BY_ID].label)), *options)


def _further(own: str, column: Column, field: Field) -> Iterable[FormField]:
    """How days and numbers are written; by what a record that is referred to is known, and what if it isn't."""
    styles = (
        _DAYS if field.kind in ("date", "datetime") else _DECIMALS if field.kind in ("number", "money", "year") else ()
    )
    if styles and field.key != BY_ID:
        yield _choice(f"style.{own}", _("Written as"), {key: _STYLES[key] for key in styles}, column.style or styles[0])
    if field.target is not None:
        names = _names_of(field)
        if len(names) > 1:
            yield _choice(f"by.{own}", _("Known by"), names, column.by)
        choices = {key: label for key, label in _MISSING.items() if key != "create" or _may_be_made(field)}
        yield _choice(f"missing.{own}", _("If there is none"), choices, column.missing)


def _choice(name: str, label: Text, choices: Mapping[str, Text | str], value: str) -> FormField:
    options = tuple(Option(key, str(words)) for key, words in choices.items())
    return FormField(name, str(label), "choice", value, required="" not in choices, options=options)


def _other(field: Field) -> RecordType:
    assert field.target is not None
    return current_snapshot().records[field.target._meta.tablename]


def _names_of(field: Field) -> dict[str, Text | str]:
    """What may stand in a cell that names another record; "" for its title."""
    if field.target is None:
        return {}
    other = _other(field)
    title = other.title._meta.name
    keys = {key: f.label for key, f in keys_of(other).items() if f.kind in _NAMED_BY and key not in (title, BY_ID)}
    return {"": other.fields[title].label, **keys}


def _may_be_made(field: Field) -> bool:
    """Whether a name is enough for a record of the other type, and this person may create one."""
    other, who = _other(field), current()
    title = other.fields[other.title._meta.name]
    may_be_named = title.kind == "text" and writable(other, title, who)
    return may_be_named and may(who, other, "create") and needed_to_create(other) <= {title.key}


# ------------------------------------------------------------------ values for values


def _meaning(column: Column, word: Word) -> str:
    return column.values.get(word.text, "")


def _word(own: str, number: int, word: Word, column: Column, field: Field) -> ImportWord:
    name, meant = f"meant.{own}.{number}", _meaning(column, word)
    label = str(_("What “%(word)s” means", word=word.text[:60]))
    control: Callable[..., FormField] = _WORDED.get(field.kind, _any_text)
    drawn = (
        _looked_up(name, label, field, meant)
        if field.target is not None and not column.by
        else control(name, label, field, meant)
    )
    times = str(_("× %(count)s", count=number_text(word.times)))
    return ImportWord(word.text, f"said.{own}", times, drawn)


def _looked_up(name: str, label: str, field: Field, meant: str) -> FormField:
    options = (Option(f"{_TITLE}{meant}", meant),) if meant else ()
    return FormField(
        name, label, "lookup", f"{_TITLE}{meant}" if meant else "", options=options, lookup_url=lookup_url(field)
    )


def _any_text(name: str, label: str, _field: Field, meant: str) -> FormField:
    return FormField(name, label, value=meant, max_length=200)


def _one_choice(name: str, label: str, field: Field, meant: str) -> FormField:
    options = tuple(Option(o.key, str(o.label or o.key)) for o in field.options)
    return FormField(name, label, "choice", meant, options=options, placeholder=str(_("Unknown")))


def _yes_or_no(name: str, label: str, _field: Field, meant: str) -> FormField:
    options = (Option("true", str(_("Yes"))), Option("false", str(_("No"))))
    return FormField(name, label, "choice", meant, options=options, placeholder=str(_("Unknown")))


_WORDED: Mapping[str, Callable[..., FormField]] = {
    "choice": _one_choice,
    "state": _one_choice,
    "yes_no": _yes_or_no,
}


def _words_label(column: Column, words: Sequence[Word], *, whole: bool) -> str:
    """How many of the values are known."""
    if not words:
        return ""
    if any(word.known is None for word in words):
        return str(_("Which of them are known, the trial tells."))
    unknown = sum(word.known is False for word in words)
    counted = number_text(len(words)) if whole else f"{number_text(len(words))}+"
    if unknown:
        return str(_("%(unknown)s of %(count)s values are unknown", unknown=number_text(unknown), count=counted))
    return str(_("All %(count)s values are known", count=counted))


def _known_words(words: Sequence[Word]) -> str:
    return str(_(", ")).join(word.text[:40] for word in words[:_MOST_WORDS_ASKED] if word.known)


# ------------------------------------------------------------------ fixed values, and the rules of a step


async def _drawn_constants(at: int, step: Step, record_type: RecordType) -> list[ImportConstant]:
    known = fields_to_fill(record_type)
    fields = [known[key] for key in step.constants if key in known]
    typed = Typed({key: _as_typed(value) for key, value in step.constants.items()})
    titles = await chosen_titles(fields, typed.values)
    drawn = [form_field(record_type, field, typed, titles, required=False, readonly=False) for field in fields]
    return [
        ImportConstant(
            replace(one, name=f"constant.{at}.{one.name}", wide=False, check_url=""), f"drop {at} {one.name}"
        )
        for one in drawn
    ]


def _as_typed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else "" if value is None else str(value)


def _more_constants(at: int, step: Step, record_type: RecordType) -> FormField:
    filled = {*step.constants, *(column.field for column in step.columns)}
    options = tuple(Option(k, str(f.label)) for k, f in fields_to_fill(record_type).items() if k not in filled)
    return FormField(f"more.{at}", str(_("Give every record a fixed value of")), "choice", options=options)


def _rules(at: int, step: Step, record_type: RecordType) -> Iterable[FormField]:
    """By what records are known that are there already, and what happens with them and with new ones."""
    mapped = {column.field for column in step.columns}
    keys = {key: field.label for key, field in keys_of(record_type).items() if key in mapped}
    yield FormField(
        f"match.{at}",
        str(_("A record is there already if these are the same")),
        "multi_choice",
        values=tuple(step.match),
        options=tuple(Option(key, str(label)) for key, label in keys.items()),
        help=str(_("Nothing ticked: every line makes a new record.")),
        wide=True,
    )
    yield _choice(f"existing.{at}", _("One that is there already"), _EXISTING, step.existing)
    yield _choice(f"new.{at}", _("One that isn't there yet"), _NEW, step.new)
    yield FormField(
        f"clear.{at}", str(_("Empty cells empty the field")), "yes_no", "1" if step.clear else "", wide=True
    )


def another_step(draft: Draft, suggested: Step) -> Draft:
    """One more record type made of the same lines, behind the others."""
    return replace(draft, mapping=FieldMapping(steps=[*draft.mapping.steps, suggested]))
