"""What people do all day with keyboard and mouse, as the browser really does it."""

from __future__ import annotations

import re
from typing import Any

import pytest

HONGYUAN = "杭州宏远机械有限公司"
COMPOSING_ENTER = """
(input) => {
  input.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
  const during = new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, isComposing: true, bubbles: true, cancelable: true });
  const submitted = input.dispatchEvent(during);
  input.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
  input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", keyCode: 229, bubbles: true, cancelable: true }));
  return submitted;
}
"""


@pytest.fixture
def admin(reception):
    with reception.window("admin") as page:
        yield page


@pytest.fixture
def seller(reception):
    with reception.window("wangfang") as page:
        yield page


def visit(page: Any, path: str) -> None:
    page.goto(path)
    page.watch.settle()


def texts(page: Any, selector: str) -> list[str]:
    return [text.strip() for text in page.locator(selector).all_inner_texts()]


def rows(page: Any) -> list[str]:
    return texts(page, ".dg-table .p-title")


def heads(page: Any) -> list[str]:
    """What the columns of a list are called, without the boxes and stars at their sides."""
    return texts(page, "thead th:not(.dg-pick, .dg-starred)")


def query(page: Any) -> str:
    return page.url.partition("?")[2]


# The keyboard ------------------------------------------------------------------------------------


def test_ctrl_k_finds_a_customer_by_its_initials_and_enter_opens_it(admin):
    visit(admin, "/roles")
    admin.keyboard.press("Control+k")
    assert admin.locator("#dg-palette").is_visible()
    admin.keyboard.type("hzhyjx")
    hit = admin.locator("#dg-palette [role=option][aria-selected=true]")
    hit.filter(has_text=HONGYUAN).wait_for()
    admin.keyboard.press("Enter")
    admin.wait_for_url(re.compile(r"/customers/1$"))
    assert admin.locator("h1").inner_text() == HONGYUAN


def test_the_palette_moves_by_arrows_and_closes_by_escape(admin):
    visit(admin, "/")
    admin.keyboard.press("Control+k")
    options = admin.locator("#dg-palette [role=option]")
    options.first.wait_for()
    assert options.nth(0).get_attribute("aria-selected") == "true"
    admin.keyboard.press("ArrowDown")
    assert [options.nth(at).get_attribute("aria-selected") for at in (0, 1)] == ["false", "true"]
    admin.keyboard.press("Escape")
    assert not admin.locator("#dg-palette").is_visible()


def test_j_and_k_move_through_a_list_and_enter_opens_the_row(admin):
    visit(admin, "/customers")
    names = rows(admin)
    for key in "jjk":
        admin.keyboard.press(key)
    assert admin.evaluate("() => document.activeElement.innerText") in names[0]
    admin.keyboard.press("j")
    admin.keyboard.press("Enter")
    admin.wait_for_url(re.compile(r"/customers/\d+"))
    assert admin.locator("h1").inner_text() in names[1]


def test_letters_act_only_while_nobody_types(admin):
    visit(admin, "/customers")
    admin.keyboard.press("/")
    assert admin.evaluate("() => document.activeElement.id") == "dg-quick"
    admin.keyboard.type("c")
    admin.watch.settle()
    assert "/customers" in admin.url
    assert "/new" not in admin.url
    visit(admin, "/customers")
    admin.keyboard.press("?")
    assert admin.locator("#dg-keys").is_visible()
    admin.keyboard.press("Escape")
    admin.keyboard.press("c")
    admin.wait_for_url(re.compile(r"/customers/new"))


@pytest.mark.parametrize(
    ("path", "box"), [("/customers/new?kind=end", "#f-name"), ("/customers", "#dg-quick"), ("/search", "main [name=q]")]
)
def test_enter_that_picks_a_word_never_sends_a_form(admin, path, box):
    visit(admin, path)
    admin.fill(box, "ganglanggongsi")
    admin.watch.settle()
    admin.wait_for_timeout(400)
    admin.watch.settle()
    where, asked = admin.url, len(admin.watch.asked)
    admin.locator(box).evaluate(COMPOSING_ENTER)
    admin.locator(box).evaluate(
        "(input) => input.dispatchEvent(new CompositionEvent('compositionstart', { bubbles: true }))"
    )
    admin.locator(box).press("Enter")
    admin.locator(box).evaluate(
        "(input) => { input.value = ''; input.dispatchEvent(new CompositionEvent('compositionend', { bubbles: true })); }"
    )
    assert admin.url == where
    assert [it for it in admin.watch.asked[asked:] if it.startswith("POST")] == []
    if "new" in path:
        admin.locator(box).press("Enter")  # and a plain one does
        assert admin.locator(box).get_attribute("aria-invalid") == "true"


