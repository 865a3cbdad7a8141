import { isComposing } from "../composing";
import { one } from "../dom";

interface Name {
  value: string;
  label: string;
  hint?: string;
}

/** Offers names behind an @ in the text it holds; arrows choose, Enter or Tab takes one, Esc closes. */
class Mention extends HTMLElement {
  #box!: HTMLTextAreaElement;
  #list = document.createElement("ul");
  #names: Name[] = [];
  #at = 0;
  #waiting = 0;
  #asked = "";

  connectedCallback(): void {
    const box = one<HTMLTextAreaElement>("textarea", this);
    if (!box || this.#list.isConnected) return;
    this.#box = box;
    this.#list.className = "dg-names";
    this.#list.id = `names-${Math.random().toString(36).slice(2)}`;
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", this.dataset.label ?? "");
    this.append(this.#list);
    this.#close();
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", this.#list.id);
    for (const kind of ["input", "click", "compositionend"]) box.addEventListener(kind, () => this.#later());
    box.addEventListener("keydown", (event) => this.#press(event));
    box.addEventListener("blur", () => this.#close());
    // before the text loses the cursor
    this.#list.addEventListener("pointerdown", (event) => {
      const place = [...this.#list.children].indexOf((event.target as Element).closest("li")!);
      if (place < 0) return;
      event.preventDefault();
      this.#take(place);
    });
  }

  /** What stands between the last @ and the cursor; null where no name is being written. */
  #typed(): string | null {
    const before = this.#box.value.slice(0, this.#box.selectionStart);
    return /(?<![A-Za-z0-9._%+-])@([^\s@]{0,20})$/.exec(before)?.[1] ?? null;
  }

  #later(): void {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => !isComposing() && void this.#ask(), 120);
  }

  async #ask(): Promise<void> {
    const typed = this.#typed();
    if (typed === null) return this.#close();
    this.#asked = typed;
    const address = new URL(this.dataset.url!, location.href);
    address.searchParams.set("q", typed);
    try {
      const answer = await fetch(address);
      if (this.#asked !== typed || this.#typed() !== typed) return;
      this.#show(answer.ok ? ((await answer.json()) as Name[]) : []);
    } catch {
      this.#close();
    }
  }

  #show(names: Name[]): void {
    this.#names = names;
    this.#list.replaceChildren(
      ...names.map((name, place) => {
        const row = document.createElement("li");
        row.id = `${this.#list.id}-${place}`;
        row.setAttribute("role", "option");
        row.textContent = name.hint ? `${name.label} ${name.hint}` : name.label;
        return row;
      }),
    );
    this.#list.hidden = names.length === 0;
    this.#choose(0);
  }

  #choose(place: number): void {
    this.#at = (place + this.#names.length) % (this.#names.length || 1);
    [...this.#list.children].forEach((row, at) => row.setAttribute("aria-selected", String(at === this.#at)));
    if (this.#list.hidden) this.#box.removeAttribute("aria-activedescendant");
    else this.#box.setAttribute("aria-activedescendant", `${this.#list.id}-${this.#at}`);
  }

  #press(event: KeyboardEvent): void {
    if (this.#list.hidden || isComposing()) return;
    if (event.key === "ArrowDown") this.#choose(this.#at + 1);
    else if (event.key === "ArrowUp") this.#choose(this.#at - 1);
    else if ((event.key === "Enter" && !event.ctrlKey && !event.metaKey) || event.key === "Tab") this.#take(this.#at);
    else if (event.key === "Escape") this.#close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #take(place: number): void {
    const typed = this.#typed();
    const name = this.#names[place];
    if (typed === null || !name) return;
    const end = this.#box.selectionStart;
    this.#box.setRangeText(`${name.value} `, end - typed.length, end, "end");
    this.#box.dispatchEvent(new Event("input", { bubbles: true }));
    this.#close();
  }

  #close(): void {
    clearTimeout(this.#waiting);
    this.#asked = "";
    this.#names = [];
    this.#list.hidden = true;
    this.#list.replaceChildren();
    this.#box.removeAttribute("aria-activedescendant");
  }
}

customElements.define("dg-mention", Mention);
