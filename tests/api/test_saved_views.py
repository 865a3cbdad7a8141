"""Saved views for programs: one's own and those that are shared, checked as a list checks what it is asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.testing.app import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")

CUSTOMERS = "/api/v1/customers"
VIEWS = f"{CUSTOMERS}/views"
EITHER = {
    "or": [
        {"and": [["city", "=", "杭州"], ["kind", "in", ["end", "channel"]]]},
        {"and": [["number", "empty", "false"]]},
    ]
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("admin") as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wangfang(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("wangfang") as client:
        yield client


async def made(client: Any, name: str, **sent: Any) -> dict[str, Any]:
    answer = await client.post(VIEWS, json={"name": name, **sent})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_view_is_answered_as_it_was_sent_and_can_be_changed_in_part(wangfang: Any) -> None:
    sent = {"filter": EITHER, "q": "有限", "sort": "-name", "columns": ["name", "city"]}
    view = await made(wangfang, "程序的", **sent)
    assert view == {"id": view["id"], "name": "程序的", "shared": False, "own": True, **sent}
    assert view in (await wangfang.get(VIEWS)).json()["items"]
    answer = await wangfang.patch(f"{VIEWS}/{view['id']}", json={"name": "改过的", "q": ""})
    assert answer.json() == {**view, "name": "改过的", "q": ""}
    assert (await wangfang.delete(f"{VIEWS}/{view['id']}")).status_code == 204
    assert view["id"] not in [it["id"] for it in (await wangfang.get(VIEWS)).json()["items"]]
    assert (await wangfang.delete(f"{VIEWS}/{view['id']}")).status_code == 404


async def test_what_a_view_asks_finds_what_the_list_finds_with_it(wangfang: Any, company: Any) -> None:
    view = await made(wangfang, "同样的", filter=EITHER)
    total = (await wangfang.get(CUSTOMERS, params={"filter": json.dumps(EITHER)})).json()["total"]
    async with company.browser("wangfang") as browser:
        counts = (await browser.get("/customers/counts")).json()
    assert counts[f"view:s{view['id']}"] == str(total)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"filter": [["nothing", "=", "1"]]}, "filter"),
        ({"filter": [["city", "~", "1"]]}, "filter"),
        ({"filter": {"not": [["city", "=", "杭州"]]}}, "filter"),
        ({"filter": {"or": [{"not": [["city", "=", "杭州"]]}]}}, "filter"),
        ({"filter": "杭州"}, "filter"),
        ({"filter": {"or": 3}}, "filter"),
        ({"filter": {"or": []}}, "filter"),
        ({"filter": [["city", "=", "杭州"]] * 51}, "filter"),
        ({"sort": "nothing"}, "sort"),
        ({"columns": ["nothing"]}, "columns"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": 7}, "name"),
        ({"place": 1}, "place"),
    ],
    ids=str,
)
async def test_what_no_list_could_show_is_refused_by_name(wangfang: Any, sent: dict[str, Any], field: str) -> None:
    before = (await wangfang.get(VIEWS)).json()
    answer = await wangfang.post(VIEWS, json={"name": "falsch", **sent})
    assert answer.status_code == 400, answer.text
    assert field in [problem["field"] for problem in answer.json()["errors"]]
    assert (await wangfang.get(VIEWS)).json() == before


async def test_others_views_are_not_there_until_they_are_shared(wangfang: Any, admin: Any) -> None:
    view = await made(admin, "各自的", filter=[["city", "=", "杭州"]])
    at = f"{VIEWS}/{view['id']}"
    assert view["id"] not in [it["id"] for it in (await wangfang.get(VIEWS)).json()["items"]]
    assert (await wangfang.patch(at, json={"name": "x"})).status_code == 404
    assert (await admin.patch(at, json={"shared": True})).json()["shared"] is True
    [seen] = [it for it in (await wangfang.get(VIEWS)).json()["items"] if it["id"] == view["id"]]
    assert (seen["own"], seen["name"]) == (False, "各自的")
    for answer in (await wangfang.patch(at, json={"name": "x"}), await wangfang.delete(at)):
        assert answer.status_code == 404
    assert (await wangfang.post(VIEWS, json={"name": "mit allen", "shared": True})).status_code == 403
