"""Files that belong to a record, of whatever type: who may read the record has them, who may edit it adds and removes.

What is removed can be brought back for some weeks. The content lies in the store of files; a row is written when all of it
is there, and swept away before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from piccolo.columns import BigInt, Serial, Timestamptz, Varchar
from piccolo.querystring import QueryString

from dougong.access.of_records import OfRecords
from dougong.access.policies import both
from dougong.access.principal import acting_as, current, system
from dougong.access.rights import may_with, need_with
from dougong.access.services.principals import on_behalf
from dougong.db import fetch, transaction
from dougong.db.columns import File
from dougong.errors import Invalid, NotFound, Problem, Refused
from dougong.files.kinds import PREVIEWED, examine
from dougong.files.names import clean_name
from dougong.files.store import Draft, Store, current_store, kept_by, named_by_anybody, use_store
from dougong.i18n import _
from dougong.plugin.snapshot import current_snapshot
from dougong.records import change_log
from dougong.records.change_log import Change
from dougong.records.gate import cleared, guard
from dougong.records.references import tables_made
from dougong.records.tables import Private
from dougong.records.types import RecordType

if TYPE_CHECKING:
    from dougong.access.principal import Principal

__all__ = [
    "Attached",
    "Attachment",
    "Limits",
    "Received",
    "Stock",
    "attach",
    "bring_back",
    "content_of",
    "file_of",
    "files_of",
    "keep",
    "keep_files_in",
    "limits",
    "previewable",
    "received",
    "remove",
    "removed_of",
    "room_for_one",
    "sweep",
    "take_stock",
    "taken_in",
    "takes_files",
    "write_down",
]

MEGABYTE = 1 << 20
MOST_PIXELS = 50_000_000
"""Of a picture that is shown: some 200 MB unpacked."""
_WHY = "keep the files of records"
_NARROW = frozenset({"attachment"})
_AT_ONCE = 500


class Attachment(Private, tablename="attachment"):
    """A file of a record. `digest` (SHA-256) leads to its content; `removed` is when somebody took it off."""

    id: Serial
    record = Varchar(60)
    record_id = BigInt(index=True)
    name = Varchar(200)
    size = BigInt()
    media_type = Varchar(120)
    pixels = BigInt(null=True, default=None)
    digest = Varchar(64, index=True)
    at = Timestamptz(default=None, null=False)
    user = BigInt(default=0, db_column_name="by_user")
    staff = BigInt(null=True, default=None)
    removed = Timestamptz(null=True, default=None)
    field = Varchar(130, default="", help_text="The one field of the record that holds it; none for its attachments")


class _OfRecord(OfRecords):
    """What a field of a record holds is read with the field, by `held_files`."""

    def read(self, principal: Principal, engine: Any, alias: str) -> QueryString:
        condition = both([super().read(principal, engine, alias), QueryString(f'{alias}."field" = {{}}', "")])
        assert condition is not None
        return condition


# Read through the gate like a record; written by core alone, once the record's own rights were asked.
guard(_OfRecord(Attachment))  # type: ignore[arg-type]  # `via` is what is on now; the gate only reads it


@dataclass(frozen=True)
class Attached:
    """One file of a record: size in bytes, `media_type` as its content showed, `at` when and `staff` or `user` by whom.

    `pixels` is how many a picture has, None where that can't be told.
    """

    id: int
    name: str
    size: int
    media_type: str
    pixels: int | None
    digest: str
    at: dt.datetime
    user: int
    staff: int | None
    removed: dt.datetime | None


@dataclass(frozen=True)
class Limits:
    """How many bytes a file may hold, how many files a record has, and how long a removed one can be brought back."""

    size: int = 100 * MEGABYTE
    files: int = 100
    kept: dt.timedelta = dt.timedelta(days=30)


_limits = Limits()


def keep_files_in(store: Store | None, within: Limits | None = None) -> None:
    """Where files are kept from now on, and within which limits."""
    global _limits
    use_store(store)
    _limits = within or Limits()


def limits() -> Limits:
    return _limits


# ------------------------------------------------------------------ reading


def takes_files(record_type: RecordType) -> bool:
    """Whether records of this type have files. Departments, positions and staff don't: everybody reads the directory."""
    return record_type.menu


async def files_of(record_type: RecordType, record_id: int) -> Sequence[Attached]:
    """The files of a record, the newest first. NotFound when the acting person may not see the record."""
    await _readable(record_type, record_id)
    return await _read(record_type, record_id, Attachment.removed.is_null())


async def removed_of(record_type: RecordType, record_id: int) -> Sequence[Attached]:
    """What was taken off and can still be brought back, for who may edit the record; the newest first."""
    await _editable(record_type, record_id)
    return await _read(record_type, record_id, Attachment.removed > _forgotten_before())


async def file_of(record_type: RecordType, record_id: int, number: int) -> Attached:
    """One file of a record. NotFound when the record may not be seen, or has no such file."""
    await _readable(record_type, record_id)
    for found in await _read(record_type, record_id, (Attachment.id == number) & Attachment.removed.is_null()):
        return found
    raise NotFound


