// Forms: the cursor goes to the first wrong field, Ctrl+Enter saves, a press on a button counts once.
import { all, one, within } from "./dom";
import { wake } from "./islands";
import { say } from "./toasts";

const FIELDS = "input:not([type=hidden]):not([disabled]), select:not([disabled]), textarea:not([disabled]), .ts-control input";

/** The first field that was refused, else the one that asks for it, else the first empty-handed one of a dialog. */
export function focusFirst(root: ParentNode): void {
  const wrong = one('[aria-invalid="true"]', root);
  const wanted = wrong ?? one("[data-focus]", root) ?? (root instanceof HTMLDialogElement ? one(`form :is(${FIELDS})`, root) : null);
  if (!wanted) return;
  wanted.closest("details")?.setAttribute("open", "");
  wanted.focus();
  if (wrong) wrong.scrollIntoView({ block: "center" });
}

addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  const form = within<HTMLFormElement>(event, "form[method=post]");
  if (!form) return;
  event.preventDefault();
  const button = one<HTMLButtonElement>("button.pri:not([type=button])", form) ?? one<HTMLButtonElement>(`button.pri[form="${form.id}"]`);
  form.requestSubmit(button ?? undefined);
});

addEventListener("submit", (event) => {
  const form = event.target as HTMLFormElement;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.download) return void setTimeout(() => downloading(form));
  // After the browser has read the form: a second click does nothing while the first is under way.
  setTimeout(() => {
    for (const button of all<HTMLButtonElement>("button:not([type=button])", form)) button.setAttribute("aria-busy", "true");
  });
});

// The answer is a file, and the page stays as it is. In a dialog the question is answered; on a page of its own it can be asked
// again, and a message would lie on its buttons.
function downloading(form: HTMLFormElement): void {
  const dialog = form.closest("dialog");
  if (!dialog) return;
  dialog.close();
  say(form.dataset.download!);
}

addEventListener("pageshow", () => {
  for (const button of all('button[aria-busy="true"]')) button.removeAttribute("aria-busy");
});

// A required field left empty is named by the browser; ours is coloured too, until it is filled.
addEventListener("invalid", (event) => (event.target as Element).setAttribute("aria-invalid", "true"), true);
addEventListener("input", (event) => {
  const field = event.target as HTMLInputElement;
  if (field.getAttribute?.("aria-invalid") === "true" && field.validity?.valid) field.removeAttribute("aria-invalid");
});

// Some fields bring others with them or send them away: the server draws the form anew, what was typed stays.
addEventListener("change", (event) => {
  const form = within<HTMLFormElement>(event, "form[data-redrawn-by]");
  const field = event.target as HTMLInputElement;
  if (form && form.dataset.redrawnBy!.split(" ").includes(field.name)) void redraw(form);
});

async function redraw(form: HTMLFormElement): Promise<void> {
  const sent = new FormData(form);
  sent.set("look", "1");
  const answer = await fetch(form.action, { method: "POST", body: sent, headers: { "HX-Request": "true", Accept: "text/html" } });
  if (!answer.ok) return;
  const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("#dg-form .dg-fields");
  const there = one(".dg-fields", form);
  if (!drawn || !there) return;
  const focused = form.contains(document.activeElement) ? document.activeElement!.id : "";
  there.replaceWith(document.adoptNode(drawn));
  wake(form);
  if (focused) document.getElementById(focused)?.focus();
}
