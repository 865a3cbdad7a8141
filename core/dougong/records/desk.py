"""The desk: the only way a record is written.

Each verb works on many records at once and the single form is the same with one: lock and check before, write and
check after under the person's policy, one change-log entry each, one transaction. Nothing is half written, and a
record can be moved neither into nor out of a scope the person doesn't hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from piccolo.columns.combination import WhereRaw
from piccolo.querystring import QueryString

from dougong.access.fields import HIDDEN, field_level
from dougong.access.policies import may_put_into
from dougong.access.principal import Principal, current
from dougong.access.rights import deactivated_among, may, refusal, to_hand_on, within_reach
from dougong.db import current_transaction, engine, fetch, transaction
from dougong.errors import Deactivated, DougongError, Forbidden, Invalid, NotFound, Problem, Refused, Stale
from dougong.i18n import Text, _, company_zone
from dougong.plugin.snapshot import current_snapshot
from dougong.records import change_log, references, statements
from dougong.records.change_log import Change
from dougong.records.definitions import sorted_text
from dougong.records.gate import cleared, ids
from dougong.records.kinds import UNSTORABLE
from dougong.records.numbering import take_numbers
from dougong.records.remarks import about
from dougong.records.statements import locked, plain_default
from dougong.records.tables import Row
from dougong.records.types import DEACTIVATE, Move, RecordType
from dougong.records.values import is_empty, required_problem

__all__ = [
    "Changed",
    "change",
    "create",
    "create_many",
    "deactivate",
    "deactivate_many",
    "get",
    "move",
    "move_many",
    "reactivate",
    "reactivate_many",
    "remove",
    "remove_many",
    "type_of",
    "update",
    "update_each",
]

EQUAL = _("It is so already.")
ONLY_SHARED = _("It is only shared with you: who owns it is not yours to decide.")
REFERRED_TO = _("Others refer to it.")
_KEPT_BY_THE_DESK = frozenset({"id", "version", "created", "updated"})
_NOT_LOGGED = frozenset({"id", "title_key", "title_initials"})
R = TypeVar("R", bound=Row)
Reason = Text | str | None


@dataclass(frozen=True)
class Changed:
    """What a set-wise write did: the ids changed, and those left alone, each with the reason."""

    changed: Sequence[int]
    skipped: Mapping[int, Text | str]


def type_of(table: type[Row]) -> RecordType:
    """The record type of a table; NotFound when its plugin is switched off."""
    try:
        return current_snapshot().records[table._meta.tablename]
    except KeyError:
        raise NotFound from None


async def get(table: type[R], record_id: int) -> R:
    """One record as the acting person sees it; NotFound whether it doesn't exist or may not be seen."""
    found = await fetch(QueryString(_by_id(table), record_id))
    if not found:
        raise NotFound
    return table(**found[0], _exists_in_db=True)


def _by_id(table: type[Row]) -> str:
    """What reads one record: put together once for the columns the table has, which is most of the work of reading it."""
    columns = table._meta.columns  # a new list when one is added
    known = _reading.get(table)
    if known is None or known[0] is not columns:
        names = ", ".join(f'"{column._meta.db_column_name}"' for column in columns)
        known = _reading[table] = (columns, f'SELECT {names} FROM "{table._meta.tablename}" WHERE "id" = {{}}')
    return known[1]


_reading: WeakKeyDictionary[type[Row], tuple[Sequence[Any], str]] = WeakKeyDictionary()


async def create(table: type[R], values: Mapping[str, Any], *, reason: Reason = None) -> R:
    """Create one record; see `create_many`."""
    [new_id] = await create_many(table, [values], reason=reason)
    return await get(table, new_id)


