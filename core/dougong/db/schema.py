"""Growing the schema to what the tables declare: additive, repeatable, in one transaction.

Nothing is ever dropped, narrowed or renamed here; that is a migration step's business.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from piccolo.columns import ForeignKey, Serial
from piccolo.columns.defaults.base import Default
from piccolo.constraints import Check, Unique
from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, system
from dougong.db import registry
from dougong.db.transactions import current_transaction, transaction
from dougong.errors import Refused, Unavailable
from dougong.i18n import _
from dougong.records.gate import SCHEMA, cleared

if TYPE_CHECKING:
    from piccolo.columns import Column
    from piccolo.table import Table

    from dougong.db.connections import Engine

__all__ = ["add_columns", "build_index", "grow", "grow_schema", "retrying"]

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

TRIES = 6
_LOCK = 0x646F75  # one grower at a time among all processes of a PostgreSQL database


def retrying(work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Schema changes wait only shortly for a table in use, then let others pass and try again."""

    @functools.wraps(work)
    async def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(1, TRIES):
            try:
                return await work(*args, **kwargs)
            except Unavailable:
                # Inside somebody's transaction nothing can be tried again.
                if current_transaction() is not None:
                    raise
                logger.info("a table is in use, changing the schema a little later (%d)", attempt)
                await asyncio.sleep(0.1 * 2**attempt)
        return await work(*args, **kwargs)

    return tried


@retrying
async def grow_schema(tables: Iterable[type[Table]]) -> list[str]:
    """Create what is missing of these tables: tables, columns, indexes, references.

    Returns the statements run, an empty list when nothing was missing. All of it or none. On
    PostgreSQL a table in use is waited for only shortly, and again: other requests go on meanwhile.
    Raises `Refused` where a column can't be added.
    """
    async with transaction():
        return await grow(list(tables))


async def grow(tables: Sequence[type[Table]]) -> list[str]:
    """The same inside a transaction of the caller's."""
    async with _changing() as schema:
        done = list(_missing(schema, await schema.inspect(), tables))
        for statement in done:
            await schema.engine.run_ddl(statement)
    return done


async def add_columns(table: type[Table], columns: Sequence[Column]) -> None:
    """Add columns that the table class doesn't have yet, in the caller's transaction (`retrying` stands around that).

    Raises `Refused` where the table has no room, `Unavailable` where it stays in use.
    """
    name = table._meta.tablename
    async with _changing() as schema:
        present = await schema.inspect()
        new = [c for c in columns if c._meta.db_column_name not in present.columns[name]]
        schema.check_room(name, present.slots[name] + len(new))
        for column in new:
            await schema.engine.run_ddl(schema.add_column(table, column))
            unique = [column] if column._meta.unique else []  # other indexes wait till nobody waits for them
            for _name, statement in [*schema.references(table, [column]), *schema.indexes_of(table, unique)]:
                await schema.engine.run_ddl(statement)


async def build_index(table: type[Table], column: Column) -> None:
    """Index one column of a table in use, outside of any transaction; where it is indexed, nothing happens.

    On PostgreSQL people write on meanwhile; on SQLite they wait the moment it takes.
    """
    engine = registry.engine()
    schema = (_SQLiteSchema if engine.engine_type == "sqlite" else _PostgresSchema)(engine)
    with acting_as(system("indexing a column")), cleared("ddl"):
        for statement in await schema.building(table, column):
            await engine.run_ddl(statement)


@asynccontextmanager
async def _changing() -> AsyncIterator[_Schema]:
    engine = registry.engine()
    kind = _SQLiteSchema if engine.engine_type == "sqlite" else _PostgresSchema
    with acting_as(system("growing the schema")), cleared("ddl"):
        schema = kind(engine)
        await schema.lock()
        yield schema
        await schema.unlock()


@dataclass
class _Present:
    """What the database has: columns by table, and the names of indexes and constraints."""

    columns: dict[str, set[str]] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    indexes: set[str] = field(default_factory=set)
    constraints: set[str] = field(default_factory=set)


