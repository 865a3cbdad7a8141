"""The organisation page: a directory for everybody, kept by those who have the right."""

from __future__ import annotations

import pytest

from dougong.access.principal import acting_as, system
from dougong.people.services import account_of
from dougong.people.tables import Department, Staff
from dougong.records.change_log import ChangeLog

from .conftest import Office, value_of
from .test_roles import agreed

pytestmark = pytest.mark.asyncio(loop_scope="module")
BASE = "/organisation"
FORBIDDEN = (
    "departments/new",
    "departments/{d}/edit",
    "departments/{d}/move",
    "departments/{d}/merge",
    "departments/{d}/deactivate",
    "staff/new",
    "staff/{s}/edit",
    "staff/{s}/move",
    "staff/{s}/deactivate",
    "staff/{s}/operator",
    "staff/{s}/operator/remove",
    "staff/{s}/password",
    "staff/{s}/roles",
)
FORBIDDEN_POSTS = (*FORBIDDEN, "departments/{d}/reactivate", "staff/{s}/reactivate")


async def test_everybody_finds_people(office: Office) -> None:
    east = await office.department("华东销售部")
    answer = await office.browsers["wangfang"].get(f"{BASE}?department={east.id}&q=韩梅")
    assert answer.status_code == 200
    assert "韩梅" in answer.text
    assert "孙浩" not in answer.text
    below = await office.browsers["wangfang"].get(f"{BASE}?department={east.id}")
    only = await office.browsers["wangfang"].get(f"{BASE}?department={east.id}&show=only")
    assert "韩梅" in below.text
    assert "韩梅" not in only.text
    assert "李雷" in only.text


async def test_the_directory_tells_nothing_about_accounts(office: Office) -> None:
    lilei = await office.staff("李雷")
    for path in (BASE, f"{BASE}/staff/{lilei.id}"):
        text = (await office.browsers["wangfang"].get(path)).text
        assert "李雷" in text
        assert "zhaomin" not in text
        assert "lilei<" not in text
        assert "/operator" not in text
    assert "zhaomin" in (await office.browsers["admin"].get(f"{BASE}?q=赵敏")).text


@pytest.mark.parametrize("path", FORBIDDEN)
async def test_forms_are_closed_without_the_right(office: Office, path: str) -> None:
    department, person = await office.department("杭州销售组"), await office.staff("孙浩")
    answer = await office.browsers["wangfang"].get(f"{BASE}/{path.format(d=department.id, s=person.id)}")
    assert answer.status_code == 403


async def test_nothing_is_written_without_the_right(office: Office) -> None:
    department, person = await office.department("杭州销售组"), await office.staff("孙浩")
    sent = {"name": "x", "department": str(department.id), "into": "1", "parent": "1", "version": "1", "roles": "1"}
    async with office.nothing_written():
        for path in FORBIDDEN_POSTS:
            answer = await office.browsers["wangfang"].post(
                f"{BASE}/{path.format(d=department.id, s=person.id)}", data=sent
            )
            assert answer.status_code == 403, path


@pytest.mark.parametrize("path", ["departments/999999/edit", "departments/x/edit", "staff/999999/edit", "staff/999999"])
async def test_what_is_not_there_is_not_found(office: Office, path: str) -> None:
    assert (await office.browsers["admin"].get(f"{BASE}/{path}")).status_code == 404


@pytest.mark.parametrize(
    "query", ["department=999999", "department=x", "page=99999999", "show=everything", "q=%00", "page=-1"]
)
async def test_no_address_breaks_the_page(office: Office, query: str) -> None:
    assert (await office.browsers["admin"].get(f"{BASE}?{query}")).status_code == 200


# ------------------------------------------------------------------ departments


async def make_department(office: Office, name: str, parent: int) -> Department:
    answer = await office.browsers["admin"].post(f"{BASE}/departments/new", data={"name": name, "parent": str(parent)})
    assert answer.status_code == 303, answer.text
    return await office.department(name)