async def create_many(table: type[Row], rows: Sequence[Mapping[str, Any]], *, reason: Reason = None) -> list[int]:
    """Create records from stored values by field key; what is left out gets its default.

    The owner is the acting person unless given, the department is the owner's, the state is where the life cycle
    starts. `created` may lie in the past (data that is older than the system); the log has the same date. Raises Forbidden, or Invalid naming every field (for several records the field is "row.field", rows
    counted from 0).
    """
    record_type, who = type_of(table), current()
    if not may(who, record_type, "create"):
        raise Forbidden
    async with transaction(reason):
        start = {key: plain_default(field.column) for key, field in record_type.fields.items() if key != "id"}
        full = [_with_defaults(record_type, start, given, who) for given in rows]
        await _fill_departments(record_type, full)
        await _number(record_type, full)
        await _complete_each(record_type, full)
        await _check(record_type, full, [set(given) for given in rows])
        new_ids = await statements.insert(record_type, full)
        await statements.confirm(record_type, new_ids, "create")
        entries = [
            Change(i, "create", None, logged(record_type, v), v["created"]) for i, v in zip(new_ids, full, strict=True)
        ]
        await announce(record_type, "create", entries)
    return new_ids


async def change(record: R, values: Mapping[str, Any], *, version: int | None = None, reason: Reason = None) -> R:
    """Change fields of one record and return it as it is now.

    `version` is the version the change is based on, the object's own by default. Raises Stale when the record moved
    on, Forbidden when the person may see but not change it, NotFound when not even that.
    """
    table = type(record)
    record_type = type_of(table)
    based_on = record.version if version is None else version
    async with transaction(reason):
        old = await _one_locked(record_type, record, "edit")
        if old["version"] != based_on:
            raise Stale(now=old["version"], yours=based_on)
        await _write(record_type, {record.id: old}, {record.id: dict(values)})
        return await get(table, record.id)


async def update(
    table: type[Row],
    record_ids: Sequence[int],
    values: Mapping[str, Any],
    *,
    lenient: bool = False,
    reason: Reason = None,
) -> Changed:
    """Give many records the same values, in one statement. Records out of reach are skipped and listed.

    `lenient`: so are those that something speaks against (a hook, a step, whose they are); otherwise it speaks against
    all of them.
    """
    record_type = type_of(table)
    async with transaction(reason):
        old = {row["id"]: row for row in await locked(record_type, record_ids, "edit")}
        skipped = await out_of_reach(record_type, record_ids, old)
        against = skipped if lenient else None
        changed = await _write(record_type, old, {i: dict(values) for i in old}, skipped=against)
    equal = {i: EQUAL for i in record_ids if i not in {*changed, *skipped}}
    return Changed(changed, {**skipped, **equal})


async def update_each(table: type[Row], wanted: Mapping[int, Mapping[str, Any]], *, reason: Reason = None) -> Changed:
    """Give each of these records its own values. Those out of reach, and those that something speaks against, are
    skipped and listed; those that had these values already are neither changed nor skipped."""
    record_type = type_of(table)
    async with transaction(reason):
        old = {row["id"]: row for row in await locked(record_type, list(wanted), "edit")}
        skipped = await out_of_reach(record_type, wanted, old)
        changed = await _write(record_type, old, {i: dict(wanted[i]) for i in old}, skipped=skipped)
    return Changed(changed, skipped)


async def move(
    record: R, to: str, *, why: str | None = None, values: Mapping[str, Any] | None = None, reason: Reason = None
) -> R:
    """Take a record to another state of its life cycle, with further values in the same write.

    Raises Refused when there is no such move from where it is or the move's own check says no, Invalid when the move
    asks for a reason and none is given, Forbidden without the move's right.
    """
    record_type = type_of(type(record))
    step = _step(record_type, record.state, to)  # type: ignore[attr-defined]
    _check_why(step, why)
    async with transaction(reason or record_type.move_label(step)):
        old = await _one_locked(record_type, record, step.right)
        if old["version"] != record.version:
            raise Stale(now=old["version"], yours=record.version)
        if step.check:
            await step.check(as_wanted(record, values or {}))
        await _write(record_type, {record.id: old}, {record.id: {**(values or {}), "state": to}}, step, why)
        return await get(type(record), record.id)


