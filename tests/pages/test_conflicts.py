"""Two people edit one record: the slower one sees field by field what differs, and loses nothing typed."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest

from dougong.access.services import matrix, roles_of, set_fields

from .conftest import Office, value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def customer(office: Office, name: str, **more: str) -> str:
    """A new customer of 王芳's; where it is edited."""
    answer = await office.browsers["wangfang"].post("/customers/new", data={"name": name, "kind": "end", **more})
    assert answer.status_code == 303, answer.text
    return f"{answer.headers['location']}/edit"


async def form_of(office: Office, path: str, who: str = "wangfang") -> dict[str, str]:
    """What a browser would send of the form as it is opened now."""
    return fields_in((await office.browsers[who].get(path)).text)


def fields_in(text: str) -> dict[str, str]:
    """Every field of the edit form with what stands in it."""
    form = text[text.index('id="dg-form"') : text.index("</form>", text.index('id="dg-form"'))]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if (name and not ("radio" in tag or "checkbox" in tag)) or (name and " checked" in tag):
            found[name[1]] = html.unescape(value[1]) if value else ""
    for name, inner in re.findall(r'<select[^>]* name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', inner)
        found[name] = chosen[1] if chosen else ""
    for name, inner in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name] = html.unescape(inner)
    return found


async def stored(office: Office, path: str) -> dict[str, Any]:
    return (await office.browsers["admin"].get(f"/api/v1{path.removesuffix('/edit')}")).json()


def sides(text: str, key: str) -> list[str]:
    """What can be kept in a field both changed."""
    found = re.findall(rf'type="radio" name="keep-{key}" value="([^"]*)"', text)
    return [html.unescape(value) for value in found]


async def save(office: Office, path: str, sent: dict[str, str], who: str = "wangfang") -> Any:
    return await office.browsers[who].post(path, data=sent)


async def test_a_field_both_changed_is_shown_with_theirs_and_what_it_was(office: Office) -> None:
    path = await customer(office, "冲突一号有限公司", city="上海")
    mine, other = await form_of(office, path), await form_of(office, path, "admin")
    assert (await save(office, path, {**other, "city": "杭州"}, "admin")).status_code == 303
    async with office.nothing_written():
        late = await save(office, path, {**mine, "city": "宁波"})
    assert late.status_code == 409
    assert value_of("city", late.text) == "宁波"
    assert sides(late.text, "city") == ["mine", "theirs:杭州", "original:上海"]
    assert re.search(r'name="keep-city" value="mine" checked', late.text)
    assert sides(late.text, "name") == []


@pytest.mark.parametrize("pick, stands", [("mine", "宁波"), ("theirs:杭州", "杭州"), ("original:上海", "上海")])
async def test_what_is_chosen_is_saved(office: Office, pick: str, stands: str) -> None:
    path = await customer(office, f"冲突{stands}有限公司", city="上海")
    mine, other = await form_of(office, path), await form_of(office, path, "admin")
    await save(office, path, {**other, "city": "杭州"}, "admin")
    late = await save(office, path, {**mine, "city": "宁波", "address": "西湖一号"})
    again = await save(office, path, {**fields_in(late.text), "keep-city": pick})
    assert again.status_code == 303, again.text
    now = await stored(office, path)
    assert (now["city"], now["address"]) == (stands, "西湖一号")


async def test_what_only_the_other_changed_stands_and_is_named(office: Office) -> None:
    path = await customer(office, "冲突二号有限公司", city="上海", address="一号")
    mine, other = await form_of(office, path), await form_of(office, path, "admin")
    await save(office, path, {**other, "city": "杭州"}, "admin")
    browser = office.browsers["wangfang"]
    saved = await save(office, path, {**mine, "address": "二号"})
    assert saved.status_code == 303
    now = await stored(office, path)
    assert (now["city"], now["address"]) == ("杭州", "二号")
    assert "城市" in (await browser.get(saved.headers["location"])).text.partition('id="dg-toasts"')[2]


async def test_a_third_edit_in_between_comes_back_again(office: Office) -> None:
    path = await customer(office, "冲突三号有限公司", city="上海", address="一号")
    mine, other = await form_of(office, path), await form_of(office, path, "admin")
    await save(office, path, {**other, "city": "杭州"}, "admin")
    late = await save(office, path, {**mine, "city": "宁波"})
    third = await form_of(office, path, "lilei")
    assert (await save(office, path, {**third, "city": "苏州", "address": "三号"}, "lilei")).status_code == 303
    again = await save(office, path, {**fields_in(late.text), "keep-city": "mine"})
    assert again.status_code == 409
    assert sides(again.text, "city") == ["mine", "theirs:苏州", "original:杭州"]
    assert value_of("city", again.text) == "宁波"
    assert value_of("address", again.text) == "三号"
    last = await save(office, path, {**fields_in(again.text), "keep-city": "mine"})
    assert last.status_code == 303
    now = await stored(office, path)
    assert (now["city"], now["address"]) == ("宁波", "三号")


