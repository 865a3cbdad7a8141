"""Bringing a file in: chosen, looked at as it is read, its columns told where they go, tried, then brought in.

Each page of the way has an address, so that whoever comes back finds the import where it stands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Stream

from dougong.access.principal import current
from dougong.errors import Invalid, NotFound, Refused
from dougong.i18n import Text, _, moment_text, number_text
from dougong.imports import jobs, services
from dougong.imports.guesses import ENCODINGS
from dougong.imports.mapping import FieldMapping, check, suggest
from dougong.imports.sampling import Glimpse, look_into
from dougong.imports.saved import applied, keep_mapping, remove_mapping, saved_at, saved_mappings
from dougong.imports.services import MOST_BYTES, Import, import_at, imports_of, need_to_import, sheet_of
from dougong.imports.sheets import Format, Sheet, sheet_names, text_of
from dougong.imports.undoing import take_back
from dougong.jobs.watching import cancel_job
from dougong.plugin.snapshot import current_snapshot
from dougong.records.batches import names_of
from dougong.records.types import RecordType
from dougong.web.addresses import id_at
from dougong.web.downloads import AS_IT_IS
from dougong.web.imported import blank_sent, refused_sent
from dougong.web.pages.dialogs import problems_of, typed_in, whole_number
from dougong.web.pages.forms import LOOK, Typed
from dougong.web.pages.import_mapping import Draft, another_step, draft_of, mapping_page, read_form
from dougong.web.pages.import_outcome import run_page, state_cell, trial_page
from dougong.web.render import go, page
from dougong.web.uploads import TAKES_FILES, only_upload
from dougong.web.views import (
    Action,
    Cell,
    Column,
    Crumb,
    FormField,
    ImportFormatPage,
    ImportStartPage,
    ListPage,
    Option,
    Pager,
    Placeholder,
    Row,
    TableView,
    WizardStep,
)

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
IMPORTS = "/imports"
_IMPORT = f"{IMPORTS}/{{number:str}}"
AT_ONCE = 50
_SHOWN_LINES = 10
_DELIMITERS = {",": _("Comma"), "\t": _("Tab"), ";": _("Semicolon"), "|": _("Vertical bar")}
_WAY = {
    "file": _("File"),
    "format": _("How it is read"),
    "mapping": _("What goes where"),
    "trial": _("Trial"),
    "run": _("Import"),
}


def type_to_import(collection: str) -> RecordType:
    """The enabled record type at this address; Forbidden for who may bring none in."""
    record_type = current_snapshot().by_path.get(collection)
    if record_type is None:
        raise NotFound
    need_to_import(record_type)
    return record_type


def way(here: str, import_: Import | None = None) -> tuple[WizardStep, ...]:
    """The pages there are, those that can be gone to as links."""
    open_ = _open_pages(import_)
    return tuple(
        WizardStep(str(label), f"{IMPORTS}/{import_.id}/{key}" if import_ and key in open_ else "", key == here)
        for key, label in _WAY.items()
    )


def _open_pages(import_: Import | None) -> set[str]:
    if import_ is None:
        return set()
    if import_.running:
        return {"run", "trial"} if import_.trying else {"run"}
    found = {"format"}
    if import_.mapping is not None:
        found.add("mapping")
    return found | {"trial"} if import_.trying else found


def crumbs_of(record_type: RecordType) -> tuple[Crumb, ...]:
    home = f"/{record_type.path}" if record_type.menu else None
    return (Crumb(str(record_type.plural), home), Crumb(str(_("Imports")), IMPORTS))


# ------------------------------------------------------------------ a file


@get("/{collection:str}/import", include_in_schema=False)
async def ask_file(request: AnyRequest, collection: str) -> Response[Any]:
    return page(request, await _start(type_to_import(collection)))


@post("/{collection:str}/import", include_in_schema=False, request_max_body_size=None, opt=TAKES_FILES, status_code=200)
async def take_file(request: AnyRequest, collection: str) -> Response[Any]:
    record_type = type_to_import(collection)
    try:
        upload = await only_upload(request, MOST_BYTES)
        async with aclosing(upload.content) as content:  # type: ignore[type-var]
            import_ = await services.receive(record_type, upload.name, content)
    except Invalid as err:
        view = replace(await _start(record_type), error=str(err.problems[0].message))
        return page(request, view, status=422)
    return go(request, f"{IMPORTS}/{import_.id}/format")


async def _start(record_type: RecordType) -> ImportStartPage:
    path = f"/{record_type.path}/import-template"
    return ImportStartPage(
        title=str(_("Import %(what)s", what=record_type.plural)),
        action=f"/{record_type.path}/import",
        hint=str(
            _(
                "Excel (.xlsx) or CSV, at most %(most)s MB. The next pages show what is read of it.",
                most=MOST_BYTES >> 20,
            )
        ),
        crumbs=crumbs_of(record_type),
        steps=way("file"),
        patterns=(
            Action(str(_("Empty Excel template")), f"{path}?format=xlsx", "file-spreadsheet"),
            Action(str(_("Empty CSV template")), f"{path}?format=csv", "file-type-csv"),
        ),
    )


@get("/{collection:str}/import-template", include_in_schema=False, opt=AS_IT_IS)
async def send_blank(request: AnyRequest, collection: str) -> Stream:
    return await blank_sent(type_to_import(collection), request.query_params.get("format", "xlsx"))


# ------------------------------------------------------------------ where it stands


async def _import_at(number: str) -> Import:
    """One's own import of a type that is on; NotFound, Forbidden."""
    import_ = await import_at(id_at(number))
    need_to_import(import_.record_type)
    return import_


