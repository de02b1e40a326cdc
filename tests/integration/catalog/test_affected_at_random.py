"""Whatever people do, following the events comes to what a full reading says."""

from __future__ import annotations

import contextlib

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pgmend.listener.catalog.diff import diff_snapshots
from pgmend.listener.catalog.diff_surroundings import diff_surroundings
from pgmend.listener.catalog.fingerprint import fingerprint
from pgmend.listener.catalog.read import read_snapshot
from pgmend.listener.catalog.snapshot import Snapshot

from tests.support.database import Database
from tests.support.server import Server

from .follower import Follower

TABLES = st.sampled_from(["a", "b", "c", '"D d"', "é"])
COLUMNS = st.sampled_from(["x", "y", '"Z z"'])
TYPES = st.sampled_from(["integer", "bigint", "text", "varchar(7)", "numeric(9,2)"])
NAMES = st.sampled_from(["one", "two", '"Three 3"'])
STATEMENTS = [
    "create table {t} (id integer primary key, {c} {type})",
    "create table {t} (id integer primary key, {c} integer references {u})",
    "create table {t} (id integer, d integer, primary key (id, d)) partition by range (d)",
    "create table {t} partition of {u} for values from ({n}) to ({n} + 1)",
    "create table {t} (like {u} including all)",
    "create table {t} () inherits ({u})",
    "alter table {t} attach partition {u} for values from ({n}) to ({n} + 1)",
    "alter table {t} detach partition {u}",
    "alter table {t} inherit {u}",
    "alter table {t} no inherit {u}",
    "drop table {t}",
    "drop table {t} cascade",
    "alter table {t} rename to {u}",
    "alter table {t} rename {c} to {d}",
    "alter table {t} add column {c} {type}",
    "alter table {t} add column {c} integer references {u}",
    "alter table {t} add column {c} {type} default {n}",
    "alter table {t} drop column {c}",
    "alter table {t} drop column {c} cascade",
    "alter table {t} alter column {c} type {type} using null",
    "alter table {t} alter column id type bigint",
    "alter table {t} alter column id type integer",
    "alter table {t} alter column {c} set default {n}",
    "alter table {t} alter column {c} set not null",
    "alter table {t} add constraint {name} foreign key ({c}) references {u}",
    "alter table {t} add constraint {name} foreign key (id, d) references {u}",
    "alter table {t} add constraint {name} check (id > {n}) not valid",
    "alter table {t} add constraint {name} unique ({c})",
    "alter table {t} drop constraint {name}",
    "alter table {t} drop constraint {name} cascade",
    "alter table {t} rename constraint {name} to {other}",
    "alter table {t} validate constraint {name}",
    "create index {name} on {t} ({c})",
    "create index concurrently {name} on {t} ({c})",
    "create index {name} on {t} ({c}) where id > {n}",
    "create unique index {name} on only {t} (id, {c})",
    "drop index {name}",
    "drop index {name} cascade",
    "alter index {name} rename to {other}",
    "reindex table concurrently {t}",
    "create trigger {name} before update on {t} for each row execute function suppress_redundant_updates_trigger()",
    "drop trigger {name} on {t}",
    "alter table {t} disable trigger {name}",
    "alter trigger {name} on {t} rename to {other}",
    "create or replace trigger {name} after insert on {t} for each row "
    "execute function suppress_redundant_updates_trigger()",
    "create policy {name} on {t} using (id > {n})",
    "create policy {name} on {t} as restrictive for insert to pg_monitor with check (id > {n})",
    "alter policy {name} on {t} rename to {other}",
    "alter policy {name} on {t} to public",
    "alter policy {name} on {t} using (id = {n})",
    "drop policy {name} on {t}",
    "create view {name} as select id from {t}",
    "create or replace view {name} as select id from {u} where id > {n}",
    "create view {name} as select * from {other}",
    "create materialized view {name} as select id from {t}",
    "alter view {name} set (security_invoker = true)",
    "alter table {name} owner to pg_monitor",
    "alter view {name} rename to {other}",
    "alter view {name} set schema other",
    "drop view {name} cascade",
    "grant select on {name} to public",
    "grant select (id) on {name} to pg_monitor",
    "revoke all on {name} from public, pg_monitor",
    "create function {name}({t}) returns integer language sql as 'select {n}'",
    "create or replace function {name}(integer) returns integer language sql security definer as 'select {n}'",
    "alter routine {name} rename to {other}",
    "alter routine {name} set search_path = public, other",
    "alter routine {name} reset all",
    "drop routine {name}",
    "revoke execute on function {name} from public",
    "create schema {other}",
    "drop schema {other} cascade",
    "alter schema {other} owner to pg_monitor",
    "grant create on schema other to public",
    "revoke create on schema other from public",
    "comment on table {t} is '{n}'",
    "comment on column {t}.{c} is '{n}'",
    "alter table {t} enable row level security",
    "alter table {t} set schema other",
    "alter table other.{t} set schema public",
    "drop table other.{t} cascade",
    "alter schema other rename to another",
    "alter schema another rename to other",
    "begin",
    "commit",
    "rollback",
]


@st.composite
def statements(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(STATEMENTS)).format(
        t=draw(TABLES),
        u=draw(TABLES),
        c=draw(COLUMNS),
        d=draw(COLUMNS),
        type=draw(TYPES),
        name=draw(NAMES),
        other=draw(NAMES),
        n=draw(st.integers(0, 3)),
    )


BEGINNING = """
    drop schema public cascade; create schema public;
    drop schema if exists other, another, one, two, "Three 3" cascade; create schema other;
    create table a (id integer primary key, x integer);
    create table b (id integer primary key, x integer references a, y text);
    create table c (id integer, d integer, y text, primary key (id, d)) partition by range (d);
    create table "D d" partition of c for values from (0) to (1);
"""


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.lists(statements(), min_size=1, max_size=5), min_size=1, max_size=6))
async def test_following_events_comes_to_what_a_full_reading_says(
    installed: Database, server: Server, batches: list[list[str]]
) -> None:
    installed.execute(BEGINNING)
    async with await installed.connect() as connection, await installed.connect() as other:
        follower = await Follower.begin(connection)
        for batch in batches:
            for statement in batch:
                if statement.startswith("reindex") and server.version < 17:
                    continue  # no event tells of it
                with contextlib.suppress(psycopg.Error):
                    await other.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
            if other.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                await other.execute("rollback")
            before = follower.snapshot
            await follower.catch_up()
            full = await read_snapshot(connection)
            assert follower.snapshot.tables == full.tables
            assert follower.snapshot.surroundings == full.surroundings
            assert follower.snapshot.by_name == full.by_name
            assert follower.snapshot.referencing == full.referencing
            around = diff_surroundings(before.surroundings, full.surroundings)
            assert bool(around) == (_objects(before) != _objects(full))
            moved = {change.table_oid for change in diff_snapshots(before, full, None)}
            prints = [{oid: fingerprint(table) for oid, table in each.tables.items()} for each in (before, full)]
            assert moved == {oid for oid in prints[0].keys() | prints[1] if prints[0].get(oid) != prints[1].get(oid)}


def _objects(snapshot: Snapshot) -> tuple[object, ...]:
    around = snapshot.surroundings
    assert around is not None
    return around.views, around.routines, around.schemas
