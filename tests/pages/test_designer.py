"""Fields and forms: a template laid out in the browser is the form everybody gets, and nothing that was typed is lost."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from urllib.parse import urlencode

import httpx
import pytest

from .conftest import Office, value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
CUSTOMERS, STAFF = "/fields/customers", "/fields/staff"
Pairs = list[tuple[str, str]]


class Drawn(HTMLParser):
    """What the form of the designer would send, in order, as a browser would; and what can't be changed in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sent: Pairs = []
        self.disabled: set[tuple[str, str]] = set()
        self._inside = False
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._inside = self._inside or given.get("id") == "dg-design"
        name = given.get("name", "")
        if not self._inside:
            return
        if tag == "input" and "disabled" in given:
            self.disabled.add((name, given["value"]))
        elif (tag == "input" and (given.get("type") != "checkbox" or "checked" in given)) or tag == "textarea":
            self.sent.append((name, given.get("value", "")))
        elif tag == "select":
            self._select = (name, [])
        elif tag == "option" and self._select:
            self._select[1].append((given["value"], "selected" in given))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "select" and self._select:
            name, options = self._select
            self.sent.append((name, next((value for value, chosen in options if chosen), options[0][0])))
            self._select = None

    @property
    def rows(self) -> list[str]:
        """The order of the page: "group" and the keys of fields."""
        return [value.removeprefix("field:") for name, value in self.sent if name == "row"]

    def ticked(self, name: str) -> set[str]:
        return {value for key, value in self.sent if key == name}


async def drawn(browser: httpx.AsyncClient, path: str) -> Drawn:
    answer = await browser.get(path)
    assert answer.status_code == 200, answer.text
    return Drawn(answer.text)


async def send(browser: httpx.AsyncClient, path: str, pairs: Pairs) -> httpx.Response:
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return await browser.post(path.partition("?")[0], content=urlencode(pairs), headers=kind)


def with_value(pairs: Pairs, name: str, value: str) -> Pairs:
    assert name in dict(pairs)
    return [(key, value if key == name else old) for key, old in pairs]


async def reset(browser: httpx.AsyncClient, path: str, category: str = "") -> None:
    version = dict((await drawn(browser, f"{path}?category={category}")).sent)["version"]
    answer = await browser.post(f"{path}/reset", data={"category": category, "version": version})
    assert answer.status_code == 303, answer.text


def fields_of_form(text: str) -> list[str]:
    """The names of the fields of a form that people fill in, in order."""
    form = text[text.index('id="dg-form"') :]
    found = re.findall(r'<(?:input|select|textarea)[^>]* name="([a-z]\w+)"', form[: form.index("</form>")])
    return [name for name in dict.fromkeys(found) if name not in ("back", "then")]


# ------------------------------------------------------------------ who may


PLACES = [
    "/fields",
    CUSTOMERS,
    f"{CUSTOMERS}/reset",
    f"{CUSTOMERS}/new",
    f"{CUSTOMERS}/x_a/edit",
    f"{CUSTOMERS}/x_a/off",
]


@pytest.mark.parametrize("path", PLACES)
async def test_only_who_keeps_fields_comes_in(office: Office, path: str) -> None:
    assert (await office.browsers["wangfang"].get(path)).status_code == 403


async def test_nothing_is_written_without_the_right(office: Office) -> None:
    page = await drawn(office.browsers["admin"], CUSTOMERS)
    async with office.nothing_written():
        for path in (
            CUSTOMERS,
            f"{CUSTOMERS}/preview",
            f"{CUSTOMERS}/reset",
            f"{CUSTOMERS}/new",
            f"{CUSTOMERS}/x_a/on",
        ):
            answer = await send(office.browsers["wangfang"], path, [*page.sent, ("kind", "text"), ("label", "甲")])
            assert answer.status_code == 403, path


@pytest.mark.parametrize(
    "path",
    [
        "/fields/dragons",
        "/fields/positions",
        f"{CUSTOMERS}?category=dragon",
        f"{CUSTOMERS}/new?kind=poem",
        f"{CUSTOMERS}/name/edit",
    ],
)
async def test_what_is_not_there_is_not_found(office: Office, path: str) -> None:
    assert (await office.browsers["admin"].get(path)).status_code == 404


