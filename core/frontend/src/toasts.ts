// Messages in the corner leave by themselves, unless somebody reads them with the pointer or the focus on them.
import { all, one } from "./dom";

const corner = one("#dg-toasts");
const LIFE = 6000;
const LIFE_WITH_UNDO = 12000;

function expire(toast: HTMLElement): void {
  const later = (): void => {
    if (toast.matches(":hover, :focus-within")) setTimeout(later, 1000);
    else toast.remove();
  };
  setTimeout(later, one("form", toast) ? LIFE_WITH_UNDO : LIFE);
}

export function say(text: string, tone = ""): void {
  const toast = document.createElement("div");
  toast.className = `dg-toast ${tone}`;
  toast.textContent = text;
  show(toast);
}

export function show(toast: HTMLElement): void {
  corner?.append(toast);
  expire(toast);
}

if (corner) for (const toast of all(".dg-toast", corner)) expire(toast);

document.addEventListener("htmx:error", () => say(corner?.dataset.offline ?? "", "bad"));
