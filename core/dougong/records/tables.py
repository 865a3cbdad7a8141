"""The three kinds of tables: rows, records and private ones. Nothing else exists in the database."""

from __future__ import annotations

from typing import Any

from piccolo.columns.base import Column
from piccolo.columns.defaults.timestamptz import TimestamptzNow
from piccolo.columns.reference import LAZY_COLUMN_REFERENCES
from piccolo.table import Table

from dougong.db.columns import (
    BigSerial,
    ForeignKey,
    Integer,
    LazyTableReference,
    Timestamptz,
    Varchar,
)
from dougong.db.registry import register

__all__ = ["Private", "Record", "Row"]


def _take(table: type[Table], *, abstract: bool, private: bool) -> None:
    if not abstract:
        register(table, private=private)
        return
    # An abstract table has no rows, so what it refers to is not referred to by it.
    for column in table._meta.foreign_key_columns:
        references = LAZY_COLUMN_REFERENCES.foreign_key_columns
        if any(known is column for known in references):
            LAZY_COLUMN_REFERENCES.foreign_key_columns = [r for r in references if r is not column]


class Row(Table):
    """A guarded table: read through the gate under the reader's scope, written only by the desk.

    Abstract itself (`abstract=True` for further bases). `title_key` sorts the title the same on
    every database (pinyin for Chinese), `title_initials` finds it by first letters.
    """

    id = BigSerial(primary_key=True)
    version = Integer(default=1)
    created = Timestamptz(default=TimestamptzNow(), index=True)
    updated = Timestamptz(default=TimestamptzNow())
    title_key = Varchar(length=300, default="", index=True)
    title_initials = Varchar(length=100, default="")

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        _take(cls, abstract=abstract, private=False)

    def to_dict(self, *columns: Column) -> dict[str, Any]:
        held = self.__dict__  # a column that was added since the row was read holds nothing in it
        return {column._meta.name: held.get(column._meta.name) for column in columns or self._meta.columns}


class Record(Row, abstract=True):
    """A business record: numbered, owned by a member of staff, belonging to a department."""

    number = Varchar(length=40, null=True, default=None, unique=True)
    owner = ForeignKey(LazyTableReference("Staff", module_path="dougong.people.tables"), null=True)
    department = ForeignKey(LazyTableReference("Department", module_path="dougong.people.tables"), null=True)
    state = Varchar(length=40, default="", index=True)


class Private(Table):
    """A table of core's own, which no person can read: core acts on it as the system."""

    def __init_subclass__(cls, *, abstract: bool = False, **options: Any) -> None:
        super().__init_subclass__(**options)
        _take(cls, abstract=abstract, private=True)
