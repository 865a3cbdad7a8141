"""From one kind of field to another: which values can be brought over, and how."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from piccolo.querystring import QueryString

from dougong.access.openings import opened
from dougong.db import fetch
from dougong.db.columns import Option
from dougong.errors import Invalid, Problem
from dougong.i18n import Text, _
from dougong.records.definitions import Definition, columns_of
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.kinds import WrongValue
from dougong.records.types import RecordType

__all__ = ["CONVERTIBLE", "Conversion", "Outlook", "check_convertible", "former_place", "outlook"]

CONVERTIBLE = frozenset(
    {"text", "long_text", "number", "money", "date", "datetime", "time", "yes_no"}
    | {"choice", "choices", "phone", "email", "url", "address"}
)
"""The kinds whose values can be written down as text, and read again as another."""
_AS_SHOWN = frozenset({"choice", "choices"})
"""Brought over by the words people read."""


@dataclass(frozen=True)
class Conversion:
    """Brings the values of a definition's former column over to the field as it is now."""

    definition: Definition
    field: Field

    @cached_property
    def _former(self) -> Field:
        before = self.definition.details["before"]
        one = replace(self.definition, kind=before["kind"], details=before["details"], db_column=before["db_column"])
        return _field_of(self.field.column._meta.table, one)

    def of(self, value: Any) -> Any:
        """The value as the new field stores it; None where there is none or it can't be brought over."""
        return brought_over(value, self._former, self.field)


def brought_over(value: Any, former: Field, field: Field) -> Any:
    if value is None or value == "":
        return None
    try:
        words = former.type.show(value, former) if former.kind in _AS_SHOWN else former.type.write(value, former)
        return field.type.read(words, field)
    except WrongValue:
        return None


def _field_of(table: Any, one: Definition, labels: Sequence[str] = ()) -> Field:
    """The field a definition makes; `labels` are choices that its list has yet to get."""
    [column, *_sort] = columns_of(table, one)
    field = Field(one.key, column, one.shown_as, one.words)
    if labels:
        column.options = (*field.options, *(Option(label, label) for label in labels))  # type: ignore[attr-defined]
        field = Field(one.key, column, one.shown_as, one.words)
    return field


@dataclass(frozen=True)
class Outlook:
    """What would become of a field's values: how many records hold one, and how many of these would lose it.

    `lost` are some of the latter that the asker may see: id and value in words.
    """

    held: int
    losing: int
    lost: Sequence[tuple[int, str]]


AT_ONCE = 5000
MOST_SHOWN = 20


async def outlook(record_type: RecordType, one: Definition, wanted: Definition, labels: Sequence[str] = ()) -> Outlook:
    """What changing the kind of a field would do, before it is done; `labels` are choices its list is to get.

    A declared opening: every record counts, also those the acting person can't see: they would lose their value too.
    """
    table = record_type.table
    former, field = _field_of(table, one), _field_of(table, wanted, labels)
    held = losing = 0
    with opened(outlook):
        async for _id, value in _values(record_type, one):
            held += 1
            losing += brought_over(value, former, field) is None
    lost: list[tuple[int, str]] = []
    if losing and visible_field(record_type, one.key) is not None:
        async for record_id, value in _values(record_type, one):
            if brought_over(value, former, field) is None:
                lost.append((record_id, former.type.show(value, former)))
            if len(lost) == MOST_SHOWN:
                break
    return Outlook(held, losing, lost)


async def _values(record_type: RecordType, one: Definition) -> AsyncIterator[tuple[int, Any]]:
    """Every value the acting person may see, with its record's id."""
    last, column = 0, f'"{one.db_column}"'
    while True:
        sql = (
            f'SELECT "id", {column} AS value FROM "{record_type.key}"'
            f' WHERE "id" > {{}} AND {column} IS NOT NULL ORDER BY "id" LIMIT {AT_ONCE}'
        )
        rows = await fetch(QueryString(sql, last))
        for row in rows:
            if row["value"] != "":
                yield row["id"], row["value"]
        if len(rows) < AT_ONCE:
            return
        last = rows[-1]["id"]


def check_convertible(one: Definition, kind: str) -> None:
    """Invalid where nothing of one kind can become the other."""
    if one.kind not in CONVERTIBLE or kind not in CONVERTIBLE:
        text: Text = _("Fields of this kind can't be changed to another; add a new field instead.")
        raise Invalid(Problem("kind", text, kind, "kind"))


def former_place(one: Definition) -> Mapping[str, Any]:
    """Where the values lie until they are brought over, and as what."""
    details = {k: v for k, v in one.details.items() if k != "before"}
    return {"kind": one.kind, "db_column": one.db_column, "details": details}