async def test_what_is_wrong_is_told_in_the_same_pass(office: Office) -> None:
    path = await customer(office, "冲突四号有限公司", city="上海", email="a@b.example")
    mine, other = await form_of(office, path), await form_of(office, path, "admin")
    await save(office, path, {**other, "city": "杭州", "email": "c@d.example"}, "admin")
    late = await save(office, path, {**mine, "city": "宁波", "email": "nobody", "phone": "x"})
    assert late.status_code == 409
    assert (value_of("email", late.text), value_of("phone", late.text)) == ("nobody", "x")
    assert sides(late.text, "email") == ["mine", "theirs:c@d.example", "original:a@b.example"]
    assert 'id="f-email-error"' in late.text
    assert 'id="f-phone-error"' in late.text
    right = {**fields_in(late.text), "keep-city": "mine", "keep-email": "theirs:c@d.example", "phone": "0571-1"}
    assert (await save(office, path, right)).status_code == 303
    now = await stored(office, path)
    assert (now["city"], now["email"], now["phone"]) == ("宁波", "c@d.example", "0571-1")


async def test_a_wrong_value_without_a_clash_shows_what_was_taken_over(office: Office) -> None:
    path = await customer(office, "冲突五号有限公司", city="上海")
    mine, other = await form_of(office, path), await form_of(office, path, "admin")
    await save(office, path, {**other, "city": "杭州"}, "admin")
    late = await save(office, path, {**mine, "email": "nobody"})
    assert late.status_code == 422
    assert value_of("city", late.text) == "杭州"
    assert "上海 → 杭州" in late.text


async def test_a_value_changed_and_changed_back_is_no_conflict(office: Office) -> None:
    path = await customer(office, "冲突六号有限公司", city="上海")
    mine = await form_of(office, path)
    for city in ("杭州", "上海"):
        await save(office, path, {**await form_of(office, path, "admin"), "city": city}, "admin")
    assert (await save(office, path, {**mine, "city": "宁波"})).status_code == 303
    assert (await stored(office, path))["city"] == "宁波"


async def test_the_ends_of_lines_a_browser_sends_are_no_change(office: Office) -> None:
    path = await customer(office, "冲突七号有限公司")
    number = path.split("/")[2]
    admin = office.browsers["admin"]
    changes = {"remark": "第一行\n第二行"}
    answer = await admin.patch(f"/api/v1/customers/{number}", json=changes, headers={"if-match": "1"})
    assert answer.status_code == 200, answer.text
    mine = await form_of(office, path)
    await save(office, path, {**await form_of(office, path, "admin"), "remark": "别的"}, "admin")
    saved = await save(office, path, {**mine, "remark": "第一行\r\n第二行", "city": "杭州"})
    assert saved.status_code == 303, saved.text
    now = await stored(office, path)
    assert (now["remark"], now["city"]) == ("别的", "杭州")


@pytest.mark.parametrize("version, name", [("0", "甲"), ("", "乙"), ("99", "丙"), ("x", "丁"), ("-1", "戊")])
async def test_a_version_that_never_was_takes_nothing_for_granted(office: Office, version: str, name: str) -> None:
    path = await customer(office, f"冲突{name}有限公司", city="上海")
    mine = await form_of(office, path)
    async with office.nothing_written():
        late = await save(office, path, {**mine, "version": version, "city": "宁波"})
    assert late.status_code == 409
    assert sides(late.text, "city") == ["mine", "theirs:上海"]


async def test_a_hidden_field_is_told_to_nobody(office: Office) -> None:
    world = office.company.world
    path = await customer(office, "冲突九号有限公司", city="上海")
    async with world.acting("admin"):
        [sales] = [role.id for role in await roles_of(world.users["wangfang"])]
        kept = (await matrix(sales)).fields
        await set_fields(sales, {"customer.phone": "hidden"})
    try:
        mine = await form_of(office, path)
        other = await form_of(office, path, "admin")
        await save(office, path, {**other, "city": "杭州", "phone": "0571-886655"}, "admin")
        late = await save(office, path, {**mine, "city": "宁波", "phone": "0571-1", "keep-phone": "theirs:1"})
        assert late.status_code == 409
        assert "886655" not in late.text
        assert sides(late.text, "phone") == []
        again = await save(office, path, fields_in(late.text))
        assert again.status_code == 303
        assert (await stored(office, path))["phone"] == "0571-886655"
    finally:
        async with world.acting("admin"):
            await set_fields(sales, kept)


async def test_of_a_record_deleted_meanwhile_what_was_typed_can_be_copied(office: Office) -> None:
    path = await customer(office, "冲突十号有限公司")
    mine = await form_of(office, path)
    assert (await office.browsers["admin"].post(path.replace("/edit", "/remove"))).status_code == 303
    late = await save(office, path, {**mine, "address": "西湖 <二号>"})
    assert late.status_code == 404
    assert "西湖 &lt;二号&gt;" in late.text
    never = await save(office, "/customers/700001/edit", {**mine, "address": "西湖 <二号>"})
    assert never.status_code == 404
    assert re.sub(r'value="[^"]*"', "", never.text) == re.sub(r'value="[^"]*"', "", late.text)
