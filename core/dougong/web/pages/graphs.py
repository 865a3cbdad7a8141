"""How records of one kind belong together, drawn around one of them: what lies one and two steps away.

Columns instead of circles, so that every name can be read: the record in the middle, to its right what it points to, to
its left what points to it, further out what those are connected with.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dougong.i18n import _
from dougong.plugin.contributions import Graph, Tab
from dougong.plugin.snapshot import current_snapshot
from dougong.records import references
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.types import RecordType
from dougong.web.views import GraphLine, GraphNode, GraphView

__all__ = ["MOST", "drawn"]

MOST = 100
"""So many records are drawn at most, the one in the middle among them."""
STEPS = 2
COLUMN, ROW = 232, 56
WIDTH, HEIGHT = 184, 44
_SHOWN = 12.5
"""How much of a name a box holds, in Chinese characters."""


@dataclass(frozen=True)
class Link:
    """One connection and what it is called, read from its source and from its target."""

    source: int
    target: int
    kind: str
    reverse: str

    def read_from(self, end: int) -> str:
        return self.kind if end == self.source else self.reverse or f"← {self.kind}"

    def other(self, end: int) -> int:
        return self.target if end == self.source else self.source


@dataclass
class Tree:
    """What was found from one record, each where it was met first."""

    middle: int
    titles: dict[int, str]
    links: list[Link] = field(default_factory=list)
    met_by: dict[int, Link] = field(default_factory=dict)
    children: dict[int, list[int]] = field(default_factory=dict)
    is_cut: bool = False


async def drawn(tab: Tab, record_id: int, title: str) -> GraphView | None:
    """The drawing above a tab's list; None where there is nothing to draw.

    Everything is read as the person: a record or a connection they may not see is in no part of it.
    """
    graph, parent = tab.graph, current_snapshot().records[tab.parent]
    if graph is None or not all(visible_field(tab.record, c._meta.name) for c in (tab.via, graph.to)):
        return None
    tree = Tree(record_id, {record_id: title})
    edge = [record_id]
    for _step in range(STEPS):
        edge = await _further(tree, tab, graph, parent, edge) if edge else []
    return _laid_out(tree, parent) if tree.links else None


async def _further(tree: Tree, tab: Tab, graph: Graph, parent: RecordType, edge: Sequence[int]) -> list[int]:
    """One step on from the records at the edge; those that were met for the first time."""
    links = await _links(tab, graph, edge)
    unknown = {end for link in links for end in (link.source, link.target)} - tree.titles.keys()
    titles = await references.titles(parent.table, unknown)
    new: list[int] = []
    for link in links:
        for near, far in ((link.source, link.target), (link.target, link.source)):
            if near in edge and far in titles and far not in tree.titles:
                if len(tree.titles) >= MOST:
                    tree.is_cut = True
                    continue
                tree.titles[far], tree.met_by[far] = titles[far], link
                tree.children.setdefault(near, []).append(far)
                new.append(far)
    known = set(tree.links)
    tree.links += [k for k in links if k.source in tree.titles and k.target in tree.titles and k not in known]
    return new


async def _links(tab: Tab, graph: Graph, ends: Sequence[int]) -> list[Link]:
    table: Any = tab.record.table
    via, to = (getattr(table, c._meta.name) for c in (tab.via, graph.to))
    kinds = [visible_field(tab.record, c._meta.name) for c in (graph.kind, graph.reverse) if c is not None]
    columns = [via, to, *(f.column for f in kinds if f)]
    near = via.is_in(list(ends)) | to.is_in(list(ends))
    # more than can be drawn: some lead to records that are not seen, some to one and the same
    rows = await table.select(*columns).where(near).order_by(table.id).limit(10 * MOST)
    return [
        Link(row[via._meta.name], row[to._meta.name], _words(graph.kind, kinds, row), _words(graph.reverse, kinds, row))
        for row in rows
        if row[via._meta.name] and row[to._meta.name] and row[via._meta.name] != row[to._meta.name]
    ]


def _words(column: Any, kinds: Iterable[Field | None], row: Mapping[str, Any]) -> str:
    found = next((f for f in kinds if f and column is not None and f.key == column._meta.name), None)
    value = row.get(found.key) if found else None
    return found.type.show(value, found) if found and value else ""


# ------------------------------------------------------------------ where everything stands


def _laid_out(tree: Tree, parent: RecordType) -> GraphView:
    sides = {1: list[int](), -1: list[int]()}
    for child in tree.children.get(tree.middle, []):
        sides[1 if tree.met_by[child].source == tree.middle else -1].append(child)
    rows = {side: sum(max(1, len(tree.children.get(c, []))) for c in children) for side, children in sides.items()}
    height = max(1, *rows.values()) * ROW
    places = {tree.middle: (0, height // 2)}
    for side, children in sides.items():
        top = (height - rows[side] * ROW) // 2
        for child in children:
            beyond = tree.children.get(child, [])
            tall = max(1, len(beyond)) * ROW
            places[child] = (side, top + tall // 2)
            places |= {far: (2 * side, top + n * ROW + ROW // 2) for n, far in enumerate(beyond)}
            top += tall
    left = min(column for column, _y in places.values())
    at = {
        node: ((column - left) * COLUMN + (COLUMN - WIDTH) // 2, y - HEIGHT // 2)
        for node, (column, y) in places.items()
    }
    right = max(column for column, _y in places.values())
    return GraphView(
        width=(right - left + 1) * COLUMN,
        height=height,
        box=(WIDTH, HEIGHT),
        lines=tuple(_line(tree, link, at) for link in tree.links),
        nodes=tuple(_node(tree, node, at[node], parent) for node in at),
        is_cut=tree.is_cut,
        most=MOST,
    )


def _node(tree: Tree, node: int, at: tuple[int, int], parent: RecordType) -> GraphNode:
    link = tree.met_by.get(node)
    words = link.read_from(link.other(node)) if link else ""
    href = f"/{parent.path}/{node}" if link else ""
    return GraphNode(tree.titles[node], _shortened(tree.titles[node]), words, *at, href=href)


def _line(tree: Tree, link: Link, at: Mapping[int, tuple[int, int]]) -> GraphLine:
    """From box to box; bent like a bow where both stand in one column."""
    (x1, y1), (x2, y2) = at[link.source], at[link.target]
    y1, y2 = y1 + HEIGHT // 2, y2 + HEIGHT // 2
    if x1 == x2:
        x1 = x2 = x1 + WIDTH
        bend1 = bend2 = x1 + (COLUMN - WIDTH)
    else:
        x1, x2 = (x1 + WIDTH, x2) if x1 < x2 else (x1, x2 + WIDTH)
        bend1 = bend2 = (x1 + x2) // 2
    met = tree.met_by.get(link.target) is link or tree.met_by.get(link.source) is link
    words = _(
        "%(source)s: %(kind)s → %(target)s",
        source=tree.titles[link.source],
        kind=link.kind,
        target=tree.titles[link.target],
    )
    return GraphLine(f"M{x1} {y1}C{bend1} {y1} {bend2} {y2} {x2} {y2}", str(words), aside=not met)


def _shortened(title: str) -> str:
    """As much of a name as a box holds."""
    room = _SHOWN
    for place, sign in enumerate(title):
        room -= 1 if unicodedata.east_asian_width(sign) in "WFA" else 0.58
        if room < 0:
            return title[: place - 1].rstrip() + "…"
    return title
