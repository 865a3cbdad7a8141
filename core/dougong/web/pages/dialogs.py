"""Forms that ask for one thing, open in a dialog and keep what was typed when they are refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from litestar import Request, Response

from dougong.errors import Conflict, DougongError, Forbidden, Invalid, NotFound, Problem
from dougong.i18n import Text, _
from dougong.records import desk
from dougong.records.tables import Row
from dougong.web.pages.forms import LOOK, Typed
from dougong.web.render import page
from dougong.web.views import FormField, FormPage, FormSection, Page, Submit

__all__ = [
    "answered",
    "based_on_now",
    "confirm_page",
    "dialog_page",
    "problems_of",
    "status_of",
    "typed_in",
    "whole_number",
]

AnyRequest = Request[Any, Any, Any]
Ask = Callable[[Typed], Awaitable[Page]]
_STALE = "stale"
Do = Callable[[Typed], Awaitable[Response[Any]]]


async def typed_in(request: AnyRequest) -> Typed:
    """What was sent: the text of each field, and every value of those that take several."""
    values: dict[str, str] = {}
    several: dict[str, tuple[str, ...]] = {}
    for key, value in (await request.form()).multi_items():
        text = str(value).replace("\x00", "")  # PostgreSQL stores it nowhere
        values[key] = text
        several[key] = (*several.get(key, ()), text)
    return Typed(values, several=several)


async def answered(request: AnyRequest, do: Do, ask: Ask) -> Response[Any]:
    """Do it; where it is refused, show the form again with what was typed and the reason beside it. A form that was only
    to be looked at comes back as well, and nothing is done."""
    typed = await typed_in(request)
    if typed.values.get(LOOK):
        return page(request, await ask(typed))
    try:
        return await do(typed)
    except NotFound:
        raise
    except DougongError as err:
        if err.status >= 500 or (isinstance(err, Forbidden) and err.message == Forbidden.message):
            raise
        view = await ask(Typed(typed.values, problems_of(err), several=typed.several))
        return page(request, view, status=status_of(err))


def problems_of(err: DougongError) -> Sequence[Problem]:
    if isinstance(err, Invalid) and err.problems:
        return err.problems
    return (Problem("", str(err), rule=_STALE if isinstance(err, Conflict) else "refused"),)


async def based_on_now(record: Row, typed: Typed) -> Typed:
    """After somebody else was faster: what was typed, to be saved over what stands there now if that is still wanted."""
    if not any(p.rule == _STALE for p in typed.problems):
        return typed
    fresh = await desk.get(type(record), int(record.id))
    return Typed({**typed.values, "version": str(fresh.version)}, typed.problems, typed.several)


def status_of(err: DougongError) -> int:
    return 422 if isinstance(err, Invalid) else err.status


def dialog_page(
    title: Text | str,
    action: str,
    back: str,
    fields: Sequence[FormField],
    typed: Typed,
    *,
    save: Text | str | None = None,
    look: str = "primary",
    intro: Text | str = "",
    hidden: Mapping[str, str] | None = None,
) -> FormPage:
    return FormPage(
        title=str(title),
        action=action,
        sections=(FormSection("", tuple(fields)),) if fields else (),
        submits=(Submit(str(save or _("Save")), look=look),),  # type: ignore[arg-type]
        cancel_href=back,
        intro=str(intro),
        hidden=tuple((hidden or {}).items()),
        errors=typed.others({f.name for f in fields}),
    )


def confirm_page(
    title: Text | str, action: str, back: str, save: Text | str, intro: Text | str, typed: Typed
) -> FormPage:
    """Asks before something that is not easily taken back."""
    return dialog_page(title, action, back, (), typed, save=save, look="danger", intro=intro)


def whole_number(text: str) -> int | None:
    """An id as a form sends it; None for an empty field and for what is no number."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
