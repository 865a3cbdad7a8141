"""Taking back in the browser: from the notice, from one's own changes, from a record's history."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from dougong.web.render import NOTICE_COOKIE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def made(browser: httpx.AsyncClient, name: str, **values: str) -> str:
    answer = await browser.post("/customers/new", data={"name": name, "kind": "end", **values})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def offered(answer: httpx.Response) -> str:
    """Where the notice leads to take it back."""
    assert answer.status_code == 303, answer.text
    _text, url = json.loads(unquote(answer.cookies[NOTICE_COOKIE].strip('"')))
    return url


async def edit(browser: httpx.AsyncClient, path: str, **values: str) -> httpx.Response:
    version = re.search(r'name="version" value="(\d+)"', (await browser.get(f"{path}/edit")).text)
    return await browser.post(f"{path}/edit", data={"version": version[1], "kind": "end", **values})


async def test_an_edit_is_taken_back_from_its_notice_and_done_again(company: Any) -> None:
    async with company.browser("wangfang") as browser:
        path = await made(browser, "页面撤销", city="杭州")
        undo = offered(await edit(browser, path, name="页面撤销", city="绍兴"))
        assert f'action="{undo}"' in (await browser.get(path)).text
        back = await browser.post(undo)
        assert back.headers["location"] == path
        assert "杭州" in (await browser.get(path)).text
        again = await browser.post(offered(back))
        assert again.headers["location"] == path
        assert "绍兴" in (await browser.get(path)).text


async def test_a_deleted_record_comes_back_from_its_notice(company: Any) -> None:
    async with company.browser("lilei") as browser:
        path = await made(browser, "页面恢复")
        gone = await browser.post(f"{path}/remove")
        assert (await browser.get(path)).status_code == 404
        back = await browser.post(offered(gone))
        assert back.headers["location"] == path
        assert "页面恢复" in (await browser.get(path)).text


async def test_what_was_changed_since_is_shown_with_who_did_it(company: Any) -> None:
    async with company.browser("wangfang") as wangfang, company.browser("lilei") as lilei:
        path = await made(wangfang, "页面三方", city="杭州")
        undo = offered(await edit(wangfang, path, name="页面三方", city="绍兴", industry="机械"))
        await edit(lilei, path, name="页面三方", city="台州", industry="机械")
        answer = await wangfang.post(undo)
    assert answer.status_code == 200
    for words in ("页面三方", "城市", "绍兴", "台州", "李雷"):
        assert words in answer.text


async def test_ones_own_changes_are_listed_and_nobody_elses(company: Any) -> None:
    async with company.browser("wangfang") as wangfang, company.browser("lilei") as lilei:
        path = await made(lilei, "别人的操作")
        gone = await made(wangfang, "自己的操作")
        undo = offered(await edit(wangfang, gone, name="自己的操作", city="嘉兴"))
        mine, theirs = (await wangfang.get("/changes")).text, (await lilei.get("/changes")).text
        looked = await wangfang.get(undo.removesuffix("/undo"))
    assert f'action="{undo}"' in mine
    assert "自己的操作" in mine
    assert path not in mine
    assert undo not in theirs
    assert path in theirs
    assert looked.status_code == 200
    assert f'action="{undo}"' in looked.text


async def test_an_earlier_value_is_restored_as_an_ordinary_change(company: Any) -> None:
    async with company.browser("wangfang") as browser:
        path = await made(browser, "旧值有限公司", city="杭州")
        await edit(browser, path, name="旧值有限公司", city="绍兴", industry="机械")
        history = (await browser.get(f"{path}?tab=history")).text
        entry = re.search(rf'action="({path}/history/\d+)"', history)
        assert entry, history
        answer = await browser.post(entry[1], data={"field": "city"})
        assert answer.status_code == 303
        page = (await browser.get(path)).text
        assert "恢复“城市”的旧值" in (await browser.get(f"{path}?tab=history")).text
        for wrong in ("state", "phone", "nothing"):
            assert (await browser.post(entry[1], data={"field": wrong})).status_code == 404
    assert "杭州" in page
    assert "机械" in page


BATCH_LINK = re.compile(r'href="(/changes/[0-9a-f]{32})"')


async def test_undo_is_offered_in_a_history_to_whom_it_answers_and_to_nobody_else(company: Any) -> None:
    """Wang Fang may change what her manager changed in a customer of hers; who only reads one takes nothing back."""
    async with company.browser("wangfang") as wangfang, company.browser("lilei") as lilei:
        own = await made(wangfang, "历史撤销", city="杭州")
        await edit(lilei, own, name="历史撤销", city="绍兴")
        other = await made(lilei, "只读历史", city="杭州")
        await edit(lilei, other, name="只读历史", city="绍兴")
        seller = (await wangfang.get("/api/v1/me")).json()["staff"]
        shared = await lilei.post(f"{other}/share", data={"staff": str(seller), "level": "read"})
        assert shared.status_code == 303, shared.text
        hers, managers = [BATCH_LINK.findall((await b.get(f"{own}?tab=history")).text) for b in (wangfang, lilei)]
        answers = [
            (await b.get(link)).status_code for b, links in ((wangfang, hers), (lilei, managers)) for link in links
        ]
        mine, read = [(await b.get(f"{other}?tab=history")).text for b in (lilei, wangfang)]
    assert len(set(managers)) == 2
    assert hers[0] == managers[0]
    assert set(answers) == {200}
    assert len(BATCH_LINK.findall(mine)) == 3, "created, changed, shared"
    assert "绍兴" in read
    assert BATCH_LINK.findall(read) == []
    assert f'action="{other}/history/' in mine
    assert f'action="{other}/history/' not in read
