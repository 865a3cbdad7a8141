"""Columns that tables get while the process runs.

A table class only gains columns, or gets a newer one under the name of an older: whoever still works with the older
class of things goes on. Piccolo has no public way to do this; what it keeps for itself is touched here and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from piccolo.columns import ForeignKey

from dougong.db import registry

if TYPE_CHECKING:
    from piccolo.columns import Column
    from piccolo.table import Table

__all__ = ["attach", "detach", "detach_all", "prepare"]

_attached: dict[type[Table], set[str]] = {}


def prepare(table: type[Table], name: str, column: Column) -> Column:
    """Make the column one of this table's under this name, without the table knowing it yet."""
    column._meta._name = name
    column._meta._table = table
    if isinstance(column, ForeignKey):
        column._setup(table_class=table)
        # the reverse: nobody asks the other table for it before the column is attached
        _forget_reverse(column)
    return column


def attach(table: type[Table], column: Column) -> None:
    """Let the table have a prepared column from now on, instead of one of the same name if it has one."""
    name = column._meta.name
    meta = table._meta
    setattr(table, name, column)
    # new lists, never changed ones: somebody may be walking along the old
    meta.columns = [*(c for c in meta.columns if c._meta.name != name), column]
    meta.non_default_columns = [*(c for c in meta.non_default_columns if c._meta.name != name), column]
    meta.foreign_key_columns = [c for c in meta.foreign_key_columns if c._meta.name != name]
    if isinstance(column, ForeignKey):
        meta.foreign_key_columns = [*meta.foreign_key_columns, column]
        _referenced(column)._meta._foreign_key_references.append(column)
    _attached.setdefault(table, set()).add(name)
    for reference in _references_to(table):
        _offer(reference, column)
    registry.touch()


def detach(table: type[Table]) -> None:
    """The table as it was declared: it was taken out of the database, with the columns it had got."""
    names = _attached.pop(table, None)
    if not names:
        return
    meta = table._meta
    gone = [c for c in meta.columns if c._meta.name in names]
    for name in names:
        delattr(table, name)
    for kept in ("columns", "non_default_columns", "foreign_key_columns"):
        setattr(meta, kept, [c for c in getattr(meta, kept) if c._meta.name not in names])
    for reference in _references_to(table):
        for name in names:
            reference.__dict__.pop(name, None)
        proxies = reference._foreign_key_meta.proxy_columns
        reference._foreign_key_meta.proxy_columns = [c for c in proxies if c._meta.name not in names]
    for other in registry.tables():
        other._meta._foreign_key_references = [
            c for c in other._meta._foreign_key_references if not any(c is column for column in gone)
        ]
    registry.touch()


def detach_all() -> None:
    """Every table as it was declared: the process leaves this database."""
    for table in list(_attached):
        detach(table)


def _references_to(table: type[Table]) -> list[ForeignKey[Any]]:
    """The columns through which others reach this table, as far as they have looked it up yet."""
    return [
        column
        for other in registry.tables()
        for column in other._meta.foreign_key_columns
        if column._foreign_key_meta.proxy_columns and _referenced(column) is table
    ]


def _offer(reference: ForeignKey[Any], column: Column) -> None:
    """`Visit.customer.x_colour`: what a reference offers of the table it points to."""
    name = column._meta.name
    proxy = column.copy()
    setattr(reference, name, proxy)
    proxies = reference._foreign_key_meta.proxy_columns
    reference._foreign_key_meta.proxy_columns = [*(c for c in proxies if c._meta.name != name), proxy]


def _forget_reverse(column: ForeignKey[Any]) -> None:
    meta = _referenced(column)._meta
    meta._foreign_key_references = [c for c in meta._foreign_key_references if c is not column]


def _referenced(column: ForeignKey[Any]) -> type[Table]:
    return column._foreign_key_meta.resolved_references
