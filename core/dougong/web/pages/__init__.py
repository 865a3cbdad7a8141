"""The pages of the house: one module per page kind, thin handlers that read input, call one service and show a view."""

from dougong.web.pages import account, counts, forms, home, lists, lookups, plugins, records, search

__all__ = ["routes"]

routes = [
    *home.routes,
    *account.routes,
    *search.routes,
    *counts.routes,
    *plugins.routes,
    *lookups.routes,
    *lists.routes,
    *records.routes,
    *forms.routes,
]