# ------------------------------------------------------------------ laying out


async def test_a_page_saved_as_it_stands_changes_no_form(office: Office) -> None:
    admin = office.browsers["admin"]
    before = fields_of_form((await admin.get("/customers/new")).text)
    page = await drawn(admin, CUSTOMERS)
    assert (await send(admin, CUSTOMERS, page.sent)).status_code == 303
    assert fields_of_form((await admin.get("/customers/new")).text) == before
    again = await drawn(admin, CUSTOMERS)
    assert again.rows == page.rows
    en = {"accept-language": "en"}
    async with office.company.program("admin") as program:
        answer = await program.get("/api/v1/record-types/customers/template", headers=en)
    assert "Where to reach" in [group["label"] for group in answer.json()["groups"]], "shipped headings stay translated"
    await reset(admin, CUSTOMERS)


async def test_what_is_saved_is_the_form_everybody_gets_next(office: Office) -> None:
    admin, wangfang = office.browsers["admin"], office.browsers["wangfang"]
    open_before = await wangfang.get("/customers/new")
    assert "short_name" in fields_of_form(open_before.text)
    page = await drawn(admin, CUSTOMERS)
    sent = [pair for pair in page.sent if pair != ("on", "short_name")] + [("required", "city")]
    sent = with_value(sent, "label.phone", "总机")
    assert (await send(admin, CUSTOMERS, sent)).status_code == 303
    form = (await wangfang.get("/customers/new")).text
    assert "short_name" not in fields_of_form(form)
    assert re.search(r'<label class="dg-lab" for="f-phone">总机', form)
    assert re.search(r'<input[^>]* name="city" required', form)
    refused = await wangfang.post("/customers/new", data={"name": "没写城市", "kind": "end"})
    assert refused.status_code == 422
    await reset(admin, CUSTOMERS)
    assert "总机" not in (await wangfang.get("/customers/new")).text


async def test_rows_and_groups_move_without_scripts_and_nothing_typed_is_lost(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, CUSTOMERS)
    typed = with_value(page.sent, "label.email", "公司邮箱")
    async with office.nothing_written():
        answer = await send(admin, CUSTOMERS, [*typed, ("do", "up field:email")])
        assert answer.status_code == 200
        moved = Drawn(answer.text)
        at = page.rows.index("email")
        assert moved.rows == [*page.rows[: at - 1], "email", page.rows[at - 1], *page.rows[at + 1 :]]
        assert dict(moved.sent)["label.email"] == "公司邮箱"
        further = Drawn((await send(admin, CUSTOMERS, [*moved.sent, ("do", "down group:0")])).text)
        assert further.rows[:2] == ["group", "level"]
        grown = Drawn((await send(admin, CUSTOMERS, [*further.sent, ("do", "group")])).text)
        assert grown.rows == [*further.rows, "group"]
        assert [value for name, value in grown.sent if name == "group"][-1] == "新分组"
    assert (await send(admin, CUSTOMERS, grown.sent)).status_code == 303
    kept = await drawn(admin, CUSTOMERS)
    assert kept.rows == further.rows, "a group without fields goes when it is saved"
    assert dict(kept.sent)["label.email"] == "公司邮箱"
    await reset(admin, CUSTOMERS)
    assert (await drawn(admin, CUSTOMERS)).rows == page.rows


@pytest.mark.parametrize(
    "do", ["up field:name", "down field:nothing", "up group:0", "down group:99", "up group:x", "sideways", "draw"]
)
async def test_a_step_that_leads_nowhere_leaves_everything(office: Office, do: str) -> None:
    page = await drawn(office.browsers["admin"], CUSTOMERS)
    answer = await send(office.browsers["admin"], CUSTOMERS, [*page.sent, ("do", do)])
    assert answer.status_code == 200
    assert Drawn(answer.text).sent == page.sent


