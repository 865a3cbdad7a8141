"""The application of the tests: the sample company behind HTTP, to ask as a program or as a browser.

A test takes `company`; a test without an event loop of its own takes `reception`. Both stand on a database of their own,
once for each module and database: a copy of one that was founded once.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.builtin import core
from dougong.people import passwords, sign_in
from dougong.people.tables import Session, User
from dougong.plugin.discovery import discover
from dougong.plugin.snapshot import current_snapshot
from dougong.testing.fixtures import Furnished
from dougong.testing.world import World, enter_world, open_world
from dougong.web.app import build_app

__all__ = ["PEOPLE", "PLUGINS", "Company", "Reception", "company", "open_company", "reception"]

PEOPLE = ("admin", "wangfang", "lilei", "zhaomin")
HOST = "dougong.test"
PASSWORD = "门前大桥下游过一群鸭"
A = TypeVar("A")


def installed_plugins() -> Sequence[str]:
    """Every plugin of this environment, core left out."""
    return [loaded.name for loaded in discover(core).working if loaded.name != core.name]


PLUGINS = installed_plugins()


@dataclass(frozen=True)
class Company:
    """The sample company with every installed plugin on and its samples in, and the application that serves it."""

    world: World
    app: Any

    @asynccontextmanager
    async def program(self, who: str) -> AsyncIterator[httpx.AsyncClient]:
        """Comes in with a token."""
        async with self.world.acting("admin"):
            token = await sign_in.create_token(self.world.users[who])
        async with self.anybody() as client:
            client.headers["Authorization"] = f"Bearer {token}"
            yield client

    @asynccontextmanager
    async def browser(self, who: str) -> AsyncIterator[httpx.AsyncClient]:
        """Signed in by name and password: a session cookie, and the token that every writing request carries."""
        hashed = await passwords.hash_of(PASSWORD)
        with acting_as(system(_WHY)):
            await User.update({User.password: hashed, User.must_change_password: False}).where(
                User.id == self.world.users[who]
            )
        async with self.anybody() as client:
            answer = await client.post("/sign-in", data={"user": who, "password": PASSWORD})
            assert answer.status_code == 303, answer.text
            with acting_as(system(_WHY)):
                rows = (
                    await Session.select(Session.csrf).where(Session.user == self.world.users[who]).order_by(Session.id)
                )
            client.headers["X-CSRF-Token"] = rows[-1]["csrf"]
            yield client

    @asynccontextmanager
    async def anybody(self) -> AsyncIterator[httpx.AsyncClient]:
        """Comes in from the street."""
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            yield client


_WHY = "let the browser of the tests in"


@asynccontextmanager
async def open_company(database_url: str, directory: Path, plugins: Sequence[str] = PLUGINS) -> AsyncIterator[Company]:
    """The sample company on an empty database, with its application; closed at the end."""
    async with open_world(database_url, directory, plugins) as world:
        async with world.acting("admin"):
            for sample in current_snapshot().samples:
                await sample()
        yield _served(world)


async def found_company(database_url: str) -> None:
    """What `furnished` copies for each module."""
    with TemporaryDirectory() as directory:
        async with open_company(database_url, Path(directory)):
            pass


@asynccontextmanager
async def enter_company(database_url: str, directory: Path) -> AsyncIterator[Company]:
    """The company in a database where it was founded."""
    async with enter_world(database_url, directory) as world:
        yield _served(world)


def _served(world: World) -> Company:
    app: Any = build_app(world.house.config, house=world.house)
    app.app.state.house = world.house
    return Company(world, app)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def company(
    module_database: str, furnished: Furnished, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Company]:
    """For asynchronous tests, which run in the module's loop: `pytestmark = pytest.mark.asyncio(loop_scope="module")`."""
    async with (
        furnished(module_database, found_company) as url,
        enter_company(url, tmp_path_factory.mktemp("company")) as opened,
    ):
        yield opened


# ---------------------------------------------------------------------- for tests without a loop


class Reception:
    """The company in a thread of its own, for code that waits for its answers: generators of requests, properties."""

    def __init__(self, database: AbstractAsyncContextManager[str], directory: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="company", daemon=True)
        self._stack = AsyncExitStack()
        self._database, self._directory = database, directory
        self._clients: dict[str, httpx.AsyncClient] = {}

    def open(self) -> None:
        self._thread.start()
        url = self.wait(self._stack.enter_async_context(self._database))
        self.company: Company = self.wait(self._stack.enter_async_context(enter_company(url, self._directory)))
        for who in PEOPLE:
            self._clients[who] = self.wait(self._stack.enter_async_context(self.company.program(who)))

    def close(self) -> None:
        try:
            self.wait(self._stack.aclose())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def wait(self, work: Coroutine[Any, Any, A]) -> A:
        """Run in the company's loop and wait for what comes of it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def ask(self, who: str, method: str, path: str, **options: Any) -> httpx.Response:
        """One request with this person's token."""
        return self.wait(self._clients[who].request(method, path, **options))

    def client(self, who: str) -> httpx.AsyncClient:
        """This person's program, for a coroutine that `wait` runs."""
        return self._clients[who]

    def headers(self, who: str) -> Mapping[str, str]:
        return dict(self._clients[who].headers)


@pytest.fixture(scope="module")
def reception(
    request: pytest.FixtureRequest,
    module_database: str,
    furnished: Furnished,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Reception]:
    """For tests that are no coroutines."""
    if module_database == "postgres":
        request.getfixturevalue("postgres_server")  # started here: it ends with the thread that started it
    opened = Reception(furnished(module_database, found_company), tmp_path_factory.mktemp("company"))
    opened.open()
    try:
        yield opened
    finally:
        opened.close()
