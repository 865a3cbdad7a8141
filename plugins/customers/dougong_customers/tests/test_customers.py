"""What people do with customers, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.errors import Forbidden, Invalid, NotFound, Refused
from dougong.i18n import company_zone, today
from dougong.plugin.lookups import add_option, change_option
from dougong.plugin.settings import change_settings
from dougong.records import desk
from dougong_customers import reports
from dougong_customers.services import Match, customers_named_like, log_interaction
from dougong_customers.tables import Contact, Customer, CustomerRelation, Interaction, Participant

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def customer_of(world, who, name, **values):
    async with world.acting(who):
        return await desk.create(Customer, {"name": name, **values})


async def submitted(world, who, name, **values):
    customer = await customer_of(world, who, name, **values)
    async with world.acting(who):
        return await desk.move(customer, "submitted")


# --- creating: M5, M15


async def test_a_name_alone_makes_a_draft_of_the_default_kind_owned_by_whoever_wrote_it(world):
    customer = await customer_of(world, "wangfang", "云岭起重机械有限公司")
    assert (customer.state, customer.kind, customer.owner) == ("draft", "end", world.staff["wangfang"])
    async with world.acting("lilei"):
        assert (await desk.get(Customer, customer.id)).department == customer.department


async def test_a_customer_needs_a_name(world):
    with pytest.raises(Invalid) as refused:
        await customer_of(world, "wangfang", "  ")
    assert [p.field for p in refused.value.problems] == ["name"]


async def test_sending_back_asks_for_a_reason_and_leaves_a_draft(world):
    customer = await submitted(world, "wangfang", "云岭起重设备有限公司")
    async with world.acting("lilei"):
        with pytest.raises(Invalid):
            await desk.move(customer, "draft")
        assert (await desk.move(customer, "draft", why="缺少地址")).state == "draft"


async def test_a_salesperson_cannot_approve(world):
    customer = await submitted(world, "wangfang", "云岭升降设备有限公司")
    async with world.acting("wangfang"):
        with pytest.raises(Forbidden):
            await desk.move(customer, "approved")


# --- kinds: M1


async def test_a_channel_customer_cannot_be_approved_without_a_related_customer(world):
    channel = await submitted(world, "wangfang", "云岭渠道商贸有限公司", kind="channel")
    end = await customer_of(world, "wangfang", "云岭终端用户有限公司")
    async with world.acting("lilei"):
        with pytest.raises(Refused, match="关联客户"):
            await desk.move(channel, "approved")
        await desk.create(CustomerRelation, {"customer": channel.id, "relation": "dealer_of", "related": end.id})
        assert (await desk.move(channel, "approved")).state == "approved"


async def test_a_relation_written_on_the_other_customer_counts_as_well(world):
    channel = await submitted(world, "wangfang", "云岭二级渠道有限公司", kind="channel")
    maker = await customer_of(world, "wangfang", "云岭制造有限公司")
    async with world.acting("lilei"):
        await desk.create(CustomerRelation, {"customer": maker.id, "relation": "supplier_of", "related": channel.id})
        assert (await desk.move(channel, "approved")).state == "approved"


async def test_an_end_customer_is_approved_without_relations(world):
    customer = await submitted(world, "wangfang", "云岭独立用户有限公司")
    async with world.acting("lilei"):
        assert (await desk.move(customer, "approved")).state == "approved"


async def test_a_customer_is_not_related_to_itself(world):
    customer = await customer_of(world, "wangfang", "云岭自连有限公司")
    async with world.acting("wangfang"):
        with pytest.raises(Invalid, match="自己"):
            await desk.create(
                CustomerRelation, {"customer": customer.id, "relation": "partner_of", "related": customer.id}
            )


# --- names: M2


@pytest.mark.parametrize("door", ["form", "api", "service"])
async def test_a_forbidden_character_is_refused_and_named(world, door):
    async with world.acting("wangfang", door=door):
        with pytest.raises(Invalid, match="“&”") as refused:
            await desk.create(Customer, {"name": "Gecko & Sons"})
    assert [p.field for p in refused.value.problems] == ["name"]


async def test_an_import_lets_it_in_and_later_changes_of_other_fields_do_not_trip_over_it(world):
    async with world.acting("wangfang", door="import"):
        customer = await desk.create(Customer, {"name": "Blue-Plus"})
    async with world.acting("wangfang", door="form"):
        customer = await desk.change(customer, {"city": "杭州"})
        with pytest.raises(Invalid, match="“-”"):
            await desk.change(customer, {"name": "Blue-Plus 2"})
        assert (await desk.change(customer, {"name": "Blue Plus 2"})).name == "Blue Plus 2"


async def test_the_severity_at_each_door_is_a_setting(world):
    async with world.acting("admin"):
        await change_settings("customers", {"name_rule_in_forms": "allow", "name_rule_in_imports": "refuse"})
    try:
        async with world.acting("wangfang", door="form"):
            await desk.create(Customer, {"name": "Red-Plus"})
        async with world.acting("wangfang", door="import"):
            with pytest.raises(Invalid):
                await desk.create(Customer, {"name": "Green-Plus"})
    finally:
        async with world.acting("admin"):
            await change_settings("customers", {"name_rule_in_forms": "refuse", "name_rule_in_imports": "warn"})


# --- pre-check: M3


async def test_the_precheck_shows_colleagues_customers_by_name_and_owner_only(world):
    theirs = await customer_of(world, "lilei", "青龙湾船舶有限公司", phone="0571-55501234")
    async with world.acting("wangfang"):
        assert await customers_named_like("青龙湾") == [Match("青龙湾船舶有限公司", "李雷")]
        with pytest.raises(NotFound):
            await desk.get(Customer, theirs.id)


async def test_the_precheck_shows_five_at_most_those_that_begin_so_first(world):
    for name in ("老鹰岭一厂", "老鹰岭二厂", "老鹰岭三厂", "老鹰岭四厂", "新老鹰岭厂", "大老鹰岭厂"):
        await customer_of(world, "lilei", name)
    async with world.acting("wangfang"):
        found = [match.name for match in await customers_named_like("老鹰岭")]
    assert len(found) == 5
    assert set(found[:4]) == {"老鹰岭一厂", "老鹰岭二厂", "老鹰岭三厂", "老鹰岭四厂"}


@pytest.mark.parametrize("typed", ["", "老", "%%", "__", "有限公司", "' OR 1=1 --"])
async def test_the_precheck_does_not_list_everything(world, typed):
    async with world.acting("wangfang"):
        assert await customers_named_like(typed) == []


async def test_the_precheck_takes_no_notice_of_case_and_legal_form(world):
    await customer_of(world, "lilei", "Falconridge Optics Co., Ltd.")
    async with world.acting("wangfang"):
        assert [match.name for match in await customers_named_like("FALCONRIDGE OPTICS LIMITED")] == [
            "Falconridge Optics Co., Ltd."
        ]


# --- contacts: M7


async def test_contacts_of_one_customer_have_owners_of_their_own(world):
    customer = await customer_of(world, "wangfang", "石桥联系人有限公司")
    async with world.acting("wangfang"):
        mine = await desk.create(
            Contact, {"name": "沈洁", "customer": customer.id, "birthday": dt.date(1990, 5, 1), "hobbies": "登山"}
        )
        other = await desk.create(Contact, {"name": "潘勇", "customer": customer.id, "owner": world.staff["sunhao"]})
        assert mine.owner == world.staff["wangfang"]
        assert other.owner == world.staff["sunhao"]
        assert await Contact.count().where(Contact.customer == customer.id) == 2
    async with world.acting("zhaomin"):
        assert await Contact.count().where(Contact.customer == customer.id) == 2


async def test_contacts_of_a_customer_one_cannot_see_stay_unseen(world):
    customer = await customer_of(world, "lilei", "石桥隐藏有限公司")
    async with world.acting("lilei"):
        contact = await desk.create(Contact, {"name": "韩冬", "customer": customer.id})
    async with world.acting("wangfang"):
        with pytest.raises(NotFound):
            await desk.get(Contact, contact.id)
        with pytest.raises(Invalid):
            await desk.create(Contact, {"name": "韩春", "customer": customer.id})


async def test_customer_service_sees_no_money(world):
    customer = await customer_of(world, "wangfang", "石桥授信有限公司", credit_limit=5_000_000)
    async with world.acting("zhaomin"):
        assert (await desk.get(Customer, customer.id)).credit_limit is None
    async with world.acting("lilei"):
        assert (await desk.get(Customer, customer.id)).credit_limit == 5_000_000


# --- lists of choices: M8


async def test_the_administrator_adds_a_kind_and_switches_one_off(world):
    record = desk.type_of(Customer)
    async with world.acting("admin"):
        key = await add_option("customer_kind", "政府客户")
        customer = await desk.create(Customer, {"name": "石桥政府", "kind": key})
        assert customer.kind == key
        await change_option("customer_kind", key, active=False)
    assert key not in {option.key for option in record.fields["kind"].options}
    assert "政府客户" in {str(option.label) for option in record.fields["kind"].every_option}


async def test_only_who_keeps_the_lists_may_change_them(world):
    async with world.acting("wangfang"):
        with pytest.raises(Forbidden):
            await add_option("customer_source", "短视频")


# --- interactions


async def test_an_interaction_notes_the_day_of_the_last_contact(world):
    customer = await customer_of(world, "wangfang", "柳塘交流有限公司")
    async with world.acting("wangfang"):
        made = await log_interaction(customer.id, "visit", "看了现场", next_step="报价")
        assert made.owner == world.staff["wangfang"]
        assert (await desk.get(Customer, customer.id)).last_contacted == today()


async def test_an_older_interaction_and_one_still_to_come_are_no_news(world):
    customer = await customer_of(world, "wangfang", "柳塘往来有限公司")
    moment = dt.datetime.combine(today() - dt.timedelta(days=3), dt.time(9), company_zone())
    async with world.acting("wangfang"):
        await log_interaction(customer.id, "call", "三天前", happened_at=moment)
        await log_interaction(customer.id, "call", "十天前", happened_at=moment - dt.timedelta(days=7))
        await log_interaction(customer.id, "visit", "约好下周", happened_at=moment + dt.timedelta(days=10))
        assert (await desk.get(Customer, customer.id)).last_contacted == moment.date()


async def test_who_took_part_is_on_record_contacts_and_colleagues(world):
    customer = await customer_of(world, "wangfang", "柳塘会议有限公司")
    async with world.acting("wangfang"):
        people = await desk.create_many(Contact, [{"name": n, "customer": customer.id} for n in ("郁文", "陶然")])
        colleagues = [world.staff["sunhao"], world.staff["fengyuan"]]
        made = await log_interaction(customer.id, "meeting", "方案评审", contacts=people, colleagues=colleagues)
        took_part = Participant.select(Participant.name).where(Participant.interaction == made.id)
        assert {row["name"] for row in await took_part} == {"郁文", "陶然", "孙浩", "冯远"}
        with pytest.raises(Invalid):
            await log_interaction(customer.id, "meeting", "无此人", contacts=[10**9])
        assert await Interaction.count().where(Interaction.customer == customer.id) == 1
    async with world.client("wangfang") as http:
        assert "陶然" in (await http.get(f"/interactions/{made.id}?tab=participants.interaction")).text


async def test_a_planned_contact_that_happened_is_waited_for_no_more(world):
    customer = await customer_of(world, "wangfang", "柳塘计划有限公司", next_follow_up=today() - dt.timedelta(days=1))
    later = await customer_of(world, "wangfang", "柳塘后续有限公司", next_follow_up=today() + dt.timedelta(days=3))
    async with world.acting("wangfang"):
        assert "柳塘计划有限公司" in {row.label for row in await reports.customers_to_follow_up()}
        for one in (customer, later):
            await log_interaction(one.id, "call", "按计划回访")
        assert "柳塘计划有限公司" not in {row.label for row in await reports.customers_to_follow_up()}
        assert (await desk.get(Customer, later.id)).next_follow_up == today() + dt.timedelta(days=3)


async def test_customer_service_logs_interactions_with_customers_it_may_not_change(world):
    customer = await customer_of(world, "wangfang", "柳塘服务有限公司")
    async with world.acting("zhaomin"):
        await log_interaction(customer.id, "call", "回访")
        seen = await desk.get(Customer, customer.id)
        assert seen.last_contacted == today()
        with pytest.raises(Forbidden):
            await desk.change(seen, {"remark": "x"})
    async with world.acting("wangfang"):
        assert await Interaction.count().where(Interaction.customer == customer.id) == 1


async def test_a_customer_others_refer_to_is_not_deleted(world):
    customer = await customer_of(world, "wangfang", "柳塘被引用有限公司")
    async with world.acting("wangfang"):
        await desk.create(Contact, {"name": "杜鹃", "customer": customer.id})
        with pytest.raises(Refused, match="联系人"):
            await desk.remove(customer)
