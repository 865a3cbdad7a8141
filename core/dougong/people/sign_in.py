"""Signing in: from a name and a password to a session, and from a cookie or a token back to the account."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from piccolo.querystring import QueryString
from piccolo.table import Table

from dougong.access.principal import acting_as, current, system
from dougong.access.rights import need
from dougong.access.services.members import refuse_to_outrank, refuse_to_stand_in
from dougong.access.services.principals import on_behalf
from dougong.db import fetch, transaction
from dougong.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from dougong.i18n import _
from dougong.people import attempts, passwords
from dougong.people.attempts import Limits
from dougong.people.errors import WrongSignIn
from dougong.people.names import name_key
from dougong.people.tables import Session, Staff, Token, User

__all__ = [
    "ABSOLUTE",
    "IDLE",
    "OpenSession",
    "Place",
    "SignedIn",
    "change_password",
    "create_token",
    "end_other_sessions",
    "end_session",
    "end_sessions",
    "open_session",
    "remove_token",
    "session_of",
    "sessions_of",
    "sign_in",
    "sign_out",
    "token_of",
    "tokens_of",
]

IDLE = dt.timedelta(hours=12)
"""A session nobody used for this long is over."""
ABSOLUTE = dt.timedelta(days=14)
"""No session lasts longer, however busy."""

USUAL = Limits()
_NOTE_EVERY = dt.timedelta(minutes=1)
_WHY = "sign people in and out"


@dataclass(frozen=True)
class SignedIn:
    """An account that is signed in. `token` is for the cookie and known only right after signing in."""

    user: int
    name: str
    csrf: str = ""
    session: int | None = None
    token: str = ""
    expires: dt.datetime | None = None
    locale: str | None = None
    theme: str | None = None
    must_change_password: bool = False


@dataclass(frozen=True)
class Place:
    """Where somebody signs in: the address, what the browser says it is, and how long it stays signed in at most."""

    ip: str = ""
    agent: str = ""
    lasts: dt.timedelta = ABSOLUTE


ANYWHERE = Place()


@dataclass(frozen=True)
class OpenSession:
    """A session as its owner's list shows it."""

    id: int
    created: dt.datetime
    seen: dt.datetime
    expires: dt.datetime
    ip: str
    agent: str


# ------------------------------------------------------------------ by name and password


async def sign_in(name: str, password: str, place: Place = ANYWHERE, limits: Limits = USUAL) -> SignedIn:
    """A new session. WrongSignIn, with one text for every cause, when it can't be; TooManyTries after too many of these.

    What is done for a name nobody has is the same, and takes as long.
    """
    with acting_as(system(_WHY)):
        account = await _account(User.name_key == name_key(name))
        hashed = account["password"] if account else None
        tried = attempts.of_sign_in(name_key(name), hashed, place.ip, limits)
        fits = await _tried(tried, limits, hashed, password)
        if account is None or not fits or not _open(account):
            raise WrongSignIn
        async with transaction():
            await _note_sign_in(account, password)
            signed_in = await _new_session(account, place)
    await attempts.forget(tried)
    await attempts.sweep()
    return signed_in


async def _tried(tried: Sequence[attempts.Tried], limits: Limits, hashed: str | None, password: str) -> bool:
    """Whether the password fits, counted as a wrong try beforehand; TooManyTries during a pause."""
    await attempts.admit(tried, limits)
    try:
        return await passwords.matches(hashed, password)
    except Exception:
        await attempts.take_back(tried)  # nobody looked at it
        raise


async def _note_sign_in(account: Mapping[str, Any], password: str) -> None:
    now = _now()
    values: dict[Any, Any] = {User.last_sign_in: now}
    if passwords.is_outdated(account["password"]):
        values[User.password] = await passwords.hash_of(password)
    unchanged = (User.id == account["id"]) & (User.password == account["password"])
    if not await User.update(values).where(unchanged).returning(User.id):
        raise WrongSignIn  # the password was reset, or the account removed, while this one was looked at
    over = (Session.expires <= now) | (Session.seen <= now - IDLE)
    await Session.delete().where((Session.user == account["id"]) & over)


async def open_session(user_id: int, place: Place) -> SignedIn:
    """A new session of one's own account, for somebody who has just given the password."""
    if current().user != user_id:
        raise Forbidden
    with acting_as(on_behalf(_WHY)):
        account = await _account(User.id == user_id)
        if account is None or not _open(account):
            raise Forbidden
        return await _new_session(account, place)


