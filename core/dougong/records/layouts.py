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

__all__ = ["ListLayout", "reset_columns", "save_columns", "shown_columns"]

_WHY = "keep how a person likes their lists"
_ONLY = frozenset({"core_list_layout"})


class ListLayout(Private, tablename="core_list_layout"):
    """One person's columns of one list, as a JSON list of field keys."""

    user = BigInt(index=True, db_column_name="of_user")
    record = Varchar(60)
    columns = Text(default="[]")


def shipped_columns(record_type: RecordType) -> tuple[str, ...]:
    return tuple(c._meta.name for c in record_type.list_view.columns)


def shown_columns(record_type: RecordType, chosen: Sequence[str] | None) -> tuple[str, ...]:
    """The columns chosen, or those shipped, as far as the acting person may see them; the title first."""
    title = record_type.title._meta.name
    wanted = shipped_columns(record_type) if chosen is None else chosen
    return tuple(k for k in dict.fromkeys((title, *wanted)) if visible_field(record_type, k))


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
