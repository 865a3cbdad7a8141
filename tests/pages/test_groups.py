"""Groups: their words, roles and people; who gains and loses is shown first; nobody hands on what they don't hold."""

from __future__ import annotations

import html
import re

import pytest

from dougong.access.principal import acting_as, system
from dougong.access.services import assign_roles, create_group, create_role, group, set_group_members, set_rights
from dougong.people.services import account_of

from .conftest import Office, value_of
from .test_roles import agreed, changes, kept, standard

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def make_group(office: Office, name: str) -> int:
    answer = await office.browsers["admin"].post("/groups/new", data={"name": name, "description": "测试用"})
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


async def make_role(name: str, *rights: str) -> int:
    with acting_as(system("test")):
        role = await create_role(name)
        await set_rights(role, rights)
    return role


async def user_of(office: Office, name: str) -> int:
    with acting_as(system("test")):
        return (await account_of((await office.staff(name)).id)).user


def as_shown(text: str) -> dict[str, object]:
    """What the form of a group would send back untouched."""
    sent: dict[str, object] = {name: html.unescape(value_of(name, text)) for name in ("name", "description", "stamp")}
    sent["roles"] = re.findall(r'name="roles" value="(\d+)" checked', text)
    members = re.search(r'<select[^>]* name="members".*?</select>', text, re.DOTALL)[0]
    sent["members"] = re.findall(r'value="(\d+)" selected', members)
    return sent


@pytest.mark.parametrize("path", ["/groups", "/groups/new", "/groups/{g}", "/groups/{g}/remove", "/lookup/accounts"])
async def test_groups_are_closed_without_the_right(office: Office, path: str) -> None:
    with acting_as(system("test")):
        path = path.format(g=await create_group(f"关着的{path}"))
    assert (await office.browsers["wangfang"].get(path)).status_code == 403
    if path not in ("/groups", "/lookup/accounts"):
        async with office.nothing_written():
            assert (await office.browsers["wangfang"].post(path, data={"name": "x"})).status_code == 403


@pytest.mark.parametrize("path", ["/groups/999999", "/groups/x", "/groups/999999/remove", "/groups/99999999999999"])
async def test_a_group_that_is_not_there(office: Office, path: str) -> None:
    assert (await office.browsers["admin"].get(path)).status_code == 404
    assert (await office.browsers["admin"].post(path, data={"name": "x"})).status_code == 404


async def test_roles_and_groups_stand_side_by_side(office: Office) -> None:
    admin = office.browsers["admin"]
    for path, other in (("/roles", "/groups"), ("/groups", "/roles")):
        text = (await admin.get(path)).text
        assert re.search(rf'<a href="{path}" aria-current="page">', text)
        assert re.search(rf'<nav class="dg-views".*?<a href="{other}"', text, re.DOTALL)


async def test_a_group_is_made_and_found(office: Office) -> None:
    admin = office.browsers["admin"]
    made = await make_group(office, "华东销售")
    assert f'href="/groups/{made}">华东销售</a>' in (await admin.get("/groups")).text
    async with office.nothing_written():
        for name in ("华东销售", " ", "长" * 101):
            answer = await admin.post("/groups/new", data={"name": name, "description": "写好的话"})
            assert answer.status_code == 422
            assert value_of("description", answer.text) == "写好的话"


async def test_whoever_is_put_into_a_group_has_its_roles(office: Office) -> None:
    admin, browser = office.browsers["admin"], office.browsers["wangfang"]
    made, role = await make_group(office, "选项组"), await make_role("选项角色", "lookups.manage")
    wangfang, path = await user_of(office, "王芳"), f"/groups/{made}"
    form = as_shown((await admin.get(path)).text)
    # a role for nobody: saved at once
    assert (await admin.post(path, data=form | {"roles": [str(role)]})).status_code == 303
    form = as_shown((await admin.get(path)).text)
    assert form["roles"] == [str(role)]
    wanted = form | {"members": [str(wangfang)], "name": "选项管理组"}
    async with office.nothing_written():
        answer = await admin.post(path, data=wanted)
    assert answer.status_code == 200
    assert changes(answer.text) == [("得到", "管理选项列表", "")]
    assert "王芳</a>" in answer.text
    back = await admin.post(path, data=kept(answer.text) | {"back": "1"})
    assert as_shown(back.text) == wanted
    assert (await browser.get("/lookups")).status_code == 403
    assert (await admin.post(path, data=kept(answer.text))).status_code == 303
    assert (await browser.get("/lookups")).status_code == 200

    # where it is told
    of_role = (await admin.get(f"/roles/{role}")).text
    assert f'href="{path}">选项管理组</a>' in of_role
    assert "通过用户组“选项管理组”" in html.unescape(of_role)
    person = (await office.staff("王芳")).id
    assert "选项管理组" in (await admin.get(f"/organisation/staff/{person}")).text
    assert "选项管理组" not in (await browser.get(f"/organisation/staff/{person}")).text
    card = re.search(r"<li class=\"dg-role.*?选项角色.*?</li>", (await admin.get("/roles")).text, re.DOTALL)[0]
    assert "1 人" in card[card.rindex("选项角色") :]

    shown = await agreed(admin, path, as_shown((await admin.get(path)).text) | {"members": []})
    assert changes(shown) == [("失去", "管理选项列表", "")]
    assert (await browser.get("/lookups")).status_code == 403


