"""Nobody confers what they don't hold: by roles, by groups, by placing people, or by standing in for them."""

from __future__ import annotations

import pytest

from dougong.access.conferring import outcomes_of
from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import assign_roles, create_role, roles_of, set_fields, set_grants, set_rights
from dougong.db import transaction
from dougong.errors import Forbidden
from dougong.people.services import (
    deactivate_staff,
    merge_department,
    move_department,
    move_staff,
    remove_operator,
    reset_password,
)
from dougong.people.sign_in import create_token
from dougong.people.tables import Department, Staff
from dougong.records import desk

SEES = {("deal", "read"): ["department"]}


@pytest.fixture
async def office(house):
    """company > (north > shop), south; everybody sees their department's deals."""
    for name, above in [("company", None), ("north", "company"), ("shop", "north"), ("south", "company")]:
        await house.department(name, above)
    sees = await house.role("sees", SEES)
    for name, department in [
        ("chief", "company"),
        ("northern", "north"),
        ("seller", "shop"),
        ("southern", "south"),
        ("me", "south"),
    ]:
        await house.person(name, department, sees)
        await house.deal_of(name, name)
    await head(house, "company", "chief")
    return house


async def head(office, department, name):
    with acting_as(system("test")):
        found = await desk.get(Department, office.departments[department])
        await desk.change(found, {"head": office.staff[name]})


async def rights(office, name, *given):
    """Rights about the whole house, and to keep the organisation's records where they ask for it."""
    role = await office.role(f"of {name}", SEES)
    with acting_as(system("test")):
        await set_rights(role, given)
        before = [line.id for line in await roles_of(office.users[name])]
        hr = [await office.standard("hr")] if "organisation.manage" in given else []
        if hr:
            await set_rights(hr[0], [])
        await assign_roles(office.users[name], [*before, role, *hr])


async def staff(name, office):
    return await desk.get(Staff, office.staff[name])


async def department(name, office):
    return await desk.get(Department, office.departments[name])


# ------------------------------------------------------------------ roles


async def test_a_role_reaches_for_its_people_no_further_than_for_its_keeper(office):
    """“Department” is the keeper's own word too, but for somebody of the north it means the north."""
    await rights(office, "me", "roles.manage")
    role = await office.role("editors", {})
    wanted = {("acc_deal", a): Grant(frozenset({"department"})) for a in ("read", "export")}
    with acting_as(system("test")):
        export = await office.role("exports", {**SEES, ("deal", "export"): ["department"]})
        await assign_roles(office.users["me"], [*[r.id for r in await roles_of(office.users["me"])], export])
    await office.give("southern", role)
    with acting_as(await office.as_("me")):
        await set_grants(role, wanted)
    await office.give("northern", role)
    with acting_as(await office.as_("me")):
        await set_grants(role, {}, ["acc_deal"])
        with pytest.raises(Forbidden):
            await set_grants(role, wanted)


async def test_what_is_refused_leaves_nothing_behind(office):
    await rights(office, "me", "roles.manage")
    with acting_as(await office.as_("me")):
        with pytest.raises(Forbidden):
            async with transaction():
                made = await create_role("mine")
                await set_grants(made, {("acc_deal", "read"): Grant(frozenset({"all"}))})
        assert await create_role("mine")


async def test_a_transaction_is_judged_by_where_it_ends(office):
    await rights(office, "me", "roles.manage")
    with acting_as(system("test")):
        [sees] = [r.id for r in await roles_of(office.users["southern"])]
        await set_fields(sees, {"acc_deal.worth": "hidden"})
        for line in await roles_of(office.users["me"]):
            await set_fields(line.id, {"acc_deal.worth": "hidden"})
    department_only = {("acc_deal", "read"): Grant(frozenset({"department"}))}
    with acting_as(await office.as_("me")):
        async with transaction():
            made = await create_role("mine")
            await set_grants(made, department_only)  # alone, this would show the field
            await set_fields(made, {"acc_deal.worth": "hidden"})


async def test_those_above_are_not_given_or_denied_roles_from_below(office):
    await rights(office, "me", "roles.manage")
    with acting_as(await office.as_("me")):
        with pytest.raises(Forbidden, match="高于"):
            await assign_roles(office.users["chief"], [])
        with pytest.raises(Forbidden):
            await assign_roles(office.users["root"], [])
        await assign_roles(office.users["southern"], [])


async def test_taking_from_a_role_takes_nothing_from_those_above(office):
    await rights(office, "me", "roles.manage")
    [sees] = list(await as_system(roles_of(office.users["southern"])))
    with acting_as(await office.as_("me")), pytest.raises(Forbidden):
        await set_grants(sees.id, {}, ["acc_deal"])
    await office.give("chief")
    with acting_as(await office.as_("me")):
        await set_grants(sees.id, {}, ["acc_deal"])


async def as_system(asked):
    with acting_as(system("test")):
        return await asked


# ------------------------------------------------------------------ places