# Lists -------------------------------------------------------------------------------------------


def test_quick_find_narrows_the_list_while_one_types(admin):
    visit(admin, "/customers")
    admin.locator("#dg-quick").press_sequentially("hzhyjx")
    admin.wait_for_url(re.compile("q=hzhyjx"))
    admin.watch.settle()
    assert [HONGYUAN in row for row in rows(admin)] == [True]
    assert admin.locator("#dg-quick").input_value() == "hzhyjx"
    assert admin.evaluate("() => document.activeElement.id") == "dg-quick"


def test_a_filter_with_an_or_group_shows_what_meets_either(admin):
    visit(admin, "/customers")
    admin.click(".dg-filter > summary")
    set_condition(admin, 0, "city", "=", "杭州")
    admin.click("button[data-add='or']")
    set_condition(admin, 1, "city", "=", "上海")
    admin.click(".dg-conditions button.pri")
    admin.wait_for_url(re.compile(r"g=1"))
    admin.watch.settle()
    assert admin.locator(".dg-chip").count() == 2
    assert admin.locator(".dg-or").count() == 1
    assert set(texts(admin, ".dg-table td.p-meta")) == {"杭州", "上海"}
    admin.locator(".dg-chip a").nth(1).click()
    admin.wait_for_url(lambda url: "g=1" not in url)
    admin.watch.settle()
    assert set(texts(admin, ".dg-table td.p-meta")) == {"杭州"}
    admin.click(".dg-clear")
    admin.wait_for_url(lambda url: "f=" not in url)


def set_condition(page: Any, at: int, field: str, operator: str, value: str) -> None:
    row = page.locator("[data-condition]").nth(at)
    row.locator("[name=f]").select_option(field)
    row.locator("[name=o]").select_option(operator)
    row.locator("[data-value] input:not([type=hidden])").fill(value)


def test_a_press_on_a_head_sorts_and_another_turns_it_round(admin):
    visit(admin, "/customers")
    city = admin.locator("thead a").filter(has_text="城市")
    city.click()
    admin.wait_for_url(re.compile("sort=city"))
    admin.watch.settle()
    up = texts(admin, ".dg-table td.p-meta")
    assert admin.locator("th[aria-sort=ascending]").inner_text().strip() == "城市"
    admin.locator("thead a").filter(has_text="城市").click()
    admin.wait_for_url(re.compile("sort=-city"))
    admin.watch.settle()
    down = texts(admin, ".dg-table td.p-meta")
    assert up[0] != up[-1]
    assert down[0] != up[0]
    admin.go_back()
    admin.wait_for_url(re.compile("sort=city"))
    admin.watch.settle()
    assert texts(admin, ".dg-table td.p-meta") == up


def test_columns_are_moved_left_out_and_put_back(seller):
    visit(seller, "/customers")
    before = heads(seller)
    seller.locator("summary", has_text="列").click()
    seller.locator(".dg-columns li").nth(2).locator("[name=up]").click()
    seller.locator(".dg-columns li").nth(3).locator("[type=checkbox]").uncheck()
    seller.locator(".dg-columns button.pri, .dg-columns button:not([name]):not([type=button])").last.click()
    seller.wait_for_load_state()
    seller.watch.settle()
    after = heads(seller)
    assert after == [before[0], before[2], before[1], *before[4:]]
    visit(seller, "/customers")
    assert heads(seller) == after
    seller.locator("summary", has_text="列").click()
    seller.click(".dg-columns [name=reset]")
    seller.wait_for_load_state()
    seller.watch.settle()
    assert heads(seller) == before


def test_the_pager_turns_and_the_jump_box_takes_only_pages_that_exist(admin):
    visit(admin, "/customers?size=20")
    first = rows(admin)
    last = int(admin.locator(".dg-jump").get_attribute("data-pages"))
    admin.locator(".dg-turn a").first.click()
    admin.wait_for_url(re.compile("page=2"))
    admin.watch.settle()
    assert rows(admin) != first
    jump = admin.locator(".dg-jump input[name=page]")
    for nothing in ("", "0", str(last + 1), "-1", "x"):
        asked = len(admin.watch.asked)
        jump.fill(nothing)
        jump.press("Enter")
        admin.watch.settle()
        assert admin.watch.asked[asked:] == []
        assert jump.input_value() == ""
        assert "page=2" in admin.url
    jump.fill(str(last))
    jump.press("Enter")
    admin.wait_for_url(re.compile(f"page={last}"))
    admin.watch.settle()
    assert jump.input_value() == ""
    assert rows(admin) != first


