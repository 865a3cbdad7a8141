"""A group is made, filled, looked at and deleted; who gains and who loses is whole on a desk and a phone, light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from .conftest import DESK, PHONE
from .layout import layout_faults
from .test_looks import AXE, EVERYTHING
from .test_pressed import Presser


@pytest.fixture(scope="module")
def group(reception) -> Iterator[str]:
    """The path of a group with 李雷 in it, made as the administrator makes it; deleted in the end."""
    with reception.window("admin", lang="en") as page:
        page.goto("/roles")
        page.click("nav.dg-views >> text=Groups")
        page.click("text=New group")
        page.fill("dialog [name=name]", "East China")
        page.click("dialog button.pri")
        page.wait_for_url(re.compile(r"/groups/\d+$"))
        path = "/" + page.url.split("/", 3)[3]
        page.fill("dg-lookup input", "lilei")
        page.click("dg-lookup .option >> text=李雷")
        save(page)
        assert page.locator("text=People in this group").count() == 1
    yield path
    with reception.window("admin", lang="en") as page:
        page.goto(path)
        page.click("summary[aria-label='More actions']")
        page.click("text=Delete")
        page.click("dialog button.bad")
        page.wait_for_url("**/groups")
        assert page.locator("text=No groups yet").count() == 1


def save(page: Any) -> None:
    with page.expect_navigation():
        page.click(".dg-bar button.pri")
    page.watch.settle()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("lang", "size"), [("en", DESK), ("zh", PHONE)])
def test_what_a_change_means_is_whole_and_for_everybody(reception, axe, group, lang, size, scheme):
    with reception.window("admin", lang=lang, size=size, color_scheme=scheme) as page:
        page.goto(group)
        found = {"group": faults(page, axe)}
        page.check("[name=roles] >> nth=4")  # human resources: reads and keeps much that 李雷 doesn't
        save(page)
        assert page.locator(".dg-diffs .dg-tag.ok").count() > 0
        found["preview"] = faults(page, axe)
        page.click("button[name=back]")
        page.watch.settle()
        assert page.locator("[name=roles] >> nth=4").is_checked()
        page.goto("/groups")
        found["groups"] = faults(page, axe)
        assert {where: wrong for where, wrong in found.items() if wrong} == {}


def faults(page: Any, axe: str) -> list[str]:
    page.evaluate(axe)
    return [*layout_faults(page), *page.evaluate(AXE, EVERYTHING)]


def test_something_comes_of_every_press_on_a_group(reception, group):
    with reception.window("admin", lang="en") as page:
        presser = Presser(page)
        presser.press_all("group", group, everywhere=False)
        assert presser.dead == []
        assert presser.wrong == []
        assert len(presser.pressed) > 5


def test_without_scripts_a_change_of_rights_is_looked_at_and_taken_back(reception, group):
    with reception.window("admin", lang="en", scripts=False) as page:
        for ticked in (True, False):
            page.goto(group)
            page.set_checked("[name=roles] >> nth=4", ticked)
            page.click(".dg-bar button.pri")
            assert page.locator("text=李雷").count() == 1
            page.click("button.pri")
            assert page.locator("[name=roles] >> nth=4").is_checked() is ticked
