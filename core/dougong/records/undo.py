"""Taking back what a batch did: values, creations, removals and steps, in one batch that can be taken back in turn.

Three-way: what somebody changed since stays as it is and is listed, and so is what can't go back for another reason.
The rest goes back, by the set. Whoever may change a record now may take back what was done to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from graphlib import CycleError, TopologicalSorter
from typing import Any

from piccolo.columns import ForeignKey
from piccolo.columns.base import Column
from piccolo.querystring import QueryString

from dougong.access.fields import HIDDEN, READ, field_level
from dougong.access.policies import ways
from dougong.access.principal import current
from dougong.access.rights import deactivated_among, held_on_each, may, within_reach
from dougong.db import current_transaction, engine, fetch, transaction
from dougong.errors import Deactivated, DougongError, Forbidden, NotFound, Refused
from dougong.i18n import Text, _
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk, references, statements
from dougong.records.batches import (
    Author,
    Batch,
    Done,
    Since,
    entries_of,
    names_of,
    read_batch,
    read_piece,
    read_small,
    since,
)
from dougong.records.beside import take_back
from dougong.records.change_log import Change, KindChanged, from_json
from dougong.records.fields import Field
from dougong.records.gate import cleared, ids, physical
from dougong.records.held_files import lost
from dougong.records.statements import plain_default
from dougong.records.types import DEACTIVATE, RecordType

__all__ = ["Kept", "Undone", "rights_to_take_back", "undo", "undo_piece", "undoable_by_others", "what_undo_does"]

UNDO_OF, REDO_OF = _("Undo of “%(what)s”"), _("Redo of “%(what)s”")
MOST = 20_000
"""So many entries of the change log are taken back in one transaction."""
CHANGED = _("Changed since.")
GONE = _("It is gone, or you may not see it.")
NOT_YOURS = _("Not yours to change.")
HIDDEN_FIELDS = _("Fields you may not see are left as they are.")
NO_SUCH_REFERENCE = _("What it referred to is gone, or you may not see it.")
NO_SUCH_FILE = _("The file is kept no more.")
NEEDED = _("It held nothing then, and may not be empty now.")
TAKEN = _("Another record has this value now.")
OTHER_KIND = _("The field is of another kind now.")
BESIDE = _("What is kept beside the record is not taken back.")
SWITCHED_OFF = _("It belongs to something that is switched off.")
_SYSTEMS_OWN = frozenset({"id", "version", "updated", "title_key", "title_initials"})
_BEYOND = frozenset({"gone", "not_yours", "outside"})
_BATCH_LENGTH = 32
_MOST_LOOKED_THROUGH = 500


@dataclass(frozen=True)
class Kept:
    """Something that did not go back, and why. `field` None: the record as a whole.

    `then` is what the batch left, `now` what stands there since, by whom; told only of fields the person may see.
    """

    record_type: RecordType | None
    record_id: int
    reason: Text | str
    rule: str
    title: str = ""
    field: Field | None = None
    then: Any = None
    now: Any = None
    by: str = ""
    author: Author | None = None


@dataclass(frozen=True)
class Undone:
    """`restored` are the records that went back, by type key; `batch` takes this back, "" where nothing was done."""

    batch: str
    reason: Text | str
    restored: Mapping[str, Sequence[int]]
    kept: Sequence[Kept]

    @property
    def count(self) -> int:
        return sum(len(found) for found in self.restored.values())


class _Looked(Exception):
    """What would be done, found by doing it: the transaction goes back."""

    def __init__(self, found: Undone) -> None:
        self.found = found


async def undo(batch: str) -> Undone:
    """Take back what a batch did, as far as it still stands.

    NotFound for a batch that isn't there or touched nothing the person may see. Its author takes back what they may
    still change; anybody else has to be able to change all of it, else Forbidden.
    """
    if len(batch) != _BATCH_LENGTH or not (batch.isascii() and batch.isalnum()):
        raise NotFound
    async with transaction():
        if await entries_of(batch, MOST + 1) > MOST:
            raise Refused(_("This is too much to take back at once. An import is taken back on its own page."))
        found = await read_batch(batch)
        if found is None:
            raise NotFound
        async with transaction(_reason(found.reason)):
            return await _TakingBack(found).done()


async def undo_piece(batch: str, *, below: int | None, size: int) -> tuple[Undone | None, int | None]:
    """As `undo`, of the records the batch touched last: for one so large that it goes back in many transactions.

    Answers where the next piece begins, None behind the last. Inside a transaction whose batch takes all of it back.
    """
    found, rest = await read_piece(batch, below=below, size=size)
    if found is None:
        return None, rest
    async with transaction(_reason(found.reason)):
        try:
            return await _TakingBack(found).done(), rest
        except NotFound:  # nothing of this piece is to be seen any more
            return None, rest


async def what_undo_does(batch: str) -> Undone:
    """What taking back would do and keep; nothing is written."""
    try:
        async with transaction():
            raise _Looked(await undo(batch))
    except _Looked as looked:
        return replaced(looked.found, batch="")


async def undoable_by_others(batches: Collection[str]) -> set[str]:
    """Which of these batches the acting person, who is not their author, is offered to take back: those of which they
    may change all. Of what has very many entries only whoever may do everything is told so.
    """
    if current().admin:
        return set(batches)
    known, found = current_snapshot().records, await read_small(batches, most=_MOST_LOOKED_THROUGH)
    of_type: dict[str, list[Done]] = defaultdict(list)
    for batch in found:
        for done in batch.changes:
            of_type[done.record].append(done)
    refused: set[int] = set()
    for key, changes in of_type.items():
        if key in known:
            refused |= {done.last for done in await _beyond(known[key], changes)}
    return {batch.batch for batch in found if not refused & {done.last for done in batch.changes}}


async def _beyond(record_type: RecordType, changes: Sequence[Done]) -> list[Done]:
    """What of it the acting person can't take back. What was removed comes back only where they reach everything."""
    rights = {done.last: rights_to_take_back(record_type, done) for done in changes}
    seen = await within_reach(record_type, "read", {done.record_id for done in changes})
    asked = {action for alternatives in rights.values() for any_of in alternatives for action in any_of}
    held = await held_on_each(record_type, asked, seen)
    everything = _reaches_all(record_type)

    def stands(done: Done) -> bool:
        if done.after is None or done.record_id not in seen:
            return everything and (done.after is not None or may(current(), record_type, "create"))
        return all(any_of & held[done.record_id] for any_of in rights[done.last])

    return [done for done in changes if not stands(done)]


