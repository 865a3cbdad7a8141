import { all, one, takesDropped } from "../dom";

/** Files dropped or chosen are sent one by one, each with its progress; then the page shows what is there. */
class Files extends HTMLElement {
  #sending = 0;
  #added = 0;
  #refused = 0;

  connectedCallback(): void {
    const form = one<HTMLFormElement>("form", this)!;
    const input = one<HTMLInputElement>("input[type=file]", form)!;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(input.files);
    });
    input.addEventListener("change", () => this.#send(input.files)); // to choose is to send
    takesDropped(this, (files) => this.#send(files));
  }

  #send(files: FileList | null): void {
    for (const file of files ?? []) void this.#one(file);
    one<HTMLInputElement>("input[type=file]", this)!.value = "";
  }

  async #one(file: File): Promise<void> {
    const line = this.#line(file.name);
    this.#sending += 1;
    const wrong = file.size > Number(this.dataset.most) ? this.dataset.tooLarge! : await this.#post(file, line);
    this.#sending -= 1;
    if (wrong) {
      this.#refused += 1;
      line.classList.add("bad");
      one(".dg-said-so", line)!.textContent = wrong;
      all("progress, button", line).forEach((part) => part.remove());
    } else {
      this.#added += 1;
      line.remove();
    }
    if (!this.#sending && this.#added && !this.#refused) location.reload();
    else if (!this.#sending && this.#added) void this.#refresh();
  }

  /** Sends one file; answers why it wasn't taken, "" when it was. */
  #post(file: File, line: HTMLElement): Promise<string> {
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file, file.name);
    request.open("POST", this.dataset.url!);
    request.setRequestHeader("X-CSRF-Token", one<HTMLInputElement>("[name=_csrf_token]", this)!.value);
    request.responseType = "json";
    const bar = one<HTMLProgressElement>("progress", line)!;
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    one("button", line)!.addEventListener("click", () => request.abort());
    return new Promise((done) => {
      const failed = (): void => done(this.dataset.failed!);
      for (const kind of ["error", "abort", "timeout"]) request.addEventListener(kind, failed);
      request.addEventListener("load", () => {
        const said = request.response as { detail?: string; errors?: { message: string }[] } | null;
        done(request.status === 201 ? "" : (said?.errors?.[0]?.message ?? said?.detail ?? this.dataset.failed!));
      });
      request.send(body);
    });
  }

  #line(name: string): HTMLElement {
    const line = document.createElement("li");
    const said = document.createElement("span");
    const bar = document.createElement("progress");
    const stop = document.createElement("button");
    said.append(Object.assign(document.createElement("b"), { textContent: name }), Object.assign(document.createElement("small"), { className: "dg-said-so" }));
    bar.setAttribute("aria-label", name);
    stop.type = "button";
    stop.className = "dg-bt quiet";
    stop.textContent = this.dataset.cancel!;
    line.append(said, bar, stop);
    one(".dg-sending", this)!.append(line);
    return line;
  }

  /** What is there now, while the reasons of what wasn't taken stay to be read. */
  async #refresh(): Promise<void> {
    this.#added = 0;
    const answer = await fetch(location.href);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const shown = one(".dg-files-there", fresh);
    if (answer.ok && shown) one(".dg-files-there")?.replaceWith(shown);
  }
}

customElements.define("dg-files", Files);
