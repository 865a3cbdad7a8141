"""The page of one record: where it stands, what happened, what belongs to it, what can be done."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from piccolo.columns.combination import WhereRaw
from piccolo.table import Table

from dougong.access.principal import current
from dougong.access.rights import held_on, may
from dougong.db import transaction
from dougong.errors import DougongError, Forbidden, Invalid
from dougong.i18n import _, moment_text, number_text, today
from dougong.people.tables import Staff
from dougong.plugin.contributions import Tab as RelatedTab
from dougong.plugin.contributions import Timeline
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk, references
from dougong.records.actions import offered
from dougong.records.attachments import takes_files
from dougong.records.batches import Done
from dougong.records.favourites import is_favourite
from dougong.records.fields import Field
from dougong.records.filters import visible_field
from dougong.records.held_files import file_takers
from dougong.records.history import (
    MOST_ENTRIES,
    HistoryEntry,
    KindChanged,
    as_stored,
    history_of,
    named,
    unnamed_history_of,
)
from dougong.records.queries import Query, fetch_page, neighbours
from dougong.records.references import Titles
from dougong.records.tables import Row
from dougong.records.types import Action as Verb
from dougong.records.types import Move, RecordType
from dougong.records.undo import rights_to_take_back, undoable_by_others
from dougong.records.values import read_values, writable
from dougong.web.addresses import id_at
from dougong.web.cells import avatar_letter, cell_for
from dougong.web.components import hue
from dougong.web.files import TAB as FILES
from dougong.web.files import files_part
from dougong.web.pages.graphs import drawn
from dougong.web.pages.lists import list_state, table_view, title_text, type_at
from dougong.web.pages.timelines import (
    CHANGES,
    COMMENTS,
    PAGE,
    Heard,
    Mark,
    Told,
    all_named,
    moment_cell,
    said_about,
    told_by,
    turned,
)
from dougong.web.render import go, page
from dougong.web.shares import named_in, share_buttons, shared_with, shares_on
from dougong.web.views import (
    Action,
    Banner,
    Cell,
    Change,
    Composer,
    Crumb,
    Entry,
    Option,
    Placeholder,
    Property,
    PropertyGroup,
    RecordPage,
    RelatedList,
    Step,
    Tab,
)

__all__ = ["first_words", "record_at", "record_page", "routes"]

AnyRequest = Request[Any, Any, Any]
RELATED = 50
_OWN_PARAMS = frozenset({"tab", "kind", "after"})
"""What the page of a record reads of its address; the rest is the list one came from."""
_ICONS = {"create": "plus", "update": "pencil", "remove": "trash", "share": "share"}
_ICONS |= dict.fromkeys(("attach", "detach"), "paperclip")


async def record_at(collection: str, record_id: str) -> tuple[RecordType, Row]:
    record_type = type_at(collection)
    return record_type, await desk.get(record_type.table, id_at(record_id))


@get("/{collection:str}/{record_id:str}", include_in_schema=False)
async def show_record(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    return page(request, await record_page(request, record_type, record))


async def record_page(
    request: AnyRequest,
    record_type: RecordType,
    record: Row,
    *,
    composed: str = "",
    wrong: str = "",
    comment: str = "",
    comment_wrong: str = "",
    banner: Banner | None = None,
    tab: str = "",
    refused: Sequence[str] = (),
) -> RecordPage:
    """The page at the tab in the address, or at this one; `refused` are files that were not taken, with the reasons."""
    row = record.to_dict()
    path, record_id = f"/{record_type.path}/{record.id}", int(record.id)
    snapshot = current_snapshot()
    tabs = [t for t in snapshot.tabs_of(record_type.key) if may(current(), t.record, "read")]
    has_files = takes_files(record_type)
    chosen = _chosen(tab or request.query_params.get("tab", ""), tabs, has_files=has_files)
    shares = await shares_on(record_type, record)
    turn = _Turn.asked(request, record_type, only_changes=chosen == "history")
    held = await held_on(record_type, _asked_for(record_type, record), record_id)
    editable = "edit" in held
    heard = await _heard(record_type, record, turn, held) if chosen in ("", "history") else ()
    names = await references.titles_by_table(
        all_named((_named_by(record_type, row), named_in(shares), *(h.names for h in heard)))
    )
    titles = {k: names[f.target] for k, f in record_type.fields.items() if f.target is not None}
    title = title_text(
        record_type.fields[record_type.title._meta.name],
        row[record_type.title._meta.name],
        titles.get(record_type.title._meta.name, {}),
    )
    before, after, tail = await _neighbours(request, record_type, record_id)
    letter = avatar_letter(record_type, title)
    common: dict[str, Any] = {
        "title": title,
        "crumbs": (Crumb(str(record_type.plural), f"/{record_type.path}{tail}"),),
        "initial": letter,
        "hue": hue(title),
        "icon": "" if letter else record_type.icon,
        "subtitle": _subtitle(record_type, row, titles),
        "path": _path(record_type, row),
        "path_label": str(_("State")),
        "tabs": _tabs(record_type, path, tail, tabs, chosen, has_files=has_files),
        "counts_url": f"{path}/counts" if tabs or has_files else "",
        "properties": (
            *_properties(record_type, row, titles),
            *shared_with(shares, names, path, editable=editable),
        ),
        "previous_href": f"/{record_type.path}/{before}{tail}" if before else "",
        "next_href": f"/{record_type.path}/{after}{tail}" if after else "",
        "banner": banner or _closed_banner(record_type, row) or await _why_here(record_type, record),
    }
    common |= _buttons(record_type, record, path, held)
    common["tools"] = (star(path, on=record_id in await is_favourite(record_type, [record_id])), *common["tools"])
    in_use = not record_type.is_deactivated(row)
    if isinstance(chosen, RelatedTab):
        return RecordPage(**common, related=await _related(chosen, record_id, path, title, adding=in_use))
    if chosen == FILES:
        files = await files_part(record_type, record_id, path, editable=editable, wrong=refused)
        return RecordPage(**common, files=files)
    writing = in_use and chosen != "history"
    composer = _composer(record_type, path, composed, wrong) if writing else None
    empty = Placeholder(str(_("Nothing happened yet")), icon="history")
    told = _timeline_part(heard, names, turn, path, tail)
    comments = _comment_composer(path, comment, comment_wrong) if writing else None
    return RecordPage(**common, composer=composer, comments=comments, timeline_empty=empty, **told)


def _named_by(record_type: RecordType, row: Mapping[str, Any]) -> dict[type[Table], set[int]]:
    """What a record refers to."""
    return all_named(
        {field.target: {row[key]} if row.get(key) else ()}
        for key, field in record_type.fields.items()
        if field.target is not None
    )


def _chosen(asked: str, tabs: Sequence[RelatedTab], *, has_files: bool) -> RelatedTab | str:
    """The tab in the address: a related list, "history", the files, or the timeline."""
    if asked == "history" or (asked == FILES and has_files):
        return asked
    return next((t for t in tabs if tab_key(t) == asked), "")


def tab_key(tab: RelatedTab) -> str:
    return f"{tab.record.path}.{tab.via._meta.name}"


def _tabs(
    record_type: RecordType,
    path: str,
    tail: str,
    tabs: Sequence[RelatedTab],
    chosen: RelatedTab | str,
    *,
    has_files: bool,
) -> tuple[Tab, ...]:
    def href(key: str) -> str:
        return _address(path, tail, tab=key)

    first = Tab(str(_("Activity")), href(""), chosen == "", icon="activity")
    related = [Tab(str(t.label or t.record.plural), href(tab_key(t)), t is chosen, count_key=tab_key(t)) for t in tabs]
    files = [Tab(str(_("Attachments")), href(FILES), chosen == FILES, count_key=FILES)] if has_files else []
    return (first, *related, *files, Tab(str(_("History")), href("history"), chosen == "history"))


async def _neighbours(
    request: AnyRequest, record_type: RecordType, record_id: int
) -> tuple[int | None, int | None, str]:
    """Previous and next in the list one came from; without a list in the address there are none, and nothing is asked."""
    params = {k: v for k, v in request.query_params.items() if k not in _OWN_PARAMS}
    if not params:
        return None, None, ""
    state = list_state(record_type, request.query_params)
    pairs = state.pairs()
    try:
        before, after = await neighbours(replace(state.query(), cursor="", page=1), record_id)
    except Invalid:
        return None, None, ""
    return before, after, f"?{urlencode(pairs)}" if pairs else ""


def _subtitle(
    record_type: RecordType, row: Mapping[str, Any], titles: Mapping[str, Mapping[int, str]]
) -> tuple[Cell, ...]:
    keys = [
        c._meta.name
        for c in record_type.list_view.columns
        if c._meta.name not in (record_type.title._meta.name, "state", "owner")
    ]
    cells = [
        cell_for(record_type, record_type.fields[k], row[k], titles.get(k))
        for k in keys
        if visible_field(record_type, k) and row[k] not in (None, "")
    ]
    return tuple(c for c in cells if c.text)[:4]


def _path(record_type: RecordType, row: Mapping[str, Any]) -> tuple[Step, ...]:
    """The states in order, as far as they lie on the way; a state the path does not lead through is not shown before it is reached."""
    cycle = record_type.lifecycle
    if cycle is None:
        return ()
    now = row["state"]
    keys = [k for k in cycle.keys if not (record_type.state_option(k).tone == "bad" and k != now)]
    at = keys.index(now) if now in keys else -1
    return tuple(
        Step(
            str(record_type.state_option(k).label),
            "done" if n < at else "now" if n == at else "next",
            "bad" if record_type.state_option(k).tone == "bad" and n == at else "",
        )
        for n, k in enumerate(keys)
    )


def _closed_banner(record_type: RecordType, row: Mapping[str, Any]) -> Banner | None:
    if not record_type.is_deactivated(row):
        return None
    words = _("Deactivated: it can still be seen where it stands, and no longer be chosen or changed.")
    return Banner(str(words), "warn")


async def _why_here(record_type: RecordType, record: Row) -> Banner | None:
    """The reason that was given for the state it is in, where a step into this state asks for one."""
    cycle = record_type.lifecycle
    if cycle is None or not any(step.reason and step.target == record.state for step in cycle.steps):  # type: ignore[attr-defined]
        return None
    history = await history_of(record_type, record) if record.version > 1 else ()
    last = next((entry for entry in history if "state" in entry.after), None)
    if last is None or not last.why:
        return None
    who, when = last.who or _("System"), moment_text(last.at)
    text = _("%(step)s: %(why)s (%(who)s, %(when)s)", step=last.reason, why=last.why, who=who, when=when)
    return Banner(str(text), "warn")


def _asked_for(record_type: RecordType, record: Row) -> set[str]:
    """The rights on which the buttons of its page depend, and the ways back in its history."""
    steps = {step.right for step in record_type.lifecycle.steps} if record_type.lifecycle else set()
    return {"edit", "delete", *steps, *(verb.right for verb in offered(record_type, record))}


def _buttons(record_type: RecordType, record: Row, path: str, held: AbstractSet[str]) -> dict[str, Any]:
    """One primary button: the next step of its life; else edit."""
    editable = "edit" in held
    version = (("version", str(record.version)),)
    edit = Action(str(_("Edit")), f"{path}/edit", "pencil") if editable else None
    ahead: list[Action] = []
    back: list[Action] = []
    for step in (step for step in _moves(record_type, record) if step.right in held):
        (ahead if record_type.leads_on(step) else back).append(_move_action(record_type, step, path, version))
    possible = [verb for verb in offered(record_type, record) if verb.right in held]
    # what can be done at any time is no next step
    aside_of = {a.key: a.aside or a.when is None for a in possible}
    verbs = [_verb_action(a, path, version) for a in possible if not aside_of[a.key]]
    aside = [_verb_action(a, path, version) for a in possible if aside_of[a.key]]
    remove = []
    if "delete" in held:
        remove = [Action(str(_("Delete")), f"{path}/remove", "trash", look="danger", dialog=True)]
    files = _file_actions(record_type, record, path) if editable else ()
    why = Action(str(_("Who may see this?")), f"/explain?record={record_type.path}/{record.id}", "eye-question")
    forward = [*verbs, *ahead]
    primary = replace(forward[0], look="primary") if forward else (replace(edit, look="primary") if edit else None)
    beside = ([edit] if edit and forward else []) + forward[1:2]
    return {
        "primary": primary,
        "actions": tuple(beside),
        "more": (
            *forward[2:],
            *back,
            *aside,
            *files,
            *share_buttons(record_type, path, editable=editable),
            why,
            *remove,
        ),
        "tools": tools_of(record_type, record),
    }


def _file_actions(record_type: RecordType, record: Row, path: str) -> Iterable[Action]:
    """For each field that holds a file: another one, or none."""
    for field in file_takers(record_type, record):
        there, label = f"{path}/file/{field.key}", str(field.label)
        yield Action(str(_("%(field)s: choose a file", field=label)), f"{there}/edit", "paperclip", dialog=True)
        if getattr(record, field.key, None):
            yield Action(str(_("%(field)s: take the file out", field=label)), f"{there}/remove", "x", "post")


def _verb_action(verb: Verb, path: str, version: tuple[tuple[str, str], ...]) -> Action:
    method: Literal["get", "post"] = "get" if verb.form else "post"
    return Action(str(verb.label), f"{path}/{verb.key}", verb.icon, method, dialog=bool(verb.form), values=version)


async def moves_offered(record_type: RecordType, record: Row) -> list[Move]:
    """The steps this person may take from here."""
    possible = _moves(record_type, record)
    held = await held_on(record_type, {m.right for m in possible}, int(record.id))
    return [m for m in possible if m.right in held]


def _moves(record_type: RecordType, record: Row) -> Sequence[Move]:
    """The steps there are from here."""
    return record_type.lifecycle.moves_from(record.state) if record_type.lifecycle is not None else ()  # type: ignore[attr-defined]


def _move_action(record_type: RecordType, step: Move, path: str, version: tuple[tuple[str, str], ...]) -> Action:
    label, url = str(record_type.move_label(step)), f"{path}/moves/{step.target}"
    return Action(label, url, step.icon, "get" if step.reason else "post", dialog=step.reason, values=version)


def star(path: str, *, on: bool) -> Action:
    """Keep a record among one's favourites, or no longer."""
    label = _("No longer a favourite") if on else _("Keep as a favourite")
    values = (("on", "0" if on else "1"),)
    icon = "star-filled" if on else "star"
    return Action(str(label), f"{path}/favourite", icon, "post", look="quiet", values=values, icon_only=True)


