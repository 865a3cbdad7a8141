"""How many records hold something: each choice of a list, a field the company added."""

from __future__ import annotations

from dataclasses import dataclass

from piccolo.querystring import QueryString

from dougong.access.openings import opened
from dougong.access.policies import guarded_types
from dougong.db import fetch
from dougong.errors import NotFound
from dougong.plugin.snapshot import current_snapshot
from dougong.records.definitions import is_added
from dougong.records.references import tables_made
from dougong.records.types import RecordType

__all__ = ["Use", "records_holding", "uses_of"]


@dataclass(frozen=True)
class Use:
    """So many records of one type hold the choice in one field."""

    record_type: RecordType
    field: str
    count: int


async def uses_of(lookup: str) -> dict[str, list[Use]]:
    """choice → where it is used. One query per field that takes the list.

    A declared opening: every record counts, also those the acting person can't see and those of plugins that are off.
    Whoever keeps a list must know what a choice stands in.
    """
    found: dict[str, list[Use]] = {}
    with opened(uses_of):
        if lookup not in current_snapshot().lookups:
            raise NotFound
        made = await tables_made()
        for record_type in guarded_types():
            if record_type.table not in made:  # its plugin was never on
                continue
            for key, field in record_type.fields.items():
                if field.lookup is None or field.lookup.name != lookup:
                    continue
                column = field.column._meta.db_column_name
                sql = f'SELECT "{column}" AS choice, count(*) AS n FROM "{record_type.key}" WHERE "{column}" IS NOT NULL GROUP BY "{column}"'
                for row in await fetch(QueryString(sql)):
                    found.setdefault(row["choice"], []).append(Use(record_type, key, row["n"]))
    return found


async def records_holding(record_type: RecordType, key: str) -> dict[str, int]:
    """main category → how many records hold a value in a field the company added, be it on or off; of yes or no, how many
    say yes. Where records have no main category it is "".

    A declared opening, as `uses_of` is: whoever switches a field off must know what goes out of sight.
    """
    with opened(records_holding):
        column = next((c for c in record_type.table._meta.columns if c._meta.name == key and is_added(key)), None)
        if column is None:
            raise NotFound
        name, category = column._meta.db_column_name, record_type.category
        holds = f'"{name}" IS NOT NULL' if column._meta.null else f'"{name}"'
        by = "''" if category is None else f'"{category._meta.db_column_name}"'
        sql = f'SELECT {by} AS category, count(*) AS n FROM "{record_type.key}" WHERE {holds} GROUP BY 1'
        return {row["category"] or "": row["n"] for row in await fetch(QueryString(sql))}
