"""Views people keep of a list: what it is filtered by, sorted by and shows, under a name, as a tab of their own.

A view may be shared with everybody who sees the list. It is a question, not an answer: each reader finds what they may see.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, current, system
from dougong.access.rights import may_do, need
from dougong.db import fetch, transaction
from dougong.db.columns import BigInt, Boolean, Integer, Serial, Text, Varchar
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.records.filters import FAVOURITE, compile_filter, visible_field
from dougong.records.layouts import shown_columns
from dougong.records.tables import Private
from dougong.records.types import RecordType

__all__ = [
    "LONGEST_NAME",
    "MOST_TERMS",
    "MOST_VIEWS",
    "SHARE",
    "KeptView",
    "Question",
    "Term",
    "View",
    "Views",
    "change_view",
    "keep_view",
    "move_view",
    "remove_view",
    "terms_of",
    "tree_of",
    "views_at",
    "views_naming",
]

SHARE = "views.share"
MOST_VIEWS = 50
"""So many one person keeps of one list."""
MOST_TERMS = 50
"""So many conditions the address of a list holds."""
LONGEST_NAME = 60
_WHY = "keep the views people have of their lists"
_ONLY = frozenset({"core_list_view", "core_list_layout"})

Term = tuple[str, str, str, int]
"""One condition as an address holds it: field, operator, value, group."""


class KeptView(Private, tablename="core_list_view"):
    """One view of one list. `asked` is its filter as a tree, `columns` a JSON list of field keys."""

    id: Serial
    user = BigInt(index=True, db_column_name="of_user")
    record = Varchar(60)
    name = Varchar(LONGEST_NAME)
    place = Integer(default=0)
    shared = Boolean(default=False)
    asked = Text(default="[]")
    q = Varchar(200)
    sort = Varchar(80)
    columns = Text(default="[]")


@dataclass(frozen=True)
class Question:
    """What a view asks a list for, and the columns it shows."""

    terms: tuple[Term, ...] = ()
    q: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        """The keys of what it names."""
        return frozenset({*(term[0] for term in self.terms), self.sort.removeprefix("-"), *self.columns} - {""})


@dataclass(frozen=True)
class View:
    """A view as the acting person meets it: their own, or one that somebody shares."""

    id: int
    name: str
    question: Question
    shared: bool
    own: bool

    @property
    def changeable(self) -> bool:
        """A shared view is everybody's: whoever may share views may also put it right or take it away."""
        return self.own or (self.shared and may_do(current(), SHARE))


@dataclass(frozen=True)
class Views:
    """How the acting person has a list: their columns, and the views that stand as tabs, their own ones first."""

    columns: tuple[str, ...]
    views: tuple[View, ...]

    def named(self, view_id: int) -> View | None:
        return next((view for view in self.views if view.id == view_id), None)

    def shown_in(self, record_type: RecordType) -> Sequence[View]:
        """Those that stand as tabs: somebody else's only where the person may see every field it asks about."""
        return [view for view in self.views if view.own or _may_ask(record_type, view)]


async def views_at(record_type: RecordType) -> Views:
    """One query, as every list needs both."""
    user, key = current().user, record_type.key
    statement = QueryString(_BOTH, user, key, key, user)
    with acting_as(system(_WHY, _ONLY)):
        rows = await fetch(statement)
    chosen = next((json.loads(row["columns"]) for row in rows if row["id"] == 0), None)
    mine = sorted((row for row in rows if row["id"] and row["of_user"] == user), key=lambda r: (r["place"], r["id"]))
    others = sorted((row for row in rows if row["id"] and row["of_user"] != user), key=lambda r: (r["name"], r["id"]))
    return Views(
        shown_columns(record_type, chosen),
        (*(_view(row, own=True) for row in mine), *(_view(row, own=False) for row in others)),
    )


