"""Added fields and templates as people meet them: on forms, records and lists."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.plugin.lookups import options_of
from dougong.plugin.snapshot import current_snapshot
from dougong.records.shapes import Place
from dougong.records.types import RecordType
from dougong.shaping.fields import add_field
from dougong.shaping.templates import reset_template, template
from dougong.testing.app import Company

from .test_templates import save

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.browser("wangfang") as signed_in:
        yield signed_in


@pytest_asyncio.fixture(loop_scope="module")
async def customer(admin: httpx.AsyncClient) -> AsyncIterator[RecordType]:
    with acting_as(system("shape records")):
        known = current_snapshot().records["customer"]
        yield known
        now = await template(known)
        if not now.shipped:
            await reset_template(known, "", version=now.version)


def control(text: str, name: str) -> str:
    found = re.search(rf'<(?:input|select|textarea)[^>]* name="{name}"[^>]*>', text)
    return found[0] if found else ""


async def saved(browser: httpx.AsyncClient, path: str, **typed: Any) -> str:
    answer = await browser.post(path, data=typed)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def test_several_choices_are_ticked_shown_and_cleared(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient, customer: RecordType
) -> None:
    one = await add_field(customer, "兴趣", "choices", details={"options": ["钓鱼", "羽毛球", "书法"]})
    keys = [option.key for option, _on in options_of(one.lookup)]  # type: ignore[arg-type]
    assert (await browser.get("/customers/new")).text.count(f'name="{one.key}"') == 3
    there = await saved(browser, "/customers/new", name="多选页面测试", kind="end", **{one.key: keys[:2]})
    text = (await browser.get(there)).text
    assert "钓鱼" in text
    assert "羽毛球" in text
    assert "书法" not in text
    form = (await browser.get(f"{there}/edit")).text
    assert form.count("checked") >= 2
    version = re.search(r'name="version" value="(\d+)"', form)[1]  # type: ignore[index]
    await saved(browser, f"{there}/edit", name="多选页面测试", kind="end", version=version)
    assert (await admin.get(f"/api/v1{there}")).json()[one.key] is None


async def test_a_field_comes_and_goes_with_its_condition(browser: httpx.AsyncClient, customer: RecordType) -> None:
    await save(customer, "", credit_code=Place("credit_code", required=True, when='{city} == "上海"'))
    new = (await browser.get("/customers/new?kind=")).text
    assert 'data-redrawn-by="city' in new or "city" in re.search(r'data-redrawn-by="([^"]*)"', new)[1]  # type: ignore[index]
    assert not control(new, "credit_code")
    drawn = await browser.post("/customers/new", data={"name": "条件页面", "city": "上海", "look": "1"})
    assert drawn.status_code == 200
    assert " required" in control(drawn.text, "credit_code")
    assert 'value="条件页面"' in control(drawn.text, "name")
    refused = await browser.post("/customers/new", data={"name": "条件页面", "city": "上海"})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in control(refused.text, "credit_code")
    await saved(browser, "/customers/new", name="条件页面", city="杭州")


async def test_a_default_stands_in_the_form_and_can_be_cleared(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient, customer: RecordType
) -> None:
    await save(customer, "", province=Place("province", default="浙江"))
    assert 'value="浙江"' in control((await browser.get("/customers/new")).text, "province")
    there = await saved(browser, "/customers/new", name="默认值页面", province="")
    assert not (await admin.get(f"/api/v1{there}")).json()["province"]


async def test_what_is_only_shown_is_not_taken_from_a_form(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient, customer: RecordType
) -> None:
    await save(customer, "", city=Place("city", readonly=True))
    assert " readonly" in control((await browser.get("/customers/new")).text, "city")
    there = await saved(browser, "/customers/new", name="只读页面", city="杭州")
    assert not (await admin.get(f"/api/v1{there}")).json()["city"]


async def test_an_added_field_can_be_a_column_a_filter_and_an_order(
    browser: httpx.AsyncClient, customer: RecordType
) -> None:
    key = (await add_field(customer, "到访时间", "time")).key
    await saved(browser, "/customers/new", name="列表测试", **{key: "14:30"})
    await browser.post("/customers/columns", data={"columns": ["name", key], "column": ["name", key]})
    text = (await browser.get(f"/customers?f={key}&o==&v=14:30&g=0&sort={key}")).text
    assert "列表测试" in text


async def test_a_column_of_several_choices_offers_no_order(browser: httpx.AsyncClient, customer: RecordType) -> None:
    several = (await add_field(customer, "到访城市", "choices", details={"options": ["杭州", "宁波"]})).key
    single = (await add_field(customer, "到访天数", "number")).key
    await browser.post(
        "/customers/columns", data={"columns": ["name", several, single], "column": ["name", several, single]}
    )
    text = (await browser.get("/customers")).text
    assert f"sort={single}" in text
    assert f"sort={several}" not in text
    assert "到访城市" in text


async def test_every_kind_can_be_typed_and_read(browser: httpx.AsyncClient, customer: RecordType) -> None:
    typed = {
        "date": "2026-11-23",
        "datetime": "2026-11-23T09:00",
        "time": "09:30",
        "number": "12",
        "money": "3.50",
        "phone": "0571-88880000",
        "email": "a@example.com",
        "url": "https://example.com",
        "address": "西湖区云栖路 88 号",
        "long_text": "两行\n文字",
        "yes_no": "true",
    }
    keys = {kind: (await add_field(customer, f"样样{kind}", kind)).key for kind in typed}
    there = await saved(browser, "/customers/new", name="样样都有", **{keys[k]: v for k, v in typed.items()})
    text = (await browser.get(there)).text
    for words in ("09:30", "3.50", "0571-88880000", "西湖区云栖路 88 号", "a@example.com"):
        assert words in text
    form = (await browser.get(f"{there}/edit")).text
    assert 'type="time"' in control(form, keys["time"])
    assert 'value="09:30"' in control(form, keys["time"])


async def test_pages_serve_while_fields_are_off(
    browser: httpx.AsyncClient, admin: httpx.AsyncClient, customer: RecordType
) -> None:
    key = (await add_field(customer, "临时字段", "text")).key
    there = await saved(browser, "/customers/new", name="临时字段测试", **{key: "先有后无"})
    await admin.delete(f"/api/v1/record-types/customers/fields/{key}")
    for path in (there, f"{there}/edit", "/customers", "/customers/new"):
        answer = await browser.get(path)
        assert answer.status_code == 200
        assert f'name="{key}"' not in answer.text