async def test_deleting_a_group_says_who_loses_what(office: Office) -> None:
    admin, browser = office.browsers["admin"], office.browsers["wangfang"]
    made, role = await make_group(office, "将删除"), await make_role("将删除组的角色", "lookups.manage")
    path = f"/groups/{made}"
    form = as_shown((await admin.get(path)).text)
    await agreed(admin, path, form | {"roles": [str(role)], "members": [str(await user_of(office, "王芳"))]})
    async with office.nothing_written():
        asked = await admin.get(f"{path}/remove")
        assert changes(asked.text) == [("失去", "管理选项列表", "")]
        # without having been shown it: shown
        sent = await admin.post(f"{path}/remove", data={"stamp": kept(asked.text)["stamp"]})
        assert sent.status_code == 200
        assert changes(sent.text) == changes(asked.text)
    assert (await browser.get("/lookups")).status_code == 200
    assert (await admin.post(f"{path}/remove", data=kept(asked.text))).status_code == 303
    assert (await browser.get("/lookups")).status_code == 403
    assert (await admin.get(path)).status_code == 404


async def test_a_group_somebody_else_changed_is_not_overwritten(office: Office) -> None:
    admin, made = office.browsers["admin"], await make_group(office, "两人同改组")
    path, zhaomin = f"/groups/{made}", await user_of(office, "赵敏")
    mine = as_shown((await admin.get(path)).text) | {"description": "我的说明"}
    asked = kept((await admin.get(f"{path}/remove")).text)
    with acting_as(system("test")):
        await set_group_members(made, [zhaomin])
    async with office.nothing_written():
        answer = await admin.post(path, data=mine)
        assert answer.status_code == 409
        assert as_shown(answer.text)["description"] == "我的说明"
        assert (await admin.post(f"{path}/remove", data=asked)).status_code == 409
    with acting_as(system("test")):
        assert list((await group(made)).members) == [zhaomin]


async def test_people_are_found_for_a_group_by_name_pinyin_and_account(office: Office) -> None:
    admin, wangfang = office.browsers["admin"], await user_of(office, "王芳")
    for text in ("王芳", "wf", "wangf"):
        found = (await admin.get("/lookup/accounts", params={"q": text})).json()
        assert {"value": str(wangfang), "label": "王芳", "hint": "wangfang"} in found, text
    names = [it["label"] for it in (await admin.get("/lookup/accounts", params={"q": ""})).json()]
    assert {"王芳", "李雷", "赵敏", "admin"} <= set(names)
    # 邓丽华 works here and has no account: there is nothing to put into a group
    assert (await admin.get("/lookup/accounts", params={"q": "邓丽华"})).json() == []


async def test_the_groups_of_one_account_are_kept_from_its_page(office: Office) -> None:
    admin, made = office.browsers["admin"], await make_group(office, "从人员页加入")
    role = await make_role("从人员页加入的角色", "lookups.manage")
    await admin.post(
        f"/groups/{made}", data=as_shown((await admin.get(f"/groups/{made}")).text) | {"roles": [str(role)]}
    )
    person = await office.staff("王芳")
    path = f"/organisation/staff/{person.id}/groups"
    assert f'href="{path}"' in (await admin.get(f"/organisation/staff/{person.id}")).text
    shown = await agreed(admin, path, {"groups": [str(made)]})
    assert changes(shown) == [("得到", "管理选项列表", "")]
    assert re.findall(r'name="groups" value="(\d+)" checked', (await admin.get(path)).text) == [str(made)]
    await agreed(admin, path, {"groups": []})
    assert re.findall(r'name="groups" value="(\d+)" checked', (await admin.get(path)).text) == []
    assert (await office.browsers["wangfang"].get(path)).status_code == 403
    assert (await admin.get(f"/organisation/staff/{(await office.staff('邓丽华')).id}/groups")).status_code == 404


async def test_nobody_gives_themselves_more_through_a_group(office: Office) -> None:
    """赵敏 keeps roles: a role she doesn't hold comes to nobody through her groups, and the administrator's to no group."""
    keeper, strong = (
        await make_role("管组的人", "roles.manage", "organisation.manage"),
        await make_role("强角色", "plugins.manage"),
    )
    zhaomin, service = await user_of(office, "赵敏"), await standard("service")
    with acting_as(system("test")):
        await assign_roles(zhaomin, [service, keeper])
        made = await create_group("赵敏的组")
    browser, path = office.browsers["zhaomin"], f"/groups/{made}"
    try:
        form = as_shown((await browser.get(path)).text)
        strong_for = {"roles": [str(strong)], "description": "写好的话"}
        async with office.nothing_written():
            answer = await browser.post(path, data=form | strong_for | {"members": [str(zhaomin)]})
            assert answer.status_code == 403
            assert "不能授予自己没有的权限" in answer.text
            assert value_of("description", answer.text) == "写好的话"
        # as long as nobody is in it, nobody gains; then nobody comes in by her
        assert (await browser.post(path, data=form | strong_for)).status_code == 303
        form = as_shown((await browser.get(path)).text)
        async with office.nothing_written():
            assert (await browser.post(path, data=form | {"members": [str(zhaomin)]})).status_code == 403
            joining = f"/organisation/staff/{(await office.staff('赵敏')).id}/groups"
            stamp = value_of("stamp", (await browser.get(joining)).text)
            answer = await browser.post(joining, data={"groups": [str(made)], "stamp": stamp})
            assert answer.status_code == 403
            assert "不能授予自己没有的权限" in answer.text
            admins = await office.browsers["admin"].post(path, data=form | {"roles": [str(await standard("admin"))]})
            assert admins.status_code == 409
    finally:
        with acting_as(system("test")):
            await assign_roles(zhaomin, [service])
