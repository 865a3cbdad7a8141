"""Every page, on a desk and on phones, light and dark, in both languages: nothing cut off, nothing jumps, nobody shut out."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import DESK, PHONE, SMALL_PHONE
from .layout import SHIFTS, layout_faults
from .places import PLACES, TABS
from .words import Data, chinese_left_over, data_texts, english_left_over, texts_of

STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]
BIGGEST_SHIFT = 0.01
SLOW_WIRE = {"offline": False, "latency": 20, "downloadThroughput": 20_000, "uploadThroughput": -1}
"""Milliseconds and bytes a second."""
LIST_BYTES = 160 * 1024
HOME_BYTES = 360 * 1024

AXE = """
async (rules) => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"], ...rules });
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary.slice(0, 200)}`));
}
"""
EVERYTHING = {"runOnly": {"type": "tag", "values": STANDARD}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


@pytest.fixture(scope="module")
def data(server) -> Data:
    return Data(data_texts(server.database) | {(server.data / "dougong.toml").read_text(encoding="utf-8")})


@pytest.fixture(scope="module")
def windows(reception) -> Any:
    """One window for each language, opened once: what a page looks like does not depend on the one before."""
    with reception.window("admin", lang="zh") as chinese, reception.window("admin", lang="en") as english:
        for page in (chinese, english):
            page.context.add_init_script(SHIFTS)
        yield {"zh": chinese, "en": english}


@pytest.fixture
def look(windows):
    """Opens a page in a window of that language and size."""

    def open_page(lang: str, path: str, size: tuple[int, int]) -> Any:
        page = windows[lang]
        page.watch.faults.clear()
        page.emulate_media(color_scheme="light")
        resize(page, size)
        page.goto(path)
        page.watch.settle()
        return page

    return open_page


def resize(page: Any, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


def axe_faults(page: Any, source: str, rules: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in globalThis"):
        page.evaluate(source)
    return page.evaluate(AXE, rules)


AXE_LOOKS = {("en", DESK), ("zh", PHONE)}
"""What axe reads differs little between languages and sizes: each of both is read once."""


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", PLACES)
def test_a_page_is_whole_in_the_readers_words_and_for_everybody(look, axe, data, name, lang):
    found: dict[str, list[str]] = {}
    for size in (DESK, PHONE):
        page = look(lang, PLACES[name], size)
        found[f"{size} jumps"] = shifts(page)
        found[f"{size} cut off"] = layout_faults(page)
        if (lang, size) in AXE_LOOKS:
            found[f"{size} light"] = axe_faults(page, axe, EVERYTHING)
            page.emulate_media(color_scheme="dark")
            page.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
            found[f"{size} dark"] = axe_faults(page, axe, CONTRAST)
        found[f"{size} faults"] = list(page.watch.faults)
    resize(page, SMALL_PHONE)
    found[f"{SMALL_PHONE} cut off"] = layout_faults(page)
    left_over = english_left_over if lang == "zh" else chinese_left_over
    found["words"] = list(left_over(texts_of(page), data))
    assert {what: faults for what, faults in found.items() if faults} == {}


def shifts(page: Any) -> list[str]:
    shift = page.evaluate("globalThis.dgShift")
    return [f"{shift}: {page.evaluate('globalThis.dgShifted')}"] if shift > BIGGEST_SHIFT else []


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_door_is_whole_and_for_everybody(reception, axe, data, lang):
    left_over = english_left_over if lang == "zh" else chinese_left_over
    with reception.window(None, lang=lang) as page:
        page.context.add_init_script(SHIFTS)
        page.goto("/sign-in?next=/customers")
        page.watch.settle()
        assert shifts(page) == []
        for size in (DESK, PHONE, SMALL_PHONE):
            resize(page, size)
            assert layout_faults(page) == []
        assert list(left_over(texts_of(page), data)) == []
        assert axe_faults(page, axe, EVERYTHING) == []
        page.emulate_media(color_scheme="dark")
        assert axe_faults(page, axe, CONTRAST) == []


@pytest.mark.parametrize("name", ["customers-filtered", "customer"])
def test_a_page_that_comes_in_slowly_is_painted_once(reception, name):
    with reception.window("admin", lang="en", size=PHONE) as page:
        page.context.add_init_script(SHIFTS)
        wire = page.context.new_cdp_session(page)
        wire.send("Network.enable")
        page.goto("/")
        wire.send("Network.emulateNetworkConditions", SLOW_WIRE)
        page.goto(PLACES[name])
        page.watch.settle()
        assert page.evaluate("globalThis.dgShifted") == []


def test_the_tabs_of_a_customer_are_the_ones_looked_at(look):
    page = look("zh", "/customers/1", DESK)
    tabs = page.eval_on_selector_all(
        ".dg-views a", "links => links.map((it) => new URL(it.href).searchParams.get('tab'))"
    )
    assert tabs == [None, *TABS, "attachments", "history"]


@pytest.mark.parametrize("path", ["/customers/new?kind=channel", "/customers/1?tab=attachments"])
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_the_buttons_that_scripts_do_without_are_shown_only_where_there_are_none(reception, path, scripts):
    with reception.window("admin", scripts=scripts) as page:
        page.goto(path)
        assert page.locator(".dg-no-js").is_visible() is not scripts


@pytest.mark.parametrize(("path", "limit"), [("/customers", LIST_BYTES), ("/contacts", LIST_BYTES), ("/", HOME_BYTES)])
def test_a_first_visit_stays_small(reception, path, limit):
    with reception.window("admin") as page:
        wire = page.context.new_cdp_session(page)
        sizes: list[float] = []
        wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        wire.send("Network.enable")
        page.goto(path)
        page.watch.settle()
        assert len(sizes) > 4
        assert sum(sizes) <= limit
