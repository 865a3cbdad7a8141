"""Templates for programs: read, laid out anew on a version, reset; what is wrong in one is named and changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.testing.app import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEMPLATE, CUSTOMERS = "/api/v1/record-types/customers/template", "/api/v1/customers"
Groups = list[dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("admin") as client:
        client.headers["accept-language"] = "en"
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def wangfang(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("wangfang") as client:
        yield client


async def read(admin: httpx.AsyncClient, category: str = "") -> tuple[Groups, str]:
    """The groups, and the version to base a change on."""
    answer = await admin.get(TEMPLATE, params={"category": category})
    assert answer.status_code == 200, answer.text
    return answer.json()["groups"], answer.headers["etag"]


async def write(admin: httpx.AsyncClient, groups: Any, version: str, category: str = "") -> httpx.Response:
    return await admin.put(
        TEMPLATE, params={"category": category}, json={"groups": groups}, headers={"If-Match": version}
    )


def place(groups: Groups, key: str) -> dict[str, Any]:
    return next(field for group in groups for field in group["fields"] if field["key"] == key)


async def test_what_is_read_can_be_written_back_and_is_the_same(admin: httpx.AsyncClient) -> None:
    groups, version = await read(admin)
    answer = await write(admin, groups, version)
    assert answer.status_code == 200, answer.text
    assert answer.json()["groups"] == groups
    assert answer.json()["shipped"] is False
    assert answer.headers["etag"] == f'"{int(version.strip(chr(34))) + 1}"'
    zh = (await admin.get(TEMPLATE, headers={"accept-language": "zh"})).json()["groups"]
    assert [g["label"] for g in zh] != [g["label"] for g in groups], "shipped headings stay translated"


async def test_what_is_laid_out_counts_for_everybody_at_once(
    admin: httpx.AsyncClient, wangfang: httpx.AsyncClient
) -> None:
    groups, version = await read(admin)
    place(groups, "city")["required"] = True
    place(groups, "level")["default"] = "key"
    place(groups, "remark")["readonly"] = True
    assert (await write(admin, groups, version)).status_code == 200
    refused = await wangfang.post(CUSTOMERS, json={"name": "没有城市"})
    assert [e["field"] for e in refused.json()["errors"]] == ["city"]
    refused = await wangfang.post(CUSTOMERS, json={"name": "有备注", "city": "杭州", "remark": "不该有"})
    assert [e["field"] for e in refused.json()["errors"]] == ["remark"]
    made = await wangfang.post(CUSTOMERS, json={"name": "有城市", "city": "杭州"})
    assert made.json()["level"] == "key"
    assert (await admin.delete(TEMPLATE)).status_code == 200
    assert (await wangfang.post(CUSTOMERS, json={"name": "没有城市"})).status_code == 201


async def test_order_and_groups_are_kept(admin: httpx.AsyncClient) -> None:
    groups, version = await read(admin)
    groups.insert(0, {"label": "First of all", "fields": [place(groups, "website")]})
    for group in groups[1:]:
        group["fields"] = [field for field in group["fields"] if field["key"] != "website"]
    groups[2]["fields"].reverse()
    answer = await write(admin, groups, version)
    assert answer.status_code == 200, answer.text
    assert answer.json()["groups"] == groups
    reset = (await admin.delete(TEMPLATE)).json()
    assert reset["shipped"] is True
    assert "First of all" not in [g["label"] for g in reset["groups"]]


async def test_fields_that_are_left_out_go_where_they_are_shipped(admin: httpx.AsyncClient) -> None:
    groups, version = await read(admin)
    keys = sorted(field["key"] for group in groups for field in group["fields"])
    answer = await write(admin, [{"label": "Little", "fields": [{"key": "city"}]}], version)
    assert sorted(f["key"] for group in answer.json()["groups"] for f in group["fields"]) == keys
    await admin.delete(TEMPLATE)


async def test_locked_fields_stay_used_and_required(admin: httpx.AsyncClient) -> None:
    answer = await admin.get(TEMPLATE)
    assert {"name", "kind"} <= set(answer.json()["locked"])
    groups, version = answer.json()["groups"], answer.headers["etag"]
    place(groups, "name").update(on=False, required=False, when="not empty({city})")
    now = (await write(admin, groups, version)).json()["groups"]
    assert (place(now, "name")["on"], place(now, "name")["required"], place(now, "name")["when"]) == (True, True, "")
    await admin.delete(TEMPLATE)


async def test_each_main_category_has_its_own(admin: httpx.AsyncClient) -> None:
    channel, _version = await read(admin, "channel")
    assert place(channel, "intent")["on"] is False
    groups, version = await read(admin, "end")
    place(groups, "hot_topic")["on"] = False
    assert (await write(admin, groups, version, "end")).status_code == 200
    assert place((await read(admin))[0], "hot_topic")["on"] is True
    assert (await admin.delete(TEMPLATE, params={"category": "end"})).status_code == 200
    assert place((await read(admin, "end"))[0], "hot_topic")["on"] is True


async def test_a_change_on_an_old_version_is_refused(admin: httpx.AsyncClient) -> None:
    groups, version = await read(admin)
    place(groups, "city")["label"] = "Town"
    assert (await write(admin, groups, version)).status_code == 200
    place(groups, "city")["label"] = "Village"
    assert (await write(admin, groups, version)).status_code == 412
    assert (await admin.delete(TEMPLATE, headers={"If-Match": version})).status_code == 412
    assert place((await read(admin))[0], "city")["label"] == "Town"
    assert (await admin.put(TEMPLATE, json={"groups": groups})).status_code == 428
    assert (await admin.delete(TEMPLATE)).status_code == 200


def _twice(groups: Groups) -> None:
    groups[0]["fields"].append({"key": "city"})


def _same_names(groups: Groups) -> None:
    groups[1]["label"] = groups[2]["label"]


WRONG: list[tuple[str, Any]] = [
    ("no_such", lambda groups: groups[0]["fields"].append({"key": "no_such"})),
    ("city", _twice),
    ("groups", _same_names),
    ("city", lambda groups: place(groups, "city").update(when="{city} ==")),
    ("city", lambda groups: place(groups, "city").update(when="not empty({city})")),
    ("city", lambda groups: place(groups, "city").update(label="x" * 61)),
    ("city", lambda groups: place(groups, "city").update(label="Province")),
    ("city", lambda groups: place(groups, "city").update(required=True, readonly=True)),
    ("employees", lambda groups: place(groups, "employees").update(default="many")),
    ("level", lambda groups: place(groups, "level").update(default="nothing")),
]


@pytest.mark.parametrize(("field", "spoil"), WRONG, ids=[f"{n}-{field}" for n, (field, _spoil) in enumerate(WRONG)])
async def test_what_is_wrong_is_named_and_changes_nothing(admin: httpx.AsyncClient, field: str, spoil: Any) -> None:
    groups, version = await read(admin)
    spoil(groups)
    answer = await write(admin, groups, version)
    assert answer.status_code == 400, answer.text
    assert field in {error["field"] for error in answer.json()["errors"]}
    assert (await admin.get(TEMPLATE)).headers["etag"] == version


BODIES: list[Any] = [
    {},
    {"groups": []},
    {"groups": [{"label": "x"}]},
    {"groups": [{"label": "x", "fields": [{"key": "city", "on": "yes"}]}]},
    {"groups": [{"label": "x", "fields": [{"key": "city", "colour": "red"}]}]},
    {"groups": [{"label": "a\x00b", "fields": [{"key": "city"}]}]},
    {"groups": [{"label": "x", "fields": []}], "version": 1},
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_body_of_another_shape_is_refused(admin: httpx.AsyncClient, body: Any) -> None:
    _groups, version = await read(admin)
    answer = await admin.put(TEMPLATE, json=body, headers={"If-Match": version})
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"]


async def test_only_who_keeps_fields_may(wangfang: httpx.AsyncClient) -> None:
    assert (await wangfang.get(TEMPLATE)).status_code == 403
    assert (await write(wangfang, [{"label": "", "fields": []}], "0")).status_code == 403
    assert (await wangfang.delete(TEMPLATE)).status_code == 403


@pytest.mark.parametrize("path", ["/api/v1/record-types/dragons/template", f"{TEMPLATE}?category=dragon"])
async def test_what_is_not_there(admin: httpx.AsyncClient, path: str) -> None:
    assert (await admin.get(path)).status_code == 404
    assert (
        await admin.put(path, json={"groups": [{"label": "", "fields": []}]}, headers={"If-Match": "0"})
    ).status_code == 404
    assert (await admin.delete(path)).status_code == 404


async def test_it_is_described(admin: httpx.AsyncClient) -> None:
    described = (await admin.get("/api/v1/openapi.json")).json()
    assert set(described["paths"]["/api/v1/record-types/{collection}/template"]) == {"get", "put", "delete"}
    assert {"TemplateLayout", "TemplateGroup", "TemplateField"} <= set(described["components"]["schemas"])
