"""The build hook that puts the browser assets into every wheel, sdist and editable install.

Node 20 or newer from PATH is used where there is one, else the wheel of Node that PyPI carries, so
nobody needs Node to install or to develop. Assets that are already those of the sources, as in an
sdist, are left alone. `DOUGONG_NODE=wheel` uses the wheel even where Node is on PATH.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# hatchling loads this file by its path, with nothing beside it importable
sys.path.insert(0, str(Path(__file__).parent))

from build_assets import (
    NODE_WHEEL,
    assets_of,
    build,
    is_built,
    node_from_wheel,
    node_on_path,
)


class AssetsHook(BuildHookInterface[Any]):
    """What hatchling calls."""

    def dependencies(self) -> list[str]:
        return [NODE_WHEEL] if self.is_wanted and not node_on_path() else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.is_wanted:
            build(assets_of(Path(self.root)), node_on_path() or node_from_wheel())

    @property
    def is_wanted(self) -> bool:
        """`./dev` builds by itself after the installation, unless there is no Node."""
        return os.environ.get("DOUGONG_ASSETS") != "later" and not is_built(assets_of(Path(self.root)))
