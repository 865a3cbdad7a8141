"""What a role comes to: the matrix of somebody who has it, with everybody's role and all that is inherited."""

from __future__ import annotations

from dougong.access.fields import READ, field_level
from dougong.access.principal import Principal
from dougong.access.rights import may_do
from dougong.access.whose import WORDS, kinds_reached
from dougong.i18n import Text, _
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import ACTION_LABELS, ACTIONS, RecordType
from dougong.web.views import Effect, EffectCell, EffectRow

__all__ = ["effect_of"]

_KIND_WORDS = {
    "own": _("own"),
    "shared": _("shared"),
    "department": _("of the department"),
    "below": _("of departments below"),
    "chosen": _("of chosen departments"),
    "other": _("all others"),
}


def effect_of(who: Principal, was: Principal | None = None) -> Effect:
    """What somebody may do; where it differs from what they might before, that is said too."""
    snapshot = current_snapshot()
    return Effect(
        actions=tuple(str(label) for label in ACTION_LABELS.values()),
        rows=tuple(_row(t, who, was or who) for t in snapshot.records.values()),
        rights=tuple(
            _right(str(right.label), key, who, was or who)
            for key, right in snapshot.rights.items()
            if may_do(who, key) or may_do(was or who, key)
        ),
    )


def _right(label: str, key: str, who: Principal, was: Principal) -> EffectCell:
    """A right about the whole house that is there, comes or goes."""
    before, after = may_do(was, key), may_do(who, key)
    return EffectCell(label, "" if before == after else str(_("added")) if after else str(_("taken away")))


def _row(record_type: RecordType, who: Principal, was: Principal) -> EffectRow:
    own = [action for action in record_type.actions_allowed if action not in ACTIONS]
    return EffectRow(
        label=str(record_type.plural),
        icon=record_type.icon,
        cells=tuple(
            _cell(record_type, action, who, was) if action in record_type.actions_allowed else None
            for action in ACTIONS
        ),
        own=tuple((str(record_type.action_label(action)), _cell(record_type, action, who, was)) for action in own),
        note=_held_back(record_type, who),
    )


def _cell(record_type: RecordType, action: str, who: Principal, was: Principal) -> EffectCell:
    now, before = _reached(record_type, action, who), _reached(record_type, action, was)
    return EffectCell(now, "" if now == before else before, nothing=now == str(WORDS[()]))


def _reached(record_type: RecordType, action: str, who: Principal) -> str:
    kinds = kinds_reached(who, record_type, action)
    words = WORDS.get(kinds)
    return str(words) if words else str(_(", ")).join(str(_KIND_WORDS[kind]) for kind in kinds)


def _held_back(record_type: RecordType, who: Principal) -> str:
    """The fields hidden and those only shown, in which states."""
    hidden, shown = [], []
    for key in record_type.can_be_held_back:
        name, label = f"{record_type.key}.{key}", record_type.fields[key].label
        states = record_type.lifecycle.keys if record_type.lifecycle else ()
        levels = {state: field_level(who, name, state) for state in states} or {"": field_level(who, name)}
        hidden += _in_states(record_type, label, [s for s, level in levels.items() if level < READ], len(levels))
        shown += _in_states(record_type, label, [s for s, level in levels.items() if level == READ], len(levels))
    parts = [_("Hidden: %(fields)s.", fields=_joined(hidden))] if hidden else []
    parts += [_("See only: %(fields)s.", fields=_joined(shown))] if shown else []
    return " ".join(map(str, parts))


def _in_states(record_type: RecordType, label: Text | str, states: list[str], of: int) -> list[str]:
    if not states:
        return []
    if len(states) == of:
        return [str(label)]
    named = _joined([str(record_type.state_option(state).label) for state in states])
    return [str(_("%(what)s (%(state)s)", what=label, state=named))]


def _joined(words: list[str]) -> str:
    return str(_(", ")).join(sorted(words))