def tools_of(record_type: RecordType, record: Row) -> tuple[Action, ...]:
    """Call and mail, with the first number and address there is."""
    found = []
    for kind, icon, scheme, label in (
        ("phone", "phone", "tel:", _("Call")),
        ("email", "mail", "mailto:", _("Write an e-mail")),
    ):
        for field in record_type.fields.values():
            value = (
                getattr(record, field.key, None)
                if field.kind == kind and visible_field(record_type, field.key)
                else None
            )
            if value:
                number = "".join(c for c in value if c.isdigit() or c == "+") if kind == "phone" else value
                found.append(Action(str(label), f"{scheme}{number}", icon, look="quiet", icon_only=True, hint=value))
                break
    return tuple(found)


# ------------------------------------------------------------------ properties


def _properties(
    record_type: RecordType, row: Mapping[str, Any], titles: Mapping[str, Mapping[int, str]]
) -> tuple[PropertyGroup, ...]:
    not_here = {"id", "version", "state", record_type.title._meta.name}
    found = []
    for number, (label, fields) in enumerate(record_type.form_of(row).groups):
        items = tuple(
            Property(str(f.label), cell_for(record_type, f, row[f.key], titles.get(f.key)))
            for f in fields
            if visible_field(record_type, f.key, state=row.get("state")) and f.key not in not_here
        )
        if items:
            found.append(PropertyGroup(str(label), items, open=number < 4))
    return tuple(found)


