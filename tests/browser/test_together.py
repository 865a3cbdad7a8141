"""Two people at one record: who was slower chooses what stands; who is mentioned finds it; what is starred is at hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .conftest import DESK, PHONE
from .layout import layout_faults
from .test_looks import CONTRAST, EVERYTHING, axe_faults


@pytest.fixture
def customer(reception) -> Any:
    """Makes a customer of 王芳's in the form; its path."""

    def make(name: str) -> str:
        with reception.window("wangfang", lang="en") as page:
            page.goto("/customers/new?kind=end")
            page.fill("[name=name]", name)
            page.fill("[name=city]", "上海")
            with page.expect_navigation():
                page.click(".dg-form-foot button.pri")
            page.wait_for_url(re.compile(r"/customers/\d+$"))
            return "/" + page.url.split("/", 3)[3]

    return make


def save(page: Any) -> None:
    with page.expect_navigation():
        page.click(".dg-form-foot button.pri")
    page.watch.settle()


def change(page: Any, path: str, **values: str) -> None:
    page.goto(f"{path}/edit")
    for name, value in values.items():
        page.fill(f"[name={name}]", value)


@pytest.mark.parametrize(("lang", "size", "scripts"), [("en", DESK, True), ("zh", PHONE, True), ("zh", DESK, False)])
def test_who_was_slower_chooses_field_by_field_and_loses_nothing(reception, customer, axe, lang, size, scripts):
    path = customer(f"同改{'一二三'[2 * (not scripts) + (size == PHONE)]}号有限公司")
    with (
        reception.window("wangfang", lang=lang, size=size, scripts=scripts) as slow,
        reception.window("admin", lang="en") as fast,
    ):
        change(slow, path, city="宁波", address="西湖一号")
        change(fast, path, city="杭州", email="a@b.example")
        save(fast)
        slow.watch.expected.add(409)
        save(slow)
        assert slow.locator(".dg-banner.warn").count() == 1
        assert slow.locator(".dg-keep").count() == 3
        assert "a@b.example" in slow.locator(".dg-banner").inner_text()
        assert slow.locator("[name=city]").input_value() == "宁波"
        if scripts:
            assert layout_faults(slow) == []
            for scheme, rules in (("light", EVERYTHING), ("dark", CONTRAST)):
                slow.emulate_media(color_scheme=scheme)
                assert axe_faults(slow, axe, rules) == []
        slow.check(".dg-keep:nth-child(2) input")
        save(slow)
        assert slow.url.endswith(path)
        change(slow, path)
        values = [slow.locator(f"[name={name}]").input_value() for name in ("city", "address", "email")]
        assert values == ["杭州", "西湖一号", "a@b.example"]


def test_a_name_is_offered_behind_an_at_and_the_mention_waits_at_home(reception, customer):
    path = customer("提及一号有限公司")
    with reception.window("wangfang", lang="en") as page:
        page.goto(path)
        page.click(".dg-comment > summary")
        box = page.locator(".dg-comment textarea")
        box.click()
        page.keyboard.type("Please look, @lil")
        offered = page.locator(".dg-names li")
        offered.first.wait_for()
        assert offered.all_inner_texts() == ["李雷"]
        page.keyboard.press("Enter")
        page.keyboard.type("thanks")
        assert box.input_value() == "Please look, @李雷 thanks"
        with page.expect_navigation():
            page.click(".dg-comment button")
        page.watch.settle()
        assert "Please look" in page.locator(".dg-timeline").inner_text()
    with reception.window("lilei", lang="en") as page:
        page.goto("/")
        card = page.locator("section[aria-label='Mentioned me']")
        assert "Please look, @李雷 thanks" in card.inner_text()
        card.locator("a:has-text('Please look')").click()
        page.wait_for_url(re.compile(rf"{path}$"))
        page.goto("/")
        assert card.count() == 0


def test_a_comment_taken_back_is_undone_from_the_message(reception, customer):
    path = customer("撤回一号有限公司")
    with reception.window("wangfang", lang="en") as page:
        page.goto(path)
        page.click(".dg-comment > summary")
        page.fill(".dg-comment textarea", "Said too early")
        with page.expect_navigation():
            page.click(".dg-comment button")
        with page.expect_navigation():
            page.click(".dg-said-acts button:has-text('Remove')")
        assert page.locator("text=Said too early").count() == 0
        with page.expect_navigation():
            page.click(".dg-toast button")
        page.watch.settle()
        assert page.locator(".dg-timeline >> text=Said too early").count() == 1


def test_a_star_in_the_list_brings_the_record_home(reception, customer):
    path = customer("星标一号有限公司")
    customer("星标二号有限公司")
    with reception.window("wangfang", lang="en") as page:
        page.goto("/customers?q=星标一号")
        with page.expect_navigation():
            page.click(f".dg-starred button[formaction='{path}/favourite']")
        page.watch.settle()
        assert page.locator(".dg-starred [aria-pressed=true]").count() == 1
        assert "q=" in page.url
        page.goto("/")
        assert "星标一号有限公司" in page.locator("section[aria-label='Favourites']").inner_text()
        page.goto("/customers")
        page.click("nav.dg-views >> text=Favourites")
        page.wait_for_url("**view=*")
        page.watch.settle()
        kept = page.locator(".dg-table tbody").inner_text()
        assert "星标一号有限公司" in kept
        assert "星标二号有限公司" not in kept
        page.goto(path)
        with page.expect_navigation():
            page.click(".dg-head-tools button[aria-label='No longer a favourite']")
        page.goto("/")
        assert page.locator("section[aria-label=Favourites]", has_text="星标一号有限公司").count() == 0
