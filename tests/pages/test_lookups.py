"""Look-up boxes: records by a few letters, each with a word of what it was found by."""

from __future__ import annotations

import httpx
import pytest

from .conftest import Office

pytestmark = pytest.mark.asyncio(loop_scope="module")
EN = {"accept-language": "en"}


async def made(browser: httpx.AsyncClient, name: str, **values: str) -> str:
    answer = await browser.post("/customers/new", data={"name": name, "kind": "end", **values})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def renamed(browser: httpx.AsyncClient, *names: str, **values: str) -> str:
    """A customer that had these names, one after the other; its id."""
    there = await made(browser, names[0], **values)
    for name in names[1:]:
        answer = await browser.post(f"{there}/rename-customer", data={"name": name})
        assert answer.status_code == 303, answer.text
    return there.rpartition("/")[2]


async def offered(
    browser: httpx.AsyncClient, text: str, kind: str = "customers", **headers: str
) -> list[dict[str, str]]:
    answer = await browser.get(f"/lookup/{kind}", params={"q": text}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, str]] = answer.json()
    return found


async def test_a_customer_found_by_a_former_name_says_so(office: Office) -> None:
    wangfang = office.browsers["wangfang"]
    number = await renamed(wangfang, "白鹳旧名机电厂", "黑鹳中名机电厂", "朱鹮新名智造有限公司", short_name="朱鹮")
    [line] = await offered(wangfang, "白鹳旧")
    assert (line["value"], line["label"]) == (number, "朱鹮新名智造有限公司")
    assert line["hint"].startswith("曾用名：白鹳旧名机电厂")
    assert "黑鹳" not in line["hint"]
    [line] = await offered(wangfang, "黑鹳中", **EN)
    assert line["hint"].startswith("Former names: 黑鹳中名机电厂")


async def test_a_customer_found_by_its_name_of_today_shows_no_former_one(office: Office) -> None:
    wangfang = office.browsers["wangfang"]
    number = await renamed(wangfang, "灰鹤旧名机电厂", "丹顶新名智造有限公司", short_name="丹顶鹤")
    named = {"value": number, "label": "丹顶新名智造有限公司", "hint": "丹顶鹤"}
    assert await offered(wangfang, "丹顶新名") == [named]
    assert named in await offered(wangfang, "ddxmzz"), "nor one found by its initials"
    both = await renamed(wangfang, "蓑羽鹤机电厂", "蓑羽鹤智造有限公司")
    assert await offered(wangfang, "蓑羽鹤") == [{"value": both, "label": "蓑羽鹤智造有限公司", "hint": ""}]


async def test_whatever_a_record_is_found_by_stands_beside_it(office: Office) -> None:
    wangfang = office.browsers["wangfang"]
    await made(wangfang, "按电话找有限公司", phone="0571-55667788", short_name="电话", city="丽水")
    [line] = await offered(wangfang, "55667788")
    assert line["hint"] == "电话：0571-55667788"
    [line] = await offered(wangfang, "丽水")
    assert line["hint"] == "城市：丽水"


async def test_before_anything_is_typed_short_names_stand_beside(office: Office) -> None:
    wangfang = office.browsers["wangfang"]
    number = await renamed(wangfang, "阿旧机电厂", "阿新智造有限公司", short_name="阿新")
    lines = {line["value"]: line["hint"] for line in await offered(wangfang, "")}
    assert lines[number] == "阿新"


async def test_the_palette_says_the_same(office: Office) -> None:
    wangfang = office.browsers["wangfang"]
    number = await renamed(wangfang, "白枕旧名机电厂", "白枕鹤乙厂", "沙丘新名智造有限公司", short_name="沙丘")
    found = (await wangfang.get("/search", params={"q": "白枕旧"})).text
    assert f'href="/customers/{number}"' in found
    assert "曾用名：白枕旧名机电厂" in found
    today = (await wangfang.get("/search", params={"q": "沙丘新"})).text
    assert "沙丘</" in today
    assert "曾用名" not in today
