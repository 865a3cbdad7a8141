"""Why somebody may or may not: in worlds with a single rule, that rule is the one that is named."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.access.explain import explain, readers_of
from dougong.access.explaining.circumstances import Facts
from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import (
    create_group,
    roles_of,
    set_fields,
    set_grants,
    set_group_members,
    set_group_roles,
    set_rights,
    share_record,
)
from dougong.access.tables import RoleField, Share
from dougong.access.version import rights_changed
from dougong.builtin import core
from dougong.db import transaction
from dougong.errors import Forbidden, Invalid, NotFound
from dougong.i18n import speaking, today
from dougong.people.services import account_named, add_account, deactivate_staff
from dougong.people.tables import Department, Staff, User
from dougong.plugin.snapshot import Snapshot, current_snapshot, pinned
from dougong.records import desk
from dougong.records.types import Template

DEAL_READ = ("deal", "read")


@pytest.fixture
async def office(house):
    """Me and a colleague of one department, others below and elsewhere, nobody with a role yet."""
    for name, parent in [("head office", None), ("sales", "head office"), ("team", "sales"), ("store", "head office")]:
        await house.department(name, parent)
    for name, department in [("me", "sales"), ("colleague", "sales"), ("below", "team"), ("stranger", "store")]:
        await house.person(name, department)
    return house


@pytest.fixture(autouse=True)
def in_english():
    with speaking("en"):
        yield


async def asked(office, kind, record_id, action="read", field="", *, who="me", by="root"):
    with acting_as(await office.as_(by)):
        return await explain(office.types[kind], record_id, office.users[who], action, field)


async def rules(office, kind, record_id, action="read", field="", *, who="me"):
    """Yes or no, and the names of the rules; the list of those who can see the record says the same."""
    found = await asked(office, kind, record_id, action, field, who=who)
    if (action, field) == ("read", ""):
        with acting_as(await office.as_("root")):
            listed = (await readers_of(office.types[kind], record_id)).readers
        mine = [reader.reasons for reader in listed if reader.place.user == office.users[who]]
        assert mine == ([found.reasons] if found.allowed else [])
    return found.allowed, [reason.rule for reason in found.reasons]


async def words(office, kind, record_id, action="read", field="", *, who="me", by="root"):
    """The only reason, with what stands below it."""
    [reason] = (await asked(office, kind, record_id, action, field, who=who, by=by)).reasons
    return [str(reason.text), *map(str, reason.notes)]


async def share(office, record_id, *, level="read", until=None, who="me", department=None, kind="deal"):
    with acting_as(system("test")):
        to = {"department": office.departments[department]} if department else {"staff": office.staff[who]}
        made = await share_record(office.types[kind], record_id, level=level, **to)
        if until:
            async with transaction():
                await rights_changed()
                await Share.update({Share.until: until}).where(Share.id == made)


# ---------------------------------------------------------------------- what lets in


async def test_a_record_of_ones_own(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["own"]}))
    number = await office.deal_of("me")
    assert await rules(office, "deal", number) == (True, ["own"])
    text = ["It belongs to me, and a role reaches what is their own.", "role “seller”"]
    assert await words(office, "deal", number) == text


async def test_a_record_owned_together(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["own"]}))
    number = await office.deal_of("stranger")
    await share(office, number, level="own")
    assert await rules(office, "deal", number) == (True, ["own"])
    assert (await words(office, "deal", number))[1:] == ["shared as one of its owners", "role “seller”"]


async def test_a_record_shared_with_the_person(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["shared"]}))
    number = await office.deal_of("stranger")
    until = today() + dt.timedelta(days=3)
    with acting_as(await office.as_("root")):
        await share_record("acc_deal", number, staff=office.staff["me"], level="edit", until=until)
    assert await rules(office, "deal", number) == (True, ["shared"])
    last = f"up to and including {until:%b} {until.day}, {until.year}"
    notes = ["shared for reading and editing", last, "by root", "role “seller”"]
    assert (await words(office, "deal", number))[1:] == notes


async def test_of_several_shares_only_those_that_count_are_named(office):
    grants = {DEAL_READ: ["shared"], ("deal", "edit"): ["shared"]}
    await office.give("me", await office.role("seller", grants))
    number = await office.deal_of("stranger")
    await share(office, number, level="edit")
    await share(office, number, department="sales", until=today() - dt.timedelta(days=1))
    await share(office, number, department="head office")
    both = ["shared for reading and editing", "shared with the department “head office” for reading", "role “seller”"]
    assert (await words(office, "deal", number))[1:] == both
    assert (await words(office, "deal", number, "edit"))[1:] == [both[0], both[2]]


async def test_a_record_shared_with_a_department_above(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["shared"]}))
    number = await office.deal_of("stranger")
    await share(office, number, department="head office")
    assert await rules(office, "deal", number) == (True, ["shared"])
    notes = ["shared with the department “head office” for reading", "role “seller”"]
    assert (await words(office, "deal", number))[1:] == notes


@pytest.mark.parametrize(
    "scope, owner, text",
    [
        ("department", "colleague", "It stands in “sales”, where me works."),
        ("below", "colleague", "It stands in “sales”, where me works."),
        ("below", "below", "It stands in “team”, which reports to “sales”, a department of me."),
        ("department", "stranger", "It stands in “store”, which me leads."),
        ("below", "stranger", "It stands in “store”, which me leads."),
        ("chosen", "stranger", "It stands in “store”, one of the departments a role names."),
    ],
)
async def test_a_record_of_a_department(office, scope, owner, text):
    await office.give("me", await office.role("seller", {DEAL_READ: [scope]}, chosen=["store"]))
    if "leads" in text:
        await lead(office, "store")
    number = await office.deal_of(owner)
    assert await rules(office, "deal", number) == (True, ["department"])
    assert await words(office, "deal", number) == [text, "role “seller”"]


async def lead(office, department):
    async with transaction():
        await rights_changed()
        with acting_as(system("test")):
            await desk.update(Department, [office.departments[department]], {"head": office.staff["me"]})


async def test_all_records(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["all"]}))
    number = await office.deal_of("stranger")
    assert await rules(office, "deal", number) == (True, ["all"])


async def test_of_several_roles_only_those_that_open_it_are_named(office):
    near = await office.role("near", {DEAL_READ: ["department"]})
    far = await office.role("far", {DEAL_READ: ["chosen"]}, chosen=["store"])
    idle = await office.role("idle", {("room", "edit"): ["all"]})
    await office.give("me", near, far, idle)
    assert (await words(office, "deal", await office.deal_of("stranger")))[1:] == ["role “far”"]
    assert (await words(office, "deal", await office.deal_of("colleague")))[1:] == ["role “near”"]


async def test_a_role_that_a_group_gives_and_one_that_everybody_has(office):
    reads = await office.role("reads", {DEAL_READ: ["all"]})
    with acting_as(system("test")):
        group = await create_group("east")
        await set_group_roles(group, [reads])
        await set_group_members(group, [office.users["me"]])
    number = await office.deal_of("stranger")
    assert (await words(office, "deal", number))[1:] == ["role “reads”, by the group “east”"]
    with acting_as(system("test")):
        await set_grants(await office.standard("staff"), {("acc_deal", "read"): Grant(frozenset({"all"}))})
    assert (await words(office, "deal", number, who="colleague"))[1:] == ["role “Everybody”, which everybody has"]


async def test_an_administrator(office):
    number = await office.deal_of("stranger")
    assert await rules(office, "deal", number, "delete", who="root") == (True, ["admin"])


async def test_what_is_for_everyone(office):
    number = await office.make(office.types["room"].table, name="blue")
    assert await rules(office, "room", number) == (True, ["everyone"])
    assert await rules(office, "room", number, "edit") == (False, ["no-role"])


async def test_a_diary_of_ones_own(office):
    number = await office.make(office.types["diary"].table, text="mine", owner=office.staff["me"])
    assert await rules(office, "diary", number) == (True, ["owner"])
    assert await rules(office, "diary", number, who="colleague") == (False, ["not-own"])


@pytest.fixture
async def below_a_deal(office):
    """A deal of mine, a stranger's note on it, and a reply to that."""
    office.deal = await office.deal_of("me", "big deal")
    notes = office.types["note"].table
    office.note = await office.make(notes, text="a note", deal=office.deal, owner=office.staff["stranger"])
    office.reply = await office.make(office.types["reply"].table, text="a reply", note=office.note)
    return office


