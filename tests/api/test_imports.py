"""Files come in by the API: what was understood, what would become of each line, what became of it, and the way back."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
import openpyxl
import pytest
import pytest_asyncio

from dougong.jobs import work_off
from dougong.testing.app import PEOPLE, Company

pytestmark = pytest.mark.asyncio(loop_scope="module")

IMPORTS = "/api/v1/imports"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def others(company: Company) -> AsyncIterator[Mapping[str, httpx.AsyncClient]]:
    async with AsyncExitStack() as stack:
        yield {who: await stack.enter_async_context(company.program(who)) for who in PEOPLE}


@pytest.fixture
def program(others: Mapping[str, httpx.AsyncClient]) -> httpx.AsyncClient:
    """Who may do everything."""
    return others["admin"]


async def send(client: httpx.AsyncClient, content: str | bytes, name: str = "客户.csv", to: str = "customers") -> Any:
    content = content.encode() if isinstance(content, str) else content
    answer = await client.post(f"/api/v1/{to}/imports", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{IMPORTS}/{answer.json()['id']}"
    return answer.json()


async def done(client: httpx.AsyncClient, what: str) -> Any:
    """What is asked of a job, worked off."""
    answer = await client.post(what)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"/api/v1/jobs/{answer.json()['job']}"
    await work_off()
    return (await client.get(what.rpartition("/")[0])).json()


def counts_of(counts: Any) -> list[int]:
    [one] = counts
    return [one[key] for key in ("created", "updated", "unchanged", "skipped", "failed")]


async def test_a_file_answers_what_was_understood_of_it(program):
    got = await send(program, "名称,城市,没有这一列\n疏影书店,绍兴,x\n".encode("gb18030"))
    assert got["format"]["encoding"] == "gb18030"
    assert got["headings"] == ["名称", "城市", "没有这一列"]
    assert got["sample"] == [{"line": 2, "cells": ["疏影书店", "绍兴", "x"]}]
    assert [(c["heading"], c["field"]) for c in got["mapping"]["steps"][0]["columns"]] == [
        ("名称", "name"),
        ("城市", "city"),
    ]
    assert (await program.get(IMPORTS)).json()["items"][0]["id"] == got["id"]


async def test_a_trial_writes_nothing_the_run_writes_and_undo_takes_it_back(program):
    got = await send(program, "名称,负责人\n拂晓机电,王芳\n拂晓五金,没有此人\n")
    place = f"{IMPORTS}/{got['id']}"
    tried = await done(program, f"{place}/trial")
    assert counts_of(tried["trial"]["counts"]) == [1, 0, 0, 0, 1]
    [line] = (await program.get(f"{place}/lines", params={"tried": "true"})).json()["items"]
    assert (line["line"], line["problems"][0]["field"], line["problems"][0]["value"]) == (3, "owner", "没有此人")
    assert (await program.get("/api/v1/customers", params={"q": "拂晓"})).json()["total"] == 0

    run = await done(program, f"{place}/run")
    assert counts_of(run["run"]["counts"]) == [1, 0, 0, 0, 1]
    assert (await program.get("/api/v1/customers", params={"q": "拂晓"})).json()["total"] == 1
    assert (await program.post(f"{place}/run")).status_code == 409
    assert "拂晓五金" in (await program.get(f"{place}/failed")).text

    again = await program.post(f"{place}/again")
    assert again.status_code == 201
    assert (again.json()["mapping"], again.json()["run"]["job"]) == (run["mapping"], None)

    undone = await done(program, f"{place}/undo")
    assert undone["undo"]["counts"]["restored"] == 1
    assert (await program.get("/api/v1/customers", params={"q": "拂晓"})).json()["total"] == 0
    assert (await program.post(f"{place}/undo")).status_code == 409


async def test_a_mapping_and_a_format_are_arranged_and_what_is_wrong_is_named(program):
    got = await send(program, "甲,乙\n晴川药业,大客户\n")
    place = f"{IMPORTS}/{got['id']}/mapping"
    step = {"record": "customers", "columns": [{"heading": "甲", "field": "name"}], "match": ["name"]}
    good = await program.put(place, json={"mapping": {"steps": [{**step, "constants": {"city": "武汉"}}]}})
    assert good.status_code == 200, good.text
    assert good.json()["mapping"]["steps"][0]["constants"] == {"city": "武汉"}
    wrong = {"heading": "丙", "field": "colour"}
    bad = await program.put(place, json={"mapping": {"steps": [{**step, "columns": [*step["columns"], wrong]}]}})
    assert bad.status_code == 400
    assert [e["field"] for e in bad.json()["errors"]] == ["steps.0.columns", "steps.0.columns"]
    for format_ in ({"encoding": "base64"}, {"delimiter": "ab"}, {"encoding": "utf-16"}, {"sheet": 3}):
        assert (await program.put(place, json={"format": format_})).status_code == 400, format_
    assert (await program.get(f"{IMPORTS}/{got['id']}")).json()["format"]["encoding"] == "utf-8"


async def test_a_reference_is_known_by_a_field_the_other_record_has(program):
    got = await send(program, "名称,负责人\n望岳建材,13800000000\n")
    columns = [{"heading": "名称", "field": "name"}, {"heading": "负责人", "field": "owner", "by": "nothing"}]
    body = {"mapping": {"steps": [{"record": "customers", "columns": columns}]}}
    assert (await program.put(f"{IMPORTS}/{got['id']}/mapping", json=body)).status_code == 400


async def test_a_corrected_file_changes_only_what_differs_and_says_so_before(program):
    first = "名称,城市\n问津文化,南京\n问津教育,扬州\n"
    await done(program, f"{IMPORTS}/{(await send(program, first))['id']}/run")
    got = await send(program, first.replace("扬州", "镇江"))
    step = {**got["mapping"]["steps"][0], "existing": "update"}
    await program.put(f"{IMPORTS}/{got['id']}/mapping", json={"mapping": {"steps": [step]}})
    tried = await done(program, f"{IMPORTS}/{got['id']}/trial")
    assert counts_of(tried["trial"]["counts"]) == [0, 1, 1, 0, 0]
    run = await done(program, f"{IMPORTS}/{got['id']}/run")
    assert run["run"]["counts"] == tried["trial"]["counts"]


async def test_mappings_are_kept_for_the_next_file(program, others):
    step = {"record": "customers", "columns": [{"heading": "客户", "field": "name"}], "match": ["name"]}
    kept = {"name": "展会名单", "mapping": {"steps": [step]}}
    path = "/api/v1/customers/import-mappings"
    made = await program.post(path, json=kept)
    assert made.status_code == 201, made.text
    again = await program.post(path, json={**kept, "shared": True})
    assert again.json()["id"] == made.json()["id"]
    assert [one["name"] for one in (await program.get(path)).json()["items"]] == ["展会名单"]
    wang = others["wangfang"]
    assert [(one["name"], one["own"]) for one in (await wang.get(path)).json()["items"]] == [("展会名单", False)]
    assert (await wang.delete(f"/api/v1/import-mappings/{made.json()['id']}")).status_code == 404
    assert (await program.delete(f"/api/v1/import-mappings/{made.json()['id']}")).status_code == 204
    assert (await wang.get(path)).json()["items"] == []


async def test_nobody_sees_the_imports_of_another_but_who_may_do_everything(program, others):
    got = await send(others["wangfang"], "名称\n栖霞物流\n")
    assert (await others["lilei"].get(f"{IMPORTS}/{got['id']}")).status_code == 404
    assert got["id"] not in [one["id"] for one in (await others["lilei"].get(IMPORTS)).json()["items"]]
    assert (await program.get(f"{IMPORTS}/{got['id']}")).status_code == 200


async def test_who_may_not_import_gets_no_further(others):
    zhao = others["zhaomin"]
    assert (await zhao.post("/api/v1/customers/imports", files={"file": ("a.csv", b"x")})).status_code == 403
    assert (await zhao.get("/api/v1/customers/import-template")).status_code == 403
    assert (await zhao.get("/api/v1/customers/import-mappings")).status_code == 403


async def test_what_is_no_sheet_is_refused_with_the_reason(program):
    broken = (b"", b"PK\x03\x04nothing of the kind", b"\x81\xff\x81,\x8d\x01\xff", b"\xff\xfea")
    for number, content in enumerate(broken):
        answer = await program.post("/api/v1/customers/imports", files={"file": (f"{number}.csv", content)})
        assert answer.status_code == 400, (content, answer.text)
        assert answer.json()["errors"][0]["field"] == "file"


async def test_the_template_of_every_type_is_a_workbook_and_a_csv(program):
    types = (await program.get("/api/v1/record-types")).json()["items"]
    assert types
    for one in types:
        for format_ in ("xlsx", "csv"):
            answer = await program.get(f"/api/v1/{one['path']}/import-template", params={"format": format_})
            assert answer.status_code == 200, (one["path"], answer.text)
        assert openpyxl.load_workbook(io.BytesIO((await program.get(f"/api/v1/{one['path']}/import-template")).content))
