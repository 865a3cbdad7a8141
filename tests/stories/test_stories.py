"""Runs the stories: every `*.md` here, line by line, over HTTP.

A line that begins with "- " is a step; it is done by the function below whose words it matches. Everything else in a story
is for the reader.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path

import httpx
import pytest

from dougong.access.services import roles
from dougong.people.services import account_named, make_operator
from dougong.people.tables import Staff
from dougong.records import desk
from dougong.testing.app import Company
from dougong.testing.world import open_world
from dougong.web.app import build_app

STORIES = sorted(Path(__file__).parent.glob("*.md"))
ACCOUNTS = {"王芳": "wangfang", "李雷": "lilei", "赵敏": "zhaomin", "韩梅": "hanmei"}
LIMIT = "credit_limit"

Step = Callable[..., Awaitable[None]]
STEPS: list[tuple[re.Pattern[str], Step]] = []


def step(words: str) -> Callable[[Step], Step]:
    """The line of a story that this function does; each group is an argument."""

    def remember(function: Step) -> Step:
        STEPS.append((re.compile(words), function))
        return function

    return remember


@dataclass
class Day:
    """Who is at work, and the customers they speak of by name."""

    company: Company
    people: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)

    def page_of(self, customer: str) -> str:
        return f"/customers/{self.customers[customer]}"

    async def row(self, who: str, customer: str) -> dict:
        answer = await self.people[who].get(f"/api/v1{self.page_of(customer)}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, who: str, path: str, **form: str) -> httpx.Response:
        """Send a form, with the record's version where the form carries it."""
        return await self.people[who].post(path, data=form)

    async def step_to(self, who: str, customer: str, state: str, why: str = "") -> httpx.Response:
        version = str((await self.row(who, customer))["version"])
        return await self.send(who, f"{self.page_of(customer)}/moves/{state}", version=version, why=why)


# ---------------------------------------------------------------------- entering


@step(r"(\S+) enters the customer (\S+) in (\S+) with a credit limit of (\d+)")
async def enters(day: Day, who: str, name: str, city: str, limit: str) -> None:
    await enter(day, who, name, city=city, kind="end", credit_limit=limit)


@step(r"(\S+) enters the channel customer (\S+) in (\S+)")
async def enters_channel(day: Day, who: str, name: str, city: str) -> None:
    await enter(day, who, name, city=city, kind="channel")


async def enter(day: Day, who: str, name: str, **values: str) -> None:
    answer = await day.send(who, "/customers/new", name=name, **values)
    assert answer.status_code == 303, answer.text
    day.customers[name] = int(answer.headers["location"].split("?")[0].rpartition("/")[2])


@step(r"(\S+) may not enter a customer called (\S+) and is told: (\S+)")
async def may_not_enter(day: Day, who: str, name: str, told: str) -> None:
    answer = await day.send(who, "/customers/new", name=name, kind="end")
    assert answer.status_code == 422
    assert f'value="{name}"' in answer.text
    assert told in "".join(re.findall(r'<p class="dg-wrong[^>]*>(.*?)</p>', answer.text, re.DOTALL))


@step(r"(\S+) adds (\S+) as a contact of (\S+)")
async def adds_contact(day: Day, who: str, contact: str, customer: str) -> None:
    answer = await day.send(who, "/contacts/new", name=contact, customer=str(day.customers[customer]))
    assert answer.status_code == 303, answer.text
    assert contact in (await day.people[who].get(f"{day.page_of(customer)}?tab=contacts.customer")).text


@step(r"(\S+) writes about (\S+): (.+)")
async def writes(day: Day, who: str, customer: str, text: str) -> None:
    answer = await day.send(who, f"{day.page_of(customer)}/timeline", text=text, kind="call")
    assert answer.status_code == 303, answer.text


