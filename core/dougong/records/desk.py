"""The desk: the only way a record is written.

Each verb works on many records at once and the single form is the same with one: lock and check before, write and
check after under the person's policy, one change-log entry each, one transaction. Nothing is half written, and a
record can be moved neither into nor out of a scope the person doesn't hold.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

from piccolo.querystring import QueryString

from dougong.access.policies import may_put_into
from dougong.access.policies import rows as rows_allowed
from dougong.access.principal import Principal, current
from dougong.access.rights import may, may_hand_on
from dougong.db import current_transaction, engine, fetch, transaction
from dougong.db.constraints import constraint_broken
from dougong.errors import Forbidden, Invalid, NotFound, Problem, Refused, Stale
from dougong.i18n import Text, _
from dougong.plugin.snapshot import current_snapshot
from dougong.records import change_log, references
from dougong.records.change_log import Change
from dougong.records.fields import Field
from dougong.records.gate import cleared, ids, physical
from dougong.records.kinds import UNSTORABLE
from dougong.records.pinyin import initials, sort_key
from dougong.records.tables import Row
from dougong.records.types import Move, RecordType
from dougong.records.values import is_empty, required_problem

__all__ = ["Changed", "change", "create", "create_many", "get", "move", "remove", "remove_many", "type_of", "update"]

_ROWS_AT_ONCE = 500
_OUTSIDE = _("This would put the record outside of what you may write.")
R = TypeVar("R", bound=Row)
Reason = Text | str | None


@dataclass(frozen=True)
class Changed:
    """What a set-wise write did: the ids changed, and those left alone because they are out of reach or equal."""

    changed: Sequence[int]
    skipped: Sequence[int]


def type_of(table: type[Row]) -> RecordType:
    """The record type of a table; NotFound when its plugin is switched off."""
    try:
        return current_snapshot().records[table._meta.tablename]
    except KeyError:
        raise NotFound from None


async def get(table: type[R], record_id: int) -> R:
    """One record as the acting person sees it; NotFound whether it doesn't exist or may not be seen."""
    found = await table.objects().where(table.id == record_id).first()
    if found is None:
        raise NotFound
    return found


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
        full = [_with_defaults(record_type, given, who) for given in rows]
        await _fill_departments(record_type, full)
        for values in full:
            await current_snapshot().hooks.call(
                "before_save", record_type=record_type, old=None, new=values, principal=who
            )
        await _check(record_type, full, [set(given) for given in rows])
        for values in full:
            _set_title(record_type, values)
        new_ids = await _insert(record_type, full, who)
        entries = [
            Change(i, "create", None, _logged(record_type, v), v["created"]) for i, v in zip(new_ids, full, strict=True)
        ]
        await _announce(record_type, "create", entries)
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
    table: type[Row], record_ids: Sequence[int], values: Mapping[str, Any], *, reason: Reason = None
) -> Changed:
    """Give many records the same values, in one statement. Records out of reach are skipped and listed."""
    record_type = type_of(table)
    async with transaction(reason):
        old = {row["id"]: row for row in await _locked(record_type, record_ids, "edit")}
        changed = await _write(record_type, old, {i: dict(values) for i in old})
    return Changed(changed, [i for i in record_ids if i not in set(changed)])


async def move(
    record: R, to: str, *, why: str | None = None, values: Mapping[str, Any] | None = None, reason: Reason = None
) -> R:
    """Take a record to another state of its life cycle, with further values in the same write.

    Raises Refused when there is no such move from where it is or the move's own check says no, Invalid when the move
    asks for a reason and none is given, Forbidden without the move's right.
    """
    record_type = type_of(type(record))
    step = _step(record_type, record.state, to)  # type: ignore[attr-defined]
    if step.reason and is_empty(why):
        raise Invalid(Problem("why", _("Say why."), why, "required"))
    if why and "\x00" in why:
        raise Invalid(Problem("why", UNSTORABLE, why, "type"))
    async with transaction(reason or record_type.move_label(step)):
        old = await _one_locked(record_type, record, step.right)
        if old["version"] != record.version:
            raise Stale(now=old["version"], yours=record.version)
        if step.check:
            await step.check(_as_wanted(record, values or {}))
        await _write(record_type, {record.id: old}, {record.id: {**(values or {}), "state": to}}, step, why)
        return await get(type(record), record.id)