@get(_IMPORT, include_in_schema=False)
async def show_import(request: AnyRequest, number: str) -> Response[Any]:
    return go(request, stage_of(await _import_at(number)))


def stage_of(import_: Import) -> str:
    """The page of the way where it stands."""
    stage = "run" if import_.running else "trial" if import_.trying else "mapping" if import_.mapping else "format"
    return f"{IMPORTS}/{import_.id}/{stage}"


def _still_open(import_: Import) -> None:
    if import_.running:
        raise Refused(_("This file has been brought in already."))


# ------------------------------------------------------------------ how it is read


@get(f"{_IMPORT}/format", include_in_schema=False)
async def show_format(request: AnyRequest, number: str) -> Response[Any]:
    import_ = await _import_at(number)
    if import_.running:
        return go(request, stage_of(import_))
    return page(request, await _format_page(import_, import_.format))


@post(f"{_IMPORT}/format", include_in_schema=False, status_code=200)
async def save_format(request: AnyRequest, number: str) -> Response[Any]:
    import_, typed = await _import_at(number), await typed_in(request)
    _still_open(import_)
    wanted = _format_in(typed, import_.format)
    if typed.values.get(LOOK):
        return page(request, await _format_page(import_, wanted))
    try:
        if wanted != import_.format or import_.mapping is None:
            await services.arrange(import_, wanted)
    except Invalid as err:
        return page(request, await _format_page(import_, wanted, problems=err.problems), status=422)
    return go(request, f"{IMPORTS}/{import_.id}/mapping")


def _format_in(typed: Typed, was: Format) -> Format:
    given = typed.values
    return was.model_copy(
        update={
            "encoding": _known(given.get("encoding"), (*ENCODINGS, was.encoding), was.encoding),
            "delimiter": _known(given.get("delimiter"), (*_DELIMITERS, was.delimiter), was.delimiter),
            "sheet": given.get("sheet", was.sheet),
            "headed": given.get("headed", "1") == "1",
        }
    )


def _known(value: str | None, choices: Sequence[str], usual: str) -> str:
    return value if value is not None and value in choices else usual


async def _format_page(import_: Import, format_: Format, problems: Sequence[Any] = ()) -> ImportFormatPage:
    errors = [str(p.message) for p in problems]
    async with services.at_hand(import_.digest) as path:
        sheets = await asyncio.to_thread(sheet_names, path) if format_.kind == "xlsx" else []
        try:
            glimpse = await asyncio.to_thread(look_into, Sheet(path, format_))
        except Invalid as err:
            glimpse = Glimpse((), (), True)
            errors = errors or [str(p.message) for p in err.problems]
    fields = _workbook_fields(format_, sheets) if format_.kind == "xlsx" else _csv_fields(format_)
    lines = tuple(
        (number_text(line.number), tuple(text_of(c)[:80] for c in line.cells[: len(glimpse.headings)]))
        for line in glimpse.lines[:_SHOWN_LINES]
    )
    return ImportFormatPage(
        title=import_.name,
        action=f"{IMPORTS}/{import_.id}/format",
        fields=(
            *fields,
            FormField("headed", str(_("The first line names the columns")), "yes_no", "1" if format_.headed else ""),
        ),
        crumbs=crumbs_of(import_.record_type),
        steps=way("format", import_),
        redrawn_by=(*(f.name for f in fields), "headed"),
        headings=glimpse.headings,
        lines=lines,
        errors=tuple(errors),
        note=_lines_words(import_, glimpse),
    )


