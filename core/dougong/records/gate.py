"""The gate: the one place where a statement gets its scope, or is refused.

Every statement of every engine comes through `Gate.admit`. For a person, the guarded tables it
names are shadowed by common table expressions that hold only the rows and columns the person may
see, so plain Piccolo, joins, counts, subqueries and raw SQL are scoped alike. What can't be scoped
is refused here by its text, and again by the database: SQLite's authorizer lets guarded tables be
read only inside the gate's own table expressions, and PostgreSQL keeps all tables in a schema
outside the search path.

This keeps people and plugins from mistakes. It is no sandbox for hostile Python.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from piccolo.querystring import QueryString

from dougong.access.principal import Principal, current
from dougong.db import registry
from dougong.db.functions import FUNCTIONS
from dougong.db.statement import Dialect, Statement, Unreadable, read
from dougong.errors import Forbidden
from dougong.i18n import _
from dougong.plugin.snapshot import maybe_snapshot

if TYPE_CHECKING:
    from piccolo.columns import Column
    from piccolo.table import Table

__all__ = [
    "SCHEMA",
    "Admission",
    "Gate",
    "Guard",
    "cleared",
    "guard",
    "guarded",
    "ids",
    "physical",
    "shadows",
    "unguard",
]

SCHEMA = {"sqlite": "main", "postgres": "dg"}
Mode = Literal["scoped", "system", "desk", "ddl"]


class _Engine(Protocol):
    """What the gate needs to know of an engine."""

    engine_type: str


@runtime_checkable
class Guard(Protocol):
    """What of one table a person may read.

    `via` names the guarded tables that the policy mentions by their plain names; they are scoped
    first. `read` returns a condition over the table under `alias`, None for every row. `held_back`
    names the database columns that read as NULL, each with the states of a row in which it doesn't.
    """

    table: type[Table]
    via: tuple[str, ...]

    def read(self, principal: Principal, engine: Any, alias: str) -> QueryString | None: ...

    def held_back(self, principal: Principal) -> Mapping[str, frozenset[str]]: ...


_guards: dict[str, Guard] = {}
_guard_generation = 0
_clearance: ContextVar[Literal["desk", "ddl"] | None] = ContextVar("clearance", default=None)


def guard(new: Guard) -> None:
    """Put a guard before its table. Until then ordinary principals can't read the table at all."""
    global _guard_generation
    _guards[new.table._meta.tablename] = new
    _guard_generation += 1


def unguard(name: str) -> None:
    """Take the guard away: the table is closed to ordinary principals again."""
    global _guard_generation
    _guards.pop(name, None)
    _guard_generation += 1


def guarded(name: str) -> Guard | None:
    """The guard of a table, or None."""
    return _guards.get(name)


@contextmanager
def cleared(kind: Literal["desk", "ddl"]) -> Iterator[None]:
    """Let core's own statements pass as they are: the desk's, or schema changes.

    Wrap single statements, never a stranger's code. Plugins may not import this.
    """
    token = _clearance.set(kind)
    try:
        yield
    finally:
        _clearance.reset(token)


def physical(engine: _Engine, name: str) -> str:
    """The full name of a table, for statements of the desk."""
    return f'{SCHEMA[engine.engine_type]}."{name}"'


# A literal list is by far the fastest for SQLite's planner, until its text gets long.
_LITERALS = 500


def ids(engine: _Engine, values: Collection[int]) -> QueryString:
    """The condition `IN these ids`, to stand behind a column. An empty list never matches."""
    numbers = sorted({int(value) for value in values})
    if engine.engine_type == "postgres":
        return QueryString("= ANY({}::bigint[])", numbers)
    if len(numbers) <= _LITERALS:
        return QueryString(f"IN ({','.join(map(str, numbers))})")
    return QueryString("IN (SELECT value FROM json_each({}))", str(numbers))


def shadows(engine: _Engine, principal: Principal, names: Collection[str]) -> QueryString:
    """`WITH …` that scopes the named tables, for a desk statement whose policy mentions them.

    Empty for no names.
    """
    ordered = _with_parents([name for name in names if name in _guards])
    if not ordered:
        return QueryString("")
    parts = [_shadow(engine, name, principal) for name in ordered]
    return QueryString("WITH " + ", ".join("{}" for _part in parts) + " ", *parts)


