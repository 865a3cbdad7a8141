"""What one did oneself, and taking it back: a batch from here or from a notice, one value from a record's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.principal import current
from dougong.access.rights import may
from dougong.db import transaction
from dougong.errors import NotFound
from dougong.i18n import Text, _, moment_text, number_text
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk, references
from dougong.records.batches import Summary, recent_of
from dougong.records.history import as_stored, history_of
from dougong.records.types import RecordType
from dougong.records.undo import Kept, Undone, undo, what_undo_does
from dougong.records.values import read_values
from dougong.web.pages.records import record_at
from dougong.web.render import go, page
from dougong.web.views import Action, Banner, Cell, ChangesPage, Crumb, Line, Placeholder

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
MOST_LINES = 200
_VERBS: Mapping[str, Text] = {
    "create": _("%(count)s %(what)s created"),
    "update": _("%(count)s %(what)s changed"),
    "remove": _("%(count)s %(what)s deleted"),
    "share": _("%(count)s %(what)s shared or shared no more"),
    "attach": _("%(count)s %(what)s: files added"),
    "detach": _("%(count)s %(what)s: files removed"),
}
_ICONS = {"create": "plus", "update": "pencil", "remove": "trash", "share": "share"}
_ICONS |= dict.fromkeys(("attach", "detach"), "paperclip")
Titles = Mapping[tuple[str, int], str]


@get("/changes", include_in_schema=False)
async def show_changes(request: AnyRequest) -> Response[Any]:
    text = request.query_params.get("before", "")
    before = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    found, more = await recent_of(current().user, before=before)
    titles = await _titles(found)
    view = ChangesPage(
        title=str(_("My changes")),
        lead=str(_("What you did last. Taking something back leaves alone what somebody changed since.")),
        lines=tuple(_line(summary, titles) for summary in found),
        more_href=f"/changes?before={more}" if more else "",
        empty=Placeholder(str(_("You changed nothing yet")), icon="history"),
    )
    return page(request, view)


async def _titles(found: Sequence[Summary]) -> Titles:
    """Of what is still there and may be seen; what one deleted is called as it was."""
    titles: dict[tuple[str, int], str] = {}
    by_type: dict[str, set[int]] = {}
    for summary in found:
        if summary.single:
            by_type.setdefault(summary.single[0], set()).add(summary.single[1])
    for key, record_ids in by_type.items():
        record_type = current_snapshot().records.get(key)
        if record_type is not None:
            known = await references.titles(record_type.table, record_ids)
            titles.update({(key, i): str(title) for i, title in known.items()})
    return titles


def _line(summary: Summary, titles: Titles) -> Line:
    known = current_snapshot().records
    counted = [
        str(_VERBS[verb] % {"count": number_text(n), "what": known[key].plural})
        for (key, verb), n in summary.verbs.items()
        if key in known and verb in _VERBS
    ]
    done = ", ".join(counted)
    verb = next((verb for _key, verb in summary.verbs if verb in _ICONS), "update")
    title, href = _single(summary, titles)
    reason = str(summary.reason)
    return Line(
        title or reason or done or str(_("Something that is switched off")),
        " · ".join(part for part in (reason if title else "", done) if part),
        href,
        _ICONS[verb],
        side=Cell("datetime", moment_text(summary.at), hint=moment_text(summary.at, relative=False)),
        actions=(Action(str(_("Undo")), f"/changes/{summary.batch}/undo", "arrow-back-up", "post", look="quiet"),)
        if counted
        else (),
    )


def _single(summary: Summary, titles: Titles) -> tuple[str, str]:
    """What the one record is called, and where it stands if it still does."""
    record_type = current_snapshot().records.get(summary.single[0]) if summary.single else None
    if summary.single is None or record_type is None or not may(current(), record_type, "read"):
        return "", ""
    if summary.single in titles:
        return titles[summary.single], f"/{record_type.path}/{summary.single[1]}" if record_type.menu else ""
    title = record_type.fields[record_type.title._meta.name]
    value = summary.title.get(title.key)
    return (title.type.show(value, title)[:200] if isinstance(value, str) else ""), ""


# ------------------------------------------------------------------ taking back


@get("/changes/{batch:str}", include_in_schema=False)
async def show_batch(request: AnyRequest, batch: str) -> Response[Any]:
    """What taking it back would do, before it is done."""
    found = await what_undo_does(batch)
    action = Action(str(_("Undo")), f"/changes/{batch}/undo", "arrow-back-up", "post", look="primary")
    text = _("%(count)s records would go back.", count=number_text(found.count))
    return page(request, _kept_page(found, str(text), (action,) if found.count else ()))


@post("/changes/{batch:str}/undo", include_in_schema=False, status_code=200)
async def take_back(request: AnyRequest, batch: str) -> Response[Any]:
    done = await undo(batch)
    if done.kept:
        redo = Action(str(_("Redo")), f"/changes/{done.batch}/undo", "arrow-forward-up", "post")
        text = _("%(count)s records went back.", count=number_text(done.count))
        return page(request, _kept_page(done, str(text), (redo,) if done.batch else ()))
    if not done.count:
        return go(request, "/changes", _("There is nothing left to take back."))
    return go(request, await _where(done), _("Taken back."), batch=done.batch)


async def _where(done: Undone) -> str:
    """To the one record it was about, if it is there; else to the list, else to what one did."""
    known = current_snapshot().records
    shown = {key: ids for key, ids in done.restored.items() if key in known and known[key].menu}
    if len(shown) != 1:
        return "/changes"
    [(key, record_ids)] = shown.items()
    record_type = known[key]
    there = await references.titles(record_type.table, record_ids) if len(record_ids) == 1 else {}
    return f"/{record_type.path}/{record_ids[0]}" if there else f"/{record_type.path}"


def _kept_page(found: Undone, text: str, actions: tuple[Action, ...]) -> ChangesPage:
    banner = Banner(text, "ok" if found.count else "warn")
    lines = tuple(_kept_line(kept) for kept in found.kept[:MOST_LINES])
    return ChangesPage(
        title=str(_("Taking back")),
        crumbs=(Crumb(str(_("My changes")), "/changes"),),
        lead=str(_("%(count)s values stay as they are:", count=number_text(len(found.kept)))) if lines else "",
        lines=lines,
        banner=banner,
        actions=actions,
    )


def _kept_line(kept: Kept) -> Line:
    name = kept.title or (str(kept.record_type.label) if kept.record_type else "")
    what = f"{name} · {kept.field.label}" if kept.field else name
    words = [str(kept.reason)]
    if kept.rule == "changed" and kept.field is not None:
        values = {"then": _shown(kept, kept.then), "now": _shown(kept, kept.now)}
        words.append(str(_("It was set to “%(then)s” and is “%(now)s” now.", **values)))
    if kept.by:
        words.append(str(_("By %(who)s.", who=kept.by)))
    href = (
        f"/{kept.record_type.path}/{kept.record_id}"
        if kept.title and kept.record_type and kept.record_type.menu
        else ""
    )
    return Line(what or str(_("Something that is switched off")), " ".join(words), href, "lock")


def _shown(kept: Kept, value: Any) -> str:
    field = kept.field
    if field is None or value in (None, "") or field.target is not None:
        return "—" if value in (None, "") or field is None else f"#{value}"
    try:
        return field.type.show(value, field)[:200]
    except (TypeError, ValueError, AttributeError):  # a value of the kind the field had then
        return str(value)[:200]


@post("/{collection:str}/{record_id:str}/history/{entry:str}", include_in_schema=False, status_code=200)
async def restore_value(request: AnyRequest, collection: str, record_id: str, entry: str) -> Response[Any]:
    """Give a field the value it had before an entry of the record's history: an ordinary change."""
    record_type, record = await record_at(collection, record_id)
    key = str((await request.form()).get("field", ""))
    value = await _value_before(record_type, record, entry, key)
    async with transaction(_("Earlier value of “%(field)s”", field=record_type.fields[key].label)) as level:
        changed = await desk.change(record, read_values(record_type, {key: value}, current(), record=record))
    batch = level.batch if changed.version != record.version else ""
    return go(request, f"/{record_type.path}/{record.id}?tab=history", _("Saved."), batch=batch)


async def _value_before(record_type: RecordType, record: Any, entry: str, key: str) -> Any:
    """As a form would send it."""
    number = int(entry) if entry.isascii() and entry.isdecimal() and len(entry) < 19 else 0
    found = [e for e in await history_of(record_type, record, limit=1, before_id=number + 1) if e.id == number]
    if not found or key not in found[0].before or found[0].verb != "update":
        raise NotFound
    field = record_type.fields[key]
    value = as_stored(field, found[0].before[key])
    return "" if value is None else field.type.write(value, field)


routes = [show_changes, show_batch, take_back, restore_value]