async def test_what_is_reached_through_its_parents(below_a_deal):
    office = below_a_deal
    await office.give("me", await office.role("seller", {DEAL_READ: ["own"]}))
    assert await rules(office, "reply", office.reply) == (True, ["parent"])
    [reason] = (await asked(office, "reply", office.reply)).reasons
    assert str(reason.text) == "It belongs to Note “a note”, which me may see."
    [above] = reason.because
    assert str(above.text) == "It belongs to Deal “big deal”, which me may see."
    assert [r.rule for r in above.because] == ["own"]


async def test_writing_and_exporting_ask_something_else_of_the_parent(below_a_deal):
    office = below_a_deal
    await office.give("me", await office.role("seller", {DEAL_READ: ["all"], ("deal", "edit"): ["own"]}))
    for action, allowed, above in [
        ("read", True, "all"),
        ("edit", True, "own"),
        ("delete", True, "own"),
        ("export", False, "no-role"),
    ]:
        found = await asked(office, "note", office.note, action)
        reason = found.reasons[-1]
        assert (found.allowed, reason.rule, [r.rule for r in reason.because]) == (allowed, "parent", [above]), action
    assert "may not export" in (await words(office, "reply", office.reply, "export"))[0]


async def test_what_narrowing_roles_leave_open(below_a_deal):
    office = below_a_deal
    await office.give("me", await office.role("seller", {DEAL_READ: ["own"], ("note", "read"): ["all"]}))
    assert await rules(office, "note", office.note) == (True, ["parent", "narrowed"])


