"""Fixtures for the tests of core, of every plugin and of a partner's plugins.

pytest finds this module by its entry point, so it must stay light: it is imported by every pytest run
in an environment that has dougong.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from pathlib import Path

import asyncpg
import pytest

from .chromium import ChromiumMissing, find_chromium
from .groups import GroupAccount, skip_group
from .servers import ServerMissing, postgres_cluster

DATABASES = ["sqlite", "postgres"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="the same properties, at their full counts")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(GroupAccount(), "dougong-groups")


@pytest.fixture(scope="session")
def rounds(pytestconfig: pytest.Config) -> Callable[..., int]:
    """How often to try a property: `rounds(60, deep=3000)`."""
    is_deep = pytestconfig.getoption("deep")
    return lambda usual, *, deep: deep if is_deep else usual


@pytest.fixture(scope="session")
def chromium() -> str | None:
    """The browser to start, for Playwright's `executable_path`; see `dougong.testing.chromium`."""
    try:
        return find_chromium()
    except ChromiumMissing as missing:
        skip_group("browser", str(missing))


# Databases -----------------------------------------------------------------------------------

FreshDatabase = Callable[[str], AbstractContextManager[str]]


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Runs the test once on each: "sqlite" and "postgres"."""
    return str(request.param)


@pytest.fixture
def database_url(database: str, fresh_database: FreshDatabase) -> Iterator[str]:
    """A new, empty database for one test, as `open_database` takes it."""
    with fresh_database(database) as url:
        yield url


@pytest.fixture(scope="module", params=DATABASES)
def module_database(request: pytest.FixtureRequest) -> str:
    """As `database`, for fixtures and tests that share one database through a module."""
    return str(request.param)


@pytest.fixture(scope="module")
def module_database_url(module_database: str, fresh_database: FreshDatabase) -> Iterator[str]:
    """A new, empty database for the tests of one module."""
    with fresh_database(module_database) as url:
        yield url


@pytest.fixture(scope="session")
def fresh_database(request: pytest.FixtureRequest) -> FreshDatabase:
    """Makes an empty database of a kind ("sqlite", "postgres"), for a block.

    Starts the PostgreSQL server when it is first needed; without one the test is skipped.
    """

    def fresh(kind: str) -> AbstractContextManager[str]:
        if kind == "sqlite":
            return sqlite_database(request.getfixturevalue("sqlite_place"))
        return postgres_database(request.getfixturevalue("postgres_server"))

    return fresh


Furnished = Callable[[str, Callable[[str], Awaitable[object]]], AbstractAsyncContextManager[str]]


@pytest.fixture(scope="session")
def furnished(request: pytest.FixtureRequest) -> Furnished:
    """A database of a kind that was furnished once, by a coroutine that takes its URL, and is copied for each block.

    For tests that each need a database of their own with the same things in it: a copy costs a fraction.
    """
    models: dict[tuple[str, Callable[[str], Awaitable[object]]], str] = {}

    @asynccontextmanager
    async def copied(kind: str, furnish: Callable[[str], Awaitable[object]]) -> AsyncIterator[str]:
        server = request.getfixturevalue("postgres_server") if kind == "postgres" else ""
        if (kind, furnish) not in models:
            # It stays till the server and the directory of the files go.
            model = new_postgres(server) if server else new_sqlite(request.getfixturevalue("sqlite_place"))
            await furnish(model)
            models[kind, furnish] = model
        with copy_of(models[kind, furnish], server) as url:
            yield url

    return copied


@pytest.fixture(scope="session")
def sqlite_place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of the SQLite files."""
    return tmp_path_factory.mktemp("sqlite")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a throw-away PostgreSQL server's own database."""
    with ExitStack() as running:
        try:
            url = running.enter_context(postgres_cluster())
        except ServerMissing as missing:
            skip_group("PostgreSQL", str(missing))
        yield url


@contextmanager
def sqlite_database(place: Path) -> Iterator[str]:
    url = new_sqlite(place)
    yield url
    file = Path(url.removeprefix("sqlite:///"))
    for part in place.glob(f"{file.name}*"):
        part.unlink()


def new_sqlite(place: Path) -> str:
    return f"sqlite:///{place / secrets.token_hex(8)}.sqlite"


@contextmanager
def postgres_database(server: str, template: str = "template1") -> Iterator[str]:
    url = new_postgres(server, template)
    yield url
    run_on(server, f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


def new_postgres(server: str, template: str = "template1") -> str:
    name = f"test_{secrets.token_hex(8)}"
    run_on(server, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return f"{server.rpartition('/')[0]}/{name}"


@contextmanager
def copy_of(model: str, server: str = "") -> Iterator[str]:
    """A copy of a database that nobody is connected to; `server` where it is one of PostgreSQL."""
    if server:
        with postgres_database(server, template=model.rpartition("/")[2]) as url:
            yield url
        return
    original = Path(model.removeprefix("sqlite:///"))
    with sqlite_database(original.parent) as url:
        shutil.copyfile(original, url.removeprefix("sqlite:///"))
        yield url


def run_on(server: str, statement: str) -> None:
    """Run one statement, from a thread of its own: the caller's may have an event loop."""

    async def run() -> None:
        connection = await asyncpg.connect(server)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()
