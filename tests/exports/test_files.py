"""Lists as files, through the API: what stands in them, in which order, as it is at one moment, and that it is remembered."""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Sequence
from typing import Any

import pytest

from dougong.exports import services
from dougong.exports.csv_file import CsvFile
from dougong.i18n import today
from dougong.testing.app import Company

from .conftest import CUSTOMERS, EXPORT, Programs, csv_lines, listed, workbook_lines

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_file_holds_what_the_list_finds_in_its_order(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 7)  # many pages
    asked = {"filter": '[["city","in",["杭州","上海"]]]', "sort": "-name"}
    answer = await programs["lilei"].get(EXPORT, params={**asked, "fields": "id,name,city"})
    records = await listed(programs["lilei"], **asked)
    assert [(int(line["ID"]), line["名称"], line["城市"]) for line in csv_lines(answer.content)] == [
        (record["id"], record["name"], record["city"]) for record in records
    ]
    assert len(records) > 14


@pytest.mark.parametrize("sort", ["owner", "-next_follow_up", "credit_limit", ""])
async def test_each_order_brings_every_record_once(
    sort: str, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "AT_ONCE", 9)
    answer = await programs["admin"].get(EXPORT, params={"sort": sort, "fields": "id"})
    records = await listed(programs["admin"], sort=sort, fields="id")
    assert [int(line["ID"]) for line in csv_lines(answer.content)] == [record["id"] for record in records]
    assert len(records) > 100


async def test_without_a_word_about_columns_a_file_holds_every_field_and_the_id(programs: Programs) -> None:
    [line, *_] = csv_lines((await programs["admin"].get(EXPORT)).content)
    [record] = (await programs["admin"].get(CUSTOMERS, params={"limit": "1"})).json()["items"]
    assert len(line) == len(record.keys() - {"version"})
    assert next(iter(line)) == "ID"


async def test_references_stand_there_by_name_and_choices_by_label(programs: Programs) -> None:
    asked = {"fields": "owner,department,kind,state", "sort": "-id", "filter": '[["owner","empty",false]]'}
    for format_, lines_of in (("csv", csv_lines), ("xlsx", workbook_lines)):
        [first, *_] = lines_of((await programs["admin"].get(EXPORT, params={**asked, "format": format_})).content)
        [record] = (await programs["admin"].get(CUSTOMERS, params={**asked, "limit": "1"})).json()["items"]
        owner = (await programs["admin"].get(f"/api/v1/staff/{record['owner']}")).json()["name"]
        department = (await programs["admin"].get(f"/api/v1/departments/{record['department']}")).json()["name"]
        kinds = {"end": "终端客户", "channel": "渠道客户"}
        assert list(first.values())[:3] == [owner, department, kinds[record["kind"]]]


async def test_words_are_in_the_language_of_who_asks(programs: Programs) -> None:
    answer = await programs["admin"].get(EXPORT, params={"fields": "name,kind"}, headers={"Accept-Language": "en"})
    [line, *_] = csv_lines(answer.content)
    assert list(line) == ["Name", "Main category"]
    assert line["Main category"] in ("End customer", "Channel customer")


async def test_a_file_is_saved_under_the_name_of_the_list_and_the_day(programs: Programs) -> None:
    answer = await programs["admin"].get(EXPORT, params={"format": "xlsx", "q": "有限"})
    name = f"%E5%AE%A2%E6%88%B7-{today().isoformat()}.xlsx"
    assert answer.headers["content-disposition"].endswith(f"filename*=UTF-8''{name}")
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(
    "asked, field",
    [
        ({"fields": "id,nothing"}, "fields"),
        ({"filter": '[["nothing","=",1]]'}, "filter"),
        ({"sort": "nothing"}, "sort"),
        ({"format": "pdf"}, "format"),
        ({"limit": "5"}, "limit"),
        ({"q": "x" * 201}, "q"),
    ],
)
async def test_what_a_list_would_refuse_is_refused_and_not_remembered(
    asked: dict[str, str], field: str, programs: Programs
) -> None:
    before = (await programs["admin"].get("/api/v1/exports")).json()["items"]
    answer = await programs["admin"].get(EXPORT, params=asked)
    assert (answer.status_code, [it["field"] for it in answer.json()["errors"]]) == (400, [field])
    assert (await programs["admin"].get("/api/v1/exports")).json()["items"] == before