def rights_to_take_back(record_type: RecordType, done: Done) -> list[set[str]]:
    """One of each is needed. What it made is deleted; else who may change the record now; where it took steps, who may
    take them or lead it back; where it took it out of use or brought it back, who may do so."""
    if done.before is None:
        return [{"delete"}]
    if _turns(record_type, done.after or {}):
        return [{DEACTIVATE}]
    rights = [_rights_of_step(record_type, *step) for step in done.steps]
    return rights if rights and not (done.after or {}).keys() - {"state"} else [*rights, {"edit"}]


def _turns(record_type: RecordType, values: Mapping[str, Any]) -> bool:
    """Whether these values take a record out of use, or bring it back."""
    return record_type.active is not None and record_type.active._meta.name in values


def _rights_of_step(record_type: RecordType, source: str, target: str) -> set[str]:
    cycle = record_type.lifecycle
    steps = [cycle.move(source, target), cycle.move(target, source)] if cycle else []
    return {step.right for step in steps if step is not None} or {"edit"}


def _reaches_all(record_type: RecordType) -> bool:
    """Whether the person may change every record of the type: what they don't see isn't there."""
    return all(ways(record_type, a, current(), engine(), "t").condition is None for a in ("read", "edit"))


def _reason(of: Text | str) -> Text:
    """Taking back an undo is a redo, and that a plain change again: names don't pile up."""
    if isinstance(of, Text) and of.msgid == UNDO_OF.msgid:
        return REDO_OF % of.values
    if isinstance(of, Text) and of.msgid == REDO_OF.msgid:
        return UNDO_OF % of.values
    return UNDO_OF % {"what": of} if str(of) else _("Undo")


