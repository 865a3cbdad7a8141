"""Every check of the contract can fail: each meets a plugin that breaks it, or a house that does, and says so."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
import pytest_asyncio
from pydantic import ValidationError

from dougong.access.principal import acting_as, system
from dougong.errors import DougongError
from dougong.records import desk, filters, queries, statements
from dougong.records.gate import cleared
from dougong.records.types import Move
from dougong.testing import PluginContract
from dougong.testing.app import Company
from dougong.testing.contract.pages import Reading
from dougong.testing.fixtures import sqlite_database
from dougong.testing.shelf import open_shelf
from dougong.testing.world import open_world
from dougong.web import render
from dougong.web.app import build_app

from .made_up_tea import put_tea

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHECKS = [name for name, value in inspect.getmembers(PluginContract) if name.startswith("test_")]


@dataclass(frozen=True)
class Broken:
    """A plugin that breaks one rule: the check that must see it, and what is different in which file."""

    check: str
    file: str
    old: str
    new: str
    needs: tuple[str, ...] = ("dougong>=0.1,<0.2",)


HOOK = "    pass\n"
OTHER_TEA = '    if new.get("tea"): new["tea"] = (await desk.create(Tea, {"title": "Other"})).id\n'
PLUGINS = [
    Broken("it_loads", "plugin.py", "", "\nraise ValueError\n"),
    Broken(
        "it_imports_core_and_others_by_their_doors_only",
        "services.py",
        "import TileRow, desk, opened",
        "import TileRow, desk, opened\nimport dougong.records.desk",
    ),
    Broken(
        "it_imports_core_and_others_by_their_doors_only",
        "services.py",
        "import TileRow, desk, opened",
        "import TileRow, desk, opened\nfrom dougong_customers.api import customer",
    ),
    Broken("its_distribution_depends_on_what_the_plugin_requires", "plugin.py", "", "", ("dougong>=0.1",)),
    Broken(
        "its_distribution_depends_on_what_the_plugin_requires",
        "plugin.py",
        "requires=[]",
        'requires=["customers>=0.1,<0.2"]',
    ),
    Broken(
        "its_requirements_are_bounded",
        "plugin.py",
        "requires=[]",
        'requires=["customers"]',
        ("dougong<0.2", "dougong-customers<1"),
    ),
    Broken("its_modules_have_the_names_everybody_knows", "utils.py", "", "LEAVES = 3"),
    Broken("its_modules_have_the_names_everybody_knows", "models.py", "", "LEAVES = 3"),
    Broken(
        "everything_stands_in_the_module_of_its_kind",
        "plugin.py",
        "from .settings import TeaSettings",
        "from pydantic import BaseModel\nclass TeaSettings(BaseModel):\n    strength: int = 3\n",
    ),
    Broken(
        "its_openings_are_entered_by_their_own_services_alone",
        "services.py",
        'await desk.create(Tea, {"title": "龙井"})',
        'await desk.create(Tea, {"title": "龙井"})\n    with opened(teas_named):\n        await Tea.count()',
    ),
    Broken("every_text_is_translated", "records.py", '_("Green ones")', '_("Green" + " leaves")'),
    Broken("every_text_can_be_translated", "records.py", '_("Green ones")', '"Green ones"'),
    Broken("every_icon_is_drawn", "records.py", "title=Tea.title", 'title=Tea.title, icon="samovar"'),
    Broken(
        "declarations_name_fields_of_their_own_record_type", "plugin.py", "columns=[Cup.said]", "columns=[Tea.note]"
    ),
    Broken("titles_can_be_searched_for", "records.py", "search=[Tea.title, ", "search=["),
    Broken("references_hold_and_are_indexed", "tables.py", "ForeignKey(Tea)", "ForeignKey(Tea, index=False)"),
    Broken(
        "it_refers_only_to_records_of_plugins_it_requires",
        "tables.py",
        "ForeignKey(Tea)",
        "ForeignKey(Tea)\n    other = ForeignKey(__import__('dougong_customers.api').api.Customer, null=True)",
    ),
    Broken(
        "lists_of_choices_are_declared_and_tell_their_options_apart", "lookups.py", 'Option("black"', 'Option("green"'
    ),
    Broken(
        "lists_of_choices_are_declared_and_tell_their_options_apart",
        "plugin.py",
        "lookups=[lookups.kind]",
        "lookups=[]",
    ),
    Broken("settings_start_valid_and_say_what_they_are", "settings.py", "strength: int = 3", "strength: int = None"),
    Broken("presets_name_roles_and_rights_there_are", "plugin.py", 'Preset("sales"', 'Preset("gardener"'),
    Broken("presets_name_roles_and_rights_there_are", "plugin.py", '"clear": (', '"drink": ('),
    Broken("rights_asked_for_are_rights_that_can_be_granted", "routes.py", '"NAME.count"', '"NAME.cuont"'),
    Broken(
        "openings_see_records_of_plugins_it_requires_and_ask_for_a_right_where_they_answer",
        "plugin.py",
        'sees=[Tea], right=(records.tea, "create")',
        "sees=[Tea]",
    ),
    Broken(
        "life_cycles_reach_every_state_and_name_each_step_once",
        "states.py",
        'State("gone", _("Gone"))',
        'State("gone", _("Gone")), State("cold")',
    ),
    Broken("hooks_are_about_records_there_are", "hooks.py", '"NAME_cup"', '"NAME_cpu"'),
    Broken(
        "records_are_created_changed_and_deleted_with_their_history",
        "hooks.py",
        HOOK,
        '    new["title"] = "always the same"\n',
    ),
    Broken(
        "what_is_left_out_is_named_in_the_api_and_in_the_form",
        "hooks.py",
        HOOK,
        '    if "title" in new: new["title"] = new["title"] or "Tea"\n',
    ),
    Broken("a_reference_to_nothing_is_refused_by_name", "hooks.py", HOOK, OTHER_TEA),
    Broken(
        "what_others_refer_to_stays",
        "tables.py",
        "ForeignKey(Tea)",
        "ForeignKey(Tea, on_delete=__import__('piccolo.columns.base').columns.base.OnDelete.cascade)",
    ),
    Broken("saved_views_and_quick_find_can_be_asked", "records.py", '"=", "green"', '"<", "green"'),
    Broken(
        "each_move_can_be_taken_and_is_logged_under_its_name",
        "hooks.py",
        HOOK,
        '    if new["state"] == "gone": new["state"] = old["state"]\n',
    ),
    Broken("actions_are_offered_where_their_condition_holds", "records.py", "form=schemas.Refill, ", ""),
    Broken(
        "tiles_answer_everybody",
        "services.py",
        'TileRow(row["title"]) for row in await Tea.select(Tea.title).limit(6)',
        'TileRow("")',
    ),
    Broken("its_hooks_do_not_fail", "hooks.py", HOOK, "    1 / 0\n"),
    Broken("its_samples_fill_an_empty_company", "services.py", 'await desk.create(Tea, {"title": "龙井"})', "pass"),
    Broken(
        "its_lists_and_forms_open_as_pages_and_in_the_api",
        "records.py",
        '"=", "green"',
        '"<", "green"',
    ),
    Broken(
        "its_menu_entries_stand_in_the_sidebar_and_lead_somewhere",
        "plugin.py",
        "Menu(records.tea)",
        'Menu("/nowhere-at-all", label=_("Nowhere"))',
    ),
    Broken("the_palette_and_look_up_boxes_find_a_record_by_its_title", "records.py", "search=[Tea.title, ", "search=["),
    Broken("tabs_and_timelines_stand_on_the_page_they_point_to", "hooks.py", HOOK, OTHER_TEA),
    Broken(
        "its_pages_speak_one_language",
        "plugin.py",
        "Menu(records.tea)",
        'Menu(records.tea, label=Text(str(_("Teas")), "dougong"))',
    ),
    Broken(
        "what_its_jobs_take_can_be_kept_as_json",
        "jobs.py",
        "cups: int = 1",
        "cups: __import__('collections').abc.Callable[[], None] = print",
    ),
    Broken(
        "its_jobs_say_what_happens_when_they_run_twice",
        "jobs.py",
        '    """Only counts: twice is as good as once."""\n',
        "",
    ),
    Broken(
        "its_schedules_give_their_jobs_what_these_take",
        "jobs.py",
        "cups: int = 1",
        "cups: __import__('typing').Annotated[int, __import__('pydantic').AfterValidator(lambda n: n + 1)] = 1",
    ),
    Broken(
        "its_schedules_run_as_nobody_with_what_its_openings_show",
        "services.py",
        "        await Tea.count()\n",
        '        await Tea.count()\n    await desk.create(Tea, {"title": "nobody\'s"})\n',
    ),
]


# ---------------------------------------------------------------------- houses that break a rule


def _spoil(target: str, value: object) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(target, value)


def _no_policy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("dougong.access.policies.rows", lambda *_: None)
    patch.setattr("dougong.access.policies.TypeGuard.read", lambda *_: None)


def _desk_for_all(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(desk, "may", lambda *_: True)
    patch.setattr(statements, "may", lambda *_: True)
    patch.setattr(statements, "rows_allowed", lambda *_: None)


class _Everything:
    def __contains__(self, _path: object) -> bool:
        return True


async def _nothing(*_args: object, **_more: object) -> list[object]:
    return []


HOUSES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a_change_based_on_an_older_version_is_refused": _spoil("dougong.web.api.records.based_on", lambda *_, **__: None),
    "lists_sort_by_every_column_and_their_pages_hold_each_record_once": _spoil(
        "dougong.records.queries._cursor",
        (lambda cursor: lambda order, row: cursor(order, {**row, "id": row["id"] - 1}))(queries._cursor),
    ),
    "every_field_can_be_asked_by_each_of_its_operators": lambda patch: patch.setitem(
        filters._OPERATORS, "!=", filters._OPERATORS["="]
    ),
    "summaries_by_every_field_add_up": _spoil("dougong.testing.contract.records.sums", _nothing),
    "no_move_leads_anywhere_else": _spoil(
        "dougong.records.desk._step", lambda _type, source, target: Move(source, target)
    ),
    "whoever_was_granted_nothing_sees_and_does_nothing": _no_policy,
    "ones_own_records_open_and_anothers_are_not_there": _no_policy,
    "nothing_of_it_answers_a_stranger": _spoil("dougong.web.app.OPEN_PATHS", _Everything()),
    "its_routes_let_in_whoever_holds_their_right_alone": _spoil("dougong.web.app.OPEN_PATHS", _Everything()),
    "its_openings_let_in_whoever_holds_their_right_alone": _spoil("dougong.access.openings._holds", lambda *_: True),
    "whoever_may_only_read_changes_nothing": _desk_for_all,
    "a_hidden_field_is_no_field": _spoil(
        "dougong.records.filters.visible_field", lambda record_type, key, **_: record_type.fields.get(key)
    ),
    "lists_and_records_are_shown_with_few_statements": _spoil("dougong.testing.contract.pages.LIST_STATEMENTS", 1),
    "the_description_of_the_api_names_its_records_and_answers_keep_to_it": _spoil(
        "dougong.web.api.records.send_rows", lambda _type, rows, _keys: [{} for _row in rows]
    ),
    "its_pages_hold_no_code_of_their_own": _spoil(
        "dougong.web.render.render", (lambda drawn: lambda *args: drawn(*args) + "<script>1</script>")(render.render)
    ),
    "switched_off_none_of_its_jobs_is_asked_for_or_done": _spoil("dougong.jobs.queue._plugin_of", lambda _job: "away"),
    "switched_off_nothing_of_it_is_left_and_on_again_everything_is_there": _spoil(
        "dougong.web.api.records.NotFound", RuntimeError
    ),
}


# ---------------------------------------------------------------------- the tests


def names() -> list[str]:
    return [f"tea{number}" for number in range(len(PLUGINS))]


SPOILT = {"off": "switched_off_nothing", "away": "switched_off_none", "spoilt": ""}
"""Plugins that keep to the contract in a house that doesn't, and the checks each is for: some leave theirs switched off."""


