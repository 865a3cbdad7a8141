import { one } from "../dom";
import { isComposing } from "../composing";

/** Asks the server about a value while it is typed (possible duplicates) and shows the answer below the field. */
class Check extends HTMLElement {
  #waiting = 0;

  connectedCallback(): void {
    for (const kind of ["input", "compositionend"]) this.addEventListener(kind, () => this.#later());
  }

  #later(): void {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => !isComposing() && void this.#ask(), 350);
  }

  async #ask(): Promise<void> {
    const input = one<HTMLInputElement>("input", this)!;
    const place = one("[data-answer]", this)!;
    const address = new URL(this.dataset.url!, location.href);
    address.searchParams.set("value", input.value);
    try {
      const answer = input.value.trim().length > 1 ? await fetch(address, { headers: { "HX-Request": "true" } }) : null;
      place.innerHTML = answer?.ok ? await answer.text() : "";
    } catch {
      place.textContent = "";
    }
  }
}

customElements.define("dg-check", Check);