async def test_a_role_that_does_not_narrow_keeps_open_what_another_narrows(below_a_deal):
    office = below_a_deal
    narrow = await office.role("narrow", {DEAL_READ: ["own"], ("note", "read"): ["own"]})
    await office.give("me", narrow, await office.role("plain", {DEAL_READ: ["own"]}))
    assert await rules(office, "note", office.note) == (True, ["parent", "narrowed"])
    _parent, narrowed = (await asked(office, "note", office.note)).reasons
    [why] = narrowed.because
    assert (why.rule, [str(note) for note in why.notes]) == ("all", ["role “plain”"])


# ---------------------------------------------------------------------- what keeps out


async def test_no_role_at_all(office):
    assert await rules(office, "deal", await office.deal_of("me")) == (False, ["no-role"])


async def test_another_action_than_what_is_granted(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["all"]}))
    number = await office.deal_of("stranger")
    assert await rules(office, "deal", number, "approve") == (False, ["no-role"])
    assert (await words(office, "deal", number, "approve"))[0] == "No role of me grants “Approve” on Deals."


async def test_only_what_is_ones_own_and_this_is_somebody_elses(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["own"]}))
    number = await office.deal_of("stranger")
    assert await rules(office, "deal", number) == (False, ["not-own"])
    assert await words(office, "deal", number) == ["It belongs to stranger, not to me.", "role “seller”"]
    nobodys = await office.make(office.types["deal"].table, name="loose")
    with acting_as(system("test")):
        await desk.update(office.types["deal"].table, [nobodys], {"owner": None})
    assert (await words(office, "deal", nobodys))[0] == "It belongs to nobody."


async def test_a_share_that_ended(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["shared"]}))
    number = await office.deal_of("stranger")
    await share(office, number, until=today() - dt.timedelta(days=1))
    assert await rules(office, "deal", number) == (False, ["share-ended"])


async def test_what_was_never_shared(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["shared"]}))
    assert await rules(office, "deal", await office.deal_of("stranger")) == (False, ["not-shared"])


async def test_a_share_for_reading_only(office):
    grants = {DEAL_READ: ["shared"], ("deal", "edit"): ["shared"]}
    await office.give("me", await office.role("seller", grants))
    number = await office.deal_of("stranger")
    await share(office, number)
    assert await rules(office, "deal", number, "edit") == (False, ["share-reads"])


async def test_a_share_that_no_role_reaches(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["department"]}))
    number = await office.deal_of("stranger")
    await share(office, number)
    assert await rules(office, "deal", number) == (False, ["share-unused", "other-department"])