async def test_a_field_goes_from_the_end_of_a_group_into_the_next(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, CUSTOMERS)
    second = page.rows.index("group", 1)
    last = page.rows[second - 1]
    moved = Drawn((await send(admin, CUSTOMERS, [*page.sent, ("do", f"down field:{last}")])).text)
    assert moved.rows[second - 1 : second + 1] == ["group", last]
    back = Drawn((await send(admin, CUSTOMERS, [*moved.sent, ("do", f"up field:{last}")])).text)
    assert back.rows == page.rows


async def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, CUSTOMERS)
    typed = with_value(page.sent, "when.phone", "{没有} > 3")
    typed = with_value(typed, "default.employees", "很多")
    typed = with_value(typed, "label.remark", "长" * 61)
    async with office.nothing_written():
        answer = await send(admin, CUSTOMERS, typed)
        assert answer.status_code == 422
    assert Drawn(answer.text).sent == typed
    for key in ("phone", "employees", "remark"):
        row = re.search(rf'<li class="dg-design-field[^"]*" data-key="{key}">.*?\n</li>', answer.text, re.DOTALL)[0]
        assert f'id="e-{key}"' in row, key


async def test_who_saves_later_is_told_and_keeps_what_was_laid_out(office: Office) -> None:
    admin = office.browsers["admin"]
    mine, theirs = await drawn(admin, CUSTOMERS), await drawn(admin, CUSTOMERS)
    assert (await send(admin, CUSTOMERS, with_value(theirs.sent, "label.city", "所在城市"))).status_code == 303
    typed = with_value(mine.sent, "label.city", "城市名")
    async with office.nothing_written():
        answer = await send(admin, CUSTOMERS, typed)
        assert answer.status_code == 412
    again = Drawn(answer.text)
    assert dict(again.sent)["label.city"] == "城市名"
    assert (await send(admin, CUSTOMERS, again.sent)).status_code == 303
    assert dict((await drawn(admin, CUSTOMERS)).sent)["label.city"] == "城市名"
    await reset(admin, CUSTOMERS)


# ------------------------------------------------------------------ main categories, reset all


async def test_each_main_category_has_fields_of_its_own(office: Office) -> None:
    admin, wangfang = office.browsers["admin"], office.browsers["wangfang"]
    channel = await drawn(admin, f"{CUSTOMERS}?category=channel")
    assert "intent" not in channel.ticked("on")
    text = (await admin.get(f"{CUSTOMERS}?category=end")).text
    assert "该分类没有自己的模板" in text
    end = Drawn(text)
    only_end = [pair for pair in end.sent if pair != ("on", "hot_topic")]
    assert (await send(admin, CUSTOMERS, only_end)).status_code == 303
    forms = {
        kind: fields_of_form((await wangfang.get(f"/customers/new?kind={kind}")).text) for kind in ("end", "channel")
    }
    assert "hot_topic" not in forms["end"]
    assert "intent" in forms["end"]
    assert "intent" not in forms["channel"]
    assert "该分类没有自己的模板" not in (await admin.get(f"{CUSTOMERS}?category=end")).text
    await reset(admin, CUSTOMERS, "end")
    assert "该分类没有自己的模板" in (await admin.get(f"{CUSTOMERS}?category=end")).text
    assert "hot_topic" in fields_of_form((await wangfang.get("/customers/new?kind=end")).text)


async def test_a_category_without_a_template_follows_what_all_others_get(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, CUSTOMERS)
    assert (await send(admin, CUSTOMERS, with_value(page.sent, "label.city", "都市"))).status_code == 303
    assert dict((await drawn(admin, f"{CUSTOMERS}?category=end")).sent)["label.city"] == "都市"
    assert dict((await drawn(admin, f"{CUSTOMERS}?category=channel")).sent)["label.city"] == ""
    await reset(admin, CUSTOMERS)


async def test_reset_all_says_what_it_does_and_needs_the_page_to_be_fresh(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, CUSTOMERS)
    assert (await send(admin, CUSTOMERS, with_value(page.sent, "label.city", "都市"))).status_code == 303
    asked = (await admin.get(f"{CUSTOMERS}/reset")).text
    assert "恢复为插件自带" in asked
    async with office.nothing_written():
        answer = await admin.post(f"{CUSTOMERS}/reset", data={"category": "", "version": "0"})
        assert answer.status_code == 412
    await reset(admin, CUSTOMERS)
    assert f"{CUSTOMERS}/reset" not in (await admin.get(CUSTOMERS)).text, "what is as shipped can't be reset"