async def move_many(
    table: type[Row], record_ids: Sequence[int], to: str, *, why: str | None = None, reason: Reason = None
) -> Changed:
    """Take many records to the same state, each by the step from where it is. Those that can't go there are skipped."""
    record_type = type_of(table)
    async with transaction(reason):
        seen = await read_many(table, record_ids)
        skipped: dict[int, Text | str] = {i: NotFound.message for i in record_ids if i not in seen}
        changed: list[int] = []
        for source in dict.fromkeys(record.state for record in seen.values()):
            here = {i: record for i, record in seen.items() if record.state == source}
            try:
                step = _step(record_type, source, to)
            except Refused as refused:
                skipped.update(dict.fromkeys(here, refused.message))
                continue
            changed += await _move_alike(record_type, here, step, why, skipped)
    return Changed(changed, skipped)


async def _move_alike(
    record_type: RecordType, here: Mapping[int, Any], step: Move, why: str | None, skipped: dict[int, Text | str]
) -> list[int]:
    _check_why(step, why)
    old = {row["id"]: row for row in await locked(record_type, list(here), step.right)}
    skipped.update({i: Forbidden.message for i in here if i not in old})
    for record_id in list(old):
        try:
            if old[record_id]["version"] != here[record_id].version:
                raise Stale(now=old[record_id]["version"], yours=here[record_id].version)
            if step.check:
                await step.check(here[record_id])
        except DougongError as err:
            skipped[record_id] = words_of(err)
            del old[record_id]
    async with transaction(record_type.move_label(step)):
        return await _write(record_type, old, {i: {"state": step.target} for i in old}, step, why, skipped)


async def deactivate(
    record: R, values: Mapping[str, Any] | None = None, *, version: int | None = None, reason: Reason = None
) -> R:
    """Take a record out of use, with further values in the same write: it stays where it stands and can be seen, and is
    neither chosen nor changed until it is brought back. Forbidden, Stale, NotFound as `change`."""
    return await _use(record, values or {}, version, reason or _("Deactivated"), again=False)


async def reactivate(record: R, *, version: int | None = None, reason: Reason = None) -> R:
    """Bring a deactivated record back into use."""
    return await _use(record, {}, version, reason or _("Reactivated"), again=True)


async def deactivate_many(table: type[Row], record_ids: Sequence[int]) -> Changed:
    """Take many records out of use. Those out of reach, and those something speaks against, are skipped and listed."""
    return await _use_many(table, record_ids, _("Deactivated"), again=False)


async def reactivate_many(table: type[Row], record_ids: Sequence[int]) -> Changed:
    """Bring many records back into use, as far as they can be."""
    return await _use_many(table, record_ids, _("Reactivated"), again=True)


async def _use(record: R, values: Mapping[str, Any], version: int | None, reason: Reason, *, again: bool) -> R:
    table = type(record)
    record_type = type_of(table)
    async with transaction(reason):
        old = await _one_locked(record_type, record, DEACTIVATE)
        based_on = record.version if version is None else version
        if old["version"] != based_on:
            raise Stale(now=old["version"], yours=based_on)
        wanted = {record.id: {**values, _active_key(record_type): again}}
        await _write(record_type, {record.id: old}, wanted, action=DEACTIVATE)
        return await get(table, record.id)


async def _use_many(table: type[Row], record_ids: Sequence[int], reason: Reason, *, again: bool) -> Changed:
    record_type = type_of(table)
    async with transaction(reason):
        old = {row["id"]: row for row in await locked(record_type, record_ids, DEACTIVATE)}
        skipped = await out_of_reach(record_type, record_ids, old)
        wanted = {i: {_active_key(record_type): again} for i in old}
        changed = await _write(record_type, old, wanted, action=DEACTIVATE, skipped=skipped)
    equal = {i: EQUAL for i in record_ids if i not in {*changed, *skipped}}
    return Changed(changed, {**skipped, **equal})