async def remove(record: Row, *, version: int | None = None, reason: Reason = None) -> None:
    """Delete one record for good; the change log keeps what it held. Refused while others refer to it."""
    record_type = type_of(type(record))
    async with transaction(reason):
        old = await _one_locked(record_type, record, "delete")
        if version is not None and old["version"] != version:
            raise Stale(now=old["version"], yours=version)
        await _delete(record_type, [old])


async def remove_many(table: type[Row], record_ids: Sequence[int], *, reason: Reason = None) -> Changed:
    """Delete many records in one statement; those out of reach are skipped and listed."""
    record_type = type_of(table)
    async with transaction(reason):
        old = await _locked(record_type, record_ids, "delete")
        await _delete(record_type, old)
    gone = [row["id"] for row in old]
    return Changed(gone, [i for i in record_ids if i not in set(gone)])


# ------------------------------------------------------------------ what a new record starts with


def _with_defaults(record_type: RecordType, given: Mapping[str, Any], who: Principal) -> dict[str, Any]:
    now = dt.datetime.now(dt.UTC)
    values = {key: _default(field) for key, field in record_type.fields.items() if key != "id"}
    values.update({"created": now, "updated": given.get("created", now), **given, "version": 1})
    if record_type.owned and values["owner"] is None:
        values["owner"] = who.staff
    if record_type.lifecycle and "state" not in given:
        values["state"] = record_type.lifecycle.start
    return values


def _default(field: Field) -> Any:
    default = field.column.get_default_value()
    if hasattr(default, "python"):  # "now", worked out at the moment of writing
        return default.python()
    return default.value if hasattr(default, "value") else default


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


def _set_title(record_type: RecordType, values: dict[str, Any]) -> None:
    title = str(values.get(record_type.title._meta.name) or "")
    values["title_key"], values["title_initials"] = sort_key(title), initials(title)


# ------------------------------------------------------------------ checks


