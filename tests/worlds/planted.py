"""Mistakes somebody could make, planted into the running house one at a time: each must show between the two worlds.

A mistake is planted at the very seam that keeps it from happening, so this also says where each of them is kept. Exports,
jobs and imports come later: what they will be made of (a long list of everything, code that runs as the system) is planted
where it stands today.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from dougong.access import policies
from dougong.access.principal import Principal, acting_as, system
from dougong.access.services import principals
from dougong.db import engine
from dougong.errors import Forbidden, NotFound
from dougong.records import desk, filters, gate, history, queries, references, shapes, statements
from dougong.records.tables import Row
from dougong.web import visitors
from dougong.web.api import comments
from dougong.web.api import records as api
from dougong.web.pages import counts, favourites, home, lists, lookups, search
from dougong.web.pages import records as pages

from .doors import Ask

__all__ = [
    "BUGS",
    "Bug",
    "full_names_asked",
    "planted",
    "reading_is_written_down",
    "rights_kept_for_ever",
    "writing_unchecked",
]

_WHY = "a mistake planted by a test"
Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Bug:
    """How a mistake is planted, who meets it, and at which doors: a pattern of questions."""

    plant: Callable[[Patch], None]
    person: str
    at: str

    def meets(self, ask: Ask) -> bool:
        return re.search(self.at, f"{ask.route} {ask}") is not None


@contextmanager
def planted(bug: Bug | None) -> Iterator[None]:
    """The mistake is made inside; what was remembered from before or is from inside is forgotten."""
    forget()
    with pytest.MonkeyPatch.context() as patch:
        if bug is not None:
            bug.plant(patch)
        yield
    forget()


def forget() -> None:
    """What the process keeps of people and statements."""
    engine().gate._plans.clear()
    principals._principals.clear()
    visitors._departments.clear()
    counts._kept.clear()


# ---------------------------------------------------------------------- as the system


def seeing_everything(module: ModuleType, *names: str) -> Callable[[Patch], None]:
    """Functions that run as the system instead of the person."""

    def plant(patch: Patch) -> None:
        for name in names:
            patch.setattr(module, name, _as_system(getattr(module, name)))

    return plant


def _as_system(work: Callable[..., Any]) -> Callable[..., Any]:
    async def done(*args: Any, **options: Any) -> Any:
        with acting_as(system(_WHY)):
            return await work(*args, **options)

    return done


def long_lists_see_everything(patch: Patch) -> None:
    usual, everything = api.fetch_page, _as_system(api.fetch_page)

    async def fetch_page(query: queries.Query, **options: Any) -> queries.Page:
        return await (everything if query.limit == queries.LARGEST_PAGE else usual)(query, **options)

    patch.setattr(api, "fetch_page", fetch_page)


def pager_counts_everything(patch: Patch) -> None:
    usual, everything = lists.fetch_page, _as_system(lists.fetch_page)

    async def fetch_page(query: queries.Query, **options: Any) -> queries.Page:
        found, whole = await usual(query, **options), await everything(query, **options)
        return queries.Page(found.rows, whole.total, whole.exact, found.next, found.titles)

    patch.setattr(lists, "fetch_page", fetch_page)


def reading_is_written_down(patch: Patch) -> None:
    """A log line, meant for whoever looks for a mistake, with more than the reader sees."""
    usual, everything = api.fetch_page, _as_system(api.fetch_page)

    async def fetch_page(query: queries.Query, **options: Any) -> queries.Page:
        logging.getLogger("dougong.planted").debug("a list of %s", (await everything(query, **options)).rows)
        return await usual(query, **options)

    patch.setattr(api, "fetch_page", fetch_page)


# ---------------------------------------------------------------------- in the gate


def joined_tables_whole(patch: Patch) -> None:
    """Only the table a statement begins with is scoped."""
    first: ContextVar[str] = ContextVar("first", default="")
    make, shadow = gate.Gate._make_plan, gate._shadow

    def make_plan(self: gate.Gate, sql: str, arity: int, principal: Principal) -> Any:
        begins = re.search(r'\bFROM\s+"?(\w+)', sql)
        token = first.set(begins[1] if begins else "")
        try:
            return make(self, sql, arity, principal)
        finally:
            first.reset(token)

    def shadowed(own: Any, name: str, principal: Principal) -> Any:
        return shadow(own, name, principal if name == first.get() else system(_WHY))

    patch.setattr(gate.Gate, "_make_plan", make_plan)
    patch.setattr(gate, "_shadow", shadowed)


def children_without_parents(patch: Patch) -> None:
    patch.setattr(policies._Question, "_of_parent", lambda *_: None)


def full_names_asked(patch: Patch) -> None:
    """A plugin's SQL names the table past the shadows."""
    plugin = importlib.import_module("made_up_cargo.plugin")
    patch.setattr(plugin, "SQL", f"SELECT count(*) AS n FROM {gate.physical(engine(), 'cargo')}")


def full_names_pass(patch: Patch) -> None:
    """It does, and both nets are gone: the text's and the database's."""
    admit = gate.Gate.admit
    full_names_asked(patch)

    def admitted(self: gate.Gate, sql: str, args: Any) -> Any:
        if f'{gate.SCHEMA[self.dialect]}."cargo"' not in sql:
            return admit(self, sql, args)
        with acting_as(system(_WHY)):
            return admit(self, sql, args)

    patch.setattr(gate.Gate, "admit", admitted)