@dataclass(frozen=True, slots=True)
class Admission:
    """A statement that may run: its final text and values, and what the engine has to allow it.

    `shadowed` are the tables the statement reads in scope, `defined` its own table expressions, and
    `closed` the tables it may have meant and that the database will refuse.
    """

    mode: Mode
    sql: str
    args: Sequence[Any]
    writes: bool = False
    shadowed: frozenset[str] = frozenset()
    defined: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()


_Stamp = tuple[int, int, int]
"""Of the tables, of the guards, and of the snapshot worked on: what is on decides what guards show."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A scoped statement before its values: kept as long as tables, guards, columns and what is switched on stay."""

    sql: str
    values: Sequence[Any]
    shadowed: frozenset[str]
    defined: frozenset[str]
    closed: frozenset[str]
    stamp: _Stamp
    columns: tuple[tuple[type[Table], int], ...]

    def is_current(self) -> bool:
        if self.stamp != _stamp():
            return False
        return all(len(table._meta.columns) == number for table, number in self.columns)


class Gate:
    """Admits the statements of one engine."""

    def __init__(self, dialect: Dialect, capacity: int = 4096) -> None:
        self.dialect = dialect
        self.engine_type: str = dialect
        self._plans: OrderedDict[tuple[Principal, str, int], _Plan] = OrderedDict()
        self._capacity = capacity

    def admit(self, sql: str, args: Sequence[Any]) -> Admission:
        """Scope a statement for whoever is acting. Raises `Forbidden` for what may not run."""
        principal = current()
        clearance = _clearance.get()
        if clearance == "ddl":
            return Admission("ddl", self._marked("ddl", sql), args, writes=True)
        if clearance == "desk":
            return self._of_the_desk(sql, args)
        if principal.system is not None:
            return self._of_the_system(sql, args, principal)
        return self._scoped(sql, args, principal)

    # ---- a person

    def _scoped(self, sql: str, args: Sequence[Any], principal: Principal) -> Admission:
        plan = self._plan(sql, len(args), principal)
        if not plan.values:
            values = args
        elif self.dialect == "postgres":
            values = [*args, *plan.values]
        else:
            values = [*plan.values, *args]
        return Admission("scoped", plan.sql, values, False, plan.shadowed, plan.defined, plan.closed)

    def _plan(self, sql: str, arity: int, principal: Principal) -> _Plan:
        key = (principal, sql, arity)
        plan = self._plans.get(key)
        if plan is not None and plan.is_current():
            self._plans.move_to_end(key)
            return plan
        plan = self._plans[key] = self._make_plan(sql, arity, principal)
        if len(self._plans) > self._capacity:
            self._plans.popitem(last=False)
        return plan

    def _make_plan(self, sql: str, arity: int, principal: Principal) -> _Plan:
        statement = self._read(sql)
        refuse_unscopable(statement, self.dialect)
        stamp = _stamp()
        meant = {name for name in statement.tables if registry.table(name) is not None}
        names = _with_parents(sorted(name for name in meant if name in _guards))
        parts = [_shadow(self, name, principal) for name in names]
        text, values = self._compose(sql, statement, parts, arity)
        tables = [_guards[name].table for name in names]
        return _Plan(
            sql=text if parts else self._marked("scoped", text),
            values=values,
            shadowed=frozenset(names),
            defined=statement.defined - meant,
            closed=frozenset(meant.difference(names)),
            stamp=stamp,
            columns=tuple((table, len(table._meta.columns)) for table in tables),
        )

    def _compose(
        self, sql: str, statement: Statement, parts: Sequence[QueryString], arity: int
    ) -> tuple[str, Sequence[Any]]:
        """Put the table expressions before the statement, or among its own."""
        if not parts:
            return sql, ()
        recursive = "RECURSIVE " if statement.recursive else ""
        start = arity + 1 if self.dialect == "postgres" else 1
        shadow, values = _compiled(parts, self.dialect, start)
        if statement.verb == "with":
            return f"WITH {recursive}{shadow}, {sql[statement.after_with :]}", values
        return f"WITH {shadow} {sql}", values

    # ---- the system and the desk

    def _of_the_system(self, sql: str, args: Sequence[Any], principal: Principal) -> Admission:
        statement = self._read(sql)
        known = frozenset(n for n in statement.subjects if registry.table(n) is not None)
        writes = _writes(statement)
        target = statement.target.name if statement.target else ""
        known |= {target} if target else set()
        if writes and not registry.is_private(target):
            raise Forbidden(_("The table “%(table)s” is written through the desk only.") % {"table": target})
        if principal.narrow is not None and not known <= principal.narrow:
            beyond = ", ".join(sorted(known - principal.narrow))
            raise Forbidden(
                _("The system acts for “%(reason)s” only, which doesn't reach %(tables)s.")
                % {"reason": principal.system, "tables": beyond}
            )
        return self._in_full("system", sql, args, statement, writes=writes)

    def _of_the_desk(self, sql: str, args: Sequence[Any]) -> Admission:
        statement = self._read(sql)
        if statement.verb not in _DESK:
            raise Forbidden(_("“%(verb)s” is not the desk's.") % {"verb": statement.verb})
        writes = statement.verb in _CHANGES or bool(statement.words & _WRITING)
        if statement.verb == "with" or SCHEMA[self.dialect] in statement.qualifiers:
            return Admission("desk", self._marked("desk", sql), args, writes=writes)
        return self._in_full("desk", sql, args, statement, writes=writes)

    def _in_full(self, mode: Mode, sql: str, args: Sequence[Any], statement: Statement, *, writes: bool) -> Admission:
        """Every row of the tables a plain statement names. SQLite finds them by itself."""
        if self.dialect == "postgres":
            sql = self._located(sql, statement)
        return Admission(mode, self._marked(mode, sql), args, writes=writes)

    def _located(self, sql: str, statement: Statement) -> str:
        """PostgreSQL: tell a plain statement where its tables are."""
        target = statement.target
        names = {n for n in statement.subjects if registry.table(n) is not None}
        after_with = statement.after_with
        if target is not None and not target.qualified:
            where = physical(self, target.name)
            if registry.table(target.name) is None:
                return sql
            sql = f"{sql[: target.start]}{where}{sql[target.end :]}"
        if not names:
            return sql
        parts = [f'"{name}" AS NOT MATERIALIZED (SELECT * FROM {physical(self, name)})' for name in sorted(names)]
        if statement.verb == "with":
            recursive = "RECURSIVE " if statement.recursive else ""
            return f"WITH {recursive}{', '.join(parts)}, {sql[after_with:]}"
        return f"WITH {', '.join(parts)} {sql}"

    # ---- both

    def _read(self, sql: str) -> Statement:
        try:
            return read(sql, self.dialect)
        except Unreadable as err:
            raise Forbidden(_("This statement can't be read with certainty: %(why)s.") % {"why": str(err)}) from err

    def _marked(self, mode: Mode, sql: str) -> str:
        # sqlite3 keeps prepared statements by their text and does not ask the authorizer again, so
        # the same text in two modes has to differ.
        return f"/*{mode}*/ {sql}" if self.dialect == "sqlite" else sql


