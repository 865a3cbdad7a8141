"""A trial says exactly what bringing the file in will do: tried with files as dirty as they come."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from piccolo.querystring import QueryString

from dougong.db import fetch
from dougong.imports import jobs, pieces
from dougong.imports.services import Import, import_at, notes_of, totals
from dougong.jobs import work_off
from dougong.records.desk import type_of
from dougong.records.gate import cleared
from dougong.shaping.fields import add_field
from dougong.testing.app import Company
from dougong_customers.tables import Contact, Customer

from .conftest import received

NAMES = [
    "海天",
    "HAITIAN Ltd",
    "haitian  ltd",
    "ＨＡＩＴＩＡＮ ltd",
    "山河",
    "云起",
    "云起 ",
    "A & B",
    "风行",
    "",
    "月" * 201,
]
VALUES: dict[str, list[str]] = {
    "人数": ["", "3", "1,200", "12.5", "many", "1.2万", "-1", "99999999999999999999"],
    "级别": ["", "key", "Small", "重点", "巨大", "重 点"],
    "城市": ["", "杭州", "上海", "x" * 41],
    "邮箱": ["", "", "a@b.example", "nobody", "c@d.example"],
    "跟进": ["", "2026/3/4", "2026-12-01", "31.02.2026", "soon"],
    "上级": ["", "海天", "山河", "没有的", "风行", "haitian ltd"],
}
FIELDS = {
    "人数": "employees",
    "级别": "level",
    "城市": "city",
    "邮箱": "x_mailbox",
    "跟进": "next_follow_up",
    "上级": "x_parent",
}


@pytest.fixture
async def admin(company: Company, monkeypatch: pytest.MonkeyPatch):
    async with company.world.acting("admin") as principal:
        customer = type_of(Customer)
        await add_field(customer, "parent", "link", details={"target": "customers"})
        await add_field(customer, "mailbox", "email", distinct=True)
        yield principal


def a_file(dice: random.Random, family: int) -> str:
    """Some columns, some lines, many of them wrong, twice, or about each other. Files of a family speak of the same."""
    headings = ["名称", *dice.sample(list(VALUES), dice.randint(1, len(VALUES))), "姓名"]
    names = dice.sample(NAMES, dice.randint(2, len(NAMES))) + [f"新{n}" for n in range(3)]
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(headings)
    for _line in range(dice.randint(1, 16)):
        values = [dice.choice(VALUES[h] if dice.random() < 0.15 else VALUES[h][:3]) for h in headings[1:-1]]
        values = [
            told_apart(value, family) if h in ("上级", "邮箱") else value
            for h, value in zip(headings[1:-1], values, strict=True)
        ]
        writer.writerow([told_apart(dice.choice(names), family), *values, dice.choice(["", "张三", "李四"])])
    return held.getvalue()


def told_apart(name: str, family: int) -> str:
    return f"{family}{name}" if name else ""


def a_mapping(dice: random.Random, headings: list[str]) -> Callable[[dict[str, Any]], None]:
    columns = [{"heading": h, "field": FIELDS[h]} for h in headings if h in FIELDS]
    for column in columns:
        if column["field"] == "x_parent":
            column["missing"] = dice.choice(["refuse", "create", "empty"])
    match = dice.choice([["name"], ["name"], ["name", "city"], []])
    match = [key for key in match if key in {"name", *(c["field"] for c in columns)}]
    first = {
        "record": "customers",
        "columns": [{"heading": "名称", "field": "name"}, *columns],
        "match": match,
        "existing": dice.choice(["skip", "update", "update", "update", "create", "ask"]),
        "new": dice.choice(["create", "create", "skip"]),
        "clear": dice.random() < 0.3,
    }
    second = {
        "record": "contacts",
        "columns": [{"heading": "名称", "field": "customer"}, {"heading": "姓名", "field": "name"}],
        "match": ["customer", "name"],
        "existing": dice.choice(["skip", "update"]),
    }

    def told(mapping: dict[str, Any]) -> None:
        mapping["steps"] = [first, second] if dice.random() < 0.4 else [first]

    return told


async def told_of(import_: Import, *, tried: bool) -> list[str]:
    notes = await notes_of(import_, tried=tried, outcomes=("failed", "skipped"), limit=100)
    return [f"{n.line}.{n.step} {n.outcome} {'; '.join(f'{p.field}: {p.message}' for p in n.problems)}" for n in notes]


async def image() -> list[Any]:
    with cleared("desk"):
        return [
            await fetch(QueryString(f'SELECT * FROM "{t._meta.tablename}" ORDER BY id')) for t in (Customer, Contact)
        ]


@pytest.mark.timeout(1800)
async def test_a_trial_predicts_every_count_and_writes_nothing(admin, rounds, monkeypatch):
    outcomes: dict[str, int] = {}
    for seed in range(rounds(40, deep=300)):
        dice = random.Random(seed)
        monkeypatch.setattr(jobs, "PIECE", dice.choice([1, 2, 3, 5, pieces.PIECE]))
        file = a_file(dice, seed // 5)
        headings = file.partition("\r\n")[0].split(",")
        import_ = await received("customers", file, "file.csv", a_mapping(dice, headings))
        before = await image()
        await jobs.try_out(import_)
        await work_off()
        assert await image() == before, f"{seed}: a trial wrote something"
        await jobs.start(import_)
        await work_off()
        import_ = await import_at(import_.id)
        said = [await told_of(import_, tried=tried) for tried in (True, False)]
        assert import_.trial == import_.counts, (seed, file, import_.mapping, *said)
        assert import_.counts is not None
        for outcome, count in totals(import_.counts).items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    assert min(outcomes.values()) > 5, outcomes
