"""What goes by a field is told before it is switched off; what reads it keeps it from being so."""

from __future__ import annotations

import html
from typing import Any

import httpx
import pytest

from .test_added_fields import FIELDS, add, make

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEMPLATE = "/api/v1/record-types/customers/template"
VIEWS = "/api/v1/customers/views"


async def uses(admin: httpx.AsyncClient, key: str) -> dict[str, Any]:
    answer = await admin.get(f"{FIELDS}/{key}/uses")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def condition(admin: httpx.AsyncClient, key: str, when: str, category: str = "") -> None:
    """Let a field be there on a condition, in the template of a main category."""
    known = (await admin.get(TEMPLATE, params={"category": category})).json()
    for place in (place for group in known["groups"] for place in group["fields"]):
        if place["key"] == key:
            place["when"] = when
    saved = await admin.put(
        TEMPLATE,
        params={"category": category},
        json={"groups": known["groups"]},
        headers={"If-Match": str(known["version"])},
    )
    assert saved.status_code == 200, saved.text


async def test_how_many_records_hold_it_is_told_for_each_template(admin: httpx.AsyncClient) -> None:
    key = await add(admin, "用量")
    for number, kind in enumerate(("end", "end", "channel", "end")):
        await make(admin, name=f"用量测试{number}", kind=kind, **({key: "多"} if number < 3 else {}))
    told = await uses(admin, key)
    assert told["held"] == 3
    assert {t["category"]: t["held"] for t in told["templates"]} == {"": 2, "channel": 1}
    assert (told["formulas"], told["conditions"], told["views"], told["numbers"]) == ([], [], 0, False)


async def test_a_formula_that_reads_it_keeps_it_on_and_is_named(company: Any, admin: httpx.AsyncClient) -> None:
    read = await add(admin, "件数", "number")
    reads = await add(admin, "总件数", "formula", details={"formula": f"{read} * 2"})
    assert (await uses(admin, read))["formulas"] == [{"key": reads, "label": "总件数"}]
    for refused in (
        await admin.delete(f"{FIELDS}/{read}"),
        await admin.patch(f"{FIELDS}/{read}", json={"active": False}),
    ):
        assert refused.status_code == 409
        assert "公式“总件数”" in refused.json()["detail"]
    async with company.browser("admin") as browser:
        asked = html.unescape((await browser.get(f"/fields/customers/{read}/off")).text)
        assert "公式“总件数”" in asked
        assert f'action="/fields/customers/{read}/off"' not in asked or "停用</button>" not in asked
        answer = await browser.post(f"/fields/customers/{read}/off", data={})
        assert answer.status_code == 409
        assert "公式“总件数”" in html.unescape(answer.text)
    assert (await make(admin, name="件数测试", **{read: 3}))[reads] == "6.00"
    assert (await admin.delete(f"{FIELDS}/{reads}")).status_code == 204
    assert (await admin.delete(f"{FIELDS}/{read}")).status_code == 204


async def test_a_condition_that_reads_it_keeps_it_on_and_is_named_with_its_template(admin: httpx.AsyncClient) -> None:
    read, shown = await add(admin, "是否进口", "yes_no"), await add(admin, "报关单")
    await condition(admin, shown, read, "channel")
    assert (await uses(admin, read))["conditions"] == [{"key": shown, "label": "报关单", "category": "channel"}]
    refused = await admin.delete(f"{FIELDS}/{read}")
    assert refused.status_code == 409
    assert "“报关单”" in refused.json()["detail"]
    assert "渠道客户" in refused.json()["detail"]
    await condition(admin, shown, "", "channel")
    assert (await admin.delete(f"{FIELDS}/{read}")).status_code == 204


async def test_views_are_counted_and_those_everybody_has_are_named(company: Any, admin: httpx.AsyncClient) -> None:
    key = await add(admin, "区域码")
    async with company.program("wangfang") as wangfang:
        own = {"name": "我的区域", "columns": ["name", key]}
        assert (await wangfang.post(VIEWS, json=own)).status_code == 201
    shared = {"name": "按区域", "filter": [[key, "=", "A"]], "shared": True}
    assert (await admin.post(VIEWS, json=shared)).status_code == 201
    told = await uses(admin, key)
    assert (told["views"], told["shared_views"]) == (2, ["按区域"])
    async with company.browser("admin") as browser:
        asked = html.unescape((await browser.get(f"/fields/customers/{key}/off")).text)
    assert "“按区域”" in asked
    assert "我的区域" not in asked
    assert (await admin.delete(f"{FIELDS}/{key}")).status_code == 204


async def test_a_field_of_numbers_says_that_it_gives_them(admin: httpx.AsyncClient) -> None:
    key = await add(admin, "档案号", "serial", details={"rule": "DA-{0000}"})
    assert (await uses(admin, key))["numbers"] is True


async def test_only_who_keeps_fields_is_told(wangfang: httpx.AsyncClient) -> None:
    assert (await wangfang.get(f"{FIELDS}/x_nothing/uses")).status_code == 403
