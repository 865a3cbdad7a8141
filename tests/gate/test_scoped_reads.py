"""Plain reads, in every form Piccolo has, give what the person may see and nothing else."""

from __future__ import annotations

from piccolo.query.functions.aggregate import Count, Sum

from dougong.access.principal import acting_as

MINE = ["c00", "c01", "c06", "c12", "c18", "c24"]
THIRTY = 30


async def test_select_gives_the_permitted_rows(world):
    with acting_as(world.me):
        rows = await world.Client.select(world.Client.name).order_by(world.Client.name)
    assert [row["name"] for row in rows] == MINE


async def test_everybody_has_another_view(world):
    with acting_as(world.other):
        assert await world.Client.count() == THIRTY - 5
    with acting_as(world.boss):
        assert await world.Client.count() == THIRTY


async def test_objects_carry_no_hidden_value(world):
    with acting_as(world.me):
        clients = await world.Client.objects().order_by(world.Client.name)
    assert [client.name for client in clients] == MINE
    assert {client.margin for client in clients} == {None}
    assert clients[0].created.isoformat() == "2026-11-01T08:00:00+00:00"


async def test_an_invisible_row_is_not_found(world):
    with acting_as(world.me):
        assert await world.Client.objects().get(world.Client.name == "c02") is None
        assert not await world.Client.exists().where(world.Client.name == "c02")


async def test_count_counts_the_permitted(world):
    with acting_as(world.me):
        assert await world.Client.count() == len(MINE)
        assert await world.Visit.count() == len(MINE)


async def test_a_hidden_column_is_no_oracle_in_where(world):
    with acting_as(world.me):
        assert await world.Client.count().where(world.Client.margin >= 0) == 0
        assert await world.Client.count().where(world.Client.margin.is_null()) == len(MINE)


async def test_a_hidden_column_is_no_oracle_in_order_by(world):
    client = world.Client
    with acting_as(world.boss):
        by_margin = await client.select(client.name).order_by(client.margin, ascending=False)
    with acting_as(world.me):
        first = await client.select(client.name).order_by(client.margin, client.name)
        last = await client.select(client.name).order_by(client.margin, ascending=False)
    assert by_margin[0]["name"] == "c29"
    assert [row["name"] for row in first] == MINE
    # Every value reads as NULL, so the direction can't reveal an order of the real ones.
    assert sorted(row["name"] for row in last) == MINE


async def test_a_hidden_column_has_no_sum(world):
    with acting_as(world.me):
        row = await world.Client.select(Sum(world.Client.margin)).first()
    assert row == {"sum": None}


async def test_fk_traversal_reaches_no_hidden_column(world):
    with acting_as(world.me):
        rows = await world.Visit.select(world.Visit.client.name, world.Visit.client.margin)
    assert sorted(row["client.name"] for row in rows) == MINE
    assert {row["client.margin"] for row in rows} == {None}


async def test_fk_traversal_in_where_is_scoped(world):
    with acting_as(world.me):
        assert await world.Visit.count().where(world.Visit.client.margin > 0) == 0
        assert await world.Visit.count().where(world.Visit.client.name == "c02") == 0


async def test_prefetch_brings_permitted_parents_only(world):
    with acting_as(world.me):
        visits = await world.Visit.objects(world.Visit.client).order_by(world.Visit.id)
    assert [visit.client.name for visit in visits] == MINE
    assert {visit.client.margin for visit in visits} == {None}


async def test_get_related_and_refresh_are_scoped(world):
    with acting_as(world.boss):
        visit = await world.Visit.objects().get(world.Visit.purpose == "v02")
        client = await visit.get_related(world.Visit.client)
    assert client.name == "c02"
    with acting_as(world.me):
        assert await visit.get_related(world.Visit.client) is None


async def test_group_by_sees_the_permitted(world):
    client = world.Client
    with acting_as(world.me):
        rows = await client.select(client.state, Count()).group_by(client.state)
    assert {row["state"]: row["count"] for row in rows} == {"of 1": 5, "of 2": 1}


async def test_an_is_in_subquery_is_scoped(world):
    client, visit = world.Client, world.Visit
    inner = client.select(client.id).where(client.name.is_in(["c00", "c02"]))
    with acting_as(world.me):
        rows = await visit.select(visit.purpose).where(visit.client.is_in(inner))
        others = await visit.count().where(visit.client.not_in(inner))
    assert rows == [{"purpose": "v00"}]
    assert others == len(MINE) - 1


