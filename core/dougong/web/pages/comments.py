"""Comments on the page of a record, and the card of those that mention somebody."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post

from dougong.errors import Invalid
from dougong.i18n import _, moment_text
from dougong.people.tables import Staff
from dougong.plugin.snapshot import current_snapshot
from dougong.records.comments import (
    Said,
    bring_back_comment,
    change_comment,
    comment_of,
    comment_on,
    remove_comment,
    waiting_for_me,
)
from dougong.records.mentions import mentionable, seen
from dougong.records.references import titles
from dougong.records.tables import Row
from dougong.records.types import RecordType
from dougong.web.addresses import short_id_at
from dougong.web.pages.dialogs import answered, dialog_page
from dougong.web.pages.favourites import titles_of
from dougong.web.pages.forms import Typed
from dougong.web.pages.records import first_words, record_at, record_page
from dougong.web.render import go, page
from dougong.web.views import Action, FormField, FormPage, Line, LineTile

__all__ = ["mentions_tile", "routes"]

SHOWN = 10
AnyRequest = Request[Any, Any, Any]
_ONE = "/{collection:str}/{record_id:str}/comments/{comment:str}"


@post("/{collection:str}/{record_id:str}/comments", include_in_schema=False, status_code=200)
async def write_comment(request: AnyRequest, collection: str, record_id: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    text = str((await request.form()).get("text", ""))
    try:
        await comment_on(record_type, int(record.id), text)
    except Invalid as err:
        view = await record_page(request, record_type, record, comment=text, comment_wrong=first_words(err))
        return page(request, view, status=422)
    return go(request, f"/{record_type.path}/{record.id}", _("Noted."))


@get("/{collection:str}/{record_id:str}/mentionable", include_in_schema=False)
async def offer_names(request: AnyRequest, collection: str, record_id: str) -> list[dict[str, str]]:
    """Names to go on with behind an @, with what is written for each."""
    record_type, record = await record_at(collection, record_id)
    typed = request.query_params.get("q", "")[:60].replace("\x00", "")
    people = await mentionable(record_type, int(record.id), typed)
    names = [person.name for person in people]
    return [
        {
            "value": f"{p.name}({p.code})" if names.count(p.name) > 1 else p.name,
            "label": p.name,
            "hint": p.code if names.count(p.name) > 1 else "",
        }
        for p in people
    ]


@get(f"{_ONE}/edit", include_in_schema=False)
async def ask_words(request: AnyRequest, collection: str, record_id: str, comment: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    said = await comment_of(record_type, int(record.id), short_id_at(comment))
    return page(request, _words_page(record_type, record, said, Typed({"text": said.text})))


@post(f"{_ONE}/edit", include_in_schema=False, status_code=200)
async def put_in_other_words(request: AnyRequest, collection: str, record_id: str, comment: str) -> Response[Any]:
    record_type, record = await record_at(collection, record_id)
    said = await comment_of(record_type, int(record.id), short_id_at(comment))

    async def do(typed: Typed) -> Response[Any]:
        await change_comment(record_type, int(record.id), said.id, typed.values.get("text", ""))
        return go(request, f"/{record_type.path}/{record.id}", _("Saved."))

    async def ask(typed: Typed) -> FormPage:
        return _words_page(record_type, record, said, typed)

    return await answered(request, do, ask)


def _words_page(record_type: RecordType, record: Row, said: Said, typed: Typed) -> FormPage:
    back = f"/{record_type.path}/{record.id}"
    text = FormField(
        "text",
        str(_("Comment")),
        "long_text",
        typed.values.get("text", ""),
        error=typed.error("text"),
        required=True,
        wide=True,
        mention_url=f"{back}/mentionable",
    )
    return dialog_page(_("Change the comment"), f"{back}/comments/{said.id}/edit", back, [text], typed)


@post(f"{_ONE}/remove", include_in_schema=False, status_code=200)
async def take_back(request: AnyRequest, collection: str, record_id: str, comment: str) -> Response[None]:
    record_type, record = await record_at(collection, record_id)
    said = await remove_comment(record_type, int(record.id), short_id_at(comment))
    path = f"/{record_type.path}/{record.id}"
    return go(request, path, _("Comment removed."), undo_url=f"{path}/comments/{said.id}/restoration")


@post(f"{_ONE}/restoration", include_in_schema=False, status_code=200)
async def let_stand_again(request: AnyRequest, collection: str, record_id: str, comment: str) -> Response[None]:
    record_type, record = await record_at(collection, record_id)
    await bring_back_comment(record_type, int(record.id), short_id_at(comment))
    return go(request, f"/{record_type.path}/{record.id}", _("The comment stands again."))


# ------------------------------------------------------------------ who mentions me


@post("/mentions/{mention:str}/seen", include_in_schema=False, status_code=200)
async def note_seen(request: AnyRequest, mention: str) -> Response[None]:
    """Where one is mentioned no longer waits on the home page; reading the comment does the same."""
    await seen([short_id_at(mention)])
    return go(request, "/", _("Done."))


@post("/mentions/seen", include_in_schema=False, status_code=200)
async def note_all_seen(request: AnyRequest) -> Response[None]:
    await seen([w.mention for w in await waiting_for_me()])
    return go(request, "/", _("Done."))


async def mentions_tile() -> LineTile | None:
    """What mentions somebody until they have seen it; None where nothing does."""
    waiting = await waiting_for_me()
    if not waiting:
        return None
    shown = waiting[:SHOWN]
    writers = await titles(Staff, {w.said.staff for w in shown})
    types = current_snapshot().records
    names: dict[tuple[str, int], str] = {}
    for key in {w.said.record for w in shown}:
        numbers = [w.said.record_id for w in shown if w.said.record == key]
        names |= {(key, number): title for number, title in (await titles_of(types[key], numbers)).items()}
    lines = tuple(
        Line(
            f"{writers.get(w.said.staff or 0, '') or w.said.signed}: {w.said.text}"[:120],
            hint=f"{names.get((w.said.record, w.said.record_id), '—')} · {moment_text(w.said.at)}",
            icon="at",
            href=f"/{types[w.said.record].path}/{w.said.record_id}",
            actions=(
                Action(str(_("Seen")), f"/mentions/{w.mention}/seen", "check", "post", look="quiet", icon_only=True),
            ),
        )
        for w in shown
    )
    all_seen = Action(str(_("All seen")), "/mentions/seen", "checks", "post", look="quiet")
    return LineTile(str(_("Mentioned me")), lines, count=str(len(waiting)), more=all_seen, icon="at")


routes = [
    write_comment,
    offer_names,
    ask_words,
    put_in_other_words,
    take_back,
    let_stand_again,
    note_all_seen,
    note_seen,
]
