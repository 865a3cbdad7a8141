"""Guessing passwords is made slow: wrong tries are counted, and beyond a few the pause after each one grows.

A try is counted before the password is looked at, in a statement of its own, and taken back when it was right. So tries
made at the same time, in however many processes, get no more guesses than tries made one after the other, and nothing
that fails afterwards takes a count along.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, system
from dougong.access.rights import need
from dougong.access.services.members import refuse_to_outrank
from dougong.access.services.principals import on_behalf
from dougong.db import engine, fetch
from dougong.errors import NotFound
from dougong.people.errors import TooManyTries
from dougong.people.tables import Attempts, User

__all__ = [
    "Limits",
    "Tried",
    "admit",
    "forget",
    "locked_until",
    "of_account",
    "of_password_change",
    "of_sign_in",
    "sweep",
    "take_back",
    "unlock",
]

_WHY = "count wrong passwords"
_DAY = dt.timedelta(days=1)
_HOUR = dt.timedelta(hours=1)
NO_PAUSE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Past by everybody's clock: of two processes that count at once, one's now is later than the other's."""


@dataclass(frozen=True)
class Limits:
    """Wrong tries before the first pause, and how pauses grow: each is twice the one before, up to the longest.

    An address may be a whole office, so it has far more tries, and they are forgotten after an hour instead of a day.
    """

    tries: int = 5
    tries_of_name: int = 20
    tries_of_address: int = 100
    pause: dt.timedelta = dt.timedelta(seconds=5)
    longest: dt.timedelta = dt.timedelta(minutes=15)

    def until(self, now: dt.datetime, spare: int) -> dt.datetime:
        """Until when nothing is tried when this many wrong tries are left."""
        return NO_PAUSE if spare > 0 else now + min(self.longest, self.pause * 2 ** min(-spare, 20))


@dataclass(frozen=True)
class Tried:
    """What is counted: a name from an address, a name from anywhere, or an address. Digests; "" for any."""

    name: str
    address: str
    free: int
    kept: dt.timedelta = _DAY

    @property
    def row(self) -> Any:
        return (Attempts.name == self.name) & (Attempts.address == self.address)


def of_sign_in(name: str, password: str | None, address: str, limits: Limits) -> Sequence[Tried]:
    """What a sign-in counts for. `password` is the stored one, if the name is somebody's: a new one starts afresh."""
    who, where = of_account(name, password), _digest("address", _network(address))
    # in this order everywhere, so that nobody waits for rows of somebody who waits for theirs
    return (
        Tried("", where, limits.tries_of_address, _HOUR),
        Tried(who, "", limits.tries_of_name),
        Tried(who, where, limits.tries),
    )


def of_password_change(user_id: int, limits: Limits) -> Sequence[Tried]:
    """What a wrong old password counts for: the account alone, which nobody else can lock by it."""
    return (Tried(_digest("change", str(user_id)), "", limits.tries),)


def of_account(name: str, password: str | None) -> str:
    return _digest("name", name, password or "")


async def admit(tried: Sequence[Tried], limits: Limits) -> None:
    """Count one try, as wrong until it is taken back. TooManyTries while one of these pauses; nothing is counted then."""
    with acting_as(system(_WHY)):
        wait = await _pause(tried)
        if not wait and len(await _count(tried, limits)) < len(tried):
            wait = await _pause(tried) or 1  # somebody else began the pause just now
    if wait:
        raise TooManyTries(wait, round(limits.longest.total_seconds()))


async def _pause(tried: Sequence[Tried]) -> int:
    """The seconds until all of these may be tried again."""
    now = _now()
    rows = await Attempts.select(Attempts.until).where(_any(tried) & (Attempts.until > now))
    return max((1 + int((row["until"] - now).total_seconds()) for row in rows), default=0)


