// Single-letter keys. They can be switched off, and never act while somebody types or a dialog is open.
import { one, typing, within } from "./dom";
import { openPalette } from "./palette";

const help = one<HTMLDialogElement>("#dg-keys");
const enabled = help !== null && !help.hasAttribute("data-off");
let going = 0;

const searchHere = (): void => {
  const quick = one<HTMLInputElement>("[data-dg-quick]");
  if (quick) quick.select();
  else openPalette();
};

const actions: Record<string, () => void> = {
  "/": searchHere,
  "?": () => help?.showModal(),
  c: () => one(".dg-create")?.click(),
  g: () => (going = Date.now()),
};

addEventListener("keydown", (event) => {
  if (!enabled || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event) || one("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const place = Date.now() - going < 1500 ? one<HTMLAnchorElement>(`[data-go="${CSS.escape(key)}"]`) : null;
  going = 0;
  const act = place ? () => place.click() : actions[key];
  if (!act) return;
  event.preventDefault();
  act();
});

addEventListener("click", (event) => {
  if (within(event, '[data-dg="keys"]')) help?.showModal();
  if (within(event, '[data-dg="rail"]')) {
    const folded = document.documentElement.classList.toggle("dg-rail");
    try {
      localStorage.setItem("dg-rail", folded ? "1" : "0");
    } catch {
      // it stays folded until the next page
    }
  }
});