async def _check(record_type: RecordType, rows: Sequence[Mapping[str, Any]], given: Sequence[set[str]]) -> None:
    """Required fields are there, states are possible, referenced records exist for this person: all problems at once."""
    problems: list[Problem] = []
    many = len(rows) > 1
    for number, values in enumerate(rows):
        found = [
            required_problem(record_type.fields[k])
            for k in sorted(record_type.required_in(values))
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
    placed = [r for r, named in zip(rows, given, strict=True) if "department" in named]
    problems += await _department_problems(record_type, placed)
    problems += await references.problems(
        record_type, [{k: v for k, v in r.items() if k in named} for r, named in zip(rows, given, strict=True)]
    )
    if problems:
        raise Invalid(*problems)


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
    if not await _locked(record_type, [old["id"]], step.right):
        raise Forbidden
    if step.check:
        others = {key: value for key, value in new.items() if key != "state"}
        await step.check(_as_wanted(await get(record_type.table, old["id"]), others))


def _as_wanted(record: R, values: Mapping[str, Any]) -> R:
    """The record as it would be with these values: a step looks at what it leads to."""
    wanted = copy(record)
    for key, value in values.items():
        setattr(wanted, key, value)
    return wanted


# ------------------------------------------------------------------ statements


def _policy(record_type: RecordType, action: str, alias: str) -> QueryString:
    policy = rows_allowed(record_type, action, current(), engine(), alias)
    return policy if policy is not None else QueryString("1 = 1")


def _column_names(record_type: RecordType) -> list[str]:
    return [c._meta.db_column_name for c in record_type.table._meta.columns]


async def _locked(record_type: RecordType, record_ids: Sequence[int], action: str) -> list[dict[str, Any]]:
    """The records this action reaches, locked until the transaction ends; whoever lacks the right reaches none."""
    if not record_ids or not may(current(), record_type, action):
        return []
    db = engine()
    columns = ", ".join(f't."{name}"' for name in _column_names(record_type))
    lock = " FOR UPDATE OF t" if db.engine_type == "postgres" else ""
    sql = f'SELECT {columns} FROM {physical(db, record_type.key)} t WHERE t."id" {{}} AND ({{}}) ORDER BY t."id"{lock}'
    with cleared("desk"):
        return await fetch(QueryString(sql, ids(db, record_ids), _policy(record_type, action, "t")))


async def _one_locked(record_type: RecordType, record: Row, action: str) -> dict[str, Any]:
    """One record, locked; Forbidden where the person may see but not do this, NotFound where not even that."""
    for row in await _locked(record_type, [record.id], action):
        return row
    await get(type(record), record.id)
    raise Forbidden


async def _insert(record_type: RecordType, rows: Sequence[Mapping[str, Any]], who: Principal) -> list[int]:
    db, name = engine(), record_type.key
    columns = [c for c in record_type.table._meta.columns if c._meta.name != "id"]
    names = ", ".join(f'"{c._meta.db_column_name}"' for c in columns)
    row = "(" + ", ".join("{}" for _ in columns) + ")"
    new_ids: list[int] = []
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = rows[start : start + _ROWS_AT_ONCE]
        values = [r.get(c._meta.name) for r in part for c in columns]
        sql = f'INSERT INTO {physical(db, name)} ({names}) VALUES {", ".join([row] * len(part))} RETURNING "id"'
        with cleared("desk"):
            try:
                inserted = await fetch(QueryString(sql, *values))
            except Exception as err:
                raise _as_problem(record_type, err) from err
        new_ids += sorted(r["id"] for r in inserted)
    await _confirm(record_type, new_ids, "create")
    return new_ids


async def _confirm(record_type: RecordType, record_ids: Sequence[int], action: str) -> None:
    """The check after the write: every row still lies where the person may write."""
    db = engine()
    policy = rows_allowed(record_type, action, current(), db, "t")
    if policy is None or not record_ids:
        return
    sql = f'SELECT count(*) AS n FROM {physical(db, record_type.key)} t WHERE t."id" {{}} AND ({{}})'
    with cleared("desk"):
        [row] = await fetch(QueryString(sql, ids(db, record_ids), policy))
    if row["n"] != len(set(record_ids)):
        raise Forbidden(_OUTSIDE)


async def _write(
    record_type: RecordType,
    old: Mapping[int, Mapping[str, Any]],
    wanted: Mapping[int, dict[str, Any]],
    step: Move | None = None,
    why: str | None = None,
) -> list[int]:
    """Bring locked rows to the wanted values; returns the ids that really changed."""
    who, hooks = current(), current_snapshot().hooks
    groups: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    problems: list[Problem] = []
    entries: list[Change] = []
    placed: list[Mapping[str, Any]] = []
    homes = await _homes(record_type, wanted.values())
    for record_id, values in wanted.items():
        before = old[record_id]
        after = {**before, **values}
        await hooks.call("before_save", record_type=record_type, old=before, new=after, principal=who)
        differing = {
            k: v
            for k, v in after.items()
            if k in record_type.fields and v != before[k] and k not in ("id", "version", "created", "updated")
        }
        if not differing:
            continue
        if step is None:
            await _check_step(record_type, before, differing, who)
        _follow_owner(before, differing, homes)
        if "department" in differing:
            placed.append({**after, **differing})
        problems += [
            required_problem(record_type.fields[k])
            for k in sorted(record_type.required_in(after))
            if k in differing and is_empty(after[k])
        ]
        groups.setdefault(tuple(sorted(differing.items(), key=lambda item: item[0])), []).append(record_id)
        logged = {**differing, "why": why} if why else differing
        entries.append(Change(record_id, "update", {k: before[k] for k in differing}, logged))
    problems += await _department_problems(record_type, placed)
    problems += await references.problems(record_type, [dict(g) for g in groups])
    if problems:
        raise Invalid(*problems)
    await _refuse_taking(record_type, [i for g, found in groups.items() if "owner" in dict(g) for i in found])
    for values_of_group, record_ids in groups.items():
        await _update(
            record_type, record_ids, dict(values_of_group), step.right if step else "edit", moved=step is not None
        )
    if entries:
        await _announce(record_type, "update", entries)
    return [e.record_id for e in entries]


async def _homes(record_type: RecordType, rows: Iterable[Mapping[str, Any]]) -> Mapping[int, int | None]:
    """The departments of these rows' owners, in one query."""
    owners = {r["owner"] for r in rows if r.get("owner")} if record_type.owned else set()
    return await references.departments_of(owners) if owners else {}


def _follow_owner(before: Mapping[str, Any], differing: dict[str, Any], homes: Mapping[int, int | None]) -> None:
    """A new owner brings the record to their department unless one is named."""
    home = homes.get(differing.get("owner") or 0)
    if home and "department" not in differing and home != before["department"]:
        differing["department"] = home


async def _refuse_taking(record_type: RecordType, record_ids: Sequence[int]) -> None:
    """Whoever a record is only shared with doesn't say whose it is."""
    shared = current().shared.get(record_type.key)
    if shared and set(record_ids) & {*shared.edit} and not await may_hand_on(record_type, record_ids):
        raise Forbidden(_("It is only shared with you: who owns it is not yours to decide."))


async def _department_problems(record_type: RecordType, rows: Sequence[Mapping[str, Any]]) -> list[Problem]:
    """A record stands in its owner's department, or in one whose records the person may edit.

    Nobody puts a record where those who answer for it don't see it.
    """
    if not rows or not (record_type.owned and record_type.scope.has("role")):
        return []
    homes, who = await _homes(record_type, rows), current()
    text = _("A record stands in its owner's department, or in one whose records you may edit.")
    return [
        Problem("department", text, r["department"], "reach")
        for r in rows
        if r["department"] != homes.get(r["owner"] or 0) and not may_put_into(who, record_type, r["department"])
    ]


async def _update(
    record_type: RecordType, record_ids: Sequence[int], values: dict[str, Any], action: str, *, moved: bool
) -> None:
    db = engine()
    if record_type.title._meta.name in values:
        _set_title(record_type, values)
    values["updated"] = dt.datetime.now(dt.UTC)
    by_name = {c._meta.name: c._meta.db_column_name for c in record_type.table._meta.columns}
    sets = ", ".join(f'"{by_name[k]}" = {{}}' for k in values)
    sql = f'UPDATE {physical(db, record_type.key)} SET "version" = "version" + 1, {sets} WHERE "id" {{}}'
    with cleared("desk"):
        try:
            await fetch(QueryString(sql, *values.values(), ids(db, record_ids)))
        except Exception as err:
            raise _as_problem(record_type, err) from err
    if not moved:  # a move may hand a record on (submitted to those who approve); an edit may not push it out of reach
        await _confirm(record_type, record_ids, action)


async def _delete(record_type: RecordType, old: Sequence[Mapping[str, Any]]) -> None:
    db = engine()
    record_ids = [row["id"] for row in old]
    if not record_ids:
        return
    try:
        async with transaction():
            with cleared("desk"):
                await fetch(
                    QueryString(f'DELETE FROM {physical(db, record_type.key)} WHERE "id" {{}}', ids(db, record_ids))
                )
    except Exception as err:
        if constraint_broken(err) != "reference":
            raise
        raise Refused(
            _("It can't be deleted: %(what)s refer to it.", what=await references.where_used(record_type, record_ids))
        ) from err
    await _announce(
        record_type, "remove", [Change(row["id"], "remove", _logged(record_type, row), None) for row in old]
    )


def _as_problem(record_type: RecordType, err: Exception) -> Exception:
    """A broken unique rule, as the field it concerns; anything else as it is."""
    if constraint_broken(err) != "unique":
        return err
    text = f"{err} {getattr(err, 'detail', '')} {getattr(err, 'constraint_name', '')}"
    key = next(
        (c._meta.name for c in record_type.table._meta.columns if c._meta.unique and c._meta.db_column_name in text),
        record_type.title._meta.name,
    )
    return Invalid(Problem(key, _("Another record already has this value."), None, "unique"))


def _logged(record_type: RecordType, values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if k in record_type.fields and k not in ("id", "version") and v is not None}


def _batch() -> str:
    running = current_transaction()
    return running.batch if running else ""


async def _announce(record_type: RecordType, verb: str, entries: Sequence[Change]) -> None:
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
