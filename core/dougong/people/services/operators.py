"""Accounts: a member of staff becomes an operator and stops being one; their record and history stay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dougong.access.principal import acting_as, current
from dougong.access.rights import need
from dougong.access.services.members import refuse_to_outrank, refuse_to_stand_in, refuse_without_administrator
from dougong.access.services.principals import on_behalf
from dougong.access.services.roles import assign_roles
from dougong.access.tables import GroupMember, Share, UserRole
from dougong.access.version import rights_changed
from dougong.db import transaction
from dougong.errors import Invalid, NotFound, Problem
from dougong.i18n import LOCALES, _
from dougong.people import passwords
from dougong.people.errors import AlreadyOperator
from dougong.people.names import check_name, name_key
from dougong.people.tables import Session, Staff, Token, User
from dougong.records.favourites import Favourite

__all__ = [
    "Account",
    "account_named",
    "account_of",
    "accounts_of",
    "add_account",
    "make_operator",
    "remove_operator",
    "reset_password",
    "set_preferences",
]

MANAGE = "organisation.manage"
_WHY = "keep accounts"


@dataclass(frozen=True)
class Account:
    """An account as the organisation page shows it."""

    user: int
    name: str
    staff: int | None
    active: bool
    last_sign_in: dt.datetime | None


async def make_operator(staff: Staff, name: str, roles: Iterable[int] = ()) -> str:
    """Give somebody an account with these roles; the password to sign in with once.

    Raises AlreadyOperator, or Invalid when the name can't be used.
    """
    return await add_account(name, staff=staff, roles=roles)


async def add_account(name: str, *, staff: Staff | None = None, roles: Iterable[int] = ()) -> str:
    """A new account, of a member of staff or of nobody; the password to sign in with once."""
    need(MANAGE)
    password, given = passwords.one_time_password(), set(roles)
    hashed = await passwords.hash_of(password)
    async with transaction(_("Account made")):
        await rights_changed()
        with acting_as(on_behalf(_WHY)):
            if staff is not None and await User.exists().where(User.staff == staff.id):
                raise AlreadyOperator(name=staff.name)
            user = await _insert(await _free_name(name), hashed, staff)
        if given:
            await assign_roles(user, given)
    return password


async def _insert(name: str, hashed: str, staff: Staff | None) -> int:
    row = User(
        name=name,
        name_key=name_key(name),
        password=hashed,
        staff=staff.id if staff else None,
        created=dt.datetime.now(dt.UTC),
    )
    [made] = await User.insert(row)
    return int(made["id"])


async def _free_name(name: str) -> str:
    wanted = check_name(name)
    if await User.exists().where(User.name_key == name_key(wanted)):
        raise Invalid(Problem("name", _("Another account has this name."), name, "unique"))
    return wanted


async def remove_operator(user_id: int) -> None:
    """Take an account away; the staff record and everything its person did stay. Refused for the last administrator."""
    need(MANAGE)
    async with transaction(_("Account removed")):
        await rights_changed()
        await refuse_to_outrank(user_id)
        with acting_as(on_behalf(_WHY)):
            for table in (Session, Token, UserRole, GroupMember, Favourite):
                await table.delete().where(table.user == user_id)
            await Share.update({Share.by: None}).where(Share.by == user_id)
            gone = await User.delete().where(User.id == user_id).returning(User.id)
            if not gone:
                raise NotFound
            await refuse_without_administrator()


async def reset_password(user_id: int) -> str:
    """A new password to sign in with once. The account is signed out everywhere; its tokens go on."""
    need(MANAGE)
    await refuse_to_stand_in(user_id)
    password = passwords.one_time_password()
    hashed = await passwords.hash_of(password)
    async with transaction(_("Password reset")):
        with acting_as(on_behalf(_WHY)):
            values: dict[Any, Any] = {User.password: hashed, User.must_change_password: True}
            changed = await User.update(values).where(User.id == user_id).returning(User.id)
            if not changed:
                raise NotFound
            await Session.delete().where(Session.user == user_id)
    return password


async def set_preferences(user_id: int, *, locale: str | None, theme: str | None) -> None:
    """The language and the look a person chose; None follows the company's language and the device."""
    if current().user != user_id:
        need(MANAGE)
    if locale is not None and locale not in LOCALES:
        raise Invalid(Problem("locale", _("There is no such language."), locale, "choice"))
    if theme not in (None, "light", "dark"):
        raise Invalid(Problem("theme", _("Choose light or dark."), theme, "choice"))
    with acting_as(on_behalf(_WHY)):
        await User.update({User.locale: locale, User.theme: theme}).where(User.id == user_id)


# ------------------------------------------------------------------ finding accounts


async def account_named(name: str) -> Account | None:
    """The account of this name, whatever its case."""
    return await _one(User.name_key == name_key(name))


async def account_of(staff_id: int) -> Account | None:
    """The account of a member of staff, if they have one."""
    return await _one(User.staff == staff_id)


async def accounts_of(staff_ids: Iterable[int]) -> dict[int, Account]:
    """staff id → account, of those that have one. One query."""
    need(MANAGE)
    wanted = sorted(set(staff_ids))
    with acting_as(on_behalf(_WHY)):
        rows = await User.select(*_COLUMNS).where(User.staff.is_in(wanted)) if wanted else []
    return {row["staff"]: _account(row) for row in rows}


_COLUMNS = (User.id, User.name, User.staff, User.active, User.last_sign_in)


async def _one(which: Any) -> Account | None:
    need(MANAGE)
    with acting_as(on_behalf(_WHY)):
        row = await User.select(*_COLUMNS).where(which).first()
    return _account(row) if row else None


def _account(row: Any) -> Account:
    return Account(row["id"], row["name"], row["staff"], bool(row["active"]), row["last_sign_in"])