async def test_to_place_people_is_a_right_of_its_own(office):
    await rights(office, "me", "organisation.manage")
    with acting_as(await office.as_("me")):
        for refused in (
            move_staff(await staff("seller", office), office.departments["south"]),
            move_department(await department("shop", office), office.departments["south"]),
            merge_department(await department("shop", office), await department("north", office)),
            desk.change(await department("shop", office), {"head": office.staff["seller"]}),
        ):
            with pytest.raises(Forbidden):
                await refused
        await desk.change(await staff("seller", office), {"phone": "010-8888"})


async def test_whoever_places_people_places_others(office):
    await rights(office, "me", "organisation.manage", "organisation.appoint")
    with acting_as(await office.as_("me")):
        await move_staff(await staff("seller", office), office.departments["north"])
        await desk.change(await department("north", office), {"head": office.staff["seller"]})
    assert await office.names("seller") == {"northern", "seller"}


async def test_nobody_places_themselves_where_they_see_more(office):
    await rights(office, "me", "organisation.manage", "organisation.appoint")
    with acting_as(await office.as_("me")):
        for refused in (
            move_staff(await staff("me", office), office.departments["north"]),
            desk.change(await department("north", office), {"head": office.staff["me"]}),
            merge_department(await department("north", office), await department("south", office)),
        ):
            with pytest.raises(Forbidden):
                await refused
    assert await office.names("me") == {"me", "southern"}


async def test_nobody_brings_a_department_under_their_own(office):
    below = await office.role("below", {("deal", "read"): ["below"]})
    await office.give("me", below)
    await rights(office, "me", "organisation.manage", "organisation.appoint")
    with acting_as(await office.as_("me")), pytest.raises(Forbidden):
        await move_department(await department("shop", office), office.departments["south"])


async def test_those_who_place_people_do_not_do_each_other_favours(office):
    await rights(office, "me", "organisation.manage", "organisation.appoint")
    await rights(office, "northern", "organisation.manage", "organisation.appoint")
    with acting_as(await office.as_("me")), pytest.raises(Forbidden):
        await desk.change(await department("shop", office), {"head": office.staff["northern"]})
    with acting_as(await office.as_("root")):
        await desk.change(await department("shop", office), {"head": office.staff["northern"]})


# ------------------------------------------------------------------ standing in


async def test_nobody_sets_the_password_of_whoever_may_do_more(office):
    await rights(office, "me", "organisation.manage")
    await office.give("southern", await office.role("more", {("deal", "read"): ["all"]}))
    with acting_as(await office.as_("me")):
        for refused in (reset_password(office.users["southern"]), create_token(office.users["southern"])):
            with pytest.raises(Forbidden, match="Deals"):
                await refused
        for refused in (reset_password(office.users["northern"]), reset_password(office.users["chief"])):
            with pytest.raises(Forbidden):
                await refused
    await office.give("southern", await office.role("same", SEES))
    with acting_as(await office.as_("me")):
        assert await reset_password(office.users["southern"])
        assert await create_token(office.users["southern"])


async def test_whoever_may_sets_passwords_but_for_those_above(office):
    await rights(office, "me", "organisation.manage", "accounts.reset")
    with acting_as(await office.as_("me")):
        assert await reset_password(office.users["northern"])
        for name in ("chief", "root"):
            with pytest.raises(Forbidden):
                await reset_password(office.users[name])


async def test_nobody_shuts_out_those_above(office):
    await rights(office, "me", "organisation.manage")
    with acting_as(await office.as_("me")):
        for refused in (remove_operator(office.users["chief"]), deactivate_staff(await staff("chief", office))):
            with pytest.raises(Forbidden):
                await refused
        await deactivate_staff(await staff("northern", office))


# ------------------------------------------------------------------ beforehand


async def test_who_would_gain_and_lose_is_known_beforehand(office):
    [sees] = await as_system(roles_of(office.users["southern"]))
    wanted = {("acc_deal", "export"): Grant(frozenset({"own"})), ("acc_deal", "read"): Grant(frozenset({"own"}))}
    with acting_as(await office.as_("root")):
        found = await outcomes_of(lambda: set_grants(sees.id, wanted))
    assert [outcome.place.account for outcome in found] == ["chief", "me", "northern", "seller", "southern"]
    told = {(d.part.action, bool(d.gained), bool(d.lost)) for d in found[1].differences}
    assert told == {("read", False, True), ("export", True, False)}
    assert {str(d.what) for d in found[1].differences} == {"Deals：查看", "Deals：导出"}
    assert await office.names("me") == {"me", "southern"}


async def test_what_would_be_refused_is_refused_beforehand(office):
    await rights(office, "me", "roles.manage")
    [sees] = await as_system(roles_of(office.users["southern"]))
    with acting_as(await office.as_("me")), pytest.raises(Forbidden):
        await outcomes_of(lambda: set_grants(sees.id, {("acc_deal", "read"): Grant(frozenset({"all"}))}))


async def test_who_would_become_administrator_is_told(office):
    admin = await office.standard("admin")
    with acting_as(await office.as_("root")):
        [found] = await outcomes_of(lambda: assign_roles(office.users["me"], [admin]))
    assert [d.part.action for d in found.differences] == [""]
