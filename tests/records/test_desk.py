"""The desk: every write checked before and after, logged once per record, whole or not at all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from dougong.access.principal import acting_as, system
from dougong.db import transaction
from dougong.db.connections import Engine
from dougong.errors import Forbidden, Invalid, NotFound, Refused, Stale
from dougong.people.tables import Department, Staff
from dougong.plugin.hooks import HookCaller
from dougong.records import desk
from dougong.records.change_log import ChangeLog
from dougong.records.pinyin import initials, sort_key
from dougong.testing import World
from dougong_customers.api import Contact, Customer
from dougong_visits.tables import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")
EDITORS = 50


async def log_of(record: Any) -> list[Mapping[str, Any]]:
    with acting_as(system("read what the tests logged")):
        mine = (ChangeLog.record == type(record)._meta.tablename) & (ChangeLog.record_id == record.id)
        rows = await ChangeLog.select(*ChangeLog.all_columns()).where(mine).order_by(ChangeLog.id)
    return [
        {**row, "before": json.loads(row["before"] or "null"), "after": json.loads(row["after"] or "null")}
        for row in rows
    ]


async def now(record: Any) -> Any:
    with acting_as(system("read what the tests wrote")):
        return await desk.get(type(record), record.id)


def problems(wrong: pytest.ExceptionInfo[Invalid]) -> set[tuple[str, str]]:
    return {(problem.field, problem.rule) for problem in wrong.value.problems}


# ---------------------------------------------------------------------- what a write does


async def test_a_new_record_has_its_owner_department_state_title_and_one_entry(world: World):
    async with world.acting("wangfang", door="form"):
        made = await desk.create(Customer, {"name": "云栖机电"}, reason="a test")
        mine = await desk.get(Staff, world.staff["wangfang"])
    assert (made.owner, made.department) == (mine.id, mine.department)
    assert (made.state, made.kind, made.version) == ("draft", "end", 1)
    assert (
        (made.title_key, made.title_initials)
        == (sort_key("云栖机电"), initials("云栖机电"))
        == (made.title_key, "yqjd")
    )
    [entry] = await log_of(made)
    assert (entry["verb"], entry["before"], entry["door"], entry["reason"]) == ("create", None, "form", "a test")
    assert (entry["staff"], entry["by_user"]) == (mine.id, world.users["wangfang"])
    assert entry["after"]["name"] == "云栖机电"


async def test_a_change_logs_what_differed_and_nothing_else(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "前后", "city": "杭州", "credit_limit": 100})
        changed = await desk.change(made, {"name": "后来", "city": "杭州", "credit_limit": None})
        same = await desk.change(changed, {"city": "杭州"})
    assert (changed.version, same.version) == (2, 2)
    assert changed.title_initials == "hl"
    _created, entry = await log_of(made)
    remembered = entry["after"].pop("former_names")  # what its plugin writes beside a new name
    assert "前后" in remembered
    assert (entry["before"], entry["after"]) == (
        {"name": "前后", "credit_limit": 100, "former_names": ""},
        {"name": "后来", "credit_limit": None},
    )
    assert changed.updated > changed.created == made.created


async def test_removing_keeps_what_it_held_in_the_log(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "离去", "city": "湖州"})
        await desk.remove(made)
        with pytest.raises(NotFound):
            await desk.get(Customer, made.id)
    entry = (await log_of(made))[-1]
    assert (entry["verb"], entry["before"]["city"], entry["after"]) == ("remove", "湖州", None)


async def test_one_transaction_is_one_batch(world: World):
    async with world.acting("wangfang"):
        async with transaction("together"):
            first = await desk.create(Customer, {"name": "同批甲"})
            second = await desk.create(Customer, {"name": "同批乙"})
        third = await desk.create(Customer, {"name": "另批"})
    batches = [(await log_of(record))[0]["batch"] for record in (first, second, third)]
    assert batches[0] == batches[1] != batches[2]


async def test_what_fails_later_takes_everything_back(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "回滚"})
        with pytest.raises(Invalid):
            async with transaction():
                await desk.change(made, {"city": "台州"})
                await desk.create(Customer, {"name": ""})
    assert (await now(made)).city == ""
    assert len(await log_of(made)) == 1


async def test_a_move_follows_the_life_cycle_its_right_and_its_check(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "渠道流转", "kind": "channel"})
        with pytest.raises(Refused):
            await desk.move(made, "approved")
        sent = await desk.move(made, "submitted")
        with pytest.raises(Forbidden):
            await desk.move(sent, "approved")
    async with world.acting("lilei"):
        with pytest.raises(Refused):  # a channel customer needs a related one
            await desk.move(sent, "approved")
        with pytest.raises(Invalid) as wrong:
            await desk.move(sent, "draft")
        assert problems(wrong) == {("why", "required")}
        back = await desk.move(sent, "draft", why="先补资料")
        with pytest.raises(Stale):
            await desk.move(sent, "draft", why="again")
    assert back.state == "draft"
    assert (await log_of(made))[-1]["after"] == {"state": "draft", "why": "先补资料"}
    assert len(await log_of(made)) == 3


async def test_a_state_can_not_be_slipped_in_as_a_value(world: World):
    async with world.acting("wangfang"):
        with pytest.raises(Invalid) as wrong:
            await desk.create(Customer, {"name": "直接", "state": "approved"})
        assert problems(wrong) == {("state", "state")}
        made = await desk.create(Customer, {"name": "绕行"})
        with pytest.raises(Refused):
            await desk.change(made, {"state": "approved"})
        sent = await desk.change(made, {"state": "submitted"})
        with pytest.raises(Forbidden):
            await desk.change(sent, {"state": "approved"})
    async with world.acting("lilei"):
        with pytest.raises(Invalid):  # sending back asks why
            await desk.change(sent, {"state": "draft"})


# ---------------------------------------------------------------------- who may


async def test_unseen_is_not_found_and_seen_but_not_editable_is_forbidden(world: World):
    async with world.acting("admin"):
        far = await desk.create(Customer, {"name": "远方", "owner": world.staff["huangjun"]})
        served = await desk.create(Customer, {"name": "近处", "owner": world.staff["sunhao"]})
    for verb in (lambda r: desk.change(r, {"city": "x"}), desk.remove, lambda r: desk.move(r, "submitted")):
        async with world.acting("wangfang"):
            with pytest.raises(NotFound):
                await verb(far)
        async with world.acting("zhaomin"):
            with pytest.raises(Forbidden):
                await verb(served)
    assert ((await now(far)).version, (await now(served)).version) == (1, 1)
    async with world.acting("zhaomin"):
        with pytest.raises(Forbidden):
            await desk.create(Customer, {"name": "不许"})


async def test_nothing_is_put_out_of_reach_or_into_others(world: World):
    other = world.staff["huangjun"]
    async with world.acting("wangfang"):
        with pytest.raises(Forbidden):
            await desk.create(Customer, {"name": "塞给别人", "owner": other})
        made = await desk.create(Customer, {"name": "我的"})
        with pytest.raises(Forbidden):
            await desk.change(made, {"owner": other})
        with pytest.raises(Forbidden):
            await desk.update(Customer, [made.id], {"owner": other})
        assert not await Customer.exists().where(Customer.name == "塞给别人")
    kept = await now(made)
    assert (kept.owner, kept.version, len(await log_of(made))) == (world.staff["wangfang"], 1, 1)


async def test_a_new_owner_brings_the_record_to_their_department(world: World):
    async with world.acting("lilei"):
        made = await desk.create(Customer, {"name": "换人", "owner": world.staff["wangfang"]})
        changed = await desk.change(made, {"owner": world.staff["xuhui"]})
        there = await desk.get(Staff, world.staff["xuhui"])
    assert changed.department == there.department != made.department


# ---------------------------------------------------------------------- what is checked


async def test_every_problem_of_every_row_is_named(world: World):
    async with world.acting("wangfang"):
        with pytest.raises(Invalid) as wrong:
            await desk.create_many(
                Contact, [{"name": "甲", "customer": 10**9}, {"name": " ", "customer": None}, {"name": "x"}]
            )
    assert problems(wrong) == {
        ("customer", "reference"),
        ("1.name", "required"),
        ("1.customer", "required"),
        ("2.customer", "required"),
    }


async def test_references_lead_only_to_what_one_sees_and_what_still_counts(world: World):
    async with world.acting("admin"):
        far = await desk.create(Customer, {"name": "看不见", "owner": world.staff["huangjun"]})
        closed = await desk.create(Department, {"name": "撤销部", "active": False})
        mine = await desk.create(Customer, {"name": "看得见", "owner": world.staff["wangfang"]})
    async with world.acting("wangfang"):
        contact = await desk.create(Contact, {"name": "乙", "customer": mine.id})
        for values in ({"customer": far.id}, {"customer": 10**9}, {"department": closed.id}):
            with pytest.raises(Invalid) as wrong:
                await desk.change(contact, values)
            assert problems(wrong) == {(next(iter(values)), "reference")}


async def test_what_is_referred_to_can_not_be_removed(world: World):
    async with world.acting("lilei"):
        made = await desk.create(Customer, {"name": "被引用"})
        await desk.create(Contact, {"name": "丙", "customer": made.id})
        await desk.create(Visit, {"purpose": "看", "customer": made.id, "planned_for": made.created})
        with pytest.raises(Refused) as refused:
            await desk.remove(made)
    assert str(refused.value).count("1 ") == 2
    assert (await now(made)).version == 1
    assert [entry["verb"] for entry in await log_of(made)] == ["create"]


async def test_a_unique_value_is_given_once(world: World):
    async with world.acting("admin"):
        await desk.create(Customer, {"name": "编号一", "number": "C-0001"})
        second = await desk.create(Customer, {"name": "编号二", "number": "C-0002"})
        for attempt in (
            lambda: desk.create(Customer, {"name": "编号三", "number": "C-0001"}),
            lambda: desk.change(second, {"number": "C-0001"}),
        ):
            with pytest.raises(Invalid) as wrong:
                await attempt()
            assert problems(wrong) == {("number", "unique")}
    assert (await now(second)).number == "C-0002"


async def test_a_hook_may_veto_and_then_nothing_is_written(world: World, monkeypatch: pytest.MonkeyPatch):
    async def veto(self: HookCaller, name: str, **arguments: Any) -> list[Any]:
        if name == "record_changed":
            raise Refused("not today")
        return []

    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "否决"})
        monkeypatch.setattr(HookCaller, "call", veto)
        for attempt in (
            desk.create(Customer, {"name": "被否决"}),
            desk.change(made, {"city": "金华"}),
            desk.move(made, "submitted"),
            desk.update(Customer, [made.id], {"city": "金华"}),
            desk.remove(made),
        ):
            with pytest.raises(Refused):
                await attempt
        assert not await Customer.exists().where(Customer.name == "被否决")
    assert ((await now(made)).version, len(await log_of(made))) == (1, 1)


async def test_the_name_rule_is_such_a_hook(world: World):
    async with world.acting("wangfang", door="form"):
        with pytest.raises(Invalid) as wrong:
            await desk.create(Customer, {"name": "不好*的名字"})
    assert problems(wrong) == {("name", "characters")}


# ---------------------------------------------------------------------- many at once


async def test_many_are_changed_in_one_statement_and_logged_one_by_one(world: World, monkeypatch: pytest.MonkeyPatch):
    async with world.acting("wangfang"):
        ids = await desk.create_many(Customer, [{"name": f"批量{n}"} for n in range(700)])
        [already] = await desk.create_many(Customer, [{"name": "批量已是", "city": "温州"}])
    async with world.acting("admin"):
        [far] = await desk.create_many(Customer, [{"name": "批量远方", "owner": world.staff["huangjun"]}])
    sent: list[str] = []
    run = Engine.run

    async def counting(self: Engine, admission: Any) -> Any:
        sent.append(admission.sql)
        return await run(self, admission)

    monkeypatch.setattr(Engine, "run", counting)
    async with world.acting("wangfang"):
        done = await desk.update(Customer, [*ids, already, far, 10**9], {"city": "温州"})
    assert sorted(done.changed) == ids
    assert sorted(done.skipped) == sorted([already, far, 10**9])
    assert sum(sql.removeprefix("/*desk*/").strip().startswith("UPDATE") for sql in sent) == 1, sent
    assert len(sent) < 15, sent
    with acting_as(system("read what the tests logged")):
        logged = ChangeLog.count().where((ChangeLog.verb == "update") & ChangeLog.record_id.is_in(ids))
        assert await logged == 700
    async with world.acting("wangfang"):
        gone = await desk.remove_many(Customer, [*ids, far])
    assert (sorted(gone.changed), list(gone.skipped)) == (ids, [far])


async def test_of_many_either_all_are_created_or_none(world: World):
    async with world.acting("wangfang"):
        with pytest.raises(Invalid):
            await desk.create_many(Customer, [{"name": "全有全无"}, {"name": ""}])
        assert not await Customer.exists().where(Customer.name == "全有全无")


# ---------------------------------------------------------------------- at the same time


async def test_fifty_editors_of_one_record_lose_no_update(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "众手", "employees": 0})

        async def add_one() -> int:
            """Reads, adds, writes; reads again when somebody was faster. Answers how often somebody was."""
            for attempt in range(1000):
                seen = await desk.get(Customer, made.id)
                await asyncio.sleep(0)
                try:
                    await desk.change(seen, {"employees": seen.employees + 1})
                except Stale:
                    continue
                return attempt
            raise AssertionError("never got through")

        retries = await asyncio.gather(*(add_one() for _ in range(EDITORS)))
    after = await now(made)
    assert (after.employees, after.version) == (EDITORS, EDITORS + 1)
    assert sum(retries) > 0, "nobody met anybody: this tested nothing"
    steps = [(entry["before"]["employees"], entry["after"]["employees"]) for entry in (await log_of(made))[1:]]
    assert steps == [(n, n + 1) for n in range(EDITORS)]


async def test_two_who_name_the_same_version_are_not_both_served(world: World):
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "同版"})
        answers = await asyncio.gather(
            *(desk.change(made, {"city": f"城{n}"}, version=1) for n in range(10)), return_exceptions=True
        )
    assert sorted(type(answer).__name__ for answer in answers) == ["Customer", *["Stale"] * 9]
    assert len(await log_of(made)) == 2


async def test_a_record_is_put_only_where_somebody_answers_for_it(world: World):
    """Who sells can't hide a customer from their manager; the manager may move it among the departments below."""
    async with world.acting("wangfang"):
        made = await desk.create(Customer, {"name": "藏不住的客户"})
        elsewhere = (await Department.objects().where(Department.id != made.department).first()).id
        for department in (elsewhere, None):
            with pytest.raises(Invalid) as wrong:
                await desk.change(made, {"department": department})
            assert problems(wrong) == {("department", "reach")}
            with pytest.raises(Invalid) as wrong:
                await desk.create(Customer, {"name": "藏不住的另一家", "department": elsewhere})
            assert problems(wrong) == {("department", "reach")}
    assert (await now(made)).department == made.department
    async with world.acting("lilei") as manager:
        below = next(d for d in manager.subtree if d != made.department)
        assert (await desk.change(await desk.get(Customer, made.id), {"department": below})).department == below
