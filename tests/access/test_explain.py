"""Why somebody may or may not: each rule alone is named, and the answer is the gate's and the desk's."""

from __future__ import annotations

import pytest

from dougong.access.explain import explain
from dougong.access.principal import acting_as


@pytest.fixture
async def office(house):
    """Me and a colleague of one department, others elsewhere, nobody with a role yet."""
    for name, parent in [("head office", None), ("sales", "head office"), ("team", "sales"), ("store", "head office")]:
        await house.department(name, parent)
    for name, department in [("me", "sales"), ("colleague", "sales"), ("below", "team"), ("stranger", "store")]:
        await house.person(name, department)
    return house


async def rules(office, who, kind, record_id, action="read", field=""):
    """Whether, and the names of the rules."""
    with acting_as(await office.as_("root")):
        found = await explain(office.types[kind], record_id, office.users[who], action, field)
    return found.allowed, [reason.rule for reason in found.reasons]


async def test_a_record_of_ones_own(office):
    await office.give("me", await office.role("sales", {("deal", "read"): ["own"]}))
    assert await rules(office, "me", "deal", await office.deal_of("me")) == (True, ["own"])