@pytest.mark.parametrize(
    "scope, reach",
    [
        ("department", "within reach: sales"),
        ("below", "within reach: sales and all below it"),
        ("chosen", "within reach: team"),
    ],
)
async def test_another_department(office, scope, reach):
    await office.give("me", await office.role("seller", {DEAL_READ: [scope]}, chosen=["team"]))
    number = await office.deal_of("stranger")
    assert await rules(office, "deal", number) == (False, ["other-department"])
    text = "It stands in “store”, which the roles of me don't reach."
    assert await words(office, "deal", number) == [text, reach, "role “seller”"]


async def test_a_parent_that_is_shut(below_a_deal):
    office = below_a_deal
    await office.give("colleague", await office.role("seller", {DEAL_READ: ["own"]}))
    assert await rules(office, "reply", office.reply, who="colleague") == (False, ["parent"])
    [reason] = (await asked(office, "reply", office.reply, who="colleague")).reasons
    note_shut, above = reason.because
    assert (note_shut.rule, above.rule) == ("not-own", "parent")
    assert [r.rule for r in above.because] == ["not-own"]


async def test_what_belongs_to_nothing(office):
    loose = await office.make(office.types["reply"].table, text="loose", note=None)
    assert await rules(office, "reply", loose) == (False, ["no-parent"])


async def test_a_role_that_narrows(below_a_deal):
    office = below_a_deal
    grants = {DEAL_READ: ["own"], ("note", "read"): ["own"]}
    await office.give("me", await office.role("narrow", grants))
    assert await rules(office, "note", office.note) == (False, ["narrowed"])
    [reason] = (await asked(office, "note", office.note)).reasons
    assert [r.rule for r in reason.because] == ["not-own"]
    assert [str(note) for note in reason.notes] == ["role “narrow”"]
    await office.give("me", await office.role("shut", {DEAL_READ: ["own"], ("note", "read"): []}))
    [reason] = (await asked(office, "note", office.note)).reasons
    assert [r.rule for r in reason.because] == ["no-role"]


async def test_an_account_of_nobody(office):
    role = await office.role("seller", {DEAL_READ: ["own", "shared"]})
    with acting_as(system("test")):
        await add_account("outside", roles=[role])
        office.users["outside"] = (await account_named("outside")).user
    assert await rules(office, "deal", await office.deal_of("me"), who="outside") == (False, ["nobody"])


async def test_a_closed_account_and_somebody_who_left(office):
    number = await office.deal_of("me")
    with acting_as(system("test")):
        await deactivate_staff(await Staff.objects().get(Staff.id == office.staff["me"]))
        await User.update({User.active: False}).where(User.id == office.users["colleague"])
    assert await rules(office, "deal", number) == (False, ["left"])
    assert await rules(office, "deal", number, who="colleague") == (False, ["closed"])


async def test_a_plugin_that_is_off(office):
    number = await office.deal_of("me")
    with pinned(Snapshot.of(2, [core])), acting_as(system("test")):
        found = await explain(office.types["deal"], number, office.users["root"])
    assert (found.allowed, [r.rule for r in found.reasons]) == (False, ["off"])
    assert found.facts == Facts(office.types["deal"], number)  # nothing was read: it may never have had a table


async def test_a_hidden_field_is_as_good_as_none_for_whoever_asks_about_themselves(office):
    number = await offers(office, price="hidden")
    with pytest.raises(Invalid):
        await asked(office, "offer", number, "read", "price", by="me")


async def test_a_state_without_a_step(office):
    grants = {("offer", "read"): ["all"], ("offer", "edit"): ["all"], ("offer", "approve"): ["all"]}
    await office.give("me", await office.role("seller", grants))
    number = await office.make(office.types["offer"].table, name="offer")
    assert await rules(office, "offer", number, "approve") == (False, ["state"])
    told = ["In the state “Draft” there is no step for “Approve”.", "possible in: Sent"]
    assert await words(office, "offer", number, "approve") == told
    with acting_as(await office.as_("me")):
        await desk.move(await desk.get(office.types["offer"].table, number), "sent")
    assert await rules(office, "offer", number, "approve") == (True, ["all"])