@step(r"(\S+) sets the credit code of (\S+) to (\S+)")
async def sets_code(day: Day, who: str, customer: str, code: str) -> None:
    page = (await day.people[who].get(f"{day.page_of(customer)}/edit")).text
    typed = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', page))
    kept = {
        "name": customer,
        "kind": "end",
        "version": typed["version"],
        "owner": str((await day.row(who, customer))["owner"]),
    }
    answer = await day.send(who, f"{day.page_of(customer)}/edit", **kept, credit_code=code)
    assert answer.status_code == 303, answer.text
    assert (await day.row(who, customer))["credit_code"] == code


@step(r"(\S+) relates (\S+) to (\S+)")
async def relates(day: Day, who: str, customer: str, other: str) -> None:
    relation = {"customer": day.customers[customer], "related": day.customers[other], "relation": "dealer_of"}
    answer = await day.people[who].post("/api/v1/customer-relations", json=relation)
    assert answer.status_code == 201, answer.text


# ---------------------------------------------------------------------- its life


@step(r"(\S+) submits (\S+)")
async def submits(day: Day, who: str, customer: str) -> None:
    assert (await day.step_to(who, customer, "submitted")).status_code == 303


@step(r"(\S+) sends (\S+) back because (.+)")
async def sends_back(day: Day, who: str, customer: str, why: str) -> None:
    assert (await day.step_to(who, customer, "draft", why)).status_code == 303


@step(r"(\S+) may not send (\S+) back without a reason")
async def needs_reason(day: Day, who: str, customer: str) -> None:
    assert (await day.step_to(who, customer, "draft")).status_code == 422
    assert (await day.row(who, customer))["state"] == "submitted"


@step(r"(\S+) approves (\S+)")
async def approves(day: Day, who: str, customer: str) -> None:
    assert (await day.step_to(who, customer, "approved")).status_code == 303


@step(r"(\S+) may not approve (\S+) yet: (\S+)")
async def not_yet(day: Day, who: str, customer: str, why: str) -> None:
    answer = await day.step_to(who, customer, "approved")
    assert answer.status_code == 409
    assert why in answer.text
    assert (await day.row(who, customer))["state"] == "submitted"


@step(r"(\S+) may not approve (\S+)")
async def may_not_approve(day: Day, who: str, customer: str) -> None:
    assert "/moves/approved" not in (await day.people[who].get(day.page_of(customer))).text
    assert (await day.step_to(who, customer, "approved")).status_code == 403
    assert (await day.row(who, customer))["state"] == "submitted"


@step(r"(\S+) is (?:a )?(draft|submitted|approved)")
async def is_in(day: Day, customer: str, state: str) -> None:
    assert (await day.row("王芳", customer))["state"] == state


# ---------------------------------------------------------------------- seeing


@step(r"(\S+) finds (\S+) in her list")
async def finds(day: Day, who: str, customer: str) -> None:
    page = (await day.people[who].get("/customers", params={"q": customer})).text
    assert f'href="{day.page_of(customer)}' in page


@step(r"(\S+) finds (\S+) by the letters (\S+)")
async def finds_by_letters(day: Day, who: str, customer: str, letters: str) -> None:
    assert f'href="{day.page_of(customer)}"' in (await day.people[who].get("/search", params={"q": letters})).text


@step(r"(\S+) does not see (\S+)")
async def does_not_see(day: Day, who: str, customer: str) -> None:
    assert (await day.people[who].get(day.page_of(customer))).status_code == 404
    assert day.page_of(customer) not in (await day.people[who].get("/customers", params={"q": customer})).text


@step(r"(\S+) reads on (\S+): (.+)")
async def reads(day: Day, who: str, customer: str, words: str) -> None:
    assert words in unescape((await day.people[who].get(day.page_of(customer))).text)


async def to_review(day: Day, who: str) -> str:
    page = (await day.people[who].get("/")).text
    [tile] = re.findall(r'aria-label="待审核的客户">(.*?)</section>', page, re.DOTALL)
    return tile


@step(r"(\S+) finds (\S+) among the customers to review")
async def waits(day: Day, who: str, customer: str) -> None:
    assert day.page_of(customer) in await to_review(day, who)


