"""Fields a company adds while it works: there at once in forms, lists, filters and API, gone when off, with their values kept."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOMERS = "/api/v1/customers"
FIELDS = "/api/v1/record-types/customers/fields"


async def add(admin: httpx.AsyncClient, label: str, kind: str = "text", **more: Any) -> str:
    answer = await admin.post(FIELDS, json={"label": label, "kind": kind, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


async def make(http: httpx.AsyncClient, **values: Any) -> dict[str, Any]:
    answer = await http.post(CUSTOMERS, json=values)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def names(http: httpx.AsyncClient, **asked: str) -> list[str]:
    answer = await http.get(CUSTOMERS, params={"fields": "name", **asked})
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["items"]]


async def test_a_field_is_there_at_once_for_everybody(admin: httpx.AsyncClient, wangfang: httpx.AsyncClient) -> None:
    key = await add(admin, "爱好", help="周末做什么")
    assert key == "x_ai_hao"
    described = (await wangfang.get("/api/v1/record-types/customers")).json()["fields"]
    [field] = [f for f in described if f["key"] == key]
    assert (field["label"], field["type"], field["writable"]) == ("爱好", "text", True)
    made = await make(wangfang, name="爱好测试甲", x_ai_hao="羽毛球")
    assert made[key] == "羽毛球"
    assert (await wangfang.get(f"{CUSTOMERS}/{made['id']}")).json()[key] == "羽毛球"
    assert await names(wangfang, filter=f'[["{key}","contains","羽毛"]]') == ["爱好测试甲"]
    history = (await wangfang.get(f"{CUSTOMERS}/{made['id']}/history")).json()["items"]
    assert history[0]["after"][key] == "羽毛球"


async def test_added_texts_are_sorted_by_sound(admin: httpx.AsyncClient) -> None:
    key = await add(admin, "口味")
    for number, taste in enumerate(["酸", "甜", "苦", "辣", "咸"]):
        await make(admin, name=f"口味测试{number}", **{key: taste})
    answer = await admin.get(CUSTOMERS, params={"sort": key, "fields": key, "filter": f'[["{key}","empty",false]]'})
    assert [row[key] for row in answer.json()["items"]] == ["苦", "辣", "酸", "甜", "咸"]


async def test_a_field_that_is_off_is_nowhere_and_keeps_what_it_held(
    admin: httpx.AsyncClient, wangfang: httpx.AsyncClient
) -> None:
    key = await add(admin, "暗号")
    made = await make(wangfang, name="暗号测试", **{key: "天王盖地虎"})
    assert (await admin.delete(f"{FIELDS}/{key}")).status_code == 204
    whole = await wangfang.get(f"{CUSTOMERS}/{made['id']}")
    assert key not in whole.json()
    assert "天王盖地虎" not in whole.text
    assert (await wangfang.get(CUSTOMERS, params={"filter": f'[["{key}","=","天王盖地虎"]]'})).status_code == 400
    assert (await wangfang.get(CUSTOMERS, params={"sort": key})).status_code == 400
    answer = await wangfang.patch(
        f"{CUSTOMERS}/{made['id']}", json={key: "宝塔镇河妖"}, headers={"If-Match": str(made["version"])}
    )
    assert answer.status_code == 400
    renamed = await wangfang.patch(
        f"{CUSTOMERS}/{made['id']}", json={"remark": "改过"}, headers={"If-Match": str(made["version"])}
    )
    assert renamed.status_code == 200, renamed.text
    assert (await admin.patch(f"{FIELDS}/{key}", json={"active": True})).status_code == 200
    assert (await wangfang.get(f"{CUSTOMERS}/{made['id']}")).json()[key] == "天王盖地虎"


async def test_what_is_hidden_by_a_role_stays_hidden(admin: httpx.AsyncClient) -> None:
    key = await add(admin, "底价", "money")
    made = await make(admin, name="底价测试", **{key: "12.50"})
    assert made[key] == "12.50"
    assert (await admin.get(FIELDS)).status_code == 200


async def test_only_who_keeps_fields_may_add_them(wangfang: httpx.AsyncClient) -> None:
    assert (await wangfang.get(FIELDS)).status_code == 403
    assert (await wangfang.post(FIELDS, json={"label": "工资", "kind": "money"})).status_code == 403


WRONG = [
    ({"label": " ", "kind": "text"}, "label"),
    ({"label": "长" * 61, "kind": "text"}, "label"),
    ({"label": "备注", "kind": "text"}, "label"),
    ({"label": "一", "kind": "poem"}, "kind"),
    ({"label": "二", "kind": "text", "details": {"length": 0}}, "length"),
    ({"label": "三", "kind": "text", "details": {"size": 3}}, "size"),
    ({"label": "四", "kind": "number", "details": {"places": 7}}, "places"),
    ({"label": "五", "kind": "money", "details": {"currency": "XYY"}}, "currency"),
    ({"label": "六", "kind": "choice"}, "options"),
    ({"label": "七", "kind": "choice", "details": {"lookup": "nothing"}}, "lookup"),
    ({"label": "八", "kind": "link", "details": {"target": "dragons"}}, "target"),
    ({"label": "九", "kind": "yes_no", "distinct": True}, "distinct"),
]


@pytest.mark.parametrize(("body", "field"), WRONG, ids=[field for _body, field in WRONG])
async def test_what_is_said_wrongly_is_named(admin: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    before = (await admin.get(FIELDS)).json()
    answer = await admin.post(FIELDS, json=body)
    assert answer.status_code == 400, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await admin.get(FIELDS)).json() == before


KINDS: list[tuple[str, dict[str, Any], list[Any]]] = [
    ("text", {}, ["安徽", "北京", "重庆"]),
    ("number", {}, [-5, 0, 12]),
    ("number", {"places": 3}, ["-0.125", "0.000", "1234567.891"]),
    ("money", {"currency": "JPY"}, ["-3", "0", "900719925474"]),
    ("date", {}, ["1999-12-31", "2026-02-28", "2026-11-23"]),
    ("datetime", {}, ["2026-11-22T16:00:00Z", "2026-11-23T15:59:59Z", "2026-11-24T00:00:00Z"]),
    ("time", {}, ["00:00", "09:30", "23:59"]),
    ("phone", {}, ["010-1234", "021-1234", "13800000000"]),
    ("email", {}, ["a@b.cn", "b@b.cn", "c@b.cn"]),
    ("url", {}, ["https://a.cn", "https://b.cn", "https://c.cn"]),
    ("address", {}, ["a 1", "b 2", "c 3"]),
]


@pytest.mark.parametrize(("kind", "details", "values"), KINDS, ids=[f"{k}{d}" for k, d, _v in KINDS])
async def test_what_was_saved_is_read_filtered_and_sorted(
    admin: httpx.AsyncClient, kind: str, details: dict[str, Any], values: list[Any]
) -> None:
    key = await add(admin, f"{kind}{len(str(details))}", kind, details=details)
    for number in (1, 0, 2):
        made = await make(admin, name=f"{kind}第{number}个{len(str(details))}", **{key: values[number]})
        assert made[key] == values[number]
    held = f'[["{key}","empty",false]]'
    for sort, expected in ((key, values), (f"-{key}", values[::-1])):
        answer = await admin.get(CUSTOMERS, params={"sort": sort, "fields": key, "filter": held})
        assert [row[key] for row in answer.json()["items"]] == expected
    for value in values:
        found = await admin.get(CUSTOMERS, params={"fields": key, "filter": f'[["{key}","=",{_json(value)}]]'})
        assert [row[key] for row in found.json()["items"]] == [value], found.text


def _json(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


async def test_choices_of_a_list_of_its_own(admin: httpx.AsyncClient) -> None:
    one = await add(admin, "会员", "choice", details={"options": ["金卡", "银卡"]})
    several = await add(admin, "自定标签", "choices", details={"options": ["重点", "展会", "老客户"]})
    fields = {f["key"]: f for f in (await admin.get(FIELDS)).json()["items"]}
    gold, silver = (o["key"] for o in fields[one]["options"])
    tags = [o["key"] for o in fields[several]["options"]]
    first = await make(admin, name="标签测试一", **{one: gold, several: [tags[2], tags[0]]})
    await make(admin, name="标签测试二", **{one: silver, several: [tags[1]]})
    assert first[several] == sorted([tags[0], tags[2]])
    assert await names(admin, filter=f'[["{several}","contains","{tags[0]}"]]') == ["标签测试一"]
    assert await names(admin, filter=f'[["{one}","=","{silver}"]]') == ["标签测试二"]
    refused = await admin.post(CUSTOMERS, json={"name": "标签测试三", several: ["没有这个"]})
    assert [e["field"] for e in refused.json()["errors"]] == [several]
    lists = [item["name"] for item in (await admin.get("/api/v1/lookups")).json()["items"]]
    assert f"customer.{one}" in lists


async def test_links_people_and_departments(admin: httpx.AsyncClient) -> None:
    link = await add(admin, "推荐人", "link", details={"target": "customers"})
    person = await add(admin, "跟单员", "person")
    first = await make(admin, name="推荐测试一")
    second = await make(admin, name="推荐测试二", **{link: first["id"], person: first["owner"]})
    assert second[link] == first["id"]
    refused = await admin.post(CUSTOMERS, json={"name": "推荐测试三", link: 999999})
    assert [e["field"] for e in refused.json()["errors"]] == [link]
    removed = await admin.delete(f"{CUSTOMERS}/{first['id']}", headers={"If-Match": str(first["version"])})
    assert removed.status_code == 409, removed.text
    assert await names(admin, sort=link, filter=f'[["{link}","=",{first["id"]}]]') == ["推荐测试二"]


async def test_distinct_values(admin: httpx.AsyncClient) -> None:
    key = await add(admin, "税号", distinct=True)
    await make(admin, name="税号测试一", **{key: "9133"})
    await make(admin, name="税号测试二")
    await make(admin, name="税号测试三")
    answer = await admin.post(CUSTOMERS, json={"name": "税号测试四", key: "9133"})
    assert answer.status_code == 400
    assert [(e["field"], e["rule"]) for e in answer.json()["errors"]] == [(key, "unique")]


async def test_yes_or_no_is_no_until_said(admin: httpx.AsyncClient) -> None:
    before = await make(admin, name="是否测试一")
    key = await add(admin, "已拜访", "yes_no")
    await make(admin, name="是否测试二", **{key: True})
    assert (await admin.get(f"{CUSTOMERS}/{before['id']}")).json()[key] is False
    assert await names(admin, filter=f'[["{key}","=",true]]') == ["是否测试二"]
