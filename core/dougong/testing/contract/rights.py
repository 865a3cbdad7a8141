"""Who meets a plugin's records, and through which doors."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dougong.access.openings import opened
from dougong.access.principal import Principal, acting_as, current
from dougong.access.rights import may, may_do
from dougong.errors import Forbidden
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType
from dougong.testing.app import Company
from dougong.testing.contract.ground import NOBODY, OWNER, Ground, coming_in, owner, reader, sent, together
from dougong.testing.contract.records import changes_to
from dougong.testing.world import World

__all__ = ["Rights"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Rights(Ground):
    @together
    async def test_whoever_was_granted_nothing_sees_and_does_nothing(self, world: World) -> None:
        async with world.acting("admin"):
            made = [(record, await self.made(record, world)) for record in self.declared.records]
        with acting_as(Principal(user=10_000, staff=world.staff[NOBODY])):
            for record, row in made:
                if not is_open_to_all(record):
                    assert not await record.table.exists().where(record.table.id == row.id), record
                    assert not await record.table.count(), record

    @together
    async def test_nothing_of_it_answers_a_stranger(self, company: Company) -> None:
        async with company.anybody() as client:
            for record in self.declared.records:
                assert (await client.get(f"/api/v1/{record.path}")).status_code == 401
                assert (await client.get(f"/{record.path}")).status_code in (303, 401)

    @together
    async def test_its_routes_let_in_whoever_holds_their_right_alone(self, company: Company) -> None:
        nobody = Principal(user=10_000, staff=company.world.staff[NOBODY], name="袁野")
        async with company.anybody() as stranger, coming_in(company, nobody) as client:
            for route in self.declared.routes:
                for method, path in ways_in(route):
                    assert (await stranger.request(method, path)).status_code in (303, 401), path
                    if not is_everybodys(route.opt["right"], nobody):
                        assert (await client.request(method, path)).status_code == 403, path

    @together
    async def test_its_openings_let_in_whoever_holds_their_right_alone(self, world: World) -> None:
        nobody = Principal(user=10_000, staff=world.staff[NOBODY], name="袁野")
        for opening in self.declared.openings:
            if opening.right is not None and not is_everybodys(opening.right, nobody):
                with acting_as(nobody), pytest.raises(Forbidden), opened(opening.service):
                    pass
                async with world.acting("admin"):
                    with opened(opening.service):
                        assert current().system, opening.key

    @together
    async def test_whoever_may_only_read_changes_nothing(self, company: Company) -> None:
        async with coming_in(company, reader(company.world)) as client:
            for record in self.declared.records:
                async with company.world.acting("admin"):
                    values = sent(record, await self.values_for(record, company.world))
                    made = await self.made(record, company.world)
                one, version = f"/api/v1/{record.path}/{made.id}", {"If-Match": str(made.version)}
                assert (await client.get(one)).status_code == 200, record
                tries = [
                    await client.patch(one, json=sent(record, changes_to(record, made)), headers=version),
                    await client.delete(one),
                ]
                tries += [await client.post(f"{one}/moves", json={"to": to, "why": "?"}) for to in next_states(record)]
                verbs = [action.key for action in record.actions if action.right != "read"]
                tries += [await client.post(f"{one}/{verb}", json={}) for verb in verbs]
                if not record.scope.has("owner"):
                    tries.append(await client.post(f"/api/v1/{record.path}", json=values))
                if record.menu:
                    tries.append(await client.post(f"/{record.path}/{made.id}/remove"))
                assert {answer.status_code for answer in tries} == {403}, (record, [a.text for a in tries])
                async with company.world.acting("admin"):
                    assert await record.table.objects().get(record.table.id == made.id) == made

    @together
    async def test_ones_own_records_open_and_anothers_are_not_there(self, company: Company) -> None:
        """Not there: the same answer as for a record that never was, in pages and in the API."""
        me, other = company.world.staff[OWNER], company.world.staff["wangfang"]
        async with coming_in(company, owner(company.world)) as client:
            for record in self.declared.records:
                async with company.world.acting("admin"):
                    mine = await self.made(record, company.world, owner=me)
                    theirs = await self.made(record, company.world, owner=other)
                assert (await client.get(f"/api/v1/{record.path}/{mine.id}")).status_code == 200, record
                if not is_open_to_all(record):
                    for method, path, options in doors_to(record, theirs):
                        answer = await client.request(method, path, **options)
                        assert answer.status_code == 404, (record, method, path, answer.text)
                    listed = await client.get(f"/api/v1/{record.path}?limit=500&fields=id")
                    assert theirs.id not in {item["id"] for item in listed.json()["items"]}, record

    @together
    async def test_a_hidden_field_is_no_field(self, company: Company) -> None:
        """Neither read, nor filtered, sorted or grouped by, nor written, nor printed on any page."""
        for record in self.declared.records:
            title = record.title._meta.name
            keys = [key for key in record.entered if key not in (title, *record.parents)]
            person = reader(company.world, hidden=frozenset(f"{record.key}.{key}" for key in keys))
            async with company.world.acting("admin"):
                made = await self.made(record, company.world)
            one = f"/api/v1/{record.path}/{made.id}"
            async with coming_in(company, person) as client:
                assert not set((await client.get(one)).json()) & set(keys), record
                for key in keys:
                    for asked in (f'filter=[["{key}","empty"]]', f"sort={key}", f"fields={key}"):
                        answer = await client.get(f"/api/v1/{record.path}?{asked}")
                        assert answer.status_code == 400, (record, asked)
                    group = await client.get(f"/api/v1/{record.path}/summary?group={key}")
                    assert group.status_code == 400, (record, key)
                told = [str(getattr(made, k)) for k in keys if record.fields[k].kind in ("text", "long_text")]
                secret = [
                    words for words in told if words.startswith("样本") and words not in str(getattr(made, title))
                ]
                for page in (f"/{record.path}", f"/{record.path}/{made.id}") if record.menu else ():
                    shown = (await client.get(page)).text
                    assert not [words for words in secret if words in shown], (record, page)


def is_everybodys(right: Any, nobody: Principal) -> bool:
    """Whether it needs no grant: what one may do with records of one's own."""
    return may_do(nobody, right) if isinstance(right, str) else may(nobody, *right)


