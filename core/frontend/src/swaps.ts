// Lists change in place: tabs, sort, pager and filters load the same URL and swap #dg-page. The address bar follows.
import { one, within } from "./dom";
import { countIn } from "./counts";
import { isComposing } from "./composing";
import { wake } from "./islands";

interface Swap {
  select?: string;
  text?: string;
  response?: { raw: Response };
}

const swapOf = (event: Event): Swap => (event as CustomEvent<{ ctx: Swap }>).detail.ctx;

// An answer without the part we asked for (an error, a sign-in page) is opened as a page.
document.addEventListener("htmx:after:request", (event) => {
  const swap = swapOf(event);
  if (swap.select !== "#dg-page" || swap.text?.includes('id="dg-page"')) return;
  event.preventDefault();
  location.assign(swap.response!.raw.url);
});

// What was typed into the quick find while the answer was on its way stays.
let typed: string | null = null;
document.addEventListener("htmx:before:swap", () => {
  const quick = one<HTMLInputElement>("[data-dg-quick]");
  typed = quick && document.activeElement === quick ? quick.value : null;
});
document.addEventListener("htmx:after:swap", () => {
  const quick = one<HTMLInputElement>("[data-dg-quick]");
  if (quick && typed !== null && quick.value !== typed) {
    quick.value = typed;
    find(quick);
  }
  typed = null;
  countIn(document);
  wake(document);
});

let waiting = 0;
function find(quick: HTMLInputElement): void {
  clearTimeout(waiting);
  waiting = setTimeout(() => !isComposing() && quick.form?.requestSubmit(), 300);
}
for (const kind of ["input", "compositionend"] as const) {
  addEventListener(kind, (event) => {
    const quick = within<HTMLInputElement>(event, "[data-dg-quick]");
    if (quick && !isComposing()) find(quick);
  });
}

// The jump box does nothing for an empty, zero or too large page, and is empty after a jump.
addEventListener(
  "submit",
  (event) => {
    const form = within<HTMLFormElement>(event, ".dg-jump");
    if (!form) return;
    const box = one<HTMLInputElement>("input[name=page]", form)!;
    const page = /^\s*\d+\s*$/.test(box.value) ? Number(box.value) : 0;
    if (page >= 1 && page <= Number(form.dataset.pages)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    box.value = "";
  },
  true,
);
