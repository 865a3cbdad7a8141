"""Changes of rights are shown before they are made: who gains and who loses what. Nothing is written until that was seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

from litestar import Request, Response

from dougong.access.conferring import Outcome, outcomes_of
from dougong.access.levels import scope_words
from dougong.access.policies import guarded_types, type_or_none
from dougong.access.principal import Principal
from dougong.access.reach import Difference
from dougong.access.standing import Place
from dougong.access.version import rights_changed
from dougong.db import transaction
from dougong.errors import Conflict
from dougong.i18n import Text, _
from dougong.web.components import hue, initial
from dougong.web.pages.effects import effect_of
from dougong.web.pages.forms import Typed
from dougong.web.pages.staff import staff_href
from dougong.web.render import page
from dougong.web.views import Action, Affected, Banner, Crumb, Effect, Line, PreviewPage, RightChange, Submit, Tone

__all__ = [
    "AS_PARENT",
    "MOST",
    "Proposal",
    "ask_about",
    "conflict_banner",
    "digest",
    "errors_of",
    "stamped",
    "unnamed",
    "unseen",
    "wants_back",
]

AnyRequest = Request[Any, Any, Any]
AS_PARENT = _("Inherited")
MOST = 50
"""How many people are named."""
FIRST = 12
"""How many changes stand open."""
_STALE = "stale"
_OURS = frozenset({"_csrf_token", "seen", "back"})


@dataclass(frozen=True)
class Proposal:
    """A change of rights somebody asks for, and the form it comes from.

    `edit` makes it; `stands` tells how what it changes stands now, `stamp` in the form how it stood when it was read.
    `somebody`: a made-up person, to show what the change makes of a role.
    """

    title: Text | str
    action: str
    edit: Callable[[], Awaitable[object]]
    stands: Callable[[], Awaitable[str]]
    crumbs: tuple[Crumb, ...] = ()
    submit: Submit = field(default_factory=lambda: Submit(str(_("Save")), look="primary"))
    somebody: Callable[[], Awaitable[Principal]] | None = None
    back_href: str = ""
    """Where a question without a form goes back to."""


@dataclass
class _Trial:
    """What a change would come to: for whom, and for a made-up person with the role."""

    outcomes: Sequence[Outcome]
    effect: Effect | None = None

    @property
    def seen(self) -> str:
        """Recognises this very result."""
        return digest(sorted((o.place.user, [_plain(d) for d in _in_order(o.differences)]) for o in self.outcomes))


class _NotSeen(Exception):
    """Ends a transaction before anything is written."""

    def __init__(self, trial: _Trial) -> None:
        super().__init__()
        self.trial = trial


def digest(value: Any) -> str:
    """The same for the same value, whatever the order of its sets."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=lambda it: sorted(it, key=str))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def wants_back(typed: Typed) -> bool:
    """Whether somebody who looked at a preview goes on with the form."""
    return "back" in typed.values


async def stamped(typed: Typed, stands: Callable[[], Awaitable[str]]) -> Typed:
    """What is typed, based on how things stood when the form was read; after a conflict, on how they stand now."""
    if _stale(typed) or "stamp" not in typed.values:
        return replace(typed, values={**typed.values, "stamp": await stands()})
    return typed


def conflict_banner(typed: Typed, href: str) -> Banner | None:
    """Said above a form whose matter somebody else changed since it was read."""
    if not _stale(typed):
        return None
    text = _(
        "Somebody else changed this meanwhile. Nothing was saved yet; what you typed is below. Save again to put it in place of theirs."
    )
    return Banner(str(text), "warn", Action(str(_("Show their version")), href))


def errors_of(typed: Typed, shown: set[str]) -> tuple[str, ...]:
    """What concerns no field of a form, but for what the banner says."""
    return replace(typed, problems=[p for p in typed.problems if p.rule != _STALE]).others(shown)


def _stale(typed: Typed) -> bool:
    return any(problem.rule == _STALE for problem in typed.problems)


async def unseen(request: AnyRequest, proposal: Proposal, typed: Typed) -> Response[Any] | None:
    """Make the change, or answer with what it means for people if they have not been shown yet (None: it is made).

    Raises what the change itself raises, and Conflict where its matter is no longer as it was read. Looking and writing
    are one transaction: what is written is what was seen.
    """
    try:
        async with transaction():
            await rights_changed()
            if typed.values.get("stamp") != await proposal.stands():
                raise Conflict
            trial = await _tried(proposal)
            if trial.outcomes and typed.values.get("seen") != trial.seen:
                raise _NotSeen(trial)
            await proposal.edit()
    except _NotSeen as answer:
        again = "seen" in typed.values
        return page(request, _preview(proposal, typed, answer.trial, again=again))
    return None


async def ask_about(proposal: Proposal, typed: Typed | None = None) -> PreviewPage:
    """A question with nothing to fill in (delete this?): what would come of it, and why an earlier answer wasn't taken."""
    problems = typed.problems if typed else ()
    shown = _preview(
        proposal, Typed({}, several={"stamp": (await proposal.stands(),)}), await _tried(proposal), back=False
    )
    return replace(shown, warning=" ".join(str(problem.message) for problem in problems))


