"""Why somebody took a step is told by nothing where the state itself is held back."""

from __future__ import annotations

from pathlib import Path

from dougong.access.principal import acting_as
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.history import history_of
from dougong.testing.contract.ground import reader
from dougong.testing.world import open_world


async def test_the_reason_of_a_step_is_held_back_with_the_state(database_url: str, tmp_path: Path) -> None:
    async with open_world(database_url, tmp_path, ["customers"]) as world:
        customer = current_snapshot().records["customer"]
        async with world.acting("admin"):
            made = await desk.create(customer.table, {"name": "宁波甬江塑机", "owner": world.staff["wangfang"]})
            made = await desk.move(made, "submitted")
            made = await desk.move(made, "draft", why="信用不够")
        with acting_as(reader(world, hidden=frozenset({"customer.state"}))):
            entries = await history_of(customer, int(made.id))
        assert [entry.verb for entry in entries] == ["create"]
        assert "信用不够" not in str(entries)
