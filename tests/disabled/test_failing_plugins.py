"""A plugin that raises or hangs, wherever it does: the rest serves, and the plugin page names it and says why."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from html import unescape

import pytest
import pytest_asyncio

from dougong.plugin import budget, discovery, failures, hooks
from dougong.testing.app import open_company
from dougong.testing.shelf import open_shelf
from dougong.web.pages import home

from . import failing

pytestmark = pytest.mark.asyncio(loop_scope="module")

HANGING = {"endless": failing.ENDLESS, "asleep": failing.ASLEEP, "busy": failing.BUSY}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator:
    directory = tmp_path_factory.mktemp("failing")
    with pytest.MonkeyPatch.context() as patch, open_shelf(directory) as shelf:
        for module, name, seconds in (
            (discovery, "IMPORT_BUDGET", 0.5),
            (hooks, "BUDGET", 0.3),
            (hooks, "STEP", 0.2),
            (budget, "GRACE", 0.2),
            (home, "TILE_SECONDS", 0.3),
        ):
            patch.setattr(module, name, seconds)
        for name, source in {
            "rude": failing.RUDE,
            "sleepy": failing.SLEEPY,
            "leaner": failing.LEANER,
            "sour": failing.SOUR,
            "tangled": failing.TANGLED,
        }.items():
            shelf.put(name, source)
        for name, source in HANGING.items():
            package = shelf.put(name, failing.HOOKED.format(name=name))
            (shelf.place / package / "hooks.py").write_text(source)
        async with (
            open_company(module_database_url, directory, ["customers"]) as company,
            company.program("admin") as client,
        ):
            client.headers["Accept-Language"] = "en"
            yield client
    failures._records.clear()


@pytest_asyncio.fixture(loop_scope="module")
async def on(admin):
    """Switches plugins on for one test."""
    switched = []

    async def switch(name: str):
        answer = await admin.put(f"/api/v1/plugins/{name}/state", json={"enabled": True})
        assert answer.status_code == 200, answer.text
        switched.append(name)

    yield switch
    for name in switched:
        await admin.put(f"/api/v1/plugins/{name}/state", json={"enabled": False})
        failures.forgive(name)


async def card_of(admin, name: str) -> str:
    """What the plugin page says of one plugin."""
    page = (await admin.get("/plugins")).text
    [card] = re.findall(rf'id="plugin-{name}">(.*?)</li>', page, re.DOTALL)
    return unescape(card)


async def everything_serves(admin) -> None:
    for path in (
        "/",
        "/customers",
        "/customers/1",
        "/plugins",
        "/search?q=a",
        "/api/v1/customers",
        "/api/v1/openapi.json",
    ):
        assert (await admin.get(path)).status_code == 200, path


WHY = {
    "rude": ("ValueError: no licence found", "plugin.py:1"),
    "sleepy": ("did not finish loading within 0.5 seconds", "plugin.py:2"),
    "leaner": ("It needs “rude”, which doesn't work.",),
}


@pytest.mark.parametrize("name", WHY)
async def test_a_plugin_that_fails_while_it_is_loaded_is_named_with_its_error(admin, name):
    await everything_serves(admin)
    card = await card_of(admin, name)
    for words in WHY[name]:
        assert words in card
    [listed] = [p for p in (await admin.get("/api/v1/plugins")).json()["items"] if p["name"] == name]
    assert (listed["works"], listed["enabled"]) == (False, False)
    assert WHY[name][0] in listed["error"]


@pytest.mark.parametrize("name", WHY)
async def test_a_plugin_that_did_not_load_can_not_be_switched_on(admin, name):
    answer = await admin.put(f"/api/v1/plugins/{name}/state", json={"enabled": True})
    assert answer.status_code == 409
    assert WHY[name][0] in answer.json()["detail"]


@pytest.mark.parametrize("name", HANGING)
async def test_a_hook_that_hangs_does_not_keep_people_from_saving(admin, on, name):
    await on(name)
    started = time.monotonic()
    made = await admin.post("/api/v1/customers", json={"name": f"挂起样例{name}"})
    assert time.monotonic() - started < 5
    assert made.status_code == 201
    assert (await admin.get(f"/api/v1/customers/{made.json()['id']}")).json()["name"] == f"挂起样例{name}"
    hook = "record_changed" if name == "busy" else "before_save"
    card = await card_of(admin, name)
    assert f"It failed in {hook}: OutOfTime" in card
    assert "hooks.py" in card
    await everything_serves(admin)


async def test_a_plugin_that_keeps_hanging_is_left_out_until_it_is_switched_on_again(admin, on):
    await on("endless")
    for number in range(failures.LIMIT):
        await admin.post("/api/v1/customers", json={"name": f"反复挂起样例{number}"})
    assert "left out until it is switched off and on again" in await card_of(admin, "endless")
    failed = len(failures.failures_of("endless"))
    assert (await admin.post("/api/v1/customers", json={"name": "不再挂起样例"})).status_code == 201
    assert len(failures.failures_of("endless")) == failed
    await admin.put("/api/v1/plugins/endless/state", json={"enabled": False})
    await on("endless")
    assert "It failed" not in await card_of(admin, "endless")


async def test_a_tile_that_fails_or_hangs_leaves_a_note_and_the_page_stands(admin, on):
    await on("sour")
    page = (await admin.get("/")).text
    assert page.count("This can&#39;t be shown right now.") == 2
    assert "all is well" in page
    assert "My recent customers" in page
    card = await card_of(admin, "sour")
    assert "It failed in tile dull: OutOfTime" in card
    assert [f.where for f in failures.failures_of("sour")] == ["tile dull", "tile broken"]
    await everything_serves(admin)


async def test_a_plugin_whose_routes_cannot_be_served_is_named_and_the_rest_serves(admin):
    assert "can't be served" in await card_of(admin, "tangled")
    answer = await admin.put("/api/v1/plugins/tangled/state", json={"enabled": True})
    assert answer.status_code == 409
    assert (await admin.get("/tangled")).status_code == 404
    await everything_serves(admin)
