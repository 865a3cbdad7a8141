"""List, record and form of a record type: what is typed stays, rights hold, a refused write leaves nothing behind."""

from __future__ import annotations

import re

import pytest

from dougong.access.services import matrix, roles_of, set_fields

from .conftest import Office, value_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def mine(office: Office, name: str) -> int:
    """A new customer of 王芳's, made in the form."""
    answer = await office.browsers["wangfang"].post("/customers/new", data={"name": name, "kind": "end"})
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].rpartition("/")[2])


async def test_made_shown_and_found(office: Office) -> None:
    browser = office.browsers["wangfang"]
    number = await mine(office, "列表一号有限公司")
    page = await browser.get(f"/customers/{number}")
    assert page.status_code == 200
    assert "列表一号有限公司" in page.text
    found = (await browser.get("/customers?q=列表一号")).text
    assert f'href="/customers/{number}' in found
    assert f'href="/customers/{number}' not in (await browser.get("/customers?q=列表二号")).text
    assert f'href="/customers/{number}' in (await browser.get("/customers?q=lbyh")).text


async def test_the_filter_in_the_address_is_shown_and_kept(office: Office) -> None:
    browser = office.browsers["wangfang"]
    number = await mine(office, "列表三号有限公司")
    address = "/customers?f=name&o=contains&v=列表三号&g=0&sort=-name"
    text = (await browser.get(address)).text
    assert f'href="/customers/{number}?' in text
    assert len(re.findall(r"<tr data-id=", text)) == 1
    assert 'class="dg-chip"' in text
    wrong = await browser.get("/customers?f=nothing&o==&v=x&g=0")
    assert wrong.status_code == 200
    assert "dg-banner bad" in wrong.text


@pytest.mark.parametrize(
    "query",
    [
        "page=x",
        "page=999999",
        "size=7",
        "view=99",
        "cursor=!!",
        "sort=nothing",
        "q=%00%00",
        "f=name&o=bogus&v=x",
        "f=created&o==&v=soon",
    ],
)
async def test_no_address_breaks_the_list(office: Office, query: str) -> None:
    answer = await office.browsers["wangfang"].get(f"/customers?{query}", follow_redirects=True)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "wrong, field", [({"name": ""}, "name"), ({"email": "nobody"}, "email"), ({"name": "列表二号！有限公司"}, "name")]
)
async def test_what_was_typed_stays_when_it_is_refused(office: Office, wrong: dict[str, str], field: str) -> None:
    sent = {"name": "列表二号有限公司", "kind": "end", "phone": "0571-1", "address": "西湖区 <一号>"} | wrong
    async with office.nothing_written():
        answer = await office.browsers["wangfang"].post("/customers/new", data=sent)
        assert answer.status_code == 422
        assert value_of("phone", answer.text) == "0571-1"
        assert value_of(field, answer.text) == wrong[field]
        assert "<一号>" not in answer.text
        assert "&lt;一号&gt;" in answer.text
        assert f'id="f-{field}-error"' in answer.text


async def test_who_was_slower_is_told_and_loses_nothing(office: Office) -> None:
    number = await mine(office, "列表四号有限公司")
    path = f"/customers/{number}/edit"
    form = (await office.browsers["wangfang"].get(path)).text
    version = value_of("version", form)
    first = {"name": "列表四号有限公司", "kind": "end", "city": "杭州", "version": version}
    assert (await office.browsers["wangfang"].post(path, data=first)).status_code == 303
    async with office.nothing_written():
        late = await office.browsers["admin"].post(path, data={**first, "city": "宁波"})
        assert late.status_code == 409
        assert value_of("city", late.text) == "宁波"
        assert value_of("version", late.text) != version
        assert "王芳" in late.text


