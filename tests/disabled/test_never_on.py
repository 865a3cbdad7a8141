"""A plugin that is installed and was never switched on has no tables: nothing of the house may ask for them."""

from __future__ import annotations

import pytest

from dougong.access.policies import guarded_types
from dougong.people.services import add_department, add_staff, merge_department
from dougong.people.tables import Staff
from dougong.plugin.snapshot import current_snapshot
from dougong.plugin.uses import uses_of
from dougong.records import desk
from dougong.testing import open_world


@pytest.fixture
async def world(database_url, tmp_path):
    """With customers on; visits, which is installed beside, was never."""
    async with open_world(database_url, tmp_path, ["customers"]) as opened:
        assert "visit" in {record.key for record in guarded_types()}
        assert "visits" not in current_snapshot().plugins
        yield opened


async def test_departments_merge_and_choices_are_counted_beside_a_plugin_that_was_never_on(world):
    async with world.acting("admin"):
        here, there = await add_department("甲部"), await add_department("乙部")
        person = await add_staff("样例职员", here.id)
        await merge_department(here, there)
        assert (await desk.get(Staff, person.id)).department == there.id
        for lookup in current_snapshot().lookups:
            await uses_of(lookup)
