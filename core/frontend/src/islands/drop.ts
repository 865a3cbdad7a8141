import { one } from "../dom";

/** A file dropped anywhere on the form is the one that is sent. */
class Drop extends HTMLElement {
  connectedCallback(): void {
    const input = one<HTMLInputElement>("input[type=file]", this)!;
    this.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.classList.add("over");
    });
    for (const kind of ["dragleave", "drop"]) this.addEventListener(kind, () => this.classList.remove("over"));
    this.addEventListener("drop", (event) => {
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      input.files = event.dataTransfer.files;
      input.form!.requestSubmit();
    });
  }
}

customElements.define("dg-drop", Drop);
