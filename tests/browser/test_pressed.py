"""Every control of every page is pressed, and something comes of it: a page, a change, a dialog, a request.

What would undo the company (sign out, switch off, delete) is held back after the press has reached its form. Controls
that say and do the same are pressed once: the links of one row stand for those of all rows.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest

from .places import PLACES

SHELL = "home"
"""The page on which the sidebar is pressed too."""
SALES = ("customers", "customer", "home", "customer-edit", "organisation", "search")
ALIKE = {
    *("customers-filtered", "nothing-found", "contacts", "contact", "relation", "visit-new", "channel-customer-new"),
    *("customer-history", "customer-attachments", "customer-customer-relations-related", "role-fields", "imports"),
}
"""Pages made as others are, of the same parts: pressed with `--deep`."""

HOLD_BACK = r"""
addEventListener("submit", (event) => {
  const where = new URL(event.submitter?.getAttribute("formaction") ?? event.target.action, location.href).pathname;
  const undoes = /^\/(sign-out|password|me\/preferences|plugins\/.+)$|\/(remove|deactivate|merge|columns\/reset)$/.test(where);
  if (!undoes && !event.submitter?.matches(".bad")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  globalThis.dgHeldBack = where;
}, true);
"""

PAGE = r"""
(() => {
  if (globalThis.dgPress) return;
  const CONTROLS = "a[href], button, summary, select, input[type=checkbox], input[type=radio], input[type=submit], [role=switch], [role=button]";
  const ROWS = "tbody tr, .dg-staff li, .dg-timeline li, .dg-choices li, .dg-found li, .dg-tile li, .dg-tree li, .dg-columns li, .dg-design-group";
  const pattern = (address) => {
    if (!address) return "";
    const { pathname, searchParams } = new URL(address, location.href);
    return `${pathname.replace(/\d+/g, "#")}?${[...new Set(searchParams.keys())].join("&")}`;
  };
  const address = (element) => element.hasAttribute("href") ? new URL(element.getAttribute("href"), location.href).href : ""; // a link of a drawing has an href of its own kind
  const words = (element) => (element.getAttribute("aria-label") || element.title || element.textContent).trim().replace(/\s+/g, " ").replace(/\d+/g, "#").slice(0, 60);
  const ALIKE = "thead th, .dg-views, .dg-pop";
  const sign = (element) => {
    const row = element.closest(ROWS) ?? (isPlain(element) || element.localName !== "a" ? null : element.closest(ALIKE));
    const cell = element.closest("td")?.cellIndex ?? "";
    return [element.localName, element.type ?? "", element.getAttribute("role") ?? "", element.classList.item(0) ?? "", element.name ?? "",
      row ? `row ${cell}` : words(element), pattern(element.getAttribute("href") ?? element.form?.action)].join("|");
  };
  const isPlain = (element) => element.localName === "a" && !element.dataset.dg && !element.closest('[hx-boost\\:inherited="true"]');
  const menus = () => [...document.querySelectorAll("details")];

  const controls = (everywhere) => {
    const before = menus().map((it) => it.open);
    menus().forEach((it) => (it.open = true));
    const found = [...document.querySelectorAll(CONTROLS)].filter((it) => it.checkVisibility({ visibilityProperty: true }) && it.getClientRects().length && !it.disabled
      && it.getAttribute("aria-disabled") !== "true" && !it.closest(".dg-sr, .dg-skip, .ts-hidden-accessible, dialog, [inert]") && (everywhere || !it.closest(".dg-side, .dg-bottom")));
    menus().forEach((it, at) => (it.open = before[at]));
    return found;
  };
  const show = (element) => {
    document.querySelectorAll("details.dg-menu[open]").forEach((it) => (it.open = false));
    const own = element.localName === "summary" ? element.parentElement.parentElement : element;
    for (let it = own.closest("details"); it; it = it.parentElement.closest("details")) it.open = true;
    element.scrollIntoView({ block: "center" });
  };
  const focus = (control) => { // on the control itself, or nowhere, is no change
    const active = document.activeElement;
    return active === document.body || control.contains(active) ? "" : [...document.querySelectorAll("*")].indexOf(active);
  };
  const state = (control) => JSON.stringify([
    location.href, document.documentElement.className, document.documentElement.dataset.theme, document.body.innerHTML,
    [...document.querySelectorAll("input, select, textarea")].map((it) => [it.value, it.checked]),
    focus(control), document.querySelectorAll(":popover-open, :modal").length,
  ]);

  let control, before, reached;
  globalThis.dgPress = {
    list: (everywhere) => [...new Map(controls(everywhere).map((it) => [sign(it), { sign: sign(it), plain: isPlain(it), href: address(it), tag: it.localName, words: words(it), options: it.options?.length ?? 0 }])).values()],
    aim: (wanted, everywhere) => {
      control = controls(everywhere).find((it) => sign(it) === wanted);
      if (!control) return false;
      document.querySelectorAll("[data-pressed]").forEach((it) => it.removeAttribute("data-pressed"));
      control.dataset.pressed = "";
      show(control);
      before = state(control);
      globalThis.dgHeldBack = undefined;
      return true;
    },
    changed: () => before !== state(control) || globalThis.dgHeldBack !== undefined,
    stay: () => addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      reached = link && !event.defaultPrevented ? address(link) : "";
      event.preventDefault();
    }),
    reached: () => { const was = reached; reached = undefined; return was ?? ""; },
  };
})()
"""


class Presser:
    """Goes through the pages as one person; `dead` names what nothing came of, `wrong` what went wrong."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.pressed: set[str] = set()
        self.visited: set[str] = set()
        self.dead: list[str] = []
        self.wrong: list[str] = []
        page.on("dialog", lambda dialog: dialog.accept())
        page.context.add_init_script(HOLD_BACK)

    def open(self, path: str) -> None:
        self.page.goto(path)
        self.page.watch.settle()
        self.page.evaluate(PAGE)

    def press_all(self, name: str, path: str, *, everywhere: bool) -> None:
        self.open(path)
        fresh = [
            it for it in self.page.evaluate("(all) => dgPress.list(all)", everywhere) if it["sign"] not in self.pressed
        ]
        self.pressed.update(it["sign"] for it in fresh)
        links = [it for it in fresh if it["plain"]]
        self.page.evaluate("() => dgPress.stay()")
        for it in links:
            self.follow(name, it, everywhere)
        for it in fresh:
            if it["tag"] == "select":
                if it["options"] < 2:
                    self.dead.append(f"{name}: nothing to choose in “{it['words']}”")
            elif not it["plain"]:
                self.open(path)
                self.press(name, it, everywhere)

    def follow(self, name: str, link: dict[str, Any], everywhere: bool) -> None:
        """A link is alive when a press reaches it and its page answers."""
        self.page.evaluate("([sign, all]) => dgPress.aim(sign, all)", [link["sign"], everywhere])
        if not self.hit(name, link):
            return
        if not self.page.evaluate("() => dgPress.reached()"):
            self.dead.append(f"{name}: the link “{link['words']}” ({link['sign']})")
        target = urlsplit(link["href"])
        pattern = re.sub(r"\d+", "#", target.path)
        if target.scheme == "http" and pattern not in self.visited:
            self.visited.add(pattern)
            answer = self.page.context.request.get(link["href"])
            if answer.status >= 400:
                self.wrong.append(f"{name}: “{link['words']}” leads to {target.path}: {answer.status}")

    def press(self, name: str, control: dict[str, Any], everywhere: bool) -> None:
        page = self.page
        if not page.evaluate("([sign, all]) => dgPress.aim(sign, all)", [control["sign"], everywhere]):
            return  # an earlier press took it away: a state that was left, a row that went
        page.watch.faults.clear()
        asked = len(page.watch.asked)
        if not self.hit(name, control):
            return
        page.watch.settle()
        moved = len(page.watch.asked) > asked or not page.evaluate("() => 'dgPress' in globalThis")
        if not moved and not page.evaluate("() => dgPress.changed()"):
            self.dead.append(f"{name}: “{control['words']}” ({control['sign']})")
        self.wrong += [f"{name}: “{control['words']}”: {fault}" for fault in page.watch.faults]
        page.watch.faults.clear()

    def hit(self, name: str, control: dict[str, Any]) -> bool:
        from playwright.sync_api import Error

        try:
            self.page.locator("[data-pressed]").click(timeout=2_000)
        except Error as err:
            self.dead.append(f"{name}: “{control['words']}” can't be hit: {str(err)[:600]}")
            return False
        return True


@pytest.mark.timeout(1200)  # every control of every page
@pytest.mark.parametrize(("who", "names"), [("admin", tuple(PLACES)), ("wangfang", SALES)])
def test_something_comes_of_every_press(reception, rounds, who, names):
    usual = [name for name in names if name not in ALIKE] if who == "admin" else names[:2]
    names = rounds(usual, deep=names)
    with reception.window(who, lang="en") as page:
        presser = Presser(page)
        for name in names:
            presser.press_all(name, PLACES[name], everywhere=name == SHELL)
        assert presser.dead == []
        assert presser.wrong == []
        assert len(presser.pressed) > len(names) * 5
