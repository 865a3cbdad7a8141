"""Roles: the matrix, the fields they hold back, who has them; nobody hands on what they don't hold."""

from __future__ import annotations

import re

import pytest

from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import assign_roles, create_role, set_grants, set_rights
from dougong.access.services.roles import grants_of
from dougong.access.tables import Role
from dougong.people.services import account_of

from .conftest import Office, value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def make_role(office: Office, name: str) -> int:
    answer = await office.browsers["admin"].post("/roles/new", data={"name": name, "description": "for a test"})
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


async def standard(key: str) -> int:
    with acting_as(system("test")):
        row = await Role.select(Role.id).where(Role.key == key).first()
    return row["id"]


async def grants(role: int) -> dict[tuple[str, str], Grant]:
    with acting_as(system("test")):
        return await grants_of(role)


def as_shown(text: str) -> dict[str, object]:
    """What the form of a role would send back untouched."""
    sent: dict[str, object] = {name: value_of(name, text) for name in ("name", "description")}
    for name, options in re.findall(
        r'<select[^>]* name="(grant:[^"]+)"(?![^>]* disabled)[^>]*>(.*?)</select>', text, re.DOTALL
    ):
        sent[name] = re.findall(r'value="([^"]*)" selected', options)[0]
    sent["rights"] = re.findall(r'name="rights" value="([^"]*)" checked(?! disabled)', text)
    departments = re.search(r'<select[^>]* name="departments".*?</select>', text, re.DOTALL)
    sent["departments"] = re.findall(r'value="(\d+)" selected', departments[0]) if departments else []
    return sent


@pytest.mark.parametrize("path", ["", "/new", "/{r}", "/{r}/copy", "/{r}/remove", "/{r}/fields/customers"])
async def test_roles_are_closed_without_the_right(office: Office, path: str) -> None:
    role = await standard("sales")
    path = "/roles" + path.format(r=role)
    assert (await office.browsers["wangfang"].get(path)).status_code == 403
    if path != "/roles":
        async with office.nothing_written():
            answer = await office.browsers["wangfang"].post(path, data={"name": "x", "grant:customer:read": "all"})
            assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/roles/999999", "/roles/x", "/roles/1/fields/nothing", "/roles/999999/copy"])
async def test_a_role_that_is_not_there(office: Office, path: str) -> None:
    assert (await office.browsers["admin"].get(path)).status_code == 404


async def test_saving_an_untouched_role_changes_nothing(office: Office) -> None:
    """Also grants no single word describes, and each right's own departments, stay as they are."""
    role = await make_role(office, "不变角色")
    d = (await office.department("杭州销售组")).id, (await office.department("深圳销售组")).id
    odd = {
        ("customer", "read"): Grant(frozenset({"department"})),
        ("customer", "edit"): Grant(frozenset({"own"})),
        ("contact", "delete"): Grant(frozenset()),
    }
    with acting_as(system("test")):
        await set_grants(role, odd)
    before = await grants(role)
    form = as_shown((await office.browsers["admin"].get(f"/roles/{role}")).text)
    assert form["grant:customer:read"] == "department"
    assert (await office.browsers["admin"].post(f"/roles/{role}", data=form)).status_code == 303
    assert await grants(role) == before

    chosen = {
        ("customer", "read"): Grant(frozenset({"own", "shared", "chosen"}), d),
        ("customer", "export"): Grant(frozenset({"own", "shared", "chosen"}), d[:1]),
    }
    with acting_as(system("test")):
        await set_grants(role, chosen)
    before = await grants(role)
    form = as_shown((await office.browsers["admin"].get(f"/roles/{role}")).text)
    assert sorted(form["departments"]) == sorted(map(str, d))
    assert (await office.browsers["admin"].post(f"/roles/{role}", data=form)).status_code == 303
    assert await grants(role) == before


