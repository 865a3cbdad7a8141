"""The bulk bar of a list: asked first, with how many it concerns, then done in one go and taken back in one."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from dougong.access.principal import acting_as, system
from dougong.plugin.lookups import options_of
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.shaping.fields import add_field
from dougong.web.render import NOTICE_COOKIE
from dougong_customers.api import Contact

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def made(browser: httpx.AsyncClient, *names: str, **values: str) -> list[str]:
    found = []
    for name in names:
        answer = await browser.post("/customers/new", data={"name": name, "kind": "end", **values})
        found.append(answer.headers["location"].rpartition("/")[2])
    return found


def notice(answer: httpx.Response) -> tuple[str, str]:
    assert answer.status_code == 303, answer.text
    text, url = json.loads(unquote(answer.cookies[NOTICE_COOKIE].strip('"')))
    return text, url


def kept(page: str) -> dict[str, str]:
    """The hidden values of the question."""
    return dict(re.findall(r'<input type="hidden" name="(ids|asked|back)" value="([^"]*)"', page))


async def ask(browser: httpx.AsyncClient, what: str, **sent: Any) -> dict[str, str]:
    answer = await browser.post(f"/customers/bulk/{what}", data=sent)
    assert answer.status_code == 200, answer.text
    return kept(answer.text)


async def cities(browser: httpx.AsyncClient, ids: list[str]) -> list[str]:
    pages = [(await browser.get(f"/customers/{i}/edit")).text for i in ids]
    return [re.search(r'name="city"[^>]*value="([^"]*)"', page)[1] for page in pages]


async def test_a_selection_is_changed_together_and_taken_back_together(company: Any) -> None:
    async with company.browser("wangfang") as browser:
        ids = await made(browser, "选择甲", "选择乙", city="杭州")
        question = await browser.post("/customers/bulk/edit", data={"ids": ids, "view": "0"})
        assert "已选 2 条记录，将处理 2 条" in question.text
        answer = await browser.post("/customers/bulk/edit", data={**kept(question.text), "city": "金华"})
        text, undo = notice(answer)
        assert "已处理 2 条记录" in text
        assert await cities(browser, ids) == ["金华", "金华"]
        await browser.post(undo)
        assert await cities(browser, ids) == ["杭州", "杭州"]


async def test_fields_are_emptied_only_where_asked(company: Any) -> None:
    async with company.browser("wangfang") as browser:
        ids = await made(browser, "清空甲", city="杭州", industry="机械")
        sent = await ask(browser, "edit", ids=ids)
        notice(await browser.post("/customers/bulk/edit", data={**sent, "clear": ["city"], "industry": ""}))
        assert await cities(browser, ids) == [""]
        assert "机械" in (await browser.get(f"/customers/{ids[0]}")).text


async def test_everything_a_list_finds_is_meant_on_request(company: Any) -> None:
    async with company.browser("wangfang") as browser:
        ids = await made(browser, "全选甲", "全选乙", "全选丙")
        found = {"q": "全选", "all": "1", "ids": ids[:1]}
        assert set((await ask(browser, "edit", **found))["ids"].split(",")) == set(ids)
        listed = (await browser.get("/customers?size=20")).text
    assert 'name="all"' in listed
    assert 'formaction="/customers/bulk/edit"' in listed


async def test_what_will_be_skipped_is_said_before(company: Any) -> None:
    async with company.browser("lilei") as browser:
        ids = await made(browser, "留下", "删去")
        async with company.world.acting("lilei"):
            await desk.create(Contact, {"name": "联系人", "customer": int(ids[0])})
        question = await browser.post("/customers/bulk/delete", data={"ids": ids})
        assert "已选 2 条记录，将处理 1 条" in question.text
        assert "仍被其他记录引用" in question.text
        text, _undo = notice(await browser.post("/customers/bulk/delete", data=kept(question.text)))
        assert "已处理 1 条记录" in text
        assert "跳过 1 条" in text
        assert (await browser.get(f"/customers/{ids[0]}")).status_code == 200
        assert (await browser.get(f"/customers/{ids[1]}")).status_code == 404


async def test_steps_and_owners_are_given_to_many(company: Any) -> None:
    async with company.browser("lilei") as browser:
        ids = await made(browser, "送审甲", "送审乙")
        sent = await ask(browser, "move-submitted", ids=ids)
        assert "已处理 2 条" in notice(await browser.post("/customers/bulk/move-submitted", data=sent))[0]
        sent = await ask(browser, "owner", ids=ids)
        nobody = await browser.post("/customers/bulk/owner", data=sent)
        assert nobody.status_code == 422
        staff = {"owner": str(company.world.staff["wangfang"])}
        assert "已处理 2 条" in notice(await browser.post("/customers/bulk/owner", data={**sent, **staff}))[0]


async def test_a_wrong_value_comes_back_and_changes_nothing(company: Any) -> None:
    async with company.browser("wangfang") as browser:
        ids = await made(browser, "错值甲", city="杭州")
        sent = await ask(browser, "edit", ids=ids)
        answer = await browser.post("/customers/bulk/edit", data={**sent, "city": "金华", "founded": "去年"})
        assert answer.status_code == 422
        assert "去年" in answer.text
        assert "金华" in answer.text
        assert kept(answer.text)["ids"] == ids[0]
        assert await cities(browser, ids) == ["杭州"]


async def test_without_the_right_there_is_neither_bar_nor_door(company: Any) -> None:
    async with company.browser("zhaomin") as browser:
        assert "dg-bulk" not in (await browser.get("/customers")).text
        for what, status in (("edit", 403), ("delete", 403), ("move-approved", 404), ("nothing", 404)):
            assert (await browser.post(f"/customers/bulk/{what}", data={"ids": ["1"]})).status_code == status


async def test_nothing_chosen_leads_back_to_the_list(company: Any) -> None:
    async with company.browser("wangfang") as browser:
        answer = await browser.post("/customers/bulk/edit", data={"view": "1", "q": "x"})
        assert answer.headers["location"] == "/customers?view=1&q=x"
        assert "请至少选择一条记录" in notice(answer)[0]


async def add_choices(label: str, *options: str) -> tuple[str, list[str]]:
    """The key of a field added to customers, and of what can be ticked in it."""
    with acting_as(system("shape records")):
        added = await add_field(
            current_snapshot().records["customer"], label, "choices", details={"options": list(options)}
        )
        return added.key, [option.key for option, _on in options_of(added.lookup)]


def ticked(page: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)" checked', page)


async def test_every_tick_of_several_choices_is_given_to_all(company: Any) -> None:
    key, options = await add_choices("参展城市", "杭州", "宁波", "温州")
    async with company.browser("wangfang") as browser:
        ids = await made(browser, "多选甲", "多选乙")
        sent = await ask(browser, "edit", ids=ids)
        notice(await browser.post("/customers/bulk/edit", data={**sent, key: options[:2]}))
        for i in ids:
            assert ticked((await browser.get(f"/customers/{i}/edit")).text, key) == options[:2]
        sent = await ask(browser, "edit", ids=ids)
        notice(await browser.post("/customers/bulk/edit", data={**sent, "city": "金华"}))
        assert ticked((await browser.get(f"/customers/{ids[0]}/edit")).text, key) == options[:2], (
            "not asked: left alone"
        )
        notice(await browser.post("/customers/bulk/edit", data={**sent, "clear": [key]}))
        assert ticked((await browser.get(f"/customers/{ids[0]}/edit")).text, key) == []


async def test_a_refused_bulk_edit_keeps_every_tick_and_whom_was_chosen(company: Any) -> None:
    key, options = await add_choices("来访月份", "一月", "五月", "九月")
    owner = company.world.staff["wangfang"]
    async with company.browser("lilei") as browser:
        ids = await made(browser, "多选丙")
        sent = await ask(browser, "edit", ids=ids)
        wrong = {**sent, key: options[1:], "owner": str(owner), "founded": "去年"}
        answer = await browser.post("/customers/bulk/edit", data=wrong)
        assert answer.status_code == 422, answer.text
        assert ticked(answer.text, key) == options[1:]
        assert f'<option value="{owner}" selected>王芳</option>' in answer.text
        assert ticked((await browser.get(f"/customers/{ids[0]}/edit")).text, key) == []