def _active_key(record_type: RecordType) -> str:
    """Where it stands whether a record is in use; Forbidden where records of the type are never deactivated."""
    if record_type.active is None:
        raise Forbidden
    return record_type.active._meta.name


async def remove(record: Row, *, version: int | None = None, reason: Reason = None) -> None:
    """Delete one record for good; the change log keeps what it held. Refused while others refer to it."""
    record_type = type_of(type(record))
    async with transaction(reason):
        old = await _one_locked(record_type, record, "delete")
        if version is not None and old["version"] != version:
            raise Stale(now=old["version"], yours=version)
        await _delete(record_type, [old])


async def remove_many(
    table: type[Row], record_ids: Sequence[int], *, lenient: bool = False, reason: Reason = None
) -> Changed:
    """Delete many records in one statement; those out of reach are skipped and listed.

    `lenient`: so are those that others refer to; otherwise one of them keeps all.
    """
    record_type = type_of(table)
    async with transaction(reason):
        old = {row["id"]: row for row in await locked(record_type, record_ids, "delete")}
        skipped = await out_of_reach(record_type, record_ids, old)
        for record_id in await references.referred_to(record_type, set(old)) if lenient else ():
            _skip(record_id, REFERRED_TO, old, skipped)
        await _delete(record_type, list(old.values()))
    return Changed(list(old), skipped)


# ------------------------------------------------------------------ what a new record starts with


def _with_defaults(
    record_type: RecordType, start: Mapping[str, Any], given: Mapping[str, Any], who: Principal
) -> dict[str, Any]:
    """What is given over the template's defaults, and these over the columns' own, with which every record starts."""
    now = dt.datetime.now(dt.UTC)
    values = {**start, **record_type.form_of({**start, **given}).defaults}
    values.update({"created": now, "updated": given.get("created", now), **given, "version": 1})
    if record_type.owned and values["owner"] is None:
        values["owner"] = who.staff
    if record_type.lifecycle and "state" not in given:
        values["state"] = record_type.lifecycle.start
    return values


async def _number(record_type: RecordType, rows: Sequence[dict[str, Any]]) -> None:
    """The numbers that rules give new records, each by the day it was made on."""
    waiting: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for values in rows:
        for key, rule in record_type.form_of(values).rules.items():
            if not values[key]:
                waiting.setdefault((key, rule), []).append(values)
    for (key, rule), without in waiting.items():
        days = [values["created"].astimezone(company_zone()).date() for values in without]
        for values, number in zip(without, await take_numbers(f"{record_type.key}.{key}", rule, days), strict=True):
            values[key] = number


async def _fill_departments(record_type: RecordType, rows: Sequence[dict[str, Any]]) -> None:
    """A record belongs to its owner's department unless another is given."""
    if not record_type.owned:
        return
    owners = {r["owner"] for r in rows if r["owner"] and not r["department"]}
    if not owners:
        return
    departments = await references.departments_of(owners)
    for values in rows:
        if not values["department"]:
            values["department"] = departments.get(values["owner"])


# ------------------------------------------------------------------ checks


async def _complete_each(record_type: RecordType, rows: Sequence[dict[str, Any]]) -> None:
    """What hooks say against several records is told of each."""
    problems: list[Problem] = []
    for number, values in enumerate(rows):
        try:
            with about(number):
                await complete(record_type, None, values)
        except Invalid as err:
            if len(rows) == 1 or not err.problems:
                raise
            problems += [replace(p, field=f"{number}.{p.field}") for p in err.problems]
    if problems:
        raise Invalid(*problems)