async def _new_session(account: Mapping[str, Any], place: Place) -> SignedIn:
    token, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), _now()
    row = Session(
        digest=_digest(token),
        user=account["id"],
        csrf=csrf,
        created=now,
        seen=now,
        expires=now + place.lasts,
        ip=_storable(place.ip, 60),
        agent=_storable(place.agent, 300),
    )
    [made] = await Session.insert(row)
    return _signed_in(account, csrf=csrf, session=made["id"], token=token, expires=row.expires)


async def session_of(token: str, idle: dt.timedelta = IDLE) -> SignedIn | None:
    """Who a session cookie belongs to; None when it is unknown, over, or its account was closed."""
    now = _now()
    with acting_as(system(_WHY)):
        row = await _held(_SESSION, token)
        if row is None or row["expires"] <= now or row["seen"] <= now - idle:
            return None
        person = _person(row)
        if not _open(person):
            return None
        if now - row["seen"] >= _NOTE_EVERY:
            await Session.update({Session.seen: now}).where(Session.id == row["id"])
    return _signed_in(person, csrf=row["csrf"], session=row["id"], expires=row["expires"])


async def sign_out(token: str) -> None:
    """End the session of a cookie; nothing happens when there is none."""
    with acting_as(system(_WHY)):
        await Session.delete().where(Session.digest == _digest(token))


# ------------------------------------------------------------------ by token


async def create_token(user_id: int, label: str = "", expires: dt.datetime | None = None) -> str:
    """A token for a program that acts as this account. Shown once: only a digest is kept.

    Forbidden for other people's accounts without the right to keep accounts, and for those of whoever may do more.
    """
    await _own_or_managed(user_id)
    await refuse_to_stand_in(user_id)
    token = f"dg_{secrets.token_urlsafe(32)}"
    async with transaction(_("Token made")):
        with acting_as(on_behalf(_WHY)):
            row = Token(
                digest=_digest(token),
                user=user_id,
                label=_storable(label.strip(), 100),
                created=_now(),
                expires=expires,
            )
            await Token.insert(row)
    return token


async def token_of(token: str) -> SignedIn | None:
    """Who a bearer token belongs to; None when it is unknown, over, or its account was closed."""
    now = _now()
    with acting_as(system(_WHY)):
        row = await _held(_TOKEN, token)
        if row is None or (row["expires"] is not None and row["expires"] <= now):
            return None
        person = _person(row)
        if not _open(person):
            return None
        if row["used"] is None or now - row["used"] >= _NOTE_EVERY:
            await Token.update({Token.used: now}).where(Token.id == row["id"])
    return _signed_in(person)


async def tokens_of(user_id: int) -> list[dict[str, Any]]:
    """An account's tokens: id, label, created, used, expires."""
    await _own_or_managed(user_id)
    columns = (Token.id, Token.label, Token.created, Token.used, Token.expires)
    with acting_as(on_behalf(_WHY)):
        return await Token.select(*columns).where(Token.user == user_id).order_by(Token.id)


async def remove_token(user_id: int, token_id: int) -> None:
    """End a token. NotFound when the account has none of this id."""
    await _own_or_managed(user_id)
    with acting_as(on_behalf(_WHY)):
        gone = await Token.delete().where((Token.id == token_id) & (Token.user == user_id)).returning(Token.id)
    if not gone:
        raise NotFound


# ------------------------------------------------------------------ sessions and passwords of an account


async def sessions_of(user_id: int, idle: dt.timedelta = IDLE) -> list[OpenSession]:
    """Where an account is signed in now, the last used first."""
    await _own_or_managed(user_id)
    now = _now()
    running = (Session.expires > now) & (Session.seen > now - idle)
    columns = (Session.id, Session.created, Session.seen, Session.expires, Session.ip, Session.agent)
    with acting_as(on_behalf(_WHY)):
        rows = (
            await Session.select(*columns)
            .where((Session.user == user_id) & running)
            .order_by(Session.seen, ascending=False)
        )
    return [OpenSession(**row) for row in rows]


async def end_session(user_id: int, session_id: int) -> None:
    """Sign an account out in one place. NotFound when it isn't signed in there."""
    await _own_or_managed(user_id)
    with acting_as(on_behalf(_WHY)):
        gone = (
            await Session.delete().where((Session.id == session_id) & (Session.user == user_id)).returning(Session.id)
        )
    if not gone:
        raise NotFound


