import { one } from "../dom";

/** Column chooser: up and down act at once; without scripts each press goes to the server. */
class Columns extends HTMLElement {
  connectedCallback(): void {
    this.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLButtonElement>('button[name="up"], button[name="down"]');
      const row = button?.closest("li");
      if (!button || !row) return;
      event.preventDefault();
      const up = button.name === "up";
      const other = up ? row.previousElementSibling : row.nextElementSibling;
      if (!other || one("[type=hidden]", other)) return; // never above the locked title
      if (up) other.before(row);
      else other.after(row);
      button.focus();
    });
  }
}

customElements.define("dg-columns", Columns);
