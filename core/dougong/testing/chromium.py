"""The browser that tests drive: Chromium on PATH, else Debian's package, else Playwright's own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

__all__ = ["LAUNCH_ARGUMENTS", "ChromiumMissing", "find_chromium"]

PROGRAMS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
CHINESE_FONTS = "fonts-noto-cjk"

# Quiet and reproducible: nothing leaves the machine, and root may run it.
LAUNCH_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


class ChromiumMissing(Exception):
    """This machine has no Chromium and none can be installed; the text says why."""


@cache
def find_chromium() -> str | None:
    """The program to start, with fonts that show Chinese; None means Playwright's own.

    As root on Debian what is missing is installed.

    Raises: ChromiumMissing.
    """
    program = on_path()
    wanted = ([] if program else ["chromium"]) + ([] if shows_chinese() else [CHINESE_FONTS])
    if wanted:
        install(wanted)
    program = program or on_path()
    if program is None and not playwright_has_its_own():
        raise ChromiumMissing("no Chromium on PATH: install the package chromium, or run `playwright install chromium`")
    return program


def on_path() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def shows_chinese() -> bool:
    """Fonts are installed by us only where Debian's tools can say that they are missing."""
    if not shutil.which("fc-list"):
        return not can_install()
    listed = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, check=False)
    return bool(listed.stdout.strip())


def can_install() -> bool:
    return sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: list[str]) -> None:
    """Try; what then is still missing is the caller's to find out."""
    if not can_install():
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update"], ["apt-get", "install", "-y", "--no-install-recommends", *packages]):
        subprocess.run(command, env=environment, capture_output=True, check=False)


def playwright_has_its_own() -> bool:
    from playwright.sync_api import Error, sync_playwright

    with contextlib.suppress(Error), sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()
    return False