async def test_a_frozen_query_is_scoped_each_time(world):
    frozen = world.Client.select(world.Client.name).freeze()
    with acting_as(world.boss):
        everything = await frozen.run()
    with acting_as(world.me):
        mine = await frozen.run()
    assert len(everything) == THIRTY
    assert sorted(row["name"] for row in mine) == MINE


async def test_a_batch_is_scoped(world):
    names = []
    with acting_as(world.me):
        async with await world.Client.select(world.Client.name).batch(batch_size=4) as batch:
            async for portion in batch:
                assert len(portion) <= 4
                names += [row["name"] for row in portion]
    assert sorted(names) == MINE


async def test_get_or_create_finds_a_visible_row(world):
    with acting_as(world.me):
        found = await world.Client.objects().get_or_create(world.Client.name == "c01")
    assert found._was_created is False


async def test_raw_join_union_window_and_recursion_are_scoped(world):
    texts = {
        "SELECT count(*) AS n FROM gate_visit v JOIN gate_client c ON c.id = v.client": len(MINE),
        "SELECT count(*) AS n FROM (SELECT name FROM gate_client UNION ALL SELECT purpose FROM gate_visit) both_": 2
        * len(MINE),
        "SELECT max(place) AS n FROM (SELECT row_number() OVER (ORDER BY created) AS place"
        " FROM gate_client) ranked": len(MINE),
        "WITH x AS (SELECT * FROM gate_client) SELECT count(*) AS n FROM x": len(MINE),
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)"
        " SELECT count(*) AS n FROM n, gate_client": 3 * len(MINE),
        "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 3)"
        " SELECT count(*) AS n FROM n, gate_client": 3 * len(MINE),
        "SELECT count(*) AS n FROM gate_client a, gate_client b": len(MINE) ** 2,
        "SELECT (SELECT count(*) FROM gate_client) AS n": len(MINE),
        "SELECT count(*) AS n FROM gate_visit WHERE EXISTS (SELECT 1 FROM gate_client c WHERE c.id = client)": len(
            MINE
        ),
    }
    with acting_as(world.me):
        for sql, expected in texts.items():
            assert (await world.raw(sql))[0]["n"] == expected, sql


async def test_values_in_raw_sql_keep_their_places(world):
    with acting_as(world.me):
        rows = await world.raw("SELECT name FROM gate_client WHERE name = {} OR name = {} ORDER BY name", "c06", "c12")
        inner = await world.raw(
            "WITH x AS (SELECT * FROM gate_client WHERE name > {}) SELECT count(*) AS n FROM x WHERE name < {}",
            "c01",
            "c24",
        )
    assert [row["name"] for row in rows] == ["c06", "c12"]
    assert inner[0]["n"] == 3


async def test_words_inside_literals_and_comments_are_just_words(world):
    with acting_as(world.me):
        rows = await world.raw(
            "SELECT count(*) AS n FROM gate_client"
            " WHERE name <> 'delete from dg.gate_client; --' /* update */ -- insert"
        )
    assert rows[0]["n"] == len(MINE)


async def test_a_column_may_be_called_like_a_private_table(world):
    with acting_as(world.me):
        rows = await world.raw("SELECT name AS gate_key FROM gate_client ORDER BY gate_key")
    assert rows[0]["gate_key"] == "c00"


async def test_everyday_functions_pass(world):
    with acting_as(world.me):
        rows = await world.raw(
            "SELECT count(DISTINCT upper(substr(name, 1, 2))) AS n, coalesce(max(length(name)), 0)"
            " AS m, CAST(sum(round(1.4)) AS INTEGER) AS s FROM gate_client WHERE (name IN ('c00'))"
        )
    assert rows[0] == {"n": 1, "m": 3, "s": 1}


async def test_an_empty_list_of_departments_matches_nothing(world):
    nobody = world.me.__class__(9, departments=())
    with acting_as(nobody):
        assert await world.Client.count() == 0
        assert await world.Visit.count() == 0


async def test_a_long_list_of_departments_matches_the_same(world):
    broad = world.me.__class__(1, departments=(10, *range(1000, 3000)))
    with acting_as(broad):
        assert await world.Client.count() == len(MINE)
