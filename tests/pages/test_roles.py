"""Roles: the matrix, the fields they hold back, who has them; nobody hands on what they don't hold."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from dougong.access.principal import Grant, Principal, acting_as, system
from dougong.access.rights import within_reach
from dougong.access.services import assign_roles, create_role, matrix, principal_of, roles_of, set_grants, set_rights
from dougong.access.services.roles import grants_of
from dougong.access.tables import Role, UserRole
from dougong.access.whose import kinds_reached, somebody_with
from dougong.people.services import account_of
from dougong.people.tables import User
from dougong.plugin.snapshot import current_snapshot
from dougong.testing.digests import table_digests

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
    sent: dict[str, object] = {name: value_of(name, text) for name in ("name", "description", "stamp")}
    for name, options in re.findall(
        r'<select[^>]* name="(grant:[^"]+)"(?![^>]* disabled)[^>]*>(.*?)</select>', text, re.DOTALL
    ):
        sent[name] = re.findall(r'value="([^"]*)" selected', options)[0]
    sent["rights"] = re.findall(r'name="rights" value="([^"]*)" checked(?! disabled)', text)
    departments = re.search(r'<select[^>]* name="departments".*?</select>', text, re.DOTALL)
    sent["departments"] = re.findall(r'value="(\d+)" selected', departments[0]) if departments else []
    return sent


def kept(text: str) -> dict[str, object]:
    """What a preview sends on: everything that was typed, and what was seen."""
    page = text[text.index('class="dg-form dg-preview"') :]
    found: dict[str, object] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page):
        several = [*found.get(name, ()), html.unescape(value)]
        found[name] = several
    assert "seen" in found
    return found


async def agreed(browser: httpx.AsyncClient, path: str, form: dict[str, object]) -> str:
    """Send a form, look at what comes of it, say yes; the preview."""
    form.setdefault("stamp", value_of("stamp", (await browser.get(path)).text))
    answer = await browser.post(path, data=form)
    assert answer.status_code == 200, answer.text
    done = await browser.post(path, data=kept(answer.text))
    assert done.status_code == 303, done.text
    return answer.text


def changes(text: str) -> list[tuple[str, ...]]:
    """The lines of a preview: gain or loss, of what, from what to what."""
    lines = re.findall(r'<span class="dg-tag \w*">(.*?)</span><span>(.*?)</span><span class="dg-t3">(.*?)</span>', text)
    return [tuple(html.unescape(re.sub(r"<.*?>", "", part)) for part in line) for line in lines]


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
        path = f"/organisation/staff/{mine.id}/roles"
        stamp = value_of("stamp", (await browser.get(path)).text)
        answer = await browser.post(path, data={"roles": ["1"], "stamp": stamp})
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
    shown = await agreed(admin, path, {"roles": [*held, str(role)]})
    assert changes(shown) == [("得到", "管理选项列表", "")]
    assert (await browser.get("/lookups")).status_code == 200
    assert "王芳" in (await admin.get(f"/roles/{role}")).text
    assert (await admin.post(f"/roles/{role}/remove")).status_code == 409
    await agreed(admin, path, {"roles": held})
    assert (await browser.get("/lookups")).status_code == 403
    assert (await admin.post(f"/roles/{role}/remove")).status_code == 303
    assert (await admin.get(f"/roles/{role}")).status_code == 404


async def test_the_last_administrator_keeps_the_role(office: Office) -> None:
    """邓丽华 becomes the only administrator; neither the role nor the account can be taken from her."""
    person, browser = await office.staff("邓丽华"), office.browsers["admin"]
    role, keeper = await standard("admin"), office.company.world.users["admin"]
    path = f"/organisation/staff/{person.id}"
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
        none = {"stamp": value_of("stamp", (await browser.get(f"{path}/roles")).text)}
        async with office.nothing_written():
            assert (await browser.post(f"{path}/roles", data=none)).status_code == 403
            assert (await browser.post(f"{path}/operator/remove")).status_code == 403
        office.company.world.users["denglihua"] = account.user
        async with office.company.browser("denglihua") as last, office.nothing_written():
            assert (await last.post(f"{path}/roles", data=none)).status_code == 409
            assert "至少要保留一名系统管理员" in (await last.post(f"{path}/roles", data=none)).text
            assert (await last.post(f"{path}/operator/remove")).status_code == 409
    finally:
        with acting_as(system("test")):
            await assign_roles(keeper, [role])
    await agreed(browser, f"{path}/roles", {})


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
    before = await table_digests()
    shown = await agreed(admin, path, {f"field:{field}": "hidden"})
    assert ("失去", "客户：电话", "可查看和修改 → 隐藏") in changes(shown)
    assert field not in (await browser.get(f"/api/v1/customers/{customer['id']}")).json()
    async with office.nothing_written():
        stamp = value_of("stamp", (await admin.get(path)).text)
        assert (await admin.post(path, data={f"field:{field}": "gone", "stamp": stamp})).status_code == 422
    await agreed(admin, path, {f"field:{field}": ""})
    assert field in (await browser.get(f"/api/v1/customers/{customer['id']}")).json()
    assert (await table_digests())["access_grant"] == before["access_grant"]


async def fields(role: int) -> dict[str, str]:
    with acting_as(system("test")):
        return dict((await matrix(role)).fields)


async def test_a_field_is_held_back_in_one_state_only(office: Office) -> None:
    """What the other states say anyway isn't stored; taken back, nothing of it stays."""
    admin, browser = office.browsers["admin"], office.browsers["wangfang"]
    role = await standard("sales")
    path = f"/roles/{role}/fields/customers"
    rows = (await browser.get("/api/v1/customers?limit=200")).json()["items"]
    in_state = {row["state"]: row for row in rows if row["phone"]}
    assert {"submitted", "approved"} <= set(in_state)
    text = (await admin.get(path)).text
    assert 'name="field:phone@approved"' in text
    assert 'name="field:state@approved"' not in text
    # the usual case is closed, what differs is open
    assert re.search(r"<details[^>]* open", text) is None
    form = {"field:phone": "hidden", "field:phone@approved": "write", "field:phone@submitted": "hidden"}
    lines = changes(await agreed(admin, path, form))
    assert ("失去", "客户：电话（待审核）", "可查看和修改 → 隐藏") in lines
    assert not any("已审核" in what for _label, what, _change in lines)
    assert await fields(role) == {"customer.phone": "hidden", "customer.phone@approved": "write"}
    for state, shown in (("approved", in_state["approved"]["phone"]), ("submitted", None)):
        assert (await browser.get(f"/api/v1/customers/{in_state[state]['id']}")).json()["phone"] == shown
    text = (await admin.get(path)).text
    assert value_selected("field:phone@approved", text) == "write"
    assert re.search(r"<details[^>]* open", text)
    await agreed(admin, path, {"field:phone": "", "field:phone@approved": ""})
    assert await fields(role) == {}


