"""Calls hooks: every plugin's function for itself, none able to stop the work or the others."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import pluggy

from dougong.db import current_transaction, transaction
from dougong.errors import DougongError
from dougong.plugin import hookspecs
from dougong.plugin.budget import alarm, within
from dougong.plugin.failures import is_left_alone, record_failure

if TYPE_CHECKING:
    from pluggy._hooks import HookImpl

    from dougong.plugin.manifest import Plugin

__all__ = ["HookCaller", "check_hooks"]

BUDGET = 5.0
"""Seconds one function may take in all."""
STEP = 2.0
"""Seconds it may block the process without waiting for anything."""


def check_hooks(plugin: Plugin) -> None:
    """PluginValidationError when a hook is unknown, takes arguments its hook doesn't have, or wraps the others."""
    manager = _manager([plugin])
    manager.check_pending()
    for name, implementations in _implementations(manager).items():
        for implementation in implementations:
            if implementation.wrapper or implementation.hookwrapper:
                module = implementation.plugin
                raise pluggy.PluginValidationError(module, f"{_name(module)}.{name}: hooks can't wrap each other")


class HookCaller:
    """The hooks of one snapshot's plugins, those of a plugin after those of what it needs. Never changes."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._owners = {id(module): plugin for plugin in plugins for module in plugin.hooks}
        self._functions = _implementations(_manager(plugins))
        self._concerned: dict[tuple[str, str], list[HookImpl]] = {}

    def has(self, name: str, key: str = "") -> bool:
        """Whether any plugin has something to say of records of this type; without a key, of those of every type."""
        return bool(self._about(name, key))

    async def call(self, name: str, **arguments: Any) -> list[Any]:
        """What the functions answered, without the Nones. Raises what a function raises for people (DougongError)."""
        key = getattr(arguments.get("record_type"), "key", "")
        answers = [await self._ask(function, name, arguments) for function in self._about(name, key)]
        return [answer for answer in answers if answer is not None]

    def _about(self, name: str, key: str) -> list[HookImpl]:
        """The functions that want to hear of records of this type; nothing is prepared for the others."""
        if (name, key) not in self._concerned:
            self._concerned[name, key] = [f for f in self._functions[name] if _is_about(f, key)]
        return self._concerned[name, key]

    async def _ask(self, function: HookImpl, name: str, arguments: dict[str, Any]) -> Any:
        plugin = self._owners[id(function.plugin)]
        if is_left_alone(plugin.name):
            return None
        before = {key: dict(value) for key, value in arguments.items() if isinstance(value, MutableMapping)}
        try:
            return await _run(function, arguments)
        except (DougongError, KeyboardInterrupt, GeneratorExit):
            raise
        # A stranger's code: whatever it raises, the work it was called for goes on.
        except BaseException as err:
            if isinstance(err, asyncio.CancelledError) and _is_cancelled():
                raise
            for key, value in before.items():
                arguments[key].clear()
                arguments[key].update(value)
            record_failure(plugin.name, name, err, _name(function.plugin).partition(".")[0])
            return None


async def _run(function: HookImpl, arguments: dict[str, Any]) -> Any:
    values = [arguments[name] for name in function.argnames]
    if not inspect.iscoroutinefunction(function.function):
        with alarm(STEP):
            return function.function(*values)
    async with _undoable():
        return await within(BUDGET, function.function(*values), step=STEP)


def _is_cancelled() -> bool:
    """Whether it is the caller who is to stop, not the hook that made it up."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _undoable() -> AbstractAsyncContextManager[Any]:
    """A savepoint where there is a transaction: a failed statement would otherwise end all of it on PostgreSQL."""
    return transaction() if current_transaction() else nullcontext()


def _is_about(function: HookImpl, key: str) -> bool:
    subjects = hookspecs.subjects_of(function.function)
    return not subjects or key in subjects


def _name(module: object) -> str:
    return str(getattr(module, "__name__", module))


def _manager(plugins: Sequence[Plugin]) -> pluggy.PluginManager:
    manager = pluggy.PluginManager("dougong")
    manager.add_hookspecs(hookspecs)
    # pluggy calls the last registered first.
    for plugin in reversed(plugins):
        for module in reversed(plugin.hooks):
            manager.register(module, f"{plugin.name}:{module.__name__}")
    return manager


def _implementations(manager: pluggy.PluginManager) -> dict[str, list[HookImpl]]:
    return {name: list(reversed(getattr(manager.hook, name).get_hookimpls())) for name in _NAMES}


_NAMES = [name for name, function in vars(hookspecs).items() if hasattr(function, "dougong_spec")]
