"""A manager sees the records of everyone below in the tree, at any depth, and nothing else: wherever records show (COR-M1).

A tree five deep in which one person heads four of five branches. What each person must see is worked out here, from the
tree and the owners alone, and compared with every way in: API, pages, search, look-up boxes, counts, history, tiles.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.access.services import assign_roles, roles
from dougong.people.services import account_named, add_department, add_staff, make_operator
from dougong.people.sign_in import create_token
from dougong.people.tables import Department
from dougong.records import desk
from dougong.testing.app import Company
from dougong.testing.world import open_world
from dougong.web.app import build_app

pytestmark = pytest.mark.asyncio(loop_scope="module")

REGIONS, SHOPS, CITIES = ("东", "西"), ("一", "二"), ("杭州", "宁波", "苏州")
BRANDS = ("甲", "乙", "丙", "丁", "戊")
"""The fifth is somebody else's."""
HEAD = "品牌总监"
CLERK = "甲东一店员"
REGION_HEAD = "乙东大区经理"
OUTSIDER = "门卫"


MANAGERS = (HEAD, REGION_HEAD)


@dataclass
class House:
    """The tree, its people and their customers, as they were entered."""

    company: Company
    parents: dict[int, int | None] = field(default_factory=dict)
    heads: dict[int, int | None] = field(default_factory=dict)
    departments: dict[str, int] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)
    works_in: dict[int, int] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    customers: dict[int, dict] = field(default_factory=dict)
    contacts: dict[int, int] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def due(self, who: str) -> set[int]:
        """The customers this person must see: their own; and a manager all from where they are or what they head, downwards."""
        me = self.staff[who]
        tops = {self.works_in[me], *(d for d, head in self.heads.items() if head == me)} if who in MANAGERS else set()
        return {
            number
            for number, customer in self.customers.items()
            if customer["owner"] == me or tops & set(self.upwards(customer["department"]))
        }

    def upwards(self, department: int | None) -> list[int]:
        line = []
        while department is not None:
            line.append(department)
            department = self.parents[department]
        return line

    async def department(self, name: str, parent: str | None) -> int:
        made = (await add_department(name, self.departments[parent] if parent else None)).id
        self.departments[name] = made
        self.parents[made] = self.departments[parent] if parent else None
        self.heads[made] = None
        return made

    async def person(self, name: str, department: str) -> int:
        made = (await add_staff(name, self.departments[department])).id
        self.staff[name] = made
        self.works_in[made] = self.departments[department]
        return made

    async def set_head(self, department: str, name: str | None) -> None:
        number = self.departments[department]
        self.heads[number] = self.staff[name] if name else None
        await desk.change(await desk.get(Department, number), {"head": self.heads[number]})

    async def let_in(self, name: str, account: str, role: str) -> None:
        from dougong.people.tables import Staff

        [number] = [line.id for line in await roles() if line.key == role]
        await make_operator(await desk.get(Staff, self.staff[name]), account, [number])
        self.users[name] = (await account_named(account)).user


async def build_tree(house: House) -> None:
    await house.department("集团", None)
    await house.department("营销中心", "集团")
    await house.department("综合部", "集团")
    for brand in BRANDS:
        await house.department(brand, "营销中心")
        for region in REGIONS:
            await house.department(f"{brand}{region}", brand)
            for shop in SHOPS:
                await house.department(f"{brand}{region}{shop}", f"{brand}{region}")
    for name in list(house.departments):
        if name != "综合部":
            await house.person(f"{name}店员", name)
    await house.person(HEAD, "综合部")
    await house.person(OUTSIDER, "综合部")
    await house.person(REGION_HEAD, "乙东")
    for brand in BRANDS[:4]:
        await house.set_head(brand, HEAD)
    await house.set_head("乙东", REGION_HEAD)
    await house.let_in(HEAD, "head", "manager")
    await house.let_in(REGION_HEAD, "region", "manager")
    await house.let_in(CLERK, "clerk", "sales")
    await house.let_in(OUTSIDER, "outsider", "sales")


