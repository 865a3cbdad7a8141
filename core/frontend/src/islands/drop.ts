import { one, takesDropped } from "../dom";

/** A file dropped anywhere on the form is the one that is sent. */
class Drop extends HTMLElement {
  connectedCallback(): void {
    const input = one<HTMLInputElement>("input[type=file]", this)!;
    takesDropped(this, (files) => {
      input.files = files;
      input.form!.requestSubmit();
    });
  }
}

customElements.define("dg-drop", Drop);
