"""What a page looks like where nobody looks: text that is cut off, boxes that stick out."""

from __future__ import annotations

from typing import Any

FAULTS = r"""
() => {
  const root = document.documentElement;
  const faults = [];
  const named = (element, what) => {
    const words = (element.innerText || element.value || element.placeholder || "").trim().replace(/\s+/g, " ").slice(0, 60);
    faults.push(`${what}: <${element.localName} class="${element.className}"> ${words}`);
  };
  if (root.scrollWidth > innerWidth) faults.push(`the page is ${root.scrollWidth} wide in a window of ${innerWidth}`);

  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !element.closest(".dg-sr, .dg-skip, option, .ts-hidden-accessible, [popover]:not(:popover-open)")
    && element.getClientRects().length > 0 && element.clientWidth > 1;
  const spoken = (element) => [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const told = (element) => {
    element.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
    return element.closest("[title]") !== null;
  };
  const scrolls = (element, axis) => ["auto", "scroll"].includes(getComputedStyle(element)[axis]);

  const pen = document.createElement("canvas").getContext("2d");
  const width = (element, text) => {
    const style = getComputedStyle(element);
    pen.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
    return pen.measureText(text).width - (element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
  };

  for (const element of document.body.querySelectorAll("*")) {
    if (!seen(element)) continue;
    const box = element.getBoundingClientRect();
    if (element.matches("select:not([multiple])")) {
      const chosen = element.selectedOptions[0]?.text ?? "";
      if (width(element, chosen) > 3 && !told(element)) named(element, "a choice is cut off");
    } else if (element.matches("input[placeholder], textarea[placeholder]")) {
      if (element.localName === "input" && !element.value && width(element, element.placeholder) > 1 && !told(element)) named(element, "a placeholder is cut off");
    } else if (spoken(element)) {
      const style = getComputedStyle(element);
      const sideways = element.scrollWidth > element.clientWidth + 1 && style.display !== "inline";
      if (sideways && style.overflowX === "visible" && !scrolls(element.parentElement, "overflowX")) named(element, "text sticks out");
      if (sideways && ["hidden", "clip"].includes(style.overflowX)) {
        if (style.textOverflow !== "ellipsis") named(element, "text is cut off");
        else if (!told(element)) named(element, "text is shortened and nowhere whole");
      }
      if (element.scrollHeight > element.clientHeight + 3 && ["hidden", "clip"].includes(style.overflowY) && style.display !== "inline" && !told(element))
        named(element, "lines are cut off");
    }
    if (box.right > innerWidth + 1 || box.left < -1) {
      let inside = element.parentElement;
      while (inside && !scrolls(inside, "overflowX") && getComputedStyle(inside).overflowX !== "hidden") inside = inside.parentElement;
      if (!inside && spoken(element)) named(element, "text stands outside of the window");
    }
  }
  return [...new Set(faults)];
}
"""

SHIFTS = """
globalThis.dgShift = 0;
globalThis.dgShifted = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) {
    globalThis.dgShift += entry.value;
    globalThis.dgShifted.push(...entry.sources.map(({ node }) => node?.outerHTML?.slice(0, 120) ?? node?.nodeName));
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def layout_faults(page: Any) -> list[str]:
    """Text that is cut off or sticks out, and whatever makes the page wider than its window."""
    return page.evaluate(FAULTS)
