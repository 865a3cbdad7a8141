"""Why somebody may, or may not, do something with a record: the rule that decides, and who else gets in by which.

Asking about others is a declared opening: it knows their roles, groups and shares. It tells about records only that
whoever asks may see, and of what lies around them names nothing they may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from dougong.access.charter import Charter, read_charter
from dougong.access.explaining.circumstances import EXPLAIN, Facts, Person, read_facts, read_names
from dougong.access.explaining.fields import reasons_of_field
from dougong.access.explaining.reasons import Reason, Sources
from dougong.access.explaining.records import reasons_of, without_a_step
from dougong.access.explaining.verdicts import Verdict, ask_database, judge_reading
from dougong.access.openings import opened
from dougong.access.policies import barred_by_deactivation
from dougong.access.principal import Grant, Principal, acting_as, current
from dougong.access.rights import may_do, need
from dougong.access.services.principals import on_behalf, principal_of
from dougong.access.standing import Place, granted, read_places
from dougong.errors import Deactivated, Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.people.tables import User
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.actions import offered
from dougong.records.filters import visible_field
from dougong.records.pinyin import sort_key
from dougong.records.types import ACTIONS, Action, RecordType

__all__ = [
    "EXPLAIN",
    "OF_FIELDS",
    "Explanation",
    "Reader",
    "Readers",
    "Reason",
    "account_behind",
    "explain",
    "readers_of",
]

OF_FIELDS = ("read", "edit", "export")
"""What can be asked about one field of a record."""

PAGE = 50


@dataclass(frozen=True)
class Explanation:
    """The answer about one person, one record, one action and perhaps one field of it."""

    place: Place
    facts: Facts
    action: str
    field: str
    allowed: bool
    reasons: Sequence[Reason]


async def explain(
    record_type: RecordType, record_id: int, user: int, action: str = "read", field: str = ""
) -> Explanation:
    """Why an account may or may not do this with a record, or with one of its fields.

    NotFound unless the acting person may see the record, and where there is no such account; about others Forbidden
    without the right to ask. Invalid for actions and fields the record doesn't have.
    """
    asking = current()
    _check(record_type, action, field)
    is_off = record_type.key not in current_snapshot().records  # and perhaps never was on: it may have no table
    if not is_off:
        await desk.get(record_type.table, record_id)
    # what is said about oneself opens nothing: one's own roles, and what is shared with one
    oneself = acting_as(on_behalf("tell somebody why they may or may not"))
    with oneself if user == asking.user else opened(explain):
        facts = Facts(record_type, record_id) if is_off else await read_facts(record_type, record_id, asking)
        place = (await read_places(user)).get(user)
        if facts is None or place is None:
            raise NotFound
        person = Person.of(place, await read_charter())
        return await _Question(facts, action, field, Sources(person, await read_names(asking, facts))).answer()


def _check(record_type: RecordType, action: str, field: str) -> None:
    if action not in record_type.actions_allowed:
        raise Invalid(Problem("action", _("There is no such action on these records."), action, "choice"))
    known = field in record_type.fields if may_do(current(), EXPLAIN) else visible_field(record_type, field)
    if field and not known:
        raise Invalid(Problem("field", _("There is no field “%(field)s” here.", field=field), field, "unknown"))
    if field and action not in OF_FIELDS:
        raise Invalid(Problem("action", _("Fields are seen, changed or exported."), action, "choice"))


@dataclass(frozen=True)
class _Question:
    facts: Facts
    action: str
    field: str
    sources: Sources

    async def answer(self) -> Explanation:
        """One thing that can be in the way after the other: what keeps out is said alone, else all that lets in."""
        if shut := await self._nobody():
            return self._answered(False, [shut])
        who = await principal_of(self.sources.person.place.user)
        if self.facts.state is not None and (self.field, self.action) == ("state", "edit"):
            return await self._steps(who)
        allowed, reasons = await self._judged(self.action, who)
        if allowed and self.field:
            held = reasons_of_field(self.sources, self.facts, self.action, self.field, who)
            return self._answered(all(reason.opens for reason in held), [*reasons, *held])
        if allowed and (stuck := await self._stuck(who)):
            return self._answered(False, [stuck])
        return self._answered(allowed, reasons)

    def _answered(self, allowed: bool, reasons: Sequence[Reason]) -> Explanation:
        return Explanation(self.sources.person.place, self.facts, self.action, self.field, allowed, reasons)

    async def _judged(self, action: str, who: Principal) -> tuple[bool, list[Reason]]:
        verdict = await ask_database(self.facts, action, who)
        if verdict.allowed and self.facts.deactivated and barred_by_deactivation(action):
            return False, [Reason("deactivated", False, Deactivated.message)]
        return verdict.allowed, reasons_of(self.sources, self.facts, action, verdict)

    async def _nobody(self) -> Reason | None:
        """Why nobody at all, or not this account, can do anything."""
        records, place = self.facts.record_type, self.sources.person.place
        if records.key not in current_snapshot().records:
            text = _("The plugin of %(records)s is switched off: nobody sees them.", records=records.plural)
            return Reason("off", False, text)
        if place.open:
            return None
        if await User.exists().where((User.id == place.user) & (User.active == True)):  # noqa: E712 - a column's comparison
            return Reason("left", False, _("%(person)s no longer works here.", person=place.name))
        return Reason("closed", False, _("The account of %(person)s is closed.", person=place.name))

    async def _steps(self, who: Principal) -> Explanation:
        """The state is changed by the steps of the life cycle alone, each with its own right."""
        record_type, state = self.facts.record_type, self.facts.state or ""
        steps = record_type.lifecycle.moves_from(state) if record_type.lifecycle else ()
        found = []
        for step in steps:
            allowed, reasons = await self._judged(step.right, who)
            target = record_type.state_option(step.target).label
            text = _(
                "Step to “%(state)s”: it asks for “%(right)s”.",
                state=target,
                right=record_type.action_label(step.right),
            )
            found.append(Reason("step", allowed, text, because=reasons))
        if not found:
            label = record_type.state_option(state).label
            found = [Reason("state", False, _("From the state “%(state)s” no step leads on.", state=label))]
        possible = [reason for reason in found if reason.opens]
        if "state" in self.facts.hidden:
            text = _("“%(field)s” is changed by the steps of the life cycle.", field=record_type.fields["state"].label)
            return self._answered(bool(possible), [Reason("step", bool(possible), text)])
        return self._answered(bool(possible), possible or found)

    async def _stuck(self, who: Principal) -> Reason | None:
        """Why a right has nothing to act on now: the state of the record leaves no step for it."""
        record_type, right = self.facts.record_type, self.action
        steps = record_type.lifecycle.steps if record_type.lifecycle else ()
        states = [step.source for step in steps if step.right == right]
        verbs = [verb for verb in record_type.actions if verb.right == right]
        if right in ACTIONS or not (states or verbs) or self.facts.state in states:
            return None
        if verbs and await self._offered(verbs, who):
            return None
        return without_a_step(self.facts, right, states)

    async def _offered(self, verbs: Sequence[Action], who: Principal) -> bool:
        """Whether one of these can be done with the record as it is now; what the person can't see is left open."""
        table: Any = self.facts.record_type.table
        with acting_as(who):
            record = await table.objects().where(table.id == self.facts.id).first()
            return record is None or any(verb in verbs for verb in offered(self.facts.record_type, record))


