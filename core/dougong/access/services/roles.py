"""Roles: making them, saying what they grant, giving them to people. Nobody hands on what they don't hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dougong.access.charter import ADMIN, EVERYBODY, RoleTerms, read_charter
from dougong.access.conferring import confer
from dougong.access.fields import LEVELS
from dougong.access.levels import covers, level_of
from dougong.access.policies import guarded_types
from dougong.access.principal import Grant, Principal, acting_as, current
from dougong.access.rights import may_do, need
from dougong.access.services.members import refuse_to_outrank, refuse_without_administrator
from dougong.access.services.principals import on_behalf
from dougong.access.tables import GroupRole, Role, RoleField, RoleGrant, RoleRight, UserRole
from dougong.db import transaction
from dougong.errors import Forbidden, Invalid, NotFound, Problem, Refused
from dougong.i18n import Text, _
from dougong.people.tables import User
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType

__all__ = [
    "Cell",
    "Matrix",
    "MatrixRow",
    "RoleLine",
    "assign_roles",
    "copy_role",
    "create_role",
    "grants_of",
    "matrix",
    "remove_role",
    "rename_role",
    "roles",
    "roles_of",
    "set_fields",
    "set_grants",
    "set_rights",
    "short_description",
]

MANAGE = "roles.manage"
_WHY = "keep roles and who has them"


@dataclass(frozen=True)
class RoleLine:
    """A role as a list shows it. `everybody` has it without being given it."""

    id: int
    key: str | None
    name: Text | str
    description: Text | str
    preset: bool
    accounts: int = 0

    @property
    def everybody(self) -> bool:
        return self.key == EVERYBODY


@dataclass(frozen=True)
class Cell:
    """One right of a role on one record type: its level, "inherit" where the role leaves it to the parent's right."""

    level: str
    departments: tuple[int, ...] = ()


@dataclass(frozen=True)
class MatrixRow:
    """One record type's line: a cell for each right it knows. `inherits` says that "inherit" can be chosen."""

    record_type: RecordType
    cells: Mapping[str, Cell]
    inherits: bool


@dataclass(frozen=True)
class Matrix:
    """Everything a role grants, of what is switched on. `fields` holds "hidden" or "read" by "customer.credit_limit"."""

    role: RoleLine
    rows: Sequence[MatrixRow]
    fields: Mapping[str, str]
    rights: frozenset[str]


# ------------------------------------------------------------------ reading


async def roles() -> list[RoleLine]:
    """Every role with the number of accounts that have it, the standard ones first."""
    need(MANAGE)
    with acting_as(on_behalf(_WHY)):
        rows = await Role.select().order_by(Role.id)
        members = await UserRole.select(UserRole.role)
    counted: dict[int, int] = {}
    for member in members:
        counted[member["role"]] = counted.get(member["role"], 0) + 1
    return sorted((_line(row, counted.get(row["id"], 0)) for row in rows), key=lambda line: not line.preset)


async def roles_of(user_id: int) -> list[RoleLine]:
    """The roles an account was given."""
    if not (may_do(current(), MANAGE) or may_do(current(), "organisation.manage") or current().user == user_id):
        raise Forbidden
    with acting_as(on_behalf(_WHY)):
        given = await UserRole.select(UserRole.role).where(UserRole.user == user_id).output(as_list=True)
        rows = await Role.select().where(Role.id.is_in(given)).order_by(Role.id) if given else []
    return [_line(row) for row in rows]


async def matrix(role_id: int) -> Matrix:
    """What a role grants on every record type that is switched on."""
    need(MANAGE)
    line = _line(await _role(role_id))
    with acting_as(on_behalf(_WHY)):
        terms = (await read_charter()).roles[role_id]
    rows = [_matrix_row(record_type, terms) for record_type in current_snapshot().records.values()]
    return Matrix(line, rows, dict(terms.fields), frozenset(terms.rights))


def _matrix_row(record_type: RecordType, terms: RoleTerms) -> MatrixRow:
    inherits = record_type.scope.inherits
    cells: dict[str, Cell] = {}
    for action in record_type.actions_allowed:
        grant = terms.grants.get((record_type.key, action))
        level = "inherit" if grant is None and inherits else level_of(grant)
        cells[action] = Cell(level, grant.departments if grant else ())
    return MatrixRow(record_type, cells, inherits)


def _line(row: Mapping[str, Any], accounts: int = 0) -> RoleLine:
    name, description = Text.load(row["name"]), Text.load(row["description"])
    return RoleLine(row["id"], row["key"], name, description, bool(row["preset"]), accounts)


async def _role(role_id: int) -> dict[str, Any]:
    with acting_as(on_behalf(_WHY)):
        row = await Role.select().where(Role.id == role_id).first()
    if row is None:
        raise NotFound
    return row


# ------------------------------------------------------------------ keeping roles


