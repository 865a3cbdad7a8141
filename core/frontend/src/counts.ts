// Numbers on menus and tabs come after the page, in one request for each place.
import { all } from "./dom";

async function fill(place: HTMLElement): Promise<void> {
  const url = place.dataset.counts!;
  place.removeAttribute("data-counts");
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const counts = (await answer.json()) as Record<string, string | number>;
    for (const spot of all("[data-count]", place)) spot.textContent = String(counts[spot.dataset.count!] ?? "");
  } catch {
    // a page without numbers is a whole page
  }
}

export function countIn(root: ParentNode): void {
  for (const place of all("[data-counts]", root)) void fill(place);
}