# ------------------------------------------------------------------ preview, defaults


async def test_the_preview_is_the_form_as_it_would_be_and_saves_nothing(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, CUSTOMERS)
    sent = [pair for pair in page.sent if pair != ("on", "industry")]
    sent = with_value(with_value(sent, "label.phone", "前台"), "default.city", "杭州")
    async with office.nothing_written():
        answer = await send(admin, f"{CUSTOMERS}/preview", sent)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'name="industry"' not in answer.text
    assert "前台" in answer.text
    assert re.search(r'name="city"[^>]* value="杭州"', answer.text)
    assert "dg-lookup" not in answer.text
    form = (await admin.get("/customers/new")).text
    assert "industry" in fields_of_form(form)
    assert "前台" not in form


async def test_a_default_is_kept_as_the_api_takes_it_and_shown_as_people_write_it(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, CUSTOMERS)
    typed = with_value(with_value(page.sent, "default.employees", "25"), "default.level", "key")
    assert (await send(admin, CUSTOMERS, typed)).status_code == 303
    again = dict((await drawn(admin, CUSTOMERS)).sent)
    assert (again["default.employees"], again["default.level"]) == ("25", "key")
    async with office.company.program("admin") as program:
        groups = (await program.get("/api/v1/record-types/customers/template")).json()["groups"]
        made = (await program.post("/api/v1/customers", json={"name": "默认值测试"})).json()
    kept = {field["key"]: field["default"] for group in groups for field in group["fields"]}
    assert kept["employees"] == 25
    assert (made["employees"], made["level"]) == (25, "key")
    await reset(admin, CUSTOMERS)


# ------------------------------------------------------------------ fields


async def add(browser: httpx.AsyncClient, path: str, label: str, kind: str, **more: str) -> str:
    answer = await browser.post(f"{path}/new", data={"kind": kind, "label": label, **more})
    assert answer.status_code == 303, answer.text
    text = (await browser.get(path)).text
    return re.search(rf'name="label\.(x_\w+)" value="" placeholder="{label}"', text)[1]


async def test_the_staff_template_of_the_manual(office: Office) -> None:
    """Name and department are grey and ticked, ID-card number and education wait to be ticked on, a hobby is added."""
    admin, hr = office.browsers["admin"], "/organisation/staff/new"
    page = await drawn(admin, STAFF)
    assert {("on", "name"), ("on", "department"), ("required", "name"), ("required", "department")} <= page.disabled
    assert not {"id_number", "education"} & page.ticked("on")
    assert {"id_number", "education"} <= set(page.rows)
    assert not {"id_number", "education"} & set(fields_of_form((await admin.get(hr)).text))
    hobby = await add(admin, STAFF, "爱好", "text", help="工作之外")
    page = await drawn(admin, STAFF)
    assert hobby in page.ticked("on")
    ticked = [*page.sent, ("on", "id_number"), ("on", "education")]
    assert (await send(admin, STAFF, ticked)).status_code == 303
    form = (await admin.get(hr)).text
    assert {"id_number", "education", hobby} <= set(fields_of_form(form))
    assert "身份证号码" in form
    assert "学历" in form
    assert "工作之外" in form
    department = (await office.department("市场部")).id
    new = {
        "name": "沈小满",
        "department": str(department),
        "id_number": "330106199001011234",
        "education": "master",
        hobby: "攀岩",
    }
    assert (await admin.post(hr, data=new)).status_code == 303
    person = (await office.staff("沈小满")).id
    shown = (await admin.get(f"/organisation/staff/{person}")).text
    assert "330106199001011234" in shown
    assert "硕士" in shown
    assert "攀岩" in shown
    await reset(admin, STAFF)
    shown = (await admin.get(f"/organisation/staff/{person}")).text
    assert "330106199001011234" not in shown.partition('class="dg-timeline"')[0] + shown.partition("dg-props")[2]
    assert "攀岩" in shown, "reset all keeps the fields the company added"


