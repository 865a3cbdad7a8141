import { all, one } from "../dom";
import { wake } from "../islands";

interface Choice {
  value: string;
  label: string;
}

interface Field {
  key: string;
  label: string;
  kind: string;
  operators: Choice[];
  options: Choice[];
  lookup_url: string;
}

const TYPES: Record<string, string> = { date: "date", datetime: "datetime-local", time: "time", number: "number", money: "number" };

const option = ({ value, label }: Choice, chosen: boolean): HTMLOptionElement => new Option(label, value, chosen, chosen);

/** The advanced query: comparisons and values fit the chosen field; conditions and "or" groups come and go. */
class Filter extends HTMLElement {
  #fields = new Map<string, Field>();

  connectedCallback(): void {
    const known = JSON.parse(one("script[type='application/json']", this)!.textContent!) as Field[];
    this.#fields = new Map(known.map((field) => [field.key, field]));
    for (const row of this.#rows) this.#fit(row);
    this.addEventListener("change", (event) => this.#changed(event));
    this.addEventListener("click", (event) => this.#clicked(event));
    this.addEventListener("formdata", () => undefined);
    one("form", this)!.addEventListener("submit", () => this.#tidy(), true);
    this.#separate();
  }

  get #rows(): HTMLElement[] {
    return all("[data-condition]", this);
  }

  #changed(event: Event): void {
    const input = event.target as HTMLSelectElement;
    const row = input.closest<HTMLElement>("[data-condition]");
    if (!row) return;
    if (input.name === "f") one<HTMLInputElement>("[name=v]", row)!.value = "";
    if (input.name === "f" || input.name === "o") this.#fit(row);
    else if (input.closest("[data-value]")) this.#gather(row);
    this.#separate();
  }

  #clicked(event: Event): void {
    const button = (event.target as Element).closest<HTMLElement>("button[data-add], button[data-remove]");
    if (!button) return;
    if (button.dataset.add !== undefined) this.#add(button.dataset.add === "or");
    else this.#remove(button.closest<HTMLElement>("[data-condition]")!);
    this.#separate();
  }

  #add(apart: boolean): void {
    const last = this.#rows.at(-1)!;
    const row = last.cloneNode(true) as HTMLElement;
    one<HTMLSelectElement>("[name=f]", row)!.value = "";
    one("[data-value]", row)!.replaceChildren(Object.assign(document.createElement("input"), { className: "dg-in", name: "v" }));
    const group = one<HTMLInputElement>("[name=g]", row)!;
    group.value = String(Number(group.value) + (apart ? 1 : 0));
    last.after(row);
    this.#fit(row);
    one("[name=f]", row)!.focus();
  }

  #remove(row: HTMLElement): void {
    if (this.#rows.length > 1) return row.remove();
    one<HTMLSelectElement>("[name=f]", row)!.value = "";
    this.#fit(row);
  }

  /** Offers the comparisons of the field and the right box for its value. */
  #fit(row: HTMLElement): void {
    const field = this.#fields.get(one<HTMLSelectElement>("[name=f]", row)!.value);
    const operator = one<HTMLSelectElement>("[name=o]", row)!;
    const before = operator.value;
    operator.replaceChildren(...(field?.operators ?? []).map((it) => option(it, it.value === before)));
    operator.disabled = !field;
    const place = one("[data-value]", row)!;
    const old = one<HTMLInputElement>("[name=v]", place)!;
    const value = Object.assign(document.createElement("input"), { type: "hidden", name: "v", value: old.value });
    if (old.dataset.label) value.dataset.label = old.dataset.label;
    place.replaceChildren(value, ...(field && operator.value !== "empty" ? this.#boxes(field, operator.value, value) : []));
    if (!field || operator.value === "empty") value.value = "";
    wake(place);
  }

  #boxes(field: Field, operator: string, value: HTMLInputElement): HTMLElement[] {
    const name = (box: HTMLElement, label: string): HTMLElement => {
      box.setAttribute("aria-label", label);
      return box;
    };
    const held = value.value;
    if (field.lookup_url) {
      const place = document.createElement("dg-lookup");
      place.dataset.url = field.lookup_url;
      const select = name(document.createElement("select"), field.label) as HTMLSelectElement;
      if (held) select.append(new Option(value.dataset.label ?? held, held, true, true));
      place.append(select);
      return [place];
    }
    if (field.options.length) {
      const select = name(document.createElement("select"), field.label) as HTMLSelectElement;
      select.className = "dg-in";
      select.multiple = operator === "in";
      const chosen = new Set(select.multiple ? held.split(",") : [held]);
      select.append(...(select.multiple ? [] : [new Option("", "")]), ...field.options.map((it) => option(it, chosen.has(it.value))));
      return [select];
    }
    const parts = operator === "between" ? [0, 1] : [0];
    return parts.map((at) => {
      const input = name(document.createElement("input"), field.label) as HTMLInputElement;
      input.className = "dg-in";
      input.type = TYPES[field.kind] ?? "text";
      if (input.type === "number") input.step = "any";
      input.value = operator === "between" ? (held.split(",")[at] ?? "") : held;
      return input;
    });
  }

  /** The boxes' values as the one value that is sent; `in` and `between` join theirs with commas. */
  #gather(row: HTMLElement): void {
    const place = one("[data-value]", row)!;
    const boxes = all<HTMLInputElement | HTMLSelectElement>(":is(input, select):not([name=v]):not(.ts-control input)", place);
    const values = boxes.flatMap((box) => (box instanceof HTMLSelectElement ? [...box.selectedOptions].map((it) => it.value) : [box.value]));
    one<HTMLInputElement>("[name=v]", place)!.value = values.join(",");
  }

  /** Rows without a field are not sent. */
  #tidy(): void {
    for (const row of this.#rows) {
      const used = one<HTMLSelectElement>("[name=f]", row)!.value !== "";
      if (used) this.#gather(row);
      for (const input of all<HTMLInputElement>("[name]", row)) input.disabled = !used;
    }
  }

  /** Groups stand apart; a single row without a field can't be taken away. */
  #separate(): void {
    let before: string | null = null;
    const rows = this.#rows;
    for (const row of rows) {
      one<HTMLButtonElement>("[data-remove]", row)!.disabled = rows.length === 1 && !one<HTMLSelectElement>("[name=f]", row)!.value;
      const group = one<HTMLInputElement>("[name=g]", row)!.value;
      row.classList.toggle("dg-first-of-group", before !== null && group !== before);
      before = group;
    }
  }
}

customElements.define("dg-filter", Filter);
