"""The list of any record type: tabs, quick find, filter, sort, columns, pager. Its whole state stands in the address."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.datastructures.multi_dicts import MultiMixin

from dougong.access.principal import current
from dougong.access.rights import may, may_do
from dougong.errors import Forbidden, Invalid, NotFound
from dougong.exports.services import EXPORT
from dougong.i18n import _, number_text
from dougong.imports.services import may_import
from dougong.plugin.snapshot import current_snapshot
from dougong.records import references
from dougong.records.bulk import jobs_of
from dougong.records.deactivation import view_of
from dougong.records.favourites import is_favourite
from dougong.records.fields import Field
from dougong.records.filters import FAVOURITE, OPERATORS, PERIODS, compile_filter, conditions, visible_field
from dougong.records.layouts import reset_columns, save_columns, shown_columns
from dougong.records.queries import BOUND, UNSORTABLE, Page, Query, fetch_page
from dougong.records.types import RecordType, SavedView
from dougong.records.values import writable
from dougong.records.views import (
    MOST_TERMS,
    SHARE,
    Question,
    Term,
    View,
    Views,
    change_view,
    terms_of,
    tree_of,
    views_at,
)
from dougong.web.cells import cell_maker, title_cell
from dougong.web.render import go, page
from dougong.web.views import (
    Action,
    Banner,
    BulkAction,
    Column,
    ColumnLayout,
    Condition,
    FilterChip,
    FilterField,
    FilterForm,
    LayoutField,
    ListPage,
    Option,
    Pager,
    Placeholder,
    QuickFind,
    Row,
    Stars,
    Tab,
    TableView,
)

__all__ = ["ListState", "control_kind", "list_state", "routes", "state_of_view", "table_view", "type_at", "views_of"]

SIZES = (20, 50, 100)
DEFAULT_SIZE = 50
PHONE_SLOTS = ("title", "meta", "side1", "side2")
AnyRequest = Request[Any, Any, Any]


def type_at(collection: str, action: str = "read") -> RecordType:
    """The enabled record type at this address whose records have pages; NotFound otherwise, Forbidden without the right."""
    record_type = current_snapshot().by_path.get(collection)
    if record_type is None or not record_type.menu:
        raise NotFound
    if not may(current(), record_type, action):
        raise Forbidden
    return record_type


# ------------------------------------------------------------------ state in the address


@dataclass(frozen=True)
class ListState:
    """What the address says about a list. `view` is the shipped one, unless it was `saved` by somebody: then all that
    is asked stands in `terms`."""

    record_type: RecordType
    view: int = 0
    saved: int = 0
    q: str = ""
    sort: str = ""
    page: int = 1
    size: int = DEFAULT_SIZE
    cursor: str = ""
    exact: bool = False
    terms: tuple[Term, ...] = ()

    def pairs(self, **changes: Any) -> list[tuple[str, str]]:
        """The address's parameters; whatever turns the list to something else starts on its first page."""
        changed = replace(self, **changes)
        if changes and not {"page", "cursor", "exact"} & set(changes):
            changed = replace(changed, page=1, cursor="")
        found: list[tuple[str, str]] = []
        for name, value, usual in (
            ("view", changed.view, 0),
            ("saved", changed.saved, 0),
            ("q", changed.q, ""),
            ("sort", changed.sort, ""),
            ("size", changed.size, DEFAULT_SIZE),
            ("page", changed.page, 1),
            ("cursor", changed.cursor, ""),
            ("count", "exact" if changed.exact else "", ""),
        ):
            if value != usual:
                found.append((name, str(value)))
        for key, operator, value, group in changed.terms:
            found += [("f", key), ("o", operator), ("v", value), ("g", str(group))]
        return found

    def href(self, **changes: Any) -> str:
        pairs = self.pairs(**changes)
        return f"/{self.record_type.path}" + (f"?{urlencode(pairs)}" if pairs else "")

    def kept(self, *without: str) -> tuple[tuple[str, str], ...]:
        """Hidden values of a form that changes only what is named."""
        drop = {*without, "page", "cursor"}
        return tuple((k, v) for k, v in self.pairs() if k not in drop)

    @property
    def tree(self) -> Any:
        """The view's and the reader's conditions as one filter tree."""
        shipped = [] if self.saved else conditions(views_of(self.record_type)[self.view].where)
        own = tree_of(self.terms)
        return [*shipped, own] if own else shipped

    @property
    def question(self) -> Question:
        """What a view holds that is saved here, but for its columns: the shipped view's conditions among its own."""
        shipped = () if self.saved else terms_of(conditions(views_of(self.record_type)[self.view].where))
        groups = sorted({group for *_term, group in self.terms}) or [0]
        base = tuple((key, operator, value, group) for group in groups for key, operator, value, _at in shipped)
        return Question(tuple(dict.fromkeys((*base, *self.terms))), self.q, self.sort)

    def query(self) -> Query:
        return Query(
            self.record_type,
            filter=self.tree,
            q=self.q,
            sort=self.sort,
            limit=self.size,
            page=self.page,
            cursor=self.cursor,
            count="exact" if self.exact else "bounded",
        )


