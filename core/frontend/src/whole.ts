// Text that had to be shortened is whole when it is pointed at, or reached with the keyboard.

const shortened = (element: HTMLElement): boolean => element.scrollWidth > element.clientWidth && getComputedStyle(element).textOverflow === "ellipsis";

for (const kind of ["pointerover", "focusin"] as const) {
  addEventListener(kind, (event) => {
    for (let element = event.target; element instanceof HTMLElement && element !== document.body; element = element.parentElement) {
      if (element.title) return;
      if (element.textContent && shortened(element)) {
        element.title = element.textContent.trim();
        return;
      }
    }
  });
}
