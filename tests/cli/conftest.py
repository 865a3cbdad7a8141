"""What tests of commands share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copied(database: str) -> str:
    """A database of this kind that can be copied out and back; on PostgreSQL by its client programs."""
    if database == "postgres" and not (
        shutil.which("pg_dump") or list(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    ):
        pytest.skip("pg_dump is not installed")
    return database
