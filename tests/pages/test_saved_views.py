"""Views people keep of a list: a tab of their own, saved as the list stands, opened again, changed, shared."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest

from .conftest import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def saved(browser: httpx.AsyncClient, name: str, **asked: str) -> str:
    """The address of the tab."""
    answer = await browser.post("/customers/views/new", data={"name": name, **asked})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def number(address: str) -> str:
    return address.rpartition("=s")[2]


def tabs(text: str) -> list[str]:
    [row] = re.findall(r'<nav class="dg-views".*?</nav>', text, re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", it)) for it in re.findall(r"<a .*?</a>", row, re.DOTALL)]


def listed(text: str) -> set[str]:
    return set(re.findall(r'<tr data-id="(\d+)"', text))


HANGZHOU = {"f": "city", "o": "=", "v": "杭州", "g": "0"}


async def test_what_a_list_shows_is_saved_and_opened_again(office: Office) -> None:
    browser = office.browsers["wangfang"]
    shown = (await browser.get("/customers", params={**HANGZHOU, "q": "有限", "sort": "-name"})).text
    at = await saved(browser, "杭州的", **HANGZHOU, q="有限", sort="-name")
    again = (await browser.get(at)).text
    assert re.findall(r'<tr data-id="(\d+)"', again) == re.findall(r'<tr data-id="(\d+)"', shown) != []
    assert "杭州的" in tabs(again)
    assert re.search(rf'href="{re.escape(at)}" aria-current="page"', again)


async def test_a_shipped_views_conditions_are_saved_along(office: Office) -> None:
    browser = office.browsers["lilei"]
    await browser.post("/customers/new", data={"name": "查询一号有限公司", "kind": "end", "city": "杭州"})
    row = re.search(r'<nav class="dg-views".*?</nav>', (await browser.get("/customers")).text, re.DOTALL)
    [mine] = re.findall(r'href="/customers\?view=(\d+)"[^>]*>(?:<svg.*?</svg>)?我的', row[0])
    shown = listed((await browser.get(f"/customers?view={mine}&f=city&o==&v=杭州&g=0&size=100")).text)
    at = await saved(browser, "我的杭州", view=mine, **HANGZHOU)
    opened = (await browser.get(f"{at}&size=100")).text
    assert listed(opened) == shown != set()
    assert shown < listed((await browser.get("/customers", params={**HANGZHOU, "size": "100"})).text)
    chips = re.findall(r'<span class="dg-chip">.*?</span><b class="dg-ell">(.*?)</b>', opened)
    assert chips == ["我", "杭州"]


async def test_favourites_narrowed_down_are_saved_and_narrowed_further(office: Office) -> None:
    browser = office.browsers["wangfang"]
    [first, *_] = (await browser.get("/api/v1/customers", params={"filter": '[["city","=","杭州"]]'})).json()["items"]
    await browser.post(f"/customers/{first['id']}/favourite", data={"on": "1"})
    favourite = {"f": "favourite", "o": "=", "v": "me", "g": "0"}
    at = await saved(browser, "收藏里的", **favourite)
    text = (await browser.get(at)).text
    assert listed(text) == {str(first["id"])}
    assert '<b class="dg-ell">收藏</b>' in text
    [form] = re.findall(r'<form action="/customers" class="dg-conditions">.*?</form>', text, re.DOTALL)
    assert '<input type="hidden" name="f" value="favourite">' in form


async def test_everything_found_by_a_filter_is_meant_by_the_bulk_bar(office: Office) -> None:
    browser = office.browsers["wangfang"]
    found = (await browser.get("/api/v1/customers", params={"filter": '[["city","=","杭州"]]', "fields": "id"})).json()
    answer = await browser.post("/customers/bulk/edit", data={**HANGZHOU, "all": "1"})
    [ids] = re.findall(r'name="ids" value="([\d,]*)"', answer.text)
    assert set(ids.split(",")) == {str(item["id"]) for item in found["items"]} != set()


async def test_a_view_is_saved_again_renamed_moved_and_deleted(office: Office) -> None:
    browser = office.browsers["zhaomin"]
    first, second = await saved(browser, "甲查询", **HANGZHOU), await saved(browser, "乙查询")
    own = f"/customers/views/{number(first)}"
    untouched = (await browser.get(first)).text
    assert f"{own}/save" not in untouched
    changed = {"saved": number(first), "f": "city", "o": "=", "v": "上海", "g": "0"}
    assert f'action="{own}/save"' in (await browser.get("/customers", params=changed)).text
    assert (await browser.post(f"{own}/save", data=changed)).status_code == 303
    assert '<b class="dg-ell">上海</b>' in (await browser.get(first)).text
    assert (await browser.post(f"{own}/rename", data={"name": "丙查询"})).status_code == 303
    assert tabs((await browser.get(second)).text)[-2:] == ["丙查询", "乙查询"]
    assert (await browser.post(f"{own}/right")).status_code == 303
    assert tabs((await browser.get(second)).text)[-2:] == ["乙查询", "丙查询"]
    assert "丙查询" in (await browser.get(f"{own}/delete")).text
    assert (await browser.post(f"{own}/delete")).status_code == 303
    gone = await browser.get(first)
    assert (gone.status_code, gone.headers["location"]) == (303, "/customers")
    assert (await browser.post(f"{own}/delete")).status_code == 404
    await browser.post(f"/customers/views/{number(second)}/delete")


@pytest.mark.parametrize(
    ("name", "why"),
    [("  ", "此项必填"), ("长" * 61, "文字过长"), ("杭州的查询", "已有同名的查询")],
    ids=["none", "long", "taken"],
)
async def test_a_name_that_will_not_do_is_refused_and_what_was_asked_is_kept(
    office: Office, name: str, why: str
) -> None:
    browser = office.browsers["lilei"]
    if why.startswith("已有"):
        await saved(browser, "杭州的查询")
    async with office.nothing_written():
        answer = await browser.post("/customers/views/new", data={"name": name, **HANGZHOU})
    assert answer.status_code == 422
    assert why in answer.text
    assert '<input type="hidden" name="v" value="杭州">' in answer.text


async def test_what_is_ones_own_no_one_else_sees_or_touches(office: Office) -> None:
    at = await saved(office.browsers["wangfang"], "只有我", **HANGZHOU)
    for who in ("lilei", "admin"):
        browser = office.browsers[who]
        assert "只有我" not in (await browser.get("/customers")).text
        assert (await browser.get(at)).status_code == 303
        async with office.nothing_written():
            for what in ("rename", "delete", "save", "left", "share"):
                answer = await browser.post(f"/customers/views/{number(at)}/{what}", data={"name": "meins"})
                assert answer.status_code == 404, what


async def test_a_shared_view_stands_with_everybody_who_cannot_change_it(office: Office) -> None:
    admin, other = office.browsers["admin"], office.browsers["wangfang"]
    at = await saved(admin, "全公司", **HANGZHOU)
    own = f"/customers/views/{number(at)}"
    assert (await admin.post(f"{own}/share")).status_code == 303
    text = (await other.get(at)).text
    assert "全公司" in tabs(text)
    assert f"{own}/rename" not in text
    assert 'class="dg-pop dg-columns"' not in text
    async with office.nothing_written():
        for what in ("rename", "delete", "save", "unshare"):
            assert (await other.post(f"{own}/{what}", data={"name": "x"})).status_code == 404
    assert (await admin.post(f"{own}/unshare")).status_code == 303
    assert "全公司" not in tabs((await other.get("/customers")).text)


async def test_sharing_takes_a_right(office: Office) -> None:
    browser = office.browsers["wangfang"]
    at = await saved(browser, "想共享", **HANGZHOU)
    assert f"/views/{number(at)}/share" not in (await browser.get(at)).text
    async with office.nothing_written():
        assert (await browser.post(f"/customers/views/{number(at)}/share")).status_code == 403
        sent = {"name": "也想", "shared": True}
        assert (await browser.post("/api/v1/customers/views", json=sent)).status_code == 403


async def test_a_view_whose_field_is_off_says_so_and_shows_the_rest(office: Office) -> None:
    admin = office.browsers["admin"]
    field = {"label": "查询等级", "kind": "text", "indexed": True}
    made = await admin.post("/api/v1/record-types/customers/fields", json=field)
    assert made.status_code == 201, made.text
    key = made.json()["key"]
    asked = {"f": ["city", key], "o": ["=", "="], "v": ["杭州", "A"], "g": ["0", "0"]}
    at = await saved(admin, "按等级", **asked)
    await admin.post(f"/customers/views/{number(at)}/share")
    assert listed((await admin.get(at)).text) == set()
    assert (await admin.delete(f"/api/v1/record-types/customers/fields/{key}")).status_code in (200, 204)
    hangzhou = listed((await admin.get("/customers", params=HANGZHOU)).text)
    text = (await admin.get(at)).text
    assert "“按等级”用到了已停用或您无权查看的字段" in text
    assert listed(text) == hangzhou != set()
    assert "按等级" in tabs(text)
    assert f"view:s{number(at)}" not in (await admin.get("/customers/counts")).json()
    assert "按等级" not in tabs((await office.browsers["wangfang"].get("/customers")).text)
    await admin.post(f"/customers/views/{number(at)}/delete")


async def test_a_saved_view_brings_its_columns_and_keeps_those_chosen_in_it(office: Office) -> None:
    browser = office.browsers["wangfang"]
    at = await saved(browser, "列的", **HANGZHOU)
    usual = (await browser.get("/customers")).text
    sent = {"column": ["name", "city"], "saved": number(at), "back": at}
    assert (await browser.post("/customers/columns", data=sent)).headers["location"] == at
    heads = r'<th scope="col"[^>]*>(?:<a [^>]*>)?([^<]+)'
    assert re.findall(heads, (await browser.get(at)).text) == ["名称", "城市"]
    assert re.findall(heads, (await browser.get("/customers")).text) == re.findall(heads, usual)


async def test_the_tabs_number_follows_what_the_view_finds(office: Office) -> None:
    browser = office.browsers["wangfang"]
    at = await saved(browser, "有数的", **HANGZHOU)
    total = (await browser.get("/api/v1/customers", params={"filter": '[["city","=","杭州"]]'})).json()["total"]
    assert (await browser.get("/customers/counts")).json()[f"view:s{number(at)}"] == str(total)
