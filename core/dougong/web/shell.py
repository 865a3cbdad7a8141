"""The frame around every page: the sidebar made from what is switched on and what the person may."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from litestar import Request

from dougong.access.principal import Principal, current
from dougong.access.rights import may, may_do
from dougong.i18n import Text, _
from dougong.plugin.contributions import Menu
from dougong.plugin.snapshot import current_snapshot
from dougong.records.types import RecordType
from dougong.web.components import hue
from dougong.web.views import Door, NavGroup, NavItem, Notice, Option, Shell, UserView
from dougong.web.visitors import visitor_of

__all__ = ["door", "menus_for", "shell_for"]

LANGUAGES = (Option("zh_CN", "中文"), Option("en", "English"))
PRODUCT = _("Dougong")
"""The name of the product, beside the company's."""
GROUPS: dict[str, Text] = {
    "crm": _("Customer relations"),
    "office": _("Working together"),
    "admin": _("Administration"),
}
_GROUP_ORDER = {key: place for place, key in enumerate(GROUPS)}
_MARKS = {"test": _("Test"), "training": _("Training"), "demo": _("Demo")}
AnyRequest = Request[Any, Any, Any]


def shell_for(request: AnyRequest, *, notices: Sequence[Notice] = ()) -> Shell:
    visitor, person = visitor_of(request), current()
    nav = _navigation(person, request.scope["path"])
    return Shell(
        company=company_name(request),
        product=_product(request),
        csrf=visitor.csrf,
        locale=visitor.locale,
        locales=LANGUAGES,
        theme=visitor.theme,  # type: ignore[arg-type]
        environment=_mark(request),
        notices=tuple(notices),
        user=UserView(person.name, visitor.department, hue(person.name), account_url="/sessions"),
        nav=nav,
        bottom=tuple(item for group in nav for item in group.items)[:4],
        search_url="/search",
        counts_url="/counts",
    )


def door(request: AnyRequest, *, notices: Sequence[Notice] = ()) -> Door:
    visitor = visitor_of(request)
    return Door(
        company=company_name(request),
        product=_product(request),
        csrf=visitor.csrf,
        locale=visitor.locale,
        locales=LANGUAGES,
        theme=visitor.theme,  # type: ignore[arg-type]
        environment=_mark(request),
        notices=tuple(notices),
    )


def company_name(request: AnyRequest) -> str:
    return str(request.app.state.config.company or PRODUCT)


def _product(request: AnyRequest) -> str:
    """The product's name below the company's; above it already where no company is named."""
    return str(PRODUCT) if request.app.state.config.company else ""


def _mark(request: AnyRequest) -> str:
    mark = _MARKS.get(request.app.state.config.environment)
    return str(mark) if mark else ""


def menus_for(person: Principal) -> list[Menu]:
    """The entries this person may use, in order."""
    return [m for m in current_snapshot().menus if _allowed(person, m)]


def _allowed(person: Principal, menu: Menu) -> bool:
    if menu.right and not may_do(person, menu.right):
        return False
    return not isinstance(menu.to, RecordType) or may(person, menu.to, "read")


def _navigation(person: Principal, path: str) -> tuple[NavGroup, ...]:
    home = NavItem("/", "home", str(_("Home")), current=path == "/", shortcut="h")
    entries = sorted(menus_for(person), key=lambda m: (_GROUP_ORDER.get(m.group, len(_GROUP_ORDER)), m.group, m.order))
    groups = [NavGroup("", (home,))]
    for key, menus in groupby(entries, key=lambda m: m.group):
        label = GROUPS.get(key, Text(key.capitalize(), "dougong"))
        groups.append(NavGroup(str(label), tuple(_item(m, path) for m in menus)))
    return tuple(groups)


def _item(menu: Menu, path: str) -> NavItem:
    if isinstance(menu.to, RecordType):
        href = f"/{menu.to.path}"
        label, icon, count = menu.label or menu.to.plural, menu.icon or menu.to.icon, f"list:{menu.to.path}"
    else:
        href, label, icon, count = menu.to, menu.label or Text(menu.to, "dougong"), menu.icon or "file", ""
    current = any(path == place or path.startswith(f"{place}/") for place in (href, *menu.also))
    return NavItem(href, icon, str(label), current=current, count_key=count)
