"""The shape of a record type in this company: its declared fields and the added ones, laid out by templates.

A plugin declares the fields and ships a template per main category. The company adds fields and edits the templates.
What comes out of both is worked out once per snapshot, and is what forms, lists, API and desk go by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from dougong.errors import Invalid
from dougong.i18n import Text, _
from dougong.records.definitions import Definition, is_added
from dougong.records.fields import Field
from dougong.records.kinds import WrongValue

if TYPE_CHECKING:
    from dougong.records.expressions import Expression
    from dougong.records.types import RecordType, Template

__all__ = ["Form", "Group", "Layout", "Place", "Shape", "shape_of", "shapes_from"]

NUMBER = "number"
COMMON = ("owner", "department", "number", "created", "updated")
"""What every record carries stands in a group of its own, after all others."""


@dataclass(frozen=True)
class Place:
    """One field in a template. `label` is "" where it keeps its own name, `when` an expression or ""; `default` as the
    API would take it; `rule` is what gives new records their number in this field, "" for none."""

    key: str
    on: bool = True
    required: bool = False
    readonly: bool = False
    label: str = ""
    default: Any = None
    when: str = ""
    rule: str = ""


@dataclass(frozen=True)
class Group:
    """Fields that stand together under a heading; "" for the first, which needs none."""

    label: Text | str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Layout:
    """A template: every field of the type once, in order, also those that are not used."""

    groups: tuple[Group, ...]

    @cached_property
    def places(self) -> Mapping[str, Place]:
        return {place.key: place for group in self.groups for place in group.places}

    def using(self, key: str, on: bool) -> Layout:
        """The same with one field used or not."""
        groups = (
            replace(g, places=tuple(replace(p, on=on) if p.key == key else p for p in g.places)) for g in self.groups
        )
        return Layout(tuple(groups))

    def completed(self, shipped: Layout) -> Layout:
        """With fields that came since it was edited where the shipped one has them, without those that went."""
        known = shipped.places
        groups = [replace(g, places=tuple(p for p in g.places if p.key in known)) for g in self.groups]
        before: list[Text | str] = []
        for group in shipped.groups:
            new = tuple(place for place in group.places if place.key not in self.places)
            at = next((i for i, g in enumerate(groups) if g.label == group.label), None)
            if new and at is not None:
                groups[at] = replace(groups[at], places=(*groups[at].places, *new))
            elif new:  # its heading is gone: it comes back behind what stands before it as shipped
                behind = [i for i, g in enumerate(groups) if g.label in before]
                groups.insert(max(behind, default=-1) + 1, Group(group.label, new))
            before.append(group.label)
        return Layout(tuple(groups))


@dataclass(frozen=True)
class Form:
    """A template ready to be used: its groups hold the fields that are on, each with the name it has here."""

    layout: Layout
    groups: tuple[tuple[Text | str, tuple[Field, ...]], ...]
    required: frozenset[str]
    readonly: frozenset[str]
    off: frozenset[str]
    defaults: Mapping[str, Any]
    conditions: Mapping[str, Expression]
    """The fields that are only there for records of which this is so."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """The fields that get a number when a record is made, each with its rule."""

    def hidden_for(self, values: Mapping[str, Any]) -> frozenset[str]:
        """The fields that aren't there for a record with these stored values."""
        return frozenset(k for k, condition in self.conditions.items() if condition(values) is not True)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """The fields that are on, in order."""
        return {f.key: f for _label, fields in self.groups for f in fields}


