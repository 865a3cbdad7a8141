"""A field that holds a file: chosen, read, replaced and taken out with the field's own rights, and undone."""

from __future__ import annotations

import asyncio
import datetime as dt
import html
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from dougong.access.principal import Grant, acting_as, system
from dougong.access.services import create_role, set_fields, set_grants
from dougong.people.services import account_named, add_account
from dougong.people.sign_in import create_token
from dougong.records import attachments
from dougong.records.attachments import Attachment, Limits

from .test_added_fields import CUSTOMERS, FIELDS, add, make

pytestmark = pytest.mark.asyncio(loop_scope="module")
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


async def put(
    http: httpx.AsyncClient, record: Mapping[str, Any], key: str, name: str, content: bytes
) -> httpx.Response:
    return await http.put(f"{CUSTOMERS}/{record['id']}/files/{key}", files={"file": (name, content)})


async def value(http: httpx.AsyncClient, record: Mapping[str, Any], key: str) -> Any:
    return (await http.get(f"{CUSTOMERS}/{record['id']}")).json()[key]


async def content(http: httpx.AsyncClient, record: Mapping[str, Any], key: str) -> httpx.Response:
    return await http.get(f"{CUSTOMERS}/{record['id']}/files/{key}/content")


async def test_a_file_is_put_in_read_replaced_and_taken_out(
    admin: httpx.AsyncClient, wangfang: httpx.AsyncClient
) -> None:
    key = await add(admin, "合同正本", "file")
    it = await make(wangfang, name="文件字段甲")
    assert it[key] is None
    answer = await put(wangfang, it, key, "合同.pdf", PDF)
    assert answer.status_code == 200, answer.text
    told = answer.json()[key]
    assert (told["name"], told["size"], told["media_type"]) == ("合同.pdf", len(PDF), "application/pdf")
    assert answer.json()["version"] == it["version"] + 1
    read = await content(wangfang, it, key)
    assert (read.content, read.headers["content-disposition"].startswith("attachment")) == (PDF, True)
    assert (await put(wangfang, it, key, "补充.txt", "补充".encode())).json()[key]["name"] == "补充.txt"
    assert (await content(wangfang, it, key)).content == "补充".encode()
    gone = await wangfang.delete(f"{CUSTOMERS}/{it['id']}/files/{key}")
    assert (gone.status_code, gone.json()[key]) == (200, None)
    assert (await content(wangfang, it, key)).status_code == 404


async def test_it_is_no_attachment_and_no_value_that_is_typed(
    admin: httpx.AsyncClient, wangfang: httpx.AsyncClient
) -> None:
    key = await add(admin, "身份证明", "file")
    it = await make(wangfang, name="文件字段乙")
    told = (await put(wangfang, it, key, "证.txt", b"one")).json()[key]
    one = f"{CUSTOMERS}/{it['id']}"
    assert (await wangfang.get(f"{one}/attachments")).json()["items"] == []
    assert (await wangfang.get(f"{one}/attachments/{told['id']}/content")).status_code == 404
    assert (await wangfang.delete(f"{one}/attachments/{told['id']}")).status_code == 404
    version = {"If-Match": str((await wangfang.get(one)).json()["version"])}
    for sent in (told, "x", None, 7):
        assert (await wangfang.patch(one, json={key: sent}, headers=version)).status_code == 400
    assert (await wangfang.get(CUSTOMERS, params={"sort": key})).status_code == 400
    held = await wangfang.get(CUSTOMERS, params={"filter": f'[["{key}","empty",false]]', "fields": f"name,{key}"})
    assert [row["name"] for row in held.json()["items"]] == ["文件字段乙"]


async def test_the_history_names_files_and_an_undo_brings_one_back(
    admin: httpx.AsyncClient, wangfang: httpx.AsyncClient
) -> None:
    key = await add(admin, "营业执照", "file")
    it = await make(wangfang, name="文件字段丙")
    await put(wangfang, it, key, "旧照.txt", b"old")
    second = await put(wangfang, it, key, "新照.txt", b"new")
    newest = (await wangfang.get(f"{CUSTOMERS}/{it['id']}/history")).json()["items"][0]
    assert (newest["before"][key]["name"], newest["after"][key]["name"]) == ("旧照.txt", "新照.txt")
    undone = await wangfang.post(f"/api/v1/changes/{second.headers['Change-Batch']}/undo")
    assert undone.json()["restored"] == 1
    assert (await value(wangfang, it, key))["name"] == "旧照.txt"
    assert (await content(wangfang, it, key)).content == b"old"


