"""The accounts of staff: somebody becomes an operator, gets roles, a new password, is signed out, and stops being one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post

from dougong.access.principal import current
from dougong.access.rights import may_do, need
from dougong.access.services import assign_roles, roles, roles_of
from dougong.i18n import Text, _, moment_text
from dougong.people import sign_in
from dougong.people.attempts import locked_until, unlock
from dougong.people.services import Account, make_operator, remove_operator, reset_password
from dougong.people.tables import Staff
from dougong.web.addresses import short_id_at
from dougong.web.pages.dialogs import answered, confirm_page, dialog_page, whole_number
from dougong.web.pages.forms import Typed
from dougong.web.pages.organisation import ORGANISATION, department_href
from dougong.web.pages.previews import Proposal, digest, stamped, unseen, wants_back
from dougong.web.pages.sessions import idle_of, session_part, token_ending, token_part
from dougong.web.pages.staff import STAFF, operator_at, staff_at, staff_href
from dougong.web.render import go, page
from dougong.web.views import AccountPage, Action, Banner, Crumb, FormField, FormPage, FormSection, Option

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]


async def _role_choice(typed: Typed) -> list[FormField]:
    """Which roles; nothing to choose for those who don't keep roles."""
    if not may_do(current(), "roles.manage"):
        return []
    options = tuple(Option(str(r.id), str(r.name)) for r in await roles() if not r.everybody)
    advice = str(_("Whoever has several roles has what any of them gives. What everybody has needs no role."))
    return [
        FormField(
            "roles",
            str(_("Roles")),
            "multi_choice",
            values=typed.several.get("roles", ()),
            error=typed.error("roles"),
            options=options,
            help=advice,
            wide=True,
        )
    ]


def _chosen(typed: Typed) -> list[int]:
    return [number for number in map(whole_number, typed.several.get("roles", ())) if number]


def password_page(found: Staff, account: str, password: str, title: Text) -> FormPage:
    """The one-time password: shown in this answer alone, stored nowhere, in no address and no cookie."""
    fields = (
        FormField("shown_name", str(_("User name")), value=account, readonly=True),
        FormField("shown_password", str(_("Password for the first sign-in")), value=password, readonly=True),
    )
    return FormPage(
        title=str(title),
        action=staff_href(found.id),
        sections=(FormSection("", fields),),
        submits=(),
        cancel_href=department_href(found.department),
        cancel_label=str(_("Done")),
        intro=str(
            _(
                "Give this to %(name)s now: it is shown only once. At the first sign-in a password of their own is asked for.",
                name=found.name,
            )
        ),
    )


# ------------------------------------------------------------------ the account


@get(f"{STAFF}/{{staff_id:str}}/account", include_in_schema=False)
async def show_account(request: AnyRequest, staff_id: str) -> Response[Any]:
    found, account = await operator_at(staff_id)
    path = account_href(found.id)
    sessions = await sign_in.sessions_of(account.user, idle_of(request))
    everywhere = Action(str(_("Sign out everywhere")), f"{path}/sessions/end", "logout", method="post")
    last = account.last_sign_in
    view = AccountPage(
        title=str(_("Account “%(account)s”", account=account.name)),
        lead=str(_("Last sign-in: %(moment)s", moment=moment_text(last)) if last else _("Never signed in yet.")),
        crumbs=(Crumb(str(_("Organisation")), ORGANISATION), Crumb(found.name, staff_href(found.id))),
        parts=(
            session_part(sessions, f"{path}/sessions", more=everywhere if sessions else None),
            token_part(await sign_in.tokens_of(account.user), f"{path}/tokens"),
        ),
        actions=(Action(str(_("Reset password")), f"{staff_href(found.id)}/password", "lock-open", dialog=True),),
        banner=_locked(await locked_until(account.user), path),
    )
    return page(request, view)


def account_href(staff: int) -> str:
    return f"{staff_href(staff)}/account"


def _locked(until: dt.datetime | None, path: str) -> Banner | None:
    if until is None:
        return None
    text = _("Locked until %(moment)s: too many wrong passwords.", moment=moment_text(until))
    return Banner(str(text), action=Action(str(_("Unlock")), f"{path}/unlock", "lock-open", method="post"))


