"""Rows reached through their parent: whoever reads the parent reads them, whoever edits it writes them."""

from __future__ import annotations

import pytest

from dougong.access.principal import acting_as
from dougong.access.rights import may, within_reach
from dougong.errors import Forbidden, Invalid, NotFound
from dougong.records import desk


@pytest.fixture
async def office(house):
    """A deal each of me, a colleague and a stranger, all in reach of reading; a note of the stranger's and a reply on each."""
    await house.department("sales")
    await house.department("store")
    for name, department in [("me", "sales"), ("colleague", "sales"), ("stranger", "store")]:
        await house.person(name, department)
    house.notes, house.replies = {}, {}
    for name in ("me", "colleague", "stranger"):
        deal = await house.deal_of(name, name)
        note = await house.make(house.types["note"].table, deal=deal, text=name, owner=house.staff["stranger"])
        house.notes[name] = note
        house.replies[name] = await house.make(house.types["reply"].table, note=note, text=name)
    house.replies["loose"] = await house.make(house.types["reply"].table, note=None, text="loose")
    return house


DEALS = {("deal", "read"): ["department"], ("deal", "edit"): ["own"]}


async def reached(office, kind, action, ids):
    with acting_as(await office.as_("me")):
        within = await within_reach(office.types[kind], action, ids.values())
    return {name for name, key in ids.items() if key in within}


async def test_reading_follows_the_parent_over_two_steps(office):
    await office.give("me", await office.role("r", DEALS))
    notes, replies = office.types["note"].table, office.types["reply"].table
    assert await office.names("me", notes, "text") == {"me", "colleague"}
    assert await office.names("me", replies, "text") == {"me", "colleague"}


async def test_writing_asks_for_the_right_to_edit_the_parent(office):
    await office.give("me", await office.role("r", DEALS))
    for action in ("edit", "delete"):
        assert await reached(office, "note", action, office.notes) == {"me"}
        assert await reached(office, "reply", action, office.replies) == {"me"}


async def test_exporting_asks_for_the_right_to_export_the_parent(office):
    await office.give("me", await office.role("r", {**DEALS, ("deal", "export"): ["department"]}))
    assert await reached(office, "note", "export", office.notes) == {"me", "colleague"}


async def test_the_owner_reads_and_writes_whatever_the_parent_says(office):
    with acting_as(await office.as_("stranger")):
        within = await within_reach(office.types["note"], "edit", office.notes.values())
    assert within == set(office.notes.values())


async def test_who_reaches_every_parent_reaches_every_child_that_has_one(office):
    await office.give("me", await office.role("r", {("deal", "read"): ["all"], ("deal", "edit"): ["all"]}))
    assert await reached(office, "note", "edit", office.notes) == {"me", "colleague", "stranger"}
    assert await reached(office, "reply", "read", office.replies) == {"me", "colleague", "stranger"}
    assert await reached(office, "reply", "edit", office.replies) == {"me", "colleague", "stranger"}


async def test_a_grant_on_the_child_narrows_what_the_parent_opens(office):
    grants = {**DEALS, ("deal", "edit"): ["department"], ("note", "delete"): ["own"]}
    await office.give("me", await office.role("r", grants))
    mine = await office.make(office.types["note"].table, deal=1, text="mine", owner=office.staff["me"])
    notes = {**office.notes, "mine": mine}
    assert await reached(office, "note", "edit", notes) == {"me", "colleague", "mine"}
    assert await reached(office, "note", "delete", notes) == {"mine"}


async def test_a_grant_of_nothing_on_the_child_shuts_it(office):
    role = await office.role("r", {**DEALS, ("note", "read"): []})
    await office.give("me", role)
    assert await office.names("me", office.types["note"].table, "text") == set()
    assert not may(await office.as_("me"), "acc_note", "read")


async def test_a_role_that_narrows_takes_nothing_from_one_that_does_not(office):
    narrow = await office.role("narrow", {**DEALS, ("note", "read"): []})
    plain = await office.role("plain", DEALS)
    await office.give("me", narrow, plain)
    assert await office.names("me", office.types["note"].table, "text") == {"me", "colleague"}


async def test_a_role_about_something_else_does_not_open_what_another_narrows(office):
    narrow = await office.role("narrow", {**DEALS, ("note", "read"): []})
    other = await office.role("other", {("room", "edit"): ["all"]})
    await office.give("me", narrow, other)
    assert await office.names("me", office.types["note"].table, "text") == set()


async def test_the_desk_lets_children_be_written_under_parents_one_may_edit_only(office):
    await office.give("me", await office.role("r", DEALS))
    notes, deals = office.types["note"].table, office.types["deal"].table
    with acting_as(await office.as_("me")):
        ids = {row["name"]: row["id"] for row in await deals.select()}
        made = await desk.create(office.types["reply"].table, {"note": office.notes["me"], "text": "new"})
        assert made.text == "new"
        with pytest.raises(Forbidden):
            await desk.create(office.types["reply"].table, {"note": office.notes["colleague"], "text": "new"})
        with pytest.raises(Invalid):
            await desk.create(office.types["reply"].table, {"note": office.notes["stranger"], "text": "new"})
        with pytest.raises(Forbidden):
            await desk.change(await desk.get(notes, office.notes["colleague"]), {"text": "x"})
        with pytest.raises(Forbidden):
            await desk.change(await desk.get(office.types["reply"].table, made.id), {"note": office.notes["colleague"]})
        with pytest.raises(NotFound):
            await desk.get(notes, office.notes["stranger"])
        assert set(ids) == {"me", "colleague"}


async def test_everybody_reads_what_is_for_everyone_and_writes_it_by_right(office):
    rooms = office.types["room"].table
    made = await office.make(rooms, name="blue")
    assert await office.names("me", rooms) == {"blue"}
    with acting_as(await office.as_("me")), pytest.raises(Forbidden):
        await desk.change(await desk.get(rooms, made), {"seats": 3})
    await office.give("me", await office.role("r", {("room", "edit"): ["all"]}))
    with acting_as(await office.as_("me")):
        assert (await desk.change(await desk.get(rooms, made), {"seats": 3})).seats == 3
        with pytest.raises(Forbidden):
            await desk.create(rooms, {"name": "red"})


async def test_a_diary_is_its_owners_alone(office):
    table = office.types["diary"].table
    await office.make(table, text="secret", owner=office.staff["stranger"])
    with acting_as(await office.as_("me")):
        mine = await desk.create(table, {"text": "mine"})
        await desk.remove(await desk.change(mine, {"text": "still mine"}))
    assert await office.names("me", table, "text") == set()
    assert await office.names("stranger", table, "text") == {"secret"}
