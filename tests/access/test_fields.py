"""Fields a role hides or only shows: the most generous of the roles with a say decides."""

from __future__ import annotations

import pytest

from dougong.access.principal import acting_as, system
from dougong.access.services import set_fields

FIELD = "acc_deal.worth"


@pytest.fixture
async def office(house):
    await house.department("sales")
    await house.person("me", "sales")
    await house.make(house.types["deal"].table, name="d", worth=500, owner=house.staff["me"])
    return house


async def role(office, name, level, record="deal"):
    made = await office.role(name, {(record, "read"): ["own"]} if record == "deal" else {(record, "edit"): ["all"]})
    if level != "write":
        with acting_as(system("test")):
            await set_fields(made, {FIELD: level})
    return made


@pytest.mark.parametrize(
    ("levels", "best"),
    [
        (["hidden"], "hidden"),
        (["hidden", "hidden"], "hidden"),
        (["hidden", "read"], "read"),
        (["read", "read"], "read"),
        (["hidden", "write"], "write"),
        (["hidden", "read", "write"], "write"),
    ],
)
async def test_the_most_generous_role_decides(office, levels, best):
    await office.give("me", *[await role(office, f"r{i}", level) for i, level in enumerate(levels)])
    me = await office.as_("me")
    assert (FIELD in me.hidden, FIELD in me.readonly) == (best == "hidden", best == "read")
    with acting_as(me):
        [worth] = [row["worth"] for row in await office.types["deal"].table.select()]
    assert worth == (None if best == "hidden" else 500)


async def test_a_role_without_a_say_on_the_type_does_not_uncover_it(office):
    await office.give("me", await role(office, "hides", "hidden"), await role(office, "rooms", "write", "room"))
    assert FIELD in (await office.as_("me")).hidden


async def test_nothing_is_hidden_from_an_administrator(office):
    await office.give("me", await role(office, "hides", "hidden"), await office.standard("admin"))
    assert not (await office.as_("me")).hidden