async def test_a_grant_that_reaches_nothing_of_these_records(office):
    await office.give("me", await office.role("seller", {("room", "edit"): ["department"]}))
    number = await office.make(office.types["room"].table, name="blue")
    assert await rules(office, "room", number, "edit") == (False, ["no-use"])


# ---------------------------------------------------------------------- fields


async def offers(office, **levels):
    """A role that may do everything with offers, but for these fields ("price", "price@sent")."""
    role = await office.role("seller", {("offer", a): ["all"] for a in ("read", "edit", "export")})
    async with transaction():
        await rights_changed()
        with acting_as(system("test")):
            for name, level in levels.items():
                key, _at, state = name.partition("__")
                await RoleField.insert(RoleField(role=role, field=f"acc_offer.{key}", state=state, level=level))
    await office.give("me", role)
    return await office.make(office.types["offer"].table, name="offer", price=5)


async def test_a_field_that_nothing_holds_back(office):
    number = await offers(office)
    assert await rules(office, "offer", number, "edit", "price") == (True, ["all", "field-open"])


async def test_a_hidden_field(office):
    number = await offers(office, price="hidden")
    for action in ("read", "edit", "export"):
        assert await rules(office, "offer", number, action, "price") == (False, ["all", "field-hidden"])


async def test_a_field_that_is_only_shown(office):
    number = await offers(office, price="read")
    assert await rules(office, "offer", number, "read", "price") == (True, ["all", "field-read"])
    assert await rules(office, "offer", number, "edit", "price") == (False, ["all", "field-read"])


async def test_a_field_that_is_held_back_in_one_state(office):
    number = await offers(office, price="write", price__draft="hidden")
    _record, held = (await asked(office, "offer", number, "read", "price")).reasons
    assert (held.rule, [*map(str, held.notes)]) == ("field-hidden", ["role “seller”: hidden in the state “Draft”"])
    with acting_as(await office.as_("me")):
        await desk.move(await desk.get(office.types["offer"].table, number), "sent")
    assert await rules(office, "offer", number, "edit", "price") == (True, ["all", "field-open"])


async def test_the_most_generous_role_decides_about_a_field(office):
    number = await offers(office, price="hidden")
    lavish = await office.role("lavish", {("offer", "read"): ["own"]})
    with acting_as(await office.as_("root")):
        hides = [line.id for line in await roles_of(office.users["me"])]
    await office.give("me", *hides, lavish)
    _record, held = (await asked(office, "offer", number, "read", "price")).reasons
    assert (held.rule, held.opens) == ("field-open", True)
    assert [*map(str, held.notes)] == ["role “seller”: hidden", "role “lavish”: see and change"]


async def test_a_field_that_the_system_keeps_and_one_that_is_locked(office, monkeypatch):
    number = await offers(office)
    assert await rules(office, "offer", number, "edit", "created") == (False, ["all", "field-open", "field-kept"])
    locked = office.types["offer"]
    monkeypatch.setitem(locked.__dict__, "template", Template(readonly=[locked.table.remark]))
    forget_fields(locked)
    try:
        assert await rules(office, "offer", number, "edit", "remark") == (False, ["all", "field-open", "field-locked"])
    finally:
        forget_fields(locked)


def forget_fields(record_type):
    """What was worked out from the declaration, which a test changes."""
    record_type.__dict__.pop("declared", None)
    current_snapshot()._shapes.pop(record_type, None)


async def test_the_state_changes_by_steps(office):
    number = await offers(office)
    assert await rules(office, "offer", number, "edit", "state") == (True, ["step"])
    with acting_as(system("test")):
        for state in ("sent", "won"):
            await desk.move(await desk.get(office.types["offer"].table, number), state)
    assert await rules(office, "offer", number, "edit", "state") == (False, ["state"])


# ---------------------------------------------------------------------- who may ask


async def test_about_oneself_everybody_may_ask_of_what_they_see(office):
    await office.give("me", await office.role("seller", {DEAL_READ: ["own"]}))
    mine, theirs = await office.deal_of("me"), await office.deal_of("stranger")
    assert (await asked(office, "deal", mine, "edit", by="me")).allowed is False
    for unseen in (theirs, 999_999):
        with pytest.raises(NotFound):
            await asked(office, "deal", unseen, by="me")


