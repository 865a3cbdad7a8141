"""The pages of the house: one module per page kind, thin handlers that read input, call one service and show a view."""

from dougong.web.pages import (
    account,
    accounts,
    choices,
    counts,
    departments,
    forms,
    groups,
    held_fields,
    home,
    lists,
    lookups,
    organisation,
    plugins,
    records,
    roles,
    search,
    sessions,
    settings,
    sharing,
    staff,
)

__all__ = ["routes"]

routes = [
    *home.routes,
    *account.routes,
    *sessions.routes,
    *search.routes,
    *counts.routes,
    *plugins.routes,
    *lookups.routes,
    *organisation.routes,
    *departments.routes,
    *staff.routes,
    *accounts.routes,
    *roles.routes,
    *held_fields.routes,
    *groups.routes,
    *choices.routes,
    *settings.routes,
    *sharing.routes,
    *lists.routes,
    *records.routes,
    *forms.routes,
]
