"""Accounts, roles and shares, for programs: what the organisation and role pages do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

from litestar import Request, Response, delete, get, patch, post, put
from pydantic import BaseModel, Field

from dougong.access.conferring import outcomes_of
from dougong.access.principal import Grant
from dougong.access.rights import need
from dougong.access.services.roles import (
    RoleLine,
    assign_roles,
    grants_of,
    matrix,
    remove_role,
    rename_role,
    roles_of,
    set_fields,
    set_grants,
    set_rights,
)
from dougong.access.services.roles import create_role as add_role
from dougong.access.services.roles import roles as all_roles
from dougong.access.services.sharing import Shared, Terms, Whom, share_record, shares_of, unshare
from dougong.db import transaction
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.people.services import operators as accounts
from dougong.people.tables import Staff
from dougong.plugin.snapshot import current_snapshot
from dougong.records import bulk, desk
from dougong.web.addresses import id_at, short_id_at
from dougong.web.api.bodies import Body, Id
from dougong.web.api.changes import done_with
from dougong.web.api.groups import affected
from dougong.web.api.records import json_object, type_at

__all__ = ["BODIES", "routes"]

AnyRequest = Request[Any, Any, Any]


Scope = Literal["own", "shared", "department", "below", "chosen", "all"]


class NewOperator(Body):
    staff: Id
    name: str = Field(min_length=1, max_length=60)
    roles: list[Id] = []


class RolesOfOperator(Body):
    roles: list[Id]


class NewRole(Body):
    name: str = Field(min_length=1, max_length=100)
    description: str = ""


class GrantBody(Body):
    scopes: list[Scope]
    departments: list[Id] = []


class RoleChanges(Body):
    """`grants` replaces what the role grants on the record types named in it, `fields` and `rights` all of theirs.

    A field is named "customer.credit_limit", or "customer.credit_limit@approved" for records in this state only.
    """

    name: str | None = Field(None, min_length=1, max_length=100)
    description: str | None = None
    grants: dict[str, dict[str, GrantBody]] | None = None
    fields: dict[str, Literal["hidden", "read", "write"]] | None = None
    rights: list[str] | None = None


class NewShare(Body):
    staff: Id | None = None
    department: Id | None = None
    level: Literal["read", "edit", "own"] = "read"
    until: str | None = None

    @property
    def whom(self) -> Whom:
        return Whom(self.staff, self.department)

    @property
    def terms(self) -> Terms:
        return Terms(self.level, _day(self.until))


class ShareOfMany(NewShare):
    """The same for many records: those named by `ids`, or found as a list finds them by `filter` and `q`."""

    ids: list[Id] | None = None
    filter: Any = None
    q: str = ""


# ------------------------------------------------------------------ operators


@get("/api/v1/operators", include_in_schema=False)
async def list_operators(request: AnyRequest) -> dict[str, Any]:
    """The accounts of staff; `?staff=` names one person."""
    need("organisation.manage")
    asked = request.query_params.get("staff")
    who = [id_at(asked)] if asked else await Staff.select(Staff.id).order_by(Staff.id).output(as_list=True)
    known = await accounts.accounts_of(who)
    return {"items": [_operator(account) for account in known.values()]}


def _operator(account: accounts.Account) -> dict[str, Any]:
    return {"user": account.user, "name": account.name, "staff": account.staff, "active": account.active}


@post("/api/v1/operators", include_in_schema=False)
async def make_operator(request: AnyRequest) -> dict[str, Any]:
    """Give a member of staff an account; the answer holds the password for the first sign-in, this once."""
    given = NewOperator.model_validate(await json_object(request))
    password = await accounts.make_operator(await desk.get(Staff, given.staff), given.name, given.roles)
    made = await accounts.account_of(given.staff)
    if made is None:
        raise NotFound
    return {**_operator(made), "password": password}


@delete("/api/v1/operators/{user:str}", include_in_schema=False, status_code=204)
async def remove_operator(user: str) -> None:
    await accounts.remove_operator(short_id_at(user))


@post("/api/v1/operators/{user:str}/password", include_in_schema=False, status_code=200)
async def reset_password(user: str) -> dict[str, Any]:
    return {"password": await accounts.reset_password(short_id_at(user))}


@get("/api/v1/operators/{user:str}/roles", include_in_schema=False)
async def read_roles_of(user: str) -> dict[str, Any]:
    given = await roles_of(short_id_at(user))
    return {"roles": [line.id for line in given]}


@put("/api/v1/operators/{user:str}/roles", include_in_schema=False)
async def give_roles(request: AnyRequest, user: str) -> dict[str, Any]:
    given = RolesOfOperator.model_validate(await json_object(request))
    await assign_roles(short_id_at(user), given.roles)
    return {"roles": sorted(set(given.roles))}


# ------------------------------------------------------------------ roles


@get("/api/v1/roles", include_in_schema=False)
async def list_roles() -> dict[str, Any]:
    return {"items": [_role(line) for line in await all_roles()]}


def _role(line: RoleLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "key": line.key,
        "name": str(line.name),
        "description": str(line.description),
        "accounts": line.accounts,
        "everybody": line.everybody,
    }


@post("/api/v1/roles", include_in_schema=False)
async def create_role(request: AnyRequest) -> dict[str, Any]:
    given = NewRole.model_validate(await json_object(request))
    return await _whole_role(await add_role(given.name, given.description))


@get("/api/v1/roles/{role:str}", include_in_schema=False)
async def read_role(role: str) -> dict[str, Any]:
    return await _whole_role(short_id_at(role))


@patch("/api/v1/roles/{role:str}", include_in_schema=False)
async def change_role(request: AnyRequest, role: str) -> dict[str, Any]:
    role_id = short_id_at(role)
    await _change(role_id, RoleChanges.model_validate(await json_object(request)))
    return await _whole_role(role_id)


@post("/api/v1/roles/{role:str}/preview", include_in_schema=False, status_code=200)
async def preview_role(request: AnyRequest, role: str) -> dict[str, Any]:
    """Who would gain and lose what by these changes. Nothing is changed."""
    role_id, given = short_id_at(role), RoleChanges.model_validate(await json_object(request))
    return affected(await outcomes_of(lambda: _change(role_id, given)))


async def _change(role_id: int, given: RoleChanges) -> None:
    async with transaction(_("Role changed")):
        if given.name is not None or given.description is not None:
            now = (await matrix(role_id)).role
            await rename_role(role_id, given.name or str(now.name), given.description)
        if given.fields is not None:
            await set_fields(role_id, given.fields)
        if given.grants is not None:
            await set_grants(role_id, _grants(given.grants), [_key(path) for path in given.grants])
        if given.rights is not None:
            await set_rights(role_id, given.rights)


def _grants(sent: Mapping[str, Mapping[str, GrantBody]]) -> dict[tuple[str, str], Grant]:
    return {
        (_key(path), action): Grant(frozenset(body.scopes), tuple(body.departments))
        for path, actions in sent.items()
        for action, body in actions.items()
    }


def _key(path: str) -> str:
    """A record type by the word in its address, as everywhere in the API."""
    known = current_snapshot().by_path.get(path)
    return known.key if known else path


async def _whole_role(role_id: int) -> dict[str, Any]:
    found = await matrix(role_id)
    grants = await grants_of(role_id)
    sent: dict[str, dict[str, Any]] = {}
    for row in found.rows:
        record = row.record_type
        said = {a: grants[record.key, a] for a in record.actions_allowed if (record.key, a) in grants}
        sent[record.path] = {
            a: {"scopes": sorted(g.scopes), "departments": list(g.departments)} for a, g in said.items()
        }
    return {**_role(found.role), "grants": sent, "fields": dict(found.fields), "rights": sorted(found.rights)}


@delete("/api/v1/roles/{role:str}", include_in_schema=False, status_code=204)
async def delete_role(role: str) -> None:
    await remove_role(short_id_at(role))


# ------------------------------------------------------------------ shares


@get("/api/v1/{collection:str}/{record_id:str}/shares", include_in_schema=False)
async def list_shares(collection: str, record_id: str) -> dict[str, Any]:
    record_type = type_at(collection, "read")
    return {"items": [_share(s) for s in await shares_of(record_type, id_at(record_id))]}


def _share(share: Shared) -> dict[str, Any]:
    return {
        "id": share.id,
        "staff": share.staff,
        "department": share.department,
        "level": share.level,
        "until": share.until.isoformat() if share.until else None,
    }


@post("/api/v1/{collection:str}/{record_id:str}/shares", include_in_schema=False)
async def share(request: AnyRequest, collection: str, record_id: str) -> Response[dict[str, Any]]:
    """Show a record to a person, or to a department and all below it."""
    record_type, number = type_at(collection, "read"), id_at(record_id)
    given = NewShare.model_validate(await json_object(request))
    await desk.get(record_type.table, number)
    async with transaction() as running:
        made = await share_record(record_type, number, **vars(given.whom), **vars(given.terms))
        shown = next(_share(s) for s in await shares_of(record_type, number) if s.id == made)
    return Response(shown, status_code=201, headers={"Change-Batch": running.batch})


@post("/api/v1/{collection:str}/shares", include_in_schema=False, status_code=200)
async def share_many(request: AnyRequest, collection: str) -> Response[dict[str, Any]]:
    """Show many records to the same one, as far as the asker may share them."""
    record_type, body = type_at(collection, "read"), await json_object(request)
    given = ShareOfMany.model_validate(body)
    meant: dict[str, Any] = {key: body[key] for key in ("ids", "filter", "q") if key in body}
    return await done_with(meant, record_type, lambda ids: bulk.share_many(record_type, ids, given.whom, given.terms))


def _day(text: str | None) -> dt.date | None:
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise Invalid(Problem("until", _("Write a date as 2026-09-30."), text, "format")) from None


@delete("/api/v1/shares/{share_id:str}", include_in_schema=False, status_code=204)
async def end_share(share_id: str) -> Response[None]:
    async with transaction() as running:
        await unshare(short_id_at(share_id))
    return Response(None, status_code=204, headers={"Change-Batch": running.batch})


BODIES: Mapping[str, type[BaseModel]] = {
    model.__name__: model for model in (NewOperator, RolesOfOperator, NewRole, RoleChanges, NewShare, ShareOfMany)
}
"""What is sent, by the name it has in the description of the API."""

routes = [
    list_operators,
    make_operator,
    remove_operator,
    reset_password,
    read_roles_of,
    give_roles,
    list_roles,
    create_role,
    read_role,
    change_role,
    preview_role,
    delete_role,
    list_shares,
    share_many,
    share,
    end_share,
]
