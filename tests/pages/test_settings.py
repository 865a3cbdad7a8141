"""Settings of plugins: a form from the model, refused values kept, acting at once."""

from __future__ import annotations

import pytest

from .conftest import Office, value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = "/settings/customers"


async def test_settings_are_closed_without_the_right(office: Office) -> None:
    browser = office.browsers["wangfang"]
    assert (await browser.get("/settings")).status_code == 403
    assert (await browser.get(PAGE)).status_code == 403
    async with office.nothing_written():
        assert (await browser.post(PAGE, data={"precheck_shows": "1"})).status_code == 403


async def test_only_plugins_with_settings_have_a_form(office: Office) -> None:
    assert (await office.browsers["admin"].get("/settings/nothing")).status_code == 404
    assert 'name="precheck_shows"' in (await office.browsers["admin"].get("/settings")).text


async def test_a_setting_acts_at_once(office: Office) -> None:
    admin = office.browsers["admin"]
    name = {"name": "设置测试！有限公司"}
    assert (await admin.post("/api/v1/customers", json=name)).status_code == 400
    form = {
        "name_rule_in_forms": "refuse",
        "name_rule_in_api": "allow",
        "name_rule_in_imports": "warn",
        "precheck_shows": "3",
    }
    assert (await admin.post(PAGE, data=form)).status_code == 303
    text = (await admin.get(PAGE)).text
    assert value_of("precheck_shows", text) == "3"
    assert 'value="allow" selected' in text
    assert (await admin.post("/api/v1/customers", json=name)).status_code == 201
    assert (await admin.post(PAGE, data=form | {"name_rule_in_api": "refuse"})).status_code == 303
    assert (await admin.post("/api/v1/customers", json={"name": "设置测试？有限公司"})).status_code == 400


@pytest.mark.parametrize(
    "key, value",
    [("precheck_shows", "many"), ("precheck_shows", "9"), ("name_rule_in_api", "perhaps"), ("precheck_shows", "")],
)
async def test_a_wrong_setting_is_refused_beside_its_field(office: Office, key: str, value: str) -> None:
    form = {
        "name_rule_in_forms": "refuse",
        "name_rule_in_api": "refuse",
        "name_rule_in_imports": "warn",
        "precheck_shows": "3",
    }
    async with office.nothing_written():
        answer = await office.browsers["admin"].post(PAGE, data=form | {key: value})
        assert answer.status_code == 422
        assert f'id="f-{key}-error"' in answer.text
        if key == "precheck_shows":
            assert value_of(key, answer.text) == value