def value_selected(name: str, text: str) -> str:
    options = re.search(rf'<select[^>]* name="{re.escape(name)}".*?</select>', text, re.DOTALL)[0]
    return re.search(r'value="([^"]*)" selected', options)[1]


# ------------------------------------------------------------------ who gains, who loses


async def test_who_gains_and_who_loses_is_shown_before_anything_is_written(office: Office) -> None:
    admin, role = office.browsers["admin"], await standard("sales")
    path = f"/roles/{role}"
    form = as_shown((await admin.get(path)).text)
    wanted = form | {"grant:customer:read": "all", "grant:customer:delete": "none", "rights": ["lookups.manage"]}
    before = await grants(role)
    async with office.nothing_written():
        answer = await admin.post(path, data=wanted)
    assert answer.status_code == 200
    wangfang = await office.staff("王芳")
    assert f'href="/organisation/staff/{wangfang.id}">王芳</a>' in answer.text
    assert "李雷" not in answer.text
    assert set(changes(answer.text)) == {
        ("得到", "客户：查看", "本人及共享 → 全部"),
        ("失去", "客户：删除", "本人 → 无"),
        ("得到", "管理选项列表", ""),
    }
    # back: what was typed stands in the form, beside what is saved
    back = await admin.post(path, data=kept(answer.text) | {"back": "1"})
    assert back.status_code == 200
    assert as_shown(back.text) == wanted
    assert "当前：本人及共享" in back.text
    assert await grants(role) == before
    assert (await admin.post(path, data=kept(answer.text))).status_code == 303
    assert (await grants(role))["customer", "read"] == Grant(frozenset({"all"}))
    assert (await office.browsers["wangfang"].get("/lookups")).status_code == 200
    await agreed(admin, path, form | {"stamp": value_of("stamp", (await admin.get(path)).text)})
    assert await grants(role) == before


