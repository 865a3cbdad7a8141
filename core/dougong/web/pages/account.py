"""Signing in and out, one's password, one's language and look."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie

from dougong.access.principal import current
from dougong.access.version import versions
from dougong.errors import DougongError, Invalid
from dougong.i18n import LOCALES, _
from dougong.people import sign_in
from dougong.people.services.operators import set_preferences
from dougong.web.render import go, page, page_outside, safe_path
from dougong.web.views import PasswordPage, SignInPage
from dougong.web.visitors import COOKIE, LOCALE_COOKIE, visitor_of

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
THEMES = ("light", "dark")
YEAR = 365 * 24 * 3600


@get("/sign-in", include_in_schema=False)
async def ask_sign_in(request: AnyRequest) -> Response[Any]:
    where = request.query_params.get("next", "")
    if visitor_of(request).principal is not None:
        return go(request, where or "/")
    return page_outside(request, SignInPage(next=safe_path(where) if where else ""))


@post("/sign-in", include_in_schema=False, status_code=200)
async def do_sign_in(request: AnyRequest) -> Response[Any]:
    form = await request.form()
    name, password, where = (str(form.get(k, "")) for k in ("user", "password", "next"))
    client = request.client.host if request.client else ""
    try:
        known = await sign_in.sign_in(name, password, client, request.headers.get("user-agent", ""))
    except DougongError as err:
        view = SignInPage(user=name[:60], next=safe_path(where) if where else "", error=str(err))
        return page_outside(request, view, status=err.status if err.status >= 500 else 422)
    answer = go(request, "/password" if known.must_change_password else where or "/")
    answer.set_cookie(session_cookie(request, known.token))
    return answer


def session_cookie(request: AnyRequest, token: str) -> Cookie:
    config = request.app.state.config
    secure = config.secure_cookies or request.url.scheme == "https"
    return Cookie(
        COOKIE, value=token, path="/", httponly=True, samesite="lax", secure=secure, max_age=config.session_days * 86400
    )


@post("/sign-out", include_in_schema=False, status_code=200)
async def do_sign_out(request: AnyRequest) -> Response[Any]:
    cookie = request.cookies.get(COOKIE)
    if cookie:
        await sign_in.sign_out(cookie)
    answer = go(request, "/sign-in", _("You have been signed out."))
    answer.delete_cookie(COOKIE)
    return answer


@get("/password", include_in_schema=False)
async def ask_password(request: AnyRequest) -> Response[Any]:
    return await _password_page(request, {})


async def _password_page(request: AnyRequest, errors: dict[str, str], status: int = 200) -> Response[Any]:
    forced = visitor_of(request).must_change_password
    rules = (str(_("At least 8 characters")), str(_("Not the user name")))
    view = PasswordPage(
        action="/password",
        forced=forced,
        errors=errors,
        rules=rules,
        cancel_href="" if forced else "/",
        user=_user_name(request),
    )
    return page_outside(request, view, status=status) if forced else page(request, view, status=status)


def _user_name(request: AnyRequest) -> str:
    session = visitor_of(request).session
    return session.name if session else ""


@post("/password", include_in_schema=False, status_code=200)
async def change_password(request: AnyRequest) -> Response[Any]:
    form = await request.form()
    old, new, again = (str(form.get(k, "")) for k in ("current", "new", "again"))
    if new != again:
        return await _password_page(request, {"again": str(_("The two new passwords differ."))}, 422)
    try:
        await sign_in.change_password(current().user, old, new)
    except Invalid as err:
        names = {"old": "current", "password": "new"}
        return await _password_page(request, {names.get(p.field, ""): str(p.message) for p in err.problems}, 422)
    client = request.client.host if request.client else ""
    fresh = await sign_in.sign_in(_user_name(request), new, client, request.headers.get("user-agent", ""))
    answer = go(request, "/", _("Your password is changed. Other places you were signed in are signed out."))
    answer.set_cookie(session_cookie(request, fresh.token))
    return answer


@post("/me/preferences", include_in_schema=False, status_code=200)
async def keep_preferences(request: AnyRequest) -> Response[Any]:
    form = await request.form()
    visitor = visitor_of(request)
    locale, theme = str(form.get("locale", visitor.locale)), str(form.get("theme", visitor.theme))
    await set_preferences(
        current().user, locale=locale if locale in LOCALES else None, theme=theme if theme in THEMES else None
    )
    if request.headers.get("hx-request") or request.headers.get("x-csrf-token"):
        return Response(None, status_code=204)
    return go(request, _back(request))


@post("/language", include_in_schema=False, status_code=200)
async def choose_language(request: AnyRequest) -> Response[Any]:
    """Before signing in: the language is kept in this browser."""
    locale = str((await request.form()).get("locale", ""))
    answer = go(request, _back(request, "/sign-in"))
    if locale in LOCALES:
        answer.set_cookie(Cookie(LOCALE_COOKIE, value=locale, path="/", max_age=YEAR, samesite="lax", httponly=True))
    return answer


def _back(request: AnyRequest, otherwise: str = "/") -> str:
    """The page the form stood on, when it is one of ours."""
    referrer = request.headers.get("referer", "")
    base = str(request.base_url).rstrip("/")
    return referrer.removeprefix(base) or "/" if referrer.startswith(base) else otherwise


@get("/health", include_in_schema=False)
async def health() -> dict[str, str]:
    """For whoever watches the server: it answers, and the database does; 503 otherwise."""
    await versions()
    return {"status": "ok"}


routes = [
    ask_sign_in,
    do_sign_in,
    do_sign_out,
    ask_password,
    change_password,
    keep_preferences,
    choose_language,
    health,
]
