"""The page of a job follows it by itself, until its end."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from .conftest import DESK, PHONE

TODAY, FAR = "2026-03-02 00:00:00.000000+00:00", "2099-01-01 00:00:00.000000+00:00"


@pytest.fixture
def job(server) -> Iterator[Any]:
    """A job of 王芳's that somebody is at, for as long as the test says; changed by `job(done=…)`."""
    row = {"plugin": "core", "name": "bring_in", "arguments": '{"number": 1}', "state": "running", "attempts": 1}
    row |= {
        "due": TODAY,
        "created": TODAY,
        "started": TODAY,
        "lease": "x",
        "lease_until": FAR,
        "done": 10,
        "total": 200,
    }
    row |= {"words": "", "error": "", "line": "", "locale": ""}

    def write(sql: str, *values: Any) -> Any:
        with closing(sqlite3.connect(server.database, timeout=20)) as database, database:
            done = database.execute(sql, values)
            return done.fetchall() or done.lastrowid

    [(row["by_user"],)] = write("SELECT id FROM people_user WHERE name = 'wangfang'")
    marks = ", ".join("?" for _ in row)
    number = write(f"INSERT INTO dougong_job ({', '.join(row)}) VALUES ({marks})", *row.values())

    def change(**values: Any) -> int:
        for column, value in values.items():
            write(f"UPDATE dougong_job SET {column} = ? WHERE id = ?", value, number)
        return number

    yield change
    write("DELETE FROM dougong_job WHERE id = ?", number)


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_page_of_a_job_follows_it_to_its_end(reception, job, size):
    with reception.window("wangfang", size=size) as page:
        page.goto(f"/jobs/{job()}")
        assert "10 / 200" in page.locator("#dg-jobs").inner_text()
        job(done=150)
        page.get_by_text("150 / 200").wait_for()
        assert page.locator("progress").get_attribute("value") == "75"
        job(done=200, state="done", ended=TODAY)
        page.get_by_text("200 / 200").wait_for()
        page.locator("#dg-jobs:not([hx-get])").wait_for()
        assert page.locator("#dg-jobs form").count() == 0


@pytest.mark.parametrize("scripts", [True, False])
def test_a_running_job_is_cancelled_from_its_page(reception, job, scripts):
    with reception.window("wangfang", lang="en", scripts=scripts) as page:
        page.goto(f"/jobs/{job()}")
        with page.expect_navigation():
            page.get_by_role("button", name="Cancel").click()
        assert "Is being stopped" in page.locator("#dg-jobs").inner_text()
        assert page.get_by_role("button", name="Cancel").count() == 0
