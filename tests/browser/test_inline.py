"""Values of a list that change where they stand, kind by kind, in a real browser: a text, a choice, an amount."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from .layout import layout_faults
from .test_everyday import visit
from .test_lists import cell, column

LIST = "/customers?size=20"
NEW = {"industry": "泵阀制造", "level": "small", "credit_limit": "1234567.8"}
"""What is typed or chosen in a cell of each kind."""
SHOWN = {"industry": "泵阀制造", "level": "小客户", "credit_limit": "1,234,567.80"}
"""How it stands in the list."""
IN_THE_FORM = """
async ([path, key]) => {
  const page = new DOMParser().parseFromString(await (await fetch(path)).text(), "text/html");
  return page.querySelector(`#dg-form [name=${key}]`).value;
}
"""


@pytest.fixture(scope="module", autouse=True)
def amounts(reception) -> None:
    """李雷's list shows what may be owed, beside the rest."""
    with reception.window("lilei") as page:
        visit(page, LIST)
        page.locator("summary", has_text="列").click()
        page.check(".dg-columns [name=column][value=credit_limit]")
        page.locator(".dg-columns button:not([name]):not([type=button])").last.click()
        page.wait_for_load_state()
        page.watch.settle()


@pytest.fixture
def lilei(reception) -> Iterator[Any]:
    with reception.window("lilei") as page:
        visit(page, LIST)
        yield page


def number(page: Any) -> str:
    """The customer of the first row."""
    return page.locator("dg-inline tbody tr").first.get_attribute("data-id")


def opened(page: Any, key: str) -> Any:
    """The control a cell of the first row turns into."""
    cell(page, key).dblclick()
    control = page.locator(f"td.editing .dg-in[name={key}]")
    control.wait_for()
    return control


def put(control: Any, value: str) -> None:
    if control.evaluate("(it) => it.tagName") == "SELECT":
        control.select_option(value)
    else:
        control.fill(value)


def shown(page: Any, key: str) -> str:
    return cell(page, key).inner_text().strip()


def saved(page: Any, key: str) -> str:
    """What the record's own form says, of the customer of the first row."""
    return page.evaluate(IN_THE_FORM, [f"/customers/{number(page)}/edit", key])


def posts(page: Any) -> list[str]:
    return [it for it in page.watch.asked if it.startswith("POST")]


def done(page: Any) -> Any:
    """The message that offers to take the change back."""
    toast = page.locator(".dg-toast").last
    toast.wait_for()
    page.locator("td.editing").wait_for(state="detached")
    return toast


@pytest.mark.parametrize("key", NEW)
def test_a_value_of_each_kind_is_changed_in_its_cell_and_taken_back(lilei, key):
    before, text = saved(lilei, key), shown(lilei, key)
    put(opened(lilei, key), NEW[key])
    lilei.keyboard.press("Enter")
    toast = done(lilei)
    assert saved(lilei, key).startswith(NEW[key])
    assert SHOWN[key] in shown(lilei, key)
    assert SHOWN[key] not in text
    assert layout_faults(lilei) == []
    with lilei.expect_navigation():
        toast.locator("button").click()
    visit(lilei, LIST)
    assert (saved(lilei, key), shown(lilei, key)) == (before, text)


@pytest.mark.parametrize("key", NEW)
def test_escape_sends_nothing_and_leaves_each_kind_as_it_was(lilei, key):
    before, text = saved(lilei, key), shown(lilei, key)
    put(opened(lilei, key), NEW[key])
    lilei.keyboard.press("Escape")
    assert lilei.locator("td.editing").count() == 0
    assert shown(lilei, key) == text
    assert lilei.evaluate("() => document.activeElement.cellIndex") == column(lilei, key)
    lilei.watch.settle()
    assert posts(lilei) == []
    assert saved(lilei, key) == before


def test_an_amount_that_is_none_says_why_keeps_what_was_typed_and_can_be_mended(lilei):
    before = saved(lilei, "credit_limit")
    opened(lilei, "credit_limit").fill("一百万")
    lilei.watch.expected = {422}
    lilei.keyboard.press("Enter")
    wrong = lilei.locator("td.editing .dg-wrong[role=alert]")
    wrong.wait_for()
    assert wrong.inner_text().strip()
    box = lilei.locator("td.editing .dg-in")
    assert box.input_value() == "一百万"
    assert box.get_attribute("aria-invalid") == "true"
    assert lilei.evaluate("() => document.activeElement.name") == "credit_limit"
    assert saved(lilei, "credit_limit") == before
    box.fill("2000000")
    lilei.keyboard.press("Enter")
    toast = done(lilei)
    assert saved(lilei, "credit_limit").startswith("2000000")
    with lilei.expect_navigation():
        toast.locator("button").click()
    visit(lilei, LIST)
    assert saved(lilei, "credit_limit") == before