# ------------------------------------------------------------------ timeline


@dataclass(frozen=True)
class _Turn:
    """What the address says about the timeline: its kinds in words, the chosen one, and the mark to go on behind."""

    kinds: Mapping[str, str]
    chosen: str
    after: Mark | None = None

    @staticmethod
    def asked(request: AnyRequest, record_type: RecordType, *, only_changes: bool) -> _Turn:
        params = request.query_params
        kinds = {} if only_changes else _kinds(record_type)
        chosen = CHANGES if only_changes else params.get("kind", "") if params.get("kind") in kinds else ""
        return _Turn(kinds, chosen, Mark.read(params.get("after", "")))


def _timeline_part(heard: Sequence[Heard], titles: Titles, turn: _Turn, path: str, tail: str) -> dict[str, Any]:
    """One page of the timeline, of the kind and behind the mark that the address names."""
    entries, rest = _told(heard, titles, turn)
    more = {"kind": turn.chosen} if turn.kinds else {"tab": "history"}
    return {
        "timeline": entries,
        "timeline_kinds": tuple(Tab(turn.kinds[k], _address(path, tail, kind=k), k == turn.chosen) for k in turn.kinds),
        "timeline_more_href": _address(path, tail, **more, after=rest.write()) if rest else "",
    }


async def changes_of(record_type: RecordType, record: Row) -> tuple[Entry, ...]:
    """What changed, newest first: one page of it."""
    turn = _Turn({}, CHANGES)
    held = await held_on(record_type, _asked_for(record_type, record), int(record.id))
    heard = await _heard(record_type, record, turn, held)
    entries, _rest = _told(heard, await references.titles_by_table(all_named(h.names for h in heard)), turn)
    return entries


