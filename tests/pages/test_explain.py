"""The page that says why somebody may or may not."""

from __future__ import annotations

import html
import re

import pytest

from .conftest import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def customer(office: Office, who: str = "wangfang") -> int:
    [first] = (await office.browsers[who].get("/api/v1/customers?limit=1&fields=id&sort=id")).json()["items"]
    return int(first["id"])


def words(text: str) -> str:
    """What the page says, without its markup."""
    main = text.partition("<main")[2]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", main)))


async def test_the_record_leads_to_it(office: Office) -> None:
    number = await customer(office)
    page = (await office.browsers["wangfang"].get(f"/customers/{number}")).text
    assert f'href="/explain?record=customers/{number}"' in page
    assert "为什么能看到" in page


async def test_the_answer_comes_first_then_its_rule(office: Office) -> None:
    number = await customer(office)
    answer = await office.browsers["wangfang"].get(f"/explain?record=customers/{number}")
    assert answer.status_code == 200
    said = words(answer.text)
    assert re.search("是 · 王芳 · 查看 · 客户 ", said)
    assert "负责人就是 王芳，且有角色的范围包括本人的记录。" in said
    assert "角色“销售”" in said
    assert "谁能看到这条记录" not in said
    assert 'name="person"' not in answer.text


async def test_somebody_else_is_asked_about_with_the_right(office: Office) -> None:
    number, zhao = await customer(office), await office.staff("赵敏")
    path = f"/explain?record=customers/{number}&person={zhao.id}"
    said = words((await office.browsers["admin"].get(f"{path}&action=export")).text)
    assert "否 · 赵敏 · 导出" in said
    assert "赵敏 的角色都没有授予对客户的“导出”。" in said
    assert (await office.browsers["wangfang"].get(path)).status_code == 403


async def test_in_english_too(office: Office) -> None:
    number, zhao = await customer(office), await office.staff("赵敏")
    path = f"/explain?record=customers/{number}&person={zhao.id}&action=export"
    said = words((await office.browsers["admin"].get(path, headers={"Accept-Language": "en"})).text)
    assert "No · 赵敏 · Export" in said
    assert "No role of 赵敏 grants “Export” on Customers." in said


async def test_a_field(office: Office) -> None:
    number, zhao = await customer(office, "zhaomin"), await office.staff("赵敏")
    path = f"/explain?record=customers/{number}&person={zhao.id}&field=credit_limit"
    said = words((await office.browsers["admin"].get(path)).text)
    assert re.search("否 · 赵敏 · 查看 · 客户 .* · 信用额度 ", said)
    assert "“信用额度”对 赵敏 隐藏。" in said
    assert re.search("角色“[^”]+”：隐藏", said)
    assert (await office.browsers["admin"].get(f"{path}x")).status_code == 422


async def test_who_else_can_see_the_record(office: Office) -> None:
    number = await customer(office)
    text = (await office.browsers["admin"].get(f"/explain?record=customers/{number}")).text
    listed = words(text).partition("谁能看到这条记录")[2]
    assert "王芳" in listed
    assert "李雷" in listed
    assert "admin 是管理员，什么都可以做。" in listed
    wang = await office.staff("王芳")
    assert f"person={wang.id}" in text
    assert (await office.browsers["admin"].get(f"/explain?record=customers/{number}&page=99")).status_code == 200


async def test_a_record_one_cannot_see_is_not_there(office: Office) -> None:
    mine = office.browsers["wangfang"]
    seen = {r["id"] for r in (await mine.get("/api/v1/customers?limit=500&fields=id")).json()["items"]}
    every = {
        r["id"] for r in (await office.browsers["admin"].get("/api/v1/customers?limit=500&fields=id")).json()["items"]
    }
    unseen = min(every - seen)
    assert (await mine.get(f"/explain?record=customers/{unseen}")).status_code == 404
    assert (await mine.get("/explain?record=customers/999999")).status_code == 404
    assert (await mine.get("/explain?record=nothing/1")).status_code == 404
    assert (await mine.get("/explain?record=customers/abc")).status_code == 404


async def test_kind_and_record_are_picked_one_after_the_other(office: Office) -> None:
    number, browser = await customer(office), office.browsers["admin"]
    first = (await browser.get("/explain")).text
    assert 'name="kind"' in first
    assert 'name="id"' not in first
    second = (await browser.get("/explain?kind=customers")).text
    assert "/lookup/customers" in second
    assert "dg-answer" not in second
    sent = f"/explain?kind=customers&was=customers&id={number}&action=edit&field=&person="
    assert "是 · admin · 编辑" in words((await browser.get(sent)).text)
    other = (await browser.get(f"/explain?kind=contacts&was=customers&id={number}&action=edit")).text
    assert "/lookup/contacts" in other
    assert "dg-answer" not in other


async def test_somebody_without_an_account(office: Office) -> None:
    number, nobody = await customer(office), await office.staff("邓丽华")
    said = words((await office.browsers["admin"].get(f"/explain?record=customers/{number}&person={nobody.id}")).text)
    assert "邓丽华 没有可以登录的账号。" in said
