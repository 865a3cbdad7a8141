"""Lists over the API: what is found, in which order, page by page, for whom. On both databases alike."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.records import queries
from dougong.records.pinyin import sort_key
from dougong.testing.app import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOMERS = "/api/v1/customers"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("admin") as client:
        yield client


async def ask(http: httpx.AsyncClient, path: str = CUSTOMERS, *, filter: Any = None, **given: Any) -> dict[str, Any]:
    if filter is not None:
        given["filter"] = json.dumps(filter)
    answer = await http.get(path, params=given)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def names(http: httpx.AsyncClient, *, filter: Any = None, **given: Any) -> set[str]:
    return {item["name"] for item in (await ask(http, filter=filter, limit=500, fields="name", **given))["items"]}


async def make(http: httpx.AsyncClient, path: str = CUSTOMERS, **values: Any) -> dict[str, Any]:
    answer = await http.post(path, json=values)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def everything(http: httpx.AsyncClient, path: str, **given: Any) -> list[dict[str, Any]]:
    """Every row of a list, page after page by its cursor."""
    rows: list[dict[str, Any]] = []
    page = await ask(http, path, **given)
    while True:
        rows += page["items"]
        if page["next"] is None:
            return rows
        assert len(page["items"]) == given["limit"]
        page = await ask(http, path, **given, cursor=page["next"])


# ---------------------------------------------------------------------- pages


async def test_every_sort_visits_every_row_exactly_once(http):
    described = await http.get("/api/v1/openapi.json")
    collections = [
        p.rpartition("/")[2]
        for p in described.json()["paths"]
        if p.count("/") == 3 and "post" in described.json()["paths"][p]
    ]
    visited = 0
    for collection in set(collections) & {"customers", "staff", "departments", "interactions"}:
        path = f"/api/v1/{collection}"
        fields = (await http.get(f"/api/v1/record-types/{collection}")).json()["fields"]
        ids = {row["id"] for row in await everything(http, path, limit=500, fields="id")}
        limit = 60 if len(ids) > 100 else 7
        for key, sign in itertools.product(
            [f["key"] for f in fields if f["type"] not in queries.UNSORTABLE], ("", "-")
        ):
            rows = await everything(http, path, sort=f"{sign}{key}", limit=limit, fields="id")
            assert [row["id"] for row in rows if row["id"] not in ids] == [], (collection, sign, key)
            assert len(rows) == len(ids) == len({row["id"] for row in rows}), (collection, sign, key)
            visited += 1
    assert visited > 100


async def test_pages_by_number_are_the_pages_by_cursor(http):
    whole = await everything(http, CUSTOMERS, sort="city", limit=40, fields="id")
    by_number = []
    for number in itertools.count(1):
        page = await ask(http, sort="city", limit=40, fields="id", page=number)
        by_number += page["items"]
        if page["next"] is None:
            break
    assert by_number == whole


async def test_rows_without_a_value_stand_last_whichever_way_it_is_sorted(http):
    for sign in ("", "-"):
        rows = await everything(http, CUSTOMERS, sort=f"{sign}next_follow_up", limit=70, fields="next_follow_up")
        values = [row["next_follow_up"] for row in rows]
        filled = [value for value in values if value is not None]
        assert 0 < len(filled) < len(values)
        assert values[: len(filled)] == sorted(filled, reverse=sign == "-")


async def test_names_sort_by_sound_beside_latin_ones(http):
    listed = [row["name"] for row in await everything(http, CUSTOMERS, sort="name", limit=90, fields="name")]
    assert listed == sorted(listed, key=sort_key)
    assert any(name.isascii() for name in listed)
    initial = [sort_key(name)[0] for name in listed]
    assert initial == sorted(initial)


async def test_the_sound_decides_not_the_character(http):
    by_sound = ["阿波罗", "Baker", "长江", "杭城", "Zebra", "中原"]
    for name in sorted(by_sound):
        await make(http, name=name, city="音序市")
    listed = await ask(http, filter=["city", "=", "音序市"], sort="name", fields="name")
    assert [row["name"] for row in listed["items"]] == by_sound


async def test_a_reference_sorts_by_the_name_of_what_it_refers_to(http):
    people = {row["id"]: row["name"] for row in (await ask(http, "/api/v1/staff", limit=500))["items"]}
    owners = [
        people[r["owner"]]
        for r in await everything(http, CUSTOMERS, sort="owner", limit=90, fields="owner")
        if r["owner"]
    ]
    assert owners == sorted(owners, key=sort_key)
    assert len(set(owners)) > 3


async def test_totals_are_bounded_unless_an_exact_one_is_asked_for(http, monkeypatch):
    exact = (await ask(http, limit=1, count="exact"))["total"]
    monkeypatch.setattr(queries.bounded_count, "__kwdefaults__", {"exact": False, "bound": 50})
    page = await ask(http, limit=1)
    assert (page["total"], page["total_exact"]) == (50, False)
    page = await ask(http, limit=1, count="exact")
    assert (page["total"], page["total_exact"]) == (exact, True)
    assert exact >= 200


async def test_pages_by_number_end_at_ten_thousand_and_say_so(http):
    assert (await ask(http, limit=500, page=21))["items"] == []
    refused = await http.get(CUSTOMERS, params={"limit": 500, "page": 22})
    assert refused.status_code == 400
    assert [e["field"] for e in refused.json()["errors"]] == ["page"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit": "0"},
        {"limit": "501"},
        {"limit": "x"},
        {"page": "0"},
        {"count": "all"},
        {"sort": "nothing"},
        {"sort": "remark"},
        {"fields": "name,nothing"},
        {"cursor": "nonsense"},
        {"nothing": "1"},
        {"filter": "["},
        {"filter": '["nothing","=",1]'},
        {"filter": '["name","between",1]'},
        {"filter": '["founded","=","x"]'},
        {"filter": '["remark","=","x"]'},
        {"filter": '{"xor":[]}'},
    ],
    ids=str,
)
async def test_what_cannot_be_read_is_named(http, wrong):
    refused = await http.get(CUSTOMERS, params=wrong)
    assert refused.status_code == 400, refused.text
    [error] = refused.json()["errors"]
    assert error["field"] == next(iter(wrong))


async def test_a_cursor_of_another_sort_is_refused(http):
    cursor = (await ask(http, sort="city", limit=5))["next"]
    assert (await http.get(CUSTOMERS, params={"sort": "name", "limit": 5, "cursor": cursor})).status_code == 400


async def test_only_the_asked_fields_come_and_the_id_with_them(http):
    [row] = (await ask(http, limit=1, fields="city,name"))["items"]
    assert set(row) == {"id", "city", "name"}


# ---------------------------------------------------------------------- finding


async def test_quick_find_looks_inside_and_at_initials_and_takes_wildcards_as_they_are(http):
    await make(http, name="杭州量天尺仪器有限公司", city="衢州")
    assert await names(http, q="量天尺") == {"杭州量天尺仪器有限公司"}
    assert "杭州量天尺仪器有限公司" in await names(http, q="hzltc")
    assert "杭州量天尺仪器有限公司" in await names(http, q="衢州")
    for nothing in ("%", "_", "杭%量", "!", "'", '"', "\\"):
        assert await names(http, q=nothing) == set(), nothing


async def test_every_operator_finds_what_python_finds(http):
    rows = (await ask(http, limit=500))["items"]

    def expected(test):
        return {row["name"] for row in rows if test(row)}

    median = sorted(row["founded"] for row in rows if row["founded"])[len(rows) // 2]
    cases = [
        (["city", "=", "杭州"], lambda r: r["city"] == "杭州"),
        (["city", "!=", "杭州"], lambda r: r["city"] != "杭州"),
        (["level", "!=", "key"], lambda r: r["level"] != "key"),
        (["level", "in", ["key", "small"]], lambda r: r["level"] in ("key", "small")),
        (["level", "in", []], lambda r: False),
        (["level", "empty", True], lambda r: r["level"] is None),
        (["level", "empty", False], lambda r: r["level"] is not None),
        (["level", "empty"], lambda r: r["level"] is None),
        (["remark", "empty"], lambda r: not r["remark"]),
        (["founded", "<", median], lambda r: r["founded"] is not None and r["founded"] < median),
        (["founded", "<=", median], lambda r: r["founded"] is not None and r["founded"] <= median),
        (["founded", ">", median], lambda r: r["founded"] is not None and r["founded"] > median),
        (["founded", ">=", str(median)], lambda r: r["founded"] is not None and r["founded"] >= median),
        (
            ["credit_limit", ">", "200000"],
            lambda r: r["credit_limit"] is not None and float(r["credit_limit"]) > 200000,
        ),
        (["name", "contains", "机械"], lambda r: "机械" in r["name"]),
        (["name", "starts", "杭州"], lambda r: r["name"].startswith("杭州")),
        (["email", "contains", "INFO@"], lambda r: "info@" in r["email"].lower()),
        (["state", "in", ["draft", "submitted"]], lambda r: r["state"] in ("draft", "submitted")),
        ({"not": ["level", "=", "key"]}, lambda r: r["level"] != "key"),
        ({"not": ["founded", ">", median]}, lambda r: not (r["founded"] is not None and r["founded"] > median)),
        ({"or": [["city", "=", "杭州"], ["city", "=", "上海"]]}, lambda r: r["city"] in ("杭州", "上海")),
        ([["city", "=", "杭州"], ["level", "=", "key"]], lambda r: r["city"] == "杭州" and r["level"] == "key"),
        (
            {"and": [{"or": [["city", "=", "杭州"], ["level", "empty"]]}, {"not": ["kind", "=", "end"]}]},
            lambda r: (r["city"] == "杭州" or r["level"] is None) and r["kind"] != "end",
        ),
    ]
    for tree, test in cases:
        assert await names(http, filter=tree) == expected(test), tree
    found = [bool(expected(test)) for _, test in cases]
    assert found.count(False) <= 2, "the sample company has too little in it to tell"


async def test_money_is_exact_and_sums_are(http):
    first = await make(http, name="分毫不差甲", credit_limit="90071992547409.93", city="分毫市")
    await make(http, name="分毫不差乙", credit_limit="0.01", city="分毫市")
    assert first["credit_limit"] == "90071992547409.93"
    assert await names(http, filter=["credit_limit", "=", "90071992547409.93"]) == {"分毫不差甲"}
    assert await names(http, filter=[["credit_limit", ">", "90071992547409.92"], ["city", "=", "分毫市"]]) == {
        "分毫不差甲"
    }
    summed = await ask(http, f"{CUSTOMERS}/summary", group="city", sum="credit_limit", filter=["city", "=", "分毫市"])
    assert summed["items"] == [{"value": "分毫市", "count": 2, "sum": "90071992547409.94"}]


async def test_a_sum_may_be_larger_than_any_amount(http):
    for number in range(100):  # past what eight bytes hold
        await make(http, name=f"巨款{number}", credit_limit="999999999999999.99", city="巨款市")
    summed = await ask(http, f"{CUSTOMERS}/summary", group="city", sum="credit_limit", filter=["city", "=", "巨款市"])
    assert summed["items"] == [{"value": "巨款市", "count": 100, "sum": "99999999999999999.00"}]


async def test_a_summary_counts_what_the_list_holds(http):
    rows = (await ask(http, limit=500))["items"]
    told = (await ask(http, f"{CUSTOMERS}/summary", group="level"))["items"]
    counted = {value: sum(row["level"] == value for row in rows) for value in {row["level"] for row in rows}}
    assert {group["value"]: group["count"] for group in told} == counted


async def test_a_day_is_a_day_in_the_company(http):
    """The company's clock is eight hours ahead of UTC: its day begins the evening before."""
    customer = (await make(http, name="昼夜交替有限公司"))["id"]
    for moment in ("2026-03-04T15:59:59Z", "2026-03-04T16:00:00Z", "2026-03-05T15:59:59Z", "2026-03-05T16:00:00Z"):
        await make(http, "/api/v1/interactions", customer=customer, text=moment, happened_at=moment)

    async def found(*conditions):
        tree = [["customer", "=", customer], *conditions]
        return [
            row["text"][5:]
            for row in (await ask(http, "/api/v1/interactions", filter=tree, sort="happened_at"))["items"]
        ]

    assert await found(["happened_at", "=", "2026-03-05"]) == ["03-04T16:00:00Z", "03-05T15:59:59Z"]
    assert await found(["happened_at", "!=", "2026-03-05"]) == ["03-04T15:59:59Z", "03-05T16:00:00Z"]
    assert await found(["happened_at", "<", "2026-03-05"]) == ["03-04T15:59:59Z"]
    assert await found(["happened_at", ">", "2026-03-05"]) == ["03-05T16:00:00Z"]
    assert await found(["happened_at", ">=", "2026-03-05"], ["happened_at", "<=", "2026-03-05"]) == [
        "03-04T16:00:00Z",
        "03-05T15:59:59Z",
    ]
    assert await found(["happened_at", "in", ["2026-03-04", "2026-03-06"]]) == ["03-04T15:59:59Z", "03-05T16:00:00Z"]
    assert await found(["happened_at", "=", "2026-03-05T00:00:00"]) == ["03-04T16:00:00Z"], (
        "without a zone: the company's"
    )