@step(r"(\S+) finds (\S+) no longer among the customers to review")
async def no_longer_waits(day: Day, who: str, customer: str) -> None:
    assert day.page_of(customer) not in await to_review(day, who)


@step(r"(\S+) sees no credit limit on (\S+)")
async def sees_no_limit(day: Day, who: str, customer: str) -> None:
    client = day.people[who]
    owner_sees = (await day.people["王芳"].get(day.page_of(customer))).text
    for page in (day.page_of(customer), "/customers"):
        assert "500,000" not in (await client.get(page)).text
        assert "信用额度" not in (await client.get(page)).text
    assert "信用额度" in owner_sees
    assert "500,000" in owner_sees
    assert LIMIT not in await day.row(who, customer)
    assert LIMIT not in (await client.get(f"/api/v1{day.page_of(customer)}/history")).text
    asked = {"filter": f'{{"and":[["{LIMIT}",">",1]]}}', "sort": LIMIT, "fields": LIMIT}
    for name, value in asked.items():
        hidden = await client.get("/api/v1/customers", params={name: value})
        unknown = await client.get("/api/v1/customers", params={name: value.replace(LIMIT, "no_such_one")})
        assert (hidden.status_code, hidden.text.replace(LIMIT, "no_such_one")) == (400, unknown.text)


@step(r"(\S+) may not export customers")
async def may_not_export(day: Day, who: str) -> None:
    assert "export" not in (await day.people[who].get("/api/v1/me")).json()["records"]["customers"]
    assert "export" in (await day.people["李雷"].get("/api/v1/me")).json()["records"]["customers"]


@step(r"(\S+) may not change (\S+)")
async def may_not_change(day: Day, who: str, customer: str) -> None:
    client, before = day.people[who], await day.row("王芳", customer)
    assert (await client.get(f"{day.page_of(customer)}/edit")).status_code == 403
    version = {"If-Match": str(before["version"])}
    answer = await client.patch(f"/api/v1{day.page_of(customer)}", json={"city": "深圳"}, headers=version)
    assert answer.status_code == 403
    assert await day.row("王芳", customer) == before


# ---------------------------------------------------------------------- the runner


@pytest.fixture
async def day(database_url: str, tmp_path: Path) -> AsyncIterator[Day]:
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(database_url, tmp_path, ["customers"]))
        company = Company(world, build_app(world.house.config, house=world.house))
        async with world.acting("admin"):
            [sales] = [line.id for line in await roles() if line.key == "sales"]
            await make_operator(await desk.get(Staff, world.staff["hanmei"]), "hanmei", [sales])
            world.users["hanmei"] = (await account_named("hanmei")).user  # type: ignore[index]
        opened = Day(company)
        for name, account in ACCOUNTS.items():
            opened.people[name] = await stack.enter_async_context(company.browser(account))
            opened.people[name].headers["Accept-Language"] = "zh"
        yield opened


def steps_of(story: Path) -> list[tuple[int, str]]:
    """The steps with the numbers of their lines."""
    lines = enumerate(story.read_text(encoding="utf-8").splitlines(), 1)
    return [(number, line.removeprefix("- ").strip()) for number, line in lines if line.startswith("- ")]


def function_for(line: str) -> tuple[Step, tuple[str, ...]]:
    for words, function in STEPS:
        found = words.fullmatch(line)
        if found:
            return function, found.groups()
    raise LookupError(f"no step reads like this: {line}")


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.stem)
async def test_the_story_happens_as_it_is_told(day: Day, story: Path) -> None:
    assert steps_of(story)
    for number, line in steps_of(story):
        function, words = function_for(line)
        try:
            await function(day, *words)
        except Exception as err:
            err.add_note(f"{story.name}:{number}: {line}")
            raise


def test_every_step_is_told_in_a_story() -> None:
    told = {function_for(line)[0] for story in STORIES for _number, line in steps_of(story)}
    assert {function for _words, function in STEPS} - told == set()
