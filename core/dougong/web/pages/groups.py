"""Groups: what there is, their roles and who is in them; and the groups of one account."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from piccolo.columns.combination import WhereRaw

from dougong.access.charter import ADMIN
from dougong.access.rights import need
from dougong.access.services import (
    create_group,
    group,
    groups,
    groups_of,
    join_groups,
    remove_group,
    rename_group,
    roles,
    set_group_members,
    set_group_roles,
)
from dougong.access.services.groups import GroupLine
from dougong.access.services.members import Member, accounts
from dougong.db import engine, transaction
from dougong.i18n import _
from dougong.people.records import staff as staff_type
from dougong.people.services import Account
from dougong.people.tables import Staff
from dougong.records.gate import ids
from dougong.records.queries import Query, fetch_page
from dougong.web.addresses import short_id_at
from dougong.web.components import hue, initial
from dougong.web.pages.dialogs import answered, dialog_page, whole_number
from dougong.web.pages.forms import Typed
from dougong.web.pages.previews import (
    MOST,
    Proposal,
    ask_about,
    conflict_banner,
    digest,
    errors_of,
    stamped,
    unnamed,
    unseen,
    wants_back,
)
from dougong.web.pages.roles import GROUPS, SAVED, role_tabs, words
from dougong.web.pages.staff import STAFF, operator_at, staff_href
from dougong.web.render import go, page
from dougong.web.views import (
    Action,
    Crumb,
    FormField,
    FormPage,
    GroupCard,
    GroupPage,
    GroupsPage,
    Line,
    Option,
    Placeholder,
    PreviewPage,
    Submit,
)

__all__ = ["routes"]

AnyRequest = Request[Any, Any, Any]
MANAGE = "roles.manage"
PICKER = "/lookup/accounts"
FOUND = 20


# ------------------------------------------------------------------ the list


@get(GROUPS, include_in_schema=False)
async def show_groups(request: AnyRequest) -> Response[Any]:
    names = {role.id: str(role.name) for role in await roles()}
    cards = tuple(
        GroupCard(
            line.name,
            f"{GROUPS}/{line.id}",
            line.description,
            len(line.members),
            tuple(names[role] for role in line.roles if role in names),
        )
        for line in await groups()
    )
    create = Action(str(_("New group")), f"{GROUPS}/new", "plus", look="primary", dialog=True)
    empty = Placeholder(str(_("No groups yet")), icon="users-group")
    return page(request, GroupsPage(groups=cards, tabs=role_tabs(GROUPS), create=create, empty=empty))


@get(f"{GROUPS}/new", include_in_schema=False)
async def ask_new(request: AnyRequest) -> Response[Any]:
    need(MANAGE)
    return page(request, await _new_page(Typed({})))


async def _new_page(typed: Typed) -> FormPage:
    return dialog_page(_("New group"), f"{GROUPS}/new", GROUPS, words(typed), typed)


@post(f"{GROUPS}/new", include_in_schema=False, status_code=200)
async def make(request: AnyRequest) -> Response[Any]:
    need(MANAGE)

    async def do(typed: Typed) -> Response[Any]:
        made = await create_group(typed.values.get("name", ""), typed.values.get("description", ""))
        return go(request, f"{GROUPS}/{made}", _("Saved. Now say who is in it."))

    return await answered(request, do, _new_page)


# ------------------------------------------------------------------ one group


@get(f"{GROUPS}/{{group_id:str}}", include_in_schema=False)
async def show_group(request: AnyRequest, group_id: str) -> Response[Any]:
    known = await group(short_id_at(group_id))
    return page(request, await _group_page(known, _standing(known)))


def _standing(known: GroupLine) -> Typed:
    """The group as it is, in the words of its form."""
    several = {"roles": tuple(map(str, known.roles)), "members": tuple(map(str, known.members))}
    return Typed({"name": known.name, "description": known.description}, several=several)


async def _stamp(group_id: int) -> str:
    """Recognises a group as it is."""
    known = await group(group_id)
    return digest([known.name, known.description, sorted(known.roles), sorted(known.members)])


async def _group_page(known: GroupLine, typed: Typed) -> GroupPage:
    path, people = f"{GROUPS}/{known.id}", await accounts()
    typed = await stamped(typed, lambda: _stamp(known.id))
    fields = (*words(typed), await _roles_field(typed), _members_field(people, typed))
    inside = [member for member in people if member.user in known.members]
    return GroupPage(
        title=known.name,
        action=path,
        fields=fields,
        crumbs=(Crumb(str(_("Groups")), GROUPS),),
        hidden=(("stamp", typed.values["stamp"]),),
        errors=errors_of(typed, {field.name for field in fields}),
        conflict=conflict_banner(typed, path),
        people=tuple(map(_person, inside[:MOST])),
        people_more=unnamed(len(inside)),
        more=(Action(str(_("Delete")), f"{path}/remove", "trash", look="danger", dialog=True),),
    )


async def _roles_field(typed: Typed) -> FormField:
    offered = [role for role in await roles() if not role.everybody and role.key != ADMIN]
    return FormField(
        "roles",
        str(_("Roles")),
        "multi_choice",
        values=typed.several.get("roles", ()),
        error=typed.error("roles"),
        options=tuple(Option(str(role.id), str(role.name)) for role in offered),
        help=str(_("Whoever is in the group has these roles, besides their own.")),
        wide=True,
    )


def _members_field(people: list[Member], typed: Typed) -> FormField:
    chosen = typed.several.get("members", ())
    inside = [m for m in people if str(m.user) in chosen]
    offered = [*inside, *[m for m in people if m.active and m not in inside][:MOST]]
    return FormField(
        "members",
        str(_("People")),
        "multi_lookup",
        values=chosen,
        error=typed.error("members"),
        options=tuple(Option(str(m.user), m.person or m.account) for m in offered),
        lookup_url=PICKER,
        help=str(_("People who can sign in.")),
        wide=True,
    )


def _person(member: Member) -> Line:
    name = member.person or member.account
    hint = member.account if member.active else str(_("%(account)s, can't sign in", account=member.account))
    return Line(name, hint, staff_href(member.staff) if member.staff else "", initial=initial(name), hue=hue(name))


@post(f"{GROUPS}/{{group_id:str}}", include_in_schema=False, status_code=200)
async def save(request: AnyRequest, group_id: str) -> Response[Any]:
    known = await group(short_id_at(group_id))
    path = f"{GROUPS}/{known.id}"

    async def do(typed: Typed) -> Response[Any]:
        if wants_back(typed):
            return page(request, await ask(typed))
        crumbs = (Crumb(str(_("Groups")), GROUPS), Crumb(known.name, path))
        proposal = Proposal(
            _("Who gains, who loses"), path, lambda: _write(known.id, typed), lambda: _stamp(known.id), crumbs
        )
        return await unseen(request, proposal, typed) or go(request, path, SAVED)

    async def ask(typed: Typed) -> GroupPage:
        return await _group_page(known, typed)

    return await answered(request, do, ask)


async def _write(group_id: int, typed: Typed) -> None:
    async with transaction(_("Group changed")):
        await rename_group(group_id, typed.values.get("name", ""), typed.values.get("description", ""))
        await set_group_roles(group_id, _numbers(typed, "roles"))
        await set_group_members(group_id, _numbers(typed, "members"))


def _numbers(typed: Typed, name: str) -> list[int]:
    return [number for number in map(whole_number, typed.several.get(name, ())) if number]


# ------------------------------------------------------------------ delete


@get(f"{GROUPS}/{{group_id:str}}/remove", include_in_schema=False)
async def ask_removal(request: AnyRequest, group_id: str) -> Response[Any]:
    return page(request, await ask_about(_removal(await group(short_id_at(group_id)))))


def _removal(known: GroupLine) -> Proposal:
    path = f"{GROUPS}/{known.id}"
    return Proposal(
        _("Delete the group “%(group)s”?", group=known.name),
        f"{path}/remove",
        lambda: remove_group(known.id),
        lambda: _stamp(known.id),
        (Crumb(str(_("Groups")), GROUPS), Crumb(known.name, path)),
        Submit(str(_("Delete")), look="danger"),
        back_href=path,
    )


@post(f"{GROUPS}/{{group_id:str}}/remove", include_in_schema=False, status_code=200)
async def remove(request: AnyRequest, group_id: str) -> Response[Any]:
    known = await group(short_id_at(group_id))

    async def do(typed: Typed) -> Response[Any]:
        done = go(request, GROUPS, _("The group “%(group)s” is deleted.", group=known.name))
        return await unseen(request, _removal(known), typed) or done

    async def ask(typed: Typed) -> PreviewPage:
        return await ask_about(_removal(known), typed)

    return await answered(request, do, ask)


# ------------------------------------------------------------------ who can be put into one


@get(PICKER, include_in_schema=False)
async def look_up_accounts(request: AnyRequest) -> list[dict[str, str]]:
    """Accounts that can be signed in with, by a few letters of the person's name or of their own."""
    people = [member for member in await accounts() if member.active]
    text = request.query_params.get("q", "").strip()[:100].replace("\x00", "")
    named = await _staff_found(text, [m.staff for m in people if m.staff])
    found = [m for m in people if m.staff in named or text.lower() in m.account.lower()]
    return [{"value": str(m.user), "label": m.person or m.account, "hint": m.account} for m in found[:FOUND]]


