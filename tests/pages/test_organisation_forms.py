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
from dougong.people.tables import Staff
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