async def _count(tried: Sequence[Tried], limits: Limits) -> Sequence[Any]:
    """One statement, so that none of two at once is lost; answers the rows that were not pausing."""
    now = _now()
    moment = "{}::timestamptz" if engine().engine_type == "postgres" else "{}"
    steps = _steps(limits, now)
    ladder = " ".join(f'WHEN "people_attempt"."spare" > {spare} THEN {moment}' for spare, _until in steps)
    values: list[Any] = []
    for one in tried:
        first = one.free - 1
        values += [one.name, one.address, first, limits.until(now, first), now + one.kept]
    statement = (
        'INSERT INTO "people_attempt" ("name", "address", "spare", "until", "forgotten") VALUES '
        + ", ".join(f"({{}}, {{}}, {{}}, {moment}, {moment})" for _one in tried)
        + ' ON CONFLICT ("name", "address") DO UPDATE SET'
        f' "spare" = CASE WHEN "people_attempt"."forgotten" <= {moment} THEN EXCLUDED."spare"'
        ' ELSE "people_attempt"."spare" - 1 END,'
        f' "until" = CASE WHEN "people_attempt"."forgotten" <= {moment} THEN EXCLUDED."until" {ladder} ELSE {moment} END,'
        f' "forgotten" = CASE WHEN "people_attempt"."forgotten" <= {moment} THEN EXCLUDED."forgotten"'
        ' ELSE "people_attempt"."forgotten" END'
        f' WHERE "people_attempt"."until" <= {moment} RETURNING "id"'
    )
    values += [now, now, *(until for _spare, until in steps), now + limits.longest, now, now]
    return await fetch(QueryString(statement, *values))


def _steps(limits: Limits, now: dt.datetime) -> list[tuple[int, dt.datetime]]:
    """Tries left → until when nothing is tried, downwards from one, before the longest pause is reached."""
    steps = [(1, NO_PAUSE)]
    while (until := limits.until(now, steps[-1][0] - 1)) < now + limits.longest:
        steps.append((steps[-1][0] - 1, until))
    return steps


async def take_back(tried: Sequence[Tried]) -> None:
    """It was no wrong try after all."""
    with acting_as(system(_WHY)):
        for one in tried:
            await Attempts.update({Attempts.spare: Attempts.spare + 1}).where(one.row)
            await Attempts.update({Attempts.until: NO_PAUSE}).where(one.row & (Attempts.spare > 0))


async def forget(tried: Sequence[Tried]) -> None:
    """The right password: what was tried before doesn't count any more. Of the address only this try is taken back."""
    with acting_as(system(_WHY)):
        for one in tried:
            if one.name:
                await Attempts.delete().where(one.row)
    await take_back([one for one in tried if not one.name])


async def sweep() -> None:
    """Remove what has been forgotten."""
    over = (Attempts.forgotten <= _now()) & (Attempts.until <= _now())
    kinds = (Attempts.name == "", Attempts.address == "", (Attempts.name != "") & (Attempts.address != ""))
    with acting_as(system(_WHY)):
        for kind in kinds:  # a try holds one row of each kind, in order: one kind at a time never waits in a circle
            await Attempts.delete().where(over & kind)


# ------------------------------------------------------------------ for those who keep accounts


async def locked_until(user_id: int) -> dt.datetime | None:
    """Until when the account can't be signed in with, from one address or from any; None when it can.

    NotFound for no account, Forbidden for that of somebody who may do more, here and in `unlock`.
    """
    need("organisation.manage")
    await refuse_to_outrank(user_id)
    with acting_as(on_behalf(_WHY)):
        own = await _rows_of(user_id)
        rows = await Attempts.select(Attempts.until).where(own & (Attempts.until > _now()))
    return max((row["until"] for row in rows), default=None)


async def unlock(user_id: int) -> None:
    """Let the account be tried again at once."""
    need("organisation.manage")
    await refuse_to_outrank(user_id)
    with acting_as(on_behalf(_WHY)):
        await Attempts.delete().where(await _rows_of(user_id))


async def _rows_of(user_id: int) -> Any:
    account = await User.select(User.name_key, User.password).where(User.id == user_id).first()
    if account is None:
        raise NotFound
    return Attempts.name == of_account(account["name_key"], account["password"])


# ------------------------------------------------------------------ parts


def _any(tried: Sequence[Tried]) -> Any:
    which = tried[0].row
    for one in tried[1:]:
        which = which | one.row
    return which


def _network(address: str) -> str:
    """The address as it is counted: of IPv6 the half that one customer of a provider is given."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 6 and known.ipv4_mapped is None:
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(getattr(known, "ipv4_mapped", None) or known)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
