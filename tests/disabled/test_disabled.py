"""Switched off means gone: every kind of contribution, for everybody, with the data as they were; and back at once."""

from __future__ import annotations

import asyncio

import pytest

from dougong.plugin import state
from dougong.plugin.contributions import KINDS
from dougong.plugin.snapshot import current_snapshot
from dougong.testing.digests import table_digests

from .looks import CASES

pytestmark = pytest.mark.asyncio(loop_scope="module")

SWITCHED = {
    "customers": ("customers", "visits", "parcels"),  # what needs it goes with it
    "visits": ("visits",),
    "parcels": ("parcels",),
}


# what switching must change, and the administrator's own token
MOVING = ("core_epoch", "core_plugin", "people_token")


async def test_every_kind_of_contribution_has_a_case():
    assert set(CASES) == {kind.name for kind in KINDS}


async def test_the_plugins_of_this_test_contribute_something_of_every_kind(board):
    assert {kind.name for kind in KINDS if not board.plugins["parcels"].items(kind.name)} == set()


@pytest.mark.parametrize("name", SWITCHED)
@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
async def test_off_nothing_of_it_answers_or_shows_and_on_again_everything_does(all_on, kind, name):
    gone = SWITCHED[name]
    before = await all_on.seen(kind, gone)
    assert [what for what, shown in before.items() if not shown] == []

    assert (await all_on.switch(name, False, cascade=True)).status_code == 200
    for who in ("admin", "wangfang"):
        left = await all_on.seen(kind, gone, who)
        assert [what for what, shown in left.items() if shown] == [], who

    await all_on.switch(name, True, cascade=True)
    assert await all_on.seen(kind, gone) == before


async def test_the_rest_goes_on_while_a_plugin_is_off(all_on):
    others = [n for n in all_on.plugins if n != "visits"]
    before = {kind: await all_on.seen(kind, others) for kind in CASES}
    await all_on.switch("visits", False)
    assert {kind: await all_on.seen(kind, others) for kind in CASES} == before


async def test_what_others_need_is_not_switched_off_without_them(all_on):
    answer = await all_on.switch("customers", False)
    assert answer.status_code == 409
    assert sorted(answer.json()["plugins"]) == ["parcels", "visits"]
    assert "Customer visits" in answer.json()["detail"]
    assert "Parcel post" in answer.json()["detail"]
    assert set(all_on.plugins) <= set(current_snapshot().plugins)


async def test_what_went_off_together_is_offered_together(all_on):
    off = await all_on.switch("customers", False, cascade=True)
    assert sorted(off.json()["changed"]) == ["customers", "parcels", "visits"]
    page = (await all_on.clients["admin"].get("/plugins/customers")).text
    assert "Customer visits" in page
    assert "Parcel post" in page
    on = await all_on.switch("customers", True)
    assert on.json()["changed"] == ["customers"]
    assert sorted(on.json()["also"]) == ["parcels", "visits"]
    assert "visits" not in current_snapshot().plugins


async def test_only_who_may_switches(all_on):
    answer = await all_on.clients["wangfang"].put("/api/v1/plugins/visits/state", json={"enabled": False})
    assert answer.status_code == 403
    assert (await all_on.clients["wangfang"].get("/plugins")).status_code == 403
    assert "visits" in current_snapshot().plugins


async def test_tables_and_values_stay_as_they_are(all_on):
    before = await table_digests(*MOVING)
    await all_on.switch("customers", False, cascade=True)
    assert await table_digests(*MOVING) == before
    await all_on.switch("customers", True, cascade=True)
    assert await table_digests(*MOVING) == before
    assert len(before) > 15


async def test_a_request_under_way_finishes_on_the_plugins_it_began_with(all_on):
    made_up = __import__("made_up_parcels.plugin").plugin
    made_up.arrived.clear()
    made_up.let_go.clear()
    admin = all_on.clients["admin"]
    under_way = asyncio.create_task(admin.get("/parcels-slow"))
    await asyncio.wait_for(made_up.arrived.wait(), 5)
    assert (await all_on.switch("customers", False, cascade=True)).status_code == 200
    assert (await admin.get("/parcels-slow")).status_code == 404
    made_up.let_go.set()
    answer = await under_way
    assert answer.status_code == 200
    assert answer.json() == {"plugins": ["core", "customers", "parcels", "visits"], "before": 1, "after": 1}


async def test_a_failure_between_migration_and_switch_leaves_the_old_state(all_on, monkeypatch):
    async def fails(*_given, **_more):
        raise RuntimeError("the power went")

    await all_on.switch("visits", False)
    before, old = await table_digests(*MOVING), current_snapshot()
    monkeypatch.setattr(state, "store_state", fails)
    answer = await all_on.switch("visits", True)
    assert answer.status_code in (409, 500)
    assert "the power went" not in answer.text
    await all_on.company.world.house.board.refresh()
    assert current_snapshot() is old
    assert await table_digests(*MOVING) == before
    assert not any((await all_on.seen("records", ("visits",))).values())

    monkeypatch.undo()
    assert (await all_on.switch("visits", True)).status_code == 200
    assert all((await all_on.seen("records", ("visits",))).values())


async def test_the_plugin_page_says_how_many_processes_serve_the_switch(all_on):
    epoch = (await all_on.switch("visits", False)).json()["epoch"]
    page = (await all_on.clients["admin"].get("/plugins")).text
    assert f"1/1 on epoch {epoch}" in page
    assert current_snapshot().epoch == epoch
