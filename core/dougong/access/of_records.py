"""The guard of what hangs on records of any type (a file, a remark): whoever may read the record may read it.

Such a table names its record by `record`, the key of the type, and `record_id`; a foreign key can't, since the record may
be any module's. What hangs on a record that is gone, or whose module is switched off, is nobody's to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from piccolo.querystring import QueryString
from piccolo.table import Table

from dougong.access.policies import either
from dougong.plugin.snapshot import current_snapshot

if TYPE_CHECKING:
    from dougong.access.principal import Principal

__all__ = ["OfRecords"]


@dataclass
class OfRecords:
    """The gate's view of one such table."""

    table: type[Table]

    @property
    def via(self) -> tuple[str, ...]:
        """Every record type that is on: its rows are scoped before, by its own guard."""
        return tuple(current_snapshot().records)

    def read(self, principal: Principal, engine: Any, alias: str) -> QueryString:
        found = either([_of(key, alias) for key in self.via])
        assert found is not None
        return found

    def held_back(self, principal: Principal) -> Mapping[str, frozenset[str]]:
        return {}


def _of(key: str, alias: str) -> QueryString:
    # EXISTS asks for the one record; IN would gather every record the person sees first.
    sql = f'({alias}."record" = {{}} AND EXISTS (SELECT 1 FROM "{key}" r WHERE r."id" = {alias}."record_id"))'
    return QueryString(sql, key)
