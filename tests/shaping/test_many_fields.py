"""Hundreds of added fields of every kind on one record type: added, indexed, filtered, sorted, grouped, off and on again;
and a clear word where the database holds no more."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio

from dougong.access.principal import acting_as, system
from dougong.db import transaction
from dougong.db.columns import Varchar
from dougong.db.schema import add_columns
from dougong.errors import Refused
from dougong.plugin.lookups import options_of
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk
from dougong.records.definitions import prepare
from dougong.records.pinyin import sort_key
from dougong.records.types import RecordType
from dougong.shaping.fields import add_field, change_field

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(3600)]
CONTACTS = "/api/v1/contacts"
OURS = '["name","starts","联系人"]'
"""Not those of the sample company."""
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("text", {}),
    ("long_text", {}),
    ("number", {}),
    ("number", {"places": 3}),
    ("money", {"currency": "CNY"}),
    ("date", {}),
    ("datetime", {}),
    ("time", {}),
    ("yes_no", {}),
    ("choice", {"options": ["甲", "乙", "丙"]}),
    ("choices", {"options": ["红", "黄", "蓝"]}),
    ("person", {}),
    ("department", {}),
    ("link", {"target": "customers"}),
    ("phone", {}),
    ("email", {}),
    ("url", {}),
    ("address", {}),
]
NAMES = ["王芳", "李雷", "赵敏", "安娜", "重庆", "长沙", "Zoe", "apple", "行长", "银行", "", "阿里"]


@dataclass
class Many:
    """Contacts with many added fields: what each was given, by field."""

    contact: RecordType
    keys: list[str]
    rows: dict[int, dict[str, Any]]
    parent: int


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def many(admin: httpx.AsyncClient, rounds: Callable[..., int]) -> AsyncIterator[Many]:
    """Every kind over and over, and rows with values drawn at random (the same each time)."""
    with acting_as(system("fill many fields")):
        contact = current_snapshot().records["contact"]
        for number in range(rounds(len(KINDS) * 2, deep=300)):
            kind, details = KINDS[number % len(KINDS)]
            await add_field(contact, f"第{number}项", kind, details=details, indexed=number % 7 == 0)
        keys = [key for key in contact.fields if key.startswith("x_")]
        customer = (await desk.create(current_snapshot().records["customer"].table, {"name": "多字段客户"})).id
        draw = random.Random(20261123)
        people = [r["id"] for r in (await admin.get("/api/v1/staff", params={"fields": "name"})).json()["items"]]
        places = [r["id"] for r in (await admin.get("/api/v1/departments", params={"fields": "name"})).json()["items"]]
        rows: dict[int, dict[str, Any]] = {}
        for start in range(0, rounds(300, deep=100_000), 500):
            part = []
            for n in range(start, start + min(500, rounds(300, deep=100_000) - start)):
                some = draw.sample(keys, k=min(12, len(keys)))
                values = {k: drawn(draw, contact, k, people, places, customer) for k in some}
                part.append({"name": f"联系人{n}", "customer": customer, **values})
            made = await desk.create_many(contact.table, part)
            rows |= dict(zip(made, part, strict=True))
        yield Many(contact, keys, rows, customer)


def drawn(
    draw: random.Random, contact: RecordType, key: str, people: list[int], places: list[int], customer: int
) -> Any:
    """A value as the desk takes it."""
    field = contact.fields[key]
    day = dt.date(2020, 1, 1) + dt.timedelta(days=draw.randrange(3000))
    options = [o.key for o in field.options]
    made: dict[str, Callable[[], Any]] = {
        "text": lambda: draw.choice(NAMES) or None,
        "long_text": lambda: draw.choice(NAMES) or None,
        "number": lambda: draw.randrange(-(10**9), 10**9),
        "money": lambda: draw.randrange(-(10**12), 10**12),
        "date": lambda: day,
        "datetime": lambda: dt.datetime.combine(day, dt.time(draw.randrange(24), draw.randrange(60)), dt.UTC),
        "time": lambda: f"{draw.randrange(24):02}:{draw.randrange(60):02}",
        "yes_no": lambda: draw.random() < 0.5,
        "choice": lambda: draw.choice(options),
        "choices": lambda: field.type.read(draw.sample(options, k=2), field),
        "person": lambda: draw.choice(people),
        "department": lambda: draw.choice(places),
        "link": lambda: customer,
        "phone": lambda: f"1{draw.randrange(10**10):010}",
        "email": lambda: f"a{draw.randrange(1000)}@example.com",
        "url": lambda: f"https://example.com/{draw.randrange(1000)}",
        "address": lambda: draw.choice(NAMES) or None,
    }
    return made[field.kind]()


async def listed(admin: httpx.AsyncClient, key: str, **asked: str) -> list[Any]:
    """Every row's value of a field in the order of the list, page by page."""
    found: list[Any] = []
    cursor = ""
    while True:
        answer = await admin.get(CONTACTS, params={"fields": key, "limit": "500", "cursor": cursor, **asked})
        assert answer.status_code == 200, answer.text
        found += [row[key] for row in answer.json()["items"]]
        cursor = answer.json().get("next") or ""
        if not cursor:
            return found