async def views_naming(record_type: RecordType, key: str) -> Sequence[View]:
    """Every view of a list, whoever keeps it, that asks for a field, shows it or is sorted by it. For who shapes records."""
    with acting_as(system(_WHY, _ONLY)):
        rows = await KeptView.select().where(KeptView.record == record_type.key).order_by(KeptView.name)
    views = [_view(row, own=False) for row in rows]
    return [view for view in views if key in view.question.fields]


def _may_ask(record_type: RecordType, view: View) -> bool:
    asked = {term[0] for term in view.question.terms if term[:3] != FAVOURITE}
    return all(visible_field(record_type, key) for key in asked)


_BOTH = (
    "SELECT 0 AS id, \"of_user\", '' AS name, 0 AS place, false AS shared, '' AS asked, '' AS q, '' AS sort, \"columns\""
    ' FROM "core_list_layout" WHERE "of_user" = {} AND "record" = {}'
    ' UNION ALL SELECT "id", "of_user", "name", "place", "shared", "asked", "q", "sort", "columns"'
    ' FROM "core_list_view" WHERE "record" = {} AND ("of_user" = {} OR "shared")'
)


def _view(row: Mapping[str, Any], *, own: bool) -> View:
    question = Question(terms_of(json.loads(row["asked"])), row["q"], row["sort"], tuple(json.loads(row["columns"])))
    return View(row["id"], row["name"], question, bool(row["shared"]), own)


# ------------------------------------------------------------------ conditions as text, and as a tree


def terms_of(tree: Any) -> tuple[Term, ...]:
    """A filter's conditions, as an address holds them. Invalid where they are more than groups joined by “or”."""
    if tree in (None, [], {}):
        return ()
    joined = isinstance(tree, dict) and set(tree) == {"or"} and isinstance(tree["or"], list) and tree["or"]
    parts = tree["or"] if joined else [tree]
    return tuple((leaf[0], leaf[1], _text(leaf), at) for at, part in enumerate(parts) for leaf in _leaves(part))


def _leaves(node: Any) -> Sequence[Sequence[Any]]:
    if isinstance(node, dict) and set(node) == {"and"}:
        node = node["and"]
    leaves = [node] if _is_leaf(node) else node
    if not isinstance(leaves, list) or not leaves or not all(_is_leaf(leaf) for leaf in leaves):
        raise Invalid(
            Problem(
                "filter",
                _("A view holds conditions, or groups of conditions joined by “or”."),
                str(node)[:200],
                "filter",
            )
        )
    return leaves


def _is_leaf(node: Any) -> bool:
    return isinstance(node, list) and len(node) in (2, 3) and isinstance(node[0], str) and isinstance(node[1], str)


def _text(leaf: Sequence[Any]) -> str:
    value = leaf[2] if len(leaf) == 3 else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def tree_of(terms: Iterable[Term]) -> Any:
    """The filter tree of an address's conditions; empty for none."""
    groups: dict[int, list[Any]] = {}
    for key, operator, value, group in terms:
        groups.setdefault(group, []).append(_leaf(key, operator, value))
    if len(groups) > 1:
        return {"or": [{"and": leaves} for leaves in groups.values()]}
    return next(iter(groups.values()), [])


def _leaf(key: str, operator: str, value: str) -> list[Any]:
    if operator == "empty":
        return [key, operator, value or "true"]
    if operator == "in":
        return [key, operator, [v.strip() for v in value.replace("，", ",").split(",") if v.strip()]]
    return [key, operator, value]


# ------------------------------------------------------------------ keeping them


async def keep_view(record_type: RecordType, name: str, question: Question, *, shared: bool = False) -> View:
    """A new view of the acting person's own, behind their others. Invalid for a name they have, or what can't be asked."""
    if shared:
        need(SHARE)
    _check(record_type, question)
    async with transaction():
        mine = [view for view in (await views_at(record_type)).views if view.own]
        if len(mine) >= MOST_VIEWS:
            raise Invalid(Problem("name", _("You keep %(most)s views of this list already.", most=MOST_VIEWS)))
        name = _free_name(name, mine)
        user = current().user
        with acting_as(system(_WHY, _ONLY)):
            places = KeptView.select(KeptView.place).where(KeptView.user == user, KeptView.record == record_type.key)
            last = max(await places.output(as_list=True), default=0)
            new = KeptView(user=user, record=record_type.key, name=name, place=last + 1, shared=shared)
            for column, value in _stored(question).items():
                setattr(new, column, value)
            await new.save()
    return View(new.id, name, question, shared, own=True)


