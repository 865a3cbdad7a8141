"""Off means gone, on again means all there."""

from __future__ import annotations

from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.state import disable, enable
from dougong.records import desk
from dougong.testing.app import Company
from dougong.testing.contract.ground import Ground, together

__all__ = ["Switching"]


class Switching(Ground):
    @together
    async def test_switched_off_nothing_of_it_is_left_and_on_again_everything_is_there(self, company: Company) -> None:
        world = company.world
        async with world.acting("admin"):
            kept = {record: await self.made(record, world) for record in self.declared.records}
            needing = (await disable(self.plugin, cascade=True)).changed
            assert self.plugin not in current_snapshot().plugins
            assert not {record.key for record in kept} & set(current_snapshot().records)
            async with company.program("admin") as client:
                for record in kept:
                    assert (await client.get(f"/api/v1/{record.path}")).status_code == 404
            for name in [self.plugin, *needing]:
                await enable(name, cascade=True)
            for record, row in kept.items():
                assert (await desk.get(record.table, row.id)).version == row.version
