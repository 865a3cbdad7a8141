"""The HTTP API: everything the pages do, for programs."""

from dougong.web.api import (
    access,
    attachments,
    changes,
    comments,
    explain,
    exports,
    favourites,
    fields,
    groups,
    imports,
    jobs,
    lookups,
    openapi,
    plugins,
    records,
    sessions,
    templates,
    types,
    views,
    whoami,
)

__all__ = ["routes"]

routes = [
    *whoami.routes,
    *plugins.routes,
    *jobs.routes,
    *lookups.routes,
    *access.routes,
    *explain.routes,
    *groups.routes,
    *sessions.routes,
    *changes.routes,
    *types.routes,
    *fields.routes,
    *templates.routes,
    *openapi.routes,
    *attachments.routes,
    *favourites.routes,
    *comments.routes,
    *views.routes,
    *exports.routes,
    *imports.routes,
    *records.routes,
]
