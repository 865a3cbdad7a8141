"""Passwords: kept as argon2 hashes only, checked outside the event loop, and with rules that can be explained."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from dougong.errors import Invalid, Problem, Unavailable
from dougong.i18n import _

__all__ = ["check_rules", "hash_of", "is_outdated", "matches", "one_time_password"]

Answer = TypeVar("Answer")
SHORTEST = 8
LONGEST = 200
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for something else when read out
_WAITING_AT_MOST = 64

# About 45 ms and 19 MiB each on an office machine: dear for a guesser, bearable for a small server.
_hasher = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1)
# Two at a time: sign-ins may queue up, but neither stall the loop nor fill the memory.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
_waiting = 0


async def hash_of(password: str) -> str:
    return await _apart(_hash, password)


async def matches(hashed: str | None, password: str) -> bool:
    """Whether the password fits. Without a hash the answer is no, and takes as long as any other."""
    return await _apart(_verify, hashed, password)


def is_outdated(hashed: str) -> bool:
    """Whether the hash was made at a cost that is no longer ours."""
    return _hasher.check_needs_rehash(hashed)


def check_rules(password: str, user_name: str) -> None:
    """Invalid with a plain reason when the password is too easy to guess or can't be kept."""
    field = "password"
    if len(password) < SHORTEST:
        raise Invalid(
            Problem(field, _("A password needs at least %(least)s characters.", least=SHORTEST), rule="length")
        )
    if len(password) > LONGEST:
        raise Invalid(Problem(field, _("At most %(limit)s characters.", limit=LONGEST), rule="length"))
    if user_name and user_name.casefold() in password.casefold():
        raise Invalid(Problem(field, _("The password must not contain the user name."), rule="guessable"))
    if len(set(password)) < 4:
        raise Invalid(Problem(field, _("Use at least four different characters."), rule="guessable"))


def one_time_password() -> str:
    """Twelve characters in groups, to be read out and typed once: k7mq-2v9x-hd4t."""
    groups = ("".join(secrets.choice(_ALPHABET) for _place in range(4)) for _group in range(3))
    return "-".join(groups)


async def _apart(work: Callable[..., Answer], *arguments: str | None) -> Answer:
    global _waiting
    if _waiting >= _WAITING_AT_MOST:
        raise Unavailable
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads, work, *arguments)
    finally:
        _waiting -= 1


def _hash(password: str) -> str:
    return _hasher.hash(_bytes(password))


def _verify(hashed: str | None, password: str) -> bool:
    decoy = _decoy(_hasher)
    try:
        return _hasher.verify(hashed or decoy, _bytes(password)) and hashed is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _decoy(hasher: PasswordHasher) -> str:
    """What a password is compared with when the name is unknown, at the same cost."""
    return hasher.hash(secrets.token_bytes(16))


def _bytes(password: str) -> bytes:
    return password[: LONGEST + 1].encode("utf-8", "surrogatepass")
