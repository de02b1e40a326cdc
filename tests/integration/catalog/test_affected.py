"""A snapshot kept up to date by events is the one that a full reading gives."""

from __future__ import annotations

from typing import Any

import pytest
from pgmend.listener.catalog.diff import diff_snapshots
from pgmend.listener.catalog.diff_surroundings import diff_surroundings
from pgmend.listener.catalog.read import read_snapshot
from psycopg import AsyncConnection

from tests.support.database import Database
from tests.support.server import Server

from .follower import Follower

WORLD = """
    create type mood as enum ('good', 'bad');
    create type pair as (a integer, b text);
    create function five() returns integer immutable language sql as 'select 5';
    create function touch() returns trigger language plpgsql as 'begin return new; end';
    create sequence numbers;
    create schema app;
    create table k (id integer primary key, code varchar(10) unique, mood mood default 'good');
    create table t (
        id integer primary key, k integer references k, code varchar(10) references k (code),
        n integer default five(), s integer default nextval('numbers'), f integer check (f < five()), moods mood[]
    );
    create index t_five on t ((n + five()));
    create trigger touch before update on t for each row execute function touch();
    create policy seen on t using (true);
    create table app.u (id serial primary key, t integer references t, k integer references k);
    create index on app.u (t);
    create table p (id integer, d integer, k integer references k, primary key (id, d)) partition by range (d);
    create table p1 partition of p for values from (0) to (10);
    create table p2 partition of p for values from (10) to (20) partition by range (d);
    create table p21 partition of p2 for values from (10) to (15);
    create table lone (id integer, d integer not null, k integer, primary key (id, d));
    create table r (id integer, d integer, foreign key (id, d) references p);
    create table base (id integer primary key, note text check (note <> ''));
    create table child (more integer) inherits (base);
    create table typed of pair (primary key (a));
    create table typed_ref (a integer references typed);
    create table thing (a integer);
    create table holder (id integer, things thing[], thing thing);
    create domain word as text;
    create function risky(t) returns word security definer language sql as $$select 'x'$$;
    create function moody(mood, word) returns integer language sql as 'select 1';
    create view v as select id, s from t;
    create view w as select id from v;
    grant select on w to pg_monitor;
"""