async def _check(record_type: RecordType, rows: Sequence[Mapping[str, Any]], given: Sequence[set[str]]) -> None:
    """Required fields are there, states are possible, referenced records exist for this person: all problems at once."""
    problems: list[Problem] = []
    many = len(rows) > 1
    for number, values in enumerate(rows):
        found = [
            required_problem(record_type.fields[k])
            for k in sorted(_asked_for(record_type, values))
            if is_empty(values[k])
        ]
        if record_type.lifecycle and values["state"] != record_type.lifecycle.start:
            found.append(
                Problem(
                    "state",
                    _(
                        "A new record starts as “%(state)s”.",
                        state=record_type.state_option(record_type.lifecycle.start).label,
                    ),
                    values["state"],
                    "state",
                )
            )
        problems += [Problem(f"{number}.{p.field}", p.message, p.value, p.rule) if many else p for p in found]
    placed = {n: r for n, (r, named) in enumerate(zip(rows, given, strict=True)) if "department" in named}
    problems += (await misplaced(record_type, placed)).values()
    problems += await references.problems(
        record_type, [{k: v for k, v in r.items() if k in named} for r, named in zip(rows, given, strict=True)]
    )
    if problems:
        raise Invalid(*problems)


def _check_why(step: Move, why: str | None) -> None:
    if step.reason and is_empty(why):
        raise Invalid(Problem("why", _("Say why."), why, "required"))
    if why and "\x00" in why:
        raise Invalid(Problem("why", UNSTORABLE, why, "type"))


def _step(record_type: RecordType, source: str, target: str) -> Move:
    step = record_type.lifecycle.move(source, target) if record_type.lifecycle else None
    if step is None:
        labels = {k: record_type.state_option(v).label for k, v in (("source", source), ("target", target))}
        raise Refused(_("There is no step from “%(source)s” to “%(target)s”.", **labels))
    return step


async def _check_step(record_type: RecordType, old: Mapping[str, Any], new: Mapping[str, Any], who: Principal) -> None:
    """A state that is changed like any other field still follows the life cycle."""
    if "state" not in new or new["state"] == old["state"]:
        return
    step = _step(record_type, old["state"], new["state"])
    if step.reason:
        raise Invalid(Problem("state", _("This step asks for a reason; take it as a move."), new["state"], "reason"))
    if not await locked(record_type, [old["id"]], step.right):
        raise Forbidden
    if step.check:
        others = {key: value for key, value in new.items() if key != "state"}
        await step.check(as_wanted(await get(record_type.table, old["id"]), others))


def as_wanted(record: R, values: Mapping[str, Any]) -> R:
    """The record as it would be with these values: a step looks at what it leads to."""
    wanted = copy(record)
    for key, value in values.items():
        setattr(wanted, key, value)
    return wanted


# ------------------------------------------------------------------ what is there


async def _one_locked(record_type: RecordType, record: Row, action: str) -> dict[str, Any]:
    """One record, locked; Forbidden where the person may see but not do this, NotFound where not even that."""
    for row in await locked(record_type, [record.id], action):
        return row
    await get(type(record), record.id)
    raise await refusal(record_type, action, record.id)


async def out_of_reach(
    record_type: RecordType, record_ids: Iterable[int], reached: Collection[int]
) -> dict[int, Text | str]:
    """Why each of the others is left alone: not to be seen, out of use, or not theirs to do this with."""
    missed = [i for i in dict.fromkeys(record_ids) if i not in reached]
    seen = await within_reach(record_type, "read", missed)
    out_of_use = await deactivated_among(record_type, seen)
    reasons = {i: Deactivated.message if i in out_of_use else Forbidden.message for i in seen}
    return {i: reasons.get(i, NotFound.message) for i in missed}


async def read_many(table: type[Row], record_ids: Iterable[int]) -> dict[int, Any]:
    wanted = WhereRaw(f'"{table._meta.tablename}"."id" {{}}', ids(engine(), set(record_ids)))
    return {record.id: record for record in await table.objects().where(wanted)} if record_ids else {}


def words_of(err: DougongError) -> Text | str:
    """Why something was refused, without the names of fields where one reason says it all."""
    return err.problems[0].message if isinstance(err, Invalid) and err.problems else err.message