async def end_sessions(user_id: int) -> None:
    """Sign an account out everywhere."""
    await _own_or_managed(user_id)
    with acting_as(on_behalf(_WHY)):
        await Session.delete().where(Session.user == user_id)


async def end_other_sessions(user_id: int, kept: int | None) -> None:
    """Sign an account out everywhere but in one place."""
    await _own_or_managed(user_id)
    with acting_as(on_behalf(_WHY)):
        await Session.delete().where((Session.user == user_id) & (Session.id != (kept or 0)))


async def change_password(user_id: int, old: str, new: str, limits: Limits = USUAL) -> None:
    """Change one's own password, knowing the old one. Every session of the account ends: sign in anew.

    Raises Invalid naming "old" or "password", TooManyTries after too many wrong old ones.
    """
    if current().user != user_id:
        raise Forbidden
    with acting_as(on_behalf(_WHY)):
        account = await _account(User.id == user_id)
        tried = attempts.of_password_change(user_id, limits)
        if account is None or not await _tried(tried, limits, account["password"], old):
            raise Invalid(Problem("old", _("This is not your current password."), rule="wrong"))
        await attempts.forget(tried)
        passwords.check_rules(new, account["name"])
        if await passwords.matches(account["password"], new):
            raise Invalid(Problem("password", _("Choose a password other than the old one."), rule="same"))
        hashed = await passwords.hash_of(new)
        async with transaction(_("Password changed")):
            unchanged = (User.id == user_id) & (User.password == account["password"])
            values: dict[Any, Any] = {User.password: hashed, User.must_change_password: False}
            if not await User.update(values).where(unchanged).returning(User.id):
                raise Conflict  # it was changed or reset meanwhile: the old one given is no longer the old one
            await Session.delete().where(Session.user == user_id)


# ------------------------------------------------------------------ parts


async def _account(which: Any) -> dict[str, Any] | None:
    return await User.select(User.password, *_of(User)).where(which).first()


_ACCOUNT = ("id", "name", "active", "locale", "theme", "must_change_password")
"""What is needed to know of an account, besides whether its person still works here."""


def _of(user: Any) -> tuple[Any, ...]:
    return (*(getattr(user, name) for name in _ACCOUNT), user.staff.active)


def _holding(table: type[Table], *columns: str) -> str:
    """Asked at every request, so its text is put together once."""
    own = ", ".join(f't."{name}"' for name in columns)
    account = ", ".join(f'u."{name}" AS "user.{name}"' for name in _ACCOUNT)
    return (
        f'SELECT {own}, {account}, s."active" AS "user.staff.active" FROM "{table._meta.tablename}" AS t '
        f'JOIN "{User._meta.tablename}" AS u ON u."id" = t."user" '
        f'LEFT JOIN "{Staff._meta.tablename}" AS s ON s."id" = u."staff" WHERE t."digest" = {{}}'
    )


_SESSION = _holding(Session, "id", "csrf", "seen", "expires")
_TOKEN = _holding(Token, "id", "used", "expires")


async def _held(holding: str, token: str) -> dict[str, Any] | None:
    """What is kept of a session or token, with its account."""
    found = await fetch(QueryString(holding, _digest(token)))
    return found[0] if found else None


def _person(row: Mapping[str, Any]) -> dict[str, Any]:
    """The account's part of a row that was reached through a reference."""
    return {key.removeprefix("user."): value for key, value in row.items() if key.startswith("user.")}


def _open(account: Mapping[str, Any]) -> bool:
    """An account is closed when it was, and when its person no longer works here."""
    return bool(account["active"]) and account["staff.active"] in (None, True, 1)


def _signed_in(account: Mapping[str, Any], **session: Any) -> SignedIn:
    return SignedIn(
        user=account["id"],
        name=account["name"],
        locale=account["locale"],
        theme=account["theme"],
        must_change_password=bool(account["must_change_password"]),
        **session,
    )


async def _own_or_managed(user_id: int) -> None:
    """Forbidden for other people's accounts to those who don't keep accounts; NotFound when there is no such account."""
    if current().user == user_id:
        return
    need("organisation.manage")
    with acting_as(on_behalf(_WHY)):
        if not await User.exists().where(User.id == user_id):
            raise NotFound
    await refuse_to_outrank(user_id)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _storable(text: str, length: int) -> str:
    """What a client sent about itself, without what a database refuses."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")[:length]


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