def list_state(record_type: RecordType, given: MultiMixin[Any]) -> ListState:
    """Read the address leniently: a number that can't be read falls back, so that no bookmark ever breaks."""
    whole = given.get
    keys, signs, values, groups = (list(given.getall(name, [])) for name in ("f", "o", "v", "g"))
    groups += ["0"] * (len(keys) - len(groups))
    terms = tuple(
        (str(k), str(o), str(v), _whole(g, 0))
        for k, o, v, g in zip(keys, signs, values, groups, strict=False)
        if k and o and (v or o == "empty")
    )
    view = _whole(whole("view", 0), 0)
    size = _whole(whole("size", DEFAULT_SIZE), DEFAULT_SIZE)
    return ListState(
        record_type,
        view=view if view < len(views_of(record_type)) else 0,
        saved=_whole(whole("saved", 0), 0),
        q=str(whole("q", ""))[:200].replace("\x00", ""),
        sort=str(whole("sort", "")),
        page=max(_whole(whole("page", 1), 1), 1),
        size=size if size in SIZES else DEFAULT_SIZE,
        cursor=str(whole("cursor", "")),
        exact=whole("count", "") == "exact",
        terms=terms[:MOST_TERMS],
    )


def state_of_view(record_type: RecordType, view: View, size: int = DEFAULT_SIZE) -> ListState:
    """The list as somebody saved it."""
    asked = view.question
    return ListState(record_type, saved=view.id, q=asked.q, sort=asked.sort, size=size, terms=asked.terms)


def _whole(text: Any, default: int) -> int:
    text = str(text)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else default


# ------------------------------------------------------------------ the page


