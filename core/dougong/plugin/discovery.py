"""Finds the installed plugins and loads each for itself: one that fails is named, with what needs it, and the rest serve.

Entry points of the group `dougong.plugins` name the plugin objects. Loading runs strangers' code, so anything may
happen: any exception, an exit, a hang. None of it stops the house.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint, entry_points, metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from dougong import __version__
from dougong.db import registry
from dougong.i18n import Text, _
from dougong.plugin.budget import OutOfTime, alarm
from dougong.plugin.declarations import Claims, check_declarations
from dougong.plugin.failures import last_own_line
from dougong.plugin.manifest import BadPlugin, Plugin

__all__ = ["GROUP", "Installed", "LoadedPlugin", "discover"]

GROUP = "dougong.plugins"
IMPORT_BUDGET = 10.0
"""Seconds one plugin's import may take."""


@dataclass(frozen=True)
class LoadedPlugin:
    """A plugin that is installed, and why it can't serve if it can't.

    `error` is for the administrator, `detail` the last line of the plugin's own code on the way to it, `culprit` the
    plugin to look at: the one itself, or the one it needs. `left_out` tells one that safe mode doesn't run.
    """

    name: str
    distribution: str
    version: str
    package: str
    plugin: Plugin | None = None
    error: Text | None = None
    detail: str = ""
    culprit: str = ""
    left_out: bool = False

    @property
    def works(self) -> bool:
        return self.plugin is not None and self.error is None

    @property
    def label(self) -> Text | str:
        return self.plugin.label if self.plugin else self.name

    def failed(self, error: Text, *, detail: str = "", culprit: str = "") -> LoadedPlugin:
        return replace(self, error=error, detail=detail, culprit=culprit or self.name)


@dataclass(frozen=True)
class Installed:
    """Every installed plugin by name, what a plugin needs before it; core itself is not among them."""

    plugins: Mapping[str, LoadedPlugin]

    @property
    def working(self) -> Sequence[LoadedPlugin]:
        return [loaded for loaded in self.plugins.values() if loaded.works]

    def needs_of(self, name: str) -> Sequence[str]:
        """The plugins this one names as required, directly."""
        loaded = self.plugins.get(name)
        return list(loaded.plugin.requirements) if loaded and loaded.plugin else []

    def needed_by(self, name: str) -> Sequence[str]:
        """The plugins that can't be on without this one, directly or not, nearest first."""
        found: list[str] = []
        reached = [name]
        while reached:
            direct = [n for n in self.plugins if set(reached) & set(self.needs_of(n))]
            reached = [n for n in direct if n not in found and n != name]
            found += reached
        return found

    def all_needs_of(self, name: str) -> Sequence[str]:
        """What this one can't be on without, directly or not, in the order to switch on."""
        wanted, reached = set[str](), {name}
        while reached:
            reached = {need for n in reached for need in self.needs_of(n)} - wanted
            wanted |= reached
        return [n for n in self.plugins if n in wanted and n != name]

    def isolate(self, name: str, error: Text, detail: str = "") -> Installed:
        """The same, with one that failed later (its migration, say) and all that need it off."""
        plugins = dict(self.plugins)
        plugins[name] = plugins[name].failed(error, detail=detail)
        for dependant in self.needed_by(name):
            if plugins[dependant].works:
                plugins[dependant] = plugins[dependant].failed(_needs_failed(name), culprit=name)
        return Installed(plugins)


def discover(core: Plugin, found: Iterable[EntryPoint] | None = None, *, safe: bool = False) -> Installed:
    """Load every installed plugin in isolation. `core` is what no plugin may claim again.

    In safe mode only the suite's own run, those of the author of this distribution: no line of the others is executed.
    """
    points = sorted(entry_points(group=GROUP) if found is None else found, key=_place)
    loaded = [_load(point, safe=safe) for point in points]
    loaded = [_blame(one, loaded) for one in loaded]
    first: dict[str, LoadedPlugin] = {}
    for one in loaded:
        first.setdefault(one.name, one)
    ordered = list(_in_order(first))
    claims = Claims(core)
    checked: dict[str, LoadedPlugin] = {}
    for one in ordered:
        checked[one.name] = _check(one, checked, claims)
    for one in loaded:
        if first[one.name] is not one:
            clash = _(
                "Another plugin has the same name; it comes with %(distribution)s.",
                distribution=first[one.name].distribution,
            )
            checked[f"{one.name} ({one.distribution})"] = one.failed(clash)
    return Installed(checked)


# Loading one ---------------------------------------------------------------------------------


def _place(point: EntryPoint) -> tuple[str, str]:
    return (point.name, point.dist.name if point.dist else "")


def _load(point: EntryPoint, *, safe: bool) -> LoadedPlugin:
    dist = point.dist
    package = point.module.rpartition(".")[0] or point.module
    loaded = LoadedPlugin(point.name, dist.name if dist else "", dist.version if dist else "0", package)
    if safe and not _is_own(dist):
        why = _("It was left out: the house was started in safe mode, with the suite's own plugins only.")
        return replace(loaded.failed(why), left_out=True)
    unfit = _unfit(dist)
    if unfit:
        return loaded.failed(unfit)
    try:
        with alarm(IMPORT_BUDGET):
            plugin = point.load()
        if not isinstance(plugin, Plugin):
            raise BadPlugin(f"{point.value} is a {type(plugin).__name__}, no Plugin")
        if plugin.name != point.name:
            raise BadPlugin(f"its entry point is called {point.name!r}, the plugin {plugin.name!r}")
        return replace(loaded, plugin=plugin)
    except KeyboardInterrupt:
        raise
    # A stranger's module: it may raise anything, exit, or hang until the alarm.
    except BaseException as err:  # noqa: BLE001
        _forget_tables(package)
        return _load_failed(loaded, err)


