"""Uninstalling a plugin, bringing it back and throwing its archive away, in the browser and by the API."""

from __future__ import annotations

import pytest

from .conftest import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
ASK = "/plugins/visits/uninstall"


async def switch(office: Office, name: str, on: bool) -> None:
    answer = await office.browsers["admin"].put(f"/api/v1/plugins/{name}/state", json={"enabled": on, "cascade": True})
    assert answer.status_code == 200, answer.text


async def archive_of(office: Office, plugin: str) -> str:
    items = (await office.browsers["admin"].get("/api/v1/archives")).json()["items"]
    return str(next(item["archive"] for item in items if item["plugin"] == plugin))


async def test_uninstalling_is_closed_without_the_right(office: Office) -> None:
    browser, archive = office.browsers["wangfang"], "/api/v1/archives/visits-20260102-030405-abcdef.zip"
    async with office.nothing_written():
        assert (await browser.get(ASK)).status_code == 403
        assert (await browser.post(ASK, data={"name": "visits"})).status_code == 403
        assert (await browser.get("/api/v1/archives")).status_code == 403
        assert (await browser.post("/api/v1/plugins/visits/archives", json={})).status_code == 403
        assert (await browser.post(f"{archive}/restoration")).status_code == 403
        assert (await browser.delete(archive, params={"plugin": "visits"})).status_code == 403


async def test_a_plugin_that_is_on_is_not_uninstalled(office: Office) -> None:
    async with office.nothing_written():
        answer = await office.browsers["admin"].post("/api/v1/plugins/visits/archives", json={})
    assert answer.status_code == 409
    assert "请先停用" in answer.text


async def test_a_plugin_leaves_by_its_page_and_comes_back_by_its_card(office: Office) -> None:
    admin = office.browsers["admin"]
    customer = (await admin.get("/api/v1/customers")).json()["items"][0]["id"]
    visit = {"customer": customer, "planned_for": "2026-11-23T08:30:00+08:00", "purpose": "看样机"}
    assert (await admin.post("/api/v1/visits", json=visit)).status_code == 201
    kept = (await admin.get("/api/v1/visits")).json()
    assert kept["items"]
    await switch(office, "visits", False)
    assert ASK in (await admin.get("/plugins")).text
    asked = await admin.get(ASK)
    assert "变更记录" in asked.text
    wrong = await admin.post(ASK, data={"name": "visit"})
    assert wrong.status_code == 409
    assert (await admin.post(ASK, data={"name": "visits"})).status_code == 303
    assert ASK not in (await admin.get("/plugins")).text
    archive = await archive_of(office, "visits")
    assert f"/plugins/archives/{archive}/restore" in (await admin.get("/plugins")).text
    assert (await admin.post(f"/plugins/archives/{archive}/restore")).status_code == 303
    await switch(office, "visits", True)
    assert (await admin.get("/api/v1/visits")).json() == kept


async def test_an_archive_is_thrown_away_by_the_name_of_its_plugin_only(office: Office) -> None:
    admin = office.browsers["admin"]
    page = f"/plugins/archives/{await archive_of(office, 'visits')}"
    assert (await admin.get(page)).status_code == 200
    assert (await admin.post(page, data={"name": "customers"})).status_code == 409
    assert (await admin.post(page, data={"name": "visits"})).status_code == 303
    assert (await admin.get(page)).status_code == 404
    assert (await admin.get("/api/v1/archives")).json()["items"] == []


async def test_by_the_api_what_needs_it_is_named_and_taken_along(office: Office) -> None:
    admin = office.browsers["admin"]
    await switch(office, "visits", True)
    customers, visits = [(await admin.get(f"/api/v1/{path}")).json() for path in ("customers", "visits")]
    await switch(office, "customers", False)
    told = (await admin.get("/api/v1/plugins/customers/belongings")).json()
    assert told["dependants"] == ["visits"]
    assert sum(told["records"].values()) > len(customers["items"])
    refused = await admin.post("/api/v1/plugins/customers/archives", json={})
    assert (refused.status_code, refused.json()["plugins"]) == (409, ["visits"])
    done = (await admin.post("/api/v1/plugins/customers/archives", json={"cascade": True})).json()
    assert list(done["archives"]) == ["customers", "visits"]
    early = await admin.post(f"/api/v1/archives/{done['archives']['visits']}/restoration")
    assert early.status_code == 409
    for archive in done["archives"].values():
        assert (await admin.post(f"/api/v1/archives/{archive}/restoration")).status_code == 200
    await switch(office, "visits", True)
    assert [(await admin.get(f"/api/v1/{path}")).json() for path in ("customers", "visits")] == [customers, visits]
