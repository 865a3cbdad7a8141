"""The watchers see what they are there for: a made-up page with one of every fault."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import PHONE
from .layout import SHIFTS, layout_faults
from .test_looks import BIGGEST_SHIFT, EVERYTHING, axe_faults
from .test_pressed import PAGE, Presser
from .words import Data, chinese_left_over, english_left_over, texts_of

PATH = "/made-up"
FAULTY = """<!doctype html><html lang="{lang}"><head><title>Tea</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/made-up.css"></head><body><main id="main">
<p class="wide">broad</p><p class="cut">This line is far too long for the box</p>
<p class="short">This line is far too long for the box</p><p class="told" title="whole">This line is far too long for the box</p>
<select><option>A choice that does not fit</option><option>b</option></select>
<p class="pale">pale</p><p style="color: red">styled</p>
<button type="button" class="nothing">Nothing comes of it</button>
<button type="button" popovertarget="more">Something</button><div popover id="more">more</div>
<a href="/made-up?next=1">Go on</a><div class="under"><a href="/made-up?under=1">Hidden below</a><i></i></div>
<p>客户 龙井 Customers</p></main></body></html>"""
STYLES = """
.wide { width: 900px } .cut, .short, .told { width: 80px; white-space: nowrap; overflow: hidden }
.short, .told { text-overflow: ellipsis } select { width: 60px } .pale { color: #ddd; background: #fff }
.under { position: relative } .under i { position: absolute; inset: 0 }
"""
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'"


@pytest.fixture
def faulty(reception):
    with reception.window(None, size=PHONE) as page:
        page.context.add_init_script(SHIFTS)
        page.context.route(f"**{PATH}*", serve)
        page.context.route("**/made-up.css", lambda route: route.fulfill(content_type="text/css", body=STYLES))
        page.goto(PATH)
        page.watch.settle()
        yield page
        page.watch.faults.clear()


def serve(route: Any) -> None:
    headers = {"content-security-policy": POLICY, "content-type": "text/html; charset=utf-8"}
    route.fulfill(headers=headers, body=FAULTY.format(lang="en"))


def test_what_is_cut_off_or_sticks_out_is_seen(faulty):
    assert [fault.partition(":")[0] for fault in layout_faults(faulty)] == [
        "the page is 908 wide in a window of 390",
        "text stands outside of the window",
        "text is cut off",
        "text is shortened and nowhere whole",
        "a choice is cut off",
    ]


def test_a_breach_of_the_policy_and_a_refusal_are_heard(faulty):
    assert any("breaks the policy: style-src" in fault for fault in faulty.watch.faults)
    faulty.watch.faults.clear()
    faulty.goto("/static/there-is-no-such-file")
    assert any(fault.startswith("404: GET") for fault in faulty.watch.faults)


def test_axe_reads_the_page(faulty, axe):
    rules = {fault.partition(":")[0] for fault in axe_faults(faulty, axe, EVERYTHING)}
    assert {"color-contrast", "select-name"} <= rules


def test_words_of_the_other_language_are_found_and_data_are_not(faulty):
    words = texts_of(faulty)
    assert list(chinese_left_over(words, Data(["龙井", "客户"]))) == []
    assert list(chinese_left_over(words, Data(["龙井"]))) == ["客户 龙井 Customers"]
    assert "Nothing comes of it" in list(english_left_over(words, Data(["tea"])))
    assert list(english_left_over(["Customers"], Data(["customers"]))) == [
        "Customers"
    ]  # translated, though it is data too
    assert list(english_left_over(["Longjing"], Data(["longjing tea"]))) == []


def test_a_page_that_jumps_is_noticed(faulty):
    assert faulty.evaluate("() => globalThis.dgShift") <= BIGGEST_SHIFT
    faulty.evaluate("() => document.querySelector('.wide').classList.add('pale')")
    faulty.evaluate(
        "() => document.body.firstElementChild.prepend(document.createElement('h1'), ...Array.from({ length: 30 }, () => document.createElement('hr')))"
    )
    faulty.wait_for_timeout(100)
    assert faulty.evaluate("() => globalThis.dgShift") > BIGGEST_SHIFT


def test_a_dead_control_and_one_out_of_reach_are_named(faulty):
    presser = Presser(faulty)
    faulty.evaluate(PAGE)
    presser.press_all("made up", PATH, everywhere=True)
    assert [fault.partition(" (")[0].partition(" can't")[0] for fault in presser.dead] == [
        "made up: “Hidden below”",
        "made up: “Nothing comes of it”",
    ]


def test_a_link_that_leads_nowhere_is_named(reception):
    with reception.window("admin") as page:
        presser = Presser(page)
        presser.open("/")
        page.evaluate("() => document.querySelector('.dg-brand').setAttribute('href', '/there-is-no-such-page')")
        page.evaluate("() => dgPress.stay()")
        [brand] = [
            it for it in page.evaluate("() => dgPress.list(true)") if it["sign"].endswith("/there-is-no-such-page?")
        ]
        presser.follow("home", brand, True)
        assert ["there-is-no-such-page: 404" in fault for fault in presser.wrong] == [True]