@post(f"{STAFF}/{{staff_id:str}}/account/unlock", include_in_schema=False, status_code=200)
async def do_unlock(request: AnyRequest, staff_id: str) -> Response[Any]:
    found, account = await operator_at(staff_id)
    await unlock(account.user)
    return go(request, account_href(found.id), _("Unlocked: they can try again."))


@post(f"{STAFF}/{{staff_id:str}}/account/sessions/end", include_in_schema=False, status_code=200)
async def end_everywhere(request: AnyRequest, staff_id: str) -> Response[Any]:
    found, account = await operator_at(staff_id)
    await sign_in.end_sessions(account.user)
    return go(request, account_href(found.id), _("Signed out everywhere."))


@post(f"{STAFF}/{{staff_id:str}}/account/sessions/{{session:str}}/end", include_in_schema=False, status_code=200)
async def end_session(request: AnyRequest, staff_id: str, session: str) -> Response[Any]:
    found, account = await operator_at(staff_id)
    await sign_in.end_session(account.user, short_id_at(session))
    return go(request, account_href(found.id), _("Signed out there."))


@get(f"{STAFF}/{{staff_id:str}}/account/tokens/{{token:str}}/end", include_in_schema=False)
async def ask_token_end(request: AnyRequest, staff_id: str, token: str) -> Response[Any]:
    found, account = await operator_at(staff_id)
    path = account_href(found.id)
    return page(request, await token_ending(account.user, short_id_at(token), f"{path}/tokens", path))


@post(f"{STAFF}/{{staff_id:str}}/account/tokens/{{token:str}}/end", include_in_schema=False, status_code=200)
async def end_token(request: AnyRequest, staff_id: str, token: str) -> Response[Any]:
    found, account = await operator_at(staff_id)
    await sign_in.remove_token(account.user, short_id_at(token))
    return go(request, account_href(found.id), _("The token is ended."))


# ------------------------------------------------------------------ operator


@get(f"{STAFF}/{{staff_id:str}}/operator", include_in_schema=False)
async def ask_operator(request: AnyRequest, staff_id: str) -> Response[Any]:
    return page(request, await _operator_page(await staff_at(staff_id), Typed({})))


async def _operator_page(found: Staff, typed: Typed) -> FormPage:
    name = FormField(
        "name",
        str(_("User name")),
        value=typed.values.get("name", ""),
        error=typed.error("name"),
        required=True,
        max_length=40,
        wide=True,
    )
    title = _("Make “%(name)s” an operator", name=found.name)
    intro = _("An operator can sign in. The password for the first sign-in is made here and shown once.")
    fields = [name, *await _role_choice(typed)]
    return dialog_page(
        title,
        f"{staff_href(found.id)}/operator",
        department_href(found.department),
        fields,
        typed,
        save=_("Make operator"),
        intro=intro,
    )


@post(f"{STAFF}/{{staff_id:str}}/operator", include_in_schema=False, status_code=200)
async def do_operator(request: AnyRequest, staff_id: str) -> Response[Any]:
    found = await staff_at(staff_id)

    async def do(typed: Typed) -> Response[Any]:
        name = typed.values.get("name", "")
        password = await make_operator(found, name, _chosen(typed))
        return page(
            request, password_page(found, name.strip(), password, _("“%(name)s” can sign in now", name=found.name))
        )

    return await answered(request, do, lambda typed: _operator_page(found, typed))


@get(f"{STAFF}/{{staff_id:str}}/operator/remove", include_in_schema=False)
async def ask_removal(request: AnyRequest, staff_id: str) -> Response[Any]:
    found, _account = await operator_at(staff_id)
    return page(request, await _removal_page(found, Typed({})))


async def _removal_page(found: Staff, typed: Typed) -> FormPage:
    title = _("Remove the account of “%(name)s”?", name=found.name)
    intro = _(
        "They can't sign in any more; tokens of theirs stop working. The staff record, its records and its history stay."
    )
    return confirm_page(
        title,
        f"{staff_href(found.id)}/operator/remove",
        department_href(found.department),
        _("Remove account"),
        intro,
        typed,
    )


