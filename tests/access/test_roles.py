"""Roles: what they grant, who has them, and that nobody hands on what they don't hold."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.access.principal import Grant, acting_as, system
from dougong.access.rights import may, may_do
from dougong.access.services import (
    apply_presets,
    assign_roles,
    copy_role,
    create_role,
    matrix,
    principal_of,
    remove_role,
    rename_role,
    roles,
    set_fields,
    set_grants,
    set_rights,
    share_record,
    shares_of,
    unshare,
)
from dougong.access.tables import RoleGrant
from dougong.db import transaction
from dougong.errors import Forbidden, Invalid, NotFound, Refused
from dougong.i18n import Text, speaking, today
from dougong.people.services import account_named, make_operator, remove_operator
from dougong.people.tables import Staff
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.actions import run_action
from dougong.records.types import Action

OWN = {("deal", "read"): ["own"]}


@pytest.fixture
async def office(house):
    await house.department("sales")
    await house.department("team", "sales")
    await house.person("me", "sales")
    await house.person("other", "team")
    return house


async def test_taking_a_role_away_acts_on_the_next_request(office):
    await office.deal_of("me")
    await office.give("me", await office.role("r", OWN))
    assert await office.names("me") == {"deal of me"}
    await office.give("me")
    assert await office.names("me") == set()


async def test_changing_a_role_acts_on_the_next_request_of_everybody_who_has_it(office):
    await office.deal_of("other")
    role = await office.role("r", OWN)
    await office.give("me", role)
    assert await office.names("me") == set()
    with acting_as(system("test")):
        await set_grants(role, {("acc_deal", "read"): Grant(frozenset({"below"}))})
    assert await office.names("me") == {"deal of other"}


async def test_a_principal_is_kept_until_something_changes(office):
    first = await office.as_("me")
    assert await office.as_("me") is first
    await office.role("unrelated", OWN)
    again = await office.as_("me")
    assert again is not first
    assert again != first


async def test_rights_seen_in_a_transaction_that_is_undone_are_forgotten(office):
    role = await office.role("r", OWN)
    with pytest.raises(Refused):
        async with transaction():
            await office.give("me", role)
            assert may(await office.as_("me"), "acc_deal", "read")
            raise Refused
    await office.give("other", role)
    assert not may(await office.as_("me"), "acc_deal", "read")


async def test_everybody_has_the_role_staff_without_being_given_it(office):
    with acting_as(system("test")):
        await set_grants(await office.standard("staff"), {("acc_room", "edit"): Grant(frozenset({"all"}))})
    assert may(await office.as_("me"), "acc_room", "edit")


async def test_an_administrator_may_do_everything(office):
    root = await office.as_("root")
    assert root.admin
    assert may(root, "acc_deal", "approve")
    assert may_do(root, "deals.count")
    await office.deal_of("other")
    assert await office.names("root") == {"deal of other"}


async def test_presets_are_granted_once_and_the_company_changes_them(office):
    sales = await office.standard("sales")
    with acting_as(await office.as_("root")):
        found = await matrix(sales)
        [line] = [row for row in found.rows if row.record_type.key == "acc_deal"]
        assert {a: line.cells[a].level for a in ("read", "create", "edit", "delete", "approve")} == {
            "read": "shared", "create": "own", "edit": "shared", "delete": "none", "approve": "none",
        }  # fmt: skip
        assert found.fields == {"acc_deal.worth": "hidden"}
        await set_grants(sales, {("acc_deal", "read"): Grant(frozenset({"all"}))})
    with acting_as(system("test")):
        await apply_presets(current_snapshot(), "deals")
        rows = await RoleGrant.select().where(
            (RoleGrant.role == sales) & (RoleGrant.record == "acc_deal") & (RoleGrant.action == "read")
        )
    assert [row["scopes"] for row in rows] == ['["all"]']


async def test_the_matrix_says_inherit_where_a_child_follows_its_parent(office):
    role = await office.role("r", {**OWN, ("note", "edit"): ["own"]})
    with acting_as(await office.as_("root")):
        rows = {row.record_type.key: row for row in (await matrix(role)).rows}
    assert rows["acc_note"].inherits
    assert rows["acc_note"].cells["read"].level == "inherit"
    assert rows["acc_note"].cells["edit"].level == "own"
    assert not rows["acc_deal"].inherits


async def test_standard_roles_speak_the_readers_language_until_renamed(office):
    hr = await office.standard("hr")
    with acting_as(await office.as_("root")):
        with speaking("en"):
            assert {str(r.name) for r in await roles() if r.id == hr} == {"Human resources"}
        await rename_role(hr, "人事部")
        with speaking("en"):
            assert {str(r.name) for r in await roles() if r.id == hr} == {"人事部"}


async def test_two_roles_never_have_the_same_name(office):
    with acting_as(await office.as_("root")):
        await create_role("Key accounts")
        with pytest.raises(Invalid):
            await create_role(" Key accounts ")


async def test_a_role_somebody_has_and_a_standard_role_stay(office):
    role = await office.role("r", OWN)
    await office.give("me", role)
    with acting_as(await office.as_("root")):
        with pytest.raises(Refused):
            await remove_role(role)
        with pytest.raises(Refused):
            await remove_role(await office.standard("sales"))
        await assign_roles(office.users["me"], [])
        await remove_role(role)
        with pytest.raises(NotFound):
            await remove_role(role)


# ------------------------------------------------------------------ nobody hands on what they don't hold


@pytest.fixture
async def keeper(office):
    """Somebody who keeps roles, and holds the department's deals to read and a right."""
    role = await office.role(
        "keeper", {("deal", "read"): ["below"], ("deal", "edit"): ["own"], ("deal", "create"): ["own"]}
    )
    with acting_as(system("test")):
        await set_rights(role, ["roles.manage"])
    await office.give("me", role)
    return role


