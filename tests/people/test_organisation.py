"""Departments, staff, operators: what follows when they change."""

from __future__ import annotations

import pytest

from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import assign_roles, create_role, set_grants, set_rights, share_record
from dougong.access.tables import Share
from dougong.errors import Forbidden, Invalid, Refused
from dougong.people.errors import AlreadyOperator, OwnSuperior, StillInUse
from dougong.people.services import (
    account_of,
    accounts_of,
    add_department,
    add_staff,
    deactivate_department,
    deactivate_staff,
    departments,
    make_operator,
    merge_department,
    move_department,
    move_staff,
    reactivate_department,
    reactivate_staff,
    remove_operator,
    rename_department,
    reset_password,
)
from dougong.people.sign_in import create_token, end_sessions
from dougong.people.tables import Department, Position, Staff
from dougong.records import desk
from dougong.records.change_log import ChangeLog


@pytest.fixture
async def keeper(company):
    """Somebody of human resources: keeps the organisation, and sees no visit."""
    with acting_as(system("test")):
        staff = await company.person("赵敏")
    await company.account("zhaomin", "hr", staff=staff)
    return company


async def departments_of_visits(company):
    with acting_as(system("test")):
        return {row["name"]: row["department"] for row in await company.visits.select()}


# ------------------------------------------------------------------ departments


async def test_departments_stand_in_the_order_they_were_added(keeper):
    with acting_as(await keeper.as_("zhaomin")):
        await add_department("west", keeper.departments["head office"])
        rows = await Department.select(Department.name, Department.place).where(
            Department.parent == keeper.departments["head office"]
        )
    assert {row["name"]: row["place"] for row in rows} == {"north": 1, "south": 2, "west": 3}


async def test_renaming_keeps_the_place_and_writes_history(keeper):
    with acting_as(await keeper.as_("zhaomin")):
        renamed = await rename_department(await keeper.department("north"), "北方区")
        assert (renamed.name, renamed.parent, renamed.title_initials) == (
            "北方区",
            keeper.departments["head office"],
            "bfq",
        )
    with acting_as(system("test")):
        last = await ChangeLog.select().order_by(ChangeLog.id, ascending=False).first()
    assert (last["record"], last["verb"], last["by_user"]) == ("department", "update", keeper.users["zhaomin"])


@pytest.mark.parametrize("door", ["service", "desk"])
async def test_a_department_never_reports_to_itself(keeper, door):
    with acting_as(await keeper.as_("zhaomin")):
        top, north = await keeper.department("head office"), await keeper.department("north")
        team = await add_department("team", north.id)
        for department, parent in [(north, north.id), (north, team.id), (top, team.id)]:
            with pytest.raises(OwnSuperior):
                if door == "service":
                    await move_department(department, parent)
                else:
                    await desk.change(department, {"parent": parent})
        assert (await move_department(team, top.id)).parent == top.id


async def test_a_department_in_use_is_neither_deactivated_nor_deleted(keeper):
    with acting_as(await keeper.as_("zhaomin")):
        for name in ("head office", "north"):
            with pytest.raises(StillInUse):
                await deactivate_department(await keeper.department(name))
        with pytest.raises(Refused, match="2"):
            await desk.remove(await keeper.department("north"))


async def test_a_deactivated_department_stays_and_can_not_be_chosen(keeper):
    with acting_as(await keeper.as_("zhaomin")):
        west = await add_department("west")
        await deactivate_department(west)
        with pytest.raises(Invalid):
            await add_staff("new", west.id)
        await reactivate_department(await desk.get(Department, west.id))
        assert (await add_staff("new", west.id)).department == west.id


