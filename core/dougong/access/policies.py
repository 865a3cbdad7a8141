"""From what roles grant to SQL: which rows of a record type an action reaches, for one person.

The gate asks for "read", the desk for everything else. A condition is written over a table alias; None means every
row. Reading through a parent names the parent by its guarded name, so that the parent's own rule applies; writing
through a parent asks for the right to edit the parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from piccolo.querystring import QueryString

from dougong.access.principal import Grant, Principal, SharedIds
from dougong.plugin.manifest import BadPlugin
from dougong.records.definitions import sorted_text
from dougong.records.gate import ids, physical
from dougong.records.types import ACTIONS, DEACTIVATE, RecordType

if TYPE_CHECKING:
    from dougong.db.connections import Engine
    from dougong.records.tables import Row

__all__ = [
    "TypeGuard",
    "Way",
    "Ways",
    "asked_of_parent",
    "barred_by_deactivation",
    "check_scope",
    "guard_of",
    "guarded_types",
    "is_owners",
    "narrowing_grant",
    "rows",
    "type_named",
    "type_or_none",
    "unknow",
    "ways",
]

# What an owner may do with a row that is theirs, whatever the roles say.
_OWNERS = frozenset({"read", "create", "edit", "delete"})
_NO_GRANT = Grant(frozenset(), ())
# What is not barred by a record's being deactivated.
_VIEWING = frozenset({"read", "export", "create", "import", DEACTIVATE})
_types: dict[str, RecordType] = {}


@dataclass(frozen=True)
class TypeGuard:
    """The gate's view of one record type."""

    record_type: RecordType

    @property
    def table(self) -> type[Row]:
        return self.record_type.table

    @property
    def via(self) -> tuple[str, ...]:
        """The guarded tables the read condition names."""
        return tuple(str(parent._meta.tablename) for parent in self.record_type.parents.values())

    def read(self, principal: Principal, engine: Engine, alias: str) -> QueryString | None:
        return rows(self.record_type, "read", principal, engine, alias)

    def held_back(self, principal: Principal) -> Mapping[str, frozenset[str]]:
        """Database names of the columns this person may not see → the states in which they may; mostly none.

        Nobody sees a field that is switched off. What a text sorts by is held back with the text.
        """
        prefix = f"{self.record_type.key}."
        but_in = dict.fromkeys(principal.hidden, frozenset[str]()) | dict(principal.hidden_but_in)
        keys = {name.removeprefix(prefix): states for name, states in but_in.items() if name.startswith(prefix)}
        keys |= dict.fromkeys(self.record_type.shape.switched_off, frozenset[str]())
        shown = ((c, sorted_text(c._meta.name)) for c in self.table._meta.columns)
        return {c._meta.db_column_name: keys[name] for c, name in shown if name in keys}


def guard_of(record_type: RecordType) -> TypeGuard:
    """The guard of a record type, whose scope is checked first; BadPlugin when it can't be used."""
    check_scope(record_type)
    _types[record_type.key] = record_type
    return TypeGuard(record_type)


def guarded_types() -> Sequence[RecordType]:
    """Every record type that has a guard, those of plugins that are switched off included."""
    return list(_types.values())


def unknow(key: str) -> None:
    """Forget a record type that is no longer installed."""
    _types.pop(key, None)


def check_scope(record_type: RecordType) -> None:
    """BadPlugin when the declared scope can never let anybody in, or could never be worked out."""
    scope, columns = record_type.scope, _column_names(record_type)
    if not scope.parts:
        raise BadPlugin(f"record type {record_type.key}: it has no scope, so nobody could see it")
    if scope.has("owner") and "owner" not in columns:
        raise BadPlugin(f"record type {record_type.key}: Scope.owner needs a column “owner”; derive from Record")
    if scope.has("role") and not {"owner", "department"} & columns:
        raise BadPlugin(f"record type {record_type.key}: Scope.role needs “owner” or “department”; derive from Record")
    for key, parent in record_type.parents.items():
        if key not in columns:
            raise BadPlugin(f"record type {record_type.key}: Scope.via({key}) is a column of another table")
        if record_type.key in _ancestors(str(parent._meta.tablename)):
            raise BadPlugin(f"record type {record_type.key}: Scope.via({key}) leads back to {record_type.key} itself")