async def fill(house: House) -> None:
    """Two customers of each member of staff, one of them to review, each with a contact."""
    from dougong_customers.api import Contact, Customer

    owners = [s for name, s in house.staff.items() if name != OUTSIDER]
    for turn, state in enumerate(("draft", "submitted")):
        rows = [
            {"name": f"星河{turn}{n:02}有限公司", "owner": owner, "city": CITIES[n % 3]}
            for n, owner in enumerate(owners)
        ]
        for number, row in zip(await desk.create_many(Customer, rows), rows, strict=True):
            house.customers[number] = {**row, "state": state, "department": house.works_in[row["owner"]]}
            if state != "draft":
                await desk.move(await desk.get(Customer, number), state)
    contacts = [{"name": f"联系{n}", "customer": n, "owner": c["owner"]} for n, c in house.customers.items()]
    house.contacts = dict(zip(await desk.create_many(Contact, contacts), house.customers, strict=True))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        directory = tmp_path_factory.mktemp("tree")
        world = await stack.enter_async_context(open_world(module_database_url, directory, ["customers"]))
        made = House(Company(world, build_app(world.house.config, house=world.house)))
        async with world.acting("admin"):
            await build_tree(made)
            await fill(made)
        made.clients["admin"] = await stack.enter_async_context(made.company.program("admin"))
        for name, user in made.users.items():
            async with world.acting("admin"):
                token = await create_token(user)
            client = await stack.enter_async_context(made.company.anybody())
            client.headers.update({"Authorization": f"Bearer {token}", "Accept-Language": "en"})
            made.clients[name] = client
        yield made


# ---------------------------------------------------------------------- every way in