async def test_what_was_replaced_long_ago_is_swept_away_and_an_undo_says_so(
    admin: httpx.AsyncClient, wangfang: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = await add(admin, "授权书", "file")
    it = await make(wangfang, name="文件字段丁")
    await put(wangfang, it, key, "一.txt", b"first")
    second = await put(wangfang, it, key, "二.txt", b"second")
    await attachments.sweep()
    assert await _kept(key) == 2
    monkeypatch.setattr(attachments, "_limits", Limits(kept=dt.timedelta(0)))
    await asyncio.sleep(0.01)
    await attachments.sweep()
    assert await _kept(key) == 1
    assert (await content(wangfang, it, key)).content == b"second"
    undone = (await wangfang.post(f"/api/v1/changes/{second.headers['Change-Batch']}/undo")).json()
    assert (undone["restored"], [kept["rule"] for kept in undone["kept"]]) == (0, ["file"])


async def _kept(key: str) -> int:
    with acting_as(system("count what the tests left")):
        return int(await Attachment.count().where(Attachment.field == key))


async def test_who_may_not_see_the_field_has_no_file_and_who_may_only_read_it_changes_none(
    company: Any, admin: httpx.AsyncClient, wangfang: httpx.AsyncClient
) -> None:
    key = await add(admin, "体检表", "file")
    it = await make(wangfang, name="文件字段戊")
    await put(wangfang, it, key, "体检.txt", b"secret")
    async with company.world.acting("admin"):
        clients = {}
        for level in ("hidden", "read"):
            role = await create_role(f"文件{level}")
            await set_grants(role, {("customer", a): Grant(frozenset({"all"}), ()) for a in ("read", "edit")})
            await set_fields(role, {f"customer.{key}": level})
            await add_account(f"file{level}", roles=[role])
            account = await account_named(f"file{level}")
            assert account is not None
            clients[level] = {"Authorization": f"Bearer {await create_token(account.user)}"}
    async with company.anybody() as http:
        for level, status in (("hidden", 404), ("read", 403)):
            http.headers.update(clients[level])
            assert (await content(http, it, key)).status_code == (200 if level == "read" else 404)
            assert (await put(http, it, key, "新.txt", b"new")).status_code == status
            assert (await http.delete(f"{CUSTOMERS}/{it['id']}/files/{key}")).status_code == status
            assert "体检.txt" not in (await http.get(f"{CUSTOMERS}/{it['id']}")).text or level == "read"
    assert (await content(wangfang, it, key)).content == b"secret"


async def test_wrong_files_and_wrong_fields_are_refused(admin: httpx.AsyncClient, wangfang: httpx.AsyncClient) -> None:
    key = await add(admin, "盖章页", "file")
    it = await make(wangfang, name="文件字段己")
    assert (await put(wangfang, it, key, "空.txt", b"")).status_code == 400
    assert (await put(wangfang, it, key, "假.pdf", b"no pdf at all")).status_code == 400
    assert (await put(wangfang, it, "city", "a.txt", b"a")).status_code == 404
    assert (await put(wangfang, it, "x_nothing", "a.txt", b"a")).status_code == 404
    assert (await put(wangfang, {"id": 999_999}, key, "a.txt", b"a")).status_code == 404
    assert await value(wangfang, it, key) is None
    await wangfang.post(f"{CUSTOMERS}/{it['id']}/deactivate")
    assert (await put(wangfang, it, key, "a.txt", b"a")).status_code == 409


async def test_it_is_chosen_shown_and_taken_out_in_the_browser(company: Any, admin: httpx.AsyncClient) -> None:
    key = await add(admin, "产品手册", "file")
    async with company.browser("wangfang") as browser:
        made = await browser.post("/customers/new", data={"name": "文件字段庚", "kind": "end"})
        number = made.headers["location"].rpartition("/")[2]
        there = f"/customers/{number}/file/{key}"
        assert f"{there}/edit" in (await browser.get(f"/customers/{number}")).text
        asked = (await browser.get(f"{there}/edit")).text
        assert 'type="file"' in asked
        assert 'enctype="multipart/form-data"' in asked
        refused = await browser.post(there, files={"file": ("空.txt", b"")})
        assert refused.status_code == 422
        assert "文件是空的" in html.unescape(refused.text) or "空" in refused.text
        assert (await browser.post(there, files={"file": ("手册.txt", b"text")})).status_code == 303
        page = (await browser.get(f"/customers/{number}")).text
        assert f'href="{there}"' in page
        assert "手册.txt" in page
        assert (await browser.get(there)).content == b"text"
        listed = (await browser.get("/customers", params={"f": key, "o": "empty", "v": "false", "g": "0"})).text
        assert "文件字段庚" in listed
        assert (await browser.post(f"{there}/remove")).status_code == 303
        assert (await browser.get(there)).status_code == 404


async def test_a_list_taken_out_names_the_file(admin: httpx.AsyncClient, wangfang: httpx.AsyncClient) -> None:
    key = await add(admin, "导出文件", "file")
    it = await make(wangfang, name="文件字段辛")
    await put(wangfang, it, key, "附表.txt", b"rows")
    asked = {"format": "csv", "fields": f"name,{key}", "filter": '[["name","=","文件字段辛"]]'}
    answer = await admin.get(f"{CUSTOMERS}/export", params=asked)
    assert answer.status_code == 200, answer.text
    assert "附表.txt" in answer.content.decode("utf-8-sig")


async def test_a_field_that_is_off_keeps_its_file(admin: httpx.AsyncClient, wangfang: httpx.AsyncClient) -> None:
    key = await add(admin, "年检表", "file")
    it = await make(wangfang, name="文件字段壬")
    await put(wangfang, it, key, "年检.txt", b"kept")
    assert (await admin.delete(f"{FIELDS}/{key}")).status_code == 204
    assert (await content(wangfang, it, key)).status_code == 404
    assert (await admin.patch(f"{FIELDS}/{key}", json={"active": True})).status_code == 200
    assert (await content(wangfang, it, key)).content == b"kept"
