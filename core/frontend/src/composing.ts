// Enter that ends an input method's composition picks a word; it must never submit a form, choose an option or leave a field.
// Chrome and Firefox say isComposing; Safari fires the Enter after the composition has ended, marked only by its key code 229.
let composing = false;

const endsComposition = (event: KeyboardEvent): boolean => event.isComposing || composing || event.keyCode === 229;

addEventListener("compositionstart", () => (composing = true), true);
addEventListener("compositionend", () => (composing = false), true);
addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !endsComposition(event)) return;
    event.stopImmediatePropagation();
    if (!event.isComposing) event.preventDefault();
  },
  true,
);
addEventListener("submit", (event) => composing && event.preventDefault(), true);

/** Whether an input method is at work: search-as-you-type waits. */
export const isComposing = (): boolean => composing;
