// Runs before the first paint, so that a page never flashes in the wrong theme or with the sidebar jumping.
(() => {
  const root = document.documentElement;
  const stored = (key: string): string | null => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage may be forbidden; then the server's word stands
    }
  };
  const chosen = root.dataset.theme === "auto" ? (stored("dg-theme") ?? "auto") : root.dataset.theme!;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = chosen === "auto" ? (dark ? "dark" : "light") : chosen;
  root.classList.add("dg-js");
  if (stored("dg-rail") === "1") root.classList.add("dg-rail");
})();