def _told(heard: Sequence[Heard], titles: Titles, turn: _Turn) -> tuple[tuple[Entry, ...], Mark | None]:
    """One page of what was heard, newest first, and the mark to go on from."""
    shown, rest = turned([told for each in heard for told in each.tell(titles)], turn.after)
    return tuple(t.entry for t in shown), rest


async def _heard(record_type: RecordType, record: Row, turn: _Turn, held: AbstractSet[str]) -> Sequence[Heard]:
    """What people wrote and what changed, as far as it may be on this page."""
    heard: list[Heard] = []
    if turn.chosen in ("", CHANGES):
        heard.append(await _changes(record_type, record, turn, held))
    timelines = current_snapshot().timelines_of(record_type.key)
    if turn.chosen in ("", COMMENTS):
        heard.append(await said_about(record_type, record, len(timelines) + 1, turn.after))
    for source, timeline in enumerate(timelines, 1):
        if turn.chosen in ("", timeline.record.path) and may(current(), timeline.record, "read"):
            heard.append(await told_by(timeline, source, int(record.id), turn.after))
    return heard


async def _changes(record_type: RecordType, record: Row, turn: _Turn, held: AbstractSet[str]) -> Heard:
    """The writes behind a mark: one more than a page holds, where there are so many."""
    found: list[HistoryEntry] = []
    before_id, limit = None, PAGE + 1
    while len(found) <= PAGE:
        read = await unnamed_history_of(record_type, record, limit=limit, before_id=before_id)
        found += [e for e in read if turn.after is None or Mark(e.at, 0, e.id).place < turn.after.place]
        if len(read) < limit:
            break
        before_id, limit = read[-1].id, MOST_ENTRIES
    found = found[: PAGE + 1]
    undoable = await _undoable(record_type, found, held, thorough=not turn.kinds)
    path = f"/{record_type.path}/{record.id}"

    def told(entry: HistoryEntry, titles: Titles) -> Told:
        shown = _change_entry(record_type, named(entry, titles[Staff]), titles)
        back = _taking_back(record_type, entry) if entry.batch in undoable else ()
        changes = _with_values_back(record_type, entry, shown.changes, path) if "edit" in held else shown.changes
        return Told(Mark(entry.at, 0, entry.id), replace(shown, changes=changes, actions=back))

    return Heard(lambda titles: [told(e, titles) for e in found], _named_in(record_type, found))


