"""The fields a company adds to its records: added, renamed, indexed, switched off and on again while people work.

Each is one transaction: the definition, the column and the epoch. Every process follows within a second; what was
written meanwhile is kept.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from dougong.access.principal import acting_as, system
from dougong.access.rights import need
from dougong.db import transaction
from dougong.db.schema import add_columns, retrying
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.plugin.board import board
from dougong.plugin.epoch import raise_epoch
from dougong.plugin.lookups import add_options
from dougong.plugin.processes import wait_for_epoch
from dougong.plugin.snapshot import current_snapshot, pinned, served_snapshot
from dougong.records.definitions import ADDED, Definition, FieldDefinition, columns_of, read_definitions
from dougong.records.expressions import compile_expression
from dougong.records.numbering import checked_rule
from dougong.records.pinyin import spelled
from dougong.records.types import RecordType
from dougong.shaping.details import checked_details
from dougong.shaping.pending import CALCULATE, INDEX, NUMBER, settle
from dougong.shaping.uses import check_unread

__all__ = ["MANAGE", "add_field", "change_field", "defined_fields", "definition", "follow", "record_type_at", "store"]

MANAGE = "fields.manage"
LONGEST_LABEL = 60
LONGEST_HELP = 300
_WHY = "keep the fields the company added"
_ONLY = frozenset({"core_field"})


def record_type_at(path: str) -> RecordType:
    """The record type at this address, for whoever shapes records. Forbidden, or NotFound where there is none."""
    need(MANAGE)
    record_type = current_snapshot().by_path.get(path)
    if record_type is None:
        raise NotFound
    return record_type


def defined_fields(record_type: RecordType) -> Sequence[Definition]:
    """The fields added to a record type, in the order they were added, those switched off included."""
    need(MANAGE)
    return current_snapshot().added.get(record_type.key, ())


async def add_field(
    record_type: RecordType,
    label: str,
    kind: str,
    *,
    help: str = "",
    indexed: bool = False,
    distinct: bool = False,
    details: Mapping[str, Any] | None = None,
) -> Definition:
    """Add a field to every record of a type; they hold nothing in it yet.

    `indexed`: lists are often filtered or sorted by it. `distinct`: no two records may have the same value. `details`
    is what the kind needs besides (see `dougong.shaping.details`). Raises Invalid naming what is wrong, Refused when
    the table has no room for another column. Source: A1-41.
    """
    need(MANAGE)
    epoch, made = await _add(record_type, label, kind, help, indexed, distinct, dict(details or {}))
    await follow(epoch)
    await settle()
    return made


@retrying
async def _add(
    record_type: RecordType, label: str, kind: str, words: str, indexed: bool, distinct: bool, given: dict[str, Any]
) -> tuple[int, Definition]:
    async with transaction(reason=_("Field added")):
        epoch = await raise_epoch()  # first: whoever else shapes records waits
        known = (await read_definitions()).get(record_type.key, ())
        details, options = checked_details(record_type, kind, given, distinct=distinct)
        key = _free_key(label, [d.key for d in known])
        made = Definition(
            record=record_type.key,
            key=key,
            db_column=key,
            label=_checked_label(record_type, label),
            kind=kind,
            help=_checked_help(words),
            details=details,
            indexed=indexed,
            distinct=distinct,
            pending=_to_do(kind, indexed=indexed),
        )
        await add_columns(record_type.table, columns_of(record_type.table, made))
        with acting_as(system(_WHY, _ONLY)):
            await FieldDefinition.insert(_row(made))
        if made.lookup is not None and options:
            await add_options(made.lookup, options)
    return epoch, made


def _to_do(kind: str, *, indexed: bool) -> str:
    """What is left to be done for the records there are. References are always looked up from the other side."""
    indexes = indexed or kind in ("person", "department", "link")
    first = {"formula": [CALCULATE], "serial": [NUMBER]}.get(kind, [])
    return " ".join([*first, *([INDEX] if indexes else [])])


async def change_field(
    record_type: RecordType,
    key: str,
    *,
    label: str | None = None,
    help: str | None = None,
    indexed: bool | None = None,
    active: bool | None = None,
    formula: str | None = None,
    rule: str | None = None,
) -> Definition:
    """Rename a field, explain it, index it, switch it off or on again, give it another formula or rule of numbers; None
    leaves things as they are.

    A field that is off is gone from pages, lists, API and export; its values stay and are there again when it is on. A
    formula that is on again, or another, is worked out for every record; numbers once given stay. Refused where it is to
    go off while formulas or conditions read it.
    """
    need(MANAGE)
    async with transaction(reason=_("Field changed")):
        epoch = await raise_epoch()
        known = await definition(record_type, key)
        if known.active and active is False:
            with pinned(served_snapshot()):  # the one work began on may not have the formula that reads it
                check_unread(record_type, known)
        changed = replace(
            known,
            label=known.label if label is None else _checked_label(record_type, label, besides=key),
            help=known.help if help is None else _checked_help(help),
            indexed=known.indexed if indexed is None else indexed,
            active=known.active if active is None else active,
            details=known.details if formula is None else _with_formula(record_type, known, formula),
        )
        if rule is not None:
            changed = replace(changed, details=_with_rule(known, rule))
        to_do = {INDEX} if changed.indexed and not known.indexed else set[str]()
        if changed.kind == "serial" and changed.active and not known.active:
            to_do.add(NUMBER)
        if changed.kind == "formula" and (formula is not None or (changed.active and not known.active)):
            to_do.add(CALCULATE)
        await store(replace(changed, pending=" ".join(sorted({*known.pending.split(), *to_do}))))
    await follow(epoch)
    await settle()
    return changed


def _with_rule(known: Definition, rule: str) -> Mapping[str, Any]:
    if known.kind != "serial":
        raise Invalid(Problem("rule", _("This field holds no numbers given by rule."), rule, "kind"))
    return {"rule": checked_rule(rule)}


def _with_formula(record_type: RecordType, known: Definition, formula: str) -> Mapping[str, Any]:
    if known.kind != "formula":
        raise Invalid(Problem("formula", _("This field is no formula."), formula, "kind"))
    given = {k: v for k, v in {**known.details, "formula": formula}.items() if k in ("formula", "places")}
    details, _options = checked_details(record_type, "formula", given, distinct=False)
    if details["result"] != known.shown_as or details.get("currency") != known.details.get("currency"):
        raise Invalid(Problem("formula", _("It comes to another kind of value; add a new field."), formula, "kind"))
    if known.key in _read_by(record_type, str(details["formula"])):
        raise Invalid(Problem("formula", _("A formula can't depend on itself."), formula, "expression"))
    return details


def _read_by(record_type: RecordType, formula: str) -> set[str]:
    """Every field a formula goes by, through other formulas too."""
    formulas = record_type.shape.formulas
    found: set[str] = set()
    waiting = list(compile_expression(formula, record_type).fields)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(formulas[key].fields if key in formulas else ())
    return found


async def definition(record_type: RecordType, key: str) -> Definition:
    """An added field as the database has it now. NotFound."""
    for one in (await read_definitions()).get(record_type.key, ()):
        if one.key == key:
            return one
    raise NotFound


async def store(one: Definition) -> None:
    """Write a changed definition down, inside the transaction of the change."""
    row = _row(one)
    changes: dict[Any, Any] = {
        column: getattr(row, column._meta.name)
        for column in FieldDefinition._meta.columns
        if column._meta.name not in ("id", "record", "key", "created", "claimed_until")
    }
    with acting_as(system(_WHY, _ONLY)):
        await FieldDefinition.update(changes).where(
            (FieldDefinition.record == one.record) & (FieldDefinition.key == one.key)
        )


def _row(one: Definition) -> FieldDefinition:
    return FieldDefinition(
        record=one.record,
        key=one.key,
        db_column=one.db_column,
        label=one.label,
        help=one.help,
        kind=one.kind,
        details=json.dumps(dict(one.details), ensure_ascii=False),
        indexed=one.indexed,
        distinct=one.distinct,
        active=one.active,
        pending=one.pending,
        created=dt.datetime.now(dt.UTC),
    )


async def follow(epoch: int) -> None:
    """Serve it here, and wait up to 2 s for the other processes."""
    await board().refresh()
    await wait_for_epoch(epoch)


def _checked_label(record_type: RecordType, label: str, besides: str = "") -> str:
    label = label.strip()
    if not label or len(label) > LONGEST_LABEL or "\x00" in label:
        raise Invalid(Problem("label", _("Between 1 and %(most)s characters.", most=LONGEST_LABEL), label, "length"))
    if any(str(field.label) == label and field.key != besides for field in record_type.fields.values()):
        raise Invalid(Problem("label", _("There is a field “%(label)s” already.", label=label), label, "unique"))
    return label


def _checked_help(words: str) -> str:
    words = words.strip()
    if len(words) > LONGEST_HELP or "\x00" in words:
        raise Invalid(Problem("help", _("At most %(most)s characters.", most=LONGEST_HELP), words, "length"))
    return words


def _free_key(label: str, taken: Sequence[str]) -> str:
    """What programs call the field: its name in letters (爱好 → x_ai_hao), new to the record type."""
    word = ADDED + (re.sub(r"[^a-z0-9]+", "_", spelled(label)).strip("_")[:36].strip("_") or "field")
    if word not in taken:
        return word
    return next(f"{word}_{n}" for n in range(2, len(taken) + 3) if f"{word}_{n}" not in taken)