async def test_about_others_one_needs_the_right_and_must_see_the_record(office):
    keeper = await office.role("keeper", {DEAL_READ: ["own"]})
    await office.give("me", keeper)
    mine, theirs = await office.deal_of("me"), await office.deal_of("stranger")
    for ask in (asked(office, "deal", mine, who="colleague", by="me"), readers(office, mine)):
        with pytest.raises(Forbidden):
            await ask
    with acting_as(system("test")):
        await set_rights(keeper, ["access.explain"])
    assert (await asked(office, "deal", mine, who="colleague", by="me")).allowed is False
    assert [reader.place.name for reader in (await readers(office, mine)).readers] == ["me", "root"]
    for ask in (asked(office, "deal", theirs, who="colleague", by="me"), readers(office, theirs)):
        with pytest.raises(NotFound):
            await ask
    with pytest.raises(NotFound), acting_as(await office.as_("me")):
        await explain(office.types["deal"], mine, 999_999)


async def readers(office, number):
    with acting_as(await office.as_("me")):
        return await readers_of(office.types["deal"], number)


async def test_records_around_it_are_not_named_to_whoever_may_not_see_them(below_a_deal):
    office = below_a_deal
    keeper = await office.role("keeper", {("room", "read"): ["all"]})
    with acting_as(system("test")):
        await set_rights(keeper, ["access.explain"])
    await office.give("stranger", keeper)
    await office.give("me", await office.role("seller", {DEAL_READ: ["own"]}))
    [reason] = (await asked(office, "note", office.note, by="stranger")).reasons
    assert str(reason.text) == "It belongs to a record you may not see (Deal), which me may see."
    assert reason.because == ()


async def test_an_owner_is_not_named_to_whoever_may_not_see_the_field(office):
    keeper = await office.role("keeper", {DEAL_READ: ["all"]})
    with acting_as(system("test")):
        await set_rights(keeper, ["access.explain"])
        await set_fields(keeper, {"acc_deal.owner": "hidden", "acc_deal.department": "hidden"})
    await office.give("stranger", keeper)
    await office.give("me", await office.role("seller", {DEAL_READ: ["own", "department"]}))
    number = await office.deal_of("below")
    own, department = (await asked(office, "deal", number, by="stranger")).reasons
    assert str(own.text) == "It doesn't belong to me."
    assert str(department.text) == "It stands in a department you may not see, which the roles of me don't reach."


async def test_nothing_is_told_of_fields_that_whoever_asks_may_not_see(below_a_deal):
    office = below_a_deal
    keeper = await office.role("keeper", {DEAL_READ: ["all"], ("offer", "read"): ["all"]})
    with acting_as(system("test")):
        await set_rights(keeper, ["access.explain"])
        await set_fields(keeper, {"acc_note.deal": "hidden", "acc_offer.state": "hidden"})
    await office.give("stranger", keeper)
    await office.give(
        "me",
        await office.role("seller", {DEAL_READ: ["own"], ("offer", "read"): ["all"], ("offer", "approve"): ["all"]}),
    )
    [reason] = (await asked(office, "note", office.note, by="stranger")).reasons
    assert str(reason.text) == "It belongs to a record you may not see (Deal), which me may see."
    assert reason.because == ()
    number = await office.make(office.types["offer"].table, name="offer")
    for action, field in [("approve", ""), ("edit", "state")]:
        assert "Draft" not in " ".join(await words(office, "offer", number, action, field, by="stranger"))


async def test_what_there_is_not_cannot_be_asked_about(office):
    number = await office.deal_of("me")
    for action, field in [("fly", ""), ("read", "wings"), ("delete", "name")]:
        with pytest.raises(Invalid):
            await asked(office, "deal", number, action, field)


async def test_readers_come_a_page_at_a_time(office, monkeypatch):
    monkeypatch.setattr("dougong.access.explain.PAGE", 2)
    number = await office.make(office.types["room"].table, name="blue")
    pages = []
    for page in (1, 2, 3):
        with acting_as(await office.as_("root")):
            found = await readers_of(office.types["room"], number, page)
        pages.append(([reader.place.name for reader in found.readers], found.more))
    assert pages == [(["below", "colleague"], True), (["me", "root"], True), (["stranger"], False)]
