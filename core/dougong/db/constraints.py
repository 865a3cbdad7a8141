"""Which rule of the database a refused write broke, the same words for both databases."""

from __future__ import annotations

import sqlite3

from asyncpg import exceptions as pg

__all__ = ["constraint_broken"]


def constraint_broken(err: BaseException) -> str:
    """The kind of rule: "reference", "unique", or "" for anything else."""
    if isinstance(err, pg.ForeignKeyViolationError | pg.RestrictViolationError):
        return "reference"
    if isinstance(err, pg.UniqueViolationError):
        return "unique"
    if isinstance(err, sqlite3.IntegrityError):
        text = str(err)
        return "reference" if "FOREIGN KEY" in text else "unique" if "UNIQUE" in text else ""
    return ""
