"""One real server with the sample company, and a real browser for its people.

The server is the demo as anybody starts it. It lives as long as the group; each module starts a browser of its own,
because Playwright's loop may not stay open while other modules run theirs.
"""

from __future__ import annotations

import importlib.util
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dougong.testing.chromium import LAUNCH_ARGUMENTS
from dougong.testing.servers import free_port

from .watch import Watch

PASSWORD = "门前大桥下游过一群鸭"
DESK, PHONE, SMALL_PHONE = (1440, 900), (390, 844), (360, 800)
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
NO_MOTION = "reduce"  # what moves can't be looked at twice


@dataclass
class Server:
    """A running demo: where it is, its data, who comes in with what, and the cookies of those who did."""

    url: str
    data: Path
    passwords: dict[str, str]
    signed_in: dict[str, Any] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.data / "dougong.sqlite"


@pytest.fixture(scope="session")
def server(chromium, tmp_path_factory) -> Iterator[Server]:
    data, port = tmp_path_factory.mktemp("company") / "data", free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DOUGONG_")}
    command = [sys.executable, "-m", "dougong", "demo", "--data", str(data), "--port", str(port), "--lang", "en"]
    program = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        yield Server(f"http://127.0.0.1:{port}", data, read_passwords(program))
    finally:
        program.send_signal(signal.SIGTERM)
        try:
            program.wait(10)
        finally:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
            program.wait()
            program.stdout.close()


def read_passwords(program: subprocess.Popen[str]) -> dict[str, str]:
    """What the demo prints until it is ready."""
    said = ""
    for line in program.stdout:
        said += line
        if line.startswith("READY"):
            found = dict(re.findall(r"Sample sign-in: (\S+)\s+password: (\S+)", said))
            return found | {"admin": re.search(r"One-time password: (\S+)", said)[1]}
    pytest.fail(said)


@pytest.fixture(scope="module")
def playwright(chromium) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright, chromium) -> Iterator[Any]:
    opened = playwright.chromium.launch(executable_path=chromium, args=LAUNCH_ARGUMENTS)
    try:
        yield opened
    finally:
        opened.close()


class Reception:
    """Gives people a window of their own: `with reception.window("admin", lang="en") as page`."""

    def __init__(self, server: Server, browser: Any) -> None:
        self.server = server
        self.browser = browser

    @contextmanager
    def window(
        self, who: str | None, *, lang: str = "zh", size: tuple[int, int] = DESK, scripts: bool = True, **more: Any
    ) -> Iterator[Any]:
        """A page with empty caches, signed in. What goes wrong in it stands in `page.watch`, and fails the test at the end."""
        context = self.browser.new_context(
            base_url=self.server.url,
            viewport={"width": size[0], "height": size[1]},
            locale=LANGUAGES[lang],
            timezone_id="Asia/Shanghai",
            reduced_motion=NO_MOTION,
            storage_state=self.state_of(who) if who else None,
            java_script_enabled=scripts,
            **more,
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.watch = Watch(page)
        try:
            yield page
            assert page.watch.faults == []
        finally:
            context.close()

    def state_of(self, who: str) -> Any:
        """The cookies of a person, who signs in by the form the first time."""
        if who not in self.server.signed_in:
            with self.window(None) as page:
                page.goto("/sign-in")
                sign_in(page, who, self.server.passwords[who])
                if page.url.endswith("/password"):
                    page.fill("[name=current]", self.server.passwords[who])
                    page.fill("[name=new]", PASSWORD)
                    page.fill("[name=again]", PASSWORD)
                    page.click("button.pri")
                    page.wait_for_url("**/")
                    self.server.passwords[who] = PASSWORD
                self.server.signed_in[who] = page.context.storage_state()
        return self.server.signed_in[who]


def sign_in(page: Any, who: str, password: str) -> None:
    page.fill("[name=user]", who)
    page.fill("[name=password]", password)
    with page.expect_navigation():
        page.click("form[action='/sign-in'] button, button.pri")


@pytest.fixture(scope="module")
def reception(server, browser) -> Reception:
    return Reception(server, browser)


@pytest.fixture(scope="module")
def axe() -> str:
    """The program that reads a page for those who see, hear or point differently."""
    found = importlib.util.find_spec("axe_playwright_python")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
