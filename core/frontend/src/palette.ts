// Ctrl K: records, pages and actions from anywhere. The server searches; here are the keys.
import { all, one, within } from "./dom";

const palette = one<HTMLDialogElement>("#dg-palette");
const box = palette && one<HTMLInputElement>("input", palette);

export function openPalette(): boolean {
  if (!palette || !box) return false;
  if (!palette.open) palette.showModal();
  box.select();
  box.dispatchEvent(new CustomEvent("dg:open"));
  return true;
}

function choose(step: number): void {
  const hits = all("a[role=option]", palette!);
  if (!hits.length) return;
  const next = (hits.findIndex((hit) => hit.ariaSelected === "true") + step + hits.length) % hits.length;
  hits.forEach((hit, at) => (hit.ariaSelected = String(at === next)));
  hits[next]!.scrollIntoView({ block: "nearest" });
  box!.setAttribute("aria-activedescendant", hits[next]!.id);
}

box?.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(event.key === "ArrowDown" ? 1 : -1);
  }
  if (event.key === "Enter") {
    const hit = one("a[role=option][aria-selected=true]", palette!);
    if (!hit) return; // the form then leads to the search page
    event.preventDefault();
    hit.click();
  }
});

addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && openPalette()) event.preventDefault();
});
addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (within(event, '[data-dg="palette"]') && openPalette()) {
    event.preventDefault();
    one("#dg-side:popover-open")?.hidePopover();
  }
});