@dataclass(frozen=True, eq=False)
class Shape:
    """One record type as it is now. `layouts` holds the company's templates by main category, "" for all others."""

    record_type: RecordType
    definitions: Sequence[Definition] = ()
    layouts: Mapping[str, Layout] = field(default_factory=dict)
    _forms: dict[str, Form] = field(default_factory=dict)

    @cached_property
    def fields(self) -> Mapping[str, Field]:
        """Every field by key: the declared ones, the added ones that are on, and what every record carries."""
        declared = self.record_type.declared
        own = {k: f for k, f in declared.items() if k not in self.record_type.common}
        common = {k: f for k, f in declared.items() if k in self.record_type.common}
        return {**own, **self._added, **common}

    @cached_property
    def every(self) -> Mapping[str, Field]:
        """The fields, with the added ones that are switched off: what a record holds, whoever sees it."""
        return {**self._all_added, **self.fields}

    @cached_property
    def _added(self) -> Mapping[str, Field]:
        return {key: field for key, field in self._all_added.items() if key not in self.switched_off}

    @cached_property
    def _all_added(self) -> Mapping[str, Field]:
        columns = {c._meta.name: c for c in self.record_type.table._meta.columns}
        return {
            d.key: Field(
                key=d.key,
                column=columns[d.key],
                kind=d.shown_as,
                label=d.words,
                managed=d.kind in ("serial", "formula", "file"),
                help=d.help or None,
            )
            for d in self.definitions
            if d.key in columns
        }

    @cached_property
    def formulas(self) -> Mapping[str, Expression]:
        """What is worked out from other fields, those another one reads before it. Clock and reader play no part."""
        from dougong.records.expressions import compile_expression  # as in _conditions

        found: dict[str, Expression] = {}
        for one in self.definitions:
            if one.kind == "formula" and one.key in self.fields:
                with suppress(Invalid):
                    text = str(one.details["formula"])
                    found[one.key] = compile_expression(text, self.record_type, wants=self.fields[one.key])
        order = TopologicalSorter({key: set(formula.fields) & found.keys() for key, formula in found.items()})
        try:
            return {key: found[key] for key in order.static_order()}
        except CycleError:  # none can be defined; should one stand in the database, nothing is worked out
            return {}

    @cached_property
    def telling(self) -> Mapping[str, frozenset[str]]:
        """The fields that tell of others, being worked out from them or there only by what they say, each with all these."""
        found = {key: set(formula.fields) for key, formula in self.formulas.items()}
        for form in map(self.form, self.categories):
            for key, condition in form.conditions.items():
                found.setdefault(key, set()).update(condition.fields)
        grown = True
        while grown:
            further = {key: set().union(*(found.get(k, ()) for k in read)) - read for key, read in found.items()}
            grown = any(further.values())
            for key, more in further.items():
                found[key] |= more
        return {key: frozenset(read - {key}) for key, read in found.items()}

    @cached_property
    def _rules(self) -> Mapping[str, str]:
        """Of the added fields those that hold numbers, in every template by the same rule."""
        return {d.key: str(d.details["rule"]) for d in self.definitions if d.kind == "serial" and d.key in self.fields}

    @cached_property
    def numbered(self) -> frozenset[str]:
        """The declared fields that a template may give a rule: the record's own number, which nobody types."""
        return frozenset({NUMBER} & self.record_type.declared.keys())

    def calculate(self, values: dict[str, Any]) -> None:
        """Work the formulas of a record out from its other stored values, where they are."""
        for key, formula in self.formulas.items():
            value = formula(values)
            values[key] = self.fields[key].empty if value is None else value

    @cached_property
    def switched_off(self) -> frozenset[str]:
        """The added fields nobody sees for now; their values stay."""
        return frozenset(d.key for d in self.definitions if not d.active)

    @cached_property
    def used(self) -> frozenset[str]:
        """The fields that are on in at least one template."""
        return frozenset().union(*(self.form(c).fields for c in self.categories)) | _beside(self.record_type)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        """The main categories that have a template of their own, and "" for all others."""
        return tuple(dict.fromkeys(["", *self.record_type.templates, *self.layouts]))

    @cached_property
    def entered(self) -> Mapping[str, Field]:
        """The fields people fill in, in one category or another."""
        return {k: f for k, f in self.fields.items() if not f.managed and k in self.used}

    @cached_property
    def locked(self) -> frozenset[str]:
        """What can't be switched off or left empty in any template: without it there is no record."""
        kind = self.record_type
        category = {kind.category._meta.name} if kind.category is not None else set[str]()
        return frozenset({kind.title._meta.name, *kind.references_needed, *category}) & frozenset(self.fields)

    def locked_in(self, category: str) -> frozenset[str]:
        """The same, with what the shipped template of this category asks for."""
        shipped = self.record_type.templates.get(category, self.record_type.template)
        return self.locked | {c._meta.name for c in shipped.required}

    def category_of(self, values: Mapping[str, Any]) -> str:
        """The main category these values belong to, "" where it has no template of its own."""
        column = self.record_type.category
        chosen = values.get(column._meta.name) if column is not None else None
        return chosen if isinstance(chosen, str) and chosen in self.categories else ""

    def form(self, category: str) -> Form:
        """The template of a main category, as the company has it."""
        if category not in self._forms:
            self._forms[category] = self._form(category)
        return self._forms[category]

    def _form(self, category: str) -> Form:
        layout = self.layout(category)
        locked = self.locked_in(category)
        places = layout.places
        on = {k for k, place in places.items() if place.on or k in locked}
        groups = tuple(
            (group.label or _("Basics"), tuple(self._placed(p) for p in group.places if p.key in on))
            for group in layout.groups
        )
        required = {k for k, p in places.items() if k in on and (p.required or k in locked)}
        return Form(
            layout=layout,
            groups=tuple((label, fields) for label, fields in groups if fields),
            required=frozenset(k for k in required if not self.fields[k].managed),
            readonly=frozenset(k for k, place in places.items() if place.readonly),
            off=frozenset(places.keys() - on),
            defaults=dict(self._defaults(places[k] for k in on)),
            conditions=dict(self._conditions(places[k] for k in on - locked)),
            rules={**self._rules, **{k: places[k].rule for k in self.numbered & places.keys() if places[k].rule}},
        )

    def _defaults(self, places: Iterable[Place]) -> Iterable[tuple[str, Any]]:
        """As they are stored. One that can't be read any more (its choice is gone) is none."""
        for place in places:
            if place.default is not None:
                with suppress(WrongValue):
                    known = self.fields[place.key]
                    yield place.key, known.type.read(place.default, known)

    def _conditions(self, places: Iterable[Place]) -> Iterable[tuple[str, Expression]]:
        """One that can't be read any more (a field in it is off) hides nothing."""
        from dougong.records.expressions import compile_expression  # it checks against record types, which need shapes

        for place in places:
            if place.when:
                with suppress(Invalid):
                    yield place.key, compile_expression(place.when, self.record_type, wants="yes_no")

    def _placed(self, place: Place) -> Field:
        known = self.fields[place.key]
        return replace(known, label=Text.load(place.label)) if place.label else known

    def layout(self, category: str) -> Layout:
        """Every field in its place: as the company put it, else as it is shipped."""
        shipped = self.shipped(category)
        kept = self.layouts.get(category)
        return kept.completed(shipped) if kept is not None else shipped

    def shipped(self, category: str) -> Layout:
        """The template as the plugin ships it, with the added fields behind what the plugin groups."""
        declared = self.record_type.templates.get(category, self.record_type.template)
        return Layout(tuple(_shipped_groups(declared, self.fields, _beside(self.record_type))))


