"""A template while it is laid out: the texts that stand in the designer, read from what its form sends and moved about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from dougong.errors import Invalid, Problem
from dougong.i18n import Text, _
from dougong.records.expressions import compile_expression, render
from dougong.records.fields import Field
from dougong.records.kinds import WrongValue
from dougong.records.shapes import Group, Layout, Place
from dougong.records.types import RecordType
from dougong.shaping.headings import with_known_headings
from dougong.web.addresses import version_in

__all__ = ["Draft", "as_drawn", "as_kept", "moved", "sent_draft", "with_new_group"]

Sent = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Draft:
    """What stands in the designer. Defaults and conditions are as people write them, `version` is what it is based on."""

    layout: Layout
    version: int
    problems: Sequence[Problem] = field(default_factory=tuple)

    def errors(self, key: str) -> tuple[str, ...]:
        return tuple(str(p.message) for p in self.problems if p.field == key)

    def errors_besides(self, keys: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(p.message) for p in self.problems if p.field not in keys)


# ------------------------------------------------------------------ from what is kept, and back


def as_drawn(record_type: RecordType, layout: Layout) -> Layout:
    """A kept template in the words people read; headings nothing stands under are left out."""
    groups = (Group(g.label, tuple(_drawn(record_type, p) for p in g.places)) for g in layout.groups if g.places)
    return Layout(tuple(groups))


def _drawn(record_type: RecordType, place: Place) -> Place:
    known = record_type.fields[place.key]
    return replace(
        place,
        label=str(Text.load(place.label)),
        default=_written(known, place.default),
        when=_in_words(record_type, place.when),
    )


def _written(known: Field, default: Any) -> Any:
    """A default as its control shows it; several choices stay a list of keys."""
    if default is None or isinstance(default, list):
        return default
    try:
        return known.type.write(known.type.read(default, known), known)
    except WrongValue:  # its choice is gone: shown as it stands, and refused until it is mended
        return str(default)


def _in_words(record_type: RecordType, when: str) -> str:
    if when:
        with suppress(Invalid):  # a field in it is off: shown as it stands
            return render(compile_expression(when, record_type, wants="yes_no"), record_type)
    return when


def as_kept(record_type: RecordType, layout: Layout) -> Layout:
    """What was laid out as it is saved: defaults as the API takes them, and no heading without fields."""
    groups = (Group(g.label, tuple(_kept(record_type, p) for p in g.places)) for g in layout.groups if g.places)
    return Layout(tuple(groups))


def _kept(record_type: RecordType, place: Place) -> Place:
    known = record_type.fields[place.key]
    if place.default is None:
        return place
    try:
        return replace(place, default=known.type.send(known.type.read(place.default, known), known))
    except WrongValue:  # the template says what is wrong with it
        return place


# ------------------------------------------------------------------ from the form


def sent_draft(record_type: RecordType, shipped: Layout, sent: Sent) -> Draft:
    """What the designer sent: its rows in their order. Fields it doesn't name go where they are shipped.

    A heading that reads like a shipped one is that, and stays translated.
    """
    form: dict[str, list[str]] = {}
    for name, value in sent:
        form.setdefault(name, []).append(value)
    labels, left = iter(form.get("group", ())), set(shipped.places)
    groups: list[tuple[str, list[Place]]] = []
    for row in form.get("row", ()):
        kind, _colon, key = row.partition(":")
        if kind == "group" or not groups:
            groups.append((next(labels, "") if kind == "group" else "", []))
        if kind == "field" and key in left:
            left.remove(key)
            groups[-1][1].append(_sent_place(record_type.fields[key], form))
    layout = Layout(tuple(Group(label, tuple(places)) for label, places in groups)) if groups else shipped
    return Draft(with_known_headings(record_type, layout).completed(shipped), version_in(form.get("version", ("",))[0]))


def _sent_place(known: Field, form: Mapping[str, Sequence[str]]) -> Place:
    key = known.key
    chosen = [value for value in form.get(f"default.{key}", ()) if value]
    return Place(
        key,
        on=key in form.get("on", ()),
        required=key in form.get("required", ()),
        readonly=key in form.get("readonly", ()),
        label=form.get(f"label.{key}", ("",))[-1],
        default=(chosen if known.kind == "choices" else chosen[-1]) if chosen else None,
        when=form.get(f"when.{key}", ("",))[-1],
        rule=form.get(f"rule.{key}", ("",))[-1],
    )


# ------------------------------------------------------------------ moved about


def moved(layout: Layout, what: str) -> Layout:
    """ "up field:name", "down group:2": one step. What stands at the end already stays there."""
    way, _space, thing = what.partition(" ")
    kind, _colon, name = thing.partition(":")
    step = {"up": -1, "down": 1}.get(way, 0)
    if kind == "group":
        return Layout(tuple(_swapped(layout.groups, int(name), step) if name.isdecimal() else layout.groups))
    return _field_moved(layout, name, step) if name in layout.places else layout


def _swapped(items: Sequence[Any], at: int, step: int) -> Sequence[Any]:
    to = at + step
    if not (0 <= at < len(items) and 0 <= to < len(items)):
        return items
    changed = list(items)
    changed[at], changed[to] = changed[to], changed[at]
    return changed


def _field_moved(layout: Layout, key: str, step: int) -> Layout:
    """Within its group; from the first and last place of it into the group beside."""
    groups = [list(group.places) for group in layout.groups]
    at, place = next((g, n) for g, places in enumerate(groups) for n, p in enumerate(places) if p.key == key)
    if 0 <= place + step < len(groups[at]):
        groups[at] = list(_swapped(groups[at], place, step))
    elif step and 0 <= at + step < len(groups):
        moving = groups[at].pop(place)
        groups[at + step].insert(len(groups[at + step]) if step < 0 else 0, moving)
    return Layout(tuple(replace(g, places=tuple(places)) for g, places in zip(layout.groups, groups, strict=True)))


def with_new_group(layout: Layout) -> Layout:
    """One more group at the end, with a name no other has."""
    name = next(name for name in _names() if name not in {str(group.label) for group in layout.groups})
    return Layout((*layout.groups, Group(name, ())))


def _names() -> Iterator[str]:
    number = 1
    while True:
        yield str(_("New heading")) if number == 1 else str(_("New heading %(number)s", number=number))
        number += 1