async def content_of(file: Attached) -> AsyncIterator[bytes]:
    """What a file holds, piece by piece. Unavailable when it can't be read now."""
    return await current_store().read(file.digest)


def previewable(file: Attached) -> bool:
    """Whether a browser may show it: a PDF, or a picture that doesn't grow beyond measure when it is unpacked."""
    if file.media_type == "application/pdf":
        return True
    return file.media_type in PREVIEWED and file.pixels is not None and file.pixels <= MOST_PIXELS


async def _read(record_type: RecordType, record_id: int, which: Any) -> list[Attached]:
    """Through the gate, as the acting person."""
    columns = [getattr(Attachment, name).as_alias(name) for name in Attached.__dataclass_fields__]
    query = Attachment.select(*columns).where(Attachment.record_id == record_id, Attachment.record == record_type.key)
    rows: Sequence[Mapping[str, Any]] = await query.where(which).order_by(Attachment.id, ascending=False)
    return [Attached(**row) for row in rows]


async def _readable(record_type: RecordType, record_id: int) -> None:
    known = current_snapshot().records.get(record_type.key)
    if known is None or not takes_files(record_type) or not await may_with(record_type, "read", record_id):
        raise NotFound


async def _editable(record_type: RecordType, record_id: int) -> None:
    await _readable(record_type, record_id)
    await need_with(record_type, "edit", record_id)


# ------------------------------------------------------------------ writing


@dataclass(frozen=True)
class Received:
    """A file that is all there and may be attached to a record."""

    record_type: RecordType
    record_id: int
    name: str
    media_type: str
    pixels: int | None
    draft: Draft


async def attach(record_type: RecordType, record_id: int, name: str, content: AsyncIterator[bytes]) -> Attached:
    """Add a file to a record; see `received` for what is refused."""
    async with received(record_type, record_id, name, content) as file:
        return await keep(file)


@asynccontextmanager
async def received(
    record_type: RecordType, record_id: int, name: str, content: AsyncIterator[bytes]
) -> AsyncIterator[Received]:
    """Take in what shall be a record's file, outside of any transaction; what isn't kept then is thrown away.

    The name is cleaned, and put right for a picture under another picture's name. Raises NotFound, Forbidden and Refused
    (the record has as many files as it may) before anything is read; Invalid for a name or content that isn't taken,
    TooLarge, and Unavailable when the disk doesn't take it.
    """
    await room_for_one(record_type, record_id)
    async with taken_in(record_type, record_id, name, content) as file:
        yield file


@asynccontextmanager
async def taken_in(
    record_type: RecordType, record_id: int, name: str, content: AsyncIterator[bytes]
) -> AsyncIterator[Received]:
    """The same for whoever has asked already whether the record may have it."""
    cleaned = clean_name(name)
    async with current_store().receive(content, limits().size) as draft:
        if draft.size == 0:
            raise Invalid(Problem("file", _("The file is empty."), cleaned, "empty"))
        found = examine(cleaned, draft.ends)
        yield Received(record_type, record_id, found.name, found.media_type, found.pixels, draft)


async def keep(file: Received) -> Attached:
    """Attach what was received. Raises Refused when the record has this very file already."""
    # Content without a row is swept away; a row without content would be a promise broken.
    await file.draft.keep()
    async with transaction(_("Attached “%(name)s”", name=file.name)):
        number = await _insert(file)
        await _note(file.record_type, file.record_id, "attach", file.name, number)
        return await file_of(file.record_type, file.record_id, number)


async def room_for_one(record_type: RecordType, record_id: int) -> Sequence[Attached]:
    """The files of a record that can have one more.

    Raises NotFound or Forbidden for who may not add it, Refused where there are as many as there may be.
    """
    await _editable(record_type, record_id)
    there = await _read(record_type, record_id, Attachment.removed.is_null())
    if len(there) >= limits().files:
        raise Refused(_("A record has at most %(most)s files.", most=limits().files))
    return there


async def _insert(file: Received) -> int:
    there = await room_for_one(file.record_type, file.record_id)  # again: receiving took its time
    if any((each.name, each.digest) == (file.name, file.draft.digest) for each in there):
        raise Refused(_("“%(name)s” is attached already.", name=file.name))
    return await write_down(file)


async def write_down(file: Received, field: str = "") -> int:
    """The row that keeps the content of a file; its number."""
    new = Attachment(
        record=file.record_type.key,
        record_id=file.record_id,
        name=file.name,
        size=file.draft.size,
        media_type=file.media_type,
        pixels=file.pixels,
        digest=file.draft.digest,
        field=field,
        at=dt.datetime.now(dt.UTC),
        user=current().user,
        staff=current().staff,
    )
    with acting_as(on_behalf(_WHY, _NARROW)):
        [made] = await Attachment.insert(new)
    return int(made["id"])