def _lines_words(import_: Import, glimpse: Glimpse) -> str:
    count = len(glimpse.lines) if glimpse.is_whole else import_.lines
    return str(_("%(count)s lines", count=number_text(count)))


def _csv_fields(format_: Format) -> tuple[FormField, ...]:
    encodings = dict.fromkeys((*ENCODINGS, format_.encoding))
    signs = {**_DELIMITERS, **({} if format_.delimiter in _DELIMITERS else {format_.delimiter: format_.delimiter})}
    return (
        FormField(
            "encoding", str(_("Encoding")), "choice", format_.encoding, required=True,
            options=tuple(Option(name, name.upper()) for name in encodings),
        ),
        FormField(
            "delimiter", str(_("Between the columns")), "choice", format_.delimiter, required=True,
            options=tuple(Option(sign, str(label)) for sign, label in signs.items()),
        ),
    )  # fmt: skip


def _workbook_fields(format_: Format, sheets: Sequence[str]) -> tuple[FormField, ...]:
    options = tuple(Option(name, name) for name in sheets)
    return (FormField("sheet", str(_("Sheet")), "choice", format_.sheet, required=True, options=options),)


# ------------------------------------------------------------------ what goes where


@get(f"{_IMPORT}/mapping", include_in_schema=False)
async def show_mapping(request: AnyRequest, number: str) -> Response[Any]:
    import_ = await _import_at(number)
    if import_.running or import_.mapping is None:
        return go(request, stage_of(import_))
    glimpse = await _glimpse(import_)
    return page(request, await _mapping(import_, glimpse, draft_of(import_)))


async def _glimpse(import_: Import) -> Glimpse:
    async with sheet_of(import_) as sheet:
        return await asyncio.to_thread(look_into, sheet)


async def _mapping(import_: Import, glimpse: Glimpse, draft: Draft, *, unsaved: bool = False) -> Any:
    saved = await saved_mappings(import_.record_type)
    view = await mapping_page(import_, glimpse, draft, saved, unsaved=unsaved)
    return replace(view, crumbs=crumbs_of(import_.record_type), steps=way("mapping", import_))


@post(f"{_IMPORT}/mapping", include_in_schema=False, status_code=200)
async def save_mapping(request: AnyRequest, number: str) -> Response[Any]:
    """Saved, and tried where that is asked for; or drawn anew with what was asked for done to it."""
    import_, typed = await _import_at(number), await typed_in(request)
    _still_open(import_)
    glimpse = await _glimpse(import_)
    draft = await read_form(typed, glimpse)
    verb, *about = typed.values.get("do", "").split(" ")
    try:
        if verb in _CHANGES:
            draft = await _CHANGES[verb](import_, glimpse, draft, typed, about)
        if verb in _CHANGES or typed.values.get(LOOK):
            return page(request, await _mapping(import_, glimpse, draft, unsaved=True))
        return await _arranged(request, import_, draft, verb)
    except Invalid as err:
        draft = replace(draft, problems=problems_of(err))
        return page(request, await _mapping(import_, glimpse, draft, unsaved=True), status=422)


async def _arranged(request: AnyRequest, import_: Import, draft: Draft, verb: str) -> Response[Any]:
    mapping = _without_empty_constants(draft.mapping)
    import_ = await services.arrange(import_, import_.format, mapping.model_dump())
    if verb == "keep":
        kept = await keep_mapping(import_.record_type, draft.name, mapping, shared=draft.shared)
        return go(request, f"{IMPORTS}/{import_.id}/mapping", _("Saved as “%(name)s”.", name=kept.name))
    if verb == "save":
        return go(request, f"{IMPORTS}/{import_.id}/mapping", _("Saved."))
    await jobs.try_out(import_)
    return go(request, f"{IMPORTS}/{import_.id}/trial")


