"""The six data scopes, for reading and for writing."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.access.policies import rows
from dougong.access.principal import acting_as, system
from dougong.access.rights import may, within_reach
from dougong.access.services import share_record
from dougong.access.tables import Share
from dougong.access.version import rights_changed
from dougong.db import engine
from dougong.errors import Forbidden, NotFound
from dougong.i18n import today
from dougong.people.services import account_named, add_account
from dougong.records import desk

MINE, SHARED, BESIDE, BELOW, AWAY = "mine", "shared with me", "beside", "below", "away"
REACHED = {
    ("own",): {MINE},
    ("shared",): {SHARED},
    ("own", "shared"): {MINE, SHARED},
    ("department",): {MINE, BESIDE},
    ("below",): {MINE, BESIDE, BELOW},
    ("chosen",): {AWAY},
    ("all",): {MINE, SHARED, BESIDE, BELOW, AWAY, "elsewhere"},
}


@pytest.fixture
async def office(house):
    """Me with one deal; others beside me, below me, in a department of choice, and elsewhere."""
    for name, parent in [
        ("head office", None),
        ("sales", "head office"),
        ("team", "sales"),
        ("service", "head office"),
        ("store", "head office"),
    ]:
        await house.department(name, parent)
    people = [("me", "sales"), ("beside", "sales"), ("below", "team"), ("away", "service"), ("elsewhere", "store")]
    for name, department in people:
        await house.person(name, department)
    ids = {
        name: await house.deal_of(name, title)
        for name, title in [
            ("me", MINE),
            ("beside", BESIDE),
            ("below", BELOW),
            ("away", AWAY),
            ("elsewhere", "elsewhere"),
        ]
    }
    ids["shared"] = await house.deal_of("elsewhere", SHARED)
    with acting_as(system("test")):
        await share_record("acc_deal", ids["shared"], staff=house.staff["me"], level="edit")
    house.deals = ids
    return house


async def test_each_read_scope_reaches_exactly_its_rows(office):
    for scopes, reached in REACHED.items():
        await office.give("me", await office.role("+".join(scopes), {("deal", "read"): scopes}, chosen=["service"]))
        assert await office.names("me") == reached, scopes


@pytest.mark.parametrize("action", ["edit", "delete", "export", "approve"])
async def test_each_scope_of_another_action_reaches_exactly_its_rows(office, action):
    table = office.types["deal"].table
    for scopes, wanted in REACHED.items():
        grants = {("deal", "read"): ["all"], ("deal", action): scopes}
        await office.give("me", await office.role("+".join(scopes), grants, chosen=["service"]))
        with acting_as(await office.as_("me")):
            reached = await within_reach(office.types["deal"], action, office.deals.values())
            names = {row["name"] for row in await table.select() if row["id"] in reached}
        assert names == wanted, scopes


async def test_two_roles_reach_what_either_reaches(office):
    own = await office.role("own", {("deal", "read"): ["own"]})
    chosen = await office.role("chosen", {("deal", "read"): ["chosen"]}, chosen=["service"])
    more = await office.role("more", {("deal", "read"): ["chosen"]}, chosen=["store"])
    await office.give("me", own, chosen, more)
    assert await office.names("me") == {MINE, AWAY, "elsewhere", SHARED}


async def test_without_a_grant_nothing_is_reached(office):
    assert await office.names("me") == set()
    me = await office.as_("me")
    assert not may(me, "acc_deal", "read")
    with acting_as(me):
        assert await within_reach(office.types["deal"], "edit", office.deals.values()) == set()


async def test_the_scope_all_compiles_to_no_clause(office):
    await office.give("me", await office.role("r", {("deal", "read"): ["all"]}))
    assert rows(office.types["deal"], "read", await office.as_("me"), engine(), "t") is None


async def test_an_account_without_staff_owns_nothing(house):
    role = await house.role("r", {("deal", "read"): ["own", "shared", "department", "below"]})
    await house.department("d")
    await house.person("pat", "d")
    await house.deal_of("pat")
    with acting_as(system("test")):
        await add_account("outside", roles=[role])
        house.users["outside"] = (await account_named("outside")).user
    assert await house.names("outside") == set()


async def test_the_desk_writes_what_is_reached_and_refuses_the_rest(office):
    await office.give(
        "me",
        await office.role(
            "r", {("deal", "read"): ["own", "shared", "department"], ("deal", "edit"): ["own", "shared"]}
        ),
    )
    table = office.types["deal"].table
    with acting_as(await office.as_("me")):
        for name in ("me", "shared"):
            changed = await desk.change(await desk.get(table, office.deals[name]), {"name": f"{name} changed"})
            assert changed.name == f"{name} changed"
        with pytest.raises(Forbidden):
            await desk.change(await desk.get(table, office.deals["beside"]), {"name": "x"})
        with pytest.raises(NotFound):
            await desk.get(table, office.deals["away"])


async def test_a_record_can_be_created_and_handed_only_where_one_may(office):
    grants = {("deal", "read"): ["department"], ("deal", "create"): ["own"], ("deal", "edit"): ["own"]}
    await office.give("me", await office.role("r", grants))
    table = office.types["deal"].table
    with acting_as(await office.as_("me")):
        made = await desk.create(table, {"name": "new"})
        assert (made.owner, made.department) == (office.staff["me"], office.departments["sales"])
        with pytest.raises(Forbidden):
            await desk.create(table, {"name": "theirs", "owner": office.staff["beside"]})
        with pytest.raises(Forbidden):
            await desk.change(made, {"owner": office.staff["beside"]})


async def test_sharing_counts_up_to_and_including_its_day(office):
    await office.give("me", await office.role("r", {("deal", "read"): ["own", "shared"]}))
    for until, seen in [(today(), True), (today() - dt.timedelta(days=1), False), (None, True)]:
        with acting_as(system("test")):
            await Share.update({Share.until: until}).where(Share.record_id == office.deals["shared"])
            await rights_changed()
        assert (SHARED in await office.names("me")) is seen


async def test_a_share_with_a_department_reaches_everybody_in_and_below_it(office):
    role = await office.role("r", {("deal", "read"): ["own", "shared"]})
    for name in ("beside", "below", "away"):
        await office.give(name, role)
    with acting_as(system("test")):
        await share_record("acc_deal", office.deals["elsewhere"], department=office.departments["sales"])
    for name, sees in [("beside", True), ("below", True), ("away", False)]:
        assert ("elsewhere" in await office.names(name)) is sees


async def test_a_share_for_reading_is_not_one_for_editing(office):
    await office.give("me", await office.role("r", {("deal", "read"): ["shared"], ("deal", "edit"): ["shared"]}))
    with acting_as(system("test")):
        await share_record("acc_deal", office.deals["away"], staff=office.staff["me"], level="read")
    with acting_as(await office.as_("me")):
        assert await within_reach(office.types["deal"], "read", office.deals.values()) == {
            office.deals["shared"],
            office.deals["away"],
        }
        assert await within_reach(office.types["deal"], "edit", office.deals.values()) == {office.deals["shared"]}
