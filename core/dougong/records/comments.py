"""Comments on a record of any type: read by whoever may read the record, changed by whoever wrote them.

Whom a comment mentions follows from its text (see `mentions`) and is kept by id. A removed comment can be brought back
for some weeks; until it is forgotten nobody reads its text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from piccolo.querystring import QueryString

from dougong.access.of_records import OfRecords
from dougong.access.policies import both
from dougong.access.principal import acting_as, current, system
from dougong.access.rights import may_with, need_in_use
from dougong.access.services.principals import on_behalf
from dougong.db import transaction
from dougong.db.columns import BigInt, Serial, Text, Timestamptz, Varchar
from dougong.errors import Forbidden, Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records import change_log, mentions
from dougong.records.change_log import Change
from dougong.records.gate import cleared, guard
from dougong.records.kinds import UNSTORABLE
from dougong.records.tables import Private, Row
from dougong.records.types import RecordType

if TYPE_CHECKING:
    from dougong.access.principal import Principal

__all__ = [
    "Comment",
    "Said",
    "Waiting",
    "bring_back_comment",
    "change_comment",
    "comment_of",
    "comment_on",
    "comments_of",
    "remove_comment",
    "takes_comments",
    "waiting_for_me",
]

LONGEST = 5000
MOST_AT_ONCE = 200
KEPT = dt.timedelta(days=30)
"""So long a removed comment can be brought back."""
_WHY = "keep the comments on records"
_NARROW = frozenset({"record_comment", "staff"})  # a column bears the name of the table


class Comment(Private, tablename="record_comment"):
    """What somebody said about a record; `removed` is when they took it back."""

    id: Serial
    record = Varchar(60)
    record_id = BigInt(index=True)
    text = Text()
    at = Timestamptz(default=None, null=False)
    edited = Timestamptz(null=True, default=None)
    removed = Timestamptz(null=True, default=None)
    by_user = BigInt(default=0)
    staff = BigInt(null=True, default=None)
    signed = Varchar(100, default="", help_text="The writer's name, for an account of nobody who works here")


class _Standing(OfRecords):
    """Removed ones are nobody's to read."""

    def read(self, principal: Principal, engine: Any, alias: str) -> QueryString:
        condition = both([super().read(principal, engine, alias), QueryString(f'{alias}."removed" IS NULL')])
        assert condition is not None
        return condition


guard(_Standing(Comment))  # type: ignore[arg-type]  # `via` is what is on now; the gate only reads it


@dataclass(frozen=True)
class Said:
    """One comment: `staff` wrote it (None for an account of nobody who works here, which `signed` it), `mentioned` are
    ids of staff."""

    id: int
    record: str
    record_id: int
    text: str
    at: dt.datetime
    edited: dt.datetime | None
    by_user: int
    staff: int | None
    signed: str
    mentioned: Sequence[int] = field(default=())

    @property
    def is_mine(self) -> bool:
        """Whether the acting person wrote it."""
        who = current()
        return self.staff == who.staff if self.staff is not None else self.by_user == who.user and who.staff is None


_COLUMNS = ("id", "record", "record_id", "text", "at", "edited", "by_user", "staff", "signed")


def takes_comments(record_type: RecordType) -> bool:
    """Whether records of this type are commented: those that have a page of their own."""
    return record_type.menu and record_type.key in current_snapshot().records


# ------------------------------------------------------------------ reading


async def comments_of(
    record_type: RecordType,
    record: Row | int,
    *,
    limit: int = 50,
    before: int | None = None,
    until: dt.datetime | None = None,
) -> Sequence[Said]:
    """The newest first, at most 200; `before` goes on behind an id, `until` leaves out what was said after a moment.

    NotFound when the acting person may not see the record; one already read is taken as seen.
    """
    record_id = record if isinstance(record, int) else int(record.id)
    if isinstance(record, int):
        await _readable(record_type, record_id)
    query = _of(record_type, record_id)
    if before is not None:
        query = query.where(Comment.id < before)
    if until is not None:
        query = query.where(Comment.at <= until)
    rows = (
        await query.order_by(Comment.at, ascending=False)
        .order_by(Comment.id, ascending=False)
        .limit(min(limit, MOST_AT_ONCE))
    )
    return await _with_mentions(rows)


async def comment_of(record_type: RecordType, record_id: int, number: int) -> Said:
    """One comment on a record. NotFound when the record may not be seen, or has no such comment."""
    await _readable(record_type, record_id)
    for said in await _with_mentions(await _of(record_type, record_id).where(Comment.id == number)):
        return said
    raise NotFound


def _of(record_type: RecordType, record_id: int) -> Any:
    """Through the gate, as the acting person."""
    columns = [getattr(Comment, name) for name in _COLUMNS]
    return Comment.select(*columns).where(Comment.record_id == record_id, Comment.record == record_type.key)


async def _with_mentions(rows: Sequence[Mapping[str, Any]]) -> list[Said]:
    known = await mentions.mentioned_in([row["id"] for row in rows])
    return [Said(**row, mentioned=known.get(row["id"], ())) for row in rows]


async def _readable(record_type: RecordType, record_id: int) -> None:
    if not takes_comments(record_type) or not await may_with(record_type, "read", record_id):
        raise NotFound


@dataclass(frozen=True)
class Waiting:
    """A comment that mentions the acting person, not seen by them yet."""

    mention: int
    said: Said