async def test_those_for_whom_it_means_the_same_stand_together(office: Office) -> None:
    admin = office.browsers["admin"]
    role = await make_role(office, "众人角色")
    with acting_as(system("test")):
        made = await User.insert(
            *(User(name=f"many{number:02}", name_key=f"many{number:02}", password="-") for number in range(60))
        )
        await UserRole.insert(*(UserRole(user=row["id"], role=role) for row in made))
    path = f"/roles/{role}"
    try:
        form = as_shown((await admin.get(path)).text) | {"rights": ["lookups.manage"]}
        text = (await admin.post(path, data=form)).text
        assert changes(text) == [("得到", "管理选项列表", "")]
        assert "60 人" in text
        assert len(re.findall(r"many\d\d", text)) == 50
        assert "另有 10 人" in text
        page = (await admin.get(path)).text
        assert len(re.findall(r"many\d\d</span>", page)) == 50
        assert "另有 10 人" in page
    finally:
        with acting_as(system("test")):
            await UserRole.delete().where(UserRole.role == role)
            await User.delete().where(User.name.like("many%"))


async def test_what_somebody_else_changed_meanwhile_is_not_overwritten(office: Office) -> None:
    admin, role = office.browsers["admin"], await make_role(office, "两人同改")
    path = f"/roles/{role}"
    mine = as_shown((await admin.get(path)).text) | {"grant:customer:read": "own"}
    theirs = mine | {"grant:customer:read": "all", "name": "两人同改（他人）"}
    assert (await admin.post(path, data=theirs)).status_code == 303
    async with office.nothing_written():
        answer = await admin.post(path, data=mine)
        assert answer.status_code == 409
        assert "其他人" in answer.text
        assert as_shown(answer.text)["grant:customer:read"] == "own"
        assert "当前：全部" in answer.text
        assert (await admin.post(path, data={k: v for k, v in mine.items() if k != "stamp"})).status_code == 409
    # knowing it, one may
    assert (await admin.post(path, data=as_shown(answer.text))).status_code == 303
    assert (await grants(role))["customer", "read"] == Grant(frozenset({"own"}))


async def test_going_back_from_a_preview_does_not_make_an_old_form_new(office: Office) -> None:
    """Whoever goes back and saves again still learns that somebody else was faster meanwhile."""
    admin, role = office.browsers["admin"], await standard("sales")
    path = f"/roles/{role}"
    form = as_shown((await admin.get(path)).text)
    seen = (await admin.post(path, data=form | {"rights": ["lookups.manage"]})).text
    assert (await admin.post(path, data=form | {"description": "改过"})).status_code == 303
    back = await admin.post(path, data=kept(seen) | {"back": "1"})
    assert back.status_code == 200
    async with office.nothing_written():
        answer = await admin.post(path, data=as_shown(back.text))
        assert answer.status_code == 409
        assert (await admin.post(path, data=kept(seen))).status_code == 409
    assert (
        await admin.post(path, data=form | {"stamp": value_of("stamp", (await admin.get(path)).text)})
    ).status_code == 303


async def test_whoever_gets_the_role_after_the_preview_is_shown_too(office: Office) -> None:
    admin, role = office.browsers["admin"], await make_role(office, "后来者")
    person, path = await office.staff("李雷"), f"/roles/{role}"
    with acting_as(system("test")):
        account = await account_of(person.id)
        held = [line.id for line in await roles_of(account.user)]
        other = (await account_of((await office.staff("王芳")).id)).user
        sales = [line.id for line in await roles_of(other)]
        await assign_roles(other, [*sales, role])
    form = as_shown((await admin.get(path)).text) | {"rights": ["lookups.manage"]}
    seen = (await admin.post(path, data=form)).text
    assert "王芳</a>" in seen
    assert "李雷</a>" not in seen
    with acting_as(system("test")):
        await assign_roles(account.user, [*held, role])
    async with office.nothing_written():
        again = await admin.post(path, data=kept(seen))
        assert again.status_code == 200
        assert "李雷</a>" in again.text
    assert (await admin.post(path, data=kept(again.text))).status_code == 303
    with acting_as(system("test")):
        await assign_roles(account.user, held)
        await assign_roles(other, sales)


async def test_a_square_one_cannot_set_stays_and_is_shown_as_it_stands(office: Office) -> None:
    """赵敏 may keep roles but not customers: after a mistake, and on the way back, the form shows what stands."""
    keeper, other = await make_role(office, "只管角色"), await make_role(office, "他的角色")
    given = {("customer", "read"): Grant(frozenset({"all"})), ("customer", "export"): Grant(frozenset({"all"}))}
    with acting_as(system("test")):
        await set_rights(keeper, ["roles.manage"])
        await set_grants(other, given)
        await set_rights(other, ["plugins.manage"])
        zhaomin = await account_of((await office.staff("赵敏")).id)
        await assign_roles(zhaomin.user, [keeper])
    browser, path = office.browsers["zhaomin"], f"/roles/{other}"
    try:
        first = (await browser.get(path)).text
        form = as_shown(first)
        again = await browser.post(path, data=form | {"name": ""})
        assert again.status_code == 422
        square = re.compile(r'<select[^>]* name="grant:customer:export".*?</select>', re.DOTALL)
        assert 'value="all" selected' in square.search(first)[0]
        assert square.search(again.text)[0] == square.search(first)[0]
        assert re.search(r'value="plugins.manage" checked disabled', again.text)
        assert (await browser.post(path, data=form | {"name": "他的角色甲"})).status_code == 303
        assert await grants(other) == given
    finally:
        with acting_as(system("test")):
            await assign_roles(zhaomin.user, [await standard("service")])


