"""A change based on an older version is refused, and a program is told what differs; never a field it may not see."""

from __future__ import annotations

import pytest

from dougong.access.services import matrix, roles_of, set_fields
from dougong.testing.app import Company

pytestmark = pytest.mark.asyncio(loop_scope="module")
SEEN = {"if-match": "1"}


async def test_the_refusal_names_the_fields_that_differ(company: Company) -> None:
    async with company.program("wangfang") as mine, company.program("admin") as other:
        made = (await mine.post("/api/v1/customers", json={"name": "程序一号有限公司", "city": "上海"})).json()
        path = f"/api/v1/customers/{made['id']}"
        changed = await other.patch(path, json={"city": "杭州", "address": "一号", "founded": 1998}, headers=SEEN)
        assert changed.status_code == 200, changed.text
        late = await mine.patch(path, json={"city": "宁波", "phone": "0571-1"}, headers=SEEN)
        now = (await mine.get(path)).json()
    assert late.status_code == 412
    told = late.json()
    assert (told["version"], now["version"], now["city"]) == (2, 2, "杭州")
    found = {d["field"]: d for d in told["changed"]}
    assert set(found) == {"city", "address", "founded"}
    city = found["city"]
    assert (city["original"], city["theirs"], city["yours"]) == ("上海", "杭州", "宁波")
    assert city["at"].endswith("Z")
    assert "yours" not in found["address"]
    assert found["founded"]["theirs"] == 1998


async def test_a_field_one_may_not_see_is_not_named(company: Company) -> None:
    async with company.world.acting("admin"):
        [sales] = [role.id for role in await roles_of(company.world.users["wangfang"])]
        kept = (await matrix(sales)).fields
        await set_fields(sales, {"customer.phone": "hidden"})
    try:
        async with company.program("wangfang") as mine, company.program("admin") as other:
            made = (await mine.post("/api/v1/customers", json={"name": "程序二号有限公司"})).json()
            path = f"/api/v1/customers/{made['id']}"
            await other.patch(path, json={"phone": "0571-886655", "city": "杭州"}, headers=SEEN)
            late = await mine.patch(path, json={"city": "宁波"}, headers=SEEN)
        assert late.status_code == 412
        assert [d["field"] for d in late.json()["changed"]] == ["city"]
        assert "886655" not in late.text
    finally:
        async with company.world.acting("admin"):
            await set_fields(sales, kept)


async def test_of_a_version_that_never_was_no_original_is_told(company: Company) -> None:
    async with company.program("wangfang") as mine:
        made = (await mine.post("/api/v1/customers", json={"name": "程序三号有限公司", "city": "上海"})).json()
        path = f"/api/v1/customers/{made['id']}"
        late = await mine.patch(path, json={"city": "宁波"}, headers={"if-match": "77"})
    assert late.status_code == 412
    [told] = late.json()["changed"]
    assert told == {"field": "city", "theirs": "上海", "yours": "宁波"}
