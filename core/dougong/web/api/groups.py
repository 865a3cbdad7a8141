"""Groups of people with the same rights, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, delete, get, patch, post, put
from pydantic import BaseModel, Field

from dougong.access import services
from dougong.access.conferring import Outcome
from dougong.access.services.groups import GroupLine
from dougong.db import transaction
from dougong.i18n import _
from dougong.web.addresses import short_id_at
from dougong.web.api.bodies import Body, Id
from dougong.web.api.records import json_object

__all__ = ["BODIES", "affected", "routes"]

AnyRequest = Request[Any, Any, Any]


class NewGroup(Body):
    name: str = Field(min_length=1, max_length=100)
    description: str = Field("", max_length=400)


class GroupChanges(Body):
    """What is given replaces what the group has: `roles` and `members` (accounts) all of theirs."""

    name: str | None = Field(None, min_length=1, max_length=100)
    description: str | None = Field(None, max_length=400)
    roles: list[Id] | None = None
    members: list[Id] | None = None


class GroupsOfOperator(Body):
    groups: list[Id]


@get("/api/v1/groups", include_in_schema=False)
async def list_groups() -> dict[str, Any]:
    return {"items": [_group(line) for line in await services.groups()]}


def _group(line: GroupLine) -> dict[str, Any]:
    return {
        "id": line.id,
        "name": line.name,
        "description": line.description,
        "roles": list(line.roles),
        "members": list(line.members),
    }


@post("/api/v1/groups", include_in_schema=False)
async def create_group(request: AnyRequest) -> dict[str, Any]:
    given = NewGroup.model_validate(await json_object(request))
    return _group(await services.group(await services.create_group(given.name, given.description)))


@get("/api/v1/groups/{group:str}", include_in_schema=False)
async def read_group(group: str) -> dict[str, Any]:
    return _group(await services.group(short_id_at(group)))


@patch("/api/v1/groups/{group:str}", include_in_schema=False)
async def change_group(request: AnyRequest, group: str) -> dict[str, Any]:
    group_id = short_id_at(group)
    await _change(group_id, GroupChanges.model_validate(await json_object(request)))
    return _group(await services.group(group_id))


@post("/api/v1/groups/{group:str}/preview", include_in_schema=False, status_code=200)
async def preview_group(request: AnyRequest, group: str) -> dict[str, Any]:
    """Who would gain and lose what by these changes. Nothing is changed."""
    group_id, given = short_id_at(group), GroupChanges.model_validate(await json_object(request))
    return affected(await services.outcomes_of(lambda: _change(group_id, given)))


async def _change(group_id: int, given: GroupChanges) -> None:
    async with transaction(_("Group changed")):
        known = await services.group(group_id)
        if given.name is not None or given.description is not None:
            await services.rename_group(group_id, given.name or known.name, given.description)
        if given.roles is not None:
            await services.set_group_roles(group_id, given.roles)
        if given.members is not None:
            await services.set_group_members(group_id, given.members)


@delete("/api/v1/groups/{group:str}", include_in_schema=False, status_code=204)
async def remove_group(group: str) -> None:
    await services.remove_group(short_id_at(group))


@get("/api/v1/operators/{user:str}/groups", include_in_schema=False)
async def read_groups_of(user: str) -> dict[str, Any]:
    return {"groups": [line.id for line in await services.groups_of(short_id_at(user))]}


@put("/api/v1/operators/{user:str}/groups", include_in_schema=False)
async def join_groups(request: AnyRequest, user: str) -> dict[str, Any]:
    given = GroupsOfOperator.model_validate(await json_object(request))
    await services.join_groups(short_id_at(user), given.groups)
    return {"groups": sorted(set(given.groups))}


def affected(outcomes: list[Outcome]) -> dict[str, Any]:
    """Who gains and loses what, as it is sent: each change in words."""
    return {
        "items": [
            {
                "user": outcome.place.user,
                "staff": outcome.place.staff,
                "name": outcome.place.name,
                "gains": [f"{d.what}: {d.change}" for d in outcome.differences if d.gained],
                "losses": [f"{d.what}: {d.change}" for d in outcome.differences if d.lost],
            }
            for outcome in outcomes
        ]
    }


BODIES: Mapping[str, type[BaseModel]] = {model.__name__: model for model in (NewGroup, GroupChanges, GroupsOfOperator)}
"""What is sent, by the name it has in the description of the API."""

routes = [
    list_groups,
    create_group,
    read_group,
    change_group,
    preview_group,
    remove_group,
    read_groups_of,
    join_groups,
]
