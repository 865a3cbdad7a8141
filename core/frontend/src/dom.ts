/** The first match, typed; `null` when there is none. */
export const one = <T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T | null => root.querySelector<T>(selector);

/** All matches as an array. */
export const all = <T extends Element = HTMLElement>(selector: string, root: ParentNode = document): T[] => [...root.querySelectorAll<T>(selector)];

/** The element an event happened in or below, if it matches. */
export const within = <T extends Element = HTMLElement>(event: Event, selector: string): T | null =>
  event.target instanceof Element ? event.target.closest<T>(selector) : null;

/** True while somebody types, so that letters are letters and not commands. */
export const typing = (event: Event): boolean => within(event, "input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable], .ts-control") !== null;

/** Files dropped on it are taken; it shows where they may be dropped while they are held over it. */
export function takesDropped(place: HTMLElement, take: (files: FileList) => void): void {
  place.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    place.classList.add("over");
  });
  for (const kind of ["dragleave", "drop"]) place.addEventListener(kind, () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    take(event.dataTransfer.files);
  });
}
