"""What is a plugin's own in the database: the tables of its records, and what core keeps about these records and for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dougong.db import engine
from dougong.db.catalog import run
from dougong.i18n import Text, _
from dougong.plugin.manifest import Plugin
from dougong.records.gate import physical

__all__ = ["Holding", "count_of", "counts_of", "holdings_of", "own_tables"]


@dataclass(frozen=True)
class Holding:
    """Rows of one of core's tables that go with a plugin; `where` is SQL over that table."""

    table: str
    where: str
    label: Text


def own_tables(plugin: Plugin) -> list[str]:
    return [record.key for record in plugin.records]


def holdings_of(plugin: Plugin) -> Sequence[Holding]:
    """In an order in which they can be put in; they go the other way round."""
    keys = own_tables(plugin)
    about = f'"record" IN {_listed(keys)}'
    fields = _beginning("field", keys)
    lookups = f'("lookup" IN {_listed(lookup.name for lookup in plugin.lookups)} OR {_beginning("lookup", keys)})'
    of_plugin = f'"plugin" = {_quoted(plugin.name)}'
    comments = f'SELECT "id" FROM {physical(engine(), "record_comment")} WHERE {about}'
    runs = f'SELECT "id" FROM {physical(engine(), "import_run")} WHERE {about}'
    rights = f'"right" IN {_listed(right.key for right in plugin.rights)}'
    return [
        Holding("core_plugin", f'"name" = {_quoted(plugin.name)}', _("Switch")),
        Holding("migration", of_plugin, _("Migrations")),
        Holding("core_field", about, _("Added fields")),
        Holding("core_template", about, _("Form templates")),
        Holding("core_option", lookups, _("Choices of lists")),
        Holding("core_setting", of_plugin, _("Settings")),
        Holding("core_counter", fields, _("Counters of numbers")),
        Holding("core_list_layout", about, _("Columns of lists")),
        Holding("core_list_view", about, _("Saved views")),
        Holding("access_grant", about, _("Rights of roles")),
        Holding("access_field", fields, _("Rights of roles on fields")),
        Holding("access_right", rights, _("Further rights of roles")),
        Holding("access_share", about, _("Shares")),
        Holding("favourite", about, _("Favourites")),
        Holding("record_comment", about, _("Comments")),
        Holding("record_mention", f'"comment" IN ({comments})', _("Mentions")),
        Holding("attachment", about, _("Files")),
        Holding("change_log", about, _("Entries of the change log")),
        Holding("import_run", about, _("Imports")),
        Holding("import_note", f'"run" IN ({runs})', _("Lines of imports")),
        Holding("import_mapping", about, _("Saved mappings")),
        Holding("dougong_job", of_plugin, _("Jobs")),
        Holding("dougong_schedule", of_plugin, _("Schedules")),
    ]


async def count_of(table: str, where: str = "1 = 1") -> int:
    [row] = await run(f"SELECT count(*) AS n FROM {physical(engine(), table)} WHERE {where}")
    return int(row["n"])


async def counts_of(plugin: Plugin) -> Mapping[Text, int]:
    """How much of each there is; what there is none of is left out."""
    counted = {holding.label: await count_of(holding.table, holding.where) for holding in holdings_of(plugin)[2:]}
    return {label: number for label, number in counted.items() if number}


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _listed(texts: Iterable[str]) -> str:
    return f"({', '.join(map(_quoted, texts)) or 'NULL'})"


def _beginning(column: str, keys: Iterable[str]) -> str:
    """ "customer.city", "customer.x_colour": what is named after one of the record types."""
    ways = [f'substr("{column}", 1, {len(key) + 1}) = {_quoted(key + ".")}' for key in keys]
    return f"({' OR '.join(ways) or '1 = 0'})"
