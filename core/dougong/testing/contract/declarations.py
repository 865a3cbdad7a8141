"""What a plugin declares, looked at without a database."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import distribution
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from piccolo.columns.base import OnDelete

from dougong.access.principal import SCOPES
from dougong.access.services.presets import STANDARD_ROLES
from dougong.builtin import core
from dougong.db.columns import Lookup, PiccoloForeignKey
from dougong.i18n import LOCALES, Text, catalogue
from dougong.plugin.contributions import Tab, Timeline
from dougong.plugin.hookspecs import subjects_of
from dougong.plugin.labels import derived_labels, model_label
from dougong.plugin.manifest import Plugin
from dougong.records.types import ACTIONS, Lifecycle, RecordType, Template
from dougong.testing.contract.ground import Ground
from dougong.web.components import icon_names

__all__ = ["Declarations", "openings_entered_elsewhere", "texts_of"]

BETTER_NAMES = {
    "models": "tables",
    "views": "routes",
    "handlers": "routes",
    "tasks": "jobs",
    "forms": "schemas",
    "exceptions": "errors",
    "config": "settings",
    "workflows": "states",
}
SAY_NOTHING = frozenset({"utils", "util", "helpers", "helper", "common", "misc", "base", "core", "tools", "lib"})


class Declarations(Ground):
    def test_it_loads(self) -> None:
        assert self.installed.works, f"{self.installed.error} {self.installed.detail}"
        assert self.loaded.name == self.plugin

    # ------------------------------------------------------------------ its place among others

    def test_it_imports_core_and_others_by_their_doors_only(self) -> None:
        others = {one.package: one.name for one in self.every.values() if one.package != self.package}
        wrong = []
        for file in self.modules():
            for module in imported_by(file):
                package = module.partition(".")[0]
                is_known = package == "dougong" or others.get(package, "") in self.loaded.requirements
                if package in ("dougong", *others) and not (is_known and module == f"{package}.api"):
                    wrong.append(f"{file.name} imports {module}")
        assert not wrong

    def test_its_distribution_depends_on_what_the_plugin_requires(self) -> None:
        """Within bounds on both sides: what comes after may have changed its contract."""
        wanted = {canonicalize_name(r.name): r for r in requirements_of(self.installed.distribution)}
        for name in ("dougong", *(self.every[needed].distribution for needed in self.loaded.requirements)):
            assert canonicalize_name(name) in wanted, f"pyproject.toml does not depend on {name}"
            assert is_bounded(wanted[canonicalize_name(name)]), f"{name}: say up to which version"

    def test_its_requirements_are_bounded(self) -> None:
        assert [str(r) for r in self.loaded.requirements.values() if not is_bounded(r)] == []

    def test_its_modules_have_the_names_everybody_knows(self) -> None:
        names = {file.stem for file in self.modules()}
        assert not names & SAY_NOTHING
        assert not {f"{name}.py is called {BETTER_NAMES[name]}.py" for name in names & BETTER_NAMES.keys()}

    def test_everything_stands_in_the_module_of_its_kind(self) -> None:
        places: dict[str, Iterable[str]] = {
            "tables": [record.table.__module__ for record in self.loaded.records],
            "routes": [route.fn.__module__ for route in self.loaded.routes],
            "jobs": [job.run.__module__ for job in self.loaded.all_jobs],
            "settings": [self.loaded.settings.__module__] if self.loaded.settings else [],
            "hooks": [module.__name__ for module in self.loaded.hooks],
            "services": [opening.service.__module__ for opening in self.loaded.openings],
        }
        for kind, modules in places.items():
            strays = {m for m in modules if not f"{m}.".startswith(f"{self.package}.{kind}.")}
            assert not strays, f"{kind} stand in {kind}.py"

    def test_its_openings_are_entered_by_their_own_services_alone(self) -> None:
        assert [f"{file.name}: {call}" for file in self.modules() for call in openings_entered_elsewhere(file)] == []

    # ------------------------------------------------------------------ words and signs

    def test_every_text_is_translated(self) -> None:
        for locale in set(LOCALES) - {"en"}:
            missing = {
                t.msgid
                for t in texts_of(self.loaded)
                if t.domain != "dougong" and t.msgid not in catalogue(t.domain, locale)
            }
            assert not missing, locale

    def test_every_text_can_be_translated(self) -> None:
        """A plain string, or a text whose words were put together before it, looks the same in every language."""
        assert [label for label in labels_of(self.loaded) if not isinstance(label, Text)] == []

    def test_every_icon_is_drawn(self) -> None:
        assert set(icons_of(self.loaded)) <= icon_names()

    # ------------------------------------------------------------------ what names what

    def test_declarations_name_fields_of_their_own_record_type(self) -> None:
        for record in self.loaded.records:
            named = {column._meta.name for column in columns_named_by(record)}
            assert named <= set(record.fields), record
        for extension in self.loaded.extends:
            for column in columns_shown_by(extension):
                assert column._meta.table is extension.record.table or column._meta.name in extension.record.fields
                assert column._meta.name in extension.record.fields, extension.record

    def test_titles_can_be_searched_for(self) -> None:
        for record in self.loaded.records:
            title = record.fields[record.title._meta.name]
            assert title.key in record.search_keys or title.kind not in ("text", "long_text"), record

    def test_references_hold_and_are_indexed(self) -> None:
        """Without an index every deletion reads the whole table; with CASCADE it takes along what nobody looked at."""
        for column in foreign_keys_of(self.loaded):
            where = f"{column._meta.table.__name__}.{column._meta.name}"
            assert column._meta.index or column._meta.unique, f"{where} has no index"
            assert column._foreign_key_meta.on_delete is OnDelete.restrict, f"{where} does not hold what it points to"

    def test_it_refers_only_to_records_of_plugins_it_requires(self) -> None:
        reachable = {record.key for plugin in self.reachable() for record in plugin.records}
        for column in foreign_keys_of(self.loaded):
            target = str(column._foreign_key_meta.resolved_references._meta.tablename)
            assert target in reachable, f"{column._meta.name} points to {target}"

    def test_lists_of_choices_are_declared_and_tell_their_options_apart(self) -> None:
        known = {lookup.name for plugin in self.reachable() for lookup in plugin.lookups}
        for record in self.loaded.records:
            used = {field.lookup.name for field in record.fields.values() if field.lookup}
            assert used <= known, f"{record}: a list nobody declares is a list nobody can keep"
        for lookup in self.loaded.lookups:
            assert lookup.options, lookup.name
            for part in (keys_of(lookup), [str(option.label) for option in lookup.options]):
                assert len(part) == len(set(part)), lookup.name

    def test_settings_start_valid_and_say_what_they_are(self) -> None:
        model = self.loaded.settings
        if model is None:
            return
        assert model.model_validate(model().model_dump(mode="json")) == model()
        labels = [str(model_label(model, name, self.package)) for name in model.model_fields]
        assert all(labels)
        assert len(labels) == len(set(labels))

    def test_presets_name_roles_and_rights_there_are(self) -> None:
        roles = {role.key for role in STANDARD_ROLES}
        for preset in self.loaded.presets:
            assert preset.role in roles
            assert set(preset.rights) <= set(preset.record.actions_allowed), preset.record
            assert set(chain.from_iterable(preset.rights.values())) <= SCOPES - {"chosen"}, preset.record
            assert {column._meta.name for column in preset.hidden} <= set(preset.record.fields), preset.record

    def test_rights_asked_for_are_rights_that_can_be_granted(self) -> None:
        known = {right.key for plugin in self.reachable() for right in plugin.rights}
        asked: list[Any] = [route.opt["right"] for route in self.loaded.routes]
        asked += [menu.right for menu in self.loaded.menus if menu.right]
        asked += [tile.right for tile in self.loaded.tiles if tile.right]
        asked += [opening.right for opening in self.loaded.openings if opening.right]
        for right in asked:
            if isinstance(right, str):
                assert right in known
            else:
                record, action = right
                assert action in record.actions_allowed, record
        for record in self.loaded.records:
            assert set(record.actions_allowed) - set(ACTIONS) <= set(record.rights), f"{record}: a right without a name"

    def test_openings_see_records_of_plugins_it_requires_and_ask_for_a_right_where_they_answer(self) -> None:
        reachable = {record.key for plugin in self.reachable() for record in plugin.records}
        for opening in self.loaded.openings:
            assert {str(table._meta.tablename) for table in opening.sees or ()} <= reachable, opening.key
            assert opening.right or opening.per_minute is None, f"{opening.key}: who may ask?"

    def test_life_cycles_reach_every_state_and_name_each_step_once(self) -> None:
        for record in self.loaded.records:
            if record.lifecycle:
                assert set(ways_to(record.lifecycle)) == set(record.lifecycle.keys), record
                steps = [(step.source, step.target) for step in record.lifecycle.steps]
                assert len(steps) == len(set(steps)), record

    def test_hooks_are_about_records_there_are(self) -> None:
        known = {record.key for plugin in self.reachable() for record in plugin.records}
        for module in self.loaded.hooks:
            for function in vars(module).values():
                if hasattr(function, "dougong_impl"):
                    assert subjects_of(function) <= known, f"{function.__name__} would never be called"

    # ------------------------------------------------------------------ its sources

    @property
    def package(self) -> str:
        return self.installed.package

    def modules(self) -> list[Path]:
        """Its files of code, tests left out: they look behind every door."""
        spec = find_spec(self.package)
        places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
        files = [(place, file) for place in places for file in place.rglob("*.py")]
        return [file for place, file in files if "tests" not in file.relative_to(place).parts]

    def reachable(self) -> Sequence[Plugin]:
        """Core, the plugin, and what it says it requires."""
        needed = [self.every[name].plugin for name in self.loaded.requirements]
        return [core, self.loaded, *(plugin for plugin in needed if plugin)]


def imported_by(file: Path) -> Iterator[str]:
    """The modules a file imports by their full names; `from dougong import api` is `dougong.api`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ([node.module] if "." in node.module else [f"{node.module}.{a.name}" for a in node.names])


