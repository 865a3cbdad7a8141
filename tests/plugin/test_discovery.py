"""One plugin that can't be loaded is named, with what needs it; the others serve."""

from __future__ import annotations

import sys

import pytest

from dougong.plugin import discovery
from dougong.plugin.declarations import RESERVED

TABLE = """
from dougong.api import Plugin, Record, RecordType, Varchar, _

class {cls}(Record, tablename={table!r}):
    title = Varchar(50)

{table} = RecordType(table={cls}, label=_("One"), plural=_("Many"), title={cls}.title, path={path!r})
plugin = Plugin(name={name!r}, label=_("Label"), records=[{table}])
"""


def with_table(name: str, table: str, path: str = "") -> str:
    return TABLE.format(name=name, cls=table.title().replace("_", ""), table=table, path=path)


def needing(name: str, *requires: str) -> str:
    return f"""
    from dougong.api import Plugin, _
    plugin = Plugin(name={name!r}, label=_({name!r}), requires={list(requires)!r})
    """


def works(installed, *names: str) -> None:
    errors = {name: (str(loaded.error), loaded.detail) for name, loaded in installed.plugins.items() if loaded.error}
    assert [loaded.name for loaded in installed.working] == list(names), errors


# Loading ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise ValueError('no licence')", "ValueError: no licence"),
        ("import not_there_at_all", "ModuleNotFoundError"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "tried to end the program"),
        ("import asyncio; raise asyncio.CancelledError('odd')", "CancelledError: odd"),
        ("class Odd(BaseException): pass\nraise Odd('very')", "Odd: very"),
        ("plugin = 42", "is a int, no Plugin"),
        ("nothing = 1", "AttributeError"),
    ],
)
def test_what_fails_at_import_is_named_and_the_rest_serve(shelf, source, said):
    shelf.put("bad", source)
    shelf.put("good")
    installed = shelf.load()
    works(installed, "good")
    bad = installed.plugins["bad"]
    assert said in str(bad.error)
    assert bad.culprit == "bad"


def test_the_last_line_of_its_own_code_is_shown(shelf):
    shelf.put("bad", "import json\n\n\ndef read():\n    return json.loads('{')\n\n\nread()\n")
    bad = shelf.load().plugins["bad"]
    assert "plugin.py:5 in read: return json.loads('{')" in bad.detail


@pytest.mark.parametrize("source", ["while True: pass", "import time; time.sleep(60)"])
def test_an_import_that_hangs_is_cut(shelf, monkeypatch, source):
    monkeypatch.setattr(discovery, "IMPORT_BUDGET", 0.3)
    shelf.put("slow", source)
    shelf.put("good")
    installed = shelf.load()
    works(installed, "good")
    assert "did not finish loading" in str(installed.plugins["slow"].error)
    assert source.rpartition("; ")[2] in installed.plugins["slow"].detail


def test_an_import_that_hangs_is_cut_though_it_catches_every_exception(shelf, monkeypatch):
    monkeypatch.setattr(discovery, "IMPORT_BUDGET", 0.2)
    shelf.put(
        "slow",
        "import time\nfor _ in range(50):\n    try:\n        time.sleep(9)\n    except Exception:\n        pass\n",
    )
    assert not shelf.load().plugins["slow"].works


def test_safe_mode_runs_only_what_the_maker_of_core_made(shelf):
    shelf.put("theirs", "raise SystemExit")
    shelf.put("ours", author="dougong")
    installed = shelf.load(safe=True)
    works(installed, "ours")
    assert installed.plugins["theirs"].left_out
    assert "safe mode" in str(installed.plugins["theirs"].error)
    assert "made_up_theirs.plugin" not in sys.modules
    assert not shelf.load().plugins["theirs"].left_out


def test_the_plugin_whose_code_raised_is_to_blame(shelf):
    shelf.put("lower", "x = 1")
    (shelf.place / "made_up_lower" / "api.py").write_text("raise RuntimeError('mine')\n")
    shelf.put("upper", "import made_up_lower.api")
    upper = shelf.load().plugins["upper"]
    assert upper.culprit == "lower"


def test_a_half_loaded_plugin_leaves_no_table_in_the_way(shelf):
    from dougong.db import registry

    shelf.put("bad", with_table("bad", "thing") + "\nraise ValueError")
    shelf.put("good", with_table("good", "thing"))
    installed = shelf.load()
    works(installed, "good")
    assert registry.table("thing").__module__ == "made_up_good.plugin"