def _missing(schema: _Schema, present: _Present, tables: Sequence[type[Table]]) -> Iterator[str]:
    ordered = _parents_first(tables)
    if not present.columns:
        yield from schema.beginning()
    for table in ordered:
        name = table._meta.tablename
        if name not in present.columns:
            yield schema.create_table(table)
            continue
        new = schema.columns_wanting(table, present)
        schema.check_room(name, present.slots.get(name, 0) + len(new))
        for column in new:
            yield schema.add_column(table, column)
    for table in ordered:
        for index, statement in schema.indexes(table):
            if index not in present.indexes:
                yield statement
        for constraint, statement in schema.references(table, table._meta.foreign_key_columns):
            if constraint not in present.constraints:
                yield statement


def _parents_first(tables: Sequence[type[Table]]) -> list[type[Table]]:
    """Each table behind those it refers to, as far as they don't refer to each other."""
    listed = {table._meta.tablename: table for table in tables}
    order: TopologicalSorter[str] = TopologicalSorter()
    for name, table in listed.items():
        parents = {_referenced(fk)._meta.tablename for fk in table._meta.foreign_key_columns}
        order.add(name, *sorted(parents & listed.keys() - {name}))
    try:
        return [listed[name] for name in order.static_order()]
    except CycleError:
        # Departments have heads and heads a department: references are added after all tables.
        return list(listed.values())


class _Schema(ABC):
    """The statements of one kind of database."""

    limit: int

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @abstractmethod
    async def lock(self) -> None: ...

    @abstractmethod
    async def unlock(self) -> None:
        """Undo what `lock` set for the statements behind it."""

    @abstractmethod
    async def inspect(self) -> _Present: ...

    def beginning(self) -> Iterator[str]:
        """Statements before the first table."""
        return iter(())

    @abstractmethod
    def place(self, table: type[Table]) -> str: ...

    @abstractmethod
    def column(self, column: Column, *, added: bool) -> str: ...

    def references(self, table: type[Table], columns: Iterable[Column]) -> Iterator[tuple[str, str]]:
        """Constraints that are added to a table after it, by name."""
        return iter(())

    def made_by(self, table: type[Table]) -> str | None:
        """The statement a table brings for this kind of database, where its columns don't say what it is."""
        own: Mapping[str, str] = getattr(table, "made_by", {})
        return own.get(self.engine.engine_type)

    def columns_wanting(self, table: type[Table], present: _Present) -> list[Column]:
        if self.made_by(table) is not None:
            return []
        return [c for c in table._meta.columns if c._meta.db_column_name not in present.columns[table._meta.tablename]]

    def create_table(self, table: type[Table]) -> str:
        if (own := self.made_by(table)) is not None:
            return own
        parts = [self.column(column, added=False) for column in table._meta.columns]
        parts += [
            f'CONSTRAINT "{_short(table._meta.tablename, c._meta.name)}" {c.ddl}'
            for c in table._meta.constraints
            if isinstance(c, Check)
        ]
        return f"CREATE TABLE {self.place(table)} ({', '.join(parts)})"

    def add_column(self, table: type[Table], column: Column) -> str:
        if not column._meta.null and _constant(column) is None:
            raise Refused(
                _("“%(table)s.%(column)s” can't be added: existing rows need a default or to stay empty.")
                % {"table": table._meta.tablename, "column": column._meta.db_column_name}
            )
        return f"ALTER TABLE {self.place(table)} ADD COLUMN {self.column(column, added=True)}"

    def check_room(self, name: str, columns: int) -> None:
        if columns > self.limit:
            raise Refused(
                _("“%(table)s” has no room for more fields: the database holds %(limit)s columns a table.")
                % {"table": name, "limit": self.limit}
            )

    def indexes(self, table: type[Table]) -> Iterator[tuple[str, str]]:
        if self.made_by(table) is not None:
            return
        name = table._meta.tablename
        yield from self.indexes_of(table, table._meta.columns)
        for constraint in table._meta.constraints:
            if isinstance(constraint, Unique):
                names = constraint.get_column_names()
                index = _short(name, *names, "key")
                yield self._index(table, index, names, unique=True, nulls_distinct=constraint.nulls_distinct)

    def indexes_of(self, table: type[Table], columns: Iterable[Column]) -> Iterator[tuple[str, str]]:
        for column in columns:
            if column._meta.primary_key:
                continue
            if column._meta.unique or column._meta.index:
                yield self.index_of(table, column, unique=column._meta.unique)

    async def building(self, table: type[Table], column: Column) -> list[str]:
        """The statements that index a column of a table in use."""
        name, statement = self.index_of(table, column)
        return [] if name in (await self.inspect()).indexes else [statement]

    def index_of(self, table: type[Table], column: Column, *, unique: bool = False) -> tuple[str, str]:
        name = column._meta.db_column_name
        index = _short(table._meta.tablename, name, "key" if unique else "idx")
        return self._index(table, index, [name], unique=unique, method=column._meta.index_method.value)

    def _index(
        self,
        table: type[Table],
        index: str,
        columns: Sequence[str],
        *,
        unique: bool = False,
        nulls_distinct: bool = True,
        method: str = "btree",
    ) -> tuple[str, str]:
        listed = ", ".join(f'"{c}"' for c in columns)
        return index, self.index(table, index, listed, unique=unique, nulls_distinct=nulls_distinct, method=method)

    @abstractmethod
    def index(
        self, table: type[Table], index: str, columns: str, *, unique: bool, nulls_distinct: bool, method: str
    ) -> str: ...

    async def _rows(self, sql: str, *args: Any) -> list[dict[str, Any]]:
        rows = await self.engine.run_querystring(QueryString(sql, *args))
        return [dict(row) for row in rows]


