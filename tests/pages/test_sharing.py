"""One record shown to somebody who would not see it otherwise."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from dougong.access.services import roles_of
from dougong.i18n import today
from dougong.people.services import account_of, make_operator

from .conftest import Office, value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def hidden_from(office: Office, who: str, name: str) -> int:
    """A customer of 王芳's that this person does not see."""
    made = await office.browsers["wangfang"].post("/api/v1/customers", json={"name": name})
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert (await office.browsers[who].get(f"/customers/{number}")).status_code == 404
    return int(number)


@pytest_asyncio.fixture(loop_scope="module")
async def seller(office: Office) -> AsyncIterator[int]:
    """于波 of another branch sells as 王芳 does, and is signed in as "yubo"; the id of the staff record."""
    person, users = await office.staff("于波"), office.company.world.users
    async with office.company.world.acting("admin"):
        if await account_of(person.id) is None:
            roles = [role.id for role in await roles_of(users["wangfang"])]
            await make_operator(person, "yubo", roles)
        users["yubo"] = (await account_of(person.id)).user
    async with office.company.browser("yubo") as browser:
        office.browsers["yubo"] = browser
        yield person.id


async def test_a_shared_record_is_seen_until_it_is_shared_no_more(office: Office, seller: int) -> None:
    number = await hidden_from(office, "yubo", "共享一号有限公司")
    mine, other = office.browsers["wangfang"], office.browsers["yubo"]
    path = f"/customers/{number}"
    assert f"{path}/share" in (await mine.get(path)).text

    assert (await mine.post(f"{path}/share", data={"staff": str(seller), "level": "read"})).status_code == 303
    seen = await other.get(path)
    assert seen.status_code == 200
    assert f"{path}/edit" not in seen.text
    assert "shares/" not in seen.text
    async with office.nothing_written():
        assert (await other.post(f"{path}/edit", data={"name": "x", "version": "1"})).status_code == 403
        assert (await other.get(f"{path}/share")).status_code == 403
        assert (await other.post(f"{path}/share", data={"staff": str(seller), "level": "edit"})).status_code == 403

    until = (today() + dt.timedelta(days=40)).isoformat()
    sent = {"staff": str(seller), "level": "edit", "until": until}
    assert (await mine.post(f"{path}/share", data=sent)).status_code == 303
    shown = (await mine.get(path)).text
    assert "于波" in shown
    assert f"{path}/edit" in (await other.get(path)).text
    [share] = set(re.findall(rf"{path}/shares/(\d+)/remove", shown))
    async with office.nothing_written():
        assert (await other.post(f"/customers/999999/shares/{share}/remove")).status_code == 404
        assert (await mine.post(f"{path}/shares/999999/remove")).status_code == 404
    assert (await mine.post(f"{path}/shares/{share}/remove")).status_code == 303
    assert (await other.get(path)).status_code == 404


async def test_a_department_is_shared_with(office: Office, seller: int) -> None:
    number = await hidden_from(office, "yubo", "共享二号有限公司")
    north = await office.department("北方销售部")
    sent = {"department": str(north.id), "level": "read"}
    assert (await office.browsers["wangfang"].post(f"/customers/{number}/share", data=sent)).status_code == 303
    assert (await office.browsers["yubo"].get(f"/customers/{number}")).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {"level": "read"},
        {"staff": "5", "department": "4", "level": "read"},
        {"staff": "999999", "level": "read"},
        {"staff": "6", "level": "everything"},
        {"department": "4", "level": "own"},
        {"staff": "6", "level": "read", "until": "2020-01-01"},
        {"staff": "6", "level": "read", "until": "soon"},
    ],
)
async def test_a_wrong_share_is_refused_and_kept(office: Office, sent: dict[str, str]) -> None:
    mine = office.browsers["wangfang"]
    number = (await mine.get("/api/v1/customers?limit=1&sort=id")).json()["items"][0]["id"]
    async with office.nothing_written():
        answer = await mine.post(f"/customers/{number}/share", data=sent)
        assert answer.status_code == 422
        assert value_of("until", answer.text) == sent.get("until", "")
        assert 'aria-invalid="true"' in answer.text


async def test_only_records_shared_one_by_one_can_be_shared(office: Office) -> None:
    contact = (await office.browsers["admin"].get("/api/v1/contacts?limit=1")).json()["items"][0]["id"]
    assert (await office.browsers["admin"].get(f"/contacts/{contact}/share")).status_code == 404
    assert f"/contacts/{contact}/share" not in (await office.browsers["admin"].get(f"/contacts/{contact}")).text