class _TakingBack:
    """One batch on its way back."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.kept: dict[tuple[Any, ...], Kept] = {}
        self.restored: dict[str, list[int]] = defaultdict(list)
        known = current_snapshot().records
        self.of_type: dict[RecordType, list[Done]] = {}
        for done in batch.changes:
            if done.record in known:
                self.of_type.setdefault(known[done.record], []).append(done)
            else:
                self.keep(Kept(None, done.record_id, SWITCHED_OFF, "off"))
        if not self.of_type:
            raise NotFound

    def keep(self, kept: Kept) -> None:
        """Once, however many fields it concerns that aren't told."""
        named = (kept.record_type.key if kept.record_type else "", kept.record_id, kept.rule)
        self.kept.setdefault((*named, kept.field.key if kept.field else ""), kept)

    async def done(self) -> Undone:
        """What was removed comes back first, for changes may refer to it; what was made goes last, when nothing does."""
        parents_first = _parents_first(list(self.of_type))
        parts = [_OfType(t, self.of_type[t], self) for t in parents_first]
        for part in parts:
            await part.look()
        await self._judge(parts)
        for part in parts:
            await part.bring_back()
        for part in parts:
            await part.put_back()
            await part.put_back_beside()
        for part in reversed(parts):
            await part.take_away()
        running = current_transaction()
        written = running.batch if running and self.restored else ""
        await self._refuse_strangers(parts)
        return Undone(written, self.batch.reason, dict(self.restored), await self._named())

    async def _judge(self, parts: Sequence[_OfType]) -> None:
        """Who sees nothing of what the batch touched knows of no such batch."""
        still_there = any(done.after is not None for part in parts for done in part.changes)
        knows = any(part.seen or part.reaches_all for part in parts)
        if still_there and not self.batch.is_by(current().user) and not knows:
            raise NotFound

    async def _refuse_strangers(self, parts: Sequence[_OfType]) -> None:
        """Somebody else than the author may take back only what they may change altogether."""
        if self.batch.is_by(current().user) or not any(k.rule in _BEYOND for k in self.kept.values()):
            return
        raise Forbidden if any(part.seen or part.reaches_all for part in parts) else NotFound

    async def _named(self) -> list[Kept]:
        """With the titles and names the person may see, asked for once."""
        titles: dict[tuple[str, int], str] = {}
        by_type: dict[RecordType, set[int]] = defaultdict(set)
        for kept in self.kept.values():
            if kept.record_type is not None:
                by_type[kept.record_type].add(kept.record_id)
        for record_type, record_ids in by_type.items():
            known = await references.titles(record_type.table, record_ids)
            titles.update({(record_type.key, i): str(title) for i, title in known.items()})
        names = await names_of({kept.author for kept in self.kept.values() if kept.author})
        return [
            replaced(
                kept,
                title=titles.get((kept.record_type.key, kept.record_id), "") if kept.record_type else "",
                by=names[kept.author] if kept.author else "",
            )
            for kept in self.kept.values()
        ]


def _parents_first(types: Sequence[RecordType]) -> list[RecordType]:
    by_table = {t.table: t for t in types}
    order: TopologicalSorter[RecordType] = TopologicalSorter()
    for record_type in types:
        targets = {c._foreign_key_meta.resolved_references for c in record_type.table._meta.foreign_key_columns}
        order.add(record_type, *(by_table[t] for t in targets if t in by_table and t is not record_type.table))
    try:
        return list(order.static_order())
    except CycleError:  # departments have heads, heads a department
        return list(types)


