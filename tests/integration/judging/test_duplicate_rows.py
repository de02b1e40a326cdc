"""DUPLICATE_ROWS on a real server: what is counted, how, and what is left alone."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.check import check
from pgmend.listener.issue import Issue
from pgmend.listener.relations import measure as measuring
from pgmend.listener.relations.measure import measure
from pgmend.listener.relations.measurement import Duplicates, Unmeasured
from pgmend.listener.relations.uniqueness import Uniqueness
from pgmend.listener.settings import Settings
from psycopg import sql

from tests.support.beholder import Beholder
from tests.support.database import Database
from tests.support.role import Roles
from tests.support.snapshots import table

PAGE = Path(__file__).parents[3] / "docs" / "rules" / "duplicate_rows.md"
SECOND = timedelta(seconds=1)


def fail_to_build(database: Database, definition: str) -> None:
    """Leave the invalid index that a concurrent build leaves which met duplicates."""
    with suppress(psycopg.errors.UniqueViolation):
        database.execute(f"create unique index concurrently {definition}".encode())
    assert database.value("select count(*) from pg_index where not indisvalid") == 1


async def issues(database: Database) -> list[Issue]:
    return await Beholder(database).issues("DUPLICATE_ROWS")


async def measured(
    database: Database,
    name: str,
    *columns: int,
    one_null: bool = False,
    whole: bool = False,
    budget: timedelta = 10 * SECOND,
    **options: object,
) -> Duplicates | Unmeasured:
    """What counting says of one key."""
    connection = await database.connect(**options)
    snapshot = await read_snapshot(connection)
    key = Uniqueness(table(snapshot, name).oid, columns, one_null, whole)
    return (await measure(connection, [key], snapshot, budget=budget)).duplicates[key]


def figures(found: Duplicates | Unmeasured) -> tuple[int, int, int, bool]:
    assert isinstance(found, Duplicates), found
    return found.rows, found.groups, found.surplus, found.exact


async def test_rows_that_fail_a_concurrent_build_are_told_and_their_end_too(database: Database) -> None:
    database.execute("""
        create table "Users, 1" (id int primary key, "E, Mail" text);
        insert into "Users, 1" values (1, 'a@x'), (2, 'b@x'), (3, 'a@x'), (4, null), (5, null), (6, 'a@x')
    """)
    fail_to_build(database, 'on "Users, 1" ("E, Mail")')
    beholder = Beholder(database)
    (issue,) = await beholder.issues("DUPLICATE_ROWS")
    assert (issue.table, issue.column) == ("Users, 1", '"E, Mail"')
    assert issue.current_state == "2 of 4 rows of public.Users, 1 repeat others in E, Mail."
    assert [each.seen for each in issue.evidence][1:] == [
        "1 value is there more than once.",
        "More than once: 'a@x'.",
    ]
    database.execute('delete from "Users, 1" where id in (3, 6)')
    assert await issues(database) == []


async def test_only_nulls_are_no_duplicates_unless_the_key_says_so(database: Database) -> None:
    database.execute("create table t (id int primary key, a int, b int)")
    database.execute("insert into t select n, null, 1 from generate_series(1, 5) as n")
    assert figures(await measured(database, "t", 2)) == (0, 0, 0, True)
    assert figures(await measured(database, "t", 2, 3)) == (0, 0, 0, True)
    assert figures(await measured(database, "t", 2, 3, one_null=True)) == (5, 1, 4, True)


async def test_nulls_not_distinct_index_that_failed(database: Database) -> None:
    if database.value("select current_setting('server_version_num')::int") < 150000:
        return
    database.execute("create table t (id int primary key, a int); insert into t values (1, null), (2, null)")
    fail_to_build(database, "on t (a) nulls not distinct")
    (issue,) = await issues(database)
    assert issue.current_state == "1 of 2 rows of public.t repeat others in a."


async def test_whole_rows_are_compared_and_never_shown(database: Database) -> None:
    database.execute("""
        create table log (at date, who text, secret text, twice int generated always as (1) stored);
        insert into log values ('2026-01-01', 'a', 's3cret'), ('2026-01-01', 'a', 's3cret'), ('2026-01-01', 'b', null),
          ('2026-01-01', 'b', null), (null, null, null), (null, null, null), ('2026-01-02', 'a', 's3cret')
    """)
    (issue,) = await issues(database)
    assert issue.current_state == "2 of 5 rows of public.log repeat others in all columns."
    assert "s3cret" not in repr(issue)


async def test_keyless_tables_of_other_rows_and_of_none_are_fine(database: Database) -> None:
    database.execute("""
        create table log (at int); insert into log values (1), (2); create table empty (n int); create table none ();
        create table doc (body json); insert into doc values ('{}'), ('{}');
        create table parent (n int); create table child () inherits (parent); insert into child values (1), (1)
    """)
    assert await issues(database) == []


async def test_partitions_are_counted_with_their_parent(database: Database) -> None:
    database.execute("""
        create table log (at int, n int) partition by list (n);
        create table log_1 partition of log for values in (1); create table log_2 partition of log for values in (2);
        insert into log values (1, 1), (1, 1), (1, 2)
    """)
    (issue,) = await issues(database)
    assert (issue.table, issue.current_state) == ("log", "1 of 3 rows of public.log repeat others in all columns.")


async def test_pairs_of_a_table_that_ties_two_others(database: Database) -> None:
    database.execute("""
        create table users (id int primary key); insert into users values (1), (2);
        create table roles (id int primary key); insert into roles values (1);
        create table members (id int primary key, user_id int references users, role_id int references roles);
        insert into members values (1, 1, 1), (2, 1, 1), (3, 2, 1), (4, null, 1), (5, null, 1)
    """)
    (issue,) = await issues(database)
    assert (issue.table, issue.column) == ("members", "user_id, role_id")
    assert "More than once: '1, 1'." in [each.seen for each in issue.evidence]


LONG = "x" * 61 + "ü"
VALUES = {
    "integer": "1",
    "numeric": "1.0",
    "text": "'a'",
    "varchar(3)": "'a'",
    "char(3)": "'a'",
    "uuid": "'0f8fad5b-d9cb-469f-a165-70867728950e'",
    "date": "'2026-01-01'",
    "timestamptz": "now()",
    "bytea": "'a'",
    "boolean": "true",
    "jsonb": "'[1]'",
    "double precision": "'nan'",
    "inet": "'::1'",
    "interval": "'1 day'",
}


@pytest.mark.parametrize("kind", VALUES)
async def test_types_that_are_told_apart(database: Database, kind: str) -> None:
    name = sql.Identifier("Büro %s{}", LONG)
    database.execute(sql.SQL("create schema {}").format(sql.Identifier("Büro %s{}")))
    text = "create table {} ({} " + kind + "); insert into {} select " + VALUES[kind] + " from generate_series(1, 3)"
    make = sql.SQL(text)  # type: ignore[arg-type]
    database.execute(make.format(name, sql.Identifier("select"), name))
    assert figures(await measured(database, f"Büro %s{{}}.{LONG}", 1)) == (3, 1, 2, True)


@pytest.mark.parametrize("kind", ["email", "mood", "xml", "point"])
async def test_other_types_are_not_compared(database: Database, kind: str) -> None:
    database.execute("create domain email as text; create type mood as enum ('good')")
    database.execute(f"create table t (id int primary key, v {kind}); insert into t values (1, null)".encode())
    assert await measured(database, "t", 2) == Unmeasured("values of these types are not compared")


async def test_large_table_is_sampled_and_then_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "SAMPLE_ROWS", 500)
    database.execute("""
        create table t (id int primary key, n int); insert into t select n, n from generate_series(1, 20000) as n;
        insert into t values (0, 7), (-1, 19000); analyze t
    """)
    assert figures(await measured(database, "t", 2)) == (20_002, 2, 2, True)
    found = await measured(database, "t", 2)
    assert isinstance(found, Duplicates)
    assert set(found.examples) == {"'7'", "'19000'"}
    monkeypatch.setattr(measuring, "MOST_ROWS", 10_000)
    _, _, _, exact = figures(await measured(database, "t", 2))
    assert not exact


async def test_repetitions_that_a_sample_shows_stand_where_the_rest_takes_too_long(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "SAMPLE_ROWS", 100)
    database.execute("""
        create table t (n int); insert into t select n % 10 from generate_series(1, 1000000) as n;
        create table u (n text); insert into u select n from generate_series(1, 1000000) as n
    """)
    monkeypatch.setattr(measuring, "QUERY_LIMIT", timedelta(milliseconds=50))
    rows, _, surplus, exact = figures(await measured(database, "t", 1))
    assert (rows, surplus, exact) == (100, 90, False)
    assert await measured(database, "u", 1) == Unmeasured("counting took longer than 0.1 s")
    assert figures(await measured(database, "u", 1, one_null=True, whole=True)) == (100, 0, 0, False)


async def test_budget_that_is_used_up_is_a_reason(database: Database) -> None:
    database.execute("create table t (n int); insert into t values (1), (1)")
    found = await measured(database, "t", 1, budget=timedelta(0))
    assert found == Unmeasured("the 0 s for counting were used up")


async def test_rows_that_a_policy_hides_are_never_counted_as_all(database: Database, role: Roles) -> None:
    reader = role()
    database.execute("""
        create table t (n int); insert into t values (1), (1); alter table t enable row level security;
        grant select on t to public
    """)
    found = await measured(database, "t", 1, user=reader.name, password=reader.password)
    assert found == Unmeasured("the role may not read all rows")


async def test_lock_in_the_way_is_a_reason(database: Database) -> None:
    database.execute("create table t (n int); insert into t values (1), (1)")
    locker = await database.connect()
    async with locker.transaction():
        await locker.execute("lock table t in access exclusive mode")
        assert await measured(database, "t", 1) == Unmeasured("a lock was in the way for 50 ms")


async def test_dropped_column_and_table_are_reasons(database: Database) -> None:
    database.execute("create table a (n int, m int); create table b (n int)")
    connection = await database.connect()
    snapshot = await read_snapshot(connection)
    keys = [Uniqueness(table(snapshot, name).oid, (1,)) for name in "ab"]
    database.execute("alter table a drop column n; drop table b")
    found = (await measure(connection, keys, snapshot, budget=SECOND)).duplicates
    assert [found[key] for key in keys] == [Unmeasured("the column is gone"), Unmeasured("the table is gone")]


async def test_index_that_calls_another_roles_function_keeps_the_table_from_being_read(
    database: Database, role: Roles
) -> None:
    database.execute(
        sql.SQL("""
            grant create on schema public to {role}; set role {role};
            create function spy(int) returns int language plpgsql immutable as 'begin return 1; end';
            create table t (n int); insert into t values (1), (1); create index on t (n) where spy(1) = 1
        """).format(role=role().identifier)
    )
    found = await measured(database, "t", 1)
    assert found == Unmeasured("reading public.t could run a function of another role with our rights")


async def test_schema_of_another_owner_is_read_where_the_query_itself_is_assured(
    installed: Database, database: Database, role: Roles
) -> None:
    owner = role()
    for each in (installed, database):
        each.execute(sql.SQL("create schema app authorization {}").format(owner.identifier))
        each.execute("create table app.t (n int); insert into app.t values (1), (1)")
    assert figures(await measured(installed, "app.t", 1)) == (2, 1, 1, True)
    found = await measured(database, "app.t", 1)
    assert found == Unmeasured("the owner of schema app could put another table in its place")


async def test_check_tells_them_without_a_plan(database: Database) -> None:
    database.execute("create table t (id int primary key, n int); insert into t values (1, 7), (2, 7)")
    fail_to_build(database, '"I, 1" on t (n)')
    connection = await database.connect(autocommit=True)
    result = await check(connection, Settings())
    (reported,) = [each for each in result.issues if each.issue.issue_type == "DUPLICATE_ROWS"]
    assert (reported.plan, reported.why_not_auto) == (None, "it takes a person to decide")
    assert reported.issue.object_name == "I, 1"


def test_statements_of_the_docs_do_what_they_say(database: Database) -> None:
    see, merge, same = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    database.execute("""
        create table users (id int primary key, email text);
        insert into users values (1, 'a'), (2, 'b'), (3, 'a'), (4, null);
        create table orders (id int primary key, user_id int references users);
        insert into orders values (1, 3), (2, 2);
        create table log (n int, t text); insert into log values (1, 'x'), (1, 'x'), (1, 'x'), (2, null), (2, null)
    """)
    assert [row[1:3] for row in database.fetch(see.encode())] == [(1, "a"), (3, "a")]
    database.execute(merge.encode())
    assert database.fetch("select id from users order by id") == [(1,), (2,), (4,)]
    assert database.fetch("select user_id from orders order by id") == [(1,), (2,)]
    database.execute(same.encode())
    assert database.fetch("select n, t from log order by n") == [(1, "x"), (2, None)]
