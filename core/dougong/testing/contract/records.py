"""What happens to a plugin's records: written, read, asked for, moved on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from dougong.access.principal import acting_as, system
from dougong.access.rights import may
from dougong.db import grow_schema, transaction
from dougong.errors import Refused, Stale
from dougong.plugin.failures import failures_of
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.change_log import ChangeLog
from dougong.records.conditions import holds
from dougong.records.fields import Field
from dougong.records.filters import compile_filter, conditions, quick_find
from dougong.records.history import history_of
from dougong.records.queries import UNSORTABLE, Query, bounded_count, fetch_page, sums
from dougong.records.types import Move, RecordType
from dougong.records.values import is_empty
from dougong.testing.app import Company
from dougong.testing.contract.declarations import ways_to
from dougong.testing.contract.ground import Ground, sent, together
from dougong.testing.world import World

__all__ = ["Records"]

GROUPABLE = ("choice", "state", "person", "department", "link", "yes_no", "text")
WHY = "因为合约测试"


class Records(Ground):
    # ------------------------------------------------------------------ writing

    @together
    async def test_its_tables_are_complete(self, world: World) -> None:
        assert await grow_schema([record.table for record in self.declared.records]) == []

    @together
    async def test_records_are_created_changed_and_deleted_with_their_history(self, world: World) -> None:
        for record in self.declared.records:
            async with world.acting("admin"):
                made = await self.made(record, world)
                changed = await desk.change(made, changes_to(record, made))
                assert changed.version == made.version + 1
                await desk.remove(changed)
                assert not await record.table.exists().where(record.table.id == made.id)
            assert await verbs_logged(record, made.id) == ["create", "update", "remove"], record

    @together
    async def test_what_is_left_out_is_named_in_the_api_and_in_the_form(self, company: Company) -> None:
        async with company.program("admin") as client:
            for record in self.declared.records:
                async with company.world.acting("admin"):
                    values = sent(record, await self.values_for(record, company.world))
                for key in must_be_given(record, values):
                    rest = {k: v for k, v in values.items() if k != key}
                    answer = await client.post(f"/api/v1/{record.path}", json=rest)
                    assert answer.status_code == 400, (record, key, answer.text)
                    assert key in {problem["field"] for problem in answer.json()["errors"]}, (record, answer.text)
                    if record.menu:
                        form = await client.post(f"/{record.path}/new", data=typed(rest))
                        assert form.status_code == 422, (record, key)
                        kept = [v for k, v in rest.items() if record.fields[k].kind == "text"]
                        assert all(words in form.text for words in kept), f"{record}: what was typed is lost"

    @together
    async def test_a_reference_to_nothing_is_refused_by_name(self, company: Company) -> None:
        async with company.program("admin") as client:
            for record in self.declared.records:
                async with company.world.acting("admin"):
                    values = sent(record, await self.values_for(record, company.world))
                for key, field in record.entered.items():
                    if field.target is not None:
                        answer = await client.post(f"/api/v1/{record.path}", json={**values, key: 999_999_999})
                        assert answer.status_code == 400, (record, key, answer.text)
                        assert key in {problem["field"] for problem in answer.json()["errors"]}, answer.text

    @together
    async def test_what_others_refer_to_stays(self, world: World) -> None:
        async with world.acting("admin"):
            for record in self.declared.records:
                made = await self.made(record, world)
                for key, field in record.entered.items():
                    if field.kind == "link" and getattr(made, key):
                        with pytest.raises(Refused):
                            await desk.remove(await desk.get(field.target, getattr(made, key)))  # type: ignore[arg-type]
                assert await desk.get(record.table, made.id)

    @together
    async def test_a_change_based_on_an_older_version_is_refused(self, company: Company) -> None:
        async with company.program("admin") as client:
            for record in self.declared.records:
                async with company.world.acting("admin"):
                    made = await self.made(record, company.world)
                    changed = await desk.change(made, changes_to(record, made))
                    with pytest.raises(Stale):
                        await desk.change(changed, changes_to(record, changed), version=made.version)
                one, change = f"/api/v1/{record.path}/{made.id}", sent(record, changes_to(record, changed))
                stale = {"If-Match": str(made.version)}
                assert (await client.patch(one, json=change, headers=stale)).status_code == 412, record
                assert (await client.patch(one, json=change)).status_code == 428, record
                if record.menu:
                    form = typed({**sent(record, changed.to_dict()), **change, "version": made.version})
                    answer = await client.post(f"/{record.path}/{made.id}/edit", data=form)
                    assert answer.status_code == 409, record
                    assert all(str(words) in answer.text for words in change.values()), record
                async with company.world.acting("admin"):
                    assert (await desk.get(record.table, made.id)).version == changed.version

    # ------------------------------------------------------------------ asking

    @together
    async def test_saved_views_and_quick_find_can_be_asked(self, world: World) -> None:
        async with world.acting("wangfang"):
            for record in self.declared.records:
                clauses = [compile_filter(record, conditions(view.where)) for view in record.saved_views]
                for clause in [*clauses, await quick_find(record, "王 a%_'")]:
                    asked = record.table.count()
                    await (asked.where(clause) if clause is not None else asked)

    @together
    async def test_lists_sort_by_every_column_and_their_pages_hold_each_record_once(self, world: World) -> None:
        async with world.acting("admin"):
            for record in self.declared.records:
                for _each in range(3):
                    await self.made(record, world)
                every = set(await record.table.select(record.table.id).output(as_list=True))
                for sort in sorts_of(record):
                    seen = [found async for found in turned_pages(record, sort, max(2, len(every) // 3))]
                    assert len(seen) == len(set(seen)), (record, sort)
                    assert set(seen) == every, (record, sort)

    @together
    async def test_every_field_can_be_asked_by_each_of_its_operators(self, world: World) -> None:
        async with world.acting("admin"):
            for record in self.declared.records:
                made = await self.made(record, world)
                for field in record.fields.values():
                    for operator, value, is_found in questions_about(field, getattr(made, field.key)):
                        clause = compile_filter(record, [[field.key, operator, value]])
                        found = await record.table.exists().where((record.table.id == made.id) & clause)
                        assert is_found is None or found is is_found, (record, field.key, operator, value)

    @together
    async def test_summaries_by_every_field_add_up(self, world: World) -> None:
        async with world.acting("admin"):
            for record in self.declared.records:
                await self.made(record, world)
                total, _exact = await bounded_count(record, None)
                added = [f.key for f in record.fields.values() if f.kind in ("number", "money")]
                for field in record.fields.values():
                    if field.kind in GROUPABLE:
                        for sum_of in ("", *added[:1]):
                            groups = await sums(record, field.key, sum_of, None)
                            assert sum(group["count"] for group in groups) == total, (record, field.key)

    # ------------------------------------------------------------------ moving on

    @together
    async def test_each_move_can_be_taken_and_is_logged_under_its_name(self, world: World) -> None:
        """Where a move's own check asks for more than a fresh record has, say so in `given`."""
        async with world.acting("admin"):
            for record, step in steps_of(self.declared.records):
                row = await self.brought(record, step.source, world)
                row = await desk.move(row, step.target, why=WHY if step.reason else None)
                assert row.state == step.target
                last, *_earlier = await history_of(record, row.id, limit=1)
                assert str(last.reason) == str(record.move_label(step)), (record, step)
                assert last.why == (WHY if step.reason else ""), (record, step)

    @together
    async def test_no_move_leads_anywhere_else(self, world: World) -> None:
        async with world.acting("admin"):
            for record in self.declared.records:
                if record.lifecycle:
                    row = await self.made(record, world)
                    forbidden = set(record.lifecycle.keys) - {s.target for s in record.lifecycle.moves_from(row.state)}
                    for state in forbidden:
                        with pytest.raises(Refused):
                            await desk.move(row, state, why=WHY)

    @together
    async def test_actions_are_offered_where_their_condition_holds(self, company: Company) -> None:
        async with company.program("admin") as client:
            for record in self.declared.records:
                for state in ways_to(record.lifecycle) if record.lifecycle and record.actions else [""]:
                    for action in record.actions:
                        async with company.world.acting("admin"):
                            row = await self.brought(record, state, company.world)
                        page = (await client.get(f"/{record.path}/{row.id}")).text
                        offered = action.when is None or holds(action.when, row)
                        if action.when is not None:
                            async with company.world.acting("admin"):
                                asked = record.table.exists().where((record.table.id == row.id) & action.when)
                                assert bool(await asked) is offered, "Python and SQL read the condition differently"
                        if record.menu:
                            assert (f"/{record.path}/{row.id}/{action.key}" in page) is offered, (record, state)
                        await self.try_action(client, f"/api/v1/{record.path}/{row.id}", action, offered=offered)

    async def try_action(self, client: Any, one: str, action: Any, *, offered: bool) -> None:
        """Without what its form asks for it is refused by name; where it isn't offered it is refused anyhow."""
        required = {n for n, field in action.form.model_fields.items() if field.is_required()} if action.form else set()
        answer = await client.post(f"{one}/{action.key}", json={})
        if not offered:
            assert answer.status_code == 409, (one, action.key, answer.text)
        elif required:
            assert answer.status_code == 400, (one, action.key, answer.text)
            assert required <= {problem["field"] for problem in answer.json()["errors"]}, answer.text
        else:
            assert answer.status_code in (200, 400, 409), (one, action.key, answer.text)

    # ------------------------------------------------------------------ what runs beside

    @together
    async def test_tiles_answer_everybody(self, world: World) -> None:
        for who in world.users:
            async with world.acting(who):
                for tile in self.declared.tiles:
                    if tile.right is None or may(await world.principal(who), *tile.right):
                        assert all(str(row.label) for row in await tile.rows())

    @together
    async def test_its_hooks_do_not_fail(self, world: World) -> None:
        async with world.acting("admin"):
            for record in self.declared.records:
                made = await self.made(record, world)
                await desk.remove(await desk.change(made, changes_to(record, made)))
        assert list(failures_of(self.plugin)) == []

    @together
    async def test_its_samples_fill_an_empty_company(self, world: World) -> None:
        """Run as a demo runs them, and taken back."""
        with suppress(Enough):
            async with world.acting("admin"), transaction():
                for sample in self.declared.samples:
                    before = await self.counted()
                    await sample()
                    assert await self.counted() > before, f"{sample.__name__} adds nothing"
                raise Enough

    async def counted(self) -> int:
        return sum([await record.table.count() for record in current_snapshot().records.values()])

    # ------------------------------------------------------------------ records to test with

    async def brought(self, record: RecordType, state: str, world: World) -> Any:
        """A new record in this state, by the shortest way there."""
        row = await self.made(record, world)
        for target in ways_to(record.lifecycle)[state] if record.lifecycle and state else ():
            row = await desk.move(row, target, why=WHY)
        return row


