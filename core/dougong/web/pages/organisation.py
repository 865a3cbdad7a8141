"""The company's departments and who works in them: a directory for everybody, kept by those who may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response, get
from piccolo.columns.combination import WhereRaw

from dougong.access.principal import current
from dougong.access.rights import may_do
from dougong.access.services.members import roles_by_account
from dougong.db import engine
from dougong.i18n import _, number_text
from dougong.imports.services import may_import
from dougong.people.records import staff as staff_type
from dougong.people.services import Account, accounts_of
from dougong.people.tables import Staff
from dougong.records.gate import ids
from dougong.records.queries import BOUND, Page, Query, fetch_page
from dougong.records.references import titles
from dougong.web.components import hue, initial
from dougong.web.pages.dialogs import whole_number
from dougong.web.render import page
from dougong.web.tree import Branch, Tree, read_tree
from dougong.web.views import Action, OrganisationPage, Pager, Placeholder, QuickFind, StaffLine, Tab

__all__ = ["ORGANISATION", "department_href", "may_keep", "routes"]

AnyRequest = Request[Any, Any, Any]
ORGANISATION = "/organisation"
SIZE = 50
SHOWN = ("below", "only", "left")


def department_href(department: int | None) -> str:
    return f"{ORGANISATION}?department={department}" if department else ORGANISATION


def may_keep() -> bool:
    return may_do(current(), "organisation.manage")


@dataclass(frozen=True)
class Place:
    """What the address says: which department, who of it is shown, what is looked for, which page."""

    department: int
    show: str = "below"
    q: str = ""
    number: int = 1

    def href(self, **changes: Any) -> str:
        here = replace(self, **({"number": 1} | changes))
        usual = {"show": "below", "q": "", "page": 1}
        pairs = {"department": here.department, "show": here.show, "q": here.q, "page": here.number}
        return f"{ORGANISATION}?{urlencode({k: v for k, v in pairs.items() if v != usual.get(k)})}"


def place_in(tree: Tree, given: Mapping[str, str]) -> Place:
    """Read the address leniently; without a department, the first at the top."""
    asked = whole_number(given.get("department", "")) or 0
    first = tree.tops[0].id if tree.tops else 0
    show, number = given.get("show", ""), whole_number(given.get("page", "")) or 1
    return Place(
        asked if asked in tree.branches else first,
        show if show in SHOWN else "below",
        given.get("q", "").strip()[:100].replace("\x00", ""),
        number if (number - 1) * SIZE <= BOUND else 1,
    )


@get(ORGANISATION, include_in_schema=False)
async def show_organisation(request: AnyRequest) -> Response[Any]:
    tree = await read_tree()
    place = place_in(tree, request.query_params)
    if place.department not in tree.branches:
        return page(request, _empty_house())
    found = await _staff(tree, place)
    return page(request, await _organisation_page(tree, place, found))


def _empty_house() -> OrganisationPage:
    """Nothing is there yet: only the first department can be made."""
    new = Action(str(_("New department")), f"{ORGANISATION}/departments/new", "plus", look="primary", dialog=True)
    empty = Placeholder(
        str(_("No departments yet")), str(_("Begin with the company itself.")), "sitemap", new if may_keep() else None
    )
    return OrganisationPage(
        title=str(_("Organisation")),
        tree=(),
        department=str(_("Departments")),
        staff=(),
        url=ORGANISATION,
        actions=_imports(),
        empty=empty,
    )


async def _staff(tree: Tree, place: Place) -> Page:
    departments = [place.department] if place.show == "only" else tree.subtree(place.department)
    within = WhereRaw(
        '"staff"."department" {} AND "staff"."active" = {}', ids(engine(), departments), place.show != "left"
    )
    fields = ("name", "department", "position", "phone", "mobile", "active")
    return await fetch_page(
        Query(staff_type, q=place.q, sort="name", fields=fields, limit=SIZE, page=place.number, also=within),
        with_titles=True,
    )


async def _organisation_page(tree: Tree, place: Place, found: Page) -> OrganisationPage:
    branch = tree.at(place.department)
    heads = await titles(Staff, [branch.head])
    keeps = may_keep()
    notes = [str(_("%(count)s people", count=number_text(tree.people(branch.id))))]
    if not branch.active:
        notes.append(str(_("not in use any more")))
    return OrganisationPage(
        title=str(_("Organisation")),
        tree=tree.nodes(branch.id, lambda i: Place(i, place.show).href()),
        department=branch.name,
        staff=await _lines(found, keeps=keeps),
        url=ORGANISATION,
        crumbs=tree.crumbs(branch.id, department_href),
        head=heads.get(branch.head or 0, ""),
        note=" · ".join(notes),
        primary=_new_staff(branch) if keeps and branch.active else None,
        actions=_imports(),
        tree_actions=(_new_department(branch),) if keeps else (),
        department_actions=tuple(_department_actions(tree, branch)) if keeps else (),
        find=QuickFind(str(_("Name, number, phone")), place.q),
        query=tuple((k, v) for k, v in (("department", str(branch.id)), ("show", place.show)) if v != "below"),
        pager=_pager(place, found),
        empty=_nobody(place, branch, keeps=keeps),
        tabs=_tabs(place),
    )


def _imports() -> tuple[Action, ...]:
    """A company brings in its people from a file, the departments of the same lines with them."""
    if not may_import(staff_type):
        return ()
    return (Action(str(_("Import…")), f"/{staff_type.path}/import", "file-import", look="quiet"),)


def _new_staff(branch: Branch) -> Action:
    return Action(
        str(_("New staff member")),
        f"{ORGANISATION}/staff/new?department={branch.id}",
        "user-plus",
        look="primary",
        dialog=True,
    )


def _new_department(branch: Branch) -> Action:
    url = f"{ORGANISATION}/departments/new?parent={branch.id}"
    return Action(str(_("New department")), url, "plus", look="quiet", dialog=True, icon_only=True)


def _department_actions(tree: Tree, branch: Branch) -> list[Action]:
    path = f"{ORGANISATION}/departments/{branch.id}"
    if not branch.active:
        return [Action(str(_("Use again")), f"{path}/reactivate", "rotate", method="post")]
    actions = [Action(str(_("Edit")), f"{path}/edit", "pencil", dialog=True)]
    if len(tree.branches) > 1:
        actions += [
            Action(str(_("Move")), f"{path}/move", "arrows-move", dialog=True),
            Action(str(_("Merge")), f"{path}/merge", "arrow-merge", dialog=True),
        ]
    return [*actions, Action(str(_("Deactivate")), f"{path}/deactivate", "archive", dialog=True)]


def _tabs(place: Place) -> tuple[Tab, ...]:
    labels = {"below": _("Here and below"), "only": _("Only here"), "left": _("Left")}
    return tuple(Tab(str(label), place.href(show=show), show == place.show) for show, label in labels.items())


def _pager(place: Place, found: Page) -> Pager | None:
    if place.number == 1 and found.next is None:
        return None
    pages = max(-(-found.total // SIZE), 1)
    last = min(pages, BOUND // SIZE)
    return Pager(
        size=SIZE,
        shown=len(found.rows),
        total=found.total,
        total_exact=found.exact,
        page=place.number,
        pages=pages if found.exact else 0,
        first_href=place.href() if place.number > 1 else "",
        previous_href=place.href(number=place.number - 1) if place.number > 1 else "",
        next_href=place.href(number=place.number + 1) if found.next and place.number <= last else "",
        last_href=place.href(number=last) if found.next and found.exact else "",
        jump_values=tuple(
            (k, v) for k, v in (("department", str(place.department)), ("show", place.show), ("q", place.q)) if v
        ),
    )


def _nobody(place: Place, branch: Branch, *, keeps: bool) -> Placeholder:
    if place.q:
        return Placeholder(
            str(_("Nothing matches")), str(_("Try fewer letters.")), "search", Action(str(_("Clear")), place.href(q=""))
        )
    if place.show == "left":
        return Placeholder(str(_("Nobody has left")), icon="users")
    return Placeholder(
        str(_("Nobody works here yet")), icon="users", action=_new_staff(branch) if keeps and branch.active else None
    )


# ------------------------------------------------------------------ the people


async def _lines(found: Page, *, keeps: bool) -> tuple[StaffLine, ...]:
    accounts = await accounts_of(row["id"] for row in found.rows) if keeps else {}
    roles = await roles_by_account(a.user for a in accounts.values()) if keeps else {}
    return tuple(_line(row, found.titles, accounts.get(row["id"]), roles, keeps=keeps) for row in found.rows)


def _line(
    row: Mapping[str, Any],
    names: Mapping[str, Mapping[int, str]],
    account: Account | None,
    roles: Mapping[int, Sequence[Any]],
    *,
    keeps: bool,
) -> StaffLine:
    name, here = row["name"], bool(row["active"])
    return StaffLine(
        id=str(row["id"]),
        name=name,
        initial=initial(name),
        hue=hue(name),
        href=f"{ORGANISATION}/staff/{row['id']}",
        position=names.get("position", {}).get(row["position"] or 0, ""),
        department=names.get("department", {}).get(row["department"], ""),
        phone=row["mobile"] or row["phone"] or "",
        operator=account.name if account else "",
        accounts=keeps,
        roles=tuple(str(role) for role in roles.get(account.user, ())) if account else (),
        status="" if here else str(_("left")),
        inactive=not here,
        actions=staff_actions(row["id"], account, here=here) if keeps else (),
    )


def staff_actions(staff: int, account: Account | None, *, here: bool) -> tuple[Action, ...]:
    """What can be done with somebody, by whoever keeps the organisation."""
    path = f"{ORGANISATION}/staff/{staff}"
    if not here:
        back = Action(str(_("Works here again")), f"{path}/reactivate", "rotate", method="post")
        return (back, *_account_actions(path, account)[-1:]) if account else (back,)
    return (
        Action(str(_("Edit")), f"{path}/edit", "pencil", dialog=True),
        Action(str(_("Move")), f"{path}/move", "arrows-move", dialog=True),
        *_account_actions(path, account),
        Action(str(_("No longer works here")), f"{path}/deactivate", "user-off", look="danger", dialog=True),
    )


def _account_actions(path: str, account: Account | None) -> tuple[Action, ...]:
    if account is None:
        return (Action(str(_("Make operator")), f"{path}/operator", "key", dialog=True),)
    assign = (
        (
            Action(str(_("Roles")), f"{path}/roles", "shield-lock", dialog=True),
            Action(str(_("Groups")), f"{path}/groups", "users-group", dialog=True),
        )
        if may_do(current(), "roles.manage")
        else ()
    )
    return (
        *assign,
        Action(str(_("Account")), f"{path}/account", "user-cog"),
        Action(str(_("Reset password")), f"{path}/password", "lock-open", dialog=True),
        Action(str(_("Remove account")), f"{path}/operator/remove", "key-off", dialog=True),
    )


routes = [show_organisation]