# ------------------------------------------------------------------ changes


async def _write(
    record_type: RecordType,
    old: Mapping[int, Mapping[str, Any]],
    wanted: Mapping[int, dict[str, Any]],
    step: Move | None = None,
    why: str | None = None,
    skipped: dict[int, Text | str] | None = None,
    action: str = "edit",
) -> list[int]:
    """Bring locked rows to the wanted values; returns the ids that really changed.

    What speaks against one of them is raised, or where there is `skipped`, noted there. By `action` they have to be
    within reach afterwards too.
    """
    changes, problems = await _differences(record_type, old, wanted, step, skipped)
    placed = {i: {**old[i], **values} for i, values in changes.items() if "department" in values}
    for record_id, problem in (await misplaced(record_type, placed)).items():
        if skipped is None:
            problems.append(problem)
        else:
            _skip(record_id, problem.message, changes, skipped)
    problems += await references.problems(record_type, list(changes.values()))
    if problems:
        raise Invalid(*problems)
    for record_id in await not_to_hand_on(record_type, [i for i, values in changes.items() if "owner" in values]):
        if skipped is None:
            raise Forbidden(ONLY_SHARED)
        _skip(record_id, ONLY_SHARED, changes, skipped)
    # a move may hand a record on (submitted to those who approve); an edit may not push it out of reach
    await statements.update_within_reach(record_type, changes, None if step else action, skipped)
    entries = [
        Change(i, "update", {k: old[i][k] for k in values}, {**values, "why": why} if why else values)
        for i, values in changes.items()
    ]
    if entries:
        await announce(record_type, "update", entries)
    return list(changes)


def _skip(record_id: int, why: Text | str, changes: dict[int, Any], skipped: dict[int, Text | str]) -> None:
    del changes[record_id]
    skipped[record_id] = why


async def _differences(
    record_type: RecordType,
    old: Mapping[int, Mapping[str, Any]],
    wanted: Mapping[int, dict[str, Any]],
    step: Move | None,
    skipped: dict[int, Text | str] | None,
) -> tuple[dict[int, Mapping[str, Any]], list[Problem]]:
    """What each record is to become, and what would be left empty."""
    changes: dict[int, Mapping[str, Any]] = {}
    problems: list[Problem] = []
    homes = await _homes(record_type, wanted.values())
    for record_id, values in wanted.items():
        try:
            with about(record_id):
                differing = await _differing(record_type, old[record_id], values, step, homes)
            before = old[record_id]
            empty = _left_empty(record_type, before, {**before, **differing}, differing)
            if empty and skipped is not None:
                raise Invalid(*empty)
        except DougongError as err:
            if skipped is None:
                raise
            skipped[record_id] = words_of(err)
            continue
        problems += empty
        if differing:
            changes[record_id] = differing
    return changes, problems


async def _differing(
    record_type: RecordType,
    before: Mapping[str, Any],
    values: Mapping[str, Any],
    step: Move | None,
    homes: Mapping[int, int | None],
) -> dict[str, Any]:
    """What of the wanted values is new, hooks having completed them and the life cycle allowing it."""
    after = {**before, **values}
    await complete(record_type, before, after)
    differing = changed_values(record_type, before, after)
    if differing and step is None:
        await _check_step(record_type, before, differing, current())
    _follow_owner(before, differing, homes)
    return differing


async def complete(record_type: RecordType, old: Mapping[str, Any] | None, new: dict[str, Any]) -> None:
    """Let plugins look at a record about to be written, complete it or refuse it; then work out its formulas."""
    await current_snapshot().hooks.call("before_save", record_type=record_type, old=old, new=new, principal=current())
    record_type.shape.calculate(new)


