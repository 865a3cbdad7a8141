"""The main job on real input: what a company has in its files becomes customers, and nothing gets lost on the way.

`DOUGONG_TEST_DATA` names a folder with the real files; without it a look-alike is made.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from dougong.records.pinyin import initials
from dougong.testing.app import Company
from dougong_customers.names import forbidden_characters
from dougong_customers.sample import words

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]
_SCRIPT = Path(__file__).with_name("post_real_data.py")


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("post_real_data", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


posting = _script()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    given = os.environ.get("DOUGONG_TEST_DATA")
    return Path(given) if given else look_alike(tmp_path_factory.mktemp("data"))


def look_alike(place: Path) -> Path:
    """85 accounts and 1,200 names, some of them written against the rule, some rows with holes."""
    dice = random.Random(20120)
    columns = ["account", "sector", "year_established", "revenue", "employees", "office_location", "subsidiary_of"]
    names = [
        f"{a}{b}" for a in ("Acme", "Beta", "Cone", "Dalt", "Elec") for b in ("", "tech", " Corp", "-line", "soft")
    ]
    names += [f"Company No. {n}" for n in range(85 - len(names))]
    (place / "maven-crm").mkdir()
    with (place / "maven-crm" / "accounts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        for name in names:
            row = [
                name,
                "technolgy",
                dice.randrange(1950, 2020),
                dice.random() * 1000,
                dice.randrange(10, 9999),
                "Kenya",
            ]
            writer.writerow(
                dict(zip(columns, [*row, "" if name == names[0] else dice.choice(["", "", names[0]])], strict=True))
            )
    brands = [brand for brand, _spelt in words.BRANDS]
    trades = [trade for trade, _name, _form in words.TRADES]
    made = [
        f"{dice.choice(brands)}{dice.choice(trades)}{dice.choice(['', '', '', 'A', '2', '（中国）', '·', '&'])}{n}"
        for n in range(1200)
    ]
    (place / "company-short-names-zh.txt").write_text("\n".join(made), encoding="utf-8")
    return place


async def test_accounts_and_names_become_customers(company: Company, folder: Path):
    async with company.program("wangfang") as http:
        for rows, expected in ((posting.read_accounts(folder), 85), (posting.read_names(folder), 1000)):
            assert len(rows) == expected
            outcome = await posting.post(http, rows)
            assert outcome.failed == {}
            assert len(outcome.created) + len(outcome.refused) == expected
            for name, errors in outcome.refused.items():
                assert forbidden_characters(name), (name, errors)
                assert [error["field"] for error in errors] == ["name"]
            assert not [name for name in outcome.created if forbidden_characters(name)]
            assert len(outcome.created) > 0.7 * expected, outcome.refused
            children = [
                row for row in rows if row.get("subsidiary_of") in outcome.created and row["name"] in outcome.created
            ]
            assert outcome.related == len(children)
            report(outcome)
            await compare(http, rows, outcome)


async def compare(http: Any, rows: Any, outcome: Any) -> None:
    """What the server has is what the files say, found by name, by initials and by filter."""
    ids = list(outcome.created.values())
    there: dict[str, Any] = {}
    for start in range(0, len(ids), 500):
        tree = [["id", "in", ids[start : start + 500]], ["owner", "=", "me"], ["state", "=", "draft"]]
        answer = await http.get(posting.CUSTOMERS, params={"filter": json.dumps(tree), "limit": 500})
        there |= {record["name"]: record for record in answer.json()["items"]}
    assert there.keys() == outcome.created.keys()
    for row in rows:
        if row["name"] in there:
            record = there[row["name"]]
            assert {k: str(record[k]) for k in row if k != "subsidiary_of"} == {
                k: v.strip() for k, v in row.items() if k != "subsidiary_of"
            }
    for name in random.Random(1).sample(list(outcome.created), 25):
        for typed in (name, name[:2], initials(name)[:5]):
            found = await http.get(posting.CUSTOMERS, params={"q": typed, "limit": 500, "fields": "name"})
            assert name in {record["name"] for record in found.json()["items"]}, (name, typed)


def report(outcome: Any) -> None:
    created, refused = len(outcome.created), len(outcome.refused)
    print(f"{created} created, {refused} refused, {outcome.related} related, {outcome.seconds:.1f} s")  # noqa: T201
    for name, errors in outcome.refused.items():
        print(f"  {name}: {errors[0]['message']}")  # noqa: T201
