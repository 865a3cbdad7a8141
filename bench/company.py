"""The company the lines are measured in: 300 departments, a million customers with twenty added fields.

Departments, people, roles, fields and the first customers are made as people make them, by the product's own services.
The others are copies of these with a word before their names, written with their log entries by plain SQL.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from bench.database import Database
from dougong.access.principal import acting_as
from dougong.access.services import make_standard_roles, principal_of
from dougong.config import read_config
from dougong.house import open_house
from dougong.people import sign_in
from dougong.people.services import account_named, make_operator
from dougong.people.tables import Department, Staff
from dougong.plugin.snapshot import current_snapshot
from dougong.records import desk, pinyin
from dougong.records.search_filling import rebuild
from dougong.shaping.fields import add_field
from dougong.testing.world import open_empty_world

__all__ = ["CITIES", "WORDS", "Company", "company_in", "names"]

REGIONS, TEAMS = 10, 29
CITIES = (
    "杭州",
    "上海",
    "深圳",
    "青岛",
    "北京",
    "广州",
    "成都",
    "武汉",
    "南京",
    "苏州",
    "宁波",
    "厦门",
    "西安",
    "长沙",
    "天津",
    "重庆",
    "合肥",
    "福州",
    "济南",
    "大连",
)
TRADES = ("机械", "电子", "医药", "食品", "纺织", "化工", "物流", "软件", "建材", "茶业")
FORMS = ("有限公司", "股份公司", "实业公司", "科技公司", "集团")
WORDS = tuple(f"{a}{b}" for a, b in product("云海天华东中金银长安永新恒瑞盛兴和泰鼎博", "栖岳澜润远宏信达通宇"))
"""Two characters each: what names begin with, and what is searched for."""
FIELDS: Sequence[tuple[str, str, bool]] = (
    ("等级", "choice", True),
    ("分数", "number", True),
    ("签约日", "date", True),
    ("区域码", "text", True),
    *((f"备注{at}", "text", False) for at in range(1, 5)),
    *((f"数量{at}", "number", False) for at in range(1, 5)),
    *((f"金额{at}", "money", False) for at in range(1, 3)),
    *((f"日期{at}", "date", False) for at in range(1, 4)),
    *((f"是否{at}", "yes_no", False) for at in range(1, 4)),
)
MADE = 10_000
_NOTES = "company.json"


@dataclass(frozen=True)
class Company:
    """The person asking heads one of ten regions and sees its customers, about a tenth. `departments`: those they see;
    `added`: the columns of the added fields by label; `grades`: the stored keys of the choice."""

    user: int
    staff: int
    token: str
    session: str
    departments: Sequence[int]
    added: Mapping[str, str]
    grades: Sequence[str]


async def company_in(database: Database, directory: Path, customers: int) -> Company:
    """The company of so many customers; made where it isn't yet, which takes minutes."""
    notes = directory / _NOTES
    if not notes.exists():
        company = await _found(database, directory, min(MADE, customers))
        await _multiply(database, directory, customers // MADE)
        notes.write_text(json.dumps(asdict(company)))
    return Company(**json.loads(notes.read_text()))


async def _found(database: Database, directory: Path, customers: int) -> Company:
    async with open_empty_world(database.url, directory, ["customers"]) as world, world.acting("admin"):
        teams, heads = await _departments()
        roles = await make_standard_roles()
        await make_operator(await desk.get(Staff, heads[0]), "head", [roles["manager"]])
        account = await account_named("head")
        assert account is not None
        token = await sign_in.create_token(account.user)
        added, grades = await _fields()
        await _customers(customers, teams, heads, added, grades)
        with acting_as(await principal_of(account.user)):
            session = await sign_in.open_session(account.user, sign_in.Place(lasts=timedelta(days=365)))
    return Company(account.user, heads[0], token, session.token, teams[:TEAMS], added, grades)


async def _departments() -> tuple[list[int], list[int]]:
    """The teams, region by region, and who heads each region."""
    [root] = await desk.create_many(Department, [{"name": "总部"}])
    regions = await desk.create_many(Department, [{"name": f"{at}区", "parent": root} for at in range(REGIONS)])
    each = product(regions, range(TEAMS))
    teams = await desk.create_many(Department, [{"name": f"{at}组", "parent": region} for region, at in each])
    heads = await desk.create_many(Staff, [{"name": f"区长{region}", "department": region} for region in regions])
    for region, head in zip(regions, heads, strict=True):
        await desk.update(Department, [region], {"head": head})
    return list(teams), list(heads)


async def _fields() -> tuple[dict[str, str], list[str]]:
    customer = current_snapshot().records["customer"]
    made = {}
    for label, kind, indexed in FIELDS:
        details = {"options": [*"ABCDEFGHIJ"]} if kind == "choice" else {}
        made[label] = (await add_field(customer, label, kind, indexed=indexed, details=details)).key
    grade = current_snapshot().records["customer"].fields[made["等级"]]
    return made, [option.key for option in grade.options]


def names(count: int) -> list[str]:
    """So many names of companies, all different; the same in every run."""
    every = [f"{word}{other}{trade}" for word, other, trade in product(WORDS, WORDS[:100], TRADES)]
    random.Random(1103).shuffle(every)
    return [f"{name}{FORMS[at % len(FORMS)]}" for at, name in enumerate(every[:count])]


async def _customers(
    count: int, teams: Sequence[int], heads: Sequence[int], added: Mapping[str, str], grades: Sequence[str]
) -> None:
    dice = random.Random(1103)
    customer = current_snapshot().records["customer"].table
    rows = [_customer(name, dice, teams, heads, added, grades) for name in names(count)]
    for at in range(0, count, 1000):
        await desk.create_many(customer, rows[at : at + 1000])


def _customer(
    name: str,
    dice: random.Random,
    teams: Sequence[int],
    heads: Sequence[int],
    added: Mapping[str, str],
    grades: Sequence[str],
) -> dict[str, Any]:
    team = dice.randrange(len(teams))
    by_kind = {
        "choice": lambda: dice.choice(grades),
        "number": lambda: dice.randrange(10_000),
        "money": lambda: dice.randrange(10_000_000),
        "date": lambda: date(2020, 1, 1) + timedelta(dice.randrange(2000)),
        "text": lambda: f"{dice.choice(WORDS)}{dice.randrange(1000)}",
        "yes_no": lambda: dice.random() < 0.5,
    }
    return {
        "name": name,
        "city": dice.choice(CITIES),
        "phone": f"0571-5{dice.randrange(10**7):07}",
        "employees": dice.randrange(5000),
        "department": teams[team],
        "owner": heads[team // TEAMS],
        **{added[label]: by_kind[kind]() for label, kind, _ in FIELDS},
    }


async def _multiply(database: Database, directory: Path, times: int) -> None:
    """Each customer again so many times less one, with another word before its name, and its log entry with it."""
    async with database.connected() as plain:
        columns = await plain.columns("customer")
        same = [c for c in columns if c not in ("id", "name", "title_key", "title_initials")]
        logged = [c for c in await plain.columns("change_log") if c not in ("id", "record_id")]
        customer, log = database.table("customer"), database.table("change_log")
        kept, noted = ", ".join(f'"{c}"' for c in same), ", ".join(f'"{c}"' for c in logged)
        [(most,)] = await plain.rows(f"SELECT max(id) FROM {customer}")
        for turn in range(1, times):
            word = f"{WORDS[turn % len(WORDS)]}{turn // len(WORDS) or ''}"
            sounds = pinyin.sort_key(word).removesuffix(f" {word}")
            key = f"'{sounds} ' || substr(title_key, 1, length(title_key) - length(name)) || '{word}' || name"
            await plain.run(
                f"INSERT INTO {customer} (id, name, title_key, title_initials, {kept}) "
                f"SELECT id + {most * turn}, '{word}' || name, {key}, '{pinyin.initials(word)}' || title_initials, {kept} "
                f"FROM {customer} WHERE id <= {most}"
            )
            await plain.run(
                f"INSERT INTO {log} (record_id, {noted}) SELECT record_id + {most * turn}, {noted} "
                f"FROM {log} WHERE record = 'customer' AND record_id <= {most}"
            )
    house = await open_house(read_config(directory, database=database.url), serving=False)
    try:
        await rebuild(current_snapshot().records["customer"])
    finally:
        await house.close()
    async with database.connected() as plain:
        await plain.settle("customer")
