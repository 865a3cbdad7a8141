"""Behaviour a plugin can add. Mark a function of the same name with `@hook` in a module named in `Plugin.hooks`.

Take only the arguments you use. A function may be `def` or `async def`; `def` is enough, and cheaper, where nothing is
read. A hook runs as the person who is acting. One that fails or takes too long is undone, recorded on the plugin page
and passed over: the work it was called for goes on, as if the plugin had no such hook.
"""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from dougong.access.principal import Principal
    from dougong.records.types import RecordType

__all__ = ["before_save", "hook", "record_changed"]

_spec = pluggy.HookspecMarker("dougong")
hook = pluggy.HookimplMarker("dougong")


@_spec
async def before_save(
    record_type: RecordType, old: Mapping[str, Any] | None, new: MutableMapping[str, Any], principal: Principal
) -> None:
    """Look at a record about to be written, complete it, or refuse it.

    `old` is None for a new record. Both mappings hold stored values by column name; `new` may be changed in place.
    Raise Invalid to name wrong fields, Refused when the state of things forbids it: nothing is written then.
    """


@_spec
async def record_changed(record_type: RecordType, verb: str, ids: Sequence[int], batch: str) -> None:
    """Records were written: react in the same transaction.

    Called once for a whole set. `verb` is "create", "change", "remove" or "move"; `batch` is the change-log batch that
    what is written here joins.
    """