def _kinds(record_type: RecordType) -> dict[str, str]:
    """The kinds of entries to choose between, in words."""
    told = {t.record.path: t.record for t in current_snapshot().timelines_of(record_type.key)}
    kinds = {path: str(record.plural) for path, record in told.items() if may(current(), record, "read")}
    return {"": str(_("All")), **kinds, COMMENTS: str(_("Comments")), CHANGES: str(_("Changes"))}


def _address(path: str, tail: str, **params: str) -> str:
    """The record's page with the list one came from, and with what is given of these."""
    query = "&".join(part for part in (tail[1:], urlencode({k: v for k, v in params.items() if v})) if part)
    return path + (f"?{query}" if query else "")


def _named_in(record_type: RecordType, history: Sequence[HistoryEntry]) -> Mapping[type[Table], Collection[int]]:
    """Who made the changes, and everything they refer to."""
    wanted: dict[type[Table], set[int]] = {Staff: {entry.staff for entry in history if entry.staff}}
    for entry in history:
        for side in (entry.before, entry.after):
            for key, value in side.items():
                field = record_type.fields.get(key)
                if entry.verb == "update" and field is not None and field.target is not None and value:
                    wanted.setdefault(field.target, set()).add(value)
    return wanted


def _change_entry(record_type: RecordType, entry: HistoryEntry, titles: Titles) -> Entry:
    what = {"create": _("created it"), "update": _("changed it"), "remove": _("deleted it")}.get(entry.verb)
    changes: tuple[Change, ...] = ()
    if entry.verb == "update":
        fields = [record_type.fields[k] for k in entry.after if k in record_type.fields]
        changes = tuple(
            Change(
                str(f.label),
                _logged_words(f, entry.before.get(f.key), titles),
                _logged_words(f, entry.after.get(f.key), titles),
            )
            for f in fields
        )
    who = entry.who or str(_("System"))
    reason = str(entry.reason)
    return Entry(
        who,
        reason if reason and entry.verb not in ("create", "remove") else str(what or entry.verb),
        moment_cell(entry.at),
        _ICONS[entry.verb],
        changes=changes,
        why=entry.why,
    )