async def change_view(
    record_type: RecordType,
    view_id: int,
    *,
    name: str | None = None,
    question: Question | None = None,
    shared: bool | None = None,
) -> View:
    """The view with what is given instead of what it was; NotFound where it isn't the acting person's to change."""
    async with transaction():
        view, views = await _to_change(record_type, view_id)
        if shared is not None and shared != view.shared:
            need(SHARE)
            view = replace(view, shared=shared)
        if name is not None:
            view = replace(view, name=_free_name(name, [v for v in views if v.own == view.own and v.id != view.id]))
        if question is not None:
            _check(record_type, question)
            view = replace(view, question=question)
        changed: Any = {"name": view.name, "shared": view.shared, **_stored(view.question)}
        with acting_as(system(_WHY, _ONLY)):
            await KeptView.update(changed).where(KeptView.id == view.id)
    return view


async def remove_view(record_type: RecordType, view_id: int) -> View:
    """The view as it was."""
    async with transaction():
        view, _views = await _to_change(record_type, view_id)
        with acting_as(system(_WHY, _ONLY)):
            await KeptView.delete().where(KeptView.id == view.id)
    return view


async def move_view(record_type: RecordType, view_id: int, step: int) -> None:
    """Put one of the acting person's own views further left (-1) or right (1) among them."""
    async with transaction():
        mine = [view.id for view in (await views_at(record_type)).views if view.own]
        if view_id not in mine:
            raise NotFound
        at = mine.index(view_id)
        mine.insert(min(max(at + step, 0), len(mine) - 1), mine.pop(at))
        with acting_as(system(_WHY, _ONLY)):
            for place, moved in enumerate(mine, 1):
                await KeptView.update({KeptView.place: place}).where(KeptView.id == moved)


async def _to_change(record_type: RecordType, view_id: int) -> tuple[View, Sequence[View]]:
    known = await views_at(record_type)
    view = known.named(view_id)
    if view is None or not view.changeable:
        raise NotFound
    return view, known.views


def _free_name(name: str, others: Iterable[View]) -> str:
    name = " ".join(name.split())
    if not name:
        raise Invalid(Problem("name", _("This must be filled in."), name, "required"))
    if len(name) > LONGEST_NAME:
        raise Invalid(Problem("name", _("This text is too long."), name, "length"))
    if any(view.name.casefold() == name.casefold() for view in others):
        raise Invalid(Problem("name", _("There is a view of this name already."), name, "unique"))
    return name


def _check(record_type: RecordType, question: Question) -> None:
    """Invalid for what the list couldn't show to whoever keeps it."""
    compile_filter(record_type, tree_of(question.terms))
    if len(question.terms) > MOST_TERMS:
        raise Invalid(Problem("filter", _("A filter holds at most %(limit)s conditions.", limit=MOST_TERMS)))
    for place, keys in (
        ("sort", [question.sort.removeprefix("-")] if question.sort else []),
        ("columns", question.columns),
    ):
        for key in keys:
            if visible_field(record_type, key) is None:
                raise Invalid(Problem(place, _("There is no field “%(field)s” here.", field=key), key, "unknown"))
    if len(question.q) > 200:
        raise Invalid(Problem("q", _("Search for at most 200 ordinary characters."), question.q, "length"))


def _stored(question: Question) -> dict[str, str]:
    asked = json.dumps(tree_of(question.terms), ensure_ascii=False)
    return {"asked": asked, "q": question.q, "sort": question.sort, "columns": json.dumps(list(question.columns))}
