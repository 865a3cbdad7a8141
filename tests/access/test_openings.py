"""Declared openings: who gets in, what they see there, how often, and what is written down of it. On both databases."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytest_asyncio

from dougong import api
from dougong.access import openings
from dougong.access.openings import AskedTooOften, opened
from dougong.access.principal import acting_as, current, system, system_reasons
from dougong.access.services import make_standard_roles, set_fields
from dougong.errors import Forbidden, Invalid, NotFound, Refused
from dougong.people.tables import Staff
from dougong.plugin.snapshot import Snapshot, current_snapshot, pinned
from dougong.plugin.state import disable, enable
from dougong.plugin.uses import uses_of
from dougong.records import desk, references
from dougong.records.history import history_of
from dougong.testing import open_world
from dougong.testing.contract.declarations import openings_entered_elsewhere
from dougong.testing.shelf import open_shelf
from dougong_customers.services import customers_named_like, log_interaction
from dougong_customers.tables import Contact, Customer, CustomerRelation
from dougong_visits.tables import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")
SIMILAR = "dougong_customers.customers_named_like"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(module_database_url, tmp_path_factory):
    async with open_world(module_database_url, tmp_path_factory.mktemp("world"), ["customers", "visits"]) as opened:
        yield opened


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands still, and nothing used yet."""
    stands = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(openings, "time", SimpleNamespace(monotonic=lambda: stands.seconds))
    openings._left.clear()
    return stands


async def customer_of(world, who, name, **values):
    async with world.acting(who):
        return await desk.create(Customer, {"name": name, **values})


# ---------------------------------------------------------------------- what is seen


async def test_inside_an_opening_everything_is_seen_and_behind_it_nothing_more(world):
    theirs = await customer_of(world, "lilei", "玉带桥机电有限公司", credit_limit=7_000)
    limit_of_theirs = Customer.select(Customer.credit_limit).where(Customer.id == theirs.id)
    blind = replace(await world.principal("wangfang"), hidden=frozenset({"customer.credit_limit"}), version=())
    with acting_as(blind):
        assert await limit_of_theirs == []
        with opened(customers_named_like):
            assert await limit_of_theirs == [{"credit_limit": 7_000}]
        assert current() is blind
        assert await limit_of_theirs == []


async def test_only_the_tables_it_names_are_seen(world):
    async with world.acting("wangfang"):
        with opened(customers_named_like), pytest.raises(Forbidden, match="contact"):
            await Contact.count()


async def test_what_is_written_in_an_opening_is_the_askers(world):
    theirs = await customer_of(world, "wangfang", "玉带桥记录有限公司")
    async with world.acting("zhaomin") as zhaomin:
        await log_interaction(theirs.id, "call", "回访")
    async with world.acting("admin"):
        newest = (await history_of(desk.type_of(Customer), theirs))[0]
    assert newest.staff == zhaomin.staff
    assert "last_contacted" in newest.after


# ---------------------------------------------------------------------- who gets in


async def test_whoever_lacks_its_right_does_not_get_in(world):
    async with world.acting("zhaomin"):  # reads customers and creates none
        with pytest.raises(Forbidden):
            await customers_named_like("玉带桥")
        with pytest.raises(Forbidden):
            await uses_of("customer_kind")


async def test_nobody_gets_in_by_a_service_that_is_declared_nowhere(world, caplog):
    async def everything():
        with opened(everything):
            return await Customer.count()

    async with world.acting("admin"):
        with pytest.raises(NotFound):
            await everything()
    assert "everything is no opening" in caplog.text


async def test_an_opening_goes_with_its_plugin(world):
    async with world.acting("wangfang"):
        core = Snapshot.of(0, [current_snapshot().plugins["core"]])
        assert isinstance(await customers_named_like("玉带桥"), list)
        with pinned(core), pytest.raises(NotFound):
            await _similar_without_settings()


async def _similar_without_settings():
    with opened(customers_named_like):
        return await Customer.count()