_CHANGES = frozenset({"insert", "update", "delete"})
_DESK = _CHANGES | {"select", "values", "with"}
_WRITING = frozenset({"insert", "update", "delete", "merge", "into"})
_FENCED: Mapping[Dialect, frozenset[str]] = {
    "sqlite": frozenset({"main", "temp", "dg"}),
    "postgres": frozenset({"dg", "information_schema"}),
}


def refuse_unscopable(statement: Statement, dialect: Dialect) -> None:
    """Refuse what the shadowing tables could not hold: other verbs, full names, odd functions."""
    if statement.verb not in ("select", "with", "values"):
        raise Forbidden(
            _("“%(verb)s” is not for ordinary code: records change through the desk only.") % {"verb": statement.verb}
        )
    if statement.locks_rows:
        raise Forbidden(_("Row locks are the desk's."))
    if words := statement.words & _WRITING:
        raise Forbidden(_("A scoped read may not contain “%(word)s”.") % {"word": ", ".join(sorted(words))})
    fenced = _FENCED[dialect] & (statement.names if dialect == "postgres" else statement.qualifiers)
    if dialect == "postgres":
        fenced |= {name for name in statement.names if name.startswith("pg_")}
    if fenced:
        raise Forbidden(_("A scoped read may not name “%(name)s”.") % {"name": ", ".join(sorted(fenced))})
    if strange := statement.calls - FUNCTIONS:
        raise Forbidden(
            _("The function “%(name)s” is not allowed in scoped reads.") % {"name": ", ".join(sorted(strange))}
        )


