// Custom elements that need code of their own. The code comes when one of them stands on the page, and not before.
import { one } from "./dom";

const islands: Record<string, () => Promise<unknown>> = {
  "dg-lookup": () => import("./islands/lookup"),
  "dg-filter": () => import("./islands/filter"),
  "dg-columns": () => import("./islands/columns"),
  "dg-check": () => import("./islands/check"),
  "dg-mention": () => import("./islands/mention"),
  "dg-designer": () => import("./islands/designer"),
  "dg-drop": () => import("./islands/drop"),
  "dg-files": () => import("./islands/files"),
  "dg-inline": () => import("./islands/inline"),
};

/** Fetches what the elements below `root` need; those already known wake by themselves. */
export function wake(root: ParentNode): void {
  for (const [name, load] of Object.entries(islands)) if (one(name, root)) void load();
}