CASES = {
    "column added": "alter table t add column x integer",
    "column with a foreign key added": "alter table app.u add column base integer references base",
    "column dropped": "alter table t drop column n",
    "column dropped with what depends on it": "alter table k drop column code cascade",
    "column renamed": "alter table t rename column n to m",
    "type changed": "alter table t alter column n type bigint",
    "type of a key changed": "alter table k alter column id type bigint",
    "type of a key of another changed": "alter table k alter column code type text",
    "type of a partitioned key changed": "alter table p alter column id type bigint",
    "type of an inherited column changed": "alter table base alter column note type varchar(20)",
    "not null": "alter table t alter column k set not null",
    "default": "alter table t alter column k set default 7",
    "comment": "comment on table t is 'x'",
    "comment on a column": "comment on column t.n is 'x'",
    "table renamed": "alter table k rename to kk",
    "table moved": "alter table t set schema app",
    "table dropped": "drop table app.u",
    "table dropped with foreign keys": "drop table k cascade",
    "table dropped and made again": "drop table lone; create table lone (id integer primary key)",
    "table made and dropped": "create table passing (id integer references k); drop table passing",
    "table made": "create table made (id integer primary key, k integer references k)",
    "table made from a query": "create table made as select 1 as a",
    "schema renamed": "alter schema app rename to appl",
    "schema dropped": "drop schema app cascade",
    "schema made with tables": "create schema made create table one (id integer primary key) "
    "create table two (a integer)",
    "index made": "create index made on t (code, k)",
    "index made on a partitioned table": "create index made on p (k)",
    "index renamed": "alter index t_five rename to t_6",
    "index options": "alter index t_five set (fillfactor = 50)",
    "index dropped": "drop index t_five",
    "indexes rebuilt": "reindex table concurrently k",
    "index rebuilt": "reindex index concurrently t_five",
    "index made concurrently": "create index concurrently made on t (code)",
    "constraint made": "alter table t add constraint one check (id > 0) not valid",
    "constraint validated": "alter table t add constraint one check (id > 0) not valid; "
    "alter table t validate constraint one",
    "constraint renamed": "alter table t rename constraint t_f_check to f_is_small",
    "constraint renamed on a parent": "alter table base rename constraint base_note_check to note_check",
    "constraint dropped": "alter table t drop constraint t_k_fkey",
    "primary key dropped": "alter table t drop constraint t_pkey cascade",
    "unique made from an index": "create unique index one on t (s); "
    "alter table t add constraint one unique using index one",
    "trigger made": "create trigger other after insert on t for each row execute function touch()",
    "trigger renamed": "alter trigger touch on t rename to touched",
    "trigger disabled": "alter table t disable trigger touch",
    "trigger dropped": "drop trigger touch on t",
    "trigger on a partitioned table": "create trigger other after insert on p for each row execute function touch()",
    "function dropped with what depends on it": "drop function five() cascade",
    "trigger function dropped": "drop function touch() cascade",
    "sequence dropped with defaults": "drop sequence numbers cascade",
    "sequence owned": "alter sequence numbers owned by t.s",
    "type renamed": "alter type mood rename to feeling",
    "type moved": "alter type mood set schema app",
    "type dropped": "drop type mood cascade",
    "attribute of a typed table": "alter type pair alter attribute a type bigint cascade",
    "attribute added to a typed table": "alter type pair add attribute c integer cascade",
    "row type renamed": "alter table thing rename to thingy",
    "row security": "alter table t enable row level security, force row level security",
    "policy": "alter policy seen on t using (false)",
    "policy made": "create policy other on app.u for delete to pg_monitor using (t > 1)",
    "policy renamed": "alter policy seen on t rename to unseen",
    "policy dropped": "drop policy seen on t",
    "policy made anew": "drop policy seen on t; create policy seen on t using (true)",
    "policy dropped with what it calls": "create policy by_five on k using (id = five()); drop function five() cascade",
    "trigger made anew": "drop trigger touch on t; "
    "create trigger touch before update of n on t for each row execute function touch()",
    "trigger replaced": "create or replace trigger touch after update on t for each row execute function touch()",
    "trigger disabled on a partitioned table": "create trigger other after insert on p for each row "
    "execute function touch(); alter table p disable trigger other",
    "owner": "alter table t owner to pg_monitor",
    "storage": "alter table app.u set unlogged",
    "replica identity": "alter table t replica identity full",
    "partition made": "create table p3 partition of p for values from (20) to (30)",
    "partition of a partition made": "create table p22 partition of p2 for values from (15) to (20)",
    "partition attached": "alter table p attach partition lone for values from (20) to (30)",
    "partition detached": "alter table p detach partition p1",
    "partition detached concurrently": "alter table p detach partition p1 concurrently",
    "partitions detached with their own": "alter table p detach partition p2",
    "partition dropped": "drop table p1 cascade",
    "partitions dropped": "drop table p2 cascade",
    "partitioned table dropped": "drop table p cascade",
    "column of a partitioned table": "alter table p add column x integer default 5, alter column k set not null",
    "foreign key on a partitioned table": "alter table p drop constraint p_k_fkey",
    "column of a parent": "alter table base add column x integer",
    "column of a parent renamed": "alter table base rename note to remark",
    "inheritance ended": "alter table child no inherit base",
    "inheritance begun": "create table heir (id integer not null, note text check (note <> '')); "
    "alter table heir add constraint base_note_check check (note <> ''); alter table heir inherit base",
    "table of an extension": "create extension pg_stat_statements; create table own (a integer); "
    "alter extension pg_stat_statements add table own",
    "extension with a table": "create extension seg; create table segs (s seg primary key); drop extension seg cascade",
    "in a block": "do $$ begin alter table k alter column id type bigint; alter table t rename to tt; end $$",
    "everything owned": "create role pgmend_test_owning; alter table app.u owner to pgmend_test_owning; "
    "drop owned by pgmend_test_owning; drop role pgmend_test_owning",
    "grant": "grant select on t to public",
    "several": "begin; alter table t rename to k2; alter table k rename to t; alter table k2 rename to k; commit",
}
AROUND = {
    "view made": "create view w2 as select k.id from k join t on t.k = k.id",
    "view replaced": "create or replace view v as select 1 as id, 2 as s",
    "view renamed": 'alter view v rename to "Ansicht 1"',
    "view renamed as a table": "alter table v rename to w2",
    "view moved": "alter view v set schema app",
    "view given away": "alter view v owner to pg_monitor",
    "view given away as a table": "alter table v owner to pg_monitor",
    "view with the caller's rights": "alter view v set (security_invoker = on, security_barrier)",
    "view without options": "alter view w set (security_invoker = 1); alter view w reset (security_invoker)",
    "view dropped": "drop view v cascade",
    "view dropped with its table": "drop table t cascade",
    "materialized view": "create materialized view m as select * from t",
    "view granted": "grant select on v to public",
    "column of a view granted": "grant select (id) on v to pg_monitor",
    "view revoked": "revoke select on w from pg_monitor",
    "every view granted": "grant select on all tables in schema public to pg_monitor",
    "function made": "create function f(integer, k, text[]) returns integer language sql as 'select 1'",
    "function replaced": "create or replace function five() returns integer immutable language sql as 'select 4 + 1'",
    "function renamed": "alter function moody rename to fünf",
    "function moved": "alter function moody set schema app",
    "function given away": "alter function five() owner to pg_monitor",
    "function a definer": 'alter function five() security definer set search_path = app, "$user"',
    "function volatile": "alter function five() volatile",
    "function dropped": "drop function five() cascade",
    "routine called like a table's row": "alter table t rename to tt",
    "routine called like a moved table's row": "alter table t set schema app",
    "routine called like a type": "alter type mood rename to feeling",
    "routine called like a domain": "alter domain word set schema app",
    "function of a definer revoked": "revoke execute on function risky(t) from public",
    "procedure made": "create procedure p(inout a integer) language sql as 'select 1'",
    "aggregate made": "create aggregate last_of(integer) (sfunc = int4larger, stype = integer)",
    "schema made": "create schema made",
    "schema made with a view": "create schema made create view w as select 1 as a",
    "schema renamed": "alter schema app rename to appl",
    "schema given away": "alter schema app owner to pg_monitor",
    "schema dropped": "drop schema app cascade",
    "schema open to all": "grant create on schema public to public",
    "schema open to some": "grant create on schema app to pg_monitor with grant option",
    "schema closed": "grant create on schema app to public; revoke create on schema app from public",
    "extension with functions": "create extension seg; create function f(seg) returns integer language sql "
    "as 'select 1'; drop extension seg cascade",
    "function joins an extension": "create extension seg; alter extension seg add function five()",
    "owned by one": "create role pgmend_test_owning; alter view v owner to pgmend_test_owning; "
    "drop owned by pgmend_test_owning cascade; drop role pgmend_test_owning",
    "in a block": "do $$ begin alter view v rename to w2; grant create on schema app to public; end $$",
}
UNSEEN = {
    "table made": "create table made (id integer)",
    "column added": "alter table t add column x integer",
    "index made": "create index on t (n)",
    "row security": "alter table t enable row level security",
    "policy": "alter policy seen on t using (false)",
    "trigger": "alter table t disable trigger touch",
}


