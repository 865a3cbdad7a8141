"""A file that stands in a field of a record: read and changed with the field, kept where attachments are kept.

The field holds what is told of the file; the row beside the attachments keeps its content. A file that was replaced stays
for as long as an undo may bring it back.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from dougong.access.fields import WRITE, field_level
from dougong.access.principal import acting_as, current
from dougong.access.rights import need_with
from dougong.access.services.principals import on_behalf
from dougong.db import transaction
from dougong.errors import Forbidden, NotFound
from dougong.i18n import _
from dougong.records import desk
from dougong.records.attachments import Attached, Attachment, taken_in, takes_files, write_down
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.tables import Row
from dougong.records.types import RecordType

__all__ = ["check_takes_file", "file_in", "file_takers", "lost", "put_file", "take_file_out"]

_WHY = "keep the files that stand in fields"
_NARROW = frozenset({"attachment", "staff"})  # a column bears the name of the table


def file_takers(record_type: RecordType, record: Row) -> list[Field]:
    """The fields of a record that hold a file and are the person's to change, as far as can be said without asking."""
    form, row, who = record_type.form_of(record.to_dict()), record.to_dict(), current()
    hidden = form.hidden_for(row)
    return [
        field
        for key, field in form.fields.items()
        if field.kind == "file"
        and key not in (*form.readonly, *hidden)
        and field_level(who, f"{record_type.key}.{key}", record_type.state_of(record)) == WRITE
    ]


async def file_in(record_type: RecordType, record_id: int, key: str) -> Attached:
    """The file a field holds. NotFound where the record or the field may not be seen, or holds none."""
    record = await desk.get(record_type.table, record_id)
    field = visible_field(record_type, key, state=record_type.state_of(record))
    value = getattr(record, key, None) if field is not None and field.kind == "file" else None
    if not value:
        raise NotFound
    columns = [getattr(Attachment, name).as_alias(name) for name in Attached.__dataclass_fields__]
    mine = (Attachment.id == json.loads(value)["id"]) & (Attachment.field == key)
    of_record = (Attachment.record == record_type.key) & (Attachment.record_id == record_id)
    with acting_as(on_behalf(_WHY, _NARROW)):
        row = await Attachment.select(*columns).where(mine & of_record).first()
    if row is None:
        raise NotFound
    return Attached(**row)


async def put_file(
    record_type: RecordType, record_id: int, key: str, name: str, content: AsyncIterator[bytes]
) -> tuple[Row, str]:
    """Let a field hold this file instead of what it held; the record as it is now, and the batch.

    Raises NotFound and Forbidden before anything is read; Invalid, TooLarge and Unavailable as `attachments.received`.
    """
    record, field = await _to_change(record_type, record_id, key)
    async with taken_in(record_type, record_id, name, content) as file:
        await file.draft.keep()
        async with transaction(_("“%(name)s” put into “%(field)s”", name=file.name, field=field.label)) as level:
            told = {"id": await write_down(file, key), "record": record_id, "name": file.name}
            told |= {"size": file.draft.size, "media_type": file.media_type}
            text = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
            return await desk.change(await desk.get(type(record), record_id), {key: text}), level.batch


async def take_file_out(record_type: RecordType, record_id: int, key: str) -> tuple[Row, str]:
    """Let a field hold no file any more."""
    record, field = await _to_change(record_type, record_id, key)
    async with transaction(_("File taken out of “%(field)s”", field=field.label)) as level:
        return await desk.change(record, {key: None}), level.batch


async def check_takes_file(record_type: RecordType, record_id: int, key: str) -> None:
    """Raises what `put_file` would, before anything is read."""
    await _to_change(record_type, record_id, key)


async def _to_change(record_type: RecordType, record_id: int, key: str) -> tuple[Row, Field]:
    if not takes_files(record_type):
        raise NotFound
    record = await desk.get(record_type.table, record_id)
    known = visible_field(record_type, key, state=record_type.state_of(record))
    if known is None or known.kind != "file":
        raise NotFound
    await need_with(record_type, "edit", record_id)
    if key not in {field.key for field in file_takers(record_type, record)}:
        raise Forbidden
    return record, known


async def lost(values: dict[int, Any]) -> set[int]:
    """Of which records the file that a value tells of is kept no more."""
    numbers = {record_id: json.loads(value)["id"] for record_id, value in values.items()}
    if not numbers:
        return set()
    with acting_as(on_behalf(_WHY, _NARROW)):
        there = (
            await Attachment.select(Attachment.id).where(Attachment.id.is_in([*numbers.values()])).output(as_list=True)
        )
    return {record_id for record_id, number in numbers.items() if number not in there}