def _load_failed(loaded: LoadedPlugin, err: BaseException) -> LoadedPlugin:
    detail = last_own_line(err, loaded.package)
    if isinstance(err, OutOfTime):
        return loaded.failed(
            _("It did not finish loading within %(seconds)s seconds.", seconds=f"{IMPORT_BUDGET:g}"), detail=detail
        )
    if isinstance(err, SystemExit):
        return loaded.failed(_("It tried to end the program while it was loaded."), detail=detail)
    words = _("It could not be loaded: %(error)s", error=f"{type(err).__name__}: {err}")
    return loaded.failed(words, detail=detail, culprit=_innermost_module(err))


def _is_own(dist: Distribution | None) -> bool:
    makers = metadata("dougong").get_all("Author")
    return dist is not None and bool(makers) and dist.metadata.get_all("Author") == makers


def _unfit(dist: Distribution | None) -> Text | None:
    """Why it isn't written for this version of the contract."""
    try:
        wanted = [Requirement(text) for text in (dist.requires if dist else None) or ()]
    except InvalidRequirement as err:
        return _("What it requires can't be read: %(error)s", error=str(err))
    contract = [r for r in wanted if canonicalize_name(r.name) == "dougong" and (not r.marker or r.marker.evaluate())]
    if not contract:
        return _("It doesn't say which version of dougong it is written for.")
    for requirement in contract:
        if not requirement.specifier.contains(__version__, prereleases=True):
            return _(
                "It is written for dougong %(wanted)s; this is %(version)s.",
                wanted=str(requirement.specifier),
                version=__version__,
            )
    return None


def _forget_tables(package: str) -> None:
    """Tables of a plugin that failed half-way must not be in the way of others."""
    for table in registry.tables():
        if _belongs(table.__module__, package):
            registry.forget(table._meta.tablename)


def _belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


def _innermost_module(err: BaseException) -> str:
    """The module whose code raised, other than the import machinery's and the standard library's own."""
    trace, innermost = err.__traceback__, ""
    while trace:
        module = str(trace.tb_frame.f_globals.get("__name__", ""))
        if module.partition(".")[0] not in sys.stdlib_module_names and not module.startswith("dougong."):
            innermost = module
        trace = trace.tb_next
    return innermost


def _blame(one: LoadedPlugin, every: Sequence[LoadedPlugin]) -> LoadedPlugin:
    """Turn the module that raised into the name of the plugin it belongs to."""
    if not one.error or one.culprit == one.name:
        return one
    owners = [other.name for other in every if _belongs(one.culprit, other.package)]
    return replace(one, culprit=owners[0] if owners else one.name)


# What it needs, and what it may not claim ------------------------------------------------------


def _in_order(plugins: Mapping[str, LoadedPlugin]) -> Iterator[LoadedPlugin]:
    """What a plugin needs before it; those of a circle at the end, named."""
    waiting = dict(plugins)
    while waiting:
        free = [one for one in waiting.values() if not (_needs(one).keys() & waiting.keys())]
        if not free:
            yield from _in_circles(waiting)
            return
        for one in free:
            del waiting[one.name]
            yield one


def _in_circles(waiting: Mapping[str, LoadedPlugin]) -> Iterator[LoadedPlugin]:
    """Each plugin of a circle fails with the circle; what only needs one of them comes after."""
    after = []
    for one in waiting.values():
        circle = _circle_of(one.name, waiting)
        if circle:
            yield one.failed(_("It needs itself in a circle: %(circle)s.", circle=" → ".join(circle)))
        else:
            after.append(one)
    yield from after


def _circle_of(name: str, plugins: Mapping[str, LoadedPlugin]) -> list[str]:
    """The shortest way from a plugin's needs back to itself, [] when there is none."""
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop(0)
        for need in _needs(plugins[way[-1]]):
            if need == name:
                return [*way, name]
            if need in plugins and need not in seen:
                seen.add(need)
                ways.append([*way, need])
    return []


def _needs(one: LoadedPlugin) -> Mapping[str, Requirement]:
    try:
        return one.plugin.requirements if one.plugin else {}
    except BadPlugin:
        return {}


def _check(one: LoadedPlugin, before: Mapping[str, LoadedPlugin], claims: Claims) -> LoadedPlugin:
    if not one.works or one.plugin is None:
        return one
    try:
        check_declarations(one.plugin, one.package)
        missing = _missing(one, before)
        if missing is None:
            claims.take(one.plugin)
    # The declarations are a stranger's objects; looking at them can fail in any way.
    except Exception as err:  # noqa: BLE001
        message = str(err) if isinstance(err, BadPlugin) else f"{type(err).__name__}: {err}"
        return one.failed(_("It breaks the contract: %(rule)s", rule=message), detail=last_own_line(err, one.package))
    return one if missing is None else one.failed(missing[0], culprit=missing[1])


def _missing(one: LoadedPlugin, before: Mapping[str, LoadedPlugin]) -> tuple[Text, str] | None:
    """What it needs and can't have, and whose fault that is."""
    for name, requirement in _needs(one).items():
        needed = before.get(name)
        if needed is None:
            return _("It needs “%(needed)s”, which is not installed.", needed=name), name
        if not needed.works:
            return _needs_failed(name), name
        if not requirement.specifier.contains(needed.version, prereleases=True):
            return _(
                "It needs “%(needed)s” %(wanted)s; version %(version)s is installed.",
                needed=name,
                wanted=str(requirement.specifier),
                version=needed.version,
            ), name
    return None


def _needs_failed(name: str) -> Text:
    return _("It needs “%(needed)s”, which doesn't work.", needed=name)
