"""Counting on a real server: exact, bounded, and running nobody's code but the server's own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.errors import CouldNotLook
from pgmend.listener.relations import measure as measuring
from pgmend.listener.relations.measure import measure
from pgmend.listener.relations.measurement import Containment, Unmeasured
from pgmend.listener.relations.probe import LONGEST_WHOLE, MOST_EXAMPLES
from psycopg import sql

from tests.support.database import Database
from tests.support.role import Roles
from tests.support.snapshots import link

SECOND = timedelta(seconds=1)


async def measured(
    database: Database, columns: str, key: str, *, budget: timedelta = 10 * SECOND, **options: object
) -> Containment | Unmeasured:
    """What counting says of one link."""
    connection = await database.connect(**options)
    snapshot = await read_snapshot(connection)
    meant = link(snapshot, columns, key)
    found = (await measure(connection, [meant], snapshot, budget=budget)).containment
    assert list(found) == [meant]
    return found[meant]


async def counted(database: Database, columns: str, key: str) -> Containment:
    found = await measured(database, columns, key)
    assert isinstance(found, Containment), found
    return found


async def test_orphans_nulls_and_distinct_values_are_counted(database: Database) -> None:
    database.execute("""
        create table users (id int primary key); insert into users select generate_series(1, 10);
        create table bookings (user_id bigint);
        insert into bookings values (1), (1), (2), (11), (11), (null), (null)
    """)
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert (found.rows, found.orphans, found.uncastable, found.distinct, found.exact) == (5, 2, 0, 3, True)
    assert found.examples == ("'11'",)
    assert found.taken_at.tzinfo is not None


async def test_empty_table_has_no_rows(database: Database) -> None:
    database.execute("create table users (id int primary key); create table bookings (user_id int)")
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert (found.rows, found.outside, found.exact, found.examples) == (0, 0, True, ())


INTEGERS = ["7", "007", " 7", "+7", "7\n", "8", "-7", "9" * 18]
NO_INTEGERS = ["", "x", "7.0", "1e1", "9" * 40, "\N{ARABIC-INDIC DIGIT SEVEN}", "NaN", "7 7"]


@pytest.mark.parametrize("key_type", ["smallint", "integer", "bigint"])
@pytest.mark.parametrize("own_type", ["text", "varchar(50)"])
async def test_text_is_looked_up_among_integers_without_a_cast_that_fails(
    database: Database, key_type: str, own_type: str
) -> None:
    database.execute(f"create table users (id {key_type} primary key); insert into users values (7)".encode())
    database.execute(f"create table bookings (user_id {own_type})".encode())
    for text in INTEGERS + NO_INTEGERS:
        database.execute("insert into bookings values (%s)", [text])
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert (found.rows, found.orphans, found.uncastable) == (16, 3, 8)


UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


async def test_text_is_looked_up_among_uuids_in_every_notation(database: Database) -> None:
    database.execute("create table users (id uuid primary key); create table bookings (user_id text)")
    database.execute("insert into users values (%s)", [UUID])
    good = [UUID, UUID.upper(), UUID.replace("-", ""), f"{{{UUID}}}", "0f8fad5bd9cb-469fa165-70867728950e"]
    bad = ["", "x", UUID[:-1], UUID + "0", f"{{{UUID}", f"{UUID}}}", "-" + UUID, UUID + "-"]
    for text in [*good, *bad, UUID.replace("0f8f", "1f8f")]:
        database.execute("insert into bookings values (%s)", [text])
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert (found.rows, found.orphans, found.uncastable) == (14, 1, len(bad))
    # The server agrees with the guard on each of them.
    for text, is_good in [*((text, True) for text in good), *((text, False) for text in bad)]:
        if is_good:
            assert database.value("select count(*) from users where id = %s::text::uuid", [text]) == 1
        else:
            with pytest.raises(psycopg.DataError):
                database.value("select %s::text::uuid", [text])


@pytest.mark.parametrize(
    ("own", "values", "key", "keys", "expected"),
    [
        ("int", "(1), (2)", "text", "('1'), ('02')", (2, 1, 0)),
        ("numeric", "(1), (1.5), ('NaN'), (1e30), (3.0)", "int", "(1), (3)", (5, 0, 3)),
        ("text", "('1.50'), ('x'), ('2')", "numeric", "(1.5)", (3, 1, 1)),
        ("int", "(1), (2)", "numeric", "(1.0)", (2, 1, 0)),
        ("varchar", "('a'), ('A')", "text", "('a')", (2, 1, 0)),
        ("char(3)", "('a'), ('b')", "text", "('a')", (2, 1, 0)),
        ("text", "('a'), ('b')", "char(3)", "('a')", (2, 1, 0)),
        ("char(4)", "('7'), ('x')", "int", "(7)", (2, 0, 1)),
        ("uuid", f"('{UUID}')", "text", f"('{UUID}')", (1, 0, 0)),
        ("date", "('2026-01-01'), ('2026-01-02')", "date", "('2026-01-01')", (2, 1, 0)),
        ("bytea", "('a'), ('b')", "bytea", "('a')", (2, 1, 0)),
    ],
)
async def test_types_that_are_compared(
    database: Database, own: str, values: str, key: str, keys: str, expected: tuple[int, int, int]
) -> None:
    database.execute(f"create table k (id {key} primary key); insert into k values {keys}".encode())
    database.execute(f"create table r (k_id {own}); insert into r values {values}".encode())
    found = await counted(database, "r(k_id)", "k(id)")
    assert (found.rows, found.orphans, found.uncastable) == expected


@pytest.mark.parametrize(
    ("own", "key"), [("email", "email"), ("mood", "mood"), ("text", "email"), ("timestamptz", "date"), ("real", "int")]
)
async def test_other_types_are_not_compared(database: Database, own: str, key: str) -> None:
    database.execute("create domain email as text; create type mood as enum ('good', 'bad')")
    database.execute(f"create table k (id {key} primary key); create table r (k_id {own})".encode())
    assert await measured(database, "r(k_id)", "k(id)") == Unmeasured("values of these types are not compared")


async def test_composite_keys_pair_up_and_rows_with_a_null_do_not_count(database: Database) -> None:
    database.execute("""
        create table members (tenant_id int, id int, primary key (tenant_id, id)); insert into members values (1, 2);
        create table loans (member_id text, tenant_id int);
        insert into loans values ('2', 1), ('1', 2), ('x', 1), (null, 1), ('2', null)
    """)
    found = await counted(database, "loans(tenant_id,member_id)", "members(tenant_id,id)")
    assert (found.rows, found.orphans, found.uncastable, found.distinct) == (3, 1, 1, 3)
    assert set(found.examples) == {"'2, 1'", "'1, x'"}


LONG = "x" * 60 + "ü"


async def test_names_of_every_sort(database: Database) -> None:
    key, own = sql.Identifier("Büro, 1", 'a "b"'), sql.Identifier(LONG)
    make = sql.SQL(
        "create schema {}; create table {} ({} int primary key); create table {} ({} int); insert into {} values (1)"
    )
    columns = sql.Identifier("Größe%s{}"), sql.Identifier("select")
    database.execute(make.format(sql.Identifier("Büro, 1"), key, columns[0], own, columns[1], own))
    found = await counted(database, f'"{LONG}"("select")', '"Büro, 1"."a ""b"""("Größe%s{}")')
    assert (found.rows, found.orphans) == (1, 1)


