"""Nobody confers more than they hold: changes of rights are judged by what they come to, before they are committed.

Roles, groups, memberships and places in the organisation all end in what people may do. So instead of a rule for each
of them, what everybody may do before and after a transaction is compared, as a whole.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from dougong.access.principal import Principal, current
from dougong.access.reach import Difference, Reach, beyond, differences, reach_of
from dougong.access.rights import RIGHT, may_do, need
from dougong.access.standing import Place, Standing, principal_at, read_standing
from dougong.access.version import rights_changed
from dougong.db import Transaction, current_transaction, transaction
from dougong.errors import Forbidden
from dougong.i18n import _

__all__ = ["APPOINT", "Outcome", "confer", "outcomes_of", "outranks", "place_people"]

APPOINT = "organisation.appoint"
_KEEPING = ("roles.manage", "organisation.manage", APPOINT)
_NAMED = 5


async def confer(
    *,
    everybody: bool = True,
    roles: Iterable[int] = (),
    merged: tuple[int, int] | None = None,
    followed: tuple[int, int] | None = None,
) -> None:
    """Say that this transaction changes who may do what; call it inside it, before the first write.

    Before it commits, Forbidden is raised if somebody gained what the acting person doesn't hold, or if somebody who
    outranks them lost something. `roles` are those whose terms change: judged also as if the acting person had them.
    Without `everybody` only the gains of those count who keep roles or the organisation themselves. `merged`: the
    records of one department go to another; `followed`: some of them do, which the acting person may not gain by.
    """
    running, holder = current_transaction(), current()
    if running is None:
        raise RuntimeError("rights are changed in a transaction")
    await rights_changed()
    if holder.admin or holder.system is not None:
        return
    conferral = _of(running)
    if conferral is None:
        conferral = _Conferral(holder, await read_standing())
        running.before_commit(conferral)
    conferral.everybody |= everybody
    conferral.roles |= set(roles)
    conferral.merged |= dict([merged] if merged else [])
    conferral.followed |= dict([followed] if followed else [])


async def place_people(merged: tuple[int, int] | None = None) -> None:
    """Say that this transaction changes who works where or who leads whom; like `confer`.

    Forbidden without the right to: what people see goes with their place, so to place somebody is to decide about that.
    Whoever may can't use it for themselves, nor for others who keep the organisation or roles.
    """
    need(APPOINT)
    await confer(everybody=False, merged=merged)


@dataclass(frozen=True)
class Outcome:
    """What a change of rights means for one account."""

    place: Place
    differences: Sequence[Difference]


async def outcomes_of(edit: Callable[[], Awaitable[object]]) -> list[Outcome]:
    """Who would gain and lose what by a change of rights, by name: it is tried and taken back.

    Raises whatever the change itself would raise.
    """
    found: list[Outcome] = []
    try:
        async with transaction() as running:
            await rights_changed()
            before = await read_standing()
            await edit()
            if conferral := _of(running):
                await conferral()
            found = _outcomes(before, await read_standing())
            raise _TakenBack
    except _TakenBack:
        return found


class _TakenBack(Exception):
    """Ends a transaction that was only a trial."""


def _outcomes(before: Standing, after: Standing) -> list[Outcome]:
    found = []
    for user, place in after.places.items():
        if user in before.places and before.terms_of(user) != after.terms_of(user):
            differing = differences(reach_of(before.principal(user)), reach_of(after.principal(user)))
            found += [Outcome(place, differing)] if differing else []
    return sorted(found, key=lambda outcome: outcome.place.name)


# ------------------------------------------------------------------ the judgement


@dataclass
class _Conferral:
    """The changes of rights in one transaction, and how things stood before."""

    holder: Principal
    before: Standing
    everybody: bool = False
    roles: set[int] = field(default_factory=set)
    merged: dict[int, int] = field(default_factory=dict)
    followed: dict[int, int] = field(default_factory=dict)

    async def __call__(self) -> None:
        after = await read_standing()
        found = {str(what) for user in after.places for what in self._of_account(after, user)}
        held = reach_of(self.holder)
        for role in self.roles & set(after.charter.roles):
            found |= {str(what) for what in beyond(self._given(self.before, role), self._given(after, role), held)}
        if found:
            raise Forbidden(_("You can't grant what you don't hold yourself: %(what)s.", what=_enumerated(found)))

    def _of_account(self, after: Standing, user: int) -> Sequence[object]:
        """What an account gained beyond what the acting person holds."""
        moved = self.merged | (self.followed if user == self.holder.user else {})
        if not moved and user in self.before.places and self.before.terms_of(user) == after.terms_of(user):
            return ()
        place = after.places[user]
        # of a new account only what it is given counts, not what everybody has
        was = self.before.places.get(user) or replace(place, roles=frozenset(), groups=frozenset())
        then, now = _reach(was, self.before), _reach(place, after, moved)
        if outranks(self.before, user, self.holder) and any(d.lost for d in differences(then, now)):
            raise Forbidden(_("%(name)s outranks you: their rights are not yours to change.", name=place.name))
        if not self.everybody and not _keeps(after, user):
            return ()
        return beyond(then, now, reach_of(self.holder))

    def _given(self, standing: Standing, role: int) -> Reach:
        """How far the acting person would reach with a role."""
        place = standing.places.get(self.holder.user) or Place(self.holder.user, self.holder.name, open=True)
        return _reach(replace(place, roles=place.roles | {role}), standing)


def _of(running: Transaction) -> _Conferral | None:
    return next((check for check in running.work.checks if isinstance(check, _Conferral)), None)


def _reach(place: Place, standing: Standing, merged: dict[int, int] | None = None) -> Reach:
    return reach_of(principal_at(place, standing.charter), merged)


def _keeps(standing: Standing, user: int) -> bool:
    return any(right in role.rights for role in standing.roles_of(user) for right in _KEEPING)


def _enumerated(found: set[str]) -> str:
    named = sorted(found)
    more = [str(_("%(count)s more", count=len(named) - _NAMED))] if len(named) > _NAMED else []
    return str(_(", ")).join([*named[:_NAMED], *more])


# ------------------------------------------------------------------ who outranks whom


def outranks(standing: Standing, user: int, who: Principal) -> bool:
    """Whether an account may do something about the whole house that `who` may not, or `who` reports to its person."""
    if who.admin or who.system is not None or who.user == user or user not in standing.places:
        return False
    other = standing.principal(user)
    if other.admin or not all(may_do(who, right) for record, right in other.grants if record == RIGHT):
        return True
    leading = set(standing.charter.heads.get(other.staff, ())) if other.staff is not None else set()
    mine = set(standing.charter.heads.get(who.staff, ())) if who.staff is not None else set()
    return bool((leading - mine) & set(standing.charter.above(who.departments)))