async def grant(office, role, **actions):
    with acting_as(await office.as_("me")):
        await set_grants(role, {("acc_deal", action): Grant(frozenset(scopes)) for action, scopes in actions.items()})


async def test_a_keeper_of_roles_grants_what_they_hold_and_less(office, keeper):
    role = await office.role("r", {})
    for scopes in (["own"], ["own", "shared"], ["own", "shared", "department"], ["below"]):
        await grant(office, role, read=scopes)
    with acting_as(await office.as_("me")):
        chosen = Grant(frozenset({"chosen"}), (office.departments["team"],))
        await set_grants(role, {("acc_deal", "read"): chosen})


async def test_a_keeper_of_roles_does_not_grant_more_than_they_hold(office, keeper):
    role = await office.role("r", {})
    elsewhere = await office.department("elsewhere")
    with pytest.raises(Forbidden):
        await grant(office, role, read=["all"])
    with pytest.raises(Forbidden):
        await grant(office, role, read=["below"], edit=["department"])
    with pytest.raises(Forbidden):
        await grant(office, role, read=["below"], delete=["own"])
    with acting_as(await office.as_("me")):
        with pytest.raises(Forbidden):
            await set_grants(role, {("acc_deal", "read"): Grant(frozenset({"chosen"}), (elsewhere,))})
        with pytest.raises(Forbidden):
            await set_grants(role, {("acc_room", "edit"): Grant(frozenset({"all"}))})
        with pytest.raises(Forbidden):
            await set_rights(role, ["deals.count"])
        with pytest.raises(Forbidden):
            await assign_roles(office.users["me"], [keeper, await office.standard("admin")])
        with pytest.raises(Forbidden):
            await assign_roles(office.users["other"], [await office.role("everything", {("deal", "read"): ["all"]})])
        with pytest.raises(Refused):
            await copy_role(await office.standard("admin"), "copy")


async def test_a_keeper_of_roles_keeps_what_was_granted_before(office, keeper):
    role = await office.role("r", {("deal", "read"): ["all"]})
    await grant(office, role, read=["all"], create=["own"])


async def test_a_field_hidden_from_the_keeper_stays_hidden_in_the_roles_they_keep(office, keeper):
    other = await office.role("r", OWN)
    with acting_as(system("test")):
        for role in (keeper, other):
            await set_fields(role, {"acc_deal.worth": "hidden"})
    with acting_as(await office.as_("me")), pytest.raises(Forbidden):
        await set_fields(other, {})


async def test_without_the_right_no_role_is_read_or_kept(office):
    role = await office.role("r", OWN)
    with acting_as(await office.as_("me")):
        for refused in (
            roles(),
            matrix(role),
            create_role("x"),
            set_grants(role, {}),
            assign_roles(office.users["me"], [role]),
            remove_role(role),
        ):
            with pytest.raises(Forbidden):
                await refused


async def test_a_role_never_reaches_further_in_writing_than_in_reading(office):
    role = await office.role("r", {})
    with acting_as(await office.as_("root")), pytest.raises(Invalid) as refused:
        await set_grants(
            role, {("acc_deal", "read"): Grant(frozenset({"own"})), ("acc_deal", "edit"): Grant(frozenset({"below"}))}
        )
    assert [p.field for p in refused.value.problems] == ["acc_deal.edit"]