async def remove(record_type: RecordType, record_id: int, number: int) -> Attached:
    """Take a file off its record; for some weeks it can be brought back. NotFound, or Forbidden, where it can't be done."""
    await _editable(record_type, record_id)
    file = await file_of(record_type, record_id, number)
    async with transaction(_("Removed “%(name)s”", name=file.name)):
        await _set_removed(file, dt.datetime.now(dt.UTC))
        await _note(record_type, record_id, "detach", file.name, file.id)
    return file


async def bring_back(record_type: RecordType, record_id: int, number: int) -> Attached:
    """Put a removed file back. NotFound where there is none any more."""
    file = next((each for each in await removed_of(record_type, record_id) if each.id == number), None)
    if file is None:
        raise NotFound
    async with transaction(_("Brought back “%(name)s”", name=file.name)):
        await _set_removed(file, None)
        await _note(record_type, record_id, "attach", file.name, file.id)
    return file


async def _set_removed(file: Attached, moment: dt.datetime | None) -> None:
    """NotFound where somebody else did it meanwhile."""
    before = Attachment.removed.is_null() if moment else Attachment.removed.is_not_null()
    with acting_as(on_behalf(_WHY, _NARROW)):
        change = Attachment.update({Attachment.removed: moment}).where((Attachment.id == file.id) & before)
        if not await change.returning(Attachment.id):
            raise NotFound


async def _note(record_type: RecordType, record_id: int, verb: str, file: str, number: int) -> None:
    """Into the record's own history. "attach" or "detach" changes no field, so no undo of an edit takes it for one."""
    side = {"attachment": file, "attachment_id": number}
    entry = Change(record_id, verb, side if verb == "detach" else None, side if verb == "attach" else None)
    with cleared("desk"):
        await change_log.append(record_type.key, [entry])


# ------------------------------------------------------------------ forgetting


def _forgotten_before() -> dt.datetime:
    return dt.datetime.now(dt.UTC) - limits().kept


async def sweep() -> int:
    """Forget what was removed too long ago, or whose record was, and throw away content that no file names; how much of it."""
    with acting_as(system(_WHY, _NARROW)):
        await Attachment.delete().where(Attachment.removed < _forgotten_before())
        keys = await Attachment.select(Attachment.record).distinct().output(as_list=True)
    made = {table._meta.tablename: table for table in await tables_made()}
    for key in made.keys() & set(keys):
        await _forget_orphans(key)
        for column in made[key]._meta.columns:
            if isinstance(column, File):
                await _forget_replaced(key, column)
    return await current_store().sweep(named_by_anybody)


@dataclass(frozen=True)
class Stock:
    """What lies in the store: contents and their bytes, each once, and how many of them are not to be found."""

    files: int
    size: int
    missing: int


async def take_stock() -> Stock:
    """Every content that a file names, looked for; for whoever looks after the house."""
    with acting_as(system(_WHY, _NARROW)):
        rows = await Attachment.select(Attachment.digest, Attachment.size).distinct()
    found = [await current_store().has(row["digest"]) for row in rows]
    return Stock(len(rows), sum(row["size"] for row in rows), found.count(False))


async def _forget_orphans(key: str) -> None:
    """The files of records that were deleted so long ago that nobody brings them back."""
    gone = QueryString(
        f'SELECT a."id" FROM "attachment" a WHERE a."record" = {{}} '
        f'AND NOT EXISTS (SELECT 1 FROM "{key}" r WHERE r."id" = a."record_id") '
        'AND NOT EXISTS (SELECT 1 FROM "change_log" c '
        'WHERE c."record_id" = a."record_id" AND c."record" = {} AND c."at" > {})',
        key,
        key,
        _forgotten_before(),
    )
    await _forget(key, gone)


async def _forget_replaced(key: str, column: File) -> None:
    """What a field held before, of records nobody changed for so long that no undo brings it back."""
    name = column._meta.db_column_name
    gone = QueryString(
        f'SELECT a."id" FROM "attachment" a JOIN "{key}" r ON r."id" = a."record_id" '
        'WHERE a."record" = {} AND a."field" = {} AND a."at" < {} '
        f'AND (r."{name}" IS NULL OR r."{name}" NOT LIKE {{}} || CAST(a."id" AS TEXT) || {{}}) '
        'AND NOT EXISTS (SELECT 1 FROM "change_log" c '
        'WHERE c."record_id" = a."record_id" AND c."record" = {} AND c."at" > {})',
        key,
        column._meta.name,
        _forgotten_before(),
        '{"id":',
        ",%",
        key,
        _forgotten_before(),
    )
    await _forget(key, gone)


async def _forget(key: str, which: QueryString) -> None:
    with acting_as(system(_WHY, _NARROW | {"change_log", key})):
        numbers = [row["id"] for row in await fetch(which)]
        for start in range(0, len(numbers), _AT_ONCE):
            await Attachment.delete().where(Attachment.id.is_in(numbers[start : start + _AT_ONCE]))


@kept_by
async def _named(digests: Set[str]) -> Set[str]:
    wanted, found = sorted(digests), set[str]()
    with acting_as(system(_WHY, _NARROW)):
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            found |= set(
                await Attachment.select(Attachment.digest).where(Attachment.digest.is_in(part)).output(as_list=True)
            )
    return found
