// Menus are <details>: they open and close by themselves. Here: one at a time, closed by a click outside, Escape, or choosing.
import { all, one, within } from "./dom";

const open = (): HTMLDetailsElement[] => all<HTMLDetailsElement>("details.dg-menu[open]");

addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target as Node)) menu.open = false;
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !one("dialog[open]")) {
    const menu = open().at(-1);
    if (!menu) return;
    menu.open = false;
    one("summary", menu)?.focus();
  }
  const summary = within(event, "details.dg-menu > summary");
  if (summary && event.key === "ArrowDown") {
    event.preventDefault();
    (summary.parentElement as HTMLDetailsElement).open = true;
    one(".dg-pop :is(a, button, input:not([type=hidden]))", summary.parentElement!)?.focus();
  }
  const row = within(event, ".dg-pop .dg-bt.row");
  if (row && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    const rows = all(".dg-bt.row", row.closest(".dg-pop")!);
    rows.at((rows.indexOf(row) + (event.key === "ArrowDown" ? 1 : -1)) % rows.length)?.focus();
  }
});
