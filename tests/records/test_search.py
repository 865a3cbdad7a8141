"""Records found by the search index: the same ones as by reading every row, whatever was written and however."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from piccolo.querystring import QueryString

from dougong.access.principal import acting_as, system
from dougong.db import engine, fetch, transaction
from dougong.errors import Forbidden
from dougong.records import desk, search_index
from dougong.records.filters import looked_up, quick_find
from dougong.records.gate import cleared, physical
from dougong.records.queries import Query, fetch_best
from dougong.records.search_filling import enter, rebuild
from dougong.records.search_index import clear
from dougong.records.undo import undo
from dougong.testing import World
from dougong_customers.api import Customer
from dougong_customers.records import customer

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIECES = [
    "杭",
    "州",
    "云",
    "栖",
    "公司",
    "A",
    "b",
    "Z9",
    "0",
    "17",
    "%",
    "_",
    "'",
    '"',
    "!",
    "*",
    "\\",
    " ",
    "-",
    "é",
    "ß",
    "İ",
    "😀",
    "\ue001",
    "𠮷",
    "ά",
    "Σ",
    "(",
    "AND",
    "null",
]


def words(chance: random.Random) -> str:
    return "".join(chance.choice(PIECES) for _ in range(chance.randint(1, 7))).strip() or "云"


async def found(text: str) -> set[int]:
    clause = await quick_find(customer, text)
    rows = (
        await Customer.select(Customer.id).where(clause) if clause is not None else await Customer.select(Customer.id)
    )
    return {row["id"] for row in rows}


async def read_through(text: str, monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The same without the index."""

    async def no_index(*_asked: Any, **_options: Any) -> None:
        return None

    with monkeypatch.context() as patch:
        patch.setattr(search_index, "which_may_match", no_index)
        return await found(text)


