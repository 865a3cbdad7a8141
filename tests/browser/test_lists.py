"""What a list keeps and does in a real browser: views of one's own, cells typed into, the bar of a selection."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import DESK, PHONE
from .test_everyday import rows, texts, visit

SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture
def admin(reception):
    with reception.window("admin") as page:
        yield page


def column(page: Any, key: str) -> int:
    """Where the column stands among the cells of a row."""
    return page.evaluate("(key) => document.querySelector(`th[data-key=${key}]`).cellIndex", key)


def cell(page: Any, key: str, row: int = 0) -> Any:
    return page.locator("dg-inline tbody tr").nth(row).locator("td").nth(column(page, key))


def saved_in(page: Any, row: int = 0) -> str:
    """What a fresh page shows in the city of the row."""
    visit(page, "/customers")
    return cell(page, "city", row).inner_text().strip()


# Views of one's own --------------------------------------------------------------------------------


@SIZES
def test_a_list_is_saved_as_a_tab_with_its_number_changed_and_deleted(reception, size):
    name = f"杭州{size[0]}"
    with reception.window("wangfang", size=size) as page:
        visit(page, "/customers?f=city&o==&v=杭州&g=0&sort=-name")
        shown = rows(page)
        page.locator(".dg-menu summary[aria-label=当前查询]").click()
        page.get_by_role("link", name="另存为查询").click()
        page.locator("#dg-dialog [name=name]").fill(name)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"view=s\d+"))
        page.watch.settle()
        tab = page.locator(".dg-views a[aria-current=page]")
        assert name in tab.inner_text()
        assert rows(page) == shown != []
        tab.locator(".dg-cnt").filter(has_text=re.compile(r"\d")).wait_for()
        page.locator(".dg-menu summary[aria-label=当前查询]").click()
        page.get_by_role("link", name="删除查询").click()
        page.locator("#dg-dialog button.bad").click()
        page.wait_for_url(re.compile(r"/customers$"))
        assert not any(name in text for text in texts(page, ".dg-views a"))


# Cells typed into ----------------------------------------------------------------------------------


def test_a_double_click_opens_a_cell_and_enter_saves_what_is_typed(admin):
    visit(admin, "/customers")
    before = cell(admin, "city").inner_text().strip()
    cell(admin, "city").dblclick()
    box = admin.locator("td.editing input")
    box.wait_for()
    assert box.input_value() == before
    box.fill("舟山")
    admin.keyboard.press("Enter")
    toast = admin.locator(".dg-toast")
    toast.wait_for()
    assert cell(admin, "city").inner_text().strip() == "舟山"
    assert admin.evaluate("() => document.activeElement.innerText.trim()") == "舟山"
    with admin.expect_navigation():
        toast.locator("button").click()
    assert saved_in(admin) == before


def test_escape_leaves_a_cell_as_it_was(admin):
    visit(admin, "/customers")
    before = cell(admin, "city").inner_text()
    cell(admin, "city").dblclick()
    admin.locator("td.editing input").fill("不要")
    admin.keyboard.press("Escape")
    assert admin.locator("td.editing").count() == 0
    assert cell(admin, "city").inner_text() == before
    assert saved_in(admin) == before.strip()


def test_by_keyboard_one_walks_to_a_cell_changes_it_and_goes_on_with_tab(admin):
    visit(admin, "/customers")
    before = cell(admin, "city").inner_text().strip()
    admin.keyboard.press("j")
    for _step in range(column(admin, "city") - column(admin, "name")):
        admin.keyboard.press("ArrowRight")
    admin.keyboard.press("Enter")
    admin.locator("td.editing input").fill("湖州")
    admin.keyboard.press("Tab")
    admin.locator(".dg-toast").wait_for()
    admin.locator("td.editing").wait_for()
    assert cell(admin, "city").inner_text().strip() == "湖州"
    assert admin.evaluate("() => document.querySelector('td.editing').cellIndex") > column(admin, "city")
    admin.keyboard.press("Escape")
    cell(admin, "city").dblclick()
    admin.locator("td.editing input").fill(before)
    admin.keyboard.press("Enter")
    admin.locator(".dg-toast").nth(1).wait_for()
    assert saved_in(admin) == before


def test_a_refused_value_says_why_and_keeps_what_was_typed(admin):
    visit(admin, "/customers")
    cell(admin, "name").dblclick(position={"x": 4, "y": 4})
    box = admin.locator("td.editing input").first
    box.fill("")
    admin.watch.expected = {422}
    admin.keyboard.press("Enter")
    admin.locator("td.editing .dg-wrong").wait_for()
    assert admin.locator("td.editing input").first.input_value() == ""
    admin.keyboard.press("Escape")
    assert admin.locator("td.editing").count() == 0


def test_who_was_faster_is_named_and_ones_own_value_can_still_be_kept(reception, admin):
    visit(admin, "/customers")
    before = cell(admin, "city").inner_text().strip()
    number = admin.locator("dg-inline tbody tr").first.get_attribute("data-id")
    cell(admin, "city").dblclick()
    admin.locator("td.editing input").fill("我的城")
    with reception.window("lilei") as other:
        visit(other, f"/customers/{number}/edit")
        other.fill("#f-city", "别人的城")
        other.locator("button.pri").first.click()
        other.wait_for_url(re.compile(rf"/customers/{number}$"))
    admin.watch.expected = {409}
    admin.locator("td.editing input").focus()
    admin.keyboard.press("Enter")
    clash = admin.locator("td.editing .dg-clash")
    clash.wait_for()
    assert "李雷" in clash.inner_text()
    assert "别人的城" in clash.inner_text()
    admin.locator("td.editing input.dg-in").press("Enter")
    admin.locator(".dg-toast").wait_for()
    assert saved_in(admin) == "我的城"
    cell(admin, "city").dblclick()
    admin.locator("td.editing input").fill(before)
    admin.keyboard.press("Enter")
    admin.locator(".dg-toast").wait_for()


def test_who_may_not_change_records_is_offered_no_cell(reception):
    with reception.window("zhaomin") as page:
        visit(page, "/customers")
        assert page.locator("td.ed").count() == 0


# The bar of a selection ----------------------------------------------------------------------------


@SIZES
def test_the_bar_counts_what_is_selected_and_everything_found_on_request(reception, size):
    with reception.window("admin", size=size) as page:
        visit(page, "/customers?size=20")
        boxes = page.locator("tbody .dg-pick input")
        boxes.nth(0).check()
        boxes.nth(2).check()
        bar = page.locator(".dg-bulk")
        assert bar.locator("[data-selected]").inner_text() == "2"
        page.locator(".dg-every input").check()
        assert bar.locator("[data-selected]").inner_text() == page.locator(".dg-every input").get_attribute(
            "data-every"
        )
        boxes.nth(1).uncheck()
        assert bar.locator("[data-selected]").inner_text() == "19"
        assert not page.locator(".dg-every input").is_checked()
        box = bar.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