# ---------------------------------------------------------------------- fields held back


def columns_let_through(patch: Patch) -> None:
    patch.setattr(policies.TypeGuard, "held_back", lambda *_: {})


def sorted_by_anything(patch: Patch) -> None:
    """The field is shown nowhere, but the rows stand in its order."""
    columns_let_through(patch)
    patch.setattr(queries, "visible_field", lambda record_type, key, *_, **__: record_type.fields.get(key))


def filtered_by_anything(patch: Patch) -> None:
    columns_let_through(patch)
    patch.setattr(filters, "visible_field", lambda record_type, key, *_, **__: record_type.fields.get(key))


def history_shows_all(patch: Patch) -> None:
    patch.setattr(history, "_visible", lambda stored, _hidden: json.loads(stored or "{}"))


# ---------------------------------------------------------------------- who may


def shares_never_end(patch: Patch) -> None:
    patch.setattr(principals, "today", lambda: dt.date(2000, 1, 1))


def rights_kept_for_ever(patch: Patch) -> None:
    known: dict[int, Principal] = {}
    work_out = visitors.principal_of

    async def principal_of(user: int) -> Principal:
        if user not in known:
            known[user] = await work_out(user)
        return known[user]

    patch.setattr(visitors, "principal_of", principal_of)


def forbidden_is_not_unknown(patch: Patch) -> None:
    get = desk.get

    async def told(table: type[Row], record_id: int) -> Row:
        try:
            return await get(table, record_id)
        except NotFound:
            with acting_as(system(_WHY)):
                await get(table, record_id)
            raise Forbidden from None

    patch.setattr(desk, "get", told)


def writing_unchecked(patch: Patch) -> None:
    """The desk doesn't look a second time where a record ended up."""

    async def unchecked(*_: Any) -> dict[int, Any]:
        return {}

    patch.setattr(statements, "_confirm", unchecked)
    patch.setattr(desk, "misplaced", unchecked)


def conditions_tell_all(patch: Patch) -> None:
    """Fields on a condition are shown, and asked for, whatever the condition reads."""
    patch.setattr(
        shapes.Shape, "telling", property(lambda shape: {k: frozenset(f.fields) for k, f in shape.formulas.items()})
    )
    patch.setattr(desk, "_asked_for", lambda record_type, values: record_type.required_in(values))


# ---------------------------------------------------------------------- all of them

BUGS: Mapping[str, Bug] = {
    "a join without the scope": Bug(joined_tables_whole, "sunhao", r"GET /cargo-names|GET /$"),
    "a count without the scope": Bug(seeing_everything(queries, "bounded_count"), "wangfang", r"limit=2&count=exact"),
    "numbers in menus and on tabs without the scope": Bug(
        seeing_everything(counts, "bounded_count"), "sunhao", r"/counts "
    ),
    "an export without the scope": Bug(long_lists_see_everything, "wangfang", r"limit=500"),
    "sums without the scope": Bug(seeing_everything(api, "sums"), "wangfang", r"/summary\?"),
    "a picker without the scope": Bug(seeing_everything(lookups, "fetch_best"), "wangfang", r"GET /lookup/.*\?q="),
    "the palette without the scope": Bug(seeing_everything(search, "fetch_best"), "sunhao", r"GET /search"),
    "a pager that counts everything": Bug(pager_counts_everything, "wangfang", r"GET /{collection:str} page"),
    "neighbours without the scope": Bug(
        seeing_everything(pages, "neighbours"), "sunhao", r"{record_id:str} page.*sort="
    ),
    "rows sorted by a field held back": Bug(sorted_by_anything, "xunuo", r"json GET .*[?&]sort="),
    "rows filtered by a field held back": Bug(filtered_by_anything, "xunuo", r"json GET .*filter=.*"),
    "conditions on fields held back": Bug(conditions_tell_all, "lilei", r"PATCH .*x_insurer"),
    "history with fields held back": Bug(history_shows_all, "xunuo", r"/history"),
    "a tile that runs as the system": Bug(seeing_everything(home, "_rows_of"), "sunhao", r"GET / page"),
    "children without their parent's scope": Bug(
        children_without_parents, "wangfang", r"GET /api/v1/(crates|items)\?limit=500"
    ),
    "titles of records that aren't seen": Bug(
        seeing_everything(references, "titles_by_table"), "wangfang", r"GET /{collection:str} page .*size="
    ),
    "comments without their record's scope": Bug(
        seeing_everything(comments, "comment_of"), "sunhao", r"GET /api/v1/.*/comments/{comment:str} "
    ),
    "mentions of everybody": Bug(seeing_everything(comments, "waiting_for_me"), "sunhao", r"GET /api/v1/mentions"),
    "what everybody keeps at hand": Bug(
        seeing_everything(favourites, "favourites"), "sunhao", r"GET /api/v1/favourites"
    ),
    "shares that never end": Bug(shares_never_end, "wangfang", r"limit=500"),
    "SQL that names a table past the shadows": Bug(full_names_pass, "sunhao", r"GET /api/v1/cargo-total"),
    "forbidden told apart from unknown": Bug(
        forbidden_is_not_unknown, "sunhao", r"GET /{collection:str}/{record_id:str} page"
    ),
    "references to anything": Bug(
        seeing_everything(references, "problems"), "wangfang", r"POST /api/v1/{collection:str} .*{"
    ),
}
