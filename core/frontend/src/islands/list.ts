import { all, one, typing } from "../dom";

/** A list: whole-page and shift selection, j k to move, x to select. Enter is the focused link's own. */
class List extends HTMLElement {
  #stop = new AbortController();
  #last: HTMLInputElement | null = null;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.addEventListener("click", (event) => this.#pick(event as MouseEvent), { signal });
    this.addEventListener("change", (event) => this.#changed(event), { signal });
    this.addEventListener("reset", () => setTimeout(() => this.#count()), { signal });
    addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#count();
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  get #boxes(): HTMLInputElement[] {
    return all<HTMLInputElement>("tbody .dg-pick input", this);
  }

  #pick(event: MouseEvent): void {
    const box = event.target as HTMLInputElement;
    if (!box.matches?.(".dg-pick input")) return;
    if (box.hasAttribute("data-all")) {
      for (const other of this.#boxes) other.checked = box.checked;
      return;
    }
    if (event.shiftKey && this.#last) {
      const boxes = this.#boxes;
      const [from, to] = [boxes.indexOf(this.#last), boxes.indexOf(box)].sort((a, b) => a - b) as [number, number];
      for (const other of boxes.slice(from, to + 1)) other.checked = box.checked;
    }
    this.#last = box;
  }

  #changed(event: Event): void {
    const every = event.target as HTMLInputElement;
    if (every.hasAttribute("data-every") && every.checked) for (const box of this.#boxes) box.checked = true;
    this.#count();
  }

  #count(): void {
    const boxes = this.#boxes;
    const chosen = boxes.filter((box) => box.checked).length;
    const number = one("[data-selected]", this);
    const every = one<HTMLInputElement>("[data-every]", this);
    if (every && chosen < boxes.length) every.checked = false; // one that is left out is not among all
    if (number) number.textContent = every?.checked ? every.dataset.every! : String(chosen);
    const whole = one<HTMLInputElement>("[data-all]", this);
    if (!whole) return;
    whole.checked = chosen > 0 && chosen === boxes.length;
    whole.indeterminate = chosen > 0 && chosen < boxes.length;
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event) || one("dialog[open]") || one("#dg-keys[data-off]")) return;
    if (event.key === "j" || event.key === "k") this.#move(event.key === "j" ? 1 : -1);
    else if (event.key === "x") this.#toggle();
    else return;
    event.preventDefault();
  }

  #move(step: number): void {
    const rows = all("tbody tr", this);
    const at = rows.indexOf(document.activeElement?.closest("tr") as HTMLElement);
    const row = rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + step))];
    if (!row) return;
    one("td a", row)?.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  #toggle(): void {
    const box = one<HTMLInputElement>(".dg-pick input", document.activeElement?.closest("tr") ?? document.createElement("tr"));
    if (!box) return;
    box.checked = !box.checked;
    this.#count();
  }
}

customElements.define("dg-list", List);