async def test_a_department_is_made_and_changed(office: Office) -> None:
    sales, head = await office.department("销售中心"), await office.staff("孙浩")
    made = await make_department(office, "西部销售部", sales.id)
    assert (made.parent, made.active) == (sales.id, True)

    path = f"{BASE}/departments/{made.id}/edit"
    form = (await office.browsers["admin"].get(path)).text
    sent = {
        "name": "西南销售部",
        "code": "SW",
        "head": str(head.id),
        "place": "7",
        "version": value_of("version", form),
    }
    answer = await office.browsers["admin"].post(path, data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}?department={made.id}")
    changed = await office.department("西南销售部")
    assert (changed.id, changed.code, changed.head, changed.place) == (made.id, "SW", head.id, 7)
    assert "孙浩" in (await office.browsers["admin"].get(f"{BASE}?department={made.id}")).text


async def test_what_was_typed_stays_when_it_is_refused(office: Office) -> None:
    sales = await office.department("销售中心")
    async with office.nothing_written():
        sent = {"name": " ", "code": "QX-1", "head": "", "parent": str(sales.id)}
        answer = await office.browsers["admin"].post(f"{BASE}/departments/new", data=sent)
        assert answer.status_code == 422
        assert value_of("code", answer.text) == "QX-1"
        assert f'value="{sales.id}" selected' in answer.text
        assert 'aria-invalid="true"' in answer.text

        path = f"{BASE}/departments/{sales.id}/edit"
        answer = await office.browsers["admin"].post(
            path, data={"name": "销售", "place": "many", "version": str(sales.version)}
        )
        assert answer.status_code == 422
        assert value_of("place", answer.text) == "many"


async def test_two_people_change_one_department(office: Office) -> None:
    made = await make_department(office, "东北销售部", (await office.department("销售中心")).id)
    path = f"{BASE}/departments/{made.id}/edit"
    first = {"name": "东北销售一部", "place": "1", "version": str(made.version)}
    assert (await office.browsers["admin"].post(path, data=first)).status_code == 303
    async with office.nothing_written():
        late = await office.browsers["admin"].post(path, data={**first, "name": "东北销售二部"})
        assert late.status_code == 412
        assert value_of("name", late.text) == "东北销售二部"
    again = {"name": "东北销售二部", "place": "1", "version": value_of("version", late.text)}
    assert (await office.browsers["admin"].post(path, data=again)).status_code == 303
    assert (await office.department("东北销售二部")).id == made.id


async def test_a_mistake_does_not_hide_that_somebody_was_faster(office: Office) -> None:
    made = await make_department(office, "西北销售部", (await office.department("销售中心")).id)
    path = f"{BASE}/departments/{made.id}/edit"
    sent = {"name": "西北销售一部", "place": "1", "version": str(made.version)}
    assert (await office.browsers["admin"].post(path, data=sent)).status_code == 303
    wrong = await office.browsers["admin"].post(path, data={**sent, "place": "many"})
    assert wrong.status_code == 422
    assert value_of("version", wrong.text) == str(made.version)
    empty = await office.browsers["admin"].post(path, data={**sent, "name": ""})
    assert empty.status_code == 412


async def test_a_department_moves_and_never_below_itself(office: Office) -> None:
    service, east = await office.department("服务中心"), await office.department("华东销售部")
    made = await make_department(office, "临时部门", east.id)
    path = f"{BASE}/departments/{made.id}/move"
    answer = await office.browsers["admin"].post(path, data={"parent": str(service.id), "version": str(made.version)})
    assert answer.status_code == 303
    assert (await office.department("临时部门")).parent == service.id

    async with office.nothing_written():
        path = f"{BASE}/departments/{service.id}/move"
        answer = await office.browsers["admin"].post(
            path, data={"parent": str(made.id), "version": str(service.version)}
        )
        assert answer.status_code == 409
    assert f'<option value="{made.id}"' not in (await office.browsers["admin"].get(path)).text


