"""Staff and departments are entered as every record is: added fields, templates, defaults and conditions count there too."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.people.records import department as department_type
from dougong.people.records import staff as staff_type
from dougong.people.tables import Department, Staff
from dougong.plugin.lookups import options_of
from dougong.records.shapes import Layout, Place
from dougong.records.types import RecordType
from dougong.shaping.fields import add_field
from dougong.shaping.templates import reset_template, save_template, template

from .conftest import Office, value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
BASE = "/organisation"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def shaping(office: Office) -> AsyncIterator[None]:
    """Whatever a test does to the templates is taken back."""
    with acting_as(system("shape records")):
        yield
        for kind in (staff_type, department_type):
            now = await template(kind)
            if not now.shipped:
                await reset_template(kind, "", version=now.version)


async def place(kind: RecordType, **places: Place) -> None:
    now = await template(kind)
    groups = tuple(replace(g, places=tuple(places.get(p.key, p) for p in g.places)) for g in now.layout.groups)
    await save_template(kind, "", Layout(groups), version=now.version)


async def add_choices(kind: RecordType, label: str, *options: str) -> tuple[str, list[str]]:
    """The key of an added field, and of what can be ticked in it."""
    made = await add_field(kind, label, "choices", details={"options": list(options)})
    assert made.lookup is not None
    return made.key, [option.key for option, _on in options_of(made.lookup)]


def control(text: str, name: str) -> str:
    found = re.search(rf'<(?:input|select|textarea)[^>]* name="{name}"[^>]*>', text)
    return found[0] if found else ""


def ticked(text: str, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)" checked', text)


async def get(office: Office, path: str) -> str:
    answer = await office.browsers["admin"].get(path)
    assert answer.status_code == 200, answer.text
    return answer.text


async def saved(office: Office, path: str, **typed: Any) -> None:
    answer = await office.browsers["admin"].post(path, data=typed)
    assert answer.status_code == 303, answer.text


async def person(office: Office, name: str, **typed: Any) -> Staff:
    await saved(office, f"{BASE}/staff/new", name=name, department=str((await office.department("市场部")).id), **typed)
    return await office.staff(name)


# ------------------------------------------------------------------ staff


async def test_a_look_at_the_form_of_somebody_new_saves_nobody(office: Office) -> None:
    await place(staff_type, id_number=Place("id_number", when='{email} == "a@b.example"'))
    new = await get(office, f"{BASE}/staff/new")
    assert 'data-redrawn-by="email"' in new
    assert not control(new, "id_number")
    department = str((await office.department("市场部")).id)
    sent = {"name": "看一看", "department": department, "email": "a@b.example", "look": "1"}
    async with office.nothing_written():
        drawn = await office.browsers["admin"].post(f"{BASE}/staff/new", data=sent)
    assert drawn.status_code == 200, drawn.text
    assert control(drawn.text, "id_number")
    assert value_of("name", drawn.text) == "看一看"
    assert f'value="{department}" selected' in drawn.text


async def test_a_look_at_the_form_of_somebody_known_changes_nothing(office: Office) -> None:
    known = await person(office, "再看看")
    await place(staff_type, id_number=Place("id_number", when='{email} == "a@b.example"'))
    path = f"{BASE}/staff/{known.id}/edit"
    sent = {"name": "改名字", "email": "a@b.example", "version": str(known.version), "look": "1"}
    async with office.nothing_written():
        drawn = await office.browsers["admin"].post(path, data=sent)
    assert drawn.status_code == 200, drawn.text
    assert control(drawn.text, "id_number")
    assert value_of("name", drawn.text) == "改名字"
    assert value_of("version", drawn.text) == str(known.version)
    assert not control(drawn.text, "department")


async def test_what_a_condition_sends_away_is_not_asked_for(office: Office) -> None:
    condition = '{email} == "a@b.example"'
    await place(staff_type, id_number=Place("id_number", required=True, when=condition))
    await person(office, "无条件")
    department = str((await office.department("市场部")).id)
    sent = {"name": "有条件", "department": department, "email": "a@b.example"}
    async with office.nothing_written():
        refused = await office.browsers["admin"].post(f"{BASE}/staff/new", data=sent)
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in control(refused.text, "id_number")
    assert (await person(office, "有条件", email="a@b.example", id_number="330106")).id_number == "330106"


async def test_several_choices_of_somebody_are_all_kept_and_can_all_be_cleared(office: Office) -> None:
    key, options = await add_choices(staff_type, "会的语言", "英语", "日语", "德语")
    known = await person(office, "多语者", **{key: options[:2]})
    form = await get(office, f"{BASE}/staff/{known.id}/edit")
    assert ticked(form, key) == options[:2]
    page = await get(office, f"{BASE}/staff/{known.id}")
    assert "英语" in page
    assert "日语" in page
    await saved(office, f"{BASE}/staff/{known.id}/edit", name="多语者", version=str(known.version))
    form = await get(office, f"{BASE}/staff/{known.id}/edit")
    assert control(form, key)
    assert ticked(form, key) == []


async def test_a_refused_form_keeps_every_tick(office: Office) -> None:
    key, options = await add_choices(staff_type, "值班日", "周一", "周三", "周五")
    known = await person(office, "值班员", **{key: options[:1]})
    sent = {"name": "", "email": "no address", key: options[1:], "version": str(known.version)}
    async with office.nothing_written():
        refused = await office.browsers["admin"].post(f"{BASE}/staff/{known.id}/edit", data=sent)
        new = await office.browsers["admin"].post(f"{BASE}/staff/new", data=sent)
    assert (refused.status_code, new.status_code) == (422, 422)
    assert ticked(refused.text, key) == ticked(new.text, key) == options[1:]


async def test_who_was_slower_keeps_every_tick(office: Office) -> None:
    key, options = await add_choices(staff_type, "班次", "早班", "中班", "晚班")
    known = await person(office, "慢一步")
    path, sent = f"{BASE}/staff/{known.id}/edit", {"name": "慢一步", "version": str(known.version)}
    await saved(office, path, **sent, email="fast@b.example")
    async with office.nothing_written():
        late = await office.browsers["admin"].post(path, data={**sent, key: options[1:]})
    assert late.status_code == 412
    assert ticked(late.text, key) == options[1:]
    await saved(office, path, name="慢一步", version=value_of("version", late.text), **{key: options[1:]})
    assert ticked(await get(office, path), key) == options[1:]


async def test_a_default_stands_in_the_form_of_somebody_new(office: Office) -> None:
    await place(staff_type, phone=Place("phone", default="0571-88880000"))
    department = await office.department("市场部")
    new = await get(office, f"{BASE}/staff/new?department={department.id}")
    assert value_of("phone", new) == "0571-88880000"
    assert f'value="{department.id}" selected' in new
    assert not (await person(office, "没电话", phone="")).phone
    assert value_of("phone", await get(office, f"{BASE}/staff/{(await office.staff('没电话')).id}/edit")) == ""


async def test_everything_that_is_missing_is_named_at_once(office: Office) -> None:
    await place(staff_type, code=Place("code", required=True))
    async with office.nothing_written():
        answer = await office.browsers["admin"].post(f"{BASE}/staff/new", data={"name": "", "department": ""})
    assert answer.status_code == 422
    for name in ("name", "department", "code"):
        assert 'aria-invalid="true"' in control(answer.text, name), name


async def test_whoever_edits_somebody_does_not_move_them(office: Office) -> None:
    known, other = await person(office, "不搬家"), await office.department("研发中心")
    path = f"{BASE}/staff/{known.id}/edit"
    await saved(office, path, name="不搬家", department=str(other.id), version=str(known.version))
    assert (await office.staff("不搬家")).department == known.department


# ------------------------------------------------------------------ departments


async def made_department(office: Office, name: str, **typed: Any) -> Department:
    above = await office.department("销售中心")
    await saved(office, f"{BASE}/departments/new", name=name, parent=str(above.id), **typed)
    return await office.department(name)


async def test_added_fields_of_a_department_are_entered_with_it(office: Office) -> None:
    room = (await add_field(department_type, "办公地点", "text")).key
    key, options = await add_choices(department_type, "业务范围", "售前", "售后", "培训")
    new = await get(office, f"{BASE}/departments/new")
    assert control(new, room)
    assert control(new, key)
    made = await made_department(office, "西湖组", **{room: "云栖路 88 号", key: options[:2]})
    path = f"{BASE}/departments/{made.id}/edit"
    form = await get(office, path)
    assert value_of(room, form) == "云栖路 88 号"
    assert ticked(form, key) == options[:2]
    await saved(office, path, name="西湖组", version=value_of("version", form), **{room: ""})
    form = await get(office, path)
    assert value_of(room, form) == ""
    assert ticked(form, key) == []


async def test_a_department_follows_its_template(office: Office) -> None:
    await place(
        department_type,
        code=Place("code", default="XS-", label="部门简码"),
        head=Place("head", required=True, when='{code} == "XS-1"'),
    )
    new = await get(office, f"{BASE}/departments/new?parent={(await office.department('销售中心')).id}")
    assert value_of("code", new) == "XS-"
    assert "部门简码" in new
    assert not control(new, "head")
    async with office.nothing_written():
        drawn = await office.browsers["admin"].post(
            f"{BASE}/departments/new", data={"name": "模板组", "code": "XS-1", "look": "1"}
        )
        refused = await office.browsers["admin"].post(
            f"{BASE}/departments/new", data={"name": "模板组", "code": "XS-1"}
        )
    assert (drawn.status_code, refused.status_code) == (200, 422)
    assert control(drawn.text, "head")
    assert value_of("name", drawn.text) == "模板组"
    assert 'aria-invalid="true"' in control(refused.text, "head")
    head = (await office.staff("孙浩")).id
    assert (await made_department(office, "模板组", code="XS-1", head=str(head))).head == head


async def test_a_look_at_the_form_of_a_department_changes_nothing(office: Office) -> None:
    made = await made_department(office, "再看组")
    await place(department_type, head=Place("head", when='{code} == "看"'))
    path = f"{BASE}/departments/{made.id}/edit"
    assert not control(await get(office, path), "head")
    sent = {"name": "改名组", "code": "看", "version": str(made.version), "look": "1"}
    async with office.nothing_written():
        drawn = await office.browsers["admin"].post(path, data=sent)
    assert drawn.status_code == 200, drawn.text
    assert control(drawn.text, "head")
    assert value_of("version", drawn.text) == str(made.version)
    assert not control(drawn.text, "parent")


async def test_a_new_department_is_the_last_beside_its_like(office: Office) -> None:
    first, second = await made_department(office, "先来组"), await made_department(office, "后到组")
    assert (first.parent, second.place) == (second.parent, first.place + 1)


async def test_whoever_edits_a_department_does_not_move_it(office: Office) -> None:
    made = await made_department(office, "不动组")
    other = await office.department("服务中心")
    path = f"{BASE}/departments/{made.id}/edit"
    await saved(office, path, name="不动组", parent=str(other.id), version=str(made.version))
    assert (await office.department("不动组")).parent == made.parent