def is_asked_for_records(check: str) -> bool:
    return inspect.iscoroutinefunction(getattr(PluginContract, check))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Company]:
    """The sample company with every plugin on that a check can only see at work."""
    directory = tmp_path_factory.mktemp("contract")
    with open_shelf(directory) as shelf, sqlite_database(directory) as url:
        for name in ("good", *SPOILT):
            put_tea(shelf, name, {})
        for name, broken in zip(names(), PLUGINS, strict=True):
            put_tea(shelf, name, {broken.file: (broken.old, broken.new)}, broken.needs)
        on = [n for n, b in zip(names(), PLUGINS, strict=True) if is_asked_for_records(f"test_{b.check}")]
        async with open_world(url, directory, ["good", *SPOILT, *on]) as world:
            app = build_app(world.house.config, house=world.house)
            app.app.state.house = world.house
            yield Company(world, app)


async def ask(plugin: str, check: str, company: Company) -> None:
    """Run one check of the contract as pytest would."""
    contract = type("Contract", (PluginContract,), {"plugin": plugin})()
    asked = getattr(contract, check)
    offered = {"company": company, "world": company.world}
    answer = asked(**{name: offered[name] for name in inspect.signature(asked).parameters})
    if inspect.isawaitable(answer):
        await answer


REFUSALS = (AssertionError, DougongError, ValidationError, pytest.fail.Exception)


