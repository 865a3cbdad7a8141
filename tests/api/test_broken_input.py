"""What no program of ours sends: it is refused as the sender's mistake, never an error of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from dougong.testing.app import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")
JSON = {"Content-Type": "application/json"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def program(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.program("admin") as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(company: Company) -> AsyncIterator[httpx.AsyncClient]:
    async with company.browser("admin") as client:
        yield client


@pytest.mark.parametrize("depth", [90, 400, 600, 900, 10_000])
@pytest.mark.parametrize(("opens", "holds", "closes"), [("[", "1", "]"), ('{"a":', "1", "}"), ("[", '"\\u0041"', "]")])
async def test_json_nested_however_deep_is_refused(program, depth, opens, holds, closes):
    body = '{"name":' + opens * depth + holds + closes * depth + "}"
    answer = await program.post("/api/v1/customers", content=body.encode(), headers=JSON)
    assert answer.status_code == 400


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
async def test_json_is_utf_8(program, encoding):
    half = '{"label": "\\ud800"}'.encode(encoding)
    assert (await program.post("/api/v1/lookups/customer_level", content=half, headers=JSON)).status_code == 400
    marked = f'{{"label": "记号 {encoding}"}}'.encode("utf-8-sig")
    assert (await program.post("/api/v1/lookups/customer_level", content=marked, headers=JSON)).status_code == 201


async def test_a_token_against_forgery_in_any_letters_is_wrong(browser):
    browser = httpx.AsyncClient(transport=browser._transport, base_url=browser.base_url, cookies=browser.cookies)
    in_form = await browser.post("/me/preferences", data={"_csrf_token": "é", "theme": "dark"})
    in_header = await browser.post("/me/preferences", headers={b"X-CSRF-Token": "记".encode()})
    assert (in_form.status_code, in_header.status_code) == (403, 403)


async def test_a_version_no_machine_counts_to_is_stale(browser, program):
    made = (await program.post("/api/v1/customers", json={"name": "版本无穷有限公司"})).json()
    for version in ("9" * 5000, "٣", "-1", ""):
        moved = await browser.post(f"/customers/{made['id']}/moves/submitted", data={"version": version})
        assert moved.status_code == 412, version[:9]
    moved = await browser.post(f"/customers/{made['id']}/moves/submitted", data={"version": "1"})
    assert moved.status_code == 303


async def test_a_file_that_is_not_there_is_answered_to_anybody(company):
    async with company.anybody() as anybody:
        for path in ("/static/nothing.js", "/static/", "/static/%2e%2e/api/v1/me"):
            answer = await anybody.get(path)
            assert answer.status_code == 404, path
            assert answer.headers["content-security-policy"]
        assert (await anybody.post("/static/nothing.js")).status_code == 405


async def test_a_dialog_takes_no_character_the_database_refuses(browser):
    answer = await browser.post("/roles/new", data={"name": "夜\x00班", "description": "\x00"})
    assert answer.status_code == 303
    assert "夜班" in (await browser.get(answer.headers["location"])).text