async def create_role(name: str, description: str = "") -> int:
    """A new role that grants nothing yet; its id."""
    need(MANAGE)
    async with transaction(_("Role added")):
        with acting_as(on_behalf(_WHY)):
            [made] = await Role.insert(Role(name=await _free_name(name), description=short_description(description)))
        return int(made["id"])


async def rename_role(role_id: int, name: str, description: str | None = None) -> None:
    """Give a role other words. A standard role keeps its words in every language until then."""
    need(MANAGE)
    row = await _role(role_id)
    values: dict[Any, Any] = {} if str(Text.load(row["name"])) == name.strip() else {Role.name: await _free_name(name)}
    if description is not None and description != str(Text.load(row["description"])):
        values[Role.description] = short_description(description)
    if values:
        async with transaction(_("Role renamed")):
            with acting_as(on_behalf(_WHY)):
                await Role.update(values).where(Role.id == role_id)


async def copy_role(role_id: int, name: str) -> int:
    """A new role that grants what another does; its id. Forbidden where that is more than one holds."""
    need(MANAGE)
    original = await _role(role_id)
    if original["key"] == ADMIN:
        raise Refused(_("The administrator's role can't be copied: it isn't made of single rights."))
    with acting_as(on_behalf(_WHY)):
        terms = (await read_charter()).roles[role_id]
    async with transaction(_("Role copied")):
        made = await create_role(name, str(Text.load(original["description"])))
        await set_grants(made, terms.grants)
        await set_fields(made, terms.fields)
        await set_rights(made, terms.rights)
    return made


async def remove_role(role_id: int) -> None:
    """Delete a role. Refused for the standard roles and while accounts have it."""
    need(MANAGE)
    if (await _role(role_id))["preset"]:
        raise Refused(_("A standard role can't be deleted."))
    async with transaction(_("Role deleted")):
        await confer()
        with acting_as(on_behalf(_WHY)):
            accounts = await UserRole.count().where(UserRole.role == role_id)
            if accounts:
                raise Refused(_("%(count)s accounts have this role. Take it from them first.", count=accounts))
            groups = await GroupRole.count().where(GroupRole.role == role_id)
            if groups:
                raise Refused(_("%(count)s groups have this role. Take it from them first.", count=groups))
            for table in (RoleGrant, RoleField, RoleRight):
                await table.delete().where(table.role == role_id)
            await Role.delete().where(Role.id == role_id)


async def _free_name(name: str) -> str:
    wanted = name.strip()
    if not 0 < len(wanted) <= 100:
        raise Invalid(Problem("name", _("A role needs a name of at most 100 characters."), name, "length"))
    with acting_as(on_behalf(_WHY)):
        taken = {str(Text.load(stored)) for stored in await Role.select(Role.name).output(as_list=True)}
    if wanted in taken:
        raise Invalid(Problem("name", _("Another role has this name."), name, "unique"))
    return wanted


def short_description(description: str) -> str:
    """What a role or a group is for, without blanks around it; Invalid when it is too long."""
    if len(description) > 400:
        raise Invalid(Problem("description", _("At most %(limit)s characters.", limit=400), description, "length"))
    return description.strip()


# ------------------------------------------------------------------ what a role grants


async def grants_of(role_id: int) -> dict[tuple[str, str], Grant]:
    """What a role grants exactly, by record type and right; a level says the same in one word."""
    need(MANAGE)
    await _role(role_id)
    with acting_as(on_behalf(_WHY)):
        return dict((await read_charter()).roles[role_id].grants)


async def set_grants(role_id: int, grants: Mapping[tuple[str, str], Grant], record_types: Iterable[str] = ()) -> None:
    """Replace what a role grants on the record types named in `grants` or `record_types`; others stay as they are.

    For a type reached through its parent, an action left out is inherited and a grant without scopes shuts it.
    Raises Invalid for unknown types and rights and where something may be changed that may not be seen, Forbidden
    where the role would grant more than the acting person holds.
    """
    need(MANAGE)
    await _changeable(role_id)
    named = {record for record, _action in grants} | set(record_types)
    types = {t.key: t for t in guarded_types()}
    _check_known(grants, types)
    async with transaction(_("Rights of a role changed")):
        await confer(roles=[role_id])
        with acting_as(on_behalf(_WHY)):
            for record in sorted(named):
                await RoleGrant.delete().where((RoleGrant.role == role_id) & (RoleGrant.record == record))
            kept = {key: g for key, g in grants.items() if g.scopes or types[key[0]].scope.inherits}
            if kept:
                await RoleGrant.insert(*(_row(role_id, key, grant) for key, grant in kept.items()))


def _row(role_id: int, key: tuple[str, str], grant: Grant) -> RoleGrant:
    record, action = key
    scopes, departments = json.dumps(sorted(grant.scopes)), json.dumps(sorted(grant.departments))
    return RoleGrant(role=role_id, record=record, action=action, scopes=scopes, departments=departments)