async def test_examples_are_few_and_short(database: Database) -> None:
    database.execute("""
        create table tokens (id text primary key); create table uses (token_id text);
        insert into uses select md5(n::text) || md5(n::text) from generate_series(1, 50) as n
    """)
    found = await counted(database, "uses(token_id)", "tokens(id)")
    assert len(found.examples) == MOST_EXAMPLES
    assert {len(each) for each in found.examples} == {len("'12345678…'")}
    assert all(len(each) <= LONGEST_WHOLE + 2 for each in found.examples)


async def test_large_table_is_sampled_and_then_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "SAMPLE_ROWS", 500)
    database.execute("""
        create table users (id int primary key); insert into users select generate_series(1, 1000);
        create table bookings (user_id int, filler text default repeat('x', 200));
        insert into bookings select 1 + n % 1000 from generate_series(1, 20000) as n;
        insert into bookings values (-5), (-7); analyze
    """)
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert (found.rows, found.orphans, found.exact) == (20_002, 2, True)
    assert set(found.examples) <= {"'-5'", "'-7'"}
    assert found.examples
    assert 100 < found.distinct <= 500


async def test_large_table_far_outside_stays_a_sample(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "SAMPLE_ROWS", 500)
    database.execute("""
        create table users (id int primary key); create table bookings (user_id int);
        insert into bookings select n from generate_series(1, 20000) as n
    """)
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert (found.rows, found.orphans, found.exact) == (500, 500, False)