async def test_others_records_are_not_there(office: Office) -> None:
    """赵敏 serves 杭州销售组, 于波's branch she does not."""
    made = await office.browsers["admin"].post(
        "/api/v1/customers", json={"name": "列表五号有限公司", "owner": (await office.staff("于波")).id}
    )
    path = f"/customers/{made.json()['id']}"
    sent = {"name": "列表六号有限公司", "version": "1", "text": "x", "why": "x", "staff": "1", "level": "read"}
    for who in ("wangfang", "zhaomin"):
        browser = office.browsers[who]
        async with office.nothing_written():
            for tail in ("", "/edit", "/remove", "/share", "/counts"):
                assert (await browser.get(path + tail)).status_code == 404, tail
            for tail in ("/edit", "/remove", "/share", "/timeline", "/moves/submitted"):
                assert (await browser.post(path + tail, data=sent)).status_code == 404, tail
        assert "<tr data-id=" not in (await browser.get("/customers?q=列表五号")).text


async def test_without_the_token_nothing_is_written(office: Office) -> None:
    browser = office.browsers["wangfang"]
    async with office.nothing_written():
        for token in ("", "wrong"):
            answer = await browser.post(
                "/customers/new", data={"name": "列表七号有限公司"}, headers={"x-csrf-token": token}
            )
            assert answer.status_code == 403
        answer = await browser.post(
            "/customers/new", data={"name": "列表七号有限公司"}, headers={"sec-fetch-site": "cross-site"}
        )
        assert answer.status_code == 403


async def test_a_stranger_is_sent_to_sign_in_and_comes_back(office: Office) -> None:
    async with office.company.anybody() as stranger:
        answer = await stranger.get("/customers?q=x")
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fcustomers%3Fq%3Dx")


async def test_a_record_is_deleted_only_by_who_may(office: Office) -> None:
    number = await mine(office, "列表八号有限公司")
    path = f"/customers/{number}"
    manager = office.browsers["admin"]
    assert (await manager.post(f"{path}/remove")).status_code == 303
    assert (await manager.get(path)).status_code == 404


async def test_columns_of_ones_own(office: Office) -> None:
    browser, other = office.browsers["wangfang"], office.browsers["lilei"]
    kept = await browser.post("/customers/columns", data={"column": ["name", "city"], "back": "/customers"})
    assert kept.status_code == 303
    assert (await browser.get("/customers")).text.count('<th scope="col"') == 2
    assert (await other.get("/customers")).text.count('<th scope="col"') > 2
    await browser.post("/customers/columns", data={"reset": "1"})
    assert (await browser.get("/customers")).text.count('<th scope="col"') > 2


@pytest.mark.parametrize("where", ["//evil.example", "/\\evil.example", "https://evil.example/"])
async def test_no_form_leads_away(office: Office, where: str) -> None:
    answer = await office.browsers["wangfang"].post("/customers/columns", data={"reset": "1", "back": where})
    assert answer.headers["location"] == "/"


HELD_BACK = [
    "interaction.owner",
    "interaction.kind",
    "interaction.happened_at",
    "interaction.customer",
    "customer.owner",
    "customer.state",
    "contact.customer",
]


@pytest.mark.parametrize("name", HELD_BACK)
async def test_pages_do_without_a_field_that_is_held_back(office: Office, name: str) -> None:
    """What a list, a timeline or a number would ask of the field is left out; the rest of the page stands."""
    number = await mine(office, f"留白有限公司{HELD_BACK.index(name)}")
    browser, world = office.browsers["wangfang"], office.company.world
    said = f"听说的事{HELD_BACK.index(name)}"
    assert (await browser.post(f"/customers/{number}/timeline", data={"text": said})).status_code == 303
    async with world.acting("admin"):
        [sales] = [role.id for role in await roles_of(world.users["wangfang"])]
        kept = (await matrix(sales)).fields
        await set_fields(sales, {name: "hidden"})
    try:
        places = ("", "?q=a", "?tab=history", "?tab=contacts.customer", "/counts", "/edit")
        for path in ("/", "/customers", "/customers/counts", "/counts", *(f"/customers/{number}{p}" for p in places)):
            assert (await browser.get(path)).status_code == 200, path
        shown = said in (await browser.get(f"/customers/{number}")).text
        assert shown == (name not in ("interaction.happened_at", "interaction.customer"))
        assert ("view=1" in (await browser.get("/customers")).text) == (name != "customer.owner")
    finally:
        async with world.acting("admin"):
            await set_fields(sales, kept)