async def test_merging_brings_people_departments_records_and_rights_along(keeper):
    north, south = keeper.departments["north"], keeper.departments["south"]
    await keeper.visit_of("王芳")
    lost = await keeper.visit_of("李雷", department=north)
    with acting_as(system("test")):
        role = await create_role("chosen")
        await set_grants(role, {("ppl_visit", "read"): Grant(frozenset({"chosen"}), (north,))})
        await share_record("ppl_visit", lost, department=north)
        team = await add_department("team", north)
    with acting_as(await keeper.as_("zhaomin")):
        merged = await merge_department(await keeper.department("north"), await keeper.department("south"))
        assert not merged.active
        assert {row["department"] for row in await Staff.select()} == {south}
        assert (await desk.get(Department, team.id)).parent == south
    assert set((await departments_of_visits(keeper)).values()) == {south}
    await keeper.account("visitor")
    with acting_as(system("test")):
        await assign_roles(keeper.users["visitor"], [role])
        assert await Share.select(Share.department).output(as_list=True) == [south]
    with acting_as(await keeper.as_("visitor")):
        assert await keeper.visits.count() == 2


async def test_merging_is_one_batch_and_all_or_nothing(keeper, monkeypatch):
    await keeper.visit_of("王芳")

    async def fails(*_arguments):
        raise Refused

    with acting_as(await keeper.as_("zhaomin")):
        with monkeypatch.context() as broken:
            broken.setattr(departments, "_replace_in_rights", fails)
            with pytest.raises(Refused):
                await merge_department(await keeper.department("north"), await keeper.department("south"))
        assert (await keeper.person("王芳")).department == keeper.departments["north"]
        assert (await departments_of_visits(keeper)) == {"visit of 王芳": keeper.departments["north"]}
        await merge_department(await keeper.department("north"), await keeper.department("south"))
    with acting_as(system("test")):
        last = await ChangeLog.select(ChangeLog.batch).order_by(ChangeLog.id, ascending=False).first()
        rows = await ChangeLog.select().where(ChangeLog.batch == last["batch"])
    assert {row["record"] for row in rows} == {"department", "staff", "ppl_visit"}
    assert {row["by_user"] for row in rows} == {keeper.users["zhaomin"]}


async def test_a_department_can_be_merged_into_one_that_reports_to_it(keeper):
    with acting_as(await keeper.as_("zhaomin")):
        await merge_department(await keeper.department("head office"), await keeper.department("north"))
        assert (await keeper.department("north")).parent is None
        assert (await keeper.department("south")).parent == keeper.departments["north"]


# ------------------------------------------------------------------ staff


async def test_records_follow_their_owner_into_another_department(keeper):
    await keeper.visit_of("王芳")
    elsewhere = await keeper.visit_of("王芳", name="elsewhere", department=keeper.departments["head office"])
    await keeper.visit_of("赵敏")
    with acting_as(await keeper.as_("zhaomin")):
        assert await keeper.visits.count() == 0
        await move_staff(await keeper.person("王芳"), keeper.departments["south"])
    found = await departments_of_visits(keeper)
    assert found == {
        "visit of 王芳": keeper.departments["south"],
        "elsewhere": keeper.departments["head office"],
        "visit of 赵敏": keeper.departments["north"],
    }
    assert elsewhere


async def test_records_stay_when_told_to(keeper):
    await keeper.visit_of("王芳")
    with acting_as(await keeper.as_("zhaomin")):
        await move_staff(await keeper.person("王芳"), keeper.departments["south"], take_records=False)
    assert await departments_of_visits(keeper) == {"visit of 王芳": keeper.departments["north"]}


async def test_moving_changes_what_is_seen_on_the_next_request(company):
    with acting_as(system("test")):
        staff = await company.person("李雷")
        role = await create_role("department")
        await set_grants(role, {("ppl_visit", "read"): Grant(frozenset({"department"}))})
    await company.account("lilei", staff=staff)
    with acting_as(system("test")):
        await assign_roles(company.users["lilei"], [role])
    await company.visit_of("王芳")
    for department, seen in [("north", 1), ("south", 0)]:
        with acting_as(system("test")):
            await desk.change(await company.person("李雷"), {"department": company.departments[department]})
        with acting_as(await company.as_("lilei")):
            assert await company.visits.count() == seen


async def test_who_left_stays_and_may_come_back(keeper):
    with acting_as(await keeper.as_("zhaomin")):
        gone = await deactivate_staff(await keeper.person("王芳"))
        assert not gone.active
        assert (await reactivate_staff(gone)).active


