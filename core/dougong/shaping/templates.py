"""The templates of a company: per record type and main category, which fields are used and how the form is laid out."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dougong.access.principal import acting_as, current, system
from dougong.access.rights import need
from dougong.db import transaction
from dougong.errors import Invalid, NotFound, Problem, Stale
from dougong.i18n import Text, _
from dougong.plugin.epoch import raise_epoch
from dougong.plugin.snapshot import pinned, served_snapshot
from dougong.records.expressions import compile_expression
from dougong.records.kinds import WrongValue
from dougong.records.numbering import checked_rule
from dougong.records.shapes import Group, Layout, Place, Shape
from dougong.records.templates import TemplateVersion, dump_layout
from dougong.records.types import RecordType
from dougong.shaping.fields import MANAGE, follow

__all__ = ["Template", "reset_template", "save_template", "template", "use_only_in"]

LONGEST_LABEL = 60
MOST_GROUPS = 40
_WHY = "keep the company's templates"
_ONLY = frozenset({"core_template"})


@dataclass(frozen=True)
class Template:
    """A template as it is now. `version` is 0 while it was never changed; `shipped` whether it is the plugin's own."""

    layout: Layout
    locked: frozenset[str]
    version: int
    shipped: bool


async def template(record_type: RecordType, category: str = "") -> Template:
    """The template of a main category, "" for all that have none of their own. NotFound for a category there isn't."""
    need(MANAGE)
    shape = record_type.shape
    _known(record_type, category)
    last = await _last(record_type, category)
    return Template(
        shape.layout(category), shape.locked_in(category), last["version"] if last else 0, category not in shape.layouts
    )


async def save_template(record_type: RecordType, category: str, layout: Layout, *, version: int) -> Template:
    """Lay a template out anew; `version` is the one it is based on. Fields left out go where they are shipped.

    Locked fields stay on and required. Raises Invalid naming "group.field" for what can't be, Stale when somebody else
    saved meanwhile. Source: A1-39, A1-52.
    """
    need(MANAGE)
    _known(record_type, category)
    checked = _Checked(record_type.shape, category).layout(layout)
    async with transaction(reason=_("Template changed")):
        epoch = await raise_epoch()  # first: whoever else shapes records waits
        await _write(record_type, category, dump_layout(checked), version)
    await follow(epoch)
    with pinned(served_snapshot()):  # the one work began on has the former template
        return await template(record_type, category)


async def reset_template(record_type: RecordType, category: str, *, version: int) -> Template:
    """Back to the template as it is shipped. Source: A13-06."""
    need(MANAGE)
    _known(record_type, category)
    async with transaction(reason=_("Template reset")):
        epoch = await raise_epoch()
        await _write(record_type, category, "", version)
    await follow(epoch)
    with pinned(served_snapshot()):  # the one work began on has the former template
        return await template(record_type, category)


async def use_only_in(record_type: RecordType, key: str, category: str) -> None:
    """Use a field in the template of one main category and in no other; it gets one of its own where it has none."""
    need(MANAGE)
    _known(record_type, category)
    async with transaction(reason=_("Template changed")):
        epoch = await raise_epoch()
        with pinned(served_snapshot()):  # the one work began on may not have the field yet
            shape = record_type.shape
            for each in dict.fromkeys([*shape.categories, category]):
                layout = shape.layout(each if each in shape.categories else "").using(key, each == category)
                last = await _last(record_type, each)
                await _write(record_type, each, dump_layout(layout), last["version"] if last else 0)
    await follow(epoch)


def _known(record_type: RecordType, category: str) -> None:
    column = record_type.category
    options = record_type.fields[column._meta.name].every_option if column is not None else ()
    if category and category not in {o.key for o in options}:
        raise NotFound


async def _last(record_type: RecordType, category: str) -> Mapping[str, int] | None:
    mine = (TemplateVersion.record == record_type.key) & (TemplateVersion.category == category)
    with acting_as(system(_WHY, _ONLY)):
        return (
            await TemplateVersion.select(TemplateVersion.id, TemplateVersion.version)
            .where(mine)
            .order_by(TemplateVersion.version, ascending=False)
            .first()
        )


async def _write(record_type: RecordType, category: str, layout: str, based_on: int) -> None:
    last = await _last(record_type, category)
    now = last["version"] if last else 0
    if now != based_on:
        raise Stale(now=now, yours=based_on)
    row = TemplateVersion(
        record=record_type.key,
        category=category,
        version=now + 1,
        layout=layout,
        at=dt.datetime.now(dt.UTC),
        by_user=current().user,
    )
    with acting_as(system(_WHY, _ONLY)):
        if last:
            await TemplateVersion.update({TemplateVersion.current: False}).where(TemplateVersion.id == last["id"])
        await TemplateVersion.insert(row)