async def test_sample_of_a_table_that_was_emptied_since_is_read_otherwise(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "SAMPLE_ROWS", 100)
    database.execute("""
        create table users (id int primary key); create table bookings (user_id int) with (autovacuum_enabled = off);
        insert into bookings select n from generate_series(1, 50000) as n; analyze bookings;
        delete from bookings where user_id > 1
    """)
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert (found.rows, found.orphans) == (1, 1)


async def test_partitions_are_read_with_their_parent_and_children_by_inheritance_are_not(database: Database) -> None:
    database.execute("""
        create table users (id int, primary key (id)) partition by range (id);
        create table u1 partition of users for values from (0) to (10);
        create table bookings (user_id int) partition by range (user_id);
        create table b1 partition of bookings for values from (0) to (100);
        create table visits (user_id int); create table old_visits () inherits (visits);
        insert into users values (1); insert into bookings values (1), (2); insert into visits values (1);
        insert into old_visits values (3)
    """)
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert (found.rows, found.orphans) == (2, 1)
    found = await counted(database, "visits(user_id)", "users(id)")
    assert (found.rows, found.orphans) == (1, 0)


async def test_used_up_budget_is_a_reason(database: Database) -> None:
    database.execute("create table users (id int primary key); create table bookings (user_id int)")
    database.execute("insert into bookings values (1)")
    found = await measured(database, "bookings(user_id)", "users(id)", budget=timedelta(0))
    assert found == Unmeasured("the 0 s for counting were used up")


async def test_query_that_lasts_too_long_is_ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "SAMPLE_ROWS", 10**9)
    database.execute("""
        create table users (id int primary key); create table bookings (user_id text);
        insert into bookings select n from generate_series(1, 300000) as n
    """)
    monkeypatch.setattr(measuring, "QUERY_LIMIT", timedelta(milliseconds=300))
    found = await measured(database, "bookings(user_id)", "users(id)")
    assert found == Unmeasured("counting took longer than 0.3 s")


async def test_lock_in_the_way_is_a_reason(database: Database) -> None:
    database.execute("create table users (id int primary key); create table bookings (user_id int)")
    database.execute("insert into bookings values (1)")
    reader, locker = await database.connect(), await database.connect()
    snapshot = await read_snapshot(reader)
    meant = link(snapshot, "bookings(user_id)", "users(id)")
    async with locker.transaction():
        await locker.execute("lock table users in access exclusive mode")
        found = (await measure(reader, [meant], snapshot, budget=10 * SECOND)).containment
    assert found == {meant: Unmeasured("a lock was in the way for 50 ms")}


@pytest.mark.parametrize(("locked", "looks"), [("users", False), ("bookings", True)])
async def test_empty_table_is_not_read_at_all(database: Database, locked: str, looks: bool) -> None:
    database.execute("create table users (id int primary key); create table bookings (user_id int)")
    reader, locker = await database.connect(), await database.connect()
    snapshot = await read_snapshot(reader)
    meant = link(snapshot, "bookings(user_id)", "users(id)")
    async with locker.transaction():
        await locker.execute(sql.SQL("lock table {} in access exclusive mode").format(sql.Identifier(locked)))
        (found,) = (await measure(reader, [meant], snapshot, budget=10 * SECOND)).containment.values()
    if looks:  # it may be empty, but nobody may see its size now
        assert found == Unmeasured("a lock was in the way for 50 ms")
    else:
        assert isinstance(found, Containment)
        assert (found.rows, found.exact) == (0, True)


async def test_dropped_table_and_column_are_reasons_and_renames_are_none(database: Database) -> None:
    database.execute("create table users (id int primary key); create table a (user_id int)")
    database.execute("create table b (user_id int); create table c (user_id int)")
    connection = await database.connect()
    snapshot = await read_snapshot(connection)
    links = [link(snapshot, f"{name}(user_id)", "users(id)") for name in "abc"]
    database.execute("drop table a; alter table b drop column user_id; alter table c rename to d")
    database.execute("alter table d rename column user_id to owner; insert into d values (1)")
    found = (await measure(connection, links, snapshot, budget=10 * SECOND)).containment
    assert found[links[0]] == Unmeasured("the table is gone")
    assert found[links[1]] == Unmeasured("the column is gone")
    renamed = found[links[2]]
    assert isinstance(renamed, Containment)
    assert renamed.orphans == 1


