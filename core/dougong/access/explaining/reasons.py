"""A reason in words, and where it comes from: roles and the groups that give them, shares, departments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dougong.access.charter import EVERYBODY, RoleTerms
from dougong.access.explaining.circumstances import Facts, Names, Person, ShareFact
from dougong.access.explaining.verdicts import reaches_department
from dougong.access.principal import Grant
from dougong.i18n import Text, _, date_text

__all__ = ["BY_DEPARTMENT", "Reason", "Sources", "levels_for", "listed", "parent_words"]

Words = Text | str
BY_DEPARTMENT = frozenset({"department", "below", "chosen"})
_NAMED = 5
_SHARE_LEVELS = {"read": _("for reading"), "edit": _("for reading and editing"), "own": _("as one of its owners")}


@dataclass(frozen=True)
class Reason:
    """One rule, in words. `rule` names it for programs; `opens`: it lets in, else it keeps out.

    `notes` say where it comes from: shares, departments, `roles` and the groups that give them. `because` are the
    reasons of what it leads to (the record this one belongs to).
    """

    rule: str
    opens: bool
    text: Words
    notes: Sequence[Words] = ()
    because: Sequence[Reason] = ()
    roles: Sequence[int] = ()


@dataclass(frozen=True)
class Sources:
    """Where reasons come from, for one person."""

    person: Person
    names: Names

    def reason(
        self,
        rule: str,
        text: Words,
        *,
        opens: bool,
        notes: Iterable[Words] = (),
        roles: Iterable[RoleTerms] = (),
        because: Iterable[Reason] = (),
    ) -> Reason:
        held = list(roles)
        told = (*notes, *map(self.role, held))
        return Reason(rule, opens, text, told, tuple(because), tuple(role.id for role in held))

    # -------------------------------------------------------------- roles

    def role(self, role: RoleTerms) -> Words:
        """A role and how it came to the person."""
        name = self.names.roles.get(role.id, "—")
        if role.key == EVERYBODY:
            return _("role “%(role)s”, which everybody has", role=name)
        if role.id in self.person.place.roles:
            return _("role “%(role)s”", role=name)
        groups = (g for g in sorted(self.person.place.groups) if role.id in self.person.charter.groups.get(g, ()))
        group = self.names.groups.get(next(groups, 0), "—")
        return _("role “%(role)s”, by the group “%(group)s”", role=name, group=group)

    def grant(self, facts: Facts, action: str) -> Grant:
        """What the roles together grant."""
        return self.person.grants.get((facts.record_type.key, action), Grant(frozenset()))

    def granting(self, facts: Facts, action: str, rule: str) -> list[RoleTerms]:
        """The roles that open a way by what they grant."""
        return [role for role in self.person.roles if self._grants(role, facts, action, rule)]

    def _grants(self, role: RoleTerms, facts: Facts, action: str, rule: str) -> bool:
        key = facts.record_type.key
        grant = role.grants.get((key, action))
        if grant is None:  # where roles only narrow, one that doesn't keeps everything open
            return rule == "all" and facts.record_type.scope.inherits and key in role.spoken_of
        if rule == "department":
            return reaches_department(self.person, grant, facts.department)
        return rule in grant.scopes

    def speaking(self, facts: Facts, action: str, scopes: Iterable[str] = ()) -> list[RoleTerms]:
        """The roles that say something about this action: by one of these scopes, or by any or none."""
        key, wanted = (facts.record_type.key, action), frozenset(scopes)
        return [r for r in self.person.roles if key in r.grants and (not wanted or r.grants[key].scopes & wanted)]

    # -------------------------------------------------------------- shares

    def shares(self, facts: Facts, levels: Iterable[str]) -> list[Words]:
        """What is shared with the person now, on one of these levels."""
        wanted = [s for s in self.person.shares(facts) if s.counts and s.level in set(levels)]
        return [note for share in wanted for note in self._share(share)]

    def _share(self, share: ShareFact) -> Iterator[Words]:
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

    # -------------------------------------------------------------- departments

    def department(self, facts: Facts) -> Words:
        """Where a record stands, for whoever may know."""
        name = "" if "department" in facts.hidden else self.names.departments.get(facts.department or 0, "")
        return _("“%(department)s”", department=name) if name else _("a department you may not see")

    def reach(self, grant: Grant) -> list[Words]:
        """The departments a grant reaches, the first few by name."""
        found: list[Words] = []
        if "below" in grant.scopes:
            found += [_("%(department)s and all below it", department=d) for d in self._called(self.person.departments)]
        elif "department" in grant.scopes:
            found += self._called(self.person.departments)
        if "chosen" in grant.scopes:
            found += self._called(grant.departments)
        more = [_("%(count)s more", count=len(found) - _NAMED)] if len(found) > _NAMED else []
        return [_("within reach: %(departments)s", departments=listed([*found[:_NAMED], *more]))] if found else []

    def _called(self, departments: Iterable[int]) -> list[str]:
        return [self.names.departments.get(department, "—") for department in departments]


def levels_for(action: str) -> Sequence[str]:
    """The levels of a share that count for an action."""
    return ("read", "edit", "own") if action in ("read", "export") else ("edit", "own")


def parent_words(facts: Facts, key: str) -> Text:
    """The record above by name, for whoever may see it and that it belongs there."""
    above = facts.parents[key]
    if above is None or not above.seen or key in facts.hidden:
        label = facts.record_type.fields[key].label
        return _("a record you may not see (%(label)s)", label=label)
    return _("%(label)s “%(title)s”", label=above.record_type.label, title=above.title or f"#{above.id}")


def listed(words: Iterable[Words]) -> str:
    return str(_(", ")).join(map(str, words))