async def account_behind(staff: int) -> int | None:
    """The account of a member of staff, to ask about them; Forbidden about others without the right to."""
    if current().staff != staff:
        need(EXPLAIN)
    with acting_as(on_behalf("find the account to explain the rights of")):
        row = await User.select(User.id).where(User.staff == staff).first()
    return row["id"] if row else None


# ------------------------------------------------------------------ everybody


@dataclass(frozen=True)
class Reader:
    """Somebody who can see a record, and why."""

    place: Place
    reasons: Sequence[Reason]


@dataclass(frozen=True)
class Readers:
    """One page of those who can see a record, by name; `more`: there is another page."""

    readers: Sequence[Reader]
    more: bool


async def readers_of(record_type: RecordType, record_id: int, page: int = 1) -> Readers:
    """Who can see a record: the accounts that can be signed in with, a page at a time, each with every way in.

    A handful of queries however many accounts there are. Like `explain` about others.
    """
    asking = current()
    await desk.get(record_type.table, record_id)
    with opened(readers_of):
        facts = await read_facts(record_type, record_id, asking)
        if facts is None:
            raise NotFound
        charter, places = await read_charter(), await read_places()
        names = await read_names(asking, facts)
    found = sorted(_readers(facts, charter, places.values()), key=lambda pair: sort_key(pair[0].place.name))
    start = (page - 1) * PAGE
    shown = [Reader(p.place, reasons_of(Sources(p, names), facts, "read", v)) for p, v in found[start : start + PAGE]]
    return Readers(shown, more=len(found) > start + PAGE)


def _readers(facts: Facts, charter: Charter, places: Iterable[Place]) -> Iterator[tuple[Person, Verdict]]:
    @cache
    def grants(roles: frozenset[int], groups: frozenset[int]) -> Mapping[tuple[str, str], Grant]:
        return granted(charter.roles_of(roles, groups))  # of the many with the same roles once

    for place in places:
        if place.open:
            person = Person(place, charter, grants(place.roles, place.groups))
            verdict = judge_reading(facts, person)
            if verdict.allowed:
                yield person, verdict