async def test_what_is_written_meanwhile_changes_nothing_in_a_file(
    company: Company, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records that move behind or before where the export has got to, new ones, and ones that go."""
    before = await listed(programs["admin"], sort="updated", fields="id,city")
    reached, pages = services._reached, 0

    async def write() -> None:
        for moved in (before[0], before[-1]):
            path = f"{CUSTOMERS}/{moved['id']}"
            version = (await programs["admin"].get(path)).headers["etag"]
            changed = await programs["admin"].patch(path, json={"city": "别处"}, headers={"If-Match": version})
            assert changed.status_code == 200, changed.text
        assert (await programs["admin"].post(CUSTOMERS, json={"name": "导出之间有限公司"})).status_code == 201
        gone = before[len(before) // 2]["id"]
        assert (await programs["admin"].delete(f"{CUSTOMERS}/{gone}")).status_code in (204, 409)

    async def writing_between(*given: Any) -> Sequence[Any]:
        nonlocal pages
        pages += 1
        if pages == 2:
            await asyncio.create_task(write(), context=contextvars.Context())
        return await reached(*given)

    monkeypatch.setattr(services, "AT_ONCE", 20)
    monkeypatch.setattr(services, "_reached", writing_between)
    answer = await programs["admin"].get(EXPORT, params={"sort": "updated", "fields": "id,city"})
    lines = csv_lines(answer.content)
    assert [(int(line["ID"]), line["城市"]) for line in lines] == [(it["id"], it["city"] or "") for it in before]
    assert pages > 3
    assert len(await listed(programs["admin"], q="导出之间")) == 1


# ---------------------------------------------------------------------- the log


async def test_every_file_is_remembered_with_who_asked_for_what(programs: Programs) -> None:
    tree = [["city", "in", ["杭州", "上海"]]]
    asked = {"filter": json.dumps(tree), "q": "有限", "sort": "-name", "fields": "name,city", "format": "xlsx"}
    lines = workbook_lines((await programs["wangfang"].get(EXPORT, params=asked)).content)
    [entry] = (await programs["admin"].get("/api/v1/exports", params={"limit": "1"})).json()["items"]
    me = (await programs["wangfang"].get("/api/v1/me")).json()
    assert {k: entry[k] for k in entry if k not in ("id", "at")} == {
        "staff": me["staff"], "who": "王芳", "door": "api", "collection": "customers", "format": "xlsx",
        "filter": tree, "q": "有限", "sort": "-name", "fields": ["name", "city"], "rows": len(lines),
    }  # fmt: skip
    older = (await programs["admin"].get("/api/v1/exports", params={"before": str(entry["id"])})).json()["items"]
    assert entry["id"] not in [it["id"] for it in older]


async def test_only_who_may_look_sees_what_was_exported(programs: Programs) -> None:
    for who in ("wangfang", "lilei", "zhaomin"):
        assert (await programs[who].get("/api/v1/exports")).status_code == 403


async def test_a_file_that_could_not_be_made_whole_is_neither_sent_nor_remembered(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CsvFile, "write", full)
    before = (await programs["admin"].get("/api/v1/exports")).json()["items"]
    answer = await programs["admin"].get(EXPORT)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "No space left" in answer.json()["detail"]
    assert (await programs["admin"].get("/api/v1/exports")).json()["items"] == before


async def test_two_files_are_made_at_a_time_and_the_others_wait(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_turns", asyncio.Semaphore(2))
    running, most, write = 0, 0, services._write

    async def watched(*given: Any) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        try:
            return await write(*given)
        finally:
            running -= 1

    monkeypatch.setattr(services, "_write", watched)
    asking = [programs["admin"].get(EXPORT, params={"fields": "id", "q": "有限"}) for _n in range(6)]
    assert {answer.status_code for answer in await asyncio.gather(*asking)} == {200}
    assert most == 2
