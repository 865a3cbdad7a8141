"""The HTTP API: everything the pages do, for programs."""

from dougong.web.api import openapi, plugins, records, types, whoami

__all__ = ["routes"]

routes = [*whoami.routes, *plugins.routes, *types.routes, *openapi.routes, *records.routes]
