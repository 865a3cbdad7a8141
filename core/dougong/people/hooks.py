"""What core itself does when a department or a member of staff is written, through whichever door.

Nothing here may be passed over as a stranger's failing hook would be: whatever goes wrong stops the write.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from dougong.access.conferring import place_people
from dougong.access.version import rights_changed
from dougong.errors import DougongError, Unavailable
from dougong.people.services.departments import check_reporting_line, check_unused
from dougong.people.services.staff import sign_out_who_left
from dougong.plugin.hookspecs import hook
from dougong.records.types import RecordType

__all__ = ["before_save", "record_changed"]

_DECIDES = {"department": ("parent", "head", "active"), "staff": ("department", "active")}
"""The fields that decide who sees what."""
_PLACES = {"department": ("parent", "head"), "staff": ("department",)}
"""Those of them that place somebody: what they see goes with it."""


@hook(of=_DECIDES)
async def before_save(record_type: RecordType, old: Mapping[str, Any] | None, new: MutableMapping[str, Any]) -> None:
    if old is None or all(old[key] == new[key] for key in _DECIDES[record_type.key]):
        return
    try:
        if any(old[key] != new[key] for key in _PLACES[record_type.key]):
            await place_people()
        else:
            await rights_changed()
        if record_type.key == "department":
            await check_reporting_line(old["id"], new["parent"])
            if old["active"] and not new["active"]:
                await check_unused(old["id"])
    except DougongError:
        raise
    except Exception as err:
        raise Unavailable from err


@hook(of=_DECIDES)
async def record_changed(record_type: RecordType, verb: str, ids: Sequence[int]) -> None:
    try:
        if verb != "update":
            await rights_changed()
        elif record_type.key == "staff":
            await sign_out_who_left(ids)
    except DougongError:
        raise
    except Exception as err:
        raise Unavailable from err
