import Sortable from "sortablejs";
import { all, one, within } from "../dom";
import { isDirty, isKept } from "../guard";

const PAUSE = 300;

/** Lays out a form: rows move by buttons and by dragging, and the form as it would be follows what is done. */
class Designer extends HTMLElement {
  #waiting = 0;
  #asked = new AbortController();
  #ready = false;

  connectedCallback(): void {
    if (this.#ready) return;
    this.#ready = true;
    this.addEventListener("click", (event) => this.#pressed(event));
    for (const kind of ["input", "change"] as const) this.#form.addEventListener(kind, () => this.#look());
    addEventListener("submit", (event) => this.#keep(event), true);
    this.#drag();
    this.#mark();
    if ("unsaved" in this.dataset) this.#changed();
    void this.#restore();
  }

  get #form(): HTMLFormElement {
    return one<HTMLFormElement>("#dg-design", this)!;
  }

  get #groups(): HTMLElement {
    return one("[data-groups]", this)!;
  }

  #changed(): void {
    this.#form.dispatchEvent(new Event("change", { bubbles: true }));
    this.#mark();
  }

  // ---- moving

  #pressed(event: Event): void {
    within(event, ".dg-kinds-menu a")?.closest("details")?.removeAttribute("open"); // its dialog opens
    const button = within<HTMLButtonElement>(event, "button[name=do]");
    if (!button) return;
    event.preventDefault();
    if (button.value === "preview") return this.#show(button);
    if (button.value === "group") return this.#add();
    const row = button.closest<HTMLElement>("li[data-key]");
    const moved = row ? this.#moveField(row, button.dataset.move === "up") : this.#moveGroup(button.closest("li")!, button.dataset.move === "up");
    if (!moved) return;
    button.focus();
    this.#changed();
    this.#say(row ?? button.closest("li")!);
  }

  #moveGroup(group: HTMLElement, up: boolean): boolean {
    const other = up ? group.previousElementSibling : group.nextElementSibling;
    if (up) other?.before(group);
    else other?.after(group);
    return other !== null;
  }

  /** Within its group; from its ends into the group beside. */
  #moveField(row: HTMLElement, up: boolean): boolean {
    const other = up ? row.previousElementSibling : row.nextElementSibling;
    if (other) {
      if (up) other.before(row);
      else other.after(row);
      return true;
    }
    const group = row.closest("[data-groups] > li")!;
    const list = one("[data-fields]", (up ? group.previousElementSibling : group.nextElementSibling) ?? document.createElement("i"));
    if (up) list?.append(row);
    else list?.prepend(row);
    return list !== null;
  }

  #add(): void {
    const made = one<HTMLTemplateElement>("template[data-group]", this)!.content.cloneNode(true) as DocumentFragment;
    const name = one<HTMLInputElement>("[name=group]", made)!;
    const taken = new Set(all<HTMLInputElement>("[name=group]", this).map((input) => input.value));
    const plain = name.value;
    for (let number = 2; taken.has(name.value); number++) name.value = `${plain} ${number}`;
    this.#groups.append(made);
    this.#drag();
    this.#changed();
    name.focus();
    name.select();
  }

  /** Which buttons lead nowhere, and the empty groups. */
  #mark(): void {
    const rows = all("li[data-key]", this);
    const groups = [...this.#groups.children] as HTMLElement[];
    for (const [things, find] of [[rows, ":scope > .dg-design-moves"], [groups, ":scope > .dg-design-head .dg-design-moves"]] as const)
      things.forEach((thing, at) => {
        const moves = one(find, thing);
        const groupOf = thing.closest("[data-groups] > li");
        const ends = { up: at === 0 && groupOf === groups[0], down: at === things.length - 1 && groupOf === groups.at(-1) };
        for (const button of all<HTMLButtonElement>("[data-move]", moves ?? thing)) button.toggleAttribute("aria-disabled", false);
        for (const way of ["up", "down"] as const) if (ends[way]) one(`[data-move=${way}]`, moves ?? thing)?.setAttribute("aria-disabled", "true");
      });
  }

  #say(thing: HTMLElement): void {
    const spot = one("[data-said]", this)!;
    const siblings = [...thing.parentElement!.children];
    const group = one<HTMLInputElement>("[name=group]", thing.closest("[data-groups] > li")!)!;
    const words: Record<string, string> = {
      name: this.#nameOf(thing),
      place: String(siblings.indexOf(thing) + 1),
      count: String(siblings.length),
      group: group.value || group.placeholder,
    };
    const said = thing.dataset.key ? spot.dataset.field! : spot.dataset.group!;
    spot.textContent = said.replace(/%\((\w+)\)s/g, (_all, key: string) => words[key] ?? "");
  }

  #nameOf(thing: HTMLElement): string {
    const input = one<HTMLInputElement>(".dg-in", thing)!;
    return input.value || input.placeholder;
  }

  #drag(): void {
    const shared = { animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120, ghostClass: "dg-dragged", onEnd: () => this.#changed() };
    Sortable.get(this.#groups) ?? Sortable.create(this.#groups, { ...shared, handle: "[data-grip=group]" });
    for (const list of all("[data-fields]", this)) Sortable.get(list) ?? Sortable.create(list, { ...shared, group: "fields", handle: "[data-grip=field]" });
  }

  // ---- the form as it would be

  get #preview(): HTMLElement {
    return one("#dg-preview", this)!;
  }

  #show(button: HTMLButtonElement): void {
    const shown = this.classList.toggle("look");
    button.setAttribute("aria-expanded", String(shown));
    if (!shown) return;
    void this.#draw();
    this.#preview.scrollIntoView({ block: "start" });
  }

  #look(): void {
    clearTimeout(this.#waiting);
    if (this.#preview.getClientRects().length) this.#waiting = setTimeout(() => void this.#draw(), PAUSE);
  }

  async #draw(): Promise<void> {
    const text = await this.#ask(this.dataset.preview!, this.#sent());
    if (text !== null) one("[data-preview-of]", this)!.innerHTML = text;
  }

  #sent(): URLSearchParams {
    return new URLSearchParams(new FormData(this.#form) as unknown as Record<string, string>);
  }

  /** The answer to the latest question; nothing for one that was overtaken, refused or lost. */
  async #ask(url: string, body: URLSearchParams): Promise<string | null> {
    this.#asked.abort();
    this.#asked = new AbortController();
    return fetch(url, { method: "POST", body, headers: { "HX-Request": "true" }, signal: this.#asked.signal })
      .then((answer) => (answer.ok ? answer.text() : null))
      .catch(() => null);
  }

  // ---- what is laid out outlives a field being added meanwhile

  get #place(): string {
    return `dg-design ${this.#form.getAttribute("action")} ${new FormData(this.#form).get("category")}`;
  }

  #keep(event: Event): void {
    const sent = event.target as HTMLFormElement;
    if (!this.isConnected || sent === this.#form || !isDirty(this.#form)) return;
    const path = this.#form.getAttribute("action")!;
    if (!sent.getAttribute("action")?.startsWith(`${path}/`)) return;
    if (!sent.getAttribute("action")!.endsWith("/reset")) sessionStorage.setItem(this.#place, this.#sent().toString());
    isKept(this.#form);
  }

  async #restore(): Promise<void> {
    const kept = sessionStorage.getItem(this.#place);
    if (!kept) return;
    sessionStorage.removeItem(this.#place);
    const body = new URLSearchParams(kept);
    body.set("_csrf_token", String(new FormData(this.#form).get("_csrf_token")));
    body.set("do", "draw");
    const text = await this.#ask(this.#form.getAttribute("action")!, body);
    const drawn = text && one("#dg-design", new DOMParser().parseFromString(text, "text/html"));
    if (!drawn) return;
    this.#form.replaceChildren(...document.adoptNode(drawn).childNodes);
    this.#drag();
    this.#changed();
  }
}

customElements.define("dg-designer", Designer);
