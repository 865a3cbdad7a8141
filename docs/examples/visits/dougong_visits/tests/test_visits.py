"""Completing a visit, on both databases."""

from __future__ import annotations

import datetime as dt

import pytest
import pytest_asyncio

from dougong.access.principal import acting_as
from dougong.errors import Forbidden, Invalid
from dougong.jobs.steps import NOBODY
from dougong.records import desk
from dougong.testing import open_world
from dougong_customers.api import Customer, Interaction
from dougong_visits.jobs import cancel_forgotten_visits
from dougong_visits.reports import visits_due
from dougong_visits.tables import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOMORROW = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(module_database_url, tmp_path_factory):
    async with open_world(module_database_url, tmp_path_factory.mktemp("world"), ["visits"]) as opened:
        yield opened


async def planned(customer):
    return await desk.create(Visit, {"purpose": "看现场", "customer": customer.id, "planned_for": TOMORROW})


async def test_completing_a_visit_writes_down_what_came_of_it_on_the_customer(world):
    async with world.acting("wangfang"):
        customer = await desk.create(Customer, {"name": "拜访一厂"})
        visit = await planned(customer)
    async with world.client("wangfang") as http:
        done = await http.post(
            f"/api/v1/visits/{visit.id}/complete-visit", json={"outcome": "谈妥了", "next_step": "送合同"}
        )
        assert done.status_code == 200, done.text
        assert done.json()["state"] == "done"
    async with world.acting("lilei"):
        said = await Interaction.select().where(Interaction.customer == customer.id).first()
    assert (said["kind"], said["text"], said["next_step"]) == ("visit", "谈妥了", "送合同")
    assert said["owner"] == world.staff["wangfang"]


async def test_a_visit_is_completed_once(world):
    async with world.acting("wangfang"):
        before = await Interaction.count()
        visit = await planned(await desk.create(Customer, {"name": "拜访二厂"}))
        await desk.move(visit, "cancelled")
    async with world.client("wangfang") as http:
        assert (await http.post(f"/api/v1/visits/{visit.id}/complete-visit", json={"outcome": "无"})).status_code in (
            404,
            409,
        )
    async with world.acting("wangfang"):
        assert await Interaction.count() == before


async def test_a_visit_needs_a_customer_and_a_time(world):
    async with world.acting("wangfang"):
        with pytest.raises(Invalid) as refused:
            await desk.create(Visit, {"purpose": "无"})
    assert {p.field for p in refused.value.problems} == {"customer", "planned_for"}


async def test_only_managers_delete_visits(world):
    async with world.acting("wangfang"):
        visit = await planned(await desk.create(Customer, {"name": "拜访三厂"}))
        with pytest.raises(Forbidden):
            await desk.remove(visit)
    async with world.acting("lilei"):
        await desk.remove(visit)


async def test_a_visit_that_is_due_stands_on_the_home_page(world):
    async with world.client("wangfang") as http:
        await http.post("/api/v1/customers", json={"name": "拜访四厂"})
    async with world.acting("wangfang"):
        customer = await Customer.objects().where(Customer.name == "拜访四厂").first()
        await planned(customer)
        assert "拜访四厂" in {row.label for row in await visits_due()}


async def test_a_visit_nobody_made_is_cancelled_after_a_month_and_those_still_to_come_are_not(world):
    async with world.acting("wangfang"):
        customer = await desk.create(Customer, {"name": "拜访五厂"})
        visit, other = await planned(customer), await planned(customer)
        await desk.move(other, "done", values={"outcome": "谈妥了"})
    day = TOMORROW.date()
    with acting_as(NOBODY):
        await cancel_forgotten_visits(day + dt.timedelta(days=29))
        assert await state_of(world, visit, other) == ["planned", "done"]
        await cancel_forgotten_visits(day + dt.timedelta(days=32))
    assert await state_of(world, visit, other) == ["cancelled", "done"]


async def state_of(world, *visits):
    async with world.acting("wangfang"):
        rows = await Visit.select(Visit.id, Visit.state)
    states = {row["id"]: row["state"] for row in rows}
    return [states[visit.id] for visit in visits]
