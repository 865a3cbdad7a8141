"""Measures the table of `bench/README.md`: `./dev bench [--customers N] [--database sqlite|postgres] [--keep DIR]`.

`./dev bench --names FILE` measures instead how a file with a name on each line comes in and goes back.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.asking import Asked, Pace, ask, pace_of
from bench.company import Company, company_in
from bench.database import Database, database_of
from bench.lines import CUSTOMERS, Line, Seen, lines_for
from bench.long_file import brought_in
from bench.serving import Served, floor, product_of

ROUNDS, SECONDS = 3, 4.0
WRITTEN_AT_MOST = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, help="a multiple of 10,000")
    parser.add_argument("--database", choices=["sqlite", "postgres"], action="append")
    parser.add_argument("--only", default="", help="lines whose name holds this")
    parser.add_argument("--keep", type=Path, help="a directory for the company, made once (SQLite)")
    parser.add_argument("--names", type=Path, help="instead: bring this file of names in, in three forms")
    given = parser.parse_args()
    for kind in given.database or ["sqlite", "postgres"]:
        with tempfile.TemporaryDirectory(prefix="dougong-bench-") as made:
            directory = Path(given.keep or made) / kind
            directory.mkdir(parents=True, exist_ok=True)
            with database_of(kind, directory) as database:
                if given.names:
                    say(brought_in(database, directory, given.names))
                else:
                    say(measured(database, directory, given.customers, given.only))


def say(words: Sequence[str]) -> None:
    print("\n".join(words), flush=True)


# One database ----------------------------------------------------------------------------------


def measured(database: Database, directory: Path, customers: int, only: str) -> list[str]:
    company = asyncio.run(company_in(database, directory, customers))
    environment = {
        **os.environ,
        "DOUGONG_DATA": str(directory),
        "DOUGONG_DATABASE": database.url,
        "BENCH_COMPANY": str(directory),
        "BENCH_DATABASE": database.url,
    }
    with product_of(environment) as product, floor(environment) as by_hand:
        seen = asyncio.run(what_is_seen(database, company, product.port))
        rows = [compared(line, product.port, by_hand.port) for line in lines_for(company, seen) if only in line.name]
        memory = product.resident()
    return [*heading(database, customers, product, memory), *rows]


async def what_is_seen(database: Database, company: Company, port: int) -> Seen:
    departments = ", ".join(map(str, company.departments))
    table = database.table("customer")
    async with database.connected() as plain:
        known = await plain.rows(
            f"SELECT id, version FROM {table} WHERE department IN ({departments}) ORDER BY id DESC LIMIT {WRITTEN_AT_MOST}"
        )
        [(middle,)] = await plain.rows(f"SELECT count(*) / 2 FROM {table} WHERE department IN ({departments})")
    signed = {"Authorization": f"Bearer {company.token}"}
    cursor, key, last = "", "", 0
    for _page in range(middle // 500):
        told = ask(port, Asked(f"{CUSTOMERS}?sort=name&limit=500&fields=id&cursor={cursor}", headers=signed))
        cursor, last = told["next"], told["items"][-1]["id"]
    async with database.connected() as plain:
        [(key,)] = await plain.rows(f"SELECT title_key FROM {table} WHERE id = {last}")
    return Seen({row[0]: row[1] for row in known}, cursor, key, last)


def compared(line: Line, product: int, by_hand: int) -> str:
    """A row of the table: the middle of several rounds, ours and the floor's turn about."""
    pairs = [(pace_of(product, line.ours, SECONDS), pace_of(by_hand, line.floor, SECONDS)) for _round in range(ROUNDS)]
    ratios = [mine.per_second / theirs.per_second for mine, theirs in pairs]
    mine, theirs = (middle([pair[side] for pair in pairs]) for side in (0, 1))
    ratio = statistics.median(ratios)
    met = "" if ratio >= line.aim else " (missed)"
    row = f"| {line.name} | {mine.per_second:,.0f} | {mine.middle:.1f} | {theirs.per_second:,.0f} | {theirs.middle:.1f} | {ratio:.2f}{met} |"
    print(row, file=sys.stderr, flush=True)
    return row


def middle(paces: Sequence[Pace]) -> Pace:
    return sorted(paces, key=lambda pace: pace.per_second)[len(paces) // 2]


def heading(database: Database, customers: int, product: Served, memory: int) -> list[str]:
    return [
        "",
        f"## {database.kind}: {customers:,} customers",
        "",
        (
            f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}; "
            f"first answer {product.seconds:.1f} s after the start; {memory} MiB resident after the lines below."
        ),
        "",
        "| | ours, a second | ours, ms | by hand, a second | by hand, ms | ratio |",
        "|---|---|---|---|---|---|",
    ]


if __name__ == "__main__":
    main()
