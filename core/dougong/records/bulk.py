"""The same done with many records at once, up to a limit: which they are, what is skipped and why."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from piccolo.querystring import QueryString

from dougong.access.principal import current
from dougong.access.rights import may, within_reach
from dougong.access.services.sharing import Terms, Whom, share_records, shared_on
from dougong.db import engine, fetch, transaction
from dougong.db.columns import Option
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import Text, _, number_text
from dougong.records import desk, references
from dougong.records.actions import form_values, is_for
from dougong.records.desk import Changed
from dougong.records.fields import Field
from dougong.records.gate import ids
from dougong.records.kinds import MOST_CHOICES, keys_text
from dougong.records.queries import Query
from dougong.records.statements import locked
from dougong.records.types import Action, Move, RecordType
from dougong.records.values import read_values, writable

__all__ = [
    "MOST",
    "Job",
    "change_many",
    "changeable",
    "choosable",
    "choose_many",
    "delete_many",
    "jobs_of",
    "matching",
    "move_many",
    "run_many",
    "share_many",
    "skipped_before",
    "within_limit",
]

MOST = 5_000
EDIT, CHOOSE, HAND_OVER, SHARE, DELETE = "edit", "choices", "owner", "share", "delete"
READ_ONLY_NOW = _("A field can't be changed while the record is as it is.")
Skipped = dict[int, Text | str]


@dataclass(frozen=True)
class Job:
    """One thing to do with a selection: what it is called and the right it needs. A step names its `target`, a verb its
    `action`, what adds choices to a field and takes some away its `field`; `reason`: it asks why."""

    key: str
    label: Text
    icon: str
    right: str = "edit"
    danger: bool = False
    target: str = ""
    reason: bool = False
    action: Action | None = None
    field: str = ""


def jobs_of(record_type: RecordType) -> list[Job]:
    """What the acting person can do with many records of a type, as far as can be said without looking at them."""
    found = [Job(EDIT, _("Change fields"), "pencil")] if changeable(record_type) else []
    if "owner" in changeable(record_type):
        found.append(Job(HAND_OVER, _("Hand over"), "user-share"))
    found += [
        Job(f"{CHOOSE}-{key}", _("%(field)s: add, take away", field=field.label), "tags", field=key)
        for key, field in choosable(record_type).items()
    ]
    if record_type.scope.has("role"):
        found.append(Job(SHARE, _("Share"), "share"))
    found += _steps(record_type)
    found += [Job(a.key, a.label, a.icon, a.right, action=a) for a in record_type.actions if a.many is not None]
    found.append(Job(DELETE, _("Delete"), "trash", "delete", danger=True))
    return [job for job in found if may(current(), record_type, job.right)]


def _steps(record_type: RecordType) -> list[Job]:
    """A job for each state that can be gone to."""
    by_target: dict[str, list[Move]] = {}
    for step in record_type.lifecycle.steps if record_type.lifecycle else ():
        if may(current(), record_type, step.right):
            by_target.setdefault(step.target, []).append(step)
    return [
        Job(
            f"move-{target}",
            record_type.move_label(steps[0]),
            steps[0].icon,
            steps[0].right,
            target=target,
            reason=any(step.reason for step in steps),
        )
        for target, steps in by_target.items()
    ]


def changeable(record_type: RecordType) -> dict[str, Field]:
    """The fields of which many records can have the same value."""
    who = current()
    return {
        key: field
        for key, field in record_type.entered.items()
        if key != "state" and not field.column._meta.unique and writable(record_type, field, who)
    }


def choosable(record_type: RecordType) -> dict[str, Field]:
    """Those of them that hold several choices, tags for instance: some can be added or taken away while others stay."""
    return {key: field for key, field in changeable(record_type).items() if field.kind == "choices"}


async def matching(query: Query) -> list[int]:
    """The ids of all records of a list, however many pages; Invalid beyond the limit."""
    table = query.record_type.table
    select = table.select(table.id)
    if (where := await query.clause()) is not None:
        select = select.where(where)
    return within_limit([row["id"] for row in await select.order_by(table.id).limit(MOST + 1)])


def within_limit(record_ids: Iterable[int]) -> list[int]:
    """Each once; Invalid when there are too many, or none at all."""
    found = list(dict.fromkeys(record_ids))
    if not found:
        raise Invalid(Problem("ids", _("Choose at least one record."), None, "required"))
    if len(found) > MOST:
        text = _("At most %(most)s records at once.", most=number_text(MOST))
        raise Invalid(Problem("ids", text, None, "range"))
    return found


async def change_many(record_type: RecordType, record_ids: Sequence[int], raw: Mapping[str, Any]) -> Changed:
    """Give records the same values, as sent. Invalid when a value is wrong for any of them; the rest is skipped singly."""
    if "state" in raw:
        raise Invalid(Problem("state", _("Many records are taken to a state by a move."), raw["state"], "state"))
    if not raw:
        raise Invalid(Problem("values", _("Say what is to be changed."), None, "required"))
    values = read_values(record_type, raw, current())
    async with transaction(_("Changed together")):
        held = await _held_in_their_state(record_type, record_ids, values)
        free = [i for i in record_ids if i not in held]
        done = await desk.update(record_type.table, free, values, lenient=True)
    return Changed(done.changed, {**done.skipped, **held})


async def _held_in_their_state(
    record_type: RecordType, record_ids: Sequence[int], values: Mapping[str, Any]
) -> Skipped:
    """Those in which one of the fields may not be changed because of their state. Asked only where there is such a rule."""
    who = current()
    ruled = {*who.readonly_but_in, *who.hidden_but_in}
    if record_type.lifecycle is None or not ruled & {f"{record_type.key}.{key}" for key in values}:
        return {}
    fields = [record_type.fields[key] for key in values]
    sql = f'SELECT "id", "state" FROM "{record_type.key}" WHERE "id" {{}}'
    rows = await fetch(QueryString(sql, ids(engine(), record_ids)))
    open_in = {s: all(writable(record_type, f, who, s) for f in fields) for s in {row["state"] for row in rows}}
    return {row["id"]: READ_ONLY_NOW for row in rows if not open_in[row["state"]]}


async def choose_many(
    record_type: RecordType, record_ids: Sequence[int], key: str, *, add: Sequence[Any] = (), take: Sequence[Any] = ()
) -> Changed:
    """Add choices to a field of records and take others away; what else stands there stays.

    NotFound for a field that doesn't hold several choices, or isn't the person's to change; Invalid for what is no choice.
    """
    field = choosable(record_type).get(key)
    if field is None:
        raise NotFound
    added, taken = _choices("add", add, field.options), _choices("take", take, field.every_option)
    if not added | taken:
        raise Invalid(Problem("add", _("Say what is to be changed."), None, "required"))
    async with transaction(_("Changed together")):
        held = await _held_in_their_state(record_type, record_ids, {key: None})
        wanted: dict[int, dict[str, Any]] = {}
        for row in await locked(record_type, [i for i in record_ids if i not in held], "edit"):
            chosen = ({*json.loads(row[key])} if row[key] else set()) - taken | added
            if len(chosen) > MOST_CHOICES:
                held[row["id"]] = _("Choose at most %(most)s.", most=MOST_CHOICES)
            else:
                wanted[row["id"]] = {key: keys_text(chosen) if chosen else field.empty}
        done = await desk.update_each(record_type.table, wanted)
        beyond = await desk.out_of_reach(record_type, record_ids, {*wanted, *held})
    skipped = {**beyond, **held, **done.skipped}
    equal = {i: desk.EQUAL for i in record_ids if i not in {*done.changed, *skipped}}
    return Changed(done.changed, {**skipped, **equal})


def _choices(name: str, given: Sequence[Any], options: Sequence[Option]) -> set[str]:
    known = {option.key for option in options}
    wrong = [key for key in given if not isinstance(key, str) or key not in known]
    if wrong:
        text = _("“%(value)s” is not one of the choices.", value=wrong[0])
        raise Invalid(Problem(name, text, wrong[0], "choice"))
    return set(given)


async def share_many(record_type: RecordType, record_ids: Sequence[int], whom: Whom, terms: Terms) -> Changed:
    """Share records with the same person or department, as far as the acting person may share them."""
    async with transaction(_("Shared together")):
        reached = await within_reach(record_type, "edit", record_ids)
        skipped = await desk.out_of_reach(record_type, record_ids, reached)
        so_already = {i for i, known in (await shared_on(record_type, reached, whom)).items() if known == terms}
        problems = await share_records(record_type, reached - so_already, whom, terms)
    skipped |= {i: problem.message for i, problem in problems.items()} | dict.fromkeys(so_already, desk.EQUAL)
    return Changed([i for i in record_ids if i in reached and i not in skipped], skipped)


async def move_many(record_type: RecordType, record_ids: Sequence[int], to: str, why: str | None = None) -> Changed:
    """Take records a step of the life cycle, as far as they can take it."""
    if record_type.lifecycle is None or to not in record_type.lifecycle.keys:
        raise NotFound
    async with transaction(_("Moved together")):
        return await desk.move_many(record_type.table, record_ids, to, why=why)


async def delete_many(record_type: RecordType, record_ids: Sequence[int]) -> Changed:
    """Delete records, except those others refer to."""
    async with transaction(_("Deleted together")):
        return await desk.remove_many(record_type.table, record_ids, lenient=True)


async def run_many(
    record_type: RecordType, record_ids: Sequence[int], action: Action, given: Mapping[str, Any]
) -> Changed:
    """A business verb on many records; those the person may not do it with, and those it isn't for, are skipped."""
    if action.many is None:
        raise NotFound
    values = form_values(action, given)
    async with transaction(action.label):
        reached = await within_reach(record_type, action.right, record_ids)
        skipped = await desk.out_of_reach(record_type, record_ids, reached)
        meant = await desk.read_many(record_type.table, sorted(reached))
        fitting = [i for i in sorted(reached) if i in meant and is_for(action, meant[i])]
        unfit = {i: _("“%(action)s” can't be done with this record now.", action=action.label) for i in reached}
        done: Changed = await action.many(fitting, **values) if fitting else Changed([], {})
    return Changed(done.changed, {**skipped, **{i: unfit[i] for i in reached - set(fitting)}, **done.skipped})


async def skipped_before(record_type: RecordType, record_ids: Sequence[int], action: str) -> Skipped:
    """What can be said before it is done: whom the person doesn't reach, and whom others hold on to."""
    reached = await within_reach(record_type, action, record_ids)
    skipped = await desk.out_of_reach(record_type, record_ids, reached)
    if action == "delete":
        skipped.update(dict.fromkeys(await references.referred_to(record_type, reached), desk.REFERRED_TO))
    return skipped
