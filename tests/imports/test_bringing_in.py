"""A file becomes records: read as it was meant, refused by line, tried without writing, the same again changes nothing."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.imports import services
from dougong.people.tables import Department, Staff
from dougong.records import desk
from dougong.testing.app import Company
from dougong_customers.tables import Contact, Customer, Interaction

from .conftest import brought_in, received, tried

FILE = """客户名称,Employees,Founded in,E-mail,备注
蓝海科技有限公司,"1,200",1998,a@blue.example,
Blue & Co,12,2001,,named as no form would take it
红山贸易有限公司,many,1987,,
,5,1990,,nobody
"""


@pytest.fixture
async def admin(company: Company):
    async with company.world.acting("admin") as principal:
        yield principal


def sums(**counts: int) -> dict[str, int]:
    return {**dict.fromkeys(("created", "updated", "unchanged", "skipped", "failed"), 0), **counts}


async def test_lines_become_records_and_what_is_wrong_with_one_is_told_by_line(admin):
    import_ = await received("customers", FILE)
    assert {c.field for c in import_.mapping.steps[0].columns} == {"name", "employees", "founded", "email", "remark"}
    assert await tried(import_) == sums(created=2, failed=2)
    assert await Customer.count().where(Customer.name == "蓝海科技有限公司") == 0
    assert await brought_in(import_) == sums(created=2, failed=2)
    blue = await Customer.objects().where(Customer.name == "蓝海科技有限公司").first()
    assert (blue.employees, blue.founded, blue.email) == (1200, 1998, "a@blue.example")
    notes = await services.notes_of(await services.import_at(import_.id), tried=False)
    assert [(n.line, n.problems[0].field, n.problems[0].value) for n in notes] == [
        (4, "employees", "many"),
        (5, "name", None),
    ]


async def test_the_same_file_again_changes_nothing_and_a_corrected_one_only_what_was_corrected(admin):
    def keep_up(mapping):
        mapping["steps"][0]["existing"] = "update"

    await brought_in(await received("customers", FILE, arranged=keep_up))
    again = await received("customers", FILE, arranged=keep_up)
    assert await tried(again) == await brought_in(again) == sums(unchanged=2, failed=2)
    better = FILE.replace("many", "30").replace("12,2001", "13,2001")
    corrected = await received("customers", better, arranged=keep_up)
    assert await tried(corrected) == await brought_in(corrected) == sums(created=1, updated=1, unchanged=1, failed=1)


async def test_a_value_stands_for_another_and_names_differ_by_more_than_case_and_width(admin):
    file = "account,level\nＡcme  Corp,grade a\nACME Corp,B\nAcme Corporation,B\n"

    def told(mapping):
        [step] = mapping["steps"]
        step["columns"] = [
            {"heading": "account", "field": "name"},
            {"heading": "level", "field": "level", "values": {"Grade A": "key", "B": "Small"}},
        ]
        step["match"] = ["name"]

    import_ = await received("customers", file, arranged=told)
    assert await tried(import_) == await brought_in(import_) == sums(created=2, skipped=1)
    rows = await Customer.select(Customer.name, Customer.level).where(Customer.name.like("%cme%")).order_by(Customer.id)
    assert [row["level"] for row in rows] == ["key", "small"]


async def test_departments_their_heads_and_staff_come_from_one_sheet(admin):
    """Three offices, a team under an office for each manager, who heads it, and the agents in the teams."""
    file = "sales_agent,manager,regional_office\nAnn,Dustin,Central\nBob,Dustin,Central\nCid,Melvin,West\n"
    office, manager, agent = (
        {"heading": heading, "field": field}
        for heading, field in (("regional_office", "name"), ("manager", "name"), ("sales_agent", "name"))
    )
    under = {"heading": "regional_office", "field": "parent"}
    team = {"heading": "manager", "field": "department"}
    lead = {"heading": "manager", "field": "head"}

    def told(mapping):
        mapping["steps"] = [
            {"record": "departments", "columns": [office], "match": ["name"]},
            {"record": "departments", "columns": [manager, under], "match": ["name"]},
            {"record": "staff", "columns": [manager, team], "match": ["name"]},
            {"record": "departments", "columns": [manager, lead], "match": ["name"], "existing": "update"},
            {"record": "staff", "columns": [agent, team], "match": ["name"]},
        ]

    import_ = await received("staff", file, arranged=told)
    expected = sums(created=2 + 2 + 2 + 3, skipped=1 + 1 + 1, updated=2, unchanged=1)
    assert await tried(import_) == expected
    assert await Department.count().where(Department.name == "Central") == 0
    assert await brought_in(import_) == expected
    rows = await Staff.select(
        Staff.name, Staff.department.name, Staff.department.parent.name, Staff.department.head.name
    )
    found = {row["name"]: row for row in rows}
    assert found["Bob"]["department.name"] == found["Bob"]["department.head.name"] == "Dustin"
    assert found["Cid"]["department.parent.name"] == "West"


async def test_a_customer_may_refer_to_one_further_down_and_contacts_come_in_the_same_line(admin):
    file = "公司,姓名,手机\n东方一号有限公司,张一,13800000001\n东方一号有限公司,张二,13800000002\n"

    def told(mapping):
        mapping["steps"] = [
            {"record": "customers", "columns": [{"heading": "公司", "field": "name"}], "match": ["name"]},
            {
                "record": "contacts",
                "columns": [
                    {"heading": "公司", "field": "customer"},
                    {"heading": "姓名", "field": "name"},
                    {"heading": "手机", "field": "mobile"},
                ],
                "match": ["customer", "name"],
            },
        ]

    import_ = await received("customers", file, arranged=told)
    assert await tried(import_) == await brought_in(import_) == sums(created=3, skipped=1)
    rows = await Contact.select(Contact.name).where(Contact.customer.name == "东方一号有限公司").order_by(Contact.id)
    assert [row["name"] for row in rows] == ["张一", "张二"]


async def test_whoever_may_not_bring_records_in_is_refused(company):
    from dougong.errors import Forbidden

    async with company.world.acting("zhaomin"):
        with pytest.raises(Forbidden):
            await received("customers", FILE)


async def test_a_name_no_form_would_take_comes_in_and_is_told(admin):
    import_ = await received("customers", FILE)
    await brought_in(import_)
    [note] = await services.notes_of(await services.import_at(import_.id), tried=False, outcomes=("warned",))
    assert (note.line, note.problems[0].field, note.problems[0].value) == (3, "name", "Blue & Co")
    assert await Customer.count().where(Customer.name == "Blue & Co") == 1


async def test_a_name_that_several_have_is_fine_where_it_stands_already(admin):
    one, two = await desk.create_many(Customer, [{"name": "同名甲有限公司"}, {"name": "同名乙有限公司"}])
    mary, _other = await desk.create_many(
        Contact, [{"name": "王敏", "customer": one}, {"name": "王敏", "customer": two}]
    )
    said = [
        {"customer": c, "contact": who, "text": "你好", "happened_at": dt.datetime(2026, 3, 4, tzinfo=dt.UTC)}
        for c, who in ((one, mary), (two, None))
    ]
    first, second = await desk.create_many(Interaction, said)

    def told(mapping):
        mapping["steps"] = [
            {
                "record": "interactions",
                "columns": [{"heading": "ID", "field": "id"}, {"heading": "联系人", "field": "contact"}],
                "match": ["id"],
                "existing": "update",
            }
        ]

    import_ = await received("interactions", f"ID,联系人\n{first},王敏\n{second},王敏\n", arranged=told)
    assert await tried(import_) == await brought_in(import_) == sums(unchanged=1, failed=1)
