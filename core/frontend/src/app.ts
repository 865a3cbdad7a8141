// What every page of the shell needs at once; the rest comes when it is needed (islands.ts).
import "./composing"; // first: it must hear keys before anybody else
import "htmx.org";
import "./menus";
import "./theme";
import "./dialogs";
import "./palette";
import "./keys";
import "./toasts";
import "./swaps";
import "./whole";
import "./islands/list";
import { countIn } from "./counts";
import { focusFirst } from "./forms";
import { wake } from "./islands";

countIn(document);
wake(document);
focusFirst(document);