async def run(connection: AsyncConnection[Any], statements: str) -> None:
    parts = [statements] if "$$" in statements or " create table " in statements[12:] else statements.split(";")
    for statement in parts:
        if statement.strip():
            await connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


@pytest.mark.parametrize("case", CASES)
async def test_what_events_reach_is_all_that_changed(installed: Database, server: Server, case: str) -> None:
    if "rebuilt" in case and server.version < 17:
        pytest.skip("no event tells of REINDEX before 17")
    installed.execute(WORLD)
    connection = await installed.connect()
    follower = await Follower.begin(connection)
    before = follower.snapshot
    async with await installed.connect() as other:
        await run(other, CASES[case])
    await follower.catch_up()
    full = await read_snapshot(connection)
    assert follower.snapshot.tables == full.tables
    for way in (
        "by_name",
        "referencing",
        "children",
        "table_of_index",
        "table_of_constraint",
        "table_of_trigger",
        "table_of_policy",
        "migration_histories",
    ):
        assert getattr(follower.snapshot, way) == getattr(full, way), way
    assert follower.snapshot.surroundings == full.surroundings
    changed = {change.table_oid for change in diff_snapshots(before, full, None)}
    quiet = {"grant", "sequence owned", "table made and dropped"}
    assert bool(changed) == (case not in quiet)


@pytest.mark.parametrize("case", AROUND)
async def test_what_events_reach_is_all_that_changed_around_the_tables(
    installed: Database, server: Server, case: str
) -> None:
    statements = AROUND[case]
    if "security_invoker" in statements and server.version < 15:
        pytest.skip("security_invoker came with PostgreSQL 15")
    installed.execute(WORLD)
    connection = await installed.connect()
    follower = await Follower.begin(connection)
    before = follower.snapshot
    async with await installed.connect() as other:
        await run(other, statements)
    await follower.catch_up()
    full = await read_snapshot(connection)
    assert (follower.snapshot.tables, follower.snapshot.surroundings) == (full.tables, full.surroundings)
    quiet = {"view without options", "schema closed", "extension with functions"}
    assert bool(diff_surroundings(before.surroundings, full.surroundings)) == (case not in quiet)


@pytest.mark.parametrize("case", UNSEEN)
async def test_plain_ddl_on_tables_does_not_read_the_surroundings(installed: Database, case: str) -> None:
    installed.execute(WORLD)
    connection = await installed.connect()
    follower = await Follower.begin(connection)
    surroundings = follower.snapshot.surroundings
    async with await installed.connect() as other:
        await run(other, UNSEEN[case])
    await follower.catch_up()
    assert follower.snapshot.surroundings is surroundings
    assert (await read_snapshot(connection)).surroundings == surroundings
