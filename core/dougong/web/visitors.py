"""Who comes in: before anything else, each request gets its person, its snapshot, its language and its door.

This wraps the whole application, so that what goes wrong inside (an unknown address, a method that isn't there) is
answered in the same words and with the same headers as everything else.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from dougong.access.principal import Principal, acting_as
from dougong.access.services.principals import principal_of
from dougong.errors import DougongError, Forbidden
from dougong.i18n import DEFAULT_LOCALE, LOCALES, _, speaking
from dougong.people import sign_in
from dougong.people.tables import Staff
from dougong.plugin.snapshot import current_snapshot, pinned
from dougong.records.entry import entering_by
from dougong.web.problems import Unauthorized, as_dougong_error

__all__ = [
    "COOKIE",
    "CSRF_FIELD",
    "SECURITY_HEADERS",
    "Visitor",
    "Visitors",
    "check_token",
    "has_token",
    "same_origin",
    "visitor_of",
]

logger = logging.getLogger(__name__)

COOKIE = "dougong_session"
LOCALE_COOKIE = "dougong_locale"
CSRF_FIELD = "_csrf_token"
"""Where a form carries the token of its session."""
_STATIC = "/static/"
_departments: dict[tuple[Any, ...], str] = {}

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


@dataclass
class Visitor:
    """Who a request comes from. `csrf` is the session's token; a bearer token needs none."""

    principal: Principal | None = None
    csrf: str = ""
    department: str = ""
    locale: str = DEFAULT_LOCALE
    theme: str = "auto"
    session: sign_in.SignedIn | None = None
    by_token: bool = False
    must_change_password: bool = False


def visitor_of(request: Request[Any, Any, Any]) -> Visitor:
    found: Visitor = request.scope["state"]["visitor"]
    return found


class Visitors:
    """The ASGI application around the application."""

    def __init__(self, app: ASGIApp, zone: ZoneInfo, idle: dt.timedelta) -> None:
        self.app = app
        self.zone = zone
        self.idle = idle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        sender = _with_headers(send, path)
        if path.startswith(_STATIC):
            scope.setdefault("state", {})["visitor"] = Visitor()  # nobody is asked for, but a missing file is answered
            with speaking(DEFAULT_LOCALE, self.zone):
                await self.app(scope, receive, sender)
            return
        with ExitStack() as stack:
            stack.enter_context(speaking(DEFAULT_LOCALE, self.zone))
            try:
                visitor = await _identify(Request(scope), self.idle)
            except Exception as err:  # noqa: BLE001 - before anybody is known nobody else can answer
                await _refuse(as_dougong_error(err), sender)
                return
            scope.setdefault("state", {})["visitor"] = visitor
            stack.enter_context(pinned(current_snapshot()))
            stack.enter_context(speaking(visitor.locale, self.zone))
            stack.enter_context(entering_by("api" if path.startswith("/api/") else "form"))
            if visitor.principal is not None:
                stack.enter_context(acting_as(visitor.principal))
            await self.app(scope, receive, sender)


async def _identify(request: Request[Any, Any, Any], idle: dt.timedelta) -> Visitor:
    bearer = request.headers.get("authorization", "")
    if bearer[:7].lower() == "bearer ":
        token = await sign_in.token_of(bearer[7:].strip())
        if token is None:
            raise Unauthorized
        return Visitor(await principal_of(token.user), locale=_locale(request, token.locale), by_token=True)
    cookie = request.cookies.get(COOKIE)
    known = await sign_in.session_of(cookie, idle) if cookie else None
    if known is None:
        return Visitor(locale=_locale(request, None))
    principal = await principal_of(known.user)
    return Visitor(
        principal,
        csrf=known.csrf,
        department=await _department(principal),
        locale=_locale(request, known.locale),
        theme=known.theme or "auto",
        session=known,
        must_change_password=known.must_change_password,
    )


async def _department(person: Principal) -> str:
    """The name of the person's department, asked for once per version of their rights."""
    if person.version not in _departments:
        if len(_departments) > 10_000:
            _departments.clear()
        with acting_as(person):
            row = (
                await Staff.select(Staff.department.name.as_alias("name"))
                .where(Staff.id == (person.staff or 0))
                .first()
            )
        _departments[person.version] = str(row["name"] or "") if row else ""
    return _departments[person.version]


def _locale(request: Request[Any, Any, Any], chosen: str | None) -> str:
    """The person's own language; before signing in the one chosen on the door, else what the browser asks for."""
    for wanted in (chosen, request.cookies.get(LOCALE_COOKIE)):
        if wanted in LOCALES:
            return str(wanted)
    for part in request.headers.get("accept-language", "").split(","):
        language = part.partition(";")[0].strip().lower()
        if language.startswith("zh"):
            return "zh_CN"
        if language.startswith("en"):
            return "en"
    return DEFAULT_LOCALE


def _with_headers(send: Send, path: str) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            headers += SECURITY_HEADERS
            if not path.startswith(_STATIC) and not any(name.lower() == b"cache-control" for name, _ in headers):
                headers.append((b"cache-control", b"no-store"))
            message["headers"] = headers
        await send(message)

    return sender


async def _refuse(err: DougongError, send: Send) -> None:
    """An answer from outside the application: whoever comes can't even be told apart yet."""
    body = json.dumps(
        {"type": "about:blank", "title": str(err.message), "status": err.status, "detail": str(err)}, ensure_ascii=False
    ).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
    if err.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": err.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def has_token(request: Request[Any, Any, Any]) -> bool:
    """Whether the session's token came in the header, where programs of the page put it. Forbidden for a wrong one."""
    given = request.headers.get("x-csrf-token")
    if given is not None:
        check_token(visitor_of(request), given)
    return given is not None


def check_token(visitor: Visitor, given: str) -> None:
    """Forbidden where this isn't the token of the visitor's session."""
    if not given or not secrets.compare_digest(given.encode("utf-8", "replace"), visitor.csrf.encode()):
        raise Forbidden(_("This form is no longer valid: reload the page and send it again."))


def same_origin(request: Request[Any, Any, Any]) -> bool:
    """Whether the browser says that the request comes from one of our own pages."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host", "")