@pytest.mark.parametrize("declared, wrong", [("sees=[]", "names no table"), ("sees=[Tea], per_minute=0", "never")])
async def test_a_plugin_whose_opening_says_too_little_is_not_let_in(tmp_path, declared, wrong):
    with open_shelf(tmp_path) as shelf:
        shelf.put("tea", TEA.format(declared))
        assert wrong in str(shelf.load().plugins["tea"].error)


TEA = """
from dougong.api import Opening, Plugin, Record, RecordType, Varchar, _

class Tea(Record):
    name = Varchar(20)

async def count_all():
    pass

tea = RecordType(table=Tea, label=_("Tea"), plural=_("Teas"), title=Tea.name)
plugin = Plugin(name="tea", label=_("Tea"), records=[tea], openings=[Opening(count_all, _("Count"), {})])
"""


async def test_core_enters_its_openings_in_their_own_services_alone():
    core = Path(api.__file__).parent
    files = [file for file in core.rglob("*.py") if "testing" not in file.parts]
    assert [call for file in files for call in openings_entered_elsewhere(file)] == []
    assert any("with opened(" in file.read_text(encoding="utf-8") for file in files)


@pytest.mark.parametrize(
    "text",
    [
        "async def other():\n    with opened(count): pass",
        "with opened(count): pass",
        "def count():\n    def inner():\n        with api.opened(count): pass",
        "def count():\n    with opened(wanted()): pass",
    ],
)
async def test_an_opening_entered_elsewhere_is_found(tmp_path, text):
    (tmp_path / "services.py").write_text(text)
    assert len(list(openings_entered_elsewhere(tmp_path / "services.py"))) == 1


async def test_a_plugin_is_offered_no_other_way_to_see_more():
    assert {"acting_as", "on_behalf", "system"} & set(dir(api)) == set()


# ---------------------------------------------------------------------- how often


async def test_above_the_limit_an_account_is_told_when_to_ask_again_and_others_go_on(world, clock):
    limit = current_snapshot().openings[customers_named_like].per_minute
    async with world.client("wangfang") as http, world.client("lilei") as other:
        asked = "/api/v1/customers/precheck?name=玉带桥"
        assert {(await http.get(asked)).status_code for _n in range(limit)} == {200}
        refused = await http.get(asked)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "2"
        assert refused.json()["detail"] == "询问过于频繁。请在 2 秒后再试。"
        english = await http.get(asked, headers={"Accept-Language": "en"})
        assert english.json()["detail"] == "This was asked too often. Please ask again in 2 seconds."
        page = await http.get("/lookup/customers/similar?value=玉带桥")
        assert (page.status_code, page.headers["retry-after"]) == (429, "2")
        assert (await other.get(asked)).status_code == 200
        clock.seconds += 2
        assert (await http.get(asked)).status_code == 200
        assert (await http.get(asked)).status_code == 429


async def test_what_asks_for_nothing_costs_nothing(world):
    async with world.acting("wangfang"):
        for _n in range(100):
            await customers_named_like("玉")


async def test_what_answers_nobody_has_no_limit(world):
    theirs = await customer_of(world, "wangfang", "玉带桥往来有限公司")
    async with world.acting("wangfang"):
        for _n in range(40):
            await log_interaction(theirs.id, "call", "电话")


async def test_the_systems_own_work_is_not_counted(world):
    with acting_as(system("test")):
        for _n in range(100):
            await references.where_used(desk.type_of(Customer), [1])


async def test_accounts_long_silent_are_forgotten(world, clock, monkeypatch):
    monkeypatch.setattr(openings, "_KEPT", 2)
    for who in ("wangfang", "lilei", "admin"):
        async with world.acting(who):
            await customers_named_like("玉带桥")
        clock.seconds += 61
    assert [user for user, _key in openings._left] == [world.users["admin"]]


# ---------------------------------------------------------------------- what is written down


