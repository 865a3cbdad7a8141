// Nobody loses what was typed by leaving a page unasked.
import { all, within } from "./dom";

const dirty = new WeakSet<HTMLFormElement>();

export const isDirty = (form: HTMLFormElement): boolean => dirty.has(form) && form.isConnected;

/** What stands in it is kept elsewhere. */
export const isKept = (form: HTMLFormElement): boolean => dirty.delete(form);

for (const kind of ["input", "change"] as const) {
  addEventListener(kind, (event) => {
    const form = within<HTMLFormElement>(event, "form[data-guard]");
    if (form) dirty.add(form);
  });
}
addEventListener("submit", (event) => {
  if (!event.defaultPrevented && event.target instanceof HTMLFormElement) dirty.delete(event.target);
});
addEventListener("beforeunload", (event) => {
  if (all<HTMLFormElement>("form[data-guard]").some(isDirty)) event.preventDefault();
});