@dataclass
class _OfType:
    """What the batch did to records of one type, and what stands there now."""

    record_type: RecordType
    changes: Sequence[Done]
    whole: _TakingBack
    now: dict[int, dict[str, Any]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    since: dict[int, Since] = field(default_factory=dict)
    reach: dict[str, set[int]] = field(default_factory=dict)
    out_of_use: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.columns: dict[str, Column] = {c._meta.name: c for c in self.record_type.table._meta.columns}
        self.fields = self.record_type.shape.every
        self.options: dict[str, frozenset[str]] = {}

    @property
    def reaches_all(self) -> bool:
        return _reaches_all(self.record_type)

    async def look(self) -> None:
        """Lock what is there, and ask once what of it may be seen and what was done since."""
        record_ids = [done.record_id for done in self.changes]
        self.now = {row["id"]: row for row in await statements.lock_all(self.record_type, record_ids)}
        self.seen = await within_reach(self.record_type, "read", self.now)
        self.since = await since(self.record_type.key, self.changes)
        self.out_of_use = await deactivated_among(self.record_type, self.seen)

    async def _within(self, action: str) -> set[int]:
        if action not in self.reach:
            self.reach[action] = await within_reach(self.record_type, action, self.now)
        return self.reach[action]

    def _keep_unreached(self, record_id: int) -> None:
        """What the person sees and can't change: because nobody can, or they can't."""
        if record_id in self.out_of_use:
            self.keep(record_id, Deactivated.message, "deactivated")
        else:
            self.keep(record_id, NOT_YOURS, "not_yours")

    def keep(self, record_id: int, reason: Text | str, rule: str, key: str = "", **values: Any) -> None:
        known = self.record_type.fields.get(key)
        if key and known is None:  # of a field that is off nothing is told but that it is
            self.whole.keep(Kept(self.record_type, record_id, SWITCHED_OFF, "off"))
        else:
            self.whole.keep(Kept(self.record_type, record_id, reason, rule, field=known, **values))

    def read(self, key: str, value: Any) -> Any:
        """A logged value as the column holds it. KindChanged also where a choice was no choice then."""
        stored = from_json(self.columns[key], value)
        known = self.fields.get(key)
        if stored and known is not None and known.kind in ("choice", "state"):
            self._check_option(known, stored)
        return stored

    def _check_option(self, known: Field, stored: Any) -> None:
        if known.key not in self.options:
            self.options[known.key] = frozenset(option.key for option in known.every_option)
        if stored not in self.options[known.key]:
            raise KindChanged(known.key)

    def level(self, key: str, state: Any) -> int:
        return field_level(current(), f"{self.record_type.key}.{key}", state if self.record_type.lifecycle else None)

    # ---- what was changed

    async def put_back(self) -> None:
        changed = [done for done in self.changes if done.before is not None and done.after is not None]
        wanted: dict[int, dict[str, Any]] = {}
        for done in changed:
            if done.record_id not in self.seen:
                self.keep(done.record_id, GONE, "deleted" if self.reaches_all else "gone")
            elif not await self._may_put_back(done):
                self._keep_unreached(done.record_id)
            elif values := self._values_before(done):
                wanted[done.record_id] = values
        await self._keep_what_can_not_stand(wanted)
        differing = {i: await self._completed(i, values) for i, values in wanted.items()}
        changes: dict[int, Mapping[str, Any]] = {i: values for i, values in differing.items() if values}
        skipped: dict[int, Text | str] = {}
        moved = {i: v for i, v in changes.items() if "state" in v or _turns(self.record_type, v)}
        edited = {i: v for i, v in changes.items() if i not in moved}
        await statements.update_within_reach(self.record_type, moved, None, skipped)
        await statements.update_within_reach(self.record_type, edited, "edit", skipped)
        for record_id, why in skipped.items():
            self.keep(record_id, why, "outside")
        entries = [
            Change(i, "update", {k: self.now[i][k] for k in values}, values)
            for i, values in sorted({**moved, **edited}.items())
        ]
        await self._announce("update", entries)

    async def put_back_beside(self) -> None:
        """Files and shares of records the person may change; who can't was said by `put_back`."""
        within = await self._within("edit") & self.seen if any(done.beside for done in self.changes) else set()
        there = {
            d.record_id: d.beside for d in self.changes if d.beside and d.before is not None and d.after is not None
        }
        mine = {record_id: beside for record_id, beside in there.items() if record_id in within}
        left = await take_back(self.record_type, mine)
        for record_id, why in left.items():
            self.keep(record_id, why, "beside")
        restored = self.whole.restored.get(self.record_type.key, [])
        if back := [i for i in mine if i not in left and i not in restored]:
            self.whole.restored[self.record_type.key] += back

    async def _may_put_back(self, done: Done) -> bool:
        for alternatives in rights_to_take_back(self.record_type, done):
            if not any([done.record_id in await self._within(action) for action in alternatives]):
                return False
        return True

    def _values_before(self, done: Done) -> dict[str, Any]:
        """What is to stand in the record again; what can't is kept."""
        row, before, after = self.now[done.record_id], done.before or {}, done.after or {}
        found: dict[str, Any] = {}
        for key in [k for k in {**before, **after} if k not in _SYSTEMS_OWN]:
            if key not in self.columns:
                self.keep(done.record_id, BESIDE, "beside")
            elif key not in self.fields:
                self.keep(done.record_id, SWITCHED_OFF, "off")
            elif self.level(key, row.get("state")) == HIDDEN:
                self.keep(done.record_id, HIDDEN_FIELDS, "hidden")
            elif self.level(key, row.get("state")) == READ and key != "state":
                self.keep(done.record_id, NOT_YOURS, "not_yours_field", key)
            else:
                self._compare(done, key, row[key], found)
        return found

    def _compare(self, done: Done, key: str, now: Any, found: dict[str, Any]) -> None:
        before, after = (done.before or {}).get(key), (done.after or {}).get(key)
        try:
            was = self.read(key, before)
        except KindChanged:
            self.keep(done.record_id, OTHER_KIND, "kind", key)
            return
        if now == was:
            return
        column = self.columns[key]
        if was is None and not column._meta.null:
            self.keep(done.record_id, NEEDED, "reference" if isinstance(column, ForeignKey) else "required", key)
            return
        try:
            then = self.read(key, after)
        except KindChanged:
            then = after
        if now != then:
            by = self.since.get(done.record_id, Since()).fields.get(key)
            self.keep(done.record_id, CHANGED, "changed", key, then=then, now=now, author=by)
        else:
            found[key] = was

    async def _keep_what_can_not_stand(self, wanted: dict[int, dict[str, Any]]) -> None:
        await self._keep_references(wanted)
        await self._keep_files(wanted)
        await self._keep_taken(wanted)
        await self._keep_owners(wanted)
        await self._keep_places(wanted)
        await self._keep_steps(wanted)

    async def _keep_references(self, wanted: Mapping[int, dict[str, Any]]) -> None:
        for key, known in self.fields.items():
            asked = {i: values[key] for i, values in wanted.items() if known.target is not None and values.get(key)}
            if not asked:
                continue
            there = f'SELECT "id" FROM "{known.target._meta.tablename}" WHERE "id" {{}}'  # type: ignore[union-attr]
            found = {row["id"] for row in await fetch(QueryString(there, ids(engine(), set(asked.values()))))}
            for record_id in [i for i, value in asked.items() if value not in found]:
                del wanted[record_id][key]
                self.keep(record_id, NO_SUCH_REFERENCE, "reference", key)

    async def _keep_files(self, wanted: Mapping[int, dict[str, Any]]) -> None:
        for key in [key for key, known in self.fields.items() if known.kind == "file"]:
            for record_id in await lost({i: values[key] for i, values in wanted.items() if values.get(key)}):
                del wanted[record_id][key]
                self.keep(record_id, NO_SUCH_FILE, "file", key)

    async def _keep_taken(self, wanted: Mapping[int, dict[str, Any]]) -> None:
        for key, column in self.columns.items():
            asked = {i: values[key] for i, values in wanted.items() if values.get(key) is not None}
            if column._meta.unique and not column._meta.primary_key and asked:
                for record_id in await self._taken(column, asked):
                    del wanted[record_id][key]
                    self.keep(record_id, TAKEN, "taken", key if key in self.fields else "")

    async def _taken(self, column: Column, asked: Mapping[int, Any]) -> list[int]:
        """Which of these records find their value with another. One query."""
        name = column._meta.db_column_name
        listed = ", ".join("{}" for _value in asked)
        sql = f'SELECT "id", "{name}" AS value FROM {physical(engine(), self.record_type.key)} WHERE "{name}" IN ({listed})'
        with cleared("desk"):
            holders = {row["value"]: row["id"] for row in await fetch(QueryString(sql, *asked.values()))}
        return [i for i, value in asked.items() if holders.get(value, i) != i]

    async def _keep_owners(self, wanted: Mapping[int, dict[str, Any]]) -> None:
        owned = [i for i, values in wanted.items() if "owner" in values]
        for record_id in await desk.not_to_hand_on(self.record_type, owned):
            wanted[record_id].pop("department", None)
            del wanted[record_id]["owner"]
            self.keep(record_id, desk.ONLY_SHARED, "not_yours_field", "owner")

    async def _keep_places(self, wanted: Mapping[int, dict[str, Any]]) -> None:
        placed = {i: {**self.now[i], **values} for i, values in wanted.items() if "department" in values}
        for record_id, problem in (await desk.misplaced(self.record_type, placed)).items():
            for key in {"owner", "department"} & wanted[record_id].keys():
                del wanted[record_id][key]
                self.keep(record_id, problem.message, "not_yours_field", key)

    async def _keep_steps(self, wanted: Mapping[int, dict[str, Any]]) -> None:
        """Where going back is a step of the life cycle, too, what the step checks holds for it."""
        cycle = self.record_type.lifecycle
        checked = {}
        for record_id, values in wanted.items():
            step = cycle.move(self.now[record_id]["state"], values["state"]) if cycle and "state" in values else None
            if step is not None and step.check is not None:
                checked[record_id] = step.check
        records = await desk.read_many(self.record_type.table, checked)
        for record_id, check in checked.items():
            others = {k: v for k, v in wanted[record_id].items() if k != "state"}
            try:
                await check(desk.as_wanted(records[record_id], others))
            except DougongError as err:
                del wanted[record_id]["state"]
                self.keep(record_id, desk.words_of(err), "refused", "state")

    async def _completed(self, record_id: int, values: Mapping[str, Any]) -> dict[str, Any]:
        """What is to be written, with what hooks add to it; nothing where one of them refuses."""
        row = self.now[record_id]
        after = {**row, **values}
        try:
            await desk.complete(self.record_type, row, after)
        except DougongError as err:
            self.keep(record_id, desk.words_of(err), "refused")
            return {}
        return desk.changed_values(self.record_type, row, {**after, **values})

    # ---- what was removed

    async def bring_back(self) -> None:
        removed = [d for d in self.changes if d.after is None and d.before is not None and d.record_id not in self.now]
        if removed and not may(current(), self.record_type, "create"):
            for done in removed:
                self.keep(done.record_id, NOT_YOURS, "not_yours")
            return
        rows = {done.record_id: self._row_of(done) for done in removed}
        await self._empty_lost_references(rows)
        await self._empty_taken(rows)
        for record_id in list(rows):
            try:
                await desk.complete(self.record_type, None, rows[record_id])
            except DougongError as err:
                del rows[record_id]
                self.keep(record_id, desk.words_of(err), "refused")
        skipped: dict[int, Text | str] = {}
        ordered: dict[int, Mapping[str, Any]] = {i: rows[i] for i in self._own_parents_first(rows)}
        await statements.insert_within_reach(self.record_type, ordered, skipped)
        for record_id, why in skipped.items():
            self.keep(record_id, why, "outside")
        entries = [Change(i, "create", None, desk.logged(self.record_type, row)) for i, row in ordered.items()]
        await self._announce("create", entries)

    def _row_of(self, done: Done) -> dict[str, Any]:
        """All it held, also of fields that are switched off; a column there was none of then starts with its default."""
        before = {key: value for key, value in (done.before or {}).items() if value is not None}
        row: dict[str, Any] = {"id": done.record_id}
        for key, column in self.columns.items():
            if key in _SYSTEMS_OWN:
                continue
            row[key] = None if column._meta.null else plain_default(column)
            try:
                row[key] = self.read(key, before[key]) if key in before else row[key]
            except KindChanged:
                self.keep(done.record_id, OTHER_KIND, "kind", key if self._tells(key, before) else "")
        row["version"] = int(before.get("version", 1)) + 1
        row["updated"] = plain_default(self.columns["updated"])
        return row

    def _tells(self, key: str, before: Mapping[str, Any]) -> bool:
        return key in self.fields and self.level(key, before.get("state")) != HIDDEN

    async def _empty_lost_references(self, rows: dict[int, dict[str, Any]]) -> None:
        for column in self.record_type.table._meta.foreign_key_columns:
            key, target = column._meta.name, column._foreign_key_meta.resolved_references
            if not column._meta.null:
                self._empty(rows, [i for i, row in rows.items() if row[key] is None], column, NEEDED, "reference")
            asked = {row[key] for row in rows.values() if row[key]}
            if not asked:
                continue
            sql = f'SELECT "id" FROM {physical(engine(), target._meta.tablename)} WHERE "id" {{}}'
            with cleared("desk"):
                found = {r["id"] for r in await fetch(QueryString(sql, ids(engine(), asked)))}
            found |= rows.keys() if target is self.record_type.table else set()
            lost = [i for i, row in rows.items() if row[key] and row[key] not in found]
            self._empty(rows, lost, column, NO_SUCH_REFERENCE, "reference")

    async def _empty_taken(self, rows: dict[int, dict[str, Any]]) -> None:
        for column in [c for c in self.columns.values() if c._meta.unique and not c._meta.primary_key]:
            asked = {i: row[column._meta.name] for i, row in rows.items() if row[column._meta.name] is not None}
            if asked:
                self._empty(rows, await self._taken(column, asked), column, TAKEN, "taken")

    def _empty(
        self, rows: dict[int, dict[str, Any]], which: Iterable[int], column: Column, reason: Text, rule: str
    ) -> None:
        """Without the value where the record can be without it; else it can't come back."""
        key = column._meta.name
        for record_id in which:
            told = key if self._tells(key, rows[record_id]) else ""
            self.keep(record_id, reason, rule, told)
            if column._meta.null:
                rows[record_id][key] = None
            else:
                del rows[record_id]

    def _own_parents_first(self, rows: Mapping[int, Mapping[str, Any]]) -> list[int]:
        """Rows of a tree in an order in which each finds its parent."""
        own = [
            c._meta.name
            for c in self.record_type.table._meta.foreign_key_columns
            if c._foreign_key_meta.resolved_references is self.record_type.table
        ]
        order: TopologicalSorter[int] = TopologicalSorter()
        for record_id, row in rows.items():
            order.add(record_id, *(row[key] for key in own if row[key] in rows and row[key] != record_id))
        try:
            return list(order.static_order())
        except CycleError:
            return list(rows)

    # ---- what was made

    async def take_away(self) -> None:
        made = {d.record_id: d for d in self.changes if d.before is None and d.after is not None}
        going: dict[int, Done] = {}
        for record_id, done in made.items():
            if record_id not in self.seen:
                self._keep_unseen(record_id)
            elif record_id not in await self._within("delete"):
                self._keep_unreached(record_id)
            elif not self._changed_since(done):
                going[record_id] = done
        for record_id in await references.referred_to(self.record_type, set(going)):
            del going[record_id]
            self.keep(record_id, desk.REFERRED_TO, "referred_to")
        if going:
            await statements.delete(self.record_type, list(going))
        entries = [Change(i, "remove", desk.logged(self.record_type, self.now[i]), None) for i in going]
        await self._announce("remove", entries)

    def _keep_unseen(self, record_id: int) -> None:
        """What the person removed themself needs no word."""
        removed = self.since.get(record_id, Since()).removed
        if removed is None or removed[0] != current().user:
            self.keep(record_id, GONE, "deleted" if self.reaches_all else "gone")

    def _changed_since(self, done: Done) -> bool:
        """What somebody worked on since is kept, each value listed."""
        row, found = self.now[done.record_id], False
        for key, author in self.since.get(done.record_id, Since()).fields.items():
            if key not in self.columns or key in _SYSTEMS_OWN:
                continue
            then = (done.after or {}).get(key)
            try:
                if row[key] == from_json(self.columns[key], then):
                    continue
            except KindChanged:
                pass
            found = True
            if self._tells(key, row):
                self.keep(done.record_id, CHANGED, "changed", key, then=then, now=row[key], author=author)
            else:
                self.keep(done.record_id, HIDDEN_FIELDS, "hidden")
        return found

    async def _announce(self, verb: str, entries: Sequence[Change]) -> None:
        if entries:
            self.whole.restored[self.record_type.key] += [entry.record_id for entry in entries]
            await desk.announce(self.record_type, verb, entries)