def openings_entered_elsewhere(file: Path) -> Iterator[str]:
    """Each `opened(service)` that doesn't stand in that service."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    # Outer functions come first, so the innermost stays.
    places = {call: function.name for function in functions for call in calls_of_opened(function)}
    yield from (
        ast.unparse(call) for call in calls_of_opened(tree) if [places.get(call)] != [ast.unparse(a) for a in call.args]
    )


def calls_of_opened(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "opened":
            yield node


def requirements_of(name: str) -> list[Requirement]:
    return [Requirement(line) for line in distribution(name).requires or ()]


def is_bounded(requirement: Requirement) -> bool:
    return any(part.operator in ("<", "<=", "==", "~=") for part in requirement.specifier)


def keys_of(lookup: Lookup) -> list[str]:
    return [option.key for option in lookup.options]


def foreign_keys_of(plugin: Plugin) -> Iterator[PiccoloForeignKey[Any]]:
    """The references its own tables add to what every record carries."""
    for record in plugin.records:
        yield from (c for c in record.table._meta.foreign_key_columns if c._meta.name not in ("owner", "department"))


def ways_to(lifecycle: Lifecycle) -> Mapping[str, Sequence[str]]:
    """Each state that can be reached, and the states to go through to it from the start."""
    ways: dict[str, list[str]] = {lifecycle.start: []}
    waiting = [lifecycle.start]
    while waiting:
        here = waiting.pop(0)
        for step in lifecycle.moves_from(here):
            if step.target not in ways:
                ways[step.target] = [*ways[here], step.target]
                waiting.append(step.target)
    return ways


# ---------------------------------------------------------------------- what a plugin declares


def labels_of(plugin: Plugin) -> Iterator[Any]:
    """Whatever it declares as words for people, as it was declared."""
    found: list[Any] = [plugin.label, plugin.description]
    for record in plugin.records:
        found += [record.label, record.plural, *record.rights.values(), *record.labels.values()]
        found += [group for template in templates_of(record) for group in template.groups]
        found += [view.label for view in record.saved_views] + [action.label for action in record.actions]
        if record.lifecycle:
            found += [state.label for state in record.lifecycle.states]
            found += [step.label for step in record.lifecycle.steps]
    for contributed in (
        *plugin.extends,
        *plugin.menus,
        *plugin.tiles,
        *plugin.rights,
        *plugin.lookups,
        *plugin.openings,
    ):
        found += [getattr(contributed, "label", None), getattr(contributed, "empty", None)]
    found += [option.label for lookup in plugin.lookups for option in lookup.options]
    yield from (label for label in found if label is not None)


def texts_of(plugin: Plugin) -> Iterator[Text]:
    """Every text of its declarations that a person may meet, those nobody wrote included."""
    yield from (label for label in labels_of(plugin) if isinstance(label, Text))
    yield from (Text(msgid, package) for package, msgids in derived_labels([plugin]).items() for msgid in msgids)


def templates_of(record: RecordType) -> Sequence[Template]:
    return [record.template, *record.templates.values()]


def icons_of(plugin: Plugin) -> Iterator[str]:
    named: list[Any] = [plugin, *plugin.records, *plugin.extends, *plugin.menus, *plugin.tiles]
    for record in plugin.records:
        named += record.actions
        named += record.lifecycle.steps if record.lifecycle else ()
    yield from (thing.icon for thing in named if getattr(thing, "icon", ""))


def columns_named_by(record: RecordType) -> Iterator[Any]:
    yield from (*record.search, *record.labels, record.title)
    for template in templates_of(record):
        yield from (*template.required, *template.readonly, *template.off)
        yield from (column for group in template.groups.values() for column in group)
    for view in record.views:
        yield from (*view.columns, *view.phone, *([view.order] if view.order else ()))


def columns_shown_by(extension: Tab | Timeline) -> Iterator[Any]:
    if isinstance(extension, Tab):
        yield from (extension.via, *extension.columns)
    else:
        kind = [extension.kind] if extension.kind is not None else []
        yield from (extension.via, extension.at, extension.text, *kind, *extension.compose)
