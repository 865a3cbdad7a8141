"""The same answers by hand: a bare application, each statement written for its question.

It looks the token up, keeps to the person's departments, counts up to a bound, writes a row and its log entry in one
transaction, and answers JSON. No fields but those asked for, no templates, no rights by field, no plugins.
Started with `granian --factory bench.floor:build`; BENCH_COMPANY names the directory of the company, BENCH_DATABASE its database.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, get, patch, post
from litestar.exceptions import NotAuthorizedException, NotFoundException, PermissionDeniedException

from bench.company import Company
from bench.hand import Hand, hand_of
from dougong.records import pinyin

__all__ = ["build"]

BOUND = 10_000
LIST = "id, number, name, city, phone, employees, owner, department, state"


class Floor:
    """What every handler needs: the database, the tables as it calls them, and what the person may see."""

    def __init__(self, hand: Hand, company: Company) -> None:
        self.hand = hand
        self.company = company
        self.customer, self.log = hand.table("customer"), hand.table("change_log")
        self.token, self.user = hand.table("people_token"), hand.table("people_user")
        departments = ", ".join(map(str, company.departments))
        self.seen = f"(department IN ({departments}) OR owner = {company.staff})"
        self.indexed: int | None = None
        self.columns = f"{LIST}, {', '.join(company.added.values())}"

    async def person(self, request: Request[Any, Any, Any]) -> int:
        digest = hashlib.sha256(request.headers["authorization"].removeprefix("Bearer ").encode()).hexdigest()
        known = await self.hand.rows(
            f'SELECT t."user" AS person FROM {self.token} t JOIN {self.user} u ON u.id = t."user" '
            "WHERE t.digest = ? AND u.active",
            digest,
        )
        if not known:
            raise NotAuthorizedException
        return int(known[0]["person"])

    async def index(self) -> int:
        """The number of customers in the product's index of words."""
        if self.indexed is None:
            [row] = await self.hand.rows(f"SELECT id FROM {self.hand.table('search_index')} WHERE record = 'customer'")
            self.indexed = int(row["id"])
        return self.indexed

    async def page(self, request: Request[Any, Any, Any], condition: str, *values: Any, order: str) -> dict[str, Any]:
        await self.person(request)
        where = f"FROM {self.customer} AS customer WHERE {self.seen} AND {condition}"
        rows = await self.hand.rows(f"SELECT {self.columns} {where} ORDER BY {order} LIMIT 50", *values)
        counted = await self.hand.rows(
            f"SELECT count(*) AS n FROM (SELECT 1 {where} LIMIT {BOUND + 1}) AS some", *values
        )
        return {"items": [dict(row) for row in rows], "total": min(counted[0]["n"], BOUND)}

    def logged(self, verb: str, record: int, before: Any, after: Any) -> tuple[Any, ...]:
        columns = "at, by_user, staff, door, batch, record, record_id, verb, before, after"
        now = self.hand.moment(datetime.now(UTC))
        texts = (json.dumps(before, ensure_ascii=False), json.dumps(after, ensure_ascii=False))
        values = (
            now,
            self.company.user,
            self.company.staff,
            "api",
            os.urandom(16).hex(),
            "customer",
            record,
            verb,
            *texts,
        )
        return f"INSERT INTO {self.log} ({columns}) VALUES ({', '.join('?' * len(values))})", *values


def build() -> Litestar:
    directory = Path(os.environ["BENCH_COMPANY"])
    company = Company(**json.loads((directory / "company.json").read_text()))
    floor = Floor(hand_of(os.environ["BENCH_DATABASE"]), company)
    grade = company.added["等级"]

    @get("/list")
    async def by_name(request: Request[Any, Any, Any]) -> dict[str, Any]:
        return await floor.page(request, "1 = 1", order="title_key, id")

    @get("/filtered")
    async def filtered(request: Request[Any, Any, Any], given: str, city: str) -> dict[str, Any]:
        return await floor.page(request, f"{grade} = ? AND city = ?", given, city, order="created DESC, id DESC")

    @get("/search")
    async def search(request: Request[Any, Any, Any], word: str) -> dict[str, Any]:
        condition, value = floor.hand.two_characters(word, await floor.index())
        return await floor.page(request, f"{condition} AND name LIKE ?", value, f"%{word}%", order="title_key, id")

    @get("/deep")
    async def deep(request: Request[Any, Any, Any], key: str, after: int) -> dict[str, Any]:
        condition = "title_key >= ? AND (title_key > ? OR id > ?)"
        return await floor.page(request, condition, key, key, after, order="title_key, id")

    @get("/one/{number:int}")
    async def one(request: Request[Any, Any, Any], number: int) -> dict[str, Any]:
        await floor.person(request)
        sql = f"SELECT {floor.columns} FROM {floor.customer} WHERE id = ? AND {floor.seen}"
        found = await floor.hand.rows(sql, number)
        if not found:
            raise NotFoundException
        return dict(found[0])

    @post("/create")
    async def create(request: Request[Any, Any, Any]) -> dict[str, Any]:
        await floor.person(request)
        sent = await request.json()
        name = sent["name"]
        keys = (pinyin.sort_key(name), pinyin.initials(name))
        row = (name, *keys, sent["city"], floor.company.departments[0], floor.company.staff, "draft")
        insert = f"INSERT INTO {floor.customer} (name, title_key, title_initials, city, department, owner, state) "
        async with floor.hand.writing() as write:
            [made] = await write(f"{insert} VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id, version", *row)
            await write(*floor.logged("create", made["id"], None, sent))
        return {"id": made["id"], "version": made["version"], **sent}

    @patch("/update/{number:int}")
    async def update(request: Request[Any, Any, Any], number: int) -> dict[str, Any]:
        await floor.person(request)
        sent = await request.json()
        [(label, value)] = sent.items()
        column, version = floor.company.added[label], int(request.headers["if-match"])
        rule = f"WHERE id = ? AND version = ? AND {floor.seen}"
        async with floor.hand.writing() as write:
            before = await write(f"SELECT {column} AS value FROM {floor.customer} {rule}", number, version)
            if not before:
                raise PermissionDeniedException
            await write(
                f"UPDATE {floor.customer} SET {column} = ?, version = version + 1 {rule}", value, number, version
            )
            change = ({column: before[0]["value"]}, {column: value})
            await write(*floor.logged("update", number, *change))
        return {"id": number, "version": version + 1}

    return Litestar([by_name, filtered, search, deep, one, create, update], openapi_config=None, logging_config=None)