class _SQLiteSchema(_Schema):
    limit = 2000

    async def lock(self) -> None:
        """The transaction already holds the write lock."""

    async def unlock(self) -> None:
        """And keeps it."""

    async def inspect(self) -> _Present:
        present = _Present()
        for row in await self._rows(
            "SELECT m.name AS name, p.name AS col FROM sqlite_master m, pragma_table_info(m.name) p"
            " WHERE m.type = 'table'"
        ):
            present.columns.setdefault(row["name"], set()).add(row["col"])
        present.columns.pop("sqlite_sequence", None)
        present.slots = {name: len(columns) for name, columns in present.columns.items()}
        indexes = await self._rows("SELECT name FROM sqlite_master WHERE type = 'index'")
        present.indexes = {row["name"] for row in indexes}
        return present

    def place(self, table: type[Table]) -> str:
        return f'"{table._meta.tablename}"'

    def column(self, column: Column, *, added: bool) -> str:
        name = f'"{column._meta.db_column_name}"'
        if isinstance(column, Serial):
            # AUTOINCREMENT: the id of a deleted record is never given to another.
            return f"{name} INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"
        parts = [name, column.column_type]
        if column._meta.primary_key:
            parts.append("PRIMARY KEY")
        if not column._meta.null:
            parts.append("NOT NULL")
        parts.append(_default(column, added=added))
        if isinstance(column, ForeignKey):
            parts.append(_references(column, ""))
        return " ".join(part for part in parts if part)

    def index(
        self, table: type[Table], index: str, columns: str, *, unique: bool, nulls_distinct: bool, method: str
    ) -> str:
        if not nulls_distinct:
            columns = ", ".join(f"coalesce({c}, '')" for c in columns.split(", "))
        kind = "UNIQUE INDEX" if unique else "INDEX"
        return f'CREATE {kind} "{index}" ON {self.place(table)} ({columns})'