def rows(record_type: RecordType, action: str, principal: Principal, engine: Engine, alias: str) -> QueryString | None:
    """The condition on `alias` for the rows this action reaches; None where it reaches every row."""
    condition = ways(record_type, action, principal, engine, alias).condition
    if record_type.active is None or principal.system is not None or not barred_by_deactivation(action):
        return condition
    in_use = QueryString(f'{alias}."{record_type.active._meta.db_column_name}" = {{}}', True)
    return both([condition, in_use])


def barred_by_deactivation(action: str) -> bool:
    """Whether nobody does this with a deactivated record. What the house itself has to do (records follow a department
    that is merged) goes on."""
    return action not in _VIEWING


def narrowing_grant(record_type: RecordType, action: str, principal: Principal) -> Grant | None:
    """What roles say about a type whose rows are reached through a parent or by owning them; None: nothing said.

    A common action nobody spoke about is inherited; an action of the type's own must be granted.
    """
    said = principal.grants.get((record_type.key, action))
    return said if said is not None or action in (*ACTIONS, DEACTIVATE) else _NO_GRANT


def is_owners(record_type: RecordType, action: str) -> bool:
    """Whether owning a row is enough for this action; where roles have a say, only for the everyday ones."""
    scope = record_type.scope
    return scope.has("owner") and (action in _OWNERS or not scope.has("role"))


def asked_of_parent(action: str) -> str:
    """The right on the parent that opens a child for this action."""
    return action if action in ("read", "export") else "edit"


def type_named(key: str) -> RecordType:
    """The guarded record type of this key; BadPlugin when there is none."""
    try:
        return _types[key]
    except KeyError:
        raise BadPlugin(f"record type {key} is asked for but has no guard") from None


def type_or_none(key: str) -> RecordType | None:
    """The guarded record type of this key, if one is installed."""
    return _types.get(key)


@dataclass(frozen=True)
class Way:
    """One reason for which an action reaches rows, and the condition it comes to; None: every row.

    `rule`: "admin", "everyone", "owner", "co-owner", "own", "shared", "department", "all" (the last four by what roles
    grant), or "parent" with the field that leads to the parent in `field`.
    """

    rule: str
    condition: QueryString | None
    field: str = ""


@dataclass(frozen=True)
class Ways:
    """What opens rows: any of `openers`, within what roles `narrow` it to where they only narrow (None: they don't)."""

    openers: Sequence[Way]
    narrowed: Sequence[Way] | None = None

    @property
    def condition(self) -> QueryString | None:
        opened = either([way.condition for way in self.openers])
        if self.narrowed is None:
            return opened
        return both([opened, either([way.condition for way in self.narrowed])])


def ways(record_type: RecordType, action: str, principal: Principal, engine: Engine, alias: str) -> Ways:
    """Every way in which an action can reach a row, one by one: what `rows` joins, and explaining takes apart."""
    return _Question(action, principal, engine).ways(record_type, alias)