# Forms -------------------------------------------------------------------------------------------


def test_a_refused_form_keeps_what_was_typed_and_stands_at_the_first_fault(admin):
    visit(admin, "/customers/new?kind=end")
    admin.watch.expected.add(422)
    admin.fill("#f-name", "青岛浪花泵业有限公司")
    admin.fill("#f-short_name", "浪花泵业")
    admin.fill("#f-email", "no mail address")
    admin.fill("#f-employees", "about ten")
    admin.locator(".dg-form-foot button.pri").click()
    admin.wait_for_load_state()
    admin.watch.settle()
    assert admin.locator("#f-name").input_value() == "青岛浪花泵业有限公司"
    assert admin.locator("#f-short_name").input_value() == "浪花泵业"
    assert admin.locator("#f-email").input_value() == "no mail address"
    assert admin.locator("#f-employees").input_value() == "about ten"
    wrong = admin.locator("[aria-invalid=true]")
    assert [field.get_attribute("name") for field in wrong.all()] == ["employees", "email"]
    assert wrong.first.evaluate("(field) => field === document.activeElement")


def test_nobody_leaves_a_form_unasked_after_typing(admin):
    visit(admin, "/customers/new?kind=end")
    asked: list[str] = []
    admin.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    admin.locator("#f-name").press_sequentially("a")
    admin.locator(".dg-nav a").nth(1).click(no_wait_after=True)
    admin.wait_for_timeout(300)
    assert asked == ["beforeunload"]
    assert "/customers/new" in admin.url
    assert admin.locator("#f-name").input_value() == "a"


def test_a_second_writer_is_told_before_writing_over_the_first(reception):
    with reception.window("admin") as first, reception.window("lilei") as second:
        for page in (first, second):
            visit(page, "/customers")
        path = re.sub(r"\?.*", "", second.locator(".dg-table .p-title a").first.get_attribute("href"))
        for page in (first, second):
            visit(page, f"{path}/edit")
        first.fill("#f-short_name", "先到者")
        first.locator(".dg-form-foot button.pri").click()
        first.wait_for_url(re.compile(rf"{path}$"))
        second.watch.expected.add(409)
        second.fill("#f-short_name", "后来者")
        second.locator(".dg-form-foot button.pri").click()
        banner = second.locator(".dg-banner.warn")
        banner.wait_for()
        assert "admin" in banner.inner_text()
        mine, theirs, _original = second.locator(".dg-clash:has(#f-short_name) .dg-keep").all()
        assert second.locator(".dg-clash").count() == 1
        assert mine.get_by_role("radio").is_checked()
        assert mine.locator("#f-short_name").input_value() == "后来者"
        assert theirs.locator(".dg-text").inner_text() == "先到者"
        assert "admin" in theirs.locator("small").inner_text()
        second.locator(".dg-form-foot button.pri").click()
        second.wait_for_url(re.compile(rf"{path}$"))
        assert "后来者" in second.locator(".dg-props").inner_text()


def test_a_look_up_box_finds_by_initials_and_takes_the_choice(seller):
    visit(seller, "/contacts/new")
    box = seller.locator("dg-lookup:has([name=customer]) .ts-control input")
    box.click()
    own = seller.locator(".ts-dropdown .dg-option").first
    own.wait_for()
    chosen = own.locator(".dg-ell").inner_text()
    box.press_sequentially(chosen[:4])
    seller.locator(".ts-dropdown .dg-option", has_text=chosen).first.wait_for()
    box.press("Enter")
    assert seller.locator("[name=customer] option:checked").inner_text() == chosen


def test_what_is_written_stands_on_top_of_the_timeline(seller):
    visit(seller, "/customers?view=1")
    seller.locator(".dg-table .p-title a").first.click()
    seller.wait_for_url(re.compile(r"/customers/\d+"))
    said = "电话里谈到了新的装配线，下周去看现场。"
    composer = seller.locator(".dg-composer[action$='/timeline']")
    composer.locator("textarea").fill(said)
    composer.locator("button.pri").click()
    seller.locator(".dg-timeline .dg-text").filter(has_text=said).wait_for()
    assert texts(seller, ".dg-timeline .dg-text")[0] == said


# The company -------------------------------------------------------------------------------------


def menu(page: Any) -> list[str]:
    return [link.get_attribute("href") for link in page.locator(".dg-nav a").all()]