def _beside(record_type: RecordType) -> frozenset[str]:
    """What is told of a record beside its form, in none of its groups."""
    active = record_type.active
    return frozenset({"id", "version", "state", *([active._meta.name] if active is not None else [])})


def _shipped_groups(declared: Template, fields: Mapping[str, Field], beside: frozenset[str]) -> Iterable[Group]:
    off, required = _keys(declared.off), _keys(declared.required)

    def group(label: Text | str, keys: Iterable[str]) -> Group:
        return Group(label, tuple(Place(k, k not in off, k in required) for k in keys if k in fields))

    named = [k for columns in declared.groups.values() for k in _keys(columns)]
    common = [k for k in COMMON if k in fields and k not in named]
    added = [k for k in fields if is_added(k)]
    apart = {*named, *common, *added, *beside}
    yield group("", (k for k in fields if k not in apart))
    for label, columns in declared.groups.items():
        yield group(label, _keys(columns))
    yield group(_("More"), added)
    yield group(_("Record"), common)


def _keys(columns: Iterable[Any]) -> tuple[str, ...]:
    return tuple(c._meta.name for c in columns)


# Set by the part that keeps what the company changed; until then a record type is as declared.
_source: Callable[[RecordType], Shape] = Shape


def shapes_from(source: Callable[[RecordType], Shape]) -> None:
    """Say where the present shape of a record type comes from."""
    global _source
    _source = source


def shape_of(record_type: RecordType) -> Shape:
    """The shape of a record type in the snapshot that is worked on."""
    return _source(record_type)
