"""What a form shows after somebody else was faster: field by field mine, theirs and what stood there before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.i18n import _, moment_text
from dougong.records import references
from dougong.records.conflicts import Comparison, Differing
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.kinds import WrongValue
from dougong.records.types import RecordType
from dougong.web.views import Banner, Clash, FormField, FormPage, FormSection, Side

__all__ = ["Conflict", "chosen", "conflict_of", "lost_page", "taken_over", "taken_words"]

MINE, THEIRS, ORIGINAL = "mine", "theirs", "original"
_LONGEST = 300
Titles = Mapping[type[Any], Mapping[int, str]]


@dataclass(frozen=True)
class Conflict:
    """What stands above a form, and beside each field that two people changed."""

    banner: Banner
    clashes: Mapping[str, Clash]


def chosen(sent: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, but for the fields where somebody else's value or the one before was picked instead."""
    picks = {key: str(sent.get(_name(key), "")).partition(":") for key in typed}
    return {
        key: pick[2] if pick[0] in (THEIRS, ORIGINAL) else text
        for (key, text), pick in zip(typed.items(), picks.values(), strict=True)
    }


def taken_over(compared: Comparison, typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, with the fields that only somebody else changed as they are now."""
    theirs = {d.field.key: _text(d, d.theirs) for d in compared.theirs}
    return {key: theirs.get(key, text) for key, text in typed.items()}


async def conflict_of(compared: Comparison) -> Conflict:
    """Who changed what meanwhile; for the fields both changed, what to choose between."""
    titles = await _titles(compared.everything)
    who = _listed(compared.everything)
    text = (
        _("%(who)s changed this record while you were editing it. Nothing was saved yet.", who=who)
        if who
        else _("This record was changed while you were editing it. Nothing was saved yet.")
    )
    ask = _("Choose what shall stand in the fields both of you changed.") if compared.clashes else ""
    lines = tuple(_taken_line(d, titles) for d in compared.theirs)
    banner = Banner(f"{text} {ask}".strip(), "warn", lines=lines)
    return Conflict(banner, {d.field.key: _clash(d, titles) for d in compared.clashes})


def taken_words(compared: Comparison) -> str:
    """Which fields somebody else changed, in one line."""
    labels = str(_(", ")).join(str(d.field.label) for d in compared.theirs)
    return str(_("Also changed meanwhile by %(who)s: %(fields)s.", who=_listed(compared.theirs) or "—", fields=labels))


def _name(key: str) -> str:
    return f"keep-{key}"


def _listed(differing: Iterable[Differing]) -> str:
    return str(_(", ")).join(dict.fromkeys(d.who for d in differing if d.who))


def _text(differing: Differing, value: Any) -> str:
    """A stored value as a form sends it back."""
    return "" if value is None else differing.field.type.write(value, differing.field)


def _clash(differing: Differing, titles: Titles) -> Clash:
    theirs = Side(
        f"{THEIRS}:{_text(differing, differing.theirs)}",
        str(_("Theirs")),
        _words(differing, differing.theirs, titles),
        _by(differing),
    )
    original = Side(
        f"{ORIGINAL}:{_text(differing, differing.original)}",
        str(_("As it was before")),
        _words(differing, differing.original, titles),
    )
    return Clash(_name(differing.field.key), MINE, (theirs, original) if differing.known else (theirs,))


def _by(differing: Differing) -> str:
    return " · ".join(part for part in (differing.who, moment_text(differing.at) if differing.at else "") if part)


def _taken_line(differing: Differing, titles: Titles) -> str:
    return str(
        _(
            "Taken over: %(field)s, %(before)s → %(now)s (%(by)s)",
            field=differing.field.label,
            before=_words(differing, differing.original, titles),
            now=_words(differing, differing.theirs, titles),
            by=_by(differing),
        )
    )


def _words(differing: Differing, value: Any, titles: Titles) -> str:
    field = differing.field
    if value in (None, ""):
        return "—"
    if field.target is not None:
        return titles.get(field.target, {}).get(value, "—")
    return field.type.show(value, field)[:_LONGEST]


async def _titles(differing: Sequence[Differing]) -> Titles:
    """What the values refer to, as far as the reader may see it; one query per table."""
    wanted: dict[type[Any], set[int]] = {}
    for d in differing:
        if d.field.target is not None:
            wanted.setdefault(d.field.target, set()).update(v for v in (d.original, d.theirs) if v)
    return {target: await references.titles(target, ids) for target, ids in wanted.items()}


# ------------------------------------------------------------------ the record is gone


async def lost_page(record_type: RecordType, typed: Mapping[str, str]) -> FormPage:
    """The record went while somebody was editing it: what they typed, to be copied.

    The same whether it was deleted, never was or may no longer be seen.
    """
    shown = [f for k in typed if (f := visible_field(record_type, k)) and typed[k].strip()]
    text = "\n".join([f"{field.label}: {await _typed_words(field, typed[field.key])}" for field in shown])
    kept = FormField("typed", str(_("What you typed")), "long_text", text, readonly=True, wide=True)
    return FormPage(
        title=str(_("This record is no longer there")),
        action=f"/{record_type.path}/new",
        sections=(FormSection("", (kept,)),) if text else (),
        submits=(),
        intro=str(
            _(
                "It was deleted meanwhile, or you may no longer see it. Nothing was saved; what you typed can be copied from here."
            )
        ),
        cancel_href=f"/{record_type.path}",
        cancel_label=str(_("Back to the list")),
    )


async def _typed_words(field: Field, text: str) -> str:
    """A typed value as people read it; what can't be read as its kind, as it was typed."""
    try:
        value = field.type.read(text, field)
    except WrongValue:
        return text
    if field.target is not None:
        return (await references.titles(field.target, [value])).get(value, "—")
    return field.type.show(value, field)
