"""The matrix of rights that is committed is what the policies say today, on both databases, and it can't lie."""

from __future__ import annotations

from difflib import unified_diff
from pathlib import Path

from dougong.access import policies
from dougong.testing.app import PLUGINS
from dougong.testing.rights_matrix import STANDINGS, rights_matrix
from dougong.testing.shelf import open_shelf

COMMITTED = Path(__file__).parents[2] / "docs" / "rights-matrix.md"


def differing(one: str, other: str) -> list[str]:
    """The lines in which two pages differ, as a diff shows them."""
    lines = unified_diff(one.splitlines(), other.splitlines(), "committed", "worked out", lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


async def test_the_committed_matrix_is_what_the_policies_say(database_url, tmp_path):
    page = await rights_matrix(database_url, tmp_path, ["core", *PLUGINS])
    changed = differing(COMMITTED.read_text(encoding="utf-8"), page)
    assert not changed, "\n".join(["these lines change; if that is meant: ./dev rights", *changed])


# ---------------------------------------------------------------------- of a made-up plugin


TEAS = """
from dougong.api import *
from dougong.api import _

class Tea(Record):
    name = Varchar(50)
    price = Money()

class Cup(Record):
    name = Varchar(50)
    tea = ForeignKey(Tea)

class Saucer(Row):
    name = Varchar(50)
    cup = ForeignKey(Cup)

tea = RecordType(table=Tea, label=_("Tea"), plural=_("Teas"), title=Tea.name, rights={{"brew": _("Brew")}})
cup = RecordType(table=Cup, label=_("Cup"), plural=_("Cups"), title=Cup.name, scope=Scope.via(Cup.tea) | Scope.role)
saucer = RecordType(table=Saucer, label=_("Saucer"), plural=_("Saucers"), title=Saucer.name, scope=Scope.via(Saucer.cup))

plugin = Plugin(
    name="teas", label=_("Teas"), records=[tea, cup, saucer], rights=[Right("teas.count", _("Count"))],
    presets=[
        Preset("sales", tea, {sales}, hidden=[Tea.price]),
        Preset("manager", tea, {{"read": ["own", "below"], "edit": ["department"]}}),
    ],
)
"""
SALES = {"read": ["own", "shared"], "edit": ["own", "shared"], "brew": ["own"]}


async def page_of(url, directory, sales):
    directory.mkdir()
    with open_shelf(directory) as shelf:
        shelf.put("teas", TEAS.format(sales=sales))
        return await rights_matrix(url, directory, ["teas"])


def block(page, key):
    """The lines about one record type: role and way to stand → cells."""
    part = page.partition(f"(`{key}`")[2].partition("```\n")[2].partition("\n```")[0]
    return [" ".join(line.split()) for line in part.splitlines()]


async def test_each_letter_stands_for_a_record_that_is_reached(database_url, tmp_path):
    page = await page_of(database_url, tmp_path / "a", SALES)
    assert block(page, "tea") == [
        "read create edit delete export import brew held back",
        "admin ocerdbx ocerdbx ocerdbx ocerdbx ocerdbx ocerdbx ocerdbx",
        "manager oc..db. ....... o...d.. ....... ....... ....... .......",
        "sales ocer... ....... oce.... ....... ....... ....... oc..... price hidden",
        *(f"{role} ....... ....... ....... ....... ....... ....... ......." for role in ("marketing", "service", "hr")),
        "everybody ....... ....... ....... ....... ....... ....... .......",
    ]


async def test_what_follows_a_parent_is_shown_as_it_is_inherited(database_url, tmp_path):
    page = await page_of(database_url, tmp_path / "a", SALES)
    assert "(`cup`, as its tea)" in page
    assert block(page, "cup")[0] == "itself read create edit delete export import held back"
    assert "sales ocerdbx ocer... oce.... oce.... oce.... ....... oce...." in block(page, "cup")
    assert "sales x ocer... oce.... oce.... oce.... ....... oce...." in block(page, "saucer")


async def test_a_changed_preset_shows_as_the_lines_it_changes(database, fresh_database, tmp_path):
    with fresh_database(database) as one, fresh_database(database) as other:
        before = await page_of(one, tmp_path / "a", SALES)
        after = await page_of(other, tmp_path / "b", {**SALES, "export": ["all"]})
    changed = [" ".join(line.split()) for line in differing(before, after)]
    assert changed[:2] == [
        "-sales ocer... ....... oce.... ....... ....... ....... oc..... price hidden",
        "+sales ocer... ....... oce.... ....... ocerdbx ....... oc..... price hidden",
    ]
    assert all(line[1:].startswith("sales") for line in changed)


async def test_it_is_worked_out_and_not_read_off_the_declarations(database_url, tmp_path, monkeypatch):
    """With policies that forget departments the same declarations make another page."""
    monkeypatch.setattr(policies, "departments_of_grant", lambda _principal, _grant: set())
    page = await page_of(database_url, tmp_path / "a", SALES)
    assert "manager oc..... ....... ....... ....... ....... ....... ......." in block(page, "tea")


def test_every_letter_is_explained():
    explained = COMMITTED.read_text(encoding="utf-8").partition("## ")[0]
    assert all(f"- `{letter}`: {words}\n" in explained for letter, words in STANDINGS.items())
