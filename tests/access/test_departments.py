"""The tree of departments decides who sees what, at any depth (COR-M1)."""

from __future__ import annotations

from dougong.access.principal import acting_as, system
from dougong.people.services import move_department
from dougong.people.tables import Department
from dougong.records import desk

BELOW = {("deal", "read"): ["below"]}


async def head(house, department, person):
    with acting_as(system("test")):
        found = await desk.get(Department, house.departments[department])
        await desk.change(found, {"head": house.staff[person] if person else None})


async def test_one_person_heading_four_branches_sees_all_four_and_everything_below(tree):
    await tree.person("mei", "company", await tree.role("below", BELOW))
    with acting_as(system("test")):
        await tree.department("desk", "company")
    await tree.person("li", "desk", await tree.role("below 2", BELOW))
    for branch in ("brand a", "brand b", "brand c", "brand d"):
        await head(tree, branch, "li")
    assert await tree.names("li") == {"brand a", "brand b", "brand c", "brand d", "a east", "d west", "a east shop"}
    principal = await tree.as_("li")
    assert set(principal.departments) == {
        tree.departments[d] for d in ("desk", "brand a", "brand b", "brand c", "brand d")
    }


async def test_the_company_sees_five_levels_and_a_leaf_sees_itself(tree):
    role = await tree.role("below", BELOW)
    await tree.person("boss", "company", role)
    await tree.person("leaf", "a east shop", role)
    assert len(await tree.names("boss")) == 10
    assert await tree.names("leaf") == {"a east shop"}


async def test_a_person_who_stops_being_head_sees_less_on_the_next_request(tree):
    await tree.person("li", "south", await tree.role("below", BELOW))
    await head(tree, "north", "li")
    assert "a east shop" in await tree.names("li")
    await head(tree, "north", None)
    assert await tree.names("li") == {"south", "brand c", "brand d", "d west"}


async def test_moving_a_department_moves_what_is_seen(tree):
    await tree.person("li", "south", await tree.role("below", BELOW))
    assert "a east shop" not in await tree.names("li")
    with acting_as(system("test")):
        await move_department(await desk.get(Department, tree.departments["brand a"]), tree.departments["south"])
    assert {"brand a", "a east", "a east shop"} <= await tree.names("li")
