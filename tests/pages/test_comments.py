"""What people say about a record: read with it, changed by whoever wrote it, found by whoever is mentioned."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dougong.access.principal import acting_as, system
from dougong.records.change_log import ChangeLog

from .conftest import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def customer(office: Office, name: str, who: str = "wangfang") -> str:
    answer = await office.browsers[who].post("/customers/new", data={"name": name, "kind": "end"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def say(office: Office, path: str, text: str, who: str = "wangfang") -> Any:
    return await office.browsers[who].post(f"{path}/comments", data={"text": text})


async def mentioned(office: Office, who: str) -> str:
    """The card of mentions on somebody's home page."""
    page = (await office.browsers[who].get("/")).text
    found = re.search(r'<section[^>]* aria-label="提到我的">.*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def comment_in(text: str) -> str:
    """Where the first comment one may change stands."""
    found = re.search(r'href="(/[^"]*/comments/\d+)/edit"', text)
    return found[1] if found else ""


async def test_a_comment_stands_on_the_timeline_with_line_breaks_and_without_markup(office: Office) -> None:
    path = await customer(office, "评论一号有限公司")
    assert (await say(office, path, "<b>第一行</b>\r\n第二行")).status_code == 303
    for who in ("wangfang", "lilei", "admin"):
        text = (await office.browsers[who].get(path)).text
        assert "&lt;b&gt;第一行&lt;/b&gt;\n第二行" in text
        assert "<b>第一行" not in text
    only = (await office.browsers["wangfang"].get(f"{path}?kind=comments")).text
    assert "第二行" in only
    assert "第二行" not in (await office.browsers["wangfang"].get(f"{path}?kind=changes")).text
    assert "第二行" not in (await office.browsers["wangfang"].get(f"{path}?tab=history")).text


async def test_only_who_wrote_it_changes_and_removes_it(office: Office) -> None:
    path = await customer(office, "评论二号有限公司")
    await say(office, path, "原来的话")
    place = comment_in((await office.browsers["wangfang"].get(path)).text)
    assert place
    assert comment_in((await office.browsers["lilei"].get(path)).text) == ""
    for who in ("lilei", "admin"):
        async with office.nothing_written():
            assert (await office.browsers[who].post(f"{place}/edit", data={"text": "别人的话"})).status_code == 403
            assert (await office.browsers[who].post(f"{place}/remove")).status_code == 403
            assert (await office.browsers[who].patch(f"/api/v1{place}", json={"text": "别人的话"})).status_code == 403
            assert (await office.browsers[who].delete(f"/api/v1{place}")).status_code == 403
    changed = await office.browsers["wangfang"].post(f"{place}/edit", data={"text": "后来的话"})
    assert changed.status_code == 303
    text = (await office.browsers["lilei"].get(path)).text
    assert "后来的话" in text
    assert "原来的话" not in text


async def test_a_removed_comment_leaves_no_text_and_can_be_brought_back(office: Office) -> None:
    path, browser = await customer(office, "评论三号有限公司"), office.browsers["wangfang"]
    await say(office, path, "说错的话 @李雷")
    assert "说错的话" in await mentioned(office, "lilei")
    place = comment_in((await browser.get(path)).text)
    gone = await browser.post(f"{place}/remove")
    assert "restoration" in gone.headers["set-cookie"]
    assert "说错的话" not in (await browser.get(path)).text
    assert "说错的话" not in await mentioned(office, "lilei")
    assert (await browser.get(f"/api/v1{place}")).status_code == 404
    assert (await browser.post(f"{place}/edit", data={"text": "x"})).status_code == 404
    with acting_as(system("test")):
        logged = await ChangeLog.select().where(ChangeLog.record == "record_comment")
    assert logged
    assert "说错的话" not in str(logged)
    async with office.nothing_written():
        assert (await office.browsers["lilei"].post(f"{place}/restoration")).status_code == 404
    assert (await browser.post(f"{place}/restoration")).status_code == 303
    assert "说错的话" in (await browser.get(path)).text
    assert "说错的话" in await mentioned(office, "lilei")
    assert (await browser.post(f"{place}/restoration")).status_code == 404


@pytest.mark.parametrize(
    "name, text", [("甲", ""), ("乙", "  \r\n "), ("丙", "x" * 5001), ("丁", "a\x00b"), ("戊", "@于波 请看")]
)
async def test_what_was_written_stays_when_it_is_refused(office: Office, name: str, text: str) -> None:
    path = await customer(office, f"评论{name}有限公司")
    async with office.nothing_written():
        answer = await say(office, path, text)
    assert answer.status_code == 422
    assert 'id="dg-comment-error"' in answer.text
    if "@" in text:
        assert "于波" in re.search(r'id="dg-comment-error">(.*?)</p>', answer.text, re.DOTALL)[1]
        assert ">@于波 请看</textarea>" in answer.text


async def test_a_mention_waits_at_home_until_it_is_seen(office: Office) -> None:
    path = await customer(office, "评论四号有限公司")
    await say(office, path, "请@李雷看一下，谢谢")
    card = await mentioned(office, "lilei")
    assert "请@李雷看一下" in card
    assert "评论四号有限公司" in card
    assert "请@李雷看一下" not in await mentioned(office, "wangfang")
    await office.browsers["admin"].get(path)
    assert "请@李雷看一下" in await mentioned(office, "lilei")
    await office.browsers["lilei"].get(path)
    assert "请@李雷看一下" not in await mentioned(office, "lilei")


async def test_a_mention_is_put_aside_by_whom_it_concerns_alone(office: Office) -> None:
    path = await customer(office, "评论五号有限公司")
    await say(office, path, "@李雷 五号")
    waiting = (await office.browsers["lilei"].get("/api/v1/mentions")).json()["items"]
    [one] = [item for item in waiting if "五号" in item["comment"]["text"]]
    assert one["comment"]["mentioned"] == [(await office.staff("李雷")).id]
    await office.browsers["wangfang"].post(f"/mentions/{one['id']}/seen")
    assert "@李雷 五号" in await mentioned(office, "lilei")
    await office.browsers["lilei"].post(f"/mentions/{one['id']}/seen")
    assert "@李雷 五号" not in await mentioned(office, "lilei")


async def test_who_may_no_longer_see_the_record_finds_no_mention(office: Office) -> None:
    yubo = await office.staff("于波")
    made = await office.browsers["admin"].post(
        "/api/v1/customers", json={"name": "评论外号有限公司", "owner": yubo.id, "department": yubo.department}
    )
    shared = f"/customers/{made.json()['id']}"
    refused = await say(office, shared, "@王芳 外面的话", who="admin")
    assert refused.status_code == 422
    answer = await office.browsers["admin"].post(
        f"/api/v1{shared}/shares", json={"staff": (await office.staff("王芳")).id, "level": "read"}
    )
    assert answer.status_code == 201, answer.text
    assert (await say(office, shared, "@王芳 外面的话", who="admin")).status_code == 303
    assert "外面的话" in await mentioned(office, "wangfang")
    ended = await office.browsers["admin"].delete(f"/api/v1/shares/{answer.json()['id']}")
    assert ended.status_code == 204
    assert "外面的话" not in await mentioned(office, "wangfang")
    assert (await office.browsers["wangfang"].get(f"/api/v1{shared}/comments")).status_code == 404


async def test_names_are_offered_by_letters_sounds_and_initials(office: Office) -> None:
    path = await customer(office, "评论七号有限公司")

    async def offered(typed: str) -> list[str]:
        answer = await office.browsers["wangfang"].get(f"{path}/mentionable", params={"q": typed})
        return [each["value"] for each in answer.json()]

    assert "李雷" in await offered("")
    for typed in ("李", "雷", "ll", "lilei", "LiL"):
        assert "李雷" in await offered(typed), typed
    assert await offered("xyz") == []
    assert await offered("于波") == []


async def test_others_records_take_no_comments(office: Office) -> None:
    made = await office.browsers["admin"].post(
        "/api/v1/customers", json={"name": "评论八号有限公司", "owner": (await office.staff("于波")).id}
    )
    path, browser = f"/customers/{made.json()['id']}", office.browsers["zhaomin"]
    said = await office.browsers["admin"].post(f"/api/v1{path}/comments", json={"text": "内部的话"})
    number = said.json()["id"]
    mine = await customer(office, "评论九号有限公司")
    async with office.nothing_written():
        assert (await say(office, path, "x", who="zhaomin")).status_code == 404
        assert (await browser.get(f"{path}/mentionable")).status_code == 404
        for tail in (f"comments/{number}/edit", f"comments/{number}/remove", f"comments/{number}/restoration"):
            assert (await browser.post(f"{path}/{tail}", data={"text": "x"})).status_code == 404
        for base in (path, mine, "/customers/700001"):  # nor by way of another record
            assert (await browser.get(f"/api/v1{base}/comments/{number}")).status_code == 404
        assert (await office.browsers["wangfang"].get(f"/api/v1{mine}/comments/{number}")).status_code == 404


async def test_a_program_comments_changes_and_takes_back(office: Office) -> None:
    path, browser = f"/api/v1{await customer(office, '评论十号有限公司')}/comments", office.browsers["wangfang"]
    made = await browser.post(path, json={"text": "第一句 @李雷"})
    assert made.status_code == 201
    assert made.headers["change-batch"]
    one = made.json()
    assert made.headers["location"] == f"{path}/{one['id']}"
    assert one["staff"] == (await office.staff("王芳")).id
    second = (await browser.post(path, json={"text": "第二句"})).json()
    listed = (await browser.get(path)).json()["items"]
    assert [c["text"] for c in listed] == ["第二句", "第一句 @李雷"]
    assert [c["id"] for c in (await browser.get(path, params={"before": second["id"]})).json()["items"]] == [one["id"]]
    changed = (await browser.patch(f"{path}/{one['id']}", json={"text": "第一句"})).json()
    assert (changed["text"], changed["mentioned"], bool(changed["edited"])) == ("第一句", [], True)
    assert (await browser.delete(f"{path}/{one['id']}")).status_code == 204
    assert (await browser.delete(f"{path}/{one['id']}")).status_code == 404
    assert (await browser.post(f"{path}/{one['id']}/restoration")).json()["text"] == "第一句"
    for wrong in ({}, {"text": 5}, {"text": "x", "staff": 1}):
        assert (await browser.post(path, json=wrong)).status_code == 400