def ways_in(route: Any) -> list[tuple[str, str]]:
    """Method and address; a place for a value is filled."""
    methods = sorted(str(method) for method in route.http_methods if str(method) in METHODS)
    return [(method, re.sub(r"{[^}]*}", "1", path)) for path in sorted(route.paths) for method in methods]


def next_states(record: RecordType) -> list[str]:
    """Where a new record can go, by a right that reading is not."""
    steps = record.lifecycle.moves_from(record.lifecycle.start) if record.lifecycle else []
    return [step.target for step in steps if step.right != "read"]


def is_open_to_all(record: RecordType) -> bool:
    """Whether everybody may read it, or what it belongs to."""
    parents = [current_snapshot().records[str(table._meta.tablename)] for table in record.parents.values()]
    return record.scope.has("everyone") or any(is_open_to_all(parent) for parent in parents)


def doors_to(record: RecordType, row: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Every way to one record: method, address, what is sent along."""
    one, version = f"/api/v1/{record.path}/{row.id}", {"headers": {"If-Match": str(row.version)}}
    doors: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", one, {}),
        ("GET", f"{one}/history", {}),
        ("PATCH", one, {"json": {}, **version}),
        ("DELETE", one, version),
    ]
    doors += [("POST", f"{one}/moves", {"json": {"to": to}}) for to in next_states(record)]
    doors += [("POST", f"{one}/{action.key}", {"json": {}}) for action in record.actions]
    if record.menu:
        page = f"/{record.path}/{row.id}"
        doors += [("GET", f"{page}{tail}", {}) for tail in ("", "/edit", "/remove", "/counts")]
        doors += [("POST", f"{page}/edit", {"data": {"version": "1"}}), ("POST", f"{page}/remove", {})]
    return doors
