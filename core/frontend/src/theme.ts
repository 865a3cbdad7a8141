// The choice of light and dark acts at once; the server remembers it for every device, this browser for pages before sign-in.
import { all, within } from "./dom";

const system = matchMedia("(prefers-color-scheme: dark)");
let choice = document.querySelector("[data-dg-theme] [aria-pressed=true]")?.getAttribute("value") ?? "auto";

function show(): void {
  document.documentElement.dataset.theme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
}

system.addEventListener("change", () => choice === "auto" && show());

addEventListener("submit", (event) => {
  const form = within<HTMLFormElement>(event, "[data-dg-theme]");
  const button = event.submitter as HTMLButtonElement | null;
  if (!form || !button) return;
  event.preventDefault();
  choice = button.value;
  for (const other of all("button", form)) other.setAttribute("aria-pressed", String(other === button));
  show();
  try {
    if (choice === "auto") localStorage.removeItem("dg-theme");
    else localStorage.setItem("dg-theme", choice);
  } catch {
    // storage may be forbidden; the server remembers all the same
  }
  const data = new URLSearchParams(new FormData(form, button) as unknown as Record<string, string>);
  void fetch(form.action, { method: "POST", body: data });
});
