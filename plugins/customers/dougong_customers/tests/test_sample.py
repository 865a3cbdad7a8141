"""The sample customers: the same every time, well written, and at most a year old."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from dougong.access.principal import acting_as, system
from dougong.i18n import today
from dougong.records.change_log import ChangeLog
from dougong_customers import lookups, sample
from dougong_customers.names import charset_problem
from dougong_customers.sample.company import sample_customers, with_check_digit
from dougong_customers.tables import Contact, CoOwnerRequest, Customer, Interaction, Participant

TODAY = dt.date(2028, 2, 29)
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def made():
    return sample_customers(200, TODAY, ZONE)


def test_the_same_day_gives_the_same_customers(made):
    assert made == sample_customers(200, TODAY, ZONE)
    assert made != sample_customers(200, TODAY, ZONE, seed=1)


def test_names_differ_and_follow_the_name_rule(made):
    names = [customer.values["name"] for customer in made]
    assert len(set(names)) == 200
    assert names[0] == "杭州宏远机械有限公司"
    assert not [name for name in names if charset_problem(name)]


def test_everything_happened_within_the_last_year_and_nothing_after_today(made):
    moments = [i.values["happened_at"] for c in made for i in c.interactions] + [c.values["created"] for c in made]
    days = {moment.astimezone(ZONE).date() for moment in moments}
    assert max(days) <= TODAY
    assert min(days) > TODAY - dt.timedelta(days=366)
    assert (max(days) - min(days)).days > 300


def test_the_last_contact_is_the_last_interaction(made):
    for customer in made:
        last = max(i.values["happened_at"] for i in customer.interactions)
        assert customer.values["last_contacted"] == last.astimezone(ZONE).date()


def test_both_kinds_and_every_state_are_there(made):
    assert {c.values["kind"] for c in made} == {"channel", "end"}
    assert {c.state for c in made} == {"draft", "submitted", "approved"}


def test_values_are_options_of_their_lists_and_fit_their_columns(made):
    rows = [(Customer, c.values) for c in made]
    rows += [(Contact, p.values) for c in made for p in c.contacts] + [
        (Interaction, i.values) for c in made for i in c.interactions
    ]
    for table, values in rows:
        for key, value in values.items():
            column = table._meta.get_column_by_name(key)
            options = getattr(column, "options", None)
            assert options is None or value is None or value in {o.key for o in options.options}, (key, value)
            length = getattr(column, "length", None)
            assert not length or value is None or len(value) <= length, (key, value)


def test_a_credit_code_ends_with_its_check_character():
    assert with_check_digit("91350100M000100Y4") == "91350100M000100Y43"


def test_the_lists_of_choices_the_administrator_keeps_are_all_there():
    asked_for = ["source", "relation", "status", "intent", "kind", "level"]
    wanted = {f"customer_{name}" for name in asked_for} | {"hot_topic", "interaction_type"}
    assert wanted <= {lookup.name for lookup in lookups.LOOKUPS}


def test_every_list_of_choices_has_options_with_different_keys():
    for lookup in lookups.LOOKUPS:
        keys = [option.key for option in lookup.options]
        assert keys
        assert len(keys) == len(set(keys)), lookup.name


@pytest.mark.asyncio(loop_scope="module")
async def test_the_sample_company_gets_two_hundred_customers_with_their_history(world):
    async with world.acting("admin"):
        await sample.customers()
        assert await Customer.count() == 200
        assert await Contact.count() >= 200
        assert await Interaction.count() >= 400
        assert {row["state"] for row in await Customer.select(Customer.state)} == {"draft", "submitted", "approved"}
        assert await Customer.count().where(Customer.former_names != "") == len(sample.RENAMED)
        assert await Participant.count() > 0
        asked = CoOwnerRequest.select(CoOwnerRequest.customer).output(as_list=True)
        assert len([customer for customer in await asked if customer]) == len(sample.ASKED_FOR)
        first = await Customer.objects().order_by(Customer.id).first()
        assert first.name == "杭州宏远机械有限公司"
        assert first.owner == world.staff["wangfang"]
        assert first.created.astimezone(ZONE).date() < today() - dt.timedelta(days=300)
    with acting_as(system("look at what the tests logged")):
        logged = ChangeLog.select(ChangeLog.verb).where(
            (ChangeLog.record == "customer") & (ChangeLog.record_id == first.id)
        )
        assert [row["verb"] for row in await logged.order_by(ChangeLog.id)] == ["create", "update", "update", "share"]


@pytest.mark.asyncio(loop_scope="module")
async def test_three_people_see_the_sample_differently(world):
    seen = {}
    for who in ("wangfang", "lilei", "zhaomin"):
        async with world.acting(who) as person:
            rows = await Customer.select(Customer.owner, Customer.credit_limit)
            seen[who] = len(rows)
            if who == "wangfang":
                shared = [row for row in rows if row["owner"] != person.staff]
                assert 0 < len(shared) < len(rows)
            if who == "zhaomin":
                assert {row["credit_limit"] for row in rows} == {None}
    assert 0 < seen["wangfang"] < seen["zhaomin"] < seen["lilei"] < 200
