"""Posts a seller's accounts and a thousand company names as customers, one request each, and says what came of it.

    python tests/api/post_real_data.py FOLDER [URL]     the token comes from the environment: DOUGONG_TOKEN

The folder holds `maven-crm/accounts.csv` (account, sector, year_established, employees, office_location,
subsidiary_of …) and `company-short-names-zh.txt` (one name a line).
"""

from __future__ import annotations

import asyncio
import csv
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

CUSTOMERS = "/api/v1/customers"
NAMES = 1000


@dataclass
class Outcome:
    """`created` holds ids by name, `refused` the problems by name, as the server answered them."""

    created: dict[str, int] = field(default_factory=dict)
    refused: dict[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    related: int = 0
    seconds: float = 0.0


def read_accounts(folder: Path) -> list[dict[str, Any]]:
    with (folder / "maven-crm" / "accounts.csv").open(encoding="utf-8", newline="") as file:
        return [account_as_customer(row) for row in csv.DictReader(file)]


def account_as_customer(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": row["account"],
        "industry": row["sector"],
        "founded": row["year_established"],
        "employees": row["employees"],
        "city": row["office_location"],
        "remark": f"{row['revenue']} (million USD)",
        "subsidiary_of": row["subsidiary_of"],
    }


def read_names(folder: Path, count: int = NAMES) -> list[dict[str, Any]]:
    """That many names, evenly from the whole list."""
    lines = (folder / "company-short-names-zh.txt").read_text(encoding="utf-8").splitlines()
    step = max(1, len(lines) // count)
    return [{"name": name} for name in dict.fromkeys(line.strip() for line in lines[::step] if line.strip())][:count]


async def post(client: httpx.AsyncClient, rows: Sequence[Mapping[str, Any]]) -> Outcome:
    """Every row a request; the parents of subsidiaries are related to them afterwards."""
    outcome, started = Outcome(), time.perf_counter()
    for row in rows:
        await _post_one(client, {k: v for k, v in row.items() if k != "subsidiary_of"}, outcome)
    for row in rows:
        parent = outcome.created.get(row.get("subsidiary_of", ""))
        if parent and row["name"] in outcome.created:
            relation = {"customer": parent, "relation": "parent_of", "related": outcome.created[row["name"]]}
            answer = await client.post("/api/v1/customer-relations", json=relation)
            outcome.related += answer.status_code == 201
    outcome.seconds = time.perf_counter() - started
    return outcome


async def _post_one(client: httpx.AsyncClient, values: Mapping[str, Any], outcome: Outcome) -> None:
    name = values["name"]
    answer = await client.post(CUSTOMERS, json=values)
    if answer.status_code == 201:
        outcome.created[name] = answer.json()["id"]
    elif answer.status_code == 400:
        outcome.refused[name] = answer.json()["errors"]
    else:
        outcome.failed[name] = f"{answer.status_code} {answer.text[:200]}"


async def main(folder: Path, url: str) -> int:
    headers = {"Authorization": f"Bearer {os.environ['DOUGONG_TOKEN']}"}
    async with httpx.AsyncClient(base_url=url, headers=headers) as client:
        outcomes = [await post(client, rows) for rows in (read_accounts(folder), read_names(folder))]
    for what, outcome in zip(("accounts", "names"), outcomes, strict=True):
        told = f"{len(outcome.created)} created, {len(outcome.refused)} refused, {len(outcome.failed)} failed"
        print(f"{what}: {told}, {outcome.related} related, {outcome.seconds:.1f} s")  # noqa: T201
        for name, errors in outcome.refused.items():
            print(f"  {name}: {'; '.join(str(e['message']) for e in errors)}")  # noqa: T201
        for name, answer in outcome.failed.items():
            print(f"  {name}: {answer}")  # noqa: T201
    return 1 if any(outcome.failed for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "http://127.0.0.1:8000")))