async def test_departments_merge_with_their_people(office: Office) -> None:
    top = await office.department("云枢自动化")
    one, other = await make_department(office, "一组", top.id), await make_department(office, "二组", top.id)
    await office.browsers["admin"].post(f"{BASE}/staff/new", data={"name": "合并人", "department": str(one.id)})
    async with office.nothing_written():
        for into in ("", "999999", str(one.id)):
            answer = await office.browsers["admin"].post(f"{BASE}/departments/{one.id}/merge", data={"into": into})
            assert answer.status_code in (409, 422), into
    answer = await office.browsers["admin"].post(f"{BASE}/departments/{one.id}/merge", data={"into": str(other.id)})
    assert answer.status_code == 303
    assert (await office.staff("合并人")).department == other.id
    assert not (await office.department("一组")).active


async def test_a_department_in_use_is_not_deactivated(office: Office) -> None:
    used = await office.department("杭州销售组")
    async with office.nothing_written():
        answer = await office.browsers["admin"].post(f"{BASE}/departments/{used.id}/deactivate")
        assert answer.status_code == 409
        assert "3" in answer.text

    made = await make_department(office, "空部门", used.parent)
    assert (await office.browsers["admin"].post(f"{BASE}/departments/{made.id}/deactivate")).status_code == 303
    assert not (await office.department("空部门")).active
    form = (await office.browsers["admin"].get(f"{BASE}/staff/new")).text
    assert "空部门</option>" not in form
    assert (await office.browsers["admin"].post(f"{BASE}/departments/{made.id}/reactivate")).status_code == 303
    assert (await office.department("空部门")).active
    with acting_as(system("test")):
        reasons = await ChangeLog.select(ChangeLog.reason).where(ChangeLog.record_id == made.id).output(as_list=True)
    assert any("Department in use again" in str(reason) for reason in reasons)


# ------------------------------------------------------------------ staff


async def hire(office: Office, name: str, department: str = "市场部", **more: str) -> Staff:
    place = await office.department(department)
    answer = await office.browsers["admin"].post(
        f"{BASE}/staff/new", data={"name": name, "department": str(place.id), **more}
    )
    assert answer.status_code == 303, answer.text
    return await office.staff(name)


async def test_somebody_is_hired_edited_and_moved(office: Office) -> None:
    person = await hire(office, "新人甲", mobile="13800001111")
    assert person.mobile == "13800001111"
    path = f"{BASE}/staff/{person.id}"
    form = (await office.browsers["admin"].get(f"{path}/edit")).text
    assert 'name="department"' not in form
    sent = {"name": "新人甲", "email": "jia@example.com", "mobile": "13800001111", "version": value_of("version", form)}
    assert (await office.browsers["admin"].post(f"{path}/edit", data=sent)).status_code == 303
    assert (await office.staff("新人甲")).email == "jia@example.com"

    to, person = await office.department("研发中心"), await office.staff("新人甲")
    sent = {"department": str(to.id), "take": "0", "version": str(person.version)}
    assert (await office.browsers["admin"].post(f"{path}/move", data=sent)).status_code == 303
    assert (await office.staff("新人甲")).department == to.id


async def test_a_wrong_staff_form_keeps_what_was_typed(office: Office) -> None:
    async with office.nothing_written():
        sent = {"name": "新人乙", "department": "", "email": "not an address", "mobile": "138"}
        answer = await office.browsers["admin"].post(f"{BASE}/staff/new", data=sent)
        assert answer.status_code == 422
        assert value_of("name", answer.text) == "新人乙"
        assert value_of("email", answer.text) == "not an address"