async def test_a_role_is_given_rights_in_the_matrix(office: Office) -> None:
    role = await make_role(office, "矩阵角色")
    department = await office.department("青岛销售组")
    path, admin = f"/roles/{role}", office.browsers["admin"]
    form = as_shown((await admin.get(path)).text) | {
        "grant:customer:read": "chosen",
        "grant:customer:edit": "own",
        "grant:contact:delete": "none",
        "departments": [str(department.id)],
        "rights": ["lookups.manage"],
    }
    assert (await admin.post(path, data=form)).status_code == 303
    now = await grants(role)
    assert now["customer", "read"] == Grant(frozenset({"own", "shared", "chosen"}), (department.id,))
    assert now["customer", "edit"] == Grant(frozenset({"own"}))
    assert now["contact", "delete"] == Grant(frozenset())
    shown = as_shown((await admin.get(path)).text)
    assert (shown["grant:customer:read"], shown["grant:contact:delete"], shown["rights"]) == (
        "chosen",
        "none",
        ["lookups.manage"],
    )

    back = shown | {
        "grant:customer:read": "none",
        "grant:customer:edit": "none",
        "grant:contact:delete": "inherit",
        "rights": [],
    }
    assert (await admin.post(path, data=back)).status_code == 303
    assert await grants(role) == {}


async def test_changing_further_than_seeing_is_refused_and_kept_in_the_form(office: Office) -> None:
    role = await make_role(office, "错误角色")
    path, admin = f"/roles/{role}", office.browsers["admin"]
    form = as_shown((await admin.get(path)).text) | {
        "name": "错误角色甲",
        "grant:customer:read": "own",
        "grant:customer:edit": "all",
    }
    async with office.nothing_written():
        answer = await admin.post(path, data=form)
        assert answer.status_code == 422
        assert value_of("name", answer.text) == "错误角色甲"
        assert as_shown(answer.text)["grant:customer:edit"] == "all"
        assert "这项权限的范围超出了查看权限的范围" in answer.text
        assert (await admin.post(path, data=form | {"grant:customer:edit": "everything"})).status_code in (404, 422)
        assert (await admin.post(path, data=form | {"name": ""})).status_code == 422


async def test_nobody_grants_what_they_do_not_hold(office: Office) -> None:
    """赵敏 keeps roles here, and sees customers of two departments only."""
    keeper = await make_role(office, "角色管理员")
    with acting_as(system("test")):
        await set_rights(keeper, ["roles.manage"])
        zhaomin = await account_of((await office.staff("赵敏")).id)
        await assign_roles(zhaomin.user, [await standard("service"), keeper])
        other = await create_role("将被扩大")
    browser = office.browsers["zhaomin"]
    text = (await browser.get(f"/roles/{other}")).text
    square = re.search(r'<select[^>]* name="grant:customer:read".*?</select>', text, re.DOTALL)[0]
    assert re.search(r'value="all"\s+disabled', square)
    form = as_shown(text)
    async with office.nothing_written():
        answer = await browser.post(f"/roles/{other}", data=form | {"grant:customer:read": "all"})
        assert answer.status_code == 403
        assert "不能授予自己没有的权限" in answer.text
        answer = await browser.post(f"/roles/{other}", data=form | {"rights": ["plugins.manage"]})
        assert (answer.status_code, await grants(other)) != (303, {("", "plugins.manage")})
    mine = await office.staff("王芳")
    with acting_as(system("test")):
        await set_rights(keeper, ["roles.manage", "organisation.manage"])
    async with office.nothing_written():
        answer = await browser.post(f"/organisation/staff/{mine.id}/roles", data={"roles": ["1"]})
        assert answer.status_code == 403
        assert "不能授予自己没有的权限" in answer.text
    with acting_as(system("test")):
        await assign_roles(zhaomin.user, [await standard("service")])