def _without_empty_constants(mapping: FieldMapping) -> FieldMapping:
    """A fixed value nobody typed is none."""
    steps = [
        step.model_copy(update={"constants": {k: v for k, v in step.constants.items() if v not in ("", None, "[]")}})
        for step in mapping.steps
    ]
    return FieldMapping.model_construct(steps=steps)


# ------------------------------------------------------------------ what the buttons of the form do


async def _another(import_: Import, _glimpse: Glimpse, draft: Draft, typed: Typed, _about: Sequence[str]) -> Draft:
    if not typed.values.get("another"):
        return draft
    record_type = type_to_import(typed.values["another"])
    async with sheet_of(import_) as sheet:
        found = await asyncio.to_thread(suggest, sheet, record_type)
    return another_step(draft, found.steps[0])


async def _moved(_import: Import, _glimpse: Glimpse, draft: Draft, typed: Typed, about: Sequence[str]) -> Draft:
    """One step up or down."""
    steps, at = list(draft.mapping.steps), _place(about)
    other = at + (-1 if typed.values["do"].startswith("up") else 1)
    if at < len(steps) and 0 <= other < len(steps):
        steps[at], steps[other] = steps[other], steps[at]
    return replace(draft, mapping=FieldMapping.model_construct(steps=steps))


async def _removed(_import: Import, _glimpse: Glimpse, draft: Draft, _typed: Typed, about: Sequence[str]) -> Draft:
    at = _place(about)
    steps = [step for number, step in enumerate(draft.mapping.steps) if number != at]
    return replace(draft, mapping=FieldMapping.model_construct(steps=steps)) if steps else draft


async def _dropped(_import: Import, _glimpse: Glimpse, draft: Draft, _typed: Typed, about: Sequence[str]) -> Draft:
    """A fixed value less."""
    at, key = _place(about), about[-1] if about else ""
    steps = [
        step.model_copy(update={"constants": {k: v for k, v in step.constants.items() if (number, k) != (at, key)}})
        for number, step in enumerate(draft.mapping.steps)
    ]
    return replace(draft, mapping=FieldMapping.model_construct(steps=steps))


def _place(about: Sequence[str]) -> int:
    place = whole_number(about[0]) if about else None
    return 1_000_000 if place is None else place


async def _applied(_import: Import, glimpse: Glimpse, draft: Draft, typed: Typed, _about: Sequence[str]) -> Draft:
    number = whole_number(typed.values.get("saved", ""))
    if number is None:
        return draft
    saved = await saved_at(number)
    mapping = applied(saved.mapping, glimpse.headings)
    check(mapping, glimpse.headings)
    return replace(draft, mapping=mapping, name=saved.name, shared=saved.shared)


async def _forgotten(_import: Import, _glimpse: Glimpse, draft: Draft, typed: Typed, _about: Sequence[str]) -> Draft:
    number = whole_number(typed.values.get("saved", ""))
    if number is not None:
        await remove_mapping(number)
    return draft


_CHANGES = {
    "another": _another,
    "up": _moved,
    "down": _moved,
    "remove": _removed,
    "drop": _dropped,
    "apply": _applied,
    "forget": _forgotten,
}


# ------------------------------------------------------------------ tried, and brought in


@get(f"{_IMPORT}/trial", include_in_schema=False)
async def show_trial(request: AnyRequest, number: str) -> Response[Any]:
    import_ = await _import_at(number)
    if not import_.trying:
        return go(request, stage_of(import_))
    view = await trial_page(import_, request.query_params)
    return page(request, replace(view, crumbs=crumbs_of(import_.record_type), steps=way("trial", import_)))


@post(f"{_IMPORT}/trial", include_in_schema=False, status_code=200)
async def try_again(request: AnyRequest, number: str) -> Response[Any]:
    import_ = await _import_at(number)
    _still_open(import_)
    await jobs.try_out(import_)
    return go(request, f"{IMPORTS}/{import_.id}/trial")


@get(f"{_IMPORT}/run", include_in_schema=False)
async def show_run(request: AnyRequest, number: str) -> Response[Any]:
    import_ = await _import_at(number)
    if not import_.running:
        return go(request, stage_of(import_))
    view = await run_page(import_, request.query_params)
    return page(request, replace(view, crumbs=crumbs_of(import_.record_type), steps=way("run", import_)))


