"""What somebody stars is at hand for them alone, as long as they may see it."""

from __future__ import annotations

import re

import pytest

from .conftest import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def customer(office: Office, name: str, who: str = "wangfang") -> str:
    answer = await office.browsers[who].post("/customers/new", data={"name": name, "kind": "end"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def star(office: Office, path: str, who: str = "wangfang", on: str = "1") -> None:
    answer = await office.browsers[who].post(f"{path}/favourite", data={"on": on})
    assert answer.status_code == 303, answer.text


async def home(office: Office, who: str = "wangfang") -> str:
    """The card of favourites on somebody's home page."""
    page = (await office.browsers[who].get("/")).text
    found = re.search(r'<section[^>]* aria-label="收藏">.*?</section>', page, re.DOTALL)
    return found[0] if found else ""


def titles(text: str) -> list[str]:
    return re.findall(r'<tr data-id="(\d+)"', text)


async def test_what_is_starred_stands_at_home_until_it_is_starred_no_more(office: Office) -> None:
    first, second = [await customer(office, f"收藏{n}号有限公司") for n in "一二"]
    await star(office, first)
    await star(office, second)
    await star(office, first)
    shown = await home(office)
    assert shown.index("收藏二号有限公司") < shown.index("收藏一号有限公司")
    assert shown.count("收藏一号有限公司") == 1
    await star(office, first, on="0")
    await star(office, second, on="0")
    assert await home(office) == ""


async def test_the_home_page_shows_the_last_ten(office: Office) -> None:
    made = [await customer(office, f"收藏第{n}家有限公司") for n in "甲乙丙丁戊己庚辛壬癸子"]
    for path in made:
        await star(office, path)
    shown = await home(office)
    assert len(re.findall(r"收藏第.家", shown)) == 10
    assert "收藏第甲家" not in shown
    for path in made:
        await star(office, path, on="0")


async def test_the_page_of_a_record_says_whether_it_is_starred(office: Office) -> None:
    path, browser = await customer(office, "收藏三号有限公司"), office.browsers["wangfang"]
    before = (await browser.get(path)).text
    assert re.search(rf'action="{path}/favourite">[^/]*name="on" value="1"', before, re.DOTALL)
    await star(office, path)
    after = (await browser.get(path)).text
    assert re.search(rf'action="{path}/favourite">[^/]*name="on" value="0"', after, re.DOTALL)


async def test_a_list_shows_ones_favourites_and_their_stars(office: Office) -> None:
    path, other = await customer(office, "收藏四号有限公司"), await customer(office, "收藏五号有限公司")
    await star(office, path)
    browser = office.browsers["wangfang"]
    tab = re.search(
        r'href="(/customers\?view=\d+)"[^>]*>(?:<svg.*?</svg>)?收藏', (await browser.get("/customers")).text
    )
    assert tab
    mine = (await browser.get(tab[1])).text
    assert path.rpartition("/")[2] in titles(mine)
    assert other.rpartition("/")[2] not in titles(mine)
    assert titles((await office.browsers["admin"].get(tab[1])).text) == []
    both = (await browser.get("/customers?q=收藏")).text
    assert re.search(rf'formaction="{path}/favourite"[^>]*aria-pressed="true"', both)
    assert re.search(rf'formaction="{other}/favourite"[^>]*aria-pressed="false"', both)


async def test_a_favourite_one_may_no_longer_see_shows_nothing(office: Office) -> None:
    path = await customer(office, "收藏六号有限公司")
    await star(office, path)
    assert "收藏六号有限公司" in await home(office)
    number, yubo = path.rpartition("/")[2], (await office.staff("于波"))
    admin = office.browsers["admin"]
    given = await admin.patch(
        f"/api/v1/customers/{number}",
        json={"owner": yubo.id, "department": yubo.department},
        headers={"if-match": "1"},
    )
    assert given.status_code == 200, given.text
    assert "收藏六号有限公司" not in await home(office)
    answer = await office.browsers["wangfang"].get("/api/v1/favourites")
    assert number not in [str(item["id"]) for item in answer.json()["items"]]
    assert (await office.browsers["wangfang"].post(f"{path}/favourite", data={"on": "0"})).status_code == 404


async def test_what_one_may_not_see_cannot_be_starred(office: Office) -> None:
    made = await office.browsers["admin"].post(
        "/api/v1/customers", json={"name": "收藏七号有限公司", "owner": (await office.staff("于波")).id}
    )
    path = f"/customers/{made.json()['id']}"
    browser = office.browsers["zhaomin"]
    async with office.nothing_written():
        assert (await browser.post(f"{path}/favourite", data={"on": "1"})).status_code == 404
        assert (await browser.put(f"/api/v1{path}/favourite")).status_code == 404
        assert (await browser.put("/api/v1/customers/700001/favourite")).status_code == 404


async def test_a_program_keeps_and_drops_favourites(office: Office) -> None:
    path, browser = await customer(office, "收藏八号有限公司"), office.browsers["wangfang"]
    for _again in range(2):
        assert (await browser.put(f"/api/v1{path}/favourite")).status_code == 204
    listed = (await browser.get("/api/v1/favourites")).json()["items"]
    assert listed[0] == {"record": "customers", "id": int(path.rpartition("/")[2]), "title": "收藏八号有限公司"}
    only = {"filter": '[["favourite","=","me"]]', "q": "收藏八号"}
    assert (await browser.get("/api/v1/customers", params=only)).json()["total"] == 1
    assert (await office.browsers["admin"].get("/api/v1/customers", params=only)).json()["total"] == 0
    for _again in range(2):
        assert (await browser.delete(f"/api/v1{path}/favourite")).status_code == 204
    assert (await browser.get("/api/v1/customers", params=only)).json()["total"] == 0