async def test_unknown_rights_types_and_fields_are_named(office):
    role = await office.role("r", {})
    everything = Grant(frozenset({"all"}))
    with acting_as(await office.as_("root")):
        for refused, field in [
            (set_grants(role, {("nothing", "read"): everything}), "nothing.read"),
            (set_grants(role, {("acc_deal", "fly"): everything}), "acc_deal.fly"),
            (set_fields(role, {"acc_deal.colour": "hidden"}), "acc_deal.colour"),
            (set_rights(role, ["deals.fly"]), "deals.fly"),
        ]:
            with pytest.raises(Invalid) as raised:
                await refused
            assert [p.field for p in raised.value.problems] == [field]


# ------------------------------------------------------------------ fields that are held back from whoever keeps roles


WORTH = "acc_deal.worth"
EVERY_DEAL = {("acc_deal", "read"): Grant(frozenset({"all"}))}


@pytest.fixture
async def half_blind(office):
    """Keeps roles, and sees every deal but not what it is worth."""
    reads = await office.role("reads", {("deal", "read"): ["all"]})
    keeps = await office.role("keeps", {})
    with acting_as(system("test")):
        await set_fields(reads, {WORTH: "hidden"})
        await set_rights(keeps, ["roles.manage"])
    await office.give("me", reads, keeps)
    assert WORTH in (await office.as_("me")).hidden
    return office


async def test_a_role_of_ones_own_making_opens_no_field_that_is_held_back(half_blind):
    with acting_as(await half_blind.as_("me")):
        mine = await create_role("mine")
        with pytest.raises(Forbidden):
            await set_grants(mine, EVERY_DEAL)
        await set_fields(mine, {WORTH: "hidden"})
        await set_grants(mine, EVERY_DEAL)
        with pytest.raises(Forbidden):
            await set_fields(mine, {})
        with pytest.raises(Forbidden):
            await set_fields(mine, {WORTH: "read"})


async def test_a_field_that_is_only_seen_is_not_handed_on_to_be_changed(half_blind):
    with acting_as(system("test")):
        await set_fields((await roles_named("reads"))[0], {WORTH: "read"})
    with acting_as(await half_blind.as_("me")):
        mine = await create_role("mine")
        with pytest.raises(Forbidden):
            await set_fields(mine, {"acc_deal.department": "hidden"})
        await set_fields(mine, {WORTH: "read"})
        await set_grants(mine, EVERY_DEAL)


async def test_a_role_that_shows_what_is_held_back_is_given_by_others(half_blind):
    shows = await half_blind.role("shows", {("deal", "read"): ["all"]})
    with acting_as(await half_blind.as_("me")):
        for name in ("me", "other"):
            with pytest.raises(Forbidden):
                await assign_roles(half_blind.users[name], [shows])
    assert WORTH in (await half_blind.as_("me")).hidden


async def test_a_role_taken_off_oneself_is_given_back_by_others(half_blind):
    keeps, reads = await roles_named("keeps", "reads")
    with acting_as(await half_blind.as_("me")):
        await assign_roles(half_blind.users["me"], [keeps])
    with acting_as(await half_blind.as_("me")), pytest.raises(Forbidden):
        await assign_roles(half_blind.users["me"], [keeps, reads])


async def test_what_is_shut_under_a_parent_is_not_opened_by_a_role_that_is_silent_on_it(half_blind):
    with acting_as(system("test")):
        await set_grants((await roles_named("reads"))[0], {**EVERY_DEAL, ("acc_note", "read"): Grant(frozenset())})
    with acting_as(await half_blind.as_("me")):
        mine, shut = await create_role("mine"), {("acc_note", "read"): Grant(frozenset())}
        with pytest.raises(Forbidden):
            await set_fields(mine, {WORTH: "hidden"})
        await set_grants(mine, shut)
        await set_fields(mine, {WORTH: "hidden"})
        await set_grants(mine, {**EVERY_DEAL, **shut})
        with pytest.raises(Forbidden):
            await set_grants(mine, EVERY_DEAL, ["acc_note"])


async def test_a_copy_holds_back_what_its_original_does(half_blind):
    [reads] = await roles_named("reads")
    with acting_as(await half_blind.as_("me")):
        assert (await matrix(await copy_role(reads, "copy"))).fields == {WORTH: "hidden"}


@pytest.mark.parametrize("key", ["id", "version", "name"])
async def test_what_names_a_record_is_held_back_from_nobody(office, key):
    role = await office.role("r", OWN)
    with acting_as(await office.as_("root")), pytest.raises(Invalid):
        await set_fields(role, {f"acc_deal.{key}": "hidden"})


async def roles_named(*names):
    with acting_as(system("test")):
        found = {str(line.name): line.id for line in await roles()}
    return [found[name] for name in names]


