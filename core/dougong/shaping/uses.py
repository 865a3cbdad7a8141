"""What goes by a field the company added: looked at before it is switched off, and what keeps it from being so (COR-M11)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from dougong.errors import Invalid, Refused
from dougong.i18n import Text, _
from dougong.plugin.uses import records_holding
from dougong.records.definitions import Definition
from dougong.records.expressions import compile_expression
from dougong.records.fields import Field
from dougong.records.shapes import Place
from dougong.records.types import RecordType
from dougong.records.views import views_naming

__all__ = ["Condition", "FieldUses", "category_words", "check_unread", "readers_words", "uses_of_field"]


@dataclass(frozen=True)
class Condition:
    """On which a field is there, in the template of a main category ("" for all others)."""

    field: Field
    category: str


@dataclass(frozen=True)
class FieldUses:
    """What goes by a field: how many records hold a value, by the main category whose template uses it; the fields worked
    out from it, and those there only by what it says; how many views of the list ask for it, and which of them everybody
    has; whether it gives new records their numbers."""

    held: int
    templates: Mapping[str, int]
    formulas: Sequence[Field]
    conditions: Sequence[Condition]
    views: int
    shared_views: Sequence[str]
    numbers: bool


async def uses_of_field(record_type: RecordType, one: Definition) -> FieldUses:
    """For whoever shapes records, be the field on or off."""
    held, views = await records_holding(record_type, one.key), await views_naming(record_type, one.key)
    shape = record_type.shape
    templates = {c: 0 for c in shape.categories if one.key in shape.form(c).fields}
    for category, count in held.items():
        known = category if category in shape.categories else ""
        if known in templates:
            templates[known] += count
    return FieldUses(
        sum(held.values()),
        templates,
        [*_formulas(record_type, one.key)],
        [*_conditions(record_type, one.key)],
        len(views),
        [view.name for view in views if view.shared],
        one.kind == "serial" and one.active,
    )


def check_unread(record_type: RecordType, one: Definition) -> None:
    """Refused, naming them, while formulas or conditions read a field: without it they could be worked out no more."""
    formulas, conditions = [*_formulas(record_type, one.key)], [*_conditions(record_type, one.key)]
    if named := [*readers_words(record_type, formulas, conditions)]:
        text = _("“%(name)s” is read by: %(what)s. Change these first.")
        raise Refused(text, name=one.words, what=str(_(", ")).join(named))


def readers_words(record_type: RecordType, formulas: Iterable[Field], conditions: Iterable[Condition]) -> Iterator[str]:
    """What reads a field, each by its name."""
    yield from (str(_("the formula “%(field)s”", field=field.label)) for field in formulas)
    for each in conditions:
        text = _("the condition of “%(field)s” in the template “%(template)s”")
        yield str(text % {"field": each.field.label, "template": category_words(record_type, each.category)})


def category_words(record_type: RecordType, category: str) -> Text | str:
    """What the template of a main category is called."""
    column = record_type.category
    options = record_type.fields[column._meta.name].every_option if column is not None and category else ()
    return next((o.label or o.key for o in options if o.key == category), _("All others") if column else _("Template"))


def _formulas(record_type: RecordType, key: str) -> Iterator[Field]:
    shape = record_type.shape
    yield from (shape.fields[k] for k, formula in shape.formulas.items() if key in formula.fields and k != key)


def _conditions(record_type: RecordType, key: str) -> Iterator[Condition]:
    shape = record_type.shape
    for category in shape.categories:
        for place in shape.layout(category).places.values():
            if place.key in shape.fields and key in _read_by(record_type, place):
                yield Condition(shape.fields[place.key], category)


def _read_by(record_type: RecordType, place: Place) -> tuple[str, ...]:
    """The fields a condition goes by; none of one that can't be read any more."""
    with suppress(Invalid):
        return compile_expression(place.when, record_type, wants="yes_no").fields if place.when else ()
    return ()
