"""Ways round the gate, one test each: every one is refused, or gives what was permitted anyway."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3

import asyncpg
import pytest

from dougong.access.principal import acting_as
from dougong.errors import Forbidden

MINE = 6
# What a database says of a statement it can't make sense of: refused as well, by its grammar.
NONSENSE = (
    sqlite3.OperationalError,
    sqlite3.ProgrammingError,
    asyncpg.SyntaxOrAccessError,
    asyncpg.InvalidTextRepresentationError,
)


async def refused(world, sql, *args):
    with acting_as(world.me), pytest.raises(Forbidden):
        await world.raw(sql, *args)


async def senseless(world, sql, *args):
    with acting_as(world.me), pytest.raises((Forbidden, *NONSENSE)):
        await world.raw(sql, *args)


# The real table by another road ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["main", "dg", "MAIN", "Dg", '"main"', '"dg"', "temp"])
async def test_a_qualified_name(world, name):
    await senseless(world, f"SELECT count(*) FROM {name}.gate_client")
    await senseless(world, f'SELECT name FROM {name}."gate_client"')


async def test_a_qualified_name_with_spaces_and_comments_between(world):
    await refused(world, f"SELECT count(*) FROM {world.schema} . gate_client")
    await refused(world, f"SELECT count(*) FROM {world.schema}/* x */./* y */gate_client")
    await refused(world, f"SELECT count(*) FROM {world.schema}--\n.gate_client")


async def test_a_qualified_name_in_odd_quotes(world):
    for quoted in ("'main'.gate_client", "`main`.gate_client", "[main].[gate_client]"):
        await senseless(world, f"SELECT count(*) FROM {quoted}")
    await senseless(world, 'SELECT count(*) FROM U&"d\\0067".gate_client')
    await senseless(world, 'SELECT count(*) FROM U&"d\\0067".gate_client -- "')
    await senseless(world, "SELECT count(*) FROM u&\"!0064g\" UESCAPE '!'.gate_client")


async def test_a_database_qualified_name(world):
    await senseless(world, "SELECT count(*) FROM postgres.dg.gate_client")


async def test_a_join_with_the_real_table(world):
    await refused(
        world,
        f"SELECT c.name FROM gate_visit v JOIN {world.schema}.gate_client c ON c.id = v.client",
    )


async def test_a_subquery_on_the_real_table(world):
    await refused(world, f"SELECT (SELECT max(margin) FROM {world.schema}.gate_client)")
    await refused(
        world,
        f"SELECT name FROM gate_client WHERE id IN (SELECT id FROM {world.schema}.gate_client)",
    )


async def test_mixed_case_and_quoted_names_are_scoped(world):
    with acting_as(world.me):
        for name in ("GATE_CLIENT", "Gate_Client", '"gate_client"', "gate_client AS c"):
            rows = await world.raw(f"SELECT count(*) AS n FROM {name}")
            assert rows[0]["n"] == MINE, name


async def test_sqlites_other_quotes_are_scoped(world):
    for name in ("'gate_client'", "`gate_client`", "[GATE_CLIENT]", "'GATE_client' x"):
        sql = f"SELECT count(*) AS n FROM {name}"
        if world.kind == "postgres":
            await senseless(world, sql)
            continue
        with acting_as(world.me):
            assert (await world.raw(sql))[0]["n"] == MINE, name


async def test_a_definition_elsewhere_does_not_open_a_real_table(world):
    defined = "(WITH gate_key AS (SELECT 1) SELECT * FROM gate_key) q"
    await senseless(world, f"SELECT count(*) FROM gate_key, {defined}")


async def test_a_quoted_name_in_capitals(world):
    with acting_as(world.me):
        try:
            rows = await world.raw('SELECT count(*) AS n FROM "GATE_CLIENT"')
        except (Forbidden, *NONSENSE):
            return
    assert rows[0]["n"] == MINE


async def test_comments_between_words_are_scoped(world):
    with acting_as(world.me):
        rows = await world.raw("SELECT/**/count(*)/**/AS/**/n FROM--x\n/*y*/gate_client/**/c")
    assert rows[0]["n"] == MINE


async def test_a_comment_inside_a_comment(world):
    await senseless(world, "/* /* */ ' */ SELECT count(*) FROM dg.gate_client /* ' */")
    # Who doesn't nest comments reads the table's name as part of a text.
    for schema in ("dg", "main"):
        await senseless(world, f"SELECT count(*) /* /* */, ' */ FROM {schema}.gate_client /* ' */")


async def test_text_in_which_a_quote_is_escaped(world):
    await senseless(world, r"SELECT E'\'' || 1 FROM dg.gate_client WHERE '' = ''")
    await senseless(world, r"SELECT '\' || 1 FROM main.gate_client WHERE '' = ''")


async def test_dollar_quotes_hide_nothing(world):
    await senseless(world, "SELECT $$'$$, count(*) FROM dg.gate_client WHERE $$'$$ = $a$x$a$")


async def test_a_number_glued_to_a_word(world):
    await senseless(world, "SELECT 1FROM dg.gate_client")
    await senseless(world, "SELECT count(*), 1FROM main.gate_client")


async def test_redefining_a_guarded_name(world):
    real = f"{world.schema}.gate_client"
    await refused(world, f"WITH gate_client AS (SELECT * FROM {real}) SELECT * FROM gate_client")
    await senseless(world, "WITH gate_client(id) AS (SELECT 1) SELECT count(*) FROM gate_client")


async def test_redefining_a_guarded_name_in_a_subquery(world):
    real = f"{world.schema}.gate_client"
    await refused(
        world,
        f"SELECT * FROM (WITH gate_client AS (SELECT * FROM {real}) SELECT * FROM gate_client) q",
    )


async def test_a_name_like_the_gates_own(world):
    inner = "WITH dg_0_gate_client AS (SELECT * FROM {}) SELECT count(*) FROM dg_0_gate_client"
    await refused(world, inner.format(f"{world.schema}.gate_client"))
    with acting_as(world.me):
        rows = await world.raw(inner.replace("count(*)", "count(*) AS n").format("gate_client"))
    assert rows[0]["n"] == MINE


async def test_the_statement_starts_with_a_parenthesis(world):
    await refused(world, f"(SELECT name FROM {world.schema}.gate_client)")


async def test_values_with_a_subquery(world):
    await refused(world, f"VALUES ((SELECT count(*) FROM {world.schema}.gate_client))")
    with acting_as(world.me):
        rows = await world.raw("VALUES ((SELECT count(*) FROM gate_client))")
    assert list(rows[0].values()) == [MINE]


# Private and unguarded tables -----------------------------------------------------------------


async def test_a_private_table(world):
    for sql in ("SELECT * FROM gate_key", "SELECT count(*) FROM gate_key"):
        await refused(world, sql)
    with acting_as(world.me), pytest.raises(Forbidden):
        await world.Key.select()
    with acting_as(world.me), pytest.raises(Forbidden):
        await world.Key.count()


async def test_a_private_table_beside_a_guarded_one(world):
    await refused(world, "SELECT k.secret FROM gate_client, gate_key k")
    await refused(world, "SELECT 1 FROM gate_client, gate_key")
    await refused(world, "SELECT (SELECT count(*) FROM gate_key) FROM gate_client")


async def test_a_private_table_for_an_administrator(world):
    with acting_as(world.boss), pytest.raises(Forbidden):
        await world.Key.select()


async def test_a_row_table_without_a_guard(world):
    await refused(world, "SELECT count(*) FROM gate_diary")
    with acting_as(world.boss), pytest.raises(Forbidden):
        await world.Diary.select()


async def test_a_table_the_process_does_not_know(world):
    await senseless(world, "SELECT * FROM migration")
    await senseless(world, "SELECT count(*) FROM gate_unheard_of")


@pytest.mark.parametrize(
    "table",
    [
        "sqlite_master",
        "sqlite_schema",
        "sqlite_sequence",
        "pragma_table_info('gate_client')",
        "pg_catalog.pg_class",
        "pg_class",
        "pg_stats",
        '"pg_stats"',
        "pg_stat_activity",
        "information_schema.tables",
        '"information_schema"."columns"',
    ],
)
async def test_the_databases_own_tables(world, table):
    await senseless(world, f"SELECT * FROM {table}")
    await senseless(world, f"SELECT count(*) FROM gate_client, {table}")


# Writing --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE gate_client SET name = 'x'",
        "UPDATE gate_client SET name = 'x' RETURNING margin",
        "DELETE FROM gate_client",
        "INSERT INTO gate_client (name) VALUES ('x')",
        "INSERT INTO gate_client (name) VALUES ('x') RETURNING id",
        "INSERT INTO gate_key (secret) SELECT name FROM gate_client",
        "REPLACE INTO gate_client (id, name) VALUES (1, 'x')",
        "/* SELECT */ DELETE FROM gate_client",
        "WITH z AS (SELECT 1) UPDATE gate_client SET name = 'x'",
        "WITH z AS (DELETE FROM gate_client RETURNING *) SELECT * FROM z",
        "SELECT * FROM (DELETE FROM gate_client RETURNING *) z",
        "SELECT * INTO loot FROM gate_client",
        "MERGE INTO gate_client USING gate_visit ON true WHEN MATCHED THEN DELETE",
        "TRUNCATE gate_client",
    ],
)
async def test_a_write(world, sql):
    await refused(world, sql)
    with acting_as(world.boss):
        rows = await world.Client.select(world.Client.name).order_by(world.Client.id)
    assert [row["name"] for row in rows] == [f"c{i:02}" for i in range(30)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; DELETE FROM gate_client",
        "SELECT 1;; SELECT 2",
        "SELECT ';'; DROP TABLE gate_client",
    ],
)
async def test_several_statements_at_once(world, sql):
    await refused(world, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE loot (x int)",
        "CREATE TEMP TABLE loot AS SELECT * FROM gate_client",
        "CREATE VIEW loot AS SELECT * FROM gate_client",
        "DROP TABLE gate_client",
        "ALTER TABLE gate_client ADD COLUMN x int",
        "TABLE gate_client",
        "ATTACH 'loot.db' AS loot",
        "DETACH main",
        "PRAGMA table_info(gate_client)",
        "PRAGMA writable_schema = 1",
        "VACUUM INTO 'loot.db'",
        "REINDEX",
        "ANALYZE",
        "COPY gate_client TO STDOUT",
        "COPY (SELECT 1) TO PROGRAM 'cat'",
        "DO $$ BEGIN DELETE FROM dg.gate_client; END $$",
        "CALL something()",
        "EXECUTE something",
        "PREPARE loot AS SELECT * FROM gate_client",
        "DECLARE loot CURSOR FOR SELECT * FROM gate_client",
        "FETCH ALL FROM loot",
        "LISTEN x",
        "LOCK TABLE gate_client",
        "GRANT ALL ON gate_client TO public",
        "SET search_path TO dg",
        "SET ROLE postgres",
        "RESET ALL",
        "SHOW search_path",
        "EXPLAIN SELECT * FROM gate_client",
        "EXPLAIN ANALYZE DELETE FROM gate_client",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        "RELEASE SAVEPOINT x",
        "ROLLBACK TO SAVEPOINT x",
        "END",
        "",
        ";",
        '"select" 1',
    ],
)
async def test_a_statement_that_is_no_read(world, sql):
    await refused(world, sql)


@pytest.mark.parametrize("lock", ["UPDATE", "SHARE", "NO KEY UPDATE", "KEY SHARE", "UPDATE OF c"])
async def test_row_locks(world, lock):
    await refused(world, f"SELECT * FROM gate_client c FOR {lock}")


async def test_piccolos_row_locks(world):
    with acting_as(world.me), pytest.raises((Forbidden, NotImplementedError)):
        await world.Client.objects().lock_rows().first()


async def test_piccolos_insert(world):
    with acting_as(world.me), pytest.raises(Forbidden):
        await world.Client.insert(world.Client(name="x"))


async def test_piccolos_update(world):
    with acting_as(world.me), pytest.raises(Forbidden):
        await world.Client.update({world.Client.name: "x"}).where(world.Client.id == 1)


async def test_piccolos_delete(world):
    with acting_as(world.boss), pytest.raises(Forbidden):
        await world.Client.delete(force=True)


async def test_saving_an_object(world):
    with acting_as(world.me):
        client = await world.Client.objects().first()
        client.name = "x"
        with pytest.raises(Forbidden):
            await client.save()


async def test_updating_an_object_by_itself(world):
    with acting_as(world.me):
        client = await world.Client.objects().first()
        with pytest.raises(Forbidden):
            await client.update_self({world.Client.name: "x"})


async def test_removing_an_object(world):
    with acting_as(world.me):
        client = await world.Client.objects().first()
        with pytest.raises(Forbidden):
            await client.remove()


async def test_get_or_create_of_an_invisible_row(world):
    with acting_as(world.me), pytest.raises(Forbidden):
        await world.Client.objects().get_or_create(world.Client.name == "c02")


async def test_creating_an_object(world):
    with acting_as(world.me), pytest.raises(Forbidden):
        await world.Client.objects().create(name="x")


async def test_piccolos_schema_changes(world):
    with acting_as(world.boss):
        with pytest.raises(Forbidden):
            await world.Client.alter().drop_column(world.Client.name)
        with pytest.raises(Forbidden):
            await world.Client.create_table(if_not_exists=True)
        with pytest.raises(Forbidden):
            await world.Client.alter().drop_table()


async def test_an_atomic_bundle(world):
    atomic = world.engine.atomic()
    atomic.add(world.Client.update({world.Client.name: "x"}, force=True))
    with acting_as(world.me), pytest.raises(Forbidden):
        await atomic.run()


async def test_the_system_may_not_write_rows(world):
    from dougong.access.principal import system

    with acting_as(system("trying a write")), pytest.raises(Forbidden):
        await world.Client.update({world.Client.name: "x"}, force=True)
    with acting_as(system("trying a write")), pytest.raises(Forbidden):
        await world.raw("WITH z AS (DELETE FROM gate_client RETURNING *) SELECT * FROM z")
    with acting_as(system("trying a write")), pytest.raises(Forbidden):
        await world.raw(f"DELETE FROM {world.schema}.gate_client")


# Functions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        "set_config('search_path', 'dg', false)",
        "\"set_config\"('search_path', 'dg', false)",
        "SET_CONFIG ('search_path', 'dg', false)",
        "set_config/**/('search_path', 'dg', false)",
        "pg_catalog.set_config('search_path', 'dg', false)",
        "current_setting('search_path')",
        "query_to_xml('select * from d' || 'g.gate_client', true, true, '')",
        "query_to_xml_and_xmlschema('select 1', true, true, '')",
        "query_to_xmlschema('select 1', true, true, '')",
        "table_to_xml('gate_client', true, true, '')",
        "schema_to_xml('dg', true, true, '')",
        "database_to_xml(true, true, '')",
        "cursor_to_xml('c', 1, true, true, '')",
        "ts_stat('select to_tsvector(name) from dg.gate_client')",
        "ts_rewrite('a'::tsquery, 'select 1')",
        "dblink('dbname=x', 'select 1')",
        "pg_read_file('/etc/passwd')",
        "pg_ls_dir('/')",
        "pg_sleep(10)",
        "lo_import('/etc/passwd')",
        "lo_export(1, '/tmp/x')",
        "nextval('dg.gate_client_id_seq')",
        "txid_current()",
        "load_extension('x')",
        "readfile('/etc/passwd')",
        "writefile('x', 'y')",
        "fts3_tokenizer('x')",
        "sqlite_compileoption_get(1)",
    ],
)
async def test_a_function_that_reaches_further(world, call):
    await refused(world, f"SELECT {call}")
    await refused(world, f"SELECT * FROM gate_client, {call} AS t")


async def test_a_function_behind_a_column_definition(world):
    await refused(world, "SELECT * FROM dblink('x', 'select 1') AS (a int)")
    await refused(world, "SELECT * FROM dblink('x', 'select 1') AS t (a int)")
    await refused(world, "SELECT * FROM dblink('x', 'select 1') AS materialized (a int)")
    await refused(world, "SELECT * FROM dblink('x', 'select 1') AS (values int)")


async def test_the_search_path_stays_where_it_is(world):
    for sql in ("SELECT set_config('search_path', 'dg', false)", "SET search_path TO dg"):
        for _connection in range(6):
            with contextlib.suppress(Forbidden), acting_as(world.me):
                await world.raw(sql)
    await refused(world, "SELECT count(*) FROM gate_diary")


# Nobody, somebody else ------------------------------------------------------------------------


async def test_nobody_is_acting(world):
    with pytest.raises(Forbidden):
        await world.Client.count()
    with pytest.raises(Forbidden):
        await world.raw("SELECT 1")


async def test_an_executor_loses_the_principal(world):
    loop = asyncio.get_running_loop()
    with acting_as(world.me), pytest.raises(Forbidden):
        await loop.run_in_executor(None, world.Client.count().run_sync)


async def test_run_sync_inside_the_loop(world):
    with acting_as(world.me), pytest.raises(Forbidden):
        world.Client.count().run_sync()


async def test_what_the_system_prepared_is_prepared_anew_for_a_person(world):
    from dougong.access.principal import system

    for sql in ("SELECT count(*) AS n FROM gate_key", "SELECT secret FROM gate_key"):
        for _connection in range(6):
            with acting_as(system("preparing a statement")):
                assert await world.raw(sql)
            await refused(world, sql)
            await refused(world, f"/*system*/ {sql}")


async def test_clearance_does_not_pass_to_a_thread_or_outlive_its_block(world):
    from dougong.records.gate import cleared

    with acting_as(world.me):
        with cleared("desk"):
            pass
        with pytest.raises(Forbidden):
            await world.Key.select()
