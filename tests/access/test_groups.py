"""Groups: their roles are their members' roles, from the next request on."""

from __future__ import annotations

import pytest

from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import (
    create_group,
    group,
    groups,
    groups_of,
    join_groups,
    remove_group,
    remove_role,
    rename_group,
    set_fields,
    set_grants,
    set_group_members,
    set_group_roles,
    set_rights,
)
from dougong.errors import Forbidden, Invalid, NotFound, Refused
from dougong.people.services import remove_operator

OWN = {("deal", "read"): ["own"]}
ALL = {("deal", "read"): ["all"]}


@pytest.fixture
async def office(house):
    await house.department("sales")
    for name in ("me", "other", "third"):
        await house.person(name, "sales")
        await house.deal_of(name)
    return house


async def team(office, *roles, members=("me",), name="team"):
    with acting_as(system("test")):
        made = await create_group(name)
        await set_group_roles(made, roles)
        await set_group_members(made, [office.users[m] for m in members])
    return made


async def test_whoever_is_in_a_group_has_its_roles(office):
    made = await team(office, await office.role("r", OWN))
    assert (await office.names("me"), await office.names("other")) == ({"deal of me"}, set())
    with acting_as(system("test")):
        await set_group_members(made, [office.users["other"]])
    assert (await office.names("me"), await office.names("other")) == (set(), {"deal of other"})


async def test_what_a_group_gives_adds_to_what_one_was_given(office):
    await office.give("me", await office.role("own", OWN))
    await team(office, await office.role("all", ALL))
    assert len(await office.names("me")) == 3


async def test_taking_a_role_from_a_group_acts_on_the_next_request(office):
    made = await team(office, await office.role("r", OWN))
    assert await office.names("me")
    with acting_as(system("test")):
        await set_group_roles(made, [])
    assert not await office.names("me")


async def test_a_group_that_is_deleted_gives_nothing_any_more(office):
    made = await team(office, await office.role("r", OWN))
    with acting_as(system("test")):
        await remove_group(made)
        with pytest.raises(NotFound):
            await group(made)
    assert not await office.names("me")


async def test_an_account_joins_and_leaves_groups(office):
    one, two = await team(office, name="one"), await team(office, name="two", members=())
    with acting_as(system("test")):
        await join_groups(office.users["me"], [two])
        assert [line.name for line in await groups_of(office.users["me"])] == ["two"]
        with pytest.raises(NotFound):
            await join_groups(office.users["me"], [one, 999])
        assert [line.name for line in await groups_of(office.users["me"])] == ["two"]


async def test_a_role_that_a_group_has_is_not_deleted(office):
    role = await office.role("r", OWN)
    await team(office, role)
    with acting_as(system("test")), pytest.raises(Refused):
        await remove_role(role)


async def test_an_account_that_is_removed_leaves_its_groups(office):
    made = await team(office, members=("me", "other"))
    with acting_as(system("test")):
        await remove_operator(office.users["me"])
        assert (await group(made)).members == [office.users["other"]]


async def test_the_administrators_role_is_not_for_groups(office):
    made = await team(office)
    with acting_as(system("test")), pytest.raises(Refused):
        await set_group_roles(made, [await office.standard("admin")])


async def test_a_group_has_a_name_of_its_own(office):
    made = await team(office, name="one")
    await team(office, name="two")
    with acting_as(system("test")):
        for wrong in ("two", "", "x" * 101):
            with pytest.raises(Invalid):
                await rename_group(made, wrong)
        await rename_group(made, "one", "for the first")
        assert [(line.name, line.description) for line in await groups()] == [("one", "for the first"), ("two", "")]


async def test_unknown_roles_and_accounts_are_refused(office):
    made = await team(office)
    with acting_as(system("test")):
        for refused in (set_group_roles(made, [999]), set_group_members(made, [999]), set_group_roles(999, [])):
            with pytest.raises(NotFound):
                await refused


# ------------------------------------------------------------------ who may


@pytest.fixture
async def keeper(office):
    """Keeps roles, sees every deal but not its worth."""
    keeps = await office.role("keeps", ALL)
    with acting_as(system("test")):
        await set_rights(keeps, ["roles.manage"])
        await set_fields(keeps, {"acc_deal.worth": "hidden"})
    await office.give("me", keeps)
    return office


async def test_only_keepers_of_roles_keep_groups(keeper):
    made = await team(keeper)
    with acting_as(await keeper.as_("other")):
        for refused in (groups(), create_group("x"), set_group_roles(made, []), set_group_members(made, [])):
            with pytest.raises(Forbidden):
                await refused


async def test_nobody_gives_a_group_what_they_do_not_hold(keeper):
    more = await keeper.role("more", {**ALL, ("deal", "delete"): ["all"]})
    shows = await keeper.role("shows", ALL)
    made = await team(keeper, members=("other",))
    with acting_as(await keeper.as_("me")):
        for role in (more, shows):
            with pytest.raises(Forbidden):
                await set_group_roles(made, [role])
    assert not await keeper.names("other")


async def test_nobody_brings_somebody_into_a_group_that_holds_more(keeper):
    made = await team(keeper, await keeper.role("more", {**ALL, ("deal", "delete"): ["all"]}), members=())
    with acting_as(await keeper.as_("me")):
        for name in ("me", "other"):
            with pytest.raises(Forbidden):
                await join_groups(keeper.users[name], [made])
    assert not (await group_as_system(made)).members


async def test_a_keeper_of_roles_brings_people_into_a_group_that_holds_no_more(keeper):
    less = await keeper.role("less", OWN)
    with acting_as(system("test")):
        await set_fields(less, {"acc_deal.worth": "hidden"})
    made = await team(keeper, less, members=())
    with acting_as(await keeper.as_("me")):
        await join_groups(keeper.users["other"], [made])
    assert await keeper.names("other") == {"deal of other"}


async def test_a_role_is_not_widened_behind_a_group(keeper):
    role = await keeper.role("r", {})
    await team(keeper, role, members=("other",))
    with acting_as(await keeper.as_("me")), pytest.raises(Forbidden):
        await set_grants(
            role, {("acc_deal", "delete"): Grant(frozenset({"own"})), ("acc_deal", "read"): Grant(frozenset({"own"}))}
        )


async def group_as_system(group_id):
    with acting_as(system("test")):
        return await group(group_id)