async def _undoable(
    record_type: RecordType, history: Sequence[HistoryEntry], held: AbstractSet[str], *, thorough: bool
) -> AbstractSet[str]:
    """The batches the reader may take back: their own, and those of which they may change all. Whether they may do so
    with records beside this one is asked only where the history is all there is to see."""
    me = current().user
    own = {entry.batch for entry in history if entry.account == me}
    alone = {entry.batch for entry in history if entry.alone}
    refused = {entry.batch for entry in history if not _may_take_back(record_type, entry, held)}
    mixed = {entry.batch for entry in history} - own - alone - refused
    return own | (alone - refused) | (await undoable_by_others(mixed) if thorough else set())


def _may_take_back(record_type: RecordType, entry: HistoryEntry, held: AbstractSet[str]) -> bool:
    """Whether the reader may do to this record what takes the entry back."""
    before = None if entry.verb == "create" else dict(entry.before)
    steps = (
        [(entry.before["state"], entry.after["state"])] if {"state"} <= entry.before.keys() & entry.after.keys() else []
    )
    done = Done(record_type.key, 0, before, dict(entry.after), steps)
    return all(any_of & held for any_of in rights_to_take_back(record_type, done))


def _with_values_back(
    record_type: RecordType, entry: HistoryEntry, changes: Sequence[Change], path: str
) -> tuple[Change, ...]:
    """The changes with what gives each field its earlier value."""
    fields = [record_type.fields[k] for k in entry.after if k in record_type.fields]
    return tuple(
        replace(change, restore=_restoring(record_type, field, entry, path))
        for change, field in zip(changes, fields, strict=False)
    )


def _taking_back(record_type: RecordType, entry: HistoryEntry) -> tuple[Action, ...]:
    """What taking back would do is looked at first: the change may have been one of many."""
    right = {"remove": None, "create": "delete"}.get(entry.verb, "edit")
    if right is None or not may(current(), record_type, right):
        return ()
    return (Action(str(_("Undo…")), f"/changes/{entry.batch}", "arrow-back-up", look="quiet"),)


def _restoring(record_type: RecordType, field: Field, entry: HistoryEntry, path: str) -> Action | None:
    if field.key == "state" or not writable(record_type, field, current()):
        return None
    label = str(_("Restore “%(value)s”", value=field.label))
    url, values = f"{path}/history/{entry.id}", (("field", field.key),)
    return Action(label, url, "arrow-back-up", "post", "quiet", values=values, icon_only=True)


def _logged_words(field: Field, value: Any, titles: Titles) -> str:
    """A value from the change log in words; the log holds stored values as JSON."""
    if value in (None, ""):
        return "—"
    if field.target is not None:
        return titles.get(field.target, {}).get(value, "—")
    try:
        return field.type.show(as_stored(field, value), field)[:200]
    except KindChanged:
        return str(value)[:200]


# ------------------------------------------------------------------ composer


def _composing(record_type: RecordType) -> Timeline | None:
    for timeline in current_snapshot().timelines_of(record_type.key):
        if timeline.compose and may(current(), timeline.record, "create"):
            return timeline
    return None


def _composer(record_type: RecordType, path: str, text: str = "", error: str = "") -> Composer | None:
    timeline = _composing(record_type)
    if timeline is None:
        return None
    kind = timeline.record.fields[timeline.kind._meta.name] if timeline.kind is not None else None
    options = tuple(Option(o.key, str(o.label or o.key)) for o in kind.options) if kind else ()
    return Composer(
        f"{path}/timeline",
        str(_("Write what happened…")),
        options,
        options[0].value if options else "",
        follow_up=_follow_up(timeline) is not None,
        text=text,
        error=error,
    )