async def agree(texts: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Both ways answer the same to each text; how many records were found in all."""
    number = 0
    for text in texts:
        by_index = await found(text)
        assert by_index == await read_through(text, monkeypatch), text
        number += len(by_index)
    return number


@pytest.mark.parametrize("mode", ["contains", "starts"])
async def test_the_index_finds_what_reading_every_row_finds(
    world: World, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    chance = random.Random(mode)
    names = list(dict.fromkeys(words(chance) for _ in range(150)))
    monkeypatch.setitem(customer.__dict__, "find", mode)
    async with world.acting("admin"):
        rows = [{"name": f"随便公司{n}", "former_names": w, "city": words(chance)[:20]} for n, w in enumerate(names)]
        await desk.create_many(Customer, rows)
        parts = [n[(at := chance.randrange(len(n))) : at + chance.randint(1, 4)] for n in names]
        asked = [
            *parts,
            *(p.swapcase() for p in parts[:50]),
            *(f"*{p}" for p in parts[:30]),
            *map(words, [chance] * 60),
        ]
        assert await agree(asked, monkeypatch) > 200


async def test_the_index_follows_every_kind_of_write(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.acting("admin"):
        made = await desk.create(Customer, {"name": "钱塘茶叶公司"})
        assert await found("塘茶") == {made.id}
        async with transaction() as renaming:
            await desk.change(made, {"name": "西溪茶叶公司", "former_names": "钱塘"})
        assert (await found("西溪"), await found("钱塘"), await found("xxcy"), await found("塘茶")) == (
            *[{made.id}] * 3,
            set(),
        )
        await undo(renaming.batch)
        assert (await found("西溪"), await found("塘茶")) == (set(), {made.id})
        async with transaction() as removing:
            await desk.remove(await desk.get(Customer, made.id))
        assert await found("塘茶") == set()
        await undo(removing.batch)
        assert await found("塘茶") == {made.id}
        await desk.update(Customer, [made.id], {"city": "嘉善"})
        assert await found("嘉善") == {made.id}
        await agree(["塘茶", "嘉善", "西溪", "xxcy", "qtcy"], monkeypatch)


async def test_what_is_taken_back_leaves_nothing_in_the_index(world: World) -> None:
    async with world.acting("admin"):
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await desk.create(Customer, {"name": "瞬间即逝公司"})
                assert len(await found("瞬间")) == 1
                raise ZeroDivisionError
        assert await candidates("瞬间") == []


async def candidates(text: str) -> list[int] | None:
    return await search_index.which_may_match(customer, search_index.pairs(text))


async def test_a_field_that_is_hidden_finds_nothing(world: World) -> None:
    async with world.acting("wangfang") as who:
        made = await desk.create(Customer, {"name": "看得见公司", "phone": "0571-86990000"})
        assert await found("8699") == {made.id}
        without_phone = replace(who, hidden=who.hidden | {"customer.phone"}, version=("without a phone",))
        with acting_as(without_phone):
            assert await candidates("8699") == [made.id]
            assert await found("8699") == set()
            assert await found("看得见") == {made.id}


async def test_the_index_shows_nobody_what_they_may_not_read(world: World) -> None:
    async with world.acting("admin"):
        made = await desk.create(Customer, {"name": "别人家的公司", "owner": world.staff["lilei"]})
        assert await found("别人家") == {made.id}
    async with world.acting("wangfang"):
        assert await candidates("别人家") == [made.id]
        assert await found("别人家") == set()
        for table in ("search_text", "search_index"):
            with pytest.raises(Forbidden):
                await fetch(QueryString(f"SELECT count(*) AS n FROM {table}"))


@pytest.mark.parametrize("text", ["云栖", "86990", "zy"])
async def test_a_type_that_is_not_in_the_index_in_full_is_read_through(world: World, text: str) -> None:
    async with world.acting("admin"):
        [made] = await desk.create_many(Customer, [{"name": "中云栖谷公司", "phone": "0571-86990"}])
        before = await found(text)
        assert made in before or text == "zy"
        with acting_as(system("test the index")):
            async with transaction():
                await clear(customer.key)
        assert await candidates(text) is None
        assert await found(text) == before
        with acting_as(system("test the index")):
            await enter([customer])
        assert await candidates(text) is None, "entered, not filled"
        assert await found(text) == before
        await rebuild(customer)
        assert await found(text) == before
        assert set(await candidates(text) or ()) >= (before if text != "zy" else set())


async def test_other_search_fields_have_the_index_made_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.acting("admin"):
        [made] = await desk.create_many(Customer, [{"name": "换了字段公司", "address": "滨江江南大道"}])
        monkeypatch.setitem(customer.__dict__, "search_keys", ("name", "address"))
        assert await candidates("滨江") is None
        assert await found("滨江") == {made}
        await rebuild(customer)
        assert await candidates("滨江") == [made]
        assert await found("滨江") == {made}
        monkeypatch.undo()
        await rebuild(customer)
        assert await found("滨江") == set()


async def test_what_very_many_records_hold_is_not_looked_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async with world.acting("admin"):
        await desk.create_many(Customer, [{"name": f"众多第{n}家公司"} for n in range(12)])
        monkeypatch.setattr(search_index, "MOST", 10)
        assert await candidates("众多") is None
        assert len(await found("众多")) == 12
        few = await looked_up(customer, "第11家")
        assert few is not None
        assert few.narrowed


async def test_two_characters_are_looked_up_and_no_table_is_read_through(world: World) -> None:
    async with world.acting("admin"):
        await desk.create_many(Customer, [{"name": f"第{n}号龙井茶庄"} for n in range(3)])
        narrowed = await looked_up(customer, "龙井")
        assert narrowed is not None
        listed = Customer.select(Customer.id).where(narrowed.clause).order_by(Customer.title_key).limit(50)
        plan = await plan_of(listed.querystrings[0])
        assert reads_rows_by(plan, "customer") == {"id"}, plan
        with acting_as(system("read how a statement is run")), cleared("desk"):
            ways = [search_index._marked(customer, search_index.pairs("龙井"))]
            plan = await plan_of(search_index._looked_up(customer, ways))
        assert reads_rows_by(plan, "search_text") == {"grams"}, plan


async def plan_of(statement: QueryString) -> str:
    """How the database would run a statement as it is let through."""
    db = engine()
    sql, args = statement.compile_string(engine_type=db.engine_type)
    let_through = db.gate.admit(sql, args)
    word = "EXPLAIN QUERY PLAN" if db.engine_type == "sqlite" else "EXPLAIN"
    async with transaction():
        if db.engine_type == "postgres":  # a table this small is read through whatever there is
            with cleared("ddl"):
                await db.run_ddl("SET LOCAL enable_seqscan = off")
        rows = [dict(row) for row in await db.run(replace(let_through, mode="ddl", sql=f"{word} {let_through.sql}"))]
    return "\n".join(str(row.get("detail") or row["QUERY PLAN"]) for row in rows)


def reads_rows_by(plan: str, table: str) -> set[str]:
    """What the rows of a table are looked up by; "everything" where they are read through."""
    by = {
        r"SCAN \w*t VIRTUAL TABLE INDEX 0:.*M": "grams",
        r"SEARCH t USING INTEGER PRIMARY KEY \(rowid=\?\)": "id",
        r"Index Scan on search_text_grams_idx": "grams",
        r"Index (Only )?Scan (using|on) customer_pkey": "id",
        r"Seq Scan on (customer|search_text)": "everything",
        r"SCAN t(?! VIRTUAL)": "everything",
    }
    return {way for pattern, way in by.items() if re.search(pattern, plan)}


@pytest.mark.parametrize("most", [20_000, 0], ids=["looked up", "read through"])
async def test_the_title_itself_comes_first_then_what_begins_with_it_then_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(search_index, "MOST", most)
    monkeypatch.setattr(search_index, "_too_common", {})
    word = "排前" if most else "排后"
    async with world.acting("admin"):
        names = [f"阿{word}公司", f"{word}公司", word, f"八{word}", f"{word}阿公司"]
        ids = [(await desk.create(Customer, {"name": n})).id for n in names]
        ids.append((await desk.create(Customer, {"name": f"安吉{most}公司", "city": word})).id)
        for limit in (1, 2, 4, 6):
            query = Query(customer, q=word, sort="name", fields=("name",), limit=limit)
            best = [row["id"] for row in (await fetch_best(query)).rows]
            expected = [ids[n] for n in (2, 4, 1, 0, 5, 3)]
            assert best == expected[:limit]


async def test_first_letters_find_a_name_among_the_best(world: World) -> None:
    async with world.acting("admin"):
        made = await desk.create(Customer, {"name": "鸬鹚湾公司"})
        found_first = await fetch_best(Query(customer, q="lcwg", fields=("name",), limit=3))
        assert [row["id"] for row in found_first.rows] == [made.id]


async def test_the_index_is_read_after_the_schema_changed(world: World) -> None:
    """SQLite puts the full-text table together anew on each connection then, in whatever statement meets it first."""
    read = QueryString(f"SELECT * FROM {physical(engine(), 'search_text')} LIMIT 1")
    for change in ("CREATE TABLE made_up (x INTEGER)", "DROP TABLE made_up"):
        with acting_as(system("test")):
            with cleared("ddl"):
                await engine().run_ddl(change)
            assert all(await asyncio.gather(*(fetch(read) for _ in range(8))))
