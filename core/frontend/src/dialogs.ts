// A link marked data-dg="dialog" leads to a page; where there is a browser with scripts, the page's [data-dialog] part opens in
// a dialog instead. Whatever can't be shown so (an error, a sign-in) is opened as the page it is.
import { one, within } from "./dom";
import { isDirty } from "./guard";
import { focusFirst } from "./forms";
import { wake } from "./islands";

const box = one<HTMLDialogElement>("#dg-dialog");

async function open(link: HTMLAnchorElement): Promise<void> {
  link.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(link.href, { headers: { "HX-Request": "true", Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const part = page.querySelector("[data-dialog]");
    if (!answer.ok || !part || !box) return location.assign(link.href);
    const head = part.querySelector("h2");
    if (head) head.id = "dg-dialog-head";
    box.setAttribute("aria-labelledby", "dg-dialog-head");
    one("#dg-dialog-body")!.replaceChildren(document.adoptNode(part));
    box.showModal();
    wake(box);
    focusFirst(box);
  } catch {
    location.assign(link.href);
  } finally {
    link.removeAttribute("aria-busy");
  }
}

function mayClose(dialog: HTMLDialogElement): boolean {
  const form = one<HTMLFormElement>("form[data-guard]", dialog);
  return !form || !isDirty(form) || confirm(form.dataset.guard);
}

addEventListener("click", (event) => {
  const link = within<HTMLAnchorElement>(event, 'a[data-dg="dialog"]');
  if (link && box && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    void open(link);
    return;
  }
  const dialog = within<HTMLDialogElement>(event, "dialog");
  if (!dialog) return;
  if ((event.target === dialog || within(event, '[data-dg="close"]')) && mayClose(dialog)) {
    event.preventDefault();
    dialog.close();
  }
});

box?.addEventListener("cancel", (event) => {
  if (!mayClose(box)) event.preventDefault();
});
box?.addEventListener("close", () => one("#dg-dialog-body")!.replaceChildren());