async def test_rows_that_a_policy_hides_are_never_counted_as_all(database: Database, role: Roles) -> None:
    reader = role()
    database.execute("""
        create table users (id int primary key); create table bookings (user_id int);
        insert into bookings values (1); alter table bookings enable row level security;
        grant select on users, bookings to public
    """)
    found = await measured(database, "bookings(user_id)", "users(id)", user=reader.name, password=reader.password)
    assert found == Unmeasured("the role may not read all rows")


async def test_policies_do_not_run_for_their_own_tables_owner(database: Database) -> None:
    database.execute("""
        create table users (id int primary key); create table bookings (user_id int); insert into bookings values (1);
        alter table bookings enable row level security; alter table bookings force row level security
    """)
    found = await counted(database, "bookings(user_id)", "users(id)")
    assert found.orphans == 1


async def test_missing_right_is_a_reason(database: Database, role: Roles) -> None:
    reader = role()
    database.execute("create table users (id int primary key); create table bookings (user_id int)")
    database.execute("insert into bookings values (1)")
    found = await measured(database, "bookings(user_id)", "users(id)", user=reader.name, password=reader.password)
    assert found == Unmeasured("the role may not read all rows")


TRAP = sql.SQL("""
    grant create on schema public to {role}; set role {role};
    create function spy(int) returns int language plpgsql immutable as 'begin return 1; end';
    create table users (id int primary key, n int); create table bookings (user_id int, n int);
    {trap};
    create or replace function spy(int) returns int language plpgsql immutable as 'begin raise exception ''ran''; end'
""")


def lay(database: Database, role: Roles, trap: LiteralString) -> None:
    """Tables of another role whose planning runs his function: it is immutable, and its argument a constant."""
    database.execute(TRAP.format(role=role().identifier, trap=sql.SQL(trap)))


@pytest.mark.parametrize(
    ("trap", "table"),
    [
        ("create index on bookings (user_id) where spy(1) = 1", "bookings"),
        ("create index on users ((n + spy(1)))", "users"),
        ("create statistics on (n + spy(1)), n from bookings", "bookings"),
    ],
)
async def test_functions_of_other_roles_never_run(
    database: Database, role: Roles, trap: LiteralString, table: str
) -> None:
    lay(database, role, trap)
    with pytest.raises(psycopg.errors.RaiseException):
        database.fetch(sql.SQL("select * from {} where {} = 1").format(*map(sql.Identifier, (table, "n"))))
    found = await measured(database, "bookings(user_id)", "users(id)")
    assert found == Unmeasured(f"reading public.{table} could run a function of another role with our rights")


async def test_checks_of_other_roles_never_run(database: Database, role: Roles) -> None:
    lay(database, role, "alter table bookings add check (user_id > spy(1))")
    with psycopg.connect(database.dsn) as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute("set constraint_exclusion = on; select * from bookings where user_id = 0")
    found = await measured(database, "bookings(user_id)", "users(id)", options="-c constraint_exclusion=on")
    assert isinstance(found, Containment)


EVIL = """
    create function app.evil() returns int language plpgsql immutable as 'begin raise exception ''ran''; end';
    create view {schema}.{table} as select app.evil() as id, app.evil() as user_id
"""
SWAPS = {
    "a view under the table's name": (
        "alter table app.bookings rename to gone; " + EVIL.format(schema="app", table="bookings")
    ),
    "a view under the key's name": "alter table app.users rename to gone; " + EVIL.format(schema="app", table="users"),
    "another table": "alter table app.bookings rename to gone; create table app.bookings (user_id int)",
    "an index with a function of his": """
        create function app.evil(int) returns int language plpgsql immutable as 'begin return 1; end';
        create index on app.bookings (app.evil(1));
        create or replace function app.evil(int) returns int language plpgsql immutable
            as 'begin raise exception ''ran''; end'
    """,
    "statistics with a function of his": """
        create function app.evil(int) returns int language plpgsql immutable as 'begin return 1; end';
        create statistics on (user_id + app.evil(1)), user_id from app.bookings;
        create or replace function app.evil(int) returns int language plpgsql immutable
            as 'begin raise exception ''ran''; end'
    """,
}
SCHEMA_SWAP = (
    "alter schema app rename to aside; create schema app; create table app.users (id int primary key);"
    + EVIL.format(schema="app", table="bookings")
)
UNSAFE = Unmeasured("reading it is not safe by now: its name leads elsewhere, or it could run another role's functions")


