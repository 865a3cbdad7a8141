"""What the command line asks to be exported."""

from __future__ import annotations

import json

from dougong.errors import Invalid, Problem
from dougong.exports.services import Export
from dougong.i18n import _
from dougong.records.queries import Query
from dougong.records.types import RecordType

__all__ = ["asked_for"]


def asked_for(record_type: RecordType, format_: str, tree: str, q: str, sort: str, keys: str) -> Export:
    """The question in words as an export; Invalid for a filter that isn't JSON."""
    try:
        asked = json.loads(tree) if tree else None
    except ValueError:
        raise Invalid(Problem("filter", _("The filter is not valid JSON."), tree, "json")) from None
    columns = tuple(key for key in keys.split(",") if key)
    return Export(Query(record_type, filter=asked, q=q, sort=sort), format_, columns)
