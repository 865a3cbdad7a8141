"""Why a record is open to somebody, or shut."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dougong.access.charter import ADMIN, RoleTerms
from dougong.access.explaining.circumstances import Facts
from dougong.access.explaining.reasons import BY_DEPARTMENT, Reason, Sources, levels_for, listed, parent_words
from dougong.access.explaining.verdicts import Matched, Verdict
from dougong.access.policies import asked_of_parent, is_owners
from dougong.access.principal import Grant
from dougong.i18n import Text, _, date_text

__all__ = ["admins", "reasons_of", "without_a_step"]

Words = Mapping[str, Text | str]
_ABOVE_OPEN = {
    "read": _("It belongs to %(parent)s, which %(person)s may see."),
    "export": _("It belongs to %(parent)s, which %(person)s may export."),
    "edit": _("It belongs to %(parent)s, which %(person)s may edit."),
}
_ABOVE_SHUT = {
    "read": _("It belongs to %(parent)s, which %(person)s may not see."),
    "export": _("It belongs to %(parent)s, which %(person)s may not export."),
    "edit": _("It belongs to %(parent)s, which %(person)s may not edit."),
}


def reasons_of(sources: Sources, facts: Facts, action: str, verdict: Verdict) -> list[Reason]:
    """All the ways in; or, where there is none, what is in each way."""
    words: Words = {"person": sources.person.place.name, "records": facts.record_type.plural}
    kind = _Open if verdict.allowed else _Shut
    return [*kind(sources, facts, action, verdict, words).reasons()]


def admins(sources: Sources) -> Reason:
    text = _("%(person)s is an administrator and may do everything.", person=sources.person.place.name)
    return sources.reason("admin", text, opens=True, roles=[r for r in sources.person.roles if r.key == ADMIN])


def without_a_step(facts: Facts, right: str, states: Sequence[str]) -> Reason:
    """A right without anything to do in the state the record is in; `states` are those with a step for it."""
    record_type = facts.record_type
    action = record_type.action_label(right)
    if facts.state is None or not states or "state" in facts.hidden:
        return Reason("state", False, _("“%(action)s” can't be done with this record now.", action=action))
    state = record_type.state_option(facts.state).label
    possible = listed(record_type.state_option(key).label or key for key in dict.fromkeys(states))
    text = _("In the state “%(state)s” there is no step for “%(action)s”.", state=state, action=action)
    return Reason("state", False, text, [_("possible in: %(states)s", states=possible)])


@dataclass(frozen=True)
class _About:
    """One record, one action, and the verdict about them."""

    sources: Sources
    facts: Facts
    action: str
    verdict: Verdict
    words: Words

    @property
    def grant(self) -> Grant:
        return self.sources.grant(self.facts, self.action)

    def above(self, key: str) -> Sequence[Reason]:
        """The reasons of the record above, for whoever may see it."""
        parent = self.facts.parents[key]
        if parent is None or not parent.seen or key in self.facts.hidden:
            return ()
        return reasons_of(self.sources, parent, asked_of_parent(self.action), self.verdict.above[key])


class _Open(_About):
    """What lets in."""

    def reasons(self) -> Iterator[Reason]:
        for matched in self.verdict.openers:
            yield self._by_parent(matched.field) if matched.rule == "parent" else self._by(matched)
        if self.verdict.within is not None:
            text = _("Roles narrow down which %(records)s one reaches; this one is among them.", **self.words)
            because = [self._by(matched) for matched in self.verdict.within]
            yield self.sources.reason("narrowed", text, opens=True, because=because)

    def _by(self, matched: Matched) -> Reason:
        match matched.rule, matched.field:
            case "admin", _field:
                return admins(self.sources)
            case "everyone", _field:
                return self._reason("everyone", _("Everybody who signs in may see %(records)s."))
            case "owner", _field:
                return self._reason("owner", _("It belongs to %(person)s; owners may do this."))
            case "co-owner", _field:
                text = _("%(person)s owns it together with others; owners may do this.")
                return self._reason("co-owner", text, ["own"])
            case "own", "owner":
                text = _("It belongs to %(person)s, and a role reaches what is their own.")
                return self._granted("own", text)
            case "own", _field:
                text = _("%(person)s owns it together with others, and a role reaches what is their own.")
                return self._granted("own", text, ["own"])
            case "shared", _field:
                text = _("It is shared with %(person)s, and a role reaches what is shared.")
                return self._granted("shared", text, levels_for(self.action))
            case "department", _field:
                return self._granted("department", self._standing())
            case _other, _field:
                return self._granted("all", _("A role reaches all %(records)s."))

    def _reason(self, rule: str, text: Text, levels: Sequence[str] = ()) -> Reason:
        return self.sources.reason(rule, text % self.words, opens=True, notes=self.sources.shares(self.facts, levels))

    def _granted(self, rule: str, text: Text, levels: Sequence[str] = ()) -> Reason:
        shares = self.sources.shares(self.facts, levels)
        roles = self.sources.granting(self.facts, self.action, rule)
        return self.sources.reason(rule, text % self.words, opens=True, notes=shares, roles=roles)

    def _standing(self) -> Text:
        """In which of the departments within reach the record stands."""
        person, department = self.sources.person, self.facts.department
        words = {"department": self.sources.department(self.facts)}
        if self.grant.scopes & {"department", "below"}:
            if department == person.place.department:
                return _("It stands in %(department)s, where %(person)s works.", **words)
            if department in person.departments:
                return _("It stands in %(department)s, which %(person)s leads.", **words)
        nearest = person.nearest(department or 0)
        if "below" in self.grant.scopes and nearest is not None:
            above = self.sources.names.departments.get(nearest, "—")
            text = _("It stands in %(department)s, which reports to “%(above)s”, a department of %(person)s.")
            return text % {**words, "above": above}
        return _("It stands in %(department)s, one of the departments a role names.", **words)

    def _by_parent(self, key: str) -> Reason:
        text = _ABOVE_OPEN[asked_of_parent(self.action)] % {**self.words, "parent": parent_words(self.facts, key)}
        return self.sources.reason("parent", text, opens=True, because=self.above(key))


class _Shut(_About):
    """What keeps out: of each way what is in it, or the roles that narrow what would be open."""

    def reasons(self) -> Iterator[Reason]:
        if not self.verdict.openers:
            yield from self._each_way()
        if self.verdict.within == []:
            text = _("Roles narrow down which %(records)s one reaches, and this one is not among them.")
            roles = self.sources.speaking(self.facts, self.action)
            yield self._reason("narrowed", text, roles=roles, because=self._not_granted())

    def _each_way(self) -> Iterator[Reason]:
        record_type = self.facts.record_type
        if is_owners(record_type, self.action):
            yield self._not_theirs()
        for key in record_type.parents:
            yield self._parent_shut(key)
        if not record_type.scope.inherits:
            yield from self._not_granted()

    def _reason(
        self,
        rule: str,
        text: Text,
        *,
        notes: Sequence[Text | str] = (),
        roles: Sequence[RoleTerms] = (),
        because: Iterable[Reason] = (),
    ) -> Reason:
        return self.sources.reason(rule, text % self.words, opens=False, notes=notes, roles=roles, because=because)

    def _not_granted(self) -> Iterator[Reason]:
        found = [*self._between()]
        if not found:
            roles = self.sources.speaking(self.facts, self.action)
            text = _("What roles grant goes by owner or department, which %(records)s don't have.")
            found = [self._reason("no-use", text, roles=roles)]
        return iter(found)

    def _between(self) -> Iterator[Reason]:
        """What is between the person and what their roles grant, the nearest first."""
        scopes = self.grant.scopes
        if not scopes:
            words = {**self.words, "action": self.facts.record_type.action_label(self.action)}
            text = _("No role of %(person)s grants “%(action)s” on %(records)s.")
            yield self._reason("no-role", text % words, roles=self.sources.person.roles)
        yield from self._not_shared() if "shared" in scopes else self._shared_in_vain()
        if scopes & {"own", "shared"} and self.sources.person.place.staff is None:
            yield self._reason("nobody", _("The account %(person)s belongs to nobody who works here: it owns nothing."))
        elif "own" in scopes and "owner" in self.facts.record_type.fields:
            yield self._not_theirs(self.sources.speaking(self.facts, self.action, ["own"]))
        if scopes & BY_DEPARTMENT and {"department"} & {self.facts.record_type.key, *self.facts.record_type.fields}:
            yield self._elsewhere()

    def _not_theirs(self, roles: Sequence[RoleTerms] = ()) -> Reason:
        owner = self.sources.names.staff.get(self.facts.owner or 0)
        text = _("It doesn't belong to %(person)s.")
        if "owner" not in self.facts.hidden:
            if self.facts.owner is None:
                text = _("It belongs to nobody.")
            elif owner:
                text = _("It belongs to %(owner)s, not to %(person)s.", owner=owner)
        return self._reason("not-own", text, roles=roles)

    def _not_shared(self) -> Iterator[Reason]:
        mine = list(self.sources.person.shares(self.facts))
        roles = self.sources.speaking(self.facts, self.action, ["shared"])
        if any(share.counts for share in mine):
            text = _("It is shared with %(person)s, but only for reading.")
            yield self._reason("share-reads", text, notes=self.sources.shares(self.facts, ["read"]), roles=roles)
        elif ended := [share.until for share in mine if share.until is not None]:
            text = _("It was shared with %(person)s, up to and including %(day)s.", day=date_text(max(ended)))
            yield self._reason("share-ended", text, roles=roles)
        elif self.sources.person.place.staff is not None:
            yield self._reason("not-shared", _("It is not shared with %(person)s."), roles=roles)

    def _shared_in_vain(self) -> Iterator[Reason]:
        shares = self.sources.shares(self.facts, levels_for(self.action))
        if shares:
            text = _("It is shared with %(person)s, but no role reaches what is shared.")
            yield self._reason("share-unused", text, notes=shares)

    def _elsewhere(self) -> Reason:
        roles = self.sources.speaking(self.facts, self.action, BY_DEPARTMENT)
        text = _("It stands in %(department)s, which the roles of %(person)s don't reach.")
        if self.facts.department is None and "department" not in self.facts.hidden:
            text = _("It stands in no department.")
        text = text % {"department": self.sources.department(self.facts)}
        return self._reason("other-department", text, notes=self.sources.reach(self.grant), roles=roles)

    def _parent_shut(self, key: str) -> Reason:
        if self.facts.parents[key] is None and key not in self.facts.hidden:
            label = self.facts.record_type.fields[key].label
            return self._reason("no-parent", _("“%(field)s” is empty: it belongs to nothing.", field=label))
        text = _ABOVE_SHUT[asked_of_parent(self.action)] % {"parent": parent_words(self.facts, key)}
        return self._reason("parent", text, because=self.above(key))