def test_the_entry_point_and_the_plugin_have_one_name(shelf):
    shelf.put("one", needing("other"))
    assert "its entry point is called 'one'" in str(shelf.load().plugins["one"].error)


# Versions and needs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ((), "doesn't say which version of dougong"),
        (("dougong>=7",), "written for dougong >=7"),
        (("dougong>=0.1; python_version < '3'",), "doesn't say which version of dougong"),
        (("dougong<>what",), "can't be read"),
    ],
)
def test_a_plugin_for_another_contract_is_not_even_imported(shelf, needs, said):
    shelf.put("alien", "raise AssertionError('imported')", needs=needs)
    assert said in str(shelf.load().plugins["alien"].error)


def test_plugins_come_in_the_order_of_need(shelf):
    shelf.put("a", needing("a", "c"))
    shelf.put("b", needing("b", "a>=1,<2"))
    shelf.put("c")
    works(shelf.load(), "c", "a", "b")


@pytest.mark.parametrize(
    ("requirement", "said"),
    [("absent", "“absent”, which is not installed"), ("base>=2", "“base” >=2; version 1.0 is installed")],
)
def test_what_a_plugin_lacks_is_named(shelf, requirement, said):
    shelf.put("base")
    shelf.put("top", needing("top", requirement))
    installed = shelf.load()
    works(installed, "base")
    assert said in str(installed.plugins["top"].error)


def test_what_needs_a_failed_plugin_is_off_with_the_reason(shelf):
    shelf.put("base", "raise ValueError")
    shelf.put("middle", needing("middle", "base"))
    shelf.put("top", needing("top", "middle"))
    shelf.put("other")
    installed = shelf.load()
    works(installed, "other")
    assert "“base”, which doesn't work" in str(installed.plugins["middle"].error)
    assert installed.plugins["middle"].culprit == "base"
    assert "“middle”, which doesn't work" in str(installed.plugins["top"].error)


def test_a_circle_is_shown_and_stops_only_who_needs_it(shelf):
    shelf.put("a", needing("a", "b"))
    shelf.put("b", needing("b", "c"))
    shelf.put("c", needing("c", "a"))
    shelf.put("behind", needing("behind", "a"))
    shelf.put("free")
    installed = shelf.load()
    works(installed, "free")
    assert "a → b → c → a" in str(installed.plugins["a"].error)
    assert "c → a → b → c" in str(installed.plugins["c"].error)
    assert "“a”, which doesn't work" in str(installed.plugins["behind"].error)


def test_a_requirement_nobody_can_read_fails_that_plugin(shelf):
    shelf.put("odd", needing("odd", "what is this"))
    shelf.put("good")
    installed = shelf.load()
    works(installed, "good")
    assert "what is this" in str(installed.plugins["odd"].error)


def test_who_needs_whom_is_known_all_the_way(shelf):
    shelf.put("base")
    shelf.put("middle", needing("middle", "base"))
    shelf.put("top", needing("top", "middle"))
    installed = shelf.load()
    assert list(installed.needed_by("base")) == ["middle", "top"]
    assert list(installed.all_needs_of("top")) == ["base", "middle"]


# Clashes and closed doors ------------------------------------------------------------------------


def test_of_two_plugins_with_one_name_the_later_fails(shelf):
    shelf.put("twin", distribution="a-twin", package="a_twin")
    shelf.put("twin", distribution="b-twin", package="b_twin")
    installed = shelf.load()
    works(installed, "twin")
    assert installed.plugins["twin"].distribution == "a-twin"
    assert "it comes with a-twin" in str(installed.plugins["twin (b-twin)"].error)


@pytest.mark.parametrize("name", ["core", "dougong"])
def test_the_names_of_the_house_are_taken(shelf, name):
    shelf.put(name)
    assert "belongs to 'core' already" in str(shelf.load().plugins[name].error)


def test_a_table_belongs_to_one_plugin(shelf):
    shelf.put("first", with_table("first", "parcel"))
    shelf.put("second", with_table("second", "parcel", "parcels-too"))
    installed = shelf.load()
    works(installed, "first")
    assert "'parcel' is already declared by made_up_first" in str(installed.plugins["second"].error)


def test_nobody_takes_a_table_of_cores(shelf):
    shelf.put("thief", with_table("thief", "staff"))
    shelf.put("good")
    works(shelf.load(), "good")


