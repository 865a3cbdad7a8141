import { all, one, typing, within } from "../dom";
import { say, show } from "../toasts";
import { wake } from "../islands";

/** Where the cursor goes once a value is saved: to the cell itself, the one before or the one after. */
type Step = -1 | 0 | 1;

/**
 * A value of a list changes where it stands: a double click or Enter turns the cell into the control that the record's own
 * form has for it. The whole form is sent, so that the server checks, compares and answers as it does for the form.
 */
class Inline extends HTMLElement {
  #stop = new AbortController();
  #cell: HTMLTableCellElement | null = null;
  #form: HTMLFormElement | null = null;
  #before: ChildNode[] = [];
  #first = "";
  #busy = false;

  connectedCallback(): void {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.addEventListener("dblclick", (event) => {
      const cell = within<HTMLTableCellElement>(event, "td.ed");
      if (cell && cell !== this.#cell) void this.#edit(cell);
    }, { signal });
    this.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.addEventListener("focusout", (event) => this.#leave(event), { signal });
    this.addEventListener("submit", (event) => {
      if (this.#cell?.contains(event.target as Node)) event.preventDefault(); // the stars of the rows are sent
    }, { signal });
  }

  disconnectedCallback(): void {
    this.#stop.abort();
  }

  // ---- keys

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (this.#cell?.contains(event.target as Node)) return this.#keyInside(event);
    const cell = within<HTMLTableCellElement>(event, "td");
    if (!cell || typing(event)) return;
    if (event.key === "Enter" && event.target === cell && cell.matches(".ed")) void this.#edit(cell);
    else if (!this.#walk(cell, event.key)) return;
    event.preventDefault();
  }

  #keyInside(event: KeyboardEvent): void {
    if (event.key === "Escape") this.#revert();
    else if (event.key === "Enter") void this.#save(0);
    else if (event.key === "Tab") void this.#save(event.shiftKey ? -1 : 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Arrows go from cell to cell. */
  #walk(cell: HTMLTableCellElement, key: string): boolean {
    const row = cell.parentElement as HTMLTableRowElement;
    const beside: Record<string, Element | null | undefined> = {
      ArrowLeft: cell.previousElementSibling,
      ArrowRight: cell.nextElementSibling,
      ArrowUp: row.previousElementSibling?.children[cell.cellIndex],
      ArrowDown: row.nextElementSibling?.children[cell.cellIndex],
    };
    if (!(key in beside)) return false;
    this.#focus(beside[key] as HTMLElement | null);
    return true;
  }

  #focus(cell: HTMLElement | null | undefined): void {
    if (!cell) return;
    cell.tabIndex = -1;
    cell.focus();
    cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  // ---- a cell becomes its control

  #keyOf(cell: HTMLTableCellElement): string {
    return all<HTMLTableCellElement>("thead th", this)[cell.cellIndex]?.dataset.key ?? "";
  }

  #path(cell: HTMLTableCellElement): string {
    return `${this.dataset.url}/${cell.closest<HTMLElement>("tr")!.dataset.id}/edit`;
  }

  async #edit(cell: HTMLTableCellElement): Promise<void> {
    if (this.#cell || this.#busy) return;
    this.#busy = true;
    cell.setAttribute("aria-busy", "true");
    const page = await this.#ask(this.#path(cell));
    cell.removeAttribute("aria-busy");
    this.#busy = false;
    if (!page) return;
    const field = this.#fieldIn(page, cell);
    if (!field) return say(this.dataset.fixed!, "bad");
    this.#cell = cell;
    this.#before = [...cell.childNodes];
    this.#put(page, field);
    this.#first = this.#typed();
  }

  async #ask(url: string, sent?: FormData): Promise<Document | "done" | null> {
    try {
      const answer = await fetch(url, { method: sent ? "POST" : "GET", body: sent ?? null, redirect: "manual", headers: { "HX-Request": "true", Accept: "text/html" } });
      if (answer.type === "opaqueredirect") return sent ? "done" : null;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (one("#dg-form", page)) return page;
      say(one("main h2, main h1, h1", page)?.textContent ?? "", "bad");
    } catch {
      say(one("#dg-toasts")?.dataset.offline ?? "", "bad");
    }
    return null;
  }