def _comment_composer(path: str, text: str, error: str) -> Composer:
    return Composer(
        f"{path}/comments",
        str(_("Comment, @ mentions somebody…")),
        text=text,
        error=error,
        mention_url=f"{path}/mentionable",
    )


def _follow_up(timeline: Timeline) -> Field | None:
    """The date among the columns beside the text: when to get in touch again."""
    fields = [timeline.record.fields[c._meta.name] for c in timeline.compose]
    return next((f for f in fields if f.kind == "date"), None)


@post("/{collection:str}/{record_id:str}/timeline", include_in_schema=False, status_code=200)
async def write_entry(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    timeline = _composing(record_type)
    if timeline is None:
        raise Forbidden
    form = await request.form()
    written = timeline.record
    given: dict[str, Any] = {timeline.via._meta.name: record.id, timeline.text._meta.name: str(form.get("text", ""))}
    if timeline.kind is not None and form.get("kind"):
        given[timeline.kind._meta.name] = str(form["kind"])
    follow_up = _follow_up(timeline)
    if follow_up is not None and form.get("follow_up"):
        given[follow_up.key] = str(form["follow_up"])
    at = timeline.at._meta.name
    if written.fields[at].column.get_default_value() is None:
        given[at] = today().isoformat() if written.fields[at].kind == "date" else dt.datetime.now(dt.UTC)
    try:
        await desk.create(written.table, read_values(written, given, current()), reason=written.label)
    except DougongError as err:
        view = await record_page(
            request, record_type, record, composed=given[timeline.text._meta.name], wrong=first_words(err)
        )
        return page(request, view, status=err.status)
    return go(request, f"/{record_type.path}/{record.id}", _("Noted."))


def first_words(err: DougongError) -> str:
    return str(err.problems[0].message) if isinstance(err, Invalid) and err.problems else str(err)


# ------------------------------------------------------------------ what belongs to it


async def _related(tab: RelatedTab, record_id: int, path: str, title: str, *, adding: bool) -> RelatedList:
    via = tab.via._meta.name
    keys = tuple(c._meta.name for c in tab.columns) or tuple(c._meta.name for c in tab.record.list_view.columns)
    keys = tuple(
        k for k in dict.fromkeys((tab.record.title._meta.name, *keys)) if k != via and visible_field(tab.record, k)
    )
    found = await fetch_page(
        Query(tab.record, also=pointing_to(tab.record, via, record_id), fields=keys, limit=RELATED), with_titles=True
    )
    create = None
    if adding and tab.record.menu and may(current(), tab.record, "create"):
        label = str(_("New %(what)s", what=tab.record.label))
        create = Action(
            label, f"/{tab.record.path}/new?{urlencode({via: record_id, 'back': f'{path}?tab={tab_key(tab)}'})}", "plus"
        )
    empty = Placeholder(str(_("No %(what)s here yet", what=tab.label or tab.record.plural)), icon=tab.record.icon)
    more = (
        f"/{tab.record.path}?{urlencode([('f', via), ('o', '='), ('v', record_id), ('g', 0)])}"
        if found.next and tab.record.menu
        else ""
    )
    return RelatedList(
        table_view(tab.record, keys, found, empty=empty),
        create,
        await drawn(tab, record_id, title) if tab.graph else None,
        more,
        str(_("All %(count)s", count=number_text(found.total))) if more else "",
    )


def pointing_to(record_type: RecordType, via: str, record_id: int) -> WhereRaw:
    column = record_type.fields[via].column._meta.db_column_name
    return WhereRaw(f'"{record_type.key}"."{column}" = {{}}', record_id)


# ------------------------------------------------------------------ steps and removal


@post("/{collection:str}/{record_id:str}/remove", include_in_schema=False, status_code=200)
async def remove_record(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    try:
        async with transaction() as level:
            await desk.remove(record)
    except DougongError as err:
        return page(
            request, await record_page(request, record_type, record, banner=Banner(str(err), "bad")), status=err.status
        )
    return go(request, f"/{record_type.path}", _("Deleted."), batch=level.batch)


routes = [show_record, write_entry, remove_record]
