"""Two contents are equal exactly when all rows are."""

from __future__ import annotations

import pytest

from tests.support.database import Database

from .content import content_of, lost_or_changed

TABLE = """
create table t (a integer, b text, c numeric, d float8);
insert into t values (1, 'x', 1.50, 0.1), (1, 'x', 1.50, 0.1), (null, 'a,b', 2, '-0'), (3, null, null, null)
"""


@pytest.mark.parametrize(
    "statement",
    [
        "update t set c = 1.5 where a = 1",
        "update t set d = 0 where a is null",
        "update t set b = '' where b is null",
        "delete from t where ctid = '(0,1)'",
        "insert into t select * from t where a = 1 limit 1",
        "update t set b = 'X' where ctid = '(0,2)'",
        "alter table t alter column c type float8",
        "drop table t",
    ],
)
def test_every_difference_shows(database: Database, statement: str) -> None:
    database.execute(TABLE)
    before = content_of(database.dsn)
    database.execute(statement.encode())
    after = content_of(database.dsn)
    assert after != before
    assert lost_or_changed(before, after) == 4


@pytest.mark.parametrize(
    "statement",
    [
        "alter table t alter column a type text",
        "alter table t alter column b type varchar(400)",
        "create table u as select * from t order by d; truncate t; insert into t select * from u; drop table u",
        "alter table t add column e integer; alter table t drop column e",
    ],
)
def test_what_holds_the_same_values_is_equal(database: Database, statement: str) -> None:
    database.execute(TABLE)
    before = content_of(database.dsn)
    database.execute(statement.encode())
    assert content_of(database.dsn) == before


def test_rows_of_partitions_and_children_count_once(database: Database) -> None:
    database.execute("create table t (a integer) partition by list (a); create table u partition of t default")
    database.execute("create table v (a integer); create table w () inherits (v)")
    database.execute("insert into t values (1); insert into v values (1); insert into w values (1), (2)")
    assert {name: rows.count for name, rows in content_of(database.dsn).items()} == {
        "public.u": 1,
        "public.v": 1,
        "public.w": 2,
    }


def test_what_a_sequence_gives_next_is_content(database: Database) -> None:
    database.execute("create table t (id serial)")
    before = content_of(database.dsn)
    assert content_of(database.dsn) == before
    database.execute("select nextval('t_id_seq')")
    assert content_of(database.dsn) != before
