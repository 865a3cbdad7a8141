"""Yes or no: may this person do this at all, and may they do it with these records."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from piccolo.querystring import QueryString

from dougong.access.policies import (
    asked_of_parent,
    barred_by_deactivation,
    is_owners,
    narrowing_grant,
    rows,
    type_named,
)
from dougong.access.principal import Principal, acting_as, current
from dougong.db import engine, fetch
from dougong.errors import Deactivated, DougongError, Forbidden
from dougong.records.gate import cleared, ids, physical
from dougong.records.types import RecordType

__all__ = [
    "RIGHT",
    "deactivated_among",
    "held_on",
    "held_on_each",
    "may",
    "may_do",
    "may_with",
    "need",
    "need_in_use",
    "need_with",
    "refusal",
    "to_hand_on",
    "within_reach",
]

RIGHT = ""
"""Under this name a principal's grants hold the rights that are about no record type."""


def may(principal: Principal, record_type: RecordType | str, action: str) -> bool:
    """Whether the person may do this with any record of the type; which ones, the policies say."""
    if principal.admin or principal.system is not None:
        return True
    known = record_type if isinstance(record_type, RecordType) else type_named(record_type)
    return _reaches_any(principal, known, action)


def may_do(principal: Principal, right: str) -> bool:
    """Whether the person has a right that is not about one record type."""
    return principal.admin or principal.system is not None or (RIGHT, right) in principal.grants


def need(right: str) -> Principal:
    """The acting principal, if it has this right; Forbidden otherwise."""
    principal = current()
    if not may_do(principal, right):
        raise Forbidden
    return principal


async def within_reach(record_type: RecordType, action: str, record_ids: Iterable[int]) -> set[int]:
    """Which of these records the acting person may do this with. One query; unknown ids are simply not among them."""
    wanted = sorted(set(record_ids))
    if not wanted or not may(current(), record_type, action):
        return set()
    db = engine()
    if action == "read":
        statement = QueryString(f'SELECT "id" FROM "{record_type.key}" WHERE "id" {{}}', ids(db, wanted))
        return {row["id"] for row in await fetch(statement)}
    condition = rows(record_type, action, current(), db, "t") or QueryString("1 = 1")
    sql = f'SELECT t."id" FROM {physical(db, record_type.key)} t WHERE t."id" {{}} AND ({{}})'
    with cleared("desk"):
        return {row["id"] for row in await fetch(QueryString(sql, ids(db, wanted), condition))}


async def may_with(record_type: RecordType, action: str, record_id: int) -> bool:
    """Whether the acting person may do this with one record."""
    return record_id in await within_reach(record_type, action, [record_id])


async def need_with(record_type: RecordType, action: str, record_id: int) -> None:
    """Forbidden where the acting person, who sees the record, may not do this with it; Deactivated where nobody may."""
    if not await may_with(record_type, action, record_id):
        raise await refusal(record_type, action, record_id)


async def refusal(record_type: RecordType, action: str, record_id: int) -> DougongError:
    """What is said to who sees a record and can't do this with it."""
    ever = may(current(), record_type, action) and barred_by_deactivation(action)
    return Deactivated() if ever and await deactivated_among(record_type, [record_id]) else Forbidden()


async def need_in_use(record_type: RecordType, record_id: int) -> None:
    """Deactivated where a record, which the acting person sees, is out of use."""
    if await deactivated_among(record_type, [record_id]):
        raise Deactivated


async def deactivated_among(record_type: RecordType, record_ids: Collection[int]) -> set[int]:
    """Which of these records, as far as the acting person sees them, are out of use. One query, or none."""
    if record_type.active is None or not record_ids:
        return set()
    column = record_type.active._meta.db_column_name
    sql = f'SELECT "id" FROM "{record_type.key}" WHERE "id" {{}} AND "{column}" = {{}}'
    return {row["id"] for row in await fetch(QueryString(sql, ids(engine(), sorted(record_ids)), False))}


async def held_on(record_type: RecordType, actions: Collection[str], record_id: int) -> set[str]:
    """Which of these things the acting person may do with one record that they see. One query, however many."""
    return (await held_on_each(record_type, actions, [record_id]))[record_id]


async def held_on_each(
    record_type: RecordType, actions: Collection[str], record_ids: Collection[int]
) -> dict[int, set[str]]:
    """The same of several records that they see."""
    known = {action for action in actions if action == "read" or not may(current(), record_type, action)}
    held, asked, db = known & {"read"}, sorted(set(actions) - known), engine()
    each = {record_id: set(held) for record_id in record_ids}
    if not asked or not each:
        return each
    conditions = [rows(record_type, action, current(), db, "t") or QueryString("1 = 1") for action in asked]
    columns = ", ".join(f"CASE WHEN {{}} THEN 1 ELSE 0 END AS may_{n}" for n, _action in enumerate(asked))
    sql = f'SELECT t."id", {columns} FROM {physical(db, record_type.key)} t WHERE t."id" {{}}'
    with cleared("desk"):
        for row in await fetch(QueryString(sql, *conditions, ids(db, each))):
            each[row["id"]] |= {action for n, action in enumerate(asked) if row[f"may_{n}"]}
    return each


async def to_hand_on(record_type: RecordType, record_ids: Iterable[int]) -> set[int]:
    """Of which of these records the acting person may say who owns them: edits them, and not only because somebody
    shares them."""
    with acting_as(replace(current(), shared={}, version=())):
        return await within_reach(record_type, "edit", record_ids)


def _reaches_any(principal: Principal, record_type: RecordType, action: str) -> bool:
    scope = record_type.scope
    said = principal.grants.get((record_type.key, action))
    granted = said is not None and bool(said.scopes)
    if scope.has("everyone"):
        return action == "read" or granted
    reached = is_owners(record_type, action) or _through(principal, record_type, action)
    if scope.has("role"):
        return granted or reached
    narrowed = narrowing_grant(record_type, action, principal)
    return reached and (narrowed is None or bool(narrowed.scopes))


def _through(principal: Principal, record_type: RecordType, action: str) -> bool:
    """Whether the right on a parent opens this type's rows."""
    asked = asked_of_parent(action)
    return any(may(principal, str(parent._meta.tablename), asked) for parent in record_type.parents.values())