class _Checked:
    """A layout somebody drew, made whole, or refused with everything that is wrong in it."""

    def __init__(self, shape: Shape, category: str) -> None:
        self.shape = shape
        self.locked = shape.locked_in(category)
        self.shipped = shape.shipped(category)
        self.problems: list[Problem] = []

    def layout(self, given: Layout) -> Layout:
        self._each_once(place for group in given.groups for place in group.places)
        self._headings(given)
        groups = tuple(Group(g.label, tuple(self._place(p) for p in g.places)) for g in given.groups)
        self._names(groups)
        if self.problems:
            raise Invalid(*self.problems)
        return Layout(groups).completed(self.shipped)

    def _each_once(self, places: Iterable[Place]) -> None:
        counts = Counter(place.key for place in places)
        known = self.shipped.places
        for key, count in counts.items():
            if key not in known:
                self._problem(key, _("There is no field “%(field)s” here.", field=key), key, "unknown")
            elif count > 1:
                self._problem(key, _("A field stands in one place only."), key, "unique")

    def _headings(self, given: Layout) -> None:
        labels = [str(group.label).strip() for group in given.groups]
        if len(labels) > MOST_GROUPS:
            self._problem("groups", _("At most %(most)s groups.", most=MOST_GROUPS), len(labels), "length")
        for label, count in Counter(labels).items():
            if len(label) > LONGEST_LABEL or "\x00" in label:
                self._problem("groups", _("At most %(most)s characters.", most=LONGEST_LABEL), label, "length")
            if count > 1:
                self._problem("groups", _("Two groups have the same name."), label, "unique")

    def _place(self, place: Place) -> Place:
        known = self.shape.fields.get(place.key)
        if known is None or place.key not in self.shipped.places:
            return place
        is_locked = place.key in self.locked
        place = replace(
            place,
            on=place.on or is_locked,
            required=(place.required or is_locked) and not known.managed,
            label="" if place.label.strip() == str(known.label) else place.label.strip(),
            when="" if is_locked else place.when.strip(),
        )
        if len(place.label) > LONGEST_LABEL or "\x00" in place.label:
            self._problem(place.key, _("At most %(most)s characters.", most=LONGEST_LABEL), place.label, "length")
        if place.default is not None:
            try:
                known.type.read(place.default, known)
            except WrongValue as wrong:
                self._problem(place.key, wrong.message, place.default, wrong.rule)
        if place.required and place.readonly and place.default is None:
            text = _("What nobody may fill in can't be required.")
            self._problem(place.key, text, place.key, "required")
        return self._with_condition(self._with_rule(place))

    def _with_rule(self, place: Place) -> Place:
        if not place.rule.strip():
            return replace(place, rule="")
        if place.key not in self.shape.numbered:
            self._problem(place.key, _("This field holds no numbers given by rule."), place.rule, "kind")
            return place
        try:
            return replace(place, rule=checked_rule(place.rule))
        except Invalid as err:
            self.problems += [Problem(place.key, p.message, p.value, p.rule) for p in err.problems]
            return place

    def _with_condition(self, place: Place) -> Place:
        if not place.when:
            return place
        try:
            condition = compile_expression(place.when, self.shape.record_type, wants="yes_no")
        except Invalid as err:
            self.problems += [Problem(place.key, p.message, p.value, p.rule) for p in err.problems]
            return place
        if place.key in condition.fields:
            self._problem(place.key, _("Whether a field is shown can't depend on itself."), place.when, "expression")
        if condition.uses_me or condition.uses_clock:
            text = _("Whether a field is shown can't depend on who looks or when.")
            self._problem(place.key, text, place.when, "expression")
        return replace(place, when=condition.source)

    def _names(self, groups: Iterable[Group]) -> None:
        """Two fields of one form are told apart by their names."""
        shown = [p for group in groups for p in group.places if p.on and p.key in self.shape.fields]
        names = Counter(p.label or str(self.shape.fields[p.key].label) for p in shown)
        for place in shown:
            label = place.label or str(self.shape.fields[place.key].label)
            if names[label] > 1 and place.label:
                text = _("There is a field “%(label)s” already.", label=label)
                self._problem(place.key, text, label, "unique")

    def _problem(self, key: str, text: Text, value: object, rule: str) -> None:
        self.problems.append(Problem(key, text, value, rule))