def test_a_record_path_belongs_to_one_plugin(shelf):
    shelf.put("first", with_table("first", "parcel", "boxes"))
    shelf.put("second", with_table("second", "crate", "boxes"))
    installed = shelf.load()
    works(installed, "first")
    assert "the record path 'boxes' belongs to 'first' already" in str(installed.plugins["second"].error)


ROUTE = """
import litestar
from dougong.api import Plugin, _, get

@{decorator}
async def page() -> str:
    return "here"

plugin = Plugin(name={name!r}, label=_("Label"), routes=[page])
"""


def test_a_route_belongs_to_one_plugin(shelf):
    for name in ("first", "second"):
        shelf.put(name, ROUTE.format(name=name, decorator="get('/map', right='core.use')"))
    installed = shelf.load()
    works(installed, "first")
    assert "the route 'GET /map' belongs to 'first' already" in str(installed.plugins["second"].error)


def test_a_route_without_a_right_does_not_start(shelf):
    shelf.put("open", ROUTE.format(name="open", decorator="litestar.get('/map')"))
    assert "the route GET /map has no right" in str(shelf.load().plugins["open"].error)


@pytest.mark.parametrize(
    "path", ["/plugins", "/api/v1/me/secrets", "/{anything:str}", "/", "/api/v1/{kind:str}", "/static/x"]
)
def test_a_route_stands_in_nobody_elses_way(shelf, path):
    shelf.put("greedy", ROUTE.format(name="greedy", decorator=f"get({path!r}, right='core.use')"))
    error = str(shelf.load().plugins["greedy"].error)
    assert "the house's own addresses" in error or "no word of its own" in error


def test_a_record_path_is_no_word_of_the_houses(shelf):
    shelf.put("odd", with_table("odd", "gift", "settings"))
    assert "'settings' is a word of the house's own addresses" in str(shelf.load().plugins["odd"].error)


def test_every_address_of_the_house_is_reserved():
    from dougong.web import pages
    from dougong.web.api import routes as api_routes

    first = {
        path.removeprefix("/api/v1").strip("/").split("/")[0] for r in [*pages.routes, *api_routes] for path in r.paths
    }
    words = {word for word in first if word and not word.startswith("{")}
    assert words <= RESERVED


@pytest.mark.parametrize(
    ("bases", "said"),
    [
        ("Table", "is no Row or Record: no right would guard it"),
        ("Private", "is no Row or Record: no right would guard it"),
        ("Row", "has no record type"),
    ],
)
def test_a_table_nobody_guards_is_refused(shelf, bases, said):
    shelf.put(
        "leaky",
        f"""
        from piccolo.table import Table
        from dougong.api import Plugin, Row, Varchar, _
        from dougong.records.tables import Private

        class Leak({bases}, tablename="leak"):
            title = Varchar(50)

        plugin = Plugin(name="leaky", label=_("Leaky"))
        """,
    )
    assert said in str(shelf.load().plugins["leaky"].error)


def test_a_record_type_without_a_scope_does_not_start(shelf):
    shelf.put(
        "open",
        with_table("open", "gift").replace("path=", "scope=Scope(()), path=").replace("Varchar,", "Scope, Varchar,"),
    )
    assert "no scope" in str(shelf.load().plugins["open"].error)


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("@hook\ndef before_sale(): ...", "unknown hook 'before_sale'"),
        ("@hook\ndef before_save(record): ...", "hook 'before_save'"),
        (
            "import pluggy\n@pluggy.HookimplMarker('dougong')(wrapper=True)\ndef before_save(record_type):\n    yield",
            "hooks can't wrap each other",
        ),
        ("@hook(wrapper=True)\ndef before_save(record_type):\n    yield", "wrapper"),
    ],
)
def test_a_hook_nobody_calls_is_refused(shelf, hook, said):
    package = shelf.put(
        "hooked",
        """
        from dougong.api import Plugin, _
        from made_up_hooked import hooks
        plugin = Plugin(name="hooked", label=_("Hooked"), hooks=[hooks])
        """,
    )
    (shelf.place / package / "hooks.py").write_text(f"from dougong.api import hook\n\n{hook}\n")
    assert said in str(shelf.load().plugins["hooked"].error)


def test_a_contribution_of_the_wrong_kind_is_refused(shelf):
    shelf.put("odd", "from dougong.api import Plugin, _\nplugin = Plugin(name='odd', label=_('Odd'), menus=['sales'])")
    assert "menus holds 'sales'" in str(shelf.load().plugins["odd"].error)