async def test_the_form_of_departments_is_laid_out_too(office: Office) -> None:
    admin, path = office.browsers["admin"], "/fields/departments"
    assert path in (await admin.get("/fields")).text
    floor = await add(admin, path, "楼层", "number")
    page = await drawn(admin, path)
    assert ("on", "name") in page.disabled
    assert floor in page.ticked("on")
    without_code = [pair for pair in page.sent if pair != ("on", "code")]
    assert (await send(admin, path, without_code)).status_code == 303
    shown = fields_of_form((await admin.get("/organisation/departments/new")).text)
    assert floor in shown
    assert "code" not in shown
    await reset(admin, path)


async def test_locked_fields_stay_on_whatever_is_sent(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, STAFF)
    assert (await send(admin, STAFF, page.sent)).status_code == 303
    assert {"name", "department"} <= set(fields_of_form((await admin.get("/organisation/staff/new")).text))
    await reset(admin, STAFF)


KINDS: list[tuple[str, dict[str, str], str]] = [
    ("text", {"length": "20"}, "网络昵称"),
    ("number", {"places": "2"}, "折扣率"),
    ("money", {"currency": "USD"}, "海外额度"),
    ("choice", {"options": "甲\n乙\n\n丙"}, "评分档"),
    ("choices", {"lookup": "customer_source"}, "接触途径"),
    ("link", {"target": "contacts"}, "决策人"),
    ("formula", {"formula": "{员工人数} * 2", "places": "0"}, "人数翻倍"),
    ("serial", {"rule": "KH-{yyyy}-{0000}"}, "客户编号"),
    ("yes_no", {}, "上过展会"),
    ("person", {}, "跟单员"),
    ("date", {}, "签约日"),
    ("file", {}, "盖章合同"),
]


@pytest.mark.parametrize(("kind", "more", "label"), KINDS, ids=[kind for kind, _more, _label in KINDS])
async def test_a_field_of_each_kind_is_added_in_the_dialog(
    office: Office, kind: str, more: dict[str, str], label: str
) -> None:
    admin = office.browsers["admin"]
    dialog = (await admin.get(f"{CUSTOMERS}/new?kind={kind}")).text
    assert all(f'name="{name}"' in dialog for name in more)
    key = await add(admin, CUSTOMERS, label, kind, **more)
    fields = {f["key"]: f for f in (await admin.get("/api/v1/record-types/customers/fields")).json()["items"]}
    assert fields[key]["kind"] == kind
    if kind == "choice":
        assert [o["label"] for o in fields[key]["options"]] == ["甲", "乙", "丙"]
        lists = (await admin.get("/lookups")).text
        assert f"/lookups/customer.{key}" in lists, "its list of choices is among the lists"
        assert "添加的字段" in lists
    form = (await admin.get("/customers/new")).text
    assert (key in fields_of_form(form)) is (kind not in ("formula", "serial", "file"))


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "text", "label": " "}, "label"),
        ({"kind": "text", "label": "名称"}, "label"),
        ({"kind": "number", "label": "甲", "places": "9"}, "places"),
        ({"kind": "money", "label": "甲", "currency": "ABC"}, "currency"),
        ({"kind": "choice", "label": "甲"}, "options"),
        ({"kind": "choice", "label": "甲", "options": "一\n一"}, "options"),
        ({"kind": "formula", "label": "甲", "formula": "{没有} + 1"}, "formula"),
    ],
)
async def test_a_field_said_wrongly_is_refused_beside_what_is_wrong(
    office: Office, sent: dict[str, str], field: str
) -> None:
    async with office.nothing_written():
        answer = await office.browsers["admin"].post(f"{CUSTOMERS}/new", data=sent)
    assert answer.status_code == 422
    assert f'id="f-{field}-error"' in answer.text
    assert all(value.strip() in answer.text for value in sent.values())