def _check_known(grants: Mapping[tuple[str, str], Grant], types: Mapping[str, RecordType]) -> None:
    wrong: list[Problem] = []
    for (record, action), grant in grants.items():
        field = f"{record}.{action}"
        known = types.get(record)
        if known is None or action not in known.actions_allowed:
            wrong.append(Problem(field, _("There is no such right."), action, "unknown"))
        elif _needs_reading(known, action) and not _visible(grant, grants.get((record, "read"))):
            wrong.append(Problem(field, _("This reaches further than reading does."), level_of(grant), "reach"))
    if wrong:
        raise Invalid(*wrong)


def _needs_reading(record_type: RecordType, action: str) -> bool:
    return record_type.scope.has("role") and action not in ("read", "create")


def _visible(grant: Grant, reading: Grant | None) -> bool:
    """Whether everything a grant reaches may also be read."""
    nobody = Principal(user=0)
    return not grant.scopes or covers(reading or Grant(frozenset()), grant, nobody)


async def set_fields(role_id: int, fields: Mapping[str, str]) -> None:
    """Replace which fields a role hides ("hidden") or only shows ("read"), by "customer.credit_limit".

    With "customer.credit_limit@approved" the level is that of records in this state only ("write" lifts what is said of
    the other states).
    """
    need(MANAGE)
    await _changeable(role_id)
    _check_fields(fields)
    async with transaction(_("Rights of a role changed")):
        await confer(roles=[role_id])
        with acting_as(on_behalf(_WHY)):
            await RoleField.delete().where(RoleField.role == role_id)
            if fields:
                await RoleField.insert(*(_field_row(role_id, name, level) for name, level in fields.items()))


def _field_row(role_id: int, name: str, level: str) -> RoleField:
    field, _at, state = name.partition("@")
    return RoleField(role=role_id, field=field, state=state, level=level)


def _check_fields(fields: Mapping[str, str]) -> None:
    types = {t.key: t for t in guarded_types()}
    wrong = [problem for name, level in fields.items() if (problem := _field_problem(name, level, types))]
    if wrong:
        raise Invalid(*wrong)


def _field_problem(name: str, level: str, types: Mapping[str, RecordType]) -> Problem | None:
    field, _at, state = name.partition("@")
    record, _dot, key = field.partition(".")
    if record not in types or key not in types[record].can_be_held_back:
        return Problem(name, _("There is no such field."), name, "unknown")
    life = types[record].lifecycle
    if "@" in name and (life is None or state not in life.keys or key == "state"):
        return Problem(name, _("There is no such state."), state, "unknown")
    if level not in LEVELS or (level == "write" and not state):
        return Problem(name, _("Choose “hidden” or “read”."), level, "choice")
    return None


async def set_rights(role_id: int, rights: Iterable[str]) -> None:
    """Replace the rights of a role that are about no record type."""
    need(MANAGE)
    await _changeable(role_id)
    wanted = set(rights)
    async with transaction(_("Rights of a role changed")):
        await confer(roles=[role_id])
        with acting_as(on_behalf(_WHY)):
            mine = RoleRight.role == role_id
            before = set(await RoleRight.select(RoleRight.right).where(mine).output(as_list=True))
            _check_rights(wanted - before)
            await RoleRight.delete().where(mine)
            if wanted:
                await RoleRight.insert(*(RoleRight(role=role_id, right=right) for right in sorted(wanted)))


def _check_rights(added: set[str]) -> None:
    unknown = sorted(added - set(current_snapshot().rights))
    if unknown:
        raise Invalid(*(Problem(right, _("There is no such right."), right, "unknown") for right in unknown))


async def _changeable(role_id: int) -> None:
    if (await _role(role_id))["key"] == ADMIN:
        raise Refused(_("The administrator's role may do everything; there is nothing to set."))


# ------------------------------------------------------------------ who has a role


async def assign_roles(user_id: int, role_ids: Iterable[int]) -> None:
    """Give an account exactly these roles. It counts from the account's next request on.

    Forbidden where the account would gain more than the acting person holds, or outranks them. Refused when no
    administrator would be left.
    """
    need(MANAGE)
    wanted = set(role_ids)
    async with transaction(_("Roles of an account changed")):
        await confer()
        await refuse_to_outrank(user_id)
        with acting_as(on_behalf(_WHY)):
            known = set(await Role.select(Role.id).output(as_list=True))
            if not wanted <= known or not await User.exists().where(User.id == user_id):
                raise NotFound
            mine = UserRole.user == user_id
            before = set(await UserRole.select(UserRole.role).where(mine).output(as_list=True))
            if before - wanted:
                await UserRole.delete().where(mine & UserRole.role.is_in(sorted(before - wanted)))
            if wanted - before:
                await UserRole.insert(*(UserRole(user=user_id, role=role) for role in sorted(wanted - before)))
            if before - wanted:
                await refuse_without_administrator()
