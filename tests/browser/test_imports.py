"""A file is brought in through a real browser, with and without scripts, and each page of the way is one for everybody."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from .conftest import DESK, PHONE, SMALL_PHONE
from .layout import layout_faults
from .test_files import DROP
from .test_looks import CONTRAST, EVERYTHING, axe_faults, resize

LINES = [
    ["客户名称", "城市", "负责人", "备注列"],
    ["听雨楼茶业", "黄山", "王芳", "x"],
    ["望月楼酒业", "遵义", "无名氏", "y"],
]


@pytest.fixture
def admin(reception: Any) -> Iterator[Any]:
    with reception.window("admin") as page:
        yield page


@pytest.fixture
def workbook(tmp_path: Path) -> str:
    book = openpyxl.Workbook()
    for line in LINES:
        book.active.append(line)
    book.save(tmp_path / "名单.xlsx")
    return str(tmp_path / "名单.xlsx")


def press(page: Any, selector: str) -> None:
    with page.expect_navigation():
        page.click(selector)
    page.watch.settle()


def faults_of(page: Any, axe: str) -> dict[str, list[str]]:
    """What is wrong with the page as it stands, on a desk and on phones, light and dark."""
    found = {}
    for size in (PHONE, SMALL_PHONE, DESK):
        resize(page, size)
        found[f"{size} cut off"] = layout_faults(page)
    found["light"] = axe_faults(page, axe, EVERYTHING)
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
    found["dark"] = axe_faults(page, axe, CONTRAST)
    page.emulate_media(color_scheme="light")
    return {what: faults for what, faults in found.items() if faults}


def counts(page: Any) -> list[str]:
    page.locator(".dg-import-counts").wait_for()
    return page.locator(".dg-import-counts dd").all_inner_texts()


def test_a_workbook_comes_in_and_goes_back_and_every_page_is_for_everybody(admin, workbook, axe):
    found = {}
    admin.goto("/customers/import")
    admin.set_input_files("#dg-file", workbook)
    press(admin, ".dg-drop button")
    found["format"] = faults_of(admin, axe)
    press(admin, ".dg-bar .pri")
    found["mapping"] = faults_of(admin, axe)
    assert admin.locator(".dg-import-words li").inner_text().startswith("无名氏")
    press(admin, ".dg-bar .pri")
    assert counts(admin) == ["1", "0", "0", "0", "1"]
    found["trial"] = faults_of(admin, axe)
    press(admin, ".dg-import-actions .pri")
    assert counts(admin) == ["1", "0", "0", "0", "1"]
    found["run"] = faults_of(admin, axe)
    with admin.expect_download() as saved:
        admin.click(".dg-import-actions a[href$='/failed']")
    [line] = list(
        openpyxl.load_workbook(io.BytesIO(Path(saved.value.path()).read_bytes())).active.iter_rows(
            min_row=2, values_only=True
        )
    )
    assert line[0] == "望月楼酒业"
    press(admin, ".dg-import-actions form button")
    admin.locator(".dg-banner, .dg-lead", has_text="已撤销").first.wait_for()
    found["undone"] = faults_of(admin, axe)
    assert {page: faults for page, faults in found.items() if faults} == {}


def test_a_dropped_file_is_sent_and_a_chosen_field_brings_what_is_to_be_said_of_it(admin):
    admin.goto("/customers/import")
    admin.locator("dg-drop:defined").wait_for()
    with admin.expect_navigation():
        admin.evaluate(DROP, ["dg-drop", [["名单.csv", "名称,谁\n听松阁书店,王芳\n"]]])
    admin.watch.settle()
    admin.uncheck("[name=headed][type=checkbox]")
    admin.locator("thead th", has_text="#1").wait_for()
    admin.check("[name=headed][type=checkbox]")
    admin.locator("thead th", has_text="名称").wait_for()
    press(admin, ".dg-bar .pri")
    admin.select_option("[name='field.0.1']", "owner")
    admin.locator("[name='missing.0.1.owner']").wait_for()
    admin.select_option("[name='missing.0.1.owner']", "empty")
    admin.watch.settle()
    assert admin.input_value("[name='missing.0.1.owner']") == "empty"


def test_a_file_comes_in_without_scripts(reception, tmp_path):
    file = tmp_path / "名单.csv"
    file.write_text("名称,城市,负责人\n枕涛阁酒店,青岛,王芳\n枕涛阁旅社,青岛,无名氏\n", "gb18030")
    with reception.window("admin", scripts=False) as page:
        page.goto("/customers/import")
        page.set_input_files("#dg-file", str(file))
        page.click(".dg-drop button")
        page.click(".dg-bar .pri")
        page.select_option("[name='missing.0.2.owner']", "empty")
        page.click("button[name=look]")
        assert page.input_value("[name='missing.0.2.owner']") == "empty"
        page.click(".dg-bar .pri")
        until(page, ".dg-import-counts")
        assert page.locator(".dg-import-counts dd").first.inner_text() == "2"


def until(page: Any, selector: str) -> None:
    """Without scripts people load the page again."""
    for _turn in range(100):
        if page.locator(selector).count():
            return
        page.wait_for_timeout(100)
        page.reload()
    raise AssertionError(f"{selector} never came")
