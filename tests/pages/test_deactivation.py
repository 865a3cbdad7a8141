"""Out of use in the browser and by the API: what a page offers then, and where such records show."""

from __future__ import annotations

import html
import json
import re
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from dougong.records import desk
from dougong.web.render import NOTICE_COOKIE
from dougong_customers.api import Contact, Customer

pytestmark = pytest.mark.asyncio(loop_scope="module")
API = "/api/v1/customers"


async def made(program: httpx.AsyncClient, name: str, **values: Any) -> int:
    answer = await program.post(API, json={"name": name, **values})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def posts(page: str) -> set[str]:
    """The addresses the page's forms and buttons send to, and the dialogs they open."""
    return set(re.findall(r'(?:action|hx-post|hx-get|formaction)="([^"]+)"', page))


async def test_a_page_out_of_use_says_so_and_offers_only_the_way_back(company: Any) -> None:
    async with company.program("wangfang") as program:
        number = await made(program, "页面停用机电")
        assert (await program.post(f"{API}/{number}/deactivate")).json()["active"] is False
    async with company.browser("wangfang") as browser:
        page = html.unescape((await browser.get(f"/customers/{number}")).text)
        assert "已停用：在已有的地方仍可查看，但不能再被选用或修改。" in page
        own = {address for address in posts(page) if address.startswith(f"/customers/{number}/")}
        assert {a for a in own if "counts" not in a} == {
            f"/customers/{number}/reactivate",
            f"/customers/{number}/favourite",
        }
        assert f'href="/customers/{number}/edit"' not in page
        related = (await browser.get(f"/customers/{number}?tab=contacts.customer")).text
        assert "/contacts/new" not in related
        assert (await browser.post(f"/customers/{number}/reactivate")).status_code == 303
        assert f"/customers/{number}/edit" in (await browser.get(f"/customers/{number}")).text


async def test_deactivating_stands_in_the_menu_and_is_nobodys_next_step(company: Any) -> None:
    async with company.program("wangfang") as program:
        number = await made(program, "菜单停用机电")
    async with company.browser("wangfang") as browser:
        page = (await browser.get(f"/customers/{number}")).text
        assert f"/customers/{number}/reactivate" not in page
        buttons = re.findall(rf'<form[^>]*action="/customers/{number}/deactivate".*?</form>', page, re.DOTALL)
        assert buttons
        assert all("primary" not in button for button in buttons)
        done = await browser.post(f"/customers/{number}/deactivate")
        assert "不能再被选用或修改" in (await browser.get(f"/customers/{number}")).text
        _words, undo = json.loads(unquote(done.cookies[NOTICE_COOKIE].strip('"')))
        assert (await browser.post(undo)).status_code == 303
        assert "不能再被选用或修改" not in (await browser.get(f"/customers/{number}")).text


async def test_lists_show_them_in_a_view_of_their_own_and_boxes_not_at_all(company: Any) -> None:
    async with company.program("wangfang") as program:
        gone, here = await made(program, "列表停用机电"), await made(program, "列表在用机电")
        await program.post(f"{API}/{gone}/deactivate")
        found = (await program.get(API, params={"filter": '[["active","=",false]]', "fields": "name"})).json()["items"]
        assert "列表停用机电" in [item["name"] for item in found]
        assert "列表在用机电" not in [item["name"] for item in found]
    async with company.browser("wangfang") as browser:
        offered = [line["value"] for line in (await browser.get("/lookup/customers", params={"q": "列表"})).json()]
        assert str(here) in offered
        assert str(gone) not in offered
        page = (await browser.get("/customers")).text
        [view] = re.findall(r'href="(/customers\?view=\d+)"[^>]*>\s*(?:<[^>]*>\s*)*已停用', page)
        shown = (await browser.get(view)).text
        assert "列表停用机电" in shown
        assert "列表在用机电" not in shown


async def test_an_old_record_names_it_and_is_saved_as_before(company: Any) -> None:
    async with company.world.acting("wangfang"):
        customer = await desk.create(Customer, {"name": "老地方机电"})
        contact = await desk.create(Contact, {"name": "韩老师", "customer": customer.id})
        await desk.deactivate(customer)
    async with company.browser("wangfang") as browser:
        form = (await browser.get(f"/contacts/{contact.id}/edit")).text
        assert "老地方机电" in form
        sent = {"name": "韩工", "customer": str(customer.id), "version": str(contact.version)}
        assert (await browser.post(f"/contacts/{contact.id}/edit", data=sent)).status_code == 303
        page = (await browser.get(f"/contacts/{contact.id}")).text
        assert ("韩工" in page, "老地方机电" in page) == (True, True)


async def test_every_other_way_in_by_the_api_answers_409(company: Any) -> None:
    async with company.program("wangfang") as program:
        number = await made(program, "接口停用机电")
        await program.post(f"{API}/{number}/deactivate")
        one = f"{API}/{number}"
        tries = [
            await program.patch(one, json={"city": "杭州"}, headers={"If-Match": "2"}),
            await program.delete(one),
            await program.post(f"{one}/moves", json={"to": "submitted"}),
            await program.post(f"{one}/rename-customer", json={"name": "另名机电"}),
            await program.post(f"{one}/comments", json={"text": "在吗"}),
            await program.post(f"{one}/shares", json={"department": 1, "level": "read"}),
            await program.post(f"{one}/deactivate"),
        ]
        assert [answer.status_code for answer in tries] == [409] * len(tries)
        assert (await program.patch(one, json={"active": True}, headers={"If-Match": "2"})).status_code == 400
        assert (await program.get(one)).json()["version"] == 2
        assert (await program.post(f"{one}/reactivate")).json()["active"] is True


async def test_many_are_taken_out_of_use_and_brought_back_at_once(company: Any) -> None:
    async with company.program("wangfang") as program:
        numbers = [await made(program, f"成批停用{n}机电") for n in "甲乙"]
    async with company.browser("wangfang") as browser:
        asked = await browser.post("/customers/bulk/deactivate", data={"ids": [str(n) for n in numbers]})
        assert "已选 2 条记录，将处理 2 条" in asked.text
        sent = {"ids": ",".join(map(str, numbers)), "asked": "1"}
        assert (await browser.post("/customers/bulk/deactivate", data=sent)).status_code == 303
    async with company.program("wangfang") as program:
        assert [(await program.get(f"{API}/{n}")).json()["active"] for n in numbers] == [False, False]
        done = await program.post(f"{API}/reactivate", json={"ids": numbers})
        assert done.status_code == 200, done.text
        assert [(await program.get(f"{API}/{n}")).json()["active"] for n in numbers] == [True, True]


async def test_explaining_says_that_it_is_out_of_use(company: Any) -> None:
    async with company.program("wangfang") as program:
        number = await made(program, "说明停用机电")
        await program.post(f"{API}/{number}/deactivate")
        asked = {"record": f"customers/{number}", "action": "edit"}
        told = (await program.get("/api/v1/explain", params=asked)).json()
        assert (told["allowed"], [r["rule"] for r in told["reasons"]]) == (False, ["deactivated"])
        told = (await program.get("/api/v1/explain", params={**asked, "action": "read"})).json()
        assert told["allowed"] is True
