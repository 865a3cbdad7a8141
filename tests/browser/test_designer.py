"""Laying out a form in a real browser: with the mouse, with the keyboard alone, without scripts, and nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import DESK, PHONE
from .layout import layout_faults
from .test_looks import AXE, EVERYTHING

CONTACTS, FORM = "/fields/contacts", "/contacts/new"
NARROW = (1200, 800)


@pytest.fixture(autouse=True)
def as_shipped(reception) -> Iterator[None]:
    """Whatever a test laid out, the next one finds the shipped template."""
    yield
    with reception.window("admin", lang="en", scripts=False) as page:
        page.goto(f"{CONTACTS}/reset")
        page.click("button.bad")


@pytest.fixture
def designer(reception) -> Iterator[Any]:
    with reception.window("admin", lang="en") as page:
        visit(page, CONTACTS)
        yield page


def visit(page: Any, path: str) -> None:
    page.goto(path)
    page.watch.settle()


def keys(page: Any) -> list[str]:
    """The fields in their order."""
    return page.eval_on_selector_all("#dg-design li[data-key]", "rows => rows.map((row) => row.dataset.key)")


def previewed(page: Any) -> list[str]:
    """The fields of the form as it would be, in order."""
    return page.eval_on_selector_all(
        "#dg-preview :is(input, select, textarea)", "all => [...new Set(all.map((it) => it.name))]"
    )


def save(page: Any) -> None:
    with page.expect_navigation():
        page.click(".dg-bar button.pri")
    page.watch.settle()


def faults(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)
    return [*layout_faults(page), *page.evaluate(AXE, EVERYTHING)]


# How it looks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("lang", "size"), [("en", DESK), ("zh", NARROW), ("en", PHONE), ("zh", PHONE)])
def test_it_is_whole_and_for_everybody(reception, axe, lang, size, scheme):
    with reception.window("admin", lang=lang, size=size, color_scheme=scheme) as page:
        visit(page, "/fields/customers?category=end")
        found = {"closed": faults(page, axe)}
        page.click("li[data-key=employees] summary")
        found["opened"] = faults(page, axe)
        if size == PHONE:
            page.click("button[value=preview]")
            page.locator("#dg-preview .dg-fd").first.wait_for()
            found["preview"] = faults(page, axe)
        page.click(".dg-kinds-menu > summary")
        found["kinds"] = faults(page, axe)
        page.click(".dg-kinds-menu a[href*='kind=formula']")
        page.locator("dialog [name=formula]").wait_for()
        found["new field"] = faults(page, axe)
        assert {where: wrong for where, wrong in found.items() if wrong} == {}


def test_the_preview_stands_beside_it_where_there_is_room_and_behind_a_button_elsewhere(reception):
    for size, beside in ((DESK, True), (NARROW, True), ((1199, 800), False), (PHONE, False)):
        with reception.window("admin", lang="en", size=size) as page:
            visit(page, CONTACTS)
            assert page.locator("#dg-preview").is_visible() is beside, size
            assert page.locator("button[value=preview]").is_visible() is not beside, size
            if not beside:
                page.click("button[value=preview]")
                page.locator("#dg-preview").wait_for()
                assert page.locator(".dg-bar").bounding_box()["y"] >= 0, "only what scrolls is scrolled"
                page.click("button[value=preview]")
                assert not page.locator("#dg-preview").is_visible()


# The mouse ---------------------------------------------------------------------------------------


def test_what_is_ticked_and_named_shows_in_the_preview_and_is_saved(designer):
    assert "wechat" in previewed(designer)
    designer.uncheck("li[data-key=wechat] [name=on]")
    designer.fill("[name='label.mobile']", "Cell")
    designer.locator("#dg-preview label", has_text="Cell").wait_for()
    assert "wechat" not in previewed(designer)
    save(designer)
    visit(designer, FORM)
    assert designer.locator("label", has_text="Cell").count() == 1
    assert designer.locator("[name=wechat]").count() == 0


def test_a_field_is_dragged_into_another_group(designer):
    grip = designer.locator("li[data-key=wechat] > [data-grip]")
    target = designer.locator("li[data-key=birthday] > [data-grip]")
    grip.scroll_into_view_if_needed()
    grip.hover()
    designer.mouse.down()
    box = target.bounding_box()
    designer.mouse.move(box["x"] + 4, box["y"] + 4, steps=12)
    designer.mouse.move(box["x"] + 4, box["y"] + 8, steps=4)
    designer.mouse.up()
    order = keys(designer)
    assert abs(order.index("wechat") - order.index("birthday")) == 1
    designer.locator("#dg-preview section", has_text="Personal").locator("[name=wechat]").wait_for()
    save(designer)
    assert keys(designer) == order


def test_a_group_is_added_named_and_filled(designer):
    designer.click("button[value=group]")
    assert designer.evaluate("document.activeElement.value") == "New heading"
    designer.keyboard.type("Habits")
    last = designer.locator(".dg-design-group").last
    while not last.locator("li[data-key=hobbies]").count():
        designer.click("li[data-key=hobbies] [data-move=down]")
    save(designer)
    assert designer.locator(".dg-design-group").last.locator("[name=group]").input_value() == "Habits"
    visit(designer, FORM)
    assert designer.locator("details", has_text="Habits").locator("[name=hobbies]").count() == 1


def test_leaving_without_saving_is_asked_about(designer):
    asked: list[str] = []
    designer.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    designer.click("li[data-key=wechat] [data-move=up]")
    designer.click(".dg-nav a[href='/plugins']")
    designer.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert designer.url.endswith(CONTACTS)
    save(designer)
    designer.click(".dg-nav a[href='/plugins']")
    designer.wait_for_url("**/plugins")
    assert asked == ["beforeunload"]


def test_a_field_is_added_in_the_middle_of_it_and_switched_off_and_nothing_is_lost(designer):
    designer.uncheck("li[data-key=wechat] [name=on]")
    designer.fill("[name='label.mobile']", "Cell")
    designer.click("li[data-key=mobile] [data-move=down]")
    order = keys(designer)
    designer.click(".dg-kinds-menu > summary")
    designer.click(".dg-kinds-menu a[href*='kind=text']")
    designer.fill("dialog [name=label]", "Favourite tea")
    with designer.expect_navigation():
        designer.click("dialog button.pri")
    designer.watch.settle()
    designer.wait_for_function("() => document.querySelector('[name=\"label.mobile\"]').value === 'Cell'")
    assert not designer.is_checked("li[data-key=wechat] [name=on]")
    [added] = set(keys(designer)) - set(order)
    assert [key for key in keys(designer) if key != added] == order
    designer.locator(f"#dg-preview [name={added}]").wait_for()
    save(designer)
    assert designer.input_value("[name='label.mobile']") == "Cell"
    designer.click(f"li[data-key={added}] summary")
    designer.click(f"li[data-key={added}] a[href*='/off']")
    designer.locator("dialog", has_text="0 records hold a value").wait_for()
    with designer.expect_navigation():
        designer.click("dialog button.bad")
    assert added not in keys(designer)
    assert designer.locator(".dg-design-off", has_text="Favourite tea").count() == 1


# The keyboard ------------------------------------------------------------------------------------


def test_the_keyboard_alone_moves_ticks_names_and_saves(designer):
    before = keys(designer)
    designer.focus("li[data-key=mobile] [data-move=down]")
    designer.keyboard.press("Enter")
    designer.keyboard.press("Enter")
    at = before.index("mobile")
    assert keys(designer)[at : at + 3] == [*before[at + 1 : at + 3], "mobile"]
    focused = "document.activeElement.closest('li').dataset.key + ' ' + document.activeElement.dataset.move"
    assert designer.evaluate(focused) == "mobile down"
    assert re.search("Mobile.*3.*Where to reach", designer.locator("[data-said]").inner_text())
    designer.focus("li[data-key=wechat] [name=on]")
    designer.keyboard.press("Space")
    designer.keyboard.press("Tab")
    designer.keyboard.type("WeChat id")
    with designer.expect_navigation():
        designer.keyboard.press("Enter")
    designer.watch.settle()
    assert keys(designer)[at : at + 3] == [*before[at + 1 : at + 3], "mobile"]
    assert not designer.is_checked("li[data-key=wechat] [name=on]")
    assert designer.input_value("[name='label.wechat']") == "WeChat id"


def test_every_control_is_reached_by_tab_in_the_order_of_the_page(designer):
    designer.focus("li[data-key=phone] [name=on]")
    reached = []
    for _ in range(7):
        reached.append(
            designer.evaluate(
                "(it => it.name === 'do' ? it.dataset.move : it.name || it.localName)(document.activeElement)"
            )
        )
        designer.keyboard.press("Tab")
    assert reached == ["on", "label.phone", "required", "readonly", "up", "down", "summary"]


# Without scripts ---------------------------------------------------------------------------------


def test_without_scripts_rows_move_the_preview_is_drawn_and_all_is_saved(reception):
    with reception.window("admin", lang="en", size=PHONE, scripts=False) as page:
        page.goto(CONTACTS)
        before = keys(page)
        page.fill("[name='label.mobile']", "Cell")
        page.uncheck("li[data-key=wechat] [name=on]")
        page.click("li[data-key=mobile] [data-move=down]")
        at = before.index("mobile")
        assert keys(page)[at : at + 2] == [before[at + 1], "mobile"]
        assert page.input_value("[name='label.mobile']") == "Cell"
        page.click("button[value=preview]")
        assert page.locator("#dg-preview label", has_text="Cell").is_visible()
        page.click("button[value=group]")
        page.click(".dg-bar button.pri")
        assert keys(page)[at : at + 2] == [before[at + 1], "mobile"]
        page.goto(FORM)
        assert page.locator("label", has_text="Cell").count() == 1
        assert page.locator("[name=wechat]").count() == 0


def test_without_scripts_a_field_is_added_and_reset_all_asks_first(reception):
    with reception.window("admin", lang="en", scripts=False) as page:
        page.goto(CONTACTS)
        page.click(".dg-kinds-menu > summary")
        page.click(".dg-kinds-menu a[href*='kind=date']")
        page.fill("[name=label]", "Name day")
        page.click("button.pri")
        assert page.locator("[placeholder='Name day']").count() == 1
        page.click(".dg-bar button.pri")
        page.click("text=Reset all")
        assert page.locator("text=Fields you added stay").count() == 1
        page.click("button.bad")
        assert page.locator("[placeholder='Name day']").count() == 1
        assert page.locator("text=Reset all").count() == 0
        page.click("li[data-key=x_name_day] summary")
        page.click("li[data-key=x_name_day] a[href*='/off']")
        page.click("button.bad")
        assert page.locator("[placeholder='Name day']").count() == 0
