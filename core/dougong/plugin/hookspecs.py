"""Behaviour a plugin can add. Mark a function of the same name with `@hook` in a module named in `Plugin.hooks`.

Take only the arguments you use. Say which records it is about, `@hook(of="customer")`: for all others it is not even
called, and their saving stays as cheap as without it. A function may be `def` or `async def`; `def` is enough, and
cheaper, where nothing is read. A hook runs as the person who is acting. One that fails or takes too long is undone,
recorded on the plugin page and passed over: the work it was called for goes on, as if the plugin had no such hook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

import pluggy

if TYPE_CHECKING:
    from dougong.access.principal import Principal
    from dougong.records.types import RecordType

    Subject: TypeAlias = str | RecordType

__all__ = ["before_save", "hook", "record_changed", "subjects_of"]

_spec = pluggy.HookspecMarker("dougong")
_mark = pluggy.HookimplMarker("dougong")
_SUBJECTS = "dougong_subjects"
Function = TypeVar("Function", bound=Callable[..., Any])


@overload
def hook(function: Function) -> Function: ...


@overload
def hook(*, of: Subject | Iterable[Subject]) -> Callable[[Function], Function]: ...


def hook(
    function: Function | None = None, *, of: Subject | Iterable[Subject] = ()
) -> Function | Callable[[Function], Function]:
    """Mark a function as the plugin's own for the hook of the same name.

    `of` names the record type it is about, or several, by key or by declaration: `@hook(of="customer")`. Bare `@hook`
    is called for records of every type, those of plugins nobody has written yet included.
    """
    if function is None:
        subjects = frozenset(_key(subject) for subject in _listed(of))

        def marked(function: Function) -> Function:
            setattr(function, _SUBJECTS, subjects)
            return hook(function)

        return marked
    return _mark(function)


def subjects_of(function: Callable[..., Any]) -> frozenset[str]:
    """The keys of the record types a marked function is about; empty: of every type."""
    return getattr(function, _SUBJECTS, frozenset())


def _listed(of: Subject | Iterable[Subject]) -> Iterable[Subject]:
    return [of] if isinstance(of, str) or not isinstance(of, Iterable) else of


def _key(subject: Subject) -> str:
    return subject if isinstance(subject, str) else subject.key


@_spec
async def before_save(
    record_type: RecordType, old: Mapping[str, Any] | None, new: MutableMapping[str, Any], principal: Principal
) -> None:
    """Look at a record about to be written, complete it, or refuse it. Called once for each record.

    `old` is None for a new record. Both mappings hold stored values by column name; `new` may be changed in place.
    Raise Invalid to name wrong fields, Refused when the state of things forbids it: nothing is written then.
    """


@_spec
async def record_changed(record_type: RecordType, verb: str, ids: Sequence[int], batch: str) -> None:
    """Records were written: react in the same transaction.

    Called once for a whole set of one type. `verb` is "create", "update" or "remove"; `batch` is the change-log batch that
    what is written here joins.
    """
