"""Where accounts are signed in, for programs: what the pages "Signed in on" and of an account do."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get

from dougong.access.principal import current
from dougong.people import sign_in
from dougong.people.attempts import locked_until, unlock
from dougong.people.sign_in import OpenSession
from dougong.web.addresses import short_id_at
from dougong.web.pages.sessions import idle_of
from dougong.web.visitors import visitor_of

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]


@get("/api/v1/sessions", include_in_schema=False)
async def list_sessions(request: AnyRequest) -> dict[str, Any]:
    """One's own; `current` marks the one this request came with."""
    return await _sessions(request, current().user)


async def _sessions(request: AnyRequest, user: int) -> dict[str, Any]:
    here = _here(request)
    found = await sign_in.sessions_of(user, idle_of(request))
    return {"items": [_session(session, here) for session in found]}


def _session(session: OpenSession, here: int | None) -> dict[str, Any]:
    return {
        "id": session.id,
        "since": session.created.isoformat(),
        "seen": session.seen.isoformat(),
        "expires": session.expires.isoformat(),
        "address": session.ip,
        "agent": session.agent,
        "current": session.id == here,
    }


def _here(request: AnyRequest) -> int | None:
    known = visitor_of(request).session
    return known.session if known else None


@delete("/api/v1/sessions", include_in_schema=False, status_code=204)
async def end_others(request: AnyRequest) -> None:
    """Every session of one's own but the one this request came with."""
    await sign_in.end_other_sessions(current().user, _here(request))


@delete("/api/v1/sessions/{session:str}", include_in_schema=False, status_code=204)
async def end_session(session: str) -> None:
    await sign_in.end_session(current().user, short_id_at(session))


@get("/api/v1/accounts/{user:str}/sessions", include_in_schema=False)
async def list_sessions_of(request: AnyRequest, user: str) -> dict[str, Any]:
    return await _sessions(request, short_id_at(user))


@delete("/api/v1/accounts/{user:str}/sessions", include_in_schema=False, status_code=204)
async def end_sessions_of(user: str) -> None:
    await sign_in.end_sessions(short_id_at(user))


@delete("/api/v1/accounts/{user:str}/sessions/{session:str}", include_in_schema=False, status_code=204)
async def end_session_of(user: str, session: str) -> None:
    await sign_in.end_session(short_id_at(user), short_id_at(session))


@get("/api/v1/accounts/{user:str}/lock", include_in_schema=False)
async def read_lock(user: str) -> dict[str, Any]:
    """Until when nobody can sign in with it after too many wrong passwords; null when they can."""
    until = await locked_until(short_id_at(user))
    return {"until": until.isoformat() if until else None}


@delete("/api/v1/accounts/{user:str}/lock", include_in_schema=False, status_code=204)
async def end_lock(user: str) -> None:
    await unlock(short_id_at(user))


routes = [
    list_sessions,
    end_others,
    end_session,
    list_sessions_of,
    end_sessions_of,
    end_session_of,
    read_lock,
    end_lock,
]