async def test_a_field_is_edited_switched_off_with_its_values_kept_and_on_again(office: Office) -> None:
    admin = office.browsers["admin"]
    key = await add(admin, CUSTOMERS, "暗语", "text")
    for number in range(3):
        made = await admin.post(
            "/api/v1/customers", json={"name": f"暗语测试{number}", key: "芝麻" if number else None}
        )
        assert made.status_code == 201, made.text
    assert (await admin.post(f"{CUSTOMERS}/{key}/edit", data={"label": "接头语", "help": "轻声说"})).status_code == 303
    form = (await admin.get("/customers/new")).text
    assert "接头语" in form
    assert "轻声说" in form
    async with office.nothing_written():
        asked = (await admin.get(f"{CUSTOMERS}/{key}/off")).text
    assert "2 条记录中有值" in asked
    assert (await admin.post(f"{CUSTOMERS}/{key}/off", data={})).status_code == 303
    assert key not in fields_of_form((await admin.get("/customers/new")).text)
    page = (await admin.get(CUSTOMERS)).text
    assert f"{CUSTOMERS}/{key}/on" in page
    assert f"field:{key}" not in page
    assert (await admin.post(f"{CUSTOMERS}/{key}/on", data={})).status_code == 303
    assert key in fields_of_form((await admin.get("/customers/new")).text)
    shown = (await admin.get(f'/api/v1/customers?filter=[["{key}","=","芝麻"]]&fields=name')).json()
    assert len(shown["items"]) == 2


async def test_a_field_is_added_for_one_main_category_alone(office: Office) -> None:
    admin = office.browsers["admin"]
    dialog = (await admin.get(f"{CUSTOMERS}/new?kind=text")).text
    assert "仅：渠道客户" in dialog
    assert 'name="only"' not in (await admin.get(f"{STAFF}/new?kind=text")).text
    answer = await admin.post(f"{CUSTOMERS}/new", data={"kind": "text", "label": "返点约定", "only": "channel"})
    assert answer.headers["location"] == f"{CUSTOMERS}?category=channel"
    assert "返点约定" in (await admin.get(answer.headers["location"])).text
    forms = {kind: (await admin.get(f"/customers/new?kind={kind}")).text for kind in ("end", "channel", "")}
    assert [kind for kind, form in forms.items() if "返点约定" in form] == ["channel"]
    for category in ("", "channel"):
        await reset(admin, CUSTOMERS, category)


async def test_a_formula_is_shown_in_words_and_becomes_another(office: Office) -> None:
    admin = office.browsers["admin"]
    key = await add(admin, CUSTOMERS, "人数加一", "formula", formula="{员工人数} + 1", places="0")
    made = (await admin.post("/api/v1/customers", json={"name": "公式测试", "employees": 5})).json()
    assert made[key] == 6
    form = (await admin.get(f"{CUSTOMERS}/{key}/edit")).text
    assert "{员工人数} + 1</textarea>" in form
    sent = {"label": "人数加一", "formula": "{员工人数} + 没有", "help": ""}
    refused = await admin.post(f"{CUSTOMERS}/{key}/edit", data=sent)
    assert refused.status_code == 422
    assert "{员工人数} + 没有</textarea>" in refused.text
    sent["formula"] = "{员工人数} + 10"
    assert (await admin.post(f"{CUSTOMERS}/{key}/edit", data=sent)).status_code == 303
    assert (await admin.get(f"/api/v1/customers/{made['id']}")).json()[key] == 15


async def test_another_kind_is_looked_at_before_it_is_made(office: Office) -> None:
    admin = office.browsers["admin"]
    key = await add(admin, CUSTOMERS, "车辆数", "text")
    for number, value in enumerate(["12", "十几辆", "7"]):
        assert (await admin.post("/api/v1/customers", json={"name": f"车辆{number}", key: value})).status_code == 201
    path = f"{CUSTOMERS}/{key}/kind"
    assert 'value="number"' in (await admin.get(path)).text
    async with office.nothing_written():
        shown = await admin.post(path, data={"kind": "number"})
    assert shown.status_code == 200
    assert "3 条记录中有值；其中 1 条不能转换" in shown.text
    assert "<li>十几辆</li>" in shown.text
    assert value_of("losing", shown.text) == "1"
    async with office.nothing_written():
        refused = await admin.post(path, data={"kind": "number", "places": "0", "losing": "0"})
    assert refused.status_code == 409
    assert value_of("losing", refused.text) == "1"
    assert (await admin.post(path, data={"kind": "number", "places": "0", "losing": "1"})).status_code == 303
    rows = (await admin.get(f'/api/v1/customers?sort={key}&filter=[["{key}","empty",false]]')).json()["items"]
    assert [row[key] for row in rows] == [7, 12]


