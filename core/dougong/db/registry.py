"""The tables this process knows, and the engine they are bound to.

Nothing in the database is reachable that is not listed here: a table is either a guarded row table
(read through the gate, written by the desk) or a private one (core's own).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from piccolo.table import Table

    from dougong.db.connections import Engine

__all__ = [
    "engine",
    "forget",
    "generation",
    "in_use",
    "is_private",
    "register",
    "table",
    "tables",
    "touch",
    "use",
]

_tables: dict[str, type[Table]] = {}
_private: set[str] = set()
_engine: Engine | None = None
_generation = 0


def register(table: type[Table], *, private: bool) -> None:
    """List a table and bind it to the engine in use. One name belongs to one class."""
    name = table._meta.tablename
    known = _tables.get(name)
    if known is not None and _origin(known) != _origin(table):
        raise ValueError(f"the table {name!r} is already declared by {_origin(known)}")
    _tables[name] = table
    (_private.add if private else _private.discard)(name)
    _bind(table)
    touch()


def forget(name: str) -> None:
    """Take a table off the list; its rows stay in the database, out of everybody's reach."""
    _tables.pop(name, None)
    _private.discard(name)
    touch()


def tables() -> list[type[Table]]:
    """Every known table, in the order of declaration."""
    return list(_tables.values())


def table(name: str) -> type[Table] | None:
    """The table of this name (lower case), or None."""
    return _tables.get(name)


def is_private(name: str) -> bool:
    """Is it one of core's private tables?"""
    return name in _private


def generation() -> int:
    """Grows with every change of the list: caches that depend on it compare the number."""
    return _generation


def use(engine: Engine | None) -> None:
    """Bind every known table, and those declared later, to `engine`; None takes it out of use."""
    global _engine
    _engine = engine
    for table in _tables.values():
        _bind(table)
    touch()


def engine() -> Engine:
    """The engine in use. Raises `RuntimeError` before a database is opened."""
    if _engine is None:
        raise RuntimeError("no database is open")
    return _engine


def in_use() -> Engine | None:
    """The engine in use, or None."""
    return _engine


def _bind(table: type[Table]) -> None:
    table._meta._db = cast("Any", _engine)  # ours stands in for Piccolo's own


def touch() -> None:
    global _generation
    _generation += 1


def _origin(table: type[Table]) -> str:
    return f"{table.__module__}.{table.__qualname__}"