class Enough(Exception):
    """Take back what was done."""


def must_be_given(record: RecordType, values: Mapping[str, Any]) -> list[str]:
    """The required fields that don't start as something."""
    return [k for k in record.required_in(values) if k in values and is_empty(record.fields[k].empty)]


def typed(values: Mapping[str, Any]) -> dict[str, str]:
    """As a form sends it."""
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in values.items() if v is not None}


def changes_to(record: RecordType, made: Any) -> dict[str, Any]:
    """Another value for one field of the record, the title if it is a text."""
    fields = [record.fields[record.title._meta.name], *record.entered.values()]
    field = next(f for f in fields if f.kind in ("text", "long_text"))
    return {field.key: f"{getattr(made, field.key)}改"[-(field.length or 100) :]}


def sorts_of(record: RecordType) -> list[str]:
    """The list's own order, and every column it shows, both ways."""
    keys = dict.fromkeys(column._meta.name for view in record.views for column in view.columns)
    sortable = [key for key in (*keys, "created", "updated") if record.fields[key].kind not in UNSORTABLE]
    return ["", *(f"{sign}{key}" for key in sortable for sign in ("", "-"))]


async def turned_pages(record: RecordType, sort: str, size: int) -> Any:
    cursor = ""
    while True:
        page = await fetch_page(Query(record, sort=sort, fields=("id",), limit=size, cursor=cursor))
        for row in page.rows:
            yield row["id"]
        if page.next is None:
            return
        cursor = page.next


def questions_about(field: Field, value: Any) -> Iterator[tuple[str, Any, bool | None]]:
    """Operator, value, and whether the record that holds the value must be found."""
    for operator in field.type.operators:
        if operator == "empty":
            yield "empty", True, is_empty(value)
            yield "empty", False, not is_empty(value)
        elif operator == "during":
            yield "during", "this_year", None
        elif not is_empty(value):
            known = field.type.send(value, field)
            words = str(value)[:3] if operator in ("contains", "starts") else known
            words = known[0] if field.kind == "choices" else words
            finds = operator not in ("!=", "<", ">")
            yield operator, [known] if operator == "in" else words, finds


def steps_of(records: Any) -> Iterator[tuple[RecordType, Move]]:
    for record in records:
        for step in record.lifecycle.steps if record.lifecycle else ():
            yield record, step


async def verbs_logged(record: RecordType, record_id: int) -> list[str]:
    with acting_as(system("read what the tests logged")):
        mine = (ChangeLog.record == record.key) & (ChangeLog.record_id == record_id)
        return [str(row["verb"]) for row in await ChangeLog.select(ChangeLog.verb).where(mine).order_by(ChangeLog.id)]