def changed_values(record_type: RecordType, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that differ; what the desk itself keeps of a record is none of them."""
    fields = record_type.shape.every
    return {k: v for k, v in after.items() if k in fields and v != before[k] and k not in _KEPT_BY_THE_DESK}


def _left_empty(
    record_type: RecordType, before: Mapping[str, Any], after: Mapping[str, Any], differing: Mapping[str, Any]
) -> list[Problem]:
    """What is asked for and was emptied, or is asked for since this change. What stood empty before may stay so."""
    required = _asked_for(record_type, after)
    asked = sorted(required & {*differing, *(required - _asked_for(record_type, before))})
    return [required_problem(record_type.fields[k]) for k in asked if is_empty(after[k])]


def _asked_for(record_type: RecordType, values: Mapping[str, Any]) -> frozenset[str]:
    """What has to be filled in. What is only there by fields the acting person may not see is not: it would tell of them."""
    form, state = record_type.form_of(values), values.get("state") if record_type.lifecycle else None
    required = record_type.required_in(values)
    names = {key: f"{record_type.key}.{key}" for key in required & form.conditions.keys()}
    return required - {key for key, name in names.items() if field_level(current(), name, state) == HIDDEN}


async def _homes(record_type: RecordType, rows: Iterable[Mapping[str, Any]]) -> Mapping[int, int | None]:
    """The departments of these rows' owners, in one query."""
    owners = {r["owner"] for r in rows if r.get("owner")} if record_type.owned else set()
    return await references.departments_of(owners) if owners else {}


def _follow_owner(before: Mapping[str, Any], differing: dict[str, Any], homes: Mapping[int, int | None]) -> None:
    """A new owner brings the record to their department unless one is named."""
    home = homes.get(differing.get("owner") or 0)
    if home and "department" not in differing and home != before["department"]:
        differing["department"] = home


async def not_to_hand_on(record_type: RecordType, record_ids: Sequence[int]) -> list[int]:
    """Whoever a record is only shared with doesn't say whose it is."""
    shared = current().shared.get(record_type.key)
    doubtful = set(record_ids) & {*shared.edit} if shared else set()
    return sorted(doubtful - await to_hand_on(record_type, doubtful))


async def misplaced(record_type: RecordType, rows: Mapping[int, Mapping[str, Any]]) -> dict[int, Problem]:
    """A record stands in its owner's department, or in one whose records the person may edit.

    Nobody puts a record where those who answer for it don't see it.
    """
    if not rows or not (record_type.owned and record_type.scope.has("role")):
        return {}
    homes, who = await _homes(record_type, rows.values()), current()
    text = _("A record stands in its owner's department, or in one whose records you may edit.")
    return {
        i: Problem("department", text, r["department"], "reach")
        for i, r in rows.items()
        if r["department"] != homes.get(r["owner"] or 0) and not may_put_into(who, record_type, r["department"])
    }


async def _delete(record_type: RecordType, old: Sequence[Mapping[str, Any]]) -> None:
    if old:
        await statements.delete(record_type, [row["id"] for row in old])
        entries = [Change(row["id"], "remove", logged(record_type, row), None) for row in old]
        await announce(record_type, "remove", entries)


# ------------------------------------------------------------------ what is said of it


def logged(record_type: RecordType, row: Mapping[str, Any]) -> dict[str, Any]:
    """All a row holds, that of fields switched off too: it may have to come back."""
    held = {k: v for k, v in row.items() if v is not None and k not in _NOT_LOGGED and sorted_text(k) == k}
    names = {c._meta.name for c in record_type.table._meta.columns}
    return {k: v for k, v in held.items() if k in names}


def _batch() -> str:
    running = current_transaction()
    return running.batch if running else ""


async def announce(record_type: RecordType, verb: str, entries: Sequence[Change]) -> None:
    """Log what happened and tell whoever wants to know, inside the transaction."""
    with cleared("desk"):
        await change_log.append(record_type.key, entries)
    await current_snapshot().hooks.call(
        "record_changed",
        record_type=record_type,
        verb=verb,
        ids=[e.record_id for e in entries],
        batch=_batch(),
    )