async def test_each_use_is_counted_and_logged_without_what_was_asked(world, caplog):
    await customer_of(world, "lilei", "莲花峰秘密有限公司")
    caplog.set_level(logging.INFO, logger="dougong")
    before = _times()
    async with world.acting("wangfang"):
        for _n in range(3):
            assert await customers_named_like("莲花峰")
    assert _times() == before + 3
    lines = [record.getMessage() for record in caplog.records if SIMILAR in record.getMessage()]
    assert lines.count(f"the opening {SIMILAR} is used by account {world.users['wangfang']}") == 3
    assert "莲花峰" not in caplog.text


def _times():
    known = system_reasons().get(f"the opening {SIMILAR}")
    return known.times if known else 0


# ---------------------------------------------------------------------- who refers to a record


async def test_a_refused_deletion_counts_also_what_one_may_not_see(world):
    mine = await customer_of(world, "wangfang", "莲花峰引用有限公司")
    async with world.acting("admin"):
        await desk.create(Contact, {"name": "甲", "customer": mine.id, "owner": world.staff["lilei"]})
        await desk.create(Visit, {"purpose": "看", "customer": mine.id, "planned_for": mine.created})
    async with world.acting("wangfang"):
        assert await refusal_of(mine) == "无法删除：有 1 联系人, 1 拜访 引用了它。"


async def test_a_module_that_is_switched_off_is_not_named(world):
    mine = await customer_of(world, "wangfang", "莲花峰停用有限公司")
    async with world.acting("admin"):
        for _n in range(2):
            await desk.create(Visit, {"purpose": "看", "customer": mine.id, "planned_for": mine.created})
        await disable("visits")
    try:
        async with world.acting("wangfang"):
            assert await refusal_of(mine) == "无法删除：有 2 条已停用模块的记录 引用了它。"
    finally:
        async with world.acting("admin"):
            await enable("visits")


async def test_a_record_that_refers_twice_is_one_and_many_are_not_counted_out(world, monkeypatch):
    one, other = [await customer_of(world, "wangfang", f"莲花峰{name}有限公司") for name in ("甲", "乙")]
    async with world.acting("wangfang"):
        await desk.create(CustomerRelation, {"customer": one.id, "relation": "partner_of", "related": other.id})
        record_type = desk.type_of(Customer)
        for asked in ([one.id, other.id], [one.id], [other.id]):
            assert await references.where_used(record_type, asked) == "1 客户关系"
        await desk.create(CustomerRelation, {"customer": other.id, "relation": "partner_of", "related": one.id})
        monkeypatch.setattr(references, "MOST", 1)
        assert await references.where_used(record_type, [one.id, other.id]) == "1+ 客户关系"


async def test_what_the_house_keeps_about_people_has_no_table_names(world):
    async with world.acting("admin"):
        theirs = await Staff.objects().get(Staff.id == world.staff["zhaomin"])
        assert "关于账号和权限的资料" in await refusal_of(theirs)
        assert "people_" not in await refusal_of(theirs)


async def refusal_of(record):
    with pytest.raises(Refused) as refused:
        await desk.remove(record)
    return str(refused.value)


async def test_whoever_tries_out_deletions_is_stopped(world):
    mine = await customer_of(world, "wangfang", "莲花峰试探有限公司")
    async with world.acting("wangfang"):
        await desk.create(Contact, {"name": "乙", "customer": mine.id})
        for _n in range(30):
            await refusal_of(mine)
        with pytest.raises(AskedTooOften):
            await desk.remove(mine)
        assert await Customer.exists().where(Customer.id == mine.id)


# ---------------------------------------------------------------------- what needs no opening


@pytest.mark.parametrize("field", ["staff.department", "staff.active", "department.parent", "department.active"])
async def test_what_the_house_stands_on_is_held_back_by_no_role(world, field):
    async with world.acting("admin"):
        roles = await make_standard_roles()
        with pytest.raises(Invalid):
            await set_fields(roles["sales"], {field: "hidden"})