class _PostgresSchema(_Schema):
    limit = 1600

    async def lock(self) -> None:
        await self._rows("SET LOCAL lock_timeout = '2s'")
        await self._rows(f"SELECT pg_advisory_xact_lock({_LOCK})")

    async def unlock(self) -> None:
        await self._rows("SET LOCAL lock_timeout = 0")

    async def inspect(self) -> _Present:
        present = _Present()
        for row in await self._rows(
            "SELECT c.relname AS name, a.attname AS col, a.attisdropped AS gone"
            " FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " WHERE c.relkind = 'r' AND c.relnamespace = to_regnamespace({})",
            SCHEMA["postgres"],
        ):
            columns = present.columns.setdefault(row["name"], set())
            # A dropped column keeps its place for ever.
            present.slots[row["name"]] = present.slots.get(row["name"], 0) + 1
            if not row["gone"]:
                columns.add(row["col"])
        indexes = "SELECT indexname AS name FROM pg_indexes WHERE schemaname = {}"
        present.indexes = {r["name"] for r in await self._rows(indexes, SCHEMA["postgres"])}
        constraints = "SELECT conname AS name FROM pg_constraint WHERE connamespace = to_regnamespace({})"
        present.constraints = {r["name"] for r in await self._rows(constraints, SCHEMA["postgres"])}
        return present

    def beginning(self) -> Iterator[str]:
        yield f"CREATE SCHEMA IF NOT EXISTS {SCHEMA['postgres']}"

    def place(self, table: type[Table]) -> str:
        return f'{SCHEMA["postgres"]}."{table._meta.tablename}"'

    def column(self, column: Column, *, added: bool) -> str:
        parts = [f'"{column._meta.db_column_name}"', column.column_type]
        if column._meta.primary_key:
            parts.append("PRIMARY KEY")
        if not column._meta.null:
            parts.append("NOT NULL")
        if not isinstance(column, Serial):
            parts.append(_default(column, added=added))
        return " ".join(part for part in parts if part)

    def references(self, table: type[Table], columns: Iterable[Column]) -> Iterator[tuple[str, str]]:
        for column in columns:
            if not isinstance(column, ForeignKey):
                continue
            name = column._meta.db_column_name
            constraint = _short(table._meta.tablename, name, "fkey")
            added = f'ADD CONSTRAINT "{constraint}" FOREIGN KEY ("{name}")'
            references = _references(column, f"{SCHEMA['postgres']}.")
            yield constraint, f"ALTER TABLE {self.place(table)} {added} {references}"

    async def building(self, table: type[Table], column: Column) -> list[str]:
        name, statement = self.index_of(table, column)
        states = await self._rows(
            "SELECT i.indisvalid AS valid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE c.relname = {} AND c.relnamespace = to_regnamespace({})",
            name,
            SCHEMA["postgres"],
        )
        if states and states[0]["valid"]:
            return []
        # one that was broken off stays behind, useless
        broken = [f'DROP INDEX CONCURRENTLY IF EXISTS {SCHEMA["postgres"]}."{name}"'] if states else []
        return [*broken, statement.replace("INDEX", "INDEX CONCURRENTLY", 1)]

    def index(
        self, table: type[Table], index: str, columns: str, *, unique: bool, nulls_distinct: bool, method: str
    ) -> str:
        kind = "UNIQUE INDEX" if unique else "INDEX"
        nulls = "" if nulls_distinct else " NULLS NOT DISTINCT"
        using = "" if method == "btree" else f" USING {method}"
        return f'CREATE {kind} "{index}" ON {self.place(table)}{using} ({columns}){nulls}'


def _referenced(column: ForeignKey) -> type[Table]:
    return column._foreign_key_meta.resolved_references


def _references(column: ForeignKey, schema: str) -> str:
    meta = column._foreign_key_meta
    target = meta.resolved_target_column._meta.db_column_name
    return (
        f'REFERENCES {schema}"{_referenced(column)._meta.tablename}" ("{target}")'
        f" ON DELETE {meta.on_delete.value} ON UPDATE {meta.on_update.value}"
    )


def _default(column: Column, *, added: bool) -> str:
    value = _constant(column) if added else _declared(column)
    return "" if value is None else f"DEFAULT {value}"


def _declared(column: Column) -> str | None:
    value = column.get_default_value()
    if value is None:
        return None
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return column.get_sql_value(value)


def _constant(column: Column) -> str | None:
    """The default as it is now: a column added to filled rows can't compute it row by row."""
    value = column.get_default_value()
    if isinstance(value, Default):
        value = value.python()
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC) if value.tzinfo else value
        return f"'{moment.isoformat(' ', 'microseconds')}'"
    if isinstance(value, dt.date | dt.time):
        return f"'{value.isoformat()}'"
    return _declared(column)


def _short(*parts: str) -> str:
    """A name within PostgreSQL's 63 bytes, the same every time."""
    name = "_".join(parts)
    if len(name.encode()) <= 60:
        return name
    return f"{name.encode()[:48].decode(errors='ignore')}_{hashlib.sha1(name.encode()).hexdigest()[:8]}"  # noqa: S324 - a name, no secret