@pytest.mark.parametrize(
    ("person", "key", "kind"),
    [("wangfang", "sales", "own"), ("lilei", "manager", "below"), ("zhaomin", "service", "chosen")],
)
async def test_the_matrix_a_role_makes_says_what_the_gate_and_the_desk_do(
    office: Office, person: str, key: str, kind: str
) -> None:
    """For each right, the customers a person reaches are exactly those of the kinds the matrix names."""
    customer = current_snapshot().records["customer"]
    who = await principal_of(office.company.world.users[person])
    with acting_as(system("test")):
        rows = await customer.table.select(customer.table.id, customer.table.owner, customer.table.department)
        somebody = await somebody_with(await standard(key))
    rows = [row for row in rows if row["id"] not in _shared_with(who)]
    assert kind in kinds_reached(somebody, customer, "read")
    assert any(kind in _kinds_of(row, who, "read") for row in rows)
    for action in customer.actions_allowed:
        said = set(kinds_reached(somebody, customer, action))
        with acting_as(who):
            reached = await within_reach(customer, action, [row["id"] for row in rows])
        assert reached == {row["id"] for row in rows if said & _kinds_of(row, who, action)}, action


def _kinds_of(row: dict[str, int], who: Principal, action: str) -> set[str]:
    """How a customer stands to a person, by their departments and those a role names."""
    granted = who.grants.get(("customer", action), Grant(frozenset()))
    standing = {
        "own": row["owner"] == who.staff,
        "department": row["department"] in who.departments,
        "below": row["department"] in who.subtree,
        "chosen": row["department"] in granted.departments,
        "other": True,
    }
    return {kind for kind, holds in standing.items() if holds}


def _shared_with(who: Principal) -> set[int]:
    shared = who.shared.get("customer")
    return {*shared.read, *shared.edit, *shared.own} if shared else set()


async def test_the_matrix_a_role_makes_counts_in_everybodys_role_and_what_is_inherited(office: Office) -> None:
    admin, role = office.browsers["admin"], await make_role(office, "结果角色")
    path, everybody = f"/roles/{role}", await standard("staff")
    with acting_as(system("test")):
        before = await grants_of(everybody)
        own = Grant(frozenset({"own"}))
        await set_grants(role, {("customer", "read"): Grant(frozenset({"own", "shared"}))})
        await set_grants(everybody, {("customer", "read"): own, ("customer", "export"): own})
    try:
        text = (await admin.get(path)).text
        assert _effect(text)["客户"][:5] == ["本人及共享", "无", "无", "无", "本人"]
        assert _effect(text)["客户关系"][:5] == ["本人及共享", "无", "无", "无", "本人"]
        # a contact of one's own one keeps, whoever its customer belongs to
        assert _effect(text)["联系人"][:5] == ["本人及共享", "本人", "本人", "本人", "本人"]
        assert _effect(text)["职员"][0] == "全部"
    finally:
        with acting_as(system("test")):
            await set_grants(everybody, before, ["customer"])


async def test_what_a_role_shuts_is_shut_in_the_matrix_it_makes(office: Office) -> None:
    role, own = await make_role(office, "关上的角色"), Grant(frozenset({"own"}))
    with acting_as(system("test")):
        shut = {("contact", "delete"): Grant(frozenset())}
        await set_grants(role, {("customer", "read"): own, ("customer", "edit"): own} | shut)
    text = (await office.browsers["admin"].get(f"/roles/{role}")).text
    assert _effect(text)["联系人"][:5] == ["本人", "本人", "本人", "无", "本人"]


def _effect(text: str) -> dict[str, list[str]]:
    """The table of what somebody may do: records → what stands in each column."""
    table = re.search(r'<div class="dg-matrix dg-effect".*?</table>', text, re.DOTALL)[0]
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>\s*(.*?)</tr>', table, re.DOTALL)
    plain = [(re.sub(r"<.*?>", "", head), re.findall(r"<td>(.*?)</td>", cells, re.DOTALL)) for head, cells in rows]
    return {head.strip(): [re.sub(r"<.*?>", "", cell).strip() for cell in cells] for head, cells in plain}


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