def _writes(statement: Statement) -> bool:
    """Does the system's statement write? Only plain reads and plain writes are told apart."""
    if statement.verb in _CHANGES:
        return True
    if statement.verb in ("select", "values", "with") and not statement.words & _WRITING:
        return False
    raise Forbidden(_("“%(verb)s” is not for ordinary code.") % {"verb": statement.verb})


def _stamp() -> _Stamp:
    snapshot = maybe_snapshot()
    return registry.generation(), _guard_generation, snapshot.epoch if snapshot else 0


def _with_parents(names: Sequence[str]) -> list[str]:
    """The names and those their policies mention, each behind what it mentions."""
    ordered: list[str] = []

    def add(name: str, below: tuple[str, ...]) -> None:
        if name in below:
            raise RuntimeError(f"the guards mention each other in a circle: {(*below, name)}")
        if name in ordered:
            return
        if name not in _guards:
            raise Forbidden(_("The table “%(table)s” has no guard, so nobody may read it.") % {"table": name})
        for parent in _guards[name].via:
            add(parent, (*below, name))
        ordered.append(name)

    for name in names:
        add(name, ())
    return ordered


# Tables of the gate's own WITH carry a name nobody can guess: SQLite's authorizer knows them by it.
SECRET = f"dg_{secrets.token_hex(8)}_"


def _shadow(engine: _Engine, name: str, principal: Principal) -> QueryString:
    """One table expression: the rows and columns of a table the principal may see."""
    keeper = _guards[name]
    condition = keeper.read(principal, engine, "t")
    held_back = keeper.held_back(principal)
    columns = ", ".join(_column(engine, column, held_back) for column in keeper.table._meta.columns)
    body = f"SELECT {columns} FROM {physical(engine, name)} t"
    where = "" if condition is None else " WHERE {}"
    args = (*_shown_states(keeper.table, held_back), *(() if condition is None else (condition,)))
    if engine.engine_type == "postgres":
        return QueryString(f'"{name}" AS NOT MATERIALIZED ({body}{where})', *args)
    inner = f'"{SECRET}{name}"'
    return QueryString(
        f'"{name}" AS NOT MATERIALIZED (WITH {inner} AS NOT MATERIALIZED ({body}{where}) SELECT * FROM {inner})',
        *args,
    )


_STORED = {"SERIAL": "INTEGER", "BIGSERIAL": "BIGINT"}


def _column(engine: _Engine, column: Column, held_back: Mapping[str, frozenset[str]]) -> str:
    """A column as the person may see it: as it is, never, or only in some states of the row."""
    name = column._meta.db_column_name
    if name not in held_back:
        return f't."{name}"'
    if not held_back[name]:
        kind = _STORED.get(column.column_type, column.column_type)
        return f'CAST(NULL AS {kind}) AS "{name}"'
    states = ", ".join("{}" for _state in held_back[name])
    if engine.engine_type == "sqlite":  # a CASE would lose the column's type; an inner SELECT keeps it
        return f'(SELECT t."{name}" WHERE t."state" IN ({states})) AS "{name}"'
    return f'CASE WHEN t."state" IN ({states}) THEN t."{name}" END AS "{name}"'


def _shown_states(table: type[Table], held_back: Mapping[str, frozenset[str]]) -> list[str]:
    """The values `_column` asks for, in its order."""
    names = (column._meta.db_column_name for column in table._meta.columns)
    return [state for name in names for state in sorted(held_back.get(name, ()))]


def _compiled(parts: Sequence[QueryString], dialect: Dialect, start: int) -> tuple[str, Sequence[Any]]:
    """The parts as text, their placeholders counted from `start`."""
    whole = QueryString(", ".join("{}" for _part in parts), *parts)
    _next, fragments, values = whole.bundle(start_index=start, bundled=[], combined_args=[])
    text = "".join(f.prefix + ("" if f.no_arg else f"${f.index}" if dialect == "postgres" else "?") for f in fragments)
    return text, values