async def test_periods_are_the_companys(http):
    from dougong.i18n import today

    day = today()
    week = day - dt.timedelta(days=day.weekday())
    for name, city, due in (
        ("周一到期", "期间市", week),
        ("下周到期", "期间市", week + dt.timedelta(days=7)),
        ("今天到期", "期间市", day),
    ):
        await make(http, name=name, city=city, next_follow_up=due.isoformat())

    async def during(period):
        return await names(http, filter=[["city", "=", "期间市"], ["next_follow_up", "during", period]])

    assert await during("this_week") == {"周一到期", "今天到期"}
    assert await during("next_week") == {"下周到期"}
    assert "今天到期" in await during("today")
    assert "下周到期" not in await during("last_week")


async def test_me_is_whoever_asks(company):
    async with company.program("wangfang") as wangfang:
        mine = await ask(wangfang, filter=["owner", "=", "me"], fields="owner", limit=500)
    assert {row["owner"] for row in mine["items"]} == {company.world.staff["wangfang"]}


# ---------------------------------------------------------------------- for whom


async def test_a_list_takes_few_queries_however_many_rows(http, company, statements):
    async with company.program("wangfang") as wangfang:
        await ask(wangfang, limit=50)
        for who, limit in ((wangfang, 1), (wangfang, 200), (http, 500)):
            with statements() as counted:
                await ask(who, limit=limit, sort="owner", q="a", count="exact")
            assert 1 <= len(counted) <= 6, counted


async def test_the_quick_find_knows_choices_by_the_words_people_read(company: Company):
    async with company.program("admin") as http:
        http.headers["Accept-Language"] = "zh-CN"
        made = [await http.post("/api/v1/customers", json={"name": name}) for name in ("选项甲", "选项乙")]
        one, other = (answer.json()["id"] for answer in made)
        body = {"customer": one, "relation": "partner_of", "related": other}
        relation = (await http.post("/api/v1/customer-relations", json=body)).json()["id"]
        fields = (await http.get("/api/v1/record-types/customer-relations")).json()["fields"]
        words = next(
            o["label"] for f in fields if f["key"] == "relation" for o in f["options"] if o["key"] == "partner_of"
        )
        found = (await http.get("/api/v1/customer-relations", params={"q": words})).json()["items"]
        assert relation in {item["id"] for item in found}
        assert not (await http.get("/api/v1/customer-relations", params={"q": "没有这样的词"})).json()["items"]