async def _tried(proposal: Proposal) -> _Trial:
    found: list[Effect] = []
    before = await proposal.somebody() if proposal.somebody else None

    async def edit() -> None:
        await proposal.edit()
        if proposal.somebody:
            found.append(effect_of(await proposal.somebody(), before))

    return _Trial(await outcomes_of(edit), next(iter(found), None))


# ------------------------------------------------------------------ the page


def _preview(proposal: Proposal, typed: Typed, trial: _Trial, *, again: bool = False, back: bool = True) -> PreviewPage:
    kept = [(name, value) for name, values in typed.several.items() if name not in _OURS for value in values]
    warning = _("Something else changed meanwhile, and so did what comes of this. Look again.") if again else ""
    return PreviewPage(
        title=str(proposal.title),
        action=proposal.action,
        summary=_summary(trial.outcomes),
        affected=_blocks(trial.outcomes),
        submit=proposal.submit,
        hidden=(*kept, ("seen", trial.seen)),
        crumbs=proposal.crumbs,
        note=unnamed(len(trial.outcomes)),
        back=back,
        cancel_href=proposal.back_href,
        warning=str(warning),
        effect=trial.effect,
    )


def _summary(outcomes: Sequence[Outcome]) -> str:
    gaining = sum(any(d.gained for d in o.differences) for o in outcomes)
    losing = sum(any(d.lost for d in o.differences) for o in outcomes)
    parts = [_("People who gain: %(count)s.", count=gaining)] if gaining else []
    parts += [_("People who lose: %(count)s.", count=losing)] if losing else []
    return " ".join(map(str, parts)) or str(_("Nobody gains or loses anything by this."))


def unnamed(people: int) -> str:
    """How many more people there are than are named."""
    return str(_("and %(count)s more people", count=people - MOST)) if people > MOST else ""


def _blocks(outcomes: Sequence[Outcome]) -> tuple[Affected, ...]:
    """Those for whom it means the same stand together, the most of them first; so many people are named as there is room."""
    alike: dict[tuple[RightChange, ...], list[Place]] = {}
    for outcome in outcomes:
        alike.setdefault(_changes(outcome.differences), []).append(outcome.place)
    blocks, room = [], MOST
    for changes, places in sorted(alike.items(), key=lambda it: -len(it[1])):
        named, room = places[:room], max(0, room - len(places))
        if named:
            title = str(_("%(count)s people", count=len(places))) if len(places) > 1 else ""
            blocks.append(Affected(tuple(map(_person, named)), changes[:FIRST], changes[FIRST:], title))
    return tuple(blocks)


def _person(place: Place) -> Line:
    hint = "" if place.open else str(_("can't sign in"))
    href = staff_href(place.staff) if place.staff else ""
    return Line(place.name, hint, href, initial=initial(place.name), hue=hue(place.name))


def _changes(differences: Sequence[Difference]) -> tuple[RightChange, ...]:
    return tuple(_change(d) for d in _once_for_all_states(differences))


def _in_order(differences: Sequence[Difference]) -> list[Difference]:
    """By record, what may be done with it before its fields; rights about the whole house last."""
    order = {t.key: place for place, t in enumerate(guarded_types())}
    return sorted(differences, key=lambda d: (order.get(d.part.record, len(order)), d.part.field))


def _once_for_all_states(differences: Sequence[Difference]) -> list[Difference]:
    """A field that changes in the same way in every state of a record is said once."""
    found: list[Difference] = []
    for (record, key), group in groupby(_in_order(differences), key=lambda d: (d.part.record, d.part.field)):
        same, known = list(group), type_or_none(record)
        states = len(known.lifecycle.keys) if known and known.lifecycle and key else 0
        if len(same) == states and len({d.change for d in same}) == 1:
            same = [replace(same[0], part=replace(same[0].part, state=""))]
        found += same
    return found


def _change(difference: Difference) -> RightChange:
    label, tone, icon = _direction(difference)
    return RightChange(str(difference.what), _from_to(difference), str(label), tone, icon)


def _from_to(difference: Difference) -> str:
    """From what to what; a right about the whole house is there or not, which gain and loss say already."""
    known = type_or_none(difference.part.record)
    if known is None:
        return ""
    if difference.part.field or not known.scope.inherits:
        return difference.change
    return f"{_narrowed(difference.before)} → {_narrowed(difference.after)}"


def _narrowed(reached: Any) -> str:
    """How far a right reaches that roles can only narrow: all of it is what the parent lets in."""
    return str(AS_PARENT if "all" in reached else scope_words(reached))


def _direction(difference: Difference) -> tuple[Text, Tone, str]:
    if difference.gained and difference.lost:
        return _("Gains and loses"), "warn", "arrows-exchange"
    return (_("Gains"), "ok", "plus") if difference.gained else (_("Loses"), "bad", "minus")


def _plain(difference: Difference) -> list[Any]:
    part = difference.part
    ends = [_amount(difference.before), _amount(difference.after)]
    return [part.record, part.action, part.field, part.state, *ends]


def _amount(reached: Any) -> Any:
    return reached if isinstance(reached, int) else sorted(reached, key=str)
