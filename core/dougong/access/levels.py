"""How far a right reaches, as one word for people; underneath, a grant is a set of data scopes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from dougong.access.principal import Grant, Principal
from dougong.access.rights import may
from dougong.db.columns import Option
from dougong.i18n import Text, _
from dougong.records.types import RecordType

__all__ = ["LEVELS", "covers", "grant_of", "holds", "level_of", "scope_words"]

LEVELS = (
    Option("none", _("None")),
    Option("own", _("Own")),
    Option("shared", _("Own and shared")),
    Option("department", _("Department")),
    Option("below", _("Department and below")),
    Option("chosen", _("Chosen departments")),
    Option("all", _("All")),
)
"""From nothing to everything, in the order a form offers them."""

_SCOPES: Mapping[str, frozenset[str]] = {
    "none": frozenset(),
    "own": frozenset({"own"}),
    "shared": frozenset({"own", "shared"}),
    "department": frozenset({"own", "shared", "department"}),
    "below": frozenset({"own", "shared", "department", "below"}),
    "chosen": frozenset({"own", "shared", "chosen"}),
    "all": frozenset({"all"}),
}
_WIDEST_FIRST = ("all", "chosen", "below", "department", "shared", "own")


def grant_of(level: str, departments: Iterable[int] = ()) -> Grant:
    """The grant a level stands for. KeyError for a word that is no level; `departments` are those chosen."""
    chosen = tuple(sorted(set(departments))) if level == "chosen" else ()
    return Grant(_SCOPES[level], chosen)


def level_of(grant: Grant | None) -> str:
    """The level that says most about a grant."""
    return next((name for name in _WIDEST_FIRST if grant and name in grant.scopes), "none")


def scope_words(reached: Collection[str | int]) -> Text:
    """Data scopes with the departments they come to, as people say them."""
    departments = [scope for scope in reached if isinstance(scope, int)]
    if len(departments) == 1:
        return _("One department")
    if departments:
        return _("%(count)s departments", count=len(departments))
    return next(o.label for o in reversed(LEVELS) if o.key in reached or o.key == "none")  # type: ignore[return-value]


def covers(held: Grant, wanted: Grant, holder: Principal) -> bool:
    """Whether what is held reaches at least as far as what is wanted."""
    if "all" in held.scopes:
        return True
    by_department = bool({"department", "below"} & held.scopes)
    return all(
        set(wanted.departments) <= _departments(held, holder)
        if scope == "chosen"
        else scope in held.scopes or (by_department and scope in {"own", "shared", "department"})
        for scope in wanted.scopes
    )


def holds(holder: Principal, record_type: RecordType, action: str, wanted: Grant) -> bool:
    """Whether the person may do at least this much: nobody hands on what they don't hold."""
    if holder.admin or holder.system is not None or not wanted.scopes:
        return True
    held = holder.grants.get((record_type.key, action))
    if held is not None:
        return covers(held, wanted, holder)
    return not record_type.scope.has("role") and may(holder, record_type, action)


def _departments(held: Grant, holder: Principal) -> set[int]:
    """The departments a grant reaches for this person."""
    reached = set(held.departments) if "chosen" in held.scopes else set()
    if "department" in held.scopes:
        reached.update(holder.departments)
    if "below" in held.scopes:
        reached.update(holder.subtree)
    return reached