async def test_all_fields_are_read_as_they_were_saved(admin: httpx.AsyncClient, many: Many) -> None:
    draw = random.Random(1)
    for record_id in draw.sample(sorted(many.rows), k=20):
        answer = (await admin.get(f"{CONTACTS}/{record_id}")).json()
        for key in many.keys:
            field, value = many.contact.fields[key], many.rows[record_id].get(key)
            empty = False if field.kind == "yes_no" else None
            assert answer[key] == (empty if value is None else field.type.send(value, field)), key


async def test_each_kind_is_filtered_and_sorted(admin: httpx.AsyncClient, many: Many) -> None:
    draw = random.Random(2)
    for key in many.keys[: len(KINDS)]:
        field = many.contact.fields[key]
        held = [row[key] for row in many.rows.values() if row.get(key) is not None]
        assert held, key
        wanted = field.type.send(draw.choice(held), field)
        if "=" in field.type.operators:
            found = await listed(admin, key, filter=f'[{OURS},["{key}","=",{_json(wanted)}]]')
            expected = sum(field.type.send(value, field) == wanted for value in held)
            if field.kind == "yes_no" and wanted is False:
                expected += len(many.rows) - len(held)
            assert (len(found), set(map(str, found))) == (expected, {str(wanted)}), key
        if field.kind in ("long_text", "choices", "choice", "person", "department", "link", "yes_no"):
            continue
        found = await listed(admin, key, filter=f'[["{key}","empty",false]]', sort=key)
        order = sort_key if field.kind == "text" else lambda value: value
        assert found == [field.type.send(value, field) for value in sorted(held, key=order)], key


def _json(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'


async def test_rows_are_grouped_by_a_choice_with_sums(admin: httpx.AsyncClient, many: Many) -> None:
    choice = next(k for k in many.keys if many.contact.fields[k].kind == "choice")
    money = next(k for k in many.keys if many.contact.fields[k].kind == "money")
    answer = await admin.get(f"{CONTACTS}/summary", params={"group": choice, "sum": money, "filter": f"[{OURS}]"})
    assert answer.status_code == 200, answer.text
    counts = {item["value"]: item["count"] for item in answer.json()["items"]}
    for option, _on in options_of(many.contact.fields[choice].lookup):  # type: ignore[arg-type]
        held = [row for row in many.rows.values() if row.get(choice) == option.key]
        assert counts.get(option.key, 0) == len(held)
    assert sum(counts.values()) == len(many.rows)


async def test_off_and_on_again(admin: httpx.AsyncClient, many: Many) -> None:
    some = many.keys[:3]
    before = {key: sorted(map(str, await listed(admin, key))) for key in some}
    for key in some:
        await change_field(many.contact, key, active=False)
        assert (await admin.get(CONTACTS, params={"fields": key})).status_code == 400
    for key in some:
        await change_field(many.contact, key, active=True)
    assert {key: sorted(map(str, await listed(admin, key))) for key in some} == before


async def test_a_full_table_says_so(admin: httpx.AsyncClient, many: Many, module_database: str) -> None:
    limit = 2000 if module_database == "sqlite" else 1600
    table = current_snapshot().records["interaction"].table
    interaction = current_snapshot().records["interaction"]
    room = limit - len(table._meta.columns)
    async with transaction():
        spare = [prepare(table, f"spare{n}", Varchar(10, null=True, default=None)) for n in range(room)]
        await add_columns(table, spare)
    before = await admin.get("/api/v1/record-types/interactions/fields")
    with pytest.raises(Refused, match=str(limit)):
        await add_field(interaction, "放不下了", "text")
    answer = await admin.post("/api/v1/record-types/interactions/fields", json={"label": "放不下了", "kind": "date"})
    assert answer.status_code == 409, answer.text
    assert str(limit) in answer.json()["detail"]
    assert (await admin.get("/api/v1/record-types/interactions/fields")).json() == before.json()
    assert (await admin.get("/api/v1/interactions")).status_code == 200
