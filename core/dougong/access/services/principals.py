"""The principal of an account: everything its person may see and do, worked out once per version of rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from dougong.access.charter import Charter, RoleTerms, read_charter
from dougong.access.policies import guarded_types
from dougong.access.principal import Grant, Principal, acting_as, current, system
from dougong.access.rights import RIGHT
from dougong.access.tables import Share, UserRole
from dougong.access.version import Versions, versions
from dougong.db import current_transaction
from dougong.db.registry import generation
from dougong.errors import Forbidden
from dougong.i18n import today
from dougong.people.tables import User

__all__ = ["ADMIN", "on_behalf", "principal_of"]

ADMIN = "admin"
"""The key of the role that may do everything."""

_KEPT = 10_000
_LEVELS = {"hidden": 0, "read": 1}
_WRITE = 2

_charter: tuple[Any, Charter] | None = None
_principals: dict[int, Principal] = {}


async def principal_of(user_id: int, at: Versions | None = None) -> Principal:
    """Who acts when this account acts. Forbidden when the account is closed or its person no longer works here.

    Kept in this process until rights, plugins or the day change; `at` saves reading the versions again.
    """
    now = at or await versions()
    version = (user_id, now.access, now.epoch, today(), generation())
    known = _principals.get(user_id)
    if known is not None and known.version == version:
        return known
    made = await _work_out(user_id, version, await _charter_at(now))
    if current_transaction() is not None:
        return made  # of rights that may yet be rolled back, and whose number would then be given again
    if len(_principals) >= _KEPT:
        _principals.clear()
    _principals[user_id] = made
    return made


def on_behalf(reason: str, narrow: frozenset[str] | None = None) -> Principal:
    """The system, doing what the acting person asked for: the change log names the person."""
    asking = current()
    return replace(system(reason, narrow), user=asking.user, staff=asking.staff, name=asking.name)


async def _charter_at(now: Versions) -> Charter:
    global _charter
    stamp = (now, generation())
    if _charter is not None and _charter[0] == stamp:
        return _charter[1]
    made = await read_charter()
    if current_transaction() is None:
        _charter = (stamp, made)
    return made


async def _work_out(user_id: int, version: tuple[Any, ...], charter: Charter) -> Principal:
    with acting_as(system("work out what a person may do")):
        account = await _account(user_id)
        member = UserRole.select(UserRole.role).where(UserRole.user == user_id).output(as_list=True)
        roles = charter.roles_of(await member)
        departments = _departments(account, charter)
        shared = await _shared(account["staff"], charter.above(departments))
    admin = any(role.key == ADMIN for role in roles)
    hidden, readonly = field_levels([] if admin else roles)
    return Principal(
        user=user_id,
        staff=account["staff"],
        name=account["staff.name"] or account["name"],
        admin=admin,
        departments=departments,
        subtree=charter.below(departments),
        grants=granted(roles),
        shared=shared,
        hidden=hidden,
        readonly=readonly,
        version=version,
    )


async def _account(user_id: int) -> Mapping[str, Any]:
    of_staff = User.staff
    row = await (
        User.select(User.name, User.active, User.staff, of_staff.name, of_staff.department, of_staff.active)
        .where(User.id == user_id)
        .first()
    )
    if row is None or not row["active"] or row["staff.active"] in (False, 0):
        raise Forbidden
    return row


def _departments(account: Mapping[str, Any], charter: Charter) -> tuple[int, ...]:
    """The person's own department and those they head."""
    own = {account["staff.department"]} - {None}
    return tuple(sorted(own | set(charter.heads.get(account["staff"], ()))))


async def _shared(staff: int | None, departments: Sequence[int]) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Record type → ids shown to this person or to a department they are in: for reading, for editing."""
    if staff is None:
        return {}
    to_them: Any = Share.staff == staff
    if departments:
        to_them = to_them | Share.department.is_in(list(departments))
    counting = Share.until.is_null() | (Share.until >= today())
    read: dict[str, set[int]] = {}
    edit: dict[str, set[int]] = {}
    for row in await Share.select(Share.record, Share.record_id, Share.level).where(to_them & counting):
        read.setdefault(row["record"], set()).add(row["record_id"])
        if row["level"] == "edit":
            edit.setdefault(row["record"], set()).add(row["record_id"])
    return {record: (tuple(sorted(found)), tuple(sorted(edit.get(record, ())))) for record, found in read.items()}


def granted(roles: Sequence[RoleTerms]) -> dict[tuple[str, str], Grant]:
    """The union of what the roles grant.

    Where rows are reached through a parent and only some of the roles narrow that, the others keep it open.
    """
    union: dict[tuple[str, str], Grant] = {}
    for role in roles:
        for key, grant in role.grants.items():
            union[key] = _joined(union.get(key), grant)
        union.update({(RIGHT, right): Grant(frozenset({"all"})) for right in role.rights})
    inheriting = {t.key for t in guarded_types() if not (t.scope.has("role") or t.scope.has("everyone"))}
    for (record, action), grant in union.items():
        silent = [r for r in roles if record in r.spoken_of and (record, action) not in r.grants]
        if record in inheriting and silent:
            union[record, action] = _joined(grant, Grant(frozenset({"all"})))
    return union


def _joined(one: Grant | None, other: Grant) -> Grant:
    if one is None:
        return other
    return Grant(one.scopes | other.scopes, tuple(sorted({*one.departments, *other.departments})))


def field_levels(roles: Sequence[RoleTerms]) -> tuple[frozenset[str], frozenset[str]]:
    """The fields hidden and those only read. The most generous of the roles with a say on the type decides."""
    best: dict[str, int] = {}
    for name in {name for role in roles for name in role.fields}:
        best[name] = max(_said(name, roles))
    return _at(best, 0), _at(best, 1)


def _said(name: str, roles: Sequence[RoleTerms]) -> Iterable[int]:
    record = name.partition(".")[0]
    return [_LEVELS.get(role.fields.get(name, ""), _WRITE) for role in roles if record in role.spoken_of]


def _at(best: Mapping[str, int], level: int) -> frozenset[str]:
    return frozenset(name for name, reached in best.items() if reached == level)
