"""The HTTP API: everything the pages do, for programs."""

from dougong.web.api import access, explain, groups, lookups, openapi, plugins, records, sessions, types, whoami

__all__ = ["routes"]

routes = [
    *whoami.routes,
    *plugins.routes,
    *lookups.routes,
    *access.routes,
    *explain.routes,
    *groups.routes,
    *sessions.routes,
    *types.routes,
    *openapi.routes,
    *records.routes,
]
