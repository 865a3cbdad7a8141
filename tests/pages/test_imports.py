"""A file comes in page by page: chosen, looked at, mapped, tried, brought in."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import httpx
import openpyxl
import pytest

from dougong.imports import jobs
from dougong.jobs import work_off

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = "名称,电话,城市\n归云茶业,0571-88001122,杭州\n听涛电子,0755-26001133,深圳\n"


async def sent_in(
    browser: httpx.AsyncClient, content: str | bytes, name: str = "客户.csv", to: str = "customers"
) -> str:
    """The address of the import."""
    content = content.encode() if isinstance(content, str) else content
    answer = await browser.post(f"/{to}/import", files={"file": (name, content)})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].rpartition("/")[0]


def form_of(text: str) -> dict[str, Any]:
    """What the form of the page would send as it stands."""
    sent: dict[str, Any] = {}
    form = text[text.index('id="dg-form"') :]
    for tag in re.finditer(r"<(input|select)\b([^>]*)>(.*?)(?=<(?:input|select|button|/form)\b)", form, re.DOTALL):
        name = re.search(r' name="([^"]*)"', tag[2])
        if not name:
            continue
        value = _value(tag[1], tag[2], tag[3])
        if value is not None:
            sent.setdefault(html.unescape(name[1]), []).append(value)
    return sent


def _value(kind: str, attributes: str, inside: str) -> str | None:
    if kind == "select":
        chosen = re.search(r'<option value="([^"]*)" selected', inside) or re.search(r'<option value="([^"]*)"', inside)
        return html.unescape(chosen[1]) if chosen else None
    if 'type="checkbox"' in attributes and " checked" not in attributes:
        return None
    value = re.search(r' value="([^"]*)"', attributes)
    return html.unescape(value[1]) if value else ""


async def form_at(browser: httpx.AsyncClient, address: str) -> dict[str, Any]:
    answer = await browser.get(address)
    assert answer.status_code == 200, answer.text
    return form_of(answer.text)


async def counts_after_trial(browser: httpx.AsyncClient, address: str, form: dict[str, Any]) -> list[int]:
    """Created, changed, unchanged, left out, refused."""
    tried = await browser.post(f"{address}/mapping", data=form)
    assert tried.status_code == 303, tried.text
    await work_off()
    return [int(n) for n in re.findall(r"</dt><dd>(\d+)</dd>", (await browser.get(f"{address}/trial")).text)]


async def test_a_file_comes_in_as_it_was_understood(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, CSV)
    page = (await browser.get(f"{address}/format")).text
    assert "归云茶业" in page
    assert (await browser.post(f"{address}/format", data=form_of(page))).status_code == 303
    form = await form_at(browser, f"{address}/mapping")
    assert [form[f"field.0.{at}"] for at in range(3)] == [["name"], ["phone"], ["city"]]
    tried = await browser.post(f"{address}/mapping", data=form)
    assert tried.headers["location"] == f"{address}/trial", tried.text
    await work_off()
    assert "<dt>新建</dt><dd>2</dd>" in (await browser.get(f"{address}/trial")).text
    assert (await browser.get("/api/v1/customers", params={"q": "归云茶业"})).json()["total"] == 0
    assert (await browser.post(f"{address}/run")).headers["location"] == f"{address}/run"
    await work_off()
    assert "<dt>新建</dt><dd>2</dd>" in (await browser.get(f"{address}/run")).text
    assert (await browser.get("/api/v1/customers", params={"q": "归云茶业"})).json()["items"][0]["city"] == "杭州"


# ---------------------------------------------------------------------- the template


async def test_a_filled_template_comes_in_without_any_choosing(office):
    browser = office.browsers["wangfang"]
    answer = await browser.get("/customers/import-template", params={"format": "xlsx"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet, notes = book.worksheets
    headings = [cell.value for cell in sheet[1]]
    assert headings[0] == "名称 *"
    assert sheet["A2"].value == "示例，请删除此行"
    explained = {row[0].value: [cell.value for cell in row[1:] if cell.value] for row in notes.iter_rows(min_row=2)}
    assert explained["名称"][0] == "是"
    assert any("终端客户" in words for words in explained.values()), explained
    sheet.delete_rows(2)
    for heading, value in {"名称 *": "枕流纸业", "城市": "嘉兴"}.items():
        sheet.cell(2, headings.index(heading) + 1, value)
    filled = io.BytesIO()
    book.save(filled)
    address = await sent_in(browser, filled.getvalue(), "枕流.xlsx")
    form = await form_at(browser, f"{address}/mapping")
    assert not [name for name, value in form.items() if name.startswith("field.") and value == [""]]
    assert await counts_after_trial(browser, address, form) == [1, 0, 0, 0, 0]


async def test_the_csv_template_says_the_same(office):
    answer = await office.browsers["wangfang"].get("/customers/import-template", params={"format": "csv"})
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert lines[0].startswith("名称 *,")
    assert lines[1].startswith("示例，请删除此行,")


# ---------------------------------------------------------------------- afterwards


async def test_refused_lines_come_back_with_the_reason_and_the_import_is_taken_back(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称,城市,负责人\n漱石文具,苏州,王芳\n抚琴乐器,苏州,查无此人\n")
    form = await form_at(browser, f"{address}/mapping")
    assert await counts_after_trial(browser, address, form) == [1, 0, 0, 0, 1]
    await browser.post(f"{address}/run")
    await work_off()
    page = (await browser.get(f"{address}/run")).text
    assert "查无此人" in page
    assert "第 3 行" in page
    refused = (await browser.get(f"{address}/failed")).content.decode()
    assert refused.splitlines()[1].startswith("抚琴乐器,苏州,查无此人,负责人")
    assert "漱石文具" not in refused
    assert (await browser.post(f"{address}/undo")).headers["location"] == f"{address}/run"
    await work_off()
    assert "这次导入已撤销" in (await browser.get(f"{address}/run")).text
    assert (await browser.get("/api/v1/customers", params={"q": "漱石文具"})).json()["total"] == 0


# ---------------------------------------------------------------------- how it is read


async def test_another_encoding_and_separator_are_tried_before_they_are_saved(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称;城市\n听松仪表;无锡\n".encode("gb18030"))
    page = (await browser.get(f"{address}/format")).text
    assert "听松仪表" in page
    form = form_of(page)
    assert (form["encoding"], form["delimiter"], form["headed"][-1]) == (["gb18030"], [";"], "1")
    look = await browser.post(f"{address}/format", data={**form, "encoding": "big5", "look": "1"})
    assert look.status_code == 200
    assert "听松仪表" not in look.text
    wrong = await browser.post(f"{address}/format", data={**form, "encoding": "utf-8"})
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    assert "听松仪表" in (await browser.get(f"{address}/format")).text


async def test_a_file_without_names_of_columns_is_read_from_its_first_line(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称,城市\n倚云乐器,无锡\n")
    form = await form_at(browser, f"{address}/format")
    assert (await browser.post(f"{address}/format", data={**form, "headed": "0"})).status_code == 303
    page = (await browser.get(f"{address}/mapping")).text
    assert '<b class="dg-ell">#1</b><small class="dg-ell">名称 · 倚云乐器</small>' in page


async def test_the_sheet_of_a_workbook_is_chosen(office):
    browser = office.browsers["wangfang"]
    book = openpyxl.Workbook()
    book.active.append(["无关"])
    second = book.create_sheet("名单")
    for row in (["名称", "城市"], ["观潮水产", "舟山"]):
        second.append(row)
    content = io.BytesIO()
    book.save(content)
    address = await sent_in(browser, content.getvalue(), "名单.xlsx")
    look = await browser.post(f"{address}/format", data={"sheet": "名单", "headed": "1", "look": "1"})
    assert "观潮水产" in look.text
    await browser.post(f"{address}/format", data={"sheet": "名单", "headed": "1"})
    assert "观潮水产" in (await browser.get(f"{address}/mapping")).text


async def test_what_is_no_sheet_is_refused_on_the_page(office):
    answer = await office.browsers["wangfang"].post("/customers/import", files={"file": ("leer.csv", b"")})
    assert answer.status_code == 422
    assert "文件是空的" in answer.text


# ---------------------------------------------------------------------- what goes where


async def test_a_value_that_is_not_known_is_given_its_meaning(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称,负责人,类别\n枕石园林,小王,最终用户\n")
    form = {**await form_at(browser, f"{address}/mapping"), "field.0.1": "owner", "field.0.2": "kind"}
    look = form_of((await browser.post(f"{address}/mapping", data={**form, "look": "1"})).text)
    assert look["said.0.1.owner"] == ["小王"]
    assert look["said.0.2.kind"] == ["最终用户"]
    wang = str((await office.staff("王芳")).id)
    said = {**look, "meant.0.1.owner.0": wang, "meant.0.2.kind.0": "end"}
    assert await counts_after_trial(browser, address, said) == [1, 0, 0, 0, 0]
    again = await form_at(browser, f"{address}/mapping")
    assert again["meant.0.1.owner.0"] == ["=王芳"]
    assert again["meant.0.2.kind.0"] == ["end"]


async def test_a_name_one_may_not_see_is_as_unknown_as_one_that_is_nobodys(office):
    admin, wang = office.browsers["admin"], office.browsers["wangfang"]
    names = [one["name"] for one in (await admin.get("/api/v1/customers", params={"limit": "500"})).json()["items"]]
    hers = {one["name"] for one in (await wang.get("/api/v1/customers", params={"limit": "500"})).json()["items"]}
    hidden = next(name for name in names if name not in hers)
    seen = next(iter(sorted(hers)))
    address = await sent_in(wang, f"姓名,客户\n甲,{hidden}\n乙,查无此客户\n丙,{seen}\n", to="contacts")
    look = form_of((await wang.get(f"{address}/mapping")).text)
    assert sorted(look["said.0.1.customer"]) == sorted([hidden, "查无此客户"])


async def test_every_record_gets_a_fixed_value_until_it_is_dropped(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称\n卧云茶具\n")
    form = await form_at(browser, f"{address}/mapping")
    asked = form_of((await browser.post(f"{address}/mapping", data={**form, "more.0": "city", "look": "1"})).text)
    assert asked["constant.0.city"] == [""]
    given = {**asked, "constant.0.city": "泰州"}
    dropped = form_of((await browser.post(f"{address}/mapping", data={**given, "do": "drop 0 city"})).text)
    assert "constant.0.city" not in dropped
    assert await counts_after_trial(browser, address, given) == [1, 0, 0, 0, 0]
    await browser.post(f"{address}/run")
    await work_off()
    assert (await browser.get("/api/v1/customers", params={"q": "卧云茶具"})).json()["items"][0]["city"] == "泰州"


async def test_the_same_lines_make_customers_and_their_contacts(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称,城市,姓名\n鸣泉酒业,遵义,冯一\n鸣泉酒业,遵义,冯二\n")
    form = await form_at(browser, f"{address}/mapping")
    more = form_of(
        (await browser.post(f"{address}/mapping", data={**form, "do": "another", "another": "contacts"})).text
    )
    assert more["record.1"] == ["contacts"]
    moved = form_of((await browser.post(f"{address}/mapping", data={**more, "do": "down 0"})).text)
    assert (moved["record.0"], moved["record.1"]) == (["contacts"], ["customers"])
    assert "record.1" not in form_of((await browser.post(f"{address}/mapping", data={**more, "do": "remove 1"})).text)
    both = {**more, "field.1.0": "customer", "field.1.1": "", "field.1.2": "name", "match.1": []}
    assert await counts_after_trial(browser, address, both) == [1, 0, 0, 1, 0, 2, 0, 0, 0, 0]


async def test_what_is_wrong_is_named_and_everything_chosen_stays(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称,城市\n停云书局,黄山\n")
    form = {**await form_at(browser, f"{address}/mapping"), "field.0.1": "name", "existing.0": "update"}
    answer = await browser.post(f"{address}/mapping", data=form)
    assert answer.status_code == 422
    assert "“名称”被填了两次" in answer.text.replace(" ", "")
    again = form_of(answer.text)
    assert (again["field.0.1"], again["existing.0"]) == (["name"], ["update"])


async def test_a_mapping_is_kept_and_put_to_the_next_file_by_the_names_of_columns(office):
    browser = office.browsers["wangfang"]
    first = await sent_in(browser, "单位,所在地\n临溪食品,黄山\n")
    form = {**await form_at(browser, f"{first}/mapping"), "field.0.0": "name", "field.0.1": "city", "match.0": "name"}
    kept = await browser.post(f"{first}/mapping", data={**form, "do": "keep", "name": "合作社名单"})
    assert kept.status_code == 303, kept.text
    second = await sent_in(browser, "所在地,备用,单位\n黄山,x,临溪茶油\n")
    other = await form_at(browser, f"{second}/mapping")
    [option] = re.findall(r'<option value="(\d+)">合作社名单', (await browser.get(f"{second}/mapping")).text)
    applied = form_of((await browser.post(f"{second}/mapping", data={**other, "do": "apply", "saved": option})).text)
    assert [applied[f"field.0.{at}"] for at in range(3)] == [["city"], [""], ["name"]]
    await browser.post(f"{second}/mapping", data={**other, "do": "forget", "saved": option})
    assert "合作社名单" not in (await browser.get(f"{second}/mapping")).text


# ---------------------------------------------------------------------- whose they are


async def test_an_import_is_its_owners_and_the_administrators(office):
    address = await sent_in(office.browsers["wangfang"], CSV)
    for who, status in (("lilei", 404), ("admin", 200)):
        assert (await office.browsers[who].get(f"{address}/mapping")).status_code == status, who
        assert (f'href="{address}"' in (await office.browsers[who].get("/imports")).text) == (status == 200), who


async def test_only_who_may_import_is_offered_to(office):
    for who, offered in (("wangfang", True), ("zhaomin", False)):
        browser = office.browsers[who]
        assert ("/customers/import" in (await browser.get("/customers")).text) == offered, who
        assert (await browser.get("/customers/import")).status_code == (200 if offered else 403), who


async def test_a_way_goes_on_where_it_was_left(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称\n听泉家居\n")
    assert (await browser.get(address)).headers["location"] == f"{address}/mapping"
    await browser.post(f"{address}/trial")
    assert (await browser.get(address)).headers["location"] == f"{address}/trial"
    assert f'hx-get="{address}/trial"' in (await browser.get(f"{address}/trial")).text
    await browser.post(f"{address}/run")
    await browser.post(f"{address}/stop")
    assert (await browser.get(address)).headers["location"] == f"{address}/run"
    assert (await browser.get(f"{address}/mapping")).status_code == 303
    await work_off()
    assert (await browser.get("/api/v1/customers", params={"q": "听泉家居"})).json()["total"] == 0


async def test_what_came_in_before_it_was_stopped_is_told_and_taken_back(office, monkeypatch):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "名称\n" + "".join(f"半途{n}家居\n" for n in range(1, 9)))
    pieces_of = jobs.pieces_of

    async def stopping(sheet, *, after, size):
        async for lines in pieces_of(sheet, after=after, size=2):
            if lines[0].number > 2:
                await browser.post(f"{address}/stop")
            yield lines

    monkeypatch.setattr(jobs, "pieces_of", stopping)
    await browser.post(f"{address}/run")
    await work_off()
    page = (await browser.get(f"{address}/run")).text
    assert "共 8 行，已处理 4 行" in page
    assert "文件已全部导入" not in page
    assert f'action="{address}/undo"' in page
    assert "已停止" in (await browser.get("/imports")).text
    await browser.post(f"{address}/undo")
    await work_off()
    assert (await browser.get("/api/v1/customers", params={"q": "半途"})).json()["total"] == 0
    assert "这次导入已撤销" in (await browser.get(f"{address}/run")).text


async def test_a_file_that_was_stopped_is_used_again_as_it_was_arranged(office):
    browser = office.browsers["wangfang"]
    address = await sent_in(browser, "单位\n抱琴文创\n")
    form = {**await form_at(browser, f"{address}/mapping"), "existing.0": "ask"}
    await browser.post(f"{address}/mapping", data=form)
    await browser.post(f"{address}/run")
    await browser.post(f"{address}/stop")
    await work_off()
    assert f'action="{address}/again"' in (await browser.get(f"{address}/run")).text
    other = (await browser.post(f"{address}/again")).headers["location"]
    assert other != f"{address}/mapping"
    again = await form_at(browser, other)
    assert (again["field.0.0"], again["existing.0"]) == (["name"], ["ask"])
    await browser.post(f"{other.removesuffix('/mapping')}/run")
    await work_off()
    assert (await browser.get("/api/v1/customers", params={"q": "抱琴文创"})).json()["total"] == 1
