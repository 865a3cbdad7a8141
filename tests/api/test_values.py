"""What was saved is what is read, found and sorted: a property of every kind of value, on both databases."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from dougong.records.filters import PERIODS
from dougong.records.kinds import KINDS
from dougong.records.pinyin import sort_key
from dougong.testing.app import Reception

pytestmark = pytest.mark.timeout(600)
_numbers = itertools.count()


def same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Sample:
    """Where a kind of value lives, what may be sent, what is read back, and by what it sorts."""

    collection: str
    key: str
    values: st.SearchStrategy[Any]
    read: Callable[[Any], Any] = same
    order: Callable[[Any], Any] = same
    found_by: tuple[str, ...] = ("=", "in")
    added: Mapping[str, Any] | None = None
    """How the field is added, where no plugin declares one."""


def words(most: int) -> st.SearchStrategy[str]:
    some = st.characters(exclude_categories=["Cc", "Cs"])
    tricky = st.sampled_from(["%", "_", "!", "'", '"', "\\", "杭州", "ß", "İ", "𠮷", "é", " ", "Z", "a"])
    return st.lists(st.one_of(tricky, some), max_size=8).map(lambda parts: "".join(parts)[:most]).map(str.strip)


def moments() -> st.SearchStrategy[str]:
    zones = st.sampled_from(
        [dt.UTC, dt.timezone(dt.timedelta(hours=8)), dt.timezone(-dt.timedelta(hours=9, minutes=30))]
    )
    some = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2100, 1, 1), timezones=zones)  # noqa: DTZ001 - zones come with it
    return some.map(dt.datetime.isoformat)


def in_utc(text: str) -> str:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).isoformat().replace("+00:00", "Z")


def amounts() -> st.SearchStrategy[str]:
    return st.integers(-(10**15), 10**15).map(lambda minor: str(Decimal(minor).scaleb(-2)))


DIGITS = "0123456789"
CUSTOMERS = "customers"
SAMPLES: Mapping[str, Sample] = {
    "text": Sample(CUSTOMERS, "short_name", words(60), order=str.encode),
    "long_text": Sample(CUSTOMERS, "remark", words(300), found_by=()),
    "number": Sample(CUSTOMERS, "employees", st.integers(-(2**31) + 1, 2**31 - 1)),
    "year": Sample(CUSTOMERS, "founded", st.integers(1000, 9999)),
    "money": Sample(CUSTOMERS, "credit_limit", amounts(), order=Decimal),
    "yes_no": Sample(CUSTOMERS, "x_sample_yes_no", st.booleans(), found_by=("=",), added={"kind": "yes_no"}),
    "date": Sample(CUSTOMERS, "next_follow_up", st.dates(dt.date(1, 1, 1)).map(dt.date.isoformat)),
    "datetime": Sample("interactions", "happened_at", moments(), read=in_utc, order=lambda text: dt.datetime.fromisoformat(text)),
    "choice": Sample(CUSTOMERS, "level", st.sampled_from(["key", "important", "regular", "small"]), order=str.encode),
    "person": Sample(CUSTOMERS, "owner", st.integers(1, 30), order=lambda _: 0),
    "department": Sample(CUSTOMERS, "department", st.integers(1, 14), order=lambda _: 0),
    "link": Sample("contacts", "customer", st.integers(1, 100), order=lambda _: 0),
    "phone": Sample(CUSTOMERS, "phone", st.text("0123456789+-() /", min_size=3, max_size=40).map(str.strip).filter(lambda t: sum(c in DIGITS for c in t) > 2), order=str.encode),
    "email": Sample(CUSTOMERS, "email", st.from_regex(r"[a-zA-Z0-9.+_'-]{1,20}@[a-zA-Z0-9-]{1,10}\.[a-z]{2,5}", fullmatch=True), order=str.encode),
    "url": Sample(CUSTOMERS, "website", st.from_regex(r"https?://[a-z0-9-]{1,10}\.[a-z]{2,5}(/[a-zA-Z0-9%_?&=-]{0,20})?", fullmatch=True), order=str.encode),
    "time": Sample(CUSTOMERS, "x_sample_time", st.times().map(lambda t: t.strftime("%H:%M")), added={"kind": "time"}),
    "address": Sample(CUSTOMERS, "x_sample_address", words(300).filter(bool), order=str.encode, added={"kind": "address"}),
    "choices": Sample(
        CUSTOMERS, "x_sample_choices", st.lists(st.sampled_from(["red", "green", "blue"]), unique=True),
        read=lambda keys: sorted(keys) or None, found_by=(),
        added={"kind": "choices", "details": {"options": ["red", "green", "blue"]}},
    ),
}  # fmt: skip

EXACTLY: Mapping[str, Sample] = {
    "text by sound": Sample(
        CUSTOMERS, "x_sample_sound", words(60).filter(bool), order=sort_key, added={"kind": "text", "indexed": True}
    ),
    "number with places": Sample(
        CUSTOMERS, "x_sample_places", st.integers(-(10**15), 10**15).map(lambda n: str(Decimal(n).scaleb(-3))),
        order=Decimal, added={"kind": "number", "details": {"places": 3}, "indexed": True},
    ),
    "amount without cents": Sample(
        CUSTOMERS, "x_sample_yen", st.integers(-(10**14), 10**14).map(str), order=int,
        added={"kind": "money", "details": {"currency": "JPY"}},
    ),
    "added moment": Sample(
        CUSTOMERS, "x_sample_moment", moments(), read=in_utc, order=dt.datetime.fromisoformat, added={"kind": "datetime"}
    ),
}  # fmt: skip
"""Added fields of kinds that are declared too, where an added one does more or is stored otherwise."""


@pytest.fixture(scope="module", autouse=True)
def added_fields(reception: Reception) -> None:
    for sample in [*SAMPLES.values(), *EXACTLY.values()]:
        if sample.added is not None:
            body = {"label": sample.key.removeprefix("x_").replace("_", " "), **sample.added}
            answer = reception.ask("admin", "POST", "/api/v1/record-types/customers/fields", json=body)
            assert (answer.status_code, answer.json()["key"]) == (201, sample.key), answer.text


def test_every_kind_has_its_sample():
    given_by_the_house, sent_by_itself = {"state", "serial"}, {"file"}
    assert SAMPLES.keys() | given_by_the_house | sent_by_itself == KINDS.keys()


@pytest.mark.parametrize("name", [*SAMPLES, *EXACTLY])
def test_what_was_saved_is_read_found_and_sorted(name: str, reception: Reception, rounds: Callable[..., int]):
    sample = SAMPLES[name] if name in SAMPLES else EXACTLY[name]
    kind = sample.added["kind"] if sample.added else name

    @seed(20120)
    @settings(
        max_examples=rounds(8, deep=500),
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(sample.values, min_size=1, max_size=5))
    def holds(values: list[Any]) -> None:
        made = [save(reception, sample, value) for value in values]
        ids = [record["id"] for record in made]
        for value, record in zip(values, made, strict=True):
            assert record[sample.key] == sample.read(value)
            read = ask(reception, f"/api/v1/{sample.collection}/{record['id']}")
            assert read == record
        for value in values:
            equal = {i for i, other in zip(ids, values, strict=True) if sample.read(other) == sample.read(value)}
            for operator in sample.found_by:
                wanted = [value] if operator == "in" else value
                assert found(reception, sample, ids, [sample.key, operator, wanted]) == equal, (operator, value)
        if kind == "choices":
            for option in ("red", "green", "blue"):
                having = {i for i, keys in zip(ids, values, strict=True) if option in keys}
                assert found(reception, sample, ids, [sample.key, "contains", option]) == having
            return
        if "contains" in KINDS[kind].operators:
            for value in filter(None, values):
                assert found(reception, sample, ids, [sample.key, "contains", value[1:3] or value]) >= {
                    i for i, other in zip(ids, values, strict=True) if (value[1:3] or value) in other
                }
        if kind != "long_text":
            check_order(reception, sample, ids)

    holds()


def check_order(reception: Reception, sample: Sample, ids: Sequence[int]) -> None:
    rows = listed(reception, sample, ids, None, sort=sample.key)
    values = [row[sample.key] for row in rows]
    filled = [sample.order(value) for value in values if value is not None]
    assert filled == sorted(filled)
    assert [row["id"] for row in listed(reception, sample, ids, None, sort=f"-{sample.key}")] == [
        row["id"] for row in reversed(rows)
    ]


def save(reception: Reception, sample: Sample, value: Any) -> dict[str, Any]:
    needed: dict[str, Any] = {
        CUSTOMERS: {"name": f"样本{next(_numbers)}"},
        "contacts": {"name": "样本", "customer": 1},
        "interactions": {"text": "样本", "customer": 1},
    }[sample.collection]
    answer = reception.ask("admin", "POST", f"/api/v1/{sample.collection}", json={**needed, sample.key: value})
    assert answer.status_code == 201, (value, answer.text)
    made: dict[str, Any] = answer.json()
    return made


def found(reception: Reception, sample: Sample, ids: Sequence[int], condition: Any) -> set[int]:
    return {row["id"] for row in listed(reception, sample, ids, condition)}


def listed(
    reception: Reception, sample: Sample, ids: Sequence[int], condition: Any, **given: Any
) -> list[dict[str, Any]]:
    tree = [["id", "in", list(ids)], *([condition] if condition else [])]
    answer = ask(reception, f"/api/v1/{sample.collection}", filter=json.dumps(tree), limit=500, **given)
    rows: list[dict[str, Any]] = answer["items"]
    return rows


def ask(reception: Reception, path: str, **params: Any) -> dict[str, Any]:
    answer = reception.ask("admin", "GET", path, params=params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


# ---------------------------------------------------------------------- filters made up


@st.composite
def good_leaf(draw: st.DrawFn, kind: str) -> list[Any]:
    operator, values = draw(st.sampled_from(KINDS[kind].operators)), SAMPLES[kind].values
    value = {
        "in": st.lists(values, max_size=3),
        "contains": st.sampled_from(["red", "blue"]) if kind == "choices" else values,
        "empty": st.sampled_from([None, True, False]),
        "during": st.sampled_from(list(PERIODS)),
    }.get(operator, values)
    return [SAMPLES[kind].key, operator, draw(value)]


def trees() -> st.SearchStrategy[Any]:
    """What looks like a filter, and sometimes is none."""
    keys = st.sampled_from(
        [s.key for s in SAMPLES.values() if s.collection == CUSTOMERS] + ["id", "created", "state", "nothing"]
    )
    operators = st.sampled_from(
        ["=", "!=", "<", "<=", ">", ">=", "in", "contains", "starts", "empty", "during", "between"]
    )
    plain = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5),
        st.sampled_from(["me", "2026-03-04", "9999-12-31", "0001-01-01", "2026-13-99", "2026-03-04T05:06", "this_week", "12.50", "key", "true"]),
    )  # fmt: skip
    made_up = st.tuples(keys, operators, st.one_of(plain, st.lists(plain, max_size=3))).map(list)
    leaf = st.one_of(
        made_up, *([good_leaf(kind) for kind, sample in SAMPLES.items() if sample.collection == CUSTOMERS])
    )
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(
                st.sampled_from(["and", "or", "not", "xor"]), st.one_of(inner, st.lists(inner, max_size=3)), max_size=2
            ),
        ),
        max_leaves=6,
    )


def test_a_filter_is_answered_or_refused_and_never_fails(reception: Reception, rounds: Callable[..., int]):
    answered = 0

    @seed(20120)
    @settings(
        max_examples=rounds(200, deep=20_000),
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(trees())
    def holds(tree: Any) -> None:
        nonlocal answered
        text = json.dumps(tree)
        one, other = (
            reception.ask("admin", "GET", f"/api/v1/{CUSTOMERS}{path}", params={"filter": text, **more})
            for path, more in (("", {"limit": 3, "count": "exact"}), ("/summary", {"group": "level"}))
        )
        assert one.status_code == other.status_code
        assert one.status_code in (200, 400), (tree, one.text)
        if one.status_code == 200:
            answered += 1
            assert one.json()["total"] == sum(group["count"] for group in other.json()["items"]), tree

    holds()
    assert answered > 50
