"""Which columns a person wants to see in a list, and in which order."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dougong.access.principal import acting_as, current, system
from dougong.db import transaction
from dougong.db.columns import BigInt, Text, Varchar
from dougong.records.filters import visible_field
from dougong.records.tables import Private
from dougong.records.types import RecordType

__all__ = ["ListLayout", "columns_for", "reset_columns", "save_columns"]

_WHY = "keep how a person likes their lists"
_ONLY = frozenset({"core_list_layout"})


class ListLayout(Private, tablename="core_list_layout"):
    """One person's columns of one list, as a JSON list of field keys."""

    user = BigInt(index=True, db_column_name="of_user")
    record = Varchar(60)
    columns = Text(default="[]")


def shipped_columns(record_type: RecordType) -> tuple[str, ...]:
    return tuple(c._meta.name for c in record_type.list_view.columns)


async def columns_for(record_type: RecordType) -> tuple[str, ...]:
    """Field keys in order, the title first: the person's own choice, else the list's own; never a hidden field."""
    user = current().user
    with acting_as(system(_WHY, _ONLY)):
        row = (
            await ListLayout.select(ListLayout.columns)
            .where(ListLayout.user == user, ListLayout.record == record_type.key)
            .first()
        )
    chosen = json.loads(row["columns"]) if row else shipped_columns(record_type)
    title = record_type.title._meta.name
    return tuple(k for k in dict.fromkeys((title, *chosen)) if visible_field(record_type, k))


async def save_columns(record_type: RecordType, keys: Sequence[str]) -> None:
    """Keep the person's columns; unknown fields are dropped, the title is always shown."""
    known = [k for k in dict.fromkeys(keys) if visible_field(record_type, k)]
    user = current().user
    async with transaction():
        with acting_as(system(_WHY, _ONLY)):
            await ListLayout.delete().where(ListLayout.user == user, ListLayout.record == record_type.key)
            await ListLayout.insert(ListLayout(user=user, record=record_type.key, columns=json.dumps(known)))


async def reset_columns(record_type: RecordType) -> None:
    """Back to the list's own columns."""
    user = current().user
    async with transaction():
        with acting_as(system(_WHY, _ONLY)):
            await ListLayout.delete().where(ListLayout.user == user, ListLayout.record == record_type.key)
