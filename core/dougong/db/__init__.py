"""The database: one engine in use, every statement through the gate."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dougong.db import registry
from dougong.db.registry import engine, forget, tables, use
from dougong.db.transactions import Transaction, after_commit, current_transaction, reading, transaction

if TYPE_CHECKING:
    from piccolo.querystring import QueryString

    from dougong.db.connections import Engine
    from dougong.db.migrations import Step, migrate
    from dougong.db.schema import grow_schema

__all__ = [
    "Step",
    "Transaction",
    "after_commit",
    "close_database",
    "current_transaction",
    "engine",
    "fetch",
    "forget",
    "grow_schema",
    "migrate",
    "open_database",
    "reading",
    "tables",
    "transaction",
    "use",
]


# These stand on the gate, and the gate on this package's list of tables: they load when asked for.
_LATER = {
    "Step": "dougong.db.migrations",
    "grow_schema": "dougong.db.schema",
    "migrate": "dougong.db.migrations",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


async def open_database(url: str, *, pool: int | None = None) -> Engine:
    """Open a database and put it in use.

    `sqlite:///relative`, `sqlite:////absolute` or `postgresql://user:password@host:port/name`;
    `pool` bounds the connections. Raises `ValueError` for another kind of address and
    `Unavailable` when the database can't be reached.
    """
    from dougong.db.postgres import Postgres
    from dougong.db.sqlite import SQLite

    scheme = urlsplit(url).scheme
    opened: SQLite | Postgres
    if scheme == "sqlite" and url.startswith("sqlite:///"):
        opened = SQLite(url.removeprefix("sqlite:///"), pool=pool)
    elif scheme in ("postgresql", "postgres"):
        opened = Postgres(url, pool=pool)
    else:
        raise ValueError(f"not a database address: {scheme or url!r} (sqlite:///… or postgresql://…)")
    await opened.open()
    use(opened)
    return opened


async def close_database(opened: Engine) -> None:
    """Close all connections; take the engine out of use if it is the one in use."""
    await opened.close()
    if registry.in_use() is opened:
        use(None)


async def fetch(querystring: QueryString) -> list[dict[str, Any]]:
    """Run a statement of core's own as whoever is acting, cleared or not."""
    in_use = engine()
    rows = await in_use.run_querystring(querystring)
    return [dict(row) for row in rows]