def test_a_plugin_goes_and_comes_back_by_its_switch(reception):
    with reception.window("admin") as admin, reception.window("wangfang") as seller:
        visit(admin, "/plugins")
        admin.click("#plugin-visits [role=switch]")
        dialog = admin.locator("#dg-dialog")
        dialog.locator("button.bad").wait_for()
        assert "拜访" in dialog.inner_text()
        dialog.locator("button.bad").click()
        admin.wait_for_url(re.compile("/plugins$"))
        admin.watch.settle()
        try:
            assert "/visits" not in menu(admin)
            assert admin.locator("#plugin-visits [role=switch]").get_attribute("aria-checked") == "false"
            visit(seller, "/")
            assert "/visits" not in menu(seller)
        finally:
            admin.click("#plugin-visits [role=switch]")
            dialog.locator("button.pri").click()
            admin.wait_for_url(re.compile("/plugins$"))
        visit(seller, "/")
        assert "/visits" in menu(seller)


def test_the_look_changes_at_once_and_is_remembered(reception):
    with reception.window("zhaomin") as page:
        visit(page, "/")
        page.click(".dg-me > summary")
        page.click("[name=theme][value=dark]")
        assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
        page.watch.settle()
        visit(page, "/customers")
        assert page.evaluate("() => document.documentElement.dataset.theme") == "dark"
        page.click(".dg-me > summary")
        page.click("[name=theme][value=auto]")
        page.watch.settle()
        visit(page, "/")
        assert page.evaluate("() => document.documentElement.dataset.theme") == "light"


def test_the_language_changes_and_is_remembered(reception):
    with reception.window("zhaomin") as page:
        visit(page, "/customers")
        assert page.locator("h1").inner_text() == "客户"
        page.click(".dg-me > summary")
        page.click("[name=locale][value=en]")
        page.locator("h1", has_text="Customers").wait_for()
        visit(page, "/")
        assert page.locator("html").get_attribute("lang") == "en"
        page.click(".dg-me > summary")
        page.click("[name=locale][value=zh_CN]")
        page.locator("h1", has_text="工作台").wait_for()


# Without scripts ---------------------------------------------------------------------------------


def test_without_scripts_one_signs_in_and_finds(reception):
    with reception.window(None, scripts=False) as page:
        page.goto("/customers?sort=city")
        page.fill("[name=user]", "lilei")
        page.fill("[name=password]", reception.server.passwords["lilei"])
        page.click("button.pri")
        page.wait_for_url(re.compile(r"/customers\?sort=city"))
        page.click(".dg-filter > summary")
        row = page.locator("[data-condition]").first
        row.locator("[name=f]").select_option("city")
        row.locator("[name=o]").select_option("=")
        row.locator("[name=v]").fill("杭州")
        page.click(".dg-conditions button.pri")
        page.wait_for_url(re.compile("f=city"))
        assert set(texts(page, ".dg-table td.p-meta")) == {"杭州"}
        page.fill("#dg-quick", "zzzzzz")
        page.press("#dg-quick", "Enter")
        page.wait_for_url(re.compile("q=zzzzzz"))
        assert page.locator(".dg-empty").is_visible()


def test_without_scripts_a_customer_is_entered_changed_and_sent_on(reception):
    with reception.window("wangfang", scripts=False) as page:
        page.goto("/customers/new?kind=end")
        page.fill("#f-name", "宁波无脚本阀门有限公司")
        page.locator(".dg-form-foot button.pri").click()
        page.wait_for_url(re.compile(r"/customers/\d+$"))
        assert page.locator(".dg-path .now").inner_text().strip() == "草稿"
        page.locator("a[href$='/edit']").first.click()
        page.fill("#f-city", "宁波")
        page.locator(".dg-form-foot button.pri").click()
        page.wait_for_url(re.compile(r"/customers/\d+$"))
        assert "宁波" in page.locator(".dg-props").inner_text()
        page.locator("form[action*='/moves/submitted'] button").first.click()
        page.wait_for_load_state()
        assert page.locator(".dg-path .now").inner_text().strip() == "待审核"


def test_without_scripts_a_plugin_is_switched(reception):
    with reception.window("admin", scripts=False) as page:
        for enabled in (False, True):
            page.goto("/plugins")
            page.click("#plugin-visits [role=switch]")
            page.wait_for_url(re.compile("/plugins/visits"))
            page.click(".dg-form-foot button")
            page.wait_for_url(re.compile("/plugins$"))
            assert ("/visits" in menu(page)) is enabled
