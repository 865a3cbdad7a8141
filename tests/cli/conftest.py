"""What tests of commands share."""

from __future__ import annotations

import pytest

from dougong.backup import client_program
from dougong.testing.groups import skip_group


@pytest.fixture
def copied(database: str) -> str:
    """A database of this kind that can be copied out and back; on PostgreSQL by its client programs."""
    if database == "postgres" and client_program("pg_dump") is None:
        skip_group("PostgreSQL client programs", "pg_dump is not installed")
    return database