  /** The field of the record's form; none where nobody may type into it. */
  #fieldIn(page: Document | "done", cell: HTMLTableCellElement): HTMLElement | null {
    if (page === "done") return null;
    const control = one(`#dg-form [name="${CSS.escape(this.#keyOf(cell))}"]`, page);
    return control && !control.hasAttribute("readonly") ? control.closest<HTMLElement>(".dg-fd") : null;
  }

  #put(page: Document | "done", field: HTMLElement): void {
    if (page === "done") return;
    this.#form = one<HTMLFormElement>("#dg-form", page)!;
    const own = Object.assign(document.createElement("form"), { className: "dg-in-cell", noValidate: true });
    const label = one(".dg-lab", field);
    if (label && !field.matches(".dg-clash")) label.className = "dg-sr";
    own.append(document.adoptNode(field));
    for (const control of all("input, select", own)) control.title = this.dataset.hint!;
    this.#cell!.classList.add("editing");
    this.#cell!.replaceChildren(own);
    wake(own);
    const control = one<HTMLInputElement>(".dg-in, input[type=checkbox]", own);
    control?.focus();
    if (control?.matches("input.dg-in")) control.select();
    own.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #typed(): string {
    return JSON.stringify([...new FormData(one<HTMLFormElement>("form", this.#cell!)!)]);
  }

  #close(): void {
    const cell = this.#cell;
    this.#cell = this.#form = null;
    cell?.classList.remove("editing");
    cell?.replaceChildren(...this.#before);
  }

  #revert(): void {
    const cell = this.#cell;
    this.#close();
    this.#focus(cell);
  }

  /** Whoever clicks elsewhere means it: what was typed is saved. */
  #leave(event: FocusEvent): void {
    const cell = this.#cell;
    if (!cell || this.#busy || cell.contains(event.relatedTarget as Node | null) || !document.hasFocus()) return;
    if (this.#typed() === this.#first) this.#close();
    else if (!one(".dg-wrong, .dg-clash", cell)) void this.#save(0, false);
  }

  // ---- saving

  async #save(step: Step, goOn = true): Promise<void> {
    const cell = this.#cell!;
    if (this.#busy) return;
    if (this.#typed() === this.#first && !one(".dg-clash", cell)) {
      this.#close();
      return this.#goOn(cell, step);
    }
    this.#busy = true;
    const sent = new FormData(this.#form!);
    for (const [name, value] of new FormData(one<HTMLFormElement>("form", cell)!)) sent.append(name, value);
    const answer = await this.#ask(this.#path(cell), sent);
    if (answer === "done") await this.#refresh(cell, step, goOn);
    else if (answer) this.#refused(answer, cell);
    this.#busy = false;
  }

  /** The form came back: its field stands in the cell, with what was typed and what is wrong. */
  #refused(page: Document, cell: HTMLTableCellElement): void {
    const field = this.#fieldIn(page, cell);
    const reasons = all("#dg-form .dg-banner p, #dg-form .dg-banner li, #dg-form .dg-wrong", page).map((it) => it.textContent!.trim());
    if (!field) return say(reasons.join(" "), "bad");
    const own = one(".dg-wrong", field);
    if (!own || field.matches(".dg-clash")) {
      const why = document.createElement("p");
      why.className = "dg-wrong";
      why.setAttribute("role", "alert");
      why.textContent = reasons.join(" ");
      field.append(why);
    } else own.setAttribute("role", "alert");
    this.#put(page, field);
  }

  /** The row as it is now, and the notice that offers to take the change back. */
  async #refresh(cell: HTMLTableCellElement, step: Step, goOn: boolean): Promise<void> {
    const row = cell.closest<HTMLElement>("tr")!;
    const at = cell.cellIndex;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const toast of all(".dg-toast", page)) show(document.adoptNode(toast));
    const fresh = one<HTMLTableRowElement>(`dg-inline tr[data-id="${row.dataset.id}"]`, page);
    this.#close();
    if (!fresh) return row.remove(); // it is no longer among what the list shows
    row.replaceWith(document.adoptNode(fresh));
    this.#busy = false;
    if (goOn) this.#goOn(fresh.cells[at]!, step);
  }

  #goOn(cell: HTMLTableCellElement, step: Step): void {
    if (step === 0) return this.#focus(cell);
    const cells = all<HTMLTableCellElement>("td.ed", this);
    const next = cells[cells.indexOf(cell) + step];
    if (next) void this.#edit(next);
    else this.#focus(cell);
  }
}

customElements.define("dg-inline", Inline);