async def test_everybody_reads_the_directory_and_only_keepers_write_it(company):
    await company.account("somebody")
    with acting_as(await company.as_("somebody")):
        assert await Staff.count() == 3
        assert await Department.count() == 3
        for refused in (
            add_department("x"),
            add_staff("x", company.departments["north"]),
            move_staff(await company.person("王芳"), company.departments["south"]),
            deactivate_staff(await company.person("王芳")),
            desk.create(Position, {"name": "x"}),
            make_operator(await company.person("王芳"), "wangfang"),
            remove_operator(company.users["root"]),
            reset_password(company.users["root"]),
            accounts_of([1]),
        ):
            with pytest.raises(Forbidden):
                await refused


# ------------------------------------------------------------------ operators


async def test_staff_become_operators_and_stop_being_one_and_their_record_stays(keeper):
    with acting_as(await keeper.as_("zhaomin")):
        staff = await keeper.person("王芳")
        assert await account_of(staff.id) is None
        assert await make_operator(staff, "wangfang")
        account = await account_of(staff.id)
        assert (account.name, account.staff, account.active) == ("wangfang", staff.id, True)
        assert set(await accounts_of(keeper.staff.values())) == {staff.id, keeper.staff["赵敏"]}
        with pytest.raises(AlreadyOperator):
            await make_operator(staff, "second")
        await remove_operator(account.user)
        assert (await keeper.person("王芳")).active
        assert await make_operator(staff, "wangfang")


@pytest.mark.parametrize("name", ["", "x", "two words", "ROOT", "ｒｏｏｔ", "a" * 41, "tab\tname", "null\x00name"])
async def test_a_user_name_that_can_not_be_used_is_refused(keeper, name):
    with acting_as(await keeper.as_("zhaomin")), pytest.raises(Invalid) as refused:
        await make_operator(await keeper.person("王芳"), name)
    assert [p.field for p in refused.value.problems] == ["name"]


async def test_who_keeps_accounts_is_no_match_for_an_administrator(keeper):
    with acting_as(await keeper.as_("zhaomin")):
        for refused in (reset_password(keeper.users["root"]), remove_operator(keeper.users["root"])):
            with pytest.raises(Forbidden):
                await refused


async def test_nor_for_somebody_with_a_right_about_the_whole_house(keeper):
    """Who could set their password would hold that right too."""
    with acting_as(system("test")):
        power = await create_role("power")
        await set_rights(power, ["roles.manage"])
        person = await keeper.person("王芳")
    fang = await keeper.account("fang", "hr", staff=person)
    with acting_as(await keeper.as_("zhaomin")):
        assert await reset_password(fang)
    with acting_as(system("test")):
        await assign_roles(fang, [power])
    with acting_as(await keeper.as_("zhaomin")):
        for attack in (
            reset_password(fang),
            create_token(fang),
            end_sessions(fang),
            create_token(keeper.users["root"]),
            deactivate_staff(person),
            remove_operator(fang),
        ):
            with pytest.raises(Forbidden):
                await attack
        assert (await keeper.person("王芳")).active
        assert await create_token(keeper.users["zhaomin"])
    with acting_as(await keeper.as_("root")):
        assert await create_token(fang)
        assert not (await deactivate_staff(person)).active


async def test_the_last_administrator_works_here(keeper):
    with acting_as(system("test")):
        person = await keeper.person("李雷")
    await keeper.account("lei", "admin", staff=person)
    with acting_as(await keeper.as_("lei")):
        await remove_operator(keeper.users["root"])
        with pytest.raises(Refused):
            await deactivate_staff(person)
    assert (await keeper.as_("lei")).admin


async def test_somebody_who_left_is_no_administrator_to_count_on(keeper):
    with acting_as(system("test")):
        person = await keeper.person("李雷")
    await keeper.account("lei", "admin", staff=person)
    with acting_as(await keeper.as_("root")):
        await deactivate_staff(person)
        with pytest.raises(Refused):
            await remove_operator(keeper.users["root"])