async def waiting_for_me(limit: int = MOST_AT_ONCE) -> Sequence[Waiting]:
    """What mentions the acting person and they haven't seen, the newest first; of records they may still see."""
    found = await mentions.unread(limit)
    if not found:
        return []
    columns = [getattr(Comment, name) for name in _COLUMNS]
    said = await _with_mentions(await Comment.select(*columns).where(Comment.id.is_in(list(found))))
    return sorted((Waiting(found[each.id], each) for each in said), key=lambda w: w.mention, reverse=True)


# ------------------------------------------------------------------ writing


async def comment_on(record_type: RecordType, record_id: int, text: str) -> Said:
    """Say something about a record one may read; whoever is mentioned finds it on their home page.

    Raises NotFound, and Invalid for a text that can't be kept or mentions somebody who may not see the record.
    """
    await _readable(record_type, record_id)
    await need_in_use(record_type, record_id)
    words, who = _checked(text), current()
    people = await mentions.people_in(record_type, record_id, words)
    new = Comment(record=record_type.key, record_id=record_id, text=words, at=dt.datetime.now(dt.UTC))
    new.by_user, new.staff, new.signed = who.user, who.staff, "" if who.staff else who.name[:100]
    async with transaction(_("Comment written")):
        with acting_as(on_behalf(_WHY, _NARROW)):
            [made] = await Comment.insert(new)
        await mentions.keep(made["id"], people)
        await _note(made["id"], "create", None, {"record": record_type.key, "record_id": record_id})
        return await comment_of(record_type, record_id, made["id"])


async def change_comment(record_type: RecordType, record_id: int, number: int, text: str) -> Said:
    """Put one's own comment in other words. Who is mentioned anew is told, who no longer is finds it no more."""
    said = await _mine(record_type, record_id, number)
    words = _checked(text)
    people = await mentions.people_in(record_type, record_id, words)
    if words == said.text:
        return said
    async with transaction(_("Comment changed")):
        await _set(number, {Comment.text: words, Comment.edited: dt.datetime.now(dt.UTC)})
        await mentions.keep(number, people)
        await _note(number, "update", {"mentioned": list(said.mentioned)}, {"mentioned": sorted(people)})
        return await comment_of(record_type, record_id, number)


async def remove_comment(record_type: RecordType, record_id: int, number: int) -> Said:
    """Take one's own comment back; its text is read by nobody any more, and forgotten after thirty days."""
    said = await _mine(record_type, record_id, number)
    async with transaction(_("Comment removed")):
        await _forget()
        await _set(number, {Comment.removed: dt.datetime.now(dt.UTC)})
        await _note(number, "remove", {"record": said.record, "record_id": said.record_id}, None)
    return said


async def bring_back_comment(record_type: RecordType, record_id: int, number: int) -> Said:
    """Let a comment one took back stand again. NotFound where there is none to be brought back."""
    await _readable(record_type, record_id)
    await need_in_use(record_type, record_id)
    gone = (Comment.id == number) & (Comment.removed > dt.datetime.now(dt.UTC) - KEPT)
    with acting_as(system(_WHY, _NARROW)):
        row = await _of(record_type, record_id).where(gone).first()
    if row is None or not Said(**row).is_mine:
        raise NotFound
    async with transaction(_("Comment brought back")):
        await _set(number, {Comment.removed: None}, removed=True)
        await _note(number, "create", None, {"record": record_type.key, "record_id": record_id})
        return await comment_of(record_type, record_id, number)


async def _mine(record_type: RecordType, record_id: int, number: int) -> Said:
    said = await comment_of(record_type, record_id, number)
    if not said.is_mine:
        raise Forbidden(_("Only who wrote a comment can change it."))
    await need_in_use(record_type, record_id)
    return said


def _checked(text: str) -> str:
    words = text.replace("\r\n", "\n").strip()
    if not words:
        raise Invalid(Problem("text", _("Write something first."), text, "required"))
    if len(words) > LONGEST:
        wrong = _("At most %(limit)s characters; this has %(count)s.", limit=LONGEST, count=len(words))
        raise Invalid(Problem("text", wrong, None, "length"))
    if "\x00" in words or any("\ud800" <= c <= "\udfff" for c in words):
        raise Invalid(Problem("text", UNSTORABLE, None, "type"))
    return words


async def _set(number: int, values: dict[Any, Any], *, removed: bool = False) -> None:
    """NotFound where somebody was faster."""
    before = Comment.removed.is_not_null() if removed else Comment.removed.is_null()
    with acting_as(on_behalf(_WHY, _NARROW)):
        if not await Comment.update(values).where((Comment.id == number) & before).returning(Comment.id):
            raise NotFound


async def _note(number: int, verb: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
    """Who did what is logged; what was said is not, so that a comment taken back leaves no text behind."""
    with cleared("desk"):
        await change_log.append(Comment._meta.tablename, [Change(number, verb, before, after)])


async def _forget() -> None:
    """What was taken back too long ago goes for good."""
    old = Comment.removed < dt.datetime.now(dt.UTC) - KEPT
    with acting_as(system(_WHY, _NARROW)):
        numbers = await Comment.select(Comment.id).where(old).output(as_list=True)
    if numbers:
        await mentions.forget(numbers)
        with acting_as(system(_WHY, _NARROW)):
            await Comment.delete().where(Comment.id.is_in(numbers))
