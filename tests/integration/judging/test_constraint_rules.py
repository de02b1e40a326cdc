"""MISSING_PRIMARY_KEY and UNVALIDATED_CONSTRAINT on what a real server's catalogs say."""

from __future__ import annotations

from pgmend.listener.remedy import ValidateConstraint

from tests.support.beholder import Beholder
from tests.support.database import Database


async def test_tables_without_a_primary_key(database: Database) -> None:
    database.execute("""
        create table "Größe 1" (n int); create unlogged table unlogged (n int); create table nothing ();
        create table keyed (id int primary key); create table child () inherits (keyed);
        create table parted (n int) partition by list (n); create table part partition of parted default;
        create table parted_key (n int primary key) partition by list (n);
        create table part_key partition of parted_key default;
        create temporary table temporary (n int); create view view as select 1;
        create materialized view mat as select 1;
        create table offered (code text not null unique, nullable text unique);
    """)
    issues = await Beholder(database).issues("MISSING_PRIMARY_KEY")
    assert {issue.table for issue in issues} == {"Größe 1", "unlogged", "nothing", "child", "parted", "offered"}
    (offered,) = [issue for issue in issues if issue.table == "offered"]
    assert [evidence.seen for evidence in offered.evidence][1:] == [
        "The unique index offered_code_key on code has no NULLs and could become it."
    ]


async def test_constraints_never_validated(database: Database) -> None:
    database.execute("""
        create table users (id int primary key); insert into users values (1);
        create table orders (id int primary key, user_id int, n int); insert into orders values (1, 1, 1), (2, 7, 1);
        create index on orders (user_id);
        alter table orders add constraint "Fk, 1" foreign key (user_id) references users not valid;
        alter table orders add constraint positive check (n > 0) not valid;
        alter table orders add constraint fine check (n < 100);
        create table parted (id int primary key, n int) partition by list (id);
        create table part partition of parted default;
        alter table parted add constraint positive check (n > 0) not valid;
    """)
    issues = await Beholder(database).issues("UNVALIDATED_CONSTRAINT", "ORPHANED_ROWS")
    told = {(issue.issue_type, issue.table, issue.object_name): issue for issue in issues}
    assert told.keys() == {
        ("UNVALIDATED_CONSTRAINT", "orders", "Fk, 1"),
        ("UNVALIDATED_CONSTRAINT", "orders", "positive"),
        ("UNVALIDATED_CONSTRAINT", "parted", "positive"),
        ("ORPHANED_ROWS", "orders", ""),
    }
    key = told["UNVALIDATED_CONSTRAINT", "orders", "Fk, 1"]
    oid = database.value("select oid::bigint from pg_constraint where conname = 'Fk, 1'")
    assert key.remedy == ValidateConstraint(key.table_oid, oid)
    assert key.doubt == "1 row breaks it"
    orphans = told["ORPHANED_ROWS", "orders", ""]
    assert orphans.current_state == (
        "1 of 2 rows of public.orders have a value in user_id that is not in public.users(id)."
    )
    assert "Without a key: '7'." in [evidence.seen for evidence in orphans.evidence]


async def test_constraints_that_are_not_enforced_are_meant_so(database: Database) -> None:
    if database.value("select current_setting('server_version_num')::int") < 180000:
        return
    database.execute("""
        create table users (id int primary key);
        create table orders (id int primary key, user_id int references users not enforced, n int);
        alter table orders add check (n > 0) not enforced; create index on orders (user_id)
    """)
    assert await Beholder(database).told() == set()


async def test_foreign_keys_that_are_there_twice(database: Database) -> None:
    database.execute("""
        create table users (id int primary key, code int unique);
        create table posts (id int primary key, user_id int, "Nr, 1" int);
        alter table posts add constraint a foreign key (user_id) references users;
        alter table posts add constraint b foreign key (user_id) references users on delete cascade;
        alter table posts add constraint c foreign key (user_id) references users (code);
        alter table posts add constraint "D, d" foreign key ("Nr, 1") references users;
        alter table posts add constraint e foreign key ("Nr, 1") references users not valid;
        create table parted (id int, user_id int references users) partition by list (id);
        create table part partition of parted default;
        create table keyed (id int, primary key (id)) partition by range (id);
        create table keyed_1 partition of keyed for values from (0) to (9);
        create table keyed_2 partition of keyed for values from (9) to (19);
        create table refers (id int primary key, keyed_id int references keyed);
    """)
    issues = await Beholder(database).issues("DUPLICATE_FOREIGN_KEY")
    assert {(issue.table, issue.column, issue.object_name) for issue in issues} == {
        ("posts", "user_id", "b"),
        ("posts", '"Nr, 1"', "e"),
    }
    (b,) = [issue for issue in issues if issue.object_name == "b"]
    assert "ON DELETE (NO ACTION and CASCADE)" in b.current_state