async def test_the_last_administrator_stays(office):
    with acting_as(await office.as_("root")):
        with pytest.raises(Refused):
            await assign_roles(office.users["root"], [])
        with pytest.raises(Refused):
            await remove_operator(office.users["root"])
    assert (await office.as_("root")).admin


async def test_a_copied_role_grants_the_same(office):
    role = await office.role("r", {**OWN, ("note", "read"): []})
    with acting_as(await office.as_("root")):
        copy = await copy_role(role, "copy")
        assert (await matrix(copy)).rows == (await matrix(role)).rows


async def test_closing_an_account_acts_on_the_next_request(office):
    await office.as_("me")
    with acting_as(await office.as_("root")):
        await remove_operator(office.users["me"])
    with pytest.raises(Forbidden):
        await principal_of(office.users["me"])


# ------------------------------------------------------------------ sharing


async def test_only_who_may_edit_a_record_shares_it(office):
    deal = await office.deal_of("other")
    await office.give("me", await office.role("reads", {("deal", "read"): ["below"]}))
    await office.give("other", await office.role("edits", {("deal", "read"): ["own"], ("deal", "edit"): ["own"]}))
    with acting_as(await office.as_("me")), pytest.raises(Forbidden):
        await share_record("acc_deal", deal, staff=office.staff["me"], level="edit")
    with acting_as(await office.as_("other")):
        first = await share_record("acc_deal", deal, staff=office.staff["me"])
        assert await share_record("acc_deal", deal, staff=office.staff["me"], level="edit") == first
        assert [s.level for s in await shares_of(office.types["deal"], deal)] == ["edit"]
    with acting_as(await office.as_("me")), pytest.raises(Forbidden):
        await unshare(first)
    with acting_as(await office.as_("other")):
        await unshare(first)
        assert await shares_of(office.types["deal"], deal) == []
        with pytest.raises(NotFound):
            await unshare(first)


async def test_what_is_shared_until_a_day_is_not_handed_on_for_longer(office):
    deal = await office.deal_of("other")
    edits = await office.role("edits", {("deal", a): ["own", "shared"] for a in ("read", "edit")})
    await office.give("me", edits)
    await office.give("other", edits)
    soon, later = today() + dt.timedelta(days=3), today() + dt.timedelta(days=4)
    with acting_as(await office.as_("other")):
        await share_record("acc_deal", deal, staff=office.staff["me"], level="edit", until=soon)
    with acting_as(await office.as_("me")):
        for target in ({"staff": office.staff["me"]}, {"department": office.departments["sales"]}):
            for until in (None, later):
                with pytest.raises(Invalid) as refused:
                    await share_record("acc_deal", deal, level="edit", until=until, **target)
                assert [p.field for p in refused.value.problems] == ["until"]
        await share_record("acc_deal", deal, department=office.departments["sales"], until=soon)
        assert {s.until for s in await shares_of(office.types["deal"], deal)} == {soon}
    with acting_as(await office.as_("other")):
        await share_record("acc_deal", deal, staff=office.staff["me"], level="edit")
    with acting_as(await office.as_("me")):
        await share_record("acc_deal", deal, department=office.departments["sales"], until=later)


async def test_a_verb_asks_for_its_right_on_this_very_record(office):
    done = []

    async def ring(record):
        done.append(record.id)

    kind = office.types["deal"]
    verb = Action(ring, label=Text("Ring", "dougong"))
    await office.give("me", await office.role("r", {("deal", "read"): ["below"], ("deal", "edit"): ["own"]}))
    own, seen = await office.deal_of("me"), await office.deal_of("other")
    with acting_as(await office.as_("me")):
        await run_action(kind, await desk.get(kind.table, own), verb, {})
        with pytest.raises(Forbidden):
            await run_action(kind, await desk.get(kind.table, seen), verb, {})
    assert done == [own]


async def test_an_unseen_record_is_not_found_for_sharing(office):
    deal = await office.deal_of("other")
    with acting_as(await office.as_("me")):
        for wrong in (deal, 999_999):
            with pytest.raises(NotFound):
                await share_record("acc_deal", wrong, staff=office.staff["me"])


async def test_what_follows_its_parent_is_not_shared_by_itself(office):
    with acting_as(await office.as_("root")), pytest.raises(Refused):
        await share_record("acc_note", 1, staff=office.staff["me"])


async def test_a_new_operator_comes_with_roles(office):
    role = await office.role("r", OWN)
    await office.person("new", "team", account=False)
    with acting_as(await office.as_("root")):
        await make_operator(await desk.get(Staff, office.staff["new"]), "new.one", [role])
        made = await account_named("NEW.one")
    assert may(await principal_of(made.user), "acc_deal", "read")
