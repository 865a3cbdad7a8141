"""In words: which rule lets somebody in, and which keeps them out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dougong.access.charter import ADMIN, EVERYBODY, RoleTerms
from dougong.access.circumstances import Facts, Names, Person, ShareFact
from dougong.access.policies import asked_of_parent, is_owners
from dougong.access.principal import Grant
from dougong.access.verdicts import Matched, Verdict, reaches_department
from dougong.i18n import Text, _, date_text

__all__ = ["Reason", "Reasoning"]

_NAMED = 5
_SHARE_LEVELS = {"read": _("for reading"), "edit": _("for reading and editing"), "own": _("as one of its owners")}
_BY_DEPARTMENT = frozenset({"department", "below", "chosen"})


@dataclass(frozen=True)
class Reason:
    """One rule, in words. `rule` names it for programs; `opens`: it lets in, else it keeps out.

    `notes` say where it comes from: roles, the group that gives them, shares, departments. `because` are the reasons of
    what it leads to (the record this one belongs to).
    """

    rule: str
    opens: bool
    text: Text | str
    notes: Sequence[Text | str] = ()
    because: Sequence[Reason] = ()


@dataclass(frozen=True)
class Reasoning:
    """Words about one person, for whoever may know about `names`."""

    person: Person
    names: Names

    def of(self, facts: Facts, action: str, verdict: Verdict) -> list[Reason]:
        """All the ways in; or, where there is none, what is in each way."""
        if verdict.allowed:
            return [*self._open(facts, action, verdict)]
        return [*self._shut(facts, action, verdict)]

    # -------------------------------------------------------------- what lets in

    def _open(self, facts: Facts, action: str, verdict: Verdict) -> Iterator[Reason]:
        for matched in verdict.openers:
            if matched.rule == "parent":
                yield self._by_parent(facts, action, verdict, matched.field)
            else:
                yield self._by(matched, facts, action)
        if verdict.within is not None:
            text = _("Roles narrow down which %(records)s one reaches; this one is among them.")
            within = tuple(self._by(matched, facts, action) for matched in verdict.within)
            yield Reason("narrowed", True, text % {"records": facts.record_type.plural}, because=within)

    def _by(self, matched: Matched, facts: Facts, action: str) -> Reason:
        """The reason behind one way."""
        who = {"person": self.person.place.name, "records": facts.record_type.plural}
        match matched.rule, matched.field:
            case "admin", _field:
                text = _("%(person)s is an administrator and may do everything.", **who)
                return Reason("admin", True, text, self._roles(r for r in self.person.roles if r.key == ADMIN))
            case "everyone", _field:
                return Reason("everyone", True, _("Everybody who signs in may see %(records)s.", **who))
            case "owner", _field:
                return Reason("owner", True, _("It belongs to %(person)s; owners may do this.", **who))
            case "co-owner", _field:
                text = _("%(person)s owns it together with others; owners may do this.", **who)
                return Reason("co-owner", True, text, self._shares(facts, ["own"]))
            case "own", "owner":
                text = _("It belongs to %(person)s, and a role reaches what is their own.", **who)
                return Reason("own", True, text, self._granting(facts, action, "own"))
            case "own", _field:
                text = _("%(person)s owns it together with others, and a role reaches what is their own.", **who)
                return Reason("own", True, text, [*self._shares(facts, ["own"]), *self._granting(facts, action, "own")])
            case "shared", _field:
                text = _("It is shared with %(person)s, and a role reaches what is shared.", **who)
                shares = self._shares(facts, _levels_for(action))
                return Reason("shared", True, text, [*shares, *self._granting(facts, action, "shared")])
            case "department", _field:
                return self._by_department(facts, action)
            case _other, _field:
                text = _("A role reaches all %(records)s.", **who)
                return Reason("all", True, text, self._granting(facts, action, "all"))

    def _by_department(self, facts: Facts, action: str) -> Reason:
        place = self.person.place
        grant = self._grant(facts, action)
        nearest = self.person.nearest(facts.department or 0)
        words = {
            "person": place.name,
            "department": self._department(facts),
            "above": self.names.departments.get(nearest or 0, "—"),
        }
        text = _("It stands in %(department)s, one of the departments a role names.", **words)
        if facts.department == place.department and grant.scopes & {"department", "below"}:
            text = _("It stands in %(department)s, where %(person)s works.", **words)
        elif facts.department in self.person.departments and grant.scopes & {"department", "below"}:
            text = _("It stands in %(department)s, which %(person)s leads.", **words)
        elif nearest is not None and "below" in grant.scopes:
            text = _("It stands in %(department)s, which reports to “%(above)s”, a department of %(person)s.", **words)
        return Reason("department", True, text, self._granting(facts, action, "department"))

    def _by_parent(self, facts: Facts, action: str, verdict: Verdict, key: str) -> Reason:
        above = facts.parents[key]
        asked = asked_of_parent(action)
        texts = {
            "read": _("It belongs to %(parent)s, which %(person)s may see."),
            "export": _("It belongs to %(parent)s, which %(person)s may export."),
            "edit": _("It belongs to %(parent)s, which %(person)s may edit."),
        }
        text = texts[asked] % {"parent": _record(above), "person": self.person.place.name}
        return Reason("parent", True, text, because=self._above(above, asked, verdict, key))

    def _above(self, above: Facts | None, asked: str, verdict: Verdict, key: str) -> Sequence[Reason]:
        """The reasons of the record above, for whoever may see it."""
        if above is None or not above.seen or key not in verdict.above:
            return ()
        return self.of(above, asked, verdict.above[key])

    # -------------------------------------------------------------- what keeps out

    def _shut(self, facts: Facts, action: str, verdict: Verdict) -> Iterator[Reason]:
        scope = facts.record_type.scope
        if not verdict.openers:
            if is_owners(facts.record_type, action):
                yield self._not_theirs(facts, ())
            for key in facts.record_type.parents:
                yield self._parent_shut(facts, action, verdict, key)
            if scope.has("role") or scope.has("everyone"):
                yield from self._not_granted(facts, action)
        if verdict.within == []:
            narrowing = [r for r in self.person.roles if (facts.record_type.key, action) in r.grants]
            text = _("Roles narrow down which %(records)s one reaches, and this one is not among them.")
            because = tuple(self._not_granted(facts, action))
            text = text % {"records": facts.record_type.plural}
            yield Reason("narrowed", False, text, self._roles(narrowing), because)

    def _not_granted(self, facts: Facts, action: str) -> Iterator[Reason]:
        """What is between the person and what their roles grant, the nearest first."""
        grant, mine = self._grant(facts, action), list(self.person.shares(facts))
        if not grant.scopes:
            yield self._no_role(facts, action)
            yield from self._share_unused(facts, action)
            return
        yield from (
            self._not_shared(facts, action, mine) if "shared" in grant.scopes else self._share_unused(facts, action)
        )
        if grant.scopes & {"own", "shared"} and self.person.place.staff is None:
            text = _(
                "The account %(person)s is nobody's who works here: it owns nothing.", person=self.person.place.name
            )
            yield Reason("nobody", False, text)
        elif "own" in grant.scopes and "owner" in facts.record_type.fields:
            yield self._not_theirs(facts, self._granting(facts, action, "own"))
        if grant.scopes & _BY_DEPARTMENT and (facts.department or "department" in facts.record_type.fields):
            yield self._other_department(facts, action, grant)

    def _no_role(self, facts: Facts, action: str) -> Reason:
        text = _("No role of %(person)s grants “%(action)s” on %(records)s.")
        words = {"action": facts.record_type.action_label(action), "records": facts.record_type.plural}
        return Reason(
            "no-role", False, text % {"person": self.person.place.name, **words}, self._roles(self.person.roles)
        )

    def _not_theirs(self, facts: Facts, notes: Sequence[Text | str]) -> Reason:
        words = {"person": self.person.place.name, "owner": self.names.staff.get(facts.owner or 0, "")}
        text = _("It doesn't belong to %(person)s.", **words)
        if "owner" not in facts.hidden:
            if facts.owner is None:
                text = _("It belongs to nobody.")
            elif words["owner"]:
                text = _("It belongs to %(owner)s, not to %(person)s.", **words)
        return Reason("not-own", False, text, notes)

    def _not_shared(self, facts: Facts, action: str, mine: Sequence[ShareFact]) -> Iterator[Reason]:
        words = {"person": self.person.place.name}
        if any(share.counts for share in mine):
            text = _("It is shared with %(person)s, but only for reading.", **words)
            yield Reason("share-reads", False, text, self._shares(facts, ["read"]))
        elif ended := [share.until for share in mine if share.until is not None]:
            text = _("It was shared with %(person)s, up to and including %(day)s.", **words, day=date_text(max(ended)))
            yield Reason("share-ended", False, text)
        else:
            text = _("It is not shared with %(person)s.", **words)
            yield Reason("not-shared", False, text, self._granting(facts, action, "shared"))

    def _share_unused(self, facts: Facts, action: str) -> Iterator[Reason]:
        shares = self._shares(facts, _levels_for(action))
        if shares:
            text = _("It is shared with %(person)s, but no role reaches what is shared.", person=self.person.place.name)
            yield Reason("share-unused", False, text, shares)

    def _other_department(self, facts: Facts, action: str, grant: Grant) -> Reason:
        words = {"department": self._department(facts), "person": self.person.place.name}
        text = _("It stands in %(department)s, which the roles of %(person)s don't reach.", **words)
        if facts.department is None and "department" not in facts.hidden:
            text = _("It stands in no department.")
        return Reason("other-department", False, text, [*self._reach(grant), *self._by_departments(facts, action)])

    def _parent_shut(self, facts: Facts, action: str, verdict: Verdict, key: str) -> Reason:
        above, asked = facts.parents[key], asked_of_parent(action)
        if above is None:
            label = facts.record_type.fields[key].label
            return Reason("no-parent", False, _("“%(field)s” is empty: it belongs to nothing.", field=label))
        texts = {
            "read": _("It belongs to %(parent)s, which %(person)s may not see."),
            "export": _("It belongs to %(parent)s, which %(person)s may not export."),
            "edit": _("It belongs to %(parent)s, which %(person)s may not edit."),
        }
        text = texts[asked] % {"parent": _record(above), "person": self.person.place.name}
        return Reason("parent", False, text, because=self._above(above, asked, verdict, key))

    # -------------------------------------------------------------- where it comes from

    def _grant(self, facts: Facts, action: str) -> Grant:
        return self.person.grants.get((facts.record_type.key, action), Grant(frozenset()))

    def _granting(self, facts: Facts, action: str, rule: str) -> list[Text | str]:
        """The roles that open a way by what they grant."""
        return self._roles(role for role in self.person.roles if self._opens(role, facts, action, rule))

    def _opens(self, role: RoleTerms, facts: Facts, action: str, rule: str) -> bool:
        key = facts.record_type.key
        grant = role.grants.get((key, action))
        if grant is None:  # where roles only narrow, one that doesn't keeps everything open
            return rule == "all" and _narrows(facts) and key in role.spoken_of
        if rule == "department":
            return reaches_department(self.person, grant, facts.department)
        return rule in grant.scopes

    def _by_departments(self, facts: Facts, action: str) -> list[Text | str]:
        key = (facts.record_type.key, action)
        return self._roles(r for r in self.person.roles if key in r.grants and r.grants[key].scopes & _BY_DEPARTMENT)

    def _roles(self, roles: Iterable[RoleTerms]) -> list[Text | str]:
        return [self.role(role) for role in roles]

    def role(self, role: RoleTerms) -> Text | str:
        """A role and how it came to the person."""
        name = self.names.roles.get(role.id, "—")
        if role.key == EVERYBODY:
            return _("role “%(role)s”, which everybody has", role=name)
        if role.id in self.person.place.roles:
            return _("role “%(role)s”", role=name)
        groups = (g for g in sorted(self.person.place.groups) if role.id in self.person.charter.groups.get(g, ()))
        group = self.names.groups.get(next(groups, 0), "—")
        return _("role “%(role)s”, by the group “%(group)s”", role=name, group=group)

    def _shares(self, facts: Facts, levels: Iterable[str]) -> list[Text | str]:
        shares = [s for s in self.person.shares(facts) if s.counts and s.level in set(levels)]
        return [note for share in shares for note in self._share(share)]

    def _share(self, share: ShareFact) -> Iterator[Text | str]:
        level = _SHARE_LEVELS[share.level]
        if share.department is None:
            yield _("shared %(level)s", level=level)
        else:
            department = self.names.departments.get(share.department, "—")
            yield _("shared with the department “%(department)s” %(level)s", department=department, level=level)
        if share.until is not None:
            yield _("up to and including %(day)s", day=date_text(share.until))
        if share.by and share.by in self.names.accounts:
            yield _("by %(person)s", person=self.names.accounts[share.by])

    def _reach(self, grant: Grant) -> list[Text | str]:
        """The departments a grant reaches, the first few by name."""
        names = self.names.departments
        own = [names.get(d, "—") for d in self.person.departments] if grant.scopes & {"department", "below"} else []
        found: list[Text | str] = [_("%(department)s and all below it", department=d) for d in own]
        if "below" not in grant.scopes:
            found = list(own)
        found += [names.get(d, "—") for d in grant.departments if "chosen" in grant.scopes]
        more = [_("%(count)s more", count=len(found) - _NAMED)] if len(found) > _NAMED else []
        return [_("within reach: %(departments)s", departments=_listed([*found[:_NAMED], *more]))] if found else []

    def _department(self, facts: Facts) -> Text | str:
        name = "" if "department" in facts.hidden else self.names.departments.get(facts.department or 0, "")
        return _("“%(department)s”", department=name) if name else _("another department")


def _levels_for(action: str) -> Sequence[str]:
    return ("read", "edit", "own") if action in ("read", "export") else ("edit", "own")


def _narrows(facts: Facts) -> bool:
    """Whether roles only narrow what is reached through a parent or by owning it."""
    scope = facts.record_type.scope
    return not (scope.has("role") or scope.has("everyone"))


def _record(facts: Facts | None) -> Text:
    """A record by name, for whoever may see it."""
    assert facts is not None
    label = facts.record_type.label
    if not facts.seen:
        return _("a record you may not see (%(label)s)", label=label)
    return _("%(label)s “%(title)s”", label=label, title=facts.title or f"#{facts.id}")


def _listed(words: Sequence[Text | str]) -> str:
    return str(_(", ")).join(map(str, words))
