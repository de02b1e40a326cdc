"""Rules that judge columns by themselves, on what a real server's catalogs say."""

from __future__ import annotations

from pgmend.listener.rules import reserved_name
from psycopg import sql

from tests.support.beholder import Beholder
from tests.support.database import Database

TYPES = ("TIMESTAMP_WITHOUT_TIME_ZONE", "JSON_NOT_JSONB", "MONEY_TYPE", "CHAR_TYPE", "RESERVED_NAME")
LONG = "ö" * 31 + "x"


async def test_columns_of_every_sort(database: Database) -> None:
    database.execute(
        sql.SQL("""
            create domain code as char(7);
            create type pair as (a json, b money);
            create table "Größe, 1" (
                id int primary key, "a, b" timestamp(3), {long} json[], sum money, sums money[], name char(7) not null,
                names bpchar(3)[], flag char, wide bpchar, "char" "char", checked code, pair pair, at timestamptz,
                doc jsonb, country char(2), at_utc timestamp
            );
            create table zoned (id int primary key, at timestamp, time_zone text);
        """).format(long=sql.Identifier(LONG))
    )
    assert await Beholder(database).told(*TYPES) == {
        ("TIMESTAMP_WITHOUT_TIME_ZONE", "Größe, 1", '"a, b"', ""),
        ("JSON_NOT_JSONB", "Größe, 1", LONG, ""),
        ("MONEY_TYPE", "Größe, 1", "sum", ""),
        ("MONEY_TYPE", "Größe, 1", "sums", ""),
        ("CHAR_TYPE", "Größe, 1", "name", ""),
        ("CHAR_TYPE", "Größe, 1", "names", ""),
    }


async def test_partitions_and_children_are_told_once_on_the_parent(database: Database) -> None:
    database.execute("""
        create table visits (at timestamp, n int, "order" int, primary key (n)) partition by list (n);
        create table visits_1 partition of visits for values in (1);
        create table visits_2 (at timestamp, n int not null, "order" int);
        alter table visits attach partition visits_2 default;
        create table base (id int primary key, at timestamp); create table derived (id int primary key) inherits (base);
        create table view_of (id int primary key); create view seen as select now()::timestamp as at;
        create materialized view kept as select now()::timestamp as at;
    """)
    assert await Beholder(database).told(*TYPES) == {
        ("TIMESTAMP_WITHOUT_TIME_ZONE", "visits", "at", ""),
        ("RESERVED_NAME", "visits", "order", ""),
        ("TIMESTAMP_WITHOUT_TIME_ZONE", "base", "at", ""),
    }


async def test_tables_of_extensions_and_of_other_servers_are_left_alone(database: Database) -> None:
    database.execute("""
        create extension pg_trgm; create table "order" (id int primary key, "user" timestamp, doc json, sum money);
        alter extension pg_trgm add table "order";
        create extension postgres_fdw; create server elsewhere foreign data wrapper postgres_fdw;
        create foreign table far (id int, "user" timestamp, doc json, sum money, name char(9)) server elsewhere;
    """)
    assert await Beholder(database).told(*TYPES) == set()


def test_every_word_that_the_server_reserves_is_known(database: Database) -> None:
    words = {word for (word,) in database.fetch("select word from pg_get_keywords() where catcode in ('R', 'T')")}
    assert words <= reserved_name.RESERVED
    # system_user came with 16; nothing else is reserved that an older server does not reserve.
    assert reserved_name.RESERVED - words <= {"system_user"}


def test_unquoted_words_that_are_no_error_are_the_ones_called_traps(database: Database) -> None:
    silent = set()
    for word in reserved_name.RESERVED:
        database.execute("drop table if exists t")
        database.execute(sql.SQL("create table t ({} text)").format(sql.Identifier(word)))
        question = sql.SQL("select from pg_catalog.pg_class where false and {} is not null")
        try:
            database.execute(question.format(sql.SQL(word)))  # type: ignore[arg-type]
        except Exception as error:
            assert getattr(error, "sqlstate", None) in {"42601", "42703"}, word
        else:
            silent.add(word)
    assert silent - {"true", "false", "null"} <= reserved_name.TRAPS.keys()