@post(f"{_IMPORT}/run", include_in_schema=False, status_code=200)
async def start(request: AnyRequest, number: str) -> Response[Any]:
    import_ = await _import_at(number)
    try:
        await jobs.start(import_)
    except Refused as err:
        return go(request, stage_of(import_), err.message)
    return go(request, f"{IMPORTS}/{import_.id}/run")


@post(f"{_IMPORT}/stop", include_in_schema=False, status_code=200)
async def stop(request: AnyRequest, number: str) -> Response[Any]:
    import_ = await _import_at(number)
    job = import_.running or import_.trying
    if job is None:
        return go(request, stage_of(import_))
    try:
        await cancel_job(job)
    except Refused as err:
        return go(request, stage_of(import_), err.message)
    said = (
        _("The import is being stopped. What has come in stays.")
        if import_.running
        else _("The trial is being stopped.")
    )
    return go(request, stage_of(import_), said)


@get(f"{_IMPORT}/failed", include_in_schema=False, opt=AS_IT_IS)
async def send_refused(number: str) -> Stream:
    return await refused_sent(await _import_at(number))


@post(f"{_IMPORT}/undo", include_in_schema=False, status_code=200)
async def undo(request: AnyRequest, number: str) -> Response[Any]:
    import_ = await _import_at(number)
    try:
        await take_back(import_)
    except Refused as err:
        return go(request, stage_of(import_), err.message)
    return go(request, stage_of(import_))


@post(f"{_IMPORT}/again", include_in_schema=False, status_code=200)
async def use_again(request: AnyRequest, number: str) -> Response[Any]:
    made = await services.again(await _import_at(number))
    return go(request, stage_of(made), _("The same file once more, arranged as before."))


# ------------------------------------------------------------------ all of them


@get(IMPORTS, include_in_schema=False)
async def show_imports(request: AnyRequest) -> Response[Any]:
    before = whole_number(request.query_params.get("before", ""))
    found = await imports_of(before=before, limit=AT_ONCE + 1)
    shown = [one for one in found[:AT_ONCE] if one.record in current_snapshot().by_path]
    names = await names_of({(one.user, one.staff) for one in shown})
    admin = current().admin
    labels: dict[str, Text] = {"name": _("File"), "what": _("What"), **({"who": _("Who")} if admin else {}),
                               "lines": _("Lines"), "state": _("State"), "at": _("When")}  # fmt: skip
    slots = {"name": "title", "what": "meta", "state": "side1", "at": "side2"}
    columns = tuple(
        Column(key, str(label), "end" if key == "lines" else "start", slots.get(key, ""))  # type: ignore[arg-type]
        for key, label in labels.items()
    )
    empty = Placeholder(
        str(_("Nothing was imported yet")), str(_("A list's menu offers to import a file.")), "file-import"
    )
    rows = tuple([await _row(one, names.get((one.user, one.staff), ""), labels) for one in shown])
    view = ListPage(
        title=str(_("Imports") if admin else _("My imports")),
        icon="file-import",
        table=TableView(str(_("Imports")), columns, rows, empty),
        pager=Pager(
            size=AT_ONCE,
            shown=len(shown),
            total=len(shown),
            total_exact=len(found) <= AT_ONCE and before is None,
            pages=1,
            previous_href=IMPORTS if before is not None else "",
            next_href=f"{IMPORTS}?before={found[AT_ONCE - 1].id}" if len(found) > AT_ONCE else "",
        ),
        url=IMPORTS,
    )
    return page(request, view)


async def _row(import_: Import, who: str, labels: Any) -> Row:
    href = f"{IMPORTS}/{import_.id}"
    cells = {
        "name": Cell("title", import_.name, href=href),
        "what": Cell("text", str(import_.record_type.plural)),
        "who": Cell("text", who),
        "lines": Cell("number", number_text(import_.lines)),
        "state": await state_cell(import_),
        "at": Cell("datetime", moment_text(import_.created), iso=import_.created.isoformat(),
                   hint=moment_text(import_.created, relative=False)),
    }  # fmt: skip
    return Row(str(import_.id), tuple(cells[key] for key in labels), href=href, label=import_.name)


routes = [
    ask_file,
    take_file,
    send_blank,
    show_imports,
    show_import,
    show_format,
    save_format,
    show_mapping,
    save_mapping,
    show_trial,
    try_again,
    show_run,
    start,
    stop,
    send_refused,
    undo,
    use_again,
]