async def all_of(client: httpx.AsyncClient, path: str, **parameters: str) -> list[dict]:
    """Every row of a list, page by page."""
    rows, cursor = [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = await client.get(f"/api/v1/{path}", params={"limit": "7", **parameters, **more})
        assert answer.status_code == 200, answer.text
        rows += answer.json()["items"]
        cursor = answer.json()["next"]
        if cursor is None:
            return rows


PEOPLE = [HEAD, REGION_HEAD, CLERK, OUTSIDER]


async def test_the_tree_of_this_test_is_worth_its_name(house):
    assert max(len(house.upwards(d)) for d in house.parents) == 5
    assert sum(head == house.staff[HEAD] for head in house.heads.values()) == 4
    due = {who: len(house.due(who)) for who in PEOPLE}
    assert due == {HEAD: 60, REGION_HEAD: 8, CLERK: 2, OUTSIDER: 0}
    assert len(house.customers) == 78


@pytest.mark.parametrize("who", PEOPLE)
async def test_the_api_lists_counts_and_adds_up_exactly_these(house, who):
    client, due = house.clients[who], house.due(who)
    assert {row["id"] for row in await all_of(client, "customers")} == due
    assert {row["id"] for row in await all_of(client, "customers", q="星河")} == due
    first = (await client.get("/api/v1/customers?limit=1&count=exact")).json()
    assert (first["total"], first["total_exact"]) == (len(due), True)
    groups = (await client.get("/api/v1/customers/summary?group=city")).json()["items"]
    expected = Counter(house.customers[n]["city"] for n in due)
    assert {g["value"]: g["count"] for g in groups} == expected
    contacts = {row["id"] for row in await all_of(client, "contacts")}
    assert contacts == {c for c, customer in house.contacts.items() if customer in due}


@pytest.mark.parametrize("who", PEOPLE)
async def test_one_by_one_the_rest_is_not_there(house, who):
    client, due = house.clients[who], house.due(who)
    unknown = await client.get("/api/v1/customers/999999")
    for number in house.customers:
        wanted = 200 if number in due else 404
        for path in (f"/api/v1/customers/{number}", f"/api/v1/customers/{number}/history", f"/customers/{number}"):
            assert (await client.get(path)).status_code == wanted, path
        if number not in due:
            assert (await client.get(f"/api/v1/customers/{number}")).content == unknown.content
            related = await client.get(f"/customers/{number}?tab=contacts.customer")
            assert related.status_code == 404


@pytest.mark.parametrize("who", PEOPLE)
async def test_pages_search_and_boxes_show_exactly_these(house, who):
    client, due = house.clients[who], house.due(who)
    shown = set()
    for number in range(1, 5):
        page = (await client.get(f"/customers?size=20&page={number}")).text
        shown |= ids_in(page)
    assert shown == due
    assert (await client.get("/counts")).json()["list:customers"] == str(len(due))
    for number, customer in house.customers.items():
        words = customer["name"][:5]
        assert ids_in((await client.get("/search", params={"q": words})).text) == ({number} & due), words
        offered = (await client.get("/lookup/customers", params={"q": words})).json()
        assert {int(o["value"]) for o in offered} == ({number} & due), words
    assert ids_in((await client.get("/search?q=星河")).text) <= due


@pytest.mark.parametrize("who", PEOPLE)
async def test_what_belongs_to_a_customer_shows_with_it(house, who):
    client, due = house.clients[who], house.due(who)
    for contact, customer in list(house.contacts.items())[::5]:
        wanted = customer in due
        assert (await client.get(f"/api/v1/contacts/{contact}")).status_code == (200 if wanted else 404)
        if wanted:
            page = (await client.get(f"/customers/{customer}?tab=contacts.customer")).text
            assert set(re.findall(r'href="/contacts/(\d+)', page)) == {str(contact)}
            assert (await client.get(f"/customers/{customer}/counts")).json()["contacts.customer"] == "1"


@pytest.mark.parametrize("who", PEOPLE)
async def test_the_tiles_of_the_home_page_show_only_these(house, who):
    page, due = (await house.clients[who].get("/")).text, house.due(who)
    assert ids_in(page) <= due
    assert ('aria-label="Customers to review"' in page) == (who in (HEAD, REGION_HEAD))
    review = re.search(r'aria-label="Customers to review">(.*?)</section>', page, re.DOTALL)
    if review:
        waiting = {n for n in due if house.customers[n]["state"] == "submitted"}
        assert len(ids_in(review[1]) & waiting) == min(6, len(waiting))
    mine = re.search(r'aria-label="My recent customers">(.*?)</section>', page, re.DOTALL)
    assert ids_in(mine[1]) == {n for n in due if house.customers[n]["owner"] == house.staff[who]}


def ids_in(page: str) -> set[int]:
    return {int(number) for number in re.findall(r'href="/customers/(\d+)', page)}


# ---------------------------------------------------------------------- a change acts on the next request


async def seen(house: House, who: str) -> set[int]:
    return {row["id"] for row in await all_of(house.clients[who], "customers")}


async def change(house: House, department: str, **values) -> None:
    """The administrator changes a department, over HTTP."""
    admin, number = house.clients["admin"], house.departments[department]
    known = (await admin.get(f"/api/v1/departments/{number}")).json()
    version = {"If-Match": str(known["version"])}
    answer = await admin.patch(f"/api/v1/departments/{number}", json=values, headers=version)
    assert answer.status_code == 200, answer.text
    house.heads[number] = answer.json()["head"]
    house.parents[number] = answer.json()["parent"]


async def test_a_branch_with_another_head_is_gone_from_the_next_request(house):
    before = house.due(HEAD)
    await change(house, "丁", head=None)
    assert len(house.due(HEAD)) == len(before) - 14
    assert await seen(house, HEAD) == house.due(HEAD)
    await change(house, "戊", head=house.staff[HEAD])
    assert await seen(house, HEAD) == house.due(HEAD)
    await change(house, "戊", head=None)
    await change(house, "丁", head=house.staff[HEAD])
    assert await seen(house, HEAD) == before


async def test_a_branch_that_reports_elsewhere_takes_its_customers_along(house):
    before = house.due(REGION_HEAD)
    await change(house, "戊西", parent=house.departments["乙东"])
    assert len(house.due(REGION_HEAD)) == len(before) + 6
    assert await seen(house, REGION_HEAD) == house.due(REGION_HEAD)
    assert await seen(house, HEAD) == house.due(HEAD)
    await change(house, "戊西", parent=house.departments["戊"])
    assert await seen(house, REGION_HEAD) == before


async def test_a_role_that_is_taken_away_ends_with_the_same_session(house):
    """A browser that stays signed in; no new sign-in, no waiting."""
    [number] = [n for n, user in house.users.items() if n == CLERK]
    user = house.users[number]
    world = house.company.world
    async with world.acting("admin"):
        [sales] = [line.id for line in await roles() if line.key == "sales"]
        world.users["clerk"] = user  # type: ignore[index]
    async with house.company.browser("clerk") as browser:
        due = house.due(CLERK)
        assert ids_in((await browser.get("/customers")).text) == due
        async with world.acting("admin"):
            await assign_roles(user, [])
        assert (await browser.get("/customers")).status_code == 403
        assert (await browser.get(f"/customers/{min(due)}")).status_code == 403
        assert (await browser.get("/api/v1/customers")).status_code == 403
        assert "/customers" not in (await browser.get("/")).text
        async with world.acting("admin"):
            await assign_roles(user, [sales])
        assert ids_in((await browser.get("/customers")).text) == due


async def test_a_customer_shared_until_today_shows_today(house):
    from dougong.access.services import share_record
    from dougong.access.tables import Share
    from dougong.access.version import rights_changed
    from dougong.i18n import today
    from dougong_customers.api import customer

    other = next(n for n in house.customers if n not in house.due(CLERK))
    with acting_as(system("test")):
        await share_record(customer, other, staff=house.staff[CLERK], until=today())
    assert await seen(house, CLERK) == house.due(CLERK) | {other}
    yesterday = today() - dt.timedelta(days=1)
    with acting_as(system("test")):
        await Share.update({Share.until: yesterday}).where(Share.record_id == other)
        await rights_changed()  # as the next day would
    assert await seen(house, CLERK) == house.due(CLERK)