def test_what_somebody_else_changed_meanwhile_can_be_taken_instead_of_ones_own(reception, lilei):
    before = saved(lilei, "credit_limit")
    box = opened(lilei, "credit_limit")
    box.fill("3000000")
    with reception.window("admin") as other:
        visit(other, f"/customers/{number(lilei)}/edit")
        other.fill("#f-credit_limit", "4000000")
        other.locator("button.pri").first.click()
        other.wait_for_url(re.compile(rf"/customers/{number(lilei)}$"))
    lilei.watch.expected = {409}
    box.focus()
    lilei.keyboard.press("Enter")
    clash = lilei.locator("td.editing .dg-clash")
    clash.wait_for()
    assert clash.locator(".dg-in").input_value() == "3000000"
    assert "4,000,000" in clash.inner_text()
    assert saved(lilei, "credit_limit").startswith("4000000")
    clash.locator("input[type=radio]").nth(1).check()
    lilei.keyboard.press("Enter")
    lilei.locator("td.editing").wait_for(state="detached")
    assert "4,000,000" in shown(lilei, "credit_limit")
    put(opened(lilei, "credit_limit"), before)
    lilei.keyboard.press("Enter")
    done(lilei)
    assert saved(lilei, "credit_limit") == before


def test_what_somebody_else_changed_in_another_field_stands_beside_ones_own(reception, lilei):
    before = {key: saved(lilei, key) for key in ("level", "industry")}
    box = opened(lilei, "level")
    put(box, NEW["level"])
    with reception.window("admin") as other:
        visit(other, f"/customers/{number(lilei)}/edit")
        other.fill("#f-industry", "别人的行业")
        other.locator("button.pri").first.click()
        other.wait_for_url(re.compile(rf"/customers/{number(lilei)}$"))
    box.focus()
    lilei.keyboard.press("Enter")
    done(lilei)
    assert saved(lilei, "level") == NEW["level"]
    assert (saved(lilei, "industry"), shown(lilei, "industry")) == ("别人的行业", "别人的行业")
    for key, value in before.items():
        put(opened(lilei, key), value)
        lilei.keyboard.press("Enter")
        done(lilei)
    assert {key: saved(lilei, key) for key in before} == before


def test_by_keyboard_alone_a_choice_is_changed_and_one_goes_back_with_shift_and_tab(lilei):
    before = saved(lilei, "level")
    lilei.keyboard.press("j")
    for _step in range(column(lilei, "level") - column(lilei, "name")):
        lilei.keyboard.press("ArrowRight")
    assert lilei.evaluate("() => document.activeElement.cellIndex") == column(lilei, "level")
    lilei.keyboard.press("Enter")
    lilei.locator("td.editing select").wait_for()
    lilei.keyboard.press("ArrowUp" if before == NEW["level"] else "ArrowDown")  # it is the last one
    chosen = lilei.locator("td.editing select").input_value()
    assert chosen != before
    lilei.keyboard.press("Shift+Tab")
    lilei.locator(".dg-toast").wait_for()
    lilei.locator("td.editing").wait_for()
    assert lilei.evaluate("() => document.querySelector('td.editing').cellIndex") < column(lilei, "level")
    assert saved(lilei, "level") == chosen
    lilei.keyboard.press("Escape")
    put(opened(lilei, "level"), before)
    lilei.keyboard.press("Enter")
    lilei.locator(".dg-toast").nth(1).wait_for()
    assert saved(lilei, "level") == before


def test_whoever_clicks_elsewhere_means_what_was_typed(lilei):
    before = saved(lilei, "credit_limit")
    opened(lilei, "credit_limit").fill("5000000")
    lilei.locator("h1").click()
    toast = done(lilei)
    assert saved(lilei, "credit_limit").startswith("5000000")
    with lilei.expect_navigation():
        toast.locator("button").click()
    visit(lilei, LIST)
    assert saved(lilei, "credit_limit") == before
