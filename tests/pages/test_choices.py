"""The lists of choices, on their page and in the API."""

from __future__ import annotations

import re

import pytest

from .conftest import Office, value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE, API = "/lookups/customer_source", "/api/v1/lookups/customer_source"


async def keys(office: Office) -> list[str]:
    return [item["key"] for item in (await office.browsers["admin"].get(API)).json()["items"]]


@pytest.mark.parametrize("path", ["/lookups", PAGE, f"{PAGE}/new", f"{PAGE}/referral/edit"])
async def test_lists_are_closed_without_the_right(office: Office, path: str) -> None:
    assert (await office.browsers["wangfang"].get(path)).status_code == 403


async def test_nothing_is_written_without_the_right(office: Office) -> None:
    browser = office.browsers["wangfang"]
    async with office.nothing_written():
        for path in (
            "new",
            "referral/edit",
            "referral/up",
            "referral/down",
            "referral/deactivate",
            "referral/reactivate",
        ):
            assert (await browser.post(f"{PAGE}/{path}", data={"label": "x", "tone": "ok"})).status_code == 403, path
        assert (await browser.post(API, json={"label": "x"})).status_code == 403
        assert (await browser.patch(f"{API}/referral", json={"active": False})).status_code == 403
        assert (await browser.put(f"{API}/order", json={"keys": []})).status_code == 403
    assert "used_by" not in (await browser.get(API)).text


@pytest.mark.parametrize("path", ["/lookups/nothing", f"{PAGE}/nothing/edit", "/api/v1/lookups/nothing"])
async def test_a_list_or_choice_that_is_not_there(office: Office, path: str) -> None:
    assert (await office.browsers["admin"].get(path)).status_code == 404


async def test_a_choice_is_added_renamed_coloured(office: Office) -> None:
    admin = office.browsers["admin"]
    assert (await admin.post(f"{PAGE}/new", data={"label": "行业峰会", "tone": "vio"})).status_code == 303
    key = (await keys(office))[-1]
    assert "行业峰会" in (await admin.get(PAGE)).text
    assert "行业峰会" in (await admin.get("/customers/new")).text
    assert (await admin.post(f"{PAGE}/{key}/edit", data={"label": "年度峰会", "tone": "ok"})).status_code == 303
    assert re.search(r'class="dg-tag ok">年度峰会<', (await admin.get(PAGE)).text)


async def test_a_refused_choice_keeps_what_was_typed(office: Office) -> None:
    admin = office.browsers["admin"]
    async with office.nothing_written():
        await admin.get(PAGE)
        for label, tone in ((" ", "none"), ("x" * 61, "none"), ("好看", "pink")):
            answer = await admin.post(f"{PAGE}/new", data={"label": label, "tone": tone})
            assert answer.status_code == 422, label
            assert value_of("label", answer.text) == label


async def test_the_shipped_words_stay_translated_when_only_the_colour_changes(office: Office) -> None:
    admin = office.browsers["admin"]
    form = (await admin.get(f"{PAGE}/referral/edit")).text
    sent = {"label": value_of("label", form), "tone": "pri"}
    assert (await admin.post(f"{PAGE}/referral/edit", data=sent)).status_code == 303
    async with office.company.program("admin") as program:
        zh = (await program.get(API, headers={"accept-language": "zh"})).json()["items"]
        en = (await program.get(API, headers={"accept-language": "en"})).json()["items"]
    words = [next(item["label"] for item in items if item["key"] == "referral") for items in (zh, en)]
    assert words[0] != words[1]


async def test_order_is_kept(office: Office) -> None:
    admin, before = office.browsers["admin"], await keys(office)
    assert (await admin.post(f"{PAGE}/{before[1]}/up")).status_code == 303
    assert await keys(office) == [before[1], before[0], *before[2:]]
    assert (await admin.post(f"{PAGE}/{before[1]}/down")).status_code == 303
    assert await keys(office) == before
    assert (await admin.put(f"{API}/order", json={"keys": before[::-1]})).status_code == 200
    assert await keys(office) == before[::-1]


async def test_a_choice_offered_no_more_stays_where_it_stands(office: Office) -> None:
    admin = office.browsers["admin"]
    used = next(i for i in (await admin.get(API)).json()["items"] if i["used_by"])
    [use] = used["used_by"]
    counted = (await admin.get("/api/v1/customers/summary?group=source")).json()["items"]
    assert next(g["count"] for g in counted if g["value"] == used["key"]) == use["count"]
    customer = (await admin.get(f'/api/v1/customers?limit=1&filter=[["source","=","{used["key"]}"]]')).json()["items"][
        0
    ]
    assert f"v={used['key']}" in (await admin.get(PAGE)).text

    assert (await admin.post(f"{PAGE}/{used['key']}/deactivate")).status_code == 303
    assert (
        f'<option value="{used["key"]}"'
        not in (await admin.get("/customers/new")).text.split('name="source"')[1].split("</select>")[0]
    )
    assert (await admin.get(f"/api/v1/customers/{customer['id']}")).json()["source"] == used["key"]
    assert f'<option value="{used["key"]}" selected' in (await admin.get(f"/customers/{customer['id']}/edit")).text
    assert (
        await admin.post("/api/v1/customers", json={"name": "来源测试有限公司", "source": used["key"]})
    ).status_code == 400
    assert (await admin.post(f"{PAGE}/{used['key']}/reactivate")).status_code == 303
    assert f'<option value="{used["key"]}"' in (await admin.get("/customers/new")).text


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("POST", API, {}),
        ("POST", API, {"label": 3}),
        ("POST", API, {"label": "x", "colour": "red"}),
        ("POST", API, {"label": "a\x00b"}),
        ("PATCH", f"{API}/referral", {"active": "no"}),
        ("PATCH", f"{API}/referral", {"tone": "pink"}),
        ("PUT", f"{API}/order", {"keys": ["referral"]}),
        ("PUT", f"{API}/order", {"keys": [1]}),
        ("PUT", f"{API}/order", {}),
    ],
)
async def test_the_api_refuses_and_writes_nothing(office: Office, method: str, path: str, body: dict) -> None:
    async with office.nothing_written():
        answer = await office.browsers["admin"].request(method, path, json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json()["errors"]


async def test_the_api_keeps_a_list(office: Office) -> None:
    admin = office.browsers["admin"]
    made = await admin.post(API, json={"label": "Trade mission", "tone": "warn"})
    assert made.status_code == 201
    assert made.headers["change-batch"]
    key = made.headers["location"].rpartition("/")[2]
    changed = await admin.patch(f"{API}/{key}", json={"active": False, "label": "Mission"})
    assert changed.status_code == 200
    item = next(i for i in changed.json()["items"] if i["key"] == key)
    assert (item["label"], item["tone"], item["active"], item["used_by"]) == ("Mission", "warn", False, [])
    assert (await admin.patch(f"{API}/nothing", json={"active": False})).status_code == 404
    listed = (await admin.get("/api/v1/lookups")).json()["items"]
    assert "customer_source" in {entry["name"] for entry in listed}
    described = (await admin.get("/api/v1/openapi.json")).json()["paths"]
    assert {"get", "post"} <= set(described["/api/v1/lookups/{name}"])
    assert "put" in described["/api/v1/lookups/{name}/order"]
