"""Errors on their way out: RFC 9457 problems for programs, a page for people. No other place translates errors."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from asyncpg.exceptions import CannotConnectNowError, PostgresConnectionError, TooManyConnectionsError
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR
from pydantic import ValidationError

from dougong.errors import DougongError, Invalid, Problem, Unavailable, model_problems
from dougong.i18n import Text, _

__all__ = [
    "BadRequest",
    "PreconditionRequired",
    "Unauthorized",
    "UnsupportedContent",
    "as_dougong_error",
    "is_api",
    "problem_response",
]

logger = logging.getLogger(__name__)

TITLES: dict[int, Text] = {
    400: _("Some values can't be accepted."),
    401: _("Please sign in."),
    403: _("You don't have the right to do this."),
    404: _("There is nothing here, or you may not see it."),
    405: _("This can't be done with this address."),
    409: _("This can't be done now."),
    412: _("Somebody else changed this meanwhile."),
    413: _("This is too large."),
    415: _("This kind of content can't be read here; send JSON."),
    428: _("Say which version the change is based on (header If-Match)."),
    429: _("Too many requests; please wait a moment."),
    500: _("Something went wrong."),
    503: _("The system can't do this right now. Nothing was lost; please try again shortly."),
}


class Unauthorized(DougongError):
    """Nobody is signed in."""

    status = 401
    message = _("Please sign in.")


class BadRequest(DougongError):
    """The request itself can't be read."""

    status = 400
    message = _("This request can't be read.")


class UnsupportedContent(DougongError):
    status = 415
    message = TITLES[415]


class PreconditionRequired(DougongError):
    """A change that doesn't say which version it is based on."""

    status = 428
    message = TITLES[428]


def is_api(request: Request[Any, Any, Any]) -> bool:
    return request.scope["path"].startswith("/api/")


_AWAY = (ConnectionError, TimeoutError, PostgresConnectionError, CannotConnectNowError, TooManyConnectionsError)
"""The database server is gone, or takes nobody in."""


def as_dougong_error(err: Exception) -> DougongError:
    """Any error as one of ours. What nobody foresaw becomes a 500 whose reference stands in the log beside the trace."""
    if isinstance(err, DougongError):
        return err
    if isinstance(err, ValidationError):
        return Invalid(*model_problems(err))
    if isinstance(err, HTTPException) and err.status_code < HTTP_500_INTERNAL_SERVER_ERROR:
        known = DougongError(TITLES.get(err.status_code, TITLES[400]))
        known.status = err.status_code
        if isinstance(err, ValidationException) and isinstance(err.extra, list):
            fields = [
                Problem(str(e.get("key", "")), str(e.get("message", "")), None, "type")
                for e in err.extra
                if isinstance(e, dict)
            ]
            known = Invalid(*fields)
        known.headers = dict(err.headers or {})
        return known
    if isinstance(err, _AWAY):
        logger.warning("the database does not answer: %s", err)
        return Unavailable()
    reference = secrets.token_hex(4)
    logger.error("unexpected error, reference %s", reference, exc_info=err)
    unknown = DougongError()
    unknown.values["reference"] = reference
    return unknown


def problem_response(request: Request[Any, Any, Any], err: Exception) -> Response[dict[str, Any]]:
    """RFC 9457: type, title, status, detail, and one entry per field under `errors`."""
    known = as_dougong_error(err)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": str(TITLES.get(known.status, TITLES[500])),
        "status": known.status,
        "detail": str(known.message),
    }
    if isinstance(known, Invalid):
        body["errors"] = [
            {"field": p.field, "rule": p.rule, "message": str(p.message), "value": _shown(p.value)}
            for p in known.problems
        ]
    body |= known.told
    if reference := known.values.get("reference"):
        body["reference"] = reference
    headers = dict(known.headers)
    if known.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body, status_code=known.status, media_type="application/problem+json", headers=headers)


def _shown(value: Any) -> Any:
    """What was sent, as far as it can be repeated in an answer."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:200].encode("utf-8", "replace").decode()