@dataclass(frozen=True)
class _Question:
    """One action of one person, asked down the chain of parents."""

    action: str
    principal: Principal
    engine: Engine
    depth: int = 0

    def condition(self, record_type: RecordType, alias: str) -> QueryString | None:
        return self.ways(record_type, alias).condition

    def ways(self, record_type: RecordType, alias: str) -> Ways:
        if self.principal.admin or self.principal.system is not None:
            return Ways([Way("admin", None)])
        scope = record_type.scope
        if scope.has("everyone"):
            return Ways([Way("everyone", None)] if self.action == "read" else self._granted(record_type, alias))
        openers = self._owners(record_type, alias) if is_owners(record_type, self.action) else []
        openers += [self._through(record_type, key, parent, alias) for key, parent in record_type.parents.items()]
        if scope.has("role"):
            return Ways([*openers, *self._granted(record_type, alias)])
        grant = narrowing_grant(record_type, self.action, self.principal)
        return Ways(openers, None if grant is None else self._reached(record_type, grant, alias))

    def _granted(self, record_type: RecordType, alias: str) -> list[Way]:
        grant = self.principal.grants.get((record_type.key, self.action), _NO_GRANT)
        return self._reached(record_type, grant, alias)

    def _reached(self, record_type: RecordType, grant: Grant, alias: str) -> list[Way]:
        """What a grant's data scopes open."""
        if "all" in grant.scopes:
            return [Way("all", None)]
        columns = _column_names(record_type)
        found: list[Way] = []
        if "own" in grant.scopes and "owner" in columns:
            found += [Way("own", way.condition, way.rule) for way in self._owners(record_type, alias)]
        if "shared" in grant.scopes:
            found.append(Way("shared", self._among(f'{alias}."id"', self._shared(record_type))))
        if "department" in columns or record_type.key == "department":
            column = "department" if "department" in columns else "id"
            condition = self._among(f'{alias}."{column}"', departments_of_grant(self.principal, grant))
            found.append(Way("department", condition))
        return found

    def _owners(self, record_type: RecordType, alias: str) -> list[Way]:
        """The rows that are the person's own, alone or with others."""
        staff = self.principal.staff
        if staff is None:
            return []
        found = [Way("owner", QueryString(f'{alias}."owner" = {{}}', staff))]
        together = self.principal.shared.get(record_type.key, SharedIds()).own
        return [*found, Way("co-owner", self._among(f'{alias}."id"', together))] if together else found

    def _shared(self, record_type: RecordType) -> tuple[int, ...]:
        shared = self.principal.shared.get(record_type.key, SharedIds())
        return shared.read if self.action in ("read", "export") else shared.edit

    def _among(self, expression: str, values: Iterable[int]) -> QueryString:
        wanted = sorted(values)
        return QueryString(f"{expression} {{}}", ids(self.engine, wanted)) if wanted else nothing()

    def _through(self, record_type: RecordType, key: str, parent: type[Row], alias: str) -> Way:
        """Rows whose parent the person may read, for reading; whose parent they may edit, for writing."""
        return Way("parent", self._of_parent(record_type, key, parent, alias), key)

    def _of_parent(self, record_type: RecordType, key: str, parent: type[Row], alias: str) -> QueryString | None:
        column = next(c for c in record_type.table._meta.columns if c._meta.name == key)
        reference = f'{alias}."{column._meta.db_column_name}"'
        name = str(parent._meta.tablename)
        asked = asked_of_parent(self.action)
        inner = f"p{self.depth}"
        above = _Question(asked, self.principal, self.engine, self.depth + 1).condition(type_named(name), inner)
        if above is None:
            return QueryString(f"{reference} IS NOT NULL") if column._meta.null else None
        if asked == "read":
            return QueryString(f'{reference} IN (SELECT "id" FROM "{name}")')
        source = physical(self.engine, name)
        return QueryString(f'{reference} IN (SELECT {inner}."id" FROM {source} {inner} WHERE {{}})', above)


def departments_of_grant(principal: Principal, grant: Grant) -> set[int]:
    """The departments whose records a grant reaches, as far as it reaches by departments."""
    reached: set[int] = set()
    if "department" in grant.scopes:
        reached.update(principal.departments)
    if "below" in grant.scopes:
        reached.update(principal.subtree)
    if "chosen" in grant.scopes:
        reached.update(grant.departments)
    return reached


def may_put_into(principal: Principal, record_type: RecordType, department: int | None) -> bool:
    """Whether the person answers for this department's records of the type, and so may bring some there."""
    if principal.admin or principal.system is not None:
        return True
    grant = principal.grants.get((record_type.key, "edit"), _NO_GRANT)
    return "all" in grant.scopes or department in departments_of_grant(principal, grant)


def nothing() -> QueryString:
    return QueryString("1 = 0")


def either(ways: Sequence[QueryString | None]) -> QueryString | None:
    """Any of the conditions; None among them opens everything, and no condition at all opens nothing."""
    if any(way is None for way in ways):
        return None
    open_ways = [way for way in ways if way is not None and not _is_nothing(way)]
    if not open_ways:
        return nothing()
    return open_ways[0] if len(open_ways) == 1 else _joined(" OR ", open_ways)


def both(conditions: Sequence[QueryString | None]) -> QueryString | None:
    """All of the conditions; None where each of them lets every row through."""
    needed = [condition for condition in conditions if condition is not None]
    if any(_is_nothing(condition) for condition in needed):
        return nothing()
    if len(needed) < 2:
        return needed[0] if needed else None
    return _joined(" AND ", needed)


def _joined(word: str, conditions: Sequence[QueryString]) -> QueryString:
    return QueryString("(" + word.join("{}" for _ in conditions) + ")", *conditions)


def _is_nothing(condition: QueryString) -> bool:
    return condition.template == "1 = 0"


def _column_names(record_type: RecordType) -> frozenset[str]:
    return frozenset(c._meta.name for c in record_type.table._meta.columns)


def _ancestors(name: str) -> set[str]:
    """This type and everything its scope leads to, as far as guards are known."""
    met, waiting = set[str](), [name]
    while waiting:
        current = waiting.pop()
        if current not in met:
            met.add(current)
            known = _types.get(current)
            waiting += [str(p._meta.tablename) for p in known.parents.values()] if known else []
    return met
