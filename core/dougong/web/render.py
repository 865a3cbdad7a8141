"""From a page view to an answer: the shell around it, the notice that waits for the reader, the words of their language."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from jinja2 import BaseLoader, Environment, PackageLoader
from litestar import MediaType, Request, Response
from litestar.datastructures import Cookie

from dougong.i18n import Text, current_locale, translate
from dougong.plugin.board import board
from dougong.web.components import environment, render
from dougong.web.problems import as_dougong_error
from dougong.web.shell import door, shell_for
from dougong.web.views import ErrorPage, FormPreview, Notice, Page, PaletteResults, SimilarRecords
from dougong.web.visitors import visitor_of

__all__ = ["error_page", "fragment", "go", "page", "page_outside"]

NOTICE_COOKIE = "dougong_notice"
AnyRequest = Request[Any, Any, Any]


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Core's templates, then those of every installed plugin that has some."""
    return environment(_plugin_loaders())


def _plugin_loaders() -> Iterable[BaseLoader]:
    for loaded in board().installed.working:
        try:
            yield PackageLoader(loaded.package)
        except ValueError:  # a plugin without templates
            continue


def _words(msgid: str) -> str:
    return translate("dougong", msgid, current_locale())


def page(request: AnyRequest, view: Page, *, status: int = 200) -> Response[str]:
    """The page in the shell of the signed-in person."""
    shell = shell_for(request, notices=_notices(request))
    return _html(request, render(templates(), view, shell, _words), status)


def page_outside(request: AnyRequest, view: Page, *, status: int = 200) -> Response[str]:
    """The page for somebody who is not signed in, or may not go further yet."""
    return _html(request, render(templates(), view, door(request, notices=_notices(request)), _words), status)


def fragment(view: PaletteResults | SimilarRecords | FormPreview) -> Response[str]:
    """A piece of a page, asked for by a page that is already open."""
    return Response(render(templates(), view, None, _words), media_type=MediaType.HTML)


def _html(request: AnyRequest, text: str, status: int) -> Response[str]:
    answer = Response(text, media_type=MediaType.HTML, status_code=status)
    if NOTICE_COOKIE in request.cookies:
        answer.delete_cookie(NOTICE_COOKIE)
    return answer


def go(
    request: AnyRequest,
    where: str,
    notice: Text | str = "",
    *,
    batch: str = "",
    undo_url: str | None = None,
    cookies: Sequence[Cookie] = (),
) -> Response[None]:
    """Redirect after a write, with a notice that is shown once where it lands.

    The notice offers to take the batch back, or what was done by a way of its own (`undo_url`).
    """
    answer: Response[None] = Response(
        None, status_code=303, headers={"Location": safe_path(where)}, cookies=list(cookies)
    )
    if notice:
        undo_url = f"/changes/{batch}/undo" if batch else undo_url
        text = quote(json.dumps([str(notice), undo_url], ensure_ascii=False))
        answer.set_cookie(NOTICE_COOKIE, text, max_age=60, httponly=True, samesite="lax", path="/")
    return answer


def safe_path(where: str) -> str:
    """The address when it lies within this site, else the home page."""
    inside = where.startswith("/") and not where.startswith(("//", "/\\")) and not any(ord(c) < 32 for c in where)
    return quote(where, safe="/?&=%#:,+-._~!$'()*;@[]") if inside else "/"


def _notices(request: AnyRequest) -> tuple[Notice, ...]:
    stored = request.cookies.get(NOTICE_COOKIE)
    if not stored:
        return ()
    try:
        text, undo_url = json.loads(unquote(stored))
    except ValueError:
        return ()
    return (
        Notice(str(text)[:300], undo_url=undo_url if isinstance(undo_url, str) and undo_url.startswith("/") else None),
    )


def error_page(request: AnyRequest, err: Exception) -> Response[Any]:
    """What a person sees of an error; somebody not signed in is sent to sign in, and comes back afterwards."""
    known = as_dougong_error(err)
    visitor = visitor_of(request)
    if known.status == 401:
        query = f"?{request.scope['query_string'].decode('latin-1')}" if request.scope["query_string"] else ""
        here = request.scope["path"] + query if request.method == "GET" else "/"
        return go(request, f"/sign-in?next={quote(here, safe='')}" if here != "/" else "/sign-in")
    if visitor.must_change_password and known.status == 403:
        return go(request, "/password")
    view = ErrorPage(status=known.status, message=str(known), reference=known.values.get("reference", ""))
    outside = visitor.principal is None or known.status >= 500
    answer = (page_outside if outside else page)(request, view, status=known.status)
    answer.headers.update(known.headers)
    return answer
