"""The application: core's pages, the record API and every plugin's routes, registered once; the snapshot decides at each
request which of them exist."""

from __future__ import annotations

import datetime as dt
import os
import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.connection import ASGIConnection
from litestar.datastructures import CacheControlHeader
from litestar.exceptions import LitestarDeprecationWarning
from litestar.handlers import BaseRouteHandler
from litestar.static_files import create_static_files_router
from litestar.types import ASGIApp, ControllerRouterHandler

from dougong.access.rights import may, may_do
from dougong.builtin import core
from dougong.config import Config, read_config
from dougong.errors import Forbidden, NotFound
from dougong.house import House, open_house
from dougong.i18n import _
from dougong.plugin.discovery import Installed, LoadedPlugin, discover
from dougong.plugin.failures import record_failure
from dougong.plugin.snapshot import current_snapshot
from dougong.web import pages
from dougong.web.api import routes as api_routes
from dougong.web.components import STATIC
from dougong.web.downloads import AS_IT_IS
from dougong.web.problems import Unauthorized, is_api, problem_response
from dougong.web.render import error_page
from dougong.web.uploads import takes_files
from dougong.web.visitors import CSRF_FIELD, Visitors, check_token, has_token, same_origin, visitor_of

__all__ = ["build_app", "create_app", "servable_plugins"]

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
BIGGEST_BODY = 2_000_000
OPEN_PATHS = frozenset({"/sign-in", "/language", "/health"})
BEFORE_PASSWORD = frozenset({"/password", "/sign-out", "/language", "/me/preferences"})


def create_app() -> ASGIApp:
    """For a server that imports the application: configured by DOUGONG_DATA and the files in it."""
    return build_app(read_config(Path(os.environ["DOUGONG_DATA"])))


def build_app(config: Config, *, house: House | None = None) -> ASGIApp:
    """The application over a house of its own, opened and closed with it; or over one that is already open (tests).

    A house that is given was opened with `servable_plugins`.
    """
    installed = house.installed if house else servable_plugins(config)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        opened = house or await open_house(config, installed=lambda _config: installed)
        app.state.house = opened
        try:
            yield
        finally:
            if house is None:
                await opened.close()

    plugin_routes = [handler for loaded in installed.working for handler in _routes_of(loaded)]
    app = _litestar(
        [*pages.routes, *api_routes, *plugin_routes, _static_files()],
        lifespan=[lifespan],
        guards=[_admit],
        before_request=_check_origin,
        exception_handlers={Exception: _answer_error},
        compression_config=CompressionConfig(
            backend="gzip", minimum_size=700, gzip_compress_level=5, exclude_opt_key=next(iter(AS_IT_IS))
        ),
        request_max_body_size=BIGGEST_BODY,
    )
    app.state.config = config
    app.state.plugin_routes = plugin_routes
    return Visitors(app, config.zone, dt.timedelta(hours=config.session_idle_hours))


def _litestar(handlers: Sequence[ControllerRouterHandler], **settings: Any) -> Litestar:
    with warnings.catch_warnings():
        # our handlers and plugins' name a parameter by their argument alone, which Litestar 2 takes and 3 will not
        warnings.simplefilter("ignore", LitestarDeprecationWarning)
        return Litestar(route_handlers=handlers, openapi_config=None, logging_config=None, debug=False, **settings)


def _static_files() -> Router:
    for_ever = CacheControlHeader(max_age=31_536_000, immutable=True, public=True)
    return create_static_files_router(
        path="/static", directories=[STATIC], include_in_schema=False, cache_control=for_ever
    )


def _routes_of(loaded: LoadedPlugin) -> list[BaseRouteHandler]:
    """A plugin's handlers, each marked with the plugin it lives and goes with."""
    routes = list(loaded.plugin.routes) if loaded.plugin else []
    for handler in routes:
        handler.opt["plugin"] = loaded.name
    return routes


def servable_plugins(config: Config) -> Installed:
    """What is installed. Each plugin's handlers are tried for themselves: one that can't be served is isolated, and
    doesn't take the house along."""
    installed = discover(core, safe=config.safe)
    for loaded in installed.working:
        if not (routes := _routes_of(loaded)):
            continue
        try:
            _litestar(routes)
        except Exception as err:  # noqa: BLE001 - a stranger's handlers, refused by Litestar in any of its ways
            failure = record_failure(loaded.name, "routes", err, loaded.package)
            why = _("Its pages or services can't be served: %(error)s", error=failure.error)
            installed = installed.isolate(loaded.name, why, failure.line)
    return installed


async def _admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Nobody comes in without signing in; a plugin's route exists only while the plugin is on, and only with its right."""
    path = connection.scope["path"]
    if path in OPEN_PATHS or path.startswith("/static/"):
        return
    visitor = visitor_of(connection)  # type: ignore[arg-type]
    if visitor.principal is None:
        raise Unauthorized
    if visitor.must_change_password and path not in BEFORE_PASSWORD:
        raise Forbidden(_("Choose a new password first."))
    plugin = handler.opt.get("plugin")
    if plugin and plugin not in current_snapshot().plugins:
        raise NotFound
    right = handler.opt.get("right")
    if isinstance(right, str) and not may_do(visitor.principal, right):
        raise Forbidden
    if isinstance(right, tuple) and not may(visitor.principal, *right):
        raise Forbidden


async def _check_origin(request: Request[Any, Any, Any]) -> Response[Any] | None:
    """Whatever changes something must come from our own pages: the browser's word for it, and the session's token."""
    if request.method in SAFE:
        return None
    visitor = visitor_of(request)
    if visitor.by_token:
        return None
    if not same_origin(request):
        raise Forbidden(_("This request comes from another site."))
    if visitor.session is None:
        return None
    if takes_files(request) or has_token(request):
        return None
    given = ""
    if request.content_type[0] in ("application/x-www-form-urlencoded", "multipart/form-data"):
        given = str((await request.form()).get(CSRF_FIELD, ""))
    check_token(visitor, given)
    return None


def _answer_error(request: Request[Any, Any, Any], err: Exception) -> Response[Any]:
    if is_api(request):
        return problem_response(request, err)
    return error_page(request, err)
