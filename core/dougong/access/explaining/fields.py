"""Why somebody may see or change one field of a record that they reach, or may not."""

from __future__ import annotations

from collections.abc import Iterator

from dougong.access.charter import field_name
from dougong.access.explaining.circumstances import Facts
from dougong.access.explaining.reasons import Reason, Sources
from dougong.access.explaining.records import admins
from dougong.access.fields import HIDDEN, READ, WRITE, field_level, said
from dougong.access.principal import Principal
from dougong.i18n import Text, _
from dougong.records.types import MANAGED

__all__ = ["reasons_of_field"]

_LEVELS = {HIDDEN: _("hidden"), READ: _("see only"), WRITE: _("see and change")}


def reasons_of_field(sources: Sources, facts: Facts, action: str, key: str, who: Principal) -> list[Reason]:
    """What roles say, and before a change what the declaration of the record says."""
    found = [_of_roles(sources, facts, action, key, who)]
    return [*found, *_of_declaration(facts, key)] if action == "edit" and found[0].opens else found


def _of_roles(sources: Sources, facts: Facts, action: str, key: str, who: Principal) -> Reason:
    if sources.person.admin:
        return admins(sources)
    words = {"field": facts.record_type.fields[key].label, "person": sources.person.place.name}
    notes = list(_saying(sources, facts, key))
    level = field_level(who, f"{facts.record_type.key}.{key}", facts.state)
    if level == HIDDEN:
        notes += _hidden_with(facts, key, who)
        return sources.reason(
            "field-hidden", _("“%(field)s” is hidden from %(person)s.", **words), opens=False, notes=notes
        )
    if level == READ:
        text = _("“%(field)s” may be seen, but not changed.", **words)
        return sources.reason("field-read", text, opens=action != "edit", notes=notes)
    text = _("No role holds “%(field)s” back.", **words)
    if notes:
        text = _("“%(field)s” may be seen and changed: the most generous role decides.", **words)
    return sources.reason("field-open", text, opens=True, notes=notes)


def _hidden_with(facts: Facts, key: str, who: Principal) -> list[Text | str]:
    """The hidden fields by which it is worked out, or there at all: it is hidden with them."""
    shape, fields = facts.record_type.shape, facts.record_type.fields
    text = _("It is there only by what “%(field)s” says, which is hidden.")
    if key in shape.formulas:
        text = _("It is worked out from “%(field)s”, which is hidden.")
    return [
        text % {"field": fields[k].label}
        for k in sorted(shape.telling.get(key, ()))
        if field_level(who, f"{facts.record_type.key}.{k}", facts.state) == HIDDEN
    ]


def _saying(sources: Sources, facts: Facts, key: str) -> Iterator[Text | str]:
    """What each role with a say leaves of a field, where at least one of them holds it back."""
    name, state = f"{facts.record_type.key}.{key}", facts.state or ""
    speaking = [role for role in sources.person.roles if facts.record_type.key in role.spoken_of]
    if all(said(role, name, state) == WRITE for role in speaking):
        return
    for role in speaking:
        level = _LEVELS[said(role, name, state)]
        if state and field_name(name, state) in role.fields and "state" not in facts.hidden:
            label = facts.record_type.state_option(state).label
            level = _("%(level)s in the state “%(state)s”", level=level, state=label)
        yield _("%(role)s: %(level)s", role=sources.role(role), level=level)


def _of_declaration(facts: Facts, key: str) -> Iterator[Reason]:
    field = facts.record_type.fields[key]
    if key in MANAGED or key == "state":
        yield Reason("field-kept", False, _("“%(field)s” is kept by the system.", field=field.label))
    elif field.managed:
        yield Reason("field-locked", False, _("“%(field)s” is locked by the template.", field=field.label))
