import TomSelect from "tom-select/base";
import removeButton from "tom-select/dist/esm/plugins/remove_button/plugin.js";
import { one } from "../dom";

interface Choice {
  value: string;
  label: string;
  hint?: string;
}

TomSelect.define("remove_button", removeButton);

const element = (tag: string, css: string, text: string): HTMLElement => {
  const made = document.createElement(tag);
  made.className = css;
  made.textContent = text;
  return made;
};

/** A select whose options the server finds: by letters, pinyin or number, in the server's order. */
class Lookup extends HTMLElement {
  #box: TomSelect | null = null;
  #answered = "";
  #found = new Set<string>();

  connectedCallback(): void {
    const select = one<HTMLSelectElement>("select", this);
    if (!select || this.#box) return;
    const url = this.dataset.url!;
    const label = select.labels?.[0]?.firstChild?.textContent?.trim();
    if (label && !select.hasAttribute("aria-label")) select.setAttribute("aria-label", label);
    this.#box = new TomSelect(select, {
      valueField: "value",
      labelField: "label",
      searchField: [],
      plugins: select.multiple ? { remove_button: { title: this.dataset.remove ?? "" } } : {},
      preload: "focus",
      refreshThrottle: 120,
      loadThrottle: 120,
      maxOptions: 50,
      closeAfterSelect: !select.multiple,
      hidePlaceholder: true,
      allowEmptyOption: false,
      placeholder: this.dataset.placeholder ?? "",
      score: (query: string) => this.#score(query),
      shouldLoad: () => true,
      load: (query: string, done: (choices: Choice[]) => void) => void this.#find(url, query, done),
      render: {
        option: (choice: Choice) => {
          const row = element("div", "dg-option", "");
          row.append(element("span", "dg-ell", choice.label), element("small", "", choice.hint ?? ""));
          return row;
        },
        item: (choice: Choice) => element("div", "", choice.label),
        no_results: () => element("div", "no-results", this.dataset.none ?? ""),
        loading: () => element("div", "dg-loading", "…"),
      },
    } as never);
    this.#name(select);
  }

  disconnectedCallback(): void {
    this.#box?.destroy();
    this.#box = null;
  }

  /** What the select said to screen readers, its stand-in says too. */
  #name(select: HTMLSelectElement): void {
    const input = this.#box!.control_input;
    for (const name of ["aria-label", "aria-invalid", "aria-describedby", "aria-required"]) {
      const value = select.getAttribute(name);
      if (value) input.setAttribute(name, value);
    }
    this.#box!.dropdown_content.setAttribute("aria-label", select.getAttribute("aria-label") ?? "");
  }

  /** The server matches and orders; until it has answered, only what plainly fits is offered, so a quick Enter can't miss. */
  #score(query: string): (choice: Choice) => number {
    const letters = query.toLowerCase();
    return (choice) => ((query === this.#answered && this.#found.has(String(choice.value))) || choice.label.toLowerCase().includes(letters) ? 1 : 0);
  }

  async #find(url: string, query: string, done: (choices: Choice[]) => void): Promise<void> {
    const address = new URL(url, location.href);
    address.searchParams.set("q", query);
    const choices = await fetch(address, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? (answer.json() as Promise<Choice[]>) : []))
      .catch((): Choice[] => []); // no answer: nothing to choose from, and the form still stands
    const box = this.#box;
    if (!box) return;
    const kept = new Set(box.items.map(String));
    for (const value of Object.keys(box.options)) if (!kept.has(value)) box.removeOption(value, true);
    box.loadedSearches = {}; // going back to fewer letters asks again: only the latest answer is kept
    this.#answered = query;
    this.#found = new Set(choices.map((choice) => String(choice.value)));
    done(choices);
  }
}

customElements.define("dg-lookup", Lookup);
