"""A list saved as a file in a real browser: from its menu and of a selection; the page stays where it is."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook


@pytest.fixture
def admin(reception):
    with reception.window("admin") as page:
        yield page


def saved(page: Any, button: Any) -> list[tuple[Any, ...]]:
    """The rows of the workbook that a press brings."""
    with page.expect_download() as download:
        button.click()
    name, _dash, day = download.value.suggested_filename.removesuffix(".xlsx").partition("-")
    assert (name, date.fromisoformat(day).year > 2000) == ("客户", True)
    content = io.BytesIO(Path(download.value.path()).read_bytes())
    return list(load_workbook(content).worksheets[0].iter_rows(values_only=True))


def test_a_list_is_saved_from_its_menu_and_the_dialog_closes(admin):
    admin.goto("/customers?q=有限&sort=-name")
    admin.watch.settle()
    shown = admin.locator("tbody tr td:nth-child(2)").all_inner_texts()
    admin.locator("summary[title='当前查询']").click()
    admin.get_by_role("link", name="导出…").click()
    dialog = admin.locator("#dg-dialog")
    dialog.get_by_role("heading", name="导出客户").wait_for()
    head, *rows = saved(admin, dialog.get_by_role("button", name="导出", exact=True))
    assert head[0] == "名称"
    assert [str(row[0]) for row in rows][: len(shown)] == [text.split("\n")[-1].strip() for text in shown]
    assert not dialog.is_visible()
    assert admin.locator(".dg-toast").inner_text().startswith("正在生成文件")
    assert admin.locator("[aria-busy=true]").count() == 0


def test_a_selection_is_saved_and_can_be_saved_again(admin):
    admin.goto("/customers")
    admin.watch.settle()
    boxes = admin.locator("tbody input[name=ids]")
    chosen = [boxes.nth(at).get_attribute("value") for at in (0, 2)]
    for at in (0, 2):
        boxes.nth(at).check()
    admin.locator("#dg-bulk").get_by_role("button", name="导出").click()
    admin.watch.settle()
    admin.get_by_label("列").select_option("keyed")
    button = admin.locator("#dg-form").get_by_role("button", name="导出", exact=True)
    for _time in range(2):
        head, *rows = saved(admin, button)
        assert head[0] == "ID"
        assert [str(row[0]) for row in rows] == chosen