@get("/{collection:str}", include_in_schema=False)
async def show_list(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = type_at(collection)
    state, kept = list_state(record_type, request.query_params), await views_at(record_type)
    if (name := request.query_params.get("view", "")).startswith(SAVED):
        view = kept.named(_whole(name.removeprefix(SAVED), 0))
        if view is None:
            return go(request, f"/{record_type.path}", _("This view is no longer there."))
        state = state_of_view(record_type, view, state.size)
    if jumped_nowhere(request, state):
        return go(request, state.href(page=1))
    banner, keys = None, columns_of(state, kept)
    try:
        found = await fetch_page(replace(state.query(), fields=keys), with_titles=True)
    except Invalid as err:
        banner, state = _without_what_cannot_be_asked(state, kept.named(state.saved), err)
        found = await fetch_page(replace(state.query(), fields=keys), with_titles=True)
    starred = await is_favourite(record_type, [row["id"] for row in found.rows])
    return page(request, await list_page(state, kept, found, starred, banner))


def columns_of(state: ListState, kept: Views) -> tuple[str, ...]:
    """A saved view's own columns, else those the person wants in this list."""
    view = kept.named(state.saved)
    return shown_columns(state.record_type, view.question.columns or None) if view else kept.columns


def _without_what_cannot_be_asked(state: ListState, view: View | None, err: Invalid) -> tuple[Banner, ListState]:
    """A saved view shows what still can be asked, and says what can't; any other question is dropped."""
    record_type = state.record_type
    if view is None:
        clear = Action(str(_("Clear")), f"/{record_type.path}")
        return Banner(str(err), "bad", clear), ListState(record_type)
    left_out = _(
        "“%(name)s” asks about fields that are switched off or that you may not see. That part is left out.",
        name=view.name,
    )
    terms = tuple(term for term in state.terms if _can_be_asked(record_type, term))
    lines = (str(err),) if view.own else ()
    sort = state.sort if visible_field(record_type, state.sort.removeprefix("-")) else ""
    return Banner(str(left_out), "warn", lines=lines), ListState(
        record_type, saved=view.id, q=state.q, sort=sort, size=state.size, terms=terms
    )


def _can_be_asked(record_type: RecordType, term: Term) -> bool:
    try:
        compile_filter(record_type, tree_of([term]))
    except Invalid:
        return False
    return True


def jumped_nowhere(request: AnyRequest, state: ListState) -> bool:
    """A page past what can be turned to by number: back to the first."""
    return state.page > 1 and (state.page - 1) * state.size > BOUND


async def list_page(
    state: ListState, kept: Views, found: Page, starred: Collection[int] = (), banner: Banner | None = None
) -> ListPage:
    record_type, keys, view = state.record_type, columns_of(state, kept), kept.named(state.saved)
    path = f"/{record_type.path}"
    create = Action(str(_("New %(what)s", what=record_type.label)), f"{path}/new", "plus", look="primary")
    filtered = bool(state.q or state.terms)
    stars = Stars(path, frozenset(map(str, starred)), state.href())
    return ListPage(
        title=str(record_type.plural),
        icon=record_type.icon,
        url=path,
        table=replace(
            table_view(record_type, keys, found, state, empty=_empty(state, create), stars=stars),
            bulk=_bulk(record_type),
        ),
        pager=_pager(state, found),
        create=create if may(current(), record_type, "create") else None,
        tabs=(*_tabs(state), *_saved_tabs(state, kept)),
        view_actions=_view_actions(state, view),
        counts_url=f"{path}/counts",
        find=QuickFind(_find_words(record_type), state.q),
        chips=await _chips(state),
        clear_href=state.href(q="", terms=()) if filtered else "",
        filter=await _filter_form(state),
        sorts=_sorts(state, keys),
        layout=_layout(state, keys) if view is None or view.own else None,
        query=state.kept("q"),
        banner=banner,
    )


def _bulk(record_type: RecordType) -> tuple[BulkAction, ...]:
    path = f"/{record_type.path}/bulk"
    jobs = [BulkAction(str(job.label), f"{path}/{job.key}", job.icon, job.danger) for job in jobs_of(record_type)]
    if may(current(), record_type, EXPORT):
        export = BulkAction(str(_("Export")), f"/{record_type.path}/export", "file-export")
        jobs.insert(len(jobs) - sum(job.danger for job in jobs), export)
    return tuple(jobs)


def _find_words(record_type: RecordType) -> str:
    labels = [str(record_type.fields[k].label) for k in record_type.search_keys[:2] if visible_field(record_type, k)]
    if record_type.find == "contains":
        labels.append(str(_("pinyin initials")))
    return str(_(", ")).join(labels)


def _empty(state: ListState, create: Action) -> Placeholder:
    record_type = state.record_type
    if state.q or state.terms:
        return Placeholder(
            str(_("Nothing matches")),
            str(_("Try fewer conditions.")),
            "search",
            Action(str(_("Clear")), state.href(q="", terms=())),
        )
    return Placeholder(
        str(_("No %(what)s here yet", what=record_type.plural)),
        icon=record_type.icon,
        action=create if may(current(), record_type, "create") else None,
    )


def _tabs(state: ListState) -> tuple[Tab, ...]:
    return tuple(
        Tab(
            str(view.label),
            ListState(state.record_type, view=n, size=state.size, sort=state.sort).href(),
            n == state.view and not state.saved,
            count_key=f"view:{n}",
        )
        for n, view in enumerate(views_of(state.record_type))
        if can_be_asked(state.record_type, view)
    )


def _saved_tabs(state: ListState, kept: Views) -> tuple[Tab, ...]:
    return tuple(
        Tab(
            view.name,
            view_href(state.record_type, view.id),
            view.id == state.saved,
            count_key=f"view:{SAVED}{view.id}",
            icon="users" if view.shared else "bookmark",
        )
        for view in kept.shown_in(state.record_type)
    )


def view_href(record_type: RecordType, view_id: int) -> str:
    return f"/{record_type.path}?view={SAVED}{view_id}"


def _view_actions(state: ListState, view: View | None) -> tuple[Action, ...]:
    """What can be done with the list as it stands, and with the view it came from."""
    path, shown = f"/{state.record_type.path}/views", state.pairs(page=1, cursor="", exact=False)
    new = Action(
        str(_("Save as a view…")), f"{path}/new?{urlencode(shown)}", "bookmark-plus", look="quiet", dialog=True
    )
    if view is None or not view.changeable:
        return (new, *_in_and_out(state))
    own = f"{path}/{view.id}"
    found = (*_to_save(state, view, own), new, *_to_place(view, own), *_to_share(view, own), *_to_keep(own))
    return (*found, *_in_and_out(state))


def _in_and_out(state: ListState) -> Iterable[Action]:
    """Files."""
    record_type = state.record_type
    if may_import(record_type):
        yield Action(str(_("Import…")), f"/{record_type.path}/import", "file-import", look="quiet")
    if may(current(), record_type, EXPORT):
        href = f"/{record_type.path}/export?{urlencode(state.pairs(page=1, cursor='', exact=False))}"
        yield Action(str(_("Export…")), href, "file-export", look="quiet", dialog=True)


def _to_save(state: ListState, view: View, own: str) -> Iterable[Action]:
    if state.question != replace(view.question, columns=()):
        values = tuple(state.pairs(page=1, cursor="", exact=False))
        yield Action(str(_("Save the changes")), f"{own}/save", "device-floppy", "post", "quiet", values=values)


def _to_place(view: View, own: str) -> Iterable[Action]:
    if view.own:
        yield Action(str(_("Move left")), f"{own}/left", "arrow-left", "post", "quiet")
        yield Action(str(_("Move right")), f"{own}/right", "arrow-right", "post", "quiet")


def _to_share(view: View, own: str) -> Iterable[Action]:
    if may_do(current(), SHARE):
        label, what = (_("Stop sharing"), "unshare") if view.shared else (_("Share with everybody"), "share")
        yield Action(str(label), f"{own}/{what}", "users", "post", "quiet")


def _to_keep(own: str) -> Iterable[Action]:
    yield Action(str(_("Rename…")), f"{own}/rename", "pencil", look="quiet", dialog=True)
    yield Action(str(_("Delete the view…")), f"{own}/delete", "trash", look="quiet", dialog=True)


SAVED = "s"
"""Before the number of a view in an address: `?view=s12` opens it as it was saved."""
_ALL = SavedView(_("All"))
_FAVOURITES = SavedView(_("Favourites"), where=[FAVOURITE])


def views_of(record_type: RecordType) -> tuple[SavedView, ...]:
    """The built-in queries of a list: its own, or everything, what is deactivated, and one's favourites."""
    deactivated = [view_of(record_type.active)] if record_type.active is not None else []
    return (*(record_type.saved_views or [_ALL]), *deactivated, _FAVOURITES)


def can_be_asked(record_type: RecordType, view: SavedView) -> bool:
    """Whether the person may see every field a saved view asks about."""
    asked = {key for [key, _operator, _value] in conditions(view.where)}
    return all(visible_field(record_type, key) for key in asked - {FAVOURITE[0]})


def table_view(
    record_type: RecordType,
    keys: Sequence[str],
    found: Page,
    state: ListState | None = None,
    *,
    empty: Placeholder | None = None,
    stars: Stars | None = None,
) -> TableView:
    """Columns and rows; one cell maker per column, none per cell."""
    slots = _phone_slots(record_type, keys)
    columns = tuple(_column(record_type, record_type.fields[k], slots.get(k, ""), state) for k in keys)
    return TableView(
        str(record_type.plural), columns, tuple(_rows(record_type, keys, found, state)), empty, stars=stars
    )


def _rows(record_type: RecordType, keys: Sequence[str], found: Page, state: ListState | None) -> Iterable[Row]:
    title_key = record_type.title._meta.name
    makers = [None if k == title_key else cell_maker(record_type, record_type.fields[k]) for k in keys]
    titles = [found.titles.get(k, {}) for k in keys]
    title_field = record_type.fields[title_key]
    title_titles = found.titles.get(title_key, {})
    tail = f"?{urlencode(state.pairs())}" if state and state.pairs() else ""
    for row in found.rows:
        title = title_text(title_field, row[title_key], title_titles)
        href = f"/{record_type.path}/{row['id']}{tail}" if record_type.menu else ""
        cells = tuple(
            title_cell(record_type, title, href) if make is None else make(row[k], known)
            for k, make, known in zip(keys, makers, titles, strict=True)
        )
        yield Row(str(row["id"]), cells, href, title)


def title_text(field: Field, value: Any, titles: Mapping[int, str]) -> str:
    """A record's title as words, whatever kind of field it is."""
    if value in (None, ""):
        return "—"
    return titles.get(value, str(value)) if field.target is not None else field.type.show(value, field)[:200]


def _phone_slots(record_type: RecordType, keys: Sequence[str]) -> dict[str, str]:
    named = [c._meta.name for c in record_type.list_view.phone] or list(keys[:4])
    return dict(zip(named, PHONE_SLOTS, strict=False))


def _column(record_type: RecordType, field: Field, slot: str, state: ListState | None) -> Column:
    align = "end" if field.kind in ("number", "money") else "start"
    can_be_typed = state is not None and _typed_in_place(record_type, field)
    if state is None or field.kind in UNSORTABLE:
        return Column(field.key, str(field.label), align, slot, editable=can_be_typed)  # type: ignore[arg-type]
    key, descending = _sorted_by(state)
    now = ("desc" if descending else "asc") if key == field.key else ""
    href = state.href(sort=f"-{field.key}" if now == "asc" else field.key)
    return Column(field.key, str(field.label), align, slot, href, now, can_be_typed)  # type: ignore[arg-type]


_TYPED_IN_PLACE = frozenset(
    {"text", "number", "money", "date", "time", "datetime", "choice", "yes_no", "phone", "email", "url"}
)


def _typed_in_place(record_type: RecordType, field: Field) -> bool:
    """Whether the person may change the field in some record of the list; which ones, the record's own form says."""
    who = current()
    fits = control_kind(field) in _TYPED_IN_PLACE and field.kind != "state"
    return fits and record_type.menu and may(who, record_type, "edit") and writable(record_type, field, who)


def _sorted_by(state: ListState) -> tuple[str, bool]:
    if state.sort:
        return state.sort.removeprefix("-"), state.sort.startswith("-")
    view = state.record_type.list_view
    return (view.order._meta.name, view.descending) if view.order is not None else ("id", True)


def _sorts(state: ListState, keys: Sequence[str]) -> tuple[Tab, ...]:
    key, descending = _sorted_by(state)
    fields = [
        state.record_type.fields[k]
        for k in dict.fromkeys((*keys, "created", "updated"))
        if visible_field(state.record_type, k)
    ]
    return tuple(
        Tab(str(f.label), state.href(sort=f"-{f.key}" if f.key == key and not descending else f.key), f.key == key)
        for f in fields
        if f.kind not in UNSORTABLE
    )


def _layout(state: ListState, keys: Sequence[str]) -> ColumnLayout:
    record_type = state.record_type
    rest = [k for k in record_type.fields if k not in keys and k != "version" and visible_field(record_type, k)]
    title = record_type.title._meta.name
    fields = tuple(LayoutField(k, str(record_type.fields[k].label), k in keys, k == title) for k in (*keys, *rest))
    values = [("back", state.href()), *([("saved", str(state.saved))] if state.saved else [])]
    return ColumnLayout(f"/{record_type.path}/columns", fields, tuple(values))


def _pager(state: ListState, found: Page) -> Pager:
    last = max(-(-found.total // state.size), 1) if found.exact else 0
    page_number = state.page
    by_number = not state.cursor
    back = (
        state.href(page=page_number - 1)
        if by_number and page_number > 1
        else (state.href(page=1, cursor="") if state.cursor else "")
    )
    if found.next is None:
        forward = ""
    elif by_number and page_number * state.size <= BOUND and (not last or page_number < last):
        forward = state.href(page=page_number + 1)
    else:
        forward = state.href(page=1, cursor=found.next)
    return Pager(
        size=state.size,
        shown=len(found.rows),
        total=found.total,
        total_exact=found.exact,
        page=page_number,
        pages=last if by_number else 0,
        first_href=state.href(page=1, cursor="") if back else "",
        previous_href=back,
        next_href=forward,
        last_href=state.href(page=last) if forward and last and by_number and (last - 1) * state.size <= BOUND else "",
        sizes=tuple(Tab(str(s), state.href(size=s), s == state.size) for s in SIZES),
        exact_href="" if found.exact else state.href(exact=True),
        jump_values=state.kept() if found.exact and by_number else (),
    )


# ------------------------------------------------------------------ filter


async def _chips(state: ListState) -> tuple[FilterChip, ...]:
    chips = []
    for at, (key, operator, value, group) in enumerate(state.terms):
        field = visible_field(state.record_type, key)
        rest = tuple(t for n, t in enumerate(state.terms) if n != at)
        if (key, operator, value) == FAVOURITE:
            chips.append(FilterChip("", "", str(_("Favourites")), state.href(terms=rest), group))
        if field is None:
            continue
        chips.append(
            FilterChip(
                str(field.label),
                str(OPERATORS[operator]),
                await _value_words(field, operator, value),
                state.href(terms=rest),
                group,
            )
        )
    return tuple(chips)


async def _value_words(field: Field, operator: str, value: str) -> str:
    if operator == "empty":
        return str(_("yes") if value in ("", "true") else _("no"))
    if operator == "during":
        return str(PERIODS.get(value, value))
    if value == "me":
        return str(_("me"))
    parts = [p.strip() for p in value.split(",")] if operator == "in" else [value]
    if field.target is not None:
        known = await references.titles(field.target, [int(p) for p in parts if p.isdecimal()])
        return ", ".join(known.get(int(p), p) if p.isdecimal() else p for p in parts)
    if field.kind in ("choice", "state"):
        return ", ".join(field.type.show(p, field) for p in parts)
    return value


def control_kind(field: Field) -> str:
    """The kind of control a field is typed into."""
    return _CONTROLS.get(field.kind, field.kind)


_CONTROLS = {
    "person": "lookup",
    "department": "lookup",
    "link": "lookup",
    "state": "choice",
    "choices": "multi_choice",
    "address": "text",
    "serial": "text",
    "file": "text",
}


async def _filter_form(state: ListState) -> FilterForm:
    record_type = state.record_type
    fields = tuple(
        FilterField(
            f.key,
            str(f.label),
            control_kind(f),  # type: ignore[arg-type]
            tuple(Option(o, str(OPERATORS[o])) for o in f.type.operators),
            tuple(Option(o.key, str(o.label or o.key)) for o in f.every_option),
            lookup_url(f),
        )
        for f in record_type.fields.values()
        if visible_field(record_type, f.key) and f.key not in ("id", "version")
    )
    conditions_now = tuple(
        [
            Condition(k, o, v, g, await _value_words(record_type.fields[k], o, v))
            for k, o, v, g in state.terms
            if visible_field(record_type, k)
        ]
    )
    return FilterForm(
        fields,
        conditions_now,
        (*((k, v) for k, v in state.kept() if k not in "fovg"), *_unasked(state)),
        state.href(terms=()) if state.terms else "",
    )


def _unasked(state: ListState) -> Iterable[tuple[str, str]]:
    """The conditions that no field of the form stands for, to be kept."""
    for key, operator, value, group in state.terms:
        if (key, operator, value) == FAVOURITE:
            yield from (("f", key), ("o", operator), ("v", value), ("g", str(group)))


def lookup_url(field: Field) -> str:
    """Where the choices of a reference are asked for."""
    if field.target is None:
        return ""
    target = current_snapshot().records.get(field.target._meta.tablename)
    return f"/lookup/{target.path}" if target else ""


# ------------------------------------------------------------------ columns of one's own


@post("/{collection:str}/columns", include_in_schema=False)
async def keep_columns(request: AnyRequest, collection: str) -> Response[None]:
    record_type = type_at(collection)
    form = await request.form()
    back = str(form.get("back") or f"/{record_type.path}")
    kept = await views_at(record_type)
    view = kept.named(_whole(form.get("saved", 0), 0))
    keys = [] if form.get("reset") else [str(k) for k in form.getall("column", [])]
    for move, step in (("up", -1), ("down", 1)):
        if form.get(move):
            keys = _moved(
                list(columns_of(ListState(record_type, saved=view.id if view else 0), kept)), str(form[move]), step
            )
    if view is not None:
        known = tuple(k for k in dict.fromkeys(keys) if visible_field(record_type, k))
        await change_view(record_type, view.id, question=replace(view.question, columns=known))
    elif form.get("reset"):
        await reset_columns(record_type)
    else:
        await save_columns(record_type, keys)
    return go(request, back, _("Your columns are kept.") if keys else _("The columns are as shipped again."))


def _moved(keys: list[str], key: str, step: int) -> list[str]:
    if key in keys:
        at = keys.index(key)
        to = min(max(at + step, 1), len(keys) - 1)
        keys.insert(to, keys.pop(at))
    return keys


def total_words(total: int, exact: bool) -> str:
    """ "1,284", or "10,000+" beyond the bound."""
    return number_text(total) + ("" if exact else "+")


routes = [show_list, keep_columns]
