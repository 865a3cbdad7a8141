"""A list as a file: asked in a dialog or from a selection, then saved; and the page that says who exported what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post

from dougong.errors import Invalid
from dougong.exports.columns import every_key
from dougong.exports.log import Made, exports_made
from dougong.exports.services import EXPORT, Export, of_records
from dougong.exports.words import label_of, question_words
from dougong.i18n import Text, _, moment_text, number_text
from dougong.records.queries import Query
from dougong.records.views import views_at
from dougong.web.downloads import AS_IT_IS
from dougong.web.exported import sent_away
from dougong.web.pages.bulk import ids_sent
from dougong.web.pages.dialogs import dialog_page, problems_of, typed_in, whole_number
from dougong.web.pages.forms import Typed
from dougong.web.pages.lists import ListState, columns_of, list_state, type_at
from dougong.web.render import go, page
from dougong.web.views import (
    Cell,
    Column,
    Crumb,
    FormField,
    FormPage,
    ListPage,
    Option,
    Pager,
    Placeholder,
    Row,
    TableView,
)

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
EXPORTS = "/exports"
AT_ONCE = 50
_FORMATS = {"xlsx": _("Excel workbook (.xlsx)"), "csv": _("CSV (.csv)")}
_SHOWN, _ALL, _KEYED = "shown", "all", "keyed"
_COLUMNS = {
    _SHOWN: _("The columns of the list"),
    _ALL: _("All fields"),
    _KEYED: _("All fields, with the ID to bring changes back in"),
}
_DOORS = {"form": _("In the browser"), "api": _("By a program"), "service": _("On the server")}


# ------------------------------------------------------------------ a file


@get("/{collection:str}/export", include_in_schema=False)
async def ask_which(request: AnyRequest, collection: str) -> Response[Any]:
    state = list_state(type_at(collection, EXPORT), request.query_params)
    return page(request, _question(state, Typed({})))


@post("/{collection:str}/export", include_in_schema=False, status_code=200, opt=AS_IT_IS)
async def export_list(request: AnyRequest, collection: str) -> Response[Any]:
    """A selection is asked about first; what comes back from the question is a file."""
    state, typed = list_state(type_at(collection, EXPORT), await request.form()), await typed_in(request)
    try:
        if not typed.values.get("asked"):
            ids = [] if typed.values.get("all") else ids_sent(typed)
            return page(request, _question(state, Typed({}), ids))
        return await sent_away(await _asked(state, typed))
    except Invalid as err:
        if not typed.values.get("asked"):
            return go(request, state.href(page=1), err.problems[0].message)
        ids = ids_sent(typed) if typed.values.get("ids") else []
        return page(request, _question(state, Typed(typed.values, problems_of(err)), ids), status=422)


async def _asked(state: ListState, typed: Typed) -> Export:
    query = state.query()
    if typed.values.get("ids"):
        query = Query(state.record_type, filter=of_records(state.record_type, ids_sent(typed)), sort=state.sort)
    return Export(query, typed.values.get("format", ""), await _keys(state, typed.values.get("columns", "")))


async def _keys(state: ListState, which: str) -> tuple[str, ...]:
    if which in (_ALL, _KEYED):
        first = ("id",) if which == _KEYED else ()
        return (*first, *every_key(state.record_type))
    return columns_of(state, await views_at(state.record_type))


def _question(state: ListState, typed: Typed, ids: Sequence[int] = ()) -> FormPage:
    record_type = state.record_type
    fields = [
        _choice("format", _("File"), _FORMATS, typed, "xlsx"),
        _choice("columns", _("Columns"), _COLUMNS, typed, _SHOWN),
    ]
    asked = [*state.pairs(page=1, cursor="", exact=False), ("asked", "1")]
    words = _("Everything the list finds, as far as you may export it; the export is recorded.")
    if ids:
        asked.append(("ids", ",".join(map(str, ids))))
        words = _("The %(count)s selected records, as far as you may export them; the export is recorded.",
                  count=number_text(len(ids)))  # fmt: skip
    title = _("Export %(what)s", what=record_type.plural)
    path = f"/{record_type.path}/export"
    form = dialog_page(title, path, state.href(), fields, typed, save=_("Export"), intro=words)
    return replace(form, hidden=tuple(asked), crumbs=(Crumb(str(record_type.plural), state.href()),), download=True)


def _choice(name: str, label: Text, choices: dict[str, Text], typed: Typed, usual: str) -> FormField:
    options = tuple(Option(key, str(words)) for key, words in choices.items())
    value = typed.values.get(name, usual)
    return FormField(
        name, str(label), "choice", value, error=typed.error(name), required=True, options=options, wide=True
    )


# ------------------------------------------------------------------ who exported what


@get(EXPORTS, include_in_schema=False)
async def show_exports(request: AnyRequest) -> Response[Any]:
    before = whole_number(request.query_params.get("before", ""))
    found = await exports_made(limit=AT_ONCE + 1, before_id=before)
    shown = found[:AT_ONCE]
    labels = {
        "at": _("When"), "who": _("Who"), "what": _("What"), "rows": _("How many"), "asked": _("Question"),
        "columns": _("Columns"), "format": _("File"), "door": _("How"),
    }  # fmt: skip
    slots = {"what": "title", "who": "meta", "at": "side1", "rows": "side2"}
    columns = tuple(
        Column(key, str(label), "end" if key == "rows" else "start", slots.get(key, ""))  # type: ignore[arg-type]
        for key, label in labels.items()
    )
    empty = Placeholder(str(_("Nothing was exported yet")), icon="file-export")
    view = ListPage(
        title=str(_("Exports")),
        icon="file-export",
        table=TableView(str(_("Exports")), columns, tuple(_row(made) for made in shown), empty),
        pager=Pager(
            size=AT_ONCE,
            shown=len(shown),
            total=len(shown),
            total_exact=len(found) == len(shown) and before is None,
            pages=1,
            previous_href=EXPORTS if before is not None else "",
            next_href=f"{EXPORTS}?before={shown[-1].id}" if len(found) > len(shown) else "",
        ),
        url=EXPORTS,
    )
    return page(request, view)


def _row(made: Made) -> Row:
    what = str(made.record_type.plural)
    cells = (
        Cell("datetime", moment_text(made.at), iso=made.at.isoformat(), hint=moment_text(made.at, relative=False)),
        Cell("text", made.who),
        Cell("text", what, href=f"/{made.record_type.path}"),
        Cell("number", number_text(made.rows)),
        Cell("text", question_words(made.record_type, made.filter, made.q) or str(_("Everything"))),
        Cell("text", str(_(", ")).join(label_of(made.record_type, key) for key in made.columns)),
        Cell("text", made.format.upper()),
        Cell("text", str(_DOORS.get(made.door, made.door))),
    )
    return Row(str(made.id), cells, label=what)


routes = [ask_which, export_list, show_exports]