def swapped(
    database: Database, monkeypatch: pytest.MonkeyPatch, owner: Roles, swap: str, *, schema_is_his: bool
) -> None:
    """Tables of another role, who does `swap` after we have looked at them and before we read."""
    his = owner()
    database.execute(
        sql.SQL("""
            create schema app; grant all on schema app to {0};
            set role {0};
            create table app.users (id int primary key, n int); create table app.bookings (user_id int);
            insert into app.bookings values (1), (2); insert into app.users values (1);
        """).format(his.identifier)
    )
    if schema_is_his:
        database.execute(
            sql.SQL("alter schema app owner to {0}; grant create on database {1} to {0}").format(
                his.identifier, sql.Identifier(database.name)
            )
        )
    ask = measuring.sampling

    def first_swap(*args: Any, **options: Any) -> sql.Composed:
        database.execute(sql.SQL("set role {}; ").format(his.identifier) + sql.SQL(swap))  # type: ignore[arg-type]
        return ask(*args, **options)

    monkeypatch.setattr(measuring, "sampling", first_swap)


@pytest.mark.parametrize("swap", SWAPS.values(), ids=SWAPS)
async def test_what_is_put_in_a_tables_place_after_the_look_is_not_read(
    database: Database, role: Roles, monkeypatch: pytest.MonkeyPatch, swap: str
) -> None:
    swapped(database, monkeypatch, role, swap, schema_is_his=False)
    assert await measured(database, "app.bookings(user_id)", "app.users(id)") == UNSAFE


async def test_what_is_put_in_a_schemas_place_after_the_look_is_not_read(
    installed: Database, role: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped(installed, monkeypatch, role, SCHEMA_SWAP, schema_is_his=True)
    found = await measured(installed, "app.bookings(user_id)", "app.users(id)")
    assert found == UNSAFE


async def test_tables_in_schemas_of_others_are_counted_where_the_query_itself_can_look(
    installed: Database, role: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped(installed, monkeypatch, role, "select 1", schema_is_his=True)
    found = await measured(installed, "app.bookings(user_id)", "app.users(id)")
    assert isinstance(found, Containment), found
    assert (found.rows, found.orphans) == (2, 1)


async def test_tables_in_schemas_of_others_are_not_read_where_nothing_is_installed(
    database: Database, role: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped(database, monkeypatch, role, "select 1", schema_is_his=True)
    found = await measured(database, "app.bookings(user_id)", "app.users(id)")
    assert found == Unmeasured("the owner of schema app could put another table in its place")


async def test_others_may_write_while_their_tables_are_counted(
    database: Database, role: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    swapped(database, monkeypatch, role, "select 1", schema_is_his=False)
    writer = await database.connect(autocommit=False)
    await writer.execute("insert into app.bookings values (3); delete from app.users")
    found = await measured(database, "app.bookings(user_id)", "app.users(id)")
    assert isinstance(found, Containment), found


async def test_operators_in_front_of_the_servers_own_are_not_used(database: Database) -> None:
    database.execute("""
        create function public.yes(text, text) returns boolean language sql immutable as 'select true';
        create operator public.= (leftarg = text, rightarg = text, function = public.yes);
        create table k (id text primary key); create table r (k_id text); insert into r values ('a')
    """)
    database.execute(f'alter database "{database.name}" set search_path = public, pg_catalog'.encode())
    found = await counted(database, "r(k_id)", "k(id)")
    assert found.orphans == 1


async def test_nothing_is_left_of_the_bounds_and_nothing_is_written(database: Database) -> None:
    database.execute("create table users (id int primary key); create table bookings (user_id int)")
    connection = await database.connect()
    names = ("transaction_read_only", "row_security", "search_path", "statement_timeout", "lock_timeout", "jit")
    query = "select " + ", ".join(f"current_setting('{name}')" for name in names)
    before = await (await connection.execute(query.encode())).fetchone()
    snapshot = await read_snapshot(connection)
    await measure(connection, [link(snapshot, "bookings(user_id)", "users(id)")], snapshot, budget=SECOND)
    assert await (await connection.execute(query.encode())).fetchone() == before
    assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


async def test_lost_connection_is_no_measurement(database: Database) -> None:
    database.execute("create table users (id int primary key); create table bookings (user_id int)")
    connection = await database.connect()
    snapshot = await read_snapshot(connection)
    meant = link(snapshot, "bookings(user_id)", "users(id)")
    database.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
    with pytest.raises(CouldNotLook):
        await measure(connection, [meant], snapshot, budget=SECOND)


async def test_no_links_ask_the_server_nothing(database: Database) -> None:
    connection = await database.connect()
    snapshot = await read_snapshot(connection)
    await connection.close()
    assert (await measure(connection, [], snapshot, budget=SECOND)).containment == {}
