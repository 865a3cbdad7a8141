"""The questions of the table, each as the product is asked it and as the floor is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from typing import Any
from urllib.parse import urlencode

from bench.asking import Asked
from bench.company import CITIES, WORDS, Company, names

__all__ = ["Line", "Seen", "lines_for"]

Questions = Callable[[], Iterator[Asked]]
CUSTOMERS = "/api/v1/customers"


@dataclass(frozen=True)
class Seen:
    """Records the person sees, as they are before anything is measured: id → version. `deep`: where the person's list
    by name has got to in its middle, as both sides are told."""

    versions: Mapping[int, int]
    cursor: str
    key: str
    after: int


@dataclass(frozen=True)
class Line:
    name: str
    ours: Questions
    floor: Questions
    aim: float = 0.5


def lines_for(company: Company, seen: Seen) -> Sequence[Line]:
    """In the order of the table. What is written is written to other records by each side."""
    signed = {"Authorization": f"Bearer {company.token}"}
    fields = ",".join(["id,number,name,city,phone,employees,owner,department,state", *company.added.values()])
    grade, score = company.added["等级"], company.added["分数"]
    ids = list(seen.versions)
    half = len(ids) // 2
    fresh = iter(names(200_000)[150_000:])
    numbers = count(1)

    def get(path: str, **parameters: Any) -> Asked:
        return Asked(f"{path}?{urlencode(parameters)}" if parameters else path, headers=signed)

    def ours(**parameters: Any) -> Asked:
        return get(CUSTOMERS, fields=fields, limit=50, **parameters)

    def tree(given: str, city: str) -> str:
        return json.dumps({"and": [[grade, "=", given], ["city", "=", city]]}, ensure_ascii=False)

    def pairs() -> Iterator[tuple[str, str]]:
        return cycle([(given, city) for given in company.grades for city in CITIES])

    def changed(path: str, among: Sequence[int], key: str) -> Iterator[Asked]:
        for value, number in enumerate(among):
            based = {**signed, "If-Match": str(seen.versions[number])}
            yield Asked(f"{path}/{number}", "PATCH", based, {key: value % 10_000})

    def new(path: str) -> Iterator[Asked]:
        while True:
            yield Asked(path, "POST", signed, {"name": f"{next(fresh)}{next(numbers)}号店", "city": "杭州"})

    ours_changed = changed(CUSTOMERS, ids[:half], score)
    floor_changed = changed("/update", ids[half:], "分数")
    return [
        Line("list of 50 by name", lambda: cycle([ours(sort="name")]), lambda: cycle([get("/list")])),
        Line(
            "list by an indexed added field and city",
            lambda: (ours(filter=tree(*pair)) for pair in pairs()),
            lambda: (get("/filtered", given=given, city=city) for given, city in pairs()),
        ),
        Line(
            "search for two characters",
            lambda: (ours(q=word) for word in cycle(WORDS)),
            lambda: (get("/search", word=word) for word in cycle(WORDS)),
        ),
        Line(
            "a page in the middle of the list",
            lambda: cycle([ours(sort="name", cursor=seen.cursor)]),
            lambda: cycle([get("/deep", key=seen.key, after=seen.after)]),
        ),
        Line(
            "read one",
            lambda: (get(f"{CUSTOMERS}/{number}") for number in cycle(ids[:5000])),
            lambda: (get(f"/one/{number}") for number in cycle(ids[:5000])),
        ),
        Line("create", lambda: new(CUSTOMERS), lambda: new("/create")),
        Line(
            "change one added field",
            lambda: ours_changed,
            lambda: floor_changed,
        ),
    ]
