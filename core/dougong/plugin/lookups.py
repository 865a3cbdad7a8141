"""The company's own lists of choices: the shipped options are a start; what records use is switched off, not removed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dougong.access.principal import acting_as, system
from dougong.access.rights import need
from dougong.access.version import rights_changed
from dougong.db import after_commit, transaction
from dougong.db.columns import Lookup, Option
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import Text, _
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.tables import LookupOption
from dougong.records.fields import lookup_source

__all__ = [
    "add_option",
    "add_options",
    "change_option",
    "load_options",
    "options_of",
    "reorder_options",
    "seed_options",
]

TONES = ("", "pri", "ok", "warn", "bad", "vio")
LONGEST = 60
_TABLES = frozenset({"core_option"})
_Options = Sequence[tuple[Option, bool]]
_kept: Mapping[str, _Options] = {}


def options_of(lookup: Lookup) -> _Options:
    """Each option in order, and whether it can still be chosen; the shipped ones before the list is kept at all."""
    return _kept.get(lookup.name) or [(option, True) for option in lookup.options]


lookup_source(options_of)


async def load_options() -> None:
    """Read the lists; from then on every form and list shows them so."""
    global _kept
    shown = (LookupOption.lookup, LookupOption.key, LookupOption.label, LookupOption.tone, LookupOption.active)
    with acting_as(system("keeping lists of choices", _TABLES)):
        rows = await LookupOption.select(*shown).order_by(LookupOption.lookup, LookupOption.place, LookupOption.id)
    kept: dict[str, list[tuple[Option, bool]]] = {}
    for row in rows:
        option = Option(row["key"], Text.load(row["label"]), row["tone"])
        kept.setdefault(row["lookup"], []).append((option, bool(row["active"])))
    _kept = kept


async def seed_options(lookups: Sequence[Lookup]) -> None:
    """Bring in shipped options the lists don't have yet; what the company changed stays as it is."""
    with acting_as(system("keeping lists of choices", _TABLES)):
        for lookup in lookups:
            known = await _keys(lookup.name)
            new = [option for option in lookup.options if option.key not in known]
            rows = [_row(lookup.name, option, len(known) + place) for place, option in enumerate(new)]
            if rows:
                await LookupOption.insert(*rows)


def _row(lookup: str, option: Option, place: int) -> LookupOption:
    label = option.label.dump() if isinstance(option.label, Text) else option.label or option.key
    return LookupOption(lookup=lookup, key=option.key, label=label, tone=option.tone, place=place)


async def add_options(lookup: Lookup, labels: Sequence[str]) -> None:
    """Give a list these choices, inside the transaction that makes it; those it has already stay."""
    await rights_changed()
    with acting_as(system("keeping lists of choices", _TABLES)):
        keys = await _keys(lookup.name)
        known = {str(option.label or option.key) for option, _on in _kept.get(lookup.name, ())}
        for label in labels:
            if label.strip() not in known:
                option = Option(_key_for(label, keys), _checked_label(lookup.name, label))
                await LookupOption.insert(_row(lookup.name, option, len(keys)))
                keys.append(option.key)
    after_commit(load_options)


async def add_option(lookup: str, label: str, *, tone: str = "") -> str:
    """Add a choice at the end of a list; answers its key, which is what records store."""
    async with _changing(lookup):
        keys = await _keys(lookup)
        option = Option(_key_for(label, keys), _checked_label(lookup, label), _checked_tone(tone))
        await LookupOption.insert(_row(lookup, option, len(keys)))
    return option.key


async def change_option(
    lookup: str, key: str, *, label: str | None = None, tone: str | None = None, active: bool | None = None
) -> None:
    """Rename a choice, colour it, switch it off or on; records that hold it show it so at once."""
    async with _changing(lookup):
        if key not in await _keys(lookup):
            raise NotFound
        changes: dict[Any, Any] = {}
        if label is not None:
            changes[LookupOption.label] = _checked_label(lookup, label, besides=key)
        if tone is not None:
            changes[LookupOption.tone] = _checked_tone(tone)
        if active is not None:
            changes[LookupOption.active] = active
        if changes:
            await LookupOption.update(changes).where((LookupOption.lookup == lookup) & (LookupOption.key == key))


async def reorder_options(lookup: str, keys: Sequence[str]) -> None:
    """Put a list in this order; all of its keys must be there."""
    async with _changing(lookup):
        if sorted(keys) != sorted(await _keys(lookup)):
            raise Invalid(Problem("keys", _("The order must name every choice once."), list(keys), "order"))
        for place, key in enumerate(keys):
            mine = (LookupOption.lookup == lookup) & (LookupOption.key == key)
            await LookupOption.update({LookupOption.place: place}).where(mine)


@asynccontextmanager
async def _changing(lookup: str) -> AsyncIterator[None]:
    """One change of a list: by right, in one transaction, seen by every process."""
    need("lookups.manage")
    if lookup not in current_snapshot().lookups:
        raise NotFound
    async with transaction(reason=_("List of choices changed")) as work:
        await rights_changed()
        with acting_as(system("keeping lists of choices", _TABLES)):
            yield
        work.after_commit(load_options)


async def _keys(lookup: str) -> list[str]:
    rows = await LookupOption.select(LookupOption.key).where(LookupOption.lookup == lookup)
    return [row["key"] for row in rows]


def _checked_label(lookup: str, label: str, besides: str = "") -> str:
    label = label.strip()
    if not label or len(label) > LONGEST:
        raise Invalid(Problem("label", _("Between 1 and %(most)s characters.", most=LONGEST), label, "length"))
    if any(str(option.label) == label and option.key != besides for option, _on in _kept.get(lookup, ())):
        raise Invalid(Problem("label", _("“%(label)s” is in this list already.", label=label), label, "unique"))
    return label


def _checked_tone(tone: str) -> str:
    if tone not in TONES:
        raise Invalid(Problem("tone", _("“%(value)s” is not one of the choices.", value=tone), tone, "choice"))
    return tone


def _key_for(label: str, taken: Sequence[str]) -> str:
    """A short key of letters, digits and _, new to the list."""
    word = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")[:40] or "option"
    if word not in taken and word != "option":
        return word
    number = next(n for n in range(len(taken) + 1, 2 * len(taken) + 3) if f"{word}_{n}" not in taken)
    return f"{word}_{number}"
