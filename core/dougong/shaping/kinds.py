"""Another kind for an added field: looked at before, then changed, its values brought over as far as they can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dougong.access.rights import need
from dougong.db import transaction
from dougong.db.schema import add_columns, retrying
from dougong.errors import Refused
from dougong.i18n import _
from dougong.plugin.epoch import raise_epoch
from dougong.plugin.lookups import add_options
from dougong.records.definitions import Definition, columns_of
from dougong.records.types import RecordType
from dougong.shaping.conversion import Outlook, check_convertible, former_place, outlook
from dougong.shaping.details import checked_details
from dougong.shaping.fields import MANAGE, definition, follow, store
from dougong.shaping.pending import CONVERT, INDEX, settle

__all__ = ["change_kind", "kind_outlook"]


async def kind_outlook(record_type: RecordType, key: str, kind: str, details: Mapping[str, Any]) -> Outlook:
    """What changing the kind of a field would do to the values there are. Raises Invalid where it can't be changed."""
    need(MANAGE)
    known = await definition(record_type, key)
    wanted, labels = _wanted(record_type, known, kind, details)
    return await outlook(record_type, known, wanted, labels)


async def change_kind(
    record_type: RecordType, key: str, kind: str, details: Mapping[str, Any], *, losing: int
) -> Definition:
    """Make a field one of another kind; its values are brought over as far as they can be read as that.

    `losing` is how many records the asker was shown to lose their value (see `kind_outlook`): Refused where it would be
    more. What was lost stays in the database under the former column.
    """
    need(MANAGE)
    if (seen := await kind_outlook(record_type, key, kind, details)).losing > losing:
        text = _("%(count)s records would lose their value. Look at them first.")
        raise Refused(text, count=seen.losing)
    epoch, changed = await _change(record_type, key, kind, details)
    await follow(epoch)
    await settle()
    return changed


@retrying
async def _change(record_type: RecordType, key: str, kind: str, given: Mapping[str, Any]) -> tuple[int, Definition]:
    async with transaction(reason=_("Kind of a field changed")):
        epoch = await raise_epoch()
        known = await definition(record_type, key)
        changed, labels = _wanted(record_type, known, kind, given)
        await add_columns(record_type.table, columns_of(record_type.table, changed))
        await store(changed)
        if changed.lookup is not None and labels:
            await add_options(changed.lookup, labels)
    return epoch, changed


def _wanted(
    record_type: RecordType, known: Definition, kind: str, given: Mapping[str, Any]
) -> tuple[Definition, list[str]]:
    """The definition as it would be, and the choices its list begins with."""
    check_convertible(known, kind)
    if known.pending:
        raise Refused(_("Its values are still being brought over; try again shortly."))
    if kind in ("choice", "choices") and known.lookup is not None and not given:
        details, labels = {k: v for k, v in known.details.items() if k == "lookup"}, list[str]()
    else:
        details, labels = checked_details(record_type, kind, given, distinct=False)
    number = int(known.details.get("before", {}).get("number", 1)) + 1
    wanted = replace(
        known,
        kind=kind,
        db_column=f"{known.key}__{number}",
        details={**details, "before": {**former_place(known), "number": number}},
        distinct=False,
        pending=" ".join([CONVERT, *([INDEX] if known.indexed else [])]),
    )
    return wanted, labels