async def _staff_found(text: str, among: list[int]) -> set[int]:
    """Those of these people whom a look-up of staff finds."""
    if not among:
        return set()
    mine = WhereRaw('"staff"."id" {}', ids(engine(), sorted(among)))
    found = await fetch_page(Query(staff_type, q=text, sort="name", fields=("name",), limit=FOUND, also=mine))
    return {row["id"] for row in found.rows}


# ------------------------------------------------------------------ the groups of one account


async def _account_stamp(user: int) -> str:
    return digest([line.id for line in await groups_of(user)])


@get(f"{STAFF}/{{staff_id:str}}/groups", include_in_schema=False)
async def ask_groups(request: AnyRequest, staff_id: str) -> Response[Any]:
    need(MANAGE)
    found, account = await operator_at(staff_id)
    joined = tuple(str(line.id) for line in await groups_of(account.user))
    return page(request, await _joining_page(found, account, Typed({}, several={"groups": joined})))


async def _joining_page(found: Staff, account: Account, typed: Typed) -> FormPage:
    typed = await stamped(typed, lambda: _account_stamp(account.user))
    known = await groups()
    choice = FormField(
        "groups",
        str(_("Groups")),
        "multi_choice",
        values=typed.several.get("groups", ()),
        error=typed.error("groups"),
        options=tuple(Option(str(line.id), line.name) for line in known),
        wide=True,
    )
    title, path = _("Groups of “%(name)s”", name=found.name), staff_href(found.id)
    intro = "" if known else _("No groups yet")
    hidden = {"stamp": typed.values["stamp"]}
    return dialog_page(title, f"{path}/groups", path, [choice] if known else [], typed, intro=intro, hidden=hidden)


@post(f"{STAFF}/{{staff_id:str}}/groups", include_in_schema=False, status_code=200)
async def do_groups(request: AnyRequest, staff_id: str) -> Response[Any]:
    need(MANAGE)
    found, account = await operator_at(staff_id)
    path = staff_href(found.id)

    async def do(typed: Typed) -> Response[Any]:
        if wants_back(typed):
            return page(request, await ask(typed))
        proposal = Proposal(
            _("Who gains, who loses"),
            f"{path}/groups",
            lambda: join_groups(account.user, _numbers(typed, "groups")),
            lambda: _account_stamp(account.user),
            (Crumb(found.name, path),),
        )
        return await unseen(request, proposal, typed) or go(request, path, SAVED)

    async def ask(typed: Typed) -> FormPage:
        return await _joining_page(found, account, typed)

    return await answered(request, do, ask)


routes = [
    show_groups,
    ask_new,
    make,
    show_group,
    save,
    ask_removal,
    remove,
    look_up_accounts,
    ask_groups,
    do_groups,
]