async def test_a_role_taken_away_acts_on_the_next_request(office: Office) -> None:
    admin, browser = office.browsers["admin"], office.browsers["wangfang"]
    person = await office.staff("王芳")
    role = await make_role(office, "名单管理")
    await admin.post(
        f"/roles/{role}", data=as_shown((await admin.get(f"/roles/{role}")).text) | {"rights": ["lookups.manage"]}
    )
    path = f"/organisation/staff/{person.id}/roles"
    held = re.findall(r'name="roles" value="(\d+)" checked', (await admin.get(path)).text)
    assert held == [str(await standard("sales"))]
    assert (await browser.get("/lookups")).status_code == 403
    assert (await admin.post(path, data={"roles": [*held, str(role)]})).status_code == 303
    assert (await browser.get("/lookups")).status_code == 200
    assert "王芳" in (await admin.get(f"/roles/{role}")).text
    assert (await admin.post(f"/roles/{role}/remove")).status_code == 409
    assert (await admin.post(path, data={"roles": held})).status_code == 303
    assert (await browser.get("/lookups")).status_code == 403
    assert (await admin.post(f"/roles/{role}/remove")).status_code == 303
    assert (await admin.get(f"/roles/{role}")).status_code == 404


async def test_the_last_administrator_keeps_the_role(office: Office) -> None:
    """邓丽华 becomes the only administrator; neither the role nor the account can be taken from her."""
    person, browser = await office.staff("邓丽华"), office.browsers["admin"]
    role, keeper = await standard("admin"), office.company.world.users["admin"]
    made = await browser.post(
        f"/organisation/staff/{person.id}/operator", data={"name": "denglihua", "roles": str(role)}
    )
    assert made.status_code == 200
    with acting_as(system("test")):
        substitute = await create_role("代理管理员")
        await set_rights(substitute, ["roles.manage", "organisation.manage"])
        account = await account_of(person.id)
        await assign_roles(keeper, [substitute])
    try:
        async with office.nothing_written():
            assert (await browser.post(f"/organisation/staff/{person.id}/roles", data={})).status_code == 403
            assert (await browser.post(f"/organisation/staff/{person.id}/operator/remove")).status_code == 403
        office.company.world.users["denglihua"] = account.user
        async with office.company.browser("denglihua") as last, office.nothing_written():
            assert (await last.post(f"/organisation/staff/{person.id}/roles", data={})).status_code == 409
            assert (await last.post(f"/organisation/staff/{person.id}/operator/remove")).status_code == 409
    finally:
        with acting_as(system("test")):
            await assign_roles(keeper, [role])
    assert (await browser.post(f"/organisation/staff/{person.id}/roles", data={})).status_code == 303


async def test_a_field_is_held_back(office: Office) -> None:
    admin, browser = office.browsers["admin"], office.browsers["wangfang"]
    role = await standard("sales")
    path = f"/roles/{role}/fields/customers"
    customer = (await browser.get("/api/v1/customers?limit=1")).json()["items"][0]
    field = "phone"
    assert field in customer
    text = (await admin.get(path)).text
    assert f'name="field:{field}"' in text
    assert 'name="field:name"' not in text
    before = await office.everything()
    assert (await admin.post(path, data={f"field:{field}": "hidden"})).status_code == 303
    assert field not in (await browser.get(f"/api/v1/customers/{customer['id']}")).json()
    async with office.nothing_written():
        assert (await admin.post(path, data={f"field:{field}": "gone"})).status_code == 422
    assert (await admin.post(path, data={f"field:{field}": ""})).status_code == 303
    assert field in (await browser.get(f"/api/v1/customers/{customer['id']}")).json()
    assert (await office.everything())["access_grant"] == before["access_grant"]


async def test_a_role_is_copied_and_the_standard_ones_stay(office: Office) -> None:
    admin, role = office.browsers["admin"], await standard("sales")
    answer = await admin.post(f"/roles/{role}/copy", data={"name": "销售（复制）"})
    assert answer.status_code == 303
    made = int(answer.headers["location"].rpartition("/")[2])
    assert await grants(made) == await grants(role)
    async with office.nothing_written():
        assert (await admin.post(f"/roles/{role}/copy", data={"name": "销售（复制）"})).status_code == 422
        assert (await admin.post(f"/roles/{role}/remove")).status_code == 409
        assert (await admin.post("/roles/1/copy", data={"name": "second"})).status_code == 409
