"""What the tests of the API share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from dougong.db.connections import Engine


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Callable[[], AbstractContextManager[list[str]]]:
    """`with statements() as counted`: every statement that reaches the database inside the block."""
    run = Engine.run
    running: list[list[str]] = []

    async def counting(self: Engine, admission: Any) -> Any:
        for counted in running:
            counted.append(admission.sql)
        return await run(self, admission)

    monkeypatch.setattr(Engine, "run", counting)

    @contextmanager
    def count() -> Iterator[list[str]]:
        counted: list[str] = []
        running.append(counted)
        try:
            yield counted
        finally:
            running.remove(counted)

    return count