@pytest.mark.parametrize("take, follows", [("1", True), ("0", False)])
async def test_records_follow_only_when_they_are_to(office: Office, take: str, follows: bool) -> None:
    person = await hire(office, f"搬家人{take}", "杭州销售组")
    source, target = person.department, (await office.department("深圳销售组")).id
    made = await office.browsers["admin"].post(
        "/api/v1/customers", json={"name": f"搬家{'甲乙'[int(take)]}贸易有限公司", "owner": person.id}
    )
    assert made.status_code == 201, made.text
    assert made.json()["department"] == source
    sent = {"department": str(target), "take": take, "version": str(person.version)}
    assert (await office.browsers["admin"].post(f"{BASE}/staff/{person.id}/move", data=sent)).status_code == 303
    now = (await office.browsers["admin"].get(f"/api/v1/customers/{made.json()['id']}")).json()
    assert now["department"] == (target if follows else source)


async def test_who_left_is_nowhere_offered_and_can_come_back(office: Office) -> None:
    person = await hire(office, "离职人")
    path = f"{BASE}/staff/{person.id}"
    assert (await office.browsers["admin"].post(f"{path}/deactivate")).status_code == 303
    assert (await office.browsers["admin"].get("/")).status_code == 200  # the notice naming them is shown
    assert f'{path}"' not in (await office.browsers["admin"].get(f"{BASE}?q=离职人")).text
    assert f'{path}"' in (await office.browsers["admin"].get(f"{BASE}?show=left&q=离职人")).text
    assert (await office.browsers["admin"].get("/lookup/staff?q=离职人")).json() == []
    assert (await office.browsers["admin"].post(f"{path}/reactivate")).status_code == 303
    assert [hit["value"] for hit in (await office.browsers["admin"].get("/lookup/staff?q=离职人")).json()] == [
        str(person.id)
    ]


# ------------------------------------------------------------------ accounts


async def test_an_operator_is_made_signs_in_and_stops_being_one(office: Office) -> None:
    person = await hire(office, "操作员")
    path, admin = f"{BASE}/staff/{person.id}", office.browsers["admin"]
    answer = await admin.post(f"{path}/operator", data={"name": "caozuo"})
    assert answer.status_code == 200
    password = value_of("shown_password", answer.text)
    assert len(password) == 14
    assert password not in str(answer.headers)
    assert password not in (await admin.get(path)).text

    async with office.company.anybody() as stranger:
        entered = await stranger.post("/sign-in", data={"user": "caozuo", "password": password})
        assert (entered.status_code, entered.headers["location"]) == (303, "/password")

        again = await admin.post(f"{path}/operator", data={"name": "caozuo2"})
        assert again.status_code == 409

        reset = value_of("shown_password", (await admin.post(f"{path}/password")).text)
        assert reset != password
        assert (await stranger.get("/password")).status_code == 303

        assert (await admin.post(f"{path}/operator/remove")).status_code == 303
        refused = await stranger.post("/sign-in", data={"user": "caozuo", "password": reset})
        assert refused.status_code == 422
    async with office.company.world.acting("admin"):
        assert await account_of(person.id) is None
    assert (await office.staff("操作员")).active
    assert (await admin.get(f"{path}/password")).status_code == 404


async def test_a_name_that_is_taken_is_refused_beside_its_field(office: Office) -> None:
    person = await hire(office, "重名人")
    async with office.nothing_written():
        answer = await office.browsers["admin"].post(f"{BASE}/staff/{person.id}/operator", data={"name": "WangFang"})
        assert answer.status_code == 422
        assert value_of("name", answer.text) == "WangFang"


async def test_who_was_administrator_can_go(office: Office) -> None:
    person = await hire(office, "管理者")
    path, admin = f"{BASE}/staff/{person.id}", office.browsers["admin"]
    await admin.post(f"{path}/operator", data={"name": "guanli", "roles": "1"})
    await agreed(admin, f"{path}/roles", {})
    assert (await admin.post(f"{path}/operator/remove")).status_code == 303
