"""What the tests of core and of every plugin share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dougong.testing.contract import PluginContract
    from dougong.testing.world import World, open_world

__all__ = ["PluginContract", "World", "open_world"]

_PLACES = {"PluginContract": "contract", "World": "world", "open_world": "world"}


def __getattr__(name: str) -> Any:
    """Found when asked for: pytest imports this package in every run, also where nothing of it is used."""
    if name not in _PLACES:
        raise AttributeError(name)
    from importlib import import_module

    import pytest

    module = f"{__name__}.{_PLACES[name]}"
    pytest.register_assert_rewrite(module)
    return getattr(import_module(module), name)
