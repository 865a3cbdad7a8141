"""The tree of departments as pages show it: who reports to whom, how many people, who leads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from piccolo.querystring import QueryString

from dougong.db import fetch
from dougong.errors import NotFound
from dougong.i18n import number_text
from dougong.people.tables import Department
from dougong.web.views import Crumb, DepartmentNode, Option

__all__ = ["Branch", "Tree", "read_tree"]

INDENT = "\u3000"


@dataclass(frozen=True)
class Branch:
    """One department. `staff` counts the people in it alone."""

    id: int
    name: str
    parent: int | None
    head: int | None
    active: bool
    version: int
    staff: int


@dataclass(frozen=True)
class Tree:
    """All departments by id, in the order they stand in."""

    branches: Mapping[int, Branch]

    @cached_property
    def _below(self) -> Mapping[int | None, Sequence[Branch]]:
        found: dict[int | None, list[Branch]] = {}
        for branch in self.branches.values():
            parent = branch.parent if branch.parent in self.branches else None
            found.setdefault(parent, []).append(branch)
        return found

    @property
    def tops(self) -> Sequence[Branch]:
        return self.children(None)

    def children(self, department: int | None) -> Sequence[Branch]:
        return self._below.get(department, ())

    def at(self, department: int) -> Branch:
        if department not in self.branches:
            raise NotFound
        return self.branches[department]

    def subtree(self, department: int) -> list[int]:
        """It and everything below it."""
        return [department, *(i for child in self.children(department) for i in self.subtree(child.id))]

    def above(self, department: int) -> list[Branch]:
        """What it reports to, from the top down."""
        chain: list[Branch] = []
        superior = self.branches.get(self.branches[department].parent or 0)
        while superior is not None:
            chain.insert(0, superior)
            superior = self.branches.get(superior.parent or 0)
        return chain

    def people(self, department: int) -> int:
        """How many work in it and below."""
        return sum(self.branches[i].staff for i in self.subtree(department))

    def nodes(self, chosen: int, href: Callable[[int], str]) -> tuple[DepartmentNode, ...]:
        """As the page shows it: opened down to the chosen one; at the top always."""
        opened = {b.id for b in self.above(chosen)} | {b.id for b in self.tops}
        return tuple(self._node(branch, chosen, opened, href) for branch in self.tops)

    def _node(self, branch: Branch, chosen: int, opened: set[int], href: Callable[[int], str]) -> DepartmentNode:
        return DepartmentNode(
            id=str(branch.id),
            label=branch.name,
            href=href(branch.id),
            count=number_text(self.people(branch.id)),
            current=branch.id == chosen,
            open=branch.id in opened or branch.id == chosen,
            inactive=not branch.active,
            children=tuple(self._node(child, chosen, opened, href) for child in self.children(branch.id)),
        )

    def crumbs(self, department: int, href: Callable[[int], str]) -> tuple[Crumb, ...]:
        return tuple(Crumb(b.name, href(b.id)) for b in self.above(department))

    def options(self, *, without: Sequence[int] = (), chosen: Sequence[int] = ()) -> tuple[Option, ...]:
        """The departments that can be chosen, indented by reporting line; those chosen already even if out of use."""
        return tuple(
            Option(str(branch.id), INDENT * depth + branch.name)
            for branch, depth in self._walk(None, 0)
            if branch.id not in without and (branch.active or branch.id in chosen)
        )

    def _walk(self, department: int | None, depth: int) -> Iterator[tuple[Branch, int]]:
        for branch in self.children(department):
            yield branch, depth
            yield from self._walk(branch.id, depth + 1)


async def read_tree() -> Tree:
    """As the acting person sees it; two queries."""
    columns = (
        Department.id,
        Department.name,
        Department.parent,
        Department.head,
        Department.active,
        Department.version,
    )
    rows = await Department.select(*columns).order_by(Department.place).order_by(Department.id)
    counted = await fetch(
        QueryString(
            'SELECT "department" AS id, count(*) AS n FROM "staff" WHERE "active" = {} GROUP BY "department"', True
        )
    )
    staff = {row["id"]: row["n"] for row in counted}
    return Tree(
        {
            r["id"]: Branch(
                r["id"], r["name"], r["parent"], r["head"], bool(r["active"]), r["version"], staff.get(r["id"], 0)
            )
            for r in rows
        }
    )
