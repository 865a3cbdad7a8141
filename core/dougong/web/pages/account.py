"""Signing in and out, one's password, one's language and look."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import Cookie

from dougong.access.principal import current
from dougong.access.version import versions
from dougong.config import Config
from dougong.errors import DougongError, Invalid
from dougong.i18n import LOCALES, _
from dougong.people import sign_in
from dougong.people.attempts import Limits
from dougong.people.errors import TooManyTries
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
    try:
        known = await sign_in.sign_in(name, password, _place(request), limits_of(request.app.state.config))
    except DougongError as err:
        view = SignInPage(user=name[:60], next=safe_path(where) if where else "", error=str(err))
        refused = page_outside(request, view, status=err.status if err.status >= 429 else 422)
        if isinstance(err, TooManyTries):
            refused.headers.update(err.headers)
        return refused
    if before := request.cookies.get(COOKIE):
        await sign_in.sign_out(before)  # this browser has no way back to it
    answer = go(request, "/password" if known.must_change_password else where or "/")
    answer.set_cookie(session_cookie(request, known.token))
    return answer


def _place(request: AnyRequest) -> sign_in.Place:
    lasts = dt.timedelta(days=request.app.state.config.session_days)
    return sign_in.Place(address_of(request), request.headers.get("user-agent", ""), lasts)


def limits_of(config: Config) -> Limits:
    return Limits(
        tries=config.sign_in_tries,
        tries_of_name=config.sign_in_tries_name,
        tries_of_address=config.sign_in_tries_address,
        pause=dt.timedelta(seconds=config.sign_in_pause_seconds),
        longest=dt.timedelta(minutes=config.sign_in_pause_minutes),
    )


def address_of(request: AnyRequest) -> str:
    """Where a request comes from; through web servers of ours, the last address that none of them has."""
    ours = [ipaddress.ip_network(p.strip(), strict=False) for p in request.app.state.config.proxies.split(",") if p]
    hops = [hop.strip() for line in request.headers.getall("x-forwarded-for", []) for hop in line.split(",")]
    address = request.client.host if request.client else ""
    while hops and _is_one_of(address, ours):
        address = hops.pop()
    return address


def _is_one_of(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        return any(ipaddress.ip_address(address) in network for network in networks)
    except ValueError:
        return False


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


async def _password_page(request: AnyRequest, errors: Mapping[str, str], status: int = 200) -> Response[Any]:
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
        await sign_in.change_password(current().user, old, new, limits_of(request.app.state.config))
    except TooManyTries as err:
        refused = await _password_page(request, {"": str(err)}, err.status)
        refused.headers.update(err.headers)
        return refused
    except Invalid as err:
        names = {"old": "current", "password": "new"}
        return await _password_page(request, {names.get(p.field, ""): str(p.message) for p in err.problems}, 422)
    fresh = await sign_in.open_session(current().user, _place(request))
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