async def test_a_choice_is_asked_for_its_choices_before_anything_is_shown(office: Office) -> None:
    admin = office.browsers["admin"]
    key = await add(admin, CUSTOMERS, "颜色", "text")
    path = f"{CUSTOMERS}/{key}/kind"
    asked = await admin.post(path, data={"kind": "choice"})
    assert 'name="options"' in asked.text
    assert 'id="f-options-error"' not in asked.text
    assert 'name="losing"' not in asked.text
    wrong = await admin.post(path, data={"kind": "choice", "options": " "})
    assert 'id="f-options-error"' in wrong.text
    shown = await admin.post(path, data={"kind": "choice", "options": "红\n绿"})
    assert value_of("losing", shown.text) == "0"
    done = await admin.post(path, data={"kind": "choice", "options": "红\n绿", "losing": "0"})
    assert done.status_code == 303
    assert (await admin.post(path, data={"kind": "person"})).status_code == 200
    assert (
        "人员"
        not in (await admin.post(path, data={"kind": "person"})).text.split('name="kind"')[1].split("</select>")[0]
    )


async def test_what_is_being_laid_out_gets_a_field_that_was_added_meanwhile(office: Office) -> None:
    admin = office.browsers["admin"]
    early = await add(admin, CUSTOMERS, "早到的字段", "text")
    page = await drawn(admin, CUSTOMERS)
    typed = with_value(page.sent, "label.city", "都市")
    key = await add(admin, CUSTOMERS, "迟到的字段", "text")
    again = Drawn((await send(admin, CUSTOMERS, [*typed, ("do", "draw")])).text)
    assert again.rows[again.rows.index(early) + 1] == key, "behind the others, under the heading they stand under"
    assert dict(again.sent)["label.city"] == "都市"


async def test_a_field_added_to_a_template_of_ones_own_gets_a_heading_and_not_the_last_place(office: Office) -> None:
    admin = office.browsers["admin"]
    page = await drawn(admin, "/fields/contacts")
    assert (await send(admin, "/fields/contacts", page.sent)).status_code == 303
    key = await add(admin, "/fields/contacts", "性格", "text")
    again = await drawn(admin, "/fields/contacts")
    at = again.rows.index(key)
    assert again.rows[at - 1 : at + 2] == ["group", key, "group"]
    assert [value for name, value in again.sent if name == "group"][-2:] == ["更多", "记录信息"]
    await reset(admin, "/fields/contacts")


# ------------------------------------------------------------------ everybody else meanwhile


async def test_nobody_meets_an_error_while_templates_are_saved_and_fields_added(office: Office) -> None:
    admin, readers = (
        office.browsers["admin"],
        [office.browsers[who] for who in ("wangfang", "lilei", "zhaomin", "admin")],
    )
    done = asyncio.Event()
    statuses: list[int] = []

    async def read(browser: httpx.AsyncClient, number: int) -> None:
        paths = ["/customers", "/customers/new", "/api/v1/customers?limit=5", "/customers?sort=city"]
        turn = number
        while not done.is_set():
            answer = await browser.get(paths[turn % len(paths)])
            statuses.append(answer.status_code)
            turn += 1

    async def shape() -> None:
        try:
            for number in range(4):
                page = await drawn(admin, CUSTOMERS)
                assert (
                    await send(admin, CUSTOMERS, with_value(page.sent, "label.city", f"城市{number}"))
                ).status_code == 303
                await add(admin, CUSTOMERS, f"并发{number}", "text")
        finally:
            done.set()

    await asyncio.gather(shape(), *(read(readers[number % len(readers)], number) for number in range(20)))
    await reset(admin, CUSTOMERS)
    assert len(statuses) > 20
    assert set(statuses) <= {200, 403}
    assert statuses.count(403) <= statuses.count(200)


async def test_the_menu_leads_there_for_who_may(office: Office) -> None:
    assert 'href="/fields"' in (await office.browsers["admin"].get("/")).text
    assert 'href="/fields"' not in (await office.browsers["wangfang"].get("/")).text