@post(f"{STAFF}/{{staff_id:str}}/operator/remove", include_in_schema=False, status_code=200)
async def do_removal(request: AnyRequest, staff_id: str) -> Response[Any]:
    found, account = await operator_at(staff_id)

    async def do(typed: Typed) -> Response[Any]:
        await remove_operator(account.user)
        return go(request, department_href(found.department), _("The account is removed."))

    return await answered(request, do, lambda typed: _removal_page(found, typed))


# ------------------------------------------------------------------ password


@get(f"{STAFF}/{{staff_id:str}}/password", include_in_schema=False)
async def ask_password(request: AnyRequest, staff_id: str) -> Response[Any]:
    found, _account = await operator_at(staff_id)
    return page(request, await _reset_page(found, Typed({})))


async def _reset_page(found: Staff, typed: Typed) -> FormPage:
    title = _("Reset the password of “%(name)s”?", name=found.name)
    intro = _("They are signed out everywhere. The new password is shown once and must be changed at the next sign-in.")
    return confirm_page(
        title, f"{staff_href(found.id)}/password", department_href(found.department), _("Reset password"), intro, typed
    )


@post(f"{STAFF}/{{staff_id:str}}/password", include_in_schema=False, status_code=200)
async def do_password(request: AnyRequest, staff_id: str) -> Response[Any]:
    found, account = await operator_at(staff_id)

    async def do(typed: Typed) -> Response[Any]:
        password = await reset_password(account.user)
        return page(
            request, password_page(found, account.name, password, _("New password for “%(name)s”", name=found.name))
        )

    return await answered(request, do, lambda typed: _reset_page(found, typed))


# ------------------------------------------------------------------ roles


@get(f"{STAFF}/{{staff_id:str}}/roles", include_in_schema=False)
async def ask_roles(request: AnyRequest, staff_id: str) -> Response[Any]:
    need("roles.manage")
    found, account = await operator_at(staff_id)
    given = tuple(str(role.id) for role in await roles_of(account.user))
    return page(request, await _roles_page(found, account, Typed({}, several={"roles": given})))


async def _roles_stamp(user: int) -> str:
    """Recognises the roles an account has."""
    return digest([role.id for role in await roles_of(user)])


async def _roles_page(found: Staff, account: Account, typed: Typed) -> FormPage:
    typed = await stamped(typed, lambda: _roles_stamp(account.user))
    title = _("Roles of “%(name)s”", name=found.name)
    fields: Sequence[FormField] = await _role_choice(typed)
    path, hidden = f"{staff_href(found.id)}/roles", {"stamp": typed.values["stamp"]}
    return dialog_page(title, path, department_href(found.department), fields, typed, hidden=hidden)


@post(f"{STAFF}/{{staff_id:str}}/roles", include_in_schema=False, status_code=200)
async def do_roles(request: AnyRequest, staff_id: str) -> Response[Any]:
    need("roles.manage")
    found, account = await operator_at(staff_id)

    async def do(typed: Typed) -> Response[Any]:
        if wants_back(typed):
            return page(request, await ask(typed))
        proposal = Proposal(
            _("Who gains, who loses"),
            f"{staff_href(found.id)}/roles",
            lambda: assign_roles(account.user, _chosen(typed)),
            lambda: _roles_stamp(account.user),
            (Crumb(found.name, staff_href(found.id)),),
        )
        done = _("The roles of “%(name)s” are kept; they count at once.", name=found.name)
        return await unseen(request, proposal, typed) or go(request, department_href(found.department), done)

    async def ask(typed: Typed) -> FormPage:
        return await _roles_page(found, account, typed)

    return await answered(request, do, ask)


routes = [
    show_account,
    do_unlock,
    end_everywhere,
    end_session,
    ask_token_end,
    end_token,
    ask_operator,
    do_operator,
    ask_removal,
    do_removal,
    ask_password,
    do_password,
    ask_roles,
    do_roles,
]
