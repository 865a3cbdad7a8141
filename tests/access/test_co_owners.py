"""Co-owners: a record is somebody's own beside its owner; whose it is, they don't decide."""

from __future__ import annotations

import datetime as dt

import pytest

from dougong.access.principal import acting_as, system
from dougong.access.rights import within_reach
from dougong.access.services import share_record, shares_of, unshare
from dougong.errors import Forbidden, Invalid
from dougong.i18n import today
from dougong.records import desk

ACTIONS = ("read", "edit", "delete")


@pytest.fixture
async def office(house):
    await house.department("sales")
    await house.department("service")
    await house.person("boss", "sales", await house.role("all", {("deal", a): ["all"] for a in ACTIONS}))
    own = await house.role("own", {("deal", a): ["own"] for a in ACTIONS})
    shared = await house.role("shared", {("deal", a): ["own", "shared"] for a in ("read", "edit")})
    await house.person("me", "sales", own)
    await house.person("other", "service", own)
    await house.person("guest", "service", shared)
    house.deal = await house.deal_of("me", "mine")
    return house


async def own(office, who, by="me", **values):
    with acting_as(await office.as_(by)):
        return await share_record("acc_deal", office.deal, staff=office.staff[who], level="own", **values)


async def reached(office, who):
    deal = office.types["deal"]
    with acting_as(await office.as_(who)):
        return {action for action in ACTIONS if await within_reach(deal, action, [office.deal])}


async def test_a_co_owner_may_what_an_owner_may(office):
    assert await reached(office, "other") == set()
    await own(office, "other")
    assert await reached(office, "other") == set(ACTIONS)
    assert await reached(office, "me") == set(ACTIONS)


async def test_a_share_is_no_co_ownership(office):
    with acting_as(await office.as_("me")):
        await share_record("acc_deal", office.deal, staff=office.staff["other"], level="edit")
    assert await reached(office, "other") == set()


async def test_what_belongs_to_its_owner_alone_belongs_to_a_co_owner(office):
    """Scope.owner, whatever roles say: here on notes, which follow their deal or their owner."""
    note = await office.make(office.types["note"].table, text="n", deal=office.deal, owner=office.staff["me"])
    await own(office, "other")
    with acting_as(await office.as_("other")):
        assert await within_reach(office.types["note"], "edit", [note]) == {note}  # through the deal


async def test_a_co_owner_until_a_day_is_one_no_longer(office, monkeypatch):
    await own(office, "other", until=today())
    assert await reached(office, "other") == set(ACTIONS)
    tomorrow = today() + dt.timedelta(days=1)
    for module in ("principals", "sharing"):
        monkeypatch.setattr(f"dougong.access.services.{module}.today", lambda: tomorrow)
    assert await reached(office, "other") == set()


async def test_a_co_owner_does_not_give_the_record_away(office):
    await own(office, "other")
    deal = office.types["deal"].table
    with acting_as(await office.as_("other")):
        for who in ("other", "guest"):
            with pytest.raises(Forbidden):
                await desk.change(await desk.get(deal, office.deal), {"owner": office.staff[who]})
            with pytest.raises(Forbidden):
                await desk.update(deal, [office.deal], {"owner": office.staff[who]})
            with pytest.raises(Forbidden):
                await share_record("acc_deal", office.deal, staff=office.staff[who], level="own")
        with pytest.raises(Forbidden):
            await unshare((await shares_of(office.types["deal"], office.deal))[0].id)
        await desk.change(await desk.get(deal, office.deal), {"name": "ours"})


async def test_whoever_a_record_is_shared_with_does_not_take_it_over(office):
    with acting_as(await office.as_("me")):
        await share_record("acc_deal", office.deal, staff=office.staff["guest"], level="edit")
    deal = office.types["deal"].table
    with acting_as(await office.as_("guest")):
        with pytest.raises(Forbidden):
            await desk.change(await desk.get(deal, office.deal), {"owner": office.staff["guest"]})
        await desk.change(await desk.get(deal, office.deal), {"name": "seen to"})


async def test_a_co_owner_is_not_made_less_by_a_guest(office):
    share = await own(office, "other")
    with acting_as(await office.as_("me")):
        await share_record("acc_deal", office.deal, staff=office.staff["guest"], level="edit")
    with acting_as(await office.as_("guest")):
        with pytest.raises(Forbidden):
            await share_record("acc_deal", office.deal, staff=office.staff["other"], level="read")
        with pytest.raises(Forbidden):
            await unshare(share)
    assert await reached(office, "other") == set(ACTIONS)


async def test_an_owner_and_those_above_hand_a_record_on(office):
    deal = office.types["deal"].table
    await own(office, "other", by="boss")
    with acting_as(await office.as_("me")):
        await unshare((await shares_of(office.types["deal"], office.deal))[0].id)
    assert await reached(office, "other") == set()
    with acting_as(await office.as_("boss")):
        await desk.change(await desk.get(deal, office.deal), {"owner": office.staff["other"]})
    assert await reached(office, "other") == set(ACTIONS)


async def test_a_department_owns_nothing(office):
    with acting_as(await office.as_("me")), pytest.raises(Invalid):
        await share_record("acc_deal", office.deal, department=office.departments["service"], level="own")


async def test_the_system_hands_on_what_it_must(office):
    with acting_as(system("test")):
        await desk.update(office.types["deal"].table, [office.deal], {"owner": office.staff["other"]})
    assert await reached(office, "other") == set(ACTIONS)