@pytest.mark.parametrize("check", CHECKS)
async def test_a_plugin_that_keeps_to_the_contract_passes(check: str, company: Company) -> None:
    await ask("good", check, company)


@pytest.mark.parametrize("number", range(len(PLUGINS)), ids=[f"{n}-{b.check}" for n, b in enumerate(PLUGINS)])
async def test_a_plugin_that_breaks_a_rule_is_seen_by_the_check_of_that_rule(number: int, company: Company) -> None:
    with pytest.raises(REFUSALS):
        await ask(names()[number], f"test_{PLUGINS[number].check}", company)


@pytest.mark.parametrize("check", HOUSES)
async def test_a_house_that_breaks_a_rule_is_seen_by_the_check_of_that_rule(
    check: str, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    HOUSES[check](monkeypatch)
    with pytest.raises(REFUSALS):
        await ask(next(n for n, stays in SPOILT.items() if check.startswith(stays)), f"test_{check}", company)


async def test_a_table_that_lacks_something_is_seen(company: Company) -> None:
    with acting_as(system("spoil the tables of a test")), cleared("ddl"):
        await company.world.house.engine.run_ddl('DROP TABLE "spoilt_cup"')
    with pytest.raises(AssertionError):
        await ask("spoilt", TABLES, company)


TABLES = "test_its_tables_are_complete"


async def test_every_check_was_seen_to_fail() -> None:
    tried = {f"test_{broken.check}" for broken in PLUGINS} | {f"test_{check}" for check in HOUSES} | {TABLES}
    assert set(CHECKS) == tried
    assert len(CHECKS) >= 25


@pytest.mark.parametrize(
    "page",
    ["<p onclick=x>", "<p style='color:red'>", "<style></style>", "<script>x</script>", "<a href=' JavaScript:x'>"],
)
async def test_code_in_a_page_is_found(page: str) -> None:
    assert Reading(page).code
    assert not Reading("<script src='/static/app.js'></script><p title='on'>style</p>").code
